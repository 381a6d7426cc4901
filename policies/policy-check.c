/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What no single key can know. Each check says which key to change, at that key's line. */

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>

#include "policies/policy-check.h"
#include "policies/policy-file.h"

const PolicySource *policy_source_of(const Policy *p, const PolicyKey *key) {
        assert(key);
        return &p->sources[key - policy_keys];
}

void policy_complain(PolicyCheck *c, bool warning, const PolicyKey *key, const char *format, ...) {
        const PolicySource *s = policy_source_of(c->policy, key);
        const char *own = c->policy->path ? c->policy->path : c->policy->name;
        _cleanup_(freep) char *message = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&message, format, ap);
        va_end(ap);
        if (n < 0) {
                message = NULL;
                c->diags->lost_error = c->diags->lost_error || !warning;
                return;
        }
        (void) policy_diags_add(c->diags, warning, s->file ? s->file : own, s->file ? s->line : 0,
                                key->section, key->name, "%s", message); /* remembers a lost error */
}

static void check_namespaces(PolicyCheck *c) {
        const Policy *p = c->policy;
        unsigned ns = p->namespaces;
        bool mnt = ns & CLONE_NEWNS, pid = ns & CLONE_NEWPID;

        if (mnt && !pid)
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "mnt without pid is no boundary: /proc/PID/root of a process outside leads "
                                "out (add pid)");
        if (pid && !mnt)
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "pid without mnt is no boundary: the cell's /proc would show the host's "
                                "processes (add mnt)");
        if (!pid && !mnt)
                policy_complain(c, true, POLICY_KEY(namespaces),
                                "without pid and mnt this is no boundary: a user may trace their own "
                                "processes outside of the cell (add pid and mnt)");
        if (ns & CLONE_NEWCGROUP && !mnt)
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "cgroup without mnt hides nothing: the host's control groups stay mounted "
                                "(add mnt)");
        if (p->network_mode != NETWORK_HOST && !(ns & CLONE_NEWNET))
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "without net the cell has the host's network (add net, or [Network] "
                                "Mode=host)");
        if (p->hostname && !(ns & CLONE_NEWUTS))
                policy_complain(c, false, POLICY_KEY(hostname),
                                "it would rename the host (add uts to Namespaces=)");
}

static const IpPrefix *pool_of(const Policy *p, int family) {
        for (size_t i = 0; i < p->n_pools; i++)
                if (p->pools[i].family == family)
                        return &p->pools[i];
        return NULL;
}

/* The pool's address number 0 is no host's, number 1 is the gateway's; an IPv4 pool's last one is
 * its broadcast address. NULL: a cell may have it. */
static const char *reserved_in_pool(const IpPrefix *pool, const IpPrefix *address) {
        unsigned bytes = pool->family == AF_INET ? 4 : 16;
        IpPrefix first = *pool, last = *pool;

        first.address.bytes[bytes - 1]++; /* even: a pool is never a single address */
        for (unsigned i = pool->length; i < bytes * 8; i++)
                last.address.bytes[i / 8] |= (uint8_t) (0x80 >> (i % 8));

        if (memcmp(address->address.bytes, pool->address.bytes, bytes) == 0)
                return "the pool's own name";
        if (memcmp(address->address.bytes, first.address.bytes, bytes) == 0)
                return "the gateway's";
        if (pool->family == AF_INET &&
            memcmp(address->address.bytes, last.address.bytes, bytes) == 0)
                return "the pool's broadcast address";
        return NULL;
}

/* Can only one user match? One plain User= or UID= is enough, since all keys must match. */
static bool is_for_one_user(const Policy *p) {
        for (MatchField f = MATCH_USER; f <= MATCH_UID; f++) {
                const MatchList *l = &p->match[f];

                if (l->n_values == 1 && !l->values[0].negate &&
                    (!l->values[0].numeric || l->values[0].first == l->values[0].last))
                        return true;
        }
        return false;
}

static bool is_for_one_unit(const Policy *p) {
        return p->match[MATCH_UNIT].n_values == 1;
}

