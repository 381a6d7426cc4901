#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits by systemd: every key reaches the kernel, as a property that systemd knows; and what they limit is
# limited, on all three levels.

. "$(dirname "$0")/lib.sh"

policy 10-carol <<'END'
[Match]
User=carol
[Cell]
Scope=session
[Resources]
CPUQuota=50%
CPUQuotaPeriodSec=50ms
CPUWeight=50
AllowedCPUs=0
AllowedMemoryNodes=0
MemoryMin=4M
MemoryLow=8M
MemoryHigh=180M
MemoryMax=200M
MemorySwapMax=0
TasksMax=60
IOWeight=50
IOReadBandwidthMax=/dev/vda 5M
IOWriteBandwidthMax=/dev/vda 4M
IOReadIOPSMax=/dev/vda 500
IOWriteIOPSMax=/dev/vda 400
[Network]
Mode=none
END
policy 20-alice <<'END'
[Match]
User=alice
[Cell]
Scope=user
[Resources]
TasksMax=80
MemoryMax=250M
DevicePolicy=closed
DeviceAllow=/dev/fuse rw
[UserResources]
TasksMax=90
CPUQuota=40%
[Network]
Mode=none
END
vm_pam
vm_up

# --- every key, in the kernel and in systemd ----------------------------------------------------------------

