/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loop only takes down what the kernel tells; network_prepare()'s job, which nothing runs beside, puts right. It
 * makes what is missing, so it may run for nothing. Sessions that are opened meanwhile wait for it.
 *
 * A pool that comes to overlap while cells use it keeps its gateway until they are gone, since they were here first;
 * no new ones are made. */

#include "manager/daemon/damage.h"

#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/builder-net.h"
#include "manager/cells/builder.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/notices.h"
#include "manager/cells/placement.h"
#include "manager/cells/table.h"
#include "manager/daemon/network-need.h"
#include "netns/host-net.h"
#include "netns/link.h"
#include "netns/net-watch.h"

#define LOOK_DELAY_USEC (200 * USEC_PER_SEC / 1000)
#define GROUPS_TURNS 5 /* in so many turns all cells are looked at */
#define GROUPS_TURN_USEC (2 * USEC_PER_SEC)
#define LOOK_TIMEOUT_USEC (20 * USEC_PER_SEC)

/* --- cells -------------------------------------------------------------------------------- */

static bool is_repairable(const Cell *c) {
        return c->state == CELL_LIVE && *c->link && !*c->network_of;
}

void damage_repair_cells(const Manager *m, bool all, JobText *text) {
        for (Cell *c = m->table.cells; c; c = c->hh.next) {
                JobReport report = {};
                CellPlan plan;

                if (!is_repairable(c) || (!all && !c->damaged && !c->trouble && link_is_up(c->link) > 0))
                        continue;
                cell_plan(c, &plan);
                builder_repair(&plan, c->init_pid, c->inodes[LOGIN_NS_NET], &report);
                if (report.error < 0)
                        job_write_text(text, "%s %s: %s\n", c->id, report.what, strerror(-report.error));
                else
                        job_write_text(text, "%s \n", c->id);
        }
}

static void note_cell(Manager *m, Cell *c, const char *trouble) {
        bool is_news = !c->trouble || strcmp(c->trouble, trouble) != 0;

        if (!*trouble && (c->damaged || c->trouble))
                log_notice("The network of cell %s of %s is repaired", c->id, c->user ?: "all users");
        if (*trouble && is_news)
                log_error("The network of cell %s of %s is damaged and can't be repaired, refusing logins to it: %s", c->id,
                          c->user ?: "all users", trouble);
        c->damaged = false;
        free(c->trouble);
        c->trouble = *trouble ? strdup(trouble) : NULL;
        if (*trouble)
                notices_post(&m->notices, NOTICE_NETWORK_DAMAGED, NULL, NULL, NULL);
}

void damage_note(Manager *m, const char *lines) {
        while (*lines) {
                size_t n = strcspn(lines, "\n"), id_length = strcspn(lines, " \n");
                _cleanup_(freep) char *id = strndup(lines, id_length), *trouble = NULL;
                Cell *c = id && id_length < n ? table_find_cell(&m->table, id) : NULL;

                if (c && (trouble = strndup(lines + id_length + 1, n - id_length - 1)))
                        note_cell(m, c, trouble);
                lines += n + (lines[n] != '\0');
        }
}

/* --- control groups ------------------------------------------------------------------------- */

static void run_groups(void *userdata, JobReport *report, JobText *text) {
        Cell *c = userdata;
        CellPlan plan;

        (void) text;
        if (c->state != CELL_LIVE)
                return;
        cell_plan(c, &plan);
        builder_repair_groups(&plan, c->init_pid, report);
}

static void on_groups(const JobReport *report, const char *text, void *userdata) {
        Cell *c = userdata;

        (void) text;
        c->groups_job = NULL;
        free(c->groups_trouble);
        c->groups_trouble = NULL;
        if (report->error >= 0) {
                log_notice("The control groups of cell %s of %s are repaired", c->id, c->user ?: "all users");
                return;
        }
        if (asprintf(&c->groups_trouble, "%s: %s", report->what, strerror(-report->error)) < 0)
                c->groups_trouble = NULL;
        log_error_errno(report->error, "The control groups of cell %s of %s are damaged and can't be repaired (%s: %m)", c->id,
                        c->user ?: "all users", report->what);
}

