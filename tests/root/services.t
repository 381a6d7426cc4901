#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the manager makes for services of systemd, and Port=, without systemd: the pinned namespaces are
# entered by hand.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2401
lab_user bob 2402
lab_pam

lab_upstream
echo 0 > /proc/sys/net/ipv4/ip_forward

policy 10-web <<'END'
[Match]
Unit=web.service
[Network]
Pool=10.82.0.0/24 fd82::/64
Address=10.82.0.10
Port=tcp:8080:80 udp:5353
DNS=10.82.0.1 192.0.2.2
END
policy 20-pair <<'END'
[Match]
Unit=one.service two@x.service
[Network]
Pool=10.82.0.0/24
END
policy 30-none <<'END'
[Match]
Unit=quiet.service
[Network]
Mode=none
END
policy 40-alice <<'END'
[Match]
User=alice
[Network]
Pool=10.82.0.0/24 fd82::/64
Port=9090:90
END
policy 50-bob <<'END'
[Match]
User=bob
[Network]
Pool=10.82.0.0/24
Port=9090
END
manager_start

svc() { ctl --no-legend services | awk -v u="$1" -v f="$2" '$1 == u { print $f }'; }
field() { ctl --json=short services | python3 -c '
import json, sys
for s in json.load(sys.stdin):
    if s["Unit"] == sys.argv[1]:
        v = s[sys.argv[2]]
        print(" ".join(v) if isinstance(v, list) else v)' "$1" "$2"; }
in_ns() { u=$1; shift; nsenter --net="/run/confine/netns/$u" "$@"; }
state_is() { [ "$(field "$1" State)" = "$2" ]; }

# --- made before the manager is ready ---------------------------------------------------------------
is "services: ready" "$(field web.service State) $(field one.service State) $(field two@x.service State)" "ready ready ready"
like "services: the fixed address, and one of the other family" "$(field web.service Addresses)" '^10\.82\.0\.10 fd82::'
is "services: ports" "$(field web.service Ports)" "tcp:8080:80 udp:5353"
is "services: one without network needs nothing made" "$(field quiet.service State)" ready
like "a pinned namespace with an interface" "$(in_ns web.service ip -o addr show eth0)" 'inet 10\.82\.0\.10/32'
like "another of its own" "$(in_ns one.service ip -o addr show eth0)" 'inet 10\.82\.0\.'
isnt "two services of a policy have two" "$(field one.service Addresses)" "$(field two@x.service Addresses)"
check "no namespace for Mode=none" [ ! -e /run/confine/netns/quiet.service ]
like "resolv.conf of DNS=" "$(cat /run/confine/resolv/10-web)" '^nameserver 10\.82\.0\.1$'
is "forwarding is on" "$(cat /proc/sys/net/ipv4/ip_forward)" 1

like "explain --unit: the policy" "$(ctl explain --unit web.service)" '^10-web +yes'
like "explain --unit: with values" "$(ctl explain --unit web.service)" '^Address=10\.82\.0\.10 '
like "explain --unit: why not the earlier" "$(ctl explain --unit one.service)" '^10-web +no: +Unit=web.service'
like "explain --unit: none" "$(ctl explain --unit foreign.service)" '^No policy matches'
like "explain --user: policies of services match no login" "$(ctl explain --user alice)" '^10-web +no: +Unit='
check "explain takes one of both" sh -c "! '$build/confinectl' --runtime-dir=/run/confine explain --unit web.service --user alice"

# --- ports -------------------------------------------------------------------------------------------
cat > "$LAB_DIR/server" <<'END'
#!/usr/bin/env python3
# server NAME PORT: answers its name and who asks, TCP and UDP, both families
import select, socket, sys
name, port, all = sys.argv[1], int(sys.argv[2]), []
for family in socket.AF_INET, socket.AF_INET6:
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
        if kind == socket.SOCK_STREAM:
            s.listen(50)
        all.append(s)
print("up", flush=True)
while True:
    for s in select.select(all, [], [])[0]:
        if s.type == socket.SOCK_STREAM:
            c, peer = s.accept()
            c.sendall(f"{name} {peer[0]}\n".encode())
            c.close()
        else:
            data, peer = s.recvfrom(99)
            s.sendto(f"{name} {peer[0]}\n".encode(), peer)
END
cat > "$LAB_DIR/ask" <<'END'
#!/usr/bin/env python3
# ask tcp|udp ADDRESS PORT: the answer, or the error
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM)
s.settimeout(4)
try:
    s.connect((sys.argv[2], int(sys.argv[3])))
    if sys.argv[1] == "udp":
        s.send(b"?")
    print(s.recv(99).decode().strip() or "closed")
