# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by the attacks (sourced). An attack is tried twice: on a cell with the defence, where it has to be
# refused, and with the defence taken away, where it has to succeed; or it proves nothing. What is tried says so
# itself in the last line that it prints: "hit", or "refused" and why. Anything else, as of a program that isn't there,
# is a failure in both cases.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# Said in the same line, since tests/attacks/table.t reads it there:
# attack NUMBER "ATTEMPT" "DEFENCE" WITH WITHOUT
# WITH and WITHOUT are shell commands; WITHOUT can be "not shown: REASON", which is printed and counts for nothing.
attack_table=
attack() {
        local with= without= attack_name="$1: $2"
        attack_begun=$(date +%s%N)
        outcome with "$4"
        case $5 in
        "not shown: "*) without=$5 ;;
        *) outcome without "$5" ;;
        esac
        with=$(tail -n 1 "$LAB_DIR/with" 2> /dev/null)
        [ "$without" ] || without=$(tail -n 1 "$LAB_DIR/without")
        tap_n=$((tap_n + 1))
        case $with/$without in
        refused*/hit | refused*/"not shown: "*) echo "ok $tap_n - $attack_name: $with; without the defence: $without" ;;
        *)
                echo "not ok $tap_n - $attack_name: $with; without the defence: $without"
                tap_failed=1
                sed 's/^/# with: /' "$LAB_DIR/with" | tail -n 15
                [ ! -s "$LAB_DIR/without" ] || sed 's/^/# without: /' "$LAB_DIR/without" | tail -n 15
                ;;
        esac
        [ -z "${ATTACK_TIMES:-}" ] || echo "# $1 took $((($(date +%s%N) - attack_begun) / 1000000)) ms"
        attack_table="$attack_table# | $1 | $2 | $3 | ${with:-nothing} |
"
}
outcome() { # FILE COMMAND: in this shell, so that sessions it opens can be closed later
        eval "$2" > "$LAB_DIR/$1" 2>&1 < /dev/null
}

# Each prints its part of the table, and has tried everything that it declares.
attacks_done() {
        is "every attack that is declared was tried" "$(printf '%s' "$attack_table" | grep -c .)" "$(grep -c '^attack ' "$0")"
        echo "# | number | attempt | defence | what came of it |"
        printf '%s' "$attack_table"
        lab_done
}

attacks_lab() {
        lab_overlay
        lab_pam "${1:-}"
        mkdir -p /srv "$LAB_DIR/vendor"
        install -m 755 "$here/tests/attacks/try" /var/lib/try
        # "hit" if who runs it is where the host is
        cat > /var/lib/where <<-END
		#!/bin/sh
		[ "\$(readlink /proc/self/ns/pid)" = '$(readlink /proc/self/ns/pid)' ] && echo hit || echo "refused: in a cell"
	END
        chmod 755 /var/lib/where
}
try=/var/lib/try

as() { u=$1; shift; timeout -k 1 40 su "$u" -c "$*" 2>&1; }              # AS USER COMMAND: by a real login
outside() { timeout -k 1 40 setpriv --reuid "$(id -u "$1")" --regid "$(id -g "$1")" --clear-groups "${@:2}" 2>&1; }
root_in() { timeout -k 1 40 "$build/confinectl" --runtime-dir=/run/confine run --policy "$1" -- "${@:2}" 2>&1; } # POLICY COMMAND...

# hit_if COMMAND... / refused_if REASON COMMAND...: for attacks whose outcome is seen from outside
hit_if() { if "$@"; then echo hit; else echo "refused"; fi; }
hit_unless() { if "$@"; then echo refused; else echo hit; fi; }

# victim USER: a process outside of all cells, "sleep 7777" with a number that no cell comes to by itself
victim() {
        echo 30000 > /proc/sys/kernel/ns_last_pid 2> /dev/null
        setpriv --reuid "$(id -u "$1")" --regid "$(id -g "$1")" --clear-groups sleep 7777 &
        victim=$!
        disown $victim
        victim_runs() { [ "$(cat /proc/$victim/comm)" = sleep ]; }
        wait_for 5 victim_runs
}
alive() { kill -0 "$victim" 2> /dev/null; }

# Users, and a policy of each kind that a failing login can have.
faults_lab() {
        attacks_lab "timeout=10s"
        for u in alice bob carol dave erin; do lab_user $u $((uid = ${uid:-2100} + 1)); done
        open=$build/tests/helpers/pam-open
        policy 10-user <<'END'
[Match]
User=alice
[Resources]
TasksMax=100
[Network]
Pool=10.80.0.0/24 fd80::/64
END
        policy 20-session <<'END'
[Match]
User=bob
[Cell]
Scope=session
[Network]
Pool=10.81.0.0/16 fd81::/64
END
        policy 30-lets <<'END'
[Policy]
OnFailure=allow
[Match]
User=carol
[Cell]
Scope=session
[Network]
Pool=10.82.0.0/30
END
        policy 31-refuses <<'END'
[Match]
User=dave
[Cell]
Scope=session
[Network]
Pool=10.83.0.0/30
END
}

# --- faults ----------------------------------------------------------------------------------------------

# What is on the host of cells; `before` is a state() without any.
groups() { find /sys/fs/cgroup -path "*/$instance/cells/*/*/*" -type d 2> /dev/null; }
links() { ip -o link show | grep -oE 'cf[0-9a-f]{12}'; }
inits() { ps -C confine-init -o pid=,stat= | awk '$2 !~ /^Z/ { print $1 }'; }
state() {
        wait_for 60 no_cells
        wait_for 20 idle
        echo "$(groups)$(links)$(inits)$(grep -c ' nsfs ' /proc/self/mountinfo) mounts," \
                "$(nft list table inet "$instance" 2> /dev/null | grep -c cf) elements"
}
nothing() { [ -z "$(groups)$(links)$(inits)" ]; }

# trace OPTIONS...: strace on the manager until untrace
trace() {
        strace -q -o /dev/null -p "$manager" "$@" 2> /dev/null &
        tracer=$!
        wait_for 10 traced
}
traced() { ! kill -0 $tracer 2> /dev/null || ! grep -q '^TracerPid:.0$' "/proc/$manager/status" 2> /dev/null; }
untrace() {
        kill $tracer 2> /dev/null
        wait $tracer 2> /dev/null
}

absent() { # MODULE-OPTIONS: a login of alice's without a manager
        lab_pam "$1"
        manager_kill TERM
        out=$(as alice /var/lib/where)
        manager_start
        lab_pam "timeout=10s"
        echo "$out"
        case $out in *hit) echo hit ;; *"not available"*) echo refused ;; esac
}
