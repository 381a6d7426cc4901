#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a cell reaches: the world through masquerading, and nothing else. The world is a namespace "upstream"
# that has no route back to the cells.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2300} + 1)); done
lab_pam

lab_upstream
echo 0 > /proc/sys/net/ipv4/ip_forward

policy 10-routed <<'END'
[Match]
User=alice bob
[Network]
Pool=10.81.0.0/24 fd81::/64
DNS=10.81.0.1 192.0.2.2
END
policy 20-none <<'END'
[Match]
User=carol
[Network]
Mode=none
END
policy 30-host <<'END'
[Match]
User=dave
[Network]
Mode=host
END
manager_start
is "forwarding is turned on where it was off" "$(cat /proc/sys/net/ipv4/ip_forward)" 1
like "... and said" "$(cat "$LAB_DIR/log")" 'Turned on net.ipv4.ip_forward'

# serve NS ADDRESS PORT: a TCP server that says who asks
serve() {
        ip netns exec "$1" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2]))); s.listen(50)
print("up", flush=True)
while True:
    c, peer = s.accept()
    c.sendall(peer[0].encode() + b"\n"); c.close()' "$2" "$3" > "$LAB_DIR/serve-$3" 2>&1 &
        wait_for 10 grep -q up "$LAB_DIR/serve-$3"
}
ip netns attach self $$ 2>/dev/null
serve upstream 192.0.2.2 8001
serve upstream 2001:db8::2 8002
serve self 0.0.0.0 8003
serve self :: 8004
serve self 127.0.0.1 8005
serve self 192.0.2.1 8006

cat > /var/lib/ask <<'END'
#!/usr/bin/env python3
# ask ADDRESS PORT [SOURCE]: what the server says, or the error
import socket, sys
try:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 4,
                                 (sys.argv[3], 0) if len(sys.argv) > 3 else None)
    s.settimeout(4)
    print(s.makefile().readline().strip() or "closed")
except OSError as e:
    print(type(e).__name__)
END
chmod 755 /var/lib/ask
ask() { u=$1; shift; su "$u" -c "/var/lib/ask $*"; }

hold a alice
hold b bob
address() { bus_get "$(cells_of "$1")" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
a4=$(address alice 1) a6=$(address alice 2) b4=$(address bob 1) b6=$(address bob 2)
like "alice has both families" "$a4 $a6" '^10\.81\.0\.[0-9]+ fd81::'

# --- out ---------------------------------------------------------------------------------------------
is "IPv4: reaches upstream, masqueraded" "$(ask alice 192.0.2.2 8001)" 192.0.2.1
is "IPv6: reaches upstream, masqueraded" "$(ask bob 2001:db8::2 8002)" 2001:db8::1
check "IPv4: ping upstream" su bob -c 'ping -q -c1 -W5 192.0.2.2'
check "IPv6: ping upstream" su alice -c 'ping -q -c1 -W5 2001:db8::2'
check "ping the gateway" su alice -c 'ping -q -c1 -W5 10.81.0.1'
is "lo works" "$(su alice -c 'ping -q -c1 -W5 127.0.0.1 > /dev/null && echo yes')" yes

# --- not in ------------------------------------------------------------------------------------------
refused='^(ConnectionRefusedError|OSError|PermissionError)$' # at once: no timeout
is "without a cell the host's servers answer (the test can succeed)" "$(/var/lib/ask 10.81.0.1 8003)" 10.81.0.1
like "the host through the gateway address: refused" "$(ask alice 10.81.0.1 8003)" "$refused"
like "the host through the gateway address, IPv6: refused" "$(ask alice fd81::1 8004)" "$refused"
like "the host through another of its addresses: refused" "$(ask alice 192.0.2.1 8006)" "$refused"
like "the host's 127.0.0.1: refused" "$(ask alice 127.0.0.1 8005)" "$refused"
cat > /var/lib/answer <<'END'
#!/usr/bin/env python3
# A server for both families on port 8010 that outlives the session which starts it.
import os, socket
servers = []
for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    s = socket.socket(family)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, 8010))
    s.listen(5)
    servers.append(s)
for s in servers:
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 3)
        while True:
            c, _ = s.accept()
            c.sendall(b"answer\n")
            c.close()
END
chmod 755 /var/lib/answer
su bob -c /var/lib/answer
is "inside its own cell bob's server answers" "$(ask bob 127.0.0.1 8010) $(ask bob ::1 8010)" "answer answer"
is "and to the host, by the cell's address" "$(/var/lib/ask "$b4" 8010)" answer
like "cell to cell: refused" "$(ask alice "$b4" 8010)" "$refused"
like "cell to cell, IPv6: refused" "$(ask alice "$b6" 8010)" "$refused"
check "cell to cell: no ping" sh -c "! su alice -c 'ping -q -c1 -W1 $b4'"
check "upstream can't open a connection into a cell" sh -c \
        "ip -n upstream route add 10.81.0.0/24 via 192.0.2.1 && ! ip netns exec upstream ping -q -c1 -W1 $a4"