except OSError as e:
    print(type(e).__name__)
END
chmod 755 "$LAB_DIR/server" "$LAB_DIR/ask"
serve() { # UNIT PORT
        nsenter --net="/run/confine/netns/$1" "$LAB_DIR/server" "${1%%.*}" "$2" > "$LAB_DIR/serve-$1-$2" 2>&1 &
        eval "server_$2=$!"
        wait_for 10 grep -q up "$LAB_DIR/serve-$1-$2"
}
serve web.service 80
serve web.service 5353
ask="$LAB_DIR/ask"
outside() { ip netns exec upstream "$ask" "$@"; }
refused='^(ConnectionRefusedError|OSError|PermissionError)$'
is "Port=: tcp from outside, who sees the client's address" "$(outside tcp 192.0.2.1 8080)" "web 192.0.2.2"
is "Port=: tcp from outside, IPv6" "$(outside tcp 2001:db8::1 8080)" "web 2001:db8::2"
is "Port=: udp from outside" "$(outside udp 192.0.2.1 5353)" "web 192.0.2.2"
is "Port=: udp from outside, IPv6" "$(outside udp 2001:db8::1 5353)" "web 2001:db8::2"
is "Port=: from the host at its own address" "$("$ask" tcp 192.0.2.1 8080)" "web 192.0.2.1"
is "Port=: from the host, IPv6" "$("$ask" tcp 2001:db8::1 8080)" "web 2001:db8::1"
is "Port=: from the host by udp" "$("$ask" udp 192.0.2.1 5353)" "web 192.0.2.1"
is "the cell's address from the host" "$("$ask" tcp 10.82.0.10 80)" "web 10.82.0.1"
is "Port=: not at 127.0.0.1, as documented" "$("$ask" tcp 127.0.0.1 8080)" ConnectionRefusedError
like "Port=: only the published port" "$(outside tcp 192.0.2.1 80)" "$refused"
like "Port=: the other protocol is not published" "$(outside tcp 192.0.2.1 5353)" "$refused"
ip -n upstream route add 10.82.0.0/24 via 192.0.2.1
like "from outside not by the cell's address" "$(outside tcp 10.82.0.10 80)" "$refused"
like "another service does not reach it" "$(in_ns one.service "$ask" tcp 10.82.0.10 80)" "$refused"
like "... nor by the published port" "$(in_ns one.service "$ask" tcp 192.0.2.1 8080)" "$refused"
is "without rules for each" "$(nft list table inet "$instance" | grep -c 'dnat ')" 3

