#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# BandwidthUp= and BandwidthDown=: what gets through in 10 s, TCP and UDP, both families, and changed live.
# The world is a namespace "upstream"; rates are of whole frames, so the payload is scaled up by the headers.

. "$(dirname "$0")/../lib.sh"
lab_alone=-x
lab_enter "$@"
lab_overlay
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2300} + 1)); done
lab_pam

lab_upstream

policy 10-shaped <<'END'
[Match]
User=alice
[Network]
Pool=10.81.0.0/24 fd81::/64
BandwidthUp=20M
BandwidthDown=30M
END
policy 15-sums <<'END'
[Match]
User=carol dave
[Cell]
Scope=session
[Network]
Pool=10.83.0.0/24 fd83::/64
[UserResources]
BandwidthUp=16M
[PolicyResources]
BandwidthUp=24M
BandwidthDown=30M
END
policy 20-free <<'END'
[Match]
User=bob
[Network]
Pool=10.82.0.0/24 fd82::/64
END
manager_start

cat > /var/lib/flow <<'END'
#!/usr/bin/env python3
"""flow serve | flow up|down tcp|udp ADDRESS SECONDS: prints bit/s of frames as the receiver saw them"""
import socket, sys, threading, time
SIZE = 1200

def headers(v6): return 14 + (40 if v6 else 20)

def take(s, seconds): # skips half a second of beginning
    n, began, start, now = 0, None, None, 0
    while True:
        try: data = s.recv(65536)
        except socket.timeout: break
        now = time.monotonic()
        if not data: break
        start = start or now
        if began is None:
            if now - start > 0.5: began = now
            continue
        n += len(data)
        if now - began >= seconds: break
    return n, (now - began) if began else 0

def rate(n, t, udp, v6):
    frame, payload = ((SIZE + 8 + headers(v6), SIZE) if udp else
                      (1500 + 14, 1500 - (40 if v6 else 20) - 32))
    return int(n * 8 / max(t, 0.001) * frame / payload)

def blast(send, seconds, pause):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try: send(b"x" * (SIZE if pause else 65536))
        except OSError as e:
            if e.errno not in (105, 11): break # ENOBUFS: the queue is full
        if pause: time.sleep(pause)

def tcp(c, v6):
    with c:
        word, seconds = c.recv(16).split()
        c.settimeout(5)
        if word == b"up":
            answer = b"%d\n" % rate(*take(c, float(seconds)), False, v6)
            while c.recv(65536): pass
            c.sendall(answer)
        else: blast(c.sendall, float(seconds), 0)

def tcp_server(v6):
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("2001:db8::2" if v6 else "192.0.2.2", 9000))
    s.listen(9)
    print("up", flush=True)
    while True: threading.Thread(target=tcp, args=(s.accept()[0], v6)).start()

def udp_server(v6):
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("2001:db8::2" if v6 else "192.0.2.2", 9000))
    print("up", flush=True)
    while True:
        s.settimeout(None)
        word, peer = s.recvfrom(2000)
        if not word.startswith((b"up", b"down")): continue
        word, seconds = word.split()
        s.settimeout(2)
        if word == b"down":
            blast(lambda d: s.sendto(d, peer), float(seconds) + 2, 0.0001)
            continue
        n, t = take(s, float(seconds))
        time.sleep(2)
        s.sendto(b"%d\n" % rate(n, t, True, v6), peer)

if sys.argv[1] == "serve":
    for f in tcp_server, udp_server:
        for v6 in False, True: threading.Thread(target=f, args=(v6,)).start()
else:
    way, kind, address, seconds = sys.argv[1:5]
    v6, udp, seconds = ":" in address, kind == "udp", float(seconds)
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    s.settimeout(seconds + 15)
    s.connect((address, 9000))
    s.send(f"{way} {seconds}".encode().ljust(16))
    if way == "down":
        print(rate(*take(s, seconds if udp else seconds - 0.6), udp, v6))
    else:
        blast(s.send if udp else s.sendall, seconds + 1, 0.0001 if udp else 0)
        if not udp: s.shutdown(socket.SHUT_WR)
        print(int(s.recv(99)))
