/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/sweep.h"

#include <string.h>

#include "base/log.h"
#include "manager/builder-inner.h"
#include "manager/placement.h"
#include "netns/link.h"
#include "netns/names.h"
#include "netns/shaping.h"

#define SWEEP_TIMEOUT_USEC (60 * USEC_PER_SEC)

typedef struct Sweep {
        Manager *manager;
        unsigned n_removed;
} Sweep;

static bool is_known(const char *id, void *userdata) {
        return manager_find_cell(userdata, id) != NULL;
}

static int sweep_link(const char *name, int index, void *userdata) {
        Sweep *s = userdata;

        (void) index;
        for (const Cell *c = s->manager->cells; c; c = c->hh.next)
                if (strcmp(c->link, name) == 0 || shaping_is_shadow(name, c->link) ||
                    shaping_is_tree(name, s->manager->link_prefix, c->place.tree))
                        return 0;
        for (const Placement *p = s->manager->placements; p; p = p->hh.next)
                if (strcmp(p->link, name) == 0 || strcmp(p->old_link, name) == 0 ||
                    shaping_is_shadow(name, p->link) || shaping_is_shadow(name, p->old_link))
                        return 0;
        (void) link_remove(name);
        s->n_removed++;
        return 0;
}

static bool is_known_name(const char *name, void *userdata) {
        const Manager *m = userdata;

        for (const Cell *c = m->cells; c; c = c->hh.next)
                if (strcmp(c->netns_name, name) == 0)
                        return true;
        return false;
}

static void run_sweep(void *userdata, JobReport *report, JobText *text) {
        Manager *m = userdata;
        const DriverCell host = {
                .hierarchies = m->hierarchies,
                .state_fd = m->driver_fd,
                .root_group = m->root_group,
                .id = "",
                .uid = UID_INVALID,
                .others = m->cell_host.others,
                .userdata = m,
        };
        Sweep s = { .manager = m };
        char prefix[CELL_NETNS_NAME_MAX];

        (void) text;
        s.n_removed = m->driver->sweep(&host, is_known, m);
        (void) link_list(m->link_prefix, sweep_link, &s);
        s.n_removed += placements_sweep(m);
        s.n_removed += builder_inner_sweep(m->config.runtime_dir, is_known, m);
        (void) snprintf(prefix, sizeof(prefix), "%s-c", m->config.instance);
        s.n_removed += netns_name_sweep(prefix, is_known_name, m);
        report->numbers[0] = s.n_removed;
}

static void on_swept(const JobReport *report, const char *text, void *userdata) {
        (void) text, (void) userdata;
        if (report->error < 0)
                log_warning_errno(report->error, "Cannot look for what dead cells left: %m");
        else if (report->numbers[0] > 0)
                log_notice("Removed %llu control groups, links and namespaces that nobody owned",
                           (unsigned long long) report->numbers[0]);
}

void sweep_start(Manager *m) {
        const JobSpec spec = {
                .name = "look for what dead cells left",
                .uid = UID_INVALID,
                .exclusive = true,
                .timeout_usec = SWEEP_TIMEOUT_USEC,
                .run = run_sweep,
                .done = on_swept,
                .userdata = m,
        };
        int r = job_start(m->jobs, &spec, NULL);

        if (r < 0)
                log_warning_errno(r, "Cannot look for what dead cells left: %m");
}
