/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into the manager (LD_PRELOAD): the file that $FAULTS_ALLOCATIONS names says which allocation fails, of the
 * manager or of its jobs, and counts them. See tests/faults/run. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define EARLY_SIZE 65536

typedef enum Whose {
        WHOSE_NOBODYS,
        WHOSE_MANAGERS,
        WHOSE_JOBS,
} Whose;

typedef struct Control {
        int whose;
        int which; /* 1: the next one */
        int n;     /* so far */
} Control;

static volatile Control *control;
static pid_t manager;

/* dlsym(3) allocates before it can say where the allocator is. */
static char early[EARLY_SIZE];
static size_t n_early;

static void *allocate_early(size_t size) {
        char *p = early + n_early;

        n_early += (size + 15) & ~(size_t) 15;
        return n_early <= sizeof(early) ? p : NULL;
}

static bool fails(void) {
        Control *c = (Control *) control;

        if (!c || c->whose == WHOSE_NOBODYS || (c->whose == WHOSE_MANAGERS) != (getpid() == manager))
                return false;
        if (__atomic_add_fetch(&c->n, 1, __ATOMIC_SEQ_CST) != c->which)
                return false;
        errno = ENOMEM;
        return true;
}

static void __attribute__((constructor)) begin(void) {
        const char *path = getenv("FAULTS_ALLOCATIONS");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (fd >= 0)
                (void) close(fd);
        manager = getpid();
        if (p != MAP_FAILED)
                control = p;
}

void *malloc(size_t size) {
        static void *(*next)(size_t);

        if (!next)
                next = dlsym(RTLD_NEXT, "malloc");
        return fails() ? NULL : next(size);
}

void *calloc(size_t n, size_t size) {
        static void *(*next)(size_t, size_t);
        static bool looking;

        if (!next) {
                if (looking)
                        return allocate_early(n * size);
                looking = true;
                next = dlsym(RTLD_NEXT, "calloc");
        }
        return fails() ? NULL : next(n, size);
}

void *realloc(void *p, size_t size) {
        static void *(*next)(void *, size_t);

        if (!next)
                next = dlsym(RTLD_NEXT, "realloc");
        return fails() ? NULL : next(p, size);
}
