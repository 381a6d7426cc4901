#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a cell reaches, forges, overhears and uses up on the network. "upstream" is a network behind this host,
# "station" a neighbour on the bridge br0.

. "$(dirname "$0")/lib.sh"
lab_enter "$@"
attacks_lab
for u in alice bob carol dave erin frank grace heidi judy mike; do lab_user $u $((uid = ${uid:-2100} + 1)); done
lab_upstream
lab_bridge

policy 10-routed <<'END'
[Match]
User=alice bob
[Cell]
LingerSec=10min
[Network]
Pool=10.81.0.0/24 fd81::/64
MaxConnections=100
END
policy 20-host <<'END'
[Match]
User=carol
[Network]
Mode=host
END
policy 30-lets <<'END'
[Match]
User=dave
[Cell]
LingerSec=10min
[Network]
Pool=10.82.0.0/24 fd82::/64
EgressAllow=tcp:8003@host tcp:8003@10.0.0.0/8 tcp:8003@169.254.169.254
Ingress=allow
MaxConnections=infinity
END
policy 35-reaches <<'END'
[Match]
User=judy
[Network]
Pool=10.86.0.0/24 fd86::/64
EgressAllow=tcp:8003@10.82.0.0/24
END
policy 40-bridge <<'END'
[Match]
User=erin frank
[Cell]
LingerSec=10min
[Network]
Mode=bridge
Bridge=br0
Gateway=10.84.0.1 fd84::1
Pool=10.84.0.0/24 fd84::/64
END
policy 50-open <<'END'
[Match]
User=grace heidi
[Cell]
LingerSec=10min
[Network]
Mode=bridge
Bridge=br-open
Isolate=no
Pool=10.85.0.0/24 fd85::/64
END
policy 60-publishes <<'END'
[Match]
User=mike
[Cell]
LingerSec=10min
[Network]
Pool=10.87.0.0/24 fd87::/64
Port=tcp:8080:8003
END
manager_start
for u in alice bob dave erin frank grace heidi mike; do as $u true; done
for u in alice bob dave erin frank grace heidi mike; do eval "$u=\$(cells_of $u)"; done
address() { bus_get "$1" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
net_of() { nsenter -t "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$1")" -n "${@:2}"; }

# --- 15: the host, and others --------------------------------------------------------------------------
ip netns attach self $$
serve self 127.0.0.1 8005
serve self 0.0.0.0 8003
serve self :: 8004
attack 15.1 "connect to the host's 127.0.0.1" "own network namespace" 'as alice $try connect 127.0.0.1 8005' 'as carol $try connect 127.0.0.1 8005'
attack 15.2 "connect to a service of the host at the gateway's address" "of the host cells reach what EgressAllow= names" 'as alice $try connect 10.81.0.1 8003' 'as dave $try connect 10.82.0.1 8003'
attack 15.3 "connect to it at another address of the host" "of the host cells reach what EgressAllow= names" 'as alice $try connect 192.0.2.1 8003' 'as dave $try connect 192.0.2.1 8003'
attack 15.4 "the same by IPv6" "of the host cells reach what EgressAllow= names" 'as alice $try connect 2001:db8::1 8004' 'as carol $try connect 2001:db8::1 8004'
python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind('\0confine-attack'); s.listen(9); time.sleep(1000)" &
abstract=$!
wait_for 10 grep -q @confine-attack /proc/net/unix
attack 15.5 "connect to an abstract socket of the host" "own network namespace" 'as alice $try connect-unix @confine-attack' 'as carol $try connect-unix @confine-attack'
kill $abstract
ip addr add 169.254.169.254/32 dev up0
attack 15.6 "ask the metadata service of a cloud" "not unless EgressAllow= names it" 'as alice $try connect 169.254.169.254 8003' 'as dave $try connect 169.254.169.254 8003'

# --- 16: other cells, forged frames -----------------------------------------------------------------------
net_of "$bob" /var/lib/try listen 8003 > "$LAB_DIR/bob" &
net_of "$dave" /var/lib/try listen 8003 > "$LAB_DIR/dave" &
wait_for 10 sh -c "grep -q up $LAB_DIR/bob && grep -q up $LAB_DIR/dave"
# By what alice's cell is told about an address: whether somebody has it, and what their policy lets in.
tells() { # COMMAND...: runs busctl
        for address in "$(address $dave 1)" 10.82.0.253; do
                "$@" busctl --address=unix:path=/run/confine/bus call org.confine1 "/org/confine1/cell/$alice" org.confine1.Cell TestNetwork ssu tcp "$address" 8003
        done > "$LAB_DIR/told"
        cat "$LAB_DIR/told"
        case $(grep -c '^ba' "$LAB_DIR/told")/$(sort -u "$LAB_DIR/told" | wc -l) in
        2/1) echo "refused: as for an address that nobody has" ;;
        2/2) echo hit ;;
        esac
}
attack 22.9 "a user asks what another's cell at an address lets in" "net test tells others than root of their own side" 'tells outside alice' 'tells'

