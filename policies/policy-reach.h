/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* What a policy lets through, decided as the firewall decides it (pure): netns/firewall-chains.c says the same
 * in nft, and tests/root/firewall.t compares the two. */

typedef enum ReachTarget {
        REACH_WORLD, /* and other cells, which have the last word by policy_reach_in() */
        REACH_HOST,  /* an address of the host's own */
} ReachTarget;

typedef struct Reach {
        uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP */
        uint16_t port;    /* 0 with ICMP */
        IpPrefix address; /* of the other side */
} Reach;

typedef struct ReachDecision {
        bool allowed;
        const char *key;        /* of [Network]; NULL: built in, and `why` says it */
        const PolicyRule *rule; /* borrowed; NULL: the key's value as a whole, or its default */
        const char *why;
} ReachDecision;

bool policy_is_metadata(const IpPrefix *address);

/* From a cell. DNS servers are `dns`, not the policy's: a cell without DNS= has the host's. */
void policy_reach_out(const Policy *p, const IpPrefix *dns, size_t n_dns, ReachTarget target, const Reach *reach,
                      ReachDecision *ret);
/* To a cell, from the world or another cell. */
void policy_reach_in(const Policy *p, const Reach *reach, ReachDecision *ret);
