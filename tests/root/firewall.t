#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What policies let a cell reach, with real traffic in both families. The world is the namespace "upstream",
# which knows the way back to the cells and is also what a metadata service would be.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
for u in alice bob carol dave erin frank gina; do lab_user $u $((uid = ${uid:-2400} + 1)); done
lab_pam

lab_upstream
for a in 192.0.2.3/24 169.254.169.254/32; do ip -n upstream addr add $a dev up1; done
ip -n upstream addr add fd00:ec2::254/128 dev up1 nodad
ip -n upstream route add 10.82.0.0/24 via 192.0.2.1
ip -n upstream route add fd82::/64 via 2001:db8::1
ip route add 169.254.169.254 via 192.0.2.2
ip route add fd00:ec2::254 via 2001:db8::2

pool='Pool=10.82.0.0/24 fd82::/64
Masquerade=no'
printf '[Match]\nUser=alice\n[Network]\n%s\n' "$pool" | policy 10-open
policy 20-tight <<END
[Match]
User=bob
[Network]
$pool
DNS=192.0.2.3
Domains=example.org lab.example.org
Egress=deny
EgressAllow=tcp:8001@192.0.2.0/24
EgressAllow=tcp:8000-8002@2001:db8::/32 icmp
EgressAllow=udp:8004
EgressAllow=tcp:8003@host tcp:8001@169.254.169.254 tcp:8001@fd00:ec2::254
LogDenied=yes
END
policy 30-server <<END
[Match]
User=carol
[Network]
$pool
IngressAllow=tcp:8010@10.82.0.0/24 tcp:8010@fd82::/64
IngressAllow=tcp:8011
END
policy 40-deny <<END
[Match]
User=dave
[Network]
$pool
EgressDeny=any@192.0.2.0/24 tcp:8001@2001:db8::/32
EgressAllow=tcp:8002@192.0.2.2
Ingress=allow
END
printf '[Match]\nUser=erin\n[Network]\n%s\n' "$pool" | policy 50-flood
printf '[Match]\nUser=frank\n[Network]\n%s\nMaxConnections=20\n' "$pool" | policy 60-few
printf '[Match]\nUser=gina\n[Cell]\nScope=session\n[Network]\n%s\nIngressAllow=tcp:22\n' "$pool" | policy 70-many
printf '[Manager]\nHostsFile=yes\n' > /etc/confine/confined.conf
chmod 644 /etc/confine/confined.conf
cat > /etc/resolv.conf <<'END'
nameserver 127.0.0.53
options edns0 trust-ad
search host.example
END
mkdir -p /run/systemd/resolve
printf 'nameserver 192.0.2.2\nnameserver 2001:db8::2\n' > /run/systemd/resolve/resolv.conf
manager_start

# On $ADDRESSES, or all of where it runs: TCP says who asks, UDP echoes.
cat > /var/lib/serve <<'END'
#!/usr/bin/env python3
import os, selectors, socket, sys
poll = selectors.DefaultSelector()
# UDP answers from the address that was asked only if the socket is bound to it
for port in sys.argv[2:]:
    for address, kind in ((a, k) for a in os.environ.get("ADDRESSES", "0.0.0.0 ::").split()
                          for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((address, int(port)))
        if kind == socket.SOCK_STREAM:
            s.listen(100)
        poll.register(s, selectors.EVENT_READ)
if sys.argv[1] != "-" and os.fork():
    sys.exit(0)
os.setsid() if sys.argv[1] != "-" else None
print("up", flush=True)
if sys.argv[1] != "-":
    os.closerange(0, 3)
while True:
    for key, _ in poll.select():
        s = key.fileobj
        try:
            if s.type == socket.SOCK_STREAM:
                c, peer = s.accept()
                c.sendall(peer[0].encode() + b"\n")
                c.close()
            else:
                data, peer = s.recvfrom(2048)
                s.sendto(peer[0].encode(), peer)
        except OSError:
            pass
END
# ask PROTOCOL ADDRESS PORT: yes, refused (at once), or timeout
cat > /var/lib/ask <<'END'
#!/usr/bin/env python3
import socket, sys
protocol, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                  socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
s.settimeout(4)
try:
    s.connect((address, port))
    if protocol == "udp":
        s.send(b"x")
    print("yes" if s.recv(99) else "closed")
except TimeoutError:
    print("timeout")
except OSError as e:
    print("refused")
END
chmod 755 /var/lib/serve /var/lib/ask
ip netns attach self $$
for ns in upstream self; do
        case $ns in
        upstream) export ADDRESSES="192.0.2.2 192.0.2.3 169.254.169.254 2001:db8::2 fd00:ec2::254" ;;
        self) export ADDRESSES="10.82.0.1 192.0.2.1 fd82::1 2001:db8::1" ;;
        esac
        ip netns exec $ns python3 /var/lib/serve - 53 8001 8002 8003 8004 8005 > "$LAB_DIR/serve-$ns" 2>&1 &
        wait_for 10 grep -qs up "$LAB_DIR/serve-$ns"
