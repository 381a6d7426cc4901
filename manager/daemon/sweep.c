/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A job sees the tables as they were when it began, and would take a cell that comes meanwhile for nobody's. So a first
 * one looks, beside whatever else runs, and only tells the names that it does not know. If there are any, a second one
 * removes those of them that the tables still don't have; names are not used again.
 *
 * A driver that has all of a user's cells in one group changes that one's limits as it looks: then all wait. */

#include "manager/daemon/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/builder-inner.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/placement-parts.h"
#include "manager/cells/placement.h"
#include "manager/cells/table.h"
#include "netns/link-owner.h"
#include "netns/names.h"
#include "netns/shaping.h"

#define SWEEP_TIMEOUT_USEC (60 * USEC_PER_SEC)
#define TOLD_MAX 20000 /* lines, with one for each hierarchy that a group is in; what is beyond is left to the next start */
#define PIN "pin " /* before the name of a service, which may be wanted again */

typedef struct Sweep {
        Manager *manager;
        char **found;   /* what may be removed; NULL: the first job, that only tells */
        JobText *text;
        unsigned n_told;
        const char **links; /* of cells and services, sorted */
        size_t n_links;
} Sweep;

/* False: it is to be removed. */
static bool spare(Sweep *s, const char *kind, const char *name, bool owned) {
        char line[512];

        if (owned || snprintf(line, sizeof(line), "%s%s", kind, name) >= (int) sizeof(line))
                return true;
        if (s->found)
                return !strv_has(s->found, line);
        if (s->n_told++ < TOLD_MAX)
                job_write_text(s->text, "%s\n", line);
        return true;
}

static bool is_known(const char *id, void *userdata) {
        Sweep *s = userdata;

        return spare(s, "", id, table_find_cell(&s->manager->table, id));
}

static bool is_known_unit(const char *unit, void *userdata) {
        Sweep *s = userdata;

        return spare(s, PIN, unit, placements_have(&s->manager->placements, unit));
}

static bool is_known_name(const char *name, void *userdata) {
        Sweep *s = userdata;
        const Cell *c = table_find_cell(&s->manager->table, name + strlen(s->manager->config.instance) + 1);

        return spare(s, "", name, c && strcmp(c->netns_name, name) == 0);
}

/* --- links ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int list_links(Sweep *s) {
        const Manager *m = s->manager;

        s->links = calloc(HASH_COUNT(m->table.cells) + 2 * HASH_COUNT(m->placements.items) + 1, sizeof(*s->links));
        if (!s->links)
                return -ENOMEM;
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                s->links[s->n_links++] = c->link;
        for (const Placement *p = m->placements.items; p; p = p->hh.next) {
                s->links[s->n_links++] = p->link;
                s->links[s->n_links++] = p->old_link;
        }
        qsort(s->links, s->n_links, sizeof(*s->links), compare_names);
        return 0;
}

static bool has_link(const Sweep *s, const char *name) {
        return bsearch(&name, s->links, s->n_links, sizeof(*s->links), compare_names);
}

/* Which trees one has whose record can't be read is not known. */
static bool has_tree(const Manager *m, const char *name) {
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (c->obscure || shaping_is_tree(name, m->link_prefix, c->place.tree))
                        return true;
        return false;
}

static bool is_owned(const Sweep *s, const char *name) {
        char link[LINK_NAME_MAX + 1];
        size_t n = strlen(name);

        if (name[strlen(s->manager->link_prefix)] == 's') /* no digit of a cell's */
                return has_tree(s->manager, name);
        if (has_link(s, name))
                return true;
        (void) snprintf(link, sizeof(link), "%.*s", (int) (n - 1), name);
        return shaping_is_shadow(name, link) && has_link(s, link);
}

typedef struct LinkNames {
        char **names;
} LinkNames;

static int note_link(const char *name, int index, void *userdata) {
        LinkNames *l = userdata;

        (void) index;
        return strv_extend(&l->names, name);
}

