#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every way in on a systemd host ends in the cell, and the session stays one of logind's.

. "$(dirname "$0")/lib.sh"

policy 50-alice <<'END'
[Match]
User=alice
[Cell]
Scope=user
Hostname=cell-of-%u
[Resources]
MemoryMax=300M
TasksMax=150
[Network]
Pool=10.77.0.0/24
END
policy 60-bob <<'END'
[Match]
User=bob
Service=sshd su cron
[Cell]
Scope=session
[Resources]
TasksMax=60
MemoryMax=200M
[UserResources]
TasksMax=120
[Network]
Mode=none
END
vm_pam
vm_up

# --- one cell for everything of alice's ---------------------------------------------------------------

# A session that stays: the cell is live for all that follows.
stay() { # USER
        mkfifo "$LAB_DIR/stay-$1"
        ssh "$1@localhost" 'echo up; read _' < "$LAB_DIR/stay-$1" > "$LAB_DIR/stayed-$1" 2>&1 &
        eval "exec {fd_$1}> $LAB_DIR/stay-$1"
        wait_for 60 grep -qs '^up$' "$LAB_DIR/stayed-$1"
}
leave() { eval "exec {fd_$1}>&-"; }

stay alice
ok $? "sshd: a session"
cells=$(cells_of alice)
is "one cell" "$(echo "$cells" | wc -w)" 1
init=$(ctl show "$cells" -p InitPID --value)
inside=$(cd /proc/"$init"/ns && readlink pid mnt net ipc uts | paste -sd' ')
look='cd /proc/self/ns && readlink pid mnt net ipc uts | paste -sd" "'
group='sed -n s/^0:://p /proc/self/cgroup'

is "sshd: the cell's namespaces" "$(in_ssh alice "$look")" "$inside"
like "sshd: in logind's scope" "$(in_ssh alice "$group")" '^/user.slice/user-1000.slice/session-c?[0-9]+.scope$'
is "sshd: host name" "$(in_ssh alice hostname)" cell-of-alice
is "su" "$(su alice -c "$look")" "$inside"
is "su -" "$(su - alice -c "$look")" "$inside"
like "su: below the user's slice" "$(su - alice -c "$group")" '^/user.slice/user-1000.slice/'
is "sudo" "$(sudo -u alice sh -c "$look")" "$inside"
like "sudo: in a scope of its own" "$(sudo -u alice sh -c "$group")" \
        '^/user.slice/user-1000.slice/confine-s[0-9a-f]+.scope$'
is "runuser has no module here: confinectl check is to say so" "$(runuser -u alice -- hostname)" guest
is "machinectl shell" "$(machinectl -q shell alice@.host /bin/sh -c "$look" | tr -d '\r')" "$inside"
is "a unit with PAMName= and User=" "$(systemd-run -q --wait -P -p PAMName=su -p User=alice sh -c "$look")" "$inside"
systemd-run -q --collect --wait -p PAMName=su -p User=alice sh -c 'exit 7'
is "... its exit status" $? 7
like "... is killed as it was" "$(systemd-run --collect --wait -p PAMName=su -p User=alice sh -c 'kill -9 $$$$' 2>&1)" \
        'code=killed|status=9/KILL'

systemctl is-active -q atd || systemctl start atd
systemctl is-active -q cron || systemctl start cron
# not from within: at(1) wakes the daemon by a signal, which does not leave a pid namespace
echo "($look) > ~/at.tmp; mv ~/at.tmp ~/at" | runuser -u alice -- sh -c 'cd; at now' 2> /dev/null
wait_for 90 test -e /home/alice/at
is "at" "$(cat /home/alice/at)" "$inside"
echo "* * * * * ($look; $group) > ~/cron.tmp; mv ~/cron.tmp ~/cron" | crontab -u alice -
wait_for 130 test -e /home/alice/cron
is "cron" "$(head -n 1 /home/alice/cron)" "$inside"
like "cron: below the user's slice" "$(tail -n 1 /home/alice/cron)" '^/user.slice/user-1000.slice/confine-s'
crontab -u alice -r

# A console, where the machine has a serial line for it.
if [ -e /dev/ttyS2 ]; then
check "login at a console" vm_console "($look) > ~/console; tty >> ~/console; stty -a | head -1 >> ~/console"
is "... the cell's namespaces" "$(head -n 1 /home/alice/console)" "$inside"
is "... its terminal" "$(sed -n 2p /home/alice/console)" /dev/ttyS1
fi

# --- the user's service manager -------------------------------------------------------------------------

user() { in_ssh alice "$@"; }
is "systemd --user runs" "$(user systemctl --user is-system-running)" running
is "systemd-run --user" "$(user "systemd-run --user -q --wait -P sh -c '$look'")" "$inside"
like "... below user@.service" "$(user "systemd-run --user -q --wait -P sh -c '$group'")" \
        '^/user.slice/user-1000.slice/user@1000.service/app.slice/'