static void look_at_groups(Cell *c) {
        const JobSpec spec = {
                .name = "repair the control groups of a cell",
                .uid = c->uid,
                .timeout_usec = LOOK_TIMEOUT_USEC,
                .run = run_groups,
                .done = on_groups,
                .userdata = c,
        };
        const DriverCell cell = {
                .hierarchies = c->host->hierarchies,
                .root_group = c->host->root_group,
                .id = c->id,
                .policy = c->policy,
                .uid = c->uid,
        };
        _cleanup_(freep) char *lines = NULL;
        int r;

        if (fd_pid_read(c->init_pid, "cgroup", 64 * 1024, &lines) < 0 || !*lines || c->host->driver->is_whole(&cell, lines))
                return;
        if (fd_pid_is_exiting(c->init_pid, c->init_pidfd)) /* and left its groups, and its number */
                return;
        log_warning("A control group of cell %s of %s was removed, or its pid 1 moved; repairing it", c->id,
                    c->user ?: "all users");
        r = job_start(c->host->jobs, &spec, &c->groups_job);
        if (r < 0)
                log_warning_errno(r, "Cannot repair the control groups of cell %s, trying again: %m", c->id);
}

/* No file tells of it; so each cell is looked at in its turn. */
static int on_turn(sd_event_source *s, uint64_t usec, void *userdata) {
        Manager *m = userdata;
        unsigned i = 0;

        (void) usec;
        m->groups_turn = (m->groups_turn + 1) % GROUPS_TURNS;
        for (Cell *c = m->table.cells; c; c = c->hh.next)
                if (i++ % GROUPS_TURNS == m->groups_turn && c->state == CELL_LIVE && !c->groups_job)
                        look_at_groups(c);
        if (sd_event_source_set_time_relative(s, GROUPS_TURN_USEC) < 0)
                return 0;
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* --- overlaps ----------------------------------------------------------------------------- */

const char *damage_overlap(const Manager *m, const Policy *p) {
        size_t n = strlen(p->name);

        for (size_t i = 0; m->overlaps && m->overlaps[i]; i++)
                if (strncmp(m->overlaps[i], p->name, n) == 0 && m->overlaps[i][n] == ':')
                        return m->overlaps[i] + n + 2;
        return NULL;
}

static void run_look(void *userdata, JobReport *report, JobText *text) {
        _cleanup_(host_net_freep) HostNet *net = NULL;
        const Manager *m = userdata;
        char why[HOST_NET_WHY_MAX];

        report->error = host_net_read(m->config.instance, &net);
        for (size_t i = 0; i < policy_set_size(m->policies) && report->error >= 0; i++) {
                const Policy *p = policy_set_get(m->policies, i);

                if (p->has_match && host_net_overlaps(net, p, why))
                        job_write_text(text, "%s: %s\n", p->name, why);
        }
}

/* Takes over `now`. True: it is not what was known. */
static bool change_overlaps(Manager *m, char **now) {
        _cleanup_(strv_freep) char **before = m->overlaps;
        bool changed = false;

        m->overlaps = now;
        for (size_t i = 0; now && now[i]; i++) {
                if (strv_has(before, now[i]))
                        continue;
                changed = true;
                log_error("Pool= of policy %s; refusing new cells under it", now[i]);
        }
        for (size_t i = 0; before && before[i]; i++) {
                if (strv_has(now, before[i]))
                        continue;
                changed = true;
                log_notice("No longer: Pool= of policy %s", before[i]);
        }
        return changed;
}

void damage_note_overlaps(Manager *m, const HostNet *net) {
        _cleanup_(strv_freep) char **now = NULL;
        char why[HOST_NET_WHY_MAX];

        for (size_t i = 0; i < policy_set_size(m->policies); i++) {
                const Policy *p = policy_set_get(m->policies, i);
                _cleanup_(freep) char *line = NULL;

                if (!p->has_match || !host_net_overlaps(net, p, why))
                        continue;
                if (asprintf(&line, "%s: %s", p->name, why) < 0)
                        line = NULL;
                if (!line || strv_extend(&now, line) < 0) {
                        log_warning("Cannot compare pools with the host's addresses: out of memory");
                        return;
                }
        }
        (void) change_overlaps(m, TAKE_PTR(now));
}

static void on_looked(const JobReport *report, const char *text, void *userdata) {
        _cleanup_(strv_freep) char **now = NULL;
        Manager *m = userdata;

        if (report->error < 0) {
                log_warning_errno(report->error, "Cannot compare pools with the host's addresses: %m");
                return;
        }
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
                if (strv_extend_n(&now, line, strcspn(line, "\n")) < 0) {
                        log_warning("Cannot compare pools with the host's addresses: out of memory");
                        return;
                }
        }
        if (change_overlaps(m, TAKE_PTR(now)))
                notices_post(&m->notices, NOTICE_NETWORK_CHANGED, NULL, NULL, NULL);
}

