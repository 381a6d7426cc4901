#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cells on an interface of the host's (macvlan), with one of its interfaces (interface), and in the network of
# another cell (cell:POLICY): traffic in both families, attacks with the defence and without it, and crashes.
#
# "station" is a neighbour on the segment of lan0, "far" what is at the other end of interfaces that are lent: ends of
# veth pairs play real ones.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave erin frank; do lab_user $u $((uid = ${uid:-2400} + 1)); done
lab_pam
lab_ask

ip netns add station
ip link add lan0 type veth peer name st1 netns station
ip link set lan0 up
ip -n station addr add 10.90.0.1/24 dev st1
ip -n station addr add fd90::1/64 dev st1 nodad
ip -n station link set st1 up
ip -n station link set lo up
ip netns add far
for i in 0 1 2; do
        ip link add phys$i type veth peer name far$i netns far
        ip -n far addr add 10.9$((i + 1)).0.1/24 dev far$i
        ip -n far addr add fd9$((i + 1))::1/64 dev far$i nodad
        ip -n far link set far$i up
done
ip link set phys0 mtu 1400 address 02:00:00:00:0a:00 up
ip link set phys1 mtu 1300

policy 05-join <<'END'
[Match]
User=alice
Service=su-l
[Network]
Mode=cell:10-mac
END
policy 10-mac <<'END'
[Match]
User=alice bob
[Cell]
Hostname=%u-cell
[Network]
Mode=macvlan
Interface=lan0
Pool=10.90.0.0/24 fd90::/64
Gateway=10.90.0.1 fd90::1
DNS=10.90.0.1
END
policy 20-open <<'END'
[Match]
User=erin
[Cell]
Scope=session
[Network]
Mode=macvlan
Interface=lan0
Isolate=no
Pool=10.90.0.0/24 fd90::/64
END
policy 30-phys <<'END'
[Match]
User=carol dave
[Network]
Mode=interface
Interface=absent0 phys0
Pool=10.91.0.0/24 fd91::/64
Gateway=10.91.0.1 fd91::1
END
policy 40-raw <<'END'
[Match]
User=frank
[Network]
Mode=interface
Interface=phys1
END
printf '[Manager]\nHostsFile=yes\nNetnsNames=yes\n' > /etc/confine/confined.conf
manager_start
address() { bus_get "$1" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
pid_of() { sed -n 's/^InitPid=//p' "/run/confine/cells/$1"; }
net_of() { n=$1; shift; nsenter -t "$(pid_of "$n")" -n "$@"; }
no_ping() { ! net_of "$1" ping -q -c1 -W1 "$2" > /dev/null 2>&1; }
cell_of() { for f in $(cells_of "$1"); do grep -lq "^Policy=$2\$" "/run/confine/cells/$f" && echo "$f"; done; }
cfg() { ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" "$@"; }

# --- macvlan: traffic ------------------------------------------------------------------------------------
hold a alice
hold b bob
a=$(cells_of alice) b=$(cells_of bob)
[ -n "$a" ] && [ -n "$b" ] || { ok 1 "cells"; lab_done; }
a4=$(address "$a" 1) a6=$(address "$a" 2) b4=$(address "$b" 1) b6=$(address "$b" 2)
like "macvlan: both families" "$a4 $a6" '^10\.90\.0\.[0-9]+ fd90::'
check "macvlan: IPv4: the segment" su alice -c 'ping -q -c1 -W5 10.90.0.1'
check "macvlan: IPv6: the segment" su bob -c 'ping -q -c1 -W5 fd90::1'
check "macvlan: ... and back" ip netns exec station ping -q -c1 -W5 "$a4"
check "macvlan: ... IPv6" ip netns exec station ping -q -c1 -W5 "$b6"
serve station 10.90.0.1 8001
serve station fd90::1 8002
ask() { u=$1; shift; su "$u" -c "/var/lib/ask $*"; }
is "macvlan: TCP, with the cell's own address" "$(ask alice 10.90.0.1 8001)" "$a4"
is "macvlan: TCP, IPv6" "$(ask bob fd90::1 8002)" "$b6"
ip netns exec station iperf3 -s -D -I "$LAB_DIR/iperf.pid" -1 > /dev/null
wait_for 10 ip netns exec station sh -c 'ss -ltn | grep -q 5201'
check "macvlan: iperf3" su alice -c 'timeout 20 iperf3 -c 10.90.0.1 -t1 -f m' && grep receiver "$LAB_DIR/out" | sed 's/^/# /'
is "macvlan: the default routes" "$(net_of "$a" ip -o route show default | awk '{ print $3 }') $(
        net_of "$a" ip -6 -o route show default | awk '{ print $3 }')" "10.90.0.1 fd90::1"
is "macvlan: its name servers" "$(su alice -c 'grep ^nameserver /etc/resolv.conf')" "nameserver 10.90.0.1"
like "macvlan: its name" "$(su alice -c 'getent hosts alice-cell')" "$a4|$a6"
check "macvlan: nothing of the cell is on the host" sh -c "! ip -o link | grep -q $instance"
check "macvlan: cell to cell: nothing" no_ping "$a" "$b4"
check "macvlan: cell to cell, IPv6: nothing" no_ping "$a" "$b6"
ip addr add 10.90.0.200/24 dev lan0
check "macvlan: the host itself is not reached" no_ping "$a" 10.90.0.200
ip addr del 10.90.0.200/24 dev lan0
hold e1 erin
hold e2 erin
set -- $(cells_of erin)
e1=$1 e2=$2
check "macvlan, Isolate=no: cell to cell" net_of "$e1" ping -q -c1 -W5 "$(address "$e2" 1)"
check "macvlan, Isolate=no: cell to cell, IPv6" net_of "$e1" ping -q -c1 -W5 "$(address "$e2" 2)"
check "macvlan: a private cell isn't reached by an open one" no_ping "$e1" "$a4"

# --- macvlan: attacks ------------------------------------------------------------------------------------
mac=$(net_of "$a" ip -br link show eth0 | awk '{ print $3 }')
lab_seen st1 "$mac"
kill -STOP "$manager" # it would put its rules back
net_of "$a" ip link set eth0 multicast off # no listener reports in between
forge() { # KIND: how many frames the station gets while alice's cell sends three forged ones
        case $1 in na | ra) seen "$a" "$1" "$a6" fd90::99 ;; *) seen "$a" "$1" "$a4" 10.90.0.99 ;; esac
}
inside() { net_of "$a" nft "$@"; }
open_pins() { "$@" insert rule netdev "$instance" pins accept; }
shut_pins() { "$@" delete rule netdev "$instance" pins handle "$("$@" -a list chain netdev "$instance" pins |
        awk '$1 == "accept" { print $NF }')"; }
