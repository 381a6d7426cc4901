#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many logins: in a burst, over and over, all out at once; hostile users of the sockets. Nothing leaks, and
# nobody's burst delays the others.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2500} + 1)); done
lab_pam "timeout=60s"
BURST=${BURST:-150} CYCLES=${CYCLES:-150}

policy 10-user <<'END'
[Match]
User=alice
[Network]
Pool=10.82.0.0/24 fd82::/64
END
policy 20-session <<'END'
[Match]
User=bob
[Cell]
Scope=session
[Network]
Pool=10.83.0.0/16
END
policy 30-other <<'END'
[Match]
User=carol
[Network]
Mode=none
END
policy 40-small <<'END'
[Match]
User=dave
[Resources]
TasksMax=40
[Network]
Mode=none
END
manager_start
open=$build/tests/helpers/pam-open

rss() { awk '/^VmRSS/ { print $2 }' /proc/$manager/status; }
mounts() { wc -l < /proc/mounts; }
groups() { find /sys/fs/cgroup/*/"$instance" -type d 2>/dev/null | wc -l; }
links() { ip -o link | wc -l; }
elements() { nft list table inet "$instance" | wc -l; }
# What asked whether it is idle hangs up, too, and the manager has to notice.
no_peers() { [ -z "$(ss -Hx state connected src /run/confine/bus)" ]; }
measure() { wait_for 60 no_cells; wait_for 20 idle; wait_for 10 no_peers; echo "fds $(fds) mounts $(mounts) groups $(groups) links $(links) rules $(elements)"; }

# warm: everything that is allocated once
cycle() { for _ in $(seq "$1"); do $open su "$2" pts/1 "" || return 1; done; }
cycle 5 bob > /dev/null && cycle 5 alice > /dev/null
before=$(measure)

check "$CYCLES opens and closes of new cells" cycle "$CYCLES" bob
is "... and nothing is left" "$(measure)" "$before"
memory=$(rss)
check "$CYCLES more" cycle "$CYCLES" bob
is "... and nothing is left" "$(measure)" "$before"
check "... nor does the manager grow ($memory kB, now $(rss))" test "$(rss)" -le $((memory + 512))

pids=
for i in $(seq "$BURST"); do
        $open su bob pts/1 "" > /dev/null 2>&1 &
        pids="$pids $!"
done
start=$(date +%s%N)
check "in a burst of $BURST logins of one user, another gets in" su carol -c true
other=$((($(date +%s%N) - start) / 1000000))
failed=0
for p in $pids; do wait "$p" || failed=$((failed + 1)); done
all=$((($(date +%s%N) - start) / 1000000))
is "all of the burst got in" "$failed" 0
check "and the other did not wait for them ($other of $all ms)" test $((other * 3)) -le "$all"
is "... and nothing is left" "$(measure)" "$before"
check "... nor memory ($memory kB, now $(rss))" test "$(rss)" -le $((memory + 1024))

pids=
for i in $(seq 40); do su alice -c "sleep 1000" > /dev/null 2>&1 & disown; done
wait_for 60 nsessions_are 40
is "40 first logins of one user at once make one cell" "$(cells_of alice | wc -w)" 1
for p in $(ls /run/confine/sessions | while read -r s; do sed -n 's/^Leader=//p' "/run/confine/sessions/$s"; done); do kill -9 "$p"; done
check "all their login programs are killed at once: all is gone" wait_for 60 no_cells
is "... and nothing is left" "$(measure)" "$before"

# Whoever is let in can fork; the others wait, or are told.
mkdir "$LAB_DIR/burst"
pids=
for i in $(seq "$BURST"); do
        su dave -c 'echo in; sleep 0.2; true' > "$LAB_DIR/burst/$i" 2>&1 &
        pids="$pids $!"
done
wait $pids
decided() { grep -lE '^in$|^confine: ' "$LAB_DIR"/burst/* | wc -l; }
is "$BURST logins at once with TasksMax=40: each is in, or was told why not" "$(decided)" "$BURST"
is "... and who is in could fork" "$(cat "$LAB_DIR"/burst/* | grep -c -i 'fork\|resource')" 0
check "... and more than fit at once got in ($(cat "$LAB_DIR"/burst/* | grep -c '^in$') did)" \
        test "$(cat "$LAB_DIR"/burst/* | grep -c '^in$')" -ge 20
is "... and nothing is left" "$(measure)" "$before"

# --- hostile users of the sockets ------------------------------------------------------------------------
try_login_socket='import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    s.connect("/run/confine/login"); print("connected")
except OSError as e:
    print(type(e).__name__)'
is "an ordinary user can't connect to the login socket" "$(setpriv --reuid 2501 --clear-groups python3 -c "$try_login_socket")" PermissionError
chmod 666 /run/confine/login
is "and if the file's mode let them, they get no answer" "$(setpriv --reuid 2501 --clear-groups python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.settimeout(5); s.connect("/run/confine/login")
try: s.send(b"x" * 100)
except OSError: pass
try: print(len(s.recv(100)))
except OSError as e: print(0)')" 0
chmod 600 /run/confine/login

python3 - <<'END' > "$LAB_DIR/peers" 2>&1 &
import os, socket, time
# as root: silent, slow, too long, too short, with fds
peers = []
for i in range(300):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect("/run/confine/login"); peers.append(s)
    if i % 3 == 1: s.send(b"\0" * 4000)
    if i % 3 == 2: socket.send_fds(s, [b"x" * 10], [0] * 200)
os.setuid(2501)
bus = []
for i in range(100):
    s = socket.socket(socket.AF_UNIX); s.connect("/run/confine/bus"); bus.append(s)
    try:
        if i % 2: s.send(b"\0AUTH EXTERNAL 32353031\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n" + b"l\1\0\1" + b"\xff\xff\xff\x07" + b"\1\0\0\0" + b"x" * 1000)
        else: s.send(b"\0")
    except OSError: pass
print("up", flush=True)
time.sleep(1000)
END
hostile=$!
wait_for 20 grep -q up "$LAB_DIR/peers"
check "with 400 bad peers a login works" su carol -c true
check "with 400 bad peers root is served on the bus" bus get-property org.confine1 /org/confine1 org.confine1.Manager NCells
kill $hostile
wait $hostile 2>/dev/null
fds_back() { [ "fds $(fds)" = "$(echo "$before" | cut -d' ' -f1-2)" ]; }
check "when they go, their descriptors go" wait_for 20 fds_back

python3 - <<'END' > "$LAB_DIR/deaf" 2>&1
import os, socket
os.setuid(2501)
s = socket.socket(socket.AF_UNIX); s.connect("/run/confine/bus")
s.send(b"\0AUTH EXTERNAL 32353031\r\nBEGIN\r\n")
def text(t): return len(t).to_bytes(4, "little") + t + b"\0"
def field(code, kind, value): return bytes([code, 1]) + kind + b"\0" + value
def pad(b): return b + b"\0" * (-len(b) % 8)
fields = pad(field(1, b"o", text(b"/org/confine1"))) + pad(field(2, b"s", text(b"org.freedesktop.DBus.Introspectable"))) \
        + field(3, b"s", text(b"Introspect"))
call = pad(b"l\1\0\1" + b"\0\0\0\0" + b"\7\0\0\0" + len(fields).to_bytes(4, "little") + fields)
s.settimeout(10)
try:
    for i in range(100000): s.send(call)
    print("never stopped")
except OSError as e: print("stopped")
END
is "who calls and never reads is cut off" "$(cat "$LAB_DIR/deaf")" stopped
check "... and the manager did not grow for it ($memory kB, now $(rss))" test "$(rss)" -le $((memory + 8192))

# --- another's cells do not exist ---------------------------------------------------------------------------
hold a alice
cell=$(cells_of alice)
as_bob() { setpriv --reuid 2502 --clear-groups busctl --address=unix:path=/run/confine/bus "$@" 2>&1; }
for method in Freeze Terminate GetProcesses; do
        theirs=$(as_bob call org.confine1 /org/confine1/cell/"$cell" org.confine1.Cell $method | sed "s/$cell/ID/")
        nobodys=$(as_bob call org.confine1 /org/confine1/cell/c000000000000 org.confine1.Cell $method | sed 's/c000000000000/ID/')
        is "$method of another's cell: as if it did not exist" "$theirs" "$nobodys"
done
is "GetCell of another's: as if it did not exist" \
        "$(as_bob call org.confine1 /org/confine1 org.confine1.Manager GetCell s "$cell" | sed "s/$cell/ID/")" \
        "$(as_bob call org.confine1 /org/confine1 org.confine1.Manager GetCell s c000000000000 | sed 's/c000000000000/ID/')"
is "FindCells by another's name: as if it did not exist" \
        "$(as_bob call org.confine1 /org/confine1 org.confine1.Manager FindCells s alice | sed 's/alice/NAME/')" \
        "$(as_bob call org.confine1 /org/confine1 org.confine1.Manager FindCells s nobodyhere | sed 's/nobodyhere/NAME/')"
like "Reload is root's" "$(as_bob call org.confine1 /org/confine1 org.confine1.Manager Reload)" 'Access denied'
like "one's own cell is seen" "$(setpriv --reuid 2501 --clear-groups busctl --address=unix:path=/run/confine/bus \
        call org.confine1 /org/confine1 org.confine1.Manager FindCells s alice)" "$cell"
like "but limits are root's" "$(setpriv --reuid 2501 --clear-groups busctl --address=unix:path=/run/confine/bus \
        call org.confine1 /org/confine1/cell/"$cell" org.confine1.Cell SetProperties bas true 1 TasksMax=infinity 2>&1)" 'Access denied'
check "one's own cell can be terminated" setpriv --reuid 2501 --clear-groups busctl \
        --address=unix:path=/run/confine/bus call org.confine1 /org/confine1/cell/"$cell" org.confine1.Cell Terminate
check "... and is gone" wait_for 20 no_cells
let_go a 2> /dev/null

# --- names -----------------------------------------------------------------------------------------------------
printf 'w\303\244ird\\n:x:2510:2510::/home/alice:/bin/sh\n' >> /etc/passwd
policy 40-weird <<'END'
[Match]
UID=2510
[Network]
Mode=none
END
bus_reload
check "a user name that is no ASCII gets a cell" "$open" su "$(printf 'w\303\244ird\\n')" pts/1 "$(printf '\377\n\342\200\256')"
check "... and its log lines are escaped" sh -c "LC_ALL=C grep -q 'xc3' '$LAB_DIR/log' && ! LC_ALL=C grep -q \$(printf '\\377') '$LAB_DIR/log'"
wait_for 20 no_cells
lab_done
