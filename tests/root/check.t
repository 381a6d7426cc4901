#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# confinectl check on a good host, and then with one mistake after the other.

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
like "... and a warning that it can't check processes" "$(found)" '^warning +processes: '
is "... fails" "$(status)" 1
manager_start
is "a good host: no error" "$(found | grep '^error')" ""
is "... success" "$(status)" 0
like "... and an ok line for PAM" "$(check_host)" '^ok +pam: every stack'
like "... and one for processes" "$(check_host)" '^ok +processes: '
is "--quiet prints no ok line" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" -q check | grep -c '^ok')" 0
is "--json: the same findings" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" --json=short check |
        python3 -c 'import json, sys; print("\n".join(f["Severity"] + " " + f["Area"] for f in json.load(sys.stdin)))')" \
        "$(check_host | awk '{ sub(":", "", $2); print $1, $2 }')"

# --- PAM ---------------------------------------------------------------------------------------------
# with SERVICE NAME REGEX: checks again with the stack of a service replaced by stdin, then restores it
with() { # SERVICE NAME REGEX
        cp -a "/etc/pam.d/$1" "$LAB_DIR/stack" 2>/dev/null || rm -f "$LAB_DIR/stack"
        cat > "/etc/pam.d/$1"
        like "$2" "$(found)" "$3"
        if [ -e "$LAB_DIR/stack" ]; then cp -a "$LAB_DIR/stack" "/etc/pam.d/$1"; else rm "/etc/pam.d/$1"; fi
}
with sshd "a stack without the module" '^error +pam: sshd opens sessions without pam_confine: users whom policy 10-alice' <<END
session required pam_unix.so
END
sed -i '/^account.*confine/d' /etc/pam.d/sshd
like "sshd without the module in its account part" "$(found)" '^warning +pam: sshd keeps the connection of a refused login'
sed -i "/^account/a account required $module" /etc/pam.d/sshd
with vsftpd "a service that nobody configured" '^error +pam: vsftpd opens sessions without' <<END
session optional pam_permit.so
END
rm /etc/confine/policies/10-alice.ini
with atd "a service that no policy has in Service=" '^warning +pam: atd opens sessions .* way around policy 20-bob' <<END
session required pam_unix.so
END
policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mode=none
END
with login "an include of a missing file" "^warning +pam: login: confinectl can't read its stack" <<END
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
with login "a sufficient line before the module" '^error +pam: login: .*:1: when pam_x is satisfied' <<END
session sufficient pam_x.so
session required $module
END
with sudo "sudo: after a module that can return PAM_SESSION_ERR" '^error +pam: sudo: .*:1: if pam_limits returns PAM_SESSION_ERR' <<END
session required pam_limits.so
session required $module
END
with su-l "the module twice" '^warning +pam: su-l has pam_confine 2 times' <<END
session include su
session required $module
END
with chfn "no error for a service that opens no session" '^warning +kernel|^$' <<END
session required pam_unix.so
END
is "stacks restored: no error again" "$(found | grep '^error')" ""

# --- ways around -------------------------------------------------------------------------------------
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/docker.sock")'
chmod 600 /run/docker.sock
is "a socket that only root can use is no finding" "$(found | grep -c docker)" 0
chgrp docker /run/docker.sock
chmod 660 /run/docker.sock
like "a socket that leads to root, for a group with a confined user" "$(found)" '^error +sockets: /run/docker.sock: .* bob of policy 20-bob'
chmod 666 /run/docker.sock
like "a socket that leads to root, for everybody" "$(found)" '^error +sockets: /run/docker.sock: everybody'
rm /run/docker.sock
is "group disk without a confined member is no finding" "$(found | grep -c 'group disk')" 0
usermod -aG disk alice
like "a confined user in group disk" "$(found)" '^error +groups: alice of policy 10-alice is in group disk'
gpasswd -d alice disk > /dev/null
usermod -g disk alice
like "... also as the primary group" "$(found)" '^error +groups: alice of policy 10-alice is in group disk'
usermod -g alice alice
if [ -x /usr/sbin/sshd ]; then
        echo 'UsePAM no' > /etc/ssh/sshd_config.d/a.conf
        like "sshd without PAM: the first value counts" "$(found)" "^error +sshd: logins by ssh don't ask PAM"
        rm /etc/ssh/sshd_config.d/a.conf
        printf 'Match User x\nUsePAM yes\n' > /etc/ssh/sshd_config
        like "sshd without UsePAM" "$(found)" '^error +sshd: .*UsePAM is not set'
        echo 'usepam=yes' > /etc/ssh/sshd_config
        is "sshd with UsePAM" "$(found | grep -c sshd:)" 0
