#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netns/ against the real kernel. Everything, "the host" too, is a network namespace of this test:
#
#   upstream (down0) ---- (up0) host (cf12ab0001) ---- (eth0) A
#   foreign (eth0) ---- (for0)  host (cf12ab0002) ---- (eth0) B
#
# Upstream has no route to the cells' pool. What is refused is also shown to get through without
# the defence, so that no refusal is an accident.

B=${B:-build}
tool=$PWD/$B/tests/helpers/netns-tool
P=cf12ab
T=confine-t$$
n=0 failed=0

skip_all() { echo "1..0 # SKIP $1"; exit 0; }
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -x "$tool" ] || skip_all "no $tool; make helpers"
for c in ip nft socat ping ss unshare; do
	command -v $c >/dev/null || skip_all "no $c"
done
unshare -n true 2>/dev/null || skip_all "may not make network namespaces"

tmp=$(mktemp -d)
namespaces="host up a b c for spare"
ns() { echo "cft$$-$1"; }
in_ns() { local name; name=$(ns "$1"); shift; ip netns exec "$name" "$@"; }
host() { in_ns host "$@"; }

cleanup() {
	for pid in $(jobs -p); do kill "$pid" 2>/dev/null; done
	for i in $namespaces; do
		for pid in $(ip netns pids "$(ns $i)" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
		ip netns del "$(ns $i)" 2>/dev/null
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

result() { # status name
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		failed=$((failed + 1))
		sed 's/^/# /' "$tmp/out" 2>/dev/null
	fi
}
check() { local name=$1; shift; "$@" >"$tmp/out" 2>&1; result $? "$name"; }
refute() { local name=$1; shift; ! "$@" >"$tmp/out" 2>&1; result $? "$name"; }
is() { # name got wanted
	diff --label got --label wanted -u <(echo "$2") <(echo "$3") >"$tmp/out"
	result $? "$1"
}
wait_for() { # with a deadline of five seconds
	local end=$((SECONDS + 5))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "# gave up waiting for: $*"; return 1; }
		read -rt 0.02 <> <(:) || :
	done
}

serve() { # namespace, socat listening address, port, what to do
	in_ns "$1" socat "$2" "$4" >/dev/null 2>&1 &
	wait_for listens "$1" "$3" || exit 1
}
listens() { in_ns "$1" ss -Hlntu "sport = :$2" | grep -q .; }

# Connects and prints the answer, or socat's complaint.
answer() { # namespace, socat address
	in_ns "$1" timeout 3 socat -t1 - "$2" <<<hello 2>&1
}
reaches() { answer "$1" "$2" | grep -q "$3"; }
tcp() { reaches "$1" "TCP:$2,connect-timeout=2" "^peer"; }
refused() { answer "$1" "TCP:$2,connect-timeout=2" | grep -q "Connection refused"; }
pings() { in_ns "$1" ping -nc1 -W1 "$2"; }
prohibited() { in_ns "$1" ping -nc1 -W1 "$2" 2>&1 | grep -Eqi "filtered|prohibited"; }

counter() { host nft list counter inet $T "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
elements() { host nft -j list table inet $T | grep -o "\"$1\"" | wc -l; }
error_is() { # errno name, tool arguments
	local want=$1 got; shift
	got=$(host "$tool" "$@" 2>&1); [ "$got" = "$want" ]
}

# All that a cell could leave on the host or in its own namespace.
snapshot() {
	for i in "$@"; do
		in_ns "$i" sh -c 'ip -o link; ip -o addr; ip route show table all; ip -6 route show table all
			ip neigh show nud permanent; ip -6 neigh show nud permanent; nft list ruleset'
	done | sed 's/ expires [0-9]*sec//; s/@if[0-9]*//'
}

# --- the world -------------------------------------------------------------------------------

for i in $namespaces; do
	ip netns add "$(ns $i)" || skip_all "ip netns add fails"
	[ $i = a ] || [ $i = b ] || [ $i = c ] || in_ns $i ip link set lo up
done
wire() { # link in host, its addresses; namespace, link, its addresses
	host ip link add "$1" type veth peer name "$5" netns "$(ns "$4")" || exit 1
	host ip addr add "$2" dev "$1"; host ip addr add "$3" dev "$1" nodad
	in_ns "$4" ip addr add "$6" dev "$5"; in_ns "$4" ip addr add "$7" dev "$5" nodad
	host ip link set "$1" up; in_ns "$4" ip link set "$5" up
	wait_for settled "$1" || exit 1
}
settled() { host ip -6 addr show dev "$1" scope link | grep inet6 | grep -vq tentative; }
wire up0 192.0.2.1/24 2001:db8:1::1/64 up down0 192.0.2.2/24 2001:db8:1::2/64
wire for0 198.51.100.1/24 2001:db8:2::1/64 for eth0 198.51.100.2/24 2001:db8:2::2/64
in_ns for ip route add default via 198.51.100.1
in_ns for ip route add default via 2001:db8:2::1
in_ns up ip route add 198.51.100.0/24 via 192.0.2.1
in_ns up ip route add 2001:db8:2::/64 via 2001:db8:1::1

cell_a="${P}0001,10.77.0.2,fd77::2,yes"
cell_b="${P}0002,10.77.0.3,fd77::3,yes"
cell_c="${P}0003,10.77.0.4,-,yes"
make_a() { host "$tool" link ${P}0001 eth0 "/run/netns/$(ns a)" 10.77.0.2 10.77.0.1 fd77::2 fd77::1; }
make_b() { host "$tool" link ${P}0002 eth0 "/run/netns/$(ns b)" 10.77.0.3 10.77.0.1 fd77::3 fd77::1; }
setup() { host "$tool" firewall $T $P "${1:--}" 10.77.0.1,fd77::1 "${@:2}"; }

# --- forwarding ------------------------------------------------------------------------------

sysctl_of() { local i=$1; shift; in_ns "$i" sysctl -n "$@" | tr '\n' ' '; }
forward="net.ipv4.ip_forward net.ipv6.conf.all.forwarding"
ra="net.ipv6.conf.up0.accept_ra net.ipv6.conf.for0.accept_ra"
host sysctl -qw net.ipv6.conf.for0.accept_ra=0
before=$(sysctl_of host $forward $ra)
is "before: no forwarding, one link takes router advertisements" "$before" "0 0 1 0 "
is "forwarding goes on and says what it changed" \
	"$(host "$tool" forwarding restore)" "ipv4=1 ipv6=1 accept_ra=up0"
is "and goes back to what it was" "$(sysctl_of host $forward $ra)" "$before"
is "forwarding again" "$(host "$tool" forwarding)" "ipv4=1 ipv6=1 accept_ra=up0"
is "the link that takes advertisements goes on taking them" \
	"$(sysctl_of host $forward $ra)" "1 1 2 0 "
is "a second time changes nothing" "$(host "$tool" forwarding restore)" "ipv4=0 ipv6=0 accept_ra="
is "nor does restoring nothing" "$(sysctl_of host $forward $ra)" "1 1 2 0 "

# --- links -----------------------------------------------------------------------------------

clean=$(snapshot host)
check "gateway holder" host "$tool" gateway ${P}gw 10.77.0.1
check "gets a further address" host "$tool" gateway ${P}gw 10.77.0.1 fd77::1
once=$(snapshot host)
check "a second time" host "$tool" gateway ${P}gw 10.77.0.1 fd77::1
is "changes nothing" "$(snapshot host)" "$once"
is "it has no address of its own making" \
	"$(host ip -o addr show dev ${P}gw | awk '{print $4}' | tr '\n' ' ')" "10.77.0.1/32 fd77::1/128 "

check "cell A" make_a
check "cell B" make_b
check "cell C, IPv4 only" host "$tool" link ${P}0003 eth0 "/run/netns/$(ns c)" 10.77.0.4 10.77.0.1 - -
is "listed by prefix" "$(host "$tool" links $P | sort | tr '\n' ' ')" \
	"${P}0001 ${P}0002 ${P}0003 ${P}gw "
is "exists" "$(host "$tool" exists ${P}0001) $(host "$tool" exists ${P}0009)" "yes no"
is "host's end: strict reverse path, no advertisements, no redirects" \
	"$(for k in ipv4.conf.X.rp_filter ipv4.conf.X.accept_redirects ipv4.conf.X.send_redirects \
		ipv6.conf.X.accept_ra; do
		host sysctl -n "net.${k/X/${P}0001}"; done | tr '\n' ' ')" "1 0 0 0 "
is "no IPv6 on the host's end of C" "$(host sysctl -n net.ipv6.conf.${P}0003.disable_ipv6)" 1
is "none in C but loopback's" "$(in_ns c ip -o -6 addr show dev eth0)$(in_ns c ip -6 route show dev eth0)" \
	""
is "no link-local address anywhere" "$(host ip -o -6 addr show dev ${P}0001)$(
	in_ns a ip -o -6 addr show dev eth0 scope link)" ""
