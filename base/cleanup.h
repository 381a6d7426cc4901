/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Scope-bound ownership: a local variable marked _cleanup_(f) is released by f when it goes
 * out of scope, and TAKE_PTR()/TAKE_FD() hand it over to somebody else. */

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p)                        \
        ({                                 \
                typeof(p) *_pp = &(p);     \
                typeof(p) _taken = *_pp;   \
                *_pp = NULL;               \
                _taken;                    \
        })

#define TAKE_FD(fd)                \
        ({                         \
                int *_fp = &(fd);  \
                int _taken = *_fp; \
                *_fp = -EBADF;     \
                _taken;            \
        })

/* Defines FUNCp(), the form of the destructor FUNC() that _cleanup_() takes. */
#define DEFINE_CLEANUP(type, func)                                          \
        static inline __attribute__((unused)) void func##p(type *p) {       \
                if (*p)                                                     \
                        (void) func(*p);                                    \
        }                                                                   \
        struct func##_cleanup_semicolon

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define MIN(a, b)                      \
        ({                             \
                typeof(a) _a = (a);    \
                typeof(b) _b = (b);    \
                _a < _b ? _a : _b;     \
        })
#define MAX(a, b)                      \
        ({                             \
                typeof(a) _a = (a);    \
                typeof(b) _b = (b);    \
                _a > _b ? _a : _b;     \
        })

#define SWAP(a, b)               \
        do {                     \
                typeof(a) _t = a; \
                (a) = (b);       \
                (b) = _t;        \
        } while (0)

/* Closes a valid fd and keeps errno; returns -EBADF, for "fd = close_fd(fd)". */
static inline int close_fd(int fd) {
        if (fd >= 0) {
                int saved = errno;

                (void) close(fd); /* on Linux the fd is gone whatever close(2) says */
                errno = saved;
        }
        return -EBADF;
}

static inline void close_fdp(int *fd) {
        *fd = close_fd(*fd);
}

static inline void freep(void *p) {
        free(*(void **) p);
}

static inline void fclosep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

static inline void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}
