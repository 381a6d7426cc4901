/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text to value: good, bad and border, and back to text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/parse.h"

typedef struct Number {
        const char *text;
        int r;
        uint64_t value;
} Number;

static void check_numbers(const Number *table, size_t n, int (*parse)(const char *, uint64_t *)) {
        for (size_t i = 0; i < n; i++) {
                uint64_t value = 4711;
                int r = parse(table[i].text, &value);

                if (r != table[i].r || value != (r < 0 ? 4711 : table[i].value))
                        fail_msg("\"%s\": %d, %ju", table[i].text, r, (uintmax_t) value);
        }
}

static void test_uint64(void **state) {
        static const Number table[] = {
                { "0", 0, 0 }, { "007", 0, 7 }, { "18446744073709551615", 0, UINT64_MAX },
                { "18446744073709551616", -ERANGE }, { "99999999999999999999999", -ERANGE },
                { "", -EINVAL }, { "-1", -EINVAL }, { "+1", -EINVAL }, { " 1", -EINVAL },
                { "1 ", -EINVAL }, { "0x1", -EINVAL }, { "1.0", -EINVAL }, { "a", -EINVAL },
        };

        (void) state;
        check_numbers(table, ELEMENTSOF(table), parse_uint64);
}

static void test_bytes(void **state) {
        static const Number table[] = {
                { "0", 0, 0 }, { "1", 0, 1 }, { "7B", 0, 7 }, { "1K", 0, 1024 }, { "512M", 0, 536870912 },
                { "1.5G", 0, 1610612736 }, { "0.5K", 0, 512 }, { "15E", 0, UINT64_C(15) << 60 },
                { "infinity", 0, UINT64_MAX }, { "16E", -ERANGE }, { "18446744073709551615", -ERANGE },
                { "1.1K", 0, 1126 }, { "1.000000001G", 0, 1073741825 }, { "1.0000000001G", -EINVAL },
                { "1.5", -EINVAL }, { "1.5B", -EINVAL }, { "1.", -EINVAL }, { ".5K", -EINVAL },
                { "K", -EINVAL }, { "1k", -EINVAL }, { "1KB", -EINVAL }, { "1 K", -EINVAL },
                { "-1K", -EINVAL }, { "Infinity", -EINVAL }, { "", -EINVAL }, { "5%", -EINVAL },
        };
        static const Number si[] = {
                { "50M", 0, 50000000 }, { "1K", 0, 1000 }, { "1.5G", 0, 1500000000 },
                { "18E", 0, UINT64_C(18000000000000000000) }, { "19E", -ERANGE }, { "x", -EINVAL },
        };

        (void) state;
        check_numbers(table, ELEMENTSOF(table), parse_bytes);
        check_numbers(si, ELEMENTSOF(si), parse_si_bytes);
}

static void test_bytes_to_string(void **state) {
        static const struct {
                uint64_t bytes;
                const char *text;
        } table[] = {
                { 0, "0" }, { 1, "1" }, { 1023, "1023" }, { 1024, "1K" }, { 1536, "1536" },
                { 1536 << 10, "1536K" }, { UINT64_C(1) << 60, "1E" }, { UINT64_MAX, "infinity" },
                { UINT64_MAX - 1, "18446744073709551614" }, { UINT64_C(1) << 63, "8E" },
        };
        char buffer[BYTES_STRING_MAX];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t again;

                assert_string_equal(bytes_to_string(table[i].bytes, buffer), table[i].text);
                assert_int_equal(parse_bytes(buffer, &again), 0);
                assert_true(again == table[i].bytes);
        }
}

static void test_usec(void **state) {
        static const Number table[] = {
                { "0", 0, 0 }, { "5", 0, 5000000 }, { "1.5", 0, 1500000 }, { "100ms", 0, 100000 },
                { "2h 30min", 0, UINT64_C(9000000000) }, { "2h30min", 0, UINT64_C(9000000000) },
                { "1 s", 0, 1000000 }, { "1M", 0, UINT64_C(2629800000000) }, { "1m", 0, 60000000 },
                { "7us", 0, 7 }, { "7µs", 0, 7 }, { "1y", 0, UINT64_C(31557600000000) },
                { "1d 1d", 0, UINT64_C(172800000000) }, { "infinity", 0, USEC_INFINITY },
                { "584543y", -ERANGE }, { "18446744073709551615us", -ERANGE },
                { "18446744073709551614us 1us", -ERANGE }, { "99999999999999999999", -ERANGE },
                { "", -EINVAL }, { " ", -EINVAL }, { " 5", -EINVAL }, { "5 ", -EINVAL },
                { "5s ", -EINVAL }, { "-5", -EINVAL }, { "5x", -EINVAL }, { "s", -EINVAL },
                { "1h 30", -EINVAL }, { "1 2", -EINVAL }, { "5S", -EINVAL }, { "1..5s", -EINVAL },
        };

        (void) state;
        check_numbers(table, ELEMENTSOF(table), parse_usec);
}

