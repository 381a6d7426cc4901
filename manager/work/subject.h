/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/login.h"
#include "manager/work/job.h"
#include "policies/policy-set.h"

/* Who asks, with all that matching needs to know resolved. Name services may hang, so the manager never
 * asks them itself: a job does. */
typedef struct Subject Subject;

/* Of a login request, whose user and groups the module has looked up. NULL: out of memory. */
Subject *subject_new_from_request(const LoginRequest *request);
/* Of a user's name or number, or "user:NAME", "uid:NUMBER"; subject_resolve() looks up the rest. */
Subject *subject_new(const char *user, const char *service, const char *tty, const char *remote_host);
Subject *subject_free(Subject *s); /* cancels its job; takes NULL, returns NULL */
DEFINE_CLEANUP(Subject *, subject_free);

const MatchSubject *subject_match(const Subject *s);

/* Looks up the gids of the groups that the policies name, which of the users that they name have the uid, the name of the
 * primary group, and for subject_new() the user. Calls `done` from the loop, or at once if there is nothing to look up.
 * error: 0; -ENOENT: no such user; -ENOTUNIQ: the name of one and the number of another; else the name service's
 * failure: nobody knows who is who, and in what. */
typedef void (*subject_done_t)(Subject *s, int error, void *userdata);
int subject_resolve(Subject *s, Jobs *jobs, const PolicySet *policies, bool want_group, subject_done_t done,
                    void *userdata);
