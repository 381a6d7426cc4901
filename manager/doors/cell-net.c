/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/cell-net.h"

#include <fcntl.h>
#include <jansson.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "manager/cells/builder-net.h"
#include "manager/cells/placement.h"
#include "manager/cells/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"
#include "netns/firewall-status.h"
#include "netns/netlink.h"
#include "netns/netns.h"
#include "policies/policy-keys.h"
#include "policies/policy-reach.h"

/* --- status ------------------------------------------------------------------------------ */

static void add_address(json_t *list, const IpPrefix *address) {
        char text[PREFIX_STRING_MAX];

        if (address->family != AF_UNSPEC)
                (void) json_array_append_new(list, json_string(prefix_to_string(address, text)));
}

static void add_route(struct nl_object *object, void *userdata) {
        struct rtnl_route *route = (struct rtnl_route *) object;
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
        char line[256], to[80] = "", via[80] = "", name[IF_NAMESIZE] = "?";

        if (rtnl_route_get_table(route) != RT_TABLE_MAIN || !hop)
                return;
        (void) nl_addr2str(rtnl_route_get_dst(route), to, sizeof(to));
        if (rtnl_route_nh_get_gateway(hop))
                (void) nl_addr2str(rtnl_route_nh_get_gateway(hop), via, sizeof(via));
        (void) if_indextoname((unsigned) rtnl_route_nh_get_ifindex(hop), name);
        (void) snprintf(line, sizeof(line), "%s%s%s dev %s", strcmp(to, "none") == 0 ? "default" : to, *via ? " via " : "", via, name);
        (void) json_array_append_new(userdata, json_string(line));
}

/* In the cell's namespace. */
static int read_routes(void *userdata) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        struct nl_cache *routes;
        int r;

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        r = netlink_errno(rtnl_route_alloc_cache(sk, AF_UNSPEC, 0, &routes));
        if (r < 0)
                return r;
        nl_cache_foreach(routes, add_route, userdata);
        nl_cache_free(routes);
        return 0;
}

/* The host's end sends what the cell receives. */
static int add_traffic(json_t *status, const char *name, bool inside) {
        static const struct {
                const char *sent, *received;
                rtnl_link_stat_id_t sent_id, received_id;
        } numbers[] = {
                { "BytesIn", "BytesOut", RTNL_LINK_TX_BYTES, RTNL_LINK_RX_BYTES },
                { "PacketsIn", "PacketsOut", RTNL_LINK_TX_PACKETS, RTNL_LINK_RX_PACKETS },
                { "DroppedIn", "DroppedOut", RTNL_LINK_TX_DROPPED, RTNL_LINK_RX_DROPPED },
        };
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        r = netlink_open(&sk);
        if (r >= 0)
                r = netlink_errno(rtnl_link_get_kernel(sk, 0, name, &link));
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                uint64_t sent = rtnl_link_get_stat(link, numbers[i].sent_id),
                         received = rtnl_link_get_stat(link, numbers[i].received_id);

                (void) json_object_set_new(status, numbers[i].sent, json_integer((json_int_t) (inside ? received : sent)));
                (void) json_object_set_new(status, numbers[i].received,
                                           json_integer((json_int_t) (inside ? sent : received)));
        }
        return 0;
}

/* In the cell's namespace, where its root may have given the interface another name. */
static int read_inside(void *userdata) {
        json_t *status = userdata;
        int r = read_routes(json_object_get(status, "Routes"));

        if (r >= 0 && json_is_true(json_object_get(status, "Inside")))
                r = add_traffic(status, "eth0", true);
        return r == -ENODEV || r == -ENOENT ? 0 : r;
}

/* Routes; and traffic, where the host has no end of the link. */
static int add_inside(json_t *status, const Cell *c) {
        _cleanup_(close_fdp) int fd = -EBADF;
        json_t *routes = json_array();

        if (json_object_set_new(status, "Routes", routes) < 0 ||
            json_object_set_new(status, "Inside", json_boolean(policy_has_inner_link(c->policy))) < 0)
                return -ENOMEM;
        fd = builder_net_open_namespace(c->init_pid, "net", c->inodes[LOGIN_NS_NET]);
        return fd < 0 ? fd : netns_call(fd, read_inside, status);
}

