/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A share that is cut counts in full until the cut is in force; one that grows counts as grown at once, and
 * grows only by what nobody has. So at every moment the sum holds, in whatever order systemd does it. */

#include "manager/lent/shares.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/fd.h"
#include "base/log.h"

#define LIMIT_TIMEOUT_USEC (10 * USEC_PER_SEC)

typedef enum Kind {
        KIND_MEMORY,
        KIND_TASKS,
        KIND_CPU,
        _KIND_MAX,
} Kind;

static const uint64_t floors[_KIND_MAX] = {
        [KIND_MEMORY] = SHARES_FLOOR_MEMORY_BYTES,
        [KIND_TASKS] = SHARES_FLOOR_TASKS,
        [KIND_CPU] = SHARES_FLOOR_CPU_PERMILLE,
};

typedef struct Sum Sum;

typedef struct Share {
        LIST_ENTRY(Share) entry;
        Sum *sum;
        uid_t uid;
        uint64_t wanted[_KIND_MAX], in_force[_KIND_MAX]; /* LIMIT_NONE: the sum is unlimited */
        uint64_t usage[_KIND_MAX], target[_KIND_MAX];
        uint64_t cpu_usec; /* at the last look */
        Job *job; /* puts what is wanted in force */
} Share;

struct Sum {
        LIST_ENTRY(Sum) entry;
        Shares *owner;
        char policy[LOGIN_NAME_MAX];
        uint64_t total[_KIND_MAX];
        LIST_HEAD(, Share) shares;
        size_t n_shares;
};

struct Shares {
        Jobs *jobs;
        const Hierarchies *hierarchies;
        shares_limit_t limit;
        void *userdata;
        sd_event_source *timer;
        uint64_t last_look_usec;
        LIST_HEAD(, Sum) sums;
};

void shares_divide(uint64_t total, uint64_t floor, size_t n, const uint64_t *usage, uint64_t *ret) {
        uint64_t used = 0, part;

        for (size_t i = 0; i < n; i++)
                used += MIN(usage[i], total);
        part = used < total ? (total - used) / (n + 1) : 0;
        for (size_t i = 0; i < n; i++) {
                ret[i] = MIN(usage[i], total) + part;
                ret[i] = MAX(ret[i], floor);
        }
}

/* --- looking ----------------------------------------------------------------------------- */

static void read_usage(Shares *s, Share *share, uint64_t elapsed_usec) {
        char group[GROUP_PATH_MAX];
        Usage u;

        (void) snprintf(group, sizeof(group), "user.slice/user-%u.slice", share->uid);
        memset(share->usage, 0, sizeof(share->usage));
        if (usage_read(s->hierarchies, group, &u) < 0)
                return;
        if (u.memory_bytes != UINT64_MAX)
                share->usage[KIND_MEMORY] = u.memory_bytes;
        if (u.tasks != UINT64_MAX)
                share->usage[KIND_TASKS] = u.tasks;
        if (u.cpu_usec != UINT64_MAX) {
                if (share->cpu_usec > 0 && u.cpu_usec > share->cpu_usec && elapsed_usec > 0)
                        share->usage[KIND_CPU] = (u.cpu_usec - share->cpu_usec) * 1000 / elapsed_usec;
                share->cpu_usec = u.cpu_usec;
        }
}

static uint64_t counted(const Share *share, Kind kind) {
        return MAX(share->wanted[kind], share->in_force[kind]);
}

static uint64_t unassigned(const Sum *sum, Kind kind) {
        uint64_t assigned = 0;
        const Share *share;

        LIST_FOREACH(share, &sum->shares, entry)
                assigned += counted(share, kind);
        return assigned < sum->total[kind] ? sum->total[kind] - assigned : 0;
}

/* Does anybody come near his share? As long as nobody does, all stays as it is. */
static bool is_wanting(const Sum *sum, Kind kind) {
        const Share *share;

        LIST_FOREACH(share, &sum->shares, entry)
                if (share->usage[kind] >= share->in_force[kind] / 4 * 3)
                        return true;
        return false;
}

/* Returns true if a share is to change by more than a twentieth. */
static bool move_share(const Sum *sum, Share *share, Kind kind, uint64_t target) {
        uint64_t now = share->in_force[kind];

        if (target > now)
                target = now + MIN(target - now, unassigned(sum, kind));
        if (MAX(target, now) - MIN(target, now) <= now / 20)
                return false;
        share->wanted[kind] = target;
        return true;
}

static void run_limit(void *userdata, JobReport *report, JobText *text) {
        const Share *share = userdata;
        const Shares *s = share->sum->owner;

        (void) text;
        report->error = s->limit(share->uid, share->sum->policy, report->what, s->userdata);
}

