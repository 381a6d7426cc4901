/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The value itself: defaults, deep copies, names of enums. A Policy owns every pointer in it, so a
 * copy shares nothing with what it was copied from and either may go first. */

#include "policies/policy.h"

#include <assert.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>

#include "policies/policy-keys.h"

#define RESOURCES_UNSET                                    \
        {                                                  \
                .cpu_quota_permille = LIMIT_NONE,          \
                .cpu_quota_period_usec = 100 * USEC_PER_MSEC, \
                .cpu_weight = LIMIT_NONE,                  \
                .memory_high_bytes = LIMIT_NONE,           \
                .memory_max_bytes = LIMIT_NONE,            \
                .memory_swap_max_bytes = LIMIT_NONE,       \
                .tasks_max = LIMIT_NONE,                   \
                .io_weight = LIMIT_NONE,                   \
                .bandwidth_up_bits = LIMIT_NONE,           \
                .bandwidth_down_bits = LIMIT_NONE,         \
        }

static const Policy defaults = {
        .mode = POLICY_ENFORCE,
        .scope = CELL_SCOPE_USER,
        .namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                CLONE_NEWCGROUP,
        .max_sessions = LIMIT_NONE,
        .cell = RESOURCES_UNSET,
        .user = RESOURCES_UNSET,
        .policy = RESOURCES_UNSET,
        .network_mode = NETWORK_ROUTED,
        .isolate = true,
        .address_mode = ADDRESS_DYNAMIC,
        .masquerade = true,
        .max_connections = 4096,
        .user_traffic = { .bytes = LIMIT_NONE },
        .policy_traffic = { .bytes = LIMIT_NONE },
        .traffic_rate_bits = LIMIT_NONE,
        .filesystem = { .private_tmp = PRIVATE_TMP_YES, .private_mounts = true },
        .process = {
                .capability_bounding_set = CAPABILITIES_ALL,
                .forbidden_namespaces = CLONE_NEWUSER,
                .nice = NUMBER_UNSET,
                .oom_score_adjust = NUMBER_UNSET,
                .umask = NUMBER_UNSET,
        },
};

const Policy *policy_defaults(void) {
        return &defaults;
}

void resources_init(Resources *r) {
        *r = defaults.cell;
}

void resources_done(Resources *r) {
        free(r->allowed_cpus);
        free(r->allowed_memory_nodes);
        for (size_t i = 0; i < r->n_io_limits; i++)
                free(r->io_limits[i].path);
        free(r->io_limits);
        for (size_t i = 0; i < r->n_device_allow; i++)
                free(r->device_allow[i].node);
        free(r->device_allow);
        resources_init(r);
}

/* Copies text; NULL stays NULL. -ENOMEM. */
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

bool resources_differ_in_bandwidth(const Resources *a, const Resources *b) {
        return a->bandwidth_up_bits != b->bandwidth_up_bits || a->bandwidth_down_bits != b->bandwidth_down_bits;
}

bool resources_limit_bandwidth(const Resources *r) {
        return r->bandwidth_up_bits != LIMIT_NONE || r->bandwidth_down_bits != LIMIT_NONE;
}

bool policy_shares_bandwidth(const Policy *p) {
        return resources_limit_bandwidth(&p->user) || resources_limit_bandwidth(&p->policy);
}

bool policy_limits_traffic(const Policy *p) {
        return p->user_traffic.bytes != LIMIT_NONE || p->policy_traffic.bytes != LIMIT_NONE;
}

