/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "bus/login.h"

/* Work that may block, done by a short-lived child of the manager: it sees the manager's memory as it
 * was when the job started, reports a small result, and dies with the manager or at its deadline.
 * Only so many run at once; the rest waits, and users take turns: nobody's burst delays the others, and nobody has
 * more than half of the places, however long his jobs take. */

typedef struct Jobs Jobs;
typedef struct Job Job;

#define JOB_PROCESS_NAME "confined-job" /* as ps(1) shows it, and the kernel tells who changed nftables */
#define JOB_WHAT_MAX 256
#define JOB_TEXT_MAX (1024 * 1024)

typedef struct JobReport {
        int error;                /* 0, or a negative errno */
        LoginStage stage;         /* which part of a cell failed */
        char what[JOB_WHAT_MAX];  /* in words; "" when error says it all */
        pid_t pid;                /* a child of the manager's (CLONE_PARENT) that the job leaves to it */
        uint64_t numbers[3];      /* free for the job's use, like the rest */
        unsigned flags;
} JobReport;

/* Runs in the child. May append text with job_write_text(), up to JOB_TEXT_MAX, beyond which the job has failed with
 * -E2BIG; `report` is zero at first, and in memory shared with the manager: when a job has failed, by itself or by
 * being killed, report->pid is killed and reaped. */
typedef struct JobText JobText;
typedef void (*job_run_t)(void *userdata, JobReport *report, JobText *text);
void job_write_text(JobText *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs in the manager, once for each job that was not cancelled. A job that overran its deadline or
 * died reports -ETIMEDOUT or -EIO. `text` ends with a NUL and is "" if none was written. */
typedef void (*job_done_t)(const JobReport *report, const char *text, void *userdata);

typedef struct JobSpec {
        const char *name; /* static, for messages */
        uid_t uid;        /* whose turn it is */
        bool exclusive;   /* no job that comes later starts before this one is done; nor one that has to wait for others
                           * of its user */
        bool passes;      /* what exclusive jobs do is nothing to it: it runs beside them, and does not wait for one */
        uint64_t timeout_usec; /* from its start, not from its queueing */
        job_run_t run;
        job_done_t done;
        void *userdata;
} JobSpec;

/* `keep_fds` are the fds that jobs need; all others of the manager are closed in a job. With
 * `one_for_each_user` no two jobs of one uid run at once, so that each sees what the one before has
 * done. -ENOMEM. */
int jobs_new(sd_event *event, const int *keep_fds, size_t n_keep_fds, bool one_for_each_user, Jobs **ret);
/* Asked when the kernel has no memory for a job; true: some is free now, and a second try is worth it. */
void jobs_set_make_room(Jobs *j, bool (*call)(void *userdata), void *userdata);
Jobs *jobs_free(Jobs *j); /* kills what runs; done callbacks are not called */
DEFINE_CLEANUP(Jobs *, jobs_free);

/* Queues a job; it starts at once if there is room. *ret (may be NULL) is valid until done was called.
 * -EBUSY: the queue is full; -ENOMEM. */
int job_start(Jobs *j, const JobSpec *spec, Job **ret);
/* Kills or unqueues it; done is not called. Takes NULL, returns NULL. */
Job *job_cancel(Job *job);

unsigned jobs_count(const Jobs *j); /* running and waiting */
/* No job has been let run long past its deadline, and if some wait, some run. CLOCK_MONOTONIC. */
bool jobs_are_moving(const Jobs *j, uint64_t now_usec);
