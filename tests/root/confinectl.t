#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The admin tool, verb by verb, against a manager of its own.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
mkdir -p "$LAB_DIR/vendor/policies"
lab_user alice 2201
lab_user bob 2202
export PAGER=cat
unset SHELL LANG LC_ALL

policy 10-alice <<'END'
[Policy]
Description=Alice alone
[Match]
User=alice
Service=sshd
[Resources]
TasksMax=40
MemoryMax=96M
[Network]
Mode=none
END
policy 20-bob <<'END'
[Match]
User=bob
[Network]
Mode=none
END
policy tool <<'END'
[Cell]
Scope=session
Hostname=toolcell
[Network]
Mode=none
END

# run_ctl ARGUMENTS...: sets $out, $err and $status
run_ctl() {
        out=$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" "$@" 2> "$LAB_DIR/err" < "${input:-/dev/null}")
        status=$?
        err=$(cat "$LAB_DIR/err")
}
exits() { # NAME STATUS ARGUMENTS...
        local name=$1 wanted=$2
        shift 2
        run_ctl "$@"
        is "$name" "$status" "$wanted"
        [ "$status" = "$wanted" ] || printf '%s\n%s\n' "$out" "$err" | sed 's/^/# /'
}
as_user() { # UID ARGUMENTS...
        local uid=$1
        shift
        out=$(setpriv --reuid="$uid" --regid="$uid" --clear-groups "$build/confinectl" \
                --runtime-dir=/run/confine "$@" 2> "$LAB_DIR/err")
        status=$?
        err=$(cat "$LAB_DIR/err")
}
live_cell() { [ -n "$(cells_of "$1")" ] && [ "$(ctl show "$1" -p NSessions --value 2>/dev/null)" -ge 1 ]; }
# background NAME USER POLICY: a session that lives until its input ends
background() {
        mkfifo "$LAB_DIR/in-$1"
        "$build/confinectl" run --policy "$3" --user "$2" -- sh -c 'echo up; read _; exit 9' \
                < "$LAB_DIR/in-$1" > "$LAB_DIR/out-$1" 2>&1 &
        eval "pid_$1=$!"
        exec {fd}> "$LAB_DIR/in-$1"
        eval "fd_$1=$fd"
        wait_for 20 grep -qs '^up$' "$LAB_DIR/out-$1"
}
collect() { eval "exec {fd_$1}>&-; wait \$pid_$1"; }

# --- without a manager ---------------------------------------------------------------------------

for verb in list sessions policies status show reload monitor "explain --user alice" "freeze x" "thaw x" \
        "kill x" "terminate x" "set-property x A=1" "run --policy tool true" "shell x"; do
        exits "absent manager: $verb exits with 3" 3 $verb
        like "absent manager: $verb says what to do" "$err" '^confinectl: confined is not running .*: start it with'
done
exits "verify works without a manager" 0 verify
exits "cat works without a manager" 0 cat 10-alice
exits "no verb" 2
exits "unknown verb" 2 lst
exits "wrong number of arguments" 2 freeze
exits "option of another verb" 2 list --policy x
exits "no KEY=VALUE" 2 set-property x y
exits "help" 0 --help
exits "help of a verb" 0 run --help
like "help of a verb names its options" "$out" '--policy=POLICY'
exits "version" 0 --version

manager_start
ok $? "the manager starts"

# --- run -----------------------------------------------------------------------------------------

