#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits hold: not what the files say, but what happens. On three levels, with neighbours that go on.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave erin; do lab_user $u $((uid = ${uid:-2100} + 1)); done
lab_pam

policy 10-alice <<'END'
[Match]
User=alice
[Resources]
CPUQuota=20%
MemoryMax=96M
TasksMax=30
[Network]
Mode=none
DNS=192.0.2.1
END
policy 20-sums <<'END'
[Match]
User=bob carol
[Cell]
Scope=session
[Resources]
TasksMax=40
MemoryMax=96M
[UserResources]
TasksMax=60
MemoryMax=128M
CPUQuota=30%
[PolicyResources]
TasksMax=80
MemoryMax=160M
[Network]
Mode=none
END
policy 30-devices <<'END'
[Match]
User=dave
[Resources]
DevicePolicy=closed
[Network]
Mode=none
END
policy 40-free <<'END'
[Match]
User=erin
[Network]
Mode=none
END
manager_start

hog='python3 -c "
import sys
chunks = []
for i in range(int(sys.argv[1])): chunks.append(b\"x\" * (1 << 20))
print(\"filled\", flush=True); sys.stdin.read()"'
bomb='python3 -c "
import resource
resource.setrlimit(resource.RLIMIT_NPROC, (500, 500)) # not to take the machine down, should no policy hold
import os, time
os.closerange(1, 9)
try:
    for i in range(300):
        if os.fork() == 0:
            time.sleep(1000)
except OSError:
    pass"'

# --- memory ------------------------------------------------------------------------------------
hold neighbour erin
check "memory within the limit" sh -c "su alice -c '$(printf %s "$hog" | sed "s/'/'\\\\''/g") 40' < /dev/null | grep -q filled"
no_alice() { [ -z "$(cells_of alice)" ]; }
wait_for 15 no_alice
hold a alice
su alice -c "$hog 500" < /dev/null > "$LAB_DIR/hog" 2>&1
isnt "memory hog: killed at MemoryMax=" $? 0
is "memory hog: never got there" "$(grep -c filled "$LAB_DIR/hog")" 0
check "memory hog: the kernel counts it" test "$(bus_get "$(cells_of alice)" OOMKills)" -ge 1
check "memory hog: the login programs live" kill -0 "$held_a"
check "memory hog: its user can log in again" su alice -c true
check "memory hog: the neighbour lives" kill -0 "$held_neighbour"
check "memory hog: and can log in" su erin -c true
is "tmpfs of the cell counts and is bounded" \
        "$(su alice -c 'dd if=/dev/zero of=/tmp/fill bs=1M count=500 2> /dev/null || echo refused')" refused
is "so is /dev/shm" "$(su alice -c 'dd if=/dev/zero of=/dev/shm/fill bs=1M count=500 2> /dev/null || echo refused')" refused
let_go a
wait_for 15 no_alice

# --- tasks --------------------------------------------------------------------------------------
hold a alice "$bomb"
n=$(bus_get "$(cells_of alice)" TasksCurrent)
check "fork bomb: stopped at TasksMax=30 ($n now)" test "$n" -le 30
check "fork bomb: but reached it" test "$n" -ge 28
check "fork bomb: the kernel counts what it refused" test "$(bus_get "$(cells_of alice)" TasksRefused)" -ge 1
check "fork bomb: the neighbour can log in" su erin -c true
check "fork bomb: the bus answers" bus_get "$(cells_of alice)" State
inside=$(su alice -c 'readlink /proc/self/ns/pid; cat /proc/self/cgroup; pkill -9 python3; exec true' 2> "$LAB_DIR/err")
is "fork bomb: its user can log in to clean up" $? 0
like "fork bomb: into the same cell" "$inside" "^$(readlink "/proc/$(bus_get "$(cells_of alice)" InitPID)/ns/pid" | sed 's/[][]/\\&/g')\$"
few_tasks() { [ -n "$(cells_of alice)" ] || return 99; [ "$(bus_get "$(cells_of alice)" TasksCurrent)" -lt 10 ]; }
check "fork bomb: and the cleaning works" wait_for 10 few_tasks
let_go a
wait_for 15 no_alice

# A real one, that forks for ever and in all directions.
su alice -c 'sh -c "f() { f | f & }; f"' > /dev/null 2>&1 < /dev/null &
bomber=$!
check ":(){ :|:& };: the neighbour can log in" su erin -c true
check ":(){ :|:& };: the bus answers" bus get-property org.confine1 /org/confine1 org.confine1.Manager NCells
for c in $(cells_of alice); do bus_cell "$c" Terminate > /dev/null 2>&1; done
wait $bomber 2>/dev/null
check ":(){ :|:& };: gone when its cell is terminated" wait_for 20 no_alice

# --- sums over cells ----------------------------------------------------------------------------
sum() { # how many tasks all cells of the users have
        total=0
        for u; do for c in $(cells_of "$u"); do total=$((total + $(bus_get "$c" TasksCurrent))); done; done
        echo $total
}
hold b1 bob "$bomb"
hold b2 bob "$bomb"
isnt "Scope=session: two sessions are two cells" "$(cells_of bob | wc -l)" 1
n=$(sum bob)
check "[UserResources] TasksMax=60 holds over two cells ($n)" test "$n" -le 62
check "... and is not the cells' own limit" test "$n" -gt 41
hold c1 carol "$bomb"
n=$(sum bob carol)
check "[PolicyResources] TasksMax=80 holds over all users ($n)" test "$n" -le 83
check "... and is not one user's limit" test "$n" -gt 62
check "with all sums used up a user can still log in to clean up" su carol -c true
let_go b1; let_go b2; let_go c1
wait_for 20 nsessions_are 1

hold b1 bob
hold b2 bob
su bob -c "$hog 80" > "$LAB_DIR/f1" 2>&1 < <(sleep 1000) &
f1=$!
is_filled() { grep -qs filled "$1"; }
check "one hog of 80M fits" wait_for 20 is_filled "$LAB_DIR/f1"
su bob -c "$hog 80" > "$LAB_DIR/f2" 2>&1 < <(sleep 1000) &
f2=$!
one_dead() { ! kill -0 $f1 2>/dev/null || ! kill -0 $f2 2>/dev/null; }
check "[UserResources] MemoryMax=128M: two of them don't" wait_for 20 one_dead
kill $f1 $f2 2>/dev/null
for c in $(cells_of bob); do bus_cell "$c" Terminate > /dev/null 2>&1; done
wait $f1 $f2 2>/dev/null
let_go b1; let_go b2
wait_for 20 nsessions_are 1

# --- CPU: as a ratio against an unlimited loop beside it ------------------------------------------
spin='python3 -c "
import os, time
end = time.monotonic() + 2
while time.monotonic() < end: pass
print(time.process_time())"'
# quota_holds USER N QUOTA: N loops of USER together, beside one of erin's, who has no quota. They may have the
# quota of the two seconds that it takes, and less than erin for each loop; without a quota they would
# have as much as she, however busy the machine is.
quota_holds() {
        su erin -c "$spin" > "$LAB_DIR/free" &
        pids=$!
        for i in $(seq "$2"); do
                su "$1" -c "$spin" > "$LAB_DIR/spin$i" &
                pids="$pids $!"
        done
        wait $pids
        for i in $(seq "$2"); do cat "$LAB_DIR/spin$i"; done |
                awk -v free="$(cat "$LAB_DIR/free")" -v n="$2" -v quota="$3" '
                        { used += $1 }
                        END {
                                printf "used %.3f s, an unlimited loop %.3f s, ratio %.3f\n", used, free, used / free
                                exit !(used > 0.02 && used / 2 < quota * 2.5 && used / n < free * 0.75)
                        }'
}
check "CPUQuota=20%: a fifth, and an unlimited loop beside it has more" quota_holds alice 1 0.2
check "[UserResources] CPUQuota=30% over two cells" quota_holds bob 2 0.3

# --- devices --------------------------------------------------------------------------------------
mknod -m 666 /var/lib/testdev c 10 237 # loop-control: exists here
check "without a policy the device opens" sh -c 'su erin -c ": < /var/lib/testdev"'
su dave -c ': < /var/lib/testdev' 2> "$LAB_DIR/err"
isnt "DevicePolicy=closed: refused" $? 0
like "DevicePolicy=closed: by the kernel's EPERM" "$(cat "$LAB_DIR/err")" 'not permitted'
check "DevicePolicy=closed: the standard ones open" su dave -c ': < /dev/null && head -c1 /dev/urandom > /dev/null'
wait_for 15 nsessions_are 1

# --- I/O ------------------------------------------------------------------------------------------
truncate -s 64M "$LAB_DIR/disk"
loop=$(losetup -f --show "$LAB_DIR/disk")
chmod 666 "$loop"
policy 15-io <<END
[Match]
User=carol
[Resources]
IOReadBandwidthMax=$loop 4M
IOWriteIOPSMax=$loop 20
[Network]
Mode=none
END
bus_reload
read_ms() { su "$1" -c "s=\$(date +%s%N); dd if=$loop of=/dev/null bs=1M count=8 iflag=direct 2> /dev/null; echo \$(((\$(date +%s%N) - s) / 1000000))"; }
write_ms() { su "$1" -c "s=\$(date +%s%N); dd if=/dev/zero of=$loop bs=4k count=30 oflag=direct 2> /dev/null; echo \$(((\$(date +%s%N) - s) / 1000000))"; }
free=$(read_ms erin) limited=$(read_ms carol)
check "IOReadBandwidthMax=: 8M at 4M/s takes long ($limited ms against $free)" test "$limited" -ge $((free * 4 + 1000))
free=$(write_ms erin) limited=$(write_ms carol)
if [ -e /sys/fs/cgroup/blkio ]; then # version 1
        like "IOWriteIOPSMax=: that version 1 does not hold what the page cache writes is said" "$(tail -c +"${log_offset:-1}" "$LAB_DIR/log")" \
                '\[Resources\] IOWriteIOPSMax=: warning: with cgroup v1 this holds direct and synchronous writes'
fi
check "IOWriteIOPSMax=: 30 writes at 20/s take long ($limited ms against $free)" test "$limited" -ge $((free * 4 + 700))
losetup -d "$loop"

# --- live changes -----------------------------------------------------------------------------------
hold a alice
cell=$(cells_of alice)
check "set-property: accepted" set_property "$cell" true TasksMax=10 MemoryMax=64M
su alice -c "$bomb"
check "set-property: in force" test "$(bus_get "$cell" TasksCurrent)" -le 10
su alice -c 'pkill -9 python3'
check "set-property --runtime: no drop-in" test ! -e /etc/confine/policies/10-alice.ini.d
out=$(set_property "$cell" true MemoryMax=12Q 2>&1)
isnt "set-property: nonsense is refused" $? 0
like "set-property: and says what would be right" "$out" 'MemoryMax=.*(512M|BYTES|bytes)'
is "set-property: and nothing changed" "$(bus_get "$cell" MemoryMax)" 67108864
out=$(set_property "$cell" true MemoryLow=10M 2>&1)
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        is "MemoryLow= works on cgroup v2" $? 0
else
        isnt "MemoryLow= is refused on cgroup v1" $? 0
fi
check "set-property for good" set_property "$cell" false TasksMax=25
like "set-property for good: a drop-in" "$(cat /etc/confine/policies/10-alice.ini.d/50-set-property.ini)" '^TasksMax=25$'
like "... of a list, all that is in force" "$(set_property "$cell" false 'DeviceAllow=/dev/null rw' && set_property "$cell" false 'DeviceAllow=/dev/zero r' &&
        set_property "$cell" true 'DeviceAllow=/dev/full r' && grep '^DeviceAllow' /etc/confine/policies/10-alice.ini.d/50-set-property.ini | tr '\n' ' ')" \
        '^DeviceAllow= DeviceAllow=/dev/null rw DeviceAllow=/dev/zero r $'
is "... a reset stays" "$(set_property "$cell" false DeviceAllow= && set_property "$cell" false 'DeviceAllow=/dev/zero r' &&
        grep '^[DT]' /etc/confine/policies/10-alice.ini.d/50-set-property.ini | tr '\n' ' ')" 'TasksMax=25 DeviceAllow= DeviceAllow=/dev/zero r '