static int add_rule(const char *direction, const char *rule, uint64_t packets, uint64_t bytes, void *userdata) {
        json_t *j = json_pack("{s:s, s:s, s:I, s:I}", "Direction", direction, "Rule", rule, "Packets",
                              (json_int_t) packets, "Bytes", (json_int_t) bytes);

        return json_array_append_new(userdata, j) < 0 ? -ENOMEM : 0;
}

/* What has no chain is refused by the rules that all cells share; its packets are not told apart. */
static int add_shared_rules(json_t *rules) {
        static const struct {
                const char *direction, *rule;
        } shared[] = { { "host", "the host" }, { "in", "Ingress=deny" } };
        const json_t *rule;
        size_t k;

        for (size_t i = 0; i < ELEMENTSOF(shared); i++) {
                bool seen = false;

                json_array_foreach(rules, k, rule)
                        seen = seen || strcmp(json_string_value(json_object_get(rule, "Direction")),
                                              shared[i].direction) == 0;
                if (!seen && json_array_append_new(rules, json_pack("{s:s, s:s, s:n, s:n}", "Direction",
                                                                    shared[i].direction, "Rule", shared[i].rule,
                                                                    "Packets", "Bytes")) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int add_firewall(json_t *status, const Manager *m, const Cell *c) {
        const FirewallCell cell = { .link = c->link, .policy = c->policy };
        json_t *rules = json_array();
        uint64_t out = 0, in = 0;
        int r;

        if (json_object_set_new(status, "Rules", rules) < 0)
                return -ENOMEM;
        r = firewall_status_rules(m->firewall_table, &cell, add_rule, rules);
        if (r >= 0)
                r = add_shared_rules(rules);
        if (r >= 0)
                r = firewall_status_denied(m->firewall_table, c->link, &out, &in);
        if (r < 0)
                return r;
        (void) json_object_set_new(status, "DeniedOut", json_integer((json_int_t) out));
        (void) json_object_set_new(status, "DeniedIn", json_integer((json_int_t) in));
        return 0;
}

/* The cell that has the network: itself, or the one whose it shares. */
static const Cell *owner_of(Manager *m, const Cell *c) {
        const Cell *owner = *c->network_of ? table_find_cell(&m->table, c->network_of) : NULL;

        return owner ?: c;
}

static json_t *describe(const Cell *c) {
        const Policy *p = c->policy;
        json_t *addresses = json_array(), *gateways = json_array(), *servers = json_array();

        add_address(addresses, &c->address4);
        add_address(addresses, &c->address6);
        add_address(gateways, &c->gateway4);
        add_address(gateways, &c->gateway6);
        for (size_t i = 0; i < c->resolver.n_servers; i++)
                add_address(servers, &c->resolver.servers[i]);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:s, s:s}", "Cell", c->id, "Policy",
                         p->name, "Mode", network_mode_to_string(p->network_mode), "Link", c->link, "NetnsName",
                         c->netns_name, "Addresses", addresses, "Gateways", gateways, "NameServers", servers,
                         "MaxConnections", p->max_connections == LIMIT_NONE ? json_null() :
                                 json_integer((json_int_t) p->max_connections),
                         "Masquerade", (int) p->masquerade, "LogDenied", (int) p->log_denied,
                         "Interface", c->device, "NetworkOf", c->network_of);
}

void cell_net_run_status(void *userdata, JobReport *report, JobText *text) {
        const BusCall *call = userdata;
        const Cell *c = table_find_cell(&call->manager->table, call->cell);
        _cleanup_(json_decrefp) json_t *status = describe(c);
        _cleanup_(freep) char *line = NULL;

        (void) strcpy(report->what, "the cell's network can't be read");
        report->error = status ? 0 : -ENOMEM;
        c = owner_of(call->manager, c); /* whatever is of the network is that one's */
        if (report->error >= 0 && policy_has_addresses(c->policy))
                report->error = add_inside(status, c);
        if (report->error >= 0 && *c->link)
                report->error = add_traffic(status, c->link, false);
        if (report->error >= 0 && c->policy->network_mode == NETWORK_ROUTED)
                report->error = add_firewall(status, call->manager, c);
        if (report->error < 0)
                return;
        line = json_dumps(status, JSON_COMPACT);
        report->error = line ? 0 : -ENOMEM;
        if (line)
                job_write_text(text, "%s", line);
}

int cell_net_reply_status(sd_bus_message *m, const JobReport *report, BusCall *call) {
        (void) report;
        return sd_bus_reply_method_return(m, "s", call->text);
}

/* --- test -------------------------------------------------------------------------------- */

/* Where the value of a key, or one rule of it, stands. A cell that outlived its manager has its policy from a
 * record, without lines: then the loaded policy of that name says it, if it still says the same. */
static PolicySource find_source(const Manager *m, const Policy *p, const ReachDecision *d) {
        const Policy *loaded = policy_set_find(m->policies, p->name);
        const PolicyKey *key = d->key ? policy_key_find("Network", d->key) : NULL;
        _cleanup_(freep) char *own = NULL, *other = NULL;
        const PolicyRules *rules;

        if (!key)
                return (PolicySource) {};
        if (d->rule) {
                if (d->rule->source.file || !loaded)
                        return d->rule->source;
                rules = (const PolicyRules *) ((const char *) loaded + key->offset);
                for (size_t i = 0; i < rules->n_items; i++)
                        if (policy_rule_equal(&rules->items[i], d->rule))
                                return rules->items[i].source;
                return (PolicySource) {};
        }
        if (p->sources[key - policy_keys].file || !loaded)
                return p->sources[key - policy_keys];
        own = key->format(key, p);
        other = key->format(key, loaded);
        return own && other && strcmp(own, other) == 0 ? loaded->sources[key - policy_keys] : (PolicySource) {};
}

static int append_step(sd_bus_message *reply, const Manager *m, const char *direction, const Policy *p,
                       const ReachDecision *d) {
        const PolicyKey *key = d->key ? policy_key_find("Network", d->key) : NULL;
        PolicySource source = find_source(m, p, d);
        char rule[POLICY_RULE_STRING_MAX];
        _cleanup_(freep) char *value = NULL;

        if (d->rule)
                value = strdup(policy_rule_to_string(d->rule, rule));
        else
                value = key ? key->format(key, p) : strdup("");
        if (!value)
                return -ENOMEM;
        return sd_bus_message_append(reply, "(ssbsssus)", direction, p->name, (int) d->allowed, d->key ?: "", value,
                                     source.file ?: "", source.line, d->why ?: "");
}

/* What the kernel would send there from: the address itself if it is one of the host's. No packet is sent. */
static bool is_of_host(const IpPrefix *address) {
        _cleanup_(close_fdp) int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = address->address.v4 };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = address->address.v6 };
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        } own = {};
        socklen_t size = sizeof(own);
        bool is4 = address->family == AF_INET;

        if (fd < 0 || connect(fd, is4 ? (struct sockaddr *) &v4 : (struct sockaddr *) &v6,
                              is4 ? sizeof(v4) : sizeof(v6)) < 0 || getsockname(fd, &own.any, &size) < 0)
                return false;
        return is4 ? own.v4.sin_addr.s_addr == address->address.v4.s_addr :
                     memcmp(&own.v6.sin6_addr, &address->address.v6, sizeof(address->address.v6)) == 0;
}

