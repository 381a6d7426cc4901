#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manager's sockets: who may ask, what about, and what bad peers do.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab "timeout=20s"
for u in alice bob carol dave erin; do lab_user $u $((uid = ${uid:-2100} + 1)); done
open=$build/tests/helpers/pam-open

policy 10-cell <<'END'
[Match]
User=alice bob
[Network]
Mode=none
END
policy 20-session <<'END'
[Match]
User=carol
[Cell]
Scope=session
[Network]
Mode=none
END
policy 05-hidden <<'END'
[Policy]
Description=the project falcon
[Match]
User=carol
Service=none
[Network]
Mode=none
END
policy 30-shared <<'END'
[Match]
User=dave erin
[Cell]
Scope=policy
LingerSec=10min
[Network]
Mode=none
END
cp "$build/confinectl" /var/lib/ # where a cell sees it
echo 'alice ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/alice
chmod 440 /etc/sudoers.d/alice
manager_start

# --- 21: the login socket --------------------------------------------------------------------------------
login=/run/confine/login
attack 21.1 "a user connects to the login socket" "mode 0600" 'outside alice $try connect-unix $login seqpacket' '$try connect-unix $login seqpacket'
# What root's tool sends, as it went over the socket; an answer is a reply with a verdict.
record() {
        strace -f -qq -e trace=sendmsg,sendto,write,writev -e write=all -s 100000 -xx -o "$LAB_DIR/trace" \
                timeout 20 "$build/confinectl" --runtime-dir=/run/confine run --policy 10-cell -- true
        python3 - "$LAB_DIR/trace" "$LAB_DIR/request" << 'END'
import re, sys
best = b""
for line in open(sys.argv[1]):
    for text in re.findall(r'"((?:\\x[0-9a-f]{2})+)"', line):
        if "send" in line and len(text) // 4 > len(best): best = bytes.fromhex(text.replace("\\x", ""))
open(sys.argv[2], "wb").write(best)
END
        chmod 644 "$LAB_DIR/request"
        chmod 755 "$LAB_DIR"
        mkdir -p /var/lib/replay
        cp "$LAB_DIR/request" /var/lib/replay/
}
record
cat > /var/lib/replay/send <<'END'
#!/usr/bin/env python3
import socket, sys
data = open("/var/lib/replay/request", "rb").read()
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(10)
try:
    s.connect("/run/confine/login")
    s.send(data)
    print("hit" if len(s.recv(100000)) > 100 else "refused: no answer")
except OSError as e: print("refused", type(e).__name__)
END
chmod 755 /var/lib/replay/send
with_mode() { chmod 666 $login; "$@"; chmod 600 $login; }
attack 21.2 "a user replays what root's tool has sent, where the socket's mode lets everybody in" "who asks is said by the kernel (SO_PEERCRED), and has to be root" 'with_mode outside alice /var/lib/replay/send' '/var/lib/replay/send'
from_within() {
        as alice "sudo /var/lib/confinectl run --policy 10-cell -- echo hit" > "$LAB_DIR/within"
        if grep -q "can't be started in a cell from within a cell" "$LAB_DIR/within"; then echo refused; else cat "$LAB_DIR/within"; fi
}
attack 21.3 "root in a cell asks for another cell" "the kernel says where the caller is: not from within a cell" 'from_within' 'root_in 10-cell echo hit'
joins() { # COMMAND...: runs the tool, in alice's cell and in one of bob's own
        hold j alice
        "$@" "$build/confinectl" --runtime-dir=/run/confine shell "$(cells_of alice)" echo in > "$LAB_DIR/joins" 2>&1
        "$@" "$build/confinectl" --runtime-dir=/run/confine run --policy 10-cell -- echo in >> "$LAB_DIR/joins" 2>&1
        let_go j
        wait_for 20 no_cells
        if grep -qx in "$LAB_DIR/joins"; then echo hit; elif grep -q 'Only root' "$LAB_DIR/joins"; then echo refused; else cat "$LAB_DIR/joins"; fi
}
attack CVE-2022-31214 "a user has root's tool enter a cell, of their own or of another (firejail --join)" "confinectl has no rights of its own: run and shell are root's" 'joins outside bob' 'joins eval'

