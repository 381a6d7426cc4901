/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "netns/firewall-types.h"

/* One nftables table of ours (family inet) that says what cells may reach. Its rules are few and
 * fixed, but for the chains of each policy (firewall-chains.h); a cell is a handful of set elements. No other table is
 * touched, and ours only ever takes away: what another table drops stays dropped.
 *
 * Cells that are not at links of ours (on bridges, on interfaces of the host's) are in here by their addresses alone:
 * what another cell is does not depend on where it is.
 *
 *   from a cell      only with its own source address, checked before connection tracking
 *   cell to world    what its policy's Egress= says; masqueraded where asked for
 *   world to cell    answers, the ports that the cell publishes on the host's addresses, and what its
 *                    policy's Ingress= says
 *   cell to cell     what both policies let pass; to one that is elsewhere nothing
 *   cell elsewhere   to cells at links of ours what these ones' policies let pass; to others like itself nothing, but
 *                    directly over a bridge; published ports don't lead anywhere
 *   cell to host     echo requests to the gateways; port 53 of the cell's own DNS servers;
 *                    answers to the host's own connections; what EgressAllow= names of the host
 *   host to cell     yes; by the published ports too, except at 127.0.0.1 and ::1 (see firewall.c)
 *
 * Refused means a TCP reset or "administratively prohibited", so that nobody waits for a timeout.
 *
 * All functions work in the network namespace of the calling thread, block, and need
 * CAP_NET_ADMIN. Each is one transaction: done or not done, never half. libnftables has no
 * deadline; run this in a child that somebody may kill. Errors in common:
 *
 * -EINVAL      table name not [a-z][a-z0-9-]*, link name or prefix not [a-z0-9]+, no single
 *              address of the family, or nftables refused the syntax (a table named "ip")
 * -EMFILE      no fd below FD_SETSIZE is free, without which libnftables would abort: a child of a
 *              process with many fds calls fd_close_all_but() first
 * -EPERM, -ENOMEM, -ENOBUFS, -EBUSY, -EOPNOTSUPP (the kernel lacks a feature)
 * -EIO         anything that nftables said and we don't know; the text is logged at debug
 * See nft(8), libnftables(3). */

/* Makes the table, or replaces it by a new one with these cells; in one transaction, so there is
 * no moment without. Counters start at zero again, as confinectl(1) says. */
int firewall_setup(const FirewallConfig *config, const FirewallCell *cells, size_t n_cells);

/* Leaves the table, its counters and its cells as they are if it is one that firewall_setup() would make, and
 * removes the chains of policies that no cell has any more.
 * 1: done; 0: there is none, or another: it is to be set up. */
int firewall_refresh(const FirewallConfig *config);

/* Removes the table. 0: gone, or was not there. */
int firewall_teardown(const char *table);

/* Lets a cell's packets through. Adding what is there is fine.
 * -ENOENT: no such table; -EEXIST: another cell has one of its ports. */
int firewall_add_cell(const char *table, const FirewallCell *cell);

/* Takes back what firewall_add_cell() added; `cell` must say the same. 0 also for elements and
 * tables that are not there. */
int firewall_remove_cell(const char *table, const FirewallCell *cell);

/* Exactly these cells from now on, whoever was in the sets before.
 * -ENOENT: no such table. */
int firewall_sync(const char *table, const FirewallCell *cells, size_t n_cells);

/* A volume is unused again, at once for all its cells. -ENOENT: there is none. */
int firewall_reset_volume(const char *table, const char *name);

/* -EBUSY: a cell has it; 0 also if there was none. */
int firewall_remove_volume(const char *table, const char *name);
