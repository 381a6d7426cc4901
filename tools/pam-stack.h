/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

/* The lines of one type in a PAM stack, in the order in which libpam would run them: the lines of an included file
 * stand in the place of the include. See pam.d(5). */

typedef struct PamLine {
        char *file; /* that contains the line */
        unsigned line;
        bool may_be_absent; /* "-session" */
        char *control;      /* "required", "[default=1]" */
        char *module;       /* base name, without .so: "pam_limits" */
        char *arguments;
} PamLine;

typedef struct PamStack {
        PamLine *lines;
        size_t n_lines;
} PamStack;

void pam_stack_done(PamStack *s);

/* Reads the lines of `type`, "session" or "account". `dirs` are the directories in libpam's order; the first that has
 * the file counts.
 * -ENOENT: no such service, or it includes a missing file; -ELOOP: it includes itself; -errno. */
int pam_stack_read(char *const *dirs, const char *service, const char *type, PamStack *ret);

/* The names of all services in the directories, sorted; the caller frees them. -ENOMEM. */
int pam_stack_list(char *const *dirs, char ***ret);