/* Whose address is it? NULL: no cell's and no service's; and for who may not see whose it is. What their side lets in
 * is then left out, so that the answer is that for an address which nobody has. */
static const Policy *find_owner(const Peer *peer, const IpPrefix *address) {
        const Manager *m = peer->manager;

        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (!*c->network_of && cell_bus_may_see(peer, c) &&
                    (prefix_equal(&c->address4, address) || prefix_equal(&c->address6, address)))
                        return c->policy;
        for (const Placement *p = access_may_administer(peer->uid) ? m->placements.items : NULL; p; p = p->hh.next)
                if (prefix_equal(&p->address4, address) || prefix_equal(&p->address6, address))
                        return p->policy;
        return NULL;
}

/* What no rule of a policy has a say in; true: decided. */
static bool decide_before(const Cell *c, const Reach *reach, ReachDecision *ret) {
        const IpPrefix *own = reach->address.family == AF_INET ? &c->address4 : &c->address6,
                       *gateway = reach->address.family == AF_INET ? &c->gateway4 : &c->gateway6;
        IpPrefix loopback;

        if (c->policy->network_mode == NETWORK_HOST) {
                *ret = (ReachDecision) { .allowed = true, .key = "Mode",
                                         .why = "the cell has the host's network, which confine does not filter" };
                return true;
        }
        if (c->policy->network_mode == NETWORK_INTERFACE && c->policy->n_pools == 0) {
                *ret = (ReachDecision) { .allowed = true, .key = "Mode",
                                         .why = "the cell's own root says what the interface is used for" };
                return true;
        }
        if (prefix_equal(own, &reach->address) ||
            (parse_prefix(reach->address.family == AF_INET ? "127.0.0.0/8" : "::1", false, &loopback) >= 0 &&
             prefix_contains(&loopback, &reach->address))) {
                *ret = (ReachDecision) { .allowed = true, .why = "it is the cell itself" };
                return true;
        }
        if (own->family == AF_UNSPEC) {
                *ret = (ReachDecision) { .key = c->policy->network_mode == NETWORK_NONE ? "Mode" : "Pool",
                                         .why = "the cell has no address of this family" };
                return true;
        }
        if (policy_has_inner_link(c->policy)) {
                *ret = (ReachDecision) { .allowed = true, .key = "Mode",
                                         .why = "what the interface carries is its network's, confine does not filter it" };
                return true;
        }
        if (reach->protocol == IPPROTO_ICMP && prefix_equal(gateway, &reach->address)) {
                *ret = (ReachDecision) { .allowed = true, .why = "it is the cell's gateway, which answers pings" };
                return true;
        }
        return false;
}

