#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mounts, what is hidden or read-only, and paths that somebody changes while root walks them.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
lab_user alice 2101
lab_user bob 2102
lab_user carol 2103

# /srv/tree, for RootDirectory=; /srv/fs, a file system with something hidden; what is bound somewhere
tree() { # DIRECTORY
        mkdir -p "$1"/{proc,sys,dev,tmp,var/tmp,var/lib,etc,usr,root,data,run}
        for l in bin lib lib64 sbin; do ln -sfn usr/$l "$1/$l"; done
        echo 'root:x:0:0::/root:/bin/sh' > "$1/etc/passwd"
        cp $try "$1/var/lib/try"
        mount --bind /usr "$1/usr"
}
tree /srv/tree
mkdir /srv/fs /srv/source /srv/target /srv/mnt
mount -t tmpfs -o mode=755 tmpfs /srv/fs
mkdir /srv/fs/hidden /srv/fs/open
echo secret > /srv/fs/hidden/file
touch /srv/source/racer
echo plain > /srv/tree/etc/masked

policy 10-bind <<'END'
[Match]
User=alice
[Network]
Mode=none
[Filesystem]
BindPaths=/srv/source:/home/alice/trap
END
policy 11-race <<'END'
[Match]
User=bob
[Network]
Mode=none
[Filesystem]
BindPaths=/srv/source:/home/alice/race
END
root_policy() { # NAME [LINE...]
        printf '%s\n' '[Cell]' 'LingerSec=10min' '[Network]' 'Mode=none' '[Filesystem]' 'InaccessiblePaths=/srv/fs/hidden' \
                'ReadOnlyPaths=/srv/mnt' "${@:2}" | policy "$1"
}
rooted() { # NAME [LINE...]
        printf '%s\n' '[Network]' 'Mode=none' '[Filesystem]' "${@:2}" | policy "$1"
}
root_policy 30-root
root_policy 31-no-admin '[Process]' 'CapabilityBoundingSet=~CAP_SYS_ADMIN'
root_policy 32-no-handles '[Process]' 'CapabilityBoundingSet=~CAP_DAC_READ_SEARCH CAP_SYS_ADMIN'
root_policy 33-tunables 'ProtectKernelTunables=yes'
printf '%s\n' '[Cell]' 'Namespaces=mnt pid net ipc uts cgroup user' '[Network]' 'Mode=none' | policy 34-user
rooted 40-tree RootDirectory=/srv/tree
rooted 41-no-caps RootDirectory=/srv/tree '[Process]' 'CapabilityBoundingSet='
rooted 42-user RootDirectory=/srv/tree '[Cell]' 'Namespaces=mnt pid net ipc uts cgroup user'
rooted 43-masked RootDirectory=/srv/tree InaccessiblePaths=/etc/masked
rooted 44-proc RootDirectory=/srv/linked-proc '[Process]' 'CapabilityBoundingSet='
rooted 45-dev RootDirectory=/srv/linked-dev PrivateDevices=yes
rooted 46-data RootDirectory=/srv/tree BindPaths=/srv/source:/home/data
rooted 48-missing RootDirectory=/srv/tree BindPaths=/srv/source:/home/missing
rooted 47-race RootDirectory=/srv/tree BindPaths=/srv/source:/home/race
printf '%s\n' '[Match]' 'User=carol' '[Network]' 'Mode=none' '[Filesystem]' 'PrivateTmp=persistent' | policy 50-kept
printf '[Manager]\nSubordinateIDs=1000000-1655359\n' > /etc/confine/confined.conf
manager_start

