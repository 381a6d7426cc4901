#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a cell sees of processes outside, and what it can do to them, to its own pid 1, and to those who join.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2100} + 1)); done

policy 10-cell <<'END'
[Match]
User=alice
[Network]
Mode=none
END
policy 20-linger <<'END'
[Match]
User=bob
[Cell]
LingerSec=1h
[Network]
Mode=none
END
policy 30-root <<'END'
[Cell]
LingerSec=30s
[Network]
Mode=none
END
policy 31-no-ptrace <<'END'
[Cell]
LingerSec=30s
[Network]
Mode=none
[Process]
CapabilityBoundingSet=~CAP_SYS_PTRACE
END
policy 32-user <<'END'
[Cell]
LingerSec=30s
Namespaces=mnt pid net ipc uts cgroup user
[Network]
Mode=none
END
policy 33-shared <<'END'
[Match]
User=dave
[Cell]
Scope=policy
LingerSec=30s
[Network]
Mode=none
END
printf '[Manager]\nSubordinateIDs=1000000-1655359\n' > /etc/confine/confined.conf
manager_start

# --- 1, 3: processes outside ---------------------------------------------------------------------------
victim carol
attack 1.1 "a user lists /proc" "own pid namespace, whose pid 1 mounted /proc" 'as alice $try sees 7777' 'as carol $try sees 7777'
stricken() { "$@" > /dev/null 2>&1; hit_unless alive; }
attack 1.3 "root in the cell sends a signal to the number of a process outside" "own pid namespace" 'root_in 30-root $try kill $victim' '$try kill $victim'
attack 3.1 "/proc/PID/root of a process outside" "own pid namespace, whose pid 1 mounted /proc" 'root_in 30-root $try exists /proc/$victim/root/etc' '$try exists /proc/$victim/root/etc'
kill $victim
victim alice
attack 3.2 "/proc/PID/root of a process outside, of the same user" "own pid namespace, whose pid 1 mounted /proc" 'as alice $try exists /proc/$victim/root/etc' 'outside alice $try exists /proc/$victim/root/etc'
attack 2.6 "ptrace of a process outside, of the same user" "own pid namespace" 'as alice $try ptrace $victim' 'outside alice $try ptrace $victim'
attack 1.2 "kill -9 -1" "own pid namespace" 'stricken as alice $try kill-all' 'stricken outside alice $try kill-all'

# --- 2: pid 1, and those who join ----------------------------------------------------------------------
attack 2.1 "a user traces pid 1 of the cell" "pid 1 is root's and not dumpable" 'as alice $try ptrace 1' 'root_in 30-root $try ptrace 1'
attack 2.2 "a user takes a descriptor of pid 1 (pidfd_getfd)" "pid 1 is root's and not dumpable" 'as alice $try getfd 1' 'not shown: pid 1 has no descriptors, so root gets none either'
attack 2.3 "root in the cell traces pid 1" "CapabilityBoundingSet=~CAP_SYS_PTRACE; pid 1 is not dumpable" 'root_in 31-no-ptrace $try ptrace 1' 'root_in 30-root $try ptrace 1'
attack 2.4 "root of a user namespace traces pid 1" "Namespaces=user; pid 1 is not dumpable" 'root_in 32-user $try ptrace 1' 'root_in 30-root $try ptrace 1'
# Beside each other in the cell: who hunts for those who join, and many who do.
hunt() { # POLICY
        "$build/confinectl" --runtime-dir=/run/confine run --policy "$1" -- $try hunt confinectl > "$LAB_DIR/hunt" 2>&1 &
        hunter=$!
        wait_for 10 grep -q up "$LAB_DIR/hunt"
        for i in $(seq 300); do
                kill -0 $hunter 2> /dev/null || break
                root_in "$1" true > /dev/null 2>&1
                [ "$i" -lt 20 ] || ! grep -q seen "$LAB_DIR/hunt" || break
        done
        kill $hunter 2> /dev/null
        wait $hunter
        cat "$LAB_DIR/hunt"
}
attack CVE-2016-9962 "root of a user namespace opens the program of one who joins (runc: a process was open to its container before it was confined)" "who joins is not dumpable until the command begins" 'hunt 32-user' 'hunt 30-root'
attack 2.5 "root in the cell opens the program of one who joins" "CapabilityBoundingSet=~CAP_SYS_PTRACE; who joins is not dumpable" 'hunt 31-no-ptrace' 'hunt 30-root'

# --- 4: outliving the login -------------------------------------------------------------------------------
stays='setsid sh -c "trap \"\" HUP TERM INT; exec sleep 8888" > /dev/null 2>&1 & exit 0'
of_user() { pgrep -u "$1" -f 'sleep 8888' > /dev/null; }
gone_of() { ! of_user "$1"; }
lives_on() { as "$1" "$stays"; wait_for "$2" gone_of "$1" && echo "refused: killed" || echo hit; }
attack 4.1 "a daemon that ignores signals outlives the login" "the cell ends with its last session: its pid 1 is killed" 'lives_on alice 15' 'lives_on bob 1'

for c in $(ls /run/confine/cells); do bus_cell "$c" Terminate > /dev/null 2>&1; done
attacks_done
