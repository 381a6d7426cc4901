/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/diagnostics.h"

#include "tools/text.h"
#include "tools/value.h"

json_t *diagnostics_from_bus(const json_t *rows) {
        static const char *const keys[] = { "File", "Line", "Section", "Key", "Warning", "Message" };

        return value_name_fields(rows, keys, ELEMENTSOF(keys));
}

/* Text from a file may not be UTF-8, but JSON strings must be. */
static json_t *escaped(const char *text) {
        _cleanup_(freep) char *clean = text_escape(text ?: "");

        return clean ? json_string(clean) : NULL;
}

json_t *diagnostics_from_policies(const PolicyDiags *diags) {
        _cleanup_(json_decrefp) json_t *list = json_array();

        for (size_t i = 0; i < diags->n_items; i++) {
                const PolicyDiag *d = &diags->items[i];
                _cleanup_(freep) char *line = policy_diag_to_string(d);
                json_t *object = json_object();

                if (!list || !line || json_array_append_new(list, object) < 0 ||
                    json_object_set_new(object, "File", escaped(d->file)) < 0 ||
                    json_object_set_new(object, "Line", json_integer(d->line)) < 0 ||
                    json_object_set_new(object, "Section", escaped(d->section)) < 0 ||
                    json_object_set_new(object, "Key", escaped(d->key)) < 0 ||
                    json_object_set_new(object, "Warning", json_boolean(d->warning)) < 0 ||
                    json_object_set_new(object, "Message", json_string(line)) < 0)
                        return NULL;
        }
        return TAKE_PTR(list);
}

/* Does not escape messages, because the manager has already escaped harmful bytes with backslashes. */
int diagnostics_print(Tool *t, const json_t *diagnostics) {
        bool failed = false;
        const json_t *d;
        size_t i;
        int r = 0;

        json_array_foreach(diagnostics, i, d) {
                bool warning = json_is_true(json_object_get(d, "Warning"));

                failed = failed || !warning;
                if (t->options->json == JSON_MODE_OFF)
                        fprintf(t->out, "%s%s%s\n", warning ? "" : TOOL_RED(t),
                                json_string_value(json_object_get(d, "Message")), TOOL_PLAIN(t));
        }
        if (t->options->json != JSON_MODE_OFF)
                r = tool_print_json(t, diagnostics);
        return r != 0 ? r : failed ? EXIT_FAILED : 0;
}
