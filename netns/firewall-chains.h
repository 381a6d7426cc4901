/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "netns/firewall-types.h"
#include "policies/policy.h"

/* The chains of the firewall's table that a policy has of its own. They are named by the policy and by what
 * they say, so that a policy that changes gets new ones beside those that live cells still use; the kernel
 * refuses to remove a chain that a cell's element leads to. Those that decide end with a verdict; those that
 * log return to where they were called. */

typedef enum FirewallChain {
        FIREWALL_CHAIN_OUT,  /* cell to world and to other cells */
        FIREWALL_CHAIN_HOST, /* cell to host */
        FIREWALL_CHAIN_IN,   /* world and other cells to cell */
        FIREWALL_CHAIN_LOG_OUT, /* LogDenied=: the kernel's line names the policy */
        FIREWALL_CHAIN_LOG_IN,
        FIREWALL_CHAIN_LOG_SPOOFED,
        _FIREWALL_CHAIN_MAX,
} FirewallChain;

#define FIREWALL_CHAIN_MAX 96

bool firewall_chains_name_is_valid(const char *policy);

/* 1: *ret is the chain's name; 0: the policy needs none of this kind, nothing passes or is logged. */
int firewall_chains_name(const Policy *p, FirewallChain chain, char ret[static FIREWALL_CHAIN_MAX]);

uint64_t firewall_chains_hash(const char *text);

/* Prints commands that make the chains of these cells' policies, each once, or make them anew. -ENOMEM. */
int firewall_chains_print_all(FILE *f, const char *table, const FirewallCell *cells, size_t n_cells);
