/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policies/policy.h"

/* The one table of keys. Parsing, dumping, the man page check, shell completion and `explain`
 * all read it. */

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

extern const PolicyKey policy_keys[];
extern const size_t n_policy_keys;

/* In which section a key of this name can be set for a live cell; whether there is such a key is not said. */
const char *policy_key_live_section(const char *name);

/* NULL: no such key. Sections and keys are case-sensitive, as in systemd. */
const PolicyKey *policy_key_find(const char *section, const char *name);
bool policy_section_known(const char *section);
/* The known name nearest to a mistyped one, or NULL: "did you mean MemoryMax=?". */
const char *policy_key_suggest(const char *section, const char *name);

/* Sets one key as a line of a file would: empty value resets. Returns what parse() returns, and
 * -ENOENT for an unknown key, -EOPNOTSUPP for one not delivered; *ret_message is then set, too. */
int policy_key_set(Policy *p, const char *section, const char *name, const char *value,
                   char **ret_message);

/* The same with all lines that a key's format() has given. Stops at the first that is refused. */
int policy_key_set_lines(Policy *p, const char *section, const char *name, const char *lines);
