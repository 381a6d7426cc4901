/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/subids.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "cells/anchor.h"

#define FILE_BYTES_MAX (4U << 20)

/* The next line's owner and range; lines that are none are passed over. NULL: no more. */
static const char *next_line(char **save, SubidRange *ret) {
        char *line;

        while ((line = strtok_r(NULL, "\n", save))) {
                char *first = strchr(line, ':'), *n = first ? strchr(first + 1, ':') : NULL;

                if (!n)
                        continue;
                *first++ = '\0';
                *n++ = '\0';
                n[strcspn(n, " \t")] = '\0';
                if (parse_uint64(first, &ret->first) >= 0 && parse_uint64(n, &ret->n) >= 0 && ret->n <= UINT32_MAX)
                        return line;
        }
        return NULL;
}

static bool overlap(const SubidRange *a, uint64_t first) {
        return a->first < first + ANCHOR_IDS && first < a->first + a->n;
}

int subids_look(const char *path, const char *user, uid_t uid, uint64_t first, SubidRange *own, bool *taken) {
        _cleanup_(freep) char *text = NULL, *all = NULL;
        char number[16], *save = NULL;
        const char *owner;
        ssize_t size;
        SubidRange range;

        size = fd_read_file_at(AT_FDCWD, path, FILE_BYTES_MAX, &text);
        if (size < 0)
                return size == -ENOENT ? 0 : (int) size;
        if (asprintf(&all, "#\n%s", text) < 0) { /* something for the first strtok_r() to take */
                all = NULL;
                return -ENOMEM;
        }
        (void) strtok_r(all, "\n", &save);
        (void) snprintf(number, sizeof(number), "%u", uid);
        while ((owner = next_line(&save, &range))) {
                *taken = *taken || overlap(&range, first);
                if (own->n == 0 && range.n >= ANCHOR_IDS && range.first <= UINT32_MAX - ANCHOR_IDS &&
                    (strcmp(owner, user) == 0 || strcmp(owner, number) == 0))
                        *own = range;
        }
        return 0;
}

static int look(const char *user, uid_t uid, uint64_t first, SubidRange *own_uids, SubidRange *own_gids, bool *taken) {
        int r = subids_look("/etc/subuid", user, uid, first, own_uids, taken);

        return r < 0 ? r : subids_look("/etc/subgid", user, uid, first, own_gids, taken);
}

static bool cell_has(const Manager *m, uint64_t first) {
        for (const Cell *c = m->cells; c; c = c->hh.next)
                if (c->first_id != 0 && c->first_id == first)
                        return true;
        return false;
}

int subids_choose(const Manager *m, const char *user, uid_t uid, uid_t *ret_first) {
        SubidRange uids = {}, gids = {};
        bool taken = false;
        int r = look(user, uid, 0, &uids, &gids, &taken);

        if (r < 0)
                return r;
        if (uids.n > 0 && uids.first == gids.first && uids.first > 0) {
                *ret_first = (uid_t) uids.first;
                return 0;
        }
        for (uint64_t first = m->conf.first_subid; first + ANCHOR_IDS - 1 <= m->conf.last_subid; first += ANCHOR_IDS) {
                if (cell_has(m, first))
                        continue;
                taken = false;
                r = look(user, uid, first, &uids, &gids, &taken);
                if (r < 0)
                        return r;
                if (!taken) {
                        *ret_first = (uid_t) first;
                        return 0;
                }
        }
        return -ENOSPC;
}
