#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who is in the cell: with the stacks of Debian, where modules before and after ours run helpers, and with
# login programs that fork more often than once. All that a user has must be in the cell's groups, in every hierarchy.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_user bob 2002
rm -f /etc/nologin
mkfifo -m 666 /home/alice/fifo
answer() { timeout 10 bash -c 'echo > /home/alice/fifo'; } # whoever reads from there, if somebody still does

policy 50-alice <<'END'
[Match]
User=alice
[Resources]
TasksMax=60
[Network]
Mode=none
END
policy 55-bob <<'END'
[Match]
User=bob
[Network]
Mode=none
END
policy 60-root <<'END'
[Match]
User=root
Service=sshd
[Resources]
TasksMax=60
[Network]
Mode=none
END
manager_start

# Debian's own stacks, ours where pam-auth-update puts it; helpers that take their time stand before and behind.
helper=/var/lib/helper
cat > $helper <<'END'
#!/bin/bash
echo "$1" >> /var/lib/helpers
until [ -e /var/lib/helpers-go ]; do sleep 0.02; done
END
chmod 755 $helper
: > /var/lib/helpers-go
for f in common-session common-session-noninteractive; do
        cat >> /etc/pam.d/$f <<-END
		session optional pam_exec.so quiet type=open_session $helper before
		session required $module_file
		session optional pam_exec.so quiet type=open_session $helper behind
	END
done
echo "session required $module_file" >> /etc/pam.d/runuser-l
mkdir -p /etc/update-motd.d
printf '#!/bin/sh\nexec %s motd\n' $helper > /etc/update-motd.d/50-helper
chmod 755 /etc/update-motd.d/50-helper

