/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/period.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define EPOCH INT64_C(1767225600) /* 2026-01-01 */

const char *const period_names[_PERIOD_MAX] = { "hour", "day", "week", "month" };

const char *period_to_string(Period p) {
        return p >= 0 && p < _PERIOD_MAX ? period_names[p] : NULL;
}

Period period_from_string(const char *text) {
        for (int p = 0; p < _PERIOD_MAX; p++)
                if (strcmp(text, period_names[p]) == 0)
                        return p;
        return _PERIOD_INVALID;
}

int period_begin(Period p, int64_t time, int64_t *ret) {
        time_t t = (time_t) time;
        struct tm tm;

        if (time < EPOCH || p < 0 || p >= _PERIOD_MAX || !localtime_r(&t, &tm))
                return -ERANGE;
        if (p == PERIOD_HOUR) { /* of the two that a change of the clock makes of one, the one that it is */
                *ret = time - tm.tm_min * 60 - tm.tm_sec;
                return 0;
        }
        tm.tm_sec = tm.tm_min = tm.tm_hour = 0;
        if (p == PERIOD_WEEK)
                tm.tm_mday -= (tm.tm_wday + 6) % 7;
        else if (p == PERIOD_MONTH)
                tm.tm_mday = 1;
        tm.tm_isdst = -1;
        t = mktime(&tm);
        if (t == (time_t) -1)
                return -ERANGE;
        *ret = t;
        return 0;
}
