/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/placement-parts.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "netns/conntrack.h"
#include "netns/firewall.h"
#include "netns/link.h"
#include "netns/netns.h"
#include "netns/shaping.h"

void placement_describe(const Placement *p, FirewallCell *ret) {
        *ret = (FirewallCell) {
                .link = p->link,
                .address4 = p->address4,
                .address6 = p->address6,
                .masquerade = p->policy->masquerade,
                .dns = p->policy->dns,
                .n_dns = p->policy->n_dns,
                .ports = p->policy->ports,
                .n_ports = p->policy->n_ports,
                .policy = p->policy,
        };
}

static char *netns_path(const Placement *p) {
        char *path = NULL;

        return asprintf(&path, "%s/" PLACEMENT_NETNS_DIR "/%s", p->all->runtime_dir, p->unit) < 0 ? NULL : path;
}

static int remove_link(const char *name) {
        int r = link_remove(name);

        return r < 0 ? r : shaping_remove(name);
}

static int make_link(const Placement *p, int netns_fd) {
        const RoutedLink link = {
                .host_name = p->link,
                .cell_name = "eth0",
                .netns_fd = netns_fd,
                .address4 = p->address4,
                .address6 = p->address6,
                .gateway4 = p->gateway4,
                .gateway6 = p->gateway6,
                .repair = true,
        };
        const ShapingRates rates = { p->policy->cell.bandwidth_down_bits, p->policy->cell.bandwidth_up_bits };
        int r;

        r = *p->old_link ? remove_link(p->old_link) : 0;
        if (r < 0)
                return r;
        r = link_make_routed(&link);
        if (r < 0)
                return r;
        return shaping_set(p->link, &rates);
}

/* `old`: of the addresses that it had before, alone. */
static int forget_flows(const Placement *p, bool old) {
        const IpPrefix addresses[] = { p->old_address4, p->old_address6, p->address4, p->address6 };
        int r = conntrack_forget(addresses, old ? 2 : ELEMENTSOF(addresses));

        if (r != -EOPNOTSUPP)
                return r;
        log_warning_errno(r, "Cannot end the flows of service %s: %m", p->unit);
        return 0;
}

void placement_run_make(void *userdata, JobReport *report, JobText *text) {
        const Placement *p = userdata;
        _cleanup_(freep) char *path = netns_path(p);
        _cleanup_(close_fdp) int netns_fd = -EBADF;
        FirewallCell cell;

        (void) text;
        (void) strcpy(report->what, "its network namespace can't be pinned");
        report->error = path ? netns_enter_host_mounts() : -ENOMEM;
        if (report->error < 0)
                return;
        netns_fd = netns_open_pinned(path);
        if (netns_fd == -ENOENT) {
                report->error = netns_pin(path);
                if (report->error < 0)
                        return;
                netns_fd = netns_open_pinned(path);
                (void) link_remove(p->link); /* of a namespace that is gone, or of one that is no longer pinned */
        }
        if (netns_fd < 0) {
                report->error = netns_fd;
                return;
        }
        (void) strcpy(report->what, "the firewall can't take it in");
        placement_describe(p, &cell); /* before the link: no packet passes unfiltered */
        report->error = firewall_add_cell(p->all->table, &cell);
        if (report->error < 0)
                return;
        (void) strcpy(report->what, "its interface can't be made");
        report->error = make_link(p, netns_fd);
        if (report->error < 0)
                return;
        (void) strcpy(report->what, "its flows of before can't be ended");
        report->error = forget_flows(p, !p->reach_changed);
}

void placement_run_remove(void *userdata, JobReport *report, JobText *text) {
        const Placement *p = userdata;
        _cleanup_(freep) char *path = netns_path(p);
        FirewallCell cell;
        int r;

        (void) text;
        report->error = path ? netns_enter_host_mounts() : -ENOMEM;
        if (report->error < 0)
                return;
        r = netns_is_used(path);
        if (r > 0)
                report->flags = PLACEMENT_IN_USE;
        if (r != 0) {
                report->error = MIN(r, 0);
                return;
        }
        report->error = netns_unpin(path);
        if (!*p->link)
                return;
        r = remove_link(p->link);
        if (r >= 0 && *p->old_link)
                r = remove_link(p->old_link);
        if (r >= 0) { /* after the link: what is left of it stays filtered */
                placement_describe(p, &cell);
                r = firewall_remove_cell(p->all->table, &cell);
        }
        if (r >= 0)
                r = forget_flows(p, false);
        report->error = report->error < 0 ? report->error : r;
}

unsigned placements_sweep(const Placements *all, bool (*is_known)(const char *unit, void *userdata), void *userdata) {
        _cleanup_(freep) char *dir = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *e;
        unsigned n = 0;

        if (asprintf(&dir, "%s/" PLACEMENT_NETNS_DIR, all->runtime_dir) < 0) {
                dir = NULL;
                return 0;
        }
        if (netns_enter_host_mounts() < 0)
                return 0;
        d = opendir(dir);
        while (d && (e = readdir(d))) {
                _cleanup_(freep) char *path = NULL;

                if (e->d_name[0] == '.' || is_known(e->d_name, userdata) || asprintf(&path, "%s/%s", dir, e->d_name) < 0)
                        continue;
                n += netns_is_used(path) == 0 && netns_unpin(path) >= 0;
        }
        return n;
}
