/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/* NULL-terminated vectors of strings; NULL is the empty one. */

size_t strv_length(char *const *v);
bool strv_has(char *const *v, const char *text);
char **strv_free(char **v); /* takes NULL, returns NULL */
DEFINE_CLEANUP(char **, strv_free);

/* Appends a copy of `text` (of its first `n` bytes). -ENOMEM: *v is as it was. */
int strv_extend(char ***v, const char *text);
int strv_extend_n(char ***v, const char *text, size_t n);
/* Appends copies of all of `more`. -ENOMEM: some of them may be there. */
int strv_extend_all(char ***v, char *const *more);

/* Splits at blanks and tabs. No quoting. */
int strv_split(const char *text, char ***ret);

/* With `separator` between the items; the caller frees. NULL: out of memory. */
char *strv_join(char *const *v, const char *separator);
