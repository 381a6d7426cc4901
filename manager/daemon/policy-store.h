/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-load.h"
#include "policies/policy-set.h"

/* The last good version of each policy, with all of its values, below the state directory: a file that is broken when the
 * manager starts has one to fall back on, as it has at a reload. With each is noted what the host could enforce when the
 * policy was judged. */

typedef struct PolicyStore {
        int fd;     /* of the directory */
        char *host; /* kernel, driver and controllers in one line */
} PolicyStore;

/* Opens (and makes) state_dir/policies. -errno. */
int policy_store_open(PolicyStore *s, const char *state_dir, const char *host);
void policy_store_done(PolicyStore *s);

/* Reads what is kept: *ret is a set for policy_set_load()'s `previous`. A policy that was judged on a host that could do
 * other things is judged again by `check_host`; one that fails, or that this version does not understand, is left out and
 * logged, and stays on the disk. -ENOMEM; -errno of reading the directory. */
int policy_store_read(const PolicyStore *s, policy_check_host_t check_host, void *userdata, PolicySet **ret);

/* Keeps the good ones of a set, and drops those of which there is no file any more. What can't be written is logged. */
void policy_store_write(const PolicyStore *s, const PolicySet *set);
