# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by the root suites (sourced). A suite runs in a mount, network, pid and uts namespace of its own,
# with an overlay over /etc, /home, /root, /srv, /var and /run, so that users, PAM stacks, files and processes
# it makes never reach the host. Control groups are the host's: they carry the name of the suite's
# instance, and lab_done checks that none is left.

set -u
here=${here:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
B=${B:-build}
case $B in /*) build=$B ;; *) build=$here/$B ;; esac

tap_n=0
tap_failed=0

# Enters the private namespaces by executing the suite once more inside; the first line of a suite.
lab_enter() {
        [ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
        [ -n "${LAB_INSIDE:-}" ] && return
        export LAB_INSIDE=1
        LAB_DIR=$(mktemp -d /tmp/confine-lab.XXXXXX)
        export LAB_DIR
        instance=t$$
        export instance
        trap lab_clean EXIT
        trap 'exit 130' INT TERM HUP
        # two suites run at a time, but not beside one that counts what gets lost when others take the processor
        exec 9< /run
        flock "${lab_alone:--s}" 9
        # in the background of a script SIGINT and SIGQUIT are ignored, and no shell inside could trap them
        env --default-signal=INT,QUIT \
                unshare --mount --net --uts --pid --fork --kill-child --mount-proc --propagation private -- "$0" "$@" <&0 9<&- &
        lab_child=$!
        wait $lab_child # unlike a command in the foreground, a signal ends it
        exit $?
}

# From outside, and whatever happened inside: when the lab's pid 1 is gone, so are all of its processes.
lab_clean() {
        kill -KILL $lab_child 2>/dev/null
        wait $lab_child 2>/dev/null
        for _ in $(seq 50); do
                for tree in /sys/fs/cgroup/*/"$instance" /sys/fs/cgroup/"$instance"; do
                        [ -d "$tree" ] && find "$tree" -depth -type d -exec rmdir {} + 2>/dev/null
                done
                [ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "$instance" 2>/dev/null)" ] && break
                sleep 0.1
        done
        rm -rf "$LAB_DIR"
}

lab_overlay() {
        mount -t tmpfs -o mode=755 tmpfs "$LAB_DIR"
        for d in etc home root srv var; do
                mkdir -p "$LAB_DIR/$d/upper" "$LAB_DIR/$d/work"
                mount -t overlay -o "lowerdir=/$d,upperdir=$LAB_DIR/$d/upper,workdir=$LAB_DIR/$d/work" overlay "/$d"
        done
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir -p /run/lock /run/sshd
        touch /run/utmp
        # Stacks are read inside cells, too, where a tree below /tmp is not to be seen.
        module_file=/var/lib/confine-lab/pam_confine.so
        install -D -m 644 "$build/pam_confine.so" $module_file
        ip link set lo up
}

# lab_user NAME UID [GROUP...]
lab_user() {
        name=$1 uid=$2
        shift 2
        if id "$name" > /dev/null 2>&1; then # the machine's own one, in the laid over /etc and /home
                userdel -rf "$name" > /dev/null 2>&1
                groupdel "$name" > /dev/null 2>&1
        fi
        groupadd -g "$uid" "$name"
        useradd -m -u "$uid" -g "$uid" -s /bin/bash -p '*' "$name"
        echo "$name:test" | chpasswd
        for g; do
                getent group "$g" >/dev/null || groupadd -g $((gid += 1)) "$g"
                usermod -aG "$g" "$name"
        done
}

# The world: a namespace behind this host, in both families, that has no route back to the cells.
lab_upstream() {
        ip netns add upstream
        ip link add up0 type veth peer name up1 netns upstream
        ip addr add 192.0.2.1/24 dev up0
        ip addr add 2001:db8::1/64 dev up0 nodad
        ip link set up0 up
        ip -n upstream addr add 192.0.2.2/24 dev up1
        ip -n upstream addr add 2001:db8::2/64 dev up1 nodad
        ip -n upstream link set up1 up
        ip -n upstream link set lo up
}

# A bridge of the host's, br0, with somebody else's station at it.
lab_bridge() {
        ip link add br0 type bridge mcast_snooping 0 forward_delay 0
        ip link set br0 up
        ip netns add station
        ip link add st0 type veth peer name st1 netns station
        ip link set st0 master br0 up
        ip -n station addr add 10.84.0.1/24 dev st1
        ip -n station addr add fd84::1/64 dev st1 nodad
        ip -n station link set st1 up
}