static int on_time_to_look(sd_event_source *s, uint64_t usec, void *userdata) {
        Manager *m = userdata;
        const JobSpec spec = {
                .name = "compare pools with the host's addresses",
                .uid = UID_INVALID,
                .timeout_usec = LOOK_TIMEOUT_USEC,
                .run = run_look,
                .done = on_looked,
                .userdata = m,
        };
        int r;

        (void) s, (void) usec;
        m->overlap_source = sd_event_source_disable_unref(m->overlap_source);
        r = job_start(m->jobs, &spec, NULL);
        if (r < 0)
                log_warning_errno(r, "Cannot compare pools with the host's addresses: %m");
        return 0;
}

/* Soon, by a job: the list may be long. */
static void look_for_overlaps(Manager *m) {
        int r;

        if (m->overlap_source)
                return;
        r = sd_event_add_time_relative(m->event, &m->overlap_source, CLOCK_MONOTONIC, LOOK_DELAY_USEC, 0,
                                       on_time_to_look, m);
        if (r < 0)
                log_warning_errno(r, "Cannot compare pools with the host's addresses: %m");
}

/* --- what the kernel tells ------------------------------------------------------------------ */

/* A bridge that cells are on, ours or not. */
static bool is_bridge(const Manager *m, const char *name) {
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (is_repairable(c) && c->policy->network_mode == NETWORK_BRIDGE && strcmp(c->policy->bridge, name) == 0)
                        return true;
        return false;
}

/* True: there is something to repair. */
static bool look_at_link(Manager *m, const char *name) {
        if (strcmp(name, m->gateway_link) == 0 || is_bridge(m, name)) {
                /* an address that overlaps was taken by ourselves */
                log_full(m->overlaps ? LOG_DEBUG : LOG_WARNING,"Interface %s was removed, set down, or has lost an address; repairing it", name);
                m->repair_wanted++;
                return true;
        }
        for (Cell *c = m->table.cells; c; c = c->hh.next)
                if (is_repairable(c) && strcmp(c->link, name) == 0) {
                        log_warning("Interface %s of cell %s of %s was removed or set down; repairing it", name, c->id,
                                    c->user ?: "all users");
                        return c->damaged = true;
                }
        return placements_repair(&m->placements, name);
}

static int on_change(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        _cleanup_(net_changes_done) NetChanges changes = {};
        Manager *m = userdata;
        bool repair = false;
        int r;

        (void) s, (void) fd, (void) events;
        r = net_watch_read(m->net_watch, &changes);
        if (r < 0)
                log_debug_errno(r, "Changes of the host's network were missed, looking at all of it: %m");
        if (!network_is_needed(m) || m->firewall_made == 0)
                return 0;
        if (changes.forwarding_off)
                log_warning("Somebody has turned off forwarding; repairing it");
        for (size_t i = 0; changes.links && changes.links[i]; i++)
                repair = look_at_link(m, changes.links[i]) || repair;
        m->repair_wanted += changes.all;
        if (repair || changes.forwarding_off || changes.all)
                notices_post(&m->notices, NOTICE_NETWORK_DAMAGED, NULL, NULL, NULL);
        if (changes.addresses || changes.all)
                look_for_overlaps(m);
        return 0;
}

void damage_watch(Manager *m) {
        int r = net_watch_new(&m->net_watch);

        if (r >= 0)
                r = sd_event_add_io(m->event, &m->net_source, net_watch_fd(m->net_watch), EPOLLIN, on_change, m);
        if (r < 0)
                log_warning_errno(r, "Cannot watch the host's network, going on without: %m");
        if (!m->driver->is_whole)
                return;
        r = sd_event_add_time_relative(m->event, &m->groups_source, CLOCK_MONOTONIC, GROUPS_TURN_USEC, 0, on_turn, m);
        if (r < 0)
                log_warning_errno(r, "Cannot look after cells' control groups, going on without: %m");
}

void damage_unwatch(Manager *m) {
        m->net_source = sd_event_source_disable_unref(m->net_source);
        m->overlap_source = sd_event_source_disable_unref(m->overlap_source);
        m->groups_source = sd_event_source_disable_unref(m->groups_source);
        m->net_watch = net_watch_free(m->net_watch);
}
