/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/lent/subids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "sandbox/anchor.h"

#define FILE_BYTES_MAX (4U << 20)

static bool parse_line(char *line, SubidRange *ret) {
        char *first = strchr(line, ':'), *n = first ? strchr(first + 1, ':') : NULL;

        if (!n)
                return false;
        *first++ = '\0';
        *n++ = '\0';
        n[strcspn(n, " \t")] = '\0';
        ret->owner = line;
        return parse_uint64(first, &ret->first) >= 0 && parse_uint64(n, &ret->n) >= 0 && ret->n <= UINT32_MAX;
}

int subids_read(const char *path, Subids *ret) {
        char *save = NULL;
        ssize_t size;

        *ret = (Subids) {};
        size = fd_read_file_at(AT_FDCWD, path, FILE_BYTES_MAX, &ret->text);
        if (size < 0)
                return size == -ENOENT ? 0 : (int) size;
        for (char *line = strtok_r(ret->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                SubidRange *grown, range;

                if (!parse_line(line, &range))
                        continue;
                grown = reallocarray(ret->ranges, ret->n + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                ret->ranges = grown;
                ret->ranges[ret->n++] = range;
        }
        return 0;
}

void subids_done(Subids *s) {
        free(s->ranges);
        free(s->text);
}

uint64_t subids_of(const Subids *s, const char *user, uid_t uid) {
        char number[16];

        (void) snprintf(number, sizeof(number), "%u", uid);
        for (size_t i = 0; i < s->n; i++) {
                const SubidRange *r = &s->ranges[i];

                if (r->n >= ANCHOR_IDS && r->first <= UINT32_MAX - ANCHOR_IDS &&
                    (strcmp(r->owner, user) == 0 || strcmp(r->owner, number) == 0))
                        return r->first;
        }
        return 0;
}

bool subids_are_taken(const Subids *s, uint64_t first) {
        for (size_t i = 0; i < s->n; i++)
                if (s->ranges[i].first < first + ANCHOR_IDS && first < s->ranges[i].first + s->ranges[i].n)
                        return true;
        return false;
}

/* Has somebody of the loans ids of these, not counting `except` (NULL: nobody)? */
static bool are_lent(const SubidsLoan *loans, size_t n_loans, uint64_t first, const uid_t *except) {
        for (size_t i = 0; i < n_loans; i++)
                if (loans[i].first < first + ANCHOR_IDS && first < (uint64_t) loans[i].first + ANCHOR_IDS &&
                    !(except && loans[i].uid == *except))
                        return true;
        return false;
}

int subids_choose(const SubidsLoan *loans, size_t n_loans, uint64_t first, uint64_t last, const char *user, uid_t uid,
                  uid_t *ret_first) {
        _cleanup_(subids_done) Subids uids = {}, gids = {};
        uint64_t own;
        int r;

        r = subids_read("/etc/subuid", &uids);
        if (r >= 0)
                r = subids_read("/etc/subgid", &gids);
        if (r < 0)
                return r;
        own = subids_of(&uids, user, uid);
        if (own > 0 && own == subids_of(&gids, user, uid) &&
            !are_lent(loans, n_loans, own, &uid)) { /* since before the file gave them to this user */
                *ret_first = (uid_t) own;
                return 0;
        }
        for (; first + ANCHOR_IDS - 1 <= last; first += ANCHOR_IDS)
                if (!are_lent(loans, n_loans, first, NULL) && !subids_are_taken(&uids, first) &&
                    !subids_are_taken(&gids, first)) {
                        *ret_first = (uid_t) first;
                        return 0;
                }
        return -ENOSPC;
}