# --- 5: what the kernel shows --------------------------------------------------------------------------
attack 5.1 "root in the cell writes to /proc/sys" "/proc/sys is read-only in every cell" 'root_in 30-root $try rewrite /proc/sys/kernel/hostname' '$try rewrite /proc/sys/kernel/hostname'
attack 5.2 "root in the cell says what the kernel runs when a program crashes" "/proc/sys is read-only in every cell" 'root_in 30-root $try open /proc/sys/kernel/core_pattern w' '$try open /proc/sys/kernel/core_pattern w'
attack 5.3 "root in the cell writes to /sys" "/sys is read-only in every cell" 'root_in 30-root $try rewrite /sys/kernel/mm/transparent_hugepage/defrag' '$try open /sys/kernel/mm/transparent_hugepage/defrag w'
attack 5.4 "root in the cell reads where the kernel's code is (/proc/kallsyms)" "ProtectKernelTunables=yes" 'root_in 33-tunables $try read /proc/kallsyms " T "' 'root_in 30-root $try read /proc/kallsyms " T "'
printf '%s\n' '[Network]' 'Mode=host' | policy 35-host
printf '%s\n' '[Cell]' 'Namespaces=net ipc uts' '[Network]' 'Mode=host' '[Filesystem]' 'PrivateTmp=no' | policy 36-no-view
bus_reload
below_sys() { # POLICY
        mount -t tmpfs -o mode=777 tmpfs /sys/block
        root_in "$1" $try create /sys/block/x
        umount /sys/block
}
attack 5.5 "root in a cell with the host's network writes to what is mounted below /sys" "all of /sys is read-only in every cell" 'below_sys 35-host' 'below_sys 36-no-view'
# a chroot of the host's, which one policy gives as it is
mkdir -p /srv/chroot/proc /srv/chroot/cgroup
mount -t proc proc /srv/chroot/proc
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        mount --bind /sys/fs/cgroup /srv/chroot/cgroup
        setting=cgroup.max.depth
else
        mount --bind /sys/fs/cgroup/pids /srv/chroot/cgroup
        setting=notify_on_release
