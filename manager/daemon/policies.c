/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/daemon/policies.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "base/memstream.h"
#include "cgroups/support.h"
#include "manager/daemon/damage.h"
#include "manager/work/event.h"
#include "netns/host-net.h"
#include "netns/support.h"
#include "policies/policy-load.h"
#include "sandbox/support.h"

static void tell_refused(const Policy *p) {
        log_error("Policy %s is refused, and there is no good version of it: %s is refused with it, but root and who is "
                  "exempt", p->name, p->matches_all ? "who comes so far" : p->has_match ? "whom its [Match] names" :
                  "what extends it");
}

int policies_load(Manager *m) {
        SupportHost host = { m->hierarchies, m->driver, netns_refuses, cells_refuse };
        _cleanup_(host_net_freep) HostNet *net = NULL;
        PolicyDiags diags = {};
        PolicySet *set;
        int r;

        r = host_net_read(m->config.instance, &net);
        if (r < 0)
                return log_error_errno(r, "Cannot read the host's addresses, keeping the policies in force: %m");
        host.overlaps = host_net_overlaps;
        host.net = net;
        r = policy_set_load(m->policy_dirs, false, m->policies, support_check, &host, &diags, &set);
        if (r < 0) {
                policy_diags_done(&diags);
                return log_error_errno(r, "Cannot load the policies, keeping those in force: %m");
        }
        for (size_t i = 0; i < diags.n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&diags.items[i]);

                event_policy(diags.items[i].file, diags.items[i].warning, line ?: "out of memory");
        }
        policy_diags_done(&m->diags);
        m->diags = diags;
        policy_set_free(m->policies);
        m->policies = set;
        damage_note_overlaps(m, net); /* of what is in force still, though it was refused */
        policy_store_write(&m->policy_store, set);
        log_info("Loaded %zu policies%s", policy_set_size(set),
                 policy_diags_has_error(&diags) ? ", others have errors: see above" : "");
        for (size_t i = 0; i < policy_set_n_refused(set); i++)
                tell_refused(policy_set_get_refused(set, i));
        return policy_diags_has_error(&diags);
}

/* What this host can enforce depends on these. */
static int describe_host(const Manager *m, char **ret) {
        struct utsname name;
        char *text = NULL;
        size_t size = 0;
        FILE *f;

        if (uname(&name) < 0)
                return -errno;
        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        fprintf(f, "%s %s; %s;", name.sysname, name.release, m->driver->name);
        for (size_t i = 0; i < m->hierarchies->n_items; i++)
                fprintf(f, " %u:%s:%x", m->hierarchies->items[i].version, m->hierarchies->items[i].name,
                        m->hierarchies->items[i].controllers);
        *ret = memstream_finish(f, &text);
        return *ret ? 0 : -ENOMEM;
}

int policies_read_kept(Manager *m) {
        SupportHost host = { m->hierarchies, m->driver, netns_refuses, cells_refuse };
        _cleanup_(freep) char *text = NULL;
        int r;

        r = describe_host(m, &text);
        if (r >= 0)
                r = policy_store_open(&m->policy_store, m->config.state_dir, text);
        if (r >= 0)
                r = policy_store_read(&m->policy_store, support_check, &host, &m->policies);
        return r < 0 ? log_error_errno(r, "Cannot read the good versions of policies in %s/policies: %m",
                                       m->config.state_dir) : 0;
}

void policies_register_pools(Manager *m) {
        for (size_t i = 0; i < policy_set_size(m->policies); i++) {
                const Policy *p = policy_set_get(m->policies, i);

                for (size_t k = 0; k < p->n_pools; k++) {
                        int r = pool_add_prefix(m->pool, &p->pools[k]);

                        if (r < 0)
                                log_warning_errno(r, "Pool= of policy %s overlaps with addresses in use: %m",
                                                  p->name);
                }
        }
}

Policy *policies_pick(Manager *m, const MatchSubject *subject) {
        return policy_set_pick(m->policies, subject, NULL, NULL);
}
