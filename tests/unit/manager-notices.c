/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is told of what, in which order, and who is not any more. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "manager/cells/notices.h"

static char told[16];

static void on_notice(const Notice *n, void *userdata) {
        assert_int_equal(n->kind, NOTICE_CELL_LINGERS);
        assert_null(n->session);
        (void) strcat(told, userdata);
}

static void post(const Notices *n, const char *want) {
        *told = '\0';
        notices_post(n, NOTICE_CELL_LINGERS, NULL, NULL, NULL);
        assert_string_equal(told, want);
}

static void test_order(void **state) {
        char a[] = "a", b[] = "b", c[] = "c";
        Notices n = {};

        (void) state;
        post(&n, "");
        notices_subscribe(&n, NOTICE_AFTER, on_notice, a);
        notices_subscribe(&n, NOTICE_ANSWER, on_notice, b);
        notices_subscribe(&n, NOTICE_TABLES, on_notice, c);
        notices_subscribe(&n, NOTICE_ANSWER, on_notice, a);
        post(&n, "baca");
        notices_unsubscribe(&n, a);
        post(&n, "bc");
        notices_unsubscribe(&n, a);
        post(&n, "bc");
        notices_subscribe(&n, NOTICE_BEFORE, on_notice, a);
        post(&n, "bac");
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_order) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("manager-notices", tests, NULL, NULL);
}
