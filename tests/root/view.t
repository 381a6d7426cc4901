#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# [Filesystem]: what a cell sees, tried from inside, each key with and without.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_user bob 2002
lab_pam
mkdir -p /srv/data/ro /srv/data/rw/deep /srv/secret /srv/bin /srv/host-ro /srv/mnt /srv/scratch/alice /srv/scratch/bob
chmod 777 /srv/data /srv/data/* /srv/data/rw/deep /srv/mnt /srv/host-ro
echo exam > /srv/secret/exam
chmod 755 /srv/secret
cp /bin/true /srv/bin/run
cp /bin/true /srv/bin/not
chown alice: /srv/scratch/alice
chown bob: /srv/scratch/bob
mount -t tmpfs -o mode=777 tmpfs /srv/host-ro
mount -o remount,bind,ro /srv/host-ro
mkdir -p "$LAB_DIR/vendor"

manager_start
n=0
# with KEY=VALUE... -- COMMAND: as alice, in a new cell of a policy with these keys; first words of the outcome
with() {
        {
                printf '[Match]\nUser=alice bob alicia twin\n[Network]\nMode=none\n'
                while [ "$1" != -- ]; do
                        printf '%s\n' "$1"
                        shift
                done
        } > "$LAB_DIR/policy"
        shift
        policy 50-view < "$LAB_DIR/policy"
        bus_reload
        su "${as:-alice}" -c "$1" 2>&1
        wait_for 20 no_cells
}
FS='[Filesystem]'
# writes PATH: "yes" or why not
writes() { echo "(: >> $1) 2>/dev/null && echo yes || { touch $1 2>&1 | sed 's/.*: //'; }"; }

is "the host's files, and what of them one may write" "$(with -- "$(writes /srv/data/x)")" yes
is "a private /tmp" "$(with -- "touch /tmp/a-$instance && ls /tmp /var/tmp"; ls /tmp/a-$instance 2>/dev/null)" "/tmp:
a-$instance

/var/tmp:"
is "PrivateTmp=no: the host's" "$(touch "/tmp/confine-$instance"; with "$FS" PrivateTmp=no -- "ls /tmp/confine-$instance"; rm "/tmp/confine-$instance")" "/tmp/confine-$instance"

# --- read-only, writable, hidden, executable ----------------------------------------------------------
is "ReadOnlyPaths=" "$(with "$FS" ReadOnlyPaths=/srv/data -- "$(writes /srv/data/ro/x)")" "Read-only file system"
is "ReadWritePaths= inside of it" "$(with "$FS" ReadOnlyPaths=/srv/data ReadWritePaths=/srv/data/rw -- "$(writes /srv/data/rw/x)")" yes
is "ReadOnlyPaths= inside of that" "$(with "$FS" ReadOnlyPaths='/srv/data /srv/data/rw/deep' ReadWritePaths=/srv/data/rw -- "$(writes /srv/data/rw/deep/x)")" "Read-only file system"
is "what the host has read-only stays so" "$(with "$FS" ReadOnlyPaths=/srv ReadWritePaths='/srv/host-ro /srv/mnt' -- "$(writes /srv/host-ro/x)")" "Read-only file system"
is "InaccessiblePaths=: a directory" "$(with "$FS" InaccessiblePaths=/srv/secret -- 'cat /srv/secret/exam 2>&1 | sed "s/.*: //"')" "Permission denied"
is "InaccessiblePaths=: a file" "$(with "$FS" InaccessiblePaths=/srv/secret/exam -- 'cat /srv/secret/exam 2>&1 | sed "s/.*: //"')" "Permission denied"
is "... for root in the cell it is empty" "$(with "$FS" InaccessiblePaths=/srv/secret/exam -- true; ctl run --policy 50-view -- cat /srv/secret/exam)" ""
is "... (which it isn't without)" "$(with -- 'cat /srv/secret/exam')" exam
is "NoExecPaths=" "$(with "$FS" NoExecPaths=/srv/bin -- '/srv/bin/run 2>&1 | sed "s/.*: //"; cat /srv/bin/run | wc -c')" "Permission denied
$(stat -c %s /srv/bin/run)"
is "ExecPaths= inside of it" "$(with "$FS" NoExecPaths=/srv ExecPaths=/srv/bin/run -- '/srv/bin/run && echo ran; /srv/bin/not 2>&1 | sed "s/.*: //"')" "ran
Permission denied"
like "what isn't there: no cell" "$(with "$FS" ReadOnlyPaths=/srv/nothing -- true)" 'ReadOnlyPaths=, /srv/nothing.*No such file'
is "... but with -" "$(with "$FS" 'ReadOnlyPaths=-/srv/nothing' -- 'echo in')" in
is "a path through a link of root's" "$(ln -s data /srv/link; with "$FS" ReadOnlyPaths=/srv/link/ro -- "$(writes /srv/data/ro/x)")" "Read-only file system"

is "paths with blanks" "$(mkdir -p '/srv/with blank' '/srv/scratch/a b'; chmod 777 '/srv/with blank' '/srv/scratch/a b'; echo c > '/srv/scratch/a b/c'
        with "$FS" 'ReadOnlyPaths="/srv/with blank"' 'BindPaths="/srv/scratch/a b":"/srv/data/ro"' 'TemporaryFileSystem="/srv/with blank/t":size=64K' -- true 2>&1 | grep -o 'TemporaryFileSystem=, [^)]*'
        with "$FS" 'ReadOnlyPaths="/srv/with blank"' 'BindPaths="/srv/scratch/a b":/srv/data/ro' -- "$(writes '"/srv/with blank/x"'); cat /srv/data/ro/c")" \
        "TemporaryFileSystem=, /srv/with blank/t
Read-only file system
c"

# --- binds, memory -------------------------------------------------------------------------------------
is "BindPaths=, each user's own" "$(as=bob with "$FS" BindPaths=/srv/scratch/%u:/srv/mnt -- 'touch /srv/mnt/b'; ls /srv/scratch/bob)" b
is "BindReadOnlyPaths=" "$(with "$FS" BindReadOnlyPaths=/srv/scratch/%u:/srv/mnt -- "$(writes /srv/mnt/x)")" "Read-only file system"
is "... of a file" "$(echo motd > /srv/motd; with "$FS" BindReadOnlyPaths=/srv/motd:/etc/motd -- 'cat /etc/motd')" motd
like "a bind to nowhere: no cell, and nothing is made on the host" "$(with "$FS" BindPaths=/srv/scratch/alice:/srv/none -- true; ls -d /srv/none 2>&1)" 'BindPaths=, /srv/none.*No such file'
is "TemporaryFileSystem=: empty, its own, limited in space" "$(with "$FS" TemporaryFileSystem=/srv/data:size=64K,mode=1777 -- 'ls /srv/data; head -c 100K /dev/zero 2>/dev/null > /srv/data/big; stat -c %s /srv/data/big')" 65536
is "... and in files" "$(with "$FS" TemporaryFileSystem=/srv/data:nr_inodes=10,mode=1777 -- 'for i in $(seq 20); do touch /srv/data/$i; done 2>/dev/null; ls /srv/data | wc -l')" 9
is "... without size= limited by MemoryMax=" "$(with '[Resources]' MemoryMax=64M "$FS" TemporaryFileSystem=/srv/data -- 'stat -f -c "%b %S %c" /srv/data /tmp')" "8192 4096 8192
8192 4096 8192"
is "... ro, with a bind in it" "$(with "$FS" TemporaryFileSystem=/srv/data:ro BindPaths=/srv/scratch/%u:/srv/data/new/mine -- "ls /srv/data/new; $(writes /srv/data/new/mine/x); $(writes /srv/data/y)")" "mine
yes
Read-only file system"
is "/tmp is limited in files" "$(with '[Resources]' MemoryMax=8M -- 'for i in $(seq 2000); do : > /tmp/$i || break; done 2>/dev/null; [ $(ls /tmp | wc -l) -lt 1100 ] && echo limited')" limited
like "into what is hidden nothing is put: no cell" "$(with "$FS" InaccessiblePaths=/srv BindPaths=/srv/scratch/alice:/srv/mnt -- true)" 'BindPaths=, /srv/mnt: inside of what another key hides'

# --- the system, homes ---------------------------------------------------------------------------------
run_as_root() { ctl run --policy 50-view -- sh -c "$1"; }
for how in no yes full strict; do
        with "$FS" ProtectSystem=$how -- true
        is "ProtectSystem=$how" "$(run_as_root 'for p in /usr /etc /srv /home /root /tmp /dev/shm /run; do (: > $p/x) 2>/dev/null && rm $p/x && printf "%s " $p; done')" \
                "$(case $how in
                no) echo "/usr /etc /srv /home /root /tmp /dev/shm /run " ;;
                yes) echo "/etc /srv /home /root /tmp /dev/shm /run " ;;
                full) echo "/srv /home /root /tmp /dev/shm /run " ;;
                strict) echo "/home /root /tmp /dev/shm " ;;
                esac)"
done
is "ProtectSystem=strict: who logs in is recorded" "$(with "$FS" ProtectSystem=strict -- true; run_as_root 'test -w /run/utmp && test -w /var/log/wtmp && echo yes')" yes
is "ProtectHome=yes" "$(with "$FS" ProtectHome=yes -- 'ls /home 2>&1 | sed "s/.*: //"')" "Permission denied"
is "ProtectHome=read-only" "$(with "$FS" ProtectHome=read-only -- "$(writes /home/alice/x)")" "Read-only file system"
is "ProtectHome=tmpfs and BindPaths=: one's own home alone" "$(with "$FS" ProtectHome=tmpfs BindPaths=/home/%u -- "ls /home; $(writes /home/alice/x); $(writes /home/x)")" "alice
yes
Read-only file system"

# --- kept /tmp -----------------------------------------------------------------------------------------
is "PrivateTmp=persistent outlives the cell" "$(with "$FS" PrivateTmp=persistent -- 'echo kept > /tmp/f'; with "$FS" PrivateTmp=persistent -- 'cat /tmp/f')" kept
is "... is each user's own" "$(as=bob with "$FS" PrivateTmp=persistent -- 'ls /tmp /var/tmp')" "/tmp:

/var/tmp:"
is "... and nobody gets there from outside" "$(setpriv --reuid 2001 --clear-groups ls /var/lib/confine/tmp 2>&1 | sed 's/.*: //')" "Permission denied"
was=$(id -u alice)
usermod -l alicia -d /home/alice alice
is "... a number that has another name: nothing of it" "$(as=alicia with "$FS" PrivateTmp=persistent -- 'ls /tmp')" ""
is "... which is kept under the name that it had" "$(cat "/var/lib/confine/tmp/$was-alice-0/tmp/f")" kept
check "... and said" grep -q "User id $was was that of alice and is that of alicia now" "$LAB_DIR/log"
useradd -o -u "$was" -g "$was" -d /home/alice -s /bin/bash -p '*' twin
as=alicia with "$FS" PrivateTmp=persistent -- 'echo both > /tmp/f'
is "... two names of one user are one" "$(as=twin with "$FS" PrivateTmp=persistent -- 'cat /tmp/f')" both
userdel twin
printf '[Match]\nUser=alice alicia\n[Cell]\nLingerSec=10min\n[Network]\nMode=none\n' | policy 50-view
bus_reload
su alicia -c 'touch /tmp/hers'
is "a cell that lingers: its user is in it again" "$(su alicia -c 'ls /tmp')" hers
usermod -l alice alicia
is "... and who has the number after is not" "$(su alice -c 'ls /tmp')" ""
for c in $(cells_of alicia) $(cells_of alice); do bus_cell "$c" Terminate > /dev/null; done
wait_for 20 no_cells
rm -rf "/var/lib/confine/tmp/$was"
like "... not with Scope=policy" "$(printf '[Match]\nUser=alice\n[Cell]\nScope=policy\n[Network]\nMode=none\n[Filesystem]\nPrivateTmp=persistent\n' > "$LAB_DIR/p.ini"; ctl verify "$LAB_DIR/p.ini" 2>&1)" "PrivateTmp=: persistent is a user's own"

# --- /dev, /proc ---------------------------------------------------------------------------------------
is "PrivateDevices=yes" "$(with "$FS" PrivateDevices=yes -- 'ls /dev | tr "\n" " "; echo x > /dev/null && head -c 4 /dev/zero | wc -c')" \
        "fd full mqueue net null ptmx pts random shm stderr stdin stdout tty urandom zero 4"
like "... with terminals" "$(with "$FS" PrivateDevices=yes -- 'script -qec "tty; test -t 0 && ls -l \$(tty)" /dev/null')" '^/dev/pts/[0-9]+'
is "... where root makes no others" "$(run_as_root 'mknod /dev/kmem c 1 2 2>&1 | sed "s/.*: //"; grep -c . /dev/kmsg 2>&1 | sed "s/.*: //"')" "Operation not permitted
No such file or directory"
is "... (which it can without)" "$(with -- true; run_as_root 'mknod /tmp/kmem c 1 2 && echo made')" made
is "a shared cell: ProtectProc=invisible by itself" "$(with '[Cell]' Scope=policy -- 'ls -d /proc/1 2>&1 | sed "s/.*: //"')" "No such file or directory"
is "ProtectProc=invisible" "$(with "$FS" ProtectProc=invisible -- 'ls -d /proc/1 2>&1 | sed "s/.*: //"')" "No such file or directory"
is "... (default: seen)" "$(with -- 'ls -d /proc/1')" /proc/1
is "ProcSubset=pid" "$(with "$FS" ProcSubset=pid -- 'ls /proc/meminfo /proc/sys 2>&1 | grep -c "No such"')" 2
is "/proc/sys and /sys can't be written by root" "$(with -- true; run_as_root '(echo x > /proc/sys/kernel/hostname) 2>/dev/null || echo no; (echo x > /sys/kernel/mm/ksm/run) 2>/dev/null || echo no')" "no
no"
is "ProtectKernelTunables=yes" "$(with "$FS" ProtectKernelTunables=yes -- 'head -1 /proc/kallsyms 2>&1 | sed "s/.*: //"')" "Permission denied"
is "ProtectKernelModules=yes" "$(with "$FS" ProtectKernelModules=yes -- 'ls /usr/lib/modules 2>&1 | sed "s/.*: //"; grep CapBnd /proc/self/status | cut -f2' | tail -1)" "$(printf '%016x' $((0x$(grep CapBnd /proc/self/status | cut -f2) & ~(1 << 16))))"
is "ProtectKernelLogs=yes" "$(with "$FS" ProtectKernelLogs=yes -- true; run_as_root 'dmesg | wc -l; dmesg -S 2>&1 | sed "s/.*: //"')" "0
Operation not permitted"
is "... (which root reads without)" "$(with -- true; run_as_root 'dmesg -S > /dev/null 2>&1 && echo read')" read

# --- names that users can change -------------------------------------------------------------------
su alice -c 'ln -s /etc ~/trap; mkdir ~/real'
like "a link that its owner can change is not followed: no cell" "$(with "$FS" BindPaths=/srv/scratch/alice:/home/alice/trap -- true)" '/home/alice/trap: there is a symbolic link that its owner can change'
is "... and where it leads is as it was" "$(ls /etc/passwd)" /etc/passwd
is "... with - it is left out" "$(with "$FS" InaccessiblePaths=-/home/alice/trap/passwd -- 'head -c 4 /etc/passwd')" root
like "... of root's own paths nothing is left out" "$(with "$FS" InaccessiblePaths=-/etc/passwd -- 'cat /etc/passwd' 2>&1)" 'Permission denied'
rm /home/alice/trap
# A file system of the user's own: the kernel lets nobody else look into it, root as little as others.
mkdir /home/alice/remote && chown alice /home/alice/remote
mkfifo "$LAB_DIR/fuse"
python3 -c '
import ctypes, os, sys
os.mknod("/run/fuse", 0o600 | 0o020000, os.makedev(10, 229))
fd = os.open("/run/fuse", os.O_RDWR)
options = "fd=%d,rootmode=40000,user_id=2001,group_id=2001" % fd
libc = ctypes.CDLL(None, use_errno=True)
print(libc.mount(b"own", b"/home/alice/remote", b"fuse", 0, options.encode()), flush=True)
sys.stdin.read()' < "$LAB_DIR/fuse" > "$LAB_DIR/fuse-mounted" &
fuse=$!
exec 6> "$LAB_DIR/fuse"
check "a FUSE mount of the user's: it is there" wait_for 10 grep -qx 0 "$LAB_DIR/fuse-mounted"
is "... and root may not look" "$(ls /home/alice/remote 2>&1 | sed 's/.*: //')" 'Permission denied'
for key in InaccessiblePaths ReadOnlyPaths ReadWritePaths NoExecPaths; do
        is "... $key=- of it keeps nobody out" "$(with "$FS" $key=-/home/alice/remote -- 'echo in')" in
        is "... nor $key=- of what is in it" "$(with "$FS" $key=-/home/alice/remote/x -- 'echo in')" in
done
is "... nor BindPaths=-" "$(with "$FS" BindPaths=-/home/alice/remote/x:/mnt -- 'echo in')" in
like "... without - it does" "$(with "$FS" InaccessiblePaths=/home/alice/remote/x -- 'echo in' 2>&1)" '/home/alice/remote/x'
is "... ProtectSystem=, ProtectHome= do without" "$(with "$FS" ProtectSystem=strict ProtectHome=read-only -- 'echo in')" in
umount /home/alice/remote
exec 6>&-
wait $fuse
with -- true
# exchange a directory for a link to /etc as fast as can be, while cells are made with a mount on it
su alice -c 'mkdir ~/race && ln -s /etc ~/other && exec python3 -c "
import ctypes, os
c = ctypes.CDLL(None)
os.chdir(\"/home/alice\")
while True: c.renameat2(-100, b\"race\", -100, b\"other\", 2)"' &
racer=$!
raced() { # how the race ended in 40 cells: with a mount that is right, or no cell; and with neither
        for _ in $(seq 40); do
                su bob -c 'test -e /etc/passwd && test ! -e /etc/racer && echo right || echo wrong' 2>&1 | tail -1
        done > "$LAB_DIR/raced"
        echo "$(grep -c right "$LAB_DIR/raced") $(grep -c wrong "$LAB_DIR/raced")"
}
touch /srv/scratch/alice/racer
printf '[Match]\nUser=bob\n[Network]\nMode=none\n[Filesystem]\nBindPaths=/srv/scratch/alice:/home/alice/race\n' | policy 40-race
bus_reload
like "a race with rename-exchange never puts a mount elsewhere" "$(raced)" '^[1-9][0-9]* 0$'
for p in $(pgrep -P $racer) $(pgrep -u alice python3); do kill "$p" 2>/dev/null; done
wait $racer 2>/dev/null
rm /etc/confine/policies/40-race.ini
wait_for 20 no_cells

# --- RootDirectory= ------------------------------------------------------------------------------------
root=/srv/root
mkdir -p $root/{proc,sys,dev,tmp,var/tmp,etc,usr,root,data}
mount --bind /usr $root/usr
for l in bin lib lib64 sbin; do ln -sfn usr/$l $root/$l; done
echo "root:x:0:0::/root:/bin/sh" > $root/etc/passwd
policy 60-root <<END
[Network]
Mode=none
[Filesystem]
RootDirectory=$root
BindPaths=/srv/scratch/alice:/data
ReadOnlyPaths=+/etc
END
bus_reload
is "RootDirectory=: a tree of its own, with the rest in it" "$(ctl run --policy 60-root -- sh -c 'ls / | tr "\n" " "; ls /data/racer; touch /etc/x 2>&1 | sed "s/.*: //"; ls -d /proc/self /sys/class/net /dev/null; ls -d /srv /home 2>/dev/null; cat /proc/1/comm')" \
        "bin data dev etc lib lib64 proc root sbin sys tmp usr var /data/racer
Read-only file system
/dev/null
/proc/self
/sys/class/net
confine-init"
is "... the host's tree is nowhere in it" "$(ctl run --policy 60-root -- sh -c 'cut -d" " -f2 /proc/mounts | grep -c "^/srv\|^/home"')" 0
is "... no cell without a directory" "$(printf '[Network]\nMode=none\n[Filesystem]\nRootDirectory=/srv/motd\n' | policy 61-none; bus_reload; ctl run --policy 61-none -- true 2>&1 | grep -c 'RootDirectory=, /srv/motd')" 1
like "... refused for logins, and why" "$(printf '[Match]\nUser=alice\n[Network]\nMode=none\n[Filesystem]\nRootDirectory=/srv/root\n' > "$LAB_DIR/p.ini"; ctl verify "$LAB_DIR/p.ini" 2>&1)" 'RootDirectory=: a login program goes on as root inside'
like "binds over what login programs trust are refused" "$(printf '[Match]\nUser=alice\n[Network]\nMode=none\n[Filesystem]\nBindPaths=/srv/x:/etc/pam.d\n' > "$LAB_DIR/p.ini"; ctl verify "$LAB_DIR/p.ini" 2>&1)" 'BindPaths=: /etc/pam.d: login programs'
like "PrivateMounts=no is refused, not ignored" "$(printf '[Match]\nUser=alice\n[Network]\nMode=none\n[Filesystem]\nPrivateMounts=no\n' > "$LAB_DIR/p.ini"; ctl verify "$LAB_DIR/p.ini" 2>&1)" 'PrivateMounts=: what is mounted in a cell is always its own'
like "... and over /proc" "$(printf '[Match]\nUser=alice\n[Network]\nMode=none\n[Filesystem]\nTemporaryFileSystem=/proc/sys\n' > "$LAB_DIR/p.ini"; ctl verify "$LAB_DIR/p.ini" 2>&1)" 'TemporaryFileSystem=: /proc/sys: what the kernel shows'

# --- later mounts of the host, what people are shown ---------------------------------------------------
printf '[Match]\nUser=alice\n[Network]\nMode=none\n[Filesystem]\nProtectSystem=strict\nProtectHome=read-only\nInaccessiblePaths=/srv/secret\n[Process]\nLimitNOFILE=512\n' | policy 50-view
bus_reload
mount --make-rshared /
hold a alice
mount -t tmpfs tmpfs /srv/mnt
is "a mount of the host's that comes later appears in the cell" "$(ctl shell "$(cells_of alice)" grep -c ' /srv/mnt tmpfs' /proc/mounts)" 1
like "status shows the view" "$(ctl status "$(cells_of alice)")" 'Hidden: /srv/secret'
like "... what is read-only, and what is forbidden" "$(ctl status "$(cells_of alice)" | tr '\n' ' ')" 'Read-only: /sys.*everything but /dev.*/home /root /run/user.*Forbidden: typing into terminals.*Limit: NOFILE=512'
let_go a
like "explain, too" "$(ctl explain --user alice)" 'Hidden: /srv/secret'
is "... in JSON" "$(ctl --json=short explain --user alice | jq -r '.View[] | select(.Key == "InaccessiblePaths") | .How + " " + .What')" "Hidden /srv/secret"
umount /srv/mnt $root/usr
is "... also inside of a bind" "$(with "$FS" BindPaths=/srv:/mnt ReadWritePaths=/mnt/host-ro ReadOnlyPaths=/mnt/data ReadWritePaths=/mnt/data/rw -- "$(writes /mnt/host-ro/x); $(writes /mnt/data/x); $(writes /mnt/data/rw/x)" | tr '\n' ' ')" "Read-only file system Read-only file system yes "
ln -s mnt /srv/also-mnt
is "... with two names for the place" "$(with "$FS" 'BindPaths=/srv:/srv/also-mnt /srv:/srv/mnt' ReadWritePaths=/srv/mnt/host-ro -- "$(writes /srv/mnt/host-ro/x)")" "Read-only file system"
umount /srv/host-ro
ln -s /srv/data /srv/link
is "a path through a link, with another below" "$(with "$FS" TemporaryFileSystem=/srv/link BindPaths=/srv/scratch/%u:/srv/link/own ReadOnlyPaths=-/srv/link/own/none -- "ls /srv/data /srv/link; $(writes /srv/data/own/x)" | tr '\n' ' ')" "/srv/data: own  /srv/link: own yes "
for i in 1 2; do # lab_done looks at what they leave
        is "a path that isn't there, and has to be: the login is refused" "$(with "$FS" BindPaths=/srv/nothere -- 'echo in' | grep -c '^in$')" 0
done
lab_done
