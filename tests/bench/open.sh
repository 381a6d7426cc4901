#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Latency of a login, PAUSE ms apart, the way real ones come: into a live cell, into a new one, against what
# the kernel takes for the same without a manager, and against crun with the same
# namespaces and limits (but without an interface). Medians of one run and their ratios; absolute numbers are this machine's.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2401
N=${N:-30} PAUSE=${PAUSE:-100}
export CONFINE_INIT=$build/confine-init
for kind in user session; do
        policy 10-$kind <<-END
		[Match]
		User=$([ $kind = user ] && echo alice || echo bob)
		[Cell]
		Scope=$kind
		[Resources]
		CPUQuota=150%
		MemoryMax=200M
		TasksMax=100
		[Network]
		Pool=10.98.0.0/24 fd98::/64
	END
done
lab_user bob 2402
manager_start
bench=$build/tests/helpers/bench-open
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] / 1000 }'; }
mkfifo "$LAB_DIR/keep"
lab_pam
su alice -c 'read _' < "$LAB_DIR/keep" &
exec 7> "$LAB_DIR/keep"
wait_for 20 nsessions_are 1

live=$("$bench" join /run/confine/login alice 2401 "$N" "$PAUSE" | median)
cold=$("$bench" join /run/confine/login bob 2402 "$N" "$PAUSE" | median)
kernel=$("$bench" floor "$instance-floor" "$N" "$PAUSE" | median)

printf '%-52s %8s ms\n' "login into a live cell" "$live" "login into a new cell" "$cold" \
        "the kernel's part of a new cell (no manager)" "$kernel"
printf '%-52s %8s\n' "new cell / kernel's part" "$(awk "BEGIN { printf \"%.2f\", $cold / $kernel }")"
if command -v crun > /dev/null; then
        mkdir -p "$LAB_DIR/oci/rootfs"
        mount --bind / "$LAB_DIR/oci/rootfs"
        (cd "$LAB_DIR/oci" && crun spec &&
         python3 -c '
import json
c = json.load(open("config.json"))
c["process"]["args"] = ["/bin/true"]; c["process"]["terminal"] = False
c["root"] = {"path": "rootfs", "readonly": False}
c["linux"]["resources"] = {"memory": {"limit": 200 << 20}, "pids": {"limit": 100}, "cpu": {"quota": 150000, "period": 100000}}
json.dump(c, open("config.json", "w"))')
        # crun refuses hosts with both versions mounted: it is not shown v2 (in a mount namespace of its own)
        if crun=$(unshare --mount sh -c '[ ! -d /sys/fs/cgroup/unified ] || mount -t tmpfs tmpfs /sys/fs/cgroup/unified; exec "$@"' sh \
                "$bench" exec "$N" "$PAUSE" crun --cgroup-manager=cgroupfs run --bundle "$LAB_DIR/oci" "$instance-c" 2> "$LAB_DIR/crun.err" | median) &&
           [ "$crun" != 0.00 ]; then
                printf '%-52s %8s ms\n' "crun run /bin/true, same limits, no interface" "$crun"
                printf '%-52s %8s\n' "new cell / crun" "$(awk "BEGIN { printf \"%.2f\", $cold / $crun }")"
        else
                echo "crun does not run here: $(head -1 "$LAB_DIR/crun.err")"
        fi
fi
exec 7>&-
wait_for 20 no_cells
manager_kill TERM
rmdir /sys/fs/cgroup/*/"$instance"-* 2> /dev/null
exit 0
