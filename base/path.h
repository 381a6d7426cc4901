/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths that lead through directories of other people. */

#include <stdbool.h>

#define PATH_LINKS_MAX 40 /* as the kernel has it, path_resolution(7) */

/* Finds the absolute `path`, with `root_fd` as "/", a component at a time. A symbolic link is followed only where
 * nobody but root can have put it: it, and all directories on the way to it, belong to root and are writable by
 * no one else. Automounts are not waited for at the last component.
 *
 * 0        *ret_fd (may be NULL) is an O_PATH fd, and *ret_path, which the caller frees, leads there without links
 * -ELOOP   there is a link that its owner can change, or too many links
 * -ENOENT  it is not there; with both, *ret_path is as far as it is known, with the rest as it was given
 * -ENOTDIR, -EACCES, ...: as open(2); -ENOMEM */
int path_open(int root_fd, const char *path, char **ret_path, int *ret_fd);

/* The same, but only of what root alone decides: no directory on the way may belong to somebody else, or be writable for
 * others, but for root's own files in a sticky one. -EPERM: else; then what is found there can change with every look. */
int path_open_roots(int root_fd, const char *path, int *ret_fd);

/* Is `lower` inside of `upper`, by the text of both? Neither has links, nor a "/" at its end. */
bool path_is_above(const char *upper, const char *lower);

/* Opens what path_open() has found once more, by the same components: O_PATH, and no link anywhere on the way.
 * See openat2(2), RESOLVE_NO_SYMLINKS. */
int path_reopen(int root_fd, const char *path);
