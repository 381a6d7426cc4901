/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/cell.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/strv.h"
#include "manager/work/reap.h"

const char *const cell_state_names[_CELL_STATE_MAX] = {
        [CELL_MAKING] = "making",
        [CELL_LIVE] = "live",
        [CELL_ENDING] = "ending",
};

const char *cell_state_to_string(CellState s) {
        return s >= 0 && s < _CELL_STATE_MAX ? cell_state_names[s] : "?";
}

unsigned cell_namespaces(const Cell *c) {
        return c->policy->namespaces & ~c->host->driver->without_namespaces;
}

Cell *cell_alloc(CellHost *host) {
        Cell *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->host = host;
        c->uid = UID_INVALID;
        c->init_pidfd = -EBADF;
        c->state = CELL_MAKING;
        LIST_INIT(&c->sessions);
        return c;
}

/* Those of another cell are for that one to release. */
void cell_release_addresses(Cell *c) {
        if (*c->network_of)
                return;
        if (c->address4.family != AF_UNSPEC)
                pool_release(c->host->pool, &c->address4);
        if (c->address6.family != AF_UNSPEC)
                pool_release(c->host->pool, &c->address6);
        c->address4 = c->address6 = (IpPrefix) {};
}

/* pid 1 may outlast its cell a little: it waits for login programs to reap their children in the cell.
 * Whoever started it reaps it; after a restart that is the host's init. */
static void leave_init(Cell *c) {
        siginfo_t si = {};

        if (c->init_pidfd < 0 || c->init_reaped ||
            waitid(P_PIDFD, (id_t) c->init_pidfd, &si, WEXITED | WNOHANG) < 0 || si.si_pid != 0)
                return;
        (void) reap_later(c->host->event, c->init_pid, NULL, NULL);
}

Cell *cell_free(Cell *c) {
        if (!c)
                return NULL;
        job_cancel(c->job);
        sd_event_source_disable_unref(c->init_source);
        sd_event_source_disable_unref(c->linger_source);
        sd_event_source_disable_unref(c->retry_source);
        sd_event_source_disable_unref(c->logins_source);
        sd_event_source_disable_unref(c->members_source);
        cell_release_addresses(c);
        leave_init(c);
        close_fd(c->init_pidfd);
        policy_unref(c->policy);
        free(c->user);
        free(c->hostname);
        free(c->trouble);
        free(c->groups_trouble);
        job_cancel(c->groups_job);
        policy_filesystem_done(&c->filesystem);
        resolver_done(&c->resolver);
        strv_free(c->groups);
        strv_free(c->assignments);
        strv_free(c->kept);
        free(c);
        return NULL;
}

bool cell_admits(const Cell *c) {
        return !c->frozen && c->adjusting != ADJUST_FREEZE;
}
