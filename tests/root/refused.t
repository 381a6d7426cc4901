#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who is refused, and what is left of them; and that nobody gets round a refusal by what they start their login with.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_user bob 2002
lab_user carol 2003
lab_user member 2004 emergency
lab_pam
policy 10-few <<'END'
[Match]
User=alice member
[Cell]
MaxSessions=2
[Network]
Mode=none
END
policy 20-bob <<'END'
[Policy]
OnFailure=allow
[Match]
User=bob
[Cell]
Scope=session
[Network]
Pool=10.83.0.0/30
END
manager_start
LAB_SSHD='MaxStartups 100'
lab_sshd alice bob

# --- sshd keeps a connection whose session is refused ------------------------------------------------
pids_outside() { # of alice, in no cell
        for p in $(pgrep -u alice); do
                [ "$(readlink "/proc/$p/ns/pid")" != "$(readlink /proc/self/ns/pid)" ] || echo "$p"
        done
}
many() { # begins ten connections that ask for nothing
        begun=
        for _ in $(seq 10); do
                ssh $ssh_opts -N alice@127.0.0.1 < /dev/null > /dev/null 2>> "$LAB_DIR/many" &
                begun="$begun $!"
        done
}
# ssh ends when its connection does, so only those in a cell go on.
ten_decided() { [ "$(($(ls /run/confine/sessions | wc -l) + $(grep -c 'Refused alice' "$LAB_DIR/log")))" -ge "$((10 * $1))" ]; }
running() { for p in $begun; do kill -0 "$p" 2> /dev/null && echo "$p"; done | wc -l; }
two_run() { [ "$(running)" = 2 ]; }
none_outside() { [ ! "$(pids_outside)" ]; }
many
check "ssh -N, ten at MaxSessions=2: all were decided" wait_for 20 ten_decided 1
check "of the refused no process is left after a grace" wait_for 20 none_outside
check "and no connection" wait_for 20 two_run
check "the two that are in stay" nsessions_are 2
kill $begun 2> /dev/null
wait $begun 2> /dev/null
check "all of it is gone" wait_for 20 no_cells