exits "run: status of the command" 7 run --policy tool -- sh -c 'exit 7'
exits "run: killed by a signal" 137 run --policy tool sh -c 'kill -9 $$'
exits "run: not found" 127 run --policy tool /nonexistent
exits "run: not executable" 126 run --policy tool /etc/passwd
exits "run: no such policy" 4 run --policy nope true
like "run: says where policies are listed" "$err" 'confinectl policies$'
exits "run: no such user" 4 run --policy tool --user nosuch true
exits "run: without a policy" 2 run true
exits "run: as a user" 0 run --policy tool --user alice -- sh -c 'echo $(id -un) $(id -gn) $(id -G) $PWD $HOME $(hostname) $$'
is "run: user, groups, home, host name, pid namespace" "${out% *}" "alice alice 2201 /home/alice /home/alice toolcell"
like "run: a small pid" "$out" ' [1-9][0-9]?$'
out=$(SECRET=1 LC_ALL=C TERM=vt100 ctl run --policy tool --user alice env | sort | cut -d= -f1 | tr '\n' ' ')
is "run: environment" "$out" "HOME LC_ALL LOGNAME PATH SHELL TERM USER "
/usr/bin/python3 -c '
import ctypes, sys
argv = [a.encode() for a in sys.argv[1:]]
strings = lambda l: (ctypes.c_char_p * (len(l) + 1))(*l, None)
ctypes.CDLL(None).execve(argv[0], strings(argv), strings([b"LC_NOTHING", b"LANG", b"=x", b"TERM=vt100"]))' \
        "$build/confinectl" --runtime-dir=/run/confine run --policy tool -- sh -c '[ "$TERM" = vt100 ] && exit 7'
is "run: what is no assignment is left out of the environment" $? 7
is "run: stdin and stdout" "$(printf 'one\ntwo\n' | ctl run --policy tool cat)" "$(printf 'one\ntwo')"
is "run: a megabyte through a pipe" "$(head -c 1000000 /dev/zero | ctl run --policy tool cat | wc -c)" 1000000
is "run: no descriptor leaks" "$(ctl run --policy tool ls /proc/self/fd | tr '\n' ' ')" "0 1 2 3 "
like "run: in its control group" "$(ctl run --policy tool cat /proc/self/cgroup)" '(:/$|/payload$)'

mkfifo "$LAB_DIR/fifo"
"$build/confinectl" run --policy tool --user alice -- sh -c 'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.05; done' \
        > "$LAB_DIR/fifo" & pid=$!
exec {fd}< "$LAB_DIR/fifo"
read -r -t 20 line <&$fd
is "run: the command is up" "$line" ready
kill -TERM $pid
read -r -t 20 line <&$fd
is "run: signals are passed on" "$line" got
wait $pid
is "run: status after a handled signal" $? 3
exec {fd}<&-

as_user 2201 run --policy tool true
is "run: only root" "$status" 1
like "run: says so" "$err" 'Only root'

# --- run --pty -----------------------------------------------------------------------------------

exits "pty: status, without a terminal" 5 run --policy tool --pty -- sh -c 'tty -s && exit 5'
like "pty: a name in the cell" "$(ctl run --policy tool --pty tty < /dev/null)" '^/dev/pts/[0-9]+'
like "pty: tty(1) works" "$(ctl run --policy tool --user alice --pty tty < /dev/null)" '^/dev/pts/[0-9]+'
like "pty: end of input" "$(printf 'line\nrest' | ctl run --policy tool --pty -- sh -c 'cat > /dev/null; echo done')" 'done'
cat > "$LAB_DIR/terminal.py" <<'END'
import os, pty, select, signal, struct, sys, fcntl, termios, time
tool = sys.argv[1:]
def until(fd, what, log):
    end = time.monotonic() + 20
    while what not in log[0]:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]: return False
        try: data = os.read(fd, 4096)
        except OSError: return what in log[0]
        if not data: return False
        log[0] += data
    return True
def start(args, ignored=()):
    pid, fd = pty.fork()
    if pid == 0:
        for s in ignored: signal.signal(s, signal.SIG_IGN)
        os.execv(tool[0], tool + args)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 31, 97, 0, 0))
    return pid, fd, [b'']
def finish(pid, fd):
    until(fd, b'\0', [b'']) # its end, or 20 seconds
    pidfd = os.pidfd_open(pid)
    if select.select([pidfd], [], [], 20)[0]: return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 'hangs'
def say(name, value): print(name + '=' + str(value), flush=True)

