#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A login under a policy that uses every key of [Filesystem] and [Process] at once still works: by sshd, su, login
# and cron, with sftp, tmux, vim, gcc, git, python and job control.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_pam
mkdir -p /srv/course /srv/exams /srv/pool/alice /srv/open /srv/closed/but /var/cache/scratch "$LAB_DIR/vendor"
chown alice: /srv/pool/alice
chmod 777 /srv/closed/but
cp /bin/true /srv/open/true
policy 50-everything <<END
[Match]
User=alice
[Network]
Mode=none
[Filesystem]
PrivateTmp=persistent
ProtectSystem=strict
ProtectHome=tmpfs
ReadOnlyPaths=/srv
ReadWritePaths=/srv/closed/but
InaccessiblePaths=/srv/exams -/run/docker.sock
NoExecPaths=/
ExecPaths=/usr /home/%u -/lib -/lib64 -/bin
BindPaths=/home/%u /srv/pool/%u:/srv/course
BindReadOnlyPaths=/etc/hostname:/srv/open/true
TemporaryFileSystem=/var/cache/scratch:size=4M,nr_inodes=100,mode=1777
PrivateDevices=yes
PrivateMounts=yes
ProtectProc=invisible
ProcSubset=pid
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
[Process]
NoNewPrivileges=yes
CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_NET_RAW CAP_NET_ADMIN CAP_SYS_MODULE CAP_MKNOD
SystemCallFilter=@system-service
SystemCallFilter=~@keyring
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
MemoryDenyWriteExecute=yes
LockPersonality=yes
LimitCPU=1h
LimitFSIZE=1G
LimitDATA=2G
LimitSTACK=8M
LimitCORE=0
LimitRSS=infinity
LimitNOFILE=1024:4096
LimitAS=8G
LimitNPROC=300
LimitMEMLOCK=64K
LimitLOCKS=1000
LimitSIGPENDING=1000
LimitMSGQUEUE=800K
LimitNICE=0
LimitRTPRIO=0
LimitRTTIME=1s
Nice=3
OOMScoreAdjust=100
UMask=0027
KeyringMode=private
Environment=EVERYTHING=on "WHO=user %u"
END
# What logins can't have is refused, and not forgotten here.
missing() {
        ctl --json=short explain --all --user alice | jq -r '.Values[] | select(.Section == "Filesystem" or .Section == "Process") |
                .Key' | grep -vxF -f <(sed -n 's/^\([A-Za-z]*\)=.*/\1/p' /etc/confine/policies/50-everything.ini) | tr '\n' ' '
}
is "the policy is fine" "$(ctl --config-dir=/etc/confine verify 2>&1)" "1 policy, no errors."
manager_start
is "it has every key but those that are refused for logins" "$(missing)" "RootDirectory AmbientCapabilities "

cat > /var/lib/work <<'END'
#!/bin/bash
# What people do in a session; each line says what worked.
cd || exit
exec 2>> ~/errors
d=$(mktemp -d ~/work.XXXXXX) && cd "$d" || exit
[ "$(stat -fc %T /tmp)" != "" ] && touch /tmp/x && echo tmp
printf 'int main(void) { return 42; }\n' > a.c && gcc -o a a.c && ./a; [ $? = 42 ] && echo gcc
git init -q . && git add a.c && git -c user.name=a -c user.email=a@b commit -qm x && [ "$(git log --oneline | wc -l)" = 1 ] && echo git
printf 'one\n' > v && vim.tiny -u NONE -es -c '%s/one/two/' -c 'wq' v; grep -q two v && echo vim
python3 -c 'import subprocess, threading, multiprocessing as m
t = threading.Thread(target=lambda: None); t.start(); t.join()
assert subprocess.run(["true"]).returncode == 0
print("python")'
mkfifo up && tmux -L "s$$" -f /dev/null new-session -d "echo tmux > '$d/up'" && cat up
[ "$EVERYTHING $WHO" = "on user alice" ] && echo environment
[ "$(umask)" = 0027 ] && echo umask
[ "$(nice)" = 3 ] && echo nice
[ -w /srv/course ] && [ ! -w /srv ] && ! ls /srv/exams && [ "$(ls /home)" = alice ] && echo view
grep -q '^NoNewPrivs:.1$' /proc/self/status && grep -q '^Seccomp:.2$' /proc/self/status && echo restricted
exit 0
END
chmod 755 /var/lib/work
all="tmp gcc git vim python tmux environment umask nice view restricted"
works() { # NAME OUTPUT
        is "$1: all of it works" "$(printf '%s' "$2" | tr -d '\r' | sed 's/\x1b\[[?0-9]*[a-z]//g' | grep -E "^($(echo $all | tr ' ' '|'))$" | tr '\n' ' ')" "$all "
        [ "$(cat /home/alice/errors 2>/dev/null)" = "" ] || sed 's/^/# /' /home/alice/errors
        rm -f /home/alice/errors
        wait_for 20 no_cells
}
works "su" "$(su - alice -c "bash /var/lib/work" 2>&1)"

