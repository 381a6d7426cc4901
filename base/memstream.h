/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

/* Closes a stream of open_memstream(3) over *text: what was written, which the caller frees. NULL: out of memory, for all
 * of it or for a part. */
char *memstream_finish(FILE *f, char **text);
