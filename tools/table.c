/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Formats all fields first, then measures them, then cuts columns if a row is too wide: the widest column of text
 * first. Does not pad the last column. */

#include "tools/table.h"

#include <langinfo.h>
#include <stdint.h>
#include <string.h>

#include "base/strv.h"
#include "tools/text.h"

#define GAP 2
#define WIDTH_MIN 8 /* we cut no column below this width */

struct Table {
        const TableColumn *columns;
        size_t n_columns;
        json_t *rows;
};

JsonMode json_mode_from_string(const char *text) {
        static const char *const names[_JSON_MODE_MAX] = {
                [JSON_MODE_OFF] = "off", [JSON_MODE_SHORT] = "short", [JSON_MODE_PRETTY] = "pretty",
        };

        for (int i = 0; i < _JSON_MODE_MAX; i++)
                if (strcmp(text, names[i]) == 0)
                        return (JsonMode) i;
        return _JSON_MODE_INVALID;
}

Table *table_new(const TableColumn *columns, size_t n_columns) {
        Table *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        *t = (Table) { .columns = columns, .n_columns = n_columns, .rows = json_array() };
        return t->rows ? t : table_free(t);
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        json_decref(t->rows);
        free(t);
        return NULL;
}

static int copy_member(json_t *row, const json_t *object, const char *key) {
        json_t *value = key ? json_object_get(object, key) : NULL;

        if (!key)
                return 0;
        return json_object_set_new(row, key, value ? json_incref(value) : json_null()) < 0 ? -ENOMEM : 0;
}

int table_add(Table *t, const json_t *object) {
        _cleanup_(json_decrefp) json_t *row = json_object();
        int r = row ? 0 : -ENOMEM;

        for (size_t i = 0; i < t->n_columns && r >= 0; i++) {
                r = copy_member(row, object, t->columns[i].key);
                if (r >= 0)
                        r = copy_member(row, object, t->columns[i].max_key);
        }
        if (r < 0)
                return r;
        return json_array_append(t->rows, row) < 0 ? -ENOMEM : 0;
}

size_t table_n_rows(const Table *t) {
        return json_array_size(t->rows);
}

/* --- JSON -------------------------------------------------------------------------------- */

int json_print(const json_t *j, JsonMode mode, FILE *f) {
        size_t flags = mode == JSON_MODE_PRETTY ? JSON_INDENT(8) : JSON_COMPACT;

        if (json_dumpf(j, f, flags | JSON_ENCODE_ANY) < 0 || fputc('\n', f) == EOF)
                return -EIO;
        return 0;
}

int table_print_json(const Table *t, JsonMode mode, FILE *f) {
        return json_print(t->rows, mode, f);
}

/* --- text -------------------------------------------------------------------------------- */

static char *format_list(const json_t *list) {
        _cleanup_(strv_freep) char **v = NULL;
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                _cleanup_(freep) char *text = table_format_value(item, TABLE_TEXT);

                if (!text || strv_extend(&v, text) < 0)
                        return NULL;
        }
        return v ? strv_join(v, " ") : strdup("");
}

static char *format_number(uint64_t value, TableKind kind) {
        char buffer[TEXT_NUMBER_MAX];

        switch (kind) {
        case TABLE_BYTES:
                return strdup(text_bytes(value, buffer));
        case TABLE_VOLUME:
                return strdup(text_volume(value, buffer));
        case TABLE_USEC:
                return strdup(text_usec(value, buffer));
        case TABLE_PERCENT:
                return strdup(text_percent(value, buffer));
        case TABLE_TIME:
                return strdup(text_time(value, buffer));
        default:
                (void) snprintf(buffer, sizeof(buffer), "%llu", (unsigned long long) value);
                return strdup(buffer);
        }
}

char *table_format_value(const json_t *value, TableKind kind) {
        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_STRING:
                return text_escape(json_string_value(value));
        case JSON_INTEGER:
                return format_number((uint64_t) json_integer_value(value), kind);
        case JSON_TRUE:
                return strdup("yes");
        case JSON_FALSE:
                return strdup("no");
        case JSON_ARRAY:
                return format_list(value);
        default:
                return strdup("-");
        }
}

