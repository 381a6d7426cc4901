/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/tool.h"

/* Objects of the manager. All return the exit status, 0 on success, and have said what is wrong. */

/* All cells or all sessions that the caller may see, as objects of their properties, in the order of
 * `sort_key` (a number). */
int find_all(Tool *t, const char *interface, const char *sort_key, json_t **ret);

/* The paths of the cells that `what` names: a cell, session, user or policy. */
int find_cells(Tool *t, const char *what, char ***ret);
/* The word that `what` has for this kind of thing ("policy:"): all of it if it doesn't say which kind it means, NULL
 * if it means another. */
const char *find_word(const char *what, const char *prefix);

/* Does `what` name no cell? Says nothing. */
bool find_has_no_cells(Tool *t, const char *what);

/* The path of a session by its id; *ret is NULL if there is none. */
int find_session(Tool *t, const char *id, char **ret);

/* All properties of an object. */
int find_properties(Tool *t, const char *path, const char *interface, json_t **ret);