lab_sshd alice
works "ssh" "$(as alice bash /var/lib/work 2>&1)"
echo hello > "$LAB_DIR/file"
sftp -q -P 2222 -i "$LAB_DIR/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -b - alice@127.0.0.1 \
        <<< "put $LAB_DIR/file here
get here $LAB_DIR/back" > "$LAB_DIR/out" 2>&1
is "sftp: there and back" "$(cat "$LAB_DIR/back")" hello
as alice cat here > "$LAB_DIR/back2"
is "scp and exec read the same" "$(cat "$LAB_DIR/back2")" hello
wait_for 20 no_cells

works "login" "$(script -qec 'login -f alice' /dev/null <<< 'bash /var/lib/work; exit' 2>&1)"

echo '@reboot bash /var/lib/work > /home/alice/from-cron 2>&1; echo done >> /home/alice/from-cron' > "$LAB_DIR/crontab"
crontab -u alice "$LAB_DIR/crontab"
cron -f > "$LAB_DIR/cron.log" 2>&1 &
cron=$!
wait_for 60 grep -qs '^done$' /home/alice/from-cron
works "cron" "$(cat /home/alice/from-cron)"
kill $cron
wait $cron 2>/dev/null

# Job control, at a terminal of each: stop, list, go on in the background, bring back, interrupt.
cat > "$LAB_DIR/jobs.py" <<'END'
import os, pty, re, select, sys, time
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
def expect(pattern, again=None): # `again` is sent once a second until it works: a key too early is nobody's
    global seen
    end = time.monotonic() + 40
    while not re.search(pattern, seen):
        ready, _, _ = select.select([fd], [], [], 1)
        if not ready and time.monotonic() > end: print("no", pattern, "in", seen[-400:]); sys.exit(1)
        if not ready and again: os.write(fd, again)
        if not ready: continue
        try: seen += os.read(fd, 4096)
        except OSError: print("ended before", pattern, "in", seen[-400:]); sys.exit(1)
    seen = seen[re.search(pattern, seen).end():]
def say(text): os.write(fd, text)
say(b"PS1='ready> '; tty\n"); expect(rb"/dev/pts/\d+"); expect(rb"ready> ")
say(b"cat\n"); say(b"echoed\n"); expect(rb"echoed\r\n") # by the terminal or cat, in either order
say(b"\x1a"); expect(rb"Stopped", b"\x1a"); expect(rb"ready> ")
say(b"jobs\n"); expect(rb"\[1\]\+? +Stopped +cat"); expect(rb"ready> ")
say(b"fg\n"); expect(rb"cat"); say(b"again\n"); expect(rb"again\r\n")
say(b"\x03"); expect(rb"ready> ", b"\x03")
say(b"vim.tiny -u NONE x\n"); expect(rb"~"); say(b":q!\r"); expect(rb"ready> ")
say(b"exit\n")
os.waitpid(pid, 0)
print("jobs")
END
is "su: job control" "$(python3 "$LAB_DIR/jobs.py" su - alice 2>&1 | tail -1)" jobs
is "ssh: job control" "$(python3 "$LAB_DIR/jobs.py" ssh $ssh_opts -tt alice@127.0.0.1 2>&1 | tail -1)" jobs
is "login: job control" "$(python3 "$LAB_DIR/jobs.py" login -f alice 2>&1 | tail -1)" jobs
kill $lab_pids
lab_done
