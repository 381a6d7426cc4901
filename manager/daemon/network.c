/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was changed of the host's forwarding switches is kept in the record "forwarding", so that a later
 * manager can still guard it and put it back. */

#include "manager/daemon/network.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "manager/cells/builder-inner.h"
#include "manager/cells/builder-net.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/placement-parts.h"
#include "manager/cells/placement.h"
#include "manager/daemon/damage.h"
#include "manager/daemon/network-need.h"
#include "manager/daemon/traffic.h"
#include "manager/work/state.h"
#include "netns/firewall-watch.h"
#include "netns/firewall.h"
#include "netns/forwarding.h"
#include "netns/gateway.h"
#include "netns/link-guard.h"
#include "netns/link-owner.h"
#include "netns/link.h"
#include "netns/port-guard.h"

#define PREPARE_TIMEOUT_USEC (20 * USEC_PER_SEC)
#define REPAIR_INTERVAL_USEC USEC_PER_SEC
#define GATEWAYS_MAX 256
#define CHANGED_IPV4 1U
#define CHANGED_IPV6 2U
#define REPAIRED_ALL 4U

typedef struct Gateways {
        IpPrefix items[GATEWAYS_MAX];
        size_t n_items;
        bool ipv4, ipv6;
} Gateways;

static int add_gateway(Gateways *g, const IpPrefix *gateway) {
        if (gateway->family == AF_UNSPEC)
                return 0;
        if (gateway->family == AF_INET)
                g->ipv4 = true;
        else
                g->ipv6 = true;
        for (size_t i = 0; i < g->n_items; i++)
                if (prefix_equal(&g->items[i], gateway))
                        return 0;
        if (g->n_items == GATEWAYS_MAX)
                return -E2BIG;
        g->items[g->n_items++] = *gateway;
        return 0;
}

/* Of all policies, and of live cells whose policy may have changed since. */
static int collect_gateways(const Manager *m, Gateways *g) {
        int r = 0;

        for (size_t i = 0; i < policy_set_size(m->policies) && r >= 0; i++) {
                const Policy *p = policy_set_get(m->policies, i);

                if (damage_overlap(m, p))
                        continue;
                for (size_t k = 0; k < p->n_pools && p->network_mode == NETWORK_BRIDGE; k++)
                        if (p->n_gateways == 0) /* the bridge has it */
                                *(p->pools[k].family == AF_INET ? &g->ipv4 : &g->ipv6) = true;
                for (size_t k = 0; k < p->n_pools && p->network_mode == NETWORK_ROUTED && r >= 0; k++) {
                        IpPrefix gateway;

                        r = pool_gateway(&p->pools[k], &gateway);
                        if (r >= 0)
                                r = add_gateway(g, &gateway);
                }
        }
        for (const Cell *c = m->table.cells; c && r >= 0; c = c->hh.next) {
                if (c->policy->network_mode != NETWORK_ROUTED)
                        continue;
                r = add_gateway(g, &c->gateway4);
                if (r >= 0)
                        r = add_gateway(g, &c->gateway6);
        }
        for (const Placement *p = m->placements.items; p && r >= 0; p = p->hh.next) {
                r = add_gateway(g, &p->gateway4);
                if (r >= 0)
                        r = add_gateway(g, &p->gateway6);
        }
        return r;
}

/* What would be taken for the host's own, unless a live cell still needs it. */
static int drop_gateways(const Manager *m, const Gateways *needed) {
        Gateways dropped = { .n_items = 0 };
        int r = 0;

        for (size_t i = 0; i < policy_set_size(m->policies) && r >= 0; i++) {
                const Policy *p = policy_set_get(m->policies, i);

                for (size_t k = 0; k < p->n_pools && damage_overlap(m, p) && r >= 0; k++) {
                        IpPrefix gateway;
                        bool is_needed = false;

                        r = pool_gateway(&p->pools[k], &gateway);
                        for (size_t n = 0; n < needed->n_items; n++)
                                is_needed = is_needed || prefix_equal(&needed->items[n], &gateway);
                        if (r >= 0 && !is_needed)
                                r = add_gateway(&dropped, &gateway);
                }
        }
        return r < 0 ? r : gateway_drop(m->gateway_link, dropped.items, dropped.n_items);
}