# --- 22: other people's things -------------------------------------------------------------------------
hold a alice
cell=$(cells_of alice)
session=$(ls /run/confine/sessions)
# The answer about alice's, compared with that about what isn't there.
same() { # USER: each method
        for call in "/org/confine1/cell/ID org.confine1.Cell Freeze" "/org/confine1/cell/ID org.confine1.Cell Terminate" \
                "/org/confine1/cell/ID org.confine1.Cell GetProcesses" "/org/confine1 org.confine1.Manager GetCell s ID"; do
                theirs=$(ask_bus "$1" "${call//ID/$cell}" | sed "s/$cell/ID/g")
                nobodys=$(ask_bus "$1" "${call//ID/c000000000000}" | sed 's/c000000000000/ID/g')
                echo "$theirs"
                [ "$theirs" = "$nobodys" ] || { echo hit; return; }
        done
        echo "refused: as if it did not exist"
}
ask_bus() { # shellcheck disable=SC2086
        outside "$1" busctl --address=unix:path=/run/confine/bus call org.confine1 $2
}
attack 22.1 "a user asks for another's cell by its number" "the answer is the same as for one that isn't there" 'same bob' 'ask_bus root "/org/confine1 org.confine1.Manager GetCell s $cell" | grep -q $cell && echo hit'
session_same() {
        theirs=$(ask_bus "$1" "/org/confine1/session/$session org.confine1.Session Terminate" | sed "s/$session/ID/g")
        nobodys=$(ask_bus "$1" "/org/confine1/session/s000000000000 org.confine1.Session Terminate" | sed "s/s000000000000/ID/g")
        echo "$theirs"
        [ "$theirs" = "$nobodys" ] && kill -0 "$held_a" && echo "refused: as if it did not exist" || echo hit
}
attack 22.2 "a user ends another's session" "the answer is the same as for one that isn't there" 'session_same bob' 'ask_bus alice "/org/confine1/session/$session org.confine1.Session Terminate"; wait_for 20 no_cells && echo hit'
let_go a 2> /dev/null
hold a alice
cell=$(cells_of alice)
attack 22.3 "a user raises the limits of their own cell" "limits are root's" 'outside alice busctl --address=unix:path=/run/confine/bus call org.confine1 /org/confine1/cell/$cell org.confine1.Cell SetProperties bas true 1 TasksMax=infinity > /dev/null && echo hit || echo refused' 'set_property $cell true TasksMax=100 > /dev/null && echo hit'
raises() { "$@" busctl --address=unix:path=/run/confine/bus call org.confine1 /org/confine1/cell/$cell org.confine1.Cell SetProperties bas true 1 TasksMax=77 > /dev/null 2>&1 && echo hit || echo refused; }
attack 22.4 "root in a cell of root's changes another's limits" "root in a cell is nobody on the bus" 'raises root_in 10-cell' 'raises'

let_go a
wait_for 20 no_cells

# root's process in alice's cell, and one of her own
hold a alice 'trap : RTMIN+6; sudo sleep 4441 & sleep 4442 & :'
cell=$(cells_of alice)
runs() { pgrep -fx "sleep $1" > /dev/null; }
wait_for 10 runs 4441
wait_for 10 runs 4442
gone() { ! runs "$1"; }
kills() { # COMMAND...: runs busctl
        "$@" busctl --address=unix:path=/run/confine/bus call org.confine1 "/org/confine1/cell/$cell" org.confine1.Cell Kill i 40 # which sudo doesn't pass on, as it does USR1
        wait_for 10 gone 4442 || return
        if runs 4441; then echo "refused: only to their own processes"; else echo hit; fi
}
attack 22.5 "a user has the manager kill root's process in their cell, which sudo has started" "it sends a signal with the user's own rights" 'kills outside alice' 'bus_cell "$cell" Kill i 40; wait_for 10 gone 4441 && echo hit'
let_go a
wait_for 20 no_cells
hold d dave
setsid su erin -c 'sleep 4443 & :' # and leaves it behind
wait_for 10 nsessions_are 1
ends() { # SIGNATURE-OF-CALL...: ends dave's session, the last one of the cell, or the cell
        "$@" > /dev/null
        wait_for 10 nsessions_are 0 || return
        wait_for 10 idle
        if runs 4443; then echo "refused: the others' go on"; else echo hit; fi
}
dave_ends() { ask_bus dave "/org/confine1/session/$(ls /run/confine/sessions) org.confine1.Session Terminate"; }
attack 22.6 "a user ends what others run in a cell of all, by ending the last session in it" "a cell is ended by its owner; a session's login program gets SIGTERM" 'ends dave_ends' 'bus_cell "$(ls /run/confine/cells)" Terminate > /dev/null; wait_for 20 no_cells && hit_if gone 4443'
let_go d 2> /dev/null
wait_for 20 no_cells

