/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a neighbour advertisement speaks of is at a fixed place behind its header; nft has no name for it before
 * version 1.0.9, but takes the place itself. Neighbour solicitations need no such care: they can only say where
 * their own sender is.
 *
 * Who sends by a packet(7) socket says himself what the kernel takes the frame for. Said wrong, or in Linux 6.1 on a
 * macvlan not at all, the kernel looks for no transport header, and no rule on one matches. A rule that only wants one
 * to be there (l4proto is never 255) does not match then, either: so what has an address of the cell's passes only
 * where the rules before could see all of it. */

#include "netns/frame-rules.h"

#include <sys/socket.h>

static const char sets_format[] =
        "  set macs { type %2$s . ether_addr; }\n"
        "  set sources4 { type %2$s . ipv4_addr; }\n"
        "  set sources6 { type %2$s . ipv6_addr; }\n"
        "  set targets6 { typeof %1$s . @th,64,128; }\n"
        "  counter spoofed { }\n";

static const char rules_format[] =
        "    %1$s . ether saddr != @macs %2$s\n"
        "    ether type arp %1$s . arp saddr ether @macs %1$s . arp saddr ip @sources4 accept\n"
        "    ether type ip udp sport 67 counter name spoofed drop\n"
        "    ether type ip meta l4proto != 255 %1$s . ip saddr @sources4 accept\n"
        "    ether type ip6 icmpv6 type { nd-router-advert, nd-redirect } counter name spoofed drop\n"
        "    ether type ip6 icmpv6 type nd-neighbor-advert %1$s . @th,64,128 != @targets6"
        " counter name spoofed drop\n"
        "    ether type ip6 udp sport 547 counter name spoofed drop\n"
        "    ether type ip6 meta l4proto != 255 %1$s . ip6 saddr @sources6 accept\n"
        "    ip6 saddr :: icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept\n"
        "    counter name spoofed drop\n";

void frame_rules_print_sets(FILE *f, const FrameKey *key) {
        (void) fprintf(f, sets_format, key->expression, key->type);
}

void frame_rules_print(FILE *f, const FrameKey *key, const char *otherwise) {
        (void) fprintf(f, rules_format, key->expression, otherwise);
}

const char *frame_mac_to_text(const uint8_t mac[static LINK_MAC_SIZE], char buffer[static FRAME_MAC_TEXT_MAX]) {
        (void) snprintf(buffer, FRAME_MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                        mac[4], mac[5]);
        return buffer;
}

static void print_ipv6_number(FILE *f, const IpPrefix *a) {
        (void) fputs("0x", f);
        for (size_t i = 0; i < sizeof(a->address.v6); i++)
                (void) fprintf(f, "%02x", a->address.bytes[i]);
}

void frame_rules_print_source(FILE *f, const char *verb, const char *table, const char *value,
                              const FrameSource *source) {
        char text[PREFIX_STRING_MAX], mac[FRAME_MAC_TEXT_MAX];

        (void) fprintf(f, "%s element %s macs { %s . %s }\n", verb, table, value, frame_mac_to_text(source->mac, mac));
        if (source->address4.family == AF_INET)
                (void) fprintf(f, "%s element %s sources4 { %s . %s }\n", verb, table, value,
                               prefix_to_string(&source->address4, text));
        if (source->address6.family != AF_INET6)
                return;
        (void) fprintf(f, "%s element %s sources6 { %s . %s }\n", verb, table, value,
                       prefix_to_string(&source->address6, text));
        (void) fprintf(f, "%s element %s targets6 { %s . ", verb, table, value);
        print_ipv6_number(f, &source->address6);
        (void) fputs(" }\n", f);
}