/* A host without a policy for bridges has none of it. */
static int setup_port_guard(const Manager *m) {
        _cleanup_(freep) GuardedPort *ports = calloc(HASH_COUNT(m->table.cells) + 1, sizeof(GuardedPort));
        bool wanted = false;
        size_t n = 0;

        if (!ports)
                return -ENOMEM;
        for (size_t i = 0; i < policy_set_size(m->policies); i++)
                wanted = wanted || policy_set_get(m->policies, i)->network_mode == NETWORK_BRIDGE;
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (*c->link && c->state != CELL_ENDING && c->policy->network_mode == NETWORK_BRIDGE)
                        builder_describe_port(c->policy, c->link, &c->address4, &c->address6, &ports[n++]);
        return wanted || n > 0 ? port_guard_setup(m->firewall_table, m->link_prefix, ports, n) : 0;
}

static int setup_firewall(const Manager *m, const Gateways *g, bool guard4, bool guard6) {
        const FirewallConfig config = {
                .table = m->firewall_table,
                .link_prefix = m->link_prefix,
                .gateways = g->items,
                .n_gateways = g->n_items,
                .guard_ipv4 = guard4,
                .guard_ipv6 = guard6,
        };
        _cleanup_(freep) FirewallCell *cells = NULL;
        size_t n = 0;
        int r;

        /* A reload leaves live cells as they are, and new ones bring the chains of their policies along. */
        if (m->firewall_made == m->firewall_wanted) {
                r = firewall_refresh(&config);
                if (r != 0)
                        return r < 0 ? r : setup_port_guard(m);
        }
        traffic_read_counts(m);
        cells = calloc(HASH_COUNT(m->table.cells) + HASH_COUNT(m->placements.items) + 1, sizeof(FirewallCell));
        if (!cells)
                return -ENOMEM;
        /* The job that takes an ending one apart may run beside this one, and be done before: what it took
         * out must not come back. */
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (c->state != CELL_ENDING)
                        cell_describe(c, &cells[n++]);
        for (const Placement *p = m->placements.items; p; p = p->hh.next)
                if (*p->link)
                        placement_describe(p, &cells[n++]);
        r = firewall_setup(&config, cells, n);
        return r < 0 ? r : setup_port_guard(m);
}

/* The first cell to come needs it, where a policy is for such. */
static bool needs_link_guard(const Manager *m) {
        for (size_t i = 0; i < policy_set_size(m->policies); i++)
                if (policy_set_get(m->policies, i)->network_mode == NETWORK_MACVLAN)
                        return true;
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (c->policy->network_mode == NETWORK_MACVLAN)
                        return true;
        return false;
}

/* Cells that are ending are left out for the reason that setup_firewall() gives. */
static int setup_link_guard(const Manager *m) {
        _cleanup_(freep) GuardedLink *links = calloc(HASH_COUNT(m->table.cells) + 1, sizeof(GuardedLink));
        size_t n = 0;

        if (!links)
                return -ENOMEM;
        for (Cell *c = m->table.cells; c; c = c->hh.next) {
                CellPlan plan;

                if (c->policy->network_mode != NETWORK_MACVLAN || c->state == CELL_ENDING)
                        continue;
                cell_plan(c, &plan);
                builder_describe_link(&plan, &links[n++]);
        }
        return link_guard_setup(m->firewall_table, links, n);
}

