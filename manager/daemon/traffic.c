/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* While it is in the firewall, a volume's count there is the true one; what is kept here and on disk is what to
 * begin with when it has to be made (again): after the last cell has ended, a reboot, a foreign flush. So up to
 * two seconds of traffic can get lost, in favour of the user. */

#include "manager/daemon/traffic.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/adjust.h"
#include "manager/work/record-rows.h"
#include "netns/firewall-status.h"

#define LOOK_USEC (2 * USEC_PER_SEC)
#define LOOK_TIMEOUT_USEC (20 * USEC_PER_SEC)
#define ID_MAX (FIREWALL_VOLUME_MAX + 1)

struct Volume {
        UT_hash_handle hh; /* the manager's table, by id */
        char id[ID_MAX];   /* its name in the firewall, and of its record */
        char *policy, *user; /* user: escaped; NULL: of all */
        uid_t uid;         /* UID_INVALID: of all */
        TrafficLimit limit;
        bool slow;
        uint64_t used;
        int64_t begin; /* of the period that `used` is of, in seconds since 1970 */
        bool told;     /* that it is used up */
        char **kept;   /* lines of its record that this version does not know */
        bool wanted;   /* a cell has it; only while a job looks */
};

static void name_user_volume(const Policy *p, uid_t uid, char ret[static ID_MAX]) {
        if (uid == UID_INVALID)
                (void) snprintf(ret, ID_MAX, "cell-%s", p->name);
        else
                (void) snprintf(ret, ID_MAX, "u%u-%s", uid, p->name);
}

static void name_policy_volume(const Policy *p, char ret[static ID_MAX]) {
        (void) snprintf(ret, ID_MAX, "all-%s", p->name);
}

static Volume *find(const Manager *m, const char *id) {
        Volume *v;

        HASH_FIND_STR(m->volumes, id, v);
        return v;
}

/* Those that cells of the policy and this user have; NULL: none. */
static void find_both(const Manager *m, const Policy *p, uid_t uid, Volume **ret_user, Volume **ret_policy) {
        char id[ID_MAX];

        name_user_volume(p, uid, id);
        *ret_user = p->user_traffic.bytes != LIMIT_NONE ? find(m, id) : NULL;
        name_policy_volume(p, id);
        *ret_policy = p->policy_traffic.bytes != LIMIT_NONE ? find(m, id) : NULL;
}

static Volume *volume_free(Volume *v) {
        if (!v)
                return NULL;
        free(v->policy);
        free(v->user);
        strv_free(v->kept);
        free(v);
        return NULL;
}

static bool is_used_up(const Volume *v) {
        return v && v->used >= v->limit.bytes;
}

/* --- records ----------------------------------------------------------------------------- */

#define ROW(key, kind, field, ...) RECORD_ROW(Volume, key, kind, field, __VA_ARGS__)

static const RecordRow rows[] = {
        ROW("Policy", STRING, policy),
        ROW("User", STRING, user),
        ROW("Uid", NUMBER, uid, .unset = UID_INVALID),
        ROW("Max", NUMBER, limit.bytes),
        ROW("Period", WORD, limit.period, .words = period_names, .n_words = _PERIOD_MAX),
        ROW("Slow", FLAG, slow),
        ROW("Begin", NUMBER, begin),
        ROW("Used", NUMBER, used),
};

static const RecordType type = { .section = "Traffic", .rows = rows, .n_rows = ELEMENTSOF(rows) };

static int save(const Manager *m, const Volume *v) {
        Record *r = record_new_object(&type, v, v->kept);

        return r ? record_write(r, m->traffic_fd, v->id) : -ENOMEM;
}