# systemd would have to move the process, whose number it gets is the cell's: it refuses
is "systemd-run --user --scope" "$(user "systemd-run --user -q --scope sh -c '$look' 2> /dev/null || echo refused")" refused
! vm_has pids || is "a unit's own limits work below it" \
        "$(user 'systemd-run --user -q --wait -P -p TasksMax=7 sh -c "cat /sys/fs/cgroup\$(sed -n s/^0:://p /proc/self/cgroup)/pids.max"')" 7
is "its exit status comes through" "$(user 'systemd-run --user -q --wait sh -c "exit 9"'; echo $?)" 9
mkdir -p /home/alice/.local/share/dbus-1/services
cat > /home/alice/.local/share/dbus-1/services/test.Activated.service <<END
[D-BUS Service]
Name=test.Activated
Exec=/bin/sh -c '($look) > /home/alice/activated.tmp; mv /home/alice/activated.tmp /home/alice/activated'
END
chown -R alice: /home/alice/.local
user 'busctl --user --timeout=2 call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus StartServiceByName su test.Activated 0' > /dev/null 2>&1
wait_for 30 test -e /home/alice/activated
is "D-Bus activation" "$(cat /home/alice/activated)" "$inside"
is "a process cannot leave by its own scope on the system manager" \
        "$(user 'systemd-run -q --no-ask-password --wait true 2>&1; echo $?' | tail -n 1)" 1
is "ssh localhost from inside: no server there" \
        "$(user 'ssh -o ConnectTimeout=5 localhost true > /dev/null 2>&1; echo $?')" 255

# --- logind ---------------------------------------------------------------------------------------------

like "loginctl knows the session" "$(user loginctl session-status)" 'Unit: session-c?[0-9]+.scope'
is "XDG_RUNTIME_DIR" "$(user 'echo $XDG_RUNTIME_DIR; stat -c %U $XDG_RUNTIME_DIR' | paste -sd' ')" "/run/user/1000 alice"
like "loginctl list-sessions from the host" "$(loginctl --no-legend list-sessions)" '1000 alice'
id=$(loginctl --no-legend list-sessions | awk '$3 == "alice" && $2 == 1000 { print $1; exit }')
is "the session's leader is not in the cell" \
        "$(readlink /proc/"$(loginctl show-session "$id" -p Leader --value)"/ns/pid)" "$(readlink /proc/self/ns/pid)"
! vm_own_kernel || is "... and is protected from the OOM killer" \
        "$(cat /proc/"$(loginctl show-session "$id" -p Leader --value)"/oom_score_adj)" -900
systemctl restart systemd-logind
wait_for 30 loginctl > /dev/null
like "a restart of logind loses nothing" "$(loginctl --no-legend list-sessions)" '1000 alice'
is "... and a login is as before" "$(in_ssh alice "$look")" "$inside"
systemctl daemon-reload
systemctl daemon-reexec
is "limits after daemon-reload and daemon-reexec" \
        "$(limit /user.slice/user-1000.slice MemoryMax memory.max)" $((300 << 20))
is "a login after them" "$(in_ssh alice "$look")" "$inside"

runs() { pgrep -f "^sleep $1\$" > /dev/null; }
runs_not() { ! runs "$1"; }
in_ssh alice 'nohup sleep 4241 > /dev/null 2>&1 &'
check "KillUserProcesses=no: what is left running goes on, while its user is there" runs 4241
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nKillUserProcesses=yes\n' > /etc/systemd/logind.conf.d/tests.conf
systemctl restart systemd-logind
wait_for 30 loginctl > /dev/null
in_ssh alice 'nohup sleep 4242 > /dev/null 2>&1 &'
check "KillUserProcesses=yes: it ends with its session" wait_for 30 runs_not 4242
rm /etc/systemd/logind.conf.d/tests.conf
systemctl restart systemd-logind
wait_for 30 loginctl > /dev/null

# --- a cell for each session ----------------------------------------------------------------------------

stay bob
ok $? "Scope=session: a session"
bobs_pid_namespaces() {
        for c in $(cells_of bob); do readlink /proc/"$(ctl show "$c" -p InitPID --value)"/ns/pid; done | sort
}
before=$(bobs_pid_namespaces)
is "... another one is in none of the cells that there are" \
        "$(in_ssh bob 'readlink /proc/self/ns/pid' | grep -cxF "$before")" 0
mkfifo "$LAB_DIR/hang"
exec 7<> "$LAB_DIR/hang"
is "its scope has the cell's limits" "$(in_ssh bob "$group; read _" < "$LAB_DIR/hang" | { read -r g; limit "$g" MemoryMax memory.max; echo >&7; })" \
        $((200 << 20))
like "the slice has the user's, and room for what is not his" "$(systemctl show user-1001.slice -P TasksMax)" '^12[4-9]$'
is "the user manager, which Service= does not name, is in a cell of its own" \
        "$(in_ssh bob 'systemd-run --user -q --wait -P hostname >/dev/null && echo confined'; \
           grep -l '^Service=systemd-user' /run/confine/sessions/* | xargs grep -l '^User=bob' | wc -l)" "confined
1"
is "... with the session's limits" "$(limit /user.slice/user-1001.slice/user@1001.service MemoryMax memory.max)" \
        $((200 << 20))
like "... which are systemd's own properties" "$(systemctl show user@1001.service -p MemoryMax)" "=$((200 << 20))"
is "systemd-run --user is not in the host's namespaces" \
        "$(in_ssh bob "systemd-run --user -q --wait -P readlink /proc/self/ns/net" | grep -c "$(readlink /proc/self/ns/net)")" 0

# --- linger, KillUserProcesses, the end -----------------------------------------------------------------

loginctl enable-linger alice
leave alice
alice_is_out() { [ -z "$(loginctl --no-legend list-sessions | grep alice)" ]; }
wait_for 60 alice_is_out
is "linger: the user manager keeps the cell" "$(cells_of alice)" "$cells"
is "... in which a login finds itself" "$(in_ssh alice "$look")" "$inside"
loginctl disable-linger alice
leave bob
check "with the last login, what was left running ends" wait_for 120 runs_not 4241
vm_done
