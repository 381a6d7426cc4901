#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Policy files and records that are broken, and broken on purpose.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
for u in alice bob carol; do lab_user $u $((uid = ${uid:-2100} + 1)); done
dir=/etc/confine/policies
policy 10-good <<'END'
[Match]
User=alice
[Cell]
Hostname=good
[Network]
Mode=none
END
policy 20-other <<'END'
[Match]
User=bob
[Cell]
Hostname=other
[Network]
Mode=none
END
manager_start
cp $dir/10-good.ini "$LAB_DIR/good"

# --- 26, 35: policy files --------------------------------------------------------------------------------
# What is tried is to get the host name "bad", or no cell at all, by a file 10-good.ini that is made by COMMAND; the
# others have to be loaded all the same, in time.
loads() { # COMMAND
        start=$SECONDS
        rm -f $dir/10-good.ini
        eval "$1"
        timeout 20 busctl --timeout=20 --address=unix:path=/run/confine/bus call org.confine1 /org/confine1 org.confine1.Manager Reload > /dev/null
        wait_for 20 idle
        took=$((SECONDS - start))
        said=$(tail -c +"$seen" "$LAB_DIR/log" | grep -c "$file")
        got=$(as alice hostname | tail -n 1)/$(as bob hostname | tail -n 1)
        rm -rf $dir/10-good.ini
        cp "$LAB_DIR/good" $dir/10-good.ini
        chmod 644 $dir/10-good.ini
        bus_reload
        seen=$(($(stat -c %s "$LAB_DIR/log") + 1))
        echo "$got, $said lines, $took s"
        case $got in
        good/other) if [ "$said" -gt 0 ] && [ $took -lt 15 ]; then echo "refused: and said; the last good one stays"; else echo "nothing was said, or it took long"; fi ;;
        *) echo hit ;;
        esac
}
seen=1
bad='[Match]\nUser=alice\n[Cell]\nHostname=bad\n[Network]\nMode=none\n'
file=$dir/10-good.ini
proper="loads 'printf \"$bad\" > \$file'"
attack 26.1 "a file that a user owns" "such a file is not believed" "loads 'printf \"$bad\" > \$file; chown alice \$file'" "$proper"
attack 26.2 "a file that everybody can write to" "such a file is not believed" "loads 'printf \"$bad\" > \$file; chmod 666 \$file'" "$proper"
attack 26.3 "a FIFO: whoever opens it hangs" "not opened unless it is a regular file" "loads 'mkfifo \$file'" "$proper"
attack 26.4 "2 GiB" "bounds" "loads 'printf \"$bad\" > \$file; truncate -s 2G \$file'" "$proper"
attack 26.5 "a million sections" "bounds" "loads 'printf \"$bad\" > \$file; yes \"[Cell]\" | head -n 1000000 >> \$file'" "$proper"
attack 26.6 "a NUL in a value" "a mistake voids the file" "loads 'printf \"${bad}[Resources]\nTasksMax=1\\\\0000\n\" > \$file'" "$proper"
attack 26.7 "a key twice" "a mistake voids the file" "loads 'printf \"${bad}Mode=host\n\" > \$file'" "$proper"
attack 26.8 "an unknown key" "a mistake voids the file" "loads 'printf \"${bad}Mod=host\n\" > \$file'" "$proper"
attack 26.9 "a line that is too long to be read in one piece" "a mistake voids the file" "loads '(printf \"$bad\"; printf \"DNS=\"; yes 10.0.0.1 | head -n 100 | tr \"\\n\" \" \") > \$file'" "$proper"
attack 26.10 "policies that extend each other" "a mistake voids the file" "loads 'printf \"[Policy]\nExtends=10-good\n$bad\" > \$file'" "$proper"
attack 26.11 "a directory in place of the file" "not opened unless it is a regular file" "loads 'mkdir \$file'" "$proper"
attack 26.12 "a link to a file that a user owns" "such a file is not believed" "loads 'printf \"$bad\" > /home/alice/p; chown alice /home/alice/p; ln -s /home/alice/p \$file'" "$proper"
unended() { # neither is a mistake
        loads "$1" > "$LAB_DIR/unended"
        if grep -q '^bad/other' "$LAB_DIR/unended"; then echo "refused: read as it is meant"; else cat "$LAB_DIR/unended"; fi
}
attack 26.13 "no newline at the end, which others read as no last line" "the last line counts" "unended 'printf \"${bad%\\\\n}\" > \$file'" "not shown: it is no mistake"
while_live() { # COMMAND: with a live cell of alice's the policies are changed
        hold l alice
        eval "$1"
        bus_reload
        got=$(ctl shell "$(cells_of alice)" hostname 2> /dev/null)
        let_go l
        cp "$LAB_DIR/good" $file
        bus_reload
        wait_for 20 no_cells
        if [ "$got" = good ]; then echo "refused: it has what it had"; else echo "$got"; echo hit; fi
}
attack 26.14 "a byte order mark before the first section" "it is skipped, or a mistake" "unended 'printf \"\\xef\\xbb\\xbf$bad\" > \$file'" "not shown: it is no mistake"
attack 35.1 "a live cell, while its policy is taken away" "a live cell keeps the policy that it was made with" 'while_live "rm \$file"' 'as carol /var/lib/where'
attack 35.2 "a live cell, while its policy is loosened" "a live cell keeps the policy that it was made with" 'while_live "sed -i s/=good/=bad/ \$file"' "$proper"

