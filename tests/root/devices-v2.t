#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# DevicePolicy= by eBPF, on the real kernel: any cgroup2 mount will do.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
mount -t tmpfs -o mode=755 tmpfs "$LAB_DIR"
unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$unified" ] || { echo "1..0 # SKIP no cgroup2 mount"; exit 0; }
group=$unified/$instance
mkdir "$group"
tool=$build/tests/helpers/device-tool
within() { sh -c "echo \$\$ > $group/cgroup.procs && $1" 2>&1; }

mknod -m 666 "$LAB_DIR/full" c 1 7
mknod -m 666 "$LAB_DIR/loop" c 10 237
check "without a program everything opens" within ": < $LAB_DIR/loop"
check "closed: attaches" "$tool" "$group" closed
check "closed: a standard device opens" within ": < $LAB_DIR/full"
like "closed: another is refused" "$(within ": < $LAB_DIR/loop")" 'not permitted'
like "closed: making one is refused" "$(within "mknod $LAB_DIR/disk b 7 0")" 'not permitted'
check "closed and allowed: attaches in its place" "$tool" "$group" closed "$LAB_DIR/loop:r"
check "closed and allowed: opens for reading" within ": < $LAB_DIR/loop"
like "closed and allowed: but not for writing" "$(within ": > $LAB_DIR/loop")" 'not permitted'
check "strict: attaches" "$tool" "$group" strict "$LAB_DIR/loop:rw"
like "strict: not even the standard ones" "$(within ": < $LAB_DIR/full")" 'not permitted'
check "strict: what is allowed opens" within ": > $LAB_DIR/loop"
check "strict with a class: attaches" "$tool" "$group" strict char-mem:rw
check "strict with a class: its devices open" within ": < $LAB_DIR/full"
like "strict with a class: no others" "$(within ": < $LAB_DIR/loop")" 'not permitted'
rmdir "$group"
ok $? "the group goes"
echo "1..$tap_n"
exit $tap_failed