/* Whose they are is asked when they are listed: the owner's mark is there before any of them. */
static unsigned sweep_links(Sweep *s) {
        const Manager *m = s->manager;
        char owner[LINK_OWNER_MAX];
        LinkNames l = {};
        unsigned n = 0;
        int r;

        r = list_links(s);
        if (r >= 0)
                r = link_list(m->link_prefix, note_link, &l);
        if (r >= 0)
                r = link_read_owner(m->gateway_link, owner);
        if (r >= 0 && (r == 0 || strcmp(owner, m->config.instance) == 0))
                for (char **name = l.names; name && *name; name++)
                        if (!spare(s, "", *name, is_owned(s, *name)))
                                n += link_remove(*name) >= 0;
        strv_free(l.names);
        free(s->links);
        return n;
}

/* --- jobs -------------------------------------------------------------------------------- */

static unsigned sweep_all(Sweep *s) {
        Manager *m = s->manager;
        const DriverCell host = {
                .hierarchies = m->hierarchies,
                .state_fd = m->driver_fd,
                .root_group = m->root_group,
                .id = "",
                .uid = UID_INVALID,
                .others = cell_limit_by_others,
                .userdata = &m->cell_host,
        };
        char prefix[64];
        unsigned n;

        n = m->driver->sweep(&host, is_known, s);
        n += sweep_links(s);
        n += placements_sweep(&m->placements, is_known_unit, s);
        n += builder_inner_sweep(m->config.runtime_dir, is_known, s);
        (void) snprintf(prefix, sizeof(prefix), "%s-c", m->config.instance);
        n += netns_name_sweep(prefix, is_known_name, s);
        return n;
}

static void run_look(void *userdata, JobReport *report, JobText *text) {
        Sweep s = { .manager = userdata, .text = text };

        report->numbers[0] = sweep_all(&s);
}

static void run_removal(void *userdata, JobReport *report, JobText *text) {
        Sweep *s = userdata;

        (void) text;
        report->numbers[0] = sweep_all(s);
}

static void on_removed(const JobReport *report, const char *text, void *userdata) {
        Sweep *s = userdata;

        (void) text;
        if (report->error < 0)
                log_warning_errno(report->error, "Cannot remove what dead cells left: %m");
        else if (report->numbers[0] > 0)
                log_notice("Removed %llu control groups, links and namespaces that nobody owned",
                           (unsigned long long) report->numbers[0]);
        strv_free(s->found);
        free(s);
}

static int start_removal(Manager *m, const char *text) {
        Sweep *s = calloc(1, sizeof(*s));
        JobSpec spec = {
                .name = "remove what dead cells left",
                .uid = UID_INVALID,
                .exclusive = m->driver->user_in_one_group,
                .timeout_usec = SWEEP_TIMEOUT_USEC,
                .run = run_removal,
                .done = on_removed,
                .userdata = s,
        };
        int r = s ? 0 : -ENOMEM;

        if (s)
                s->manager = m;
        for (const char *end; r >= 0 && (end = strchr(text, '\n')); text = end + 1) {
                r = strv_extend_n(&s->found, text, (size_t) (end - text));
                spec.exclusive = spec.exclusive || strncmp(text, PIN, strlen(PIN)) == 0;
        }
        if (r >= 0)
                r = job_start(m->jobs, &spec, NULL);
        if (r < 0 && s) {
                strv_free(s->found);
                free(s);
        }
        return r;
}

static void on_looked(const JobReport *report, const char *text, void *userdata) {
        int r = report->error;

        if (r >= 0 && *text)
                r = start_removal(userdata, text);
        if (r < 0)
                log_warning_errno(r, "Cannot look for what dead cells left: %m");
}

void sweep_start(Manager *m) {
        const JobSpec spec = {
                .name = "look for what dead cells left",
                .uid = UID_INVALID,
                .exclusive = m->driver->user_in_one_group,
                .timeout_usec = SWEEP_TIMEOUT_USEC,
                .run = run_look,
                .done = on_looked,
                .userdata = m,
        };
        int r = job_start(m->jobs, &spec, NULL);

        if (r < 0)
                log_warning_errno(r, "Cannot look for what dead cells left: %m");
}
