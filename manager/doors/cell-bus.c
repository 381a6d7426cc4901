/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "bus/contract.h"
#include "cgroups/usage.h"
#include "manager/cells/adjust.h"
#include "manager/cells/builder.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"
#include "manager/doors/bus-server.h"
#include "manager/doors/cell-net.h"
#include "policies/policy-keys.h"
#include "policies/policy-view.h"

#define PIDS_MAX 4096

/* --- properties -------------------------------------------------------------------------- */

static int get_control_group(sd_bus *bus, const char *path, const char *interface, const char *property,
                             sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        char group[GROUP_PATH_MAX];
        CellPlan plan;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        cell_plan(userdata, &plan);
        plan.driver->group(&plan.cell, group);
        return sd_bus_message_append(reply, "s", group);
}

static const char *state_to_string(const Cell *c) {
        if (c->state != CELL_LIVE)
                return cell_state_to_string(c->state);
        return c->trouble || c->groups_trouble ? "broken" : c->frozen ? "frozen" : cell_state_to_string(c->state);
}

BUS_OBJECT_GETTER(get_array, const char, text, "s", text); /* the characters are in the Cell itself */
BUS_OBJECT_GETTER(get_state, const Cell, c, "s", state_to_string(c));
BUS_OBJECT_GETTER(get_hostname, const Cell, c, "s", c->hostname ?: c->host->host_name);
BUS_OBJECT_GETTER(get_policy, Policy *const, p, "s", (*p)->name);
BUS_OBJECT_GETTER(get_scope, Policy *const, p, "s", cell_scope_to_string((*p)->scope));
BUS_OBJECT_GETTER(get_network_mode, Policy *const, p, "s", network_mode_to_string((*p)->network_mode));

/* What of its record this version does not know. */
static int get_unknown(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "s");
        if (r >= 0 && c->obscure)
                r = sd_bus_message_append(reply, "s", "its record");
        if (r >= 0 && c->unattended)
                r = sd_bus_message_append(reply, "s", "its sessions");
        for (char **line = c->kept; line && *line && r >= 0; line++)
                r = sd_bus_message_append(reply, "s", *line);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* All usage of a cell is read at once and serves the properties that are asked for in the same turn of the
 * loop. */
static Usage *read_usage(Cell *c) {
        static Usage usage;
        static char id[LOGIN_ID_MAX];
        static uint64_t when;
        CellPlan plan;
        uint64_t now;

        (void) sd_event_now(c->host->event, CLOCK_MONOTONIC, &now);
        if (now != when || strcmp(id, c->id) != 0) {
                cell_plan(c, &plan);
                if (plan.driver->usage(&plan.cell, &usage) < 0)
                        memset(&usage, 0xff, sizeof(usage));
                (void) strcpy(id, c->id);
                when = now;
        }
        return &usage;
}

static int find_usage(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                      sd_bus_error *error) {
        int r = bus_object_find(bus, path, interface, userdata, ret, error);

        if (r > 0)
                *ret = read_usage(*ret);
        return r;
}

/* Without pid 1. */
BUS_OBJECT_GETTER(get_tasks, const uint64_t, n, "t", *n == UINT64_MAX || *n == 0 ? *n : *n - 1);

static int find_limits(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                       sd_bus_error *error) {
        int r = bus_object_find(bus, path, interface, userdata, ret, error);

        if (r > 0)
                *ret = &((Cell *) *ret)->policy->cell;
        return r;
}