# ^C at a terminal, without --pty
pid, fd, log = start(['run', '--policy', 'tool', '--', 'sh', '-c', 'trap "echo trapped; exit 4" INT; echo ready; while :; do sleep 0.05; done'])
until(fd, b'ready', log); os.write(fd, b'\x03')
say('plain_trapped', until(fd, b'trapped', log)); say('plain_count', log[0].count(b'trapped')); say('plain_status', finish(pid, fd))
# with --pty
pid, fd, log = start(['run', '--policy', 'tool', '--pty', '--', 'sh', '-c', 'trap "echo trapped; exit 4" INT; echo ready; while :; do sleep 0.05; done'])
before = termios.tcgetattr(fd)
until(fd, b'ready', log); os.write(fd, b'\x03')
say('pty_trapped', until(fd, b'trapped', log)); 
say('pty_status', finish(pid, fd))
say('pty_restored', termios.tcgetattr(fd) == before)
# on a terminal of its own a command can be interrupted, whatever we were made to ignore
pid, fd, log = start(['run', '--policy', 'tool', '--pty', '--', 'sh', '-c', 'trap "exit 4" INT; echo ready; while :; do sleep 0.05; done'], [signal.SIGINT, signal.SIGCHLD])
until(fd, b'ready', log); os.write(fd, b'\x03'); say('ignored_status', finish(pid, fd))
# no shell: a command that stops itself goes on
for name, how in ('plain_orphan', []), ('pty_orphan', ['--pty']):
    pid, fd, log = start(['run', '--policy', 'tool'] + how + ['--', 'sh', '-c', 'kill -STOP $$; exit 9'])
    say(name, finish(pid, fd))
# a shell: it sees that we stopped, in a good terminal, and nothing typed is lost
def shell(name, how, stop):
    pid, fd, log = start_shell()
    def step(typed, what):
        log[0] = b''
        os.write(fd, typed)
        return until(fd, what, log)
    until(fd, b'# ', log)
    step(b"%s run --policy tool %s -- sh -c 'echo re\"\"ady; while read x; do [ $x = stop ] && kill -STOP $$; echo got:$x; done; exit 11'\n" % (tool[0].encode(), how), b'ready')
    say(name + '_stopped', step(stop, b'Stopped') and until(fd, b'# ', log))
    say(name + '_sane', bool(step(b'stty -a; echo e\"\"nd\n', b'end') and b' icanon' in log[0] and b' echo ' in log[0]))
    until(fd, b'# ', log)
    say(name + '_continued', step(b'fg\n', b'run --policy') and step(b'two\n', b'got:two'))
    step(b'\x04', b'# '); os.write(fd, b'exit $?\n'); say(name + '_shell', finish(pid, fd))
def start_shell():
    pid, fd = pty.fork()
    if pid == 0: os.execvp('bash', ['bash', '--norc', '-i'])
    return pid, fd, [b'']
shell('plain_tstp', b'', b'\x1a')
shell('plain_stop', b'', b'stop\n')
shell('pty_stop', b'--pty', b'stop\n')
# size
pid, fd, log = start(['run', '--policy', 'tool', '--pty', '--', 'sh', '-c', 'echo ready; read _; stty size; trap "stty size; exit 0" WINCH; echo again; while :; do sleep 0.05; done'])
until(fd, b'ready', log); os.write(fd, b'\n')
say('size', until(fd, b'31 97', log)); until(fd, b'again', log)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 22, 66, 0, 0))
say('size_change', until(fd, b'22 66', log)); say('size_status', finish(pid, fd))
# an interactive shell has job control
pid, fd, log = start(['run', '--policy', 'tool', '--pty', '--', 'bash', '--norc', '-i'])
def step(typed, what):
    log[0] = b''
    os.write(fd, typed)
    return until(fd, what, log)
