#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manager, or what it needs, fails at a bad moment: the login is refused or confined, and nothing is left over.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
faults_lab
RANDOM=1

policy 40-lingers <<'END'
[Match]
User=erin
[Cell]
LingerSec=10min
[Network]
Mode=none
END
manager_start
as bob true
as alice true
before=$(state)
no_counterpart='not shown: there is no manager without it'

# With a COMMAND that is true: is all taken over?
restarted() { # COMMAND: while the manager is away; 12 sessions in 7 cells
        for i in 1 2 3 4 5 6; do hold a$i alice; hold b$i bob; done
        set_property "$(cells_of alice)" true TasksMax=77
        was=$(ls /run/confine/cells /run/confine/sessions; links | sort; groups | sort)
        manager_kill KILL
        eval "$1"
        manager_start
        is=$(ls /run/confine/cells /run/confine/sessions; links | sort; groups | sort)
        dead=0
        for i in 1 2 3 4 5 6; do
                for k in a b; do
                        eval "kill -0 \$held_$k$i" 2> /dev/null || dead=$((dead + 1))
                done
        done
        limit=$(bus_get "$(cells_of alice)" TasksMax 2> /dev/null)
        for i in 1 2 3 4 5 6; do let_go a$i 2> /dev/null; let_go b$i 2> /dev/null; done
        wait_for 30 no_cells
        if [ "$is" = "$was" ] && [ $dead = 0 ] && [ "$limit" = 77 ]; then echo "refused: all are there, with their limits"; else echo "$dead ended, limit $limit"; echo hit; fi
}
unrecorded() { restarted 'rm /run/confine/cells/* /run/confine/sessions/*'; }