END
chmod 755 /var/lib/flow
ip netns exec upstream /var/lib/flow serve > "$LAB_DIR/serve" 2>&1 &
wait_for 10 sh -c "[ \"\$(grep -c up $LAB_DIR/serve)\" = 4 ]"

flow() {
        u=$1
        shift
        su "$u" -c "timeout 60 /var/lib/flow $*" 2>&1 | tee "$LAB_DIR/flow" | grep -x '[0-9]*' || echo 0
}
# within NAME WANTED GOT: 5 %
within() {
        [ $(($3 * 100)) -ge $(($2 * 95)) ] && [ $(($3 * 100)) -le $(($2 * 105)) ]
        ok $? "$1: $3 of $2 bit/s"
        [ "$3" != 0 ] || sed "s/^/# /" "$LAB_DIR/flow" "$LAB_DIR/serve"
}
above() { # NAME MINIMUM GOT
        [ "$3" -gt "$2" ]
        ok $? "$1: $3 bit/s"
}

hold a alice
hold b bob
cell=$(cells_of alice)
above "a cell without limits is faster than all of them" 60000000 "$(flow bob up tcp 192.0.2.2 2)"
within "TCP up, IPv4" 20000000 "$(flow alice up tcp 192.0.2.2 10)"
within "TCP down, IPv6" 30000000 "$(flow alice down tcp 2001:db8::2 10)"
within "UDP up, IPv6" 20000000 "$(flow alice up udp 2001:db8::2 10)"
within "UDP down, IPv4" 30000000 "$(flow alice down udp 192.0.2.2 10)"

# --- root of the cell's network can't take it away -----------------------------------------------
init=$(bus_get "$cell" InitPID)
nsenter -t "$init" -n tc qdisc replace dev eth0 root pfifo limit 1000
nsenter -t "$init" -n tc qdisc del dev eth0 ingress 2> /dev/null
within "after all queues in the cell were replaced" 20000000 "$(flow alice up tcp 192.0.2.2 4)"

# --- live ----------------------------------------------------------------------------------------
check "set-property changes a rate" ctl set-property --runtime "$cell" BandwidthUp=10M
within "... at once" 10000000 "$(flow alice up tcp 2001:db8::2 10)"
check "both directions together, and permanently" ctl set-property "$cell" BandwidthUp=8M BandwidthDown=infinity TasksMax=200
within "up" 8000000 "$(flow alice up tcp 192.0.2.2 10)"
above "down: infinity takes a limit away" 45000000 "$(flow alice down tcp 192.0.2.2 3)"
like "the drop-in has both sections" "$(tr '\n' ' ' < /etc/confine/policies/10-shaped.ini.d/50-set-property.ini)" \
        '\[Resources\] TasksMax=200 \[Network\] BandwidthUp=8M BandwidthDown=infinity'
link=$(sed -n 's/^Link=//p' "/run/confine/cells/$cell")
check "a limit where there was none" ctl set-property --runtime "$(cells_of bob)" BandwidthUp=12M
within "... holds" 12000000 "$(flow bob up tcp 192.0.2.2 5)"
check "and is taken away" ctl set-property --runtime "$(cells_of bob)" BandwidthUp=
is "... with its link" "$(ip -o link show type ifb | wc -l)" 1
like "too little is refused" "$(ctl set-property "$cell" BandwidthUp=10 2>&1)" 'out of range \(64K to 100G'
like "nonsense is refused" "$(ctl set-property "$cell" BandwidthUp=fast 2>&1)" 'no bandwidth in bits per second'