static int append_steps(sd_bus_message *reply, const Peer *peer, const Cell *c, const Reach *reach) {
        const Policy *owner = find_owner(peer, &reach->address);
        const Manager *m = peer->manager;
        ReachTarget target = !owner && is_of_host(&reach->address) ? REACH_HOST : REACH_WORLD;
        bool decided, allowed;
        ReachDecision out, in;
        int r;

        decided = decide_before(c, reach, &out);
        if (!decided)
                policy_reach_out(c->policy, c->resolver.servers, c->resolver.n_servers, target, reach, &out);
        allowed = out.allowed;
        if (!decided && owner) {
                Reach back = *reach;

                back.address = reach->address.family == AF_INET ? c->address4 : c->address6;
                policy_reach_in(owner, &back, &in);
                allowed = allowed && in.allowed;
        }
        r = sd_bus_message_append(reply, "b", (int) allowed);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssbsssus)");
        if (r >= 0)
                r = append_step(reply, m, target == REACH_HOST ? "host" : "out", c->policy, &out);
        if (r >= 0 && !decided && owner)
                r = append_step(reply, m, "in", owner, &in);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int cell_net_test(sd_bus_message *m, const Peer *p, const Cell *c, sd_bus_error *error) {
        static const struct {
                const char *name;
                uint8_t protocol;
        } protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP } };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *protocol, *address;
        Reach reach = {};
        uint32_t port;
        int r;

        r = sd_bus_message_read(m, "ssu", &protocol, &address, &port);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(protocols); i++)
                if (strcmp(protocol, protocols[i].name) == 0)
                        reach.protocol = protocols[i].protocol;
        if (reach.protocol == 0 || port > UINT16_MAX || (port == 0) != (reach.protocol == IPPROTO_ICMP) ||
            parse_address(address, &reach.address) < 0)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "tcp or udp, an address and a port, or icmp and an address are wanted");
        reach.port = (uint16_t) port;
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_steps(reply, p, owner_of(p->manager, c), &reach);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