# Another's policies, and what is counted of others. "done" is what bob is to get of his own.
printf '[Match]\nUser=carol\n[Falcon]\n' | policy 06-broken
bus_reload
su alice -c true
manager_call() { ask_bus "$1" "/org/confine1 org.confine1.Manager $2"; }
about_others() { # USER
        out=$(for call in ListPolicies ListServices ListTraffic "Explain ssss bob sshd - -"; do manager_call "$1" "$call"; done
                outside "$1" busctl --address=unix:path=/run/confine/bus introspect org.confine1 /org/confine1 org.confine1.Manager)
        echo "$out"
        case $out in *hidden* | *falcon* | *20-session* | *carol* | *Falcon* | *06-broken*) echo hit; return ;; esac
        echo "$out" | grep -qE '^\.(NLogins|NDenied|NJobs|NPolicies) .* (0|[0-9]{1,9}) ' && { echo hit; return; }
        for call in "GetPolicy s" "ExplainUnit s" "Explain ssss"; do
                same=
                for name in 05-hidden nothing; do
                        case $call in ExplainUnit*) word=$name.service ;; Explain*) word="${name/05-hidden/carol} su - -" ;; *) word=$name ;; esac
                        same="$same/$(manager_call "$1" "$call $word" | sed "s/05-hidden/NAME/g; s/carol/NAME/g; s/nothing/NAME/g")"
                done
                one=${same#/}
                [ "${one%%/*}" = "${one#*/}" ] || { echo "$same"; echo hit; return; }
        done
        case $out in *'"10-cell"'*Cell*) echo "refused: of their own alone" ;; *) echo "their own is missing" ;; esac
}
attack 22.7 "a user asks for others' policies, their errors, services, and how many logins there were" "one filter for all answers" 'about_others bob' 'about_others root'
rm /etc/confine/policies/06-broken.ini
bus_reload
attack 22.8 "a user lists the network namespaces of cells" "/run/netns is root's to list" 'outside bob ls /run/netns > /dev/null && echo hit || echo refused' 'ls /run/netns > /dev/null && echo hit'

# --- 23: bad peers ---------------------------------------------------------------------------------------
before=$(fds)
peers() { # KIND USER N: these stay connected
        timeout 60 python3 - "$@" << 'END' > "$LAB_DIR/peers" 2>&1 &
import os, socket, sys, time
kind, uid, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if kind == "bus-giants": # each of so many users has what one may have
    r, w = os.pipe()
    for user in range(uid, uid + n):
        if os.fork() == 0:
            uid, n, kind = user, 16, "bus-giant"
            break
    else:
        os.close(w)
        while os.read(r, 100): pass
        print("up", flush=True)
        os.wait()
        sys.exit()
    sys.stdout = os.fdopen(w, "w", closefd=False)
os.setuid(uid)
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
whole = b"" # of a message before, Hello(), in the same packet
if uid % 2:
    field = lambda code, kind, text: bytes([code, 1]) + kind + b"\0" + len(text).to_bytes(4, "little") + text + b"\0"
    fields = b""
    for f in (field(1, b"o", b"/org/freedesktop/DBus"), field(2, b"s", b"org.freedesktop.DBus"), field(3, b"s", b"Hello")):
        fields += b"\0" * (-len(fields) % 8) + f
    whole = b"l\1\0\1\0\0\0\0\1\0\0\0" + len(fields).to_bytes(4, "little") + fields + b"\0" * (-len(fields) % 8)
peers = []
for i in range(n):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if kind.startswith("bus") else socket.SOCK_SEQPACKET)
    s.settimeout(0.5)
    try:
        s.connect("/run/confine/bus" if kind.startswith("bus") else "/run/confine/login")
        if kind == "giant": s.send(b"\0" * 60000)
        elif kind == "short": s.send(b"x")
        elif kind == "fds": socket.send_fds(s, [b"x" * 10], [0] * 253)
        elif kind == "wrong": socket.send_fds(s, [open("/var/lib/replay/request", "rb").read()], [0, 1, 2])
        elif kind in ("bus-giant", "bus-flood", "bus-fds"):
            s.send(b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n")
            if not s.recv(200): raise OSError
            s.send(whole + b"l\1\0\1" + (0x07000000).to_bytes(4, "little") + b"\1\0\0\0\1\0\0\0")
            if kind == "bus-flood":
                for _ in range(500): s.send(b"x" * 65536)
            if kind == "bus-fds":
                for _ in range(100): socket.send_fds(s, [b"x"], [0] * 10)
        elif kind == "bus-garbage": s.send(os.urandom(2000))
    except OSError: pass
    peers.append(s)
print("up", flush=True)
if "w" in globals(): os.close(w)
if kind == "slow":
    for byte in b"\0" * 30:
        for s in peers:
            try: s.send(bytes([byte]))
            except OSError: pass
        time.sleep(0.05)
time.sleep(50)
END
        peers=$!
        wait_for 40 grep -q up "$LAB_DIR/peers"
}
fds_back() { [ "$(fds)" -le $((before + 1)) ]; }
besieged() { # KIND UID N
        peers "$@"
        out=$(as carol echo in) # by the socket of which root alone may fill the queue
        kbytes=$(awk '/^VmRSS/ { print $2 }' /proc/$manager/status)
        held=$(($(fds) - before))
        bus_get_ok=$(timeout 10 busctl --address=unix:path=/run/confine/bus get-property org.confine1 /org/confine1 org.confine1.Manager NCells 2>&1)
        kill $peers
        wait $peers 2> /dev/null
        echo "$out, $bus_get_ok, $kbytes kB, $held descriptors"
        case $1 in bus*) [ "$kbytes" -lt 100000 ] && [ $held -lt 100 ] || { echo hit; return; } ;; esac
        wait_for 30 fds_back || { echo "hit: $(fds) descriptors, $before before"; return; }
        case $out/$bus_get_ok in in/t*) echo "refused: root is served, no descriptor stays" ;; *) echo hit ;; esac
}
nothing='not shown: deadlines and bounds can not be turned off'
attack 23.1 "200 peers that say nothing" "a deadline for each" 'besieged silent 0 200' "$nothing"
attack 23.2 "50 peers that send a byte at a time" "a request is one packet" 'besieged slow 0 50' "$nothing"
attack 23.3 "frames that are too long, and too short" "bounds" 'besieged giant 0 100; besieged short 0 100' "$nothing"
attack 23.4 "253 descriptors at once" "those of a bad packet are closed" 'besieged fds 0 100' "$nothing"
attack 23.5 "descriptors where none belong" "those of a bad packet are closed" 'besieged wrong 0 20' "$nothing"
attack 23.6 "10 000 connections of a user to the bus" "so many for each user" 'besieged bus 2101 10000' "$nothing"
attack 23.7 "messages of 128 MiB that never come" "bounds" 'besieged bus-giant 2101 50' "$nothing"
attack 23.11 "the same by 16 users: more than the machine has" "for the memory that a job needs such connections are closed" 'besieged bus-giants 2110 16' "$nothing"
attack 23.8 "garbage on the bus" "bounds" 'besieged bus-garbage 2101 100' "$nothing"
attack 23.9 "messages of 112 MiB that come" "a message without an end is cut off" 'besieged bus-flood 2101 20' "$nothing"
attack 23.10 "descriptors in messages on the bus" "they are not taken" 'besieged bus-fds 2101 20' "$nothing"