static int get_addresses(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        const IpPrefix *const addresses[] = { &c->address4, &c->address6 };
        char text[PREFIX_STRING_MAX];
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < ELEMENTSOF(addresses) && r >= 0; i++)
                if (addresses[i]->family != AF_UNSPEC)
                        r = sd_bus_message_append(reply, "s", prefix_to_string(addresses[i], text));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_sessions(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        const Session *s;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "s");
        LIST_FOREACH(s, &c->sessions, entry)
                if (r >= 0)
                        r = sd_bus_message_append(reply, "s", s->id);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_namespaces(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "{st}");
        for (int i = 0; i < _LOGIN_NS_MAX && r >= 0; i++)
                if (c->inodes[i] != 0)
                        r = sd_bus_message_append(reply, "{st}", login_namespaces[i].name, c->inodes[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* What SetProperties takes, as text that a policy file takes. */
static int get_limits(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (size_t i = 0; i < n_policy_keys && r >= 0; i++) {
                _cleanup_(freep) char *value = NULL;

                if (!policy_keys[i].parse ||
                    strcmp(policy_keys[i].section, policy_key_live_section(policy_keys[i].name)) != 0)
                        continue;
                value = policy_keys[i].format(&policy_keys[i], c->policy);
                if (!value)
                        return -ENOMEM;
                r = sd_bus_message_append(reply, "{ss}", policy_keys[i].name, value);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_view(const char *how, const char *what, const char *key, void *userdata) {
        return sd_bus_message_append(userdata, "(sss)", how, what, key);
}

static int get_view(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        int r;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        r = sd_bus_message_open_container(reply, 'a', "(sss)");
        if (r >= 0)
                r = policy_view(c->policy, append_view, reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* --- methods ----------------------------------------------------------------------------- */

static int refuse(sd_bus_error *error) {
        return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, ACCESS_REFUSED);
}

static void run_kill(void *userdata, JobReport *report, JobText *text) {
        const BusCall *call = userdata;
        Cell *c = table_find_cell(&call->manager->table, call->cell);
        CellPlan plan;

        (void) text;
        cell_plan(c, &plan);
        /* only the owner comes so far, who has other ids in a user namespace */
        builder_signal(&plan, c->init_pid, call->argument, call->uid == 0 ? 0 : c->first_id + call->uid, report);
}

static int reply_kill(sd_bus_message *m, const JobReport *report, BusCall *call) {
        (void) call;
        return sd_bus_reply_method_return(m, "u", (uint32_t) report->numbers[0]);
}

static int refuse_unless_live(const Cell *c, sd_bus_error *error) {
        return c->state == CELL_LIVE ? 0 :
                sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_CELL, "Cell %s is %s", c->id, cell_state_to_string(c->state));
}

static int start(sd_bus_message *m, Cell *c, job_run_t run, const BusCall *call, sd_bus_error *error) {
        int r = refuse_unless_live(c, error);

        return r < 0 ? r : bus_call_start(bus_object_peer(m), m, c, run, call);
}

static int adjust(sd_bus_message *m, Cell *c, AdjustKind kind, char *const *assignments, sd_bus_error *error) {
        int r = refuse_unless_live(c, error);

        return r < 0 ? r : bus_call_adjust(bus_object_peer(m), m, c, kind, assignments);
}

static int method_freeze(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        bool freeze = strcmp(sd_bus_message_get_member(m), "Freeze") == 0;

        if (!access_may_administer(bus_object_peer(m)->uid))
                return refuse(error);
        return adjust(m, userdata, freeze ? ADJUST_FREEZE : ADJUST_THAW, NULL, error);
}

static int method_kill(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BusCall call = { .reply = reply_kill };
        int r;

        r = sd_bus_message_read(m, "i", &call.argument);
        if (r < 0)
                return r;
        if (call.argument < 0 || call.argument > 64)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "%d is no signal", call.argument);
        return start(m, userdata, run_kill, &call, error);
}

static int method_set_properties(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(strv_freep) char **assignments = NULL;
        _cleanup_(policy_unrefp) Policy *changed = NULL;
        _cleanup_(freep) char *message = NULL;
        Cell *c = userdata;
        int runtime, r;

        if (!access_may_administer(bus_object_peer(m)->uid))
                return refuse(error);
        r = sd_bus_message_read(m, "b", &runtime);
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &assignments);
        if (r >= 0)
                r = adjust_policy(c, assignments, &changed, &message);
        if (message)
                return sd_bus_error_set(error, BUS_ERROR_BAD_PROPERTY, message);
        return r < 0 ? r : adjust(m, c, runtime ? ADJUST_LIMITS_RUNTIME : ADJUST_LIMITS, assignments, error);
}

static int method_terminate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Peer *p = bus_object_peer(m);

        (void) error;
        cell_end(userdata, p->uid == 0 ? "terminated by the administrator" : "terminated by its user");
        return sd_bus_reply_method_return(m, NULL);
}

static int method_get_network(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BusCall call = { .reply = cell_net_reply_status };

        return start(m, userdata, cell_net_run_status, &call, error);
}

static int method_test_network(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return cell_net_test(m, bus_object_peer(m), userdata, error);
}

static int method_get_processes(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        pid_t pids[PIDS_MAX];
        CellPlan plan;
        ssize_t n;
        int r;

        (void) error;
        cell_plan(userdata, &plan);
        n = plan.driver->list(&plan.cell, pids, ELEMENTSOF(pids));
        if (n < 0)
                return (int) n;
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(us)");
        for (ssize_t i = 0; i < n && r >= 0; i++) {
                _cleanup_(freep) char *name = NULL;
                char path[64];

                (void) snprintf(path, sizeof(path), "/proc/%d/comm", (int) pids[i]);
                if (fd_read_file_at(AT_FDCWD, path, 64, &name) < 0)
                        continue;
                name[strcspn(name, "\n")] = '\0';
                for (char *k = name; *k; k++) /* D-Bus wants UTF-8, a process's name is anything */
                        if ((unsigned char) *k < 0x20 || (unsigned char) *k >= 0x7f)
                                *k = '?';
                r = sd_bus_message_append(reply, "(us)", (uint32_t) pids[i], name);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Four vtables of one interface: each one's offsets are from what it finds. */
static const sd_bus_vtable cell_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", get_array, offsetof(Cell, id), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Policy", "s", get_policy, offsetof(Cell, policy), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Scope", "s", get_scope, offsetof(Cell, policy), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("User", "s", NULL, offsetof(Cell, user), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("UID", "u", NULL, offsetof(Cell, uid), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_state, 0, 0),
        SD_BUS_PROPERTY("Created", "t", NULL, offsetof(Cell, created_usec), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Hostname", "s", get_hostname, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NetworkMode", "s", get_network_mode, offsetof(Cell, policy), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NetworkOf", "s", get_array, offsetof(Cell, network_of), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Interface", "s", get_array, offsetof(Cell, device), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Link", "s", get_array, offsetof(Cell, link), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Addresses", "as", get_addresses, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("InitPID", "u", NULL, offsetof(Cell, init_pid), 0),
        SD_BUS_PROPERTY("Namespaces", "a{st}", get_namespaces, 0, 0),
        SD_BUS_PROPERTY("ControlGroup", "s", get_control_group, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Sessions", "as", get_sessions, 0, 0),
        SD_BUS_PROPERTY("NSessions", "u", NULL, offsetof(Cell, n_sessions), 0),
        SD_BUS_PROPERTY("Unknown", "as", get_unknown, 0, 0),
        SD_BUS_PROPERTY("View", "a(sss)", get_view, 0, 0),
        SD_BUS_PROPERTY("Limits", "a{ss}", get_limits, 0, 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable limits_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("MemoryMax", "t", NULL, offsetof(Resources, memory_max_bytes), 0),
        SD_BUS_PROPERTY("TasksMax", "t", NULL, offsetof(Resources, tasks_max), 0),
        SD_BUS_PROPERTY("CPUQuotaPermille", "t", NULL, offsetof(Resources, cpu_quota_permille), 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable usage_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("CPUUsageUSec", "t", NULL, offsetof(Usage, cpu_usec), 0),
        SD_BUS_PROPERTY("CPUThrottledUSec", "t", NULL, offsetof(Usage, throttled_usec), 0),
        SD_BUS_PROPERTY("MemoryCurrent", "t", NULL, offsetof(Usage, memory_bytes), 0),
        SD_BUS_PROPERTY("MemoryPeak", "t", NULL, offsetof(Usage, memory_peak_bytes), 0),
        SD_BUS_PROPERTY("OOMKills", "t", NULL, offsetof(Usage, oom_kills), 0),
        SD_BUS_PROPERTY("TasksCurrent", "t", get_tasks, offsetof(Usage, tasks), 0),
        SD_BUS_PROPERTY("TasksRefused", "t", NULL, offsetof(Usage, tasks_refused), 0),
        SD_BUS_PROPERTY("IOReadBytes", "t", NULL, offsetof(Usage, io_read_bytes), 0),
        SD_BUS_PROPERTY("IOWriteBytes", "t", NULL, offsetof(Usage, io_write_bytes), 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable methods_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("SetProperties", SD_BUS_ARGS("b", runtime, "as", assignments), NULL,
                                method_set_properties, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Freeze", NULL, NULL, method_freeze, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Thaw", NULL, NULL, method_freeze, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_RESULT("u", n_processes), method_kill,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Terminate", NULL, NULL, method_terminate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetProcesses", NULL, SD_BUS_RESULT("a(us)", processes), method_get_processes,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetNetwork", NULL, SD_BUS_RESULT("s", json), method_get_network,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TestNetwork", SD_BUS_ARGS("s", protocol, "s", address, "u", port),
                                SD_BUS_RESULT("b", passes, "a(ssbsssus)", steps), method_test_network,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int cell_bus_attach(Peer *p) {
        static const struct {
                const sd_bus_vtable *vtable;
                sd_bus_object_find_t find;
        } parts[] = {
                { cell_vtable, bus_object_find },
                { limits_vtable, find_limits },
                { usage_vtable, find_usage },
                { methods_vtable, bus_object_find },
        };
        int r = bus_object_add_enumerator(p, BUS_OBJECT_CELL);

        for (size_t i = 0; i < ELEMENTSOF(parts) && r >= 0; i++)
                r = bus_object_add_vtable(p, BUS_OBJECT_CELL, parts[i].vtable, parts[i].find);
        return r;
}