# How many hierarchies have a process in a group of a cell of ours, and how many have any such group.
hierarchies() { find /sys/fs/cgroup -maxdepth 2 -type d -name "$instance" | wc -l; }
outside() { # USER: processes that are not in the cell in every hierarchy
        wanted=$(hierarchies)
        for p in $(pgrep -u "$1"); do
                [ "$(ps -o stat= -p "$p" | cut -c1)" != Z ] || continue # /proc has no groups of it in v1
                n=$(grep -c ":/$instance/cells/" "/proc/$p/cgroup" 2>/dev/null) || continue
                [ "$n" = "$wanted" ] || echo "$p $(cat "/proc/$p/comm") $n of $wanted"
        done
}
inside() { # USER: how many are
        pgrep -u "$1" | wc -l
}
released() { grep -qs '^Released=1$' /run/confine/sessions/*; }

# members NAME MARK [stays]: a session is held; its processes are in the cell before and after its login program is
# released, which never happens to some.
members() {
        check "$1: the session is there" wait_for 20 nsessions_are 1
        check "$1: the user's command runs" wait_for 20 test -e "$2"
        is "$1: nobody of the user's is outside" "$(outside alice)" ""
        [ "${3:-}" = stays ] || check "$1: the login program is released" wait_for 20 released
        is "$1: nobody is outside then" "$(outside alice)" ""
        isnt "$1: and somebody is inside" "$(inside alice)" 0
}
gone() { check "$1: all is gone after logout" wait_for 20 no_cells; rm -f /home/alice/up; }
up='touch ~/up; read _'

LAB_SSHD='Match User bob
        ForceCommand touch ~alice/up; read _'
lab_sshd alice bob root
mkfifo "$LAB_DIR/in"
begin() { # COMMAND...: runs until `finish`
        "$@" < "$LAB_DIR/in" > "$LAB_DIR/session" 2>&1 &
        running=$!
        exec 8> "$LAB_DIR/in"
}
finish() { echo >&8; exec 8>&-; wait $running 2> /dev/null; }

# --- a slow helper is no user's process ----------------------------------------------------------
rm -f /var/lib/helpers-go
begin ssh $ssh_opts alice@127.0.0.1 "$up"
helper_runs() { grep -qs "$1" /var/lib/helpers; }
check "ssh: a helper of a module before ours runs" wait_for 10 helper_runs before
: > /var/lib/helpers-go
check "ssh: then one behind" wait_for 10 helper_runs behind
check "ssh: then scripts of update-motd.d" wait_for 10 helper_runs motd
members "ssh with helpers" /home/alice/up
is "ssh: TasksMax= holds for the session" "$(timeout 20 ssh $ssh_opts alice@127.0.0.1 'for i in $(seq 100); do sleep 30 & done 2> /dev/null; jobs -p | wc -l' < /dev/null 2>&1 | grep -E '^[0-9]+$' | awk '$1 > 60')" ""
finish
gone "ssh with helpers"

rm -f /var/lib/helpers-go /var/lib/helpers
begin ssh $ssh_opts alice@127.0.0.1 "$up"
check "ssh: the helper before waits" wait_for 10 helper_runs before
: > /var/lib/helpers-go
wait_for 10 helper_runs behind
rm -f /var/lib/helpers-go
check "ssh: update-motd.d waits" wait_for 10 helper_runs motd
check "ssh: the session has joined by then" wait_for 10 grep -qs '^State=live' /run/confine/sessions/*
is "ssh: the login program is not released for a helper of root's" "$(cat /run/confine/sessions/* | grep '^Released=')" Released=0
: > /var/lib/helpers-go
members "ssh after a slow helper" /home/alice/up
finish
gone "ssh after a slow helper"

# --- every way in ---------------------------------------------------------------------------------
begin ssh $ssh_opts -tt alice@127.0.0.1 "$up"
members "ssh with a terminal" /home/alice/up
finish
gone "ssh with a terminal"
begin ssh $ssh_opts -o ControlMaster=yes -o "ControlPath=$LAB_DIR/mux" alice@127.0.0.1 "$up"
members "ssh, master" /home/alice/up
ssh $ssh_opts -o "ControlPath=$LAB_DIR/mux" alice@127.0.0.1 'touch ~/second; read _ < ~/fifo' < /dev/null > /dev/null 2>&1 &
second=$!
check "ssh, second channel: runs" wait_for 10 test -e /home/alice/second
is "ssh, second channel: inside, too" "$(outside alice)" ""
answer
wait $second 2> /dev/null
finish
gone "ssh, two channels"
begin sftp -q -P 2222 -i "$LAB_DIR/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null alice@127.0.0.1
echo "mkdir up" >&8
members "sftp" /home/alice/up
finish
rm -rf /home/alice/up
gone "sftp"
chmod 777 /home/alice
begin ssh $ssh_opts bob@127.0.0.1
check "ssh with ForceCommand: runs" wait_for 20 test -e /home/alice/up
is "ssh with ForceCommand: nobody is outside" "$(outside bob)" ""
isnt "ssh with ForceCommand: and somebody is inside" "$(inside bob)" 0
check "ssh with ForceCommand: the login program is released" wait_for 20 released
is "ssh with ForceCommand: nobody is outside then" "$(outside bob)" ""
finish
gone "ssh with ForceCommand"
begin ssh $ssh_opts root@127.0.0.1 'touch /home/alice/up; exec cat'
check "ssh as root: its command runs" wait_for 20 test -e /home/alice/up
is "ssh as root: in the cell in every hierarchy" \
        "$(grep -c ":/$instance/cells/60-root/" "/proc/$(pgrep -u root -x cat | tail -1)/cgroup")" "$(hierarchies)"
finish
gone "ssh as root"
for way in 'su alice -c' 'su - alice -c' 'runuser -l alice -c' 'sudo -i -u alice sh -c' 'sudo -u alice -H sh -c'; do
        begin $way "$up"
        members "$way" /home/alice/up
        finish
        gone "$way"
done
begin script -qec 'login -f alice' /dev/null
echo 'touch ~/up' >&8
members "login" /home/alice/up
echo exit >&8
finish
gone "login"
echo "@reboot touch ~/up; read _ < ~/fifo" > "$LAB_DIR/crontab"
crontab -u alice "$LAB_DIR/crontab"
cron -f > /dev/null 2>&1 &
cron=$!
members "cron" /home/alice/up stays
answer
kill $cron
crontab -u alice -r
gone "cron"
atd -f -l 100 -b 1 > /dev/null 2>&1 &
atd=$!
echo "touch ~/up; read _ < ~/fifo" | (cd /home/alice && runuser -u alice -- at now) > /dev/null 2>&1 # where the job goes back to
wait_for 10 no_cells # of runuser
members "at" /home/alice/up stays
answer
kill $atd
gone "at"

# --- a login program that forks once more ----------------------------------------------------------
ended() { [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ] && [ "$(ls "/proc/$1/task" | wc -l)" = 1 ]; }
coproc forks { exec "$build/tests/helpers/pam-fork" su alice; }
exec 6<&"${forks[0]}" 7>&"${forks[1]}"
say() { echo "$1" >&7; read -r -t 20 -u 6 answer; }
read -r -t 20 -u 6 answer
is "a login program that forks twice: opens" "$answer" open
say root
say headless
headless=${answer#* }
say user
check "it is released, and one that is exiting is not taken for one outside" wait_for 20 released
kill -KILL "$headless"
check "... it ends" wait_for 20 ended "$headless"
is "its first process is inside" "$(outside alice)" ""
hold other alice # the cell is shared, and goes on
say end
say user
expelled() { grep -q 'is outside of cell .*ending the session' "$LAB_DIR/log" && [ ! "$(pgrep -u alice -f pam-fork)" ]; }
check "its next one is outside: it is killed, and the session ended, loudly" wait_for 20 expelled
check "the session of the other goes on" nsessions_are 1
is "nobody is outside" "$(outside alice)" ""
exec 6<&- 7>&-
let_go other
gone "a login program that forks twice"
lab_done
