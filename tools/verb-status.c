/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints rows "label: value" for people, with use and limit in one row. With --json=, prints the properties of all
 * objects in question. */

#include <string.h>

#include "bus/client.h"
#include "bus/contract.h"
#include "tools/diagnostics.h"
#include "tools/find.h"
#include "tools/text.h"
#include "tools/value.h"
#include "tools/values.h"
#include "tools/view.h"

typedef struct Row {
        const char *label, *key, *max_key;
        TableKind kind;
} Row;

static const Row cell_rows[] = {
        { "Policy", "Policy", NULL, TABLE_TEXT },
        { "User", "User", NULL, TABLE_TEXT },
        { "State", "State", NULL, TABLE_TEXT },
        { "Unknown", "Unknown", NULL, TABLE_TEXT },
        { "Since", "Created", NULL, TABLE_TIME },
        { "Scope", "Scope", NULL, TABLE_TEXT },
        { "Hostname", "Hostname", NULL, TABLE_TEXT },
        { "Network", "NetworkMode", NULL, TABLE_TEXT },
        { "Addresses", "Addresses", NULL, TABLE_TEXT },
        { "Link", "Link", NULL, TABLE_TEXT },
        { "Interface", "Interface", NULL, TABLE_TEXT },
        { "Network of", "NetworkOf", NULL, TABLE_TEXT },
        { "Group", "ControlGroup", NULL, TABLE_TEXT },
        { "Init PID", "InitPID", NULL, TABLE_COUNT },
        { "CPU time", "CPUUsageUSec", NULL, TABLE_USEC },
        { "CPU quota", "CPUQuotaPermille", NULL, TABLE_PERCENT },
        { "Throttled", "CPUThrottledUSec", NULL, TABLE_USEC },
        { "Tasks", "TasksCurrent", "TasksMax", TABLE_COUNT },
        { "Refused", "TasksRefused", NULL, TABLE_COUNT },
        { "Memory", "MemoryCurrent", "MemoryMax", TABLE_BYTES },
        { "Peak", "MemoryPeak", NULL, TABLE_BYTES },
        { "OOM kills", "OOMKills", NULL, TABLE_COUNT },
        { "Read", "IOReadBytes", NULL, TABLE_BYTES },
        { "Written", "IOWriteBytes", NULL, TABLE_BYTES },
};

static const Row session_rows[] = {
        { "Cell", "Cell", NULL, TABLE_TEXT },
        { "Policy", "Policy", NULL, TABLE_TEXT },
        { "User", "User", NULL, TABLE_TEXT },
        { "State", "State", NULL, TABLE_TEXT },
        { "Since", "Since", NULL, TABLE_TIME },
        { "Service", "Service", NULL, TABLE_TEXT },
        { "TTY", "TTY", NULL, TABLE_TEXT },
        { "From", "RemoteHost", NULL, TABLE_TEXT },
        { "Leader", "Leader", NULL, TABLE_COUNT },
        { "In reserve", "InReserve", NULL, TABLE_YESNO },
};

static const Row manager_rows[] = {
        { "Version", "Version", NULL, TABLE_TEXT },
        { "Instance", "Instance", NULL, TABLE_TEXT },
        { "PID", "PID", NULL, TABLE_COUNT },
        { "Cells", "NCells", NULL, TABLE_COUNT },
        { "Sessions", "NSessions", NULL, TABLE_COUNT },
        { "Policies", "NPolicies", NULL, TABLE_COUNT },
        { "Logins", "NLogins", NULL, TABLE_COUNT },
        { "Denied", "NDenied", NULL, TABLE_COUNT },
        { "Jobs", "NJobs", NULL, TABLE_COUNT },
        { "Network", "NetworkReady", NULL, TABLE_YESNO },
};

static void print_label(Tool *t, const char *label) {
        fprintf(t->out, "%15s%s", label, *label ? ": " : "  ");
}

static void print_rows(Tool *t, const Row *rows, size_t n, const json_t *object) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *text = table_format_value(json_object_get(object, rows[i].key), rows[i].kind);
                const json_t *max = rows[i].max_key ? json_object_get(object, rows[i].max_key) : NULL;
                _cleanup_(freep) char *limit = max && !json_is_null(max) ? table_format_value(max, rows[i].kind) :
                                                                          NULL;

                print_label(t, rows[i].label);
                fprintf(t->out, "%s%s%s\n", text && *text ? text : "-", limit ? " of " : "", limit ?: "");
        }
}