done
unset ADDRESSES
for u in alice bob carol dave; do hold $u $u; done
su carol -c '/var/lib/serve cell 8010 8011 8012'
su dave -c '/var/lib/serve cell 8010'

address() { bus_get "$(cells_of "$1")" Addresses | awk -v n="$2" '{ print $(n + 1) }'; }
for u in alice bob carol dave; do
        eval "${u}4=$(address $u 1) ${u}6=$(address $u 2)"
done

# says USER WANTED PROTOCOL ADDRESS PORT [PLACE]: what traffic does, what net test says it does, and where that
# stands. They are two implementations of one decision.
says() {
        like "$1 to $3 $4 port $5: $2" "$(su "$1" -c "/var/lib/ask $3 $4 $5")" "^$2\$"
        said=$(ctl net test "$(cells_of "$1")" "$3:[$4]:$5" 2>&1)
        case $2 in yes) verdict=': passes' ;; *) verdict=': refused' ;; esac
        like "... net test agrees" "$said" "$verdict"
        [ -z "${6:-}" ] || like "... and says by what" "$said" "$6"
}

# --- to the world -----------------------------------------------------------------------------------------
says alice yes tcp 192.0.2.2 8001 'Egress=allow \(the default\)'
says alice yes udp 2001:db8::2 8005
says bob yes tcp 192.0.2.2 8001 'EgressAllow=tcp:8001@192\.0\.2\.0/24 \(.*/20-tight\.ini:9\)'
says bob refused tcp 192.0.2.2 8002 'Egress=deny \(.*/20-tight\.ini:8\)'
says bob yes tcp 2001:db8::2 8002 '20-tight\.ini:10\)'
says bob refused tcp 2001:db8::2 8003
says bob yes udp 192.0.2.2 8004 '20-tight\.ini:11\)'
says bob yes udp 2001:db8::2 8004
says bob refused udp 192.0.2.2 8005
says bob yes udp 192.0.2.3 53 'name server'
says bob refused udp 192.0.2.2 53
check "bob pings" su bob -c 'ping -q -c1 -W5 192.0.2.2'
check "bob pings, IPv6" su bob -c 'ping -q -c1 -W5 2001:db8::2'
check "dave does not ping: EgressDeny=any" sh -c "! su dave -c 'ping -q -c1 -W2 192.0.2.2'"
says dave refused tcp 192.0.2.2 8001 'EgressDeny=any@192\.0\.2\.0/24 \(.*/40-deny\.ini:6\)'
says dave yes tcp 192.0.2.2 8002 '40-deny\.ini:7\)'
says dave refused tcp 2001:db8::2 8001
says dave yes tcp 2001:db8::2 8003

