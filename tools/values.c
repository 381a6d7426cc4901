/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/values.h"

#include <string.h>

#include "tools/text.h"
#include "tools/value.h"

#define LINE_WIDTH 44 /* the column where the origins begin */

int values_read(sd_bus_message *m, bool all, json_t **ret) {
        static const char *const keys[] = { "Section", "Key", "Value", "File", "Line" };
        _cleanup_(json_decrefp) json_t *rows = NULL, *kept = json_array();
        const json_t *row;
        size_t i;
        int r;

        r = kept ? value_read(m, &rows) : -ENOMEM;
        if (r < 0)
                return r;
        json_array_foreach(rows, i, row)
                if ((all || *json_string_value(json_array_get(row, 3))) &&
                    json_array_append(kept, (json_t *) row) < 0)
                        return -ENOMEM;
        *ret = value_name_fields(kept, keys, ELEMENTSOF(keys));
        return *ret ? 0 : -ENOMEM;
}

/* Prints one line of the key's value. */
static int print_line(Tool *t, const json_t *value, const char *line_text) {
        const char *file = json_string_value(json_object_get(value, "File"));
        _cleanup_(freep) char *text = text_escape(line_text);
        _cleanup_(freep) char *where = text_escape(file), *line = NULL;
        size_t width;

        if (!text || !where ||
            asprintf(&line, "%s=%s", json_string_value(json_object_get(value, "Key")), text) < 0)
                return tool_fail(-ENOMEM, "Cannot print the result");
        width = text_width(line);
        fprintf(t->out, "%s%*s", line, width < LINE_WIDTH ? (int) (LINE_WIDTH - width) : 0, "");
        if (*where)
                fprintf(t->out, "  # %s:%lld\n", where,
                        (long long) json_integer_value(json_object_get(value, "Line")));
        else
                fprintf(t->out, "  # default\n");
        return 0;
}

static int print_value(Tool *t, const json_t *value) {
        const char *text = json_string_value(json_object_get(value, "Value"));
        int r = 0;

        do {
                _cleanup_(freep) char *line = strndup(text, strcspn(text, "\n"));

                r = line ? print_line(t, value, line) : tool_fail(-ENOMEM, "Cannot print the result");
                text += strcspn(text, "\n");
        } while (r == 0 && *text++);
        return r;
}

int values_print(Tool *t, const json_t *values) {
        const char *section = "";
        const json_t *value;
        size_t i;
        int r = 0;

        json_array_foreach(values, i, value) {
                const char *own = json_string_value(json_object_get(value, "Section"));

                if (strcmp(own, section) != 0)
                        fprintf(t->out, "%s%s[%s]%s\n", *section ? "\n" : "", TOOL_BOLD(t), own, TOOL_PLAIN(t));
                section = own;
                r = print_value(t, value);
                if (r != 0)
                        break;
        }
        return r;
}
