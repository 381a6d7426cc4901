#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A service of systemd in a cell: nginx, as it comes, by a policy with Unit=.

. "$(dirname "$0")/lib.sh"

# The world: a host that knows no way to the cells.
ip netns add world
ip link add up0 type veth peer name up1 netns world
ip addr add 192.0.2.1/24 dev up0
ip addr add 2001:db8::1/64 dev up0 nodad
ip link set up0 up
ip -n world addr add 192.0.2.2/24 dev up1
ip -n world addr add 2001:db8::2/64 dev up1 nodad
ip -n world link set up1 up
ip -n world link set lo up

# Something of the host's that a service in a cell must not reach.
cat > /usr/local/bin/host-server <<'END'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalPort => 8888, Listen => 5, ReuseAddr => 1) or die;
while (my $c = $s->accept) { while (<$c>) { last if /^\r?\n$/ } print $c "HTTP/1.0 200 OK\r\n\r\nsecret\n"; close $c }
END
systemd-run -q --unit=host-server perl /usr/local/bin/host-server
rm -f /etc/nginx/sites-enabled/*
cat > /etc/nginx/conf.d/test.conf <<'END'
server {
        listen 80 default_server;
        listen [::]:80 default_server;
        location / { default_type text/plain; return 200 "$remote_addr\n"; }
        location /host { proxy_pass http://192.0.2.1:8888; }
        location /local { proxy_pass http://127.0.0.1:8888; }
}
END
get() { curl -s -m 5 -o - -w '%{http_code}' "$@" | tr '\n' ' '; }
world() { ip netns exec world curl -s -m 5 -w '%{http_code}' "$@" | tr '\n' ' '; }
pid() { systemctl show -P MainPID nginx; }
show() { systemctl show -P "$1" nginx; }

vm_up
systemctl restart nginx
wait_for 20 get -f -o "$LAB_DIR/first" http://127.0.0.1/ > /dev/null
is "without a policy: nginx reaches the host (the test can succeed)" "$(get http://127.0.0.1/host)" "secret 200"
is "... and its loopback" "$(get http://127.0.0.1/local)" "secret 200"

# --- in a cell ---------------------------------------------------------------------------------------
policy 20-nginx <<'END'
[Match]
Unit=nginx.service
[Resources]
MemoryMax=200M
TasksMax=50
CPUQuota=50%
CPUWeight=20
DevicePolicy=closed
[Network]
Pool=10.84.0.0/24 fd84::/64
Address=10.84.0.10 fd84::10
DNS=10.84.0.1
Port=tcp:8080:80
[Filesystem]
ProtectSystem=full
[Process]
NoNewPrivileges=yes
RestrictRealtime=yes
LimitNOFILE=512
END
check "verify" ctl verify
ctl reload > /dev/null
systemctl daemon-reload
check "systemctl restart nginx" systemctl restart nginx
is "it is in its namespace" "$(stat -Lc %i /proc/$(pid)/ns/net)" "$(stat -Lc %i /run/confine/netns/nginx.service)"
is "reachable at the cell's address" "$(get http://10.84.0.10/)" "10.84.0.1 200"
is "reachable at the cell's address, IPv6" "$(get 'http://[fd84::10]/')" "fd84::1 200"
is "reachable at the published port from the host" "$(get http://192.0.2.1:8080/)" "192.0.2.1 200"
is "reachable at the published port from outside" "$(world http://192.0.2.1:8080/)" "192.0.2.2 200"
is "reachable at the published port from outside, IPv6" "$(world 'http://[2001:db8::1]:8080/')" "2001:db8::2 200"
is "no longer at the host's port 80" "$(get http://127.0.0.1/)" 000
like "it does not reach the host" "$(get http://10.84.0.10/host)" '50[24] $|50[24]$'
like "... nor its loopback" "$(get http://10.84.0.10/local)" '50[24] $|50[24]$'
like "services: one line" "$(ctl --no-legend services)" '^nginx\.service +20-nginx +routed +ready +10\.84\.0\.10.*tcp:8080:80'
like "explain --unit" "$(ctl explain --unit nginx.service)" '^20-nginx +yes'

# --- limits ------------------------------------------------------------------------------------------
group=$(show ControlGroup)
is "MemoryMax=" "$(show MemoryMax) $(limit "$group" MemoryMax memory.max)" "209715200 209715200"
is "TasksMax=" "$(show TasksMax) $(limit "$group" TasksMax pids.max)" "50 50"
is "CPUQuota=" "$(show CPUQuotaPerSecUSec)" 500ms
is "CPUWeight=" "$(show CPUWeight) $(limit "$group" CPUWeight cpu.weight)" "20 20"
! vm_has cpu || is "CPUQuota=: the kernel has it" "$(cut -d' ' -f1 "/sys/fs/cgroup$group/cpu.max")" 50000
is "DevicePolicy=, PrivateTmp=" "$(show DevicePolicy) $(show PrivateTmp)" "closed yes"
is "[Filesystem] and [Process]" "$(show ProtectSystem) $(show NoNewPrivileges) $(show RestrictRealtime) $(show LimitNOFILE)" "full yes yes 512"
is "... hold in its process" "$(grep -c '^NoNewPrivs:.1' /proc/$(pid)/status)" 1
is "DNS=: its own resolv.conf" "$(nsenter -t "$(pid)" -m grep nameserver /etc/resolv.conf)" "nameserver 10.84.0.1"
like "ordered after the manager" "$(show After)" 'confined\.service'
is "... but not bound to it" "$(show Requires | grep -c confined)" 0

# --- restarts ----------------------------------------------------------------------------------------
before=$(pid)
systemctl restart confined
wait_for 20 idle
is "a restart of confined: the same process" "$(pid)" "$before"
is "... which still answers" "$(world http://192.0.2.1:8080/)" "192.0.2.2 200"
systemctl stop confined.socket confined.service 2> /dev/null
is "a stop of confined: it still answers" "$(world http://192.0.2.1:8080/)" "192.0.2.2 200"
check "a start of nginx starts confined" sh -c 'systemctl restart nginx && systemctl -q is-active confined'
is "... and it answers" "$(world http://192.0.2.1:8080/)" "192.0.2.2 200"
isnt "... as a new process" "$(pid)" "$before"

# --- fails closed ------------------------------------------------------------------------------------
systemctl stop confined.socket confined.service 2> /dev/null
umount -l /run/confine/netns/nginx.service
systemctl -q mask --runtime confined.service
check "without its namespace it does not start" sh -c '! systemctl restart nginx'
like "... but fails" "$(journalctl --no-pager -u nginx -n 20)" "status=225/NETWORK"
systemctl -q unmask --runtime confined.service
systemctl reset-failed nginx
check "with confined it does" systemctl restart nginx
wait_for 20 idle
is "... at its address" "$(get http://10.84.0.10/)" "10.84.0.1 200"

cp /etc/confine/policies/20-nginx.ini "$LAB_DIR/good"
echo 'Prot=tcp:1' >> /etc/confine/policies/20-nginx.ini
check "with a broken policy daemon-reload goes on" systemctl daemon-reload
check "... other units too" systemctl restart cron
check "... nginx does not start" sh -c '! systemctl restart nginx'
# a generator has nothing but the kernel's log
! vm_own_kernel || like "... and the journal says why" "$(journalctl --no-pager -k -n 50)" '20-nginx.ini:[0-9]+: \[Process\] Prot='
cp "$LAB_DIR/good" /etc/confine/policies/20-nginx.ini
systemctl daemon-reload
systemctl reset-failed nginx
check "mended, it starts" systemctl restart nginx

# --- away --------------------------------------------------------------------------------------------
rm /etc/confine/policies/20-nginx.ini
ctl reload > /dev/null
systemctl daemon-reload
is "the policy removed: it goes on until it ends" "$(get http://10.84.0.10/)" "10.84.0.1 200"
systemctl restart nginx
gone() { [ ! -e /run/confine/netns/nginx.service ]; }
check "after its restart the namespace goes" wait_for 30 gone
is "... and it is the host's again" "$(get http://127.0.0.1/host)" "secret 200"
systemctl stop nginx host-server
vm_done