# --- Port= of a login --------------------------------------------------------------------------------
hold a alice "python3 -c '
import os, socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try: s.bind((\"\", 1090))
except OSError as e: print(e)
s.listen(5)
if os.fork() == 0:
    while True:
        c, _ = s.accept(); c.sendall(b\"alice\"); c.close()' & true"
like "Port= of a login's cell is in the map" "$(nft list map inet "$instance" ports4)" 'tcp \. 9090 : 10\.82\.0\.[0-9]+ \. 90'
like "another with the same port is refused, and not told who has it" "$(su bob -c true 2>&1)" \
        'port tcp:9090 of the host is taken'
like "verify warns of it" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" verify)" \
        '50-bob.ini:5: .*tcp:9090: policy 40-alice publishes'
let_go a
wait_for 20 no_cells
is "gone with the cell" "$(nft list map inet "$instance" ports4 | grep -c 9090)" 0

# --- restart of the manager --------------------------------------------------------------------------
before="$(field web.service Addresses) $(field one.service Addresses) $(field two@x.service Addresses)"
inode=$(stat -Lc %i /run/confine/netns/web.service)
link=$(ip -o link show | grep -oE 'cf[0-9a-f]{12}' | sort | tr '\n' ' ')
manager_kill TERM
check "a stop leaves the namespaces" sh -c '[ -e /run/confine/netns/web.service ] && [ -e /run/confine/netns/one.service ]'
is "... and the ports" "$(outside tcp 192.0.2.1 8080)" "web 192.0.2.2"
manager_start
is "a restart keeps all addresses" "$(field web.service Addresses) $(field one.service Addresses) $(field two@x.service Addresses)" "$before"
is "... the namespace" "$(stat -Lc %i /run/confine/netns/web.service)" "$inode"
is "... and the links" "$(ip -o link show | grep -oE 'cf[0-9a-f]{12}' | sort | tr '\n' ' ')" "$link"
is "... and it works" "$(outside tcp 192.0.2.1 8080)" "web 192.0.2.2"
manager_kill KILL
manager_start
is "so does one after a kill" "$(stat -Lc %i /run/confine/netns/web.service) $(outside udp 192.0.2.1 5353)" "$inode web 192.0.2.2"

# --- records and policies that change while nobody looks -----------------------------------------------
manager_kill TERM
rm /run/confine/placements/one.service
mv /etc/confine/policies/20-pair.ini "$LAB_DIR/20-pair.ini"
manager_start
gone() { [ -z "$(field "$1" State)" ]; }
wait_for 20 gone two@x.service
check "a policy removed meanwhile: its namespace goes" [ ! -e /run/confine/netns/two@x.service ]
check "... and so does one without a record" [ ! -e /run/confine/netns/one.service ]
is "... with their links" "$(ip -o link show | grep -cE 'cf[0-9a-f]{12}')" 1
is "... the other stays" "$(stat -Lc %i /run/confine/netns/web.service) $(outside tcp 192.0.2.1 8080)" "$inode web 192.0.2.2"
manager_kill TERM
mv "$LAB_DIR/20-pair.ini" /etc/confine/policies/
CONFINED_WRAP='unshare --mount --propagation slave' manager_start
like "a manager in a mount namespace of its own pins in the host's" "$(in_ns one.service ip -o addr show eth0)" 'inet 10\.82\.0\.'
umount -l /run/confine/netns/one.service
bus_reload
like "a pin that somebody took away is put back at a reload" "$(in_ns one.service ip -o addr show eth0)" 'inet 10\.82\.0\.'
is "... the link with it, once" "$(ip -o link show | grep -cE 'cf[0-9a-f]{12}')" 3

# --- reload ------------------------------------------------------------------------------------------
policy 10-web <<'END'
[Match]
Unit=web.service
[Network]
Pool=10.83.0.0/24
Port=8081:80
END
policy 15-thief <<'END'
[Match]
Unit=thief.service
[Network]
Pool=10.82.0.0/24
Port=8081
END
bus_reload
like "reload: a new address in the same namespace" "$(in_ns web.service ip -o -4 addr show eth0) $(stat -Lc %i /run/confine/netns/web.service)" \
        "inet 10\.83\.0\..* $inode\$"
is "reload: the new port leads there" "$(outside tcp 192.0.2.1 8081)" "web 192.0.2.2"
like "reload: the old port does not" "$(outside tcp 192.0.2.1 8080)" "$refused"
is "a second service with the same port fails" "$(field thief.service State)" failed
like "... and says who has it" "$(field thief.service Why)" 'port tcp:8081 of the host is taken by service web.service \(policy 10-web\)'
check "... without a namespace: it can't start" [ ! -e /run/confine/netns/thief.service ]

port() { sed -i "s/^Port=.*/Port=$1:80/" /etc/confine/policies/10-web.ini; bus call org.confine1 /org/confine1 org.confine1.Manager Reload > /dev/null; }
for i in 8082 8083 8084 8085; do port $i; done
wait_for 20 idle
is "reloads one upon the other: the last counts" "$(outside tcp 192.0.2.1 8085) $(nft list map inet "$instance" ports4 | grep -c ' 808[2-5] ')" "web 192.0.2.2 1"
check "who had to wait for the port gets it" wait_for 20 state_is thief.service ready

rm /etc/confine/policies/1*.ini /etc/confine/policies/20-pair.ini
bus_reload
wait_for 20 gone one.service
check "a policy removed: the namespace goes" [ ! -e /run/confine/netns/one.service ]
is "... but not under a process that runs in it" "$(field web.service State) $(in_ns web.service "$ask" tcp 127.0.0.1 80)" "leaving web 127.0.0.1"
kill $server_80 $server_5353
wait_for 20 gone web.service
check "... until that has ended" [ ! -e /run/confine/netns/web.service ]
is "no link is left" "$(ip -o link show | grep -cE 'cf[0-9a-f]{12}')" 0
lab_done