fi
rooted 37-chroot BindPaths=/srv/chroot/proc BindPaths=/srv/chroot/cgroup
bus_reload
attack 5.6 "the host's processes, seen in a chroot's /proc" "what the host mounts of the kernel a second time is covered" 'root_in 30-root $try exists /srv/chroot/proc/$manager/comm' 'root_in 37-chroot $try exists /srv/chroot/proc/$manager/comm'
attack 5.7 "root in the cell writes to /proc/sys of a chroot" "what the host mounts of the kernel a second time is covered" 'root_in 30-root $try rewrite /srv/chroot/proc/sys/kernel/hostname' 'root_in 37-chroot $try rewrite /srv/chroot/proc/sys/kernel/hostname'
mkdir "/srv/chroot/cgroup/$instance-other"
attack 5.8 "root in the cell writes to control groups that a chroot has mounted" "what the host mounts of the kernel a second time is covered" 'root_in 30-root $try rewrite /srv/chroot/cgroup/$instance-other/$setting' 'root_in 37-chroot $try rewrite /srv/chroot/cgroup/$instance-other/$setting'
rmdir "/srv/chroot/cgroup/$instance-other"
umount /srv/chroot/proc /srv/chroot/cgroup
knob=/sys/fs/cgroup/pids.max
[ -e /sys/fs/cgroup/cgroup.controllers ] || knob=/sys/fs/cgroup/pids/pids.max
other=${knob%/*}/$instance-other
of_cell() { find /sys/fs/cgroup -path "*/$instance/cells/*/pids.max" | head -n 1; }
attack 9.1 "root in the cell raises the cell's own limits" "/sys/fs/cgroup is read-only in every cell" 'root_in 30-root $try rewrite $knob' '$try rewrite $(of_cell)'
attack 9.2 "root in the cell moves itself to another control group" "/sys/fs/cgroup is read-only, and shows the cell's own group alone" 'root_in 30-root $try write ${knob%/*}/cgroup.procs 0' 'mkdir $other && (exec $try write $other/cgroup.procs 0); rmdir $other'
anew='root_in 30-root $try remake-limit /srv/mnt'
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || anew='not shown: of version 2 the kernel refuses this one anyway (nsdelegate)'
attack 9.3 "root in the cell mounts the control groups anew and raises its limit" "CapabilityBoundingSet=~CAP_SYS_ADMIN" 'root_in 31-no-admin $try remake-limit /srv/mnt' "$anew"
no_agent='not shown: this machine has no control groups of version 1'
[ -e /sys/fs/cgroup/cgroup.controllers ] || no_agent='$try release-agent /srv/mnt'
attack CVE-2022-0492 "root in the cell mounts cgroup v1 and names a program that the host runs as root (release_agent)" "cgroup namespace: release_agent is in no group but the host's root" 'root_in 30-root $try release-agent /srv/mnt' "$no_agent"

# --- 6: mounts -----------------------------------------------------------------------------------------
attack 6.1 "a user mounts a tmpfs" "no capability" 'as carol $try mount tmpfs /srv/mnt' 'root_in 30-root $try mount tmpfs /srv/mnt'
attack 6.2 "root in the cell mounts proc" "CapabilityBoundingSet=~CAP_SYS_ADMIN" 'root_in 31-no-admin $try mount proc /srv/mnt' 'root_in 30-root $try mount proc /srv/mnt'
attack 6.3 "root in the cell unmounts what hides a path" "CapabilityBoundingSet=~CAP_SYS_ADMIN" 'root_in 31-no-admin $try umount /srv/fs/hidden' 'root_in 30-root $try umount /srv/fs/hidden'
attack 6.4 "root in the cell remounts a path read-write" "CapabilityBoundingSet=~CAP_SYS_ADMIN" 'root_in 31-no-admin $try remount /srv/mnt' 'root_in 30-root $try remount /srv/mnt'
attack 6.5 "root of a user namespace mounts a tmpfs" "Namespaces=user: the mount namespace is the host's" 'root_in 34-user $try mount tmpfs /srv/mnt' 'root_in 30-root $try mount tmpfs /srv/mnt'
attack 6.6 "root of a user namespace reads /etc/shadow" "Namespaces=user: files of the host are nobody's" 'root_in 34-user $try open /etc/shadow' 'root_in 30-root $try open /etc/shadow'
handle=$($try handle /srv/fs/hidden/file)
attack 6.7 "root in the cell opens a hidden file by its handle (open_by_handle_at)" "CapabilityBoundingSet=~CAP_DAC_READ_SEARCH" 'root_in 32-no-handles $try by-handle $handle /srv/fs/open' 'root_in 30-root $try by-handle $handle /srv/fs/open'
for c in $(ls /run/confine/cells); do bus_cell "$c" Terminate > /dev/null 2>&1; done
wait_for 20 no_cells

# --- 19: paths that others can change --------------------------------------------------------------------
# Naive is who mounts by name, as a script of root's would: in a mount namespace that goes with it.
naive() { timeout 20 unshare -m sh -c "$1"; }
su carol -c true
outside alice ln -s /etc /home/alice/trap
lands() { case $(as "$1" 'test -e /etc/racer && echo landed || echo right') in right | *confine:*) echo "refused" ;; *) echo hit ;; esac; }
attack 19.1 "a symbolic link where root is to mount something, in the user's home" "a link that its owner can change is not followed: no cell" 'lands alice' 'naive "mount --bind /srv/source /home/alice/trap; test -e /etc/racer && echo hit"'
rm /home/alice/trap
outside alice mkfifo /home/alice/trap
opens_in_time() { start=$SECONDS; as alice true; [ $((SECONDS - start)) -lt 5 ] && echo "refused: no hang" || echo hit; }
attack 19.2 "a FIFO there: whoever opens it hangs" "paths are opened with O_PATH" 'opens_in_time' 'timeout 1 cat /home/alice/trap; [ $? = 124 ] && echo hit'
rm /home/alice/trap
attack 19.3 "a user gets to a kept /tmp from outside, to change it under root's feet" "its parents are root's alone" 'outside carol $try create /var/lib/confine/tmp/x; outside carol ls /var/lib/confine/tmp > /dev/null 2>&1 && echo hit || echo refused' 'outside carol $try create /tmp/$instance-x; rm -f /tmp/$instance-x'
attack CVE-2015-1331 "a user plants a link where root is going to write (LXC: a lock below a directory for all)" "/run/confine is root's alone" 'outside alice ln -s /etc/motd /run/confine/cells/c0 2> /dev/null && echo hit || echo refused' 'outside alice ln -s /etc/motd /tmp/$instance-lock && echo hit; rm -f /tmp/$instance-lock'

race_on() { # DIRECTORY
        cd "$1" || return
        mkdir race
        ln -s /etc other
        chown -h alice: . race other
        setpriv --reuid 2101 --regid 2101 --clear-groups python3 -c '
import ctypes
c = ctypes.CDLL(None)
while True: c.renameat2(-100, b"race", -100, b"other", 2)' &
        racer=$!
        cd "$here" || return
}
race_off() { kill $racer; wait $racer 2> /dev/null; rm -rf "$1/race" "$1/other"; }
# raced COMMAND...: it says in 40 cells whether the mount is where it should be, or is no cell
raced() {
        for _ in $(seq 40); do "$@" 2>&1 | tail -n 1; done > "$LAB_DIR/raced"
        grep -q right "$LAB_DIR/raced" || { echo "never got there"; return; }
        if grep -q landed "$LAB_DIR/raced"; then echo hit; else echo "refused: $(grep -c right "$LAB_DIR/raced") of 40 were right, the others no cell"; fi
}
naive_race() { # DIRECTORY
        naive "for i in \$(seq 500); do
                mount --no-canonicalize --bind /srv/source $1/race
                [ ! -e /etc/racer ] || { echo hit; exit; }
        done"
}
race_on /home/alice
attack CVE-2025-6020 "a directory in the home exchanged for a link, as fast as can be, while root mounts there (pam_namespace)" "a path is opened component by component, and mounted on by descriptor" 'raced as bob "test -e /etc/racer && echo landed || echo right"' 'naive_race /home/alice'
race_off /home/alice

# --- RootDirectory= --------------------------------------------------------------------------------------
mkdir /srv/tree/home
race_on /srv/tree/home
attack CVE-2021-30465 "a directory inside of RootDirectory= exchanged for a link, as fast as can be, while root mounts there (runc)" "a path is opened component by component below the root, and mounted on by descriptor" 'raced root_in 47-race sh -c "test -e /etc/racer && echo landed || echo right"' 'naive_race /srv/tree/home'
race_off /srv/tree/home
for d in proc dev; do
        cp -a --one-file-system /srv/tree /srv/linked-$d
        mount --bind /usr /srv/linked-$d/usr
        rmdir /srv/linked-$d/$d
        mkdir -p /srv/linked-$d/srv/target
        ln -s /srv/target /srv/linked-$d/$d
        chown -h alice: /srv/linked-$d/$d /srv/linked-$d
done
enters() { # POLICY FILE: is that file where the link leads?
        case $(root_in "$1" sh -c "test -e /srv/target/$2 && echo elsewhere || echo right") in
        *right) echo "refused: mounted right" ;;
        *elsewhere) echo hit ;;
        *confine* | *:*) echo "refused: no cell" ;;
        esac
}
attack CVE-2019-16884 "/proc of a root directory is a link, so that proc is mounted elsewhere (runc)" "no component of a mount point is a link" 'enters 44-proc self' 'naive "mount --bind /proc /srv/linked-proc/proc; test -e /srv/target/self && echo hit"'
# While it is made, the link leads here and there; what is made read-only below it may be something else.
flip_proc() {
        mkdir -p /srv/linked-proc/a/sys/kernel /srv/linked-proc/b/sys/kernel
        chown -hR alice: /srv/linked-proc/a /srv/linked-proc/b
        setpriv --reuid 2101 --regid 2101 --clear-groups python3 -c '
import ctypes, os
os.chdir("/srv/linked-proc")
os.unlink("proc")
os.symlink("a", "proc")
os.symlink("b", "other")
c = ctypes.CDLL(None)
while True: c.renameat2(-100, b"proc", -100, b"other", 2)' &
        flipper=$!
        for _ in $(seq "$1"); do
                root_in 44-proc sh -c "for d in a b; do [ -e /\$d/self ] && /var/lib/try open /\$d/sys/kernel/core_pattern w; done"
        done > "$LAB_DIR/flips" 2>&1
        kill $flipper
        wait $flipper 2> /dev/null
        if grep -q hit "$LAB_DIR/flips"; then echo hit; else echo "refused: in none of $1 cells"; fi
}
attack CVE-2023-27561 "/proc of a root directory is a link that changes meanwhile, so that /proc/sys stays writable (runc)" "no component of a mount point is a link" 'flip_proc 60' '$try open /proc/sys/kernel/core_pattern w'
attack CVE-2025-52565 "/dev of a root directory is a link, so that devices and the console are bound elsewhere (runc)" "no component of a mount point is a link" 'enters 45-dev null' 'naive "mount --bind /dev /srv/linked-dev/dev; test -e /srv/target/null && echo hit"'
ln -s /srv/target /srv/tree/home/data
chown -h alice: /srv/tree/home/data
reaches() { case $(root_in "$1" sh -c 'echo in') in in) [ -e /srv/target/racer ] && echo hit || echo "refused: mounted inside" ;; *) echo "refused: no cell" ;; esac; }
attack CVE-2015-1335 "a bind's target in a root directory is a link that leads out (LXC)" "a link that its owner can change is not followed, and others are meant inside of the root" 'reaches 46-data' 'naive "mount --bind /srv/source /srv/tree/home/data; test -e /srv/target/racer && echo hit"'
rm -f /srv/tree/dev/null
ln -s /proc/sys/kernel/core_pattern /srv/tree/dev/null
masked() { case $(root_in "$1" cat /etc/masked) in plain) echo hit ;; '') echo "refused: empty" ;; *) echo failed ;; esac; }
attack CVE-2025-31133 "/dev/null of a root directory is a link, so that what hides a path hides nothing (runc)" "hidden paths are covered by a file of the manager's own" 'masked 43-masked' 'masked 40-tree'
rm /srv/tree/dev/null

made() { case $(root_in 48-missing true; ls -d /srv/tree/home/missing 2>/dev/null) in */missing) echo hit ;; *BindPaths=*) echo "refused: no cell, and nothing is made" ;; esac; }
attack CVE-2024-45310 "files and directories that are made on the host for a mount that has no place (runc)" "nothing is made on the host's disks" made 'mkdir -p /srv/tree/home/missing && ls -d /srv/tree/home/missing && echo hit; rmdir /srv/tree/home/missing'

