#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What systemd, D-Bus, polkit, the journal and pam-auth-update have to do with it. Runs as root inside the
# guest, with the project installed.

set -u
. "$(dirname "$0")/lib.sh"

gate=/run/service-gate
drop_in() { # NAME < text: for confined.service
        mkdir -p /run/systemd/system/confined.service.d
        cat > "/run/systemd/system/confined.service.d/$1.conf"
        systemctl daemon-reload
}
no_drop_in() { rm -f "/run/systemd/system/confined.service.d/$1.conf"; systemctl daemon-reload; }
main_pid() { systemctl show -P MainPID confined; }
state_is() { [ "$(systemctl is-active "$1")" = "$2" ]; }
stored() { systemctl show -P NFileDescriptorStore confined; }
stored_are() { [ "$(stored)" = "$1" ]; }
restarted() { # PID
        p=$(main_pid)
        [ "$p" != 0 ] && [ "$p" != "$1" ] && state_is confined.service active
}
waits_in_backlog() { ss -xl src /run/confine/login | awk '$2 == "LISTEN" && $3 >= 1 { found = 1 } END { exit !found }'; }
pidns='readlink /proc/self/ns/pid'
host_ns=$(readlink /proc/self/ns/pid)
as() { # USER COMMAND...: outside of any cell
        u=$1
        shift
        setpriv --reuid "$u" --regid "$u" --clear-groups "$@"
}
sys_call() { # USER PATH INTERFACE METHOD [ARGUMENTS...]
        u=$1 path=$2 interface=$3
        shift 3
        as "$u" busctl --allow-interactive-authorization=no call org.confine1 "/org/confine1$path" \
                "org.confine1.$interface" "$@" 2>&1
}
by_socket() { busctl --address=unix:path=/run/confine/bus "$@"; }
cell_state() { by_socket get-property org.confine1 "/org/confine1/cell/$1" org.confine1.Cell State | tr -d '"' | cut -c3-; }
# hold_ssh NAME USER: a login that lasts until let_ssh_go NAME
hold_ssh() {
        mkfifo "$LAB_DIR/ssh-$1"
        in_ssh "$2" 'echo up; read _' < "$LAB_DIR/ssh-$1" > "$LAB_DIR/out-$1" 2>&1 &
        eval "ssh_$1=$!"
        exec {fd}> "$LAB_DIR/ssh-$1"
        eval "fd_$1=$fd"
        wait_for 30 grep -qs '^up$' "$LAB_DIR/out-$1"
}
let_ssh_go() { eval "echo >&\$fd_$1; exec {fd_$1}>&-; wait \$ssh_$1"; rm "$LAB_DIR/ssh-$1"; }
# How many entries the journal has with these fields.
entries() { journalctl --sync; journalctl -q -o cat "$@" | wc -l; }
# The ids of manager/work/event.h: a promise, so they are written out once more.
declare -A event=(
        [cell_new]=50ad550bb9ce4b0180843b2cbe037457
        [cell_removed]=16eab001bd22459e8ea6f7d7052a347f
        [session_new]=a12f313c6f5a44acb959a1f1e68b673b
        [session_removed]=8a4cbf16d067476898f10e47903c105e
        [denied]=bd67aa9bb6ed4aac83a2b5a775fbd930
        [unconfined]=bde0e5cca6c1459699037daeb5d8d3d4
        [policy_error]=d9955c3ccfaa4764af099d4303ef6eeb
)

for user in alice bob; do
        policy "50-$user" <<-END
		[Policy]
		Extends=base
		[Match]
		User=$user
	END
done

# --- pam-auth-update -----------------------------------------------------------------------------

