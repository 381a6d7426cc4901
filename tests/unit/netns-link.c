/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pure parts; the rest is in tests/root/netns.t. */

#include "netns/link.h"

#include <netlink/errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "netns/netlink.h"

static void test_names(void **state) {
        (void) state;
        assert_true(link_name_is_valid("cf12ab0001"));
        assert_true(link_name_is_valid("abcdefghijklmno"));
        assert_false(link_name_is_valid("abcdefghijklmnop"));
        assert_false(link_name_is_valid(""));
        assert_false(link_name_is_valid("."));
        assert_false(link_name_is_valid("a/b"));
        assert_false(link_name_is_valid("Eth0"));
        assert_false(link_name_is_valid("a%d")); /* the kernel would fill in a number */
}

static void test_macs(void **state) {
        uint8_t host[LINK_MAC_SIZE], cell[LINK_MAC_SIZE];
        uint8_t again[LINK_MAC_SIZE], other[LINK_MAC_SIZE];

        (void) state;
        link_derive_mac("cf12ab0001", false, host);
        link_derive_mac("cf12ab0001", true, cell);
        link_derive_mac("cf12ab0001", false, again);
        link_derive_mac("cf12ab0002", false, other);
        assert_memory_equal(host, again, sizeof(host));
        assert_memory_not_equal(host, cell, sizeof(host));
        assert_memory_not_equal(host, other, sizeof(host));
        for (int i = 0; i < 1000; i++) {
                char name[16];

                (void) snprintf(name, sizeof(name), "cf%i", i);
                link_derive_mac(name, i % 2, host);
                assert_int_equal(host[0] & 3, 2); /* locally administered, unicast */
        }
}

static void test_netlink_errors(void **state) {
        (void) state;
        assert_int_equal(netlink_errno(0), 0);
        assert_int_equal(netlink_errno(-NLE_NOMEM), -ENOMEM);
        assert_int_equal(netlink_errno(NLE_NOMEM), -ENOMEM);
        assert_int_equal(netlink_errno(-NLE_PERM), -EPERM);
        assert_int_equal(netlink_errno(-NLE_NODEV), -ENODEV);
        assert_int_equal(netlink_errno(-NLE_DUMP_INTR), -EINTR);
        assert_int_equal(netlink_errno(-9999), -EIO);
        for (int i = 1; i <= NLE_MAX; i++)
                assert_in_range(-netlink_errno(-i), 1, 4095);
}

static void test_batch_is_bounded(void **state) {
        NetlinkBatch b = {};

        (void) state;
        for (int i = 0; i < NETLINK_BATCH_MAX; i++)
                assert_int_equal(netlink_batch_add(&b, 0, nlmsg_alloc()), 0);
        assert_int_equal(netlink_batch_add(&b, 0, nlmsg_alloc()), -ENOBUFS);
        netlink_batch_done(&b);
        assert_int_equal(netlink_batch_add(&b, -NLE_NOMEM, NULL), -ENOMEM);
        assert_int_equal(b.n_messages, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_macs),
                cmocka_unit_test(test_netlink_errors),
                cmocka_unit_test(test_batch_is_bounded),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("netns-link", tests, NULL, NULL);
}
