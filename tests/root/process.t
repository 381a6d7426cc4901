#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# [Process], and the namespaces user and time: what a cell may do, tried from inside, each key with and without.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2011 # of its own: other suites, which run beside, use up the keys that the kernel lets a uid have
lab_pam
mkdir -p "$LAB_DIR/vendor"
# call NAME ARGUMENT...: a system call by its C function, or its number; says "ok" or the error
cat > /var/lib/call <<'END'
#!/usr/bin/env python3
import ctypes, errno, sys
c = ctypes.CDLL(None, use_errno=True)
args = [a.encode() if not a.lstrip("-").isdigit() else ctypes.c_long(int(a)) for a in sys.argv[2:]]
f = c.syscall if sys.argv[1].isdigit() else c[sys.argv[1]]
f.restype = ctypes.c_long
if sys.argv[1].isdigit(): args.insert(0, ctypes.c_long(int(sys.argv[1])))
print("ok" if f(*args) & 0xffffffff != 0xffffffff else errno.errorcode[ctypes.get_errno()])
END
chmod 755 /var/lib/call
: > /etc/subuid
: > /etc/subgid
manager_start

# made KEY=VALUE... -- COMMAND of `how`: as alice by su, or by run
made() {
        {
                [ "$how" = login ] && printf '[Match]\nUser=alice\n'
                printf '[Network]\nMode=none\n[Process]\n'
                while [ "$1" != -- ]; do
                        printf '%s\n' "$1"
                        shift
                done
        } > "$LAB_DIR/policy"
        shift
        policy 50-process < "$LAB_DIR/policy"
        bus_reload
        case $how in
        login) su alice -c "$1" 2>&1 ;;
        root) ctl run --policy 50-process -- bash -c "$1" 2>&1 ;;
        *) ctl run --policy 50-process --user alice -- bash -c "$1" 2>&1 ;;
        esac
        wait_for 20 no_cells
}
forget_key() { # NAME, in root's user keyring
        /var/lib/call 250 9 $((0x$(awk -v name="$1:" '$9 == name { print $1 }' /proc/keys))) -4 > /dev/null # KEYCTL_UNLINK
}
status() { echo "grep ^$1: /proc/self/status | cut -f2"; }
all_caps=$(grep CapBnd /proc/self/status | cut -f2)

# In a login and in a run alike.
for how in login run; do
        is "$how: NoNewPrivileges=" "$(made NoNewPrivileges=yes -- "$(status NoNewPrivs)"; made -- "$(status NoNewPrivs)")" "1
0"
        is "$how: CapabilityBoundingSet=~" "$(made 'CapabilityBoundingSet=~CAP_NET_RAW CAP_SYS_PTRACE' -- "$(status CapBnd)")" \
                "$(printf %016x $((0x$all_caps & ~(1 << 13) & ~(1 << 19))))"
        is "$how: CapabilityBoundingSet=, several lines" "$(made CapabilityBoundingSet=CAP_CHOWN CapabilityBoundingSet=CAP_KILL -- "$(status CapBnd)")" 0000000000000021
        is "$how: CapabilityBoundingSet= empty: none" "$(made CapabilityBoundingSet= -- "$(status CapBnd)")" 0000000000000000
        is "$how: (all without)" "$(made -- "$(status CapBnd)")" "$all_caps"
        is "$how: SystemCallFilter=~ by an error" "$(made 'SystemCallFilter=~@mount @keyring' SystemCallErrorNumber=EPERM -- '/var/lib/call 250 0; /var/lib/call 155 / /')" "EPERM
EPERM"
        is "$how: ... each by its own" "$(made 'SystemCallFilter=~@keyring:ENOSYS sync:EAGAIN' -- '/var/lib/call 250 0; /var/lib/call 162')" "ENOSYS
EAGAIN"
        is "$how: ... by an end" "$(made 'SystemCallFilter=~@keyring' -- '/var/lib/call 250 0; echo $?' | tail -1)" 159
        is "$how: ... newer than the library" "$(made 'SystemCallFilter=~fchmodat2 open_tree_attr' SystemCallErrorNumber=EPERM -- '/var/lib/call 452 -100 / 493 0; /var/lib/call 467 -100 / 0 0 0')" "EPERM
EPERM"
        is "$how: ... allowing some" "$(made 'SystemCallFilter=@system-service' SystemCallErrorNumber=EPERM -- '/var/lib/call getpid; /var/lib/call 165 x /mnt tmpfs 0 0; /var/lib/call 467 0')" "ok
