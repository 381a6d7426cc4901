#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# confinectl check: a host that is in order, and then one thing after the other that is not.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2501
lab_user bob 2502 docker
lab_user carol 2503 disk
lab_pam
sed -i "/^account/a account required $module" /etc/pam.d/sshd
echo "session required $module" | tee /etc/pam.d/systemd-user > /etc/pam.d/atd
for s in sudo sudo-i; do
        printf 'session required pam_env.so\nsession required %s\nsession required pam_unix.so\n' "$module" > /etc/pam.d/$s
done
cat > /etc/pam.d/su-l <<'END'
auth include su
session include su
END
mkdir -p /etc/ssh/sshd_config.d
rm -f /etc/ssh/sshd_config.d/*
echo 'UsePAM yes' > /etc/ssh/sshd_config
rm -f /run/docker.sock

policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mode=none
END
policy 20-bob <<'END'
[Match]
User=bob
Service=s*
[Network]
Mode=none
END
check_host() { ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" check; }
found() { check_host | grep -v '^ok'; }
status() { check_host > "$LAB_DIR/found" 2>&1; echo $?; }

like "without a manager: an error" "$(found)" '^error +manager: confined is not running'
like "... and processes can't be told" "$(found)" '^warning +processes: '
is "... fails" "$(status)" 1
manager_start
is "a host that is in order: no error" "$(found | grep '^error')" ""
is "... success" "$(status)" 0
like "... which is said" "$(check_host)" '^ok +pam: every stack'
like "... of processes" "$(check_host)" '^ok +processes: '
is "--quiet says nothing of it" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" -q check | grep -c '^ok')" 0
is "--json: the same findings" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" --json=short check |
        python3 -c 'import json, sys; print("\n".join(f["Severity"] + " " + f["Area"] for f in json.load(sys.stdin)))')" \
        "$(check_host | awk '{ sub(":", "", $2); print $1, $2 }')"

# --- PAM ---------------------------------------------------------------------------------------------
# with NAME REGEX: once more with the stack on stdin for a service, which is put back
with() { # SERVICE NAME REGEX
        cp -a "/etc/pam.d/$1" "$LAB_DIR/stack" 2>/dev/null || rm -f "$LAB_DIR/stack"
        cat > "/etc/pam.d/$1"
        like "$2" "$(found)" "$3"
        if [ -e "$LAB_DIR/stack" ]; then cp -a "$LAB_DIR/stack" "/etc/pam.d/$1"; else rm "/etc/pam.d/$1"; fi
}
with sshd "a stack without the module" '^error +pam: sshd opens sessions without pam_confine: whom policy 10-alice' <<END
session required pam_unix.so
END
sed -i '/^account.*confine/d' /etc/pam.d/sshd
like "sshd without the module in its account part" "$(found)" '^warning +pam: sshd keeps the connection of a refused login'
sed -i "/^account/a account required $module" /etc/pam.d/sshd
with vsftpd "a service that nobody thought of" '^error +pam: vsftpd opens sessions without' <<END
session optional pam_permit.so
END
rm /etc/confine/policies/10-alice.ini
with atd "a service that no policy has in Service=" '^warning +pam: atd opens sessions .* way round policy 20-bob' <<END
session required pam_unix.so
END
policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mode=none
END
with login "an include that is not there" "^warning +pam: login: its stack can't be read" <<END
session required $module
@include common-x
END
echo 'session required pam_limits.so' > /etc/pam.d/common-x
with login "in the wrong order" '^error +pam: login: /etc/pam.d/common-x:1: pam_limits needs the host' <<END
session required $module
@include common-x
END
with login "in the right order" '^warning +kernel' <<END
@include common-x
session required $module
END
with login "optional" '^error +pam: login: /etc/pam.d/login:1: with "optional" a refused login gets in' <<END
session optional $module
END
with login "-session" '^error +pam: login: .*with "-session"' <<END
-session required $module
END
with login "onerr=succeed" '^warning +pam: login: .*onerr=succeed' <<END
session required $module onerr=succeed
END
with login "something sufficient before it" '^error +pam: login: .*:1: when pam_x is satisfied' <<END
session sufficient pam_x.so
session required $module
END
with sudo "sudo: behind what can return PAM_SESSION_ERR" '^error +pam: sudo: .*:1: if pam_limits returns PAM_SESSION_ERR' <<END
session required pam_limits.so
session required $module
END
with su-l "twice" '^warning +pam: su-l has pam_confine 2 times' <<END
session include su
session required $module
END
with chfn "not of what opens no session" '^warning +kernel|^$' <<END
session required pam_unix.so
END
is "put back: no error again" "$(found | grep '^error')" ""

# --- ways round --------------------------------------------------------------------------------------
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/docker.sock")'
chmod 600 /run/docker.sock
is "a socket of root's alone is none" "$(found | grep -c docker)" 0
chgrp docker /run/docker.sock
chmod 660 /run/docker.sock
like "a socket that makes root, for a group with a confined user" "$(found)" '^error +sockets: /run/docker.sock: .* bob of policy 20-bob'
chmod 666 /run/docker.sock
like "a socket that makes root, for all" "$(found)" '^error +sockets: /run/docker.sock: everybody'
rm /run/docker.sock
is "group disk with nobody confined is none" "$(found | grep -c 'group disk')" 0
usermod -aG disk alice
like "a confined user in group disk" "$(found)" '^error +groups: who is in group disk .* alice of policy 10-alice'
gpasswd -d alice disk > /dev/null
usermod -g disk alice
like "... also if it is the primary one" "$(found)" '^error +groups: who is in group disk .* alice of policy 10-alice'
usermod -g alice alice
if [ -x /usr/sbin/sshd ]; then
        echo 'UsePAM no' > /etc/ssh/sshd_config.d/a.conf
        like "sshd without PAM: the first value counts" "$(found)" "^error +sshd: logins by ssh don't ask PAM"
        rm /etc/ssh/sshd_config.d/a.conf
        printf 'Match User x\nUsePAM yes\n' > /etc/ssh/sshd_config
        like "sshd without UsePAM" "$(found)" '^error +sshd: .*UsePAM is not set'
        echo 'usepam=yes' > /etc/ssh/sshd_config
        is "sshd with it" "$(found | grep -c sshd:)" 0
fi

# --- processes ---------------------------------------------------------------------------------------
hold a alice
is "processes in a cell are none" "$(found | grep -c processes:)" 0
outside() { # USER
        setpriv --reuid="$1" --regid="$1" --clear-groups sleep 1000 &
        out=$!
        wait_for 10 sh -c "[ \"\$(stat -c %U /proc/$out)\" = $1 ] && grep -qx sleep /proc/$out/comm"
}
outside alice
like "a process outside, whom a policy always confines" "$(found)" "^error +processes: process $out \(sleep\) of alice .* policy 10-alice"
is "... fails" "$(status)" 1
kill $out
outside bob
like "one that some services confine: a warning" "$(found)" "^warning +processes: process $out \(sleep\) of bob .* policy 20-bob"
kill $out
outside carol
is "one of a user whom no policy matches" "$(found | grep -c processes:)" 0
kill $out
pid=$(bus_get "$(cells_of alice)" InitPID)
wait_for 10 [ "$(nsenter -t "$pid" -p -m pgrep -c -u alice)" -ge 1 ]
let_go a

policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mod=none
END
like "a policy that is refused" "$(found)" '^error +policies: .*10-alice.ini:4: \[Network\] Mod='
rm /etc/confine/policies/*.ini
like "no policy at all" "$(found)" '^warning +policies: no policy confines logins'
if id nobody > /dev/null 2>&1; then
        cp "$build/confinectl" /var/lib/confinectl
        like "as another user: what it can't see" "$(setpriv --reuid=nobody --clear-groups /var/lib/confinectl \
                --runtime-dir=/run/confine --vendor-dir=/nowhere check)" "^warning +check: as this user it can't see"
fi
lab_done
