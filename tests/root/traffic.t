#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# TrafficMax=: how exactly it holds, for users and policies, over cells, restarts, flushes and periods.
# "upstream" is a network behind this host, with a server that gives as much as it is asked for.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave erin; do lab_user $u $((uid = ${uid:-2700} + 1)); done
lab_pam
lab_upstream

policy 10-deny <<'EOF'
[Match]
User=alice bob
[Cell]
Scope=session
[Network]
Pool=10.86.0.0/24 fd86::/64
TrafficMax=10M per month
EOF
policy 20-sum <<'EOF'
[Match]
User=carol dave
[Network]
Pool=10.87.0.0/24 fd87::/64
TrafficMax=50M per day
[PolicyResources]
TrafficMax=12M per day
EOF
policy 30-slow <<'EOF'
[Match]
User=erin
[Network]
Pool=10.88.0.0/24 fd88::/64
TrafficMax=5M per week
TrafficMaxAction=slow
TrafficMaxRate=2M
BandwidthDown=800M
EOF
cat > /var/lib/give <<'EOF'
#!/usr/bin/env python3
"""give serve; give get ADDRESS BYTES [RATE]: how many bytes came, and how it ended; RATE: bytes a second instead"""
import socket, sys, threading, time
def serve(c):
    with c:
        n = int(c.makefile().readline())
        try: c.sendall(b"x" * n)
        except OSError: pass
def listen(family, address):
    s = socket.create_server((address, 9000), family=family)
    print("up", flush=True)
    while True: threading.Thread(target=serve, args=(s.accept()[0],)).start()
if sys.argv[1] == "serve":
    for f, a in (socket.AF_INET, "192.0.2.2"), (socket.AF_INET6, "2001:db8::2"):
        threading.Thread(target=listen, args=(f, a)).start()
else:
    n, end, start = 0, "whole", time.monotonic()
    try:
        c = socket.create_connection((sys.argv[2], 9000), 8)
        c.settimeout(8)
        c.sendall(sys.argv[3].encode() + b"\n")
        while True:
            data = c.recv(65536)
            if not data: break
            n += len(data)
        if n < int(sys.argv[3]): end = "short"
    except OSError as e: end = type(e).__name__
    print(int(n / (time.monotonic() - start)) if len(sys.argv) > 4 else n, end)
EOF
chmod 755 /var/lib/give
ip netns exec upstream /var/lib/give serve > "$LAB_DIR/serve" 2>&1 &
wait_for 10 sh -c "[ \"\$(grep -c up $LAB_DIR/serve)\" = 2 ]"
manager_start
get() { u=$1; shift; su "$u" -c "timeout 40 /var/lib/give get $*" 2>&1; }
volumes() { ctl --json=short net traffic "$@"; }
used() { volumes "$1" | python3 -c 'import json, sys; print(next((v["UsedBytes"] for v in json.load(sys.stdin) if v["User"] == (sys.argv[1] or None)), 0))' "${2-$1}"; }
used_up() { volumes "$1" | grep -q '"UsedUp":true'; }
# what is on disk, and read there
kept() { sed -n 's/^Used=//p' "/var/lib/confine/traffic/$1"; }
at_least() { [ "$($1 "$2" "${@:4}")" -ge "$3" ]; }

# --- one user, several cells -------------------------------------------------------------------------
is "a volume that is not used up: all passes" "$(get alice 192.0.2.2 4000000)" "4000000 whole"
check "... and is counted" wait_for 10 at_least used alice 4000000
[ "$(used alice)" -le 4400000 ]
ok $? "... with the headers of packets and no more: $(used alice)"
is "... in another cell of the same user, IPv6" "$(get alice 2001:db8::2 3000000)" "3000000 whole"
check "... they are counted together" wait_for 10 at_least used alice 7000000
got=$(get alice 192.0.2.2 9000000)
like "at its end nothing passes any more" "$got" '^[0-9]+ (short|ConnectionResetError|TimeoutError|ConnectionRefusedError)$'
[ "${got% *}" -le 3000000 ] && [ "${got% *}" -ge 2200000 ]
ok $? "... exactly there: ${got% *} bytes of what was left"
is "no new connection either" "$(get alice 192.0.2.2 10)" "0 ConnectionRefusedError"
is "... IPv6" "$(get alice 2001:db8::2 10)" "0 ConnectionRefusedError"
is "a login works as before" "$(su alice -c 'echo in')" in
is "others are not concerned" "$(get bob 192.0.2.2 1000000)" "1000000 whole"
check "the tool says so" wait_for 10 used_up alice
like "... in a table" "$(ctl net traffic alice)" '10-deny +alice +10M/10M +month .* deny +yes'
like "... for others not" "$(ctl net traffic bob)" ' no$'
check "... and the log, once" wait_for 10 grep -q 'User alice has used up TrafficMax= of policy 10-deny' "$LAB_DIR/log"
install -m 755 "$build/confinectl" /var/lib/confine-lab/confinectl # where cells see it
is "users see their own" "$(su bob -c "/var/lib/confine-lab/confinectl --runtime-dir=/run/confine --json=short net traffic" | grep -o '"User":"[a-z]*"')" '"User":"bob"'
ctl net traffic nobody-here > "$LAB_DIR/out" 2>&1
is "nobody's traffic" $? 4

