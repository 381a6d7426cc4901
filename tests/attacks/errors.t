#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the manager needs is used up, or refused by the kernel; and many logins. A login is refused or confined, and
# nothing is left over.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
faults_lab
manager_start
as bob true
as alice true
before=$(state)


# --- 32: nothing left to work with ---------------------------------------------------------------------------
# as USER, with a cell that can't be made; then all has to work again
fails() { # USER
        out=$(as "$1" /var/lib/where)
        echo "$out"
        case $out in *hit) echo hit ;; "refused: in a cell") echo "a cell was made" ;; *confine:*) echo "refused: no cell" ;; esac
}
taken() { # the only address of the pool
        hold t "$1"
        fails "$1"
        let_go t
        wait_for 20 no_cells
}
attack 32.1 "the pool has no address left" "users can bring it about: refused, also with OnFailure=allow" 'taken carol' 'not shown: no key lets in'
without_fds() { # USER
        limits=$(awk '/Max open files/ { print $4 }' "/proc/$manager/limits")
        free=3 # the lowest number that is not taken; with one more a login is accepted, and nothing beyond
        while [ -e "/proc/$manager/fd/$free" ]; do free=$((free + 1)); done
        prlimit --pid "$manager" --nofile="$((free + 1)):$limits"
        lab_pam "timeout=3s"
        fails "$1" > "$LAB_DIR/fails"
        prlimit --pid "$manager" --nofile="$limits:$limits"
        lab_pam "timeout=10s"
        wait_for 20 no_cells
        [ "$(as bob /var/lib/where)" = "refused: in a cell" ] || echo "no login afterwards" >> "$LAB_DIR/fails"
        wait_for 20 no_cells
        cat "$LAB_DIR/fails"
}
attack 32.2 "the manager has no descriptor left" "no answer is a refusal, and it recovers" 'without_fds dave' 'absent onerr=succeed'
no_room() { # USER: /run is full
        used=$(df -k --output=used /run | tail -n 1)
        mount -o remount,size=$((used + 256))k /run
        dd if=/dev/zero of=/run/fill bs=4k > /dev/null 2>&1
        fails "$1" > "$LAB_DIR/fails"
        rm /run/fill
        mount -o remount,size=50% /run
        wait_for 20 no_cells
        [ "$(as bob /var/lib/where)" = "refused: in a cell" ] || echo "no login afterwards" >> "$LAB_DIR/fails"
        wait_for 20 no_cells
        cat "$LAB_DIR/fails"
}
attack 32.3 "records can't be written" "no record, no cell, also with OnFailure=allow" 'no_room carol' 'not shown: no key lets in'
with_error() { # CALLS:ERROR COMMAND...: every time, in the manager and its jobs
        trace -f -e trace="${1%:*}" -e "inject=${1%:*}:error=${1#*:}"
        "${@:2}"
        untrace
}
injected() { # USER CALLS:ERROR...: what a job calls fails, every time
        for at in "${@:2}"; do
                with_error "$at" fails "$1" > "$LAB_DIR/fails"
                out=$(tail -n 1 "$LAB_DIR/fails")
                wait_for 30 no_cells && nothing || { echo "left after $at"; return; }
                case $out in refused*) ;; *) echo "$at: $out"; return ;; esac
        done
        echo "refused: each of $(($# - 1)) errors"
}
errors='clone3:ENOMEM clone3:EPERM mkdirat:ENOSPC open_tree,move_mount:ENOMEM fsopen:ENODEV setns:EPERM mount_setattr:ENOSYS'
attack 32.4 "the kernel has no memory, no room, or no such call, when a cell is made" "OnFailure=deny; what was made is undone" 'injected dave $errors' 'with_error mkdirat:EROFS fails carol'
named() { # USER: somebody made the link before
        hold n "$1" true
        link=$(links | tail -n 1)
        let_go n
        wait_for 20 no_cells
        ip link add "$link" type veth peer name taken
        out=$(as bob /var/lib/where)
        ip link del "$link"
        wait_for 20 no_cells
        echo "$out"
}
attack 32.5 "a link of a former cell's name is there" "names are never used again" 'named bob' 'ip link add cf0 type veth peer name taken; ip link add cf0 type veth peer name taken2 2> /dev/null || echo hit; ip link del cf0'

stuck() { # what removes a cell's interface is refused for a while
        hold u bob
        with_error sendmsg,sendto:ENOBUFS ended "$(bus_get "$(cells_of bob)" InitPID)"
        wait_for 40 no_cells && nothing || { echo hit; return; }
        echo "refused: killed at once, removed as soon as it can be"
}
ended() { # PID: pid 1 ends all the same
        let_go u
        init_gone() { ! kill -0 "$1" 2> /dev/null; }
        wait_for 5 init_gone "$1" || echo "pid 1 lives"
}
attack 32.6 "netlink has no buffers when a cell ends" "killed first; the rest is tried again" stuck 'not shown: the kernel would be asked once'

# --- 33: many -----------------------------------------------------------------------------------------------
burst() { # N logins at once, and N one after the other
        pids=
        for i in $(seq "$1"); do $open su bob pts/1 "" > /dev/null 2>&1 & pids="$pids $!"; done
        other=$(as alice /var/lib/where)
        failed=0
        for p in $pids; do wait "$p" || failed=$((failed + 1)); done
        for i in $(seq "$1"); do $open su bob pts/1 "" > /dev/null 2>&1 || failed=$((failed + 1)); done
        after=$(state)
        echo "$failed failed, the other: $other"
        [ "$after" = "$before" ] || { echo "hit: $before, now $after"; return; }
        [ $failed = 0 ] && [ "$other" = "refused: in a cell" ] && echo "refused: all got in, nothing is left"
}
attack 33.1 "60 logins of a user at once, and 60 one after the other" "jobs are few and fair; each step has its opposite" 'burst 60' 'not shown: a step that is not undone would be another program'
all_out() {
        for i in $(seq 20); do hold q$i bob; done
        for s in /run/confine/sessions/*; do kill -KILL "$(sed -n 's/^Leader=//p' "$s")"; done
        for i in $(seq 20); do let_go q$i 2> /dev/null; done
        after=$(state)
        if [ "$after" = "$before" ]; then echo "refused: nothing is left"; else echo "hit: $after"; fi
}
attack 33.2 "20 login programs are killed at once" "a session ends with its caller's pidfd" all_out 'not shown: a step that is not undone would be another program'

attacks_done
