# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by the suites that run as root inside the guest of tests/vm or tests/host (sourced). The guest is thrown away
# afterwards: what a suite changes needs no undoing, but what confine makes must be gone at the end.

. "${BASH_SOURCE[0]%/*}/../lib.sh"

LAB_DIR=$(mktemp -d /root/lab.XXXXXX)
export LAB_DIR
instance=confine

ctl() { confinectl "$@"; }

# A host of tests/host may have no controllers: then confine hands the limits to systemd, which can't enforce them, and says
# so; the policies have to allow that.
vm_has() { grep -qw "$1" /sys/fs/cgroup/cgroup.controllers; }
if ! vm_has memory; then
        eval "plain_$(declare -f policy)"
        policy() { # as that of tests/lib.sh
                plain_policy "$1"
                printf '[Policy]\nIfUnsupported=warn\n' >> "/etc/confine/policies/$1.ini"
        }
fi

# Not in a container, which has no kernel log, and gives away no priority.
vm_own_kernel() { ! systemd-detect-virt -q -c; }

# limit GROUP PROPERTY FILE: what the kernel has; without the controller, what systemd was given.
limit() {
        if vm_has "${3%%.*}"; then cat "/sys/fs/cgroup$1/$3"; else systemctl show "${1##*/}" -P "$2"; fi
}

# The module in the stacks of Debian: last in each that opens sessions, first in sudo's.
vm_pam() {
        # /etc goes before where the stacks of packages may be as well
        [ -e /etc/pam.d/systemd-user ] || cp /usr/lib/pam.d/systemd-user /etc/pam.d/
        for s in sshd login su cron atd systemd-user; do
                echo "session required pam_confine.so ${1:-}" >> /etc/pam.d/$s
        done
        for s in sudo sudo-i; do
                sed -i "0,/^session\|^@include common-session/s//session required pam_confine.so ${1:-}\n&/" /etc/pam.d/$s
        done
}

# Starts the manager as the README says.
vm_up() {
        systemctl daemon-reload
        systemctl -q enable confined.service
        for unit in confined.socket confined.service; do
                [ ! -e /usr/lib/systemd/system/$unit ] || systemctl start $unit || journalctl -u $unit --no-pager
        done
        wait_for 30 idle
}

# in_ssh USER COMMAND...: by a real login.
in_ssh() {
        u=$1
        shift
        ssh -o BatchMode=yes "$u@localhost" "$@"
}

# vm_console COMMAND...: alice logs in at a console for it: ttyS1 and ttyS2 are the ends of one cable, with a getty on
# the one.
vm_console() {
        cat > "$LAB_DIR/console" <<'END'
import os, select, sys, termios, time, tty
fd = os.open("/dev/ttyS2", os.O_RDWR | os.O_NOCTTY)
tty.setraw(fd)
seen = b""
def expect(what, answer):
    global seen
    end = time.monotonic() + 60
    while what not in seen:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]: sys.exit("no %r in %r" % (what, seen))
        seen += os.read(fd, 4096)
    seen = b""
    os.write(fd, answer)
os.write(fd, b"\n")
expect(b"login: ", b"alice\n")
expect(b"Password: ", b"test\n")
expect(b"$ ", sys.argv[1].encode() + b"; exit\n")
expect(b"login: ", b"")
END
        systemctl start serial-getty@ttyS1
        python3 "$LAB_DIR/console" "$*"
        vm_console_status=$?
        systemctl stop serial-getty@ttyS1
        return $vm_console_status
}

# Nobody is logged in any more, and systemd has put away what that leaves.
vm_logged_out() { [ -z "$(loginctl --no-legend list-users)" ] && no_cells && idle; }

# What is confine's on this host, besides the manager itself.
vm_leftovers() {
        systemctl list-units --all --no-legend --plain 'confine-*' | awk '{print $1}'
        systemctl list-units --all --no-legend --plain 'user-*.slice' 'session-*.scope' | awk '{print $1}'
        ls -d /run/systemd/system.control/user-*.slice.d /run/systemd/system.control/user@*.service.d 2>/dev/null
        find /sys/fs/cgroup -name 'confine*' ! -path '*/system.slice/*'
        ip -o link show | grep -oE 'cf[0-9a-f]{4}[^:@]*'
        lsns -n -o NS,TYPE,COMMAND 2>/dev/null | grep confine-init
        nft list table inet confine 2>/dev/null | grep -oE 'cf[0-9a-f]{12}'
        ls /run/confine/cells /run/confine/sessions 2>/dev/null | grep -E '^[cs][0-9a-f]{12}$'
}

vm_done() {
        wait_for 60 vm_logged_out || loginctl --no-pager
        is "nothing is left on the host" "$(vm_leftovers)" ""
        is "no unit has failed" "$(systemctl --failed --no-legend --plain)" ""
        if [ $tap_failed != 0 ]; then
                journalctl --no-pager -o short-monotonic -u confined -t sshd -t systemd -t systemd-logind \
                        -n "${LAB_LOG_LINES:-150}" | sed 's/^/# /'
        fi
        echo "1..$tap_n"
        exit $tap_failed
}
