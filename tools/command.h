/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "bus/login.h"

/* A command in a cell, with this process as its front: it passes signals on, relays a terminal, and
 * returns what the command returned. */

typedef struct Command {
        char *const *argv;
        const char *runtime_dir;
        LoginRequest request; /* who and where; its user and groups are the command's */
        const char *home, *shell;
        bool pty;
} Command;

/* Runs it and returns the exit status: the command's own, 128+N when signal N killed it, 127 and 126 when it
 * is not found or not executable; what confinectl(1) says when the cell can't be had, with a message. */
int command_run(const Command *c);

/* LOGIN_NO_CELL, LOGIN_FAILED, ... to the exit status (pure). */
int command_status_of_reply(const LoginReply *reply);
/* From errno of an absent manager. */
int command_status_of_error(int error);
