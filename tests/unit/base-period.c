/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/period.h"

static int64_t at(int year, int month, int day, int hour, int minute, int dst) {
        struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute,
                         .tm_isdst = dst };

        return mktime(&tm);
}

static void must_begin(Period p, int64_t time, int64_t expected) {
        int64_t begin = 0;

        assert_int_equal(period_begin(p, time, &begin), 0);
        assert_int_equal(begin, expected);
        assert_int_equal(period_begin(p, begin, &begin), 0); /* and its beginning is in it */
        assert_int_equal(begin, expected);
}

static void test_names(void **state) {
        (void) state;
        for (int p = 0; p < _PERIOD_MAX; p++)
                assert_int_equal(period_from_string(period_to_string(p)), p);
        assert_int_equal(period_from_string("year"), _PERIOD_INVALID);
        assert_null(period_to_string(_PERIOD_MAX));
}

static void test_begin(void **state) {
        (void) state;
        must_begin(PERIOD_HOUR, at(2026, 11, 23, 14, 59, 0), at(2026, 11, 23, 14, 0, 0));
        must_begin(PERIOD_DAY, at(2026, 11, 23, 14, 59, 0), at(2026, 11, 23, 0, 0, 0));
        must_begin(PERIOD_WEEK, at(2026, 11, 23, 0, 0, 0), at(2026, 11, 23, 0, 0, 0)); /* a Monday */
        must_begin(PERIOD_WEEK, at(2026, 11, 22, 23, 59, 0), at(2026, 11, 16, 0, 0, 0));
        must_begin(PERIOD_WEEK, at(2027, 1, 1, 5, 0, 0), at(2026, 12, 28, 0, 0, 0));
        must_begin(PERIOD_MONTH, at(2028, 2, 29, 23, 59, 0), at(2028, 2, 1, 0, 0, 0));
        must_begin(PERIOD_MONTH, at(2026, 12, 31, 23, 59, 0), at(2026, 12, 1, 0, 0, 0));
}

/* On 2026-03-29 Berlin has no hour from 2, on 2026-10-25 it has it twice. */
static void test_summer_time(void **state) {
        int64_t second = at(2026, 10, 25, 2, 30, 0);

        (void) state;
        must_begin(PERIOD_DAY, at(2026, 3, 29, 12, 0, 1), at(2026, 3, 29, 0, 0, 0));
        must_begin(PERIOD_DAY, at(2026, 10, 25, 12, 0, 0), at(2026, 10, 25, 0, 0, 1));
        must_begin(PERIOD_WEEK, at(2026, 3, 31, 12, 0, 1), at(2026, 3, 30, 0, 0, 1));
        must_begin(PERIOD_MONTH, at(2026, 3, 31, 12, 0, 1), at(2026, 3, 1, 0, 0, 0));
        must_begin(PERIOD_HOUR, second, second - 30 * 60);
        must_begin(PERIOD_HOUR, second - 3600, second - 90 * 60); /* two hours, not one */
}

static void test_unset_clock(void **state) {
        int64_t begin = 7;

        (void) state;
        assert_int_equal(period_begin(PERIOD_DAY, 0, &begin), -ERANGE);
        assert_int_equal(period_begin(PERIOD_DAY, -1, &begin), -ERANGE);
        assert_int_equal(period_begin(PERIOD_DAY, INT64_MAX, &begin), -ERANGE);
        assert_int_equal(begin, 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names), cmocka_unit_test(test_begin), cmocka_unit_test(test_summer_time),
                cmocka_unit_test(test_unset_clock),
        };

        (void) setenv("TZ", "Europe/Berlin", 1);
        tzset();
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
