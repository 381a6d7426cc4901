/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "tools/table.h"

/* Turns D-Bus values into JSON. UINT64_MAX, which means "no limit" or "not known", and all above INT64_MAX become null;
 * a variant becomes its contents, a dictionary an object, and a structure an array. */

/* Reads one complete value. -ENOMEM, -EBADMSG, -EOPNOTSUPP for file descriptors. */
int value_read(sd_bus_message *m, json_t **ret);

/* Turns an array of arrays into an array of objects with these keys. NULL: out of memory. */
json_t *value_name_fields(const json_t *rows, const char *const *keys, size_t n_keys);