static void test_usec_to_string(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } table[] = {
                { 0, "0" }, { 1, "1us" }, { 90000000, "1min 30s" }, { 1500000, "1s 500ms" },
                { UINT64_C(788645006007), "1w 2d 3h 4min 5s 6ms 7us" }, { USEC_INFINITY, "infinity" },
        };
        char buffer[USEC_STRING_MAX];
        uint64_t again;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_string_equal(usec_to_string(table[i].usec, buffer), table[i].text);
                assert_int_equal(parse_usec(buffer, &again), 0);
                assert_true(again == table[i].usec);
        }
        assert_int_equal(parse_usec(usec_to_string(UINT64_MAX - 1, buffer), &again), 0);
        assert_true(again == UINT64_MAX - 1);
}

static int parse_permille(const char *text, uint64_t *ret) {
        return parse_percent(text, PERMILLE, ret);
}

static int parse_permyriad(const char *text, uint64_t *ret) {
        return parse_percent(text, PERMYRIAD, ret);
}

static void test_percent(void **state) {
        static const Number permille[] = {
                { "0%", 0, 0 }, { "150%", 0, 1500 }, { "12.5%", 0, 125 }, { "0.1%", 0, 1 },
                { "12.50%", 0, 125 }, { "0.01%", -EINVAL }, { "5", -EINVAL }, { "%", -EINVAL },
                { "5%%", -EINVAL }, { "5 %", -EINVAL }, { "-5%", -EINVAL },
                { "18446744073709551615%", -ERANGE },
        };
        static const Number permyriad[] = { { "0.01%", 0, 1 }, { "100%", 0, 10000 }, { "0.001%", -EINVAL } };

        (void) state;
        check_numbers(permille, ELEMENTSOF(permille), parse_permille);
        check_numbers(permyriad, ELEMENTSOF(permyriad), parse_permyriad);
}

static void test_boolean(void **state) {
        static const char *const yes[] = { "1", "yes", "Y", "TRUE", "t", "On" };
        static const char *const no[] = { "0", "No", "n", "false", "F", "off" };
        static const char *const bad[] = { "", "2", "yess", " yes", "y ", "enable" };
        bool b;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                b = false;
                assert_int_equal(parse_boolean(yes[i], &b), 0);
                assert_true(b);
                assert_int_equal(parse_boolean(no[i], &b), 0);
                assert_false(b);
                assert_int_equal(parse_boolean(bad[i], &b), -EINVAL);
        }
}

static void test_uid(void **state) {
        static const struct {
                const char *text;
                int r;
                uid_t uid;
        } table[] = {
                { "0", 0, 0 }, { "1000", 0, 1000 }, { "65534", 0, 65534 }, { "65536", 0, 65536 },
                { "4294967294", 0, 4294967294U }, { "65535", -ERANGE }, { "4294967295", -ERANGE },
                { "4294967296", -ERANGE }, { "18446744073709551615", -ERANGE }, { "-1", -EINVAL },
                { "", -EINVAL }, { "root", -EINVAL }, { "1000 ", -EINVAL },
        };
        uid_t uid, first = 7, last = 8;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uid = 4711;
                assert_int_equal(parse_uid(table[i].text, &uid), table[i].r);
                assert_int_equal(uid, table[i].r < 0 ? 4711 : table[i].uid);
        }
        assert_int_equal(parse_uid_range("2000-1999", &first, &last), -ERANGE);
        assert_int_equal(parse_uid_range("0-4294967295", &first, &last), -ERANGE);
        assert_int_equal(parse_uid_range("1-", &first, &last), -EINVAL);
        assert_int_equal(parse_uid_range("-1", &first, &last), -EINVAL);
        assert_int_equal(parse_uid_range("1-2-3", &first, &last), -EINVAL);
        assert_int_equal(parse_uid_range("1 - 2", &first, &last), -EINVAL);
        assert_true(first == 7 && last == 8);
        assert_int_equal(parse_uid_range("1000-1999", &first, &last), 0);
        assert_true(first == 1000 && last == 1999);
        assert_int_equal(parse_uid_range("5", &first, &last), 0);
        assert_true(first == 5 && last == 5);
}

