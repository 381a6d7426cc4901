#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Records of another version, or that nobody can read: what lives goes on, and is shown as what it is.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice carol; do lab_user $u $((uid = ${uid:-2200} + 1)); done
lab_pam

policy 10-user <<'END'
[Match]
User=alice
[Resources]
TasksMax=100
[Network]
Pool=10.80.0.0/29 fd80::/64
END
policy 20-session <<'END'
[Match]
User=carol
[Cell]
Scope=session
[Network]
Pool=10.80.0.0/29
TrafficMax=1G per day
END
manager_start

records=/run/confine/cells
# restart_with COMMAND...: it changes records while no manager runs.
restart_with() {
        manager_kill KILL
        "$@"
        manager_start
}
# insert FILE LINE...: before its end
insert() {
        file=$1
        shift
        sed -i '/^\[End\]$/d' "$file"
        printf '%s\n' "$@" '[End]' >> "$file"
}
log_now() { tail -c +"$log_offset" "$LAB_DIR/log"; }
pid_ns_of() { readlink "/proc/$(sed -n 's/^InitPid=//p' "$records/$1")/ns/pid"; }
alive() { kill -0 "$(eval echo \$held_$1)" && [ -d "/proc/$init" ]; }
here_is() { grep -rqs "^$init\$" /sys/fs/cgroup/*/"$instance"/cells/*/*/"$1"/cgroup.procs; }
link_of() { ip -o link show | grep -o "cf[0-9a-f]\{4\}${1:1:8}\b"; }
ping_from() { nsenter -t "$init" -n ping -q -c1 -W5 "$1"; }

# --- what is not known ---------------------------------------------------------------------------------
hold a alice
hold c carol
cell=$(cells_of alice) other=$(cells_of carol) init=$(bus_get "$cell" InitPID) address=$(bus_get "$cell" Addresses)
newer() {
        insert "$records/$cell" Colour=green 'Quota=4 of 7' Network.Reach=moon Quantum.Spin=up Resources.TasksMax=few \
                State=hibernating Adjusting=teleport
        for s in /run/confine/sessions/*; do insert "$s" Mood=good State=dreaming; done
        for t in /var/lib/confine/traffic/*; do insert "$t" Colour=red Period=fortnight; done
}
counted() { ls /var/lib/confine/traffic/u* > /dev/null 2>&1; }
nsenter -t "$(bus_get "$other" InitPID)" -n ping -q -c1 -W5 10.80.0.1 > /dev/null
wait_for 20 counted
restart_with newer
check "keys and values that are not known: the cells live" alive a
is "... all of them" "$(ncells) $(bus_get "$cell" State) $(bus_get "$other" State)" "2 live live"
is "... with their sessions" "$(nsessions_are 2; echo $?) $(bus_get "$cell" NSessions)" "0 1"
is "... at their address" "$(bus_get "$cell" Addresses)" "$address"
like "... with a warning" "$(log_now)" "record of cell $cell: this version knows no Quantum.Spin=up"
like "... for sessions, too" "$(log_now)" "record of session s[0-9a-f]*: this version knows no Mood=good"
like "... and for traffic" "$(log_now)" "record of traffic .*: this version knows no Colour=red"
is "... a new login joins" "$(su alice -c 'readlink /proc/self/ns/pid')" "$(pid_ns_of "$cell")"
like "list shows it" "$(ctl list)" "^$cell .*Network.Reach=moon"
like "so does status" "$(ctl status "$cell")" 'Unknown: .*Quantum.Spin=up'
is "what is known is shown as ever" "$(ctl show -p State --value "$other")" live
check "limits are adjustable" set_property "$cell" true MemoryMax=200M
is "what is not known stays on record" "$(grep -cE '^(Colour=green|Network.Reach=moon|Resources.TasksMax=few)$' "$records/$cell")" 3
is "... and is not overruled" "$(grep -c '^Resources.TasksMax=' "$records/$cell")" 1
is "the traffic that was counted is not lost" "$(ls /var/lib/confine/traffic | grep -c broken)" 0
restart_with true
check "once more" alive a
let_go a
let_go c
check "they end as ever" wait_for 20 no_cells

# --- what can't be read ----------------------------------------------------------------------------------
cut_it() { head -c 200 "$records/$cell" > "$LAB_DIR/part"; cat "$LAB_DIR/part" > "$records/$cell"; }
for how in garbage empty cut other-section other-boot missing-policy bad-number link; do
        hold a alice
        cell=$(cells_of alice) init=$(bus_get "$cell" InitPID) address=$(bus_get "$cell" Addresses) link=$(link_of "$cell")
        break_it() {
                case $how in
                garbage) head -c 300 /dev/urandom > "$records/$cell" ;;
                empty) : > "$records/$cell" ;;
                cut) cut_it ;;
                other-section) sed -i 's/^\[Cell\]/[Cell2]/' "$records/$cell" ;;
                other-boot) sed -i 's/^BootId=.*/BootId=x/' "$records/$cell" ;;
                missing-policy) sed -i '/^Policy=/d' "$records/$cell" ;;
                bad-number) sed -i 's/^InitPid=.*/InitPid=first/' "$records/$cell" ;;
                link) mv "$records/$cell" "$LAB_DIR/elsewhere"; ln -s "$LAB_DIR/elsewhere" "$records/$cell" ;;
                esac
        }
        restart_with break_it
        check "$how: the cell lives" alive a
        check "$how: in its group" here_is "$cell"
        is "$how: with its link" "$(link_of "$cell")" "$link"
        check "$how: and its place in the firewall" ping_from 10.80.0.1
        is "$how: it is shown" "$(bus_get "$cell" State) $(bus_get "$cell" Addresses) $(bus_get "$cell" InitPID)" "live $address $init"
        like "$how: ... as unknown" "$(ctl list)" "^$cell +10-user .*its record"
        like "$how: ... and loudly" "$(log_now)" "record of cell $cell is unusable.*keeping them running"
        out=$(su alice -c 'readlink /proc/self/ns/pid; ip -4 -o addr show eth0')
        isnt "$how: a new login has a cell of its own" "$(echo "$out" | head -1)" "$(readlink "/proc/$init/ns/pid")"
        like "$how: ... with an address of its own" "$(echo "$out" | grep -vF " $(echo "$address" | grep -o '10[0-9.]*')/")" 'inet 10\.80\.0\.[0-9]+/32'
        wait_for 20 nsessions_are 1
        let_go a
        check "$how: it ends with its session" wait_for 20 no_cells
        is "$how: without a trace" "$(link_of "$cell")$(ls "$records")" ""
