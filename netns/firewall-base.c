/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/firewall-base.h"

/* %1$s: the prefix of cells' links. Notes:
 * - prerouting: broadcast and multicast (by layer 2) have no taker; they go uncounted, because
 *   an honest kernel sends multicast listener reports from "::". Whatever else does not come
 *   from the cell's own address, router advertisements and neighbour solicitations included, is
 *   spoofed.
 * - "permitted": what a policy lets out; at another cell it meets that one's policy. One that is elsewhere has no
 *   policy that lets anything in.
 * - "errors": ICMP errors of a cell, about a flow of its own. Whose flow it is, conntrack does not ask: about the
 *   host's or another cell's, they would cut it off or make its packets small. Connections that a helper of the host's
 *   relates are as new ones.
 * - "elsewhere": from cells that are not at links of ours. What a bridge carries from port to port by itself passes
 *   here with br_netfilter, too: then the frame is for the MAC of a cell, and not for the host's.
 * - "counted": MaxConnections=. A lookup in a set whose elements count connections matches when the
 *   element's count is exceeded; what is in the table already was counted. A packet that is dropped here, or
 *   in any other way before it leaves, never gets its connection into the table: so no flood fills it.
 * - a cell that is in no map reaches nothing.
 * - forwarding: what connection tracking calls invalid is not translated either and would leave
 *   with the cell's own address. Related includes the ICMP errors of the world.
 * - published ports: on all of the host's addresses, for the world and the host itself, not for cells,
 *   which reach no other cell by them. What the host sends to 127.0.0.1 or ::1 stays there: its answer could
 *   only come back over a link that takes loopback addresses for its own (route_localnet), and then so could
 *   what a cell sends. The client's address stays as it is.
 * - volumes: what passes all other rules of ours counts, and what is beyond is refused, established or not.
 * - incoming: by interface, not by address: it covers all local addresses of the host, those on
 *   other links too. */
