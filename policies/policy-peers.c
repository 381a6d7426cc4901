/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/policy-peers.h"

#include <string.h>

#include "policies/policy-check.h"

/* The one cell that a cell of `p` can share the network of. NULL: fine. */
static const char *why_not_shared(const Policy *p, const Policy *owner) {
        if (owner == p || strcmp(owner->name, p->name) == 0)
                return "is this policy itself (name the one whose cells have the network)";
        if (owner->network_mode == NETWORK_CELL)
                return "has no network of its own, but shares another's, too (name that one)";
        if (owner->network_mode == NETWORK_HOST)
                return "has the host's network (Mode=host)";
        if (policy_is_for_units(owner))
                return "is for services of systemd, which have no cells to share (a policy for logins)";
        if (owner->scope == CELL_SCOPE_SESSION)
                return "has a cell for every session, and it can't be said which (there: Scope=user or policy)";
        if (owner->scope == CELL_SCOPE_USER && p->scope == CELL_SCOPE_POLICY)
                return "has a cell for every user, and this one is everybody's (there: Scope=policy, or here: "
                       "Scope=user)";
        return NULL;
}

static void check_shared(PolicyCheck *c, const PolicyPeer *peers, size_t n) {
        const Policy *p = c->policy;
        const PolicyPeer *owner = NULL;
        const char *why;

        for (size_t i = 0; i < n && !owner; i++)
                if (strcmp(peers[i].name, p->network_cell) == 0)
                        owner = &peers[i];
        if (!owner) {
                policy_complain(c, false, POLICY_KEY(network_mode), "there is no policy %s", p->network_cell);
                return;
        }
        if (!owner->policy) {
                policy_complain(c, true, POLICY_KEY(network_mode),
                                "policy %s has errors: until it is right, nobody can be let in here", p->network_cell);
                return;
        }
        why = why_not_shared(p, owner->policy);
        if (why)
                policy_complain(c, false, POLICY_KEY(network_mode), "policy %s %s", p->network_cell, why);
}

static const char *shared_interface(const Policy *a, const Policy *b) {
        for (char **i = a->interfaces; i && *i; i++)
                for (char **k = b->interfaces; k && *k; k++)
                        if (strcmp(*i, *k) == 0)
                                return *i;
        return NULL;
}

/* NULL: both can have the interface. */
static const char *why_not_both(const Policy *p, const Policy *first) {
        if (p->network_mode == NETWORK_INTERFACE && first->network_mode == NETWORK_INTERFACE)
                return NULL;
        if (p->network_mode == NETWORK_INTERFACE || first->network_mode == NETWORK_INTERFACE)
                return "one gives it away, and the other one needs it on the host";
        if (p->network_mode != first->network_mode)
                return "it can't carry macvlan and ipvlan";
        if (p->network_mode == NETWORK_IPVLAN &&
            (p->ipvlan_l3s != first->ipvlan_l3s || p->isolate != first->isolate))
                return "IPVLANMode= and Isolate= hold for all on it, and must be the same";
        return NULL;
}

static void check_interfaces(PolicyCheck *c, const PolicyPeer *peers, size_t n) {
        const Policy *p = c->policy;

        for (size_t i = 0; i < n && strcmp(peers[i].name, p->name) != 0; i++) {
                const Policy *first = peers[i].policy;
                const char *name, *why;

                if (!first || !first->has_match || !p->has_match || !policy_has_inner_link(first))
                        continue;
                name = shared_interface(p, first);
                why = name ? why_not_both(p, first) : NULL;
                if (why)
                        policy_complain(c, false, POLICY_KEY(interfaces), "policy %s has %s, too: %s",
                                        first->name, name, why);
        }
}

void policy_peers_check(const Policy *p, const PolicyPeer *peers, size_t n_peers, PolicyDiags *diags) {
        PolicyCheck c = { p, diags };

        if (p->network_mode == NETWORK_CELL)
                check_shared(&c, peers, n_peers);
        if (policy_has_inner_link(p))
                check_interfaces(&c, peers, n_peers);
}
