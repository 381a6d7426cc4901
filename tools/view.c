/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/view.h"

#include <string.h>

#include "policies/policy-keys.h"
#include "policies/policy-view.h"
#include "tools/text.h"
#include "tools/value.h"

static int add(const char *how, const char *what, const char *key, void *userdata) {
        json_t *row = json_pack("{s:s, s:s, s:s}", "How", how, "What", what, "Key", key);

        return row && json_array_append_new(userdata, row) >= 0 ? 0 : -ENOMEM;
}

int view_of_values(const json_t *values, json_t **ret) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("view");
        _cleanup_(json_decrefp) json_t *view = json_array();
        const json_t *row;
        size_t i;
        int r = p && view ? 0 : -ENOMEM;

        json_array_foreach(values, i, row) {
                const char *section = json_string_value(json_object_get(row, "Section"));

                if (r < 0)
                        return r;
                if (strcmp(section, "Filesystem") != 0 && strcmp(section, "Process") != 0 && strcmp(section, "Cell") != 0)
                        continue;
                r = policy_key_set_lines(p, section, json_string_value(json_object_get(row, "Key")),
                                         json_string_value(json_object_get(row, "Value")));
                if (r != -ENOMEM)
                        r = 0; /* ignore a key or value that only a newer manager knows */
        }
        if (r >= 0)
                r = policy_view(p, add, view);
        if (r >= 0)
                *ret = TAKE_PTR(view);
        return r;
}

json_t *view_from_bus(const json_t *rows) {
        static const char *const keys[] = { "How", "What", "Key" };

        return value_name_fields(rows, keys, ELEMENTSOF(keys));
}

void view_print(Tool *t, const json_t *view) {
        const char *before = "";
        const json_t *row;
        size_t i;

        json_array_foreach(view, i, row) {
                const char *how = json_string_value(json_object_get(row, "How"));
                _cleanup_(freep) char *what = text_escape(json_string_value(json_object_get(row, "What")));

                for (char *c = what; c && (c = strstr(c, "\\x0a"));) { /* between the lines of a value */
                        memcpy(c, ", ", 2);
                        memmove(c + 2, c + 4, strlen(c + 4) + 1);
                }
                fprintf(t->out, "%15s%s%s\n", strcmp(how, before) == 0 ? "" : how,
                        strcmp(how, before) == 0 ? "  " : ": ", what ?: "");
                before = how;
        }
}
