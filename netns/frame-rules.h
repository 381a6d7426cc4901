/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "netns/link.h"

/* Rules on what frames a cell may send, for a chain that sees them as frames: of a bridge's port, of an interface.
 * A key tells whose a frame is, such as the link that it comes from; each cell is an element of sets of the chain's
 * table by its key. */

typedef struct FrameKey {
        const char *expression; /* in nft syntax: "iifname" */
        const char *type;       /* "ifname" */
} FrameKey;

typedef struct FrameSource {
        uint8_t mac[LINK_MAC_SIZE];
        IpPrefix address4, address6; /* single addresses; family 0: none */
} FrameSource;

/* The sets, and the counter of what is dropped, "spoofed"; inside of a table's definition. */
void frame_rules_print_sets(FILE *f, const FrameKey *key);

/* The rules, inside of a chain's definition: what is of another MAC meets `otherwise`, "drop" or "accept"; all else is
 * decided. */
void frame_rules_print(FILE *f, const FrameKey *key, const char *otherwise);

/* Commands that add a cell to the sets of `table` ("bridge confine"), or delete it; `value` is its key. */
void frame_rules_print_source(FILE *f, const char *verb, const char *table, const char *value,
                              const FrameSource *source);

#define FRAME_MAC_TEXT_MAX 18
const char *frame_mac_to_text(const uint8_t mac[static LINK_MAC_SIZE], char buffer[static FRAME_MAC_TEXT_MAX]);
