/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/adjust.h"

#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/builder.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/cell-record.h"
#include "manager/cells/drop-in.h"
#include "manager/cells/notices.h"
#include "manager/cells/session.h"
#include "policies/policy-check.h"
#include "policies/policy-keys.h"

#define TIMEOUT_USEC (20 * USEC_PER_SEC)
#define JOB_NAME "adjust a cell"

typedef struct Adjust {
        TAILQ_ENTRY(Adjust) entry;
        Adjusts *owner;
        char cell[LOGIN_ID_MAX];
        AdjustKind kind;
        char **assignments; /* until it is begun, when the cell has them */
        bool begun;
        job_done_t done;
        void *userdata;
} Adjust;

struct Adjusts {
        TAILQ_HEAD(, Adjust) items; /* in the order they came */
        const CellTable *table;
        PolicySet *const *policies;
        const char *config_dir;
        const Notices *notices;
};

static Cell *find_cell(const Adjust *a) {
        return table_find_cell(a->owner->table, a->cell);
}

Adjusts *adjusts_new(const CellTable *table, PolicySet *const *policies, const char *config_dir, const Notices *notices) {
        Adjusts *a = malloc(sizeof(*a));

        if (!a)
                return NULL;
        *a = (Adjusts) { .table = table, .policies = policies, .config_dir = config_dir, .notices = notices };
        TAILQ_INIT(&a->items);
        return a;
}

static void adjust_free(Adjust *a) {
        TAILQ_REMOVE(&a->owner->items, a, entry);
        strv_free(a->assignments);
        free(a);
}

Adjusts *adjusts_free(Adjusts *a) {
        while (a && !TAILQ_EMPTY(&a->items))
                adjust_free(TAILQ_FIRST(&a->items));
        free(a);
        return NULL;
}

/* --- what is wanted ---------------------------------------------------------------------- */

static int assign(Policy *p, const char *assignment, char **ret_message) {
        _cleanup_(freep) char *key = strdup(assignment), *message = NULL;
        char *value = key ? strchr(key, '=') : NULL;
        const char *section;
        int r;

        if (!key)
                return -ENOMEM;
        if (!value || strchr(assignment, '\n'))
                return asprintf(ret_message, "\"%s\" is no KEY=VALUE", assignment) < 0 ? -ENOMEM : -EINVAL;
        *value++ = '\0';
        section = policy_key_live_section(key);
        r = policy_key_set(p, section, key, value, &message);
        if (r < 0 && r != -ENOMEM &&
            asprintf(ret_message, "[%s] %s=: %s", section, key, message ?: strerror(-r)) < 0)
                return -ENOMEM;
        return r;
}

/* NULL: out of memory, then or now. */
static char *first_error(const PolicyDiags *diags) {
        const PolicyDiag *d = diags->items;
        char *text;

        while (d < diags->items + diags->n_items && d->warning)
                d++;
        if (d == diags->items + diags->n_items)
                return NULL;
        if (!d->key)
                return strdup(d->message);
        return asprintf(&text, "[%s] %s=: %s", d->section, d->key, d->message) < 0 ? NULL : text;
}

int adjust_policy(const Cell *c, char *const *assignments, Policy **ret, char **ret_message) {
        _cleanup_(policy_unrefp) Policy *p = policy_new(c->policy->name);
        PolicyDiags diags = {};
        int r;

        if (!p)
                return -ENOMEM;
        r = policy_inherit(p, c->policy);
        if (r < 0)
                return r;
        p->namespaces = c->policy->namespaces; /* that of the live cell, not what a file would begin with */
        if (c->policy->path && !(p->path = strdup(c->policy->path)))
                return -ENOMEM;
        for (; assignments && *assignments && r >= 0; assignments++)
                r = assign(p, *assignments, ret_message);
        if (r < 0)
                return r;
        policy_check(p, &diags);
        if (policy_diags_has_error(&diags)) {
                *ret_message = first_error(&diags);
                r = *ret_message ? -EINVAL : -ENOMEM;
        } else if (!*c->link && resources_differ_in_bandwidth(&p->cell, &c->policy->cell)) {
                *ret_message = strdup("BandwidthUp=, BandwidthDown=: the cell has no interface on the host to limit");
                r = *ret_message ? -EINVAL : -ENOMEM;
        }
        policy_diags_done(&diags);
        if (r >= 0)
                *ret = TAKE_PTR(p);
        return r;
}