static char *format_cell(const TableColumn *c, const json_t *row) {
        _cleanup_(freep) char *text = table_format_value(json_object_get(row, c->key), c->kind), *max = NULL;
        char *both = NULL;

        if (!text || !*text) {
                free(text);
                text = strdup("-");
        }
        if (!c->max_key || !text)
                return TAKE_PTR(text);
        max = table_format_value(json_object_get(row, c->max_key), c->kind);
        if (!max || asprintf(&both, "%s/%s", text, max) < 0)
                return NULL;
        return both;
}

typedef struct Layout {
        char **texts; /* n_rows * n_columns */
        size_t *widths;
        size_t n_texts;
} Layout;

static void layout_done(Layout *l) {
        for (size_t i = 0; l->texts && i < l->n_texts; i++)
                free(l->texts[i]);
        free(l->texts);
        free(l->widths);
}

static int measure(const Table *t, bool legend, Layout *l) {
        size_t n = table_n_rows(t) * t->n_columns;

        l->texts = calloc(n + 1, sizeof(char *));
        l->widths = calloc(t->n_columns, sizeof(size_t));
        if (!l->texts || !l->widths)
                return -ENOMEM;
        for (size_t c = 0; c < t->n_columns; c++)
                l->widths[c] = legend ? text_width(t->columns[c].title) : 0;
        for (; l->n_texts < n; l->n_texts++) {
                size_t c = l->n_texts % t->n_columns;
                char *text = format_cell(&t->columns[c], json_array_get(t->rows, l->n_texts / t->n_columns));

                if (!text)
                        return -ENOMEM;
                l->texts[l->n_texts] = text;
                l->widths[c] = MAX(l->widths[c], text_width(text));
        }
        return 0;
}

static void shrink(const Table *t, Layout *l, size_t width) {
        for (;;) {
                size_t total = GAP * (t->n_columns - 1), widest = SIZE_MAX;

                for (size_t c = 0; c < t->n_columns; c++) {
                        total += l->widths[c];
                        /* never the first column: users give its ids to other verbs */
                        if (c > 0 && t->columns[c].kind == TABLE_TEXT && l->widths[c] > WIDTH_MIN &&
                            (widest == SIZE_MAX || l->widths[c] > l->widths[widest]))
                                widest = c;
                }
                if (total <= width || widest == SIZE_MAX)
                        return;
                l->widths[widest]--;
        }
}

/* Replaces the rest of a text; one column wide. */
static const char *ellipsis(void) {
        return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "…" : "+";
}

static void print_cell(const char *text, size_t width, bool right, bool last, FILE *f) {
        size_t n = text_width(text);

        if (n > width)
                fprintf(f, "%.*s%s", (int) text_fit(text, width - 1), text, ellipsis());
        else if (right)
                fprintf(f, "%*s%s", (int) (width - n), "", text);
        else
                fprintf(f, "%s%*s", text, last ? 0 : (int) (width - n), "");
        if (!last)
                fprintf(f, "%*s", GAP, "");
}

static void print_row(const Table *t, const Layout *l, char *const *texts, FILE *f) {
        for (size_t c = 0; c < t->n_columns; c++)
                print_cell(texts ? texts[c] : t->columns[c].title, l->widths[c],
                           t->columns[c].kind != TABLE_TEXT, c + 1 == t->n_columns, f);
}

static bool is_alarm(const Table *t, char *const *texts) {
        for (size_t c = 0; c < t->n_columns; c++)
                if (t->columns[c].alarm && strcmp(texts[c], t->columns[c].alarm) == 0)
                        return true;
        return false;
}

int table_print(const Table *t, const TableFormat *format, FILE *f) {
        _cleanup_(layout_done) Layout l = {};
        int r;

        r = measure(t, format->legend, &l);
        if (r < 0)
                return r;
        if (format->width > 0)
                shrink(t, &l, format->width);
        if (format->legend) {
                fputs(format->bold ? "\033[1m" : "", f);
                print_row(t, &l, NULL, f);
                fputs(format->bold ? "\033[0m\n" : "\n", f);
        }
        for (size_t i = 0; i < l.n_texts; i += t->n_columns) {
                bool red = format->bold && is_alarm(t, l.texts + i);

                fputs(red ? "\033[31m" : "", f);
                print_row(t, &l, l.texts + i, f);
                fputs(red ? "\033[0m\n" : "\n", f);
        }
        return ferror(f) ? -EIO : 0;
}
