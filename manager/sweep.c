/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cell's group is known by its name, at whatever depth below ROOT/cells or ROOT/reserve it is. */

#include "manager/sweep.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "manager/placement.h"
#include "netns/link.h"

#define SWEEP_TIMEOUT_USEC (60 * USEC_PER_SEC)

static bool is_cell_id(const char *name) {
        if (name[0] != 'c' || strlen(name) != 13)
                return false;
        for (const char *p = name + 1; *p; p++)
                if (!isxdigit((unsigned char) *p))
                        return false;
        return true;
}

typedef struct Sweep {
        Manager *manager;
        char path[GROUP_PATH_MAX];
        unsigned depth, n_removed;
} Sweep;

static int sweep_group(const char *name, void *userdata) {
        const Hierarchies *h = ((Sweep *) userdata)->manager->hierarchies;
        Sweep s = *(Sweep *) userdata;
        int n;

        n = snprintf(s.path, sizeof(s.path), "%s/%s", ((Sweep *) userdata)->path, name);
        if (n >= (int) sizeof(s.path))
                return 0;
        if (is_cell_id(name)) {
                if (manager_find_cell(s.manager, name))
                        return 0;
                (void) group_kill(h, s.path, 2 * USEC_PER_SEC);
                (void) group_remove(h, s.path, 2 * USEC_PER_SEC);
                ((Sweep *) userdata)->n_removed++;
                return 0;
        }
        if (s.depth == 0)
                return 0;
        s.depth--;
        s.n_removed = 0;
        (void) group_for_each_child(h, s.path, sweep_group, &s);
        ((Sweep *) userdata)->n_removed += s.n_removed;
        group_remove_if_empty(h, s.path);
        return 0;
}

static int sweep_link(const char *name, int index, void *userdata) {
        Sweep *s = userdata;

        (void) index;
        for (const Cell *c = s->manager->cells; c; c = c->hh.next)
                if (strcmp(c->link, name) == 0)
                        return 0;
        for (const Placement *p = s->manager->placements; p; p = p->hh.next)
                if (strcmp(p->link, name) == 0 || strcmp(p->old_link, name) == 0)
                        return 0;
        (void) link_remove(name);
        s->n_removed++;
        return 0;
}

static void run_sweep(void *userdata, JobReport *report, JobText *text) {
        static const char *const trees[] = { "cells", "reserve" };
        Sweep s = { .manager = userdata, .depth = 2 };

        (void) text;
        for (size_t i = 0; i < ELEMENTSOF(trees); i++) {
                (void) snprintf(s.path, sizeof(s.path), "%s/%s", s.manager->root_group, trees[i]);
                (void) group_for_each_child(s.manager->hierarchies, s.path, sweep_group, &s);
        }
        (void) link_list(s.manager->link_prefix, sweep_link, &s);
        s.n_removed += placements_sweep(s.manager);
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