/* --- doing it ---------------------------------------------------------------------------- */

static void run_limits(const Adjust *a, const Cell *c, CellPlan *plan, JobReport *report) {
        _cleanup_(policy_unrefp) Policy *changed = NULL;
        _cleanup_(freep) char *message = NULL;
        JobReport ignored = {};

        if (a->kind == ADJUST_LIMITS && !policy_set_find(*a->owner->policies, c->policy->name)) {
                report->error = -ENOENT;
                (void) snprintf(report->what, sizeof(report->what), "policy %s is gone, so nothing can be set for good",
                                c->policy->name);
                return;
        }
        report->error = adjust_policy(c, c->assignments, &changed, &message);
        if (report->error < 0) {
                (void) snprintf(report->what, sizeof(report->what), "%s", message ?: "");
                return;
        }
        builder_change_limits(plan, &changed->cell, report);
        if (report->error < 0 || a->kind == ADJUST_LIMITS_RUNTIME)
                return;
        report->error = drop_in_write(a->owner->config_dir, changed, c->assignments);
        if (report->error >= 0)
                return;
        (void) snprintf(report->what, sizeof(report->what), "the drop-in for policy %s can't be written",
                        c->policy->name);
        plan->cell.policy = changed;
        builder_change_limits(plan, &c->policy->cell, &ignored);
}

/* The cell may have ended while the job waited for its turn. */
static void run_adjust(void *userdata, JobReport *report, JobText *text) {
        const Adjust *a = userdata;
        Cell *c = find_cell(a);
        CellPlan plan;

        (void) text;
        if (!c || c->state != CELL_LIVE) {
                report->error = -ESTALE;
                return;
        }
        cell_plan(c, &plan);
        switch (a->kind) {
        case ADJUST_FREEZE:
        case ADJUST_THAW:
                builder_freeze(&plan, a->kind == ADJUST_FREEZE, report);
                break;
        case ADJUST_SLOW:
        case ADJUST_FAST:
                plan.slow_bits = a->kind == ADJUST_SLOW ? c->policy->traffic_rate_bits : LIMIT_NONE;
                builder_shape(&plan, report);
                break;
        case ADJUST_LIMITS:
        case ADJUST_LIMITS_RUNTIME:
                run_limits(a, c, &plan, report);
                break;
        default:
                report->error = -EINVAL;
        }
}

/* --- what has been done ------------------------------------------------------------------ */

static int note_limits(Cell *c, AdjustKind kind) {
        _cleanup_(freep) char *message = NULL;
        Policy *changed;
        int r;

        r = adjust_policy(c, c->assignments, &changed, &message);
        if (r < 0)
                return r;
        policy_unref(c->policy);
        c->policy = changed;
        for (size_t i = 0; c->assignments && c->assignments[i]; i++)
                log_info("Cell %s: %s%s", c->id, c->assignments[i],
                         kind == ADJUST_LIMITS_RUNTIME ? " (runtime only)" : "");
        return 0;
}

/* It was killed, or has died. */
static bool is_half_done(const JobReport *report) {
        return report->error < 0 && report->error != -EAGAIN && strcmp(report->what, JOB_NAME) == 0;
}

static int note(Cell *c, AdjustKind kind) {
        switch (kind) {
        case ADJUST_FREEZE:
        case ADJUST_THAW:
                c->frozen = kind == ADJUST_FREEZE;
                log_info("Cell %s is %s", c->id, c->frozen ? "frozen" : "thawed");
                return 0;
        case ADJUST_SLOW:
        case ADJUST_FAST:
                c->slowed = kind == ADJUST_SLOW;
                return 0;
        default:
                return note_limits(c, kind);
        }
}

/* Tells who asked, or everybody. */
static void finish(Adjust *a, JobReport *report) {
        if (strcmp(report->what, JOB_NAME) == 0)
                (void) snprintf(report->what, sizeof(report->what), "%s", is_half_done(report) ?
                                "nobody knows how far it came" : "it can't be begun");
        if (a->done)
                a->done(report, "", a->userdata);
        else if (report->error < 0 && report->error != -ESTALE)
                log_warning_errno(report->error, "Cell %s can't be adjusted (%s: %m)", a->cell, report->what);
        adjust_free(a);
}

/* --- one after the other ----------------------------------------------------------------- */