stacks_with() { grep -ls '^[^#]*pam_confine' /etc/pam.d/*; }
export DEBIAN_FRONTEND=noninteractive
pam-auth-update --package 2> /dev/null
is "pam-auth-update: not by itself" "$(stacks_with)" ""
pam-auth-update --enable mkhomedir confine 2> /dev/null
is "pam-auth-update: in what all sessions include" "$(stacks_with | tr '\n' ' ')" \
        "/etc/pam.d/common-account /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive "
like "pam-auth-update: last in common-account" "$(grep '^account' /etc/pam.d/common-account | tail -n 1)" 'required\s+pam_confine.so'
for s in common-session common-session-noninteractive; do
        like "pam-auth-update: last in $s" "$(grep '^session' /etc/pam.d/$s | tail -n 1)" 'required\s+pam_confine.so'
done
sed -i 's/\(pam_confine.so\).*/\1 timeout=20s/' /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive \
        /etc/pam.d/common-account
for s in sshd login su sudo sudo-i cron atd; do
        like "pam-auth-update: $s is reached" "$(cat /etc/pam.d/$s)" '^@include common-session'
done
like "pam-auth-update: and user@.service" "$(cat /usr/lib/pam.d/systemd-user)" '^@include common-session-noninteractive'
# sudo goes on after PAM_SESSION_ERR: of what stands before, required, nothing returns it for a user with a name
is "pam-auth-update: what sudo has before it" \
        "$(cat /etc/pam.d/sudo /etc/pam.d/common-session-noninteractive | awk '/^session/ && $2 ~ /requi/ { print $3 }' | tr '\n' ' ')" \
        "pam_limits.so pam_deny.so pam_permit.so pam_unix.so pam_confine.so "

# --- units -----------------------------------------------------------------------------------------

is "systemd has no complaint about the units" "$(systemd-analyze verify --man=no confined.service confined.socket \
        confined-bus.socket 2>&1)" ""

# --- sockets -------------------------------------------------------------------------------------

vm_up
isnt "the service runs" "$(main_pid)" 0
systemctl stop confined.service
for unit in confined.service confined.socket confined-bus.socket; do
        is "stopped: $unit" "$(systemctl is-active $unit)" inactive
done
is "stopped: no socket is left" "$(find /run/confine -type s)" ""
systemctl start confined.socket confined-bus.socket
is "activation: the service does not run" "$(systemctl is-active confined.service)" inactive
is "activation: modes of the sockets" "$(stat -c %a /run/confine/login /run/confine/bus | tr '\n' ' ')" "600 666 "
isnt "activation: a login starts it" "$(in_ssh alice "$pidns")" "$host_ns"
is "activation: it runs now" "$(systemctl is-active confined.service)" active
for ns in mnt uts; do
        is "the service has the host's $ns namespace, for cells to copy" \
                "$(readlink "/proc/$(main_pid)/ns/$ns")" "$(readlink /proc/1/ns/$ns)"
done
like "no new privileges, and a filter of system calls" "$(cat "/proc/$(main_pid)/status")" $'NoNewPrivs:\t1|Seccomp:\t2'

# A manager that can't come up until the gate is open: who logs in meanwhile waits.
drop_in gate <<END
[Service]
ExecStartPre=/bin/sh -c 'until [ -e $gate ]; do sleep 0.05; done'
END
for how in restart crash; do
        rm -f $gate
        case $how in
        restart) systemctl restart --no-block confined.service ;;
        crash) systemctl kill -s KILL confined.service ;;
        esac
        check "$how: the service is on its way" wait_for 10 state_is confined.service activating
        is "$how: the socket stays" "$(systemctl is-active confined.socket)" active
        in_ssh alice "$pidns" > "$LAB_DIR/queued" 2>&1 &
        login=$!
        check "$how: a login waits in the backlog" wait_for 30 waits_in_backlog
        is "$how: nothing has answered it" "$(cat "$LAB_DIR/queued")" ""
        touch $gate
        wait $login
        is "$how: then it succeeds" $? 0
        like "$how: in a cell" "$(grep -v "$host_ns" "$LAB_DIR/queued")" 'pid:\['
        check "$how: the service is up" wait_for 20 state_is confined.service active
done

systemctl stop confined.service
before=$(date +%s%N)
out=$(ssh -o BatchMode=yes -o LogLevel=INFO alice@localhost true 2>&1) # the account part's word is a banner
isnt "stop: a login is refused" $? 0
like "stop: and told" "$out" 'confine: not available'
check "stop: without waiting for the module's timeout" test $((($(date +%s%N) - before) / 1000000)) -lt 10000
is "stop: that did not start it again" "$(systemctl is-active confined.service confined.socket | tr '\n' ' ')" \
        "inactive inactive "
systemctl start confined.service
is "start: the sockets, too" "$(systemctl is-active confined.socket confined-bus.socket | tr '\n' ' ')" "active active "
wait_for 20 idle

# --- pidfds in the store ---------------------------------------------------------------------------

