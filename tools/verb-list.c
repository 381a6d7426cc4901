/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* list, sessions, services, policies, net traffic */

#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "bus/contract.h"
#include "tools/find.h"
#include "tools/value.h"

static const TableColumn cell_columns[] = {
        { "ID", "Id", NULL, TABLE_TEXT },
        { "POLICY", "Policy", NULL, TABLE_TEXT },
        { "USER", "User", NULL, TABLE_TEXT },
        { "STATE", "State", NULL, TABLE_TEXT },
        { "SESSIONS", "NSessions", NULL, TABLE_COUNT },
        { "ADDRESS", "Addresses", NULL, TABLE_TEXT },
        { "TASKS", "TasksCurrent", "TasksMax", TABLE_COUNT },
        { "MEMORY", "MemoryCurrent", "MemoryMax", TABLE_BYTES },
        { "CPU", "CPUUsageUSec", NULL, TABLE_USEC },
        { "QUOTA", "CPUQuotaPermille", NULL, TABLE_PERCENT },
        { "UNKNOWN", "Unknown", NULL, TABLE_TEXT }, /* must be last: verb_list() drops it if no cell has a value */
};

static const TableColumn session_columns[] = {
        { "ID", "Id", NULL, TABLE_TEXT },
        { "CELL", "Cell", NULL, TABLE_TEXT },
        { "POLICY", "Policy", NULL, TABLE_TEXT },
        { "USER", "User", NULL, TABLE_TEXT },
        { "STATE", "State", NULL, TABLE_TEXT },
        { "SERVICE", "Service", NULL, TABLE_TEXT },
        { "TTY", "TTY", NULL, TABLE_TEXT },
        { "FROM", "RemoteHost", NULL, TABLE_TEXT },
        { "LEADER", "Leader", NULL, TABLE_COUNT },
        { "SINCE", "Since", NULL, TABLE_TIME },
};

static const TableColumn service_columns[] = {
        { "UNIT", "Unit", NULL, TABLE_TEXT },
        { "POLICY", "Policy", NULL, TABLE_TEXT },
        { "NETWORK", "Network", NULL, TABLE_TEXT },
        { "STATE", "State", NULL, TABLE_TEXT },
        { "ADDRESS", "Addresses", NULL, TABLE_TEXT },
        { "PORTS", "Ports", NULL, TABLE_TEXT },
        { "WHY", "Why", NULL, TABLE_TEXT },
};

static const TableColumn volume_columns[] = {
        { "POLICY", "Policy", NULL, TABLE_TEXT },
        { "USER", "User", NULL, TABLE_TEXT },
        { "USED", "UsedBytes", "MaxBytes", TABLE_VOLUME },
        { "PER", "Period", NULL, TABLE_TEXT },
        { "SINCE", "Begin", NULL, TABLE_TIME },
        { "THEN", "Action", NULL, TABLE_TEXT },
        { "USED UP", "UsedUp", NULL, TABLE_YESNO },
};

static const TableColumn policy_columns[] = {
        { "POLICY", "Policy", NULL, TABLE_TEXT },
        { "MODE", "Mode", NULL, TABLE_TEXT, "refused" },
        { "MATCH", "HasMatch", NULL, TABLE_YESNO },
        { "STALE", "Stale", NULL, TABLE_YESNO, "yes" },
        { "CELLS", "NCells", NULL, TABLE_COUNT },
        { "FILE", "Path", NULL, TABLE_TEXT },
        { "DESCRIPTION", "Description", NULL, TABLE_TEXT },
};

/* "1 cell.", "2 policies." */
static void print_count(Tool *t, size_t n, const char *plural) {
        size_t length = strlen(plural);

        fputs(n > 0 ? "\n" : "", t->out);
        if (n != 1)
                fprintf(t->out, "%zu %s.\n", n, plural);
        else if (length > 3 && strcmp(plural + length - 3, "ies") == 0)
                fprintf(t->out, "1 %.*sy.\n", (int) length - 3, plural);
        else
                fprintf(t->out, "1 %.*s.\n", (int) length - 1, plural);
}

static int print_objects(Tool *t, const json_t *objects, const TableColumn *columns, size_t n_columns,
                         const char *what) {
        _cleanup_(table_freep) Table *table = table_new(columns, n_columns);
        const json_t *object;
        size_t i;
        int r;

        if (!table)
                return tool_fail(-ENOMEM, "Cannot print the table");
        json_array_foreach(objects, i, object)
                if (table_add(table, object) < 0)
                        return tool_fail(-ENOMEM, "Cannot print the table");
        tool_open_pager(t);
        r = tool_print_table(t, table);
        if (r == 0 && t->options->json == JSON_MODE_OFF && !t->options->no_legend && !t->options->quiet)
                print_count(t, table_n_rows(table), what);
        return r;
}