# The module as the last line of every stack that opens sessions.
lab_pam() {
        module="$module_file socket=/run/confine/login ${1:-}"
        for s in sshd login su su-l sudo sudo-i cron; do
                cat > /etc/pam.d/$s <<-END
			auth     sufficient pam_rootok.so
			auth     required   pam_unix.so
			account  required   pam_unix.so
			session  required   pam_unix.so
			session  required   $module
		END
        done
        for s in su-l; do # as on Debian: su -'s stack includes su's
                cat > /etc/pam.d/$s <<-END
			auth     include su
			account  include su
			session  required $module
			session  include su
		END
        done
}

# policy NAME < text
policy() {
        mkdir -p /etc/confine/policies
        cat > "/etc/confine/policies/$1.ini"
        chmod 644 "/etc/confine/policies/$1.ini"
}

gid=3000
ctl() { "$build/confinectl" --runtime-dir=/run/confine "$@"; }

# Extra arguments are confined's; CONFINED_WRAP may hold a command to run it under.
manager_start() {
        set +m
        ${CONFINED_WRAP:-} "$build/confined" --runtime-dir=/run/confine --config-dir=/etc/confine \
                --vendor-dir="$LAB_DIR/vendor" --init="$build/confine-init" --instance="$instance" \
                --debug "$@" >> "$LAB_DIR/log" 2>&1 &
        manager=$!
        disown $manager # bash has nothing to say about its end
        wait_for 20 manager_ready
}

manager_ready() {
        kill -0 "$manager" 2>/dev/null || return 99
        [ -S /run/confine/login ] && tail -c +"${log_offset:-1}" "$LAB_DIR/log" | grep -q 'Ready: logins at' && idle
}

# No job runs and none waits.
idle() {
        [ "$(busctl --address=unix:path=/run/confine/bus get-property org.confine1 /org/confine1 \
                org.confine1.Manager NJobs 2>/dev/null)" = "t 0" ]
}

manager_kill() { # SIGNAL
        log_offset=$(($(stat -c %s "$LAB_DIR/log") + 1))
        kill -"$1" "$manager"
        wait_for 30 manager_gone
}
manager_gone() { ! kill -0 "$manager" 2>/dev/null; }

# wait_for SECONDS COMMAND...: until it succeeds; a status of 99 ends the wait.
wait_for() {
        deadline=$(($(date +%s) + $1))
        shift
        while :; do
                "$@"
                case $? in 0) return 0 ;; 99) return 1 ;; esac
                [ "$(date +%s)" -ge $deadline ] && return 1
                read -r -t 0.02 _ <> <(:) || :
        done
}

ncells() { ls /run/confine/cells 2>/dev/null | wc -l; }
no_cells() { [ "$(ncells)" = 0 ] && [ "$(ls /run/confine/sessions | wc -l)" = 0 ]; }
nsessions_are() { [ "$(ls /run/confine/sessions 2>/dev/null | wc -l)" = "$1" ]; }

fds() { ls "/proc/$manager/fd" | wc -l; } # that the manager has open
in_force() { # FILE...: what the control group of $cell says
        for f; do find /sys/fs/cgroup -path "*/$instance/cells/*/$cell/$f" -exec cat {} \;; done
}

# ok STATUS NAME
ok() {
        tap_n=$((tap_n + 1))
        if [ "$1" = 0 ]; then
                echo "ok $tap_n - $2"
        else
                echo "not ok $tap_n - $2"
                tap_failed=1
        fi
}

check() { # NAME COMMAND...
        name=$1
        shift
        "$@" > "$LAB_DIR/out" 2>&1
        status=$?
        ok $status "$name"
        [ $status = 0 ] || sed 's/^/# /' "$LAB_DIR/out"
}

is() { # NAME GOT WANTED
        [ "$2" = "$3" ]
        ok $? "$1"
        [ "$2" = "$3" ] || printf '# got: %s\n# not: %s\n' "$2" "$3"
}

isnt() {
        [ "$2" != "$3" ]
        ok $? "$1"
        [ "$2" != "$3" ] || printf '# got: %s\n' "$2"
}