static void test_prefix(void **state) {
        static const struct {
                const char *text;
                int r;
                const char *back;
        } table[] = {
                { "10.0.0.0/8", 0, "10.0.0.0/8" }, { "0.0.0.0/0", 0, "0.0.0.0/0" },
                { "10.1.2.3", 0, "10.1.2.3" }, { "10.1.2.3/32", 0, "10.1.2.3" },
                { "fd77::/64", 0, "fd77::/64" }, { "::/0", 0, "::/0" }, { "FD77::1/128", 0, "fd77::1" },
                { "10.0.0.1/8", -EADDRNOTAVAIL }, { "fd77::1/64", -EADDRNOTAVAIL },
                { "10.0.0.0/33", -ERANGE }, { "::/129", -ERANGE }, { "10.0.0.0/", -EINVAL },
                { "10.0.0.0/-1", -EINVAL }, { "10.0.0.0/8 ", -EINVAL }, { "/8", -EINVAL },
                { "10.0.0/8", -EINVAL }, { "010.0.0.0/8", -EINVAL }, { "", -EINVAL }, { "localhost", -EINVAL },
                { "fe80::1%eth0", -EINVAL }, { "10.0.0.0/8/8", -EINVAL },
                { "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", -EINVAL },
        };
        char buffer[PREFIX_STRING_MAX];
        IpPrefix p, any;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_int_equal(parse_prefix(table[i].text, false, &p), table[i].r);
                if (table[i].r == 0)
                        assert_string_equal(prefix_to_string(&p, buffer), table[i].back);
                if (table[i].r == -EADDRNOTAVAIL)
                        assert_int_equal(parse_prefix(table[i].text, true, &any), 0);
        }
        assert_int_equal(parse_address("10.0.0.1/32", &p), -EINVAL);
        assert_int_equal(parse_address("10.0.0.1", &p), 0);
        assert_int_equal(p.length, 32);
        for (size_t i = 4; i < 16; i++)
                assert_int_equal(p.address.bytes[i], 0);
}

static void test_contains(void **state) {
        static const struct {
                const char *prefix, *address;
                bool want;
        } table[] = {
                { "10.0.0.0/8", "10.255.0.1", true }, { "10.0.0.0/8", "11.0.0.0", false },
                { "10.0.0.0/9", "10.128.0.0", false }, { "0.0.0.0/0", "1.2.3.4", true },
                { "0.0.0.0/0", "::1", false }, { "::/0", "1.2.3.4", false }, { "fd77::/64", "fd77::1", true },
                { "fd77::/64", "fd77:0:0:1::", false }, { "10.0.0.0/8", "10.0.0.0/7", false },
                { "10.0.0.0/8", "10.1.0.0/16", true }, { "10.0.0.1", "10.0.0.1", true },
        };
        IpPrefix p, a;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_int_equal(parse_prefix(table[i].prefix, false, &p), 0);
                assert_int_equal(parse_prefix(table[i].address, true, &a), 0);
                assert_int_equal(prefix_contains(&p, &a), table[i].want);
        }
}

static void test_cpu_list(void **state) {
        static const struct {
                const char *text;
                int r;
                const char *back;
        } table[] = {
                { "0", 0, "0" }, { "0-3,5 7", 0, "0-3,5,7" }, { "3,1,2", 0, "1-3" }, { "1, 2", 0, "1-2" },
                { "0-8191", 0, "0-8191" }, { "8191", 0, "8191" }, { "8192", -ERANGE }, { "3-1", -ERANGE },
                { "0-99999999999999999999", -ERANGE }, { "", -EINVAL }, { ",", -EINVAL }, { "1,", -EINVAL },
                { " 1", -EINVAL }, { "1 ", -EINVAL }, { ",1", -EINVAL }, { "-1", -EINVAL }, { "1-", -EINVAL },
                { "0x1", -EINVAL }, { "1;2", -EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *list = NULL;
                int r = parse_cpu_list(table[i].text, &list);

                if (r != table[i].r)
                        fail_msg("\"%s\": %d", table[i].text, r);
                if (table[i].back)
                        assert_string_equal(list, table[i].back);
                else
                        assert_null(list);
        }
}

static void test_prefix_equal(void **state) {
        IpPrefix a, b;

        (void) state;
        assert_int_equal(parse_prefix("10.0.0.0/8", false, &a), 0);
        b = a;
        b.address.bytes[15] = 1; /* of no IPv4 address */
        assert_true(prefix_equal(&a, &b));
        b.address.bytes[3] = 1;
        assert_false(prefix_equal(&a, &b));
        b = a;
        b.length = 9;
        assert_false(prefix_equal(&a, &b));
        assert_int_equal(parse_prefix("fd77::1", false, &a), 0);
        b = a;
        assert_true(prefix_equal(&a, &b));
        b.address.bytes[15] = 2;
        assert_false(prefix_equal(&a, &b));
        a.family = b.family = AF_UNSPEC;
        assert_true(prefix_equal(&a, &b));
        b.family = AF_INET;
        assert_false(prefix_equal(&a, &b));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_uint64),       cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_bytes_to_string), cmocka_unit_test(test_usec),
                cmocka_unit_test(test_usec_to_string), cmocka_unit_test(test_percent),
                cmocka_unit_test(test_boolean),      cmocka_unit_test(test_uid),
                cmocka_unit_test(test_prefix_equal), cmocka_unit_test(test_prefix),       cmocka_unit_test(test_contains),
                cmocka_unit_test(test_cpu_list),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
