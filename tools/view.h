/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/tool.h"

/* What a cell sees and may do (policies/policy-view.h): an array of objects with "How", "What" and "Key". */

/* Of a policy with these values, as values_read() gives them. -ENOMEM. */
int view_of_values(const json_t *values, json_t **ret);
/* Of the rows of a cell's property View. NULL: out of memory. */
json_t *view_from_bus(const json_t *rows);
void view_print(Tool *t, const json_t *view);
