/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policies/policy.h"

/* A row of the table of keys. */

typedef struct PolicyKey PolicyKey;

struct PolicyKey {
        const char *section, *name;
        /* Parses `value` (never empty) into p's field. 0; 1: taken, but *ret_message is a warning;
         * -EINVAL and *ret_message says what is wrong and what would be right; -ENOMEM. The caller
         * frees *ret_message. NULL: a key of the language that this version does not deliver;
         * it is refused as not supported, and reset and format are NULL, too. */
        int (*parse)(const PolicyKey *key, Policy *p, const char *value, char **ret_message);
        /* Back to its default (an empty value). */
        void (*reset)(const PolicyKey *key, Policy *p);
        /* The field as text that parse() reads back to the same value; "" when unset. NULL: ENOMEM. */
        char *(*format)(const PolicyKey *key, const Policy *p);
        size_t offset;
        int data;         /* for a parser that serves several keys */
        const char *help; /* value syntax in a few words: "BYTES|PERCENT|infinity"; with parse NULL:
                           * NULL, or why the key is refused in this section */
        bool list;        /* may be given several times in a file; lines and files append */
};
