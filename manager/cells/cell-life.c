/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cell's record is written before its first part is made and removed after its last part is gone; in
 * between every part can be found by what the record says (its group, its link's name, its
 * addresses), so that one job, builder_remove(), takes any state apart. */

#include "manager/cells/cell-life.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>

#include "base/escape.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/builder.h"
#include "manager/cells/cell-choose.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/cell-record.h"
#include "manager/cells/lending.h"
#include "manager/cells/notices.h"
#include "manager/work/event.h"
#include "manager/work/fd-store.h"
#include "manager/work/reap.h"
#include "manager/work/state.h"

#define MAKE_TIMEOUT_USEC (20 * USEC_PER_SEC)
#define REMOVE_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define RETRY_USEC (5 * USEC_PER_SEC)
#define USER_STOP_USEC (15 * USEC_PER_SEC) /* more than UserStopDelaySec= of logind.conf(5) */
#define AGAIN_USEC (30 * USEC_PER_SEC)

/* --- life -------------------------------------------------------------------------------- */

static EventSubject about(const Cell *c) {
        return (EventSubject) { .cell = c->id, .policy = c->policy->name, .user = c->user };
}

static void tell(Cell *c, NoticeKind kind, const JobReport *report) {
        notices_post(c->host->notices, kind, c, NULL, report);
}

static int on_init_exit(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        siginfo_t si = {};
        Cell *c = userdata;

        (void) s, (void) events;
        /* Ours, unless restored; and while somebody traces it, theirs to wait for first: leave_init() tries again. */
        c->init_reaped = waitid(P_PIDFD, (id_t) fd, &si, WEXITED | WNOHANG) < 0 || si.si_pid != 0;
        c->init_source = sd_event_source_disable_unref(c->init_source);
        if (c->state != CELL_ENDING)
                cell_end(c, "its pid 1 has exited");
        return 0;
}

int cell_watch_init(Cell *c) {
        unsigned long long start;
        struct stat st;
        char path[64];
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        fd = fd_store_take_pidfd(c->host->fd_store, c->id, &c->init_pid);
        if (fd >= 0)
                c->init_start_time = 0; /* which was to tell what the pidfd tells */
        else if (fd == -ENOENT)
                fd = fd_pidfd_open(c->init_pid);
        if (fd < 0)
                return fd;
        r = fd_pid_start_time(c->init_pid, &start);
        if (r < 0)
                return r;
        if (c->init_start_time != 0 && c->init_start_time != start)
                return -ESRCH; /* the number is somebody else's now */
        c->init_pidfd = fd_move_high(TAKE_FD(fd));
        c->init_start_time = start;
        for (int i = 0; i < _LOGIN_NS_MAX; i++) {
                if (!(cell_namespaces(c) & (unsigned) login_namespaces[i].flag))
                        continue;
                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) c->init_pid,
                                login_namespaces[i].name);
                if (stat(path, &st) < 0)
                        return -errno;
                c->inodes[i] = st.st_ino;
        }
        if (fd_pidfd_has_exited(c->init_pidfd)) /* so the number above was its own */
                return -ESRCH;
        return sd_event_add_io(c->host->event, &c->init_source, c->init_pidfd, EPOLLIN, on_init_exit, c);
}

static void free_if_gone(Cell *c) {
        if (c->state != CELL_ENDING || !c->removed || c->n_sessions > 0)
                return;
        tell(c, NOTICE_CELL_GONE, NULL);
        cell_free(c);
}

static void start_removal(Cell *c);

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata) {
        Cell *c = userdata;

        (void) s, (void) usec;
        c->retry_source = sd_event_source_disable_unref(c->retry_source);
        start_removal(c);
        return 0;
}

static void retry_removal(Cell *c) {
        int r = sd_event_add_time_relative(c->host->event, &c->retry_source, CLOCK_MONOTONIC, RETRY_USEC, 0,
                                           on_retry, c);

        if (r < 0)
                log_error_errno(r, "Cannot schedule another try to remove cell %s: %m", c->id);
}

/* Who was stopped would not notice that the cell is gone, and its session stay for ever. */
static void wake_leaders(const Cell *c) {
        const Session *s;

        LIST_FOREACH(s, &c->sessions, entry)
                if (s->leader_pidfd >= 0)
                        (void) fd_pidfd_send_signal(s->leader_pidfd, SIGCONT);
}

static void on_removed(const JobReport *report, const char *text, void *userdata) {
        Cell *c = userdata;

        (void) text;
        c->job = NULL;
        if (report->error < 0) {
                log_warning_errno(report->error, "Cell %s is not all gone (%s: %m), trying again", c->id,
                                  report->what);
                retry_removal(c);
                return;
        }
        cell_release_addresses(c);
        if (unlinkat(c->host->records_fd, c->id, 0) < 0 && errno != ENOENT)
                log_warning_errno(errno, "Cannot remove the record of cell %s: %m", c->id);
        event_send(EVENT_CELL_REMOVED, LOG_INFO, about(c), "Cell %s of %s (policy %s) is gone", c->id,
                   c->user ?: "all users", c->policy->name);
        c->removed = true;
        wake_leaders(c);
        free_if_gone(c);
}