attack 16.1 "reach a server in another cell" "Ingress=deny, and no EgressAllow=" 'as alice $try connect $(address $bob 1) 8003' 'as judy $try connect $(address $dave 1) 8003'
ping_of() { if net_of "$1" ping -q -c1 -W1 "$2" > /dev/null; then echo hit; else echo refused; fi; }
attack 16.2 "ping another cell on the same bridge" "Isolate=yes" 'ping_of $erin $(address $frank 1)' 'ping_of $grace $(address $heidi 1)'
attack 16.3 "the same by IPv6" "Isolate=yes" 'ping_of $erin $(address $frank 2)' 'ping_of $grace $(address $heidi 2)'
# From frank's, since erin's may still look for frank.
net_of "$frank" ip link set eth0 multicast off # no listener reports in between
lab_seen st1 "$(net_of "$frank" ip -br link show eth0 | awk '{ print $3 }')"
f4=$(address "$frank" 1) f6=$(address "$frank" 2)
forge() { # KIND
        case $1 in na | ra) n=$(seen "$frank" "$1" "$f6" fd84::99) ;; *) n=$(seen "$frank" "$1" "$f4" 10.84.0.99) ;; esac
        case $n in 0) echo "refused: none of 3 arrives" ;; 3) echo hit ;; *) echo "$n of 3 arrive" ;; esac
}
unguarded() { # the manager would put its rule back
        kill -STOP "$manager"
        nft insert rule bridge "$instance" ports accept
        "$@"
        nft delete rule bridge "$instance" ports handle "$(nft -a list chain bridge "$instance" ports | awk '$1 == "accept" { print $NF }')"
        kill -CONT "$manager"
        wait_for 10 idle
}
attack 16.4 "ARP: another's address is mine" "each cell's MAC and addresses are pinned at its port" 'forge arp' 'unguarded forge arp'
attack 16.5 "ARP: I am at another's MAC" "each cell's MAC and addresses are pinned at its port" 'forge arp-mac' 'unguarded forge arp-mac'
attack 16.6 "IP: another's address as the source" "each cell's MAC and addresses are pinned at its port" 'forge ip' 'unguarded forge ip'
attack 16.7 "another's MAC as the source" "each cell's MAC and addresses are pinned at its port" 'forge mac' 'unguarded forge mac'
attack 16.8 "IPv6: a neighbour's address is mine" "each cell's MAC and addresses are pinned at its port" 'forge na' 'unguarded forge na'
attack 16.9 "IPv6: I am a router" "no router advertisements from cells" 'forge ra' 'unguarded forge ra'
attack 16.10 "I am a DHCP server" "no answers of DHCP servers from cells" 'forge dhcp' 'unguarded forge dhcp'
attack 16.11 "a frame with a VLAN tag" "ARP and IP alone, without tags" 'forge vlan' 'unguarded forge vlan'
ip netns exec upstream nft 'add table inet seen; add counter inet seen echo; add chain inet seen in { type filter hook input priority 0; };
        add rule inet seen in icmp type echo-request counter name echo'
spoof() { # from an address of nobody's, over the routed link of a cell
        ip netns exec upstream nft reset counter inet seen echo > /dev/null
        net_of "$alice" ping -q -c3 -i0.2 -W1 -I 10.81.0.99 192.0.2.2 > /dev/null 2>&1
        n=$(ip netns exec upstream nft list counter inet seen echo | awk '/packets/ { print $2 }')
        if [ "$n" = 0 ]; then echo "refused: nothing arrives"; else echo hit; fi
}
own() { # the same from its own
        ip netns exec upstream nft reset counter inet seen echo > /dev/null
        net_of "$alice" ping -q -c3 -i0.2 -W1 -I "$(address "$alice" 1)" 192.0.2.2 > /dev/null 2>&1
        ip netns exec upstream nft list counter inet seen echo | grep -q 'packets 3' && echo hit
}
net_of "$alice" ip addr add 10.81.0.99/32 dev eth0
attack 16.12 "IP: another's address over a routed link" "source address and link must agree" spoof own
sniff() { # frames for somebody else's MAC
        net_of "$erin" timeout 3 python3 -c '
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("eth0", 0))
s.setsockopt(263, 1, struct.pack("IHH8s", socket.if_nametoindex("eth0"), 1, 0, b""))
s.settimeout(1); n = 0; print("up", file=sys.stderr, flush=True)
try:
    while True: n += s.recv(2000)[:6] == bytes.fromhex("020000000077")
