/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus/contract.h"
#include "manager/cells/placement.h"
#include "manager/daemon/reload.h"
#include "manager/cells/table.h"
#include "manager/daemon/traffic.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"
#include "manager/doors/bus-server.h"
#include "manager/doors/find-bus.h"
#include "manager/doors/policy-bus.h"

/* --- properties -------------------------------------------------------------------------- */

static uint64_t count_cells(const Peer *p) {
        uint64_t n = 0;

        for (const Cell *c = p->manager->table.cells; c; c = c->hh.next)
                n += cell_bus_may_see(p, c);
        return n;
}

static uint64_t count_sessions(const Peer *p) {
        uint64_t n = 0;

        for (const Session *s = p->manager->table.sessions; s; s = s->hh.next)
                n += session_bus_may_see(p, s);
        return n;
}

/* Others than root get the numbers of what is theirs; of what is nobody's, none. */
static uint64_t for_root(const Peer *p, uint64_t number) {
        return access_may_administer(p->uid) ? number : LIMIT_NONE;
}

BUS_OBJECT_GETTER(get_version, const Peer, p, "s", CONFINE_VERSION);
BUS_OBJECT_GETTER(get_instance, const Peer, p, "s", p->manager->config.instance);
BUS_OBJECT_GETTER(get_pid, const Peer, p, "t", (uint64_t) getpid());
BUS_OBJECT_GETTER(get_n_cells, const Peer, p, "t", count_cells(p));
BUS_OBJECT_GETTER(get_n_sessions, const Peer, p, "t", count_sessions(p));
BUS_OBJECT_GETTER(get_n_policies, const Peer, p, "t", for_root(p, policy_set_size(p->manager->policies)));
BUS_OBJECT_GETTER(get_n_jobs, const Peer, p, "t", for_root(p, jobs_count(p->manager->jobs)));
BUS_OBJECT_GETTER(get_n_logins, const Peer, p, "t", for_root(p, p->manager->n_logins));
BUS_OBJECT_GETTER(get_n_denied, const Peer, p, "t", for_root(p, p->manager->n_denied));
BUS_OBJECT_GETTER(get_network_ready, const Peer, p, "b", p->manager->network_ready);

