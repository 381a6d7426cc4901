#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the kernel does for those in a cell: namespaces, devices, terminals, system calls, keys.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2100} + 1)); done
mknod -m 666 /var/lib/loop c 10 237
mknod -m 666 /var/lib/tun c 10 200
mknod -m 600 /var/lib/disk b 7 0
mknod -m 666 /var/lib/kmsg c 1 11

policy 10-tight <<'END'
[Match]
User=alice
[Resources]
DevicePolicy=closed
[Network]
Mode=none
[Filesystem]
PrivateDevices=yes
[Process]
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallFilter=~@keyring
SystemCallErrorNumber=EPERM
LimitNOFILE=200
END
policy 11-native <<'END'
[Match]
User=dave
[Network]
Mode=none
[Process]
NoNewPrivileges=yes
KeyringMode=private
END
policy 20-loose <<'END'
[Match]
User=bob
[Network]
Mode=none
[Process]
LimitNOFILE=200:400
RestrictNamespaces=no
END
root_policy() { printf '%s\n' '[Network]' 'Mode=none' "${@:2}" | policy "$1"; }
root_policy 30-root
root_policy 31-closed '[Resources]' 'DevicePolicy=closed'
root_policy 32-logs '[Filesystem]' 'ProtectKernelLogs=yes'
root_policy 33-no-mknod '[Filesystem]' 'PrivateDevices=yes'
root_policy 36-no-admin '[Process]' 'CapabilityBoundingSet=~CAP_SYS_ADMIN'
root_policy 35-list '[Process]' 'SystemCallFilter=~socket' 'SystemCallErrorNumber=EPERM'
root_policy 34-modules '[Filesystem]' 'ProtectKernelModules=yes'
for u in bob dave; do echo "$u ALL=(ALL) NOPASSWD: ALL"; done > /etc/sudoers.d/attacks
chmod 440 /etc/sudoers.d/attacks
manager_start

# --- 7: user namespaces --------------------------------------------------------------------------------
attack 7.1 "unshare -Ur" "RestrictNamespaces=~user, which is the default" 'as dave $try unshare user' 'as bob $try unshare user'
attack 7.2 "unshare -Ur, and a table of nf_tables in a network of one's own" "RestrictNamespaces=~user, which is the default" 'as dave $try nft' 'as bob $try nft'
attack 7.3 "unshare -Ur, and mounts" "RestrictNamespaces=~user, which is the default" 'as dave $try unshare user mnt' 'as bob $try unshare user mnt'
attack 7.4 "a user namespace by clone3, whose flags a filter can't see" "RestrictNamespaces=yes: clone3 does not exist" 'as alice $try clone3 user' 'as bob $try clone3 user'
i386='as bob $try i386 user'
[ "$(uname -m)" = x86_64 ] && [ "$($try i386 user)" = hit ] || i386='not shown: this kernel runs no 32-bit programs'
attack 7.5 "a user namespace by the system calls of 32-bit programs" "the filter holds for all architectures" 'as dave $try i386 user' "$i386"
no_ring='not shown: io_uring is turned off here'
[ "$($try io-uring)" != hit ] || no_ring='as bob $try io-uring'
attack 7.6 "sockets and files by way of io_uring, past the filter" "RestrictAddressFamilies=: io_uring is refused" 'as alice $try io-uring' "$no_ring"
[ "$($try io-uring)" != hit ] || no_ring='root_in 30-root $try io-uring'
attack 7.7 "the same past a list of refused calls" "SystemCallFilter=~: io_uring is refused" 'root_in 35-list $try io-uring' "$no_ring"

