/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* New policies, and copies that share nothing with what they were copied from. They are apart from policy.c, which
 * knows nothing of the table of keys. */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "policies/policy-keys.h"

static int copy_text(char **to, const char *from) {
        char *copy = NULL;

        if (from) {
                copy = strdup(from);
                if (!copy)
                        return -ENOMEM;
        }
        free(*to);
        *to = copy;
        return 0;
}

static int copy_array(void **to, const void *from, size_t n, size_t size) {
        *to = NULL;
        if (n == 0)
                return 0;
        *to = calloc(n, size);
        if (!*to)
                return -ENOMEM;
        memcpy(*to, from, n * size);
        return 0;
}

static int copy_io_limits(Resources *to, const Resources *from) {
        if (from->n_io_limits == 0)
                return 0;
        to->io_limits = calloc(from->n_io_limits, sizeof(IoLimit));
        if (!to->io_limits)
                return -ENOMEM;
        for (size_t i = 0; i < from->n_io_limits; i++) {
                to->io_limits[i] = from->io_limits[i];
                to->io_limits[i].path = strdup(from->io_limits[i].path);
                if (!to->io_limits[i].path)
                        return -ENOMEM;
                to->n_io_limits++;
        }
        return 0;
}

static int copy_device_allow(Resources *to, const Resources *from) {
        if (from->n_device_allow == 0)
                return 0;
        to->device_allow = calloc(from->n_device_allow, sizeof(DeviceAllow));
        if (!to->device_allow)
                return -ENOMEM;
        for (size_t i = 0; i < from->n_device_allow; i++) {
                to->device_allow[i] = from->device_allow[i];
                to->device_allow[i].node = strdup(from->device_allow[i].node);
                if (!to->device_allow[i].node)
                        return -ENOMEM;
                to->n_device_allow++;
        }
        return 0;
}

int resources_copy(Resources *to, const Resources *from) {
        Resources c = *from;

        c.allowed_cpus = c.allowed_memory_nodes = NULL;
        c.io_limits = NULL;
        c.device_allow = NULL;
        c.n_io_limits = c.n_device_allow = 0;

        if (copy_text(&c.allowed_cpus, from->allowed_cpus) < 0 ||
            copy_text(&c.allowed_memory_nodes, from->allowed_memory_nodes) < 0 ||
            copy_io_limits(&c, from) < 0 || copy_device_allow(&c, from) < 0) {
                resources_done(&c);
                return -ENOMEM;
        }
        resources_done(to);
        *to = c;
        return 0;
}

static int copy_words(char ***to, char *const *from) {
        _cleanup_(strv_freep) char **copy = NULL;

        if (strv_extend_all(&copy, from) < 0)
                return -ENOMEM;
        strv_free(*to);
        *to = TAKE_PTR(copy);
        return 0;
}

static int inherit_filesystem(PolicyFilesystem *to, const PolicyFilesystem *from) {
        PolicyFilesystem own = *to;

        *to = *from;
        to->root_directory = own.root_directory;
        memcpy(to->paths, own.paths, sizeof(own.paths));
        for (int k = 0; k < _PATHS_KIND_MAX; k++)
                if (copy_words(&to->paths[k], from->paths[k]) < 0)
                        return -ENOMEM;
        return copy_text(&to->root_directory, from->root_directory);
}

static int inherit_process(PolicyProcess *to, const PolicyProcess *from) {
        PolicyProcess own = *to;

        *to = *from;
        to->syscalls.names = own.syscalls.names;
        to->syscalls.except = own.syscalls.except;
        to->families.names = own.families.names;
        to->families.except = own.families.except;
        to->architectures = own.architectures;
        to->environment = own.environment;
        if (copy_words(&to->syscalls.names, from->syscalls.names) < 0 ||
            copy_words(&to->syscalls.except, from->syscalls.except) < 0 ||
            copy_words(&to->families.names, from->families.names) < 0 ||
            copy_words(&to->families.except, from->families.except) < 0 ||
            copy_words(&to->architectures, from->architectures) < 0)
                return -ENOMEM;
        return copy_words(&to->environment, from->environment);
}

static int inherit_network(Policy *to, const Policy *from) {
        void *pools = NULL, *addresses = NULL, *dns = NULL, *ports = NULL, *gateways = NULL;

        if (copy_array(&pools, from->pools, from->n_pools, sizeof(IpPrefix)) < 0 ||
            copy_array(&addresses, from->addresses, from->n_addresses, sizeof(IpPrefix)) < 0 ||
            copy_array(&dns, from->dns, from->n_dns, sizeof(IpPrefix)) < 0 ||
            copy_array(&gateways, from->gateways, from->n_gateways, sizeof(IpPrefix)) < 0 ||
            copy_text(&to->bridge, from->bridge) < 0 || copy_text(&to->network_cell, from->network_cell) < 0 ||
            copy_words(&to->interfaces, from->interfaces) < 0 ||
            copy_array(&ports, from->ports, from->n_ports, sizeof(PolicyPort)) < 0) {
                free(pools);
                free(addresses);
                free(dns);
                free(ports);
                free(gateways);
                return -ENOMEM;
        }

        free(to->pools);
        to->pools = pools;
        to->n_pools = from->n_pools;
        free(to->addresses);
        to->addresses = addresses;
        to->n_addresses = from->n_addresses;
        free(to->dns);
        to->dns = dns;
        to->n_dns = from->n_dns;
        free(to->ports);
        to->ports = ports;
        to->n_ports = from->n_ports;
        free(to->gateways);
        to->gateways = gateways;
        to->n_gateways = from->n_gateways;
        to->isolate = from->isolate;
        to->ipvlan_l3s = from->ipvlan_l3s;
        to->network_mode = from->network_mode;
        to->address_mode = from->address_mode;
        to->masquerade = from->masquerade;
        return 0;
}

