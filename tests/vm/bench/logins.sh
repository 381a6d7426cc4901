#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a login by ssh takes more with the module than without: fifty of each in turns, so that what else the
# machine does falls on both. The first of a user makes the cell; all others find it, since the user is
# logged in already, with and without.

. "$(dirname "$0")/../lib.sh"

n=${N:-50}
policy 50-users <<'END'
[Match]
User=alice
[Cell]
Scope=user
[Resources]
MemoryMax=400M
TasksMax=200
[Network]
Pool=10.77.0.0/24
END
vm_pam
cp /etc/pam.d/sshd /root/with
grep -v pam_confine /root/with > /root/without
vm_up

stay() {
        mkfifo "$LAB_DIR/stay-$1"
        ssh "$1@localhost" 'echo up; read _' < "$LAB_DIR/stay-$1" > "$LAB_DIR/stayed-$1" 2>&1 &
        eval "exec {fd_$1}> $LAB_DIR/stay-$1"
        wait_for 60 grep -qs '^up$' "$LAB_DIR/stayed-$1"
}
stay alice

usec() { local t=${EPOCHREALTIME/./}; echo $((10#$t)); }
one() { # with|without
        cp "/root/$1" /etc/pam.d/sshd
        local start
        start=$(usec)
        ssh -o BatchMode=yes alice@localhost true || echo "a login has failed" >&2
        echo $(($(usec) - start)) >> "$LAB_DIR/$1"
}
for _ in 1 2 3; do one with; one without; done # warm
rm "$LAB_DIR/with" "$LAB_DIR/without"
for _ in $(seq "$n"); do one with; one without; done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
with=$(median "$LAB_DIR/with") without=$(median "$LAB_DIR/without")
echo "medians of $n logins by ssh: $without us without the module, $with us with it"
awk -v a="$with" -v b="$without" 'BEGIN { printf "ratio %.3f, added %d us\n", a / b, a - b }'
