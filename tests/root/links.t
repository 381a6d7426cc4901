#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cells that are ports of a bridge: traffic in both families, and what a hostile neighbour tries. Each attack
# is shown to work once with its defence taken away, so that a failure of it means something.
#
# "upstream" is a network behind this host, "station" a neighbour on the existing bridge br0.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave erin; do lab_user $u $((uid = ${uid:-2300} + 1)); done
lab_pam

lab_upstream
echo 0 > /proc/sys/net/ipv4/ip_forward

lab_bridge

policy 10-own <<'END'
[Match]
User=alice bob
[Network]
Mode=bridge
Bridge=br-lab
Pool=10.83.0.0/24 fd83::/64
BandwidthDown=500M
END
policy 20-existing <<'END'
[Match]
User=carol dave
[Network]
Mode=bridge
Bridge=br0
Gateway=10.84.0.1 fd84::1
Pool=10.84.0.0/24 fd84::/64
END
policy 30-open <<'END'
[Match]
User=erin
[Cell]
Scope=session
[Network]
Mode=bridge
Bridge=br-open
Isolate=no
MaxConnections=30
Pool=10.85.0.0/24 fd85::/64
END
manager_start
gone() { ! ip link show "$1" > /dev/null 2>&1; }
address() { bus_get "$1" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
net_of() { # the manager may be stopped
        nsenter -t "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$1")" -n "${@:2}"
}
link_of() { sed -n 's/^Link=//p' "/run/confine/cells/$1"; }
no_ping() { ! net_of "$1" ping -q -c1 -W1 "$2" > /dev/null 2>&1; }

# --- a bridge of ours ----------------------------------------------------------------------------------
check "no bridge before its first cell" gone br-lab
hold a alice
hold b bob
a=$(cells_of alice) b=$(cells_of bob)
a4=$(address "$a" 1) a6=$(address "$a" 2) b4=$(address "$b" 1) b6=$(address "$b" 2)
like "both families" "$a4 $a6" '^10\.83\.0\.[0-9]+ fd83::'
is "the bridge has the gateways" "$(ip -br addr show br-lab | awk '{ print $3, $4 }')" "10.83.0.1/24 fd83::1/64"
check "IPv4: the gateway answers" net_of "$a" ping -q -c1 -W5 10.83.0.1
check "IPv6: the gateway answers" net_of "$a" ping -q -c1 -W5 fd83::1
check "IPv4: the world" su alice -c 'ping -q -c1 -W5 192.0.2.2'
check "IPv6: the world" su bob -c 'ping -q -c1 -W5 2001:db8::2'
check "host to cell" ping -q -c1 -W5 "$a4"
check "host to cell, IPv6" ping -q -c1 -W5 "$b6"
check "cell to cell: nothing" no_ping "$a" "$b4"
check "cell to cell, IPv6: nothing" no_ping "$a" "$b6"
net_of "$a" ip route add "$b4/32" via 10.83.0.1
net_of "$a" ip -6 route add "$b6/128" via fd83::1
check "cell to cell by way of the gateway: nothing" no_ping "$a" "$b4"
check "cell to cell by way of the gateway, IPv6: nothing" no_ping "$a" "$b6"
net_of "$a" ip route del "$b4/32"
net_of "$a" ip -6 route del "$b6/128"
ip link set "$(link_of "$a")" type bridge_slave isolated off
ip link set "$(link_of "$b")" type bridge_slave isolated off
net_of "$a" ip neigh flush dev eth0 # what failed before is remembered for a while
check "without isolation they would reach one another" net_of "$a" ping -q -c1 -W5 "$b4"
check "without isolation, IPv6" net_of "$a" ping -q -c1 -W5 "$b6"
ip link set "$(link_of "$a")" type bridge_slave isolated on
ip link set "$(link_of "$b")" type bridge_slave isolated on

lab_ask
ip netns attach self $$
serve upstream 192.0.2.2 8001
serve upstream 2001:db8::2 8002
serve self 0.0.0.0 8003
serve self :: 8004
ask() { u=$1; shift; su "$u" -c "/var/lib/ask $*"; }
is "TCP, masqueraded" "$(ask alice 192.0.2.2 8001)" 192.0.2.1
is "TCP, masqueraded, IPv6" "$(ask bob 2001:db8::2 8002)" 2001:db8::1
is "the host's servers answer the host" "$(/var/lib/ask 10.83.0.1 8003)" 10.83.0.1
refused='^(ConnectionRefusedError|OSError|PermissionError)$'
like "... but no cell" "$(ask alice 10.83.0.1 8003)" "$refused"
like "... IPv6" "$(ask alice fd83::1 8004)" "$refused"
like "... at no other address" "$(ask alice 192.0.2.1 8003)" "$refused"
ip -n upstream route add 10.83.0.0/24 via 192.0.2.1
check "upstream can't open a connection into a cell" sh -c "! ip netns exec upstream ping -q -c1 -W1 $a4"

