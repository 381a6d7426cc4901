/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/cleanup.h"

/* A pseudoterminal between a command and our stdin and stdout, which may be a terminal. */

typedef struct Pty {
        int master_fd;
        int slave_fd; /* stays open: once no slave is open, a read of the master fails instead of waiting */
        char name[64];
        bool raw; /* our terminal is in raw mode, and `saved` has its former settings */
        struct termios saved;
        bool input_ended, output_failed, line_begun;
        char input[4096]; /* that we have read, but the pty has not yet accepted */
        size_t n_input, at_input;
} Pty;

/* Makes a pseudoterminal that belongs to `uid`; -errno. */
int pty_open(Pty *p, uid_t uid);
void pty_close(Pty *p); /* also restores our terminal */

/* Put our terminal (if stdin is one) into raw mode, or restore it. The caller may call them at any time, and twice. */
void pty_set_raw(Pty *p);
void pty_restore(Pty *p);
/* Gives the pty the size of our terminal. */
void pty_copy_size(const Pty *p);

/* The command's process calls this: starts a new session with the pty as its terminal, stdin, stdout and stderr. */
int pty_become_stdio(const Pty *p);

/* The poll(2) events that the relay has to wait for. */
short pty_input_events(const Pty *p);  /* of stdin */
short pty_master_events(const Pty *p);

void pty_read_input(Pty *p);
void pty_write_input(Pty *p);
/* Copies output of the command to stdout. False: there is no more at the moment. */
bool pty_copy_output(Pty *p);
