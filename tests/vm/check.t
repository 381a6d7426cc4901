#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# confinectl check on a real host: user managers, and PAM stacks as Debian has them.

. "$(dirname "$0")/lib.sh"
vm_pam
policy 10-alice <<'END'
[Match]
User=alice
[Network]
Mode=none
END
vm_up
found() { ctl check | grep '^error'; }
user_manager() { systemctl -q is-active "user@$(id -u "$1")" && [ "$(pgrep -c -u "$1" -x systemd)" = 1 ]; }

is "a host that is in order" "$(found)" ""
loginctl enable-linger alice
check "alice's user manager runs" wait_for 30 user_manager alice
is "... in order" "$(found)" ""
hold a alice
is "with a session of hers" "$(found)" ""
let_go a

for s in cron sshd login; do
        sed -i.bak /pam_confine/d /etc/pam.d/$s
        like "$s without the module" "$(found)" "^error +pam: $s opens sessions without pam_confine"
        mv /etc/pam.d/$s.bak /etc/pam.d/$s
done
sed -i.bak /pam_confine/d /etc/pam.d/systemd-user
like "systemd-user without the module" "$(found)" '^error +pam: systemd-user opens sessions without'
systemctl stop "user@$(id -u alice)"
systemctl start "user@$(id -u alice)"
check "its user manager runs" wait_for 30 user_manager alice
like "... is outside, and check reports it" "$(found)" '^error +processes: process [0-9]+ \(systemd\) of alice'
mv /etc/pam.d/systemd-user.bak /etc/pam.d/systemd-user
loginctl disable-linger alice
systemctl stop "user@$(id -u alice)"
sed -i '1i session required pam_confine.so' /etc/pam.d/su
like "su: too early" "$(found)" '^error +pam: su: .*pam_limits needs the host'
vm_done