# --- metadata services ------------------------------------------------------------------------------------
for a in 169.254.169.254 fd00:ec2::254; do
        is "$a answers the host (the test can succeed)" "$(/var/lib/ask tcp $a 8001)" yes
        says alice refused tcp $a 8001 'metadata service'
        says bob yes tcp $a 8001 '20-tight\.ini:12\)'
        says bob refused tcp $a 8002
done

# --- the host ---------------------------------------------------------------------------------------------
for a in 10.82.0.1 fd82::1 192.0.2.1 2001:db8::1; do
        says alice refused tcp $a 8003 'it is the host itself'
        says bob yes tcp $a 8003 '20-tight\.ini:12\)'
        says bob refused tcp $a 8001
done
says bob refused udp 10.82.0.1 8004 # udp:8004 is for the world

# --- cell to cell, world to cell --------------------------------------------------------------------------
says alice yes tcp "$carol4" 8010 'IngressAllow=tcp:8010@10\.82\.0\.0/24 \(.*30-server\.ini:6\)'
says alice yes tcp "$carol6" 8010
says alice refused tcp "$carol4" 8012 'Ingress=deny'
says alice refused udp "$carol6" 8010
says bob refused tcp "$carol4" 8010 'Egress=deny' # bob's own policy
says alice yes tcp "$dave4" 8010 'Ingress=allow \(.*40-deny\.ini:8\)'
says dave refused tcp "$alice4" 8001 'Ingress=deny \(the default\)'
from_world() { ip netns exec upstream /var/lib/ask "$@"; }
is "world to carol's open port" "$(from_world tcp "$carol4" 8011) $(from_world tcp "$carol6" 8011)" "yes yes"
is "world to what is for cells" "$(from_world tcp "$carol4" 8010) $(from_world tcp "$carol6" 8010)" "refused refused"
is "world to dave, Ingress=allow" "$(from_world tcp "$dave4" 8010) $(from_world udp "$dave6" 8010)" "yes yes"
is "world to alice" "$(from_world tcp "$alice4" 8001)" refused

# --- what is shown ----------------------------------------------------------------------------------------
bob=$(cells_of bob)
shown=$(ctl net status "$bob")
like "net status: addresses" "$shown" "Addresses: $bob4"
like "net status: the cell's own routes" "$shown" 'Routes: default via 10\.82\.0\.1'
like "net status: a rule in words, with its packets" "$shown" \
        'to others: tcp port 8001 to 192\.0\.2\.0/24 +let pass +EgressAllow=tcp:8001@192\.0\.2\.0/24 +[1-9]'
like "net status: what is refused" "$shown" 'to others: all else +refused +Egress=deny +[1-9]'
denied() { ctl net status "$bob" --json=short | jq .DeniedOut; }
before=$(denied)
su bob -c '/var/lib/ask tcp 192.0.2.2 8002' > /dev/null
is "net status: one more refused" "$(denied)" $((before + 1))
check "net test --json" sh -c "'$build/confinectl' --runtime-dir=/run/confine --json=short net test $bob tcp:192.0.2.2:8001 |
        jq -e '.[0].Passes and .[0].Steps[0].Line == 9'"
passed() { ctl net status "$bob" --json=short | jq '[.Rules[] | .Packets] | add'; }
before="$(denied) $(passed)"
bus_reload
is "net status: a reload leaves the counters as they are" "$(denied) $(passed)" "$before"
like "net test: no port" "$(ctl net test "$bob" tcp:192.0.2.2 2>&1)" 'takes a cell and tcp:HOST:PORT'
like "explain shows the keys" "$(ctl explain --user bob)" 'EgressAllow=tcp:8001@192\.0\.2\.0/24 tcp:8000'
link() { bus_get "$(cells_of "$1")" Link; }
set_of() { nft list set inet "$instance" "$1"; }
like "LogDenied=yes" "$(set_of logged-out)" "$(link bob)"
isnt "and only there" "$(set_of logged-out | grep -c "$(link alice)")" 1
map_of() { nft list map inet "$instance" "$1"; }
for kind in out in spoofed; do
        chain=$(map_of logs-$kind | grep -oE "\"$(link bob)\" : jump log-$kind-20-tight-[0-9a-f]+" | awk '{ print $4 }')
        like "... by a line of the policy's own: $kind" "$(nft list chain inet "$instance" "$chain")" \
                'log prefix "confine: [a-z ]+ cell of 20-tight: " level info'
