/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policies/policy.h"

typedef struct PolicyDiag {
        char *file;
        unsigned line; /* 0: the file as a whole */
        char *section, *key; /* NULL: not about a key */
        char *message;
        bool warning;
} PolicyDiag;

typedef struct PolicyDiags {
        PolicyDiag *items;
        size_t n_items;
        bool lost_error; /* one that there was no memory for */
} PolicyDiags;

void policy_diags_done(PolicyDiags *d);
bool policy_diags_has_error(const PolicyDiags *d);
/* printf-like; an error that can't be stored for lack of memory still counts as one. */
int policy_diags_add(PolicyDiags *d, bool warning, const char *file, unsigned line, const char *section,
                     const char *key, const char *format, ...) __attribute__((format(printf, 7, 8)));
/* "FILE:LINE: [Section] Key=: message", control bytes escaped; the caller frees. NULL: out of
 * memory. */
char *policy_diag_to_string(const PolicyDiag *d);

/* Reads one INI file over *p: main file or drop-in. All of its errors go to `diags` at once.
 * Refused: not a regular file, not owned by root, writable by group or others (unless `trust`,
 * for verify and tests), over 1 MiB, NUL bytes, a BOM, a line over 4096 bytes, unknown section or
 * key, repeated key in one section of one file unless it is a list key, indented continuation,
 * junk after a section header, a missing "=", a comment behind a value. At most 100 errors a file.
 * Not for several threads at once: inih is set up by global variables.
 * 0; -EBADMSG: `diags` has the errors and *p is not to be used; -errno when it can't be read
 * (also said in `diags`). */
int policy_file_read(Policy *p, int dir_fd, const char *name, const char *display_path, bool trust,
                     PolicyDiags *diags);

/* Checks what no single key can: Namespaces=mnt without pid, an address outside the pool, routed
 * without a pool, fixed address with Scope=session and more than one session, ... Adds to `diags`
 * at the line of the key concerned. */
void policy_check(const Policy *p, PolicyDiags *diags);