static void run_removal(void *userdata, JobReport *report, JobText *text) {
        CellPlan plan;

        (void) text;
        cell_plan(userdata, &plan);
        builder_remove(&plan, report);
}

static void start_removal(Cell *c) {
        const JobSpec spec = {
                .name = "remove a cell",
                .uid = c->uid,
                .exclusive = c->uid == UID_INVALID && c->host->driver->user_in_one_group, /* it is every user's */
                .timeout_usec = REMOVE_TIMEOUT_USEC,
                .run = run_removal,
                .done = on_removed,
                .userdata = c,
        };
        int r = job_start(c->host->jobs, &spec, &c->job);

        if (r < 0) {
                log_warning_errno(r, "Cannot start to remove cell %s, trying again: %m", c->id);
                retry_removal(c);
        }
}

static void end_now(Cell *c, const char *reason) {
        int r;

        c->state = CELL_ENDING;
        c->linger_source = sd_event_source_disable_unref(c->linger_source);
        c->logins_source = sd_event_source_disable_unref(c->logins_source);
        c->members_source = sd_event_source_disable_unref(c->members_source);
        c->unattended = false;
        log_info("Cell %s of %s (policy %s) ends: %s", c->id, c->user ?: "all users", c->policy->name, reason);
        if (c->init_pidfd >= 0)
                (void) fd_pidfd_send_signal(c->init_pidfd, SIGKILL);
        r = cell_save(c);
        if (r < 0)
                log_warning_errno(r, "Cannot record that cell %s ends: %m", c->id);
        tell(c, NOTICE_CELL_ENDING, NULL);
        start_removal(c);
}

void cell_end(Cell *c, const char *reason) {
        if (c->state == CELL_ENDING)
                return;
        if (c->state == CELL_MAKING && c->job) /* as soon as its job is done */
                c->end_wanted = true;
        else
                end_now(c, reason);
}

void cell_end_remains(Cell *c) {
        end_now(c, "it was not whole when the manager started");
}

static void on_made(const JobReport *report, const char *text, void *userdata) {
        Cell *c = userdata;
        JobReport outcome = *report;
        int r;

        (void) text;
        c->job = NULL;
        policy_filesystem_done(&c->filesystem);
        if (outcome.error >= 0) {
                c->init_pid = outcome.pid;
                r = cell_watch_init(c);
                if (r < 0) {
                        if (c->init_pidfd < 0)
                                (void) reap_later(c->host->event, c->init_pid, NULL, NULL);
                        outcome = (JobReport) { .error = r, .stage = LOGIN_STAGE_NAMESPACE };
                        (void) strcpy(outcome.what, "its pid 1 can't be watched");
                }
        }
        if (outcome.error < 0) {
                log_error_errno(outcome.error, "Cannot make cell %s of %s (policy %s): %s: %m", c->id,
                                c->user ?: "all users", c->policy->name, outcome.what);
                tell(c, NOTICE_CELL_FAILED, &outcome);
                cell_end(c, "it could not be made");
                return;
        }

        c->state = CELL_LIVE;
        r = cell_save(c);
        if (r < 0) { /* then a restart would not know its pid 1: it could be swept, not kept */
                log_error_errno(r, "Cannot record cell %s: %m", c->id);
                outcome = (JobReport) { .error = r };
                (void) strcpy(outcome.what, "its record can't be written");
                tell(c, NOTICE_CELL_FAILED, &outcome);
                cell_end(c, "it could not be recorded");
                return;
        }
        event_send(EVENT_CELL_NEW, LOG_INFO, about(c), "Cell %s of %s (policy %s) is live, pid 1 is process %d",
                   c->id, c->user ?: "all users", c->policy->name, (int) c->init_pid);
        tell(c, NOTICE_CELL_LIVE, NULL);
        if (c->end_wanted)
                cell_end(c, "nobody waits for it any more");
        else if (c->n_sessions == 0)
                cell_session_left(c);
}

static void run_make(void *userdata, JobReport *report, JobText *text) {
        CellPlan plan;

        (void) text;
        cell_plan(userdata, &plan);
        builder_make(&plan, report);
}

static int start_make(Cell *c) {
        const JobSpec spec = {
                .name = "make a cell",
                .uid = c->uid,
                .timeout_usec = MAKE_TIMEOUT_USEC,
                .run = run_make,
                .done = on_made,
                .userdata = c,
        };

        return job_start(c->host->jobs, &spec, &c->job);
}

/* --- making ------------------------------------------------------------------------------ */

static bool hostname_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > 64 || name[0] == '.' || name[0] == '-')
                return false;
        return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == n;
}

static int choose_hostname(Cell *c, const MatchSubject *subject) {
        int r;

        if (!c->policy->hostname)
                return 0;
        r = policy_expand(c->policy->hostname, subject, c->host->host_name, &c->hostname);
        if (r < 0)
                return r;
        /* user names may have what host names may not */
        for (char *p = c->hostname; *p; p++)
                if (*p == '_' || *p == '$' || *p == '+' || *p == '@')
                        *p = '-';
        return hostname_is_valid(c->hostname) ? 0 : -EINVAL;
}

