#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A session is its login program: what never joins, has exited, or was another process gets none; and nobody traces
# one that joins.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_pam
policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mode=none
END
manager_start
restart_with() { # COMMAND...: while no manager runs
        manager_kill KILL
        "$@"
        manager_start
}

# --- one that never joins ------------------------------------------------------------------------------
# It asks, closes its connection, and goes on.
mkfifo "$LAB_DIR/go-on"
python3 -c '
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(20)
s.connect("/run/confine/login")
field = lambda text: text.encode().ljust(256, b"\0")
s.send(struct.pack("<6I1024II", 0x436f6e66, 1, 1, 2001, 2001, 0, *[0] * 1025) + field("alice") + field("su") + field("") * 3)
print("verdict", struct.unpack("<3I", s.recv(65536)[:12])[2], flush=True)
sys.stdin.readline()
s.close()
print("closed", flush=True)
sys.stdin.readline()' < "$LAB_DIR/go-on" > "$LAB_DIR/never" &
never=$!
exec {go_on}> "$LAB_DIR/go-on"
said() { grep -qsx "$1" "$LAB_DIR/never"; }
check "never joins: it is offered a cell" wait_for 20 said "verdict 1"
check "never joins: there is a session" nsessions_are 1
echo >&$go_on
check "never joins: it hangs up" wait_for 20 said closed
check "never joins: it has no session, and there is no cell" wait_for 20 no_cells
check "never joins: it goes on" kill -0 $never
exec {go_on}>&-
wait $never

# --- many that ask -------------------------------------------------------------------------------------------
# Programs that one user has started, as with su, have so many connections and no more; others go on.
is "many at once: one user's are bounded, and others are served" "$(python3 -c '
import os, socket, struct
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(20)
    s.connect("/run/confine/login")
    return s
def ask(s):
    field = lambda text: text.encode().ljust(256, b"\0")
    try: s.send(struct.pack("<6I1024II", 0x436f6e66, 1, 1, 2001, 2001, 0, *[0] * 1025) + field("alice") + field("su") + field("") * 3)
    except OSError: pass # it is answered before it asks
    try: reply = s.recv(65536)
    except ConnectionResetError: reply = s.recv(65536) # that its request was not read is told first
    return "refused" if b"too many logins wait already" in reply else "verdict %d" % struct.unpack("<3I", reply[:12])[2]
os.setresuid(2001, 0, 0)
waiting = [connect() for _ in range(512)]
print(ask(connect()))
os.setresuid(0, 0, 0)
print(ask(connect()))')" "$(printf 'refused\nverdict 1')"
check "many at once: all of it is gone" wait_for 20 no_cells

# --- one that joins ----------------------------------------------------------------------------------------
is "joins: nobody may trace it or read its memory" "$("$build/tests/helpers/pam-open" su alice pts/1 "" 2>&1 | tail -n 1)" "dumpable 0"
wait_for 20 no_cells

# As a unit's own process, of a host that systemd runs: it stays behind for the one that goes on in the cell.
install -m 755 "$build/tests/helpers/pam-open" /var/lib/systemd-executor
mkdir -p /run/systemd/system
strace -f -qq -o "$LAB_DIR/calls" -e trace=prctl /var/lib/systemd-executor su alice pts/1 "" > "$LAB_DIR/stands" 2>&1
is "stands in: the session opens" "$(head -n 1 "$LAB_DIR/stands")" "0 Success"
stand_in=$(sed -n 's/^\([0-9]*\) .*PR_SET_NAME, "(confine)".*/\1/p' "$LAB_DIR/calls")
isnt "stands in: there was one" "$stand_in" ""
is "stands in: nobody may trace it, whatever fs.suid_dumpable is" \
        "$(sed -n '/PR_SET_NO_NEW_PRIVS/,$p' "$LAB_DIR/calls" | grep -c "^$stand_in .*(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0")" 1
rmdir /run/systemd/system
check "stands in: all of it is gone" wait_for 20 no_cells

# --- whose process it was ----------------------------------------------------------------------------------
hold a alice
restart_with sed -i 's/^LeaderStartTime=.*/LeaderStartTime=1/' /run/confine/sessions/*
check "another process has the number of its leader: no session" wait_for 20 nsessions_are 0
is "another process has the number of its leader: none is shown" "$(ctl --no-legend list | grep -c alice)" 0
check "another process has the number of its leader: no cell" wait_for 20 no_cells
let_go a

hold a alice
hold b alice
gone=$(grep -lx "Leader=$held_b" /run/confine/sessions/*)
stale() { kill -KILL "$held_b"; wait_for 20 exited; }
exited() { ! kill -0 "$held_b" 2> /dev/null; }
restart_with stale
is "a record whose leader has exited is removed" "$(ls "$gone" 2> /dev/null)" ""
check "... and no other" nsessions_are 1
let_go b
let_go a
wait_for 20 no_cells

# --- pid 1 of a cell that somebody traces -------------------------------------------------------------------
# Its tracer is told first that it has exited, and only then we are.
hold a alice
init=$(bus_get "$(cells_of alice)" InitPID)
python3 -c '
import ctypes, signal, sys
if ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), None, None) == 0: signal.pause() # PTRACE_SEIZE' "$init" &
tracer=$!
disown $tracer
is_traced() { grep -q "^TracerPid:[[:space:]]*$tracer" "/proc/$init/status"; }
check "pid 1 is traced" wait_for 10 is_traced
kill -KILL "$init"
check "pid 1 is traced: its cell ends with it" wait_for 20 no_cells
wait_for 20 idle # it has looked whether it can be reaped by then
is "pid 1 is traced: it is still there" "$(unreaped | grep -c "$init")" 1
kill -KILL $tracer
check "pid 1 is traced: no more, and it is reaped" wait_for 20 all_reaped
let_go a
lab_done
