/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "tools/verbs.h"

/* The environment of a verb: the command line, the connection to the manager, and the output. */

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

/* Connects to the manager. Returns 0, or logs the error and returns the exit status. */
int tool_connect(Tool *t);

/* Calls a method of the manager object. Returns 0, or logs the error and returns the exit status. */
int tool_call_manager(Tool *t, const char *member, sd_bus_message **ret_reply, const char *types, ...);

/* Logs why a call failed and what the user can do, and returns the exit status. */
int tool_fail_call(const Tool *t, const sd_bus_error *error, int r);
/* Logs `what` and the text of a negative errno; returns EXIT_FAILED. */
int tool_fail(int r, const char *what);
/* Whether the manager's error says that there is no such cell, session, policy, user or object. */
bool tool_is_missing(const sd_bus_error *error);

/* Sends t->out through a pager, if stdout is a terminal and the user wants neither JSON nor --no-pager. */
void tool_open_pager(Tool *t);
/* Print as JSON in the mode of --json=, or as a table; return the exit status. */
int tool_print_table(Tool *t, const Table *table);
int tool_print_json(Tool *t, const json_t *j);
/* Closes the connection and the pager's input, and waits for the pager. */
void tool_done(Tool *t);

#define TOOL_BOLD(t) ((t)->colour ? "\033[1m" : "")
#define TOOL_RED(t) ((t)->colour ? "\033[31m" : "")
#define TOOL_PLAIN(t) ((t)->colour ? "\033[0m" : "")
