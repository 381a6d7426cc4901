/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strv.h"

static void test_extend(void **state) {
        _cleanup_(strv_freep) char **v = NULL;
        char d[] = "d", e[] = "e", *const more[] = { d, e, NULL };

        (void) state;
        assert_int_equal(strv_length(v), 0);
        assert_int_equal(strv_extend(&v, "a"), 0);
        assert_int_equal(strv_extend_n(&v, "bcd", 2), 0);
        assert_int_equal(strv_extend(&v, ""), 0);
        assert_int_equal(strv_length(v), 3);
        assert_string_equal(v[0], "a");
        assert_string_equal(v[1], "bc");
        assert_string_equal(v[2], "");
        assert_null(v[3]);
        assert_int_equal(strv_extend_all(&v, NULL), 0);
        assert_int_equal(strv_extend_all(&v, more), 0);
        assert_int_equal(strv_length(v), 5);
        assert_string_equal(v[3], "d");
        assert_string_equal(v[4], "e");
        assert_null(strv_free(NULL));
}

static void assert_splits(const char *text, const char *joined) {
        _cleanup_(strv_freep) char **v = NULL;
        _cleanup_(freep) char *again = NULL;

        assert_int_equal(strv_split_quoted(text, &v), 0);
        again = strv_join(v, "|");
        assert_string_equal(again, joined);
}

static void test_quoted(void **state) {
        char *const v[] = { (char *) "/a b:/c", (char *) "", (char *) "x\\y", (char *) "d\"e'f", NULL };
        _cleanup_(freep) char *whole = NULL, *parts = NULL;
        char **none = NULL;

        (void) state;
        assert_splits("", "");
        assert_splits("  a  b\t", "a|b");
        assert_splits("\"a b\" 'c d'e", "a b|c de");
        assert_splits("a\\ b \"c\\\"d\" 'e\\f' \"g'h\"", "a b|c\"d|e\\f|g'h");
        assert_splits("\"\" x", "|x");
        assert_splits("a\\", "a\\");
        assert_int_equal(strv_split_quoted("a \"b", &none), -EINVAL);
        assert_int_equal(strv_split_quoted("'", &none), -EINVAL);
        assert_null(none);

        whole = strv_join_quoted(v, '\0');
        assert_string_equal(whole, "\"/a b:/c\" \"\" \"x\\\\y\" \"d\\\"e'f\"");
        assert_splits(whole, "/a b:/c||x\\y|d\"e'f");
        parts = strv_join_quoted(v, ':');
        assert_string_equal(parts, "\"/a b\":/c \"\" \"x\\\\y\" \"d\\\"e'f\"");
        assert_splits(parts, "/a b:/c||x\\y|d\"e'f");
}

static void test_split_and_join(void **state) {
        static const struct {
                const char *text;
                size_t n;
                const char *joined;
        } table[] = {
                { "", 0, "" }, { " \t ", 0, "" }, { "a", 1, "a" }, { " a  b\tc ", 3, "a, b, c" },
                { "\"a b\"", 2, "\"a, b\"" }, { "a,b", 1, "a,b" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(strv_freep) char **v = NULL;
                _cleanup_(freep) char *joined = NULL;

                assert_int_equal(strv_split(table[i].text, &v), 0);
                assert_int_equal(strv_length(v), table[i].n);
                joined = strv_join(v, ", ");
                assert_string_equal(joined, table[i].joined);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_extend),
                cmocka_unit_test(test_quoted),
                cmocka_unit_test(test_split_and_join),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
