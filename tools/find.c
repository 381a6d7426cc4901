/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/find.h"

#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/contract.h"
#include "tools/value.h"

static const char *sort_by;

static int compare(const void *a, const void *b) {
        json_int_t x = json_integer_value(json_object_get(*(json_t *const *) a, sort_by));
        json_int_t y = json_integer_value(json_object_get(*(json_t *const *) b, sort_by));

        return x < y ? -1 : x > y;
}

static json_t *sorted(json_t *const *items, size_t n) {
        _cleanup_(json_decrefp) json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                if (!list || json_array_append(list, items[i]) < 0)
                        return NULL;
        return TAKE_PTR(list);
}

/* Picks the objects of one interface from the answer of ObjectManager: {path: {interface: {property: value}}}. */
static json_t *pick(json_t *objects, const char *interface, const char *sort_key) {
        _cleanup_(freep) json_t **items = calloc(json_object_size(objects) + 1, sizeof(json_t *));
        json_t *interfaces;
        const char *path;
        size_t n = 0;

        if (!items)
                return NULL;
        json_object_foreach(objects, path, interfaces) {
                json_t *properties = json_object_get(interfaces, interface);

                if (properties)
                        items[n++] = properties;
        }
        sort_by = sort_key;
        qsort(items, n, sizeof(json_t *), compare);
        return sorted(items, n);
}

int find_all(Tool *t, const char *interface, const char *sort_key, json_t **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(json_decrefp) json_t *objects = NULL;
        int r;

        r = t->bus ? 0 : tool_connect(t);
        if (r != 0)
                return r;
        r = client_call(t->bus, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &error,
                        &reply, NULL);
        if (r < 0)
                return tool_fail_call(t, &error, r);
        r = value_read(reply, &objects);
        if (r >= 0)
                *ret = pick(objects, interface, sort_key);
        return r < 0 || !*ret ? tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer") : 0;
}

const char *find_word(const char *what, const char *prefix) {
        static const char *const prefixes[] = { "cell:", "session:", "user:", "uid:", "policy:" };

        if (strncmp(what, prefix, strlen(prefix)) == 0)
                return what + strlen(prefix);
        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++)
                if (strncmp(what, prefixes[i], strlen(prefixes[i])) == 0)
                        return NULL;
        return what;
}

int find_cells(Tool *t, const char *what, char ***ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = tool_call_manager(t, "FindCells", &reply, "s", what);
        if (r != 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "o");
        while (r >= 0) {
                const char *path;

                r = sd_bus_message_read(reply, "o", &path);
                if (r <= 0)
                        break;
                r = strv_extend(ret, path);
        }
        return r < 0 ? tool_fail(r, "Cannot read the manager's answer") : 0;
}

bool find_has_no_cells(Tool *t, const char *what) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        return client_call(t->bus, BUS_PATH, BUS_MANAGER_INTERFACE, "FindCells", &error, NULL, "s", what) < 0 &&
                tool_is_missing(&error);
}

int find_session(Tool *t, const char *id, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *path, *word;
        int r;

        *ret = NULL;
        r = t->bus ? 0 : tool_connect(t);
        if (r != 0)
                return r;
        word = find_word(id, "session:");
        if (!word)
                return 0;
        r = client_call(t->bus, BUS_PATH, BUS_MANAGER_INTERFACE, "GetSession", &error, &reply, "s", word);
        if (tool_is_missing(&error) || r == -EINVAL)
                return 0;
        if (r < 0)
                return tool_fail_call(t, &error, r);
        r = client_call(t->bus, BUS_PATH, BUS_MANAGER_INTERFACE, "FindCells", &error, NULL, "s", id);
        if (sd_bus_error_has_name(&error, BUS_ERROR_AMBIGUOUS))
                return tool_fail_call(t, &error, r);
        r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                *ret = strdup(path);
        return r < 0 || !*ret ? tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer") : 0;
}

int find_properties(Tool *t, const char *path, const char *interface, json_t **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = t->bus ? 0 : tool_connect(t);
        if (r != 0)
                return r;
        r = client_call(t->bus, path, "org.freedesktop.DBus.Properties", "GetAll", &error, &reply, "s",
                        interface);
        if (r < 0)
                return tool_fail_call(t, &error, r);
        r = value_read(reply, ret);
        return r < 0 ? tool_fail(r, "Cannot read the manager's answer") : 0;
}
