/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

/* One part of a PAM stack, as libpam would run it: with what it includes in its place. See pam.d(5). */

typedef struct PamLine {
        char *file; /* that it stands in */
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

/* `dirs` as libpam looks for a service: the first that has the file. `type`: "session", "account".
 * -ENOENT: no such service, or it includes what isn't there; -ELOOP: it includes itself; -errno. */
int pam_stack_read(char *const *dirs, const char *service, const char *type, PamStack *ret);

/* All services of the directories, sorted; the caller frees. */
int pam_stack_list(char *const *dirs, char ***ret);
