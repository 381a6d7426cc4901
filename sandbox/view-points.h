/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "policies/policy.h"

/* Every path that some key of [Filesystem] names is a point of the view. What is at a point, whether it can be written
 * and whether executed are three things, and each may be said by another key. */

typedef enum Content {
        CONTENT_SAME,  /* what is there */
        CONTENT_EMPTY, /* a directory of the cell's tmpfs, read-only, for other points to be in */
        CONTENT_TMPFS,
        CONTENT_BIND,
        CONTENT_HIDDEN,
} Content;

typedef enum Access {
        ACCESS_UNSET,
        ACCESS_NO,
        ACCESS_YES,
} Access;

typedef struct Point {
        char *path;
        const char *key;
        Content content;
        Access write, execute;
        bool optional;
        char *options; /* of a tmpfs */
        int mount_fd;  /* the copy or new mount; kept once it is in place */
        dev_t dev;     /* of what was copied */
        ino_t ino;
        bool covered;  /* inside of what another point puts there */
        bool of_cell;  /* a copy of what is in memory of the cell's own */
        bool gone;     /* not there at all */
} Point;

typedef struct Points {
        Point *all;
        size_t n;
} Points;

/* Says what is at a path; of two keys the one that shows less wins. Takes `mount_fd` (negative: none), also on error;
 * `options` are those of a tmpfs, or NULL. An `optional` point need not be there, unless another key says so.
 * -ENOMEM. */
int points_set_content(Points *p, const char *path, const char *key, Content content, int mount_fd, const char *options,
                       bool optional);
/* Says whether what is there can be written; of two keys the one that forbids it wins. -ENOMEM. */
int points_set_write(Points *p, const char *path, const char *key, Access write, bool optional);

/* Adds what the policy asks for, but for binds and RootDirectory=. `for_logins`: what login programs write, as root,
 * stays writable. -ENOMEM. */
int points_add_policy(Points *p, const PolicyFilesystem *f, bool for_logins);

void points_done(Points *p);
