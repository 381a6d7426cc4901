/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

/* A text under construction. Zero-initialise; release with script_done(). */
typedef struct Script {
        FILE *file;
        char *text; /* valid after script_close() or fflush() */
        size_t size;
} Script;

int script_open(Script *s);  /* -ENOMEM */
int script_close(Script *s); /* -ENOMEM: something of it is missing */
void script_done(Script *s);
