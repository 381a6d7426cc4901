#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A policy that is broken when the manager starts: its last good version is in force, and without one whom it is for
# is refused; never is somebody let in.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_user bob 2002
lab_user rescue 2003 emergency
lab_pam "timeout=10s exempt_group=emergency"

file=/etc/confine/policies/50-alice.ini
host=$(readlink /proc/self/ns/pid)
good() {
        rm -rf $file $file.d
        policy 50-alice <<-'END'
		[Match]
		User=alice rescue root
		[Resources]
		TasksMax=77
		[Network]
		Mode=none
	END
}
where() { # USER: "confined TASKS" (pid 1 is one more), "unconfined" or "refused"
        out=$(su "$1" -c "readlink /proc/self/ns/pid; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2> /dev/null; true" 2> "$LAB_DIR/said") ||
                { echo refused; return; }
        case $out in *"$host"*) echo unconfined ;; *) echo "confined $(echo "$out" | sed -n 2p)" ;; esac
}
again() { # starts the manager anew
        wait_for 20 no_cells
        manager_kill TERM
        manager_start
}
forget() { # and without any good version
        wait_for 20 no_cells
        manager_kill TERM
        rm -rf /var/lib/confine/policies
        manager_start
}

# breaks KIND NAME [all]: with `all` the file does not say whom it is for
breaks() {
        case $1 in
        key) echo 'NoSuchKey=1' >> $file ;;
        value) echo 'MaxConnections=-3' >> $file ;;
        section) printf '[Resorces]\nMemoryMax=1G\n' >> $file ;;
        extends) printf '[Policy]\nExtends=nothing\n' >> $file ;;
        dropin) mkdir -p $file.d && printf '[Resources]\nTasksMax=oops\n' > $file.d/x.ini ;;
        host) sed -i 's/Mode=none/Mode=ipvlan\nPool=10.1.0.0\/24\nInterface=lo/' $file ;;
        owner) chown alice $file ;;
        mode) chmod 666 $file ;;
        junk) echo 'what is this' >> $file ;;
        match) sed -i 's/^User=/Usr=/' $file ;;
        nul) printf '\0' >> $file ;;
        header) sed -i 's/^\[Match\]/[Mach]/' $file ;;
        directory) mkdir -p $file.d && chmod 777 $file.d ;;
        esac
}
good
manager_start
is "a good policy" "$(where alice)" "confined 78"
for kind in key value section extends dropin host owner mode junk match nul header directory; do
        good
        again
        breaks $kind
        again
        is "$kind: after a restart the last good version is in force" "$(where alice)" "confined 78"
        is "$kind: and shown as stale" "$(ctl --json=short policies | jq -r '.[] | .Mode + " " + (.Stale | tostring)')" "enforce true"
        forget
        is "$kind: without one who is named is refused" "$(where alice)" refused
        like "$kind: and the user is told" "$(cat "$LAB_DIR/said")" 'the policy for you has an error, tell the administrator'
        like "$kind: it is in the log" "$(tail -n 20 "$LAB_DIR/log")" 'Refused alice \(su\): policy 50-alice is refused: .*(/50-alice|/x.ini)'
        case $kind in
        owner | mode | match | nul | header | directory)
                is "$kind: whom it is for can't be told, so all are refused who come so far" "$(where bob)" refused ;;
        *) is "$kind: others are not concerned" "$(where bob)" unconfined ;;
        esac
        is "$kind: root gets in" "$(where root)" unconfined
        is "$kind: so does who is exempt" "$(where rescue)" unconfined
        like "$kind: with a warning" "$(cat "$LAB_DIR/said")" 'not available, this session is not confined'
        is "$kind: it is shown as refused" "$(ctl --json=short policies | jq -r '.[] | .Policy + " " + .Mode')" "50-alice refused"
        like "$kind: status shows it" "$(ctl status)" 'Refused: 50-alice: confined refuses all logins that it names'
        like "$kind: check shows it" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" check)" \
                '^error +policies: confined refuses policy 50-alice'
        like "$kind: explain says so" "$(ctl explain --user alice)" '50-alice +refused:  .*(/50-alice|/x.ini)'
done
like "verify says what is wrong" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" verify 2>&1)" '50-alice.ini.d: others than root may write'
out=$(ctl run --policy 50-alice true 2>&1)
like "nothing is run under a policy that is refused" "$out" 'policy 50-alice is refused'
policy 40-bob <<'END'
[Match]
User=bob
[Network]
Mode=none
END
bus_reload
like "who matches before is not concerned" "$(where bob)" '^confined'
wait_for 20 no_cells

# A directory that others may write to: nobody knows what it held.
chmod 777 /etc/confine/policies
again
like "a directory that is not trusted: what was good stays" "$(where bob)" '^confined'
forget
is "a directory that is not trusted: without a good version all are refused" "$(where bob)" refused
is "a directory that is not trusted: root gets in" "$(where root)" unconfined
chmod 755 /etc/confine/policies
good
rm -f /etc/confine/policies/40-bob.ini
bus_reload
is "mended: in force at once" "$(where alice) $(where bob)" "confined 78 unconfined"

# What is kept is dropped with its file, and is not believed if it is not understood.
rm $file
bus_reload
is "a policy that is removed is not kept" "$(ls /var/lib/confine/policies)" ""
is "a policy that is removed is in no force" "$(where alice)" unconfined
good
bus_reload
wait_for 20 no_cells
manager_kill TERM
sed -i '/^Resources.TasksMax/a Resources.FutureMax=1' /var/lib/confine/policies/50-alice
breaks key
manager_start
is "a kept version with a key of the future: refused" "$(where alice)" refused
check "and left alone" test -e /var/lib/confine/policies/50-alice
manager_kill TERM
sed -i '/FutureMax/d; s/^Host=.*/Host=another/; s/^Network.Mode=none/Network.Mode=ipvlan\nNetwork.Interface=lo\nNetwork.Pool=10.1.0.0\/24/' \
        /var/lib/confine/policies/50-alice
manager_start
is "a kept version that this host can't enforce any more: refused" "$(where alice)" refused
lab_done
