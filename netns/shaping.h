/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bandwidth of cells, by their links' host ends, where a cell reaches nothing of it. All functions work
 * in the network namespace of the calling thread and need CAP_NET_ADMIN; see link.h for the rest. */

#define SHAPING_NONE UINT64_MAX
#define SHAPING_MIN_BITS UINT64_C(64000)        /* below it single packets take seconds */
#define SHAPING_MAX_BITS UINT64_C(100000000000)
#define SHAPING_LINK_MAX 14                     /* its shadow's name is one longer */

/* What passes in a second, headers of the link included: down is to the cell, up is from it. SHAPING_NONE: as
 * much as there is. */
typedef struct ShapingRates {
        uint64_t down_bits, up_bits;
} ShapingRates;

/* Sets the rates of one cell. May be repeated with others at any time; a rate changes without a packet lost. Up
 * needs a link of its own, the shadow, which shaping_remove() takes away.
 *
 * 0
 * -EINVAL      bad name, or a rate out of range
 * -ENODEV      no such link
 * -EOPNOTSUPP, -ENOENT  the kernel lacks ifb, sch_tbf, sch_ingress, cls_bpf or act_mirred
 * -EPERM       CAP_NET_ADMIN, or CAP_BPF for the filter
 * On error the rates may be the old ones or the new ones. See tc-tbf(8), tc-mirred(8), tc-bpf(8). */
int shaping_set(const char *link, const ShapingRates *cell);

/* Can this kernel do all of this? Tries it in the namespace of the calling thread, which should have nothing else. */
bool shaping_is_supported(void);

/* Takes the shadow of a link away, whether the link is there or not. 0 also if there was none. */
int shaping_remove(const char *link);

/* Is `name` that of the shadow of `link`? */
bool shaping_is_shadow(const char *name, const char *link);

/* Where a cell stands among those that share a sum: each of the numbers is for one of them, one user and one
 * cell, and users and cells of a tree have none in common. Zero: nowhere. */
typedef struct ShapingPlace {
        uint32_t tree;       /* 1 to SHAPING_TREE_MAX: one for each policy with a sum */
        uint16_t user, cell; /* from SHAPING_FIRST */
} ShapingPlace;

#define SHAPING_TREE_MAX 0xffffffU
#define SHAPING_FIRST 2

/* The same as shaping_set() for one of the cells that share the sums of their user and their policy. Who wants
 * more than is left gets an even part: users among each other, and cells of a user. All cells of a tree go
 * through two links, whose names begin with `prefix`, at most 6 characters; they come with the first
 * one. What joins and leaves trees excludes each other: the caller holds a lock. Needs sch_htb, too. */
typedef struct ShapingSums {
        const char *prefix;
        ShapingPlace place;
        ShapingRates user, policy; /* of the last one who joins they hold for all */
} ShapingSums;
int shaping_join(const char *link, const ShapingSums *sums, const ShapingRates *cell);

/* Takes a cell out of its tree, and the tree's links away with the last one; the cell's link is to be gone. 0
 * also if it was not in. */
int shaping_leave(const ShapingSums *sums);

/* Is `name` that of a link of the tree? */
bool shaping_is_tree(const char *name, const char *prefix, uint32_t tree);
