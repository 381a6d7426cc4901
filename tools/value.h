/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "tools/table.h"

/* D-Bus to JSON. A uint64 of all ones, which is no limit or not known, is null; a variant is what it
 * contains; a dictionary is an object; a structure is an array. */

/* Reads one complete value. -ENOMEM, -EBADMSG, -EOPNOTSUPP for file descriptors. */
int value_read(sd_bus_message *m, json_t **ret);

/* Turns an array of arrays into one of objects with these keys. NULL: out of memory. */
json_t *value_name_fields(const json_t *rows, const char *const *keys, size_t n_keys);
