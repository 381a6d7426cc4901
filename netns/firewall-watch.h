/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

/* Notices when somebody else changes the firewall's table, or one named after it (TABLE-...): "nft flush ruleset", another manager of firewalls.
 * The kernel tells of each change, and at the end of a transaction who made it. */

typedef struct FirewallWatch FirewallWatch;

/* For the network namespace of the calling thread. Transactions of processes named `own_name` (PR_SET_NAME in
 * prctl(2); at most 15 bytes) are nobody else's. -errno of making the socket; -ENOMEM; -EINVAL. */
int firewall_watch_new(const char *table, const char *own_name, FirewallWatch **ret);
FirewallWatch *firewall_watch_free(FirewallWatch *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(FirewallWatch *, firewall_watch_free);

int firewall_watch_fd(const FirewallWatch *w); /* readable: call firewall_watch_read() */

#define FIREWALL_WATCH_NAME_MAX 32
/* Reads what there is. 1: somebody else has changed the table, `ret_who` is "nft (1234)"; 0: nobody;
 * -ENOBUFS: too much to keep up with, nothing is known. */
int firewall_watch_read(FirewallWatch *w, char ret_who[static FIREWALL_WATCH_NAME_MAX]);