is "one queue each way" "$(host sh -c "ls -d /sys/class/net/${P}0001/queues/* | wc -l")" 2
is "its pidfd leads to the namespace of a process" "$(
	in_ns a sh -c 'read -r _' < <(while :; do printf ' '; read -rt 0.05 <> <(:); done 2>/dev/null) &
	wait_for sh -c "ip netns pids $(ns a) | grep -q ."
	pid=$(ip netns pids "$(ns a)" | head -n1)
	[ "$("$tool" inode "$pid")" = "$(readlink "/proc/$pid/ns/net")" ] && echo same
	kill $! "$pid" 2>/dev/null)" same

# --- the firewall ----------------------------------------------------------------------------

check "firewall" setup - "$cell_a" "$cell_b" "$cell_c"
rules=$(host nft -s list ruleset)
check "setting it up again" setup - "$cell_a" "$cell_b" "$cell_c"
is "changes nothing" "$(host nft -s list ruleset)" "$rules"

# It reads first: closing with unread input would be a reset that may overtake the answer.
peer='SYSTEM:read x; echo peer $SOCAT_PEERADDR'
for i in up a b host; do
	serve $i TCP6-LISTEN:7000,ipv6only=0,fork,reuseaddr 7000 "$peer"
	serve $i TCP6-LISTEN:53,ipv6only=0,fork,reuseaddr 53 "$peer"
done
serve host TCP4-LISTEN:7002,bind=127.0.0.1,fork,reuseaddr 7002 "$peer"
serve host UDP6-RECVFROM:5353,ipv6only=0,fork 5353 "$peer"
serve up UDP6-RECVFROM:7001,ipv6only=0,fork 7001 "$peer"

for c in a b; do
	is "$c reaches tcp upstream, masqueraded" "$(answer $c TCP4:192.0.2.2:7000)" \
		"peer [0000:0000:0000:0000:0000:ffff:c000:0201]"
	is "in IPv6" "$(answer $c 'TCP6:[2001:db8:1::2]:7000')" \
		"peer [2001:0db8:0001:0000:0000:0000:0000:0001]"
	check "$c reaches udp upstream" wait_for reaches $c UDP4:192.0.2.2:7001 ffff:c000:0201
	check "in IPv6" wait_for reaches $c 'UDP6:[2001:db8:1::2]:7001' 2001:0db8:0001
	check "$c pings the gateway" pings $c 10.77.0.1
	check "in IPv6" pings $c fd77::1
	check "$c pings upstream" pings $c 192.0.2.2
	check "in IPv6" pings $c 2001:db8:1::2
done
check "C reaches upstream" tcp c 192.0.2.2:7000
refute "and has no IPv6" tcp c '[2001:db8:1::2]:7000'
for i in a b; do
	[ $i = a ] && x=2 || x=3
	check "host reaches $i" tcp host 10.77.0.$x:7000
	check "in IPv6" tcp host "[fd77::$x]:7000"
	check "and pings it" pings host fd77::$x
done

check "cell to cell: tcp refused" refused a 10.77.0.3:7000
check "in IPv6" refused a '[fd77::3]:7000'
check "ping prohibited" prohibited a 10.77.0.3
check "in IPv6" prohibited a fd77::3
check "cell to host: gateway's services refused" refused a 10.77.0.1:7000
check "in IPv6" refused a '[fd77::1]:7000'
check "services on the host's other addresses refused" refused a 192.0.2.1:7000
check "in IPv6" refused a '[2001:db8:1::1]:7000'
check "ping of the host's other addresses prohibited" prohibited a 192.0.2.1
refute "udp refused" reaches a UDP4:10.77.0.1:5353 peer
check "port 53 refused too" refused a 10.77.0.1:53

dns="$cell_a,10.77.0.1,fd77::1"
check "unless it is the cell's DNS server" host "$tool" add $T "$dns"
check "then it answers" tcp a 10.77.0.1:53
check "in IPv6" tcp a '[fd77::1]:53'
check "that cell only" refused b 10.77.0.1:53
check "that port only" refused a 10.77.0.1:7000
check "that address only" refused a 192.0.2.1:53
check "the exception goes with the cell" host "$tool" remove $T "$dns"
check "all elements are gone" [ "$(elements ${P}0001)" = 0 ]
refute "nothing gets out of the cell" tcp a 192.0.2.2:7000
check "removing again is fine" host "$tool" remove $T "$dns"
check "adding it back" host "$tool" add $T "$cell_a"
check "and again" host "$tool" add $T "$cell_a"
is "there it is" "$(host nft -s list ruleset)" "$rules"

neighbours() { in_ns "$1" sh -c "ip neigh show dev $2; ip -6 neigh show dev $2" | sort -u; }
is "the cell asked for no neighbour" "$(neighbours a eth0 | awk '{print $1, $NF}')" \
	"$(printf '10.77.0.1 PERMANENT\nfd77::1 PERMANENT')"
is "nor did the host" "$(neighbours host ${P}0001 | awk '{print $1, $NF}')" \
	"$(printf '10.77.0.2 PERMANENT\nfd77::2 PERMANENT')"
in_ns a ip neigh del 10.77.0.1 dev eth0
refute "the host answers no ARP" pings a 10.77.0.1
in_ns a ip neigh replace 10.77.0.1 lladdr "$(host cat /sys/class/net/${P}0001/address)" dev eth0
check "the entry made it work" pings a 10.77.0.1

# The host's 127.0.0.1: a route in the cell, and a host that routes it (some containers' do).
in_ns a ip addr del 127.0.0.1/8 dev lo
in_ns a ip route add 127.0.0.1/32 via 10.77.0.1 dev eth0 onlink
in_ns a sysctl -qw net.ipv4.conf.all.route_localnet=1
refute "127.0.0.1 of the host: martian" tcp a 127.0.0.1:7002,bind=10.77.0.2
host sysctl -qw net.ipv4.conf.all.route_localnet=1
check "refused where route_localnet is set" refused a 127.0.0.1:7002,bind=10.77.0.2

in_ns up ip route add 10.77.0.0/16 via 192.0.2.1
in_ns up ip route add fd77::/64 via 2001:db8:1::1
check "world to cell: refused" refused up 10.77.0.2:7000
check "in IPv6" refused up '[fd77::2]:7000'

# --- spoofing --------------------------------------------------------------------------------

# One receiver that keeps the order: what comes after the spoofed packet says that it had its time.
in_ns up socat -u UDP6-RECV:7003,ipv6only=0 "OPEN:$tmp/received,creat,append" &
wait_for listens up 7003
in_ns a ip addr add 10.77.0.99/32 dev eth0
in_ns a ip addr add fd77::99/128 dev eth0 nodad
send() { # source, destination, text
	echo "$3" | in_ns a socat -u - "UDP:$2:7003,bind=$1"
}
marker=0
arrives() { # source, destination, genuine source: whether a packet from source does
	marker=$((marker + 1))
	send "$1" "$2" "spoofed $marker" || return 2
	send "$3" "$2" "genuine $marker" || return 2
	wait_for grep -q "genuine $marker" "$tmp/received" || return 2
	grep -q "spoofed $marker" "$tmp/received"
}
is_dropped() { arrives "$@"; [ $? = 1 ]; }
four="10.77.0.99 192.0.2.2 10.77.0.2"
six="[fd77::99] [2001:db8:1::2] [fd77::2]"

before=$(counter spoofed)
check "spoofed source dropped" is_dropped $four
is "and counted" "$(counter spoofed)" $((before + 1))
check "in IPv6" is_dropped $six
is "and counted" "$(counter spoofed)" $((before + 2))
check "another cell's source dropped" sh -c "ip -n $(ns a) addr add 10.77.0.3/32 dev eth0"
check "in earnest" is_dropped 10.77.0.3 192.0.2.2 10.77.0.2
in_ns a ip addr del 10.77.0.3/32 dev eth0

# An echo reply that nobody asked for is invalid to connection tracking, so never masqueraded.
in_ns up socat -u IP4-RECV:1 "OPEN:$tmp/icmp,creat,append" &
wait_for sh -c "ip netns exec $(ns up) ss -Hanw | grep -q ."
strays() { # the text sums up to 0x4fb8 with the header, whose checksum is therefore 0xb047
	printf '\x00\x00\xb0\x47\x00\x00\x00\x00Xstray!Y' | in_ns a socat -u - IP4-SENDTO:192.0.2.2:1
	in_ns a ping -nqc1 -W1 -p 6d61726b 192.0.2.2 >/dev/null || return 2
	wait_for grep -aq mark "$tmp/icmp" || return 2
	grep -aq stray "$tmp/icmp"; local r=$?
	: >"$tmp/icmp"
	return $r
}
does_not_stray() { strays; [ $? = 1 ]; }
check "an untranslatable packet does not leave" does_not_stray
host nft flush chain inet $T forwarding
check "without the rule it does" strays
check "setup restores the rules" setup - "$cell_a" "$cell_b" "$cell_c"
host nft flush chain inet $T prerouting
check "without the rule it gets through in IPv6" arrives $six
check "in IPv4 the reverse path still holds" is_dropped $four
host sysctl -qw net.ipv4.conf.${P}0001.rp_filter=0 net.ipv4.conf.all.rp_filter=0
check "until that is gone too" arrives $four
in_ns a ip addr del 10.77.0.99/32 dev eth0
in_ns a ip addr del fd77::99/128 dev eth0

# --- the same without the table --------------------------------------------------------------

check "teardown" host "$tool" teardown $T
is "leaves no rule" "$(host nft list ruleset)" ""
check "teardown again" host "$tool" teardown $T
check "removing a cell without a table" host "$tool" remove $T "$cell_a"
check "adding one says so" error_is ENOENT add $T "$cell_a"
check "so does syncing" error_is ENOENT sync $T "$cell_a"
check "cell to cell gets through" tcp a 10.77.0.3:7000
check "in IPv6" tcp a '[fd77::3]:7000'
check "ping" pings a fd77::3
check "cell to gateway's services" tcp a 10.77.0.1:7000
check "in IPv6" tcp a '[fd77::1]:7000'
check "cell to the host's other addresses" tcp a 192.0.2.1:7000
check "cell to udp" wait_for reaches a UDP4:10.77.0.1:5353 peer
check "cell to the host's 127.0.0.1" tcp a 127.0.0.1:7002,bind=10.77.0.2
check "world to cell" tcp up 10.77.0.2:7000
in_ns up ip route del 10.77.0.0/16
in_ns up ip route del fd77::/64
host sysctl -qw net.ipv4.conf.all.route_localnet=0

# --- others' forwarding ----------------------------------------------------------------------

check "foreign links forward" tcp for 192.0.2.2:7000
check "setup without a guard" setup - "$cell_a" "$cell_b" "$cell_c"
check "foreign links still forward" tcp for 192.0.2.2:7000
check "in IPv6" tcp for '[2001:db8:1::2]:7000'
check "guard for IPv4" setup 4 "$cell_a" "$cell_b" "$cell_c"
refute "holds" pings for 192.0.2.2
check "not for IPv6" tcp for '[2001:db8:1::2]:7000'
check "guard for both" setup 46 "$cell_a" "$cell_b" "$cell_c"
refute "holds" pings for 2001:db8:1::2
check "cells pass it" tcp a 192.0.2.2:7000
check "foreign to cell: refused" refused for 10.77.0.2:7000
check "no guard again" setup - "$cell_a" "$cell_b" "$cell_c"

# --- sets ------------------------------------------------------------------------------------

rules=$(host nft -s list ruleset)
host nft flush set inet $T sources4
host nft flush set inet $T masquerade6
host nft add element inet $T sources4 '{ "cf12abdead" . 10.77.9.9 }'
refute "a flushed set cuts the cell off" tcp a 192.0.2.2:7000
check "sync" host "$tool" sync $T "$cell_a" "$cell_b" "$cell_c"
is "restores the sets and sweeps strangers" "$(host nft -s list ruleset)" "$rules"
check "the cell is back" tcp a 192.0.2.2:7000

terse=$(host nft -s -t list table inet $T)
many=$(for i in $(seq 1 200); do echo "${P}1$(printf %03x $i),10.77.1.$i,fd77::1:$(printf %x $i),yes,10.77.0.1"; done)
check "200 cells" host "$tool" add $T $many
is "are in the sets" "$(elements ${P}10c8)" 6 # two sources, one DNS server, its verdict, two counters of what is refused
is "and no rule more" "$(host nft -s -t list table inet $T)" "$terse"
check "200 removals" host "$tool" remove $T $many
is "leave what was" "$(host nft -s list ruleset)" "$rules"
some=$(echo "$many" | head -n 20)
check "20 at once" host "$tool" add-parallel $T $some
is "are all there" "$(host nft list set inet $T sources4 | grep -o "${P}1" | wc -l)" 20
check "sync of three sweeps twenty" host "$tool" sync $T "$cell_a" "$cell_b" "$cell_c"
is "leaves three" "$(host nft -s list ruleset)" "$rules"
check "sync of none" host "$tool" sync $T
is "leaves none" "$(elements ${P}0001)" 0
check "two instances side by side" host "$tool" firewall $T-2 cf34cd - 10.78.0.1
check "one goes" host "$tool" teardown $T-2
is "the other stays" "$(host nft list tables)" "table inet $T"
host nft add table ip confine-foreign
check "foreign tables are left alone" setup - "$cell_a" "$cell_b" "$cell_c"
check "all the time" host nft delete table ip confine-foreign

# --- names -----------------------------------------------------------------------------------

rules=$(host nft -s list ruleset)
for bad in 'x"; flush ruleset; #' 'a b' 'cf*' UP '' abcdefghijklmnop a/b .. cf_; do
	check "link name '$bad' refused" error_is EINVAL link "$bad" eth0 "/run/netns/$(ns spare)" \
		10.77.0.9 10.77.0.1 - -
done
for bad in 'x"; flush' 'cf*' UP abcdefghijklmnop a/b cf_; do
	check "firewall refuses '$bad'" error_is EINVAL add $T "$bad,10.77.0.9,-,yes"
done
for bad in 'x; flush ruleset' '-x' 'X' '' '9' 'x_y' 'ip'; do
	check "table name '$bad' refused" error_is EINVAL firewall "$bad" $P - 10.77.0.1
done
check "prefix with a wildcard refused" error_is EINVAL firewall $T 'cf*' - 10.77.0.1
is "none of them changed a thing" "$(host nft -s list ruleset)" "$rules"

# --- failures leave nothing ------------------------------------------------------------------

in_spare="/run/netns/$(ns spare)"
host ip link add ${P}0009 type bridge
before=$(snapshot host spare)
check "host name taken" error_is EEXIST link ${P}0009 eth0 "$in_spare" 10.77.0.9 10.77.0.1 fd77::9 fd77::1
is "leaves nothing" "$(snapshot host spare)" "$before"
host ip link del ${P}0009
before=$(snapshot host spare)
check "no gateway" error_is EINVAL link ${P}0009 eth0 "$in_spare" 10.77.0.9 10.77.0.254 - -
is "leaves nothing" "$(snapshot host spare)" "$before"
check "address taken on the host" error_is EEXIST link ${P}0009 eth0 "$in_spare" 10.77.0.9 10.77.0.1 fd77::2 fd77::1
is "leaves nothing" "$(snapshot host spare)" "$before"
check "no namespace" error_is EINVAL link ${P}0009 eth0 /etc/passwd 10.77.0.9 10.77.0.1 - -
is "leaves nothing" "$(snapshot host spare)" "$before"
in_ns spare sysctl -qw net.ipv6.conf.default.disable_ipv6=1
refute "the cell's end fails" host "$tool" link ${P}0009 eth0 "$in_spare" 10.77.0.9 10.77.0.1 fd77::9 fd77::1
is "leaves nothing" "$(snapshot host spare)" "$before"
in_ns spare ip link add eth0 type bridge
before=$(snapshot host spare)
check "cell's name taken" error_is EEXIST link ${P}0009 eth0 "$in_spare" 10.77.0.9 10.77.0.1 - -
is "leaves nothing" "$(snapshot host spare)" "$before"

# --- the end ---------------------------------------------------------------------------------

for i in 0001 0002 0003; do check "remove $i" host "$tool" link-remove $P$i; done
check "remove again" host "$tool" link-remove ${P}0001
check "remove the gateway holder" host "$tool" link-remove ${P}gw
check "remove the table" host "$tool" teardown $T
is "no rule is left" "$(host nft list ruleset)" ""
is "nothing is left on the host" "$(snapshot host)" "$clean"
is "nor in the cells" "$(snapshot a b c | grep -w eth0)" ""

echo "1..$n"
[ $failed = 0 ]