/* *ret_made: something was missing. */
static void prepare_gateway(const Manager *m, Gateways *g, bool *ret_made, JobReport *report) {
        char owner[LINK_OWNER_MAX];

        (void) strcpy(report->what, "gateway addresses");
        report->error = collect_gateways(m, g);
        if (report->error >= 0)
                report->error = link_read_owner(m->gateway_link, owner);
        if (report->error > 0 && strcmp(owner, m->config.instance) != 0) {
                report->error = -EADDRINUSE;
                (void) snprintf(report->what, sizeof(report->what), "link %s is of instance %s, choose another name for "
                                "this one by --instance", m->gateway_link, owner);
        }
        if (report->error >= 0)
                report->error = gateway_ensure(m->gateway_link, g->items, g->n_items);
        *ret_made = report->error > 0;
        if (report->error >= 0)
                report->error = link_set_owner(m->gateway_link, m->config.instance);
}

static void prepare_routed(const Manager *m, JobReport *report, JobText *text) {
        _cleanup_(forwarding_changes_done) ForwardingChanges changes = {};
        _cleanup_(close_fdp) int proc_fd = -EBADF;
        Gateways g = { .n_items = 0 };
        bool repair_all;

        prepare_gateway(m, &g, &repair_all, report);
        repair_all = repair_all || m->repair_wanted != m->repair_made;
        if (report->error >= 0)
                report->error = drop_gateways(m, &g);
        if (report->error < 0)
                return;

        (void) strcpy(report->what, "forwarding");
        proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0) {
                report->error = -errno;
                return;
        }
        /* The guard stands before the switch is turned. */
        (void) strcpy(report->what, "firewall");
        report->error = setup_firewall(m, &g, m->forwarding_guard4, m->forwarding_guard6);
        if (report->error < 0)
                return;
        (void) strcpy(report->what, "forwarding");
        report->error = forwarding_enable(proc_fd, g.ipv4, g.ipv6, &changes);
        if (report->error < 0)
                return;
        for (size_t i = 0; changes.accept_ra && changes.accept_ra[i]; i++)
                job_write_text(text, "%s%s", i ? " " : "", changes.accept_ra[i]);
        job_write_text(text, "\n");
        report->flags = (changes.ipv4 ? CHANGED_IPV4 : 0) | (changes.ipv6 ? CHANGED_IPV6 : 0);
        (void) strcpy(report->what, "firewall");
        if (report->flags != 0)
                report->error = setup_firewall(m, &g, m->forwarding_guard4 || changes.ipv4,
                                               m->forwarding_guard6 || changes.ipv6);
        if (report->error < 0)
                return;
        damage_repair_cells(m, repair_all, text);
        report->flags |= repair_all ? REPAIRED_ALL : 0;
}

/* One does not wait for the other: a kernel may lack what only the other needs. */
static void run_prepare(void *userdata, JobReport *report, JobText *text) {
        const Manager *m = userdata;
        int r = 0;

        report->numbers[0] = m->firewall_wanted;
        report->numbers[2] = m->repair_wanted;
        if (needs_link_guard(m))
                r = setup_link_guard(m);
        report->numbers[1] = (uint64_t) -r;
        if (network_is_needed(m))
                prepare_routed(m, report, text);
}

typedef struct Switches {
        Manager *manager;
        ForwardingChanges changes;
} Switches;

static int read_switch(const char *key, const char *value, void *userdata) {
        Switches *s = userdata;

        if (strcmp(key, "IPv4") == 0)
                s->changes.ipv4 = strcmp(value, "1") == 0;
        else if (strcmp(key, "IPv6") == 0)
                s->changes.ipv6 = strcmp(value, "1") == 0;
        else if (strcmp(key, "AcceptRA") == 0)
                return strv_split(value, &s->changes.accept_ra);
        return 0;
}

/* `accept_ra` is what this time was changed; of before it stays on record. */
static void save_forwarding(Manager *m, const char *accept_ra) {
        _cleanup_(freep) char *joined = NULL;
        Switches before = { .manager = m };
        Record *r = record_new("Forwarding");
        int error = -ENOMEM;

        if (!*accept_ra && record_read(m->runtime_fd, "forwarding", "Forwarding", read_switch, &before) >= 0)
                joined = strv_join(before.changes.accept_ra, " ");
        forwarding_changes_done(&before.changes);
        if (r) {
                record_set(r, "IPv4", "%d", m->forwarding_guard4);
                record_set(r, "IPv6", "%d", m->forwarding_guard6);
                record_set(r, "AcceptRA", "%s", joined ?: accept_ra);
                error = record_write(r, m->runtime_fd, "forwarding");
        }
        if (error < 0)
                log_warning_errno(error, "Cannot record that forwarding was turned on: %m");
}