static int restore(const char *name, void *userdata) {
        Manager *m = userdata;
        Volume *v;
        int r;

        if (strncmp(name, "broken-", 7) == 0)
                return 0;
        v = calloc(1, sizeof(*v));
        if (!v)
                return -ENOMEM;
        v->uid = UID_INVALID;
        (void) snprintf(v->id, sizeof(v->id), "%s", name);
        r = record_read_object(m->traffic_fd, name, &type, v, &v->kept, NULL, NULL);
        v->used = MIN(v->used, FIREWALL_COUNT_ONLY);
        if (r >= 0 && (!v->policy || strcmp(v->id, name) != 0))
                r = -EBADMSG;
        if (r < 0) {
                char aside[320];

                volume_free(v);
                if (r == -ENOMEM)
                        return r;
                (void) snprintf(aside, sizeof(aside), "broken-%.255s", name);
                log_warning_errno(r, "Record %s/traffic/%s is unusable (%m), setting it aside as %s; its count "
                                  "starts again", m->config.state_dir, name, aside);
                if (renameat(m->traffic_fd, name, m->traffic_fd, aside) < 0)
                        (void) unlinkat(m->traffic_fd, name, 0);
                return 0;
        }
        HASH_ADD_STR(m->volumes, id, v);
        if (!hash_has(v)) {
                volume_free(v);
                return -ENOMEM;
        }
        return 0;
}

/* --- looking ----------------------------------------------------------------------------- */

typedef struct Look {
        Manager *manager;
        JobText *text; /* NULL: no job */
        int64_t now;
        unsigned n_counted;
} Look;

/* Is the period of its count over? A clock that went back keeps the count, and its period is that of the clock. */
static bool follow_clock(Volume *v, int64_t now) {
        int64_t begin, before = v->begin;

        if (period_begin(v->limit.period, now, &begin) < 0)
                return false;
        v->begin = begin;
        return begin > before;
}

static void note(Look *l, Volume *v, uint64_t used, int64_t begin_before) {
        int r;

        if (used == v->used && begin_before == v->begin)
                return;
        v->used = used;
        r = save(l->manager, v);
        if (r < 0)
                log_warning_errno(r, "Cannot write %s/traffic/%s: %m", l->manager->config.state_dir, v->id);
        if (l->text)
                job_write_text(l->text, "%s %" PRIu64 " %" PRId64 "\n", v->id, v->used, v->begin);
}

static int look_at(const char *name, uint64_t used, void *userdata) {
        Look *l = userdata;
        Volume *v = find(l->manager, name);
        int64_t before = v ? v->begin : 0;

        l->n_counted++;
        if (v) /* of a limit that was lowered the kernel takes no more than that */
                used = MAX(used, v->used);
        if (!v || (!v->wanted && v->used == used)) { /* what is known is not needed there */
                (void) firewall_remove_volume(l->manager->firewall_table, name);
                return 0;
        }
        if (follow_clock(v, l->now) && firewall_reset_volume(l->manager->firewall_table, name) >= 0)
                used = 0;
        note(l, v, used, before);
        return 0;
}

static void mark_wanted(const Manager *m) {
        for (Volume *v = m->volumes; v; v = v->hh.next)
                v->wanted = false;
        for (const Cell *c = m->table.cells; c; c = c->hh.next) {
                Volume *user, *policy;

                if (!policy_limits_traffic(c->policy))
                        continue;
                find_both(m, c->policy, c->uid, &user, &policy);
                if (user)
                        user->wanted = true;
                if (policy)
                        policy->wanted = true;
        }
}

/* In a job, on its copy of the volumes, or at the end. */
static int look(Look *l) {
        mark_wanted(l->manager);
        l->now = (int64_t) (record_now_usec() / USEC_PER_SEC);
        return firewall_status_volumes(l->manager->firewall_table, look_at, l);
}

static void run_look(void *userdata, JobReport *report, JobText *text) {
        Look l = { .manager = userdata, .text = text };

        report->error = look(&l);
        report->numbers[0] = l.n_counted;
}

/* --- what follows ------------------------------------------------------------------------ */

static void tell(Volume *v) {
        char max[64];
        bool up = is_used_up(v);

        if (up == v->told)
                return;
        v->told = up;
        (void) snprintf(max, sizeof(max), "%" PRIu64 " bytes per %s", v->limit.bytes,
                        period_to_string(v->limit.period));
        if (up && v->user)
                log_notice("User %s has used up TrafficMax= of policy %s (%s): %s", v->user, v->policy, max,
                           v->slow ? "slowed down" : "nothing passes any more");
        else if (up)
                log_notice("Policy %s has used up its TrafficMax= (%s): %s", v->policy, max,
                           v->slow ? "slowed down" : "nothing passes any more");
        else
                log_info("TrafficMax= of policy %s has room again%s%s", v->policy, v->user ? " for user " : "",
                         v->user ?: "");
}