check "... and again" set_property "$cell" true DeviceAllow=
out=$(set_property "$cell" true BandwidthUp=1M 2>&1)
like "set-property: a bandwidth without an interface is refused, whatever warnings there are" "$out" 'no interface'
mv /etc/confine/policies/10-alice.ini "$LAB_DIR/"
bus_reload
out=$(set_property "$cell" false TasksMax=28 2>&1)
like "... for good, when the policy is gone: refused" "$out" 'policy 10-alice is gone'
mv "$LAB_DIR/10-alice.ini" /etc/confine/policies/
bus_reload
rm -r /etc/confine/policies/10-alice.ini.d
touch /etc/confine/policies/10-alice.ini.d
out=$(set_property "$cell" false TasksMax=30 2>&1)
isnt "set-property whose drop-in can't be written: refused" $? 0
like "... and says so" "$out" 'drop-in for policy 10-alice can.t be written'
is "... and nothing changed" "$(bus_get "$cell" TasksMax) $(in_force pids.max)" "25 26"
rm /etc/confine/policies/10-alice.ini.d

# one after the other, each on what the one before has made
pids=
for i in 1 2 3 4; do
        set_property "$cell" true TasksMax=4$i & pids="$pids $!"
        set_property "$cell" true MemoryMax=$((64 + i))M & pids="$pids $!"
        set_property "$cell" true CPUWeight=5$i & pids="$pids $!"
