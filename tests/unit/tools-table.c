/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/command.h"
#include "tools/table.h"
#include "tools/text.h"
#include "tools/verbs.h"

static const TableColumn columns[] = {
        { "NAME", "name", NULL, TABLE_TEXT },
        { "MEMORY", "memory", "memory_max", TABLE_BYTES },
        { "TEXT", "text", NULL, TABLE_TEXT },
};

static const TableColumn cut_columns[] = {
        { "TEXT", "text", NULL, TABLE_TEXT },
        { "NAME", "name", NULL, TABLE_TEXT },
};

static Table *make_table(const TableColumn *c, size_t n) {
        static const char *const rows[] = {
                "{\"name\":\"a\",\"memory\":512,\"memory_max\":1048576,\"text\":\"x\"}",
                "{\"name\":\"long name of something\",\"memory\":null,\"memory_max\":null,\"text\":\"\"}",
                "{\"name\":\"\\u001b[31m\\u202eb\\\\\",\"other\":1}",
        };
        Table *t = table_new(c, n);

        assert_non_null(t);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                json_t *row = json_loads(rows[i], 0, NULL);

                assert_non_null(row);
                assert_int_equal(table_add(t, row), 0);
                json_decref(row);
        }
        return t;
}

static void assert_table_prints(Table *table, const TableFormat *format, const char *wanted) {
        _cleanup_(table_freep) Table *t = table;
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_int_equal(table_print(t, format, f), 0);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(text, wanted);
}

static void assert_prints(const TableFormat *format, const char *wanted) {
        assert_table_prints(make_table(columns, ELEMENTSOF(columns)), format, wanted);
}

static void test_text(void **state) {
        (void) state;
        assert_prints(&(TableFormat) { .legend = true },
                      "NAME                        MEMORY  TEXT\n"
                      "a                          512B/1M  x\n"
                      "long name of something         -/-  -\n"
                      "\\x1b[31m\\xe2\\x80\\xaeb\\x5c      -/-  -\n");
}

static void test_cut(void **state) {
        (void) state;
        /* never the first column, which names the row */
        assert_prints(&(TableFormat) { .width = 10 },
                      "a                          512B/1M  x\n"
                      "long name of something         -/-  -\n"
                      "\\x1b[31m\\xe2\\x80\\xaeb\\x5c      -/-  -\n");
        assert_table_prints(make_table(cut_columns, ELEMENTSOF(cut_columns)), &(TableFormat) { .width = 20 },
                            "x  a\n"
                            "-  long name of som+\n"
                            "-  \\x1b[31m\\xe2\\x80+\n");
        if (setlocale(LC_CTYPE, "C.UTF-8"))
                assert_table_prints(make_table(cut_columns, ELEMENTSOF(cut_columns)),
                                    &(TableFormat) { .width = 20 },
                                    "x  a\n"
                                    "-  long name of som…\n"
                                    "-  \\x1b[31m\\xe2\\x80…\n");
        (void) setlocale(LC_CTYPE, "C");
}

static void test_json(void **state) {
        _cleanup_(table_freep) Table *t = make_table(columns, ELEMENTSOF(columns));
        _cleanup_(freep) char *text = NULL;
        json_t *back;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        (void) state;
        assert_int_equal(table_print_json(t, JSON_MODE_SHORT, f), 0);
        assert_int_equal(fclose(f), 0);
        back = json_loads(text, 0, NULL);
        assert_int_equal(json_array_size(back), 3);
        assert_string_equal(json_string_value(json_object_get(json_array_get(back, 2), "name")),
                            "\x1b[31m\u202e" "b\\");
        assert_null(json_object_get(json_array_get(back, 2), "other"));
        assert_true(json_is_null(json_object_get(json_array_get(back, 1), "memory_max")));
        json_decref(back);
        assert_int_equal(json_mode_from_string("off"), JSON_MODE_OFF);
        assert_int_equal(json_mode_from_string("xml"), _JSON_MODE_INVALID);
}

static void test_escape(void **state) {
        static const struct {
                const char *text, *wanted;
        } table[] = {
                { "", "" }, { "plain", "plain" }, { "ü€😀", "ü€😀" }, { "a\nb", "a\\x0ab" },
                { "\\x0a", "\\x5cx0a" }, { "\xff", "\\xff" }, { "\xc3", "\\xc3" }, { "\xc3(", "\\xc3(" },
                { "\xc0\x80", "\\xc0\\x80" }, { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
                { "\xc2\x9b" "31m", "\\xc2\\x9b31m" }, { "\u202e", "\\xe2\\x80\\xae" },
                { "\x7f", "\\x7f" }, { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *text = text_escape(table[i].text);

                assert_string_equal(text, table[i].wanted);
        }
}

static void test_numbers(void **state) {
        static const struct {
                const char *(*format)(uint64_t, char[static TEXT_NUMBER_MAX]);
                uint64_t value;
                const char *wanted;
        } table[] = {
                { text_bytes, 0, "0B" }, { text_bytes, 1023, "1023B" }, { text_bytes, 1024, "1K" },
                { text_bytes, 1536, "1.5K" }, { text_bytes, UINT64_C(64) << 20, "64M" },
                { text_bytes, UINT64_C(1) << 62, "4E" }, { text_bytes, UINT64_MAX, "infinity" },
                { text_usec, 0, "0ms" }, { text_usec, 3644, "3ms" }, { text_usec, 12345678, "12.3s" },
                { text_usec, 125000000, "2min 5s" }, { text_usec, UINT64_C(7260000000), "2h 1min" },
                { text_percent, 500, "50%" }, { text_percent, 1255, "125.5%" },
                { text_percent, UINT64_MAX, "infinity" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char buffer[TEXT_NUMBER_MAX];

                assert_string_equal(table[i].format(table[i].value, buffer), table[i].wanted);
        }
}

static void test_exit_status(void **state) {
        static const struct {
                uint32_t verdict, stage;
                int status;
        } table[] = {
                { LOGIN_NO_CELL, 0, EXIT_NO_SUCH }, { LOGIN_REFUSED, 0, EXIT_FAILED },
                { LOGIN_FAILED, LOGIN_STAGE_OTHER, EXIT_FAILED }, { LOGIN_FAILED, LOGIN_STAGE_CGROUP, 219 },
                { LOGIN_FAILED, LOGIN_STAGE_NETWORK, 225 }, { LOGIN_FAILED, LOGIN_STAGE_NAMESPACE, 226 },
                { LOGIN_FAILED, 99, EXIT_FAILED },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const LoginReply reply = { .verdict = table[i].verdict, .stage = table[i].stage };

                assert_int_equal(command_status_of_reply(&reply), table[i].status);
        }
        assert_int_equal(command_status_of_error(-ENOENT), EXIT_ABSENT);
        assert_int_equal(command_status_of_error(-ECONNREFUSED), EXIT_ABSENT);
        assert_int_equal(command_status_of_error(-ETIMEDOUT), EXIT_FAILED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text), cmocka_unit_test(test_cut), cmocka_unit_test(test_json),
                cmocka_unit_test(test_escape), cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_exit_status),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