static void begin_next(Adjusts *adjusts);

static void on_adjusted(const JobReport *report, const char *text, void *userdata) {
        Adjust *a = userdata;
        Adjusts *adjusts = a->owner;
        Cell *c = find_cell(a);
        bool live = c && c->state == CELL_LIVE;
        JobReport own = *report;

        (void) text;
        if (c && own.error >= 0)
                own.error = note(c, a->kind);
        else if (c && (a->kind == ADJUST_FREEZE || a->kind == ADJUST_THAW) && is_half_done(report))
                c->frozen = true; /* some of it may be: that is for a thaw to put right */
        if (c) {
                c->adjusting = ADJUST_NONE;
                c->assignments = strv_free(c->assignments);
        }
        if (!live && a->kind != ADJUST_LIMITS) /* which holds for cells to come, too */
                own.error = -ESTALE;
        if (live && cell_save(c) < 0)
                log_warning("Cannot record cell %s: after a restart of the manager it would be adjusted once more", c->id);
        if (own.error >= 0 && a->kind == ADJUST_LIMITS)
                notices_post(adjusts->notices, NOTICE_LIMITS_KEPT, c, NULL, NULL);
        finish(a, &own);
        begin_next(adjusts);
}

/* On error nothing is under way. */
static int begin(Adjust *a, Cell *c) {
        const JobSpec spec = {
                .name = JOB_NAME,
                .uid = c->uid,
                .timeout_usec = TIMEOUT_USEC,
                .run = run_adjust,
                .done = on_adjusted,
                .userdata = a,
        };
        int r;

        if (a->kind == ADJUST_FREEZE)
                notices_post(a->owner->notices, NOTICE_CELL_FREEZES, c, NULL, NULL);
        if (c->state != CELL_LIVE) /* they were its only ones */
                return -ESTALE;
        c->adjusting = a->kind;
        c->assignments = TAKE_PTR(a->assignments);
        a->begun = true;
        r = cell_save(c);
        if (r < 0 && (a->kind == ADJUST_FREEZE || a->kind == ADJUST_THAW)) {
                log_warning_errno(r, "Cannot record that cell %s is to be %s: %m", c->id,
                                  a->kind == ADJUST_FREEZE ? "frozen" : "thawed");
                r = 0;
        }
        if (r >= 0)
                r = job_start(c->host->jobs, &spec, NULL);
        if (r < 0) {
                c->adjusting = ADJUST_NONE;
                c->assignments = strv_free(c->assignments);
                (void) cell_save(c);
        }
        return r;
}

static void begin_next(Adjusts *adjusts) {
        Adjust *a, *next;

        for (a = TAILQ_FIRST(&adjusts->items); a; a = next) {
                Cell *c = find_cell(a);
                bool live = c && c->state == CELL_LIVE;
                JobReport report = { .error = -ESTALE };

                next = TAILQ_NEXT(a, entry);
                if (a->begun || (live && c->adjusting))
                        continue;
                if (live)
                        report.error = begin(a, c);
                if (report.error >= 0)
                        continue;
                (void) snprintf(report.what, sizeof(report.what), "it can't be begun");
                finish(a, &report);
        }
}

int adjust_start(Adjusts *adjusts, Cell *c, AdjustKind kind, char *const *assignments, job_done_t done, void *userdata) {
        Adjust *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        *a = (Adjust) { .owner = adjusts, .kind = kind, .done = done, .userdata = userdata };
        (void) strcpy(a->cell, c->id);
        TAILQ_INSERT_TAIL(&adjusts->items, a, entry);
        r = strv_extend_all(&a->assignments, assignments);
        if (r >= 0 && !c->adjusting)
                r = begin(a, c);
        if (r < 0)
                adjust_free(a);
        return r;
}

void adjust_resume(Adjusts *adjusts, Cell *c) {
        _cleanup_(strv_freep) char **assignments = NULL;
        AdjustKind kind = c->adjusting;
        int r;

        if (!kind || c->state != CELL_LIVE)
                return;
        assignments = TAKE_PTR(c->assignments);
        c->adjusting = ADJUST_NONE;
        log_info("Cell %s was being adjusted when the manager ended, adjusting it once more", c->id);
        r = adjust_start(adjusts, c, kind, assignments, NULL, NULL);
        if (r < 0)
                log_warning_errno(r, "Cell %s can't be adjusted: %m", c->id);
}
