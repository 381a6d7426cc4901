#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# How long the next login takes right after a restart of the manager with N live cells of as many users, against the
# same with the manager at rest; the time until the manager answers is told by itself.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
N=${N:-300}
lab_user alice 2401
export CONFINE_INIT=$build/confine-init
policy 10-many <<'END'
[Match]
UID=2401 5000-9999
[Cell]
LingerSec=infinity
[Resources]
TasksMax=50
MemoryMax=200M
[Network]
Pool=10.96.0.0/12 fd96::/64
END
manager_start
bench=$build/tests/helpers/bench-open
for i in $(seq "$N"); do "$bench" join /run/confine/login "u$i" $((5000 + i)) 1 0 > /dev/null || exit 1; done
"$bench" join /run/confine/login alice 2401 1 0 > /dev/null
now() { date +%s%N; }
ms() { awk "BEGIN { printf \"%.1f\", ($2 - $1) / 1000000 }"; }
answers() { [ -S /run/confine/login ]; }
normal=$("$bench" join /run/confine/login alice 2401 20 20 | sort -n | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] / 1000 }')
cold() { "$bench" join /run/confine/login "n$1" $((9000 + $1)) 1 0; }
ready() { tail -c +"$log_offset" "$LAB_DIR/log" | grep -q 'Ready: logins at'; }
cold 1 > /dev/null
new=$(cold 2)
for i in 3 4 5 6; do
        manager_kill KILL
        rm -f /run/confine/login
        start=$(now)
        set +m
        "$build/confined" --runtime-dir=/run/confine --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" \
                --init="$build/confine-init" --instance="$instance" ${DEBUG:+--debug} >> "$LAB_DIR/log" 2>&1 &
        manager=$!
        disown $manager
        wait_for 60 answers
        up=$(now)
        if [ $i -gt 4 ]; then
                wait_for 20 ready
                printf 'ready after %s ms; then a login into a new cell: %s us, at rest %s us\n' "$(ms $start $(now))" "$(cold $i)" "$new"
        fi
        out=$("$bench" join /run/confine/login alice 2401 1 0)
        end=$(now)
        second=$("$bench" join /run/confine/login alice 2401 1 0)
        printf '%d cells: socket after %s ms; first login %s ms (its own count %s us), the next one %s us; at rest %s ms\n' "$N" \
                "$(ms $start $up)" "$(ms $up $end)" "$out" "$second" "$normal"
        wait_for 60 idle
        printf '          idle after %s ms\n' "$(ms $start $(now))"
done
ctl terminate 10-many > /dev/null 2>&1
wait_for 100 no_cells
manager_kill TERM
exit 0