done
is "... whose chains other policies do without" "$(nft list table inet "$instance" | grep -c 'chain log-')" 3

# --- names ------------------------------------------------------------------------------------------------
is "DNS= and Domains=" "$(su bob -c 'grep -v "^#" /etc/resolv.conf' | tr '\n' ';')" \
        "nameserver 192.0.2.3;search example.org lab.example.org;"
is "a stub resolver: its upstreams, the host's search list" "$(su alice -c 'grep -v "^#" /etc/resolv.conf' | tr '\n' ';')" \
        "nameserver 192.0.2.2;nameserver 2001:db8::2;search host.example;"
like "ip netns sees the cells" "$(ip netns list)" "$instance-$bob"
is "... and is in them" "$(ip netns exec "$instance-$bob" readlink /proc/self/ns/net)" \
        "$(su bob -c 'readlink /proc/self/ns/net')"
wait_for 10 grep -qs "^$dave6 " /run/confine/hosts
like "HostsFile=" "$(cat /run/confine/hosts)" "^$bob4 bob\.20-tight $bob\$"

# --- MaxConnections= --------------------------------------------------------------------------------------
lab_flood
tracked() { cat /proc/sys/net/netfilter/nf_conntrack_count; }
hold erin erin
before=$(tracked)
su erin -c '/var/lib/flood 192.0.2.2 40000'
grown=$(($(tracked) - before))
check "40000 UDP flows of one cell leave at most 4096 in the host's table ($grown)" test $grown -le 4150
check "... and those are there (the test can fail)" test $grown -ge 3500
like "the flooding cell is at its limit" "$(su erin -c '/var/lib/ask tcp 192.0.2.2 8001')" refused
is "others are not" "$(su alice -c '/var/lib/ask tcp 192.0.2.2 8001')" yes
hold frank frank
before=$(tracked)
su frank -c '/var/lib/flood 2001:db8::2 200'
grown=$(($(tracked) - before))
check "MaxConnections=20, IPv6 ($grown)" test $grown -le 40 -a $grown -ge 15
init=$(bus_get "$(cells_of frank)" InitPID)
kill -STOP "$manager"
nft flush set inet "$instance" connections # the defence taken away, and nobody to put it back
before=$(tracked)
nsenter -t "$init" -n /var/lib/flood 192.0.2.2 9000
grown=$(($(tracked) - before))
kill -CONT "$manager"
check "without it the flows fill the table ($grown)" test $grown -ge 8000
let_go erin; let_go frank

# --- others at our table ----------------------------------------------------------------------------------
repaired() { # N: so many times
        [ "$(grep -c 'Made the nftables table .* anew' "$LAB_DIR/log")" -ge "$1" ]
}
check "a flushed set (above) is noticed and made again" wait_for 20 repaired 1
is "... and nothing else has been taken for a stranger's work" "$(grep -c 'has changed the nftables' "$LAB_DIR/log")" 1
like "... and who did it is said" "$(cat "$LAB_DIR/log")" 'nft \([0-9]+\) has changed the nftables table'
init=$(bus_get "$bob" InitPID)
whole() { # without a login: the manager may be away
        for to in "192.0.2.2 8002" "192.0.2.2 8001" "10.82.0.1 8001"; do
                nsenter -t "$init" -n sh -c "/var/lib/ask tcp $to"
        done | tr '\n' ' '
}
foreign() { # N COMMAND...
        n=$1
        shift
        nft "$@"
        check "nft $1 $2: repaired" wait_for 20 repaired "$n"
        is "... and filters as before" "$(whole)" "refused yes refused "
}
is "before" "$(whole)" "refused yes refused "
nft flush chain inet "$instance" refuse
check "a flushed chain" wait_for 20 repaired 2
bob_link=$(link bob)
kill -STOP "$manager"
nft flush ruleset
is "with the table flushed and nobody to repair it, all is open (the attack works)" "$(whole)" "yes yes yes "
is "... cell to cell, too" "$(nsenter -t "$init" -n /var/lib/ask tcp "$carol4" 8012)" yes
echoes() { ip netns exec upstream nft list counter inet seen echo | awk '/packets/ { print $2 }'; }
ip netns exec upstream nft 'add table inet seen; add counter inet seen echo; add chain inet seen in { type filter hook prerouting priority -400; };
        add rule inet seen in ip saddr 10.82.0.99 counter name echo; add rule inet seen in ip6 saddr fd82::99 counter name echo'