static int on_repair(sd_event_source *s, uint64_t usec, void *userdata) {
        Manager *m = userdata;

        (void) s, (void) usec;
        m->repair_source = sd_event_source_disable_unref(m->repair_source);
        network_prepare(m);
        return 0;
}

void network_repair(Manager *m) {
        static uint64_t last;
        uint64_t now = 0;
        int r;

        if (m->repair_source)
                return;
        (void) sd_event_now(m->event, CLOCK_MONOTONIC, &now);
        last = MAX(now, last + REPAIR_INTERVAL_USEC);
        r = sd_event_add_time(m->event, &m->repair_source, CLOCK_MONOTONIC, last, 1, on_repair, m);
        if (r < 0)
                log_error_errno(r, "Cannot make the nftables table %s anew: %m", m->firewall_table);
}

/* For who asks what is the matter; the log has it, too. */
static void note_trouble(Manager *m, const JobReport *report) {
        free(m->trouble);
        m->trouble = NULL;
        if (report->error < 0 && asprintf(&m->trouble, "%s: %s", report->what, strerror(-report->error)) < 0)
                m->trouble = NULL;
}

static void on_prepared(const JobReport *report, const char *text, void *userdata) {
        Manager *m = userdata;
        _cleanup_(freep) char *accept_ra = strndup(text, strcspn(text, "\n"));

        note_trouble(m, report);
        m->network_pending = false;
        m->network_ready = report->error >= 0;
        /* Policies that want it where the kernel has it not were refused, or say that they can do without. */
        m->links_ready = report->numbers[1] == 0 || report->numbers[1] == EOPNOTSUPP;
        if (report->numbers[1] > 0)
                log_error_errno((int) report->numbers[1], "Cannot make the rules for what goes out at the host's "
                                "interfaces, %s: %m", m->links_ready ? "going on without" : "refusing cells with "
                                "Mode=macvlan");
        if (report->error >= 0) {
                if (m->firewall_made > 0 && m->firewall_made != report->numbers[0])
                        log_info("Made the nftables table %s anew", m->firewall_table);
                m->firewall_made = report->numbers[0];
                m->repair_made = report->numbers[2];
                damage_note(m, text + strcspn(text, "\n"));
                if (report->flags & REPAIRED_ALL)
                        (void) placements_repair(&m->placements, NULL);
                placements_start(&m->placements);
        }
        if (report->flags & CHANGED_IPV4) {
                m->forwarding_guard4 = true;
                log_notice("Turned on net.ipv4.ip_forward for routed cells; nothing else is forwarded");
        }
        if (report->flags & CHANGED_IPV6) {
                m->forwarding_guard6 = true;
                log_notice("Turned on net.ipv6.conf.all.forwarding for routed cells; nothing else is "
                           "forwarded%s%s", accept_ra && *accept_ra ? ", accept_ra=2 on " : "", accept_ra ?: "");
        }
        if (report->flags & (CHANGED_IPV4 | CHANGED_IPV6))
                save_forwarding(m, accept_ra ?: "");
        if (report->error < 0)
                log_error_errno(report->error, "Cannot prepare the host's side of the network (%s: %m), "
                                "refusing cells with Mode=routed and Mode=bridge", report->what);
        /* It has worked before; or the machine is too slow just now, as at boot, when the kernel's modules load. */
        if ((report->error < 0 || !m->links_ready) && (m->firewall_made > 0 || report->error == -ETIMEDOUT))
                network_repair(m);
}

