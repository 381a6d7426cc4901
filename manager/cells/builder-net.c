/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The firewall comes before the link and goes after it, so no packet passes unfiltered; flows end last, when nothing can
 * begin a new one. */

#include "manager/cells/builder-net.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/builder-inner.h"
#include "netns/bridge.h"
#include "netns/cell-end.h"
#include "netns/conntrack.h"
#include "netns/link.h"
#include "netns/netns.h"
#include "netns/port-guard.h"

int builder_net_open_namespace(pid_t pid, const char *name, uint64_t inode) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct stat st;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        return st.st_ino == inode ? TAKE_FD(fd) : -ESRCH; /* the number is somebody else's by now */
}

void builder_describe_port(const Policy *p, const char *link, const IpPrefix *address4, const IpPrefix *address6,
                           GuardedPort *ret) {
        *ret = (GuardedPort) {
                .link = link,
                .bridge = p->bridge,
                .own_bridge = p->n_gateways == 0,
                .masquerade = p->masquerade,
                .max_connections = p->max_connections,
                .address4 = *address4,
                .address6 = *address6,
        };
}

/* What cells share goes with the last of them, and comes with the first: bridges of ours, trees of shaping. The
 * lock goes with the fd. */
static int lock_shared(const CellPlan *c) {
        int fd = openat(c->cell.state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX) < 0) {
                int r = -errno;

                close_fd(fd);
                return r;
        }
        return fd;
}

static int find_bridge(const CellPlan *c, JobReport *report) {
        const Policy *p = c->cell.policy;
        IpPrefix addresses[2];
        size_t n = 0;
        int r;

        if (p->n_gateways > 0) {
                r = bridge_find(c->table, p->bridge);
                if (r < 0)
                        builder_fail(report, LOGIN_STAGE_NETWORK, r, r == -ENODEV ?
                             "there is no bridge %s (without Gateway= it would be made)" :
                             r == -ENOTUNIQ ? "bridge %s is one of ours, made for a policy without Gateway=" :
                             "%s is no bridge", p->bridge);
                return r;
        }
        if (c->gateway4.family != AF_UNSPEC)
                addresses[n++] = builder_with_length(&c->gateway4, p);
        if (c->gateway6.family != AF_UNSPEC)
                addresses[n++] = builder_with_length(&c->gateway6, p);
        r = bridge_ensure(c->table, p->bridge, addresses, n);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, r == -EEXIST ?
                     "there is an interface %s, which is not ours (say Gateway=, if it is a bridge)" :
                     "bridge %s can't be made", p->bridge);
        return r;
}

static int make_port(const CellPlan *c, RoutedLink *link, JobReport *report) {
        _cleanup_(close_fdp) int lock_fd = lock_shared(c);
        const Policy *p = c->cell.policy;
        GuardedPort port;
        int r, bridge;

        if (lock_fd < 0) {
                builder_fail(report, LOGIN_STAGE_NETWORK, lock_fd, "the lock of bridges can't be had");
                return lock_fd;
        }
        bridge = find_bridge(c, report);
        if (bridge < 0)
                return bridge;
        builder_describe_port(p, c->link, &c->address4, &c->address6, &port);
        r = port_guard_add(c->table, &port);
        if (r < 0) {
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "nftables table %s can't take the cell in", c->table);
                return r;
        }
        link->address4 = builder_with_length(&c->address4, p);
        link->address6 = builder_with_length(&c->address6, p);
        r = link_make_port(link, bridge, p->isolate);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, r == -EXFULL ?
                     "bridge %s has as many ports as it can have, 1023" : "no port of bridge %s can be made", p->bridge);
        return r;
}

static int remove_port(const CellPlan *c) {
        _cleanup_(close_fdp) int lock_fd = lock_shared(c);
        GuardedPort port;
        int r, last = 0;

        if (lock_fd < 0)
                return lock_fd;
        builder_describe_port(c->cell.policy, c->link, &c->address4, &c->address6, &port);
        r = link_remove(c->link);
        if (r >= 0 && port.own_bridge)
                r = last = bridge_release(c->table, port.bridge);
        return r < 0 ? r : port_guard_remove(c->table, &port, last > 0);
}

static ShapingRates rates_of(const Resources *r) {
        return (ShapingRates) { .down_bits = r->bandwidth_down_bits, .up_bits = r->bandwidth_up_bits };
}

static ShapingSums sums_of(const CellPlan *c) {
        return (ShapingSums) {
                .prefix = c->link_prefix,
                .place = c->place,
                .user = rates_of(&c->cell.policy->user),
                .policy = rates_of(&c->cell.policy->policy),
        };
}

static int join_sums(const CellPlan *c, const ShapingRates *rates) {
        _cleanup_(close_fdp) int lock_fd = lock_shared(c);
        const ShapingSums sums = sums_of(c);

        return lock_fd < 0 ? lock_fd : shaping_join(c->link, &sums, rates);
}

static int leave_sums(const CellPlan *c) {
        _cleanup_(close_fdp) int lock_fd = lock_shared(c);
        const ShapingSums sums = sums_of(c);

        return lock_fd < 0 ? lock_fd : shaping_leave(&sums);
}