done
failed=0
for pid in $pids; do wait "$pid" || failed=$((failed + 1)); done
is "set-property, twelve at once: all are accepted" $failed 0
like "... none undoes another's" "$(bus_get "$cell" TasksMax) $(bus_get "$cell" MemoryMax) $(bus_get "$cell" Limits)" \
        '^4[1-4] (6815744[0-9]|6920601[0-9]|7025459[0-9]|7130316[0-9]) .*CPUWeight.*5[1-4]'
is "... and what is told is in force" "$(bus_get "$cell" TasksMax)" $(($(in_force pids.max) - 1))

wait_for 10 idle
bus_cell "$cell" Freeze
is "freeze: the cell is shown as frozen" "$(bus_get "$cell" State)" frozen
out=$(su alice -c true 2>&1)
like "freeze: a login is refused and told why" "$out" 'frozen by the administrator'
out=$(ctl shell "$cell" true 2>&1)
like "freeze: a shell, too" "$out" 'frozen by the administrator'
bus_cell "$cell" Thaw
old_login 2101 alice "$LAB_DIR/old" & old=$!
offered() { [ "$(grep -c . "$LAB_DIR/old")" = "$1" ]; }
check "a login that has got its cell, and has not joined yet" wait_for 10 offered 1
bus_cell "$cell" Freeze
check "freeze: it is given up, and does not hang" wait_for 10 offered 2
wait $old
like "... (it had been offered its cell)" "$(cat "$LAB_DIR/old")" "^1[0-9]+ 1 1 "
bus_cell "$cell" Thaw
check "thaw: logins work" su alice -c true

