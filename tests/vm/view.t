#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A strict view and strict limits on a systemd host: by ssh, at a console, with the user's service manager.

. "$(dirname "$0")/lib.sh"

policy 50-alice <<'END'
[Match]
User=alice
[Cell]
LingerSec=0
[Network]
Mode=none
[Filesystem]
ProtectSystem=strict
ProtectHome=tmpfs
BindPaths=/home/%u
InaccessiblePaths=/srv -/run/docker.sock
TemporaryFileSystem=/var/cache:size=1M,mode=1777
NoExecPaths=/var
PrivateDevices=yes
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
[Process]
NoNewPrivileges=yes
CapabilityBoundingSet=none
SystemCallFilter=@system-service
SystemCallFilter=~@keyring
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
LimitNOFILE=1024:4096
LimitNICE=+5
Nice=2
OOMScoreAdjust=-50
UMask=0027
KeyringMode=private
Environment=WHERE=cell
END
vm_pam
vm_up
look='ls /home; ls /dev | tr "\n" " "; grep -c "^NoNewPrivs:.1\|^Seccomp:.2\|^CapBnd:.0*$" /proc/self/status; touch /etc/x /usr/x 2>/dev/null; ls /srv 2>/dev/null; ls /lib/modules 2>/dev/null; cat /proc/self/oom_score_adj; nice; ulimit -e; umask; echo $WHERE'
want() { # what else is in /dev
        printf 'alice\nfd full mqueue net null ptmx pts random shm stderr stdin stdout tty %surandom zero 3\n-50\n2\n15\n0027\ncell' "${1:-}"
}
is "ssh: what is seen, and may be done" "$(in_ssh alice "$look" | grep -v '^$')" "$(want)"
is "... logind's directory for the user is there" "$(in_ssh alice 'test -d "$XDG_RUNTIME_DIR" && echo "$XDG_RUNTIME_DIR"')" ""
if [ -e /dev/ttyS2 ]; then
check "login at a console" vm_console "($look) > ~/console; tty >> ~/console; (: > /dev/tty) && echo opened >> ~/console; ls -l /dev/ttyS1 | cut -c1 >> ~/console"
is "... its terminal is in the private /dev, and no other" "$(grep -v '^$' /home/alice/console)" "$(want 'ttyS1 ')
/dev/ttyS1
opened
c"
fi
wait_for 60 no_cells

# ProtectHome= hides /run/user; who shows it has the user's services, in the same cell.
mkdir -p /etc/confine/policies/50-alice.ini.d
printf '[Filesystem]\nBindPaths=-/run/user/%%U\n' > /etc/confine/policies/50-alice.ini.d/run.ini
ctl reload > /dev/null
is "systemd --user runs inside, with all of it" "$(in_ssh alice 'systemctl --user is-system-running; systemd-run --user -q --wait -P sh -c "grep -c \"^NoNewPrivs:.1\|^Seccomp:.2\" /proc/self/status; ls /home"' 2>&1)" "running
2
alice"
check "the manager's log has no complaint" sh -c '! journalctl -u confined -b --no-pager | grep -i "cannot\|warning" | grep -v "50-alice.ini\|side of the network" | grep .'
vm_done