static const char chains_format[] =
        "counter spoofed { }\n"
        "counter refused-to-cell { }\n"
        "counter refused-to-host { }\n"
        "counter refused-to-world { }\n"
        "counter refused-from-world { }\n"
        "counter over-limit { }\n"
        "counter over-volume { }\n"
        "counter forged { }\n"
        "chain refuse {\n"
        "  iifname @denied-out\n"
        "  oifname @denied-in\n"
        "  iifname vmap @logs-out\n"
        "  oifname vmap @logs-in\n"
        "  meta l4proto tcp reject with tcp reset\n"
        "  reject with icmpx admin-prohibited\n"
        "}\n"
        "chain counted {\n"
        "  ct status confirmed accept\n"
        "  ct state new,related iifname @connections counter name over-limit goto refuse\n"
        "  accept\n"
        "}\n"
        "chain refuse-cell {\n"
        "  counter name refused-to-cell goto refuse\n"
        "}\n"
        "chain to-other {\n"
        "  oifname vmap @to-cells\n"
        "  goto refuse-cell\n"
        "}\n"
        "chain permitted {\n"
        "  oifname \"%1$s*\" goto to-other\n"
        "  ip daddr . ip daddr @cells4 goto refuse-cell\n"
        "  ip6 daddr . ip6 daddr @cells6 goto refuse-cell\n"
        "  goto counted\n"
        "}\n"
        "chain errors {\n"
        "  icmp type redirect counter name forged drop\n"
        "  icmpv6 type nd-redirect counter name forged drop\n"
        "  ip saddr . ct original ip saddr @cells4 accept\n"
        "  ip saddr . ct reply ip saddr @cells4 accept\n"
        "  ip6 saddr . ct original ip6 saddr @cells6 accept\n"
        "  ip6 saddr . ct reply ip6 saddr @cells6 accept\n"
        "  counter name forged drop\n"
        "}\n"
        "chain elsewhere {\n"
        "  ct state established return\n"
        "  ct state related meta l4proto { icmp, icmpv6 } goto errors\n"
        "  iifname @bridges oifname @bridges return\n" /* see port-guard.c */
        "  iifname . oifname @bridged ether daddr @macs return\n"
        "  oifname \"%1$s*\" goto to-other\n"
        "  ip daddr . ip daddr @cells4 goto refuse-cell\n"
        "  ip6 daddr . ip6 daddr @cells6 goto refuse-cell\n"
        "}\n"
        "chain from-cell {\n"
        "  ct state established accept\n"
        "  ct state related meta l4proto { icmp, icmpv6 } goto errors\n"
        "  ct state invalid drop\n"
        "  meta l4proto { tcp, udp } th dport 53 iifname . ip daddr @dns4 goto permitted\n"
        "  meta l4proto { tcp, udp } th dport 53 iifname . ip6 daddr @dns6 goto permitted\n"
        "  iifname vmap @from-cells\n"
        "  counter name refused-to-world goto refuse\n"
        "}\n"
        "chain to-cell {\n"
        "  ct state established,related accept\n"
        "  ct status dnat accept\n"
        "  oifname vmap @to-cells\n"
        "  counter name refused-from-world goto refuse\n"
        "}\n"
        "chain prerouting {\n"
        "  type filter hook prerouting priority raw; policy accept;\n"
        "  iifname != \"%1$s*\" accept\n"
        "  meta pkttype { broadcast, multicast } drop\n"
        "  iifname . ip saddr @sources4 accept\n"
        "  iifname . ip6 saddr @sources6 accept\n"
        "  iifname vmap @logs-spoofed\n"
        "  counter name spoofed drop\n"
        "}\n"
        "chain forwarding {\n"
        "  type filter hook forward priority filter; policy accept;\n"
        "  iifname \"%1$s*\" goto from-cell\n"
        "  ip saddr . ip saddr @cells4 jump elsewhere\n"
        "  ip6 saddr . ip6 saddr @cells6 jump elsewhere\n"
        "  oifname \"%1$s*\" goto to-cell\n"
        "  iifname @bridges accept\n" /* see port-guard.h */
        "  oifname @bridges accept\n"
        "  iifname . oifname @bridged accept\n"
        "%2$s%3$s"
        "}\n"
        "chain incoming {\n"
        "  type filter hook input priority filter; policy accept;\n"
        "  ip saddr . ip saddr @cells4 ct state related meta l4proto icmp goto errors\n"
        "  ip6 saddr . ip6 saddr @cells6 ct state related meta l4proto icmpv6 goto errors\n"
        "  iifname != \"%1$s*\" accept\n"
        "  ct state established accept\n"
        "  icmp type echo-request ip daddr @gateways4 goto counted\n"
        "  icmpv6 type echo-request ip6 daddr @gateways6 goto counted\n"
        "  meta l4proto { tcp, udp } th dport 53 iifname . ip daddr @dns4 goto counted\n"
        "  meta l4proto { tcp, udp } th dport 53 iifname . ip6 daddr @dns6 goto counted\n"
        "  iifname vmap @to-host\n"
        "  counter name refused-to-host goto refuse\n"
        "}\n"
        "chain volume-out {\n"
        "  quota name iifname map @user-volumes counter name over-volume goto refuse\n"
        "  quota name iifname map @policy-volumes counter name over-volume goto refuse\n"
        "}\n"
        "chain volume-in {\n"
        "  quota name oifname map @user-volumes counter name over-volume goto refuse\n"
        "  quota name oifname map @policy-volumes counter name over-volume goto refuse\n"
        "}\n"
        "chain volume-forwarded {\n"
        "  type filter hook forward priority filter + 10; policy accept;\n"
        "  iifname \"%1$s*\" jump volume-out\n"
        "  oifname \"%1$s*\" jump volume-in\n"
        "}\n"
        "chain volume-incoming {\n"
        "  type filter hook input priority filter + 10; policy accept;\n"
        "  iifname \"%1$s*\" jump volume-out\n"
        "}\n"
        "chain volume-outgoing {\n"
        "  type filter hook output priority filter + 10; policy accept;\n"
        "  tcp flags rst accept\n" /* what refuses must itself get through, at the end of a volume, too */
        "  icmp type destination-unreachable accept\n"
        "  icmpv6 type destination-unreachable accept\n"
        "  oifname \"%1$s*\" jump volume-in\n"
        "}\n"
        "chain publish {\n"
        "  dnat ip to meta l4proto . th dport map @ports4\n"
        "  dnat ip6 to meta l4proto . th dport map @ports6\n"
        "}\n"
        "chain from-world {\n"
        "  type nat hook prerouting priority dstnat; policy accept;\n"
        "  iifname \"%1$s*\" accept\n"
        "  ip saddr . ip saddr @cells4 accept\n"
        "  ip6 saddr . ip6 saddr @cells6 accept\n"
        "  meta l4proto { tcp, udp } fib daddr type local goto publish\n"
        "}\n"
        "chain from-host {\n"
        "  type nat hook output priority -100; policy accept;\n"
        "  oifname \"%1$s*\" accept\n"
        "  ip daddr 127.0.0.0/8 accept\n"
        "  ip6 daddr ::1 accept\n"
        "  meta l4proto { tcp, udp } fib daddr type local goto publish\n"
        "}\n"
        "chain postrouting {\n"
        "  type nat hook postrouting priority srcnat; policy accept;\n"
        "  oifname \"%1$s*\" accept\n"
        "  ip saddr @masquerade4 masquerade\n"
        "  ip6 saddr @masquerade6 masquerade\n"
        "}\n";

void firewall_base_print(FILE *f, const FirewallConfig *c) {
        (void) fprintf(f, chains_format, c->link_prefix, c->guard_ipv4 ? "  meta nfproto ipv4 drop\n" : "",
                       c->guard_ipv6 ? "  meta nfproto ipv6 drop\n" : "");
}
