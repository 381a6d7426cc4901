#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Using up what there is: tasks, memory, files in memory, control groups, sessions.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
for u in alice bob carol dave erin frank; do lab_user $u $((uid = ${uid:-2100} + 1)); done

policy 10-small <<'END'
[Match]
User=alice
[Resources]
TasksMax=30
MemoryMax=48M
[Network]
Mode=none
END
policy 20-large <<'END'
[Match]
User=bob
[Resources]
TasksMax=1000
MemoryMax=1G
[Network]
Mode=none
END
policy 30-sum <<'END'
[Match]
User=carol
[Cell]
Scope=session
[Resources]
TasksMax=30
[UserResources]
TasksMax=40
[Network]
Mode=none
END
policy 40-no-sum <<'END'
[Match]
User=dave
[Cell]
Scope=session
[Resources]
TasksMax=30
[Network]
Mode=none
END
policy 50-policy-sum <<'END'
[Match]
User=erin frank
[Cell]
Scope=session
MaxSessions=2
[Resources]
TasksMax=30
[PolicyResources]
TasksMax=40
[Network]
Mode=none
END
manager_start

of_user() { pgrep -c -u "$1" -f "$try forks"; }
end_cells() { for c in $(cells_of "$1"); do bus_cell "$c" Terminate > /dev/null 2>&1; done; }
none_of() { [ -z "$(cells_of "$1")" ]; }
# bomb USER N: how many tasks there are then; meanwhile the others and the manager go on, and root can look and kill
bomb() {
        hold "$1" "$1" "$try forks $2 > /dev/null 2>&1"
        n=$(of_user "$1")
        cell=$(cells_of "$1")
        others=$(as bob true && bus_get "$cell" TasksCurrent > /dev/null && echo on)
        end_cells "$1"
        wait_for 20 none_of "$1" || others=
        let_go "$1" 2> /dev/null
        echo "$n tasks"
        [ "$others" = on ] || { echo "the others or the manager did not go on"; return; }
        if [ "$n" -ge "$2" ]; then echo hit; else echo "refused: $n of $2"; fi
}
attack 13.1 "a fork bomb; others log in, the manager answers, root ends it" "TasksMax=" 'bomb alice 200' 'bomb bob 200'
takes() { as "$1" "$try memory 150" > "$LAB_DIR/takes" 2>&1; cat "$LAB_DIR/takes"; grep -q hit "$LAB_DIR/takes" || echo "refused: $(bus_get "$(cells_of "$1")" OOMKills 2> /dev/null) killed"; }
hold a alice
attack 13.2 "a memory bomb" "MemoryMax=" 'takes alice' 'takes bob'
attack 13.3 "a full /tmp" "half of MemoryMax=, for all that is in memory" 'as alice $try fill /tmp/x 150' 'as bob $try fill /tmp/x 150'
attack 13.4 "a full /dev/shm" "half of MemoryMax=, for all that is in memory" 'as alice $try fill /dev/shm/x 150' 'as bob $try fill /dev/shm/x 150'
attack 13.5 "files without content, which size= does not count" "a file for every 4 KiB" 'as alice $try files /tmp 8000' 'as bob $try files /tmp 8000'
# The page cache is given back: the attack is to push others' pages out. A disk of 150 MiB, whose pages nobody has yet.
truncate -s 150M "$LAB_DIR/disk"
cached() { # USER: MiB in memory after reading it
        disk=$(losetup -f --show "$LAB_DIR/disk")
        chmod 666 "$disk"
        exec {open}< "$disk" # with the last one who has it open the pages go
        as "$1" "cat $disk > /dev/null"
        n=$(($(bus_get "$(cells_of "$1")" MemoryCurrent) >> 20))
        exec {open}<&-
        losetup -d "$disk"
        if [ $n -ge 100 ]; then echo hit; else echo "refused: $n MiB"; fi
}
hold b bob
attack 13.6 "reading a large disk fills the page cache" "MemoryMax= counts it" 'cached alice' 'cached bob'
let_go b
attack 13.7 "memory of System V, which outlives its process" "MemoryMax= counts it, and it goes with the ipc namespace" 'as alice "$try sysv 150" || echo refused: killed' 'as bob $try sysv 150'
let_go a
wait_for 20 no_cells

