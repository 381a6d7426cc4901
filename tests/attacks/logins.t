#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ways round a cell by other logins, by services of the host, and by what a login or a command brings along.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2100} + 1)); done
install -d -m 1777 /var/lib/jobs
mkdir /srv/hidden /run/dbus /run/user
echo secret > /srv/hidden/file
install -d -m 700 -o alice -g alice /run/user/2101
install -d -m 700 -o bob -g bob /run/user/2102

policy 10-strict <<'END'
[Match]
User=alice
[Network]
Mode=host
[Filesystem]
ProtectHome=read-only
InaccessiblePaths=/run/user /run/dbus /srv/hidden
END
policy 20-open <<'END'
[Match]
User=bob
[Network]
Mode=host
END
root_policy() { printf '%s\n' '[Cell]' 'LingerSec=10min' '[Network]' 'Mode=none' "${@:2}" | policy "$1"; }
root_policy 30-root '[Filesystem]' 'InaccessiblePaths=/srv/hidden'
root_policy 31-score '[Process]' 'OOMScoreAdjust=500' 'LimitNOFILE=100' 'Nice=3'
for u in alice carol; do echo "$u ALL=(ALL) NOPASSWD: ALL"; done > /etc/sudoers.d/attacks
chmod 440 /etc/sudoers.d/attacks
manager_start


# --- 11: other ways in -----------------------------------------------------------------------------------
attack 11.1 "sudo inside" "who asks from within a cell stays there" 'as alice sudo /var/lib/where' 'as carol sudo /var/lib/where'
attack 11.2 "sudo inside, as somebody whom no policy matches" "who asks from within a cell stays there" 'as alice sudo -u carol /var/lib/where' 'as carol /var/lib/where'
attack 11.3 "su inside" "who asks from within a cell stays there" 'as alice sudo su carol -c /var/lib/where' 'as carol /var/lib/where'

ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/hostkey"
for u in alice bob; do
        install -d -m 700 -o $u /home/$u/.ssh
        ssh-keygen -q -t ed25519 -N '' -f /home/$u/.ssh/id_ed25519
        cp /home/$u/.ssh/id_ed25519.pub /home/$u/.ssh/authorized_keys
        chown -R $u: /home/$u/.ssh
done
listens() { ss -Hltn "sport = $1" | grep -q .; }
sshd_on() { # PORT UsePAM
        printf '%s\n' "Port $1" 'ListenAddress 127.0.0.1' "HostKey $LAB_DIR/hostkey" "UsePAM $2" 'PidFile none' 'StrictModes no' > "$LAB_DIR/sshd-$1"
        /usr/sbin/sshd -D -f "$LAB_DIR/sshd-$1" -E "$LAB_DIR/sshd-log-$1" &
        wait_for 10 listens "$1"
}
sshd_on 2222 yes
sshd_on 2223 no
ssh_to="ssh -q -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p"
attack 11.4 "ssh localhost, in a cell with the host's network" "the same module in sshd's stack" 'as alice $ssh_to 2222 127.0.0.1 /var/lib/where' 'as alice $ssh_to 2223 127.0.0.1 /var/lib/where'

runs_jobs() { # cron, with the stack as it is
        rm -f /var/lib/jobs/from-cron
        cron -f -L 15 > "$LAB_DIR/cron.log" 2>&1 &
        cron=$!
        wait_for 20 test -s /var/lib/jobs/from-cron
        kill $cron
        wait $cron 2> /dev/null
        rm -f /run/crond.reboot /run/crond.pid
        cat /var/lib/jobs/from-cron
}
without_module() { # SERVICE COMMAND...
        cp "/etc/pam.d/$1" "$LAB_DIR/stack"
        sed -i '/pam_confine/d' "/etc/pam.d/$1"
        "${@:2}"
        cp "$LAB_DIR/stack" "/etc/pam.d/$1"
}
as alice 'echo "@reboot /var/lib/where > /var/lib/jobs/from-cron 2>&1" | sudo -u alice crontab -'
attack 11.5 "a job of cron" "the same module in cron's stack" runs_jobs 'without_module cron runs_jobs'

