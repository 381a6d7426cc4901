/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ids that somebody has: ANCHOR_IDS of them, from `first` on. */
typedef struct SubidsLoan {
        uid_t uid, first;
} SubidsLoan;

/* Which uids and gids of the host those of a cell with a user namespace are: ANCHOR_IDS of them, those that
 * /etc/subuid and /etc/subgid give the user (the same in both), else a range from `first` to `last` (SubordinateIDs=) that
 * nobody of `loans` has and that those files give to nobody.
 * -ENOSPC: none is left; -errno of reading the files. See subuid(5). */
int subids_choose(const SubidsLoan *loans, size_t n_loans, uint64_t first, uint64_t last, const char *user, uid_t uid,
                  uid_t *ret_first);

/* What a file of that format gives to whom: in the order of its lines, those passed over that are none. */
typedef struct SubidRange {
        const char *owner; /* a name or a number */
        uint64_t first, n;
} SubidRange;

typedef struct Subids {
        char *text;
        SubidRange *ranges;
        size_t n;
} Subids;

/* 0, also without the file; -EFBIG, -ENOMEM and others of reading it. Also then *ret is to be released. */
int subids_read(const char *path, Subids *ret);
void subids_done(Subids *s);

/* Where the first of the user's ranges begins that ANCHOR_IDS fit in, all of them ids. 0: there is none, or it is
 * the host's root's. */
uint64_t subids_of(const Subids *s, const char *user, uid_t uid);
/* Has somebody ids of the ANCHOR_IDS from `first` on? */
bool subids_are_taken(const Subids *s, uint64_t first);