static void check_fixed_address(PolicyCheck *c) {
        const Policy *p = c->policy;
        char address[PREFIX_STRING_MAX];

        for (size_t i = 0; i < p->n_addresses; i++) {
                const IpPrefix *pool = pool_of(p, p->addresses[i].family);
                const char *reserved;

                (void) prefix_to_string(&p->addresses[i], address);
                if (!pool || !prefix_contains(pool, &p->addresses[i])) {
                        policy_complain(c, false, POLICY_KEY(address_mode), "%s is in no Pool=", address);
                        continue;
                }
                reserved = reserved_in_pool(pool, &p->addresses[i]);
                if (reserved)
                        policy_complain(c, false, POLICY_KEY(address_mode), "%s is %s", address, reserved);
        }

        if (policy_is_for_units(p)) {
                if (!is_for_one_unit(p))
                        policy_complain(c, false, POLICY_KEY(address_mode),
                                        "only one service can have a fixed address (one Unit=, or dynamic)");
                return;
        }
        if (p->scope == CELL_SCOPE_SESSION && p->max_sessions != 1)
                policy_complain(c, false, POLICY_KEY(address_mode),
                                "every session has a cell of its own, and only one can have a fixed address "
                                "(Scope=user or policy, or MaxSessions=1)");
        if (p->scope != CELL_SCOPE_POLICY && !is_for_one_user(p))
                policy_complain(c, false, POLICY_KEY(address_mode),
                                "only one cell can have a fixed address (Scope=policy, or one User= in "
                                "[Match])");
}

/* A port of the host leads to one cell. */
static void check_ports(PolicyCheck *c) {
        const Policy *p = c->policy;

        if (p->n_ports == 0)
                return;
        if (policy_is_for_units(p)) {
                if (!is_for_one_unit(p))
                        policy_complain(c, false, POLICY_KEY(ports),
                                        "a port can lead to one service only (one Unit=, or a policy for each)");
                return;
        }
        if (p->scope == CELL_SCOPE_SESSION && p->max_sessions != 1)
                policy_complain(c, false, POLICY_KEY(ports),
                                "every session has a cell of its own, and a port can lead to one only "
                                "(Scope=user or policy, or MaxSessions=1)");
        if (p->scope != CELL_SCOPE_POLICY && !is_for_one_user(p))
                policy_complain(c, false, POLICY_KEY(ports),
                                "every user has a cell, and a port can lead to one only (Scope=policy, or one "
                                "User= in [Match])");
}

static void check_per_user_address(PolicyCheck *c) {
        const Policy *p = c->policy;

        if (p->address_mode == ADDRESS_PER_USER && p->scope == CELL_SCOPE_POLICY)
                policy_complain(c, false, POLICY_KEY(address_mode),
                                "per-user, but with Scope=policy all users share one cell (dynamic, or a "
                                "fixed address)");
        if (p->address_mode == ADDRESS_PER_USER && p->scope == CELL_SCOPE_SESSION &&
            p->max_sessions != 1)
                policy_complain(c, false, POLICY_KEY(address_mode),
                                "per-user, but with Scope=session a user can have several cells (dynamic, "
                                "or Scope=user, or MaxSessions=1)");
}

/* Keys that the mode makes useless, when they stand in the same file as the mode: what is
 * inherited is nobody's mistake. */