int builder_net_shape(const CellPlan *c, const Resources *r, JobReport *report) {
        const ShapingRates rates = {
                .down_bits = MIN(r->bandwidth_down_bits, c->slow_bits),
                .up_bits = MIN(r->bandwidth_up_bits, c->slow_bits),
        };
        int error;

        if (!*c->link)
                return 0;
        error = c->place.tree ? join_sums(c, &rates) : shaping_set(c->link, &rates);
        if (error == -EOPNOTSUPP || error == -ENOENT)
                builder_fail(report, LOGIN_STAGE_NETWORK, error, "the kernel can't limit the bandwidth of %s (tbf, htb, "
                     "ingress, cls_bpf, mirred, ifb)", c->link);
        else if (error < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, error, "the bandwidth of %s can't be limited", c->link);
        return error;
}

static bool is_shaped(const CellPlan *c) {
        return c->place.tree || c->slow_bits != LIMIT_NONE || resources_limit_bandwidth(&c->cell.policy->cell);
}

/* Where no cell is routed and none on a bridge of ours there is no table, and nothing that leads from cell to cell by
 * way of the host. */
static int join_firewall(const CellPlan *c, JobReport *report) {
        int r;

        if (c->restarts_user_volume)
                (void) firewall_reset_volume(c->table, c->firewall.user_volume.name); /* mostly there is none any more */
        if (c->restarts_policy_volume)
                (void) firewall_reset_volume(c->table, c->firewall.policy_volume.name);
        r = firewall_add_cell(c->table, &c->firewall);
        if (r == -ENOENT && !*c->link)
                return 0;
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "nftables table %s can't take the cell in", c->table);
        return r;
}

/* Its end on the host, and with it the cell's; then what limits its bandwidth, while nothing of the cell runs yet. */
static int make_link(const CellPlan *c, int netns_fd, bool repair, JobReport *report) {
        RoutedLink link = {
                .host_name = c->link,
                .cell_name = "eth0",
                .netns_fd = netns_fd,
                .address4 = c->address4,
                .address6 = c->address6,
                .gateway4 = c->gateway4,
                .gateway6 = c->gateway6,
                .repair = repair,
        };
        bool is_there = repair && link_exists(c->link) > 0;
        int r;

        if (c->cell.policy->network_mode == NETWORK_BRIDGE)
                r = make_port(c, &link, report); /* says itself what is wrong */
        else {
                r = link_make_routed(&link);
                if (r < 0)
                        builder_fail(report, LOGIN_STAGE_NETWORK, r, "interface %s can't be made", c->link);
        }
        return r >= 0 && is_shaped(c) && !is_there ? builder_net_shape(c, &c->cell.policy->cell, report) : r;
}

int builder_net_make(const CellPlan *c, int pidfd, JobReport *report) {
        _cleanup_(close_fdp) int netns_fd = -EBADF;
        int r;

        if (!(c->namespaces & CLONE_NEWNET) || c->network_pid > 0)
                return 0;
        netns_fd = netns_open_pidfd(pidfd);
        if (netns_fd < 0) {
                builder_fail(report, LOGIN_STAGE_NETWORK, netns_fd, "network namespace can't be opened");
                return netns_fd;
        }
        r = join_firewall(c, report); /* before the link: no packet passes unfiltered */
        if (r < 0)
                return r;
        if (policy_has_inner_link(c->cell.policy))
                return builder_inner_make(c, netns_fd, report);
        if (*c->link)
                return make_link(c, netns_fd, false, report);
        r = cell_end_loopback(netns_fd);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "loopback can't be brought up");
        return r;
}

void builder_repair(const CellPlan *c, pid_t init_pid, uint64_t network_inode, JobReport *report) {
        _cleanup_(close_fdp) int netns_fd = builder_net_open_namespace(init_pid, "net", network_inode);

        if (netns_fd < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, netns_fd, "network namespace can't be opened");
        else
                (void) make_link(c, netns_fd, true, report);
}

/* Last, when nothing can begin a new one. Those of a network that it shares are for its owner to end. */
static void forget_flows(const CellPlan *c, JobReport *report) {
        const IpPrefix addresses[] = { c->address4, c->address6 };
        int r = c->shares_network ? 0 : conntrack_forget(addresses, ELEMENTSOF(addresses));

        if (r == -EOPNOTSUPP) /* no kernel that we know of lacks it and takes our rules */
                log_warning_errno(r, "Cannot end the flows of cell %s: %m", c->cell.id);
        else if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "the cell's flows can't be ended");
}

static void remove_link(const CellPlan *c, JobReport *report) {
        int r;

        if (policy_has_inner_link(c->cell.policy))
                (void) builder_inner_remove(c, report); /* says it in the report */
        if (!*c->link)
                return;
        r = c->cell.policy->network_mode == NETWORK_BRIDGE ? remove_port(c) : link_remove(c->link);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "interface %s can't be removed", c->link);
        r = c->place.tree ? leave_sums(c) : shaping_remove(c->link);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "what limits the bandwidth of %s can't be removed", c->link);
}

/* The elements go after the link: what is left of it stays filtered. */
void builder_net_remove(const CellPlan *c, JobReport *report) {
        int r;

        remove_link(c, report);
        r = firewall_remove_cell(c->table, &c->firewall);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "nftables table %s keeps the cell's elements", c->table);
        forget_flows(c, report);
}