/* What is damaged of the network and can't be repaired, or not yet. */
static int get_troubles(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Peer *peer = userdata;
        const Manager *m = peer->manager;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "s");
        if (r >= 0 && m->trouble && access_may_administer(peer->uid))
                r = sd_bus_message_append(reply, "s", m->trouble);
        for (size_t i = 0; m->overlaps && m->overlaps[i] && r >= 0 && peer->uid == 0; i++)
                r = sd_bus_message_append(reply, "s", m->overlaps[i]);
        for (const Cell *c = m->table.cells; c && r >= 0 && peer->uid == 0; c = c->hh.next) {
                char line[512];

                (void) snprintf(line, sizeof(line), "cell %s: %s", c->id, c->trouble ?: "its network is being repaired");
                if (c->trouble || c->damaged)
                        r = sd_bus_message_append(reply, "s", line);
                (void) snprintf(line, sizeof(line), "cell %s: %s", c->id, c->groups_trouble ?: "");
                if (c->groups_trouble && r >= 0)
                        r = sd_bus_message_append(reply, "s", line);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* "cpu": "v1 /sys/fs/cgroup/cpu" */
static int get_controllers(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Manager *m = ((Peer *) userdata)->manager;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (int c = 0; c < _CONTROLLER_MAX && r >= 0; c++) {
                const Hierarchy *h = hierarchies_find(m->hierarchies, c);
                char text[512] = "absent";

                if (h)
                        (void) snprintf(text, sizeof(text), "v%u %s", h->version, h->mount_path);
                r = sd_bus_message_append(reply, "{ss}", controller_to_string(c), text);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_diags(const PolicyDiags *diags, sd_bus_message *reply) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sussbs)");
        for (size_t i = 0; i < diags->n_items && r >= 0; i++) {
                const PolicyDiag *d = &diags->items[i];
                _cleanup_(freep) char *line = policy_diag_to_string(d);

                r = sd_bus_message_append(reply, "(sussbs)", d->file ?: "", (uint32_t) d->line, d->section ?: "",
                                          d->key ?: "", (int) d->warning, line ?: d->message);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_diagnostics(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Peer *p = userdata;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        return append_diags(access_may_administer(p->uid) ? &p->manager->diags : &(PolicyDiags) {}, reply);
}

/* Policies that can't be used at all: whom they are for is refused. */
static int get_refused(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Peer *p = userdata;
        const PolicySet *set = p->manager->policies;
        size_t n = access_may_administer(p->uid) ? policy_set_n_refused(set) : 0;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(reply, "s", policy_set_get_refused(set, i)->name);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* --- methods ----------------------------------------------------------------------------- */

static int reply_path(sd_bus_message *m, const Peer *p, BusObjectKind kind, const char *unknown, sd_bus_error *error) {
        _cleanup_(freep) char *path = NULL;
        const char *id;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r < 0)
                return r;
        if (!bus_object_by_id(p, kind, id))
                return sd_bus_error_setf(error, unknown, "There is no %s \"%s\"",
                                         kind == BUS_OBJECT_CELL ? "cell" : "session", id);
        path = bus_object_path(kind, id);
        return path ? sd_bus_reply_method_return(m, "o", path) : -ENOMEM;
}

static int method_get_cell(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return reply_path(m, userdata, BUS_OBJECT_CELL, BUS_ERROR_NO_SUCH_CELL, error);
}

static int method_get_session(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return reply_path(m, userdata, BUS_OBJECT_SESSION, BUS_ERROR_NO_SUCH_SESSION, error);
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Peer *p = userdata;
        int r;

        if (!access_may_administer(p->uid))
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, ACCESS_REFUSED);
        r = manager_reload(p->manager);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_diags(&p->manager->diags, reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_texts(sd_bus_message *reply, const Policy *policy, const Placement *p) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (int i = 0; i < 2 && r >= 0 && p; i++) {
                const IpPrefix *a = i == 0 ? &p->address4 : &p->address6;
                char text[PREFIX_STRING_MAX];

                if (a->family != AF_UNSPEC)
                        r = sd_bus_message_append(reply, "s", prefix_to_string(a, text));
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < policy->n_ports && r >= 0 && p; i++) {
                char text[POLICY_PORT_STRING_MAX];

                r = sd_bus_message_append(reply, "s", policy_port_to_string(&policy->ports[i], text));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* (unit, policy, network mode, state, why it failed, addresses, ports) */
static int append_service(sd_bus_message *reply, const char *unit, const Policy *policy, const Placement *p) {
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sssssasas");
        if (r >= 0)
                r = sd_bus_message_append(reply, "sssss", unit, policy->name,
                                          network_mode_to_string(policy->network_mode),
                                          p ? placement_state_to_string(p->state) :
                                                  policy->mode == POLICY_OBSERVE ? "observed" : "ready",
                                          p ? p->why : "");
        if (r >= 0)
                r = append_texts(reply, p ? p->policy : policy, p);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* What the policies place, and what goes because they don't any more. Services are nobody's but root's. */
static int method_list_services(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Manager *manager = ((Peer *) userdata)->manager;
        bool all = access_may_administer(((Peer *) userdata)->uid);
        int r;

        (void) error;
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sssssasas)");
        for (size_t i = 0; i < policy_set_size(manager->policies) && r >= 0 && all; i++) {
                const Policy *policy = policy_set_get(manager->policies, i);
                const MatchList *units = &policy->match[MATCH_UNIT];

                for (size_t k = 0; k < units->n_values && r >= 0; k++) {
                        const char *unit = units->values[k].text;
                        const Placement *p;

                        HASH_FIND_STR(manager->placements.items, unit, p);
                        if (policy_set_pick_unit(manager->policies, unit) == policy)
                                r = append_service(reply, unit, policy, p);
                }
        }
        for (const Placement *p = manager->placements.items; p && r >= 0 && all; p = p->hh.next)
                if (!policy_set_pick_unit(manager->policies, p->unit))
                        r = append_service(reply, p->unit, p->policy, p);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ListTraffic(): a(ssuttsxsb) policy, user ("": all), uid, used, maximum, period, its beginning in seconds since
 * 1970, what happens then, whether it does; what the peer may see of it. */
static int method_list_traffic(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Volume *v = NULL;
        const Peer *p = userdata;
        TrafficStatus t;
        int r;

        (void) error;
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssuttsxsb)");
        while (r >= 0 && (v = traffic_next(p->manager, v, &t)))
                if (access_may_see(p->uid, t.uid))
                        r = sd_bus_message_append(reply, "(ssuttsxsb)", t.policy, t.user ?: "", (uint32_t) t.uid,
                                                  t.used_bytes, t.limit.bytes, period_to_string(t.limit.period), t.begin,
                                                  t.slow ? "slow" : "deny", (int) t.used_up);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Instance", "s", get_instance, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PID", "t", get_pid, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NCells", "t", get_n_cells, 0, 0),
        SD_BUS_PROPERTY("NSessions", "t", get_n_sessions, 0, 0),
        SD_BUS_PROPERTY("NPolicies", "t", get_n_policies, 0, 0),
        SD_BUS_PROPERTY("NJobs", "t", get_n_jobs, 0, 0),
        SD_BUS_PROPERTY("NLogins", "t", get_n_logins, 0, 0),
        SD_BUS_PROPERTY("NDenied", "t", get_n_denied, 0, 0),
        SD_BUS_PROPERTY("NetworkReady", "b", get_network_ready, 0, 0),
        SD_BUS_PROPERTY("Troubles", "as", get_troubles, 0, 0),
        SD_BUS_PROPERTY("Controllers", "a{ss}", get_controllers, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("RefusedPolicies", "as", get_refused, 0, 0),
        SD_BUS_PROPERTY("Diagnostics", "a(sussbs)", get_diagnostics, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("GetCell", SD_BUS_ARGS("s", id), SD_BUS_RESULT("o", cell), method_get_cell,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetSession", SD_BUS_ARGS("s", id), SD_BUS_RESULT("o", session),
                                method_get_session, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("FindCells", SD_BUS_ARGS("s", cell_session_user_or_policy),
                                SD_BUS_RESULT("ao", cells), find_bus_cells, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListPolicies", NULL, SD_BUS_RESULT("a(ssssbbu)", policies),
                                policy_bus_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetPolicy", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a(ssssu)", values),
                                policy_bus_get, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", user, "s", service, "s", tty, "s", remote_host),
                                SD_BUS_RESULT("a(ss)", skipped, "s", policy, "a(ssssu)", values, "s", refused),
                                policy_bus_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListTraffic", NULL, SD_BUS_RESULT("a(ssuttsxsb)", volumes), method_list_traffic,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListServices", NULL, SD_BUS_RESULT("a(sssssasas)", services),
                                method_list_services, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ExplainUnit", SD_BUS_ARGS("s", unit),
                                SD_BUS_RESULT("a(ss)", skipped, "s", policy, "a(ssssu)", values, "s", refused),
                                policy_bus_explain_unit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", NULL, SD_BUS_RESULT("a(sussbs)", diagnostics), method_reload,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("CellNew", SD_BUS_ARGS("s", id, "o", cell), 0),
        SD_BUS_SIGNAL_WITH_ARGS("CellRemoved", SD_BUS_ARGS("s", id, "o", cell), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SessionNew", SD_BUS_ARGS("s", id, "o", session), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SessionRemoved", SD_BUS_ARGS("s", id, "o", session), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Denied", SD_BUS_ARGS("u", uid, "s", user, "s", service, "s", message), 0),
        SD_BUS_VTABLE_END,
};

int manager_bus_attach(Peer *p) {
        return sd_bus_add_object_vtable(p->bus, NULL, BUS_PATH, BUS_MANAGER_INTERFACE, manager_vtable, p);
}
