/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroups/driver.h"
#include "policies/policy-file.h"

#define SUPPORT_WHY_MAX 192

struct HostNet;

typedef struct SupportHost {
        const Hierarchies *hierarchies;
        const Driver *driver;
        /* why a key of [Network] can't be done; NULL: all can */
        const char *(*refuses_network)(const Policy *p, const char **ret_key);
        /* the same of [Filesystem] and [Process] */
        const char *(*refuses_cell)(const Policy *p, const char **ret_section, const char **ret_key);
        /* does a pool overlap with a network of the host's? NULL: not asked */
        bool (*overlaps)(const struct HostNet *net, const Policy *p, char ret_why[static SUPPORT_WHY_MAX]);
        const struct HostNet *net;
} SupportHost;

/* Adds to `diags` every key of a policy that this host can't enforce, at the line that sets it: an error,
 * or a warning if the policy says IfUnsupported=warn. `userdata` is a SupportHost. Has the form of
 * policy_check_host_t. */
void support_check(const Policy *p, PolicyDiags *diags, void *userdata);
