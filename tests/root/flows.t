#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Flows end with the cell or service that has them, or when it may not have them any more.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_pam
for u in alice bob carol dave erin frank; do lab_user $u $((uid = ${uid:-2100} + 1)); done
lab_upstream

# alice and bob, carol and dave, erin and frank have one address to give to each other.
policy 10-out <<'END'
[Match]
User=alice
[Network]
Pool=10.81.0.0/30 fd81::/126
Address=10.81.0.2 fd81::2
END
policy 11-out <<'END'
[Match]
User=bob
[Network]
Pool=10.81.0.0/30 fd81::/126
Address=10.81.0.2 fd81::2
Egress=deny
END
policy 20-in <<'END'
[Match]
User=carol
[Network]
Pool=10.82.0.0/30 fd82::/126
Address=10.82.0.2 fd82::2
Port=udp:8080:5000
END
policy 21-in <<'END'
[Match]
User=dave
[Network]
Pool=10.82.0.0/30 fd82::/126
Address=10.82.0.2 fd82::2
END
policy 30-bridge <<'END'
[Match]
User=erin frank
[Network]
Mode=bridge
Bridge=br-own
Pool=10.83.0.0/30
END
service() { # EGRESS
        policy 40-service <<-END
		[Match]
		Unit=web.service
		[Network]
		Pool=10.84.0.0/30
		Egress=$1
	END
}
service allow
manager_start

# Sends to whoever has said something at port 6000, every 20 ms; /var/lib/udp is what cells run.
for ns in 192.0.2.2 2001:db8::2; do
        ip netns exec upstream python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 6000)); s.settimeout(0.02); peers = set(); print("up", flush=True)
while True:
    try: peers.add(s.recvfrom(100)[1])
    except OSError: pass
    for p in peers:
        try: s.sendto(b"secret", p)
        except OSError: pass' $ns > "$LAB_DIR/secrets-$ns" &
        wait_for 10 grep -q up "$LAB_DIR/secrets-$ns"
done
cat > /var/lib/udp <<'END'
#!/usr/bin/env python3
# udp VERB ADDRESS: at port 5000; "ask" says something first
import socket, sys
a = sys.argv[2]
s = socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000)); s.settimeout(1)
try:
    if sys.argv[1] == "ask": s.sendto(b"me", (a, 6000))
    print(s.recv(100).decode(), flush=True)
except OSError as e: print(type(e).__name__, flush=True)
END
chmod 755 /var/lib/udp
by() { su "$1" -c "$2" 2> /dev/null; wait_for 20 no_cells; }
address_of() { by "$1" "ip -br addr show eth0" | awk '{ print $3, $4 }'; }

# --- what is sent to the one before ------------------------------------------------------------------------
is "two users of one address" "$(address_of alice)" "$(address_of bob)"
for a in 192.0.2.2 2001:db8::2; do
        is "$a: who asks is answered" "$(by alice "/var/lib/udp ask $a")" secret
        is "$a: the next one gets nothing of it" "$(by bob "/var/lib/udp hear $a")" TimeoutError
        is "$a: nor can they go on with it, with Egress=deny" "$(by bob "/var/lib/udp ask $a")" TimeoutError
done
is "over a bridge: who asks is answered" "$(by erin "/var/lib/udp ask 192.0.2.2")" secret
is "over a bridge: the next one gets nothing of it" "$(by frank "/var/lib/udp hear 192.0.2.2")" TimeoutError

# --- a published port ----------------------------------------------------------------------------------------
for a in 192.0.2.1 2001:db8::1; do
        ip netns exec upstream python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7000))
while True:
    try: s.sendto(b"for carol", (sys.argv[1], 8080))
    except OSError: pass # the port leads nowhere just now
    time.sleep(0.02)' $a &
        client=$!
        is "$a: a published port" "$(by carol "/var/lib/udp hear $a")" "for carol"
        is "$a: its flow ends with the cell" "$(by dave "/var/lib/udp hear $a")" TimeoutError
        kill $client
        wait $client 2> /dev/null
done

# --- a service, whose policy changes ------------------------------------------------------------------------
ready() { ctl --no-legend services | grep -q 'web.service.*ready'; }
in_ns() { nsenter --net=/run/confine/netns/web.service "$@"; }
mkfifo "$LAB_DIR/in" "$LAB_DIR/answers"
in_ns python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
for line in sys.stdin:
    s.setblocking(False)
    try:
        while True: s.recv(100) # of before
    except OSError: pass
    s.settimeout(1)
    try: s.sendto(b"me", ("192.0.2.2", 6000)); print(s.recv(100).decode(), flush=True)
    except OSError as e: print(type(e).__name__, flush=True)' < "$LAB_DIR/in" > "$LAB_DIR/answers" &
asker=$!
exec {in}> "$LAB_DIR/in" {answers}< "$LAB_DIR/answers"
ask() { echo >&$in; read -r -t 10 line <&$answers; echo "$line"; }
is "service: who asks is answered" "$(ask)" secret
bus_reload
is "service: a reload that changes nothing ends nothing" "$(ask)" secret
service deny
bus_reload
wait_for 10 ready
isnt "service: a flow that may not be any more has ended" "$(ask)" secret
service allow
bus_reload
wait_for 10 ready
is "service: and comes again" "$(ask)" secret
exec {in}>&- {answers}<&-
wait $asker
rm /etc/confine/policies/40-service.ini
bus_reload
gone() { [ ! "$(ctl --no-legend services)" ]; }
wait_for 20 gone
lab_done
