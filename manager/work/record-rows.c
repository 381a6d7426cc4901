/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/work/record-rows.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strv.h"
#include "netns/frame-rules.h"
#include "netns/link.h"
#include "policies/policy.h"

#define BOOT_KEY "BootId"

/* --- writing ------------------------------------------------------------------------------ */

static uint64_t get_number(const void *field, size_t size) {
        switch (size) {
        case sizeof(uint16_t):
                return *(const uint16_t *) field;
        case sizeof(uint32_t):
                return *(const uint32_t *) field;
        default:
                return *(const uint64_t *) field;
        }
}

static void set_lines(Record *r, const char *key, char *const *lines) {
        _cleanup_(freep) char *text = NULL;

        if (!lines)
                return;
        text = strv_join(lines, "\n");
        if (text)
                record_set(r, key, "%s", text);
        else
                record_lose(r);
}

static void set_mac(Record *r, const char *key, const uint8_t *mac) {
        static const uint8_t unset[LINK_MAC_SIZE];
        char text[FRAME_MAC_TEXT_MAX];

        if (memcmp(mac, unset, sizeof(unset)) != 0)
                record_set(r, key, "%s", frame_mac_to_text(mac, text));
}

static void set_address(Record *r, const char *key, const IpPrefix *address) {
        char text[PREFIX_STRING_MAX];

        if (address->family != AF_UNSPEC)
                record_set(r, key, "%s", prefix_to_string(address, text));
}

static void set_row(Record *r, const RecordRow *row, const void *object) {
        const void *field = (const char *) object + row->offset;
        const char *text = NULL;

        switch (row->kind) {
        case RECORD_STRING:
        case RECORD_TEXT:
                text = *(char *const *) field;
                break;
        case RECORD_NAME:
                text = *(const char *) field ? field : NULL;
                break;
        case RECORD_WORD:
                text = row->words[*(const int *) field];
                text = *text ? text : NULL;
                break;
        case RECORD_POLICY:
                text = (*(Policy *const *) field)->name;
                break;
        case RECORD_FLAG:
                text = *(const bool *) field ? "1" : "0";
                break;
        case RECORD_NUMBER:
                if (get_number(field, row->size) != row->unset)
                        record_set(r, row->key, "%" PRIu64, get_number(field, row->size));
                break;
        case RECORD_LINES:
                set_lines(r, row->key, *(char **const *) field);
                break;
        case RECORD_ADDRESS:
                set_address(r, row->key, field);
                break;
        case RECORD_MAC:
                set_mac(r, row->key, field);
                break;
        }
        if (text)
                record_set(r, row->key, "%s", text);
}

Record *record_new_object(const RecordType *t, const void *object, char *const *kept) {
        Record *r = record_new(t->section);

        if (!r)
                return NULL;
        if (t->of_this_boot)
                record_set(r, BOOT_KEY, "%s", record_boot_id());
        for (size_t i = 0; i < t->n_rows; i++) {
                set_row(r, &t->rows[i], object);
                if (i == 0)
                        record_set_kept(r, kept);
        }
        return r;
}

/* --- reading ------------------------------------------------------------------------------ */

static int read_number(const RecordRow *row, void *field, const char *value) {
        uint64_t number;

        if (parse_uint64(value, &number) < 0 || (row->size < sizeof(number) && number >> (8 * row->size) != 0))
                return -EBADMSG;
        switch (row->size) {
        case sizeof(uint16_t):
                *(uint16_t *) field = (uint16_t) number;
                break;
        case sizeof(uint32_t):
                *(uint32_t *) field = (uint32_t) number;
                break;
        default:
                *(uint64_t *) field = number;
        }
        return 0;
}

/* "yes" is what versions before wrote of services. */
static int read_flag(bool *field, const char *value) {
        if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0 && strcmp(value, "yes") != 0)
                return -EBADMSG;
        *field = *value != '0';
        return 0;
}

static int read_lines(char ***field, const char *value) {
        int r = 0;

        while (r >= 0 && *value) {
                size_t n = strcspn(value, "\n");

                r = strv_extend_n(field, value, n);
                value += n + (value[n] == '\n');
        }
        return r;
}

static int read_name(char *field, size_t size, const char *value) {
        if (strlen(value) >= size || strchr(value, '/'))
                return -EBADMSG;
        (void) strcpy(field, value);
        return 0;
}

static int read_word(const RecordRow *row, int *field, const char *value) {
        for (int i = 0; i < row->n_words; i++)
                if (strcmp(value, row->words[i]) == 0) {
                        *field = i;
                        return 0;
                }
        *field = row->unknown;
        return 1;
}

static int read_policy(Policy **field, const char *value) {
        if (*field)
                return -EBADMSG;
        *field = policy_new(value);
        return *field ? 0 : -ENOMEM;
}

/* 1: a word that this version does not know. */
static int read_row(const RecordRow *row, void *object, const char *value) {
        void *field = (char *) object + row->offset;

        switch (row->kind) {
        case RECORD_STRING:
                return record_restore_text(field, value);
        case RECORD_TEXT:
                return *value ? record_restore_text(field, value) : 0;
        case RECORD_NAME:
                return read_name(field, row->size, value);
        case RECORD_LINES:
                return read_lines(field, value);
        case RECORD_NUMBER:
                return read_number(row, field, value);
        case RECORD_FLAG:
                return read_flag(field, value);
        case RECORD_WORD:
                return read_word(row, field, value);
        case RECORD_ADDRESS:
                return parse_address(value, field) < 0 ? -EBADMSG : 0;
        case RECORD_MAC:
                return link_parse_mac(value, field) < 0 ? -EBADMSG : 0;
        case RECORD_POLICY:
                return read_policy(field, value);
        }
        return 1;
}

typedef struct Reading {
        const RecordType *type;
        const char *name;
        void *object, *userdata;
        char ***kept;
        record_read_t other;
} Reading;

static int read_known(const Reading *reading, const char *key, const char *value) {
        const RecordType *t = reading->type;

        if (t->of_this_boot && strcmp(key, BOOT_KEY) == 0)
                return strcmp(value, record_boot_id()) == 0 ? 0 : -ESTALE;
        for (size_t i = 0; i < t->n_rows; i++)
                if (strcmp(key, t->rows[i].key) == 0)
                        return read_row(&t->rows[i], reading->object, value);
        return reading->other ? reading->other(key, value, reading->userdata) : 1;
}

static int read_key(const char *key, const char *value, void *userdata) {
        const Reading *reading = userdata;
        const char *section = reading->type->section;
        char of[128];
        int r;

        r = read_known(reading, key, value);
        if (r <= 0)
                return r;
        (void) snprintf(of, sizeof(of), "The record of %c%s %.96s", tolower((unsigned char) *section), section + 1,
                        reading->name);
        return record_keep(reading->kept, of, key, value);
}

int record_read_object(int dir_fd, const char *name, const RecordType *t, void *object, char ***kept, record_read_t other,
                       void *userdata) {
        Reading reading = { .type = t, .name = name, .object = object, .userdata = userdata, .kept = kept, .other = other };

        return record_read(dir_fd, name, t->section, read_key, &reading);
}
