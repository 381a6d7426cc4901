/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/tool.h"

/* The keys of a policy with their effective values and where each comes from. */

/* Reads the manager's a(ssssu) to objects {Section, Key, Value, File, Line}; without `all`, those alone
 * that some file sets. Negative errno. */
int values_read(sd_bus_message *m, bool all, json_t **ret);
/* As sections of a policy file, each line with its origin behind it. Returns the exit status. */
int values_print(Tool *t, const json_t *values);