# Who joins is root; were it to look up a name in there, a library of the cell's would run as root outside.
echo 'passwd: evil files' > /srv/tree/etc/nsswitch.conf
looks_up() { # COMMAND...: does it look up names in the tree, before it executes something there?
        timeout 20 strace -f -qq -e trace=openat,open,execve,setns,chroot -o "$LAB_DIR/lookups" "$@" > /dev/null 2>&1
        awk '/ (setns|chroot)\(/ { inside = 1 } inside && / execve\(/ { exit } inside && /nsswitch|libnss/ { print; n++ }
                END { if (!inside) print "never joined"; else print n ? "hit" : "refused: none" }' "$LAB_DIR/lookups"
}
attack CVE-2025-32463 "a library for names, in the root directory that a program of root's enters (sudo --chroot)" "names are looked up before the join, and none afterwards; no RootDirectory= for logins" 'looks_up "$build/confinectl" --runtime-dir=/run/confine run --policy 40-tree -- true' 'looks_up python3 -c "import os, pwd; os.chroot(\"/srv/tree\"); pwd.getpwnam(\"root\")"'

# A command of the cell's that is the joining program itself; who waits in the cell opens that.
takes_over() { # POLICY JOINER...: both in one cell
        "$build/confinectl" --runtime-dir=/run/confine run --policy "$1" -- $try overwrite exe > "$LAB_DIR/take" 2>&1 &
        taker=$!
        wait_for 10 grep -q up "$LAB_DIR/take"
        for _ in $(seq 100); do
                kill -0 $taker 2> /dev/null || break
                grep -q open "$LAB_DIR/take" && break
                "${@:2}" > /dev/null 2>&1
        done
        wait $taker
        cat "$LAB_DIR/take"
}
joins_by() { timeout 10 "$build/confinectl" --runtime-dir=/run/confine run --policy "$1" -- /proc/self/exe monitor; }
# As simple as can be, from a program of its own with our name.
cp "$(readlink -f /usr/bin/python3)" "$LAB_DIR/confinectl"
cat > "$LAB_DIR/joiner" <<'END'
import ctypes, os, sys
c = ctypes.CDLL(None, use_errno=True)
if c.setns(os.pidfd_open(int(sys.argv[1])), 0x20020000) != 0: sys.exit(1)
pid = os.fork()
if pid == 0: os.execv("/proc/self/exe", ["exe", "-c", "import time; time.sleep(1)"])
os.waitpid(pid, 0)
END
joins_simply() {
        c=$(grep -l '^Policy=40-tree$' /run/confine/cells/* | head -1)
        timeout 10 "$LAB_DIR/confinectl" "$LAB_DIR/joiner" "$(ctl show "${c##*/}" -p InitPID --value)"
}
attack CVE-2019-5736 "a command of a cell is /proc/self/exe, and root in the cell overwrites the host's program (runc)" "confinectl enters cells from a sealed copy of itself" 'takes_over 40-tree joins_by 40-tree' 'takes_over 40-tree joins_simply'
attack CVE-2019-5736.2 "the same where root in the cell is nobody outside" "Namespaces=user: files of the host are nobody's" 'takes_over 42-user joins_by 42-user' 'takes_over 40-tree joins_simply'
umount /srv/tree/usr /srv/linked-*/usr /srv/fs
attacks_done
