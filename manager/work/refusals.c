/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The login program is held by its pidfd, and its children are read only while it lives. First they are asked to end,
 * then killed, until the program has exited, too. One that serves others as well has no such children, and is let go
 * after a while. */

#include "manager/work/refusals.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/work/user-process.h"

#define GRACE_USEC (3 * USEC_PER_SEC)
#define AGAIN_USEC (1 * USEC_PER_SEC)
#define LOOKS_MAX 30

typedef struct Refusal {
        LIST_ENTRY(Refusal) entry;
        pid_t pid;
        int pidfd;
        uid_t uid;
        bool serves_one; /* the program has no other user */
        unsigned n_looks;
        sd_event_source *exit_source, *timer_source;
} Refusal;

struct Refusals {
        sd_event *event;
        LIST_HEAD(, Refusal) items;
};

static void refusal_free(Refusal *f) {
        LIST_REMOVE(f, entry);
        sd_event_source_disable_unref(f->exit_source);
        sd_event_source_disable_unref(f->timer_source);
        close_fd(f->pidfd);
        free(f);
}

static int on_exit_of(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        refusal_free(userdata);
        return 0;
}

/* Ends what there is of the user's. */
static void end_what_lingers(Refusal *f) {
        int sig = f->n_looks == 1 ? SIGTERM : SIGKILL;
        UserProcess u;

        if (f->uid == 0) {
                if (f->serves_one)
                        (void) fd_pidfd_send_signal(f->pidfd, sig);
                return;
        }
        if (user_process_find_child(f->pid, f->uid, 0, &u) < 0)
                return;
        if (fd_pidfd_send_signal(f->pidfd, 0) >= 0) { /* so it was a child of this one */
                log_info("Ending process %d of uid %u: its login was refused", (int) u.pid, f->uid);
                (void) fd_pidfd_send_signal(u.pidfd, sig);
        }
        user_process_done(&u);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Refusal *f = userdata;
        int r;

        (void) usec;
        if (++f->n_looks > LOOKS_MAX) {
                refusal_free(f);
                return 0;
        }
        end_what_lingers(f);
        r = sd_event_source_set_time_relative(source, AGAIN_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void refusals_add(Refusals *r, pid_t pid, int pidfd, uid_t uid, const char *service) {
        Refusal *f = calloc(1, sizeof(*f));
        int k;

        if (!f) {
                log_warning("Out of memory: what is left of the refused login of process %d may stay", (int) pid);
                return;
        }
        *f = (Refusal) { .pid = pid, .uid = uid, .serves_one = strcmp(service, "sshd") == 0 };
        LIST_INSERT_HEAD(&r->items, f, entry);
        f->pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
        k = f->pidfd < 0 ? -errno : (f->pidfd = fd_move_high(f->pidfd));
        if (k >= 0)
                k = sd_event_add_io(r->event, &f->exit_source, f->pidfd, EPOLLIN, on_exit_of, f);
        if (k >= 0)
                k = sd_event_add_time_relative(r->event, &f->timer_source, CLOCK_MONOTONIC, GRACE_USEC, 0, on_timer, f);
        if (k < 0) {
                log_warning_errno(k, "Cannot watch process %d, whose login was refused: %m", (int) pid);
                refusal_free(f);
        }
}

Refusals *refusals_new(sd_event *event) {
        Refusals *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->event = event;
        LIST_INIT(&r->items);
        return r;
}

Refusals *refusals_free(Refusals *r) {
        Refusal *f;

        if (!r)
                return NULL;
        while ((f = LIST_FIRST(&r->items)))
                refusal_free(f);
        free(r);
        return NULL;
}
