/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/tool.h"

/* The view of a cell, that is, what it sees and may do (policies/policy-view.h): an array of objects with "How", "What"
 * and "Key". */

/* The view of a policy with these values, as values_read() returns them. -ENOMEM. */
int view_of_values(const json_t *values, json_t **ret);
/* The view from the rows of a cell's property View. NULL: out of memory. */
json_t *view_from_bus(const json_t *rows);
void view_print(Tool *t, const json_t *view);
