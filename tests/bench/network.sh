#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The network of routed cells: what a TCP connection gets through with the firewall and a limit above what the
# link can do, against a bare veth pair to the same server; and what adding a cell takes among few and among
# many. Medians and ratios of one run; absolute numbers are this machine's. CELLS=100 for a quick look.

. "$(dirname "$0")/../lib.sh"
command -v iperf3 > /dev/null || { echo "needs iperf3"; exit 1; }
lab_enter "$@"
lab_overlay
for u in plain shaped summed many; do lab_user $u $((uid = ${uid:-2410} + 1)); done
lab_pam
export CONFINE_INIT=$build/confine-init
CELLS=${CELLS:-2000} RUNS=${RUNS:-3} SECONDS_EACH=${SECONDS_EACH:-3}

network() { # NAME NET EXTRA...
        name=$1 net=$2
        shift 2
        policy 10-$name <<-END
		[Match]
		User=$name
		[Cell]
		Scope=$([ $name = many ] && echo session || echo user)
		LingerSec=$([ $name = many ] && echo infinity || echo 0)
		[Network]
		Pool=10.$net.0.0/16 fd$net::/64
		Egress=deny
		EgressAllow=tcp:5201@host udp:53 tcp:22@10.0.0.0/8
		$(printf '%s\n' "$@")
	END
}
network plain 91
network shaped 92 BandwidthUp=100G BandwidthDown=100G
network summed 93 "[UserResources]" BandwidthUp=100G BandwidthDown=100G
network many 94 "[UserResources]"
manager_start

median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
row() { printf '%-60s %8s %s\n' "$@"; }

# --- throughput ------------------------------------------------------------------------------------
ip netns add bare
ip link add bare0 type veth peer name eth0 netns bare
ip addr add 10.90.0.1/24 dev bare0
ip link set bare0 up
ip -n bare addr add 10.90.0.2/24 dev eth0
ip -n bare link set eth0 up
iperf3 -s > /dev/null 2>&1 &
server=$!
wait_for 10 sh -c 'ss -Hltn sport = 5201 | grep -q .'

measure() { # up|down COMMAND...: Gbit/s of one connection to the server at $address
        [ "$1" = down ] && reverse=-R || reverse=
        shift
        "$@" iperf3 -c "$address" -t "$SECONDS_EACH" $reverse -J |
                python3 -c 'import json, sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e9)'
}
in_bare() { ip netns exec bare "$@"; }
in_cell() { nsenter -t "$init" -n "$@"; }
for u in plain shaped summed; do hold $u $u; done
for way in up down; do
        for u in plain shaped summed; do
                init=$(bus_get "$(cells_of $u)" InitPID)
                : > "$LAB_DIR/bare" > "$LAB_DIR/cell"
                for _ in $(seq "$RUNS"); do # in turns: what else the machine does hits both
                        address=10.90.0.1 measure $way in_bare >> "$LAB_DIR/bare"
                        address=10.9$(case $u in plain) echo 1 ;; shaped) echo 2 ;; summed) echo 3 ;; esac).0.1 \
                                measure $way in_cell >> "$LAB_DIR/cell"
                done
                b=$(median < "$LAB_DIR/bare") c=$(median < "$LAB_DIR/cell")
                row "$way, firewall$(case $u in shaped) echo ' and limits of 100G' ;; summed) echo ' and sums of 100G' ;; esac)" "$c" Gbit/s
                row "... a bare veth in turns with it" "$b" Gbit/s
                row "... ratio" "$(ratio "$c" "$b")" ""
        done
done
for u in plain shaped summed; do let_go $u; done
kill $server

# --- adding a cell ---------------------------------------------------------------------------------
rules() { nft -j list table inet "$instance" | python3 -c 'import json, sys; print(sum("rule" in i for i in json.load(sys.stdin)["nftables"]))'; }
add() { "$build/tests/helpers/bench-open" join /run/confine/login many 2414 "$1" "$2"; }
kernel() { "$build/tests/helpers/bench-open" floor "$instance-floor" 50 20 | median; }
ms() { awk "BEGIN { printf \"%.2f\", $1 / 1000 }"; }
add 5 0 > /dev/null
sleep 3 # what the kernel puts off
first=$(add 100 20 | median) kernel_first=$(kernel)
few=$(rules)
add $((CELLS - 205)) 0 > /dev/null
sleep 3
last=$(add 100 20 | median) kernel_last=$(kernel)
row "a new cell, the first hundred" "$(ms "$first")" ms
row "... the kernel's part of one, without a manager" "$(ms "$kernel_first")" ms
row "a new cell, the last hundred of $(ncells)" "$(ms "$last")" ms
row "... the kernel's part" "$(ms "$kernel_last")" ms
row "last / first" "$(ratio "$last" "$first")" ""
row "last / first of the kernel's part" "$(ratio "$kernel_last" "$kernel_first")" ""
row "rules at 105 cells, and at $(ncells)" "$few $(rules)" ""
rmdir /sys/fs/cgroup/*/"$instance"-floor 2> /dev/null
exit 0