static bool is_slow(const Manager *m, const Policy *p, uid_t uid) {
        Volume *user, *policy;

        if (!p->traffic_slow)
                return false;
        find_both(m, p, uid, &user, &policy);
        return is_used_up(user) || is_used_up(policy);
}

/* What fails is tried again at the next look. */
static void slow_down(Manager *m, Cell *c, bool slow) {
        int r;

        if (slow == c->slowed || c->adjusting)
                return;
        r = adjust_start(m->adjusts, c, slow ? ADJUST_SLOW : ADJUST_FAST, NULL, NULL, NULL);
        if (r < 0)
                log_warning_errno(r, "Cell %s keeps its bandwidth for now: %m", c->id);
}

static void settle(Manager *m) {
        for (Volume *v = m->volumes; v; v = v->hh.next)
                tell(v);
        for (Cell *c = m->table.cells; c; c = c->hh.next)
                if (c->policy->traffic_slow && c->state == CELL_LIVE)
                        slow_down(m, c, is_slow(m, c->policy, c->uid));
}

static void look_again(Manager *m);

static void take_counts(Manager *m, const char *text) {
        for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
                char line[ID_MAX + 64], id[ID_MAX];
                uint64_t used;
                int64_t begin;
                Volume *v;

                (void) snprintf(line, sizeof(line), "%.*s", (int) (end - text), text);
                if (sscanf(line, "%96s %" SCNu64 " %" SCNd64, id, &used, &begin) != 3 || !(v = find(m, id)))
                        continue;
                v->used = used;
                v->begin = begin;
        }
}

static void on_looked(const JobReport *report, const char *text, void *userdata) {
        Manager *m = userdata;

        m->traffic_job = NULL;
        if (report->error < 0)
                log_warning_errno(report->error, "Cannot read what traffic was counted: %m");
        take_counts(m, text);
        settle(m);
        mark_wanted(m);
        for (const Volume *v = m->volumes; v; v = v->hh.next)
                if (v->wanted || report->numbers[0] > 0 || report->error < 0) {
                        look_again(m);
                        break;
                }
}

static int on_look(sd_event_source *s, uint64_t usec, void *userdata) {
        Manager *m = userdata;
        const JobSpec spec = {
                .name = "read what traffic was counted",
                .uid = UID_INVALID,
                .timeout_usec = LOOK_TIMEOUT_USEC,
                .run = run_look,
                .done = on_looked,
                .userdata = m,
        };
        int r;

        (void) s, (void) usec;
        m->traffic_source = sd_event_source_disable_unref(m->traffic_source);
        r = job_start(m->jobs, &spec, &m->traffic_job);
        if (r < 0) {
                log_warning_errno(r, "Cannot read what traffic was counted: %m");
                look_again(m);
        }
        return 0;
}

static void look_again(Manager *m) {
        int r;

        if (m->traffic_source || m->traffic_job)
                return;
        r = sd_event_add_time_relative(m->event, &m->traffic_source, CLOCK_MONOTONIC, LOOK_USEC, 0, on_look, m);
        if (r < 0)
                log_warning_errno(r, "Cannot schedule reading what traffic was counted: %m");
}

/* --- for others -------------------------------------------------------------------------- */

int traffic_open(Manager *m) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/traffic", m->config.state_dir) < 0)
                return -ENOMEM;
        r = fd_mkdir_parents_at(AT_FDCWD, path, 0700);
        if (r >= 0) {
                m->traffic_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                r = m->traffic_fd < 0 ? -errno : record_for_each(m->traffic_fd, restore, m);
        }
        return r < 0 ? log_error_errno(r, "Cannot read the records in %s: %m", path) : 0;
}