/* CPUQuotaPeriodSec= alone limits nothing. */
void resources_tighten(Resources *to, const Resources *from) {
        to->cpu_quota_permille = MIN(to->cpu_quota_permille, from->cpu_quota_permille);
        to->cpu_weight = MIN(to->cpu_weight, from->cpu_weight);
        to->memory_min_bytes = MAX(to->memory_min_bytes, from->memory_min_bytes);
        to->memory_low_bytes = MAX(to->memory_low_bytes, from->memory_low_bytes);
        to->memory_high_bytes = MIN(to->memory_high_bytes, from->memory_high_bytes);
        to->memory_max_bytes = MIN(to->memory_max_bytes, from->memory_max_bytes);
        to->memory_swap_max_bytes = MIN(to->memory_swap_max_bytes, from->memory_swap_max_bytes);
        to->tasks_max = MIN(to->tasks_max, from->tasks_max);
        to->io_weight = MIN(to->io_weight, from->io_weight);
        to->bandwidth_up_bits = MIN(to->bandwidth_up_bits, from->bandwidth_up_bits);
        to->bandwidth_down_bits = MIN(to->bandwidth_down_bits, from->bandwidth_down_bits);
        to->allowed_cpus = to->allowed_cpus ?: from->allowed_cpus;
        to->allowed_memory_nodes = to->allowed_memory_nodes ?: from->allowed_memory_nodes;
        if (to->n_io_limits == 0) {
                to->io_limits = from->io_limits;
                to->n_io_limits = from->n_io_limits;
        }
        if (from->device_policy > to->device_policy || (to->device_policy == from->device_policy &&
                                                        to->n_device_allow == 0)) {
                to->device_policy = from->device_policy;
                to->device_allow = from->device_allow;
                to->n_device_allow = from->n_device_allow;
        }
}

static void tighten_sets(Resources *to, const Resources *from) {
        Resources sets; /* borrows */

        resources_init(&sets);
        sets.allowed_cpus = from->allowed_cpus;
        sets.allowed_memory_nodes = from->allowed_memory_nodes;
        sets.device_policy = from->device_policy;
        sets.device_allow = from->device_allow;
        sets.n_device_allow = from->n_device_allow;
        resources_tighten(to, &sets);
}

void policy_tighten_user(const Policy *p, const Resources *cell, Resources *to) {
        resources_tighten(to, &p->user);
        if (p->scope == CELL_SCOPE_USER)
                resources_tighten(to, cell);
        tighten_sets(to, &p->policy);
        if (p->scope == CELL_SCOPE_POLICY)
                tighten_sets(to, cell);
}

bool resources_is_unset(const Resources *r) {
        return r->cpu_quota_permille == LIMIT_NONE && r->cpu_weight == LIMIT_NONE &&
                !r->allowed_cpus && !r->allowed_memory_nodes && r->memory_min_bytes == 0 &&
                r->memory_low_bytes == 0 && r->memory_high_bytes == LIMIT_NONE &&
                r->memory_max_bytes == LIMIT_NONE && r->memory_swap_max_bytes == LIMIT_NONE &&
                r->tasks_max == LIMIT_NONE && r->io_weight == LIMIT_NONE && r->n_io_limits == 0 &&
                r->device_policy == DEVICE_POLICY_AUTO && r->n_device_allow == 0 &&
                r->bandwidth_up_bits == LIMIT_NONE && r->bandwidth_down_bits == LIMIT_NONE;
}

Policy *policy_new(const char *name) {
        Policy *p;

        p = malloc(sizeof(*p));
        if (!p)
                return NULL;
        *p = defaults;
        p->n_ref = 1;
        p->name = strdup(name);
        p->sources = calloc(n_policy_keys, sizeof(PolicySource));
        if (!p->name || !p->sources)
                return policy_unref(p);
        return p;
}

Policy *policy_ref(Policy *p) {
        if (p)
                p->n_ref++;
        return p;
}

void policy_filesystem_done(PolicyFilesystem *f) {
        free(f->root_directory);
        for (int k = 0; k < _PATHS_KIND_MAX; k++)
                strv_free(f->paths[k]);
        *f = (PolicyFilesystem) {};
}

static void process_done(PolicyProcess *p) {
        strv_free(p->syscalls.names);
        strv_free(p->syscalls.except);
        strv_free(p->architectures);
        strv_free(p->families.names);
        strv_free(p->families.except);
        strv_free(p->environment);
}

