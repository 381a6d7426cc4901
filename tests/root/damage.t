#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What others do to the host's side of the network is noticed and repaired, or shown; pools that overlap with the host's
# networks are refused.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_pam
for u in alice bob carol dave; do lab_user $u $((uid = ${uid:-2100} + 1)); done
lab_upstream
lab_ask
lab_bridge
policy 10-routed <<'END'
[Match]
User=alice
[Network]
Pool=10.81.0.0/24 fd81::/64
BandwidthDown=100M
[Resources]
TasksMax=50
END
policy 20-own <<'END'
[Match]
User=bob
[Network]
Mode=bridge
Bridge=br-own
Pool=10.82.0.0/24
END
policy 30-hosts <<'END'
[Match]
User=carol
[Network]
Mode=bridge
Bridge=br0
Gateway=10.84.0.1
Pool=10.84.0.0/24
END
policy 40-service <<'END'
[Match]
Unit=web.service
[Network]
Pool=10.85.0.0/24
END
serve upstream 192.0.2.2 8001
serve upstream 2001:db8::2 8002
serve station 10.84.0.1 8003
manager_start
for u in alice bob carol; do hold $u $u; eval "$u=\$(cells_of $u)"; done
net_of() { nsenter -t "$(sed -n 's/^InitPid=//p' "/run/confine/cells/$1")" -n "${@:2}"; }
link_of() { sed -n 's/^Link=//p' "/run/confine/cells/$1"; }
reaches() { [ "$(net_of "$1" /var/lib/ask "$2" "$3")" = "$4" ]; }
service_reaches() { [ "$(nsenter --net=/run/confine/netns/web.service /var/lib/ask 192.0.2.2 8001)" = 192.0.2.1 ]; }
all_reach() {
        reaches "$alice" 192.0.2.2 8001 192.0.2.1 && reaches "$alice" 2001:db8::2 8002 2001:db8::1 &&
                reaches "$bob" 192.0.2.2 8001 192.0.2.1 && reaches "$carol" 10.84.0.1 8003 "$(bus_get "$carol" Addresses | awk '{ print $2 }')" &&
                service_reaches
}
said() { grep -q "$1" "$LAB_DIR/log"; }
check "before: all reach what they should" all_reach

damage() { # NAME COMMAND...: each is repaired, with all that hangs on it
        "${@:2}" > /dev/null
        check "$1: repaired" wait_for 20 all_reach
        wait_for 20 idle
}
damage "ip_forward is off" sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'
check "... which is said" said 'Somebody has turned off forwarding'
damage "IPv6 forwarding is off" sh -c 'echo 0 > /proc/sys/net/ipv6/conf/all/forwarding'
gateway=$(ip -o link show | grep -oE 'cg[0-9a-f]{4}' | head -1)
damage "a gateway's address is gone" ip addr del 10.81.0.1/32 dev "$gateway"
check "... which is said" said "Interface $gateway was removed, set down, or has lost an address"
damage "an IPv6 gateway's address is gone" ip addr del fd81::1/128 dev "$gateway"
damage "the gateways' interface is down" ip link set "$gateway" down
damage "the gateways' interface is gone" ip link del "$gateway"
damage "a cell's interface is down" ip link set "$(link_of "$alice")" down
check "... which is said" said "Interface $(link_of "$alice") of cell $alice of alice was removed or set down"
damage "a cell's interface was down for a moment" sh -c "ip link set $(link_of "$alice") down; ip link set $(link_of "$alice") up"
damage "a cell's interface is gone" ip link del "$(link_of "$alice")"
like "... its bandwidth is limited as before" "$(tc qdisc show dev "$(link_of "$alice")")" 'tbf.*100Mbit'
damage "a cell's port is down" ip link set "$(link_of "$bob")" down
damage "a cell's port is gone" ip link del "$(link_of "$bob")"
damage "a bridge of ours is down" ip link set br-own down
damage "a bridge of ours has lost its address" ip addr del 10.82.0.1/24 dev br-own
damage "a bridge of ours is gone" ip link del br-own
damage "a port of the host's bridge is gone" ip link del "$(link_of "$carol")"
service_link=$(grep -h ^Link= /run/confine/placements/web.service | cut -d= -f2)
damage "a service's interface is down" ip link set "$service_link" down
damage "a service's interface is gone" ip link del "$service_link"
is "status: nothing is the matter" "$(ctl status | grep -c Troubles)" 0

# --- control groups ------------------------------------------------------------------------------------------
groups() { find /sys/fs/cgroup -path "*/$instance/cells/*/$1" -type d; }
ungroup() { # CELL: its processes go to the host's groups, and its own are removed
        for d in $(groups "$1"); do
                for p in $(cat "$d/cgroup.procs"); do echo "$p" > "${d%%"/$instance/"*}/cgroup.procs"; done
                rmdir "$d"
        done
}
cell=$alice
n=$(groups "$alice" | wc -l)
sleeper=$(pgrep -u alice -x bash | head -1)
grouped() {
        [ "$(groups "$alice" | wc -l)" = "$n" ] && [ "$(in_force pids.max)" = 51 ] && grep -q "/$alice\$" "/proc/$sleeper/cgroup" &&
                ! grep -v "name=" "/proc/$sleeper/cgroup" | grep -qv "/$alice\$"
}
check "before: the cell has its groups" grouped
ungroup "$alice"
check "a cell's control groups are gone: repaired, its processes are back" wait_for 20 grouped
check "... which is said" said "A control group of cell $alice of alice was removed"
kill -STOP "$manager" # it would see it before
ungroup "$alice"
(as=$(su alice -c 'grep -c "/'"$alice"'$" /proc/self/cgroup' 2>&1); echo "$as" > "$LAB_DIR/in-group") &
login=$!
kill -CONT "$manager"
wait $login
is "a login meanwhile is where it should be" "$(cat "$LAB_DIR/in-group")" "$n"
check "... and so is the rest" grouped