# --- 24: callers that die, or turn into something else -----------------------------------------------------
clean() { wait_for 20 no_cells && nothing; }
killed_at() { # CALL:N...: a login program is killed there
        for at; do
                timeout 20 strace -f -qq -o /dev/null -e trace="${at%:*}" -e "inject=${at%:*}:signal=KILL:when=${at#*:}" \
                        "$open" su carol pts/1 "" > /dev/null 2>&1
                clean || { echo "hit: at $at"; return; }
        done
        as carol echo in
        wait_for 20 no_cells
        echo "refused: nothing is left, at $# calls"
}
attack 24.1 "the login program is killed in any state of its request" "a session lives as long as the pidfd of its caller" 'killed_at connect:1 sendmsg:1 sendto:1 recvmsg:1 recvmsg:2 poll,ppoll:1 setns:1 sendmsg:2 sendto:2 prctl:1 chdir:1' 'not shown: no state is without a watch'
leader_is() { # what the session's leader was when it asked, by pidfd: a number used again is another
        hold s carol
        s=$(ls /run/confine/sessions | head -n 1)
        leader=$(sed -n 's/^Leader=//p' "/run/confine/sessions/$s")
        kill -KILL "$leader"
        wait_for 20 nsessions_are 0 || { echo "hit: the session outlives its leader"; return; }
        echo $((leader - 1)) > /proc/sys/kernel/ns_last_pid
        sleep 30 & reused=$!
        clean && kill -0 $reused 2> /dev/null && echo "refused: $leader is $reused now, and lives" || echo hit
        kill $reused
        let_go s 2> /dev/null
}
attack 24.2 "the number of a dead login program is used again" "identity is a pidfd" 'leader_is' 'not shown: nothing in the manager goes by numbers'