static void print_head(Tool *t, const char *what, const char *id) {
        fprintf(t->out, "%s%s %s%s\n", TOOL_BOLD(t), what, id, TOOL_PLAIN(t));
}

/* --- a cell ------------------------------------------------------------------------------ */

/* Prints one line for each member that has a value, the first one with the label. */
static void print_members(Tool *t, const char *label, const json_t *object) {
        json_t *value;
        const char *key;

        json_object_foreach((json_t *) object, key, value) {
                _cleanup_(freep) char *text = table_format_value(value, TABLE_COUNT);

                if (!text || !*text)
                        continue;
                print_label(t, label);
                fprintf(t->out, "%s=%s\n", key, text);
                label = "";
        }
}

/* An empty list on errors, because the cell may have ended in the meantime. */
static json_t *get_processes(Tool *t, const char *path) {
        static const char *const keys[] = { "PID", "Name" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_decrefp) json_t *rows = NULL;

        if (client_call(t->bus, path, BUS_CELL_INTERFACE, "GetProcesses", NULL, &reply, NULL) < 0 ||
            value_read(reply, &rows) < 0)
                return json_array();
        return value_name_fields(rows, keys, ELEMENTSOF(keys));
}

static void print_processes(Tool *t, const json_t *processes) {
        const char *label = "Processes";
        const json_t *process;
        size_t i;

        json_array_foreach(processes, i, process) {
                _cleanup_(freep) char *name = table_format_value(json_object_get(process, "Name"), TABLE_TEXT);

                print_label(t, label);
                fprintf(t->out, "%lld %s\n", (long long) json_integer_value(json_object_get(process, "PID")),
                        name ?: "");
                label = "";
        }
}

static void print_sessions(Tool *t, const json_t *sessions) {
        const char *label = "Sessions";
        const json_t *s;
        size_t i;

        json_array_foreach(sessions, i, s) {
                static const char *const keys[] = { "Id", "User", "Service", "TTY", "RemoteHost" };

                print_label(t, label);
                for (size_t k = 0; k < ELEMENTSOF(keys); k++) {
                        _cleanup_(freep) char *text = table_format_value(json_object_get(s, keys[k]), TABLE_TEXT);

                        if (text && *text)
                                fprintf(t->out, "%s%s", k > 0 ? "  " : "", text);
                }
                fputc('\n', t->out);
                label = "";
        }
}

static void print_cell(Tool *t, const json_t *cell) {
        print_head(t, "Cell", json_string_value(json_object_get(cell, "Id")) ?: "");
        print_rows(t, cell_rows, ELEMENTSOF(cell_rows), cell);
        print_members(t, "Limits", json_object_get(cell, "Limits"));
        print_members(t, "Namespaces", json_object_get(cell, "Namespaces"));
        view_print(t, json_object_get(cell, "View"));
        print_sessions(t, json_object_get(cell, "SessionList"));
        print_processes(t, json_object_get(cell, "Processes"));
}

static json_t *sessions_of(const json_t *sessions, const char *cell) {
        json_t *own = json_array(), *s;
        size_t i;

        json_array_foreach(sessions, i, s)
                if (strcmp(json_string_value(json_object_get(s, "Cell")) ?: "", cell) == 0)
                        (void) json_array_append(own, s);
        return own;
}

static int add_cell(Tool *t, const char *path, const json_t *sessions, json_t *list) {
        json_t *cell = NULL;
        int r;

        r = find_properties(t, path, BUS_CELL_INTERFACE, &cell);
        if (r != 0)
                return r;
        if (json_array_append_new(list, cell) < 0 ||
            json_object_set_new(cell, "View", view_from_bus(json_object_get(cell, "View"))) < 0 ||
            json_object_set_new(cell, "SessionList",
                                sessions_of(sessions, json_string_value(json_object_get(cell, "Id")) ?: "")) < 0 ||
            json_object_set_new(cell, "Processes", get_processes(t, path)) < 0)
                return tool_fail(-ENOMEM, "Cannot read the manager's answer");
        return 0;
}