EPERM
ENOSYS"
        is "$how: ... and later less" "$(made 'SystemCallFilter=@system-service' 'SystemCallFilter=~getrandom sync' SystemCallErrorNumber=EACCES -- '/var/lib/call sync; /var/lib/call getpid')" "EACCES
ok"
        is "$how: SystemCallArchitectures=native" "$(made SystemCallArchitectures=native -- '/var/lib/call getpid')" ok
        is "$how: RestrictNamespaces=yes" "$(made RestrictNamespaces=yes -- '/var/lib/call unshare 268435456; /var/lib/call 56 268435473 0 0 0 0; /var/lib/call 435 0 0; /var/lib/call setns 0 0')" "EPERM
EPERM
ENOSYS
EPERM"
        is "$how: RestrictNamespaces=~user" "$(made RestrictNamespaces=~user -- '/var/lib/call unshare 268435456; /var/lib/call unshare 1073741824')" "EPERM
$([ $how = run ] && echo EPERM || echo EPERM)"
        is "$how: (unshare without)" "$(made RestrictNamespaces=no -- '/var/lib/call unshare 268435456')" ok
        is "$how: ... no user namespaces unless the policy allows them" "$(made -- '/var/lib/call unshare 268435456; /var/lib/call 435 0 0')" "EPERM
ENOSYS"
        is "$how: RestrictAddressFamilies=" "$(made 'RestrictAddressFamilies=AF_UNIX AF_INET' -- '/var/lib/call socket 1 1 0; /var/lib/call socket 2 1 0; /var/lib/call socket 10 1 0; /var/lib/call socket 16 3 0; /var/lib/call socket 4294967306 1 0; /var/lib/call 425 1 0')" "ok
ok
EAFNOSUPPORT
EAFNOSUPPORT
EAFNOSUPPORT
EPERM"
        is "$how: RestrictAddressFamilies=~" "$(made 'RestrictAddressFamilies=~AF_NETLINK' -- '/var/lib/call socket 16 3 0; /var/lib/call socket 10 1 0')" "EAFNOSUPPORT
ok"
        is "$how: RestrictSUIDSGID=" "$(made RestrictSUIDSGID=yes -- 'touch /tmp/f; /var/lib/call chmod /tmp/f 2541; /var/lib/call chmod /tmp/f 1517; /var/lib/call chmod /tmp/f 493; /var/lib/call 257 -100 /tmp/g 65 2541; /var/lib/call 257 -100 /tmp 4259841 2541; /var/lib/call 257 -100 /tmp/f 0 2541; /var/lib/call 452 -100 /tmp/f 2541 0; chmod 644 /tmp/f && echo chmod')" "EPERM
EPERM
ok
EPERM
EPERM
ok
ENOSYS
chmod"
        is "$how: MemoryDenyWriteExecute=" "$(made MemoryDenyWriteExecute=yes -- '/var/lib/call mmap 0 4096 7 34 -1 0; /var/lib/call mmap 0 4096 3 34 -1 0; /var/lib/call mprotect 0 0 4')" "EPERM
ok
EPERM"
        is "$how: LockPersonality=" "$(made LockPersonality=yes -- '/var/lib/call personality 8; /var/lib/call personality 262144; /var/lib/call personality 4294967295; /var/lib/call personality 0')" "EPERM
EPERM
ok
ok"
        is "$how: Limit...=" "$(made LimitNOFILE=100:200 LimitCORE=0 LimitFSIZE=1M LimitCPU=1h LimitRTPRIO=0 LimitMEMLOCK=64K -- 'ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -f; ulimit -t; ulimit -r; ulimit -l' | tr '\n' ' ')" "100 200 0 1024 3600 0 64 "
        is "$how: ... a file that is too large" "$(made LimitFSIZE=1M -- 'head -c 2M /dev/zero > /tmp/f; stat -c %s /tmp/f' | tail -1)" 1048576
        is "$how: Nice=" "$(made Nice=7 -- nice)" 7
        is "$how: OOMScoreAdjust=" "$(made OOMScoreAdjust=300 -- 'cat /proc/self/oom_score_adj')" 300
        is "$how: UMask=" "$(made UMask=0077 -- 'umask; touch /tmp/u; stat -c %a /tmp/u')" "0077
