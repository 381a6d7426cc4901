/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints the D-Bus properties of the manager's objects under the same names. Each entry of a cell's dictionary of
 * limits becomes a property, too. */

#include <string.h>

#include "base/log.h"
#include "bus/contract.h"
#include "tools/find.h"
#include "tools/text.h"

/* null means "no limit" for a limit, and "not known" for all other properties. */
static const char *null_text(const char *key) {
        size_t n = strlen(key);

        return (n > 3 && strcmp(key + n - 3, "Max") == 0) || strncmp(key, "CPUQuota", 8) == 0 ? "infinity" :
                                                                                                "";
}

/* "a=1 b=2" */
static char *format_object(const json_t *object) {
        _cleanup_(strv_freep) char **parts = NULL;
        json_t *value;
        const char *key;

        json_object_foreach((json_t *) object, key, value) {
                _cleanup_(freep) char *text = table_format_value(value, TABLE_COUNT), *part = NULL;

                if (!text || asprintf(&part, "%s=%s", key, text) < 0 || strv_extend(&parts, part) < 0)
                        return NULL;
        }
        return parts ? strv_join(parts, " ") : strdup("");
}

/* Formats a list of structures, such as diagnostics, as their last fields, which contain the whole message. */
static char *format_structures(const json_t *list) {
        _cleanup_(strv_freep) char **parts = NULL;
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                _cleanup_(freep) char *text =
                        table_format_value(json_array_get(item, json_array_size(item) - 1), TABLE_COUNT);

                if (!text || strv_extend(&parts, text) < 0)
                        return NULL;
        }
        return parts ? strv_join(parts, "; ") : strdup("");
}

static char *format(const char *key, const json_t *value) {
        if (json_is_null(value))
                return strdup(null_text(key));
        if (json_is_object(value))
                return format_object(value);
        if (json_is_array(json_array_get(value, 0)))
                return format_structures(value);
        return table_format_value(value, TABLE_COUNT);
}

/* Adds the limits to the properties, except where a property has that name already. */
static int unfold_limits(json_t *properties) {
        json_t *value;
        const char *key;

        json_object_foreach(json_object_get(properties, "Limits"), key, value)
                if (!json_object_get(properties, key) && json_object_set(properties, key, value) < 0)
                        return -ENOMEM;
        return 0;
}

static int print_one(Tool *t, const char *key, const json_t *value) {
        _cleanup_(freep) char *text = format(key, value);

        if (!text)
                return tool_fail(-ENOMEM, "Cannot print the result");
        if (t->options->value)
                fprintf(t->out, "%s\n", text);
        else
                fprintf(t->out, "%s=%s\n", key, text);
        return 0;
}

static int print_wanted(Tool *t, const json_t *properties) {
        int r = 0;

        for (char **key = t->options->properties; *key && r == 0; key++) {
                const json_t *value = json_object_get(properties, *key);

                if (!value) {
                        log_error("There is no property \"%s\": see confinectl show without -p", *key);
                        return EXIT_FAILED;
                }
                r = print_one(t, *key, value);
        }
        return r;
}

static int print_all(Tool *t, json_t *properties) {
        json_t *value;
        const char *key;
        int r = 0;

        json_object_foreach(properties, key, value)
                if (r == 0 && strcmp(key, "Limits") != 0)
                        r = print_one(t, key, value);
        return r;
}

static int collect(Tool *t, const char *path, const char *interface, json_t *list) {
        json_t *properties = NULL;
        int r;

        r = find_properties(t, path, interface, &properties);
        if (r != 0)
                return r;
        if (json_array_append_new(list, properties) < 0 || unfold_limits(properties) < 0)
                return tool_fail(-ENOMEM, "Cannot read the manager's answer");
        return 0;
}

static int collect_named(Tool *t, const char *what, json_t *list) {
        _cleanup_(strv_freep) char **paths = NULL;
        _cleanup_(freep) char *session = NULL;
        int r;

        r = find_session(t, what, &session);
        if (r != 0)
                return r;
        if (session)
                return collect(t, session, BUS_SESSION_INTERFACE, list);
        r = find_cells(t, what, &paths);
        for (char **path = paths; path && *path && r == 0; path++)
                r = collect(t, *path, BUS_CELL_INTERFACE, list);
        return r;
}

/* Keeps only the properties that -p names. */
static int filter(Tool *t, json_t *properties) {
        _cleanup_(json_decrefp) json_t *kept = json_object();

        for (char **key = t->options->properties; key && *key; key++) {
                json_t *value = json_object_get(properties, *key);

                if (!value) {
                        log_error("There is no property \"%s\": see confinectl show without -p", *key);
                        return EXIT_FAILED;
                }
                if (!kept || json_object_set(kept, *key, value) < 0)
                        return tool_fail(-ENOMEM, "Cannot print the result");
        }
        if (t->options->properties && (json_object_clear(properties) < 0 || json_object_update(properties, kept) < 0))
                return tool_fail(-ENOMEM, "Cannot print the result");
        return 0;
}

static int print_as_json(Tool *t, json_t *list, bool several) {
        json_t *properties;
        size_t i;
        int r = 0;

        json_array_foreach(list, i, properties)
                if (r == 0)
                        r = filter(t, properties);
        return r != 0 ? r : tool_print_json(t, several ? list : json_array_get(list, 0));
}

int verb_show(Tool *t) {
        _cleanup_(json_decrefp) json_t *list = json_array();
        json_t *properties;
        size_t i;
        int r;

        if (!list)
                return tool_fail(-ENOMEM, "Cannot read the manager's answer");
        r = t->n_arguments > 0 ? collect_named(t, t->arguments[0], list) :
                                 collect(t, BUS_PATH, BUS_MANAGER_INTERFACE, list);
        if (r != 0)
                return r;
        if (t->options->json != JSON_MODE_OFF)
                return print_as_json(t, list, t->n_arguments > 0);
        tool_open_pager(t);
        json_array_foreach(list, i, properties) {
                if (i > 0)
                        fputc('\n', t->out);
                if (r == 0)
                        r = t->options->properties ? print_wanted(t, properties) : print_all(t, properties);
        }
        return r;
}