void network_prepare(Manager *m) {
        Switches before = { .manager = m };
        const JobSpec spec = {
                .name = "prepare the host's side of the network",
                .uid = UID_INVALID,
                .exclusive = true,
                .timeout_usec = PREPARE_TIMEOUT_USEC,
                .run = run_prepare,
                .done = on_prepared,
                .userdata = m,
        };
        int r;

        if (!network_is_needed(m) && !needs_link_guard(m))
                return;
        r = record_read(m->runtime_fd, "forwarding", "Forwarding", read_switch, &before);
        if (r >= 0) {
                m->forwarding_guard4 = before.changes.ipv4;
                m->forwarding_guard6 = before.changes.ipv6;
        } else if (r != -ENOENT) {
                log_warning_errno(r, "Cannot read whether forwarding was off before there were cells (%m): forwarding for "
                                  "nothing but cells");
                m->forwarding_guard4 = m->forwarding_guard6 = true;
        }
        forwarding_changes_done(&before.changes);
        m->network_ready = m->links_ready = true; /* what is opened from now on waits behind the job */
        r = job_start(m->jobs, &spec, NULL);
        m->network_pending = m->network_pending || r >= 0;
        if (r < 0) {
                m->network_ready = m->links_ready = false;
                log_error_errno(r, "Cannot prepare the host's side of the network: %m");
        }
}

/* --- what others do to the table --------------------------------------------------------- */

static int on_watch(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        char who[FIREWALL_WATCH_NAME_MAX];
        Manager *m = userdata;
        int r;

        (void) s, (void) fd, (void) events;
        r = firewall_watch_read(m->firewall_watch, who);
        if (r == 0 || (!network_is_needed(m) && !needs_link_guard(m)))
                return 0;
        if (r > 0) {
                log_warning("%s has changed the nftables table %s, making it anew", who, m->firewall_table);
                m->firewall_wanted++;
        } else
                log_debug_errno(r, "Changes of nftables tables were missed, looking at table %s: %m", m->firewall_table);
        network_repair(m);
        return 0;
}

void network_watch(Manager *m) {
        int r;

        r = firewall_watch_new(m->firewall_table, JOB_PROCESS_NAME, &m->firewall_watch);
        if (r >= 0)
                r = sd_event_add_io(m->event, &m->watch_source, firewall_watch_fd(m->firewall_watch), EPOLLIN,
                                    on_watch, m);
        if (r < 0)
                log_warning_errno(r, "Cannot watch the nftables table %s, going on without: %m", m->firewall_table);
        damage_watch(m);
}

void network_unwatch(Manager *m) {
        damage_unwatch(m);
        m->watch_source = sd_event_source_disable_unref(m->watch_source);
        m->repair_source = sd_event_source_disable_unref(m->repair_source);
        m->firewall_watch = firewall_watch_free(m->firewall_watch);
}

void network_remove(Manager *m) {
        _cleanup_(close_fdp) int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Switches before = { .manager = m };
        int r;

        r = link_guard_teardown(m->firewall_table);
        if (r < 0 && r != -EOPNOTSUPP)
                log_warning_errno(r, "Cannot remove the nftables table %s for interfaces: %m", m->firewall_table);
        r = port_guard_teardown(m->firewall_table);
        if (r < 0)
                log_warning_errno(r, "Cannot remove the nftables tables for bridges of %s: %m", m->firewall_table);
        r = firewall_teardown(m->firewall_table);
        if (r < 0)
                log_warning_errno(r, "Cannot remove the nftables table %s: %m", m->firewall_table);
        r = link_remove(m->gateway_link);
        if (r < 0)
                log_warning_errno(r, "Cannot remove the link %s: %m", m->gateway_link);
        if (record_read(m->runtime_fd, "forwarding", "Forwarding", read_switch, &before) >= 0) {
                r = proc_fd < 0 ? -errno : forwarding_restore(proc_fd, &before.changes);
                if (r < 0)
                        log_warning_errno(r, "Cannot put the host's forwarding switches back: %m");
                (void) unlinkat(m->runtime_fd, "forwarding", 0);
        }
        forwarding_changes_done(&before.changes);
}