except socket.timeout: print(f"refused: {n}" if n == 0 else "hit")' 2> "$LAB_DIR/sniff" > "$LAB_DIR/sniffed" &
        sniffer=$!
        wait_for 5 grep -q up "$LAB_DIR/sniff"
        ip netns exec station ping -q -c3 -i0.2 -W1 10.84.0.77 > /dev/null 2>&1
        wait $sniffer
        cat "$LAB_DIR/sniffed"
}
ip -n station neigh replace 10.84.0.77 lladdr 02:00:00:00:00:77 dev st1 nud permanent
link=$(sed -n 's/^Link=//p' "/run/confine/cells/$erin")
flooded() { ip link set "$link" type bridge_slave flood on; "$@"; ip link set "$link" type bridge_slave flood off; }
attack 16.13 "overhear what is for somebody else on the bridge" "a port is flooded with nothing unknown" sniff 'flooded sniff'

# Whatever is another cell, wherever it is. The host has addresses on br0 as well.
ip addr add 10.84.0.254/24 dev br0
ip addr add fd84::254/64 dev br0 nodad
net_of "$frank" /var/lib/try listen 8006 > "$LAB_DIR/frank" &
net_of "$mike" /var/lib/try listen 8003 > "$LAB_DIR/mike" &
wait_for 10 sh -c "grep -q up $LAB_DIR/frank && grep -q up $LAB_DIR/mike"
again() { # the manager sees what was done to its table, and makes it anew; not in the midst of the next attack
        n=$(grep -c "Made the nftables table" "$LAB_DIR/log")
        kill -CONT "$manager"
        wait_for 10 remade "$n"
        wait_for 10 idle
}
remade() { [ "$(grep -c "Made the nftables table" "$LAB_DIR/log")" -gt "$1" ]; }
unknown() { # ADDRESS COMMAND...: while it isn't among the addresses of cells; the manager would put it back
        case $1 in *:*) set6=6 ;; *) set6=4 ;; esac
        kill -STOP "$manager"
        nft delete element inet "$instance" cells$set6 "{ $1 . $1 }"
        "${@:2}"
        nft add element inet "$instance" cells$set6 "{ $1 . $1 }"
        again
}
connects() { net_of "$1" $try connect "$2" "$3"; } # CELL ADDRESS PORT
attack 16.14 "from a routed cell to a server in one on the host's bridge" "one set of all cells' addresses" 'connects $alice $(address $frank 1) 8006' 'unknown $(address $frank 1) connects $alice $(address $frank 1) 8006'
attack 16.15 "from a cell on a bridge of ours to it" "one set of all cells' addresses" 'connects $grace $(address $frank 1) 8006' 'unknown $(address $grace 1) connects $grace $(address $frank 1) 8006'
attack 16.16 "from a cell on a bridge of ours to a port that another publishes" "published ports are not for cells" 'connects $grace 192.0.2.1 8080' 'unknown $(address $grace 1) connects $grace 192.0.2.1 8080'
attack 16.17 "the same by IPv6" "published ports are not for cells" 'connects $grace 2001:db8::1 8080' 'not shown: the server listens by IPv4 alone'
attack 16.18 "from a cell on the host's bridge to it" "published ports are not for cells" 'connects $erin 10.84.0.254 8080' 'unknown $(address $erin 1) connects $erin 10.84.0.254 8080'
e4=$(address "$erin" 1) e6=$(address "$erin" 2)
at_gateway() { # ERIN FRANK GATEWAY: between isolated ports, by way of the host
        net_of "$erin" ip route add "$2" via "$3"
        net_of "$frank" ip route add "$1" via "$3"
        ping_of "$erin" "$2"
        net_of "$erin" ip route del "$2" via "$3"
        net_of "$frank" ip route del "$1" via "$3"
}
attack 16.19 "around the isolation of a bridge: by way of the host, which forwards" "one set of all cells' addresses" 'at_gateway $e4 $f4 10.84.0.254' 'unknown $e4 at_gateway $e4 $f4 10.84.0.254'
attack 16.20 "the same by IPv6" "one set of all cells' addresses" 'at_gateway $e6 $f6 fd84::254' 'unknown $e6 at_gateway $e6 $f6 fd84::254'

