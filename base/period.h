/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdint.h>

/* Periods of the calendar, in the host's local time (localtime(3)). */

typedef enum Period {
        PERIOD_HOUR,
        PERIOD_DAY,
        PERIOD_WEEK, /* from Monday */
        PERIOD_MONTH,
        _PERIOD_MAX,
        _PERIOD_INVALID = -EINVAL,
} Period;

extern const char *const period_names[_PERIOD_MAX];
const char *period_to_string(Period p); /* "month"; NULL: none */
Period period_from_string(const char *text);

/* When the period began that `time` is in; both in seconds since 1970. A clock that was never set, from before
 * 2026, is in no period.
 * 0: *ret is set; -ERANGE: it is in none. */
int period_begin(Period p, int64_t time, int64_t *ret);
