/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "bus/login.h"

/* Runs a command in a cell. This process passes signals on, relays a terminal, and returns the command's exit
 * status. */

typedef struct Command {
        char *const *argv;
        const char *runtime_dir;
        LoginRequest request; /* the cell, and the user and groups of the command */
        const char *home, *shell;
        bool pty;
} Command;

/* Runs the command and returns the exit status: the command's own; 128+N if signal N killed it; 127 if there is no
 * such command, 126 if the kernel can't execute it. If there is no cell, logs why and returns the status that
 * confinectl(1) names. */
int command_run(const Command *c);

/* The exit status for a verdict other than a cell: LOGIN_NO_CELL, LOGIN_FAILED, ... (pure). */
int command_status_of_reply(const LoginReply *reply);
/* The exit status for the negative errno of a manager that does not answer (pure). */
int command_status_of_error(int error);