# --- it lasts ------------------------------------------------------------------------------------------
manager_kill KILL
manager_start
like "after a crash of the manager" "$(get alice 192.0.2.2 10)" '^0 '
hold b bob
before=$(used bob)
nft flush ruleset
wait_for 20 sh -c "nft list quotas table inet $instance | grep -q -- -10-deny"
idle_again() { wait_for 20 idle; }
idle_again
[ "$(used bob)" -ge "$before" ]
ok $? "after a foreign flush: $(used bob)"
like "... nor does it help who is at the end" "$(get alice 192.0.2.2 10)" '^0 '
let_go b
wait_for 20 no_cells
manager_kill TERM
is "it is kept" "$(($(kept u2701-10-deny) >= 9900000))" 1
check "the table is gone" sh -c "! nft list table inet $instance"
manager_start
like "after a stop and a start" "$(get alice 192.0.2.2 10)" '^0 '
bob_before=$(used bob)
is "... others go on" "$(get bob 192.0.2.2 1000000)" "1000000 whole"
check "... from where they were" wait_for 10 at_least used bob $((bob_before + 1000000))

# --- periods ---------------------------------------------------------------------------------------------
wait_for 20 no_cells
manager_kill TERM
month=$(date -d "$(date +%Y-%m-01)" +%s)
sed -i "s/^Begin=.*/Begin=$((month - 86400))/" /var/lib/confine/traffic/u2701-10-deny
manager_start
is "a new period" "$(get alice 192.0.2.2 3000000)" "3000000 whole"
check "... counts from nothing" wait_for 10 at_least used alice 3000000
[ "$(used alice)" -le 3500000 ]
ok $? "... and that is all: $(used alice)"
is "... since the first of the month" "$(volumes alice | grep -o '"Begin":[0-9]*')" "\"Begin\":${month}000000"
get alice 192.0.2.2 9000000 > /dev/null
wait_for 10 used_up alice
hold a alice
manager_kill KILL
sed -i "s/^Begin=.*/Begin=$((month - 86400))/" /var/lib/confine/traffic/u2701-10-deny
manager_start
not_used_up() { ! used_up alice; }
check "a period that ends under a live cell" wait_for 10 not_used_up
is "... lets it go on" "$(get alice 192.0.2.2 1000000)" "1000000 whole"
let_go a
wait_for 20 no_cells
manager_kill TERM
sed -i "s/^Begin=.*/Begin=$((month + 400 * 86400))/; s/^Used=.*/Used=9999999/" /var/lib/confine/traffic/u2701-10-deny
manager_start
like "a clock that went back gives nothing" "$(get alice 192.0.2.2 10)" '^0 '
wait_for 20 no_cells
manager_kill TERM
echo "[Traffic" > /var/lib/confine/traffic/u2701-10-deny
manager_start
like "a broken record is set aside" "$(cat "$LAB_DIR/log")" 'traffic/u2701-10-deny is unusable .*broken-u2701-10-deny'
is "... and counts from nothing" "$(get alice 192.0.2.2 1000)" "1000 whole"
is "... others are whole" "$(($(kept u2702-10-deny) > 1000000))" 1