# --- 14: many sessions ---------------------------------------------------------------------------------
many() { # LIMIT USER...: sessions that want 40 tasks each; beyond the limit there is the reserve for logins
        limit=$1 total=0 i=0
        shift
        for u; do hold m$((i += 1)) "$u" "$try forks 40 > /dev/null 2>&1"; done
        for u in $(printf '%s\n' "$@" | sort -u); do total=$((total + $(of_user "$u"))); done
        for u; do end_cells "$u"; done
        for i in $(seq $i); do let_go m$i 2> /dev/null; done
        wait_for 20 no_cells
        if [ $total -gt "$limit" ]; then echo "$total tasks"; echo hit; else echo "refused: $total"; fi
}
attack 14.1 "three sessions with all the tasks they get, to multiply a quota" "[UserResources] TasksMax=" 'many 65 carol carol carol' 'many 65 dave dave dave'
attack 14.2 "the same by two users" "[PolicyResources] TasksMax=" 'many 65 erin erin frank' 'many 65 dave dave dave'
sessions() { # USER: a third one
        hold s1 "$1"
        hold s2 "$1"
        case $(as "$1" echo in) in *in) echo hit ;; *MaxSessions=*) echo refused ;; esac
        let_go s1
        let_go s2
        wait_for 20 no_cells
}
attack 14.3 "one more session than there may be" "MaxSessions=2" 'sessions erin' 'sessions dave'

# --- 10: control groups that are hard to remove ----------------------------------------------------------
# As somebody would to whom the group is delegated.
nest() { # DIRECTORY DEPTH
        python3 - "$1" "$2" << 'END'
import os, sys
os.chdir(sys.argv[1])
for name in (b"%s%n", b"\xff\xfe", b"-rf", b" ", b"a b"): os.mkdir(name)
for i in range(int(sys.argv[2])): os.mkdir(b"%d\xff"); os.chdir(b"%d\xff")
END
}
group_of() { find /sys/fs/cgroup -path "*/$instance/cells/*" -name "$1" | head -n 1; }
left() { find /sys/fs/cgroup -path "*/$instance/cells/*" -name "$1"; }
buried() { # DEPTH
        hold n bob
        cell=$(cells_of bob)
        nest "$(group_of "$cell")" "$1"
        let_go n
        wait_for 6 no_cells
        if [ -z "$(left "$cell")" ]; then echo "refused: all removed"; else echo hit; fi
        [ -n "$(left "$cell")" ] || return
        find "$(group_of "$cell")" -mindepth 1 -depth -type d -exec rmdir {} +
        wait_for 30 no_cells
}
# By names, as rmdir(1) and a shell would.
by_hand() {
        dir=$(find /sys/fs/cgroup -maxdepth 2 -name "$instance" | head -n 1)/hand
        mkdir "$dir"
        nest "$dir" 300
        rmdir "$dir"/* "$dir" 2> /dev/null
        if [ -d "$dir" ]; then echo hit; find "$dir" -depth -type d -exec rmdir {} +; else echo removed; fi
}
attack 10.1 "200 groups deep, with names like %s%n and \\xff" "removed from the innermost one on, by descriptors" 'buried 200' by_hand
attack 10.3 "1000 groups deep" "removed from the innermost one on, by descriptors" 'buried 1000' by_hand
attack 10.2 "root in the cell makes control groups" "/sys/fs/cgroup is read-only in every cell" 'root_in 20-large sh -c "mkdir \$(dirname \$(find /sys/fs/cgroup -name pids.max | head -n 1))/x && echo hit || echo refused"' 'mkdir $(find /sys/fs/cgroup -maxdepth 2 -name $instance | head -n 1)/x && echo hit; rmdir $(find /sys/fs/cgroup -maxdepth 2 -name $instance | head -n 1)/x'
attacks_done