check "abstract sockets of the host are not seen" sh -c '
        python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind(\"\0confine-test\"); s.listen(1); time.sleep(1000)" &
        server=$!
        try="python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect(\\\"\\0confine-test\\\")\""
        for i in $(seq 100); do grep -q @confine-test /proc/net/unix && break; done
        eval "$try" && ! su alice -c "$try" 2> /dev/null
        status=$?
        kill $server
        exit $status'

# --- DNS= --------------------------------------------------------------------------------------------
like "DNS=: the cell's own resolv.conf" "$(su alice -c 'cat /etc/resolv.conf')" '^nameserver 10\.81\.0\.1$'
isnt "DNS=: the host's is untouched" "$(grep -c 10.81.0.1 /etc/resolv.conf)" 1
python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.81.0.1", 53)); print("up", flush=True)
while True:
    data, peer = s.recvfrom(512); s.sendto(b"answer", peer)' > "$LAB_DIR/dns" 2>&1 &
wait_for 10 grep -q up "$LAB_DIR/dns"
is "DNS=: a server on the host's own address is let through" "$(su alice -c 'python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(4); s.sendto(b\"x\", (\"10.81.0.1\", 53)); print(s.recv(99).decode())"')" answer

# --- spoofing ----------------------------------------------------------------------------------------
# As root of the cell's network: what a user could do with raw sockets.
init=$(bus_get "$(cells_of alice)" InitPID)
cell_net() { nsenter -t "$init" -n "$@"; }
cell_net ip addr add 10.81.0.99/32 dev eth0
cell_net ip -6 addr add fd81::99/128 dev eth0 nodad
ip netns exec upstream nft -f - <<'END'
table inet seen {
        counter echo {}
        chain input {
                type filter hook input priority 0
                icmp type echo-request counter name echo
                icmpv6 type echo-request counter name echo
        }
}
END
received() { # COMMAND...: how many echo requests upstream saw during it
        ip netns exec upstream nft reset counter inet seen echo > /dev/null
        "$@" > /dev/null 2>&1
        ip netns exec upstream nft list counter inet seen echo | awk '/packets/ { print $2 }'
}
is "own source address: upstream sees it" "$(received cell_net ping -q -c3 -i0.2 -W1 -I "$a4" 192.0.2.2)" 3
is "own source address, IPv6: upstream sees it" "$(received cell_net ping -6 -q -c3 -i0.2 -W1 -I "$a6" 2001:db8::2)" 3
is "foreign source address: nothing arrives" "$(received cell_net ping -q -c3 -i0.2 -W1 -I 10.81.0.99 192.0.2.2)" 0
is "foreign source address, IPv6: nothing arrives" "$(received cell_net ping -6 -q -c3 -i0.2 -W1 -I fd81::99 2001:db8::2)" 0
rp=$(grep -l . /proc/sys/net/ipv4/conf/cf*/rp_filter | while read -r f; do cat "$f"; done | sort -u)
is "strict reverse-path filter on every cell's interface" "$rp" 1

# --- the other modes ------------------------------------------------------------------------------------
is "Mode=none: only lo" "$(su carol -c 'ls /sys/class/net')" lo
is "Mode=none: which is up" "$(su carol -c 'ping -q -c1 -W2 127.0.0.1 > /dev/null && echo up')" up
is "Mode=host: the host's network" "$(su dave -c 'readlink /proc/self/ns/net')" "$(readlink /proc/self/ns/net)"
isnt "Mode=host: still a pid namespace of its own" "$(su dave -c 'readlink /proc/self/ns/pid')" "$(readlink /proc/self/ns/pid)"

# --- the firewall does not grow, other tables stay --------------------------------------------------------
rules() { nft -a list table inet "$instance" | grep -c '# handle'; }
nft add table inet foreign
n=$(rules)
for i in 1 2 3 4 5; do su alice -c true; done
hold a2 alice
is "no rule per cell" "$(rules)" "$n"
let_go a; let_go a2; let_go b
wait_for 20 no_cells
is "no element of a cell is left" "$(nft list table inet "$instance" | grep -c 'cf[0-9a-f]\{12\}')" 0
check "foreign tables stay" nft list table inet foreign
nft delete table inet foreign
manager_kill TERM
is "after the end: forwarding is as it was" "$(cat /proc/sys/net/ipv4/ip_forward)" 0
lab_done