for kind in arp arp-mac na ra mac vlan ip dhcp; do
        is "$kind: nothing arrives" "$(forge $kind)" 0
        open_pins inside
        wanted=0
        [ $kind = mac ] && wanted=3 # a frame of nobody's MAC may be the host's
        is "$kind: without the rules inside, those at the interface decide" "$(forge $kind)" $wanted
        open_pins nft
        is "$kind: without both, it arrives" "$(forge $kind)" 3
        shut_pins inside
        is "$kind: the rules inside decide alone" "$(forge $kind)" 0
        shut_pins nft
done
like "what was dropped is counted" "$(nft list counter netdev "$instance" spoofed)" 'packets [1-9]'
neighbour() { ip -n station neigh show "$1" | grep -o 'lladdr [^ ]*'; }
ip netns exec station ping -q -c1 -W2 "$b4" > /dev/null
ip netns exec station sysctl -qw net.ipv4.neigh.st1.locktime=0
poison() { net_of "$a" python3 /var/lib/frame arp "$a4" "$b4"; ip netns exec station ping -q -c1 -W1 10.90.0.250 > /dev/null 2>&1; }
before=$(neighbour "$b4")
poison
is "ARP: the station's entry of another cell stays" "$(neighbour "$b4")" "$before"
open_pins inside; open_pins nft
poison
isnt "ARP: without the rules it is poisoned" "$(neighbour "$b4")" "$before"
shut_pins inside
kill -CONT "$manager"
pins_are_shut() { ! nft list chain netdev "$instance" pins | grep -q '^[[:space:]]*accept'; }
check "rules that somebody has changed come back by themselves" wait_for 10 pins_are_shut
ip -n station neigh flush dev st1
# A router on the segment that is not the cell's.
rogue() { ip netns exec station python3 - "$(ip -n station -br link show st1 | awk '{ print $3 }')" <<'END'
import socket, struct, sys
me = bytes.fromhex(sys.argv[1].replace(":", ""))
p6 = lambda a: socket.inet_pton(socket.AF_INET6, a)
def csum(b):
    n = sum(struct.unpack(f"!{len(b) // 2}H", b))
    while n >> 16: n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff
src, dst = p6("fe80::66"), p6("ff02::1")
body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 9999, 9999, 0) + p6("2001:db8:bad::")
body = body[:2] + struct.pack("!H", csum(src + dst + struct.pack("!II", len(body), 58) + body)) + body[4:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("st1", 0))
s.send(bytes.fromhex("333300000001") + me + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + src + dst + body)
END
}
fooled() { net_of "$b" ip -6 route show | grep -q 'ra'; }
rogue
ip netns exec station ping -q -c1 -W2 "$b6" > /dev/null # what came before it has been looked at
check "RA: a router on the segment changes nothing in the cell" sh -c "! nsenter -t $(pid_of "$b") -n ip -6 route | grep -q 'proto ra'"
net_of "$b" nft insert rule netdev "$instance" in accept
rogue
check "RA: without the rule, it would" wait_for 5 fooled
net_of "$b" nft delete rule netdev "$instance" in handle "$(net_of "$b" nft -a list chain netdev "$instance" in | awk '$1 == "accept" { print $NF }')"
# What is for the MAC of another is not seen.
sniff() { # how many frames for MAC $1 alice's cell sees while the station sends three
        net_of "$a" timeout 5 python3 -c '
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("eth0", 0))
s.setsockopt(263, 1, struct.pack("IHH8s", socket.if_nametoindex("eth0"), 1, 0, b""))
s.settimeout(1.5); n = 0; print("up", file=sys.stderr, flush=True)
try:
    while True:
        f = s.recv(2000); n += f[:6] == bytes.fromhex(sys.argv[1].replace(":", "")) and f[12:14] == b"\x08\x00"
