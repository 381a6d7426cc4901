/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static IpPrefix prefix(const char *text) {
        IpPrefix p;

        assert_int_equal(parse_prefix(text, false, &p), 0);
        return p;
}

static IpPrefix address(const char *text) {
        IpPrefix a;

        assert_int_equal(parse_address(text, &a), 0);
        return a;
}

static void assert_address(const IpPrefix *a, const char *text) {
        char buffer[PREFIX_STRING_MAX];

        assert_string_equal(prefix_to_string(a, buffer), text);
}

static Pool *new_pool(void) {
        Pool *p = NULL;

        assert_int_equal(pool_new(&p), 0);
        return p;
}

static void test_gateway(void **state) {
        static const struct {
                const char *prefix, *gateway;
                int r;
        } rows[] = {
                { "10.77.0.0/16", "10.77.0.1", 0 },
                { "10.77.0.4/30", "10.77.0.5", 0 },
                { "fd77::/64", "fd77::1", 0 },
                { "fd77::/16", "fd77::1", 0 },
                { "fd77::4/126", "fd77::5", 0 },
                { "10.77.0.0/31", NULL, -ENOSPC },
                { "10.77.0.0/32", NULL, -ENOSPC },
                { "fd77::/127", NULL, -ENOSPC },
                { "fd77::/128", NULL, -ENOSPC },
        };
        IpPrefix none = {}, host_bits, gateway = { .family = 99 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                IpPrefix p = prefix(rows[i].prefix);

                assert_int_equal(pool_gateway(&p, &gateway), rows[i].r);
                if (rows[i].r == 0)
                        assert_address(&gateway, rows[i].gateway);
        }
        assert_int_equal(pool_gateway(&none, &gateway), -EINVAL);
        assert_int_equal(parse_prefix("10.0.0.1/8", true, &host_bits), 0);
        host_bits.address.bytes[3] = 1;
        assert_int_equal(pool_gateway(&host_bits, &gateway), -EINVAL);
}

static void test_small_prefix_is_exhausted(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix slash29 = prefix("10.0.0.8/29"), slash30 = prefix("10.0.1.0/30"), a;
        static const char *const expected[] = { "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13",
                                                "10.0.0.14" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                assert_int_equal(pool_acquire(p, &slash29, &a), 0);
                assert_address(&a, expected[i]);
        }
        a = (IpPrefix) { .family = 99 };
        assert_int_equal(pool_acquire(p, &slash29, &a), -ENOSPC);
        assert_int_equal(pool_acquire_for_uid(p, &slash29, 1000, &a), -ENOSPC);
        assert_int_equal(a.family, 99);

        assert_int_equal(pool_acquire(p, &slash30, &a), 0);
        assert_address(&a, "10.0.1.2");
        assert_int_equal(pool_acquire(p, &slash30, &a), -ENOSPC);
        assert_int_equal(pool_n_used(p), 6);
}

static void test_freed_address_rests(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix pool = prefix("10.0.0.0/29"), a, freed;

        (void) state;
        assert_int_equal(pool_acquire(p, &pool, &freed), 0);
        pool_release(p, &freed);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(pool_acquire(p, &pool, &a), 0);
                assert_memory_not_equal(&a, &freed, sizeof(a));
        }
        assert_int_equal(pool_acquire(p, &pool, &a), 0); /* round once */
        assert_memory_equal(&a, &freed, sizeof(a));
}

static void test_claim_and_release(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix pool = prefix("10.0.0.0/29"), a = address("10.0.0.2"), b;
        IpPrefix outside = address("192.0.2.7"), none = {};

        (void) state;
        assert_int_equal(pool_claim(p, &a), 0);
        assert_true(pool_in_use(p, &a));
        assert_int_equal(pool_claim(p, &a), -EADDRINUSE);
        assert_int_equal(pool_acquire(p, &pool, &b), 0);
        assert_address(&b, "10.0.0.3");
        pool_release(p, &a);
        assert_false(pool_in_use(p, &a));
        pool_release(p, &a); /* twice is harmless */
        assert_int_equal(pool_n_used(p), 1);
        assert_int_equal(pool_claim(p, &a), 0);

        assert_int_equal(pool_claim(p, &outside), 0);
        assert_int_equal(pool_claim(p, &outside), -EADDRINUSE);
        assert_int_equal(pool_claim(p, &pool), -EINVAL);
        assert_int_equal(pool_claim(p, &none), -EINVAL);
        pool_release(p, &none);
        assert_int_equal(pool_n_used(p), 3);
}

static void test_reserved_addresses_stay_reserved(void **state) {
        static const char *const reserved[] = { "10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.0.64",
                                                "10.0.0.65", "10.0.0.127" };
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix outer = prefix("10.0.0.0/24"), inner = prefix("10.0.0.64/26"), a;
        int n = 0;

        (void) state;
        assert_int_equal(pool_add_prefix(p, &outer), 0);
        assert_int_equal(pool_add_prefix(p, &inner), 0);
        assert_int_equal(pool_add_prefix(p, &inner), 0);
        for (size_t i = 0; i < ELEMENTSOF(reserved); i++) {
                a = address(reserved[i]);
                assert_int_equal(pool_claim(p, &a), -EADDRINUSE);
        }
        for (; pool_acquire(p, &outer, &a) == 0; n++)
                for (size_t i = 0; i < ELEMENTSOF(reserved); i++) {
                        IpPrefix r = address(reserved[i]);

                        assert_memory_not_equal(&a, &r, sizeof(a));
                }
        assert_int_equal(n, 256 - 6);

        pool_forget_prefix(p, &inner);
        assert_int_equal(pool_acquire(p, &outer, &a), 0);
        assert_address(&a, "10.0.0.64");
        assert_int_equal(pool_add_prefix(p, &inner), -EADDRINUSE);
        assert_int_equal(pool_acquire(p, &inner, &a), -EADDRINUSE);
}

