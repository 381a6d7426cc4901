/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-set.h"
#include "tools/tool.h"

/* What `confinectl check` finds. */

typedef enum Severity {
        SEVERITY_OK,
        SEVERITY_WARNING,
        SEVERITY_ERROR,
} Severity;

typedef struct Check {
        Tool *tool;
        PolicySet *policies;
        json_t *findings;
        bool failed, out_of_memory;
        size_t n_bad;    /* warnings and errors so far */
        json_t *cells, *sessions; /* of the manager; NULL: it does not run */
} Check;

/* `action` says what to do; NULL with ok. Control bytes are escaped. */
void check_add(Check *c, Severity severity, const char *area, const char *action, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
/* "ok" for an area of which nothing was added since n_bad was `before`. */
void check_add_ok(Check *c, const char *area, size_t before, const char *what);

typedef enum Confinement {
        CONFINED_NOT,
        CONFINED_SOMETIMES, /* depends on service, terminal or remote host */
        CONFINED_ALWAYS,
} Confinement;

/* Does a policy in force confine this user, and which? `service` narrows it to logins by that; NULL: any. */
Confinement check_user(const Check *c, uid_t uid, const char *service, const Policy **ret_policy);
/* The first policy for logins in force whose Service= lets this service pass; NULL: none. */
const Policy *check_policy_for_service(const Check *c, const char *service);
/* Is there any policy for logins in force? */
const Policy *check_any_login_policy(const Check *c);

void check_host(Check *c);
void check_pam(Check *c, char *const *dirs);
void check_ways_round(Check *c);
void check_processes(Check *c);
/* Logs `user` in by a real PAM session, of --service, and compares what comes of it with what explain says. */
void check_try(Check *c, const char *user);
