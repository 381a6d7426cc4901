/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policies/policy-file.h"

#define POLICY_FILES_MAX 1024 /* that a directory may have of one kind, and policies in a set */

/* The directories that policies come from, highest priority first. */
typedef struct PolicyDirectories {
        char *const *paths; /* borrowed */
        int *fds;           /* -EBADF: not opened, or not usable */
        size_t n;
        bool trust; /* for verify and tests: directories and files may be anybody's */
} PolicyDirectories;

/* None is open yet. `paths` may be NULL. -ENOMEM. */
int policy_directories_init(PolicyDirectories *d, char *const *paths, bool trust);
void policy_directories_done(PolicyDirectories *d);

/* Does the error say something about us (-ENOMEM, -EMFILE, ...), and not about a file? The functions below return
 * such errors besides those that they name; then nothing can be loaded. */
bool policy_directories_fatal(int r);

/* Opens the directory `i`. -ENOENT: there is none; -EBADMSG: it can't be opened, or others than root own it or may write
 * to it, and `diags` says so. The path may lead over links: these are the administrator's. */
int policy_directories_open(PolicyDirectories *d, size_t i, PolicyDiags *diags);

/* Names in an open directory that end in `end`, without hidden ones, in any order; the caller frees. -E2BIG: more than
 * POLICY_FILES_MAX; -errno of readdir(3). */
int policy_directories_list(const PolicyDirectories *d, size_t i, const char *end, char ***ret);

/* Does the file say that there is no such file? It is a link to /dev/null, or empty and as trusted as others must be. */
bool policy_directories_mask(const PolicyDirectories *d, size_t i, const char *file);

/* Reads the file of an open directory over *p, whose path is set, and then its drop-ins, *.ini in FILE.d/ of all open
 * directories, in the order of their names; a name that several directories have is read from the first. A drop-in
 * directory may be no link. -EBADMSG: `diags` has the errors of all these files. */
int policy_directories_read(const PolicyDirectories *d, size_t i, const char *file, Policy *p, PolicyDiags *diags);