static bool all_known(const json_t *cells) {
        const json_t *cell;
        size_t i;

        json_array_foreach(cells, i, cell)
                if (json_array_size(json_object_get(cell, "Unknown")) > 0)
                        return false;
        return true;
}

int verb_list(Tool *t) {
        _cleanup_(json_decrefp) json_t *cells = NULL;
        int r = find_all(t, BUS_CELL_INTERFACE, "Created", &cells);

        return r != 0 ? r : print_objects(t, cells, cell_columns, ELEMENTSOF(cell_columns) - all_known(cells), "cells");
}

int verb_sessions(Tool *t) {
        _cleanup_(json_decrefp) json_t *sessions = NULL;
        int r = find_all(t, BUS_SESSION_INTERFACE, "Since", &sessions);

        return r != 0 ? r : print_objects(t, sessions, session_columns, ELEMENTSOF(session_columns),
                                          "sessions");
}

int verb_services(Tool *t) {
        static const char *const keys[] = { "Unit", "Policy", "Network", "State", "Why", "Addresses", "Ports" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_decrefp) json_t *rows = NULL, *services = NULL;
        int r;

        r = tool_call_manager(t, "ListServices", &reply, NULL);
        if (r != 0)
                return r;
        r = value_read(reply, &rows);
        if (r >= 0)
                services = value_name_fields(rows, keys, ELEMENTSOF(keys));
        if (!services)
                return tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer");
        return print_objects(t, services, service_columns, ELEMENTSOF(service_columns), "services");
}

int verb_policies(Tool *t) {
        static const char *const keys[] = { "Policy", "Description", "Path", "Mode", "HasMatch", "Stale",
                                            "NCells" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_decrefp) json_t *rows = NULL, *policies = NULL;
        int r;

        r = tool_call_manager(t, "ListPolicies", &reply, NULL);
        if (r != 0)
                return r;
        r = value_read(reply, &rows);
        if (r >= 0)
                policies = value_name_fields(rows, keys, ELEMENTSOF(keys));
        if (!policies)
                return tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer");
        return print_objects(t, policies, policy_columns, ELEMENTSOF(policy_columns), "policies");
}

static bool is_named(const json_t *row, const char *key, const char *name) {
        return name && strcmp(name, json_string_value(json_object_get(row, key)) ?: "") == 0;
}

/* Whether the name is that of a user and of a policy which have different rows. */
static bool is_ambiguous(const json_t *rows, const char *user, const char *policy) {
        bool users = false, policies = false, differ = false;
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                bool by_user = is_named(row, "User", user), by_policy = is_named(row, "Policy", policy);

                users = users || by_user;
                policies = policies || by_policy;
                differ = differ || by_user != by_policy;
        }
        return users && policies && differ;
}

/* Chooses the rows of a user or policy, or all rows. Converts times to microseconds, as all other verbs have them. */
static int choose_volumes(const json_t *rows, const char *user, const char *policy, json_t *ret) {
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                json_int_t begin = json_integer_value(json_object_get(row, "Begin"));

                if ((user || policy) && !is_named(row, "User", user) && !is_named(row, "Policy", policy))
                        continue;
                if (json_object_set_new(row, "Begin", json_integer(begin * (json_int_t) USEC_PER_SEC)) < 0 ||
                    (is_named(row, "User", "") && json_object_set_new(row, "User", json_null()) < 0) || json_array_append(ret, row) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int verb_net_traffic(Tool *t) {
        static const char *const keys[] = { "Policy", "User", "Uid", "UsedBytes", "MaxBytes", "Period", "Begin",
                                            "Action", "UsedUp" };
        _cleanup_(json_decrefp) json_t *rows = NULL, *volumes = NULL, *chosen = json_array();
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *what = t->n_arguments > 1 ? t->arguments[1] : NULL, *user = what ? find_word(what, "user:") : NULL,
                   *policy = what ? find_word(what, "policy:") : NULL;
        int r;

        if (t->n_arguments > 2 || (what && !user && !policy)) {
                log_error("net traffic takes at most one user or policy: see confinectl net --help");
                return EXIT_USAGE;
        }
        r = tool_call_manager(t, "ListTraffic", &reply, NULL);
        if (r != 0)
                return r;
        r = value_read(reply, &rows);
        if (r >= 0)
                volumes = value_name_fields(rows, keys, ELEMENTSOF(keys));
        if (volumes && is_ambiguous(volumes, user, policy)) {
                log_error("\"%s\" names a user and a policy: say user:%s or policy:%s", what, what, what);
                return EXIT_FAILED;
        }
        if (!volumes || !chosen || choose_volumes(volumes, user, policy, chosen) < 0)
                return tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer");
        if (t->n_arguments > 1 && json_array_size(chosen) == 0) {
                log_error("confined has counted no traffic of a user or policy \"%s\": see confinectl net traffic",
                          t->arguments[1]);
                return EXIT_NO_SUCH;
        }
        return print_objects(t, chosen, volume_columns, ELEMENTSOF(volume_columns), "volumes");
}
