#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every way of logging in, through the real programs: what it lands in, and what is left afterwards.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001 cellmates
lab_user bob 2002 cellmates
lab_user carol 2003
lab_user wheel1 2004 rescue
lab_pam

policy 10-cellmates <<'END'
[Match]
Group=cellmates
[Cell]
Hostname=%u.cell
MaxSessions=4
[Resources]
MemoryMax=300M
TasksMax=60
[Network]
Pool=10.77.0.0/24 fd77::/64
Address=per-user
END
policy 20-root <<'END'
[Match]
User=root
Service=sshd
[Network]
Mode=host
[Cell]
Hostname=rootcell
END
echo 'alice ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/alice
chmod 440 /etc/sudoers.d/alice

# What a session looks like from inside, in words that can be compared with the host's.
probe=/var/lib/probe
cat > $probe <<'END'
#!/bin/bash
for ns in mnt pid net ipc uts cgroup; do echo "$ns $(readlink /proc/self/ns/$ns)"; done
echo "host $(hostname)"
echo "user $(id -un)"
echo "groups $(id -Gn)"
echo "foreign $(ps -eo user= | grep -vcE "^($(id -un)|root) *$")"
echo "init $(cat /proc/1/comm)"
echo "address $(ip -4 -o addr show eth0 2>/dev/null | awk '{print $4}')"
echo "address6 $(ip -6 -o addr show eth0 scope global 2>/dev/null | awk '{print $4}')"
echo "groupline $(cut -d: -f3 /proc/self/cgroup | sort -u | tr '\n' ' ')"
cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | sed 's/^/memory /'
[ -f /sys/fs/cgroup/memory.max ] && echo "memory $(cat /sys/fs/cgroup/memory.max)"
echo "loginuid $(cat /proc/self/loginuid 2>/dev/null)"
END
chmod 755 $probe
host=$($probe)

field() { printf '%s\n' "$1" | sed -n "s/^$2 //p"; }

# expect_cell NAME OUTPUT USER
expect_cell() {
        for ns in mnt pid net ipc uts cgroup; do
                isnt "$1: own $ns namespace" "$(field "$2" $ns)" "$(field "$host" $ns)"
                like "$1: a $ns namespace" "$(field "$2" $ns)" "^$ns:"
        done
        is "$1: host name" "$(field "$2" host)" "$3.cell"
        is "$1: user" "$(field "$2" user)" "$3"
        is "$1: no foreign process" "$(field "$2" foreign)" 0
        is "$1: pid 1" "$(field "$2" init)" confine-init
        like "$1: IPv4 address" "$(field "$2" address)" '^10\.77\.0\.[0-9]+/32$'
        like "$1: IPv6 address" "$(field "$2" address6)" '^fd77::[0-9a-f:]+/128$'
        is "$1: memory limit" "$(field "$2" memory)" 314572800
        is "$1: its control group is its root" "$(field "$2" groupline)" "/ "
}

gone() { # NAME
        check "$1: all of it is gone after logout" wait_for 15 no_cells
}

manager_start

# --- sshd ------------------------------------------------------------------------------------
lab_sshd alice bob carol root wheel1

expect_cell "ssh exec" "$(as alice $probe)" alice
gone "ssh exec"
as alice 'exit 37'
is "ssh exec: exit status passes through" $? 37
gone "ssh exec with a status"
out=$(ssh $ssh_opts -tt alice@127.0.0.1 <<< "tty; $probe | tr -d '\r'; exit" | tr -d '\r')
like "ssh shell: has a terminal" "$out" '/dev/pts/[0-9]+$'
like "ssh shell: in the cell" "$out" '^host alice.cell$'
gone "ssh shell"
out=$(sshpass -p test ssh -q -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o PubkeyAuthentication=no alice@127.0.0.1 $probe < /dev/null)
expect_cell "ssh with a password" "$out" alice
gone "ssh with a password"

echo hello > "$LAB_DIR/file"
sftp -q -P 2222 -i "$LAB_DIR/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -b - \
        alice@127.0.0.1 <<< "put $LAB_DIR/file /tmp/put-by-sftp
put $LAB_DIR/file got" > "$LAB_DIR/out" 2>&1
is "sftp: transfers" $? 0
is "sftp: the home is the host's" "$(cat /home/alice/got 2>/dev/null)" hello
check "sftp: /tmp is the cell's" test ! -e /tmp/put-by-sftp
gone "sftp"