static void on_limited(const JobReport *report, const char *text, void *userdata) {
        Share *share = userdata;

        (void) text;
        share->job = NULL;
        if (report->error >= 0) {
                memcpy(share->in_force, share->wanted, sizeof(share->in_force));
                return;
        }
        log_warning_errno(report->error, "Cannot move the share of uid %u in the sums of policy %s: %s: %m",
                          share->uid, share->sum->policy, report->what);
        memcpy(share->wanted, share->in_force, sizeof(share->wanted));
}

static void start_limit(const Shares *s, Share *share) {
        const JobSpec spec = {
                .name = "move a user's share of a sum",
                .uid = share->uid,
                .timeout_usec = LIMIT_TIMEOUT_USEC,
                .run = run_limit,
                .done = on_limited,
                .userdata = share,
        };
        int r = job_start(s->jobs, &spec, &share->job);

        if (r < 0)
                on_limited(&(JobReport) { .error = r }, "", share);
}

static int divide(Sum *sum, Kind kind) {
        _cleanup_(freep) uint64_t *usage = calloc(sum->n_shares, sizeof(*usage)),
                                  *target = calloc(sum->n_shares, sizeof(*target));
        Share *share;
        size_t n = 0;

        if (!usage || !target)
                return -ENOMEM;
        LIST_FOREACH(share, &sum->shares, entry)
                usage[n++] = share->usage[kind];
        shares_divide(sum->total[kind], floors[kind], n, usage, target);
        n = 0;
        LIST_FOREACH(share, &sum->shares, entry)
                share->target[kind] = target[n++];
        return 0;
}