Policy *policy_unref(Policy *p) {
        if (!p)
                return NULL;
        assert(p->n_ref > 0);
        if (--p->n_ref > 0)
                return NULL;

        free(p->name);
        free(p->path);
        free(p->refused);
        free(p->description);
        free(p->extends);
        for (int f = 0; f < _MATCH_FIELD_MAX; f++) {
                for (size_t i = 0; i < p->match[f].n_values; i++)
                        free(p->match[f].values[i].text);
                free(p->match[f].values);
        }
        free(p->hostname);
        resources_done(&p->cell);
        resources_done(&p->user);
        resources_done(&p->policy);
        free(p->pools);
        free(p->addresses);
        free(p->dns);
        free(p->gateways);
        free(p->bridge);
        strv_free(p->interfaces);
        free(p->network_cell);
        free(p->ports);
        strv_free(p->domains);
        free(p->egress_allow_rules.items);
        free(p->egress_deny_rules.items);
        free(p->ingress_allow_rules.items);
        policy_filesystem_done(&p->filesystem);
        process_done(&p->process);
        free(p->sources);
        strv_free(p->files);
        free(p);
        return NULL;
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
        return strcmp(key->section, "Policy") != 0 ||
                (strcmp(key->name, "Description") != 0 && strcmp(key->name, "Extends") != 0);
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

bool policy_filters_syscalls(const Policy *p) {
        const PolicyProcess *q = &p->process;

        return q->syscalls.set || q->architectures || (q->forbidden_namespaces & ~(unsigned) CLONE_NEWUSER) ||
                q->families.set ||
                q->restrict_realtime || q->restrict_suid_sgid || q->memory_deny_write_execute ||
                q->lock_personality || p->filesystem.protect_kernel_modules || p->filesystem.protect_kernel_logs ||
                p->filesystem.private_devices;
}

uint64_t policy_bounding_set(const Policy *p) {
        uint64_t without = 0;

        if (p->filesystem.private_devices)
                without |= UINT64_C(1) << CAP_MKNOD | UINT64_C(1) << CAP_SYS_RAWIO;
        if (p->filesystem.protect_kernel_modules)
                without |= UINT64_C(1) << CAP_SYS_MODULE;
        if (p->filesystem.protect_kernel_logs)
                without |= UINT64_C(1) << CAP_SYSLOG;
        return p->process.capability_bounding_set & ~without;
}

bool policy_is_for_units(const Policy *p) {
        return p->match[MATCH_UNIT].n_values > 0;
}

bool policy_is_for_logins(const Policy *p) {
        return p->has_match && !policy_is_for_units(p);
}

bool policy_has_unit(const Policy *p, const char *unit) {
        const MatchList *units = &p->match[MATCH_UNIT];

        for (size_t i = 0; i < units->n_values; i++)
                if (strcmp(units->values[i].text, unit) == 0)
                        return true;
        return false;
}

/* systemd.unit(5): letters, digits and ":-_.\", here without what other files' syntax would want quoted;
 * an instance after "@". */
bool policy_unit_name_valid(const char *name) {
        static const char suffix[] = ".service";
        size_t n = strlen(name), stem = n - (sizeof(suffix) - 1);
        const char *at = strchr(name, '@');

        if (n < sizeof(suffix) || n > 255 || strcmp(name + stem, suffix) != 0 || *name == '.' ||
            *name == '-' || *name == '@' || (at && at == name + stem - 1))
                return false;
        return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789_.@:\\-")] == '\0';
}

const PolicyPort *policy_ports_collide(const Policy *p, const Policy *other) {
        for (size_t i = 0; i < p->n_ports; i++)
                for (size_t k = 0; k < other->n_ports; k++)
                        if (p->ports[i].protocol == other->ports[k].protocol &&
                            p->ports[i].host == other->ports[k].host)
                                return &p->ports[i];
        return NULL;
}

const char *policy_port_to_string(const PolicyPort *port, char buffer[static POLICY_PORT_STRING_MAX]) {
        const char *protocol = port->protocol == IPPROTO_UDP ? "udp" : "tcp";

        if (port->cell == port->host)
                (void) snprintf(buffer, POLICY_PORT_STRING_MAX, "%s:%u", protocol, port->host);
        else
                (void) snprintf(buffer, POLICY_PORT_STRING_MAX, "%s:%u:%u", protocol, port->host, port->cell);
        return buffer;
}

const char *policy_rule_to_string(const PolicyRule *rule, char buffer[static POLICY_RULE_STRING_MAX]) {
        const char *protocol = rule->protocol == IPPROTO_TCP ? "tcp" : rule->protocol == IPPROTO_UDP ? "udp" :
                rule->protocol == IPPROTO_ICMP ? "icmp" : "any";
        char prefix[PREFIX_STRING_MAX] = "", ports[16] = "";

        if (rule->first > 0 && rule->first == rule->last)
                (void) snprintf(ports, sizeof(ports), ":%u", rule->first);
        else if (rule->first > 0)
                (void) snprintf(ports, sizeof(ports), ":%u-%u", rule->first, rule->last);
        if (rule->host)
                (void) strcpy(prefix, "host");
        else if (rule->prefix.family != AF_UNSPEC)
                (void) prefix_to_string(&rule->prefix, prefix);
        (void) snprintf(buffer, POLICY_RULE_STRING_MAX, "%s%s%s%s", protocol, ports, *prefix ? "@" : "", prefix);
        return buffer;
}

bool policy_rule_equal(const PolicyRule *a, const PolicyRule *b) {
        return a->protocol == b->protocol && a->first == b->first && a->last == b->last && a->host == b->host &&
                memcmp(&a->prefix, &b->prefix, sizeof(a->prefix)) == 0;
}

static bool lies_in(const char *text, const IpPrefix *inner) {
        IpPrefix outer;

        return parse_prefix(text, false, &outer) >= 0 && prefix_contains(&outer, inner);
}

bool policy_rule_names_metadata(const PolicyRule *rule) {
        return rule->prefix.family != AF_UNSPEC &&
                (lies_in(POLICY_METADATA4, &rule->prefix) || lies_in("fd00:ec2::/32", &rule->prefix));
}

bool policy_rule_names_host(const PolicyRule *rule) {
        return rule->host || (rule->prefix.family != AF_UNSPEC &&
                              rule->prefix.length == (rule->prefix.family == AF_INET ? 32U : 128U));
}

static int lookup(const char *const *names, size_t n, const char *s) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], s) == 0)
                        return (int) i;
        return -EINVAL;
}