done

# Nor can those of its sessions.
hold a alice
cell=$(cells_of alice) init=$(bus_get "$cell" InitPID)
lose_sessions() { for s in /run/confine/sessions/*; do echo garbage > "$s"; done; }
restart_with lose_sessions
check "no session can be read: the cell lives" alive a
like "... and says so" "$(ctl status "$cell")" 'Unknown: its sessions'
su alice -c true
wait_for 20 nsessions_are 1
check "a login comes and goes: it lives" alive a
restart_with true
check "after another restart: it lives" alive a
let_go a
check "it ends when nobody is in it any more" wait_for 20 no_cells
rm -rf /run/confine/broken

# Forwarding is open to nobody else, whatever is known of before.
hold a alice
restart_with eval 'echo garbage > /run/confine/forwarding'
like "the record of forwarding can't be read: it is guarded" "$(nft list table inet "$instance")" 'hook forward'
like "... with a warning" "$(log_now)" 'Cannot read whether forwarding was off'
let_go a
wait_for 20 no_cells
rm -f /run/confine/forwarding

# --- other managers -----------------------------------------------------------------------------------------
# other NAME RUNTIME-DIR [COMMAND...]: a manager with that instance, by the command; what it says
other() {
        name=$1 dir=$2
        shift 2
        "$@" timeout 20 "$build/confined" --runtime-dir="$dir" --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" \
                --init="$build/confine-init" --instance="$name" 2>&1
}
# The shortest other name whose links are named the same.
twin=$(python3 -c '
import itertools, sys
def tag(name):
        h = 2166136261
        for b in name.encode(): h = (h ^ b) * 16777619 & 0xffffffff
        return (h ^ h >> 16) & 0xffff
print(next(n for i in itertools.count() if tag(n := f"x{i}") == tag(sys.argv[1])))' "$instance")
hold a alice
hold c carol
cell=$(cells_of alice) init=$(bus_get "$cell" InitPID) before=$(ip -o link show | grep -c ": cf")
stand() { # NAME: nobody has touched a thing
        check "$1: the cells live" alive a
        is "$1: with their links" "$(ip -o link show | grep -c ": cf")" "$before"
        check "$1: with their groups" here_is "$cell"
        check "$1: and reach what they reached" ping_from 10.80.0.1
}
out=$(other "$instance" /run/second)
isnt "the same instance with another runtime directory is refused" $? 0
like "... and says why" "$out" "Another confined runs already with the instance \"$instance\""
stand "the same instance"
out=$(other "$instance" /run/third unshare --mount --net --uts --ipc)
isnt "also from other namespaces" $? 0
like "... and says why" "$out" "Another confined runs already with the instance"
stand "from other namespaces"
out=$(other "$twin" /run/twin)
isnt "an instance whose links have the same names ($twin) is refused" $? 0
like "... and says why" "$out" "names of links of the instances \"$twin\" and \"$instance\" collide"
stand "a twin"
manager_kill KILL
out=$(other "$twin" /run/twin)
isnt "... also while the first one is away" $? 0
stand "a twin meanwhile"
out=$(other "$instance" /run/second)
isnt "the same instance with another runtime directory is refused while the first one is away" $? 0
like "... and says why" "$out" "has live cells of a confined with the runtime directory /run/confine: start it with --runtime-dir=/run/confine"
stand "the same instance meanwhile"
manager_start
is "the first one has its cells" "$(nsessions_are 2; echo $?) $(bus_get "$cell" State)" "0 live"
let_go a
let_go c
wait_for 20 no_cells
rm -rf /run/second /run/third /run/twin
is "the twin has left no groups" "$(find /sys/fs/cgroup -maxdepth 2 -name "$twin")" ""
lab_done
