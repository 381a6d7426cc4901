#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What policies say, seen from inside: scopes, lingering, observing, which one applies, changes under live cells.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol; do lab_user $u $((uid = ${uid:-2600} + 1)); done
lab_pam
open=$build/tests/helpers/pam-open

policy 10-shared <<'END'
[Match]
User=alice bob
Service=su su-l
[Cell]
Scope=policy
Hostname=shared
[UserResources]
TasksMax=20
[Resources]
TasksMax=200
[Network]
Pool=10.84.0.0/24
Address=10.84.0.77
END
policy 50-linger <<'END'
[Match]
User=carol
Service=su
[Cell]
LingerSec=1h
[Resources]
AllowedCPUs=1
[Network]
Mode=none
END
policy 60-observe <<'END'
[Policy]
Mode=observe
[Match]
User=carol
Service=su-l
[Network]
Mode=none
END
policy 70-afar <<'END'
[Match]
User=carol
RemoteHost=10.0.0.0/8 *.example.org ~10.9.0.0/16
[Network]
Mode=none
END
manager_start

# shared propagation, as all mounts have on a systemd host
mount -t tmpfs tmpfs /mnt && mount --make-shared /mnt && mkdir /mnt/later

# --- one cell for everybody under the policy -----------------------------------------------------------
hold a alice
is "Scope=policy: two users share one cell" "$(su bob -c 'readlink /proc/self/ns/pid')" "$(su alice -c 'readlink /proc/self/ns/pid')"
is "Scope=policy: with its fixed address" "$(su bob -c 'ip -4 -o addr show eth0' | awk '{ print $4 }')" 10.84.0.77/32
is "Scope=policy: /proc hides others' processes (hidepid)" "$(su bob -c 'ps -eo user= | sort -u')" bob
is "Scope=policy: and root's, but for the own" "$(su bob -c 'ls -d /proc/1 2>&1 | grep -c "No such"')" 1
su bob -c 'python3 -c "
import os, time
os.closerange(0, 9)
try:
    for i in range(100):
        if os.fork() == 0: time.sleep(1000)
except OSError: pass"'
n=$(ps -o pid= -u bob | wc -l)
check "Scope=policy: [UserResources] holds for each user in it ($n)" test "$n" -le 20
check "Scope=policy: ... and is reached" test "$n" -ge 15
check "Scope=policy: the other user is not touched" su alice -c 'for i in $(seq 15); do sleep 0 & done; wait'
is "what the host mounts later appears in the cell" "$(mount -t tmpfs tmpfs /mnt/later &&
        touch /mnt/later/seen && su alice -c "ls /mnt/later")" seen
su alice -c 'true' && nsenter -t "$(bus_get "$(ls /run/confine/cells)" InitPID)" -m mount -t tmpfs tmpfs /mnt
is "what a cell mounts does not appear on the host" "$(ls /mnt)" later
umount /mnt/later
let_go a
check "Scope=policy: gone with the last session of anybody" wait_for 20 no_cells

# --- how long it lives --------------------------------------------------------------------------------
su carol -c 'sleep 1000 > /dev/null 2>&1 & echo $! > /var/tmp/left'
is "LingerSec=: the cell outlives its last session" "$(cells_of carol | wc -w)" 1
wait_for 20 nsessions_are 0
is "LingerSec=: with what runs in it, and /var/tmp" "$(su carol -c 'ps -o comm= -p $(cat /var/tmp/left)')" sleep
is "AllowedCPUs=1: one CPU" "$(su carol -c nproc)" 1
manager_kill KILL
manager_start
is "LingerSec=: also over a restart of the manager" "$(su carol -c 'ps -o comm= -p $(cat /var/tmp/left)')" sleep
wait_for 20 nsessions_are 0
bus_cell "$(cells_of carol)" Terminate
check "LingerSec=: until it is terminated" wait_for 20 no_cells

