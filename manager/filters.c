/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/filters.h"

#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cells/seccomp.h"

typedef struct Filter {
        LIST_ENTRY(Filter) entry;
        Policy *policy;
        int fd;
} Filter;

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

static void drop_unused(Filters *f) {
        Filter *x = LIST_FIRST(&f->items), *next;

        for (; x; x = next) {
                next = LIST_NEXT(x, entry);
                if (x->policy->n_ref == 1)
                        filter_free(x);
        }
}

bool filters_are_for(const Policy *p) {
        return seccomp_is_supported() || (policy_filters_syscalls(p) && !p->if_unsupported_warn);
}

int filters_get(Filters *f, Policy *p) {
        Filter *x;
        int fd;

        LIST_FOREACH(x, &f->items, entry)
                if (x->policy == p)
                        return x->fd;
        drop_unused(f);
        fd = seccomp_build(p);
        if (fd < 0)
                return fd;
        x = malloc(sizeof(*x));
        if (!x) {
                close_fd(fd);
                return -ENOMEM;
        }
        *x = (Filter) { .policy = policy_ref(p), .fd = fd_move_high(fd) };
        LIST_INSERT_HEAD(&f->items, x, entry);
        return x->fd;
}
