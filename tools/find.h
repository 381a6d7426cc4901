/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/tool.h"

/* Finds objects of the manager. Functions that return int return the exit status: 0, or another after they have
 * logged the error. */

/* All cells or all sessions that the caller may see, each as an object of its properties, in the order of
 * `sort_key` (a number). */
int find_all(Tool *t, const char *interface, const char *sort_key, json_t **ret);

/* The paths of the cells that `what` names: a cell, session, user or policy. */
int find_cells(Tool *t, const char *what, char ***ret);
/* The name in `what` if it can name this kind of object: the part after `prefix` ("policy:"), or all of `what` if it
 * has no prefix. NULL if it has the prefix of another kind. */
const char *find_word(const char *what, const char *prefix);

/* Whether `what` names no cell. Logs nothing. */
bool find_has_no_cells(Tool *t, const char *what);

/* The path of a session by its id; *ret is NULL if there is none. */
int find_session(Tool *t, const char *id, char **ret);

/* All properties of an object. */
int find_properties(Tool *t, const char *path, const char *interface, json_t **ret);
