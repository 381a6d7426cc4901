/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/value.h"

#include <stdint.h>
#include <string.h>

static int read_basic(sd_bus_message *m, char type, json_t **ret) {
        union {
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
                int b;
        } v;
        int r;

        r = sd_bus_message_read_basic(m, type, &v);
        if (r < 0)
                return r;
        switch (type) {
        case 's': case 'o': case 'g':
                *ret = json_string(v.s);
                break;
        case 'b':
                *ret = json_boolean(v.b);
                break;
        case 'd':
                *ret = json_real(v.d);
                break;
        case 'y':
                *ret = json_integer(v.y);
                break;
        case 'n':
                *ret = json_integer(v.n);
                break;
        case 'q':
                *ret = json_integer(v.q);
                break;
        case 'i':
                *ret = json_integer(v.i);
                break;
        case 'u':
                *ret = json_integer(v.u);
                break;
        case 'x':
                *ret = json_integer(v.x);
                break;
        case 't':
                *ret = v.t > INT64_MAX ? json_null() : json_integer((json_int_t) v.t);
                break;
        default:
                return -EOPNOTSUPP;
        }
        return *ret ? 0 : -ENOMEM;
}

/* Reads the items of the array or structure that we have entered. */
static int read_items(sd_bus_message *m, json_t *list) {
        int r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                json_t *item = NULL;

                r = value_read(m, &item);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, item) < 0)
                        return -ENOMEM;
        }
        return r < 0 ? r : 0;
}

static int read_entries(sd_bus_message *m, const char *contents, json_t *object) {
        _cleanup_(freep) char *inner = strndup(contents + 1, strlen(contents) - 2);
        int r;

        if (!inner)
                return -ENOMEM;
        while ((r = sd_bus_message_enter_container(m, 'e', inner)) > 0) {
                json_t *value = NULL;
                const char *key;

                r = sd_bus_message_read_basic(m, *inner, &key);
                if (r >= 0)
                        r = value_read(m, &value);
                if (r >= 0 && json_object_set_new(object, key, value) < 0)
                        r = -ENOMEM;
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r;
}

int value_read(sd_bus_message *m, json_t **ret) {
        _cleanup_(json_decrefp) json_t *container = NULL;
        const char *contents;
        char type;
        bool dict;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        if (!strchr("avr", type))
                return read_basic(m, type, ret);

        dict = type == 'a' && contents[0] == '{' && strchr("sog", contents[1]);
        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        if (type == 'v')
                r = value_read(m, &container);
        else {
                container = dict ? json_object() : json_array();
                r = !container ? -ENOMEM : dict ? read_entries(m, contents, container) :
                        read_items(m, container);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(container);
        return 0;
}

json_t *value_name_fields(const json_t *rows, const char *const *keys, size_t n_keys) {
        _cleanup_(json_decrefp) json_t *named = json_array();
        const json_t *row;
        size_t i;

        if (!named)
                return NULL;
        json_array_foreach(rows, i, row) {
                json_t *object = json_object();

                if (!object || json_array_append_new(named, object) < 0)
                        return NULL;
                for (size_t k = 0; k < n_keys; k++)
                        if (json_object_set(object, keys[k], json_array_get(row, k)) < 0)
                                return NULL;
        }
        return TAKE_PTR(named);
}