check "store: all is gone first" wait_for 60 vm_logged_out
is "store: empty without cells" "$(stored)" 0
hold_ssh a alice
check "store: a pidfd for the cell" wait_for 10 stored_are 1
cell=$(cells_of alice)
init=$(bus_get "$cell" InitPID)
lie() { sed -i 's/^InitPid=.*/InitPid=1/; s/^InitStartTime=.*/InitStartTime=12345/' "/run/confine/cells/$cell"; }
rm -f $gate
systemctl restart --no-block confined.service
wait_for 10 state_is confined.service activating
lie # as if the number had gone round
touch $gate
wait_for 20 state_is confined.service active
wait_for 20 idle
is "store: the pidfd is believed, not the record" "$(bus_get "$cell" State) $(bus_get "$cell" InitPID)" "live $init"
is "store: it is still there" "$(stored)" 1
is "store: and the record is mended" "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$cell")" "$init"
systemctl stop confined.service
systemctl start confined.service
wait_for 20 idle
is "store: lost at a stop, and the record is good again" "$(bus_get "$cell" State) $(bus_get "$cell" InitPID)" "live $init"
check "store: stored anew" wait_for 10 stored_are 1
systemctl stop confined.service
lie
systemctl start confined.service
cell_gone() { [ ! -e "/run/confine/cells/$cell" ]; }
check "store: without it, a record that lies costs the cell" wait_for 40 cell_gone
kill "$ssh_a" 2> /dev/null
wait "$ssh_a" 2> /dev/null
rm "$LAB_DIR/ssh-a"
check "store: emptied" wait_for 40 stored_are 0

# --- watchdog --------------------------------------------------------------------------------------

drop_in watchdog <<END
[Service]
WatchdogSec=2s
END
systemctl restart confined.service
wait_for 20 idle
hold_ssh a alice
cell=$(cells_of alice)
pid=$(main_pid)
lasted=$(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1/unit/confined_2eservice \
        org.freedesktop.systemd1.Service WatchdogTimestampMonotonic)
pinged() { [ "$(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1/unit/confined_2eservice \
        org.freedesktop.systemd1.Service WatchdogTimestampMonotonic)" != "$lasted" ]; }
check "watchdog: it is told" wait_for 10 pinged
is "watchdog: and content" "$(main_pid)" "$pid"
kill -STOP "$pid"
check "watchdog: a manager that hangs is replaced" wait_for 30 restarted "$pid"
wait_for 20 idle
is "watchdog: for that reason" "$(journalctl -q -u confined -o cat | grep -c 'Watchdog timeout')" 1
is "watchdog: the cell goes on" "$(cells_of alice) $(bus_get "$cell" State)" "$cell live"
let_ssh_go a
no_drop_in watchdog
no_drop_in gate
systemctl restart confined.service
wait_for 20 idle

# --- the system bus --------------------------------------------------------------------------------

on_system_bus() { busctl status org.confine1 > /dev/null 2>&1; }
check "system bus: the name is ours" wait_for 20 on_system_bus
hold_ssh a alice
hold_ssh b bob
a=$(cells_of alice)
b=$(cells_of bob)
out=$(busctl introspect org.confine1 /org/confine1)
for member in .Explain .Reload .NCells .SessionNew; do
        like "system bus: introspection has $member" "$out" "^\\$member "
done
like "the socket: root sees all" "$(by_socket tree --list org.confine1)" "cell/$b"
out=$(as alice busctl tree --list org.confine1)
like "system bus: alice sees her cell" "$out" "cell/$a"
is "system bus: and no other" "$(echo "$out" | grep -c '/cell/c')" 1
like "system bus: her processes" "$(sys_call alice "/cell/$a" Cell GetProcesses)" '"bash"'
absent=$(sys_call alice /cell/cffffffffffff Cell Terminate | sed 's/cffffffffffff/ID/')
like "system bus: what is not there" "$absent" 'Unknown object'
for method in GetProcesses Terminate Freeze; do
        is "system bus: bob's cell is not there for alice ($method)" \
                "$(sys_call alice "/cell/$b" Cell $method | sed "s/$b/ID/")" "$absent"
