/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/tool.h"

/* The keys of a policy with their effective values and the file and line of each. */

/* Reads the manager's a(ssssu) into objects {Section, Key, Value, File, Line}; without `all`, only keys that a file
 * sets. Negative errno. */
int values_read(sd_bus_message *m, bool all, json_t **ret);
/* Prints them as sections of a policy file, each line followed by its origin. Returns the exit status. */
int values_print(Tool *t, const json_t *values);