# --- sums ----------------------------------------------------------------------------------------
# together "USER ARGUMENTS"...: their flows at the same time, each by a login, and so a cell, of its own
together() {
        for i in $(seq $#); do
                flow_of=${!i}
                su "${flow_of%% *}" -c "timeout 60 /var/lib/flow ${flow_of#* }" > "$LAB_DIR/flow$i" 2>&1 &
                flow_pids[i]=$!
        done
        wait "${flow_pids[@]}"
        sum=0
        for i in $(seq $#); do
                rates[i]=$(grep -x '[0-9]*' "$LAB_DIR/flow$i" || echo 0)
                sum=$((sum + rates[i]))
        done
}
trees() { ip -br link show type ifb | grep -c 's00000[0-9][ud]'; }
no_trees() { [ "$(trees)" = 0 ]; }
together "carol up tcp 192.0.2.2 10" "carol up udp 2001:db8::2 10"
within "two cells of a user, up" 16000000 $sum
above "... neither is starved: TCP" 4000000 "${rates[1]}"
above "... UDP" 4000000 "${rates[2]}"
together "carol up tcp 192.0.2.2 10" "carol up tcp 192.0.2.2 10" "dave up tcp 2001:db8::2 10"
within "two users under a policy, up" 24000000 $sum
[ "${rates[3]}" -gt 10000000 ]
ok $? "... users get even parts, whatever number of cells they have: ${rates[*]}"
together "carol down udp 192.0.2.2 10" "dave down tcp 2001:db8::2 10"
within "two users under a policy, down" 30000000 $sum
wait_for 10 no_trees
is "the links of a sum go with its last cell" "$(trees)" 0
hold c carol
is "... and come with the next" "$(trees)" 2
third=$(cells_of carol)
check "a cell's own limit within the sums" ctl set-property --runtime "$third" BandwidthDown=6M
like "... is a limit of its class" "$(tc class show dev "$(ip -br link show type ifb | grep -o '^[a-z0-9]*s00000[0-9]d')")" \
        'parent 1:2 leaf.* ceil 6Mbit'
manager_kill KILL
manager_start
is "the links of a sum survive a crash of the manager" "$(trees)" 2
hold d dave
is "... and the next cell joins them" "$(trees)" 2
is "... with a class of its own" "$(tc class show dev "$(ip -br link show type ifb | grep -o '^[a-z0-9]*s00000[0-9]d')" | wc -l)" 5
let_go c
let_go d
check "with the last one they are gone" wait_for 20 no_trees
printf '[Match]\nUser=nobody\n[Network]\nMode=host\n[UserResources]\nBandwidthUp=1M\n' | policy 30-sums
like "sums that nobody would hold are refused" "$(ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" verify 2>&1)" \
        "BandwidthUp.*can't be held with Mode=host"
printf '[Match]\nUser=nobody\n[Network]\nPool=10.84.0.0/24\nBandwidthDown=1M\n' | policy 30-sums
verify() { ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" verify 2>&1; }
is "what the host can do is no mistake" "$(verify | grep -c 30-sums)" 0
cat > "$LAB_DIR/verify" <<END
#!/bin/sh
exec strace -f -o /dev/null -e inject=bpf:error=ENOSYS $build/confinectl --runtime-dir=/run/confine --config-dir=/etc/confine --vendor-dir=$LAB_DIR/vendor verify
END
chmod 755 "$LAB_DIR/verify"
like "a kernel without the filter is noticed before anybody logs in" "$("$LAB_DIR/verify" 2>&1)" \
        "BandwidthUp=.*the kernel can't hold bandwidth"
rm -f /etc/confine/policies/30-sums.ini

# --- restart and leftovers -----------------------------------------------------------------------
gone() { ! ip link show "$1" > /dev/null 2>&1; }
manager_kill KILL
ip link add "${link}x" type ifb
manager_start
within "after a crash of the manager" 8000000 "$(flow alice up tcp 192.0.2.2 10)"
check "a live cell's link for shaping survives the sweep" ip link show "${link}u"
check "nobody's does not" wait_for 10 gone "${link}x"
check "... and rates still change" ctl set-property --runtime "$cell" BandwidthUp=16M
within "..." 16000000 "$(flow alice up tcp 2001:db8::2 4)"
manager_kill KILL
kill -9 "$init"
manager_start
check "a cell that died meanwhile leaves no link" wait_for 20 gone "${link}u"
let_go a
let_go b
lab_done
