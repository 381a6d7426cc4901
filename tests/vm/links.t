#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cells with links of kinds that not every kernel has: ipvlan on both layers, and a VLAN that is lent; and macvlan
# with its rules on this kernel and with this nft.
#
# "station" is a neighbour on the segments of lan0, lan1 and lan2.

. "$(dirname "$0")/lib.sh"
vm_pam
lab_ask
for u in dave erin frank; do id -u $u > /dev/null 2>&1 || lab_user $u $((uid = ${uid:-2500} + 1)) > /dev/null 2>&1; done

ip netns add station
for i in 0 1 2; do
        ip link add lan$i type veth peer name st$i netns station
        sysctl -qw net.ipv6.conf.lan$i.accept_ra=0 # no solicitations of its own, with a MAC that an ipvlan shares
        ip link set lan$i up
        ip -n station link set st$i up
        ip -n station addr add 10.9$i.0.1/24 dev st$i
        ip -n station addr add fd9$i::1/64 dev st$i nodad
done
ip -n station link set lo up
ip -n station link add link st0 name st0.7 type vlan id 7
ip -n station addr add 10.97.0.1/24 dev st0.7
ip -n station link set st0.7 up
ip link add link lan0 name lan0.7 type vlan id 7
ip link set lan0.7 mtu 1380
# l3s: the host routes for the cells, and the station finds them by the host
ip addr add 10.92.0.2/24 dev lan2
ip addr add fd92::2/64 dev lan2 nodad
ip -n station route add 10.94.0.0/24 via 10.92.0.2
ip -n station route add fd94::/64 via fd92::2

policy 10-l2 <<'END'
[Match]
User=alice bob
[Network]
Mode=ipvlan
Interface=lan1
Pool=10.91.0.0/24 fd91::/64
Gateway=10.91.0.1 fd91::1
END
policy 20-l3s <<'END'
[Match]
User=carol dave
[Network]
Mode=ipvlan
IPVLANMode=l3s
Interface=lan2
Pool=10.94.0.0/24 fd94::/64
END
policy 30-mac <<'END'
[Match]
User=erin
[Network]
Mode=macvlan
Interface=lan0
Pool=10.90.0.0/24 fd90::/64
END
policy 40-vlan <<'END'
[Match]
User=frank
[Network]
Mode=interface
Interface=lan0.7
Pool=10.97.0.0/24
END
vm_up
address() { bus_get "$1" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
net_of() { n=$1; shift; nsenter -t "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$n")" -n "$@"; }
no_ping() { ! net_of "$1" ping -q -c1 -W2 "$2" > /dev/null 2>&1; }
is "the policies are good on this kernel" "$(ctl verify 2>&1 | grep -c error:)" 0
for u in alice bob carol dave erin frank; do hold $u $u; done
a=$(cells_of alice) b=$(cells_of bob) c=$(cells_of carol) d=$(cells_of dave) e=$(cells_of erin) f=$(cells_of frank)

# --- ipvlan, layer 2 ---------------------------------------------------------------------------------------
a4=$(address "$a" 1) b4=$(address "$b" 1) b6=$(address "$b" 2)
check "ipvlan l2: IPv4" net_of "$a" ping -q -c1 -W10 10.91.0.1
check "ipvlan l2: IPv6" net_of "$b" ping -q -c1 -W10 fd91::1
check "ipvlan l2: ... and back" ip netns exec station ping -q -c1 -W10 "$a4"
check "ipvlan l2: ... IPv6" ip netns exec station ping -q -c1 -W10 "$b6"
check "ipvlan l2: cell to cell: nothing" no_ping "$a" "$b4"
check "ipvlan l2: cell to cell, IPv6: nothing" no_ping "$a" "$b6"
serve station 10.91.0.1 8001
is "ipvlan l2: TCP, with the cell's own address" "$(su alice -c '/var/lib/ask 10.91.0.1 8001')" "$a4"
mac_of() { net_of "$1" ip -br link show eth0 | awk '{ print $3 }'; }
lab_seen "st0, st1" "$(mac_of "$a"), $(mac_of "$e")"
pins() { net_of "$1" nft "$2" rule netdev confine pins $3; }
attack() { # NAME CELL OWN4 OWN6
        net_of "$2" ip link set eth0 multicast off
        for kind in arp arp-mac na ra mac vlan ip dhcp; do
                case $kind in na | ra) own=$4 other=fd91::99 ;; *) own=$3 other=10.91.0.99 ;; esac
                is "$1: $kind: nothing arrives" "$(seen "$2" $kind "$own" $other)" 0
        done
}
attack "ipvlan l2" "$a" "$a4" "$(address "$a" 2)"
pins "$a" insert accept
is "ipvlan l2: without the rules inside, arp arrives" "$(seen "$a" arp "$a4" 10.91.0.99)" 3
pins "$a" delete "handle $(net_of "$a" nft -a list chain netdev confine pins | awk '$1 == "accept" { print $NF }')"

# --- ipvlan, layer 3 with the host's netfilter ----------------------------------------------------------------
c4=$(address "$c" 1) c6=$(address "$c" 2) d4=$(address "$d" 1)
check "ipvlan l3s: IPv4" net_of "$c" ping -q -c1 -W10 10.92.0.1
check "ipvlan l3s: IPv6" net_of "$c" ping -q -c1 -W10 fd92::1
check "ipvlan l3s: ... and back" ip netns exec station ping -q -c1 -W10 "$c4"
check "ipvlan l3s: ... IPv6" ip netns exec station ping -q -c1 -W10 "$c6"
check "ipvlan l3s: cell to cell: nothing" no_ping "$c" "$d4"
serve station 10.92.0.1 8002
is "ipvlan l3s: TCP, with the cell's own address" "$(su carol -c '/var/lib/ask 10.92.0.1 8002')" "$c4"

# --- macvlan, VLAN ---------------------------------------------------------------------------------------------
e4=$(address "$e" 1) e6=$(address "$e" 2)
check "macvlan: IPv4" net_of "$e" ping -q -c1 -W10 10.90.0.1
check "macvlan: IPv6" net_of "$e" ping -q -c1 -W10 fd90::1
attack macvlan "$e" "$e4" "$e6"
check "a VLAN that is lent" net_of "$f" ping -q -c1 -W10 10.97.0.1
kill -9 "$(systemctl show -P MainPID confined)" "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$f")"
check "a VLAN comes back after a crash of all" wait_for 60 ip link show lan0.7
wait_for 60 idle
like "... as it was" "$(ip -o link show lan0.7)" 'lan0.7@lan0: .* mtu 1380 '
check "the others go on" net_of "$a" ping -q -c1 -W10 10.91.0.1
for u in alice bob carol dave erin frank; do let_go $u; done
wait_for 60 no_cells
is "no pin is left" "$(ls /run/confine/links)" ""
vm_done