own='cd /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)'
values=$(in_ssh carol "$own; "'grep . cpu.max cpu.weight cpuset.cpus cpuset.mems memory.min memory.low memory.high \
        memory.max memory.swap.max pids.max io.max io.weight io.bfq.weight 2> /dev/null
        systemctl show $(basename "$PWD") -p CPUQuotaPerSecUSec -p CPUWeight -p AllowedCPUs -p AllowedMemoryNodes \
        -p MemoryMin -p MemoryLow -p MemoryHigh -p MemoryMax -p MemorySwapMax -p TasksMax -p IOWeight \
        -p IOReadBandwidthMax -p IOWriteBandwidthMax -p IOReadIOPSMax -p IOWriteIOPSMax')
while read -r wanted; do
        like "$wanted" "$values" "^$wanted"
done <<END
cpu.max:25000 50000
cpu.weight:50
cpuset.cpus:0$
cpuset.mems:0$
memory.min:$((4 << 20))$
memory.low:$((8 << 20))$
memory.high:$((180 << 20))$
memory.max:$((200 << 20))$
memory.swap.max:0$
pids.max:61$
io.max:.*rbps=5000000 wbps=4000000 riops=500 wiops=400
CPUQuotaPerSecUSec=500ms$
CPUWeight=50$
AllowedCPUs=0$
AllowedMemoryNodes=0$
MemoryMin=$((4 << 20))$
MemoryLow=$((8 << 20))$
MemoryHigh=$((180 << 20))$
MemoryMax=$((200 << 20))$
MemorySwapMax=0$
TasksMax=61$
IOWeight=50$
IOReadBandwidthMax=/dev/vda 5000000$
IOWriteBandwidthMax=/dev/vda 4000000$
IOReadIOPSMax=/dev/vda 500$
IOWriteIOPSMax=/dev/vda 400$
END

# --- what is limited --------------------------------------------------------------------------------------

hog='import sys
chunks = []
for i in range(int(sys.argv[1])): chunks.append(b"x" * (1 << 20))
print("filled", flush=True); sys.stdin.readline()'
bomb='import os, time
n = 0
while n < 500:
    try:
        if os.fork() == 0: time.sleep(1000)
        n += 1
    except BlockingIOError: break
print(n, flush=True); os.killpg(0, 9)'
printf '%s\n' "$hog" > /opt/hog
printf '%s\n' "$bomb" > /opt/bomb

like "MemoryMax=: what fits" "$(in_ssh carol 'python3 /opt/hog 100 < /dev/null')" filled
is "MemoryMax=: what does not is killed, and the session goes on" \
        "$(in_ssh carol 'python3 /opt/hog 400 < /dev/null > ~/out; echo $?; cat ~/out')" 137
n=$(in_ssh carol 'setsid -w python3 /opt/bomb 2> /dev/null')
ok $(($n > 40 && $n < 60 ? 0 : 1)) "TasksMax=60: a fork bomb has $n"
seconds10() { # USER: tenths of a second that 16 MiB take, written past the cache
        in_ssh "$1" 'python3 -c "
import os, subprocess, time
t = time.monotonic()
subprocess.run([\"dd\", \"if=/dev/zero\", \"of=/home/%s/big\" % os.environ[\"USER\"], \"bs=1M\", \"count=16\", \"oflag=direct\"],
               stderr=subprocess.DEVNULL)
print(int((time.monotonic() - t) * 10))"; rm ~/big'
}
free=$(seconds10 bob)
held=$(seconds10 carol)
ok $(($held >= 30 && $held > 2 * $free ? 0 : 1)) "IOWriteBandwidthMax=4M: 16 MiB take $held tenths of a second, unlimited $free"

like "[Resources] and [UserResources] with Scope=user: the stricter one, on the slice" \
        "$(in_ssh alice 'cd /sys/fs/cgroup/user.slice/user-1000.slice; cat memory.max cpu.max' | paste -sd' ')" \
        "^$((250 << 20)) 40000 100000"
like "TasksMax= and what is not the user's" "$(in_ssh alice 'cat /sys/fs/cgroup/user.slice/user-1000.slice/pids.max')" '^8[4-9]$'
is "DevicePolicy=closed: no disk, for root neither" \
        "$(in_ssh alice 'sudo dd if=/dev/vda of=/dev/null bs=512 count=1 2>&1 | grep -o "not permitted"')" "not permitted"
check "... outside it can be read" dd if=/dev/vda of=/dev/null bs=512 count=1
check "... and /dev/null is there" in_ssh alice 'echo > /dev/null && head -c1 /dev/urandom > /dev/null'
like "systemd-run --user does not get round the user's sum" \
        "$(in_ssh alice 'systemd-run --user -q --wait -P python3 /opt/hog 400 < /dev/null; echo $?')" '^[^f]*[1-9][0-9]*$'
count='python3 -c "
import time
n, end = 0, time.monotonic() + 4
while time.monotonic() < end: n += 1
print(n)"'
in_ssh alice "$count" > "$LAB_DIR/alice" &
in_ssh bob "$count" > "$LAB_DIR/bob"
wait $!
a=$(cat "$LAB_DIR/alice") b=$(cat "$LAB_DIR/bob")
ok $(($a * 10 < $b * 7 ? 0 : 1)) "CPUQuota=40%: $a loops beside an unlimited one's $b"

# --- a live cell ------------------------------------------------------------------------------------------

mkfifo "$LAB_DIR/stay"
ssh carol@localhost "$own; pwd; i=0; while :; do echo \$((i += 1)) > ~/count; sleep 0.1; done & read _" < "$LAB_DIR/stay" > "$LAB_DIR/stayed" 2>&1 &
exec 7> "$LAB_DIR/stay"
wait_for 60 grep -qs '^/sys' "$LAB_DIR/stayed"
unit=$(basename "$(cat "$LAB_DIR/stayed")")
cell=$(for c in $(cells_of carol); do ctl show "$c" -p ControlGroup --value | grep -q "$unit" && echo "$c"; done)
value() { cat "$(cat "$LAB_DIR/stayed")/$1"; }
check "set-property" ctl set-property --runtime "$cell" MemoryMax=120M TasksMax=40
is "... in force" "$(value memory.max) $(value pids.max)" "$((120 << 20)) 41"
is "... as systemd's property" "$(systemctl show "$unit" -P MemoryMax)" $((120 << 20))
systemctl daemon-reload
is "... after daemon-reload" "$(value memory.max)" $((120 << 20))
check "set-property: lifted" ctl set-property --runtime "$cell" MemoryMax=infinity
is "... no limit" "$(value memory.max)" max
ctl set-property --runtime "$cell" IOReadIOPSMax='/dev/nothing 5' > "$LAB_DIR/out" 2>&1
is "set-property: what can't be is refused" $? 1
is "... and the old limits are in force" "$(value pids.max)" 41

check "freeze" ctl freeze "$cell"
is "... by systemd" "$(systemctl show "$unit" -P FreezerState)" frozen
n=$(cat /home/carol/count)
check "a new login goes to a cell of its own meanwhile" in_ssh carol true
is "... nothing runs in the frozen one" "$(cat /home/carol/count)" "$n"
check "thaw" ctl thaw "$cell"
moves() { [ "$(cat /home/carol/count)" -gt "$n" ]; }
check "... it runs again" wait_for 20 moves
like "status" "$(ctl status "$cell")" "Group: .*$unit"
like "... with its processes" "$(ctl status "$cell")" ' bash'
check "freeze once more" ctl freeze "$cell"
check "terminate a frozen cell" ctl terminate "$cell"
gone() { ! grep -qs . "/run/confine/cells/$cell"; }
check "... the cell is gone" wait_for 30 gone
exec 7>&-

# --- a full cell lets its user in -------------------------------------------------------------------------

mkfifo "$LAB_DIR/full"
ssh alice@localhost 'exec 2> /dev/null; while sleep 1000 & do :; done; echo up; read _' < "$LAB_DIR/full" > "$LAB_DIR/filled" 2>&1 &
exec 8> "$LAB_DIR/full"
full() { [ "$(cat /sys/fs/cgroup/user.slice/user-1000.slice/pids.current)" -ge "$(($(cat /sys/fs/cgroup/user.slice/user-1000.slice/pids.max) - 1))" ]; }
check "a user at TasksMax=" wait_for 60 full
like "... gets in, to a reserve" "$(in_ssh alice 'cut -d: -f3 /proc/self/cgroup; kill -9 -1' 2>/dev/null)" \
        '^/confine.slice/confine-reserve.slice/confine-s'
exec 8>&-

# --- sums over a policy -----------------------------------------------------------------------------------

policy 20-alice <<'END'
[Match]
User=alice bob
[Cell]
Scope=user
[PolicyResources]
MemoryMax=400M
TasksMax=300
CPUQuota=150%
AllowedCPUs=0
[Network]
Mode=none
END
check "[PolicyResources] are taken here" ctl verify
wait_for 60 vm_logged_out
ctl reload > /dev/null
sum() { cat /sys/fs/cgroup/user.slice/user-100[01].slice/"$1" 2>/dev/null | awk '{ s += $1 } END { print s + 0 }'; }
mkfifo "$LAB_DIR/sum"
ssh alice@localhost 'python3 /opt/hog 150; read _' < "$LAB_DIR/sum" > "$LAB_DIR/summed" 2>&1 &
exec 9> "$LAB_DIR/sum"
check "one user has half, at least" wait_for 60 grep -q filled "$LAB_DIR/summed"
like "another one some, too" "$(in_ssh bob 'python3 /opt/hog 20 < /dev/null')" filled
ok $(($(sum memory.max) <= 400 << 20 ? 0 : 1)) "all limits together are within MemoryMax=: $(($(sum memory.max) >> 20))M"
ok $(($(sum pids.max) <= 300 + 10 ? 0 : 1)) "... within TasksMax=: $(sum pids.max)"
is "AllowedCPUs= is everybody's" "$(in_ssh bob 'cat /sys/fs/cgroup/user.slice/user-1001.slice/cpuset.cpus')" 0
like "what is over the sum is killed" "$(in_ssh bob 'python3 /opt/hog 380 < /dev/null; echo $?')" '^137$'
exec 9>&-

printf '[Match]\nUser=bob\n[PolicyResources]\nIOWeight=5\n' > "$LAB_DIR/no.ini"
like "what can't be shared out is refused" "$(ctl verify "$LAB_DIR/no.ini" 2>&1)" \
        'no.ini:4: \[PolicyResources\] IOWeight=: not supported on this host: systemd keeps every user'

vm_done