until(fd, b'# ', log); say('job_clean', b'no job control' not in log[0])
step(b'sed -u s/^/got:/\none\n', b'got:one')
say('job_stopped', step(b'\x1a', b'Stopped') and until(fd, b'# ', log))
say('job_continued', step(b'fg\n', b'sed -u') and step(b'two\n', b'got:two'))
step(b'\x04', b'# '); os.write(fd, b'exit 6\n'); say('job_status', finish(pid, fd))
# input of a terminal without --pty
pid, fd, log = start(['run', '--policy', 'tool', '--', 'sh', '-c', 'echo ready; read x; echo "got $x"; exit 8'])
until(fd, b'ready', log)
os.write(fd, b'word\n'); say('plain_input', until(fd, b'got word', log)); say('input_status', finish(pid, fd))
# a cell that is terminated leaves a good terminal
pid, fd, log = start(['run', '--policy', '20-bob', '--user', 'bob', '--pty', '--', 'sh', '-c', 'echo ready; sleep 1000'])
before = termios.tcgetattr(fd); until(fd, b'ready', log)
os.spawnv(os.P_WAIT, tool[0], tool + ['terminate', 'bob'])
say('gone_status', finish(pid, fd)); a = termios.tcgetattr(fd)
say('gone_restored', bool(a[3] & termios.ICANON and a[3] & termios.ECHO))
END
python3 "$LAB_DIR/terminal.py" "$build/confinectl" > "$LAB_DIR/pty.out" 2>&1
sed 's/^/# /' "$LAB_DIR/pty.out"
for wanted in plain_trapped=True plain_count=1 plain_status=4 pty_trapped=True pty_status=4 pty_restored=True \
        ignored_status=4 plain_orphan=9 pty_orphan=9 \
        {plain_tstp,plain_stop,pty_stop}_{stopped=True,sane=True,continued=True,shell=11} \
        size=True size_change=True size_status=0 job_clean=True job_stopped=True job_continued=True job_status=6 \
        plain_input=True input_status=8 gone_status=137 gone_restored=True; do
        check "terminal: $wanted" grep -qx "$wanted" "$LAB_DIR/pty.out"
done
wait_for 20 no_cells

# --- listings ------------------------------------------------------------------------------------

background a alice 10-alice
background b bob 20-bob
cell=$(cells_of alice)
exits "list" 0 list
like "list: usage against limits" "$out" "$cell +10-alice +alice +live +1 +- +[0-9]+/40 +[0-9.]+[KM]/96M"
is "list: legend" "$(printf '%s\n' "$out" | head -1 | cut -d' ' -f1)" ID
exits "list without legend" 0 list --no-legend
is "list without legend: rows only" "$(printf '%s\n' "$out" | wc -l)" 2
is "no colour in a pipe" "$(ctl list | grep -c $'\033')" 0
exits "sessions" 0 sessions
session=$(ctl sessions --json=short | jq -r '.[] | select(.User == "alice").Id')
like "sessions: a row" "$out" "$session +$cell +10-alice +alice +live +confinectl"
exits "policies" 0 policies
like "policies: in order, with cells" "$out" '10-alice +enforce +yes +no +1 .*Alice alone'
for verb in list sessions policies status "status alice" "status $session" "status tool" show "show $cell" \
        "explain --user alice --service sshd" verify reload; do
        for mode in short pretty; do
                exits "$verb --json=$mode" 0 $verb --json=$mode
                check "$verb --json=$mode is JSON" jq -e 'type == "array" or type == "object"' <<< "$out"
        done
done
is "list --json: the values" "$(ctl list --json=short | jq -c '.[] | select(.User == "alice") | [.Id, .TasksMax, .MemoryMax, .CPUQuotaPermille]')" \
        "[\"$cell\",40,100663296,null]"

exits "status of the manager" 0 status
like "status of the manager: controllers" "$out" 'memory=v[12] '
for what in "$cell" alice 2201 10-alice; do
        exits "status $what" 0 status $what
        like "status $what: head" "$out" "^Cell $cell"
done
like "status: processes" "$out" 'confine-init'
like "status: limits" "$out" 'Tasks: [0-9]+ of 40'
exits "status of a session" 0 status "$session"
like "status of a session: head" "$out" "^Session $session"
exits "status of a policy without cells" 0 status tool
like "status of a policy without cells: settings" "$out" 'Hostname=toolcell +# .*/tool.ini:3'
exits "status of nothing" 4 status nope
like "status of nothing: what to do" "$err" 'see confinectl list$'

is "show -p --value" "$(ctl show "$cell" -p TasksMax -p Id --value)" "$(printf '40\n%s' "$cell")"
is "show -p" "$(ctl show alice -p MemoryMax)" "MemoryMax=100663296"
is "show: no limit" "$(ctl show bob -p MemoryMax --value)" infinity
is "show: a key of Limits" "$(ctl show alice -p DevicePolicy --value)" auto
is "show of a session" "$(ctl show "$session" -p Cell --value)" "$cell"
is "show of the manager" "$(ctl show -p NCells --value)" 2
exits "show of an unknown property" 1 show alice -p Nope
exits "show of nothing" 4 show nope