# --- an existing bridge ----------------------------------------------------------------------------------
hold c carol
hold d dave
c=$(cells_of carol) d=$(cells_of dave)
c4=$(address "$c" 1) c6=$(address "$c" 2) d4=$(address "$d" 1) d6=$(address "$d" 2)
check "IPv4: the station on the bridge" net_of "$c" ping -q -c1 -W5 10.84.0.1
check "IPv6: the station on the bridge" net_of "$c" ping -q -c1 -W5 fd84::1
check "... and back" ip netns exec station ping -q -c1 -W5 "$c4"
check "... IPv6" ip netns exec station ping -q -c1 -W5 "$c6"
check "cell to cell: nothing" no_ping "$c" "$d4"

# --- attacks -------------------------------------------------------------------------------------------
# By root of the cell's network, with raw frames.
lab_seen st1 "$(net_of "$c" ip -br link show eth0 | awk '{ print $3 }')"
sleep 3 # it may still look for dave
forge() { seen "$c" "$@"; } # KIND OWN OTHER
# The manager would put it back.
guard_off() { kill -STOP "$manager"; nft -a list chain bridge "$instance" ports > "$LAB_DIR/ports"; nft insert rule bridge "$instance" ports accept; }
guard_on() { nft delete rule bridge "$instance" ports handle "$(nft -a list chain bridge "$instance" ports |
        awk '$1 == "accept" { print $NF }')"; kill -CONT "$manager"; wait_for 10 idle; }
net_of "$c" ip link set eth0 multicast off # no listener reports in between
for kind in arp arp-mac na ra mac vlan ip dhcp; do
        case $kind in na | ra) own=$c6 other=fd84::99 ;; *) own=$c4 other=10.84.0.99 ;; esac
        is "$kind: nothing arrives" "$(forge $kind "$own" $other)" 0
        guard_off
        is "$kind: without the guard, it does" "$(forge $kind "$own" $other)" 3
        guard_on
done

# Poisoning, with the caches of the station as witness.
ip netns exec station ping -q -c1 -W2 "$d4" > /dev/null
neighbour() { ip -n station neigh show "$1" | grep -o 'lladdr [^ ]*'; }
before=$(neighbour "$d4")
forge arp "$c4" "$d4" > /dev/null
is "ARP: the neighbour's entry stays" "$(neighbour "$d4")" "$before"
guard_off
ip -n station link set st1 arp on
ip netns exec station sysctl -qw net.ipv4.neigh.st1.locktime=0
forge arp "$c4" "$d4" > /dev/null
isnt "ARP: without the guard it is poisoned" "$(neighbour "$d4")" "$before"
guard_on

# Sniffing: what is for dave is not seen by carol, even when the bridge has forgotten where dave is.
sniff() { # how many frames for dave's MAC carol sees
        net_of "$c" timeout 3 python3 -c '
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("eth0", 0))
s.setsockopt(263, 1, __import__("struct").pack("IHH8s", socket.if_nametoindex("eth0"), 1, 0, b""))
s.settimeout(1.5); n = 0; print("up", file=sys.stderr, flush=True)
try:
    while True: n += s.recv(2000)[:6] == bytes.fromhex(sys.argv[1].replace(":", ""))
except socket.timeout: print(n)' 02:00:00:00:00:77 2> "$LAB_DIR/sniff" &
        sniffer=$!
        wait_for 5 grep -q up "$LAB_DIR/sniff"
        ip netns exec station ping -q -c3 -i0.2 -W1 10.84.0.77 > /dev/null 2>&1
        wait $sniffer
}
ip -n station neigh replace 10.84.0.77 lladdr 02:00:00:00:00:77 dev st1 nud permanent
is "sniffing: frames for others are not flooded to cells" "$(sniff)" 0
ip link set "$(link_of "$c")" type bridge_slave flood on
is "... as they would be" "$(sniff)" 3
ip link set "$(link_of "$c")" type bridge_slave flood off

# A bridge protocol frame closes the port, rather than turning the network round.
is "BPDUs are guarded" "$(ip -d link show "$(link_of "$c")" | grep -o 'guard on')" "guard on"
is "a port learns nothing" "$(ip -d link show "$(link_of "$c")" | grep -o 'learning off')" "learning off"

