/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"

/* What a policy can only be checked for beside the others: the cell whose network it shares, and interfaces that
 * others name, too. */

typedef struct PolicyPeer {
        const char *name;
        const Policy *policy; /* NULL: its file has errors */
} PolicyPeer;

/* Adds to `diags` what is wrong with `p`, at its own lines. Of two that don't go together the later one is wrong:
 * peers stand in order, and `p` is among them. */
void policy_peers_check(const Policy *p, const PolicyPeer *peers, size_t n_peers, PolicyDiags *diags);