nsenter -t "$init" -n sh -c 'ip addr add 10.82.0.99/32 dev eth0; ip addr add fd82::99/128 dev eth0 nodad'
spoof() { # what upstream sees of six packets
        before=$(echoes)
        nsenter -t "$init" -n sh -c 'ping -q -c3 -i0.2 -W1 -I 10.82.0.99 192.0.2.2; ping -q -c3 -i0.2 -W1 -I fd82::99 2001:db8::2' > /dev/null 2>&1
        echo $(($(echoes) - before))
}
echo 0 > "/proc/sys/net/ipv4/conf/$bob_link/rp_filter"
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
is "... and a cell speaks as another one" "$(spoof)" 6
kill -CONT "$manager"
check "flush ruleset: repaired when the manager goes on" wait_for 20 repaired 3
is "... and filters as before" "$(whole)" "refused yes refused "
is "... and what is spoofed is dropped" "$(spoof)" 0
foreign 4 delete table inet "$instance"
foreign 5 insert rule inet "$instance" from-cell accept
foreign 6 flush map inet "$instance" from-cells
nft add table inet foreign
nft add chain inet foreign forward '{ type filter hook forward priority 10; }'

# --- restart and reload -----------------------------------------------------------------------------------
manager_kill KILL
is "without a manager: filtered" "$(whole)" "refused yes refused "
manager_start
is "after a restart: filtered" "$(whole)" "refused yes refused "
like "... and the line is still known" "$(ctl net test "$bob" tcp:192.0.2.2:8001)" '20-tight\.ini:9\)'

# While policies are reloaded, what is refused stays refused, and what passes passes.
cat > /var/lib/probe <<'END'
#!/usr/bin/env python3
# Until the file is gone: connections to a refused and to an open port; says what went wrong.
import os, socket, sys
n = leaks = losses = 0
while os.path.exists(sys.argv[1]):
    for port, wanted in ((8002, False), (8001, True)):
        try:
            socket.create_connection(("192.0.2.2", port), 4).close()
            leaks += not wanted
        except OSError:
            losses += wanted
    n += 1