static int copy_rules(PolicyRules *to, const PolicyRules *from) {
        void *items = NULL;

        if (copy_array(&items, from->items, from->n_items, sizeof(PolicyRule)) < 0)
                return -ENOMEM;
        free(to->items);
        *to = (PolicyRules) { items, from->n_items };
        return 0;
}

static int inherit_firewall(Policy *to, const Policy *from) {
        if (copy_words(&to->domains, from->domains) < 0 ||
            copy_rules(&to->egress_allow_rules, &from->egress_allow_rules) < 0 ||
            copy_rules(&to->egress_deny_rules, &from->egress_deny_rules) < 0 ||
            copy_rules(&to->ingress_allow_rules, &from->ingress_allow_rules) < 0)
                return -ENOMEM;
        to->egress_deny = from->egress_deny;
        to->ingress_allow = from->ingress_allow;
        to->max_connections = from->max_connections;
        to->log_denied = from->log_denied;
        to->user_traffic = from->user_traffic;
        to->policy_traffic = from->policy_traffic;
        to->traffic_slow = from->traffic_slow;
        to->traffic_rate_bits = from->traffic_rate_bits;
        return 0;
}

static bool key_is_inherited(const PolicyKey *key) {
        if (strcmp(key->section, "Match") == 0)
                return false;
        return key->offset != offsetof(Policy, description) && key->offset != offsetof(Policy, extends);
}

static void inherit_source(PolicySource *s, const Policy *to, size_t first, const Policy *from) {
        const char *file = s->file;

        s->file = NULL;
        for (size_t i = 0; file && from->files[i]; i++)
                if (from->files[i] == file)
                        s->file = to->files[first + i];
}

/* The names of `from`'s files go to `to`, which then owns what its sources point to. */
static int inherit_sources(Policy *to, const Policy *from) {
        PolicyRules *const rules[] = { &to->egress_allow_rules, &to->egress_deny_rules,
                                       &to->ingress_allow_rules };
        size_t first = strv_length(to->files);

        if (strv_extend_all(&to->files, from->files) < 0)
                return -ENOMEM;
        for (size_t k = 0; k < n_policy_keys; k++) {
                if (!key_is_inherited(&policy_keys[k]))
                        continue;
                to->sources[k] = from->sources[k];
                inherit_source(&to->sources[k], to, first, from);
        }
        for (size_t k = 0; k < ELEMENTSOF(rules); k++)
                for (size_t i = 0; i < rules[k]->n_items; i++)
                        inherit_source(&rules[k]->items[i].source, to, first, from);
        return 0;
}

int policy_inherit(Policy *to, const Policy *from) {
        if (copy_text(&to->hostname, from->hostname) < 0 ||
            resources_copy(&to->cell, &from->cell) < 0 ||
            resources_copy(&to->user, &from->user) < 0 ||
            resources_copy(&to->policy, &from->policy) < 0 || inherit_network(to, from) < 0 ||
            inherit_firewall(to, from) < 0 || inherit_filesystem(&to->filesystem, &from->filesystem) < 0 ||
            inherit_process(&to->process, &from->process) < 0 || inherit_sources(to, from) < 0)
                return -ENOMEM;

        to->mode = from->mode;
        to->on_failure_allow = from->on_failure_allow;
        to->if_unsupported_warn = from->if_unsupported_warn;
        to->scope = from->scope;
        to->namespaces = from->namespaces;
        if (from->network_mode == NETWORK_HOST)
                to->namespaces |= CLONE_NEWNET;
        to->max_sessions = from->max_sessions;
        to->linger_usec = from->linger_usec;
        to->monotonic_offset_usec = from->monotonic_offset_usec;
        to->boottime_offset_usec = from->boottime_offset_usec;
        return 0;
}

Policy *policy_new(const char *name) {
        Policy *p;

        p = malloc(sizeof(*p));
        if (!p)
                return NULL;
        *p = *policy_defaults();
        p->n_ref = 1;
        p->name = strdup(name);
        p->sources = calloc(n_policy_keys, sizeof(PolicySource));
        if (!p->name || !p->sources)
                return policy_unref(p);
        return p;
}