# --- a limit that was lowered below what was used -----------------------------------------------------------
wait_for 20 no_cells
before=$(kept u2702-10-deny)
sed -i 's/^TrafficMax=10M/TrafficMax=1M/' /etc/confine/policies/10-deny.ini
bus_reload
is "a lower limit: a login" "$(su bob -c 'echo in' 2>&1)" in
is "... without traffic" "$(get bob 192.0.2.2 10)" "0 ConnectionRefusedError"
wait_for 20 no_cells
manager_kill TERM
manager_start
is "... after a restart" "$(get bob 192.0.2.2 10)" "0 ConnectionRefusedError"
sed -i 's/^TrafficMax=1M/TrafficMax=10M/' /etc/confine/policies/10-deny.ini
bus_reload
wait_for 20 no_cells
is "a higher one again" "$(get bob 192.0.2.2 10)" "10 whole"
[ "$(used bob)" -ge "$before" ]
ok $? "... and nothing was forgotten: $(used bob) of $before"

# --- the sum of a policy -----------------------------------------------------------------------------------
is "a policy's volume: the first" "$(get carol 192.0.2.2 7000000)" "7000000 whole"
got=$(get dave 2001:db8::2 8000000)
[ "${got% *}" -le 5000000 ] && [ "${got% *}" -ge 3500000 ]
ok $? "... leaves the second the rest: $got"
like "... and the first nothing" "$(get carol 192.0.2.2 10)" '^0 '
is "... IPv4 and IPv6, both in one" "$(volumes 20-sum | grep -o '"User":null')" '"User":null'

# --- slow --------------------------------------------------------------------------------------------------
hold e erin
rate=$(get erin 192.0.2.2 3000000 rate)
[ "${rate% *}" -gt 2000000 ]
ok $? "before the end: $rate bytes a second"
get erin 192.0.2.2 3000000 > /dev/null
slowed() { grep -q '^Slowed=1' /run/confine/cells/*; }
check "slow: at the end the cell is slowed down" wait_for 10 slowed
idle_again
rate=$(get erin 2001:db8::2 600000 rate)
[ "${rate% *}" -le 262500 ] && [ "${rate% *}" -ge 190000 ]
ok $? "... to 2 Mbit/s: $rate bytes a second"
check "its own limit can still be changed" ctl set-property --runtime "$(cells_of erin)" BandwidthDown=700M
rate=$(get erin 192.0.2.2 600000 rate)
[ "${rate% *}" -le 262500 ]
ok $? "... and it stays slow: $rate bytes a second"
manager_kill KILL
sed -i "s/^Begin=.*/Begin=$((month - 30 * 86400))/" /var/lib/confine/traffic/u2705-30-slow
manager_start
fast() { ! slowed; }
check "a new period ends that" wait_for 10 fast
idle_again
rate=$(get erin 192.0.2.2 3000000 rate)
[ "${rate% *}" -gt 2000000 ]
ok $? "... at once: $rate bytes a second"
let_go e

# --- refused -------------------------------------------------------------------------------------------------
verify() { printf '[Match]\nUser=nobody\n%s\n' "$1" > "$LAB_DIR/50-x.ini"; chmod 644 "$LAB_DIR/50-x.ini"; ctl verify "$LAB_DIR/50-x.ini" 2>&1; }
pool='Pool=10.89.0.0/24'
like "slow without a rate" "$(verify "[Network]
$pool
TrafficMax=1G per day
TrafficMaxAction=slow")" 'slow needs to know how slow \(add a TrafficMaxRate='
like "with Mode=none" "$(verify "[Network]
Mode=none
TrafficMax=1G per day")" 'traffic is counted with Mode=routed only'
like "in the wrong section" "$(verify "[UserResources]
TrafficMax=1G per day
[Network]
$pool")" 'for each user already \(write it in \[Network\]\)'
rules() { nft -j list table inet "$instance" | python3 -c 'import json, sys; print(sum("rule" in i for i in json.load(sys.stdin)["nftables"]))'; }
hold b bob
few=$(rules)
for i in 1 2 3; do hold "b$i" bob; done
is "no rule for a cell" "$(rules)" "$few"
for i in "" 1 2 3; do let_go "b$i"; done
wait_for 20 no_cells
no_volumes() { [ -z "$(nft list quotas table inet "$instance" | grep over)" ]; }
check "what nobody uses is not kept in the firewall" wait_for 20 no_volumes
lab_done