except socket.timeout: print(n)' "$1" 2> "$LAB_DIR/sniff" &
        sniffer=$!
        wait_for 5 grep -q up "$LAB_DIR/sniff"
        ip netns exec station ping -q -c3 -i0.2 -W1 10.90.0.77 > /dev/null 2>&1
        wait $sniffer
}
ip -n station neigh replace 10.90.0.77 lladdr "$(net_of "$b" ip -br link show eth0 | awk '{ print $3 }')" dev st1 nud permanent
is "sniffing: what is for another cell is not seen" "$(sniff "$(ip -n station neigh show 10.90.0.77 | awk '{ print $5 }')")" 0
ip -n station neigh replace 10.90.0.77 lladdr "$mac" dev st1 nud permanent
is "sniffing: what is for the own MAC is" "$(sniff "$mac")" 3

# --- cell:POLICY -----------------------------------------------------------------------------------------
join() { # alice's second cell, by "su -"
        su - alice -c 'echo up; exec sleep 300' > "$LAB_DIR/joined" 2>&1 &
        joined=$!
        wait_for 20 grep -q up "$LAB_DIR/joined"
        j=$(cell_of alice 05-join)
}
join
isnt "cell: a cell of its own" "$j" ""
is "cell: in the network of the other" "$(readlink "/proc/$(bus_get "$j" InitPID)/ns/net")" \
        "$(readlink "/proc/$(bus_get "$a" InitPID)/ns/net")"
isnt "cell: with its own processes" "$(readlink "/proc/$(bus_get "$j" InitPID)/ns/pid")" \
        "$(readlink "/proc/$(bus_get "$a" InitPID)/ns/pid")"