void traffic_stop(Manager *m) {
        Look l = { .manager = m };
        Volume *v, *next;
        int r;

        m->traffic_source = sd_event_source_disable_unref(m->traffic_source);
        m->traffic_job = job_cancel(m->traffic_job);
        r = m->volumes ? look(&l) : 0;
        if (r < 0)
                log_warning_errno(r, "Cannot read what traffic was counted: %m");
        HASH_ITER(hh, m->volumes, v, next) {
                HASH_DEL(m->volumes, v);
                volume_free(v);
        }
        m->traffic_fd = close_fd(m->traffic_fd);
}

/* 1: a new period begins with this cell. */
static int want(Manager *m, const char *id, const Cell *c, bool user, const TrafficLimit *limit) {
        Volume *v = find(m, id);
        bool counts = v != NULL && c->state == CELL_MAKING; /* that of a live one, the next look follows */

        if (!v) {
                v = calloc(1, sizeof(*v));
                if (!v)
                        return -ENOMEM;
                (void) snprintf(v->id, sizeof(v->id), "%s", id);
                v->uid = user ? c->uid : UID_INVALID;
                v->policy = strdup(c->policy->name);
                v->user = user && c->user ? strdup(c->user) : NULL;
                if (!v->policy || (user && c->user && !v->user)) {
                        volume_free(v);
                        return -ENOMEM;
                }
                HASH_ADD_STR(m->volumes, id, v);
                if (!hash_has(v)) {
                        volume_free(v);
                        return -ENOMEM;
                }
        }
        v->limit = *limit;
        v->slow = c->policy->traffic_slow;
        if ((v->begin > 0 && !counts) || !follow_clock(v, (int64_t) (record_now_usec() / USEC_PER_SEC)) || !counts)
                return 0;
        v->used = 0;
        return 1;
}

int traffic_join(Manager *m, Cell *c) {
        const Policy *p = c->policy;
        char id[ID_MAX];
        int r = 0;

        if (!policy_limits_traffic(p))
                return 0;
        if (p->user_traffic.bytes != LIMIT_NONE) {
                name_user_volume(p, c->uid, id);
                r = want(m, id, c, true, &p->user_traffic);
                c->restarts_user_volume = r > 0;
        }
        if (r >= 0 && p->policy_traffic.bytes != LIMIT_NONE) {
                name_policy_volume(p, id);
                r = want(m, id, c, false, &p->policy_traffic);
                c->restarts_policy_volume = r > 0;
        }
        if (r < 0)
                return r;
        look_again(m);
        if (c->state == CELL_MAKING)
                c->slowed = is_slow(m, p, c->uid);
        return 0;
}

static void describe(const Volume *v, FirewallVolume *ret) {
        *ret = (FirewallVolume) {};
        if (v)
                *ret = (FirewallVolume) { .name = v->id, .max_bytes = v->slow ? FIREWALL_COUNT_ONLY : v->limit.bytes,
                                          .used_bytes = v->used };
}

void traffic_describe(const Manager *m, const Policy *policy, uid_t uid, FirewallVolume *ret_user,
                      FirewallVolume *ret_policy) {
        Volume *of_user, *of_policy;

        find_both(m, policy, uid, &of_user, &of_policy);
        describe(of_user, ret_user);
        describe(of_policy, ret_policy);
}

static int take_count(const char *name, uint64_t used, void *userdata) {
        Volume *v = find(userdata, name);

        if (v)
                v->used = used;
        return 0;
}

void traffic_read_counts(const Manager *m) {
        (void) firewall_status_volumes(m->firewall_table, take_count, (void *) m); /* none: those that are known */
}

const Volume *traffic_next(const Manager *m, const Volume *after, TrafficStatus *ret) {
        const Volume *v = after ? after->hh.next : m->volumes;

        if (v)
                *ret = (TrafficStatus) {
                        .policy = v->policy,
                        .user = v->user,
                        .uid = v->uid,
                        .used_bytes = v->used,
                        .limit = v->limit,
                        .begin = v->begin,
                        .slow = v->slow,
                        .used_up = is_used_up(v),
                };
        return v;
}