static void test_overlapping_prefixes_share_nothing(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix outer = prefix("10.0.0.0/24"), inner = prefix("10.0.0.0/25"), a;
        bool seen[256] = {};
        int n = 0;

        (void) state;
        for (int i = 0; i < 300; i++) {
                if (pool_acquire(p, i % 2 ? &outer : &inner, &a) < 0 &&
                    pool_acquire_for_uid(p, &outer, (uid_t) i, &a) < 0)
                        break;
                assert_false(seen[a.address.bytes[3]]);
                seen[a.address.bytes[3]] = true;
                n++;
        }
        assert_int_equal(n, 256 - 4); /* .0 .1 .127 .255 */
}

static void test_per_user_is_stable(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool(), *other_host = new_pool();
        IpPrefix pool4 = prefix("10.77.0.0/16"), pool6 = prefix("fd77::/64"), a, b;

        (void) state;
        /* These are the interface: another hash would move every user. */
        assert_int_equal(pool_acquire_for_uid(p, &pool4, 1000, &a), 0);
        assert_address(&a, "10.77.144.229");
        assert_int_equal(pool_acquire_for_uid(p, &pool6, 1000, &a), 0);
        assert_address(&a, "fd77::3c1e:ba8b:4dcc:c14a");

        for (uid_t uid = 0; uid < 100; uid++) {
                assert_int_equal(pool_acquire_for_uid(other_host, &pool4, 5000 + uid, &b), 0);
                pool_release(other_host, &b);
                assert_int_equal(pool_acquire_for_uid(other_host, &pool4, 5000 + uid, &a), 0);
                assert_memory_equal(&a, &b, sizeof(a));
                assert_true(prefix_contains(&pool4, &a));
                pool_release(other_host, &a);
        }
        assert_int_equal(pool_n_used(other_host), 0);
}

static void test_per_user_collision_takes_the_next(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix pool = prefix("10.77.0.0/16"), a, b;

        (void) state;
        assert_int_equal(pool_acquire_for_uid(p, &pool, 1000, &a), 0);
        assert_int_equal(pool_acquire_for_uid(p, &pool, 1000, &b), 0);
        a.address.bytes[3]++;
        assert_memory_equal(&a, &b, sizeof(a));
}

static void test_per_user_spreads(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix pool = prefix("10.77.0.0/16"), a;
        unsigned per_block[256] = {};

        (void) state;
        for (uid_t uid = 1000; uid < 1000 + 25600; uid++) {
                assert_int_equal(pool_acquire_for_uid(p, &pool, uid, &a), 0);
                per_block[a.address.bytes[2]]++;
        }
        for (size_t i = 0; i < ELEMENTSOF(per_block); i++) /* 100 expected, 10 deviation */
                assert_in_range(per_block[i], 50, 150);
}

static void test_full_slash_16(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix pool = prefix("10.77.0.0/16"), a, hole = address("10.77.200.9");

        (void) state;
        for (int i = 0; i < 65536 - 3; i++)
                assert_int_equal(pool_acquire(p, &pool, &a), 0);
        assert_address(&a, "10.77.255.254");
        for (int i = 0; i < 2000; i++) /* would take minutes address by address */
                assert_int_equal(pool_acquire(p, &pool, &a), -ENOSPC);
        for (int i = 0; i < 2000; i++) {
                pool_release(p, &hole);
                assert_int_equal(pool_acquire(p, &pool, &a), 0);
                assert_memory_equal(&a, &hole, sizeof(a));
        }
}

static void test_large_ipv6(void **state) {
        _cleanup_(pool_freep) Pool *p = new_pool();
        IpPrefix pool = prefix("2001:db8::/32"), a;

        (void) state;
        assert_int_equal(pool_acquire(p, &pool, &a), 0);
        assert_address(&a, "2001:db8::2");
        for (uid_t uid = 1; uid < 1000; uid++) {
                assert_int_equal(pool_acquire_for_uid(p, &pool, uid, &a), 0);
                assert_true(prefix_contains(&pool, &a));
        }
        assert_int_equal(pool_n_used(p), 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_gateway),
                cmocka_unit_test(test_small_prefix_is_exhausted),
                cmocka_unit_test(test_freed_address_rests),
                cmocka_unit_test(test_claim_and_release),
                cmocka_unit_test(test_reserved_addresses_stay_reserved),
                cmocka_unit_test(test_overlapping_prefixes_share_nothing),
                cmocka_unit_test(test_per_user_is_stable),
                cmocka_unit_test(test_per_user_collision_takes_the_next),
                cmocka_unit_test(test_per_user_spreads),
                cmocka_unit_test(test_full_slash_16),
                cmocka_unit_test(test_large_ipv6),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("netns-pool", tests, NULL, NULL);
}
