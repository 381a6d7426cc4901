/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/lent/filters.h"

#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sandbox/seccomp.h"

struct Filter {
        LIST_ENTRY(Filter) entry;
        Policy *policy;
        int fd;
        unsigned n_cells;
};

struct Filters {
        LIST_HEAD(, Filter) items;
};

Filters *filters_new(void) {
        return calloc(1, sizeof(Filters));
}

static void filter_free(Filter *x) {
        LIST_REMOVE(x, entry);
        policy_unref(x->policy);
        close_fd(x->fd);
        free(x);
}

Filters *filters_free(Filters *f) {
        while (f && !LIST_EMPTY(&f->items))
                filter_free(LIST_FIRST(&f->items));
        free(f);
        return NULL;
}

bool filters_are_for(const Policy *p) {
        return seccomp_is_supported() || (policy_filters_syscalls(p) && !p->if_unsupported_warn);
}

int filters_acquire(Filters *f, Policy *p, Filter **ret) {
        Filter *x;
        int fd;

        LIST_FOREACH(x, &f->items, entry)
                if (x->policy == p) {
                        x->n_cells++;
                        *ret = x;
                        return 0;
                }
        fd = seccomp_build(p);
        if (fd < 0)
                return fd;
        x = malloc(sizeof(*x));
        if (!x) {
                close_fd(fd);
                return -ENOMEM;
        }
        *x = (Filter) { .policy = policy_ref(p), .fd = fd_move_high(fd), .n_cells = 1 };
        LIST_INSERT_HEAD(&f->items, x, entry);
        *ret = x;
        return 0;
}

Filter *filter_release(Filter *x) {
        if (x && --x->n_cells == 0)
                filter_free(x);
        return NULL;
}

int filter_fd(const Filter *x) {
        return x->fd;
}
