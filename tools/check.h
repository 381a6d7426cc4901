/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-set.h"
#include "tools/tool.h"

/* Findings of `confinectl check`, and the areas that it looks at. */

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
        json_t *cells, *sessions; /* the manager's; NULL: the manager does not run or does not answer */
} Check;

/* Adds a finding. `action` tells the user what to do; NULL with SEVERITY_OK. Escapes control bytes. */
void check_add(Check *c, Severity severity, const char *area, const char *action, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
/* Adds "ok" for an area if n_bad is still `before`: no warning or error was added since. */
void check_add_ok(Check *c, const char *area, size_t before, const char *what);

typedef enum Confinement {
        CONFINED_NOT,
        CONFINED_SOMETIMES, /* depends on service, terminal or remote host */
        CONFINED_ALWAYS,
} Confinement;

/* Whether a policy in force confines this user, and which. Considers only logins with `service`; NULL: all. */
Confinement check_user(const Check *c, uid_t uid, const char *service, const Policy **ret_policy);
/* The first policy for logins that is in force and whose Service= matches this service; NULL: none. */
const Policy *check_policy_for_service(const Check *c, const char *service);
/* The first policy for logins that is in force; NULL: none. */
const Policy *check_any_login_policy(const Check *c);

void check_host(Check *c);
void check_pam(Check *c, char *const *dirs);
void check_ways_round(Check *c);
void check_processes(Check *c);
/* Logs `user` in with a real PAM session of --service, and compares the result with the answer of explain. */
void check_try(Check *c, const char *user);
