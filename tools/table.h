/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"

/* Rows of JSON objects, printed as JSON or as an aligned table (pure). */

typedef enum TableKind {
        TABLE_TEXT,
        TABLE_COUNT, /* from here on numbers, aligned to the right; null is "-" */
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
        const char *max_key; /* NULL, or printed after a slash: the limit to what `key` uses */
        TableKind kind;
        const char *alarm;   /* NULL, or the text that makes the row red on a terminal */
} TableColumn;

typedef struct TableFormat {
        bool legend;
        size_t width; /* 0: nothing is cut */
        bool bold;    /* for the legend, and red for alarms: on a terminal */
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

/* `columns` are borrowed. NULL: out of memory. */
Table *table_new(const TableColumn *columns, size_t n_columns);
Table *table_free(Table *t); /* takes NULL, returns NULL */
DEFINE_CLEANUP(Table *, table_free);

/* Takes what the columns name out of an object, which stays the caller's; what is missing is null.
 * -ENOMEM. */
int table_add(Table *t, const json_t *object);
size_t table_n_rows(const Table *t);

/* -ENOMEM; -EIO. */
int table_print(const Table *t, const TableFormat *format, FILE *f);
int table_print_json(const Table *t, JsonMode mode, FILE *f);

/* One JSON value and a line feed. -EIO. */
int json_print(const json_t *j, JsonMode mode, FILE *f);

/* A value as text of that kind; NULL and null are "-". The caller frees. NULL: out of memory. */
char *table_format_value(const json_t *value, TableKind kind);
