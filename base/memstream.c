/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/memstream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SIZE_MIN 256

typedef struct Cookie {
        char **text;
        size_t *size, n_allocated;
} Cookie;

/* 0: there is no room, which stdio remembers as an error of the stream. */
static ssize_t write_cookie(void *userdata, const char *data, size_t n) {
        size_t wanted, grown;
        Cookie *c = userdata;
        char *text;

        wanted = *c->size + n + 1;
        if (wanted > c->n_allocated) {
                grown = MAX(wanted, 2 * c->n_allocated);
                text = realloc(*c->text, grown);
                if (!text)
                        return 0;
                *c->text = text;
                c->n_allocated = grown;
        }
        memcpy(*c->text + *c->size, data, n);
        *c->size += n;
        (*c->text)[*c->size] = '\0';
        return (ssize_t) n;
}

static int close_cookie(void *userdata) {
        free(userdata);
        return 0;
}

FILE *memstream_open(char **text, size_t *size) {
        static const cookie_io_functions_t functions = { .write = write_cookie, .close = close_cookie };
        Cookie *c = malloc(sizeof(*c));
        FILE *f = NULL;

        *text = malloc(SIZE_MIN);
        *size = 0;
        if (c && *text) {
                *c = (Cookie) { .text = text, .size = size, .n_allocated = SIZE_MIN };
                **text = '\0';
                f = fopencookie(c, "w", functions);
        }
        if (!f) {
                free(c);
                free(*text);
                *text = NULL;
        }
        return f;
}

char *memstream_finish(FILE *f, char **text) {
        bool failed = ferror(f);

        failed = fclose(f) != 0 || failed;
        if (failed) {
                free(*text);
                *text = NULL;
        }
        return TAKE_PTR(*text);
}
