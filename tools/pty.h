/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/cleanup.h"

/* A pseudoterminal between our terminal (or whatever stdin and stdout are) and a command. */

typedef struct Pty {
        int master_fd;
        int slave_fd; /* stays open here: without any, reading the master fails instead of waiting */
        char name[64];
        bool raw; /* our terminal is in raw mode, `saved` is what it was in before */
        struct termios saved;
        bool input_ended, output_failed, line_begun;
        char input[4096]; /* read and not yet taken by the pty */
        size_t n_input, at_input;
} Pty;

/* Makes one that belongs to `uid`; -errno. */
int pty_open(Pty *p, uid_t uid);
void pty_close(Pty *p); /* and puts our terminal back */

/* Our terminal (if stdin is one) into raw mode, or back; both may come at any time, and twice. */
void pty_set_raw(Pty *p);
void pty_restore(Pty *p);
/* Our terminal's size to the pty. */
void pty_copy_size(const Pty *p);

/* In the command's process: a session of its own with the pty as its terminal and stdio. */
int pty_become_stdio(const Pty *p);

/* poll(2) events that the relay waits for. */
short pty_input_events(const Pty *p);  /* of stdin */
short pty_master_events(const Pty *p);

void pty_read_input(Pty *p);
void pty_write_input(Pty *p);
/* Copies what the command printed. False: nothing more comes now. */
bool pty_copy_output(Pty *p);