like() { # NAME GOT REGEX
        printf '%s' "$2" | grep -Eq -- "$3"
        status=$?
        ok $status "$1"
        [ $status = 0 ] || { printf '%s\n' "$2" | sed 's/^/# got: /'; echo "# no match for: $3"; }
}

leftovers() {
        find /sys/fs/cgroup -maxdepth 3 -type d -name "$instance*" 2>/dev/null
        nft list tables 2>/dev/null | grep "$instance"
        ip -o link show 2>/dev/null | grep -E ': c[fg][0-9a-f]{4}'
        find /run/confine -mindepth 1 2>/dev/null
}

unreaped() { ps -o stat=,pid=,comm= --ppid "$manager" | grep '^Z'; }
all_reaped() { [ ! "$(unreaped)" ]; }

# Stops the manager, shows its log after a failure, and checks that nothing is left.
lab_done() {
        if kill -0 "${manager:-0}" 2>/dev/null; then
                wait_for 20 no_cells
                wait_for 20 idle
                wait_for 20 all_reaped
                is "the manager has reaped its children" "$(unreaped)" ""
                manager_kill TERM
        fi
        is "nothing is left on the host" "$(leftovers)" ""
        if grep -Eq 'Sanitizer|runtime error:' "$LAB_DIR/log" 2>/dev/null; then # make asan
                ok 1 "the sanitizers have no complaint about the manager"
                grep -E -A30 'Sanitizer|runtime error:' "$LAB_DIR/log" | sed 's/^/# /'
        fi
        if [ $tap_failed != 0 ]; then
                echo "# --- log of the manager ---"
                tail -n "${LAB_LOG_LINES:-60}" "$LAB_DIR/log" | sed 's/^/# /'
        fi
        echo "1..$tap_n"
        exit $tap_failed
}

# --- the bus, without the tool -------------------------------------------------------------------

bus() { busctl --address=unix:path=/run/confine/bus "$@"; }
bus_reload() { bus call org.confine1 /org/confine1 org.confine1.Manager Reload > /dev/null && wait_for 20 idle; }
bus_cell() { # CELL METHOD [SIGNATURE ARGUMENTS...]
        c=$1
        shift
        bus call org.confine1 "/org/confine1/cell/$c" org.confine1.Cell "$@"
}
bus_get() { # CELL PROPERTY: the bare value
        bus get-property org.confine1 "/org/confine1/cell/$1" org.confine1.Cell "$2" | cut -d' ' -f2- | tr -d '"'
}
set_property() { # CELL RUNTIME ASSIGNMENT...
        c=$1 runtime=$2
        shift 2
        bus_cell "$c" SetProperties bas "$runtime" $# "$@"
}

# old_login UID USER [FILE]: what a module of version 1 gets: size, verdict, stage and message. With a file, it goes
# there, and the module never says that it has joined: it waits until the manager hangs up, which is the second line.
old_login() {
        python3 -c '
import socket, struct, sys
uid, user, out = int(sys.argv[1]), sys.argv[2], open(sys.argv[3], "w") if sys.argv[3:] else sys.stdout
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(60 if sys.argv[3:] else 10)
s.connect("/run/confine/login")
field = lambda text: text.encode().ljust(256, b"\0")
s.send(struct.pack("<6I1024II", 0x436f6e66, 1, 1, uid, uid, 0, *[0] * 1025) + field(user) + field("su") + field("") * 3)
reply = s.recv(65536)
print(len(reply), *struct.unpack("<3I", reply[:12])[1:], reply[-512:].split(b"\0")[0].decode()[:40], file=out, flush=True)
if sys.argv[3:]: print("closed" if s.recv(1) == b"" else "?", file=out, flush=True)' "$@"
}