is "cell: its properties" "$(bus_get "$j" NetworkMode) $(bus_get "$j" NetworkOf) $(bus_get "$j" Addresses)" "cell $a $(bus_get "$a" Addresses)"
is "cell: traffic with the other's address" "$(su - alice -c '/var/lib/ask 10.90.0.1 8001')" "$a4"
is "cell: the other's name servers" "$(su - alice -c 'grep ^nameserver /etc/resolv.conf')" "nameserver 10.90.0.1"
su alice -c 'python3 -c "
import socket; s = socket.create_server((\"127.0.0.1\", 8009)); print(\"up\", flush=True)
c, _ = s.accept(); c.sendall(b\"shared\n\"); c.close()"' > "$LAB_DIR/loop" 2>&1 &
wait_for 10 grep -q up "$LAB_DIR/loop"
is "cell: loopback is shared, too" "$(su - alice -c '/var/lib/ask 127.0.0.1 8009')" shared
like "cell: a process of it is found in it, not in the other" \
        "$(ctl status "$j" 2>&1; ctl list 2>&1)" "$j"
like "cell: net status" "$(ctl net status "$j")" "Network of: $a"
like "cell: net test" "$(ctl net test "$j" tcp:10.90.0.1:8001)" 'passes'
like "macvlan: net status" "$(ctl net status "$a")" 'Interface: lan0'
like "macvlan: net status has traffic" "$(ctl net status "$a")" 'In: [1-9][0-9]* packets'
like "macvlan: net test says who decides" "$(ctl net test "$a" tcp:10.90.0.1:8001)" 'confine does not filter it'
named() { grep -q "^$a4 alice.10-mac $a\$" /run/confine/hosts && grep -q "^$a4 alice.05-join $j\$" /run/confine/hosts; }
check "both have names in the hosts file" wait_for 5 named
check "cell: a name for ip netns" ip netns exec "$(ctl --json=short net status "$j" | sed 's/.*"NetnsName":"\([^"]*\)".*/\1/')" true

# --- interface -------------------------------------------------------------------------------------------
was() { ip -o link show "$1" 2> /dev/null | sed 's/.*mtu \([0-9]*\).*state.*link.ether \([^ ]*\).*/\1 \2/'; ip -o link show "$1" | grep -o '[<,]UP[,>]' | tr -d '<>,'; }
index() { ip -o link show "$1" | cut -d: -f1; }
phys0=$(was phys0) phys1=$(was phys1) index0=$(index phys0)
hold c carol
c=$(cells_of carol)
c4=$(address "$c" 1) c6=$(address "$c" 2)
check "interface: it has left the host" sh -c '! ip link show phys0'
is "interface: the first that is there" "$(bus_get "$c" Interface)" phys0
check "interface: IPv4" su carol -c 'ping -q -c1 -W5 10.91.0.1'
check "interface: IPv6" su carol -c 'ping -q -c1 -W5 fd91::1'
check "interface: ... and back" ip netns exec far ping -q -c1 -W5 "$c4"
check "interface: ... IPv6" ip netns exec far ping -q -c1 -W5 "$c6"
like "interface: none is free" "$(su dave -c true 2>&1)" "policy 30-phys: no interface of Interface= is free .there is no absent0, phys0 is in a cell.; end a cell"
is "... and nothing is left of that" "$(cells_of dave)" ""
nsenter -t "$(bus_get "$c" InitPID)" -n sh -c 'ip link set eth0 down; ip link set eth0 name mine mtu 1200 address 02:00:00:00:0b:0b'
let_go c
gone_cell() { [ ! -e "/run/confine/cells/$1" ]; }
wait_for 20 gone_cell "$c"
is "interface: it is back as it was, whatever its root did to it" "$(was phys0)" "$phys0"
is "... with its number" "$(index phys0)" "$index0"
hold d dave
d=$(cells_of dave)
is "interface: the next one gets it" "$(bus_get "$d" Interface)" phys0
manager_kill KILL
manager_start
check "interface: after a crash of the manager it still works" su dave -c 'ping -q -c1 -W5 10.91.0.1'
check "macvlan: after a crash: traffic" net_of "$a" ping -q -c1 -W5 10.90.0.1
is "macvlan: after a crash: the rules stand" "$(forge arp)$(open_pins inside; forge arp; shut_pins inside)" 00
is "cell: after a crash" "$(bus_get "$j" NetworkOf) $(bus_get "$j" State)" "$a live"
manager_kill KILL
kill -9 "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$d")" "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$a")"
manager_start
check "interface: its cell died while nobody looked: it comes back" wait_for 20 ip link show phys0
wait_for 20 gone_cell "$d"
is "... as it was" "$(was phys0)" "$phys0"
check "cell: ends with the cell whose network it shares, also then" wait_for 20 gone_cell "$j"
kill $joined 2> /dev/null
let_go a; let_go d
hold f frank
f=$(cells_of frank)
is "interface without Pool=: down, without an address" "$(net_of "$f" ip -br addr show eth0 | awk '{ print $2, $3 }')" "DOWN "
net_of "$f" sh -c 'ip addr add 10.92.0.2/24 dev eth0; ip link set eth0 up'
check "... for its root to configure" net_of "$f" ping -q -c1 -W5 10.92.0.1
like "... net test says so" "$(ctl net test "$f" tcp:10.92.0.1:80)" "the cell's own root says"
ip link add phys1 type ifb
let_go f
check "interface: the host has another one of its name by now: said" wait_for 20 grep -q "phys1 can't be given back, since the host has another one of that name" "$LAB_DIR/log"
ip link del phys1
check "... and it is tried again" wait_for 20 ip link show phys1
wait_for 20 gone_cell "$f"
is "... until it is as it was" "$(was phys1)" "$phys1"
# A record that is lost: the pin alone says what is to go where.
hold f frank
f=$(cells_of frank)
manager_kill KILL
rm "/run/confine/cells/$f"
manager_start
check "interface: without a record it comes back, too" wait_for 20 ip link show phys1
let_go f
is "... with no pin left" "$(ls /run/confine/links | grep -c phys1)" 0

ip link add phys3 type veth peer name far3 netns far
sed -i 's/phys1/phys3/' /etc/confine/policies/40-raw.ini
bus_reload
hold f frank
f=$(cells_of frank)
net_of "$f" ip link del eth0 # which only root could do, and only to what is no card
let_go f
check "interface: one that its root has removed keeps nothing back" wait_for 20 gone_cell "$f"
check "... and that is said" grep -q "Interface phys3 of cell $f is nowhere any more" "$LAB_DIR/log"

# --- owner and sharer, live ---------------------------------------------------------------------------------
hold a alice
a=$(cells_of alice)
join
let_go a
check "cell: ends with the cell whose network it shares" wait_for 20 gone_cell "$j"
wait $joined 2> /dev/null
like "cell: not without a live one" "$(su - alice -c true 2>&1)" \
        'policy 05-join: there is no live cell of policy 10-mac to share the network of .Mode=cell:10-mac.; log in there first'

# --- refused -------------------------------------------------------------------------------------------------
ip link add br7 type bridge
try() { # interface phys2 in the state that the host is in now
        policy 45-host <<-'END'
		[Match]
		User=frank
		[Network]
		Mode=interface
		Interface=phys2
		Pool=10.93.0.0/24
	END
        mv /etc/confine/policies/45-host.ini /etc/confine/policies/25-host.ini
        bus_reload
        su frank -c true 2>&1
}
ip link set phys2 master br7
like "interface: a port of a bridge stays" "$(try)" 'phys2 is not to be given away: it is a port'
ip link set phys2 nomaster
ip addr add 192.0.2.9/24 dev phys2
like "interface: one with an address of the host stays" "$(try)" 'phys2 is not to be given away: the host has address 192.0.2.9'
ip addr del 192.0.2.9/24 dev phys2
ip link add link phys2 name on2 type macvlan
like "interface: one that carries another stays" "$(try)" 'phys2 is not to be given away: on2 is on top of it'
ip link del on2
ip link set phys2 name phys9
like "interface: one that is not there" "$(try)" 'no interface of Interface= is free .there is no phys2'
rm /etc/confine/policies/25-host.ini
bad() { # NAME REGEX < policy
        policy 90-bad
        like "$1" "$(cfg verify 2>&1)" "$2"
        rm /etc/confine/policies/90-bad.ini
}
bad "ipvlan where the kernel has none" "90-bad.ini:4: .*Mode=: not supported on this host: the kernel has no ipvlan" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=ipvlan
Interface=lan9
Pool=10.99.0.0/24
END
bad "... which IfUnsupported=warn lets pass, with a warning" "warning: not supported on this host: the kernel has no ipvlan" <<'END'
[Policy]
IfUnsupported=warn
[Match]
Group=nobody-here
[Network]
Mode=ipvlan
Interface=lan9
Pool=10.99.0.0/24
END
bad "Bandwidth= with macvlan" "BandwidthUp=: it can't be held with Mode=macvlan" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=macvlan
Interface=lan9
Pool=10.99.0.0/24
BandwidthUp=5M
END
bad "Egress= with macvlan" "Mode=: Egress=, Ingress=, their rules and LogDenied= are done with Mode=routed only" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=macvlan
Interface=lan9
Pool=10.99.0.0/24
Egress=deny
END
bad "a policy that is not there" "90-bad.ini:4: .*Mode=: there is no policy 77-none" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=cell:77-none
END
bad "a chain" "Mode=: policy 05-join has no network of its own" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=cell:05-join
END
bad "a cycle" "Mode=: policy 90-bad is this policy itself" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=cell:90-bad
END
bad "a cell for every session" "Mode=: policy 20-open has a cell for every session" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=cell:20-open
END
bad "an interface that another policy needs" "Interface=: policy 10-mac has lan0, too: one gives it away" <<'END'
[Match]
Group=nobody-here
[Network]
Mode=interface
Interface=lan0
END
is "explain says the mode" "$(cfg explain --user alice --service su-l 2>&1 | grep -c 'Mode=cell:10-mac')" 1

# --- killed at random ----------------------------------------------------------------------------------------
wait_for 20 idle
for i in $(seq 10); do # at random moments of making and removing
        (su alice -c true; su carol -c true) > /dev/null 2>&1 &
        logins=$!
        sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
        manager_kill KILL
        manager_start
        wait $logins
done
let_go b; let_go e1; let_go e2
wait_for 20 no_cells
wait_for 20 idle
is "killed at random: no pin and no element is left" "$(ls /run/confine/links)$(nft list table netdev "$instance" | grep -c elements)" 0
is "... and the interface is as it was" "$(was phys0)" "$phys0"
lab_done
