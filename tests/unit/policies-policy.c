/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a cell asks of its user as a whole, by its scope. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policies/policy-keys.h"

static void set(Policy *p, const char *section, const char *key, const char *value) {
        char *message = NULL;

        if (policy_key_set(p, section, key, value, &message) < 0)
                fail_msg("%s", message);
}

static void test_tighten_user(void **state) {
        static const struct {
                CellScope scope;
                uint64_t tasks, memory; /* LIMIT_NONE: not limited by the cell */
                const char *cpus;
        } table[] = {
                { CELL_SCOPE_SESSION, 90, LIMIT_NONE, "0-1" },
                { CELL_SCOPE_USER, 80, 1 << 20, "2" },
                { CELL_SCOPE_POLICY, 90, LIMIT_NONE, "0-1" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(policy_unrefp) Policy *p = policy_new("p");
                Resources limits; /* borrows */

                p->scope = table[i].scope;
                set(p, "Resources", "TasksMax", "80");
                set(p, "Resources", "MemoryMax", "1M");
                set(p, "Resources", "AllowedCPUs", "2");
                set(p, "UserResources", "TasksMax", "90");
                set(p, "PolicyResources", "AllowedCPUs", "0-1");
                set(p, "PolicyResources", "TasksMax", "5"); /* a sum: shared out, not everybody's */
                resources_init(&limits);
                policy_tighten_user(p, &p->cell, &limits);
                assert_int_equal(limits.tasks_max, table[i].tasks);
                assert_true(limits.memory_max_bytes == table[i].memory);
                assert_non_null(limits.allowed_cpus);
                assert_string_equal(limits.allowed_cpus, table[i].cpus);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_tighten_user) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
