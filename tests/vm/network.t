#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# LogDenied=: the kernel's own log has the lines. Only here: for network namespaces other than the host's the
# kernel logs nothing, and the suites of tests/root live in such ones.

. "$(dirname "$0")/lib.sh"
vm_pam
lab_upstream
ip -n upstream route add 10.82.0.0/24 via 192.0.2.1
ip -n upstream route add fd82::/64 via 2001:db8::1

for n in 10-loud:alice:yes 20-quiet:bob:no; do
        IFS=: read -r name user log <<< "$n"
        policy "$name" <<END
[Match]
User=$user
[Network]
Pool=10.82.0.0/24 fd82::/64
Masquerade=no
Egress=deny
LogDenied=$log
END
done
vm_up
hold a alice
hold b bob
address() { bus_get "$(cells_of "$1")" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
link() { bus_get "$(cells_of "$1")" Link; }
lines() { dmesg | grep -Ec "confine: $1"; }
denied() { ctl net status "$(cells_of "$1")" --json=short | jq ".Denied$2"; }
# Connections to that many ports of the world, each refused by a reset: one packet each.
knock() { # USER ADDRESS N
        su "$1" -c "for p in \$(seq 9001 $((9000 + $3))); do (: <> /dev/tcp/$2/\$p) 2> /dev/null; done; true"
}
knock_in() { # ADDRESS
        ip netns exec upstream bash -c "(: <> /dev/tcp/$1/9001) 2> /dev/null"
}

is "nothing was logged before" "$(lines .)" 0
knock bob 192.0.2.2 5
is "without LogDenied= it is counted" "$(denied bob Out)" 5
is "... and not logged" "$(lines .)" 0

since=$SECONDS
knock alice 192.0.2.2 4
knock alice 2001:db8::2 4
is "LogDenied=: each refused packet is a line that names the policy" "$(lines 'denied from cell of 10-loud: ')" 8
like "... with the link, the addresses and the port" "$(dmesg | grep confine)" \
        "confine: denied from cell of 10-loud: IN=$(link alice) OUT=up0 .*SRC=$(address alice 1) DST=192.0.2.2 .*DPT=9001"
like "... in IPv6, too" "$(dmesg | grep confine)" "confine: denied from cell of 10-loud: IN=$(link alice) .*DST=2001:0*db8:.*DPT=9004"
journalctl --sync
like "... and it is in the journal" "$(journalctl -k --no-pager)" 'confine: denied from cell of 10-loud: '
# Root of the host, inside of the cell's network: an ordinary user can't take another's address.
spoof() {
        nsenter -n -t "$(bus_get "$(cells_of "$1")" InitPID)" sh -c \
                'ip addr add 198.51.100.9/32 dev eth0; ping -q -c 1 -W 1 -I 198.51.100.9 192.0.2.2; ip addr del 198.51.100.9/32 dev eth0'
} > /dev/null
spoof bob
is "spoofed, without LogDenied=: no line" "$(lines spoofed)" 0
spoof alice
is "spoofed: the policy's name, too" "$(lines 'spoofed by cell of 10-loud: ')" 1

knock alice 192.0.2.2 40
is "a flood is counted" "$(denied alice Out)" 48
n=$(lines '(denied from|spoofed by) cell of 10-loud: ')
most=$((10 + (SECONDS - since) / 6 + 1)) # ten at once, then one every six seconds
check "... but logged ten times a minute ($n lines, at most $most)" [ "$n" -ge 10 -a "$n" -le "$most" ]

knock_in "$(address alice 1)"
knock_in "$(address alice 2)"
is "to the cell: a limit of its own" "$(lines 'denied to cell of 10-loud: ')" 2
like "... with both links" "$(dmesg | grep confine)" "denied to cell of 10-loud: IN=up0 OUT=$(link alice) .*DPT=9001"

let_go a
let_go b
vm_done
