/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "tools/verbs.h"

/* What a verb works with: the command line, the connection, and where output goes. */

struct Tool {
        const Verb *verb;
        const Options *options;
        char *const *arguments;
        size_t n_arguments;
        sd_bus *bus; /* NULL until tool_connect() */
        FILE *out;   /* stdout, or the pager */
        pid_t pager;
        bool colour;
};

/* Connects to the manager. On failure it has said why, and returns the exit status, else 0. */
int tool_connect(Tool *t);

/* Calls a method of the manager object; on failure says why and returns the exit status, else 0. */
int tool_call_manager(Tool *t, const char *member, sd_bus_message **ret_reply, const char *types, ...);

/* Says why a call failed, with what to do next, and returns the exit status. */
int tool_fail_call(const Tool *t, const sd_bus_error *error, int r);
/* Says what a negative errno means; returns EXIT_FAILED. */
int tool_fail(int r, const char *what);
/* Is it an error of the manager that says that there is no such thing? */
bool tool_is_missing(const sd_bus_error *error);

/* Opens the pager for what is longer than the screen, if there is one. */
void tool_open_pager(Tool *t);
/* Prints by --json= or as a table; returns the exit status. */
int tool_print_table(Tool *t, const Table *table);
int tool_print_json(Tool *t, const json_t *j);
/* Closes what is open and waits for the pager. */
void tool_done(Tool *t);

#define TOOL_BOLD(t) ((t)->colour ? "\033[1m" : "")
#define TOOL_RED(t) ((t)->colour ? "\033[31m" : "")
#define TOOL_PLAIN(t) ((t)->colour ? "\033[0m" : "")