# With the module in the account phase, too, most are refused before anything of a session begins.
sed -i "/^account/a account required $module_file socket=/run/confine/login" /etc/pam.d/sshd
hold a alice
hold b alice
out=$(ssh ${ssh_opts#-q} alice@127.0.0.1 true < /dev/null 2>&1)
is "account phase: refused" $? 255
like "account phase: the user is told which limit" "$out" 'policy 10-few: you have 2 of 2 sessions open \(MaxSessions=\)'
is "account phase: at once" "$(pids_outside)" ""
let_go a
check "account phase: a place is free" wait_for 20 nsessions_are 1
check "account phase: then they get in" as alice true
let_go b
check "all of it is gone again" wait_for 20 no_cells
manager_kill TERM
out=$(ssh ${ssh_opts#-q} alice@127.0.0.1 true < /dev/null 2>&1)
like "account phase: without a manager refused as well" "$out" 'confine: not available'
sed -i "/^account.*confine/s/$/ onerr=succeed/" /etc/pam.d/sshd
as alice true > /dev/null 2>&1
is "account phase: and with onerr=succeed the session decides" $? 254
manager_start
sed -i "/^account.*confine/d" /etc/pam.d/sshd

# --- a caller that can't ask is no manager that is absent ---------------------------------------------
# with_files N COMMAND...: as carol, with so many descriptors, at a terminal of its own
cat > /var/lib/with-files <<'END'
#!/usr/bin/env python3
import os, pty, resource, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    if int(sys.argv[1]): resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
    os.execvp(sys.argv[2], sys.argv[2:])
end, sent = time.time() + 30, False
while time.time() < end and select.select([fd], [], [], 30)[0]:
    try: data = os.read(fd, 1000)
    except OSError: break
    sys.stdout.write(data.decode()); sys.stdout.flush()
    if b"assword" in data and not sent: os.write(fd, b"test\n"); sent = True
END
chmod 755 /var/lib/with-files
try_files() { su carol -c "/var/lib/with-files $1 su $2 -c 'readlink /proc/self/ns/pid'" 2>&1; }
host=$(readlink /proc/self/ns/pid)
for option in onerr=succeed exempt_group=emergency; do
        lab_pam "timeout=20s $option"
        like "$option: with all descriptors, in a cell" "$(try_files 0 member)" 'pid:\['
        for n in 4 5 6 7; do
                is "$option: with $n descriptors, not outside" "$(try_files "$n" member | grep -cF "$host")" 0
        done
done

# --- a manager that can't be relied on ----------------------------------------------------------------
check "nobody is in a cell before" wait_for 20 no_cells
manager_kill TERM
unshare --net --uts sleep 600 &
elsewhere=$!
apart() { [ "$(readlink /proc/$elsewhere/ns/uts)" != "$(readlink /proc/self/ns/uts)" ]; }
wait_for 10 apart
false_manager() { # MANNER
        "$build/tests/helpers/false-manager" /run/false "$1" $elsewhere > "$LAB_DIR/false" 2>&1 &
        false=$!
        wait_for 10 grep -qs up "$LAB_DIR/false"
}
end_false() { kill $false; wait $false 2> /dev/null; }
sed -i 's|socket=/run/confine/login|socket=/run/false|' /etc/pam.d/su
sed -i 's|timeout=20s exempt_group=emergency|timeout=500ms onerr=succeed|' /etc/pam.d/su
false_manager good
is "a false manager: what it hands out is joined" "$(su alice -c 'readlink /proc/self/ns/uts' 2>&1)" \
        "$(readlink /proc/$elsewhere/ns/uts)"
check "a false manager: it was told so" grep -q joined "$LAB_DIR/false"
end_false
for manner in inodes group; do
        false_manager $manner
        out=$(su alice -c 'echo in' 2>&1)
        isnt "$manner that are not so: refused, whatever onerr= says" $? 0
        like "$manner that are not so: the user is told" "$out" 'confine: cannot enter the cell'
        check "$manner that are not so: the manager never hears of it" grep -q 'went away' "$LAB_DIR/false"
        end_false
done
false_manager busy
out=$(su alice -c 'echo in' 2>&1)
isnt "a manager that is busy is not absent: refused, whatever onerr= says" $? 0
like "a manager that is busy: the user is told" "$out" 'too many logins wait, try again later'
end_false
false_manager dead
like "a manager that accepts nobody is: onerr=succeed lets in, with a warning" "$(su alice -c 'echo in' 2>&1)" \
        'not available, this session is not confined'
end_false
kill $elsewhere
rm -f /run/false
lab_pam

# --- what a user can bring about is no failure of the host ------------------------------------------------
manager_start
hold taken bob
out=$(su bob -c 'readlink /proc/self/ns/pid' 2>&1)
isnt "OnFailure=allow: an empty pool refuses" $? 0
like "OnFailure=allow: the user is told" "$out" 'policy 20-bob: no address is free in Pool='
let_go taken
check "bob is out" wait_for 20 no_cells
sed -i 's/^Scope=.*/Scope=user/' /etc/confine/policies/20-bob.ini
bus_reload
lab_pam timeout=20s
# The cell is live, and its owner ends it while a second login is on its way into it.
hold first bob
strace -q -f -o /dev/null -p "$manager" -e trace=write -e inject=write:delay_enter=700000 2> /dev/null &
tracer=$!
traced() { grep -q "^TracerPid:[[:space:]]*$tracer" "/proc/$manager/status"; }
wait_for 10 traced
su bob -c 'readlink /proc/self/ns/pid' > "$LAB_DIR/ended" 2>&1 &
login=$!
is_attaching() { grep -qs '^State=attaching' /run/confine/sessions/*; }
check "a login is on its way into the cell" wait_for 20 is_attaching
setpriv --reuid bob --regid bob --clear-groups "$build/confinectl" --runtime-dir=/run/confine terminate "$(cells_of bob)"
{ wait $login; } 2> /dev/null
status=$?
kill $tracer
wait $tracer 2> /dev/null
isnt "OnFailure=allow: who ends the own cell meanwhile is refused" $status 0
is "OnFailure=allow: and is not outside" "$(grep -cF "$host" "$LAB_DIR/ended")" 0
let_go first
wait_for 20 no_cells

# A host that can't forward fails.
lab_pam
echo 0 > "$LAB_DIR/off"
mount --bind "$LAB_DIR/off" /proc/sys/net/ipv4/ip_forward
mount -o remount,bind,ro /proc/sys/net/ipv4/ip_forward
bus_reload
out=$(su bob -c 'readlink /proc/self/ns/pid' 2>&1)
like "OnFailure=allow: a host that fails lets in, loudly" "$out" 'not ready.*OnFailure=allow lets you in unconfined'
like "OnFailure=allow: unconfined" "$out" "$(printf '%s' "$host" | sed 's/[][]/\\&/g')"
umount /proc/sys/net/ipv4/ip_forward
bus_reload
strace -q -f -o /dev/null -p "$manager" -e trace=mkdirat -e inject=mkdirat:error=EACCES 2> /dev/null &
tracer=$!
wait_for 10 traced
like "OnFailure=allow: so does one that lets no control group be made" "$(su bob -c 'readlink /proc/self/ns/pid' 2>&1)" \
        'OnFailure=allow lets you in unconfined'
kill $tracer
wait $tracer 2> /dev/null
check "and when it works again nobody is" sh -c '! su bob -c true 2>&1 | grep -q unconfined'
lab_done
