#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Restart, upgrade, crash and stop of the manager under people who are logged in by ssh.

. "$(dirname "$0")/lib.sh"

policy 50-alice <<'END'
[Match]
User=alice
[Cell]
Scope=user
[Resources]
MemoryMax=300M
[Network]
Pool=10.77.0.0/24
END
policy 60-bob <<'END'
[Match]
User=bob
[Cell]
Scope=session
[Resources]
TasksMax=60
[Network]
Mode=none
END
vm_pam
vm_up

# enter NAME USER: a session that writes what it is told to, by the shell that answers.
enter() {
        mkfifo "$LAB_DIR/in-$1"
        ssh "$2@localhost" 'echo up; while read -r line; do eval "$line"; done' < "$LAB_DIR/in-$1" > "$LAB_DIR/out-$1" 2>&1 &
        eval "exec {fd_$1}> $LAB_DIR/in-$1"
        wait_for 60 grep -qs '^up$' "$LAB_DIR/out-$1"
}
tag=0
ask() { # NAME COMMAND: its last line
        tag=$((tag + 1))
        eval "echo \"\$2; echo end-$tag\" >&\$fd_$1"
        wait_for 30 grep -qs "^end-$tag\$" "$LAB_DIR/out-$1" || return 1
        grep -B1 "^end-$tag\$" "$LAB_DIR/out-$1" | head -n 1
}

for s in one two; do enter $s alice; done
enter three bob
ok $? "three sessions"
look='(cd /proc/self/ns && readlink pid mnt net ipc uts | paste -sd" ")'
snapshot() { # what must not change
        confinectl list --no-legend | awk '{ print $1, $2, $3, $4, $6 }' | sort
        confinectl sessions --no-legend | awk '{ print $1, $2, $3 }' | sort
        for s in one two three; do ask $s "$look"; done
        limit /user.slice/user-1000.slice MemoryMax memory.max
        limit "$(ask three 'sed -n s/^0:://p /proc/self/cgroup')" TasksMax pids.max
        ask one 'ip -br addr show dev eth0 | awk "{ print \$3 }"'
        nft list table inet confine | grep -v counter | sort
}
before=$(snapshot)
like "... in their cells" "$before" "$((300 << 20))"

systemctl restart confined
wait_for 30 idle
is "restart: sessions, cells, limits, addresses, rules are as before" "$(snapshot)" "$before"

# as dpkg does it: new files in the place of the old ones, which go on as they are
(cd /opt/tests/installed && find . -type f | while read -r f; do
        cp -p "$f" "/$f.dpkg-new" && mv -f "/$f.dpkg-new" "/$f"
done)
systemctl daemon-reload
systemctl restart confined
wait_for 30 idle
is "upgrade: the same" "$(snapshot)" "$before"
pid=$(systemctl show confined -P MainPID)
is "... and the new file runs" "$(stat -Lc %i /proc/"$pid"/exe)" "$(stat -c %i /usr/sbin/confined)"

kill -KILL "$pid"
replaced() { [ "$(systemctl show confined -P MainPID)" != "$pid" ] && systemctl is-active -q confined && idle; }
check "crash: it is started again" wait_for 30 replaced
is "... the same" "$(snapshot)" "$before"

systemctl stop confined
is "stop: sessions go on" "$(ask one "$look"; ask three "$look")" "$(grep -m1 -A2 '^pid:' <<< "$before" | sed -n '1p;3p')"
like "... a new login is refused at once, and told so" "$(in_ssh bob true 2>&1; echo $?)" 'confine: not available'
systemctl start confined
wait_for 30 idle
is "start: the same" "$(snapshot)" "$before"

cell=$(cells_of alice)
check "what was taken over can be adjusted" ctl set-property --runtime "$cell" BandwidthUp=10M
! vm_has memory || check "... its limits, too" ctl set-property --runtime "$cell" MemoryMax=200M
! vm_has memory || is "... in force" "$(limit /user.slice/user-1000.slice MemoryMax memory.max)" $((200 << 20))
check "a login finds its cell" in_ssh alice true
is "... the same one" "$(cells_of alice)" "$cell"
check "... and it can be ended" ctl terminate "$cell"
gone() { [ ! -e "/run/confine/cells/$cell" ]; }
check "... it is gone" wait_for 30 gone
for s in one two three; do eval "exec {fd_$s}>&-"; done
vm_done
