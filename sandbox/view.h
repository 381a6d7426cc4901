/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* What [Filesystem] lays over the view of a cell: paths that are read-only, hidden, not executable, bound from
 * elsewhere, or empty. Paths are found by base/path.h, once, and every mount goes to where an fd says. */

typedef struct View View;

/* Opens what BindPaths= and BindReadOnlyPaths= name, and RootDirectory=, as the calling process sees the host;
 * `f` is expanded, and borrowed until view_free().
 * -ENOENT and others of path_open(), with *ret_what naming the path, in memory of the view or static. */
int view_new(const PolicyFilesystem *f, bool for_logins, View **ret, const char **ret_what);
View *view_free(View *v); /* takes NULL, returns NULL */
DEFINE_CLEANUP(View *, view_free);

/* Enters RootDirectory=; a no-op without. Before this what the host has elsewhere is to be opened. */
int view_enter_root(View *v, const char **ret_what);

/* As tmpfs(5) takes them: bytes, or a share of memory in %; and inodes. */
typedef struct TmpfsQuota {
        char size[24], inodes[24];
} TmpfsQuota;

typedef struct ViewParts {
        int tmpfs_fd; /* the cell's, mounted somewhere */
        const char *empty_dir, *empty_file; /* names in it, of mode 0 */
        const TmpfsQuota *quota; /* of a file system in memory that doesn't say so itself */
} ViewParts;

/* A mount of the empty directory, or file, that hides what `target_fd` is open on. As mount_copy(). */
int view_copy_empty(const ViewParts *parts, int target_fd);

/* Lays it over the mounts that the calling process has by now.
 * -EXDEV: something is hidden that another key puts something into; -ESTALE: a path was changed meanwhile; else as
 * path_open() and the mounts.h functions, with *ret_what naming key and path. */
int view_apply(View *v, const ViewParts *parts, const char **ret_what);

/* After that: does BindPaths= or BindReadOnlyPaths= put something just there? */
bool view_binds(const View *v, const char *path);