static void balance(const Shares *s, Sum *sum) {
        bool wanting[_KIND_MAX];
        Share *share;

        for (int k = 0; k < _KIND_MAX; k++)
                wanting[k] = sum->total[k] != LIMIT_NONE && is_wanting(sum, k) && divide(sum, k) >= 0;
        LIST_FOREACH(share, &sum->shares, entry) {
                bool moves = false;

                for (int k = 0; k < _KIND_MAX && !share->job; k++)
                        if (wanting[k])
                                moves = move_share(sum, share, k, share->target[k]) || moves;
                if (moves)
                        start_limit(s, share);
        }
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        Shares *s = userdata;
        uint64_t now;
        Sum *sum;
        int r;

        (void) usec;
        (void) sd_event_now(sd_event_source_get_event(source), CLOCK_MONOTONIC, &now);
        LIST_FOREACH(sum, &s->sums, entry) {
                Share *share;

                LIST_FOREACH(share, &sum->shares, entry)
                        read_usage(s, share, now - s->last_look_usec);
                balance(s, sum);
        }
        s->last_look_usec = now;
        if (LIST_EMPTY(&s->sums))
                return 0;
        r = sd_event_source_set_time_relative(source, SHARES_LOOK_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- who is there ------------------------------------------------------------------------ */

static Sum *find_sum(const Shares *s, const char *policy) {
        Sum *sum;

        LIST_FOREACH(sum, &s->sums, entry)
                if (strcmp(sum->policy, policy) == 0)
                        return sum;
        return NULL;
}

static Share *find_share(const Sum *sum, uid_t uid) {
        Share *share;

        LIST_FOREACH(share, &sum->shares, entry)
                if (share->uid == uid)
                        return share;
        return NULL;
}

/* With Scope=policy the cell is everybody's, too. */
static bool read_totals(const Policy *policy, uint64_t ret[static _KIND_MAX]) {
        bool shared = policy->scope == CELL_SCOPE_POLICY;

        ret[KIND_MEMORY] = MIN(policy->policy.memory_max_bytes, shared ? policy->cell.memory_max_bytes : LIMIT_NONE);
        ret[KIND_TASKS] = MIN(policy->policy.tasks_max, shared ? policy->cell.tasks_max : LIMIT_NONE);
        ret[KIND_CPU] = MIN(policy->policy.cpu_quota_permille,
                            shared ? policy->cell.cpu_quota_permille : LIMIT_NONE);
        return ret[KIND_MEMORY] != LIMIT_NONE || ret[KIND_TASKS] != LIMIT_NONE || ret[KIND_CPU] != LIMIT_NONE;
}

static Sum *add_sum(Shares *s, const Policy *policy) {
        Sum *sum = calloc(1, sizeof(*sum));

        if (!sum)
                return NULL;
        sum->owner = s;
        (void) snprintf(sum->policy, sizeof(sum->policy), "%s", policy->name);
        (void) read_totals(policy, sum->total);
        LIST_INIT(&sum->shares);
        LIST_INSERT_HEAD(&s->sums, sum, entry);
        (void) sd_event_source_set_time_relative(s->timer, SHARES_LOOK_USEC);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
        return sum;
}

/* What is in force on the user's slice, where that is less than the sum. */
static void read_limits(const Shares *s, Share *share) {
        static const struct {
                Controller controller;
                const char *file;
        } files[_KIND_MAX] = {
                [KIND_MEMORY] = { CONTROLLER_MEMORY, "memory.max" },
                [KIND_TASKS] = { CONTROLLER_PIDS, "pids.max" },
                [KIND_CPU] = { CONTROLLER_CPU, "cpu.max" },
        };

        for (int k = 0; k < _KIND_MAX; k++) {
                const Hierarchy *h = hierarchies_find(s->hierarchies, files[k].controller);
                _cleanup_(freep) char *text = NULL;
                uint64_t value, period;
                char path[128];
                int n;

                (void) snprintf(path, sizeof(path), "user.slice/user-%u.slice/%s", share->uid, files[k].file);
                if (!h || fd_read_file_at(h->root_fd, path, 64, &text) < 0)
                        continue;
                n = sscanf(text, "%" SCNu64 " %" SCNu64, &value, &period);
                if (n == 2 && period > 0)
                        value = value * 1000 / period;
                if (n > 0 && share->sum->total[k] != LIMIT_NONE)
                        share->wanted[k] = share->in_force[k] = MIN(value, share->sum->total[k]);
        }
}

int shares_add(Shares *s, const Policy *policy, uid_t uid, bool restored) {
        Sum *sum = find_sum(s, policy->name);
        uint64_t totals[_KIND_MAX];
        Share *share;

        if (!sum && !read_totals(policy, totals))
                return 0;
        if (!sum)
                sum = add_sum(s, policy);
        if (!sum)
                return -ENOMEM;
        if (find_share(sum, uid))
                return 0;
        share = calloc(1, sizeof(*share));
        if (!share)
                return -ENOMEM;
        share->sum = sum;
        share->uid = uid;
        for (int k = 0; k < _KIND_MAX; k++) { /* half of what is left: somebody else may come before the next look */
                uint64_t half = unassigned(sum, k) / 2;

                share->wanted[k] = sum->total[k] == LIMIT_NONE ? LIMIT_NONE : MAX(half, floors[k]);
                share->in_force[k] = share->wanted[k];
        }
        if (restored)
                read_limits(s, share);
        LIST_INSERT_HEAD(&sum->shares, share, entry);
        sum->n_shares++;
        return 0;
}

static void free_share(Sum *sum, Share *share) {
        job_cancel(share->job);
        LIST_REMOVE(share, entry);
        sum->n_shares--;
        free(share);
}

void shares_remove(Shares *s, const char *policy, uid_t uid) {
        Sum *sum = find_sum(s, policy);
        Share *share = sum ? find_share(sum, uid) : NULL;

        if (share)
                free_share(sum, share);
        if (sum && sum->n_shares == 0) {
                LIST_REMOVE(sum, entry);
                free(sum);
        }
}

void shares_get(const Shares *s, uid_t uid, Resources *limits) {
        const Sum *sum;

        LIST_FOREACH(sum, &s->sums, entry) {
                const Share *share = find_share(sum, uid);

                if (!share)
                        continue;
                limits->memory_max_bytes = MIN(limits->memory_max_bytes, share->wanted[KIND_MEMORY]);
                limits->tasks_max = MIN(limits->tasks_max, share->wanted[KIND_TASKS]);
                limits->cpu_quota_permille = MIN(limits->cpu_quota_permille, share->wanted[KIND_CPU]);
        }
}

int shares_new(sd_event *event, Jobs *jobs, const Hierarchies *hierarchies, shares_limit_t limit, void *userdata,
               Shares **ret) {
        Shares *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        *s = (Shares) { .jobs = jobs, .hierarchies = hierarchies, .limit = limit, .userdata = userdata };
        LIST_INIT(&s->sums);
        r = sd_event_add_time_relative(event, &s->timer, CLOCK_MONOTONIC, SHARES_LOOK_USEC, 0, on_look, s);
        if (r < 0) {
                free(s);
                return r;
        }
        *ret = s;
        return 0;
}

Shares *shares_free(Shares *s) {
        Sum *sum;

        if (!s)
                return NULL;
        while ((sum = LIST_FIRST(&s->sums))) {
                while (!LIST_EMPTY(&sum->shares))
                        free_share(sum, LIST_FIRST(&sum->shares));
                LIST_REMOVE(sum, entry);
                free(sum);
        }
        sd_event_source_disable_unref(s->timer);
        free(s);
        return NULL;
}
