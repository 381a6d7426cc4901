/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "bus/contract.h"
#include "cgroups/usage.h"
#include "manager/cells/adjust.h"
#include "manager/cells/builder.h"
#include "manager/daemon/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-server.h"
#include "manager/doors/cell-net.h"
#include "policies/policy-keys.h"
#include "policies/policy-view.h"

#define PIDS_MAX 4096

char *cell_bus_path(const Cell *c) {
        char *path = NULL;

        return sd_bus_path_encode(BUS_CELL_PATH, c->id, &path) < 0 ? NULL : path;
}

static int find_cell(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                     sd_bus_error *error) {
        _cleanup_(freep) char *id = NULL;
        Peer *p = userdata;
        Cell *c;

        (void) bus, (void) interface, (void) error;
        if (sd_bus_path_decode(path, BUS_CELL_PATH, &id) <= 0)
                return 0;
        c = manager_find_cell(p->manager, id);
        if (!c || !cell_bus_may_see(p, c))
                return 0;
        *ret = c;
        return 1;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error) {
        _cleanup_(strv_freep) char **paths = NULL;
        Peer *p = userdata;

        (void) bus, (void) prefix, (void) error;
        for (Cell *c = p->manager->cells; c; c = c->hh.next) {
                _cleanup_(freep) char *path = NULL;

                if (!cell_bus_may_see(p, c))
                        continue;
                path = cell_bus_path(c);
                if (!path || strv_extend(&paths, path) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(paths);
        return 0;
}

/* --- properties -------------------------------------------------------------------------- */

static void cell_group(Cell *c, char ret[static GROUP_PATH_MAX]) {
        CellPlan plan;

        cell_plan(c, &plan);
        plan.driver->group(&plan.cell, ret);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        char group[GROUP_PATH_MAX];
        Cell *c = userdata;

        cell_group(c, group);
        const struct {
                const char *name, *value;
        } texts[] = {
                { "Id", c->id }, { "Policy", c->policy->name }, { "User", c->user ?: "" },
                { "Scope", cell_scope_to_string(c->policy->scope) },
                { "State", (c->trouble || c->groups_trouble) && c->state == CELL_LIVE ? "broken" : c->frozen && c->state == CELL_LIVE ? "frozen" : cell_state_to_string(c->state) },
                { "Hostname", c->hostname ?: c->host->host_name }, { "Link", c->link },
                { "NetworkMode", network_mode_to_string(c->policy->network_mode) },
                { "NetworkOf", c->network_of }, { "Interface", c->device },
                { "ControlGroup", group },
        };

        (void) bus, (void) path, (void) interface, (void) error;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (strcmp(property, texts[i].name) == 0)
                        return sd_bus_message_append(reply, "s", texts[i].value);
        return -ENOENT;
}

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

static int get_uint(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        uint32_t value = c->n_sessions;

        (void) bus, (void) path, (void) interface, (void) error;
        if (strcmp(property, "UID") == 0)
                value = c->uid;
        else if (strcmp(property, "InitPID") == 0)
                value = (uint32_t) c->init_pid;
        return sd_bus_message_append(reply, "u", value);
}

/* All usage of a cell is read at once and serves the properties that are asked for in the same turn of the
 * loop. */
static const Usage *read_usage(Cell *c) {
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

static int get_usage(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Usage *u = read_usage(userdata);
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                { "CPUUsageUSec", u->cpu_usec }, { "CPUThrottledUSec", u->throttled_usec },
                { "MemoryCurrent", u->memory_bytes }, { "MemoryPeak", u->memory_peak_bytes },
                { "OOMKills", u->oom_kills },
                { "TasksCurrent", u->tasks == UINT64_MAX || u->tasks == 0 ? u->tasks : u->tasks - 1 }, /* pid 1 */
                { "TasksRefused", u->tasks_refused }, { "IOReadBytes", u->io_read_bytes },
                { "IOWriteBytes", u->io_write_bytes },
        };

        (void) bus, (void) path, (void) interface, (void) error;
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (strcmp(property, numbers[i].name) == 0)
                        return sd_bus_message_append(reply, "t", numbers[i].value);
        return -ENOENT;
}

static int get_limit(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Cell *c = userdata;
        const Resources *r = &c->policy->cell;
        uint64_t value = c->created_usec;

        (void) bus, (void) path, (void) interface, (void) error;
        if (strcmp(property, "MemoryMax") == 0)
                value = r->memory_max_bytes;
        else if (strcmp(property, "TasksMax") == 0)
                value = r->tasks_max;
        else if (strcmp(property, "CPUQuotaPermille") == 0)
                value = r->cpu_quota_permille;
        return sd_bus_message_append(reply, "t", value);
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

/* A method's userdata is the cell; the vtable's own is the peer. */
static Peer *peer_of(sd_bus_message *m) {
        return sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(m)));
}

static int refuse(sd_bus_error *error) {
        return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, ACCESS_REFUSED);
}