static void check_unused_network(PolicyCheck *c) {
        static const size_t fields[] = {
                offsetof(Policy, pools), offsetof(Policy, address_mode), offsetof(Policy, dns), offsetof(Policy, domains),
                offsetof(Policy, ports), offsetof(Policy, egress_deny), offsetof(Policy, egress_allow_rules),
                offsetof(Policy, egress_deny_rules), offsetof(Policy, ingress_allow),
                offsetof(Policy, ingress_allow_rules), offsetof(Policy, max_connections), offsetof(Policy, log_denied),
                offsetof(Policy, cell.bandwidth_up_bits), offsetof(Policy, cell.bandwidth_down_bits),
        };
        const Policy *p = c->policy;
        const PolicySource *mode = policy_source_of(p, POLICY_KEY(network_mode));
        /* With a network, even another cell's, the rest would be missed: those are errors, found elsewhere. */
        size_t n = p->network_mode == NETWORK_CELL ? 4 : ELEMENTSOF(fields);

        for (size_t i = 0; i < n; i++) {
                const PolicyKey *key = policy_key_at(fields[i]);
                const PolicySource *s = policy_source_of(p, key);

                if (s->file && s->file == mode->file)
                        policy_complain(c, true, key, "it has no effect with Mode=%s",
                                        network_mode_to_string(p->network_mode));
        }
}

static void check_reach(PolicyCheck *c) {
        const Policy *p = c->policy;

        if (p->egress_deny && p->egress_deny_rules.n_items > 0)
                policy_complain(c, true, POLICY_KEY(egress_deny_rules),
                                "it adds nothing to Egress=deny: what EgressAllow= names passes, all else does not");
        if (p->ingress_allow && p->ingress_allow_rules.n_items > 0)
                policy_complain(c, true, POLICY_KEY(ingress_allow_rules), "it adds nothing to Ingress=allow");
}

/* What is done for routed cells alone. */
static void check_not_routed(PolicyCheck *c) {
        const Policy *p = c->policy;

        if (policy_is_for_units(p))
                policy_complain(c, false, POLICY_KEY(network_mode), "%s is for cells of logins (routed, none or host)",
                                network_mode_to_string(p->network_mode));
        if (p->n_ports > 0)
                policy_complain(c, false, POLICY_KEY(ports), "ports are published with Mode=routed only (remove it)");
        if (policy_source_of(p, POLICY_KEY(max_connections))->file && p->n_gateways > 0)
                policy_complain(c, false, POLICY_KEY(max_connections),
                                "what an existing bridge carries does not pass the host, and is not counted (remove it)");
        if (p->egress_deny || p->ingress_allow || p->egress_allow_rules.n_items > 0 ||
            p->egress_deny_rules.n_items > 0 || p->ingress_allow_rules.n_items > 0 || p->log_denied)
                policy_complain(c, false, POLICY_KEY(network_mode),
                                "Egress=, Ingress=, their rules and LogDenied= are done with Mode=routed only: %s "
                                "(remove them)", p->network_mode == NETWORK_CELL ?
                                "what a shared network lets pass is said by the policy that has it" :
                                p->network_mode == NETWORK_BRIDGE ? "what a bridge carries is its network's" :
                                "what an interface carries is its network's");
}

static void check_gateways(PolicyCheck *c) {
        const Policy *p = c->policy;
        char address[PREFIX_STRING_MAX];

        for (size_t i = 0; i < p->n_gateways; i++) {
                const IpPrefix *pool = pool_of(p, p->gateways[i].family);
                const char *reserved = pool && prefix_contains(pool, &p->gateways[i]) ?
                        reserved_in_pool(pool, &p->gateways[i]) : NULL;

                (void) prefix_to_string(&p->gateways[i], address);
                if (!pool)
                        policy_complain(c, false, POLICY_KEY(gateways), "%s leads nowhere: no Pool= of its family", address);
                else if (prefix_contains(pool, &p->gateways[i]) && !reserved)
                        policy_complain(c, false, POLICY_KEY(gateways),
                                        "%s is in Pool= and could be given to a cell (a Pool= that begins with it, or is "
                                        "without it)", address);
        }
}

