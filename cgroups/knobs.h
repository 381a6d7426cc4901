/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "cgroups/controllers.h"
#include "policies/policy.h"

/* Translates Resources into values of the kernel's files, for the cgroup version that carries each
 * controller on this host. See cgroup-v2.rst and cgroup-v1/ of the kernel's documentation. */

typedef struct Knob {
        Controller controller;
        const char *file; /* static */
        char *value;
        const char *key;  /* the policy key that it comes from, for messages */
} Knob;

#define KNOBS_MAX 128

typedef struct Knobs {
        Knob items[KNOBS_MAX]; /* in the order in which they must be written */
        size_t n_items;
        /* DevicePolicy= on v2: an eBPF program to attach; see cgroups/devices.h */
        const Resources *devices; /* NULL: none */
        bool skip_unsupported; /* set by the caller: leave out what can't be enforced here */
} Knobs;

void knobs_done(Knobs *k);

/* What to write into a new group for `r`. `tasks_extra` is added to TasksMax= for processes that
 * are not the user's (a cell's pid 1). `cpu_ceiling_permille` is the least CPUQuota= of the levels
 * above (LIMIT_NONE: none), for on v1 a quota above its parent's is an error of the kernel: it is cut.
 * `r` must outlive *ret when it restricts devices.
 * -EOPNOTSUPP: a key can't be enforced here: see knobs_check(); -ENODEV: no such block device;
 * *ret_key (may be NULL) names the key. -E2BIG: more device limits than KNOBS_MAX. */
int knobs_translate(const Hierarchies *h, const Resources *r, uint64_t cpu_ceiling_permille,
                    uint64_t tasks_extra, Knobs *ret, const char **ret_key);

/* What to write into a live group to get from `old` to `new`: changed values only, and lifted ones
 * are written as unlimited. */
int knobs_translate_change(const Hierarchies *h, const Resources *old, const Resources *new,
                           uint64_t cpu_ceiling_permille, uint64_t tasks_extra, Knobs *ret,
                           const char **ret_key);

/* Reports each key of `r` that this host can't enforce, with the reason. */
typedef void (*knobs_unsupported_t)(const char *key, const char *reason, void *userdata);
void knobs_check(const Hierarchies *h, const Resources *r, knobs_unsupported_t report, void *userdata);
