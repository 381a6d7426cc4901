#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The policies that are installed: each does what its comments say, and nobody is confined who was not put into one
# of their groups.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user sam 2001 confined-sftp
lab_user jo 2002 confined-jump
lab_user stu 2003 confined-students
lab_user bea 2004 confined-batch
lab_user shelly 2005 confined sudo
lab_user nat 2006
lab_pam
mkdir -p "$LAB_DIR/vendor/policies"
install -m 644 "$here"/policies/shipped/*.ini "$LAB_DIR/vendor/policies/"
echo '%sudo ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/lab
chmod 755 /home/* # what others could look at
lab_upstream
serve upstream 192.0.2.2 22
serve upstream 192.0.2.2 80
serve upstream 192.0.2.2 25
lab_ask
is "on this host all can be enforced" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" verify 2>&1)" "7 policies, no errors."
manager_start
lab_sshd sam jo stu shelly nat
net() { # USER PORT: what somebody inside gets from there
        as "$1" /var/lib/ask 192.0.2.2 "$2" 2>&1 | tail -1
}
status() { echo "grep ^$1: /proc/self/status | cut -f2"; }
gone() { wait_for 30 no_cells; }
# cells linger, so that the next login finds them; here that is waited for
for p in base 90-shell-users 60-sftp-only 62-students 63-batch-user; do
        mkdir -p "/etc/confine/policies/$p.ini.d"
        printf '[Cell]\nLingerSec=0\n' > "/etc/confine/policies/$p.ini.d/lab.ini"
done
bus_reload

# --- nobody ------------------------------------------------------------------------------------------
is "who is in no group is not confined" "$(as nat 'readlink /proc/self/ns/pid')" "$(readlink /proc/self/ns/pid)"
policy_of() { ctl --json=short explain --user "$1" --service "${2:-sshd}" | jq -r '.Policy // "none"'; }
is "which policy is whose" "$(for u in sam jo stu shelly nat; do policy_of $u; done | tr '\n' ' ')" \
        "60-sftp-only 61-contractor-jump 62-students 90-shell-users none "
is "batch-user: jobs only" "$(policy_of bea cron) $(policy_of bea sshd)" "63-batch-user none"

# --- sftp-only -----------------------------------------------------------------------------------------
sftp_as_sam() {
        sftp -q -P 2222 -i "$LAB_DIR/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -b - sam@127.0.0.1 2>&1
}
echo text > "$LAB_DIR/file"
is "sftp-only: files come and go" "$(sftp_as_sam <<< "put $LAB_DIR/file f
get f $LAB_DIR/got" > /dev/null; cat "$LAB_DIR/got")" text
gone
is "... one sees one's own home alone" "$(sftp_as_sam <<< 'ls /home' | tail -1 | tr -d ' ')" /home/sam
gone
like "... and writes nowhere else" "$(sftp_as_sam <<< "put $LAB_DIR/file /var/tmp/f
put $LAB_DIR/file /srv/f")" 'dest open "/srv/f": (Failure|Permission denied)'
gone
is "... no program runs" "$(as sam 'echo shell' 2>/dev/null; echo $?)" 1
gone
is "... nothing is forwarded" "$(timeout 20 ssh $ssh_opts -W 192.0.2.2:80 sam@127.0.0.1 < /dev/null 2>/dev/null | head -1)" ""
gone

# --- contractor-jump --------------------------------------------------------------------------------
is "contractor-jump: on by ssh" "$(net jo 22)" "192.0.2.1"
gone
is "... and by ssh -J" "$(timeout 20 ssh $ssh_opts -W 192.0.2.2:22 jo@127.0.0.1 < /dev/null 2>/dev/null | head -1)" "192.0.2.1"
gone
is "... nothing else" "$(net jo 80) $(gone; net jo 25)" "ConnectionRefusedError ConnectionRefusedError"
gone
is "... which is logged" "$(ctl --json=short explain --user jo --service sshd | jq -r '.Values[] | select(.Key == "LogDenied") | .Value')" yes
as jo 'readlink /proc/self/ns/pid; sleep 20' > "$LAB_DIR/jo1" 2>/dev/null &
jo=$!
wait_for 20 grep -q pid "$LAB_DIR/jo1"
isnt "... two connections share nothing" "$(as jo 'readlink /proc/self/ns/pid')" "$(cat "$LAB_DIR/jo1")"
for c in $(cells_of jo); do bus_cell "$c" Terminate > /dev/null 2>&1; done # one is ending anyway
wait $jo
gone
is "... not even for others than sshd" "$(policy_of jo su)" none

# --- students ----------------------------------------------------------------------------------------
is "students: the web, not mail" "$(net stu 80) $(gone; net stu 25)" "192.0.2.1 ConnectionRefusedError"
gone
is "... compilers, editors, python work" "$(as stu 'printf "int main(void){return 7;}" > a.c && gcc -o a a.c; ./a; echo $?; vim.tiny -u NONE -es -c "s/7/8/" -c wq a.c; grep -c 8 a.c; python3 -c "print(6)"' 2>&1 | tr '\n' ' ')" "7 1 6 "
gone
is "... others' homes are not to be seen" "$(as stu 'ls /home')" stu
gone
is "... only the home and /tmp can be written" "$(as stu 'for d in ~ /tmp /var/tmp /dev/shm /srv /var/lib /run; do touch $d/x 2>/dev/null && echo $d; done' | tr '\n' ' ')" "/home/stu /tmp /var/tmp /dev/shm "
gone
is "... no sudo, no su" "$(as stu "$(status NoNewPrivs); $(status CapBnd); sudo -n true 2>/dev/null; echo \$?" | tr '\n' ' ')" "1 0000000000000000 1 "
gone
is "... limits" "$(as stu 'true'; ctl --json=short explain --user stu | jq -r '.Values[] | select(.Section == "Resources" and (.Key == "MemoryMax" or .Key == "TasksMax")) | .Value' | tr '\n' ' ')" "2G 300 "
gone

# --- batch-user -----------------------------------------------------------------------------------------
echo '@reboot { nice; cat /proc/self/oom_score_adj; readlink /proc/self/ns/pid; } > /home/bea/out; echo done >> /home/bea/out' > "$LAB_DIR/crontab"
crontab -u bea "$LAB_DIR/crontab"
cron -f > "$LAB_DIR/cron.log" 2>&1 &
cron=$!
wait_for 30 grep -qs '^done$' /home/bea/out
is "batch-user: behind everybody" "$(head -2 /home/bea/out | tr '\n' ' ')" "10 500 "
isnt "... in a cell" "$(sed -n 3p /home/bea/out)" "$(readlink /proc/self/ns/pid)"
kill $cron
wait $cron 2>/dev/null
gone

# --- shell-users, base ----------------------------------------------------------------------------------
is "shell-users: the network, and a private /tmp" "$(net shelly 25; gone; as shelly 'touch /tmp/x; ls /tmp')" "192.0.2.1
x"
gone
is "base: no user namespaces" "$(as shelly 'unshare -Ur true 2>/dev/null; echo $?')" 1
gone
is "... sudo gives no rights over the machine" "$(as shelly 'sudo -n id -u; for c in "mount -t tmpfs x /mnt" "mount -o remount,rw /usr" "date -s @0" "mknod /tmp/sda b 8 0" "ip link set lo down" "dmesg -S"; do sudo -n $c > /dev/null 2>&1 && echo "$c"; done; sudo -n touch /etc/x 2>&1 | sed "s/.*: //"')" "0
Read-only file system"
gone
is "... nor to look at or stop pid 1" "$(as shelly 'sudo -n cat /proc/1/environ 2>&1 | sed "s/.*: //"; sudo -n kill -9 1; ls -d /proc/1')" "Permission denied
/proc/1"
gone
is "... what of the kernel helps to attack it is hidden" "$(as shelly 'cat /proc/kallsyms 2>&1 | sed "s/.*: //"; ls /usr/lib/modules/* > /dev/null 2>&1 || echo none' | tr '\n' ' ')" "Permission denied none "
gone

# --- untrusted-tool ------------------------------------------------------------------------------------
tool() { ctl run --policy untrusted-tool "$@" 2>&1; }
is "untrusted-tool: no network" "$(tool -- /var/lib/ask 192.0.2.2 80)" OSError
is "... it writes to /tmp alone" "$(tool -- sh -c 'for d in / /usr /etc /var /var/tmp /tmp /home /root /srv /dev/shm /run; do touch $d/x 2>/dev/null && echo $d; done' | tr '\n' ' ')" "/var/tmp /tmp /dev/shm "
is "... root is nobody outside, without rights inside" "$(tool -- sh -c "id -u; cat /proc/self/uid_map | tr -s ' '; $(status CapEff); cat /etc/shadow 2>&1 | sed 's/.*: //'; ls /home /root 2>&1 | grep -c denied" | sed 's/ 0 [0-9]*/ 0 X/')" "0
 0 X 65536
0000000000000000
Permission denied
2"
is "... what it computes comes out" "$(echo 'print(6 * 7)' | tool -- python3)" 42
like "... two runs have nothing in common" "$(tool -- sh -c 'touch /tmp/a; ls /tmp'; tool -- ls /tmp)" '^a$'
kill $lab_pids
lab_done