exits "explain" 0 explain --user alice --service sshd
like "explain: value, file, line" "$out" 'TasksMax=40 +# /etc/confine/policies/10-alice.ini:7'
exits "explain: another service" 0 explain --user alice --service login
like "explain: why not" "$out" '10-alice +no: +Service='
like "explain: none" "$out" 'No policy matches: alice is not confined'
exits "explain --all" 0 explain --user bob --all
like "explain --all: defaults" "$out" 'PrivateTmp=yes +# default'
exits "explain: no such user" 4 explain --user nosuch
exits "explain without a user" 2 explain

# --- hostile names -------------------------------------------------------------------------------

for name in "" "../x" $'new\nline' $'\xff' $'\u202e' '%n' 4294967295 "$(head -c 65536 /dev/zero | tr '\0' a)"; do
        exits "no such thing: $(printf '%q' "${name:0:20}")" 4 status -- "$name"
        is "one line of error" "$(wc -l < "$LAB_DIR/err")" 1
        exits "no such policy: $(printf '%q' "${name:0:20}")" 4 cat -- "$name"
done
exits "an option-like name" 4 status -- -rf

# --- others --------------------------------------------------------------------------------------

as_user 2201 list --no-legend
like "alice sees her cell" "$out" "^$cell "
is "and no other" "$(printf '%s\n' "$out" | wc -l)" 1
as_user 2202 list --no-legend
is "bob doesn't see hers" "$(printf '%s' "$out" | grep -c "$cell")" 0
as_user 2202 status "$cell"
theirs=$err
is "another's cell is no cell" "$status" 4
as_user 2202 status cffffffffffff
is "in the same words" "${theirs//$cell/X}" "${err//cffffffffffff/X}"
for verb in "terminate $cell" "terminate $session" "kill alice" "freeze alice" "show $session"; do
        as_user 2202 $verb
        is "bob can't $verb" "$status" 4
done
as_user 2201 freeze "$cell"
is "only root freezes" "$status" 1
as_user 2201 set-property "$cell" TasksMax=infinity
is "only root sets properties" "$status" 1
as_user 2201 reload
is "only root reloads" "$status" 1
as_user 65534 list --no-legend
is "nobody sees nothing" "$out" ""

# --- control -------------------------------------------------------------------------------------

"$build/confinectl" --runtime-dir=/run/confine run --policy 10-alice --user alice -- sh -c 'kill -STOP $$; echo went on' \
        > "$LAB_DIR/stopped" 2>&1 < /dev/null &
front=$!
stopped() { # the command, a child of the leader, which is one of the front
        command=$(ps -o pid=,stat= --ppid "$(ps -o pid= --ppid $front | tr -d ' ')" | awk '$2 ~ /^T/ { print $1 }')
        [ "$command" ]
}
check "a command that stops itself, without a terminal" wait_for 10 stopped
kill -CONT "${command:-$front}"
[ "$command" ] || kill "$front"
wait $front
is "... goes on by whoever lets it" "$? $(cat "$LAB_DIR/stopped")" "0 went on"
exits "freeze" 0 freeze alice
is "frozen" "$(ctl show "$cell" -p State --value)" frozen
exits "run in a frozen cell" 1 run --policy 10-alice --user alice true
exits "thaw" 0 thaw "$cell"
is "thawed" "$(ctl show alice -p State --value)" live
exits "freeze nothing" 4 freeze nope
exits "set-property --runtime" 0 set-property alice TasksMax=41 MemoryMax=97M --runtime
is "in force" "$(ctl show alice -p TasksMax --value)" 41
check "no drop-in" test ! -e /etc/confine/policies/10-alice.ini.d
exits "set-property" 0 set-property "$cell" TasksMax=42
is "in force, too" "$(ctl show alice -p TasksMax --value)" 42
is "the drop-in" "$(grep -v '^#' /etc/confine/policies/10-alice.ini.d/50-set-property.ini)" "$(printf '[Resources]\nTasksMax=42')"
like "cat shows it" "$(ctl --config-dir=/etc/confine cat 10-alice)" '^# /etc/confine/policies/10-alice.ini.d/50-set-property.ini'
exits "set-property: bad key" 1 set-property alice TaskMax=1
exits "set-property: bad value" 1 set-property alice TasksMax=many
exits "set-property: nothing" 4 set-property nope TasksMax=1
exits "shell with a command" 0 shell "$cell" -- sh -c 'echo $(id -u) $$; [ -e /proc/1 ]'
like "shell: root, in the cell" "$out" '^0 [0-9]{1,2}$'
exits "shell as a user" 0 shell --user alice "$cell" id -un
is "shell as a user: who" "$out" alice
exits "shell: no such cell" 4 shell cffffffffffff
exits "kill: no such signal" 2 kill -s NOPE alice
exits "kill: nothing" 4 kill nope
exits "kill" 0 kill -s SIGCONT alice
exits "kill of a session by KILL" 1 kill -s KILL "$session"