# A user manager, a tmux server, or whatever of the same user's runs outside: one word to it is enough.
serves() { # SOCKET USER
        rm -f "$1"
        setpriv --reuid "$2" --clear-groups python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(9); print("up", flush=True)
while True: s.accept()[0].close()' "$1" > "$LAB_DIR/serves" 2>&1 &
        wait_for 10 grep -q up "$LAB_DIR/serves"
}
serves /run/user/2101/bus 2101
serves /run/user/2102/bus 2102
attack 11.6 "a service manager or tmux server of the same user, outside (systemd-run --user, enable-linger)" "InaccessiblePaths=/run/user" 'as alice $try connect-unix /run/user/2101/bus' 'as bob $try connect-unix /run/user/2102/bus'
serves /run/dbus/system_bus_socket 0
chmod 666 /run/dbus/system_bus_socket
attack 11.7 "activation by the system bus" "InaccessiblePaths=/run/dbus" 'as alice $try connect-unix /run/dbus/system_bus_socket' 'as bob $try connect-unix /run/dbus/system_bus_socket'

# --- 12: from before --------------------------------------------------------------------------------------
old() { # is it reported?
        ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" check > "$LAB_DIR/check" 2>&1
        if grep -q "process $victim (sleep) of $1" "$LAB_DIR/check"; then echo "refused: reported"; else echo hit; fi
}
victim alice
attack 12.1 "a server of the user's that is older than the policy" "confinectl check names it" 'old alice' 'kill $victim; victim carol; old carol'
kill $victim

# --- 20: what a login brings along ---------------------------------------------------------------------------
environment='CONFINE_SOCKET=/run/nowhere CONFINE_RUNTIME_DIR=/run/nowhere CONFINE_POLICY=none CONFINE_INSTANCE=x XDG_RUNTIME_DIR=/tmp/x XDG_CONFIG_HOME=/tmp/x LD_LIBRARY_PATH=/tmp/x PAM_SOCKET=/run/nowhere onerr=succeed'
by_env() {
        printf '%s\n' $environment > /etc/environment-attack
        sed -i '1i session required pam_env.so envfile=/etc/environment-attack readenv=1' /etc/pam.d/su
        env $environment timeout 20 su alice -c /var/lib/where
        sed -i 1d /etc/pam.d/su
}
by_option() { # what such a variable would have to do
        lab_pam "socket=/run/nowhere onerr=succeed"
        as alice /var/lib/where
        lab_pam
}
attack 20.1 "CONFINE_*, XDG_* and LD_* in the login program's and in PAM's environment" "the module reads its options alone" by_env by_option

leaks() { # COMMAND...: with descriptor 9 open on the host's root
        timeout 20 "$@" 9< /
}
attack CVE-2024-21626 "descriptor 9 of the login program is the host's root (runc)" "all beyond 2 are closed when the shell begins" 'leaks su alice -c "$try fd 9"' 'leaks su carol -c "$try fd 9"'
attack CVE-2024-21626.2 "the same with confinectl run" "all beyond 2 are closed when the command begins" 'leaks "$build/confinectl" --runtime-dir=/run/confine run --policy 30-root -- $try fd 9' 'leaks env $try fd 9'
standing() { (cd /srv/hidden && timeout 20 su "$1" -c 'cat file 2>/dev/null || cat ../hidden/file 2>/dev/null' | grep -q secret && echo hit || echo refused); }
attack CVE-2024-21626.3 "the working directory of the login program is hidden in the cell" "the directory is found anew by its name" 'standing alice' 'standing bob'
reads_by_stdin='cat /proc/self/fd/0/hidden/file 2> /dev/null && echo hit || echo refused'
stdin_leaks() { timeout 20 su "$1" -c "$reads_by_stdin" < /srv; }
attack CVE-2024-21626.4 "standard input of the login program is a directory of the host's" "directories among the first three are replaced" 'stdin_leaks alice' 'stdin_leaks carol'

