/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A placement outlives the manager: its record, its pinned namespace and its link stay when the manager stops,
 * and the next one finds them. So its job makes only what is missing, and may run at any time.
 *
 * A new address takes a new link in the same namespace: the service need not be started again. */

#include "manager/cells/placement.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/notices.h"
#include "manager/cells/placement-parts.h"
#include "manager/work/state.h"

#define RESOLV_DIR "resolv"
#define MAKE_TIMEOUT_USEC (15 * USEC_PER_SEC)
#define REMOVE_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define RETRY_USEC (5 * USEC_PER_SEC)

static const char *const state_names[] = { "making", "ready", "failed", "leaving" };

const char *placement_state_to_string(PlacementState s) {
        return s < 0 || s >= _PLACEMENT_STATE_MAX ? NULL : state_names[s];
}

/* --- what there is of before ---------------------------------------------------------------- */

static Placement *placement_free(Placement *p) {
        if (!p)
                return NULL;
        job_cancel(p->job);
        sd_event_source_disable_unref(p->retry_source);
        policy_unref(p->policy);
        free(p->unit);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(Placement *, placement_free);

static Placement *alloc_placement(Placements *all, const char *unit) {
        _cleanup_(placement_freep) Placement *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->all = all;
        p->unit = strdup(unit);
        return p->unit ? TAKE_PTR(p) : NULL;
}

static void release_address(Placement *p, IpPrefix *address) {
        if (address->family != AF_UNSPEC)
                pool_release(p->all->pool, address);
        *address = (IpPrefix) {};
}

/* Gives back what it has of the host's addresses. */
static void release(Placement *p) {
        release_address(p, &p->address4);
        release_address(p, &p->address6);
        p->gateway4 = p->gateway6 = (IpPrefix) {};
}

static void release_old(Placement *p) {
        p->old_link[0] = '\0';
        release_address(p, &p->old_address4);
        release_address(p, &p->old_address6);
}

static void claim(Placements *all, IpPrefix *address) {
        if (address->family != AF_UNSPEC && pool_claim(all->pool, address) < 0)
                *address = (IpPrefix) {};
}

static int restore(const char *unit, void *userdata) {
        Placements *all = userdata;
        _cleanup_(placement_freep) Placement *p = alloc_placement(all, unit);
        int r;

        if (!p)
                return -ENOMEM;
        r = policy_unit_name_valid(unit) ?
                placement_record_read(p) : -EBADMSG;
        if (r >= 0 && !p->policy)
                r = -EBADMSG;
        if (r == -ENOMEM)
                return r;
        if (r == -EBADMSG && p->policy && *p->link) { /* the policies say again what else it should be */
                log_warning("The record of service %s is unusable, keeping its link %s", unit, p->link);
                p->policy->egress_deny = true;
                p->policy->ingress_allow = false;
                r = 0;
        }
        if (r < 0) {
                log_warning_errno(r, "The record of service %s is unusable, dropping it: %m", unit);
                (void) unlinkat(all->fd, unit, 0);
                return 0;
        }
        claim(all, &p->address4);
        claim(all, &p->address6);
        claim(all, &p->old_address4);
        claim(all, &p->old_address6);
        HASH_ADD_KEYPTR(hh, all->items, p->unit, strlen(p->unit), p);
        if (!hash_has(p))
                return -ENOMEM;
        p = NULL;
        return 0;
}

int placements_read(Placements *all) {
        return record_for_each(all->fd, restore, all);
}

/* --- states ------------------------------------------------------------------------------ */

/* For what has changed while a job ran, or may succeed by now. May free placements. */
static void look_again(Placements *all) {
        if (placements_update(all))
                notices_post(all->notices, NOTICE_FIREWALL_CHANGED, NULL, NULL, NULL);
        placements_start(all);
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata) {
        Placement *p = userdata;
        Placements *all = p->all;

        (void) s, (void) usec;
        p->retry_source = sd_event_source_disable_unref(p->retry_source);
        look_again(all);
        return 0;
}

static void retry(Placement *p) {
        int r;

        if (p->retry_source)
                return;
        r = sd_event_add_time_relative(p->all->event, &p->retry_source, CLOCK_MONOTONIC, RETRY_USEC, 0,
                                       on_retry, p);
        if (r < 0)
                log_error_errno(r, "Cannot schedule another try for service %s: %m", p->unit);
}

static void fail(Placement *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says the same only once. */
static void fail(Placement *p, const char *format, ...) {
        char why[sizeof(p->why)];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(why, sizeof(why), format, ap);
        va_end(ap);
        if (strcmp(why, p->why) != 0)
                log_error("Service %s (policy %s): %s; %s", p->unit, p->policy->name, why,
                          *p->link ? "its network stays as it is" : "without a network it can't start");
        (void) strcpy(p->why, why);
        p->state = PLACEMENT_FAILED;
        retry(p);
}

static void on_made(const JobReport *report, const char *text, void *userdata) {
        Placement *p = userdata;
        char address4[PREFIX_STRING_MAX] = "", address6[PREFIX_STRING_MAX] = "";

        (void) text;
        p->job = NULL;
        if (report->error < 0) {
                fail(p, "%.150s: %s", report->what, strerror(-report->error));
                return;
        }
        p->why[0] = '\0';
        if (*p->old_link || p->reach_changed) {
                release_old(p);
                p->reach_changed = false;
                (void) placement_save(p); /* else it is done once more after a restart */
        }
        if (p->state == PLACEMENT_MAKING)
                p->state = PLACEMENT_READY;
        if (p->address4.family != AF_UNSPEC)
                (void) prefix_to_string(&p->address4, address4);
        if (p->address6.family != AF_UNSPEC)
                (void) prefix_to_string(&p->address6, address6);
        log_info("Service %s (policy %s) has its network: %s%s%s", p->unit, p->policy->name, address4,
                 *address4 && *address6 ? " " : "", address6);
        look_again(p->all);
}

static void on_removed(const JobReport *report, const char *text, void *userdata) {
        Placement *p = userdata;
        Placements *all = p->all;

        (void) text;
        p->job = NULL;
        if (report->error < 0)
                log_warning_errno(report->error, "The network of service %s is not all gone, trying again: %m",
                                  p->unit);
        if (report->error < 0 || report->flags & PLACEMENT_IN_USE) {
                retry(p);
                return;
        }
        if (unlinkat(all->fd, p->unit, 0) < 0 && errno != ENOENT)
                log_warning_errno(errno, "Cannot remove the record of service %s: %m", p->unit);
        log_info("The network of service %s is gone", p->unit);
        release(p);
        release_old(p);
        HASH_DEL(all->items, p);
        placement_free(p);
        look_again(all);
}

static void start_job(Placement *p, bool make) {
        const JobSpec spec = {
                .name = make ? "make the network of a service" : "remove the network of a service",
                .uid = UID_INVALID,
                .timeout_usec = make ? MAKE_TIMEOUT_USEC : REMOVE_TIMEOUT_USEC,
                .run = make ? placement_run_make : placement_run_remove,
                .done = make ? on_made : on_removed,
                .userdata = p,
        };
        int r = job_start(p->all->jobs, &spec, &p->job);

        if (r < 0 && make)
                fail(p, "no job can be started: %s", strerror(-r));
        else if (r < 0)
                retry(p);
}

void placements_start(Placements *all) {
        Placement *p, *next;

        HASH_ITER(hh, all->items, p, next)
                if (!p->job && p->state == PLACEMENT_MAKING)
                        start_job(p, true);
                else if (!p->job && !p->retry_source && p->state == PLACEMENT_LEAVING)
                        start_job(p, false);
}

/* --- what policies want ------------------------------------------------------------------ */

static Policy *wanted_policy(const Placements *all, const char *unit) {
        Policy *p = policy_set_pick_unit(*all->policies, unit);

        return p && p->mode == POLICY_ENFORCE && p->network_mode == NETWORK_ROUTED ? p : NULL;
}

static const IpPrefix *fixed_address(const Policy *policy, int family) {
        for (size_t i = 0; i < policy->n_addresses && policy->address_mode == ADDRESS_FIXED; i++)
                if (policy->addresses[i].family == family)
                        return &policy->addresses[i];
        return NULL;
}

/* Would the policy give this address, too? */
static bool address_fits(const Policy *policy, int family, const IpPrefix *address, const IpPrefix *gateway) {
        const IpPrefix *fixed = fixed_address(policy, family);

        if (fixed && !prefix_equal(fixed, address))
                return false;
        for (size_t i = 0; i < policy->n_pools; i++) {
                IpPrefix other;

                if (policy->pools[i].family == family)
                        return prefix_contains(&policy->pools[i], address) &&
                                pool_gateway(&policy->pools[i], &other) >= 0 &&
                                prefix_equal(&other, gateway);
        }
        return address->family == AF_UNSPEC;
}

static int choose_addresses(Placement *p, const Policy *policy) {
        char id[RECORD_ID_SIZE];
        int r;

        for (size_t i = 0; i < policy->n_pools; i++) {
                const IpPrefix *pool = &policy->pools[i], *fixed = fixed_address(policy, pool->family);
                bool v4 = pool->family == AF_INET;
                IpPrefix address;

                r = fixed ? pool_claim(p->all->pool, fixed) : pool_acquire(p->all->pool, pool, &address);
                if (r < 0)
                        return r;
                *(v4 ? &p->address4 : &p->address6) = fixed ? *fixed : address;
                r = pool_gateway(pool, v4 ? &p->gateway4 : &p->gateway6);
                if (r < 0)
                        return r;
        }
        r = record_choose_id('u', id);
        if (r < 0)
                return r;
        (void) snprintf(p->link, sizeof(p->link), "%s%.*s", p->all->link_prefix, 8, id + 1);
        return 0;
}

const Placement *placements_find_port(const Placements *all, const Policy *policy, const PolicyPort **ret_port) {
        for (const Placement *p = all->items; p; p = p->hh.next) {
                const PolicyPort *port = *p->link ? policy_ports_collide(policy, p->policy) : NULL;

                if (port) {
                        *ret_port = port;
                        return p;
                }
        }
        return NULL;
}

/* True if the ports of `policy` are free for it; else it has failed. */
static bool check_ports(Placement *p, const Policy *policy) {
        Placements *all = p->all;
        char text[POLICY_PORT_STRING_MAX];

        for (const Placement *o = all->items; o; o = o->hh.next) {
                const PolicyPort *port = o != p && *o->link ? policy_ports_collide(policy, o->policy) : NULL;

                if (port) {
                        fail(p, "port %s of the host is taken by service %s (policy %s)",
                             policy_port_to_string(port, text), o->unit, o->policy->name);
                        return false;
                }
        }
        for (const Cell *c = all->cells->cells; c; c = c->hh.next) {
                const PolicyPort *port = policy_ports_collide(policy, c->policy);

                if (port) {
                        fail(p, "port %s of the host is taken by cell %s (policy %s)",
                             policy_port_to_string(port, text), c->id, c->policy->name);
                        return false;
                }
        }
        return true;
}

/* One that is ready or leaving keeps what it has if the policy would give it the same. True: there is something
 * to make. */
static bool adopt(Placement *p, Policy *policy) {
        bool ports_changed = policy != p->policy;
        int r;

        if (p->job)
                return false; /* it looks again when that is done */
        if (*p->link && (!address_fits(policy, AF_INET, &p->address4, &p->gateway4) ||
                         !address_fits(policy, AF_INET6, &p->address6, &p->gateway6))) {
                if (*p->old_link) { /* that one was never replaced */
                        release(p);
                } else {
                        (void) strcpy(p->old_link, p->link);
                        p->old_address4 = p->address4;
                        p->old_address6 = p->address6;
                        p->address4 = p->address6 = p->gateway4 = p->gateway6 = (IpPrefix) {};
                }
                p->link[0] = '\0';
        }
        if (p->state == PLACEMENT_READY && *p->link && !ports_changed)
                return false;
        if (!check_ports(p, policy)) {
                if (p->policy == policy || *p->link) /* it goes on as it was */
                        p->state = *p->link ? PLACEMENT_READY : PLACEMENT_FAILED;
                return false;
        }
        p->reach_changed = p->reach_changed || placement_reach_differs(p->policy, policy);
        policy_ref(policy);
        policy_unref(p->policy);
        p->policy = policy;
        if (!*p->link) {
                r = choose_addresses(p, policy);
                if (r < 0) {
                        release(p);
                        fail(p, "%s", r == -ENOSPC ? "no address is free in Pool=" :
                             r == -EADDRINUSE ? "the address of Address= is in use" : strerror(-r));
                        return false;
                }
        }
        p->retry_source = sd_event_source_disable_unref(p->retry_source);
        p->state = PLACEMENT_MAKING;
        r = placement_save(p);
        if (r < 0)
                fail(p, "it can't be recorded: %s", strerror(-r));
        return r >= 0;
}

static bool place(Placements *all, const char *unit, Policy *policy) {
        Placement *p;

        HASH_FIND_STR(all->items, unit, p);
        if (!p) {
                p = alloc_placement(all, unit);
                if (!p) {
                        log_error_errno(ENOMEM, "Cannot place service %s: %m", unit);
                        return false;
                }
                p->policy = policy_ref(policy);
                HASH_ADD_KEYPTR(hh, all->items, p->unit, strlen(p->unit), p);
                if (!hash_has(p)) {
                        placement_free(p);
                        log_error_errno(ENOMEM, "Cannot place service %s: %m", unit);
                        return false;
                }
        }
        return adopt(p, policy);
}

static void leave(Placement *p) {
        if (p->state == PLACEMENT_LEAVING)
                return;
        log_info("No policy places service %s any more: its network goes when nothing runs in it", p->unit);
        p->state = PLACEMENT_LEAVING;
        p->retry_source = sd_event_source_disable_unref(p->retry_source);
}

/* DNS= of a policy, for the drop-in to bind. */
static void write_resolv(Placements *all, const Policy *p) {
        char name[80], text[3 * (PREFIX_STRING_MAX + 16) + 128], address[PREFIX_STRING_MAX];
        size_t n;
        int r;

        n = (size_t) snprintf(text, sizeof(text), "# Made by confine: DNS= of policy %s\n", p->name);
        for (size_t i = 0; i < p->n_dns && i < 3; i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "nameserver %s\n",
                                       prefix_to_string(&p->dns[i], address));
        (void) snprintf(name, sizeof(name), RESOLV_DIR "/%s", p->name);
        r = fd_replace_file_at(all->runtime_fd, name, text, 0644, false);
        if (r < 0)
                log_error_errno(r, "Cannot write %s/%s: %m", all->runtime_dir, name);
}

bool placements_update(Placements *all) {
        Placement *p, *next;
        bool changed = false;

        HASH_ITER(hh, all->items, p, next)
                if (!wanted_policy(all, p->unit))
                        leave(p);
        for (size_t i = 0; i < policy_set_size(*all->policies); i++) {
                Policy *policy = policy_set_get(*all->policies, i);
                const MatchList *units = &policy->match[MATCH_UNIT];

                if (units->n_values > 0 && policy->network_mode == NETWORK_ROUTED && policy->n_dns > 0)
                        write_resolv(all, policy);
                for (size_t k = 0; k < units->n_values; k++)
                        if (wanted_policy(all, units->values[k].text) == policy)
                                changed = place(all, units->values[k].text, policy) || changed;
        }
        return changed;
}

bool placements_have(const Placements *all, const char *unit) {
        const Placement *p;

        HASH_FIND_STR(all->items, unit, p);
        return p;
}

bool placements_repair(Placements *all, const char *link) {
        bool any = false;

        for (Placement *p = all->items; p; p = p->hh.next) {
                if (p->state != PLACEMENT_READY || (link && strcmp(p->link, link) != 0))
                        continue;
                if (link)
                        log_warning("Interface %s of service %s was removed or set down; repairing it", link, p->unit);
                p->state = PLACEMENT_MAKING;
                any = true;
        }
        return any;
}

bool placements_pending(const Placements *all) {
        for (const Placement *p = all->items; p; p = p->hh.next)
                if (p->job && p->state == PLACEMENT_MAKING)
                        return true;
        return false;
}

void placements_free(Placements *all) {
        Placement *p, *next;

        HASH_ITER(hh, all->items, p, next) {
                HASH_DEL(all->items, p);
                placement_free(p);
        }
}

static int unlink_resolv(const char *name, void *userdata) {
        return unlinkat(*(int *) userdata, name, 0) < 0 ? -errno : 0;
}

void placements_remove(int runtime_fd) {
        _cleanup_(close_fdp) int fd = fd_open_beneath(runtime_fd, RESOLV_DIR, O_RDONLY | O_DIRECTORY, 0);
        static const char *const names[] = { "placements", PLACEMENT_NETNS_DIR, RESOLV_DIR };

        if (fd >= 0)
                (void) record_for_each(fd, unlink_resolv, &fd);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) unlinkat(runtime_fd, names[i], AT_REMOVEDIR); /* ENOTEMPTY: somebody else's */
}
