/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* Hands out addresses (pure; no system call, no clock). One Pool knows every address in use, of
 * both families and of all prefixes: prefixes of different policies may overlap and still never
 * give one address to two cells.
 *
 * A prefix's first address (network), second (its gateway, see pool_gateway()) and, for IPv4,
 * last (broadcast) are never handed out, by whichever prefix. Of an IPv6 prefix the first 2^63
 * addresses are used. */

typedef struct Pool Pool;

int pool_new(Pool **ret); /* -ENOMEM */
Pool *pool_free(Pool *p); /* takes NULL, returns NULL */
DEFINE_CLEANUP(Pool *, pool_free);

/* The gateway of a prefix, its second address, with length 32 or 128.
 * -ENOSPC: the prefix is too small to have one beside a cell: longer than /30 or /126.
 * -EINVAL: no prefix, or one with host bits set. */
int pool_gateway(const IpPrefix *prefix, IpPrefix *ret);

/* Makes a prefix known, so that no other prefix hands out its network, gateway or broadcast
 * address. Acquiring from a prefix does this too; doing it early, at load, is better. Adding
 * what is known is fine.
 *
 * 0            known from now on
 * -EADDRINUSE  one of these addresses is a cell's
 * -ENOSPC, -EINVAL as pool_gateway(); -ENOMEM */
int pool_add_prefix(Pool *p, const IpPrefix *prefix);

/* Forgets a prefix and where its cursor stood. Addresses in use stay in use. */
void pool_forget_prefix(Pool *p, const IpPrefix *prefix);

/* The next free address after the last one handed out this way, so that an address that was
 * given back rests for a whole turn. *ret has length 32 or 128.
 *
 * -ENOSPC      all are in use
 * and the errors of pool_add_prefix(). On error nothing is handed out, *ret is untouched.
 * A search skips full blocks of 256 addresses at a time: a /16 with one free address costs at
 * most 256 table lookups. */
int pool_acquire(Pool *p, const IpPrefix *prefix, IpPrefix *ret);

/* The user's address: the same for the same uid and prefix on every host and after every
 * restart, unless another cell has it, then the next free one after it. The start is a fixed
 * function of the uid (pool.c) and part of the interface: changing it moves users' addresses.
 * Errors as pool_acquire(). */
int pool_acquire_for_uid(Pool *p, const IpPrefix *prefix, uid_t uid, IpPrefix *ret);

/* Takes one given address (a fixed one, or a cell's that outlived the manager), inside of a
 * known prefix or not.
 *
 * -EADDRINUSE  a cell has it, or it is some prefix's network, gateway or broadcast address
 * -EINVAL      no single address; -ENOMEM */
int pool_claim(Pool *p, const IpPrefix *address);

/* Gives back; an address that is not in use is ignored. */
void pool_release(Pool *p, const IpPrefix *address);

bool pool_in_use(const Pool *p, const IpPrefix *address);
size_t pool_n_used(const Pool *p);
