/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Of each group that the installed systemd documents, we have at least all. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/syscall-groups.h"

static void test_expand(void **state) {
        _cleanup_(strv_freep) char **names = NULL;

        (void) state;
        assert_int_equal(syscall_expand("@nothing", &names), -ENOENT);
        assert_null(names);
        assert_int_equal(syscall_expand("read", &names), 0);
        assert_int_equal(syscall_expand("read", &names), 0);
        assert_int_equal(strv_length(names), 1);
        assert_int_equal(syscall_expand("@privileged", &names), 0); /* has groups in it */
        assert_true(strv_has(names, "kexec_load") && strv_has(names, "bpf") && strv_has(names, "chown"));
        for (unsigned i = 0; syscall_group_name(i); i++)
                assert_true(syscall_group_exists(syscall_group_name(i)));
        assert_false(syscall_group_exists("mount"));
        assert_int_equal(syscall_new_number("open_tree_attr"), 467);
        assert_int_equal(syscall_new_number("read"), -1);
}

static void test_systemd(void **state) {
        _cleanup_(strv_freep) char **ours = NULL;
        char line[256], group[256] = "";
        unsigned n = 0;
        FILE *f;

        (void) state;
        f = popen("systemd-analyze --no-pager syscall-filter", "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                if (*line == '@') {
                        (void) snprintf(group, sizeof(group), "%s", line);
                        if (strcmp(group, "@known") == 0)
                                break;
                        ours = strv_free(ours);
                        if (syscall_expand(group, &ours) < 0)
                                fail_msg("there is no %s", group);
                } else if (strncmp(line, "    ", 4) == 0 && line[4] != '#' && line[4] != '@') {
                        n++;
                        if (!strv_has(ours, line + 4))
                                fail_msg("%s lacks %s", group, line + 4);
                }
        }
        while (fgets(line, sizeof(line), f))
                ;
        assert_int_equal(pclose(f), 0);
        assert_true(n > 300);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_expand), cmocka_unit_test(test_systemd) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