# --- 27: records -------------------------------------------------------------------------------------------
records() { # COMMAND: does that to the record of a live cell while the manager is away
        hold r alice
        hold s bob
        cell=$(cells_of alice) other=$(cells_of bob)
        manager_kill KILL
        eval "$1"
        manager_start
        broken=$(ls /run/confine/broken 2> /dev/null | wc -l)
        said=$(tail -c +"$log_offset" "$LAB_DIR/log" | grep -c "$cell")
        lives=$(bus_get "$other" State 2>&1)
        rm -rf /run/confine/broken
        let_go r 2> /dev/null
        let_go s
        wait_for 30 no_cells || echo "cells are left"
        echo "$broken set aside, $said lines, the other cell is $lives"
        [ "$lives" = live ] || { echo hit; return; }
        if [ "$broken" -gt 0 ] || [ "$said" -gt 0 ]; then echo "refused: $2"; else echo hit; fi
}
keeps() { # nothing is done: the record is used
        hold r alice
        cell=$(cells_of alice)
        manager_kill KILL
        manager_start
        [ "$(bus_get "$cell" State)" = live ] && echo hit
        let_go r
        wait_for 20 no_cells
}
attack 27.1 "a record that is half written" "set aside with a warning; the others are used" 'records "truncate -s 60 /run/confine/cells/\$cell" "set aside"' keeps
attack 27.2 "a record of another boot" "dropped; the others are used" 'records "sed -i s/^BootId=.*/BootId=other/ /run/confine/cells/\$cell" dropped' keeps
attack 27.3 "a record that names another process as pid 1" "pid 1 is known by its start time and control group" 'records "sed -i s/^InitPid=.*/InitPid=$$/ /run/confine/cells/\$cell" "not believed"; kill -0 $$ || echo hit' keeps
attack 27.4 "a record that is a link to another file" "no link is followed" 'records "rm /run/confine/cells/\$cell; ln -s /etc/passwd /run/confine/cells/\$cell" "set aside"; test -s /etc/passwd || echo hit' keeps
attack 27.5 "a record of 100 MiB" "bounds" 'records "truncate -s 100M /run/confine/cells/\$cell" "set aside"' keeps
attack 27.6 "a user changes a record" "/run/confine is root's alone" 'hold r alice; outside alice $try open /run/confine/cells/$(cells_of alice) w; let_go r' 'hold r alice; $try open /run/confine/cells/$(cells_of alice) w; let_go r'
attacks_done