fi

# --- processes ---------------------------------------------------------------------------------------
hold a alice
is "processes in a cell are no finding" "$(found | grep -c processes:)" 0
outside() { # USER
        setpriv --reuid="$1" --regid="$1" --clear-groups sleep 1000 &
        out=$!
        wait_for 10 sh -c "[ \"\$(stat -c %U /proc/$out)\" = $1 ] && grep -qx sleep /proc/$out/comm"
}
outside alice
like "an outside process of a user whom a policy always confines" "$(found)" "^error +processes: process $out \(sleep\) of alice .* policy 10-alice"
is "... fails" "$(status)" 1
kill $out
outside bob
like "an outside process of a user whom a policy confines with some services: a warning" "$(found)" "^warning +processes: process $out \(sleep\) of bob .* policy 20-bob"
kill $out
outside carol
is "an outside process of a user whom no policy matches is no finding" "$(found | grep -c processes:)" 0
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
like "a refused policy" "$(found)" '^error +policies: .*10-alice.ini:4: \[Network\] Mod='
rm /etc/confine/policies/*.ini
like "no policy at all" "$(found)" '^warning +policies: no policy confines logins'
if id nobody > /dev/null 2>&1; then
        cp "$build/confinectl" /var/lib/confinectl
        like "as another user: says what it can't see" "$(setpriv --reuid=nobody --clear-groups /var/lib/confinectl \
                --runtime-dir=/run/confine --vendor-dir=/nowhere check)" "^warning +check: as this user confinectl can't see"
fi
# --- a login on trial ----------------------------------------------------------------------------------
try_login() { ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" check --try "$@" | grep ' try: '; }
policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mode=none
END
bus_reload
wait_for 20 no_cells
is "--try: no cell before the first login" "$(ncells)" 0
for s in sshd su login cron; do
        out=$(try_login alice --service $s)
        like "--try: $s: the policy" "$out" "^ok +try: alice \($s\) gets into cell c[0-9a-f]+ of policy 10-alice"
        like "--try: $s: the namespaces" "$out" '^ok +try: namespaces: mnt pid (net )?ipc uts cgroup; all are the cell'
        like "--try: $s: the control group" "$out" "^ok +try: control group: $instance/cells/10-alice/2501/c[0-9a-f]+, in each of [0-9]+ hierarchies"
        is "--try: $s: no warning or error" "$(echo "$out" | grep -vc '^ok')" 0
        check "--try: $s: no cell afterwards" wait_for 20 no_cells
done
like "--try: a user whom no policy matches" "$(try_login carol)" '^ok +try: carol \(sshd\) gets in unconfined, because no policy matches'
like "--try: a service that the policy does not match" "$(try_login bob --service cron)" '^ok +try: bob \(cron\) gets in unconfined'
like "--try: an unknown user" "$(try_login nemo)" '^error +try: there is no user nemo'
cp -a /etc/pam.d/su "$LAB_DIR/stack"
sed -i '/pam_confine/d' /etc/pam.d/su
like "--try: a stack without the module" "$(try_login alice --service su)" '^error +try: alice \(su\) gets in unconfined, although policy 10-alice matches'
cp -a "$LAB_DIR/stack" /etc/pam.d/su
echo 'session required pam_deny.so' >> /etc/pam.d/su
like "--try: a stack that refuses" "$(try_login alice --service su)" "^error +try: alice \\(su\\) can't log in, because the session part of PAM failed: "
cp -a "$LAB_DIR/stack" /etc/pam.d/su
sed -i 's/^\[Match\]/[Cell]\nMaxSessions=1\n[Match]/' /etc/confine/policies/10-alice.ini
bus_reload
hold one alice
like "--try: a limit, in the words of the module" "$(try_login alice --rhost 192.0.2.7)" \
        "^error +try: alice \\(sshd\\) can't log in, because the account part of PAM failed: .*policy 10-alice: you have 1 of 1 sessions open"
let_go one
wait_for 20 no_cells
echo 'Nonsense=1' >> /etc/confine/policies/10-alice.ini
rm -rf /var/lib/confine/policies
manager_kill TERM
manager_start
like "--try: a refused policy" "$(try_login alice)" "^error +try: alice \\(sshd\\) can't log in, because the manager refuses the policy: .*Nonsense="
manager_kill TERM
like "--try: without a manager" "$(try_login alice 2>&1)" "^error +try: confinectl can't ask confined"
is "--try: only root may use it" "$(setpriv --reuid alice --regid alice --clear-groups "$build/confinectl" check --try alice 2>&1)" \
        "confinectl: Only root can try a login: use sudo confinectl check --try alice"
lab_done
