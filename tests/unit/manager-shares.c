/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a sum is divided: never more than the sum but for the floors, nobody below what he uses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "manager/lent/shares.h"

static void test_division(void **state) {
        static const struct {
                uint64_t total, floor, usage[4], want[4];
                size_t n;
        } table[] = {
                { 1000, 10, { 0 }, { 500 }, 1 },                      /* half is kept for the next */
                { 1000, 10, { 400 }, { 700 }, 1 },
                { 1000, 10, { 0, 0, 0 }, { 250, 250, 250 }, 3 },
                { 1000, 10, { 700, 0 }, { 800, 100 }, 2 },            /* moves to where it is used */
                { 1000, 10, { 900, 100 }, { 900, 100 }, 2 },          /* used up */
                { 1000, 10, { 1000, 0 }, { 1000, 10 }, 2 },           /* a floor, over the sum */
                { 1000, 10, { 2000 }, { 1000 }, 1 },                  /* uses more than there is */
                { UINT64_MAX - 1, 0, { UINT64_MAX }, { UINT64_MAX - 1 }, 1 },
                { 0, 5, { 7, 0 }, { 5, 5 }, 2 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t got[4];

                shares_divide(table[i].total, table[i].floor, table[i].n, table[i].usage, got);
                for (size_t k = 0; k < table[i].n; k++)
                        if (got[k] != table[i].want[k])
                                fail_msg("row %zu, user %zu: %llu instead of %llu", i, k,
                                         (unsigned long long) got[k], (unsigned long long) table[i].want[k]);
        }
}

static void test_sum_holds(void **state) {
        uint64_t usage[50], got[50], x = 1;

        (void) state;
        for (unsigned round = 0; round < 2000; round++) {
                size_t n = 1 + round % 50;
                uint64_t total, used = 0, sum = 0;

                for (size_t i = 0; i < n; i++) {
                        x = x * 6364136223846793005U + 1442695040888963407U;
                        used += usage[i] = x >> 44;
                }
                total = used + (x >> 50);
                shares_divide(total, 0, n, usage, got);
                for (size_t i = 0; i < n; i++) {
                        assert_true(got[i] >= usage[i]);
                        sum += got[i];
                }
                assert_true(sum <= total);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_division),
                cmocka_unit_test(test_sum_holds),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