# --- Isolate=no ------------------------------------------------------------------------------------------
hold e1 erin
hold e2 erin
set -- $(cells_of erin)
check "Isolate=no: cell to cell" net_of "$1" ping -q -c1 -W5 "$(address "$2" 1)"
check "Isolate=no: cell to cell, IPv6" net_of "$1" ping -q -c1 -W5 "$(address "$2" 2)"
is "two bridges of ours, three policies: no rule per cell" \
        "$(nft -a list chain bridge "$instance" ports | grep -c handle)" "$(grep -c handle "$LAB_DIR/ports")"

# --- how many connections ----------------------------------------------------------------------------------
lab_flood
grown() { # ADDRESS N: what a cell's flows to there add to the host's table
        before=$(cat /proc/sys/net/netfilter/nf_conntrack_count)
        net_of "$e" python3 /var/lib/flood "$1" "$2"
        echo $(($(cat /proc/sys/net/netfilter/nf_conntrack_count) - before))
}
e=$1
n=$(grown 192.0.2.2 500)
check "by a bridge of ours no more than MaxConnections=30 ($n)" test "$n" -ge 25 -a "$n" -le 40
n=$(grown 2001:db8::2 500)
check "... IPv6 ($n)" test "$n" -ge 25 -a "$n" -le 40
kill -STOP "$manager"
nft flush set inet "$instance-bridges" connections4
n=$(grown 192.0.2.2 1000)
kill -CONT "$manager"
check "without it they fill the host's table ($n)" test "$n" -ge 900
check "the flushed set is noticed, and made again" wait_for 20 sh -c "nft list set inet $instance-bridges connections4 | grep -q 'count over 30'"
wait_for 10 idle

# --- refused -----------------------------------------------------------------------------------------------
policy 40-none <<'END'
[Match]
Group=nobody-here
[Network]
Mode=bridge
Pool=10.86.0.0/24
END
sums() { ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" check 2>&1; }
like "without Bridge=" "$(sums)" 'Mode=bridge needs to know which'
printf 'Bridge=br0\nGateway=10.86.0.1\nMaxConnections=5\n' >> /etc/confine/policies/40-none.ini
like "a key that bridge has not" "$(sums)" 'MaxConnections=: what an existing bridge carries does not pass the host'
rm /etc/confine/policies/40-none.ini
let_go d
wait_for 20 sh -c "[ -z \"\$(ip -o link show $(link_of "$d") 2> /dev/null)\" ]"
ip link set br0 down
ip link set br0 name br9
su dave -c true > "$LAB_DIR/said" 2>&1
like "an existing bridge that is not there" "$(tail -n 40 "$LAB_DIR/log")" 'there is no bridge br0 \(without Gateway='
ip link set br9 name br0
ip link set br0 up
for i in $(seq 1023); do echo "link add full$i type ifb"; echo "link set full$i master br0"; done > "$LAB_DIR/full"
ip -force -batch "$LAB_DIR/full" > /dev/null 2>&1 # until there is no number left
like "a bridge that is full" "$(su dave -c true 2>&1)" 'bridge br0 has as many ports as it can have, 1023'
for i in $(seq 1023); do echo "link set full$i group 77"; done > "$LAB_DIR/full"
ip -force -batch "$LAB_DIR/full" > /dev/null 2>&1
ip link del group 77

# --- a crash, and the end --------------------------------------------------------------------------------
manager_kill KILL
manager_start
wait_for 20 idle
check "after a crash: traffic" net_of "$a" ping -q -c1 -W5 192.0.2.2
is "after a crash: the guard stands" "$(forge arp "$c4" 10.84.0.99)" 0
su bob -c true
check "after a crash: the bridge stays with its cells" ip link show br-lab
manager_kill KILL
kill -9 "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$a")" "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$b")"
manager_start
check "cells that died meanwhile: their bridge goes" wait_for 20 gone br-lab
let_go a; let_go b; let_go c; let_go e1; let_go e2
wait_for 20 no_cells
check "a bridge of ours goes with its last cell" gone br-open
sed -i 's/^BandwidthDown=.*/BandwidthUp=300M/' /etc/confine/policies/10-own.ini
bus_reload
for i in $(seq 12); do # at random moments of making and removing
        (su alice -c true; su bob -c true) > /dev/null 2>&1 &
        logins=$!
        sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
        manager_kill KILL
        manager_start
        wait $logins
done
wait_for 20 no_cells
wait_for 20 idle
is "killed at random: no link, bridge or element is left" "$(ip -o link show | grep -cE ' (cf[0-9a-f]{6,}|br-lab)')$(
        nft list table bridge "$instance"; nft list table inet "$instance-bridges")" \
        "0$(nft list table bridge "$instance" | grep -v elements; nft list table inet "$instance-bridges" | grep -v elements)"
check "an existing one stays" ip link show br0
is "... with its own ports" "$(ip -o link show master br0 | wc -l)" 1
lab_done