static int status_cells(Tool *t, char **paths) {
        _cleanup_(json_decrefp) json_t *sessions = NULL, *list = json_array();
        const json_t *cell;
        size_t i;
        int r;

        r = find_all(t, BUS_SESSION_INTERFACE, "Since", &sessions);
        for (char **path = paths; *path && r == 0; path++)
                r = add_cell(t, *path, sessions, list);
        if (r != 0)
                return r;
        if (t->options->json != JSON_MODE_OFF)
                return tool_print_json(t, list);
        tool_open_pager(t);
        json_array_foreach(list, i, cell) {
                if (i > 0)
                        fputc('\n', t->out);
                print_cell(t, cell);
        }
        return 0;
}

/* --- the rest ---------------------------------------------------------------------------- */

static int status_session(Tool *t, const char *path) {
        _cleanup_(json_decrefp) json_t *session = NULL;
        int r = find_properties(t, path, BUS_SESSION_INTERFACE, &session);

        if (r != 0)
                return r;
        if (t->options->json != JSON_MODE_OFF)
                return tool_print_json(t, session);
        print_head(t, "Session", json_string_value(json_object_get(session, "Id")) ?: "");
        print_rows(t, session_rows, ELEMENTSOF(session_rows), session);
        return 0;
}

static int status_manager(Tool *t) {
        _cleanup_(json_decrefp) json_t *manager = NULL, *diagnostics = NULL;
        const json_t *d;
        size_t i;
        int r;

        r = find_properties(t, BUS_PATH, BUS_MANAGER_INTERFACE, &manager);
        if (r != 0)
                return r;
        if (t->options->json != JSON_MODE_OFF)
                return tool_print_json(t, manager);
        print_head(t, "confined,", t->options->runtime_dir);
        print_rows(t, manager_rows, ELEMENTSOF(manager_rows), manager);
        print_members(t, "Controllers", json_object_get(manager, "Controllers"));
        json_array_foreach(json_object_get(manager, "Troubles"), i, d) {
                print_label(t, i == 0 ? "Troubles" : "");
                fprintf(t->out, "%s%s%s\n", TOOL_RED(t), json_string_value(d), TOOL_PLAIN(t));
        }
        json_array_foreach(json_object_get(manager, "RefusedPolicies"), i, d) {
                print_label(t, i == 0 ? "Refused" : "");
                fprintf(t->out, "%s%s: confined refuses all logins that it names, except root's%s\n", TOOL_RED(t),
                        json_string_value(d), TOOL_PLAIN(t));
        }
        diagnostics = diagnostics_from_bus(json_object_get(manager, "Diagnostics"));
        json_array_foreach(diagnostics, i, d) {
                print_label(t, i == 0 ? "Diagnostics" : "");
                fprintf(t->out, "%s%s%s\n", TOOL_RED(t), json_string_value(json_object_get(d, "Message")),
                        TOOL_PLAIN(t));
        }
        return 0;
}

/* Prints a policy without live cells; `reply` is the answer to GetPolicy. */
static int status_policy(Tool *t, sd_bus_message *reply) {
        _cleanup_(json_decrefp) json_t *values = NULL;
        int r = values_read(reply, false, &values);

        if (r < 0)
                return tool_fail(r, "Cannot read the manager's answer");
        if (t->options->json != JSON_MODE_OFF)
                return tool_print_json(t, values);
        print_head(t, "Policy", t->arguments[0]);
        fprintf(t->out, "No live cells.\n\n");
        return values_print(t, values);
}

int verb_status(Tool *t) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(strv_freep) char **paths = NULL;
        _cleanup_(freep) char *session = NULL;
        const char *policy;
        int r;

        if (t->n_arguments == 0)
                return status_manager(t);
        r = find_session(t, t->arguments[0], &session);
        if (r != 0)
                return r;
        if (session)
                return status_session(t, session);
        policy = find_word(t->arguments[0], "policy:");
        if (policy && client_call(t->bus, BUS_PATH, BUS_MANAGER_INTERFACE, "GetPolicy", NULL, &reply, "s", policy) >= 0 &&
            find_has_no_cells(t, t->arguments[0]))
                return status_policy(t, reply);
        r = find_cells(t, t->arguments[0], &paths);
        return r != 0 ? r : status_cells(t, paths);
}