# --- 29: killed at any call ------------------------------------------------------------------------------
dead() { ! kill -0 $manager 2> /dev/null; }
dead_or_idle() { dead || idle; }
inject() { trace -e trace="${1%:*}" -e "inject=${1%:*}:signal=KILL:when=${1#*:}"; } # CALLS:N
killed_at() { # CALLS:N...
        hits=0
        for at; do
                log_offset=$(($(stat -c %s "$LAB_DIR/log") + 1))
                inject "$at"
                timeout 20 su bob -c true > /dev/null 2>&1
                wait_for 1 dead && hits=$((hits + 1))
                untrace
                dead && manager_start
                wait_for 20 no_cells && nothing || { echo "hit: at $at: $(groups) $(links)"; return; }
        done
        [ $hits -gt $(($# / 2)) ] || { echo "killed $hits times of $# alone"; return; }
        echo "refused: nothing is left, killed $hits times"
}
attack 29.1 "the manager is killed while it opens or closes a cell" "recorded before anything is made, swept afterwards" 'killed_at accept4:1 recvfrom:1 openat:2 rename,renameat,renameat2:1 clone,clone3:1 read:2 sendmsg:1 sendmsg:2 pidfd_open:1' "$no_counterpart"
adjusted() { # COMMAND CALLS:N...: killed while it freezes or thaws a cell and sets a limit; COMMAND while it is away
        away=$1
        shift
        hold a alice
        cell=$(cells_of alice) hits=0 state=live
        for at; do
                log_offset=$(($(stat -c %s "$LAB_DIR/log") + 1))
                wanted=$((wanted_last = ${wanted_last:-30} + 1))
                [ $state = frozen ] && verb=Thaw || verb=Freeze
                inject "$at"
                set_property "$cell" true TasksMax=$wanted > /dev/null 2>&1 &
                bus_cell "$cell" $verb > /dev/null 2>&1
                wait $!
                untrace
                wait_for 20 dead_or_idle # and not about to die
                dead && hits=$((hits + 1)) && eval "$away" && manager_start
                wait_for 20 idle
                [ "$(ncells)" = 1 ] || { echo "hit: no cell, at $at"; return; }
                state=$(bus_get "$cell" State)
                told="$(bus_get "$cell" TasksMax) $state"
                # the kernel's does not count pid 1
                kernel="$(($(in_force pids.max) - 1)) live"
                in_force freezer.state cgroup.freeze | grep -qE '^(1|FR)' && kernel="${kernel% *} frozen"
                echo "$at: $wanted and $verb was wanted, $told is told, $kernel is in force"
                [ "$told" = "$kernel" ] || break
        done
        bus_cell "$cell" Thaw
        let_go a
        wait_for 20 no_cells
        [ "$told" = "$kernel" ] || { echo hit; return; }
        [ $hits -gt $(($# / 2)) ] || { echo "killed $hits times of $# alone"; return; }
        echo "refused: one cell, with what is told, killed $hits times"
}
before_noted=rename,renameat,renameat2:2 # or before something else is recorded, which then is no proof
killed_when="openat:1 write:1 rename,renameat,renameat2:1 clone,clone3:1 wait4,waitid:1 read:2 openat:4 rename,renameat,renameat2:2 wait4,waitid:2 sendmsg:1 sendmsg:2"
attack 29.2 "the manager is killed while it adjusts or freezes a cell" "recorded before it is done, and done once more" 'adjusted true $killed_when' "adjusted 'sed -i /^Adjusting=/d /run/confine/cells/*' $before_noted $before_noted $before_noted $before_noted"

# --- 30: restarts ------------------------------------------------------------------------------------------
attack 30.1 "the manager is killed with 12 sessions in 7 cells, and started again" "cells live without it; it takes them over by their records" 'restarted true' unrecorded

# --- 31: no answer -------------------------------------------------------------------------------------------
deaf() { # MODULE-OPTIONS: a login while the manager is stopped
        lab_pam "timeout=2s $1"
        kill -STOP $manager
        start=$SECONDS
        out=$(as alice /var/lib/where)
        took=$((SECONDS - start))
        kill -CONT $manager
        lab_pam "timeout=10s"
        wait_for 20 no_cells
        wait_for 20 idle
        echo "$out"
        case $out in *hit) echo hit ;; *"not available"*) [ $took -le 6 ] && echo "refused: within $took s" || echo "hit: after $took s" ;; esac
}
attack 31.1 "the manager is stopped" "a deadline over everything; no answer is a refusal" 'deaf ""' 'deaf onerr=succeed'
full() { # MODULE-OPTIONS: nobody accepts, and the queue is full
        lab_pam "timeout=2s $1"
        kill -STOP $manager
        python3 -c '
import socket, time
peers = []
for i in range(20000):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.setblocking(False)
    try: s.connect("/run/confine/login")
    except BlockingIOError: break
    except OSError: break
    peers.append(s)
print("up", flush=True); time.sleep(100)' > "$LAB_DIR/full" &
        filler=$!
        wait_for 20 grep -q up "$LAB_DIR/full"
        start=$SECONDS
        out=$(as alice /var/lib/where)
        took=$((SECONDS - start))
        kill $filler
        wait $filler 2> /dev/null
        kill -CONT $manager
        lab_pam "timeout=10s"
        wait_for 20 idle
        wait_for 20 no_cells
        echo "$out"
        case $out in *hit) echo hit ;; *"not available"*) [ $took -le 6 ] && echo "refused: within $took s" || echo "hit: after $took s" ;; esac
}
attack 31.2 "the queue of the login socket is full" "connected without waiting; no answer is a refusal" 'full ""' 'full onerr=succeed'
attack 31.3 "the manager is not there" "no answer is a refusal" 'absent ""' 'absent onerr=succeed'

# --- 34: deaths ----------------------------------------------------------------------------------------------
dies_early() { # the login program, after so many ms, while its cell is being made
        for ms in 1 2 3 5 8 12; do
                $open su bob pts/1 "" > /dev/null 2>&1 &
                login=$!
                python3 -c "import os, time; time.sleep($ms / 1000); os.kill($login, 9)" 2> /dev/null
                wait $login 2> /dev/null
        done
        if [ "$(state)" = "$before" ]; then echo "refused: nothing is left"; else echo "hit: $(state)"; fi
}
attack 34.1 "a login program dies while its cell is being made" "rolled back" dies_early 'not shown: a step that is not undone would be another program'
pid1_dies() {
        hold p bob
        kill -KILL "$(bus_get "$(cells_of bob)" InitPID)"
        wait_for 20 no_cells && nothing && ! kill -0 "$held_p" 2> /dev/null && echo "refused: the session has ended" || echo hit
        let_go p 2> /dev/null
}
attack 34.2 "pid 1 of a cell dies" "the kernel ends its processes, and the manager the session" pid1_dies 'not shown: it is the kernel that does it'
lingering() { # close_session never comes: the program is killed; and then its session is closed again
        hold c bob
        s=$(ls /run/confine/sessions | head -n 1)
        kill -KILL "$(sed -n 's/^Leader=//p' "/run/confine/sessions/$s")"
        wait_for 20 no_cells || { echo hit; return; }
        bus call org.confine1 "/org/confine1/session/$s" org.confine1.Session Terminate > /dev/null 2>&1 && echo hit || echo "refused: there is none to close"
        let_go c 2> /dev/null
}
attack 34.3 "close_session never comes, or comes twice" "it is a hint: a session ends with its caller's pidfd" lingering 'not shown: nothing is left to the hint'

# --- 36: clocks ------------------------------------------------------------------------------------------------
by_wall_clock() { # does the manager have a timer that a jump of the wall clock could let off?
        as erin true
        wait_for 20 nsessions_are 0
        n=0 armed=0
        for f in /proc/$manager/fdinfo/*; do
                grep -q '^clockid' "$f" 2> /dev/null || continue
                n=$((n + 1))
                grep -q '^clockid: 0$' "$f" && ! grep -q '^it_value: (0, 0)$' "$f" && armed=$((armed + 1))
        done
        for c in $(cells_of erin); do bus_cell "$c" Terminate > /dev/null; done
        wait_for 20 no_cells
        if [ $n = 0 ]; then echo "no timer at all"; elif [ $armed = 0 ]; then echo "refused: none of $n timers"; else echo hit; fi
}
attack 36.1 "the clock jumps ten years, with a cell that lingers" "no timer runs by the wall clock" by_wall_clock 'not shown: the clock is the whole machine'"'"'s'
attacks_done