# The ids of the live cells of a user.
cells_of() { grep -l "^User=$1\$" /run/confine/cells/* 2>/dev/null | xargs -r -n1 basename; }

# hold NAME USER [COMMAND]: a session that lives until let_go NAME; COMMAND runs first. It is no job of the shell's, which
# would have something to say should it be killed.
hold() {
        mkfifo "$LAB_DIR/hold-$1"
        eval "held_$1=$(su "$2" -c "${3:-true}; echo up; read _" > "$LAB_DIR/held-$1" 2>&1 < "$LAB_DIR/hold-$1" & echo $!)"
        exec {fd}> "$LAB_DIR/hold-$1"
        eval "fd_$1=$fd"
        wait_for 20 grep -qs '^up$' "$LAB_DIR/held-$1"
}
let_go() {
        eval "(echo >&\$fd_$1) 2> /dev/null; exec {fd_$1}>&-; leaving=\$held_$1"
        wait_for 30 has_left
        rm -f "$LAB_DIR/hold-$1"
}
has_left() { ! kill -0 "$leaving" 2> /dev/null; }

# --- sshd ------------------------------------------------------------------------------------------

# lab_sshd USER...: a server at port 2222 that takes $LAB_DIR/key of these, with the lines of $LAB_SSHD; `as USER COMMAND...` goes there.
lab_sshd() {
        ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/hostkey"
        ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/key"
        cat > "$LAB_DIR/sshd_config" <<END
Port 2222
ListenAddress 127.0.0.1
HostKey $LAB_DIR/hostkey
UsePAM yes
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile $LAB_DIR/keys/%u
StrictModes no
Subsystem sftp internal-sftp
PidFile none
${LAB_SSHD:-}
END
        mkdir "$LAB_DIR/keys"
        for u; do cp "$LAB_DIR/key.pub" "$LAB_DIR/keys/$u"; done
        chmod 755 "$LAB_DIR" "$LAB_DIR/keys"
        /usr/sbin/sshd -D -f "$LAB_DIR/sshd_config" -E "$LAB_DIR/sshd.log" &
        lab_pids=$!
        ssh_opts="-q -p 2222 -i $LAB_DIR/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        wait_for 10 sshd_listens
}
as() { u=$1; shift; ssh $ssh_opts "$u@127.0.0.1" "$@" < /dev/null; }
sshd_listens() { ss -Hltn 'sport = 2222' | grep -q .; }

# --- traffic ---------------------------------------------------------------------------------------

# serve NS ADDRESS PORT: answers with the address that the client has here.
serve() {
        ip netns exec "$1" python3 -c '
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("up", flush=True)
while True: c, peer = s.accept(); c.sendall(peer[0].encode() + b"\n"); c.close()' "$2" "$3" > "$LAB_DIR/serve-$3" 2>&1 &
        wait_for 10 grep -qs up "$LAB_DIR/serve-$3"
}

# /var/lib/ask ADDRESS PORT says what such a server answers, or the error.
lab_ask() {
        cat > /var/lib/ask <<'END'
#!/usr/bin/env python3
import socket, sys
try: print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 4).makefile().readline().strip())
except OSError as e: print(type(e).__name__)
END
        chmod 755 /var/lib/ask
}

# /var/lib/flood: tests/flood, for cells. Upstream refuses its flows as silently as a host that is not there: no
# answers fill its own tables.
lab_flood() {
        install -m 755 "$here/tests/flood" /var/lib/flood
        ip netns exec upstream nft 'add table inet mute; add chain inet mute in { type filter hook input priority 0; };
                add rule inet mute in udp dport 10000-30000 drop; add chain inet mute raw { type filter hook prerouting priority raw; };
                add rule inet mute raw udp dport 10000-30000 notrack'
}

# Forged frames: tests/frame sends them in a cell, three at a time, and the namespace "station" counts what arrives.
# lab_seen "DEVICE, ..." "MAC, ...": of these and of the forged MAC.
lab_seen() {
        install -m 755 "$here/tests/frame" /var/lib/frame
        ip netns exec station nft -f - <<-END
		table netdev seen {
		        counter got { }
		        chain in {
		                type filter hook ingress devices = { $1 } priority 0; policy accept
		                arp operation request accept # what its kernel asks; forged are answers
		                ip6 daddr ff02::16 accept # its reports of multicast listeners
		                ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 ether saddr { 02:00:00:00:00:66, $2 } counter name got
		        }
		}
	END
}
# seen CELL KIND OWN OTHER: how many of three frames arrive. A veth hands over at once: nothing more comes later.
seen() {
        ip netns exec station nft reset counter netdev seen got > /dev/null
        net_of "$1" python3 /var/lib/frame "${@:2}" || echo failed
        wait_for 1 seen_are 3
        seen_now
}
seen_now() { ip netns exec station nft list counter netdev seen got | awk '/packets/ { print $2 }'; }
seen_are() { [ "$(seen_now)" = "$1" ]; }