# Errors about flows that are not the sender's.
believed() { # COMMAND...: with a rule that takes all errors for true; the manager would remove it
        kill -STOP "$manager"
        nft insert rule inet "$instance" errors accept
        "$@"
        nft delete rule inet "$instance" errors handle "$(nft -a list chain inet "$instance" errors | awk '$1 == "accept" { print $NF; exit }')"
        again
}
for a in 192.0.2.2 2001:db8::2; do
        ip netns exec upstream python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 123)); print("up", flush=True); time.sleep(1000)' $a > "$LAB_DIR/silent-$a" &
        wait_for 5 grep -q up "$LAB_DIR/silent-$a"
done
forge_error() { # WHO-IS-TOLD SENDER ADDRESS TO [SEEN-AS]: a flow of somebody's, and an error about it by the sender
        port=$((port + 1))
        $1 /var/lib/try told "$3" $port "$4" 123 > "$LAB_DIR/told" &
        told=$!
        wait_for 5 grep -q up "$LAB_DIR/told"
        net_of "$2" /var/lib/try icmp port "${5:-$3}" "${5:-$3}" $port "$4" 123 > /dev/null
        wait $told
        tail -n 1 "$LAB_DIR/told"
}
port=1230
shrink() { # SENDER ADDRESS TO
        $here/tests/attacks/try told "$2" 1231 "$3" 123 > "$LAB_DIR/told" &
        told=$!
        wait_for 5 grep -q up "$LAB_DIR/told"
        net_of "$1" /var/lib/try icmp mtu "$2" "$2" 1231 "$3" 123 > /dev/null
        hit_if grep -q 'mtu' <(ip route get "$3")
        kill $told
        wait $told
        ip route flush cache
        ip -6 route flush cache
} 2> /dev/null
by_bob() { net_of "$bob" "$@"; }
attack 16.21 "an ICMP error about a flow of the host" "errors from a cell are about its own flows" 'forge_error "" $alice 192.0.2.1 192.0.2.2' 'believed forge_error "" $alice 192.0.2.1 192.0.2.2'
attack 16.22 "the same by IPv6" "errors from a cell are about its own flows" 'forge_error "" $alice 2001:db8::1 2001:db8::2' 'believed forge_error "" $alice 2001:db8::1 2001:db8::2'
attack 16.23 "the same: its packets are too large" "errors from a cell are about its own flows" 'shrink $alice 192.0.2.1 192.0.2.2' 'believed shrink $alice 192.0.2.1 192.0.2.2'
attack 16.24 "an ICMP error about a flow of another cell" "errors from a cell are about its own flows" 'forge_error by_bob $alice $(address $bob 1) 192.0.2.2 192.0.2.1' 'believed forge_error by_bob $alice $(address $bob 1) 192.0.2.2 192.0.2.1'
attack 16.25 "the same by IPv6" "errors from a cell are about its own flows" 'forge_error by_bob $alice $(address $bob 2) 2001:db8::2 2001:db8::1' 'believed forge_error by_bob $alice $(address $bob 2) 2001:db8::2 2001:db8::1'
attack 16.26 "an ICMP error about a flow of the host, by a cell on a bridge of ours" "errors from a cell are about its own flows" 'forge_error "" $grace 192.0.2.1 192.0.2.2' 'believed forge_error "" $grace 192.0.2.1 192.0.2.2'
net_of "$erin" ip route add 192.0.2.1 via 10.84.0.254
attack 16.27 "the same, on the host's bridge" "errors from a cell are about its own flows" 'forge_error "" $erin 192.0.2.1 192.0.2.2' 'believed forge_error "" $erin 192.0.2.1 192.0.2.2'

# --- 17: flows ---------------------------------------------------------------------------------------------
lab_flood
flows() { # CELL: what 40 000 flows of a cell add to the host's table
        before=$(cat /proc/sys/net/netfilter/nf_conntrack_count)
        net_of "$1" python3 /var/lib/flood 192.0.2.2 40000
        n=$(($(cat /proc/sys/net/netfilter/nf_conntrack_count) - before))
        if [ $n -lt 200 ]; then echo "refused: $n of 40000"; else echo "$n flows"; echo hit; fi
}
attack 17.1 "40 000 flows of UDP, to fill the host's table of connections" "MaxConnections=" 'flows $alice' 'flows $dave'
for c in $(ls /run/confine/cells); do bus_cell "$c" Terminate > /dev/null 2>&1; done
wait_for 20 no_cells
attacks_done
