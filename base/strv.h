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
/* The same where what is between quotes, single or double, is of one word, and a backslash takes the meaning from what
 * comes after it. -EINVAL: a quote has no end; -ENOMEM. See systemd.syntax(7), "Quoting". */
int strv_split_quoted(const char *text, char ***ret);

/* With `separator` between the items; the caller frees. NULL: out of memory. */
char *strv_join(char *const *v, const char *separator);
/* What strv_split_quoted() splits again: with a blank between the items, and quotes around what needs them: an item,
 * or, unless `separator` is NUL, each of its parts between separators. */
char *strv_join_quoted(char *const *v, char separator);
