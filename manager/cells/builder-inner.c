/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is made comes in an order that leaves nothing without an owner, whenever it ends: the record says which
 * interface (cell.c), the pin keeps the namespace, and only then the interface comes. It goes the other way round. */

#include "manager/cells/builder-inner.h"

#include <dirent.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "netns/cell-end.h"
#include "netns/link-guard.h"
#include "netns/netns.h"

#define CELL_LINK "eth0"
#define TAKE_BACK_ATTEMPTS 40

void builder_fail(JobReport *report, LoginStage stage, int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(report->what, sizeof(report->what), format, ap);
        va_end(ap);
        report->error = error;
        report->stage = stage;
}

IpPrefix builder_with_length(const IpPrefix *address, const Policy *p) {
        IpPrefix a = *address;

        for (size_t i = 0; i < p->n_pools; i++)
                if (p->pools[i].family == a.family)
                        a.length = p->pools[i].length;
        return a;
}

static char *pin_path(const CellPlan *c) {
        bool lent = c->cell.policy->network_mode == NETWORK_INTERFACE;
        char *path = NULL;

        return asprintf(&path, "%s/" BUILDER_PINS_DIR "/%s%s%s", c->runtime_dir, c->cell.id, lent ? "." : "",
                        lent ? c->device : "") < 0 ? NULL : path;
}

void builder_describe_link(const CellPlan *c, GuardedLink *ret) {
        char name[64];

        *ret = (GuardedLink) {
                .parent = c->device,
                .source = { .address4 = c->address4, .address6 = c->address6 },
        };
        (void) snprintf(name, sizeof(name), "%s%s", c->link_prefix, c->cell.id);
        if (c->cell.policy->network_mode == NETWORK_MACVLAN)
                link_derive_mac(name, true, ret->source.mac);
        else
                memcpy(ret->source.mac, c->device_state.mac, LINK_MAC_SIZE);
}

static int fail_make(JobReport *report, int error, const char *device) {
        builder_fail(report, LOGIN_STAGE_NETWORK, error,
                     error == -ENODEV ? "there is no interface %s" :
                     error == -EBUSY ? "interface %s is a port of a bridge or bond, or carries links of another kind" :
                     error == -EOPNOTSUPP ? "on %s: the kernel has no such links" :
                     "on interface %s no link can be made", device);
        return error;
}

/* Where IfUnsupported=warn has let pass that the kernel can't do it, it is not done. */
static int guard(const CellPlan *c, int r, JobReport *report) {
        if (r == -EOPNOTSUPP && c->cell.policy->if_unsupported_warn)
                return 0;
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, r == -EOPNOTSUPP ?
                             "the kernel can't check what goes out at %s (nftables' egress hook)" :
                             "nftables can't check what goes out at %s", c->device);
        return r;
}

static int configure(const CellPlan *c, int netns_fd, JobReport *report) {
        const Policy *p = c->cell.policy;
        const CellEnd end = {
                .netns_fd = netns_fd,
                .name = CELL_LINK,
                .address4 = builder_with_length(&c->address4, p),
                .address6 = builder_with_length(&c->address6, p),
                .gateway4 = c->gateway4,
                .gateway6 = c->gateway6,
                .routed_by_host = p->network_mode == NETWORK_IPVLAN && p->ipvlan_l3s,
        };
        int r = cell_end_configure(&end);

        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "the cell's interface on %s can't be configured",
                             c->device);
        return r;
}

/* Nothing is sent before it is up, and it comes up with its guards. */
static int make_link(const CellPlan *c, int netns_fd, JobReport *report) {
        const Policy *p = c->cell.policy;
        InnerLink link = {
                .parent = c->device,
                .cell_name = CELL_LINK,
                .netns_fd = netns_fd,
                .ipvlan = p->network_mode == NETWORK_IPVLAN,
                .l3s = p->ipvlan_l3s,
                .isolated = p->isolate,
        };
        GuardedLink guarded;
        int r = 0;

        builder_describe_link(c, &guarded);
        memcpy(link.mac, guarded.source.mac, LINK_MAC_SIZE);
        if (!link.ipvlan)
                r = guard(c, link_guard_add(c->table, &guarded), report);
        if (r < 0)
                return r;
        r = inner_link_make(&link);
        if (r < 0)
                return fail_make(report, r, c->device);
        r = guard(c, link_guard_inside(c->table, netns_fd, CELL_LINK, &guarded.source), report);
        return r < 0 ? r : configure(c, netns_fd, report);
}

static int check_device(const CellPlan *c, JobReport *report) {
        char why[INTERFACE_WHY_MAX];
        int r = interface_check(c->device, c->link_prefix, why);

        if (r == -EBUSY)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "interface %s is not to be given away: %s",
                             c->device, why);
        else if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, r == -ENODEV ? "there is no interface %s" :
                             "interface %s can't be looked at", c->device);
        return r;
}