# --- what can't be repaired ---------------------------------------------------------------------------------
ip link del br0
broken() { [ "$(bus_get "$carol" State)" = broken ]; }
check "the host's bridge is gone: the cell is shown as broken" wait_for 20 broken
like "... status says so" "$(ctl status)" "Troubles: cell $carol: there is no bridge br0"
like "... so does list" "$(ctl list)" "$carol.*broken"
like "... logins are refused" "$(su carol -c true 2>&1)" "network is damaged \(there is no bridge br0"
is "... others are not" "$(su alice -c 'echo in' 2>&1)" in
ip link add br0 type bridge mcast_snooping 0 forward_delay 0
ip link set br0 up
ip link set st0 master br0
check "it is there again: repaired" wait_for 20 all_reach
whole() { [ "$(bus_get "$carol" State)" = live ]; }
check "... and shown as live" wait_for 20 whole

# --- overlaps ------------------------------------------------------------------------------------------------
refused_with() { # NAME WHY, for 50-overlap
        like "$1: verify" "$(ctl verify 2>&1)" "Pool=: .*$2"
        bus_reload
        like "$1: the log" "$(ctl status)" "$2"
        like "$1: check" "$(ctl check 2>&1)" "error +network: policy 50-overlap: .*$2"
}
overlap() { # POOL [KEY...]
        { printf '[Match]\nUser=dave\n[Network]\nPool=%s\n' "$1"; printf '%s\n' "${@:2}"; } | policy 50-overlap
}
ip addr add 10.90.3.20/16 dev up0
ip addr add fd90::1/64 dev up0 nodad
ip route add 10.91.0.0/16 via 192.0.2.2
ip route add 10.95.0.0/16 dev up0 table 100
ip route add default via 10.92.0.1 dev up0 onlink
overlap 10.90.128.0/24
refused_with "a pool within the host's network" '10\.90\.128\.0/24 overlaps with the host.s address 10\.90\.3\.20/16 on up0'
isnt "... its gateway is not taken" "$(ip -o addr show dev "$gateway" | grep -c '10\.90\.')" 1
overlap "10.0.0.0/8"
refused_with "one around it" '10\.0\.0\.0/8 overlaps with the host.s address'
overlap fd90::/64 IfUnsupported=warn
sed -i '/IfUnsupported/d; 1i [Policy]\nIfUnsupported=warn' /etc/confine/policies/50-overlap.ini
refused_with "IPv6, whatever IfUnsupported= says" 'fd90::/64 overlaps with the host.s address fd90::1/64 on up0'
overlap 10.91.4.0/24
refused_with "a route" '10\.91\.4\.0/24 overlaps with the host.s route to 10\.91\.0\.0/16 on up0'
overlap 10.95.4.0/24
refused_with "a route of another table" 'route to 10\.95\.0\.0/16 on up0'
overlap 10.92.0.0/24
refused_with "a gateway" '10\.92\.0\.0/24 overlaps with the host.s gateway 10\.92\.0\.1 on up0'
overlap 10.90.4.0/24 Mode=bridge Bridge=br-two
refused_with "a bridge of ours" 'address 10\.90\.3\.20/16 on up0'
ip link add cgffff type bridge
ip addr add 10.93.0.1/32 dev cgffff
overlap 10.93.0.0/24
refused_with "another instance" 'address 10\.93\.0\.1 on cgffff'
ip link del cgffff
overlap 10.90.4.0/24 Mode=bridge Bridge=br0 Gateway=10.90.3.20
is "a bridge of the host's has its network" "$(ctl verify --quiet 2>&1)" ""
overlap 10.94.0.0/24
bus_reload
is "neither the default route nor what is our own is an overlap" "$(ctl verify --quiet 2>&1)" ""

# The host's addresses change while it is in force.
troubled() { ctl status | grep -q 'Troubles: 50-overlap: 10\.94\.0\.0/24 overlaps with the host.s address 10\.94\.7\.1/16'; }
has_gateway() { ip -o addr show dev "$gateway" | grep -q '10\.94\.0\.1/32'; }
has_none() { ! has_gateway; }
check "before: it has its gateway" has_gateway
ip addr add 10.94.7.1/16 dev up0
check "an address comes: status says so" wait_for 20 troubled
check "... the gateway is the host's again" wait_for 20 has_none
like "... logins are refused" "$(su dave -c true 2>&1)" 'Pool=10\.94\.0\.0/24 overlaps'
check "... and after a reload, though the policy of before is in force" sh -c "! su dave -c true"
manager_kill TERM
ip link del "$gateway" # as after a boot, before which the policy was good
manager_start
check "... nor does a manager that starts with it take the gateway" has_none
check "... and it says so" troubled
ip addr del 10.94.7.1/16 dev up0
check "it goes: there is the gateway again" wait_for 20 has_gateway
is "... and logins are let in" "$(su dave -c 'echo in' 2>&1)" in
rm /etc/confine/policies/40-service.ini
bus_reload
for u in alice bob carol; do let_go $u; done
gone() { [ ! "$(ctl --no-legend services)" ]; }
wait_for 20 gone
lab_done
