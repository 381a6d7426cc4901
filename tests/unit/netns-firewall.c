/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is refused before nftables is asked; the rest is in tests/root/netns.t. A check that lets
 * a bad name through shows as another error than EINVAL, or without root as EPERM. */

#include "netns/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

static const char *const bad_tables[] = {
        "", "A", "9", "-", "a b", "a;", "a\n", "a{", "a_b", "abcdefghijklmnopqrstuvwxyzabcdef",
};
static const char *const bad_links[] = {
        "", "A", "a b", "a*", "a\"", "a\n", "a/b", "..", "a-b", "a_b", "abcdefghijklmnop",
};

static IpPrefix address(const char *text) {
        IpPrefix a;

        assert_int_equal(parse_address(text, &a), 0);
        return a;
}

static void test_tables(void **state) {
        FirewallCell cell = { .link = "cf0", .address4 = address("10.0.0.2") };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad_tables); i++) {
                FirewallConfig c = { .table = bad_tables[i], .link_prefix = "cf" };

                assert_int_equal(firewall_setup(&c, NULL, 0), -EINVAL);
                assert_int_equal(firewall_teardown(bad_tables[i]), -EINVAL);
                assert_int_equal(firewall_add_cell(bad_tables[i], &cell), -EINVAL);
                assert_int_equal(firewall_remove_cell(bad_tables[i], &cell), -EINVAL);
                assert_int_equal(firewall_sync(bad_tables[i], &cell, 1), -EINVAL);
        }
}

static void test_links(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad_links); i++) {
                FirewallCell cell = { .link = bad_links[i], .address4 = address("10.0.0.2") };
                FirewallConfig c = { .table = "confine-unit", .link_prefix = bad_links[i] };

                assert_int_equal(firewall_setup(&c, NULL, 0), -EINVAL);
                c.link_prefix = "cf";
                assert_int_equal(firewall_setup(&c, &cell, 1), -EINVAL);
                assert_int_equal(firewall_add_cell("confine-unit", &cell), -EINVAL);
                assert_int_equal(firewall_remove_cell("confine-unit", &cell), -EINVAL);
                assert_int_equal(firewall_sync("confine-unit", &cell, 1), -EINVAL);
        }
}

static void test_addresses(void **state) {
        IpPrefix v4 = address("10.0.0.2"), v6 = address("fd77::2"), net, none = {};
        FirewallConfig c = { .table = "confine-unit", .link_prefix = "cf", .n_gateways = 1 };
        FirewallCell cells[] = {
                { .link = "cf0", .address4 = v6 },
                { .link = "cf0", .address6 = v4 },
                { .link = "cf0", .dns = &net, .n_dns = 1 },
                { .link = "cf0", .dns = &none, .n_dns = 1 },
                { .link = "cf0" },
        };

        (void) state;
        assert_int_equal(parse_prefix("10.0.0.0/8", false, &net), 0);
        cells[4].address4 = net;
        for (size_t i = 0; i < ELEMENTSOF(cells); i++)
                assert_int_equal(firewall_add_cell("confine-unit", cells + i), -EINVAL);
        c.gateways = &net;
        assert_int_equal(firewall_setup(&c, NULL, 0), -EINVAL);
        c.gateways = &none;
        assert_int_equal(firewall_setup(&c, NULL, 0), -EINVAL);
}

/* libnftables aborts the process here. No table of that name exists, should this get through. */
static void test_many_fds(void **state) {
        const struct rlimit wanted = { 2 * FD_SETSIZE, 2 * FD_SETSIZE };
        FirewallCell cell = { .link = "cf0", .address4 = address("10.0.0.2") };
        struct rlimit limit;
        int fd, first;

        (void) state;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        if (limit.rlim_max < wanted.rlim_max)
                skip();
        limit.rlim_cur = wanted.rlim_cur;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

        first = fd = open("/", O_PATH | O_CLOEXEC);
        while (fd < FD_SETSIZE - 1) {
                fd = open("/", O_PATH | O_CLOEXEC);
                assert_true(fd >= 0);
        }
        assert_int_equal(firewall_add_cell("confine-unit", &cell), -EMFILE);
        assert_int_equal(close_range((unsigned) first, (unsigned) fd, 0), 0);
        assert_int_not_equal(firewall_add_cell("confine-unit", &cell), -EMFILE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_links),
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_many_fds),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("netns-firewall", tests, NULL, NULL);
}
