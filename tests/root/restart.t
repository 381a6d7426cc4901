#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manager dies and comes back: sessions notice nothing, and of what was half made nothing stays.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol; do lab_user $u $((uid = ${uid:-2200} + 1)); done
lab_pam

policy 10-user <<'END'
[Match]
User=alice bob
[Resources]
TasksMax=100
[Network]
Pool=10.80.0.0/24 fd80::/64
END
policy 20-session <<'END'
[Match]
User=carol
[Cell]
Scope=session
[Resources]
MemoryMax=100M
[Network]
Pool=10.80.0.0/24
END
manager_start

sessions() { ls /run/confine/sessions | sort; }
cells() { ls /run/confine/cells | sort; }
groups_of() { find /sys/fs/cgroup/*/"$instance"/cells /sys/fs/cgroup/"$instance"/cells -mindepth 3 -maxdepth 3 -type d 2>/dev/null | sort; }
links() { ip -o link show | grep -oE 'cf[0-9a-f]{12}' | sort; }

# --- 20 live sessions of three users ----------------------------------------------------------------
for i in $(seq 7); do hold a$i alice; hold b$i bob; done
for i in $(seq 6); do hold c$i carol; done
nsessions_are 20
is "20 sessions are open" $? 0
before_sessions=$(sessions) before_cells=$(cells) before_links=$(links) before_groups=$(groups_of)
is "of three users in 2 + 6 cells" "$(cells | wc -l)" 8
alice_cell=$(cells_of alice)
address=$(bus_get "$alice_cell" Addresses)
set_property "$alice_cell" true TasksMax=90

manager_kill KILL
for i in a1 b7 c3; do check "session $i does not notice that the manager is gone" sh -c "kill -0 $(eval echo \$held_$i)"; done
manager_start
is "after the restart: the same sessions" "$(sessions)" "$before_sessions"
is "after the restart: the same cells" "$(cells)" "$before_cells"
is "after the restart: the same interfaces" "$(links)" "$before_links"
is "after the restart: the same control groups" "$(groups_of)" "$before_groups"
is "after the restart: the same address" "$(bus_get "$alice_cell" Addresses)" "$address"
is "after the restart: what set-property had set" "$(bus_get "$alice_cell" TasksMax)" 90
check "limits are still adjustable" set_property "$alice_cell" true TasksMax=20
is "... and in force" "$(cat /sys/fs/cgroup/pids/"$instance"/cells/10-user/2201/"$alice_cell"/pids.max 2>/dev/null ||
        cat /sys/fs/cgroup/"$instance"/cells/10-user/2201/"$alice_cell"/pids.max)" 21
is "a new login joins the cell of before" \
        "$(su alice -c 'readlink /proc/self/ns/pid')" "$(readlink "/proc/$(bus_get "$alice_cell" InitPID)/ns/pid")"
check "the firewall still knows the cells: ping" su alice -c 'ping -q -c1 -W5 10.80.0.1'
new=$(su carol -c 'ip -4 -o addr show eth0' | awk '{ sub("/32", "", $4); print $4 }')
check "a new cell of the pool gets an address that no other has ($new)" \
        test "$(grep -lx "Address4=$new" /run/confine/cells/* 2>/dev/null | wc -l)" -le 1

manager_kill KILL
manager_start
is "once more" "$(sessions)" "$before_sessions"
for i in $(seq 7); do let_go a$i; let_go b$i; done
for i in $(seq 6); do let_go c$i; done
check "all gone when they log out" wait_for 30 no_cells
is "no link is left" "$(links)" ""

# --- what happens while it is away --------------------------------------------------------------------
hold a alice
hold c carol
manager_kill KILL
let_go c
kill -9 "$(bus_init=$(sed -n 's/^InitPid=//p' /run/confine/cells/*"$(cells_of alice)"); echo "$bus_init")"
manager_start
check "a session and a pid 1 that died meanwhile are cleaned up" wait_for 20 no_cells
let_go a 2>/dev/null

hold a alice
manager_kill TERM
check "stopped in peace: live sessions go on" kill -0 "$held_a"
manager_start
is "and are taken over" "$(nsessions_are 1; echo $?)" 0

# --- records that are broken ---------------------------------------------------------------------------
manager_kill KILL
cell=$(cells_of alice)
echo garbage > /run/confine/cells/c000000000000
printf '[Cell]\nBootId=another\nPolicy=x\n[End]\n' > /run/confine/cells/c000000000001
head -c 60 "/run/confine/cells/$cell" > /run/confine/cells/c000000000002
printf '[Session]\nBootId=%s\nCell=../../x\n[End]\n' "$(cat /proc/sys/kernel/random/boot_id)" > /run/confine/sessions/s1
ln -s /etc/passwd /run/confine/cells/c000000000003
manager_start
is "broken records are set aside, the good one is used" "$(cells)" "$cell"
like "each with a warning" "$(tail -c +"$log_offset" "$LAB_DIR/log")" 'c000000000000 is unusable.*setting it aside'
like "one of another boot goes" "$(tail -c +"$log_offset" "$LAB_DIR/log")" 'c000000000001 is of another boot'
out=$("$build/confined" --runtime-dir=/run/confine --config-dir=/etc/confine --init="$build/confine-init" --instance="$instance" 2>&1)
isnt "a second manager exits" $? 0
like "and says why" "$out" 'Another confined runs already'
rm -rf /run/confine/broken
let_go a
wait_for 20 no_cells

# --- what nobody owns is swept ---------------------------------------------------------------------------
hold a alice
cell=$(cells_of alice)
manager_kill KILL
rm "/run/confine/cells/$cell" /run/confine/sessions/*
manager_start
swept() { [ -z "$(groups_of)$(links)" ]; }
check "a cell without a record is removed" wait_for 20 swept
let_go a 2>/dev/null

# --- what it costs ---------------------------------------------------------------------------------------
# With all cells known, no group is tried to be removed, and each directory is read once in its hierarchy.
for i in $(seq 6); do hold c$i carol; done
hold a alice
hold b bob
manager_kill KILL
CONFINED_WRAP="env ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -qq -o $LAB_DIR/calls -e trace=unlinkat,rmdir,openat" # leaks are not looked for under ptrace
manager_start
CONFINED_WRAP=
n_hierarchies=$(grep -c cgroup /proc/self/mountinfo)
n_dirs=$(find /sys/fs/cgroup/*/"$instance"/cells /sys/fs/cgroup/*/"$instance"/reserve /sys/fs/cgroup/"$instance"/cells \
        /sys/fs/cgroup/"$instance"/reserve -type d 2> /dev/null | grep -vc '/c[0-9a-f]\{12\}')
is "a restart tries to remove no group that is in use" "$(grep -cE "(unlinkat|rmdir)\(.*$instance/(cells|reserve)" "$LAB_DIR/calls")" 0
n=$(grep -cE "openat\(.*\"$instance/(cells|reserve)[^\"]*\"" "$LAB_DIR/calls")
check "a restart opens $n directories of groups where $n_dirs are" test "$n" -le $((n_dirs + 2 * n_hierarchies))
stop_traced() { kill -TERM "$(pgrep -P "$manager" -x confined)"; wait_for 20 manager_gone; }
log_offset=$(($(stat -c %s "$LAB_DIR/log") + 1))
stop_traced
manager_start
for i in $(seq 6); do let_go c$i; done
let_go a
let_go b
wait_for 30 no_cells

# --- SIGKILL at every kind of system call of opening -------------------------------------------------------
# Attached to the running manager, so that the count begins with the login. Jobs die with the manager.
for call in accept4:1 recvfrom:1 recvfrom:2 openat:1 openat:2 openat:5 rename,renameat,renameat2:1 clone,clone3:1 \
        read:2 clone,clone3:2 renameat,renameat2:2 sendmsg:1 sendmsg:2 epoll_ctl:4 pidfd_open:1; do
        log_offset=$(($(stat -c %s "$LAB_DIR/log") + 1))
        strace -q -o /dev/null -p $manager -e trace="${call%:*}" -e "inject=${call%:*}:signal=KILL:when=${call#*:}" 2> /dev/null &
        tracer=$!
        traced() { ! kill -0 $tracer 2>/dev/null || ! grep -q '^TracerPid:.0$' /proc/$manager/status 2>/dev/null; }
        wait_for 10 traced
        timeout 20 su carol -c true > /dev/null 2>&1
        dead() { ! kill -0 $manager 2>/dev/null; }
        wait_for 3 dead && hit=yes || hit=no
        kill $tracer 2>/dev/null
        wait $tracer 2>/dev/null
        n=$(groups_of | sed 's|.*/||' | sort -u | wc -l)
        check "killed at $call ($hit): zero or one cell" test "$n" -le 1
        if [ $hit = yes ]; then
                manager_start
        fi
        check "killed at $call: a login works after the restart" su carol -c true
        check "killed at $call: nothing is left" wait_for 20 no_cells
        is "killed at $call: no link, no control group" "$(links; groups_of)" ""
done

# And the jobs: killed alone, the manager undoes what they began.
for call in mkdirat:3 mkdirat:12 write:4 clone3:1 setns:1 sendmsg:1 sendmsg:3; do
        strace -q -f -o /dev/null -p $manager -e trace="${call%:*}" \
                -e "inject=${call%:*}:signal=KILL:when=${call#*:}" 2>/dev/null &
        tracer=$!
        wait_for 10 traced
        timeout 20 su carol -c true > /dev/null 2>&1
        kill $tracer 2>/dev/null
        wait $tracer 2>/dev/null
        if ! kill -0 $manager 2>/dev/null; then # the call was the manager's own
                log_offset=$(($(stat -c %s "$LAB_DIR/log") + 1))
                manager_start
        fi
        check "a job killed at $call: nothing is left" wait_for 40 no_cells
        is "a job killed at $call: no link, no control group" "$(links; groups_of)" ""
        check "a job killed at $call: logins work" su carol -c true
        wait_for 20 no_cells
done
lab_done