# --- which policy ---------------------------------------------------------------------------------------
is "Mode=observe: not confined" "$(su - carol -c 'readlink /proc/self/ns/pid')" "$(readlink /proc/self/ns/pid)"
like "Mode=observe: but said" "$(cat "$LAB_DIR/log")" 'policy 60-observe matches, but only observes'
remote() { $open sshd carol pts/1 "$1" > /dev/null 2>&1; wait_for 20 no_cells; grep -c 'policy 70-afar) is live' "$LAB_DIR/log"; }
is "RemoteHost=: from nowhere: no" "$(remote '')" 0
is "RemoteHost=: a prefix" "$(remote 10.1.2.3)" 1
is "RemoteHost=: an address outside of it" "$(remote 11.1.2.3)" 1
is "RemoteHost=: a negated part of it" "$(remote 10.9.1.1)" 1
is "RemoteHost=: a name" "$(remote ssh.example.org)" 2
is "RemoteHost=: a name that only ends alike" "$(remote badexample.org)" 2

# --- changes under live cells ------------------------------------------------------------------------------
hold a alice
cell=$(cells_of alice; basename /run/confine/cells/c*)
cell=$(ls /run/confine/cells)
before=$(su alice -c 'hostname; cat /proc/self/cgroup')
sed -i 's/^TasksMax=200/TasksMax=150/; s/^Hostname=.*/Hostname=changed/' /etc/confine/policies/10-shared.ini
kill -HUP $manager
reloaded() { [ "$(grep -c 'Loading the policies anew' "$LAB_DIR/log")" -ge "$1" ] && idle; }
wait_for 10 reloaded 1
is "SIGHUP: a live cell keeps the policy that it was made with" "$(bus_get "$cell" TasksMax)" 200
is "SIGHUP: also for those who join it" "$(su alice -c hostname)" shared
let_go a
wait_for 20 no_cells
is "SIGHUP: a new cell gets the new one" "$(su alice -c hostname)" changed
wait_for 20 no_cells
echo 'TasksMax=oops' >> /etc/confine/policies/10-shared.ini
kill -HUP $manager
wait_for 10 reloaded 2
like "a broken file: said with file, line and key" "$(cat "$LAB_DIR/log")" '/etc/confine/policies/10-shared.ini:[0-9]+: \[Network\] TasksMax='
is "a broken file: its last good version stays in force" "$(su alice -c hostname)" changed
check "a broken file: the others are loaded" su carol -c true
hold a alice
rm /etc/confine/policies/10-shared.ini
bus_reload
is "a policy that is removed: its live cell goes on" "$(bus_get "$(ls /run/confine/cells | head -1)" State)" live
is "a policy that is removed: new logins are not under it" "$(su bob -c hostname)" "$(hostname)"
let_go a
for c in $(cells_of carol); do bus_cell "$c" Terminate; done
wait_for 20 no_cells
cp /dev/null /etc/confine/policies/50-linger.ini
policy 80-typo <<'END'
[Match]
User=carol
[Resources]
MemoryMaxx=1G
TasksMax=-3
[Cell]
IdleStopSec=1min
END
bus_reload
like "all errors of a file at once: a typo" "$(cat "$LAB_DIR/log")" '80-typo.ini:4: \[Resources\] MemoryMaxx=: .*MemoryMax'
like "all errors of a file at once: a bad value" "$(cat "$LAB_DIR/log")" '80-typo.ini:5: \[Resources\] TasksMax='
like "all errors of a file at once: what is not delivered" "$(cat "$LAB_DIR/log")" '80-typo.ini:7: \[Cell\] IdleStopSec=.*not supported'
is "it never was good: whom it names is refused" "$(su carol -c true > /dev/null 2>&1; echo $?)" 1
rm /etc/confine/policies/80-typo.ini
bus_reload
is "an empty file masks" "$(su carol -c 'readlink /proc/self/ns/pid')" "$(readlink /proc/self/ns/pid)"
lab_done