static void run_kill(void *userdata, JobReport *report, JobText *text) {
        const BusCall *call = userdata;
        Cell *c = manager_find_cell(call->manager, call->cell);
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

        return r < 0 ? r : bus_call_start(peer_of(m), m, c, run, call);
}

static int adjust(sd_bus_message *m, Cell *c, AdjustKind kind, char *const *assignments, sd_bus_error *error) {
        int r = refuse_unless_live(c, error);

        return r < 0 ? r : bus_call_adjust(peer_of(m), m, c, kind, assignments);
}

static int method_freeze(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        bool freeze = strcmp(sd_bus_message_get_member(m), "Freeze") == 0;

        if (!access_may_administer(peer_of(m)->uid))
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

        if (!access_may_administer(peer_of(m)->uid))
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
        Peer *p = peer_of(m);

        (void) error;
        cell_end(userdata, p->uid == 0 ? "terminated by the administrator" : "terminated by its user");
        return sd_bus_reply_method_return(m, NULL);
}

static int method_get_network(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BusCall call = { .reply = cell_net_reply_status };

        return start(m, userdata, cell_net_run_status, &call, error);
}

static int method_test_network(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return cell_net_test(m, peer_of(m), userdata, error);
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

static const sd_bus_vtable cell_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Policy", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Scope", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("User", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("UID", "u", get_uint, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_text, 0, 0),
        SD_BUS_PROPERTY("Created", "t", get_limit, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Hostname", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NetworkMode", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NetworkOf", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Interface", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Link", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Addresses", "as", get_addresses, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("InitPID", "u", get_uint, 0, 0),
        SD_BUS_PROPERTY("Namespaces", "a{st}", get_namespaces, 0, 0),
        SD_BUS_PROPERTY("ControlGroup", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Sessions", "as", get_sessions, 0, 0),
        SD_BUS_PROPERTY("NSessions", "u", get_uint, 0, 0),
        SD_BUS_PROPERTY("Unknown", "as", get_unknown, 0, 0),
        SD_BUS_PROPERTY("View", "a(sss)", get_view, 0, 0),
        SD_BUS_PROPERTY("Limits", "a{ss}", get_limits, 0, 0),
        SD_BUS_PROPERTY("MemoryMax", "t", get_limit, 0, 0),
        SD_BUS_PROPERTY("TasksMax", "t", get_limit, 0, 0),
        SD_BUS_PROPERTY("CPUQuotaPermille", "t", get_limit, 0, 0),
        SD_BUS_PROPERTY("CPUUsageUSec", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("CPUThrottledUSec", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("MemoryCurrent", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("MemoryPeak", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("OOMKills", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("TasksCurrent", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("TasksRefused", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("IOReadBytes", "t", get_usage, 0, 0),
        SD_BUS_PROPERTY("IOWriteBytes", "t", get_usage, 0, 0),
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
        int r;

        r = sd_bus_add_fallback_vtable(p->bus, NULL, BUS_CELL_PATH, BUS_CELL_INTERFACE, cell_vtable, find_cell,
                                       p);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(p->bus, NULL, BUS_CELL_PATH, enumerate, p);
        return r;
}
