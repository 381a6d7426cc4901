/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames are looked at where the bridge takes them from its port, before it learns of them or floods them.
 *
 * With br_netfilter, which Docker for one loads, frames between the ports of a bridge pass the rules for
 * forwarded packets, too, as if they were routed from the bridge to itself. Those are told from what the
 * gateway routes back by their destination, the MAC of a cell; what is routed was sent to the host's. */

#include "netns/port-guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memstream.h"
#include "netns/frame-rules.h"
#include "netns/link.h"
#include "netns/nft.h"
#include "policies/policy.h"

static const FrameKey port_key = { "iifname", "ifname" };

static const char bridges_format[] =
        "table inet %1$s-bridges {\n"
        "  set bridges { type ifname; }\n"
        "  set macs { type ether_addr; }\n"
        "  set masquerade4 { type ipv4_addr; }\n"
        "  set masquerade6 { type ipv6_addr; }\n"
        "  set connections4 { type ipv4_addr; ct count over 1; }\n"
        "  set connections6 { type ipv6_addr; ct count over 1; }\n"
        "  counter refused { }\n"
        "  chain refuse {\n"
        "    counter name refused\n"
        "    meta l4proto tcp reject with tcp reset\n"
        "    reject with icmpx admin-prohibited\n"
        "  }\n"
        "  chain counted {\n" /* see firewall.c; here a cell's address is its own */
        "    ct status confirmed accept\n"
        "    ct state new ip saddr @connections4 goto refuse\n"
        "    ct state new ip6 saddr @connections6 goto refuse\n"
        "    accept\n"
        "  }\n"
        "  chain incoming {\n"
        "    type filter hook input priority filter; policy accept;\n"
        "    iifname != @bridges accept\n"
        "    ct state established accept\n"
        "    ct state related meta l4proto { icmp, icmpv6 } accept\n" /* if it is about the cell's own: firewall-base.c */
        "    icmp type echo-request goto counted\n"
        "    icmpv6 type echo-request goto counted\n"
        "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
        "    goto refuse\n"
        "  }\n"
        "  chain forwarding {\n"
        "    type filter hook forward priority filter; policy accept;\n"
        "    iifname @bridges oifname @bridges ether daddr @macs accept\n"
        "    iifname @bridges oifname @bridges ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 accept\n"
        "    iifname @bridges oifname @bridges goto refuse\n"
        "    iifname @bridges ct state invalid drop\n"
        "    iifname @bridges goto counted\n"
        "    oifname @bridges ct state established,related accept\n"
        "    oifname @bridges goto refuse\n"
        "  }\n"
        "  chain postrouting {\n"
        "    type nat hook postrouting priority srcnat; policy accept;\n"
        "    oifname @bridges accept\n"
        "    ip saddr @masquerade4 masquerade\n"
        "    ip6 saddr @masquerade6 masquerade\n"
        "  }\n"
        "}\n";

static bool is_valid(const GuardedPort *p) {
        return link_name_is_valid(p->link) && strlen(p->bridge) > 0 && strlen(p->bridge) <= LINK_NAME_MAX &&
                !strpbrk(p->bridge, "\"*\\ \n{};");
}

static void print_ports_table(FILE *f, const char *table, const char *link_prefix) {
        (void) fprintf(f, "table bridge %s {\n", table);
        frame_rules_print_sets(f, &port_key);
        (void) fprintf(f, "  chain ports {\n"
                       "    type filter hook prerouting priority -300; policy accept;\n"
                       "    iifname != \"%s*\" accept\n", link_prefix);
        frame_rules_print(f, &port_key, "counter name spoofed drop");
        (void) fputs("  }\n}\n", f);
}