static void check_segment(PolicyCheck *c) {
        const Policy *p = c->policy;
        bool shares = p->network_mode == NETWORK_MACVLAN || p->network_mode == NETWORK_IPVLAN;

        check_not_routed(c);
        check_gateways(c);
        if (p->network_mode == NETWORK_BRIDGE) {
                if (!p->bridge)
                        policy_complain(c, false, POLICY_KEY(bridge),
                                        "Mode=bridge needs to know which (add a Bridge= such as br0)");
                return;
        }
        if (shares && strv_length(p->interfaces) != 1)
                policy_complain(c, false, POLICY_KEY(interfaces), "Mode=%s is on one interface of the host (Interface= with "
                                "one name, such as eth1)", network_mode_to_string(p->network_mode));
        if (p->network_mode == NETWORK_INTERFACE && !p->interfaces)
                policy_complain(c, false, POLICY_KEY(interfaces), "Mode=interface needs interfaces to give away (add an "
                                "Interface= such as eth1)");
        if (p->network_mode == NETWORK_IPVLAN && p->ipvlan_l3s && p->n_gateways > 0)
                policy_complain(c, false, POLICY_KEY(gateways), "with IPVLANMode=l3s the host's routes say where packets go "
                                "(remove it)");
}

/* Keys of some modes, when they stand in the same file as another mode. */
static void check_keys_elsewhere(PolicyCheck *c) {
        enum {
                BRIDGE = 1U << NETWORK_BRIDGE,
                SHARED = 1U << NETWORK_MACVLAN | 1U << NETWORK_IPVLAN,
                MOVED = 1U << NETWORK_INTERFACE,
        };
        static const struct {
                size_t offset;
                unsigned modes;
        } fields[] = {
                { offsetof(Policy, bridge), BRIDGE }, { offsetof(Policy, gateways), BRIDGE | SHARED | MOVED },
                { offsetof(Policy, isolate), BRIDGE | SHARED }, { offsetof(Policy, interfaces), SHARED | MOVED },
                { offsetof(Policy, ipvlan_l3s), 1U << NETWORK_IPVLAN },
                { offsetof(Policy, masquerade), BRIDGE | 1U << NETWORK_ROUTED },
        };
        const Policy *p = c->policy;
        const PolicySource *mode = policy_source_of(p, POLICY_KEY(network_mode));

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                const PolicyKey *key = policy_key_at(fields[i].offset);
                const PolicySource *s = policy_source_of(p, key);

                if (!(fields[i].modes & 1U << p->network_mode) && s->file && s->file == mode->file)
                        policy_complain(c, true, key, "it has no effect with Mode=%s",
                                        network_mode_to_string(p->network_mode));
        }
}

/* A limit that nobody holds would be a promise broken; for `none` and `host` a cell's own is only useless. */
static void check_bandwidth(PolicyCheck *c) {
        static const size_t fields[] = { offsetof(Resources, bandwidth_up_bits), offsetof(Resources, bandwidth_down_bits) };
        static const size_t levels[] = { offsetof(Policy, user), offsetof(Policy, policy), offsetof(Policy, cell) };
        bool useless = c->policy->network_mode == NETWORK_NONE || c->policy->network_mode == NETWORK_HOST;

        for (size_t i = 0; i < ELEMENTSOF(levels) - useless; i++)
                for (size_t k = 0; k < ELEMENTSOF(fields); k++) {
                        const PolicyKey *key = policy_key_at(levels[i] + fields[k]);

                        if (policy_source_of(c->policy, key)->file)
                                policy_complain(c, false, key, "it can't be held with Mode=%s (routed, bridge)",
                                                network_mode_to_string(c->policy->network_mode));
                }
}

static void check_traffic(PolicyCheck *c) {
        const Policy *p = c->policy;
        const PolicyKey *key = p->user_traffic.bytes != LIMIT_NONE ? POLICY_KEY(user_traffic) : POLICY_KEY(policy_traffic);

        if (!policy_limits_traffic(p)) {
                if (policy_source_of(p, POLICY_KEY(traffic_slow))->file)
                        policy_complain(c, true, POLICY_KEY(traffic_slow), "it has no effect without TrafficMax=");
                return;
        }
        if (p->network_mode != NETWORK_ROUTED)
                policy_complain(c, false, key, "traffic is counted with Mode=routed only (remove it)");
        else if (policy_is_for_units(p))
                policy_complain(c, false, key, "traffic is counted for users, and a service of systemd has "
                                "none here (remove it)");
        if (p->traffic_slow && p->traffic_rate_bits == LIMIT_NONE)
                policy_complain(c, false, POLICY_KEY(traffic_slow), "slow needs to know how slow (add a TrafficMaxRate= "
                                "such as 1M)");
        if (!p->traffic_slow && p->traffic_rate_bits != LIMIT_NONE)
                policy_complain(c, true, POLICY_KEY(traffic_rate_bits), "it has no effect without TrafficMaxAction=slow");
}

