/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cgroups/support.h"

#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/knobs.h"
#include "policies/policy-keys.h"

typedef struct Check {
        const Policy *policy;
        PolicyDiags *diags;
        const char *section;
} Check;

/* At the line that sets the key. */
static void say(const Check *c, bool warning, const char *key, const char *prefix, const char *reason) {
        const char *file = c->policy->path ?: c->policy->name;
        unsigned line = 0;

        for (size_t i = 0; i < n_policy_keys; i++)
                if (strcmp(policy_keys[i].section, c->section) == 0 && strcmp(policy_keys[i].name, key) == 0 &&
                    c->policy->sources && c->policy->sources[i].file) {
                        file = c->policy->sources[i].file;
                        line = c->policy->sources[i].line;
                }
        (void) policy_diags_add(c->diags, warning, file, line, c->section, key, "%s%s",
                                prefix, reason);
}

static void complain(const char *key, const char *reason, void *userdata) {
        const Check *c = userdata;

        say(c, c->policy->if_unsupported_warn, key, "not supported on this host: ", reason);
}

/* At each key that the policy or what it extends sets. */
static void check_driver(const Driver *driver, const Resources *r, Check *c) {
        if (resources_is_unset(r))
                return;
        for (size_t i = 0; i < n_policy_keys; i++) {
                const char *reason;

                if (strcmp(policy_keys[i].section, c->section) != 0 || !c->policy->sources ||
                    !c->policy->sources[i].file)
                        continue;
                reason = driver->refuses(c->policy, &policy_keys[i]);
                if (reason)
                        complain(policy_keys[i].name, reason, c);
        }
}

static bool is_set(const Policy *p, const char *section, const char *key) {
        for (size_t i = 0; i < n_policy_keys; i++)
                if (strcmp(policy_keys[i].section, section) == 0 && strcmp(policy_keys[i].name, key) == 0)
                        return p->sources && p->sources[i].file;
        return false;
}

static void check_namespaces(Check *c, const Driver *driver) {
        static const struct {
                int flag;
                const char *path, *reason;
        } namespaces[] = {
                { CLONE_NEWNS, "/proc/self/ns/mnt", "the kernel has no mount namespaces" },
                { CLONE_NEWPID, "/proc/self/ns/pid", "the kernel has no pid namespaces" },
                { CLONE_NEWNET, "/proc/self/ns/net", "the kernel has no network namespaces" },
                { CLONE_NEWIPC, "/proc/self/ns/ipc", "the kernel has no ipc namespaces" },
                { CLONE_NEWUTS, "/proc/self/ns/uts", "the kernel has no uts namespaces" },
                { CLONE_NEWCGROUP, "/proc/self/ns/cgroup", "the kernel has no cgroup namespaces" },
                { CLONE_NEWUSER, "/proc/self/ns/user", "the kernel has no user namespaces" },
                { CLONE_NEWTIME, "/proc/self/ns/time", "the kernel has no time namespaces (Linux 5.6)" },
        };

        c->section = "Cell";
        for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
                if (c->policy->namespaces & (unsigned) namespaces[i].flag &&
                    access(namespaces[i].path, F_OK) < 0)
                        complain("Namespaces", namespaces[i].reason, c);
        if (c->policy->namespaces & driver->without_namespaces & CLONE_NEWCGROUP && is_set(c->policy, "Cell", "Namespaces"))
                say(c, true, "Namespaces", "", "cgroup: where systemd manages the control groups, cells keep the host's "
                                                 "namespace, with the tree read-only");
}

static void check_network(Check *c, const SupportHost *host) {
        const char *key, *reason = host->refuses_network(c->policy, &key);

        char why[SUPPORT_WHY_MAX], policy[128];

        c->section = "Network";
        if (reason)
                complain(key, reason, c);
        (void) snprintf(policy, sizeof(policy), "policy %s: ", c->policy->name); /* the key may be of what it extends */
        if (host->overlaps && c->policy->has_match && host->overlaps(host->net, c->policy, why))
                say(c, false, "Pool", policy, why); /* whatever IfUnsupported= says: it is the host that would suffer */
        for (size_t i = 0; i < c->policy->n_pools; i++)
                if (c->policy->pools[i].family == AF_INET6 && access("/proc/net/if_inet6", F_OK) < 0)
                        complain("Pool", "IPv6 is off", c);
        if (c->policy->n_dns > 0 && !policy_is_for_units(c->policy) && access("/etc/resolv.conf", F_OK) < 0)
                complain("DNS", "there is no /etc/resolv.conf to lay the cell's over; make an empty one", c);
}

static void check_cell(Check *c, const SupportHost *host) {
        const char *key, *reason = host->refuses_cell(c->policy, &c->section, &key);

        if (reason)
                complain(key, reason, c);
}

/* It holds less than its name says: whoever needs it to be told is told. */
static void check_buffered_writes(Check *c, const Hierarchies *h, const Resources *r) {
        const Hierarchy *io = hierarchies_find(h, CONTROLLER_IO);

        for (size_t i = 0; i < r->n_io_limits && io && io->version == 1; i++) {
                const IoLimit *l = &r->io_limits[i];
                const char *key = l->write_bandwidth_bytes != LIMIT_NONE ? "IOWriteBandwidthMax" :
                        l->write_iops != LIMIT_NONE ? "IOWriteIOPSMax" : NULL;

                if (key)
                        say(c, true, key, "", "with cgroup v1 this holds direct and synchronous writes; what goes through "
                                              "the page cache is not limited");
        }
}

void support_check(const Policy *p, PolicyDiags *diags, void *userdata) {
        const SupportHost *host = userdata;
        Check c = { .policy = p, .diags = diags };
        const struct {
                const char *section;
                const Resources *resources;
        } levels[] = {
                { "Resources", &p->cell }, { "UserResources", &p->user }, { "PolicyResources", &p->policy },
        };

        for (size_t i = 0; i < ELEMENTSOF(levels); i++) {
                c.section = levels[i].section;
                if (!policy_is_for_units(p)) /* those limits are systemd's to set, whatever the driver */
                        check_driver(host->driver, levels[i].resources, &c);
                knobs_check(host->hierarchies, levels[i].resources, complain, &c);
                check_buffered_writes(&c, host->hierarchies, levels[i].resources);
        }
        check_namespaces(&c, host->driver);
        check_network(&c, host);
        if (!policy_is_for_units(p))
                check_cell(&c, host);
}