600"
        is "$how: Environment=" "$(made 'Environment="WORDS=two words" WHO=%u' -- 'echo "$WORDS $WHO"')" "two words alice"
        is "$how: KeyringMode=private" "$(made KeyringMode=private -- 'set -- $(grep -c . /proc/keys); grep -E " _ses" /proc/keys | awk "{ print \$6 }"')" 2011
        is "$how: KeyringMode=shared links the user's keyring" "$(made KeyringMode=shared -- '/var/lib/call 248 user confine-own secret 6 -4; /var/lib/call 250 10 -3 user confine-own 0; /var/lib/call 250 9 -4 -3')" "ok
ok
ok"
        is "$how: ... not root's" "$(/var/lib/call 248 user confine-root secret 6 -4; made KeyringMode=shared -- '/var/lib/call 250 10 -3 user confine-root 0')" "ok
ENOKEY"
        forget_key confine-root
        is "$how: nobody types into a terminal" "$(made -- 'script -qec "/var/lib/call ioctl 0 21522 x; /var/lib/call ioctl 0 21532 x; /var/lib/call ioctl 0 4294988818 x" /dev/null | tr -d "\r"')" "EPERM
EPERM
EPERM"
done
is "real-time scheduling: RestrictRealtime=" "$(how=root made RestrictRealtime=yes -- 'chrt -f 1 echo x; chrt -r 1 echo x; chrt -o 0 echo normal' 2>&1 | grep -v failed)" normal
like "... (by root without)" "$(how=root made -- 'chrt -o 0 echo normal; chrt -b 0 echo batch')" batch
is "AmbientCapabilities=" "$(how=run made AmbientCapabilities=CAP_NET_BIND_SERVICE -- "$(status CapEff); python3 -c 'import socket; socket.create_server((\"127.0.0.1\", 80)); print(\"bound\")'")" "0000000000000400
bound"
is "... (without)" "$(how=run made -- "python3 -c 'import socket; socket.create_server((\"127.0.0.1\", 80))' 2>&1 | tail -1 | cut -d: -f1")" PermissionError
is "shell has the same" "$(how=login; made NoNewPrivileges=yes -- true; hold a alice; ctl shell "$(cells_of alice)" sh -c "$(status NoNewPrivs)"; let_go a)" 1
wait_for 20 no_cells

# --- other architectures' calls: with the same answer -------------------------------------------------
install -m 755 "$build/tests/helpers/arch-call" /var/lib/arch-call # where cells see it, wherever the tree is
if /var/lib/arch-call x86 20 > /dev/null 2>&1; then # getpid(2)
        for how in login run; do
                is "$how: the filter holds for 32-bit calls" "$(made 'SystemCallFilter=~@keyring' SystemCallErrorNumber=EACCES RestrictNamespaces=yes -- \
                        "/var/lib/arch-call x86 288; /var/lib/arch-call x86 310 268435456")" "13
1"
                is "$how: (which there are without)" "$(made RestrictNamespaces=no -- "/var/lib/arch-call x86 310 268435456")" 0
                is "$how: SystemCallArchitectures=native ends them" "$(made SystemCallArchitectures=native -- "/var/lib/arch-call x86 20; echo \$?" | tail -1)" 159
        done
fi

# --- what would break a login program -------------------------------------------------------------------
refusal() {
        printf '[Match]\nUser=alice\n[Network]\nMode=none\n[%s]\n%s\n' "$1" "$2" > "$LAB_DIR/p.ini"
        ctl verify "$LAB_DIR/p.ini" 2>&1
}
like "a filter that a login program can't live with" "$(refusal Process SystemCallFilter=~@setuid)" 'a login program needs what it refuses: setuid'
like "... an allow list that lacks something" "$(refusal Process SystemCallFilter=@basic-io)" 'needs what it refuses: .*(add it; @system-service has it all)'
like "AmbientCapabilities=" "$(refusal Process AmbientCapabilities=CAP_NET_RAW)" 'the kernel takes them away'
like "RestrictAddressFamilies= without AF_UNIX" "$(refusal Process RestrictAddressFamilies=AF_INET)" 'need AF_UNIX'
like "a limit below what it needs" "$(refusal Process LimitNOFILE=8)" 'LimitNOFILE=: the login program itself has it'
like "Namespaces=user" "$(refusal Cell 'Namespaces=mnt pid net ipc uts cgroup user')" 'user is for confinectl run and shell'
like "Namespaces=time" "$(refusal Cell 'Namespaces=mnt pid net ipc uts cgroup time')" 'time is for confinectl run and shell'
like "SystemCallArchitectures= without its own" "$(refusal Process SystemCallArchitectures=s390x)" 'nothing could run'