# Forwarding: connections come from, and listeners are in, the cell's network.
mkfifo "$LAB_DIR/hold"
ssh $ssh_opts -L 9100:127.0.0.1:9000 -R 9200:127.0.0.1:9300 alice@127.0.0.1 \
        'python3 -c "
import socket
s = socket.create_server((\"127.0.0.1\", 9000)); print(\"up\", flush=True)
c, _ = s.accept(); c.sendall(b\"inside\"); c.close()
import sys; sys.stdin.read()"' < "$LAB_DIR/hold" > "$LAB_DIR/forward" 2>/dev/null &
forward=$!
exec 9> "$LAB_DIR/hold"
is_up() { grep -q up "$LAB_DIR/forward"; }
wait_for 20 is_up
is "ssh -L: reaches a server that only the cell has" \
        "$(python3 -c 'import socket; print(socket.create_connection(("127.0.0.1",9100),5).recv(99).decode())' 2>&1)" inside
check "ssh -L: that server is not on the host" sh -c '! ss -Hltn "sport = 9000" | grep -q .'
python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 9300)); s.settimeout(20)
c, _ = s.accept(); c.sendall(b"outside")' &
listener=$!
listens() { ss -Hltn 'sport = 9300' | grep -q .; }
wait_for 10 listens
is "ssh -R: the listener is in the cell" "$(as alice "python3 -c 'import socket; print(socket.create_connection((\"127.0.0.1\",9200),5).recv(99).decode())'")" outside
check "ssh -R: and not on the host" sh -c '! ss -Hltn "sport = 9200" | grep -q .'
exec 9>&-
wait $forward $listener
gone "forwarding"

as root "hostname; cat /proc/self/cgroup" > "$LAB_DIR/rootcell"
like "ssh as root (no privilege separation): in its cell" "$(cat "$LAB_DIR/rootcell")" rootcell
gone "ssh as root"
is "ssh of somebody whom no policy matches: unconfined" "$(field "$(as carol $probe)" pid)" "$(field "$host" pid)"

# --- su, sudo, login, cron -------------------------------------------------------------------
expect_cell "su" "$(su alice -c $probe)" alice
gone "su"
expect_cell "su -" "$(su - alice -c $probe)" alice
gone "su -"
is "su -: one session, although the module stands in both stacks" \
        "$(su - alice -c 'true'; grep -c 'Session s[0-9a-f]* of alice (su-l) is in' "$LAB_DIR/log")" 2
gone "su - again"
expect_cell "sudo -u" "$(sudo -u alice $probe)" alice
gone "sudo -u"
su alice -c 'exit 41'
is "su: exit status passes through" $? 41
gone "su with a status"

inside=$(su alice -c "$probe; echo ==; sudo $probe; echo ==; sudo -u bob $probe")
outer=$(printf '%s\n' "$inside" | sed '/^==$/,$d')
nested=$(printf '%s\n' "$inside" | sed -n '/^==$/,/^==$/p')
other=$(printf '%s\n' "$inside" | sed '1,/^==$/d' | sed '1,/^==$/d')
is "sudo inside: root, in the same pid namespace" "$(field "$nested" user) $(field "$nested" pid)" \
        "root $(field "$outer" pid)"
is "sudo -u bob inside: bob, in alice's cell" "$(field "$other" user) $(field "$other" net)" \
        "bob $(field "$outer" net)"
cp "$build/confinectl" /var/lib/ # where a cell sees it, also if the build is below /tmp
call="busctl --address=unix:path=/run/confine/bus call org.confine1 /org/confine1 org.confine1.Manager"
check "root outside of a cell administers" $call Reload
like "root inside of a cell does not" "$(su alice -c "sudo $call Reload" 2>&1)" 'Access denied'
# Of a process whose first thread has exited /proc has no namespaces, and in v1 no control group.
cat > /var/lib/headless.py <<'END'
import ctypes, os, platform, socket, struct, threading
def text(v): return struct.pack('<I', len(v)) + v.encode() + b'\0'
def call(path, interface, member, to):
    f = b''
    for code, sig, v in ((1, 'o', path), (2, 's', interface), (3, 's', member), (6, 's', to)):
        f += b'\0' * (-len(f) % 8) + bytes([code, 1]) + sig.encode() + b'\0' + text(v)
    h = struct.pack('<BBBBIII', 108, 1, 0, 1, 0, 1, len(f)) + f
    return h + b'\0' * (-len(h) % 8)
def go_on():
    while open('/proc/self/stat').read().rsplit(')')[-1].split()[0] != 'Z':
        pass
    s = socket.socket(socket.AF_UNIX); s.connect('/run/confine/bus')
    s.sendall(b'\0AUTH EXTERNAL ' + b'0'.hex().encode() + b'\r\n'); s.recv(100)
    s.sendall(b'BEGIN\r\n')
    s.settimeout(0.1)
    data = b''
    while not b'AccessDenied' in data and not b'a(sussbs)' in data:
        # libsystemd may have read it with the line above: then it looks at it when more comes
        s.sendall(call('/org/confine1', 'org.confine1.Manager', 'Reload', 'org.confine1'))
        try: data += s.recv(65536)
        except TimeoutError: pass
    os.write(1, b'denied' if b'AccessDenied' in data else b'reloads')
    os._exit(0)
threading.Thread(target=go_on).start()
ctypes.CDLL(None).syscall(93 if platform.machine() == 'aarch64' else 60, 0)
END
is "... outside, also when its first thread has exited" "$(timeout 30 python3 /var/lib/headless.py 2>&1)" denied
is "... nor inside" "$(su alice -c "sudo python3 /var/lib/headless.py" 2>&1)" denied
like "root inside of a cell does not open others" "$(su alice -c "sudo /var/lib/confinectl run --policy 10-cellmates -- true" 2>&1)" \
        "can't be started in a cell from within a cell"
gone "nested"

script -qec 'login -f alice' /dev/null > "$LAB_DIR/login" 2>&1 <<< "$probe
exit"
out=$(tr -d '\r' < "$LAB_DIR/login")
like "login: in the cell" "$out" '^host alice.cell$'
like "login: own processes" "$out" '^init confine-init$'
gone "login"

echo "@reboot $probe > /home/alice/from-cron 2>&1" > "$LAB_DIR/crontab"
crontab -u alice "$LAB_DIR/crontab"
cron -f -L 15 > "$LAB_DIR/cron.log" 2>&1 &
cron=$!
has_run() { grep -q ^loginuid /home/alice/from-cron 2>/dev/null; }
wait_for 20 has_run
expect_cell "cron" "$(cat /home/alice/from-cron)" alice
[ -e /home/alice/from-cron ] || { sed "s/^/# /" "$LAB_DIR/cron.log"; ls -la /var/spool/cron/crontabs /run | sed "s/^/# /"; }
kill $cron
wait $cron 2>/dev/null
gone "cron"

# --- sharing, limits of sessions ---------------------------------------------------------------
mkfifo "$LAB_DIR/a"
as_held() { ssh $ssh_opts "$1@127.0.0.1" "echo \$\$ > /tmp/held; readlink /proc/self/ns/pid; cat" < "$2" > "$3" 2>&1 & }
as_held alice "$LAB_DIR/a" "$LAB_DIR/held1"
held=$!
exec 8> "$LAB_DIR/a"
wait_for 15 nsessions_are 1
wait_for 15 test -s "$LAB_DIR/held1"
is "a second login of the user shares the cell (Scope=user)" "$(su alice -c 'readlink /proc/self/ns/pid')" \
        "$(cat "$LAB_DIR/held1")"
like "two sessions of one user see each other" "$(su alice -c 'cat /tmp/held; ps ax')" 'cat'
isnt "another user has another cell" "$(su bob -c 'readlink /proc/self/ns/pid')" "$(cat "$LAB_DIR/held1")"
like "per-user address: the same again" \
        "$(su alice -c "ip -4 -o addr show eth0" | awk '{print $4}')" \
        "^$(su alice -c "ip -4 -o addr show eth0" | awk '{print $4}')\$"
is "PrivateTmp: nothing of it on the host" "$(ls /tmp/held 2>&1 | grep -c 'No such')" 1
for i in 1 2 3; do
        mkfifo "$LAB_DIR/m$i"
        as_held alice "$LAB_DIR/m$i" "$LAB_DIR/heldm$i"
        eval "exec 2$i> '$LAB_DIR/m$i'"
done
wait_for 20 nsessions_are 4
out=$(su alice -c true 2>&1)
isnt "MaxSessions=4: a fifth is refused" $? 0
like "MaxSessions=4: the user is told which policy, which limit, what to do" "$out" \
        'policy 10-cellmates: you have 4 of 4 sessions open \(MaxSessions=\), end one first'
check "MaxSessions= is for each user" su bob -c true
exec 8>&- 21>&- 22>&- 23>&-
wait $held
gone "several sessions"

# --- what outlives a login -----------------------------------------------------------------------
su alice -c 'setsid sh -c "trap \"\" HUP TERM INT; sleep 1000" > /dev/null 2>&1 & exit 0'
gone "a daemon that ignores signals"
is "no process of the user is left" "$(ps -o pid=,ppid=,stat=,args= -u alice | grep -v defunct)" ""

# --- the module's table of answers -----------------------------------------------------------------
kill -STOP $manager
start=$(date +%s%N)
out=$(su alice -c true 2>&1)
isnt "stopped manager: refused" $? 0
took=$((($(date +%s%N) - start) / 1000000))
check "stopped manager: within the deadline (3 s; took $took ms)" test $took -lt 4500
like "stopped manager: the user is told" "$out" 'confine: not available'
kill -CONT $manager
check "after SIGCONT logins work again" su alice -c true
gone "the stalled login"

as alice 'sleep 0' ; is "ssh before the manager is gone" $? 0
wait_for 15 no_cells
manager_kill TERM
out=$(su alice -c true 2>&1)
is "absent manager: su fails" $? 1
like "absent manager: the user is told" "$out" 'confine: not available'
as alice true
is "absent manager: ssh fails as for a failed session" $? 254
sudo -u alice true 2>/dev/null
isnt "absent manager: sudo fails closed" $? 0
lab_pam "onerr=succeed"
out=$(su alice -c "$probe" 2>&1)
is "onerr=succeed: let in unconfined" "$(field "$out" pid)" "$(field "$host" pid)"
like "onerr=succeed: with a warning" "$out" 'not available, this session is not confined'
lab_pam "exempt_group=rescue timeout=500ms"
check "exempt_group: gets in" su wheel1 -c true
check "exempt_group: others don't" sh -c '! su alice -c true'
lab_pam "quiet"
is "quiet: the user is told nothing by us" "$(su alice -c true 2>&1 | grep -c confine)" 0
lab_pam "nonsense=1 timeout=forever"
isnt "unknown options leave the strict defaults" "$(su alice -c true > /dev/null 2>&1; echo $?)" 0
cp "$build/tests/helpers/pam-open" "$LAB_DIR/pam-open" 2>/dev/null
lab_pam
check "root on a local terminal gets in" "$build/tests/helpers/pam-open" login root tty1 ""
check "root from afar doesn't" sh -c "! '$build/tests/helpers/pam-open' login root tty1 10.0.0.1"
check "root on a pseudo terminal doesn't" sh -c "! '$build/tests/helpers/pam-open' login root pts/3 ''"

# A cell that can't be made: OnFailure= decides.
policy 05-broken <<'END'
[Policy]
OnFailure=allow
[Match]
User=carol
[Cell]
Hostname=%u.x
[Network]
Pool=10.78.0.0/30
END
manager_start
sudo -u carol sleep 1000 & # takes the only address
taken=$!
wait_for 15 nsessions_are 1
sed -i 's/^Hostname.*/Hostname=%u.x\nScope=session/' /etc/confine/policies/05-broken.ini
check "reload" busctl --address=unix:path=/run/confine/bus call org.confine1 /org/confine1 org.confine1.Manager Reload
wait_for 10 idle
out=$(su carol -c "$probe" 2>&1)
like "OnFailure=allow: what users can bring about is no failure of the host" "$out" 'no address is free in Pool='
is "OnFailure=allow: so nobody is unconfined" "$(field "$out" pid)" ""
sed -i 's/^OnFailure.*/OnFailure=deny/' /etc/confine/policies/05-broken.ini
busctl --address=unix:path=/run/confine/bus call org.confine1 /org/confine1 org.confine1.Manager Reload > /dev/null
wait_for 10 idle
out=$(su carol -c true 2>&1)
isnt "OnFailure=deny: refuses" $? 0
like "OnFailure=deny: says why" "$out" 'policy 05-broken: no address is free in Pool='
kill $taken
wait $taken 2>/dev/null
hold stopped alice
kill -STOP "$held_stopped"
ctl terminate "$(cells_of alice)"
check "a su that is stopped notices that its cell is gone" wait_for 20 no_cells
kill -CONT "$held_stopped" 2> /dev/null
let_go stopped
lab_done
