/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"

/* Rows of JSON objects, printed as JSON or as an aligned table (pure). */

typedef enum TableKind {
        TABLE_TEXT,
        TABLE_COUNT, /* this and all that follow: numbers, aligned to the right; null is "-" */
        TABLE_BYTES,
        TABLE_VOLUME, /* bytes, 1000-based */
        TABLE_USEC,    /* a time span */
        TABLE_PERCENT, /* of permille */
        TABLE_TIME,    /* microseconds since 1970 */
        TABLE_YESNO,
} TableKind;

typedef struct TableColumn {
        const char *title;   /* "MEMORY" */
        const char *key;     /* of the row's object, and of the JSON output */
        const char *max_key; /* NULL, or the key of the limit, which is printed after a slash */
        TableKind kind;
        const char *alarm;   /* NULL, or the text that makes the row red on a terminal */
} TableColumn;

typedef struct TableFormat {
        bool legend;
        size_t width; /* of the output, in columns; 0: unlimited */
        bool bold;    /* print the legend bold and alarms red, for a terminal */
} TableFormat;

typedef enum JsonMode {
        JSON_MODE_OFF,
        JSON_MODE_SHORT,
        JSON_MODE_PRETTY,
        _JSON_MODE_MAX,
        _JSON_MODE_INVALID = -EINVAL,
} JsonMode;

JsonMode json_mode_from_string(const char *text);

typedef struct Table Table;

/* Borrows `columns`. NULL: out of memory. */
Table *table_new(const TableColumn *columns, size_t n_columns);
Table *table_free(Table *t); /* takes NULL, returns NULL */
DEFINE_CLEANUP(Table *, table_free);

/* Adds a row with the members of `object` that the columns name; missing members are null. The caller keeps the object.
 * -ENOMEM. */
int table_add(Table *t, const json_t *object);
size_t table_n_rows(const Table *t);

/* -ENOMEM; -EIO. */
int table_print(const Table *t, const TableFormat *format, FILE *f);
int table_print_json(const Table *t, JsonMode mode, FILE *f);

/* Prints one JSON value and a line feed. -EIO. */
int json_print(const json_t *j, JsonMode mode, FILE *f);

/* Formats a value as text of that kind; NULL and null are "-". The caller frees. NULL: out of memory. */
char *table_format_value(const json_t *value, TableKind kind);