# --- 8: devices ----------------------------------------------------------------------------------------
attack 8.1 "a user opens a device node that anybody may open" "DevicePolicy=closed" 'as alice $try open /var/lib/loop' 'as bob $try open /var/lib/loop'
attack 8.2 "a user opens a tun device" "DevicePolicy=closed" 'as alice $try open /var/lib/tun rw' 'as bob $try open /var/lib/tun rw'
attack 8.3 "root in the cell makes a node of a disk and opens it" "DevicePolicy=closed" 'root_in 31-closed $try mknod b 7 0 /var/lib/made' 'root_in 30-root $try mknod b 7 0 /var/lib/made'
attack 8.4 "root in the cell makes a node" "PrivateDevices=yes: no CAP_MKNOD" 'root_in 33-no-mknod $try mknod c 10 237 /var/lib/made' 'root_in 30-root $try mknod c 10 237 /var/lib/made'
attack 8.5 "root in the cell opens a raw disk" "DevicePolicy=closed" 'root_in 31-closed $try open /var/lib/disk' 'root_in 30-root $try open /var/lib/disk'
attack 8.6 "root in the cell reads the kernel's messages" "ProtectKernelLogs=yes" 'root_in 32-logs $try kmsg' 'root_in 30-root $try kmsg'
attack 8.7 "a user opens /dev/kmsg by a node elsewhere" "DevicePolicy=closed" 'as alice $try open /var/lib/kmsg w' 'as bob $try open /var/lib/kmsg w'

# --- 9: the process itself -----------------------------------------------------------------------------
attack 9.4 "a user raises a limit" "LimitNOFILE=200: the hard limit, too" 'as alice $try limit NOFILE 400' 'as bob $try limit NOFILE 400'

# --- 18: the outer terminal ------------------------------------------------------------------------------
# A shell of root's on a terminal runs su; what is in there types into it.
types() { timeout 20 python3 - "$@" << 'END'
import os, pty, re, sys
pid, fd = pty.fork()
if pid == 0: os.execvp("su", ["su", sys.argv[1]])
os.write(fd, b"stty -echo; exec /var/lib/try tiocsti " + sys.argv[2].encode() + b"\n")
out = b""
try:
    while True: out += os.read(fd, 1000)
except OSError: pass
os.waitpid(pid, 0)
text = re.sub(r"\x1b\S*?[hl]", "", out.decode(errors="replace").replace("\r", "\n"))
print((re.findall(r"^(hit|refused .*)$", text, re.M) or [text])[-1])
END
}
legacy='types carol 0' legacy_high='types carol 1'
[ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2> /dev/null || echo 1)" = 1 ] || legacy='not shown: dev.tty.legacy_tiocsti is 0 here' legacy_high=$legacy
attack CVE-2017-5226 "18: a user types into the terminal of the shell that ran su (TIOCSTI; bubblewrap)" "the filter that every cell has" 'types bob 0' "$legacy"
attack 18.1 "TIOCSTI with a number whose upper half, which the kernel ignores, is set" "the filter looks at 32 bits" 'types bob 1' "$legacy_high"

# --- more of the keys --------------------------------------------------------------------------------------
inherits() { # POLICY: a login program that has got inheritable capabilities
        case $(setpriv --inh-caps=+sys_admin timeout 20 "$build/confinectl" --runtime-dir=/run/confine run --policy "$1" -- grep CapInh /proc/self/status) in
        *0000000000200000) echo hit ;;
        *0000000000000000) echo "refused: none" ;;
        esac
}
attack CVE-2022-29162 "inheritable capabilities of who starts a command stay (runc)" "CapabilityBoundingSet= takes them, too" 'inherits 36-no-admin' 'inherits 30-root'
attack 37.1 "a key in the user's keyring, from one cell to the next" "SystemCallFilter=~@keyring" 'as alice $try key add confine-attack' 'as bob $try key add confine-attack'
attack 37.2 "sudo inside" "NoNewPrivileges=yes" 'case $(as dave sudo id -u) in 0) echo hit ;; *) echo refused ;; esac' 'case $(as bob sudo id -u) in 0) echo hit ;; esac'
attack 37.3 "a set-user-ID file, for others to run" "RestrictSUIDSGID=yes" 'as alice $try setuid-file /home/alice/x' 'as bob $try setuid-file /home/bob/x'
attack 37.4 "memory that is written and then executed" "MemoryDenyWriteExecute=yes" 'as alice $try rwx' 'as bob $try rwx'
attack 37.5 "addresses that are not random (personality)" "LockPersonality=yes" 'as alice $try personality' 'as bob $try personality'
attack 37.6 "a socket of a family that nobody needs" "RestrictAddressFamilies=" 'as alice $try socket AF_NETLINK' 'as bob $try socket AF_NETLINK'
attack 37.7 "root in the cell loads a module" "ProtectKernelModules=yes" 'root_in 34-modules $try module' 'root_in 30-root $try module'
attacks_done
