/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The value itself: defaults, what it says, names of enums. A Policy owns every pointer in it. */

#include "policies/policy.h"

#include <assert.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>

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
                prefix_equal(&a->prefix, &b->prefix);
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
