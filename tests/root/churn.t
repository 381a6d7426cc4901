#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cells come and go by the thousand beside others that go on: no packet of theirs gets lost. And the manager
# is killed at random moments of that: nothing is left over, and nothing is missing.

. "$(dirname "$0")/../lib.sh"
lab_alone=-x
lab_enter "$@"
lab_overlay
for u in flow many sums port quota; do lab_user $u $((uid = ${uid:-2800} + 1)); done
lab_pam "timeout=10s"
lab_upstream
CELLS=${CELLS:-1000} KILLS=${KILLS:-100} FLOWS=10

policy 10-flow <<'EOF'
[Match]
User=flow
[Cell]
Scope=session
[Network]
Pool=10.70.0.0/24 fd70::/64
Egress=deny
EgressAllow=udp:9000 icmp
EOF
policy 20-many <<'EOF'
[Match]
User=many
[Cell]
Scope=session
[Network]
Pool=10.71.0.0/16 fd71::/64
MaxConnections=50
EOF
policy 30-sums <<'EOF'
[Match]
User=sums
[Cell]
Scope=session
[Network]
Pool=10.72.0.0/16 fd72::/64
BandwidthUp=50M
[PolicyResources]
BandwidthUp=100M
BandwidthDown=100M
EOF
policy 40-port <<'EOF'
[Match]
User=port
[Cell]
Scope=session
[Network]
Mode=bridge
Bridge=br-churn
Pool=10.73.0.0/16 fd73::/64
EOF
policy 50-quota <<'EOF'
[Match]
User=quota
[Cell]
Scope=session
[Network]
Pool=10.74.0.0/16 fd74::/64
BandwidthUp=50M
TrafficMax=1G per day
[PolicyResources]
TrafficMax=10G per day
EOF
cat > /var/lib/flow <<'EOF'
#!/usr/bin/env python3
"""flow serve; flow run ADDRESS STOP-FILE: a numbered datagram every 5 ms until the file is there, "SENT LOST DENIED\""""
import os, socket, sys, threading, time
def serve(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind((address, 9000))
    print("up", flush=True)
    while True: s.sendto(*s.recvfrom(100))
if sys.argv[1] == "serve":
    threading.Thread(target=serve, args=(socket.AF_INET6, "2001:db8::2")).start()
    serve(socket.AF_INET, "192.0.2.2")
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
s.connect((sys.argv[2], 9000))
seen, sent, denied = set(), 0, 0
def receive():
    while True:
        try: seen.add(int(s.recv(100)))
        except (OSError, ValueError): pass
threading.Thread(target=receive, daemon=True).start()
while not os.path.exists(sys.argv[3]):
    try: s.send(b"%d" % sent)
    except OSError: denied += 1
    sent += 1
    if sent == 20: print("up", flush=True)
    time.sleep(0.005)
end = time.monotonic() + 5
while len(seen) < sent and time.monotonic() < end: time.sleep(0.05)
print(sent, sent - len(seen), denied, flush=True)
EOF
chmod 755 /var/lib/flow
ip netns exec upstream /var/lib/flow serve > "$LAB_DIR/serve" 2>&1 &
wait_for 10 sh -c "[ \"\$(grep -c up $LAB_DIR/serve)\" = 2 ]"
manager_start

join() { "$build/tests/helpers/bench-open" join /run/confine/login "$1" "$2" "$3" "$4" > /dev/null 2>> "$LAB_DIR/joins"; }
flows_start() { # the file that ends them, in the cells' /var
        stop=/var/lib/stop-$1
        for i in $(seq $FLOWS); do
                to=192.0.2.2
                [ $((i % 2)) = 0 ] && to=2001:db8::2
                su flow -c "/var/lib/flow run $to $stop" > "$LAB_DIR/flow-$i" 2>&1 &
                flow_pids[i]=$!
        done
        for i in $(seq $FLOWS); do wait_for 20 grep -qs up "$LAB_DIR/flow-$i"; done
}
flows_stop() {
        touch "$stop"
        wait "${flow_pids[@]}"
        sent=0 lost=0 denied=0
        for i in $(seq $FLOWS); do
                read -r a b c < <(tail -n 1 "$LAB_DIR/flow-$i")
                sent=$((sent + a)) lost=$((lost + b)) denied=$((denied + c))
        done
}
# Everything that cells can leave on the host.
state() {
        ip -o link show | grep -oE ': (cf|br-)[^:@]*' | sort
        ip -o addr show | grep -E 'br-churn|cg' | wc -l
        ip -4 route show | grep -c ' dev cf'
        ip -6 route show | grep -c ' dev cf'
        ip neigh show nud permanent | grep -c ' dev cf'
        nft list ruleset | grep -oE '"cf[0-9a-f]+"' | sort -u
        find /sys/fs/cgroup/*/"$instance"/cells -mindepth 2 -maxdepth 2 -type d 2> /dev/null | grep -c c
        ls /run/netns | grep -v upstream
        ls /run/confine/cells /run/confine/sessions
        grep -c ' nsfs ' /proc/self/mountinfo
}
settled() { [ "$(ncells)" = $FLOWS ] && idle; }

# --- churn -----------------------------------------------------------------------------------------------
flows_start churn
wait_for 20 idle
for k in sums,2803 port,2804 quota,2805 many,2802; do join "${k%,*}" "${k#*,}" 2 0; done # chains, tables: made once
wait_for 60 settled
before=$(state)
join many 2802 $((CELLS / 2)) 0 &
one=$!
for k in sums,2803 port,2804 quota,2805; do join "${k%,*}" "${k#*,}" $((CELLS / 6)) 0; done
bus_reload
wait $one
wait_for 120 settled
is "every cell of $CELLS was made" "$(cat "$LAB_DIR/joins")" ""
is "... and nothing of them is left" "$(state)" "$before"
flows_stop
[ "$sent" -gt 5000 ]
ok $? "ten flows in other cells went on: $sent packets"
is "... and none of them was lost or denied" "$lost $denied" "0 0"


# --- kills -------------------------------------------------------------------------------------------------
wait_for 30 no_cells
flows_start kills
wait_for 20 settled
before=$(state)
RANDOM=4711
for n in $(seq "$KILLS"); do
        jobs=()
        for k in many,2802 sums,2803 port,2804 quota,2805; do
                [ $((RANDOM % 2)) = 0 ] && continue
                join "${k%,*}" "${k#*,}" $((1 + RANDOM % 2)) 0 &
                jobs+=($!)
        done
        sleep "0.$(printf '%03d' $((RANDOM % 80)))"
        manager_kill KILL
        [ ${#jobs[@]} = 0 ] || wait "${jobs[@]}"
        manager_start
done
[ "$n" = "$KILLS" ]
ok $? "the manager was killed $KILLS times"
wait_for 120 settled
is "... and nothing is left over or missing" "$(state)" "$before"
flows_stop
[ "$sent" -gt 5000 ]
ok $? "the flows went on: $sent packets"
is "... and lost nothing" "$lost $denied" "0 0"
lab_done