static const char *const cell_scopes[] = { "session", "user", "policy" };
static const char *const network_modes[] = { "routed", "none", "host", "bridge", "macvlan", "ipvlan", "interface",
                                              "cell" };
static const char *const device_policies[] = { "auto", "closed", "strict" };

const char *cell_scope_to_string(CellScope s) {
        return s < 0 || s >= _CELL_SCOPE_MAX ? NULL : cell_scopes[s];
}

CellScope cell_scope_from_string(const char *s) {
        return (CellScope) lookup(cell_scopes, ELEMENTSOF(cell_scopes), s);
}

const char *network_mode_to_string(NetworkMode m) {
        return m < 0 || m >= _NETWORK_MODE_MAX ? NULL : network_modes[m];
}

NetworkMode network_mode_from_string(const char *s) {
        return (NetworkMode) lookup(network_modes, ELEMENTSOF(network_modes), s);
}

bool policy_has_addresses(const Policy *p) {
        return p->network_mode == NETWORK_ROUTED || p->network_mode == NETWORK_BRIDGE || policy_has_inner_link(p);
}

bool policy_has_inner_link(const Policy *p) {
        return p->network_mode == NETWORK_MACVLAN || p->network_mode == NETWORK_IPVLAN ||
                p->network_mode == NETWORK_INTERFACE;
}

const char *device_policy_to_string(DevicePolicy d) {
        return d < 0 || d >= _DEVICE_POLICY_MAX ? NULL : device_policies[d];
}

DevicePolicy device_policy_from_string(const char *s) {
        return (DevicePolicy) lookup(device_policies, ELEMENTSOF(device_policies), s);
}