static void print_port(FILE *f, const char *verb, const char *table, const GuardedPort *p) {
        FrameSource source = { .address4 = p->address4, .address6 = p->address6 };
        char text[PREFIX_STRING_MAX], mac[FRAME_MAC_TEXT_MAX], key[LINK_NAME_MAX + 3], bridge_table[128];

        link_derive_mac(p->link, true, source.mac);
        (void) snprintf(key, sizeof(key), "\"%s\"", p->link);
        (void) snprintf(bridge_table, sizeof(bridge_table), "bridge %s", table);
        frame_rules_print_source(f, verb, bridge_table, key, &source);
        if (p->own_bridge)
                (void) fprintf(f, "%s element inet %s-bridges macs { %s }\n", verb, table,
                               frame_mac_to_text(source.mac, mac));
        if (!p->own_bridge)
                return;
        if (p->max_connections != LIMIT_NONE && p->address4.family == AF_INET)
                (void) fprintf(f, "%s element inet %s-bridges connections4 { %s ct count over %" PRIu64 " }\n", verb, table,
                               prefix_to_string(&p->address4, text), p->max_connections);
        if (p->max_connections != LIMIT_NONE && p->address6.family == AF_INET6)
                (void) fprintf(f, "%s element inet %s-bridges connections6 { %s ct count over %" PRIu64 " }\n", verb, table,
                               prefix_to_string(&p->address6, text), p->max_connections);
        if (!p->masquerade)
                return;
        if (p->address4.family == AF_INET)
                (void) fprintf(f, "%s element inet %s-bridges masquerade4 { %s }\n", verb, table,
                               prefix_to_string(&p->address4, text));
        if (p->address6.family == AF_INET6)
                (void) fprintf(f, "%s element inet %s-bridges masquerade6 { %s }\n", verb, table,
                               prefix_to_string(&p->address6, text));
}

static void print_bridge(FILE *f, const char *verb, const char *table, const GuardedPort *p) {
        if (p->own_bridge)
                (void) fprintf(f, "%1$s element inet %2$s-bridges bridges { \"%3$s\" }\n"
                               "%1$s element inet %2$s bridges { \"%3$s\" }\n", verb, table, p->bridge);
        else
                (void) fprintf(f, "%1$s element inet %2$s bridged { \"%3$s\" . \"%3$s\" }\n", verb, table,
                               p->bridge);
}

int port_guard_setup(const char *table, const char *link_prefix, const GuardedPort *ports, size_t n_ports) {
        char *text = NULL;
        size_t size;
        FILE *f;

        for (size_t i = 0; i < n_ports; i++)
                if (!is_valid(&ports[i]))
                        return -EINVAL;
        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        (void) fprintf(f, "add table bridge %1$s\ndelete table bridge %1$s\n"
                       "add table inet %1$s-bridges\ndelete table inet %1$s-bridges\n", table);
        print_ports_table(f, table, link_prefix);
        (void) fprintf(f, bridges_format, table);
        for (size_t i = 0; i < n_ports; i++) {
                print_bridge(f, "add", table, &ports[i]);
                print_port(f, "add", table, &ports[i]);
        }
        return nft_run_printed(f, &text);
}

int port_guard_add(const char *table, const GuardedPort *port) {
        char *text = NULL;
        size_t size;
        FILE *f;

        if (!is_valid(port))
                return -EINVAL;
        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        print_bridge(f, "add", table, port);
        print_port(f, "add", table, port);
        return nft_run_printed(f, &text);
}

int port_guard_remove(const char *table, const GuardedPort *port, bool last) {
        static const char *const verbs[] = { "add", "delete" }; /* deleting what is not there voids all of it */
        char *text = NULL;
        size_t size;
        FILE *f;
        int r;

        if (!is_valid(port))
                return -EINVAL;
        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                print_port(f, verbs[i], table, port);
                if (last)
                        print_bridge(f, verbs[i], table, port);
        }
        r = nft_run_printed(f, &text);
        return r == -ENOENT ? 0 : r;
}

int port_guard_teardown(const char *table) {
        char commands[256];

        (void) snprintf(commands, sizeof(commands), "add table bridge %1$s\ndelete table bridge %1$s\n"
                        "add table inet %1$s-bridges\ndelete table inet %1$s-bridges\n", table);
        return nft_run(commands);
}