static void check_network(PolicyCheck *c) {
        const Policy *p = c->policy;
        char address[PREFIX_STRING_MAX];

        check_keys_elsewhere(c);
        check_traffic(c);
        if (p->network_mode != NETWORK_ROUTED && p->network_mode != NETWORK_BRIDGE)
                check_bandwidth(c);
        if (!policy_has_addresses(p)) {
                if (p->network_mode == NETWORK_CELL)
                        check_not_routed(c);
                check_unused_network(c);
                return;
        }
        if (p->network_mode != NETWORK_ROUTED)
                check_segment(c);
        if (p->n_pools == 0 && p->network_mode != NETWORK_INTERFACE)
                policy_complain(c, false, POLICY_KEY(pools),
                                "Mode=%s needs addresses to give away (add a Pool= such as "
                                "10.77.0.0/16, or Mode=none)", network_mode_to_string(p->network_mode));
        check_ports(c);
        check_reach(c);
        if (p->address_mode == ADDRESS_FIXED)
                check_fixed_address(c);
        if (policy_is_for_units(p)) {
                if (p->address_mode == ADDRESS_PER_USER)
                        policy_complain(c, false, POLICY_KEY(address_mode),
                                        "per-user, but a service of systemd has no user here (dynamic, or a fixed "
                                        "address)");
        } else {
                check_per_user_address(c);
        }
        for (size_t i = 0; i < p->n_dns; i++)
                if (p->n_pools > 0 && !pool_of(p, p->dns[i].family))
                        policy_complain(c, true, POLICY_KEY(dns),
                                        "%s can't be reached: no Pool= of its family",
                                        prefix_to_string(&p->dns[i], address));
}

static const Resources *level_of(const PolicyCheck *c, size_t level) {
        return (const Resources *) ((const char *) c->policy + level);
}

static void check_cpu(PolicyCheck *c, size_t level) {
        const Resources *r = level_of(c, level);
        unsigned __int128 quota;

        if (r->cpu_quota_permille == LIMIT_NONE)
                return;
        quota = (unsigned __int128) r->cpu_quota_permille * r->cpu_quota_period_usec / 1000;
        if (quota < USEC_PER_MSEC)
                policy_complain(c, false, policy_key_at(level + offsetof(Resources, cpu_quota_permille)),
                                "%" PRIu64 " us in a period of %" PRIu64 " us is less than the 1 ms that "
                                "the kernel takes (raise it, or CPUQuotaPeriodSec=)",
                                (uint64_t) quota, r->cpu_quota_period_usec);
}

static void check_memory(PolicyCheck *c, size_t level) {
        static const size_t below[] = { offsetof(Resources, memory_min_bytes), offsetof(Resources, memory_low_bytes),
                                        offsetof(Resources, memory_high_bytes) };
        const Resources *r = level_of(c, level);

        for (size_t i = 0; i < ELEMENTSOF(below); i++) {
                uint64_t bytes = *(const uint64_t *) ((const char *) r + below[i]);

                if (bytes != LIMIT_NONE && bytes > r->memory_max_bytes)
                        policy_complain(c, true, policy_key_at(level + below[i]),
                                        "it is above MemoryMax= and will never count");
        }
}

static void check_devices(PolicyCheck *c, const Resources *r) {
        bool fits = r->device_policy == DEVICE_POLICY_STRICT && r->n_device_allow == 0;

        if (fits)
                policy_complain(c, true, POLICY_KEY(cell.device_policy),
                                "strict without DeviceAllow= denies even /dev/null and terminals (closed)");
}

