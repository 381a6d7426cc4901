/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* open_memstream(3) for those who want all of what they have written or nothing: that one leaves out what it finds no
 * memory for, and mostly does not say so. NULL: out of memory. */
FILE *memstream_open(char **text, size_t *size);
/* Closes it: what was written, which the caller frees, *size bytes and a NUL. NULL: out of memory, for all of it or for a
 * part. */
char *memstream_finish(FILE *f, char **text);
