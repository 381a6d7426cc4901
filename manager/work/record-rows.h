/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/work/state.h"

/* One table of rows for each kind of object writes its record and reads it. A field that has the value of an object
 * of which nothing is known is left out, but for flags. */

typedef enum RecordKind {
        RECORD_STRING,  /* char *, owned; NULL is left out */
        RECORD_TEXT,    /* the same, but "" is NULL, too */
        RECORD_NAME,    /* char[]; "" is left out; no '/' may be in it */
        RECORD_LINES,   /* char **, owned; none may have a line break */
        RECORD_NUMBER,  /* an integer of 2, 4 or 8 bytes, written as an unsigned one */
        RECORD_FLAG,    /* bool */
        RECORD_WORD,    /* an enum of the size of int, by its name */
        RECORD_ADDRESS, /* IpPrefix; AF_UNSPEC is left out */
        RECORD_MAC,     /* uint8_t[LINK_MAC_SIZE] */
        RECORD_POLICY,  /* Policy *, owned: a new one of that name. A record that names two is unusable */
} RecordKind;

typedef struct RecordRow {
        const char *key;
        RecordKind kind;
        size_t offset, size;
        uint64_t unset;           /* of a number: the value that is left out */
        const char *const *words; /* of a word; "" is left out */
        int n_words, unknown;     /* `unknown`: what a word becomes that this version does not know */
} RecordRow;

#define RECORD_ROW(type, key, kind, field, ...) \
        { key, RECORD_##kind, offsetof(type, field), sizeof(((type *) NULL)->field), __VA_ARGS__ }

typedef struct RecordType {
        const char *section;
        bool of_this_boot; /* the record of another boot is stale */
        const RecordRow *rows;
        size_t n_rows;
} RecordType;

/* A record with the object's fields. `kept` are the lines that record_read_object() kept; they stand after the first row,
 * so that a field which is written of the same key holds. The caller adds what has no row. NULL: out of memory. */
Record *record_new_object(const RecordType *t, const void *object, char *const *kept);

/* Reads a record into an object of which nothing is known. `other` (may be NULL) gets the keys that have no row; if it
 * returns 1 the key is not known at all: it is kept in *kept as record_keep() does.
 *
 * 0; -ESTALE: of another boot; -EBADMSG: unusable, a value may be missing or out of range; all that could be read is in the
 * object nevertheless; -ENOMEM; -errno of reading the file. */
int record_read_object(int dir_fd, const char *name, const RecordType *t, void *object, char ***kept, record_read_t other,
                       void *userdata);