# By a connection that a process of root's in a cell has left: tests/broker says so in the bus daemon's place.
mkdir -p /run/dbus
by_bus() { # PROOF...
        for proof; do
                case $("$here/tests/broker" /run/dbus/system_bus_socket 0 $$ "$proof" /org/confine1 org.confine1.Manager Reload) in
                done) echo "hit: $proof"; return ;;
                *AccessDenied) ;;
                *) return ;;
                esac
        done
        echo refused
}
attack 24.3 "root in a cell calls by the system bus, the calling process ends, and its number is a root's outside" "a number without a live pidfd is never root" 'by_bus none zombie dead' 'by_bus live | sed s/:.*//'
cat > "$LAB_DIR/leave" << 'END'
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
pid = os.fork()
if pid == 0:
    s.connect("/run/confine/login")
    os._exit(0)
os.waitpid(pid, 0)
print(pid, flush=True)
sys.stdin.readline()
s.settimeout(10)
s.send(struct.pack("<6I1024II", 0x436f6e66, 2, 2, 2103, 2103, 0, *[0] * 1025) + b"".join(f.ljust(256, b"\0") for f in (b"carol", b"su", b"", b"", b"")))
s.recv(1)
END
closes() { # the request to close, by a connection whose process has ended, and had the number of carol's su
        mkfifo "$LAB_DIR/go" "$LAB_DIR/stay"
        python3 "$LAB_DIR/leave" < "$LAB_DIR/go" > "$LAB_DIR/left" 2>&1 &
        leaver=$!
        exec {go}> "$LAB_DIR/go"
        wait_for 10 grep -q . "$LAB_DIR/left"
        read -r left < "$LAB_DIR/left"
        echo $((left - 1)) > /proc/sys/kernel/ns_last_pid
        su carol -c 'echo up; read _' < "$LAB_DIR/stay" > "$LAB_DIR/up" 2>&1 & # the next number
        stays=$!
        exec {stay}> "$LAB_DIR/stay"
        wait_for 20 grep -qx up "$LAB_DIR/up"
        echo >&$go
        exec {go}>&-
        wait $leaver
        rm "$LAB_DIR/go" "$LAB_DIR/stay"
        if ! nsessions_are 1; then echo hit
        elif [ "$stays" = "$left" ]; then echo "refused: carol's session lives"
        else echo "process $stays did not get the number $left"; fi
        exec {stay}>&-
        wait $stays
        wait_for 20 no_cells
}
attack 24.4 "a connection to the login socket is kept after its process has ended, and closes the session of who has the number" "what a dead process has left is not heard" 'closes' 'not shown: the connection would have to be made by the login program'

# --- 25: names -------------------------------------------------------------------------------------------
odd() { # what the login program says of user, service, terminal and host
        for name in '' '../x' '../../etc/passwd' $'a\nb' $'\xff\xfe' $'\xe2\x80\xae' '%n%s' '-rf' '4294967295' '-1' \
                "$(head -c 65536 /dev/zero | tr '\0' a)" "$(head -c 300 /dev/zero | tr '\0' b)"; do
                timeout 20 "$open" su "$name" pts/1 "" > /dev/null 2>&1 && { echo "hit: user $(printf %q "${name:0:20}")"; return; }
                timeout 20 "$open" su carol "${name:-none}" "$name" > /dev/null 2>&1
                [ ! -e /run/confine/x ] || { echo "hit: file"; return; }
                timeout 20 busctl --address=unix:path=/run/confine/bus call org.confine1 /org/confine1 org.confine1.Manager GetCell s "$name" 2>&1 | grep -q 'o "' && { echo hit; return; }
        done
        wait_for 20 no_cells || { echo "hit: cells"; return; }
        kill -0 $manager || { echo "hit: the manager"; return; }
        LC_ALL=C grep -q "$(printf '\377')" "$LAB_DIR/log" && { echo "hit: raw bytes in the log"; return; }
        echo "refused: or escaped"
}
attack 25.1 "names that are empty, 64 KiB, ../x, have newlines, no UTF-8, turn the line round, are formats, options, no uid" "a number is the identity; names are bounded, and escaped where they are shown" 'odd' 'timeout 20 $open su carol pts/1 "" > /dev/null && echo hit'

# --- 28 -----------------------------------------------------------------------------------------------------
second() { # RUNTIME-DIR INSTANCE
        timeout 3 "$build/confined" --runtime-dir="$1" --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" --init="$build/confine-init" --instance="$2" > "$LAB_DIR/second" 2>&1
        case $?/$(cat "$LAB_DIR/second") in
        124/*) echo hit ;;
        *"Another confined runs already"*) echo "refused: another confined runs already" ;;
        *) cat "$LAB_DIR/second" ;;
        esac
}
attack 28.1 "a second manager" "a lock" 'second /run/confine $instance' 'mkdir /run/second; second /run/second ${instance}x; rm -rf /run/second'
attacks_done