/* Without a pool its addresses are for the cell's own root to give. */
static int lend(const CellPlan *c, int netns_fd, JobReport *report) {
        int r = interface_lend(c->device, netns_fd, CELL_LINK);

        if (r < 0) {
                builder_fail(report, LOGIN_STAGE_NETWORK, r, r == -EINVAL ?
                             "interface %s is of a kind that can't be moved into a cell" :
                             "interface %s can't be moved into the cell", c->device);
                return r;
        }
        if (c->cell.policy->n_pools > 0)
                return configure(c, netns_fd, report);
        r = cell_end_loopback(netns_fd);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "loopback can't be brought up");
        return r;
}

int builder_inner_make(const CellPlan *c, int netns_fd, JobReport *report) {
        bool is_lent = c->cell.policy->network_mode == NETWORK_INTERFACE;
        _cleanup_(freep) char *path = pin_path(c);
        int r = path ? netns_enter_host_mounts() : -ENOMEM;

        if (r >= 0 && is_lent) {
                r = check_device(c, report);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = netns_pin_fd(path, netns_fd);
        if (r < 0) {
                builder_fail(report, LOGIN_STAGE_NETWORK, r, "the cell's network namespace can't be pinned");
                return r;
        }
        return is_lent ? lend(c, netns_fd, report) : make_link(c, netns_fd, report);
}

/* Root of the cell may have put it into a namespace of his own: then the kernel brings it back when that one ends,
 * soon after its last process. */
static int take_back(const CellPlan *c, int netns_fd) {
        const struct timespec pause = { .tv_nsec = 50 * 1000000L };
        int r = interface_take_back(c->device, netns_fd, &c->device_state);

        for (int i = 0; r == -ENODEV && i < TAKE_BACK_ATTEMPTS; i++) {
                (void) nanosleep(&pause, NULL);
                r = interface_take_back(c->device, netns_fd, &c->device_state);
        }
        return r;
}

/* One that was never lent is as it was, or as its owner has made it since. */
static int give_back(const CellPlan *c, int netns_fd) {
        InterfaceState now;
        int r;

        if (netns_fd < 0 && interface_read(c->device, &now) >= 0)
                return 0;
        r = take_back(c, netns_fd);
        if (r != -ENODEV)
                return r;
        log_warning("Interface %s of cell %s is nowhere any more, not giving it back", c->device, c->cell.id);
        return 0;
}

int builder_inner_remove(const CellPlan *c, JobReport *report) {
        NetworkMode mode = c->cell.policy->network_mode;
        _cleanup_(close_fdp) int netns_fd = -EBADF;
        _cleanup_(freep) char *path = pin_path(c);
        GuardedLink guarded;
        int r = path ? netns_enter_host_mounts() : -ENOMEM;

        if (r >= 0) {
                netns_fd = netns_open_pinned(path);
                r = netns_fd == -ENOENT ? 0 : MIN(netns_fd, 0);
        }
        if (r >= 0 && mode == NETWORK_INTERFACE)
                r = give_back(c, netns_fd);
        else if (r >= 0 && netns_fd >= 0)
                r = inner_link_remove(netns_fd);
        if (r >= 0 && mode == NETWORK_MACVLAN) { /* after the link: what is left of it stays pinned down */
                builder_describe_link(c, &guarded);
                r = link_guard_remove(c->table, &guarded);
                if (r == -EOPNOTSUPP)
                        r = 0; /* there never was one */
        }
        if (r >= 0)
                r = netns_unpin(path);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NETWORK, r, mode != NETWORK_INTERFACE ?
                             "the cell's interface on %s can't be removed" : r == -EEXIST ?
                             "interface %s can't be given back, since the host has another one of that name: "
                             "rename it" :
                             "interface %s can't be given back", c->device);
        return r;
}

/* Without a record nothing is known of the interface but its name. */
static int sweep_pin(const char *path, const char *name) {
        _cleanup_(close_fdp) int netns_fd = netns_open_pinned(path);
        int r = 0;

        if (netns_fd >= 0)
                r = name ? interface_take_back(name, netns_fd, NULL) : inner_link_remove(netns_fd);
        if (r < 0 && r != -ENODEV)
                return r;
        if (name && netns_fd >= 0)
                log_warning("Gave back interface %s of a cell of which there is no record", name);
        return netns_unpin(path);
}

unsigned builder_inner_sweep(const char *runtime_dir, bool (*is_known)(const char *id, void *userdata),
                             void *userdata) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_(freep) char *dir = NULL;
        struct dirent *e;
        unsigned n = 0;

        if (asprintf(&dir, "%s/" BUILDER_PINS_DIR, runtime_dir) < 0) {
                dir = NULL;
                return 0;
        }
        if (netns_enter_host_mounts() < 0)
                return 0;
        d = opendir(dir);
        while (d && (e = readdir(d))) {
                _cleanup_(freep) char *path = NULL;
                char id[LOGIN_ID_MAX];
                size_t length = strcspn(e->d_name, ".");

                if (length == 0 || length >= sizeof(id) || asprintf(&path, "%s/%s", dir, e->d_name) < 0)
                        continue;
                (void) snprintf(id, sizeof(id), "%.*s", (int) length, e->d_name);
                if (!is_known(id, userdata))
                        n += sweep_pin(path, e->d_name[length] ? e->d_name + length + 1 : NULL) >= 0;
        }
        return n;
}