static void check_match(PolicyCheck *c) {
        const Policy *p = c->policy;
        const MatchList *users = &p->match[MATCH_USER];

        for (size_t i = 0; i < users->n_values; i++) {
                const MatchValue *v = &users->values[i];

                if (!v->negate &&
                    (v->numeric ? v->first == 0 : strcmp(v->text, "root") == 0))
                        policy_complain(c, true, POLICY_KEY(match[MATCH_USER]),
                                        "root can leave any cell; this confines no one who wants out");
        }
}

/* Does the policy's own file say so, and not only one that it extends? */
static bool is_own(const Policy *p, const PolicySource *s) {
        char dropins[80];

        if (!s->file)
                return false;
        (void) snprintf(dropins, sizeof(dropins), "/%s.ini.d/", p->name);
        return !p->path || strcmp(s->file, p->path) == 0 || strstr(s->file, dropins);
}

/* What can't apply to a service of systemd. What Extends= brings along is nobody's mistake, unless it is
 * a limit, which nobody shall believe in where it isn't. */
static void check_unit(PolicyCheck *c) {
        static const struct {
                size_t offset;
                const char *why;
        } useless[] = {
                { offsetof(Policy, on_failure_allow),
                  "a service whose cell can't be made does not start, whatever this says (remove it)" },
                { offsetof(Policy, scope), "a service has a cell of its own (remove it)" },
                { offsetof(Policy, namespaces), "those of a service are its unit's, see systemd.exec(5) (remove it)" },
                { offsetof(Policy, hostname), "that of a service is its unit's, see systemd.exec(5) (remove it)" },
                { offsetof(Policy, max_sessions), "a service has no sessions (remove it)" },
                { offsetof(Policy, linger_usec), "a service has no sessions (remove it)" },
        };
        const Policy *p = c->policy;

        for (MatchField f = 0; f < MATCH_UNIT; f++)
                if (p->match[f].n_values > 0)
                        policy_complain(c, false, policy_key_at(offsetof(Policy, match) + f * sizeof(MatchList)),
                                        "it is for logins, and Unit= for services of systemd (write two policies)");
        for (size_t i = 0; i < ELEMENTSOF(useless); i++) {
                const PolicyKey *key = policy_key_at(useless[i].offset);

                if (is_own(p, policy_source_of(p, key)))
                        policy_complain(c, false, key, "%s", useless[i].why);
        }
        if (!p->on_failure_allow)
                return;
        if (!is_own(p, policy_source_of(p, POLICY_KEY(on_failure_allow))))
                policy_complain(c, false, POLICY_KEY(on_failure_allow), "allow can't be done for a service (deny)");
}

static void check_unit_levels(PolicyCheck *c) {
        static const char *const sections[] = { "UserResources", "PolicyResources" };
        const Policy *p = c->policy;

        for (size_t i = 0; i < n_policy_keys; i++)
                for (size_t k = 0; k < ELEMENTSOF(sections); k++)
                        if (strcmp(policy_keys[i].section, sections[k]) == 0 && p->sources[i].file)
                                policy_complain(c, false, &policy_keys[i],
                                                "limits of a service are its unit's alone (write it in [Resources])");
}

void policy_check(const Policy *p, PolicyDiags *diags) {
        PolicyCheck c = { p, diags };

        if (policy_is_for_units(p)) {
                check_unit(&c);
                check_unit_levels(&c);
        }
        check_match(&c);
        check_namespaces(&c);
        check_network(&c);
        check_devices(&c, &p->cell);
        check_cpu(&c, offsetof(Policy, cell));
        check_cpu(&c, offsetof(Policy, user));
        check_cpu(&c, offsetof(Policy, policy));
        check_memory(&c, offsetof(Policy, cell));
        check_memory(&c, offsetof(Policy, user));
        check_memory(&c, offsetof(Policy, policy));
        policy_check_filesystem(&c);
        policy_check_process(&c);
}