"$build/confinectl" monitor --json=short > "$LAB_DIR/monitor" & monitor=$!
monitoring() { ctl terminate nope 2>/dev/null; ctl run --policy tool true; grep -q CellNew "$LAB_DIR/monitor"; }
wait_for 20 monitoring
ok $? "monitor shows a new cell"
wait_for 20 grep -q CellRemoved "$LAB_DIR/monitor"
ok $? "monitor shows a removed cell"
check "monitor prints JSON lines" jq -se 'length > 1' "$LAB_DIR/monitor"
kill -INT $monitor 2>/dev/null
kill -TERM $monitor 2>/dev/null
wait $monitor
is "monitor ends well" $? 0

exits "kill alice's processes" 0 kill -s KILL alice
collect a
is "her command was killed" $? 137
session=$(ctl sessions --json=short | jq -r '.[] | select(.User == "bob").Id')
as_user 2202 terminate "$session"
is "bob terminates his session" "$status" 0
collect b
is "his command was killed" $? 137
wait_for 20 no_cells
exits "terminate nothing" 4 terminate bob

# --- policies ------------------------------------------------------------------------------------

printf '[Resources]\nTasksMx=1\n' > /tmp/50-wrong.ini
exits "verify FILE: an error" 1 verify /tmp/50-wrong.ini
like "verify FILE: file, line, suggestion" "$out" '^/tmp/50-wrong.ini:2: \[Resources\] TasksMx=: .*TasksMax'
printf '[Policy]\nExtends=tool\n' > /tmp/51-right.ini
exits "verify FILE: Extends= of an installed policy" 0 verify /tmp/51-right.ini
exits "verify FILE: both" 1 verify /tmp/51-right.ini /tmp/50-wrong.ini
exits "verify FILE: none such" 1 verify /tmp/52-none.ini
exits "verify FILE: no .ini" 1 verify /etc/passwd
{ printf '#'; head -c 1M /dev/zero | tr '\0' '\377'; echo; } > "$LAB_DIR/long.ini"
timeout 20 "$build/confinectl" verify "$LAB_DIR/long.ini" > /dev/null 2>&1
isnt "verify of a long line of bytes that are no text comes to an end" $? 124
is "verify leaves nothing" "$(ls -d /tmp/confine-verify.* 2>/dev/null)" ""
rm -f /tmp/50-wrong.ini /tmp/51-right.ini
policy 60-broken <<< '[Nonsense]'
exits "verify: an error" 1 verify
like "verify: where" "$out" '^/etc/confine/policies/60-broken.ini:1: '
exits "reload: an error" 1 reload
like "reload: where" "$out" '60-broken.ini:1: '
like "status shows it" "$(ctl status)" 'Diagnostics: /etc/confine/policies/60-broken.ini:1'
exits "cat of a broken policy" 0 cat 60-broken
rm /etc/confine/policies/60-broken.ini
exits "reload: repaired" 0 reload
ln -s /dev/null /etc/confine/policies/61-masked.ini
exits "cat of a masked policy" 0 cat 61-masked
like "cat of a masked policy says so" "$out" 'masked'
rm /etc/confine/policies/61-masked.ini
exits "cat of nothing" 4 cat nope

kill -STOP "$manager"
"$build/confinectl" monitor 2> "$LAB_DIR/err" & pid=$!
kill -CONT "$manager"
wait_for 20 grep -q Waiting "$LAB_DIR/err"
wait_for 20 idle
manager_kill TERM
wait $pid
is "monitor: the manager went away" $? 3
lab_done