# --- user and time -----------------------------------------------------------------------------------
policy 60-user <<END
[Cell]
Namespaces=mnt pid net ipc uts cgroup user time
MonotonicOffsetSec=-1s
BootTimeOffsetSec=100d
[Network]
Mode=none
END
bus_reload
nobody() { # in the first cell: the next has other ids
        wait_for 20 no_cells
        ctl run --policy 60-user "$@" 2>&1
}
is "Namespaces=user: root inside is of the pool" "$(nobody -- cat /proc/self/uid_map | tr -s ' ')" " 0 1879048192 65536"
is "... nobody outside" "$(nobody -- sh -c 'id -u; stat -c %u /etc; cat /etc/shadow 2>&1 | sed "s/.*: //"')" "0
65534
Permission denied"
is "... what it makes belongs to nobody else" "$(mkdir -m 1777 /srv/open; nobody -- touch /srv/open/f; stat -c '%u %g' /srv/open/f)" "1879048192 1879048192"
is "... it has no rights on the rest of the cell" "$(nobody -- sh -c 'mount -t tmpfs x /mnt; ip link set lo down; hostname x; umount /proc' | grep -ciE 'denied|not permitted|must be')" 4
is "... nor on pid 1" "$(nobody -- sh -c 'cat /proc/1/maps /proc/1/environ; kill -9 1; kill -0 1 && echo there' 2>&1 | sed 's/.*: //')" "Permission denied
Permission denied
there"
is "... (which root without the namespace reads)" "$(how=root made -- 'head -c 1 /proc/1/maps | wc -c')" 1
is "another user inside" "$(nobody --user alice -- sh -c 'id -un; touch /srv/open/g'; stat -c %u /srv/open/g)" "alice
$((1879048192 + 2011))"
is "two cells have different ids" "$(nobody -- sh -c 'cat /proc/self/uid_map; read _' < <(wait_for 20 test -s "$LAB_DIR/a"; ctl run --policy 60-user --user alice -- cat /proc/self/uid_map > "$LAB_DIR/b"; echo) > "$LAB_DIR/a"; cat "$LAB_DIR/a" "$LAB_DIR/b" | awk '{ print $2 }' | sort -u | wc -l)" 2
printf 'alice:%u:65536\n' 500000 > /etc/subuid
cp /etc/subuid /etc/subgid
is "/etc/subuid goes first" "$(nobody --user alice -- sh -c 'head -1 /proc/self/uid_map' | tr -s ' ')" " 0 500000 65536"
printf 'bob:%u:65536\n' 1879048192 > /etc/subuid
cp /etc/subuid /etc/subgid
is "... and keeps what it gives to others" "$(nobody -- cat /proc/self/uid_map | tr -s ' ')" " 0 1879113728 65536"
like "Namespaces=time: the machine seems older" "$(nobody -- cut -d. -f1 /proc/uptime)" "^$(($(cut -d. -f1 /proc/uptime) / 10 + 864000))"
is "a shell joins both" "$(nobody -- sh -c 'echo up; read _' < <(wait_for 20 test -s "$LAB_DIR/c"; c=$(ls /run/confine/cells); ctl shell "$c" sh -c 'id -u; cat /proc/self/uid_map' > "$LAB_DIR/d" 2>&1; ctl shell "$c" readlink /proc/self/ns/time >> "$LAB_DIR/d"; echo) > "$LAB_DIR/c"; tr -s ' ' < "$LAB_DIR/d" | grep -c '^0$\| 0 187\|time:')" 3
like "offsets need the namespace" "$(printf '[Cell]\nBootTimeOffsetSec=1d\n[Network]\nMode=none\n' > "$LAB_DIR/p.ini"; ctl verify "$LAB_DIR/p.ini" 2>&1)" 'add time to Namespaces='
hold b alice # a manager that comes later knows the ids of a cell
let_go b

# --- a module of the version before ---------------------------------------------------------------------
printf '[Match]\nUser=alice\n[Network]\nMode=none\n[Process]\nUMask=0077\n' | policy 50-process
bus_reload
like "is told that it can't do what [Process] wants" "$(old_login 2011 alice)" '^1[0-9]{3} 1 6 the module or tool is of an older'
printf '[Match]\nUser=alice\n[Network]\nMode=none\n' | policy 50-process
bus_reload
like "... and is served where nothing of it is needed" "$(old_login 2011 alice)" '^1[0-9]{3} 1 1 $'
wait_for 20 no_cells
lab_done