done
is "system bus: nor was it ended" "$(cell_state "$b")" live
like "system bus: alice may not freeze her own" "$(sys_call alice "/cell/$a" Cell Freeze)" 'Only root|Access denied'
is "system bus: nor was it" "$(cell_state "$a")" live
like "system bus: alice may not reload" "$(sys_call alice "" Manager Reload)" 'Only root|Access denied'
# Root is root there if the bus gives its pidfd: that of Debian 13 does, that of Debian 12 doesn't.
busctl call org.freedesktop.DBus / org.freedesktop.DBus GetConnectionCredentials s org.confine1 | grep -q ProcessFD
proves=$?
busctl call org.confine1 /org/confine1 org.confine1.Manager Reload > /dev/null 2>&1
is "system bus: root reloads if its pidfd is known" "$?" $proves
busctl call org.confine1 "/org/confine1/cell/$a" org.confine1.Cell Freeze > /dev/null 2>&1
is "system bus: and freezes" "$?/$(cell_state "$a")" "$proves/$([ $proves = 0 ] && echo frozen || echo live)"
by_socket call org.confine1 "/org/confine1/cell/$a" org.confine1.Cell Thaw > /dev/null

# signals: to callers who may see, and nobody else
listen() { # USER FILE: prints the signals that it gets
        as "$1" python3 - "$b" > "$2" 2>&1 <<-'END' &
		import os, re, socket, struct, sys
		s = socket.socket(socket.AF_UNIX); s.connect('/run/dbus/system_bus_socket')
		s.sendall(b'\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\r\n'); s.recv(100)
		s.sendall(b'BEGIN\r\n')
		def text(v): return struct.pack('<I', len(v)) + v.encode() + b'\0'
		def call(serial, to, path, interface, member):
		    f = b''
		    for code, sig, v in ((1, 'o', path), (2, 's', interface), (3, 's', member), (6, 's', to)):
		        f += b'\0' * (-len(f) % 8) + bytes([code, 1]) + sig.encode() + b'\0' + text(v)
		    h = struct.pack('<BBBBIII', 108, 1, 0, 1, 0, serial, len(f)) + f
		    s.sendall(h + b'\0' * (-len(h) % 8))
		call(1, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello')
		call(2, 'org.confine1', '/org/confine1', 'org.freedesktop.DBus.Peer', 'Ping')
		while True:
		    data = s.recv(65536)
		    if not data: break
		    for word in re.findall(rb'CellRemoved|SessionRemoved|/org/confine1/cell/c[0-9a-f]{12}', data):
		        print(word.decode(), flush=True)
		    print('got', len(data), flush=True)
	END
        eval "listener_$1=$!"
}
listen alice "$LAB_DIR/heard-alice"
listen bob "$LAB_DIR/heard-bob"
heard() { [ "$(grep -c '^got' "$1")" -ge 1 ] && sys_call alice "" Manager ListPolicies > /dev/null; }
wait_for 10 heard "$LAB_DIR/heard-alice"
wait_for 10 heard "$LAB_DIR/heard-bob"

# polkit
mkdir -p /etc/polkit-1/rules.d
cat > /etc/polkit-1/rules.d/10-test.rules <<'END'
polkit.addRule(function(action, subject) {
        if (action.id == "org.confine1.manage-cells" && subject.user == "alice") return polkit.Result.YES;
});
END
chmod 755 /etc/polkit-1/rules.d
systemctl restart polkit
like "polkit: the actions are known" "$(pkaction)" org.confine1.manage-policies
check "polkit: alice may manage cells" sys_call alice "/cell/$b" Cell Freeze
is "polkit: bob's is frozen" "$(cell_state "$b")" frozen
is "polkit: to look at is another thing" "$(sys_call alice "/cell/$b" Cell GetProcesses | sed "s/$b/ID/")" "$absent"
like "polkit: policies are another action" "$(sys_call alice "" Manager Reload)" 'Only root|Access denied'
isnt "polkit: bob has no such right" "$(sys_call bob "/cell/$a" Cell Freeze; echo $?)" 0
is "polkit: alice's is not frozen" "$(cell_state "$a")" live
in_ssh alice busctl call org.confine1 "/org/confine1/cell/$b" org.confine1.Cell Thaw > "$LAB_DIR/out" 2>&1
is "polkit: nor has alice from inside of her cell" "$? $(cell_state "$b")" "1 frozen"
check "polkit: thaw" sys_call alice "/cell/$b" Cell Thaw
check "polkit: end it" sys_call alice "/cell/$b" Cell Terminate
check "polkit: bob's cell is gone" wait_for 30 test ! -e "/run/confine/cells/$b"
wait "$ssh_b"
check "signals: bob hears of his cell" wait_for 10 grep -q CellRemoved "$LAB_DIR/heard-bob"
is "signals: alice does not" "$(grep -cE "CellRemoved|cell/$b" "$LAB_DIR/heard-alice")" 0
# shellcheck disable=SC2154
kill "$listener_alice" "$listener_bob"

# logind that misses the end of his units by the bus holds him for one who is leaving, for ever (257)
bob_left() { ! loginctl --no-legend list-users | grep -q bob; }
check "bob is logged out" wait_for 60 bob_left
pid=$(main_pid)
systemctl restart dbus.service
check "system bus: there again when the bus is" wait_for 30 on_system_bus
is "system bus: by the same manager" "$(main_pid)" "$pid"
systemctl stop dbus.service dbus.socket
systemctl restart confined.service
check "no system bus: it starts all the same" wait_for 20 idle
systemctl start dbus.socket dbus.service
check "no system bus: and is there later" wait_for 30 on_system_bus
systemctl restart systemd-logind polkit
let_ssh_go a

# --- the journal -----------------------------------------------------------------------------------

check "journal: all is gone first" wait_for 60 vm_logged_out
policy 40-fails <<END
[Policy]
Extends=base
OnFailure=allow
[Match]
User=bob
END
policy 50-alice <<END
[Policy]
Extends=base
[Match]
User=alice
[Cell]
MaxSessions=1
END
echo nonsense > /etc/confine/policies/60-broken.ini
systemctl reload confined.service
reloaded() { [ "$(entries MESSAGE_ID="${event[policy_error]}")" -ge 1 ]; }
check "journal: a policy's mistake" wait_for 10 reloaded
hold_ssh a alice
cell=$(cells_of alice)
isnt "MaxSessions=" "$(in_ssh alice "$pidns" 2>&1; echo $?)" 0
is "journal: the cell" "$(entries MESSAGE_ID="${event[cell_new]}" CONFINE_CELL="$cell" CONFINE_USER=alice \
        CONFINE_POLICY=50-alice)" 1
is "journal: the session" "$(entries MESSAGE_ID="${event[session_new]}" CONFINE_CELL="$cell" \
        CONFINE_SERVICE=sshd CONFINE_VERDICT=confined)" 1
denied=$(entries MESSAGE_ID="${event[denied]}" CONFINE_USER=alice CONFINE_VERDICT=denied CONFINE_SERVICE=sshd)
check "journal: who was refused" test "$denied" -ge 1
echo 0 > /run/off # where confined finds that this host can't forward
in_service() { nsenter -t "$(systemctl show -p MainPID --value confined.service)" -m "$@"; }
in_service mount --bind /run/off /proc/sys/net/ipv4/ip_forward
in_service mount -o remount,bind,ro /proc/sys/net/ipv4/ip_forward
systemctl reload confined.service
is "OnFailure=allow" "$(in_ssh bob "$pidns" 2> /dev/null | tail -n 1)" "$host_ns"
in_service umount /proc/sys/net/ipv4/ip_forward
check "journal: who is in without a cell" test "$(entries MESSAGE_ID="${event[unconfined]}" CONFINE_USER=bob \
        CONFINE_VERDICT=unconfined)" -ge 1
let_ssh_go a
check "journal: all is gone" wait_for 60 vm_logged_out
is "journal: the cell's end" "$(entries MESSAGE_ID="${event[cell_removed]}" CONFINE_CELL="$cell")" 1
is "journal: the session's end" "$(entries MESSAGE_ID="${event[session_removed]}" CONFINE_CELL="$cell" \
        CONFINE_SERVICE=sshd)" 1
is "journal: with priorities" "$(entries MESSAGE_ID="${event[denied]}" PRIORITY=5)" \
        "$(entries MESSAGE_ID="${event[denied]}")"
journalctl --update-catalog
like "catalog: explains the cell" "$(journalctl -x -q MESSAGE_ID="${event[cell_new]}" CONFINE_CELL="$cell")" \
        "Subject: Cell $cell has been made"
for kind in "${!event[@]}"; do
        like "catalog: $kind" "$(journalctl --list-catalog "${event[$kind]}" 2>&1)" "^${event[$kind]} confine: "
done

rm /etc/confine/policies/*.ini
systemctl reload confined.service
vm_done
