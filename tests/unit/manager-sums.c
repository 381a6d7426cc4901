/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Places among those that share sums of bandwidth: a tree for each policy, a number for each user and each cell. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "manager/lent/sums.h"

static char name[] = "b";

static Policy policy_with_sum(void) {
        Policy p = *policy_defaults(); /* owns nothing */

        p.name = name;
        p.policy.bandwidth_up_bits = 1000000;
        return p;
}

static void test_places(void **state) {
        const SumsPlace taken[] = {
                { "a", 1000, { 1, SHAPING_FIRST, SHAPING_FIRST + 1 } },
                { "b", 1000, { 2, SHAPING_FIRST, SHAPING_FIRST + 1 } },
                { "b", 1001, { 2, SHAPING_FIRST + 2, SHAPING_FIRST + 4 } },
        };
        Policy p = policy_with_sum();
        ShapingPlace place;

        (void) state;
        assert_int_equal(sums_choose(taken, 3, &p, 1001, &place), 0); /* a second cell of this user */
        assert_int_equal(place.tree, 2);
        assert_int_equal(place.user, SHAPING_FIRST + 2);
        assert_int_equal(place.cell, SHAPING_FIRST + 3);
        assert_int_equal(sums_choose(taken, 3, &p, 1002, &place), 0); /* somebody new */
        assert_int_equal(place.user, SHAPING_FIRST + 3);
        assert_int_equal(place.cell, SHAPING_FIRST + 5);
        assert_int_equal(sums_choose(taken, 1, &p, 1000, &place), 0); /* the first under this policy */
        assert_int_equal(place.tree, 2);
        assert_int_equal(place.user, SHAPING_FIRST);
}

static void test_full(void **state) {
        const size_t n = (UINT16_MAX + 1 - SHAPING_FIRST) / 2;
        SumsPlace *taken = calloc(n, sizeof(*taken));
        Policy p = policy_with_sum();
        ShapingPlace place;

        (void) state;
        assert_non_null(taken);
        for (size_t i = 0; i < n; i++)
                taken[i] = (SumsPlace) { name, (uid_t) i, { 1, (uint16_t) (SHAPING_FIRST + 2 * i),
                                                           (uint16_t) (SHAPING_FIRST + 2 * i + 1) } };
        assert_int_equal(sums_choose(taken, n, &p, 70000, &place), -ENOSPC);
        assert_int_equal(place.tree, 0);
        free(taken);
}

static void test_no_sum(void **state) {
        Policy p = policy_with_sum();
        ShapingPlace place = { .tree = 7 };

        (void) state;
        p.policy.bandwidth_up_bits = LIMIT_NONE;
        assert_int_equal(sums_choose(NULL, 0, &p, 1000, &place), 0);
        assert_int_equal(place.tree, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_no_sum),
        };
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("manager-sums", tests, NULL, NULL);
}