# Bob exchanges the directory that root is in for a link to one of root's, which nobody else gets into.
exchanged() { # COMMAND...: 60 times, in that directory
        mkdir -p /srv/private/open /home/bob/work
        echo secret > /srv/private/open/file
        chmod 700 /srv/private
        ln -s /srv/private/open /home/bob/other
        chown -h bob: /home/bob/work /home/bob/other
        setpriv --reuid "$(id -u bob)" --clear-groups python3 -c '
import ctypes
c = ctypes.CDLL(None)
while True: c.renameat2(-100, b"/home/bob/work", -100, b"/home/bob/other", 2)' &
        racer=$!
        disown $racer
        verdict="refused: 60 times"
        for _ in $(seq 60); do
                (
                        until cd -P /home/bob/work 2> /dev/null && [ "$(stat -c %U .)" = bob ]; do :; done
                        timeout 20 "$@"
                ) 2> /dev/null | grep -q secret && { verdict=hit; break; }
        done
        kill $racer || verdict="nobody raced"
        rm -rf /home/bob/work /home/bob/other
        echo "$verdict"
}
by_name() { for d in work other; do (cd /home/bob/$d && setpriv --reuid "$(id -u bob)" --clear-groups cat file); done; }
export -f by_name
attack 19.4 "the user exchanges the directory that root runs su in for a link to one of root's" "it has to be the same as before, or one that the user has access to" 'exchanged su bob -c "cat file"' 'exchanged bash -c by_name'

set_ids() { grep -oE '[0-7]{3,4}:\$\(B\)/[a-z_.-]+' "$here/Makefile" | grep -E '^[0-7]{4}' > "$LAB_DIR/modes"; if [ -s "$LAB_DIR/modes" ]; then echo hit; else echo "refused: there is none"; fi; }
attack CVE-2020-5291 "rights of a set-user-ID program of ours (bubblewrap)" "nothing that is installed is set-user-ID" set_ids 'not shown: there is no such program'

# Root in a live cell lays a /proc of its own over the real one, for the next who joins.
planted='mount -t tmpfs tmpfs /proc && mkdir -p /proc/self/attr /proc/self/ns /proc/thread-self/attr /proc/1 &&
        for f in self/oom_score_adj self/attr/exec self/attr/keycreate self/setgroups self/timens_offsets thread-self/attr/exec; do echo planted > /proc/$f; done; echo up; read _'
redirected() {
        mkfifo "$LAB_DIR/plant"
        "$build/confinectl" --runtime-dir=/run/confine run --policy 31-score -- sh -c "$planted" < "$LAB_DIR/plant" > "$LAB_DIR/planted" 2>&1 &
        planter=$!
        exec {plant}> "$LAB_DIR/plant"
        wait_for 10 grep -q up "$LAB_DIR/planted"
        cell=$(basename "$(grep -l '^Policy=31-score$' /run/confine/cells/*)")
        "$@"
        echo >&$plant
        exec {plant}>&-
        wait $planter
        rm -f "$LAB_DIR/plant"
}
in_files='cat /proc/self/oom_score_adj /proc/self/attr/* /proc/self/setgroups /proc/self/timens_offsets | sort -u'
by_us() { # joins, and looks what became of the files; its own score is seen from outside
        got=$(root_in 31-score sh -c "$in_files")
        if [ "$got" = planted ]; then echo "refused: nothing was written there"; else echo "$got"; echo hit; fi
}
by_hand() {
        nsenter -t "$(bus_get "$cell" InitPID)" -m sh -c "echo 500 > /proc/self/oom_score_adj; $in_files" | grep -q 500 && echo hit
}
attack CVE-2025-52881 "what is written to /proc for a process that joins goes to files of the cell's (runc)" "it is written before the join" 'redirected by_us' 'redirected by_hand'
for c in $(ls /run/confine/cells); do bus_cell "$c" Terminate > /dev/null 2>&1; done
attacks_done
