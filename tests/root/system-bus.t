#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The objects on a system bus: a bus daemon of the suite's own, without polkit. (With polkit and all:
# tests/vm/service.t.)

set -u
. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
command -v dbus-daemon > /dev/null || { echo "1..0 # SKIP no dbus-daemon"; exit 0; }
lab_overlay
lab_user alice 2001
lab_user bob 2002
lab_pam
for user in alice bob; do
        policy "50-$user" <<-END
		[Policy]
		[Match]
		User=$user
		[Network]
		Mode=none
	END
done

as() { # USER COMMAND...
        u=$1
        shift
        setpriv --reuid "$u" --regid "$u" --clear-groups -- "$@"
}
sys() { busctl --system "$@" 2>&1; }
sys_call() { # USER PATH INTERFACE METHOD [ARGUMENTS...]
        u=$1 path=$2 interface=$3
        shift 3
        as "$u" busctl --system call org.confine1 "/org/confine1$path" "org.confine1.$interface" "$@" 2>&1
}
bus_start() {
        mkdir -p /run/dbus
        cat > "$LAB_DIR/bus.conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
		<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
		<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
		<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
		<allow send_destination="org.freedesktop.DBus"/></policy>
		<include>$here/service/org.confine1.conf</include></busconfig>
	END
        dbus-daemon --config-file="$LAB_DIR/bus.conf" --nofork --nopidfile --nosyslog >> "$LAB_DIR/bus.log" 2>&1 &
        bus_daemon=$!
        disown $bus_daemon
}
bus_stop() { kill "$bus_daemon"; wait_for 10 bus_gone; rm -f /run/dbus/system_bus_socket; }
bus_gone() { ! kill -0 "$bus_daemon" 2> /dev/null; }
on_bus() { sys status org.confine1 > /dev/null; }

manager_start
bus_start
check "the bus comes after the manager: the name is ours" wait_for 20 on_bus
like "introspection" "$(sys introspect org.confine1 /org/confine1)" '^\.Explain +method'
hold a alice
hold b bob
a=$(cells_of alice)
b=$(cells_of bob)
# The bus of Debian 12 proves of no caller which process it is: then no number is root.
if busctl --system call org.freedesktop.DBus / org.freedesktop.DBus GetConnectionCredentials s org.confine1 | grep -q ProcessFD; then
        like "root sees all" "$(sys tree --list org.confine1)" "cell/$b"
        like "root reloads" "$(sys_call root "" Manager Reload)" '^a\(sussbs\)'
else
        is "root by a mere number sees nobody's" "$(sys tree --list org.confine1 | grep -c /cell/c)" 0
        like "... and does not reload" "$(sys_call root "" Manager Reload)" 'Access denied|proves who'
fi
out=$(as alice busctl --system tree --list org.confine1)
like "alice sees her cell" "$out" "cell/$a"
is "and no other" "$(echo "$out" | grep -c '/cell/c')" 1
absent=$(sys_call alice /cell/cffffffffffff Cell Terminate | sed 's/cffffffffffff/ID/')
like "what is not there" "$absent" 'Unknown object'
for method in GetProcesses Terminate Freeze; do
        is "bob's cell is not there for alice ($method)" "$(sys_call alice "/cell/$b" Cell $method | sed "s/$b/ID/")" "$absent"
done
like "no polkit: alice may not freeze" "$(sys_call alice "/cell/$a" Cell Freeze)" 'Only root|Access denied'
like "no polkit: nor reload" "$(sys_call alice "" Manager Reload)" 'Only root|Access denied'
is "her cell is live" "$(bus_get "$a" State)" live
like "Explain, of herself" "$(sys_call alice "" Manager Explain ssss alice sshd '' '')" 50-alice
like "Explain, of bob" "$(sys_call alice "" Manager Explain ssss bob sshd '' '')" 'no user'

# Many calls at once, before it is known who calls: some are refused, and none is lost.
cat > "$LAB_DIR/flood.py" <<'END'
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
    return h + b'\0' * (-len(h) % 8)
s.sendall(call(1, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello'))
n = 200
s.sendall(b''.join(call(2 + i, 'org.confine1', '/org/confine1', 'org.confine1.Manager', 'ListPolicies') for i in range(n)))
s.settimeout(20)
data = b''
while data.count(b'a(ssssbbu)') + data.count(b'LimitsExceeded') < n:
    data += s.recv(65536)
print('answered', data.count(b'a(ssssbbu)') > 0, 'refused', data.count(b'LimitsExceeded') > 0)
END
is "many calls: all are answered or refused" "$(as bob python3 "$LAB_DIR/flood.py" 2>&1)" "answered True refused True"
like "many calls: others are served" "$(sys_call alice "" Manager ListPolicies)" 50-alice

bus_stop
check "without the bus: logins go on" su alice -c true
bus_start
check "the bus is back: so are the objects" wait_for 20 on_bus
is "the same manager" "$(sys get-property org.confine1 /org/confine1 org.confine1.Manager PID)" "t $manager"
like "alice ends her cell" "$(sys_call alice "/cell/$a" Cell Terminate; echo $?)" '^0$'
check "it is gone" wait_for 20 test ! -e "/run/confine/cells/$a"
let_go a
let_go b
wait_for 20 no_cells
wait_for 20 idle
manager_kill TERM
manager_start
check "a manager that comes after the bus" wait_for 20 on_bus
bus_stop

# What a bus says that gives the caller's pidfd, and one that doesn't: see tests/broker.
said() { # UID PID PROOF PATH INTERFACE MEMBER
        timeout 30 "$here/tests/broker" /run/dbus/system_bus_socket "$1" "$2" "$3" "/org/confine1$4" "org.confine1.$5" "$6" 2>&1
}
hold a alice
a=$(cells_of alice)
inside=$(bus_cell "$a" GetProcesses | grep -oE '[0-9]+ "bash"' | grep -oE '^[0-9]+' | head -n 1)
denied=org.freedesktop.DBus.Error.AccessDenied
absent=org.freedesktop.DBus.Error.UnknownObject
is "root outside, with a pidfd of it" "$(said 0 $$ live "" Manager Reload)" done
for proof in dead zombie none; do
        is "root's number alone ($proof): does not reload" "$(said 0 $$ $proof "" Manager Reload)" $denied
        is "... and sees no cell" "$(said 0 $$ $proof "/cell/$a" Cell GetProcesses)" $absent
done
is "root in a cell, with a pidfd, does not reload" "$(said 0 "$inside" live "" Manager Reload)" $denied
is "... but is the cell's owner" "$(said 0 "$inside" live "/cell/$a" Cell GetProcesses)" done
is "... by its number it is nobody" "$(said 0 "$inside" none "/cell/$a" Cell GetProcesses)" $absent
is "a user needs no proof for what is theirs" "$(said 2001 "$inside" none "/cell/$a" Cell GetProcesses)" done
let_go a
lab_done