int cell_new(CellHost *host, Policy *policy, const MatchSubject *subject, Cell **ret) {
        Cell *c = cell_alloc(host);
        int r;

        if (!c)
                return -ENOMEM;
        c->policy = policy_ref(policy);
        c->created_usec = record_now_usec();
        if (policy->scope != CELL_SCOPE_POLICY) {
                c->uid = subject->uid;
                c->user = escape_text(subject->user);
                if (!c->user) {
                        r = -ENOMEM;
                        goto fail;
                }
        }
        r = record_choose_id('c', c->id);
        if (r >= 0)
                r = choose_hostname(c, subject);
        if (r >= 0) {
                r = policy_filesystem_expand(&policy->filesystem, subject, host->host_name, &c->filesystem);
                r = r == -EINVAL ? -EILSEQ : r;
        }
        if (r >= 0 && cell_namespaces(c) & CLONE_NEWUSER) {
                r = lending_choose_ids(host->all, host->first_subid, host->last_subid, subject->user, subject->uid,
                                       &c->first_id);
                r = r == -ENOSPC ? -ERANGE : r;
        }
        if (r >= 0)
                r = cell_choose_network(c, subject);
        if (r >= 0)
                r = cell_save(c);
        if (r < 0)
                goto fail;
        r = start_make(c);
        if (r < 0) {
                (void) unlinkat(host->records_fd, c->id, 0);
                goto fail;
        }
        *ret = c;
        return 0;

fail:
        cell_free(c);
        return r;
}

/* --- sessions come and go ---------------------------------------------------------------- */

static int on_linger(sd_event_source *s, uint64_t usec, void *userdata) {
        (void) s, (void) usec;
        cell_end(userdata, "its last session has ended, and LingerSec= is over");
        return 0;
}

static bool has_logins(const Cell *c) {
        const Session *s;

        LIST_FOREACH(s, &c->sessions, entry)
                if (!session_is_user_manager(s))
                        return true;
        return false;
}

/* By loginctl enable-linger. With processes of old sessions about, sd_uid_get_state(3) does not tell. */
static bool user_lingers(const Cell *c) {
        char path[512];

        (void) snprintf(path, sizeof(path), "/var/lib/systemd/linger/%s", c->user);
        return access(path, F_OK) >= 0;
}

/* When nobody is logged in any more, logind ends the user's service manager, and with it the cell ends; unless
 * the user lingers. But it waits for all that was left running, too, for ever: then that has to go. */
static int on_no_logins(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_(freep) char *state = NULL;
        Cell *c = userdata;
        int r;

        (void) usec;
        r = sd_uid_get_state(c->uid, &state);
        if ((r < 0 || strcmp(state, "closing") == 0 || strcmp(state, "offline") == 0) && !user_lingers(c)) {
                cell_end(c, "its last login has ended");
                return 0;
        }
        r = sd_event_source_set_time_relative(source, AGAIN_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void watch_user_manager(Cell *c) {
        uint64_t wait = MIN(c->policy->linger_usec, AGAIN_USEC) + USER_STOP_USEC;
        int r;

        if (c->logins_source || c->state != CELL_LIVE || has_logins(c) || c->policy->linger_usec == USEC_INFINITY)
                return;
        r = sd_event_add_time_relative(c->host->event, &c->logins_source, CLOCK_MONOTONIC, wait, 0, on_no_logins, c);
        if (r < 0)
                log_warning_errno(r, "Cannot watch for the end of cell %s: %m", c->id);
}

void cell_session_joined(Cell *c, const Session *s) {
        c->linger_source = sd_event_source_disable_unref(c->linger_source);
        c->lingers_since_usec = 0;
        if (!session_is_user_manager(s))
                c->logins_source = sd_event_source_disable_unref(c->logins_source);
}

static int watch_linger(Cell *c) {
        if (c->policy->linger_usec == USEC_INFINITY)
                return 0;
        return sd_event_add_time_relative(c->host->event, &c->linger_source, CLOCK_MONOTONIC, c->policy->linger_usec, 0,
                                          on_linger, c);
}

void cell_session_left(Cell *c) {
        int r;

        if (c->n_sessions > 0) {
                watch_user_manager(c);
                return;
        }
        if (c->state == CELL_ENDING) {
                free_if_gone(c);
                return;
        }
        if (c->unattended)
                return;
        if (c->policy->linger_usec == 0 || c->state == CELL_MAKING) {
                cell_end(c, "its last session has ended");
                return;
        }
        if (c->lingers_since_usec != 0)
                return;
        c->lingers_since_usec = login_now_usec();
        r = watch_linger(c);
        if (r < 0) {
                log_warning_errno(r, "Cannot let cell %s linger, ending it: %m", c->id);
                cell_end(c, "its last session has ended");
                return;
        }
        tell(c, NOTICE_CELL_LINGERS, NULL);
}
