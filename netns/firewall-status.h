/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "netns/firewall-types.h"

/* Reads back what the kernel has of the firewall's table. Errors as firewall.h. */

/* The chains of policies, for the caller to free. 1; 0: there is no table, or not one with chain `base`. */
int firewall_status_chains(const char *table, const char *base, char ***ret);

/* Calls back for each rule of the cell's policy, in the order in which they decide: `direction` is "out",
 * "host" or "in", `rule` is in the words of the policy ("EgressAllow=tcp:443"). The counters are of all cells
 * with this policy. A negative return of the callback ends it and is returned. */
typedef int (*firewall_rule_t)(const char *direction, const char *rule, uint64_t packets, uint64_t bytes,
                               void *userdata);
int firewall_status_rules(const char *table, const FirewallCell *cell, firewall_rule_t callback,
                          void *userdata);

/* Calls back for each volume of the table. A negative return of the callback ends it and is returned. 0 also if
 * there is no table. */
typedef int (*firewall_volume_t)(const char *name, uint64_t used_bytes, void *userdata);
int firewall_status_volumes(const char *table, firewall_volume_t callback, void *userdata);

/* Packets that were refused because of this cell alone. -ENOENT: it is not in the table. */
int firewall_status_denied(const char *table, const char *link, uint64_t *ret_out, uint64_t *ret_in);