print("enough" if n >= 10 else n, leaks, losses)
END
chmod 755 /var/lib/probe
probe() { # COMMAND: while it runs
        touch /var/lib/probing
        nsenter -t "$init" -n /var/lib/probe /var/lib/probing > "$LAB_DIR/probed" &
        probe=$!
        "$@"
        rm /var/lib/probing
        wait $probe
}
reloads() {
        for i in 1 2 3 4 5 6 7 8; do
                sed -i "s/^EgressAllow=udp:.*/EgressAllow=udp:$((9000 + i))/" /etc/confine/policies/20-tight.ini
                bus_reload
        done
}
init=$(bus_get "$bob" InitPID)
probe reloads
is "eight reloads: leaks, losses" "$(cat "$LAB_DIR/probed")" "enough 0 0"
remakes() {
        for i in 1 2 3; do
                nft add rule inet "$instance" to-cell accept
                wait_for 20 repaired $((6 + i))
        done
}
# Packets that are just between the old rules and the new are refused, none passes.
probe remakes
is "three times the whole table is made anew: no leak" "$(cut -d' ' -f1,2 "$LAB_DIR/probed")" "enough 0"
says bob yes udp 192.0.2.2 8004 # as when the cell was made
is "... but its file says otherwise now: no line" "$(ctl net test "$bob" udp:192.0.2.2:8004 | grep -c 20-tight.ini)" 0
chains() { nft list chains inet | grep -c 'chain out-20-tight-'; }
is "one version of the policy is in use" "$(chains)" 1
let_go bob
wait_for 20 sh -c "! [ -e /run/confine/cells/$bob ]"
isnt "the name is gone from ip netns" "$(ip netns list | grep -c "$instance-$bob")" 1
hold bob bob
bob=$(cells_of bob)
says bob refused udp 192.0.2.2 8004 # the new version
says bob yes tcp 192.0.2.2 8001
is "both versions' chains" "$(chains)" 2
bus_reload
is "after a reload only the one in use" "$(chains)" 1

rules() { nft -a list table inet "$instance" | grep -c '# handle'; }
hold g1 gina
n=$(rules)
hold g2 gina
hold g3 gina
is "three cells of a policy" "$(cells_of gina | wc -l)" 3
is "... have no more rules than one" "$(rules)" "$n"
for i in 1 2 3; do let_go g$i; done
# A manager that dies, and a cell that dies while there is none
alice=$(cells_of alice)
pid=$(bus_get "$alice" InitPID)
manager_kill KILL
ln -s /proc/1/ns/net "/run/netns/$instance-c00000000dead"
kill -KILL "$pid"
manager_start
wait_for 20 sh -c "! [ -e /run/confine/cells/$alice ]"
is "after a crash no name of a dead cell is left" "$(ip netns list | grep -cE "$alice|dead")" 0
nft list table inet foreign > /dev/null
ok $? "foreign tables are left alone"
nft delete table inet foreign
for u in alice bob carol dave; do let_go $u; done
wait_for 20 no_cells
check "hosts has no cell any more" wait_for 10 sh -c '! grep -q "^[0-9]" /run/confine/hosts'
is "no element of a cell is left" "$(nft list table inet "$instance" | grep -c 'cf[0-9a-f]\{12\}')" 0

printf '[Match]\nUser=alice\n[Network]\nMode=bridge\nBridge=br0\nPool=10.83.0.0/24\nEgress=deny\n' > /var/lib/bridged.ini
like "Egress= is refused where it would not be done" "$(ctl verify /var/lib/bridged.ini 2>&1)" \
        'bridged\.ini:4: \[Network\] Mode=: .*Mode=routed only'

# A resolv.conf that leads nowhere yet.
wait_for 20 no_cells
rm /etc/resolv.conf
ln -s /run/nowhere/resolv.conf /etc/resolv.conf
like "a dangling resolv.conf: DNS= is there all the same" "$(su bob -c 'cat /etc/resolv.conf')" 'nameserver 192\.0\.2\.3'
is "... and without DNS= a login is not refused" "$(su alice -c 'echo in')" in
# ... or by a link that a service owns, as systemd-resolved's without a stub.
check "(in a new cell)" wait_for 20 no_cells
mkdir /run/nowhere
printf 'nameserver 192.0.2.9\n' > /run/nowhere/upstream
ln -s upstream /run/nowhere/resolv.conf
chown -hR 65534:65534 /run/nowhere
like "a link of a service's as resolv.conf: DNS= is there all the same" "$(su bob -c 'cat /etc/resolv.conf')" 'nameserver 192\.0\.2\.3'
is "... the service's own stays what it is" "$(cat /run/nowhere/resolv.conf)" "nameserver 192.0.2.9"
rm -r /run/nowhere
lab_done
