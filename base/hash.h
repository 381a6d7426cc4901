/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The library's tables; all of ours include it from here. Where there is no memory for one more element HASH_ADD*() leaves
 * it out, and the table as it was, in place of ending the process: ask hash_has() after each. */

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define hash_has(element) ((element)->hh.tbl != NULL)
