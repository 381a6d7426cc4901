/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-key.h"

/* The one table of keys. Parsing, dumping, the man page check, shell completion and `explain`
 * all read it. */

extern const PolicyKey policy_keys[];
extern const size_t n_policy_keys;

/* In which section a key of this name can be set for a live cell; whether there is such a key is not said. */
const char *policy_key_live_section(const char *name);

/* A key has its name in its row alone: other code knows it by the field that its value is in.
 * Here by offsetof(Policy, ...); the first row, where several have a part of the field. NULL: no key is delivered that
 * sets this field. */
const PolicyKey *policy_key_at(size_t offset);
#define POLICY_KEY(field) policy_key_at(offsetof(Policy, field))
/* The name that a key of [Resources] has in all sections that have it, by offsetof(Resources, ...), and that of a limit of a
 * disk, by offsetof(IoLimit, ...). There must be one. */
const char *policy_resource_name(size_t offset);
const char *policy_io_limit_name(size_t offset);

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

/* A policy as text, for records: calls back with each delivered key that has a value, in the order of the table.
 * `qualified` is "Section.Key", and `value` what the key's format() gives, never ""; both end with the call. Stops when
 * the callback returns anything but 0, and returns that. -ENOMEM. */
typedef int (*policy_key_value_t)(const PolicyKey *key, const char *qualified, const char *value, void *userdata);
int policy_keys_for_each_value(const Policy *p, policy_key_value_t callback, void *userdata);

/* Sets what the former has given, over what *p has of the key. -EBADMSG: `qualified` has no "."; else as
 * policy_key_set_lines(), where -ENOENT and -EOPNOTSUPP can mean that a newer version has written it. */
int policy_key_set_qualified(Policy *p, const char *qualified, const char *value);