# who came when the cell was full is in another group, and still of the cell
set_property "$cell" true TasksMax=1
hold spare alice 'exec > /home/alice/pid; readlink /proc/self/ns/pid; while :; do sleep 0.1; done'
is "a login into a full cell is in the reserve" "$(grep -l '^InReserve=1' /run/confine/sessions/* | wc -l)" 1
spare=$(find /sys/fs/cgroup -path "*/$instance/reserve/*/$cell/cgroup.procs" | grep -E 'freezer|unified|cgroup/'"$instance" | head -n 1)
spare=${spare%/*}
listed() { bus_cell "$cell" GetProcesses | grep -cE "\b($(paste -sd '|' "$spare/cgroup.procs"))\b"; }
check "GetProcesses lists what is in the reserve" test "$(listed)" = 1
frozen() { cat "$spare/freezer.state" 2> /dev/null || sed -n 's/^frozen //p' "$spare/cgroup.events"; }
bus_cell "$cell" Freeze
check "freeze: the reserve, too" wait_for 10 eval 'frozen | grep -qE "FROZEN|1"'
bus_cell "$cell" Thaw
is "thaw: the reserve, too" "$(frozen | grep -cE 'THAWED|0')" 1
bus_cell "$cell" Kill i 9 > /dev/null
empty() { [ ! -s "$spare/cgroup.procs" ]; }
check "kill: the reserve, too" wait_for 10 empty
let_go a
let_go neighbour
lab_done
