/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "cgroups/controllers.h"
#include "cgroups/devices.h"
#include "cgroups/group.h"

static Hierarchies *open_text(const char *mountinfo) {
        static char path[] = "/tmp/confine-mountinfo.XXXXXX";
        Hierarchies *h = NULL;
        int r;

        if (strstr(path, "XXXXXX"))
                close_fd(mkstemp(path));
        assert_int_equal(fd_replace_file_at(AT_FDCWD, path, mountinfo, 0600, false), 0);
        r = hierarchies_open(path, &h);
        (void) unlink(path);
        if (r < 0)
                assert_null(h);
        return h;
}

static void test_mixed_host(void **state) {
        /* v1 mounts in directories that exist everywhere; root "/x" is a bind mount and no hierarchy */
        _cleanup_(hierarchies_freep) Hierarchies *h = open_text(
                "1 0 0:1 / / rw - ext4 /dev/a rw\n"
                "2 1 0:2 / /usr/bin rw - cgroup cgroup rw,cpu,cpuacct\n"
                "3 1 0:3 / /usr/lib rw,nosuid shared:1 - cgroup cgroup rw,xattr,memory\n"
                "4 1 0:4 /x /usr/share rw - cgroup cgroup rw,pids\n"
                "5 1 0:5 / /usr/sbin rw - cgroup none rw,name=systemd\n"
                "6 1 0:3 / /usr/share rw - cgroup cgroup rw,memory\n");

        (void) state;
        assert_non_null(h);
        assert_int_equal(h->n_items, 2);
        assert_int_equal(h->unified, -ENOENT);
        assert_string_equal(hierarchies_find(h, CONTROLLER_CPU)->name, "cpu,cpuacct");
        assert_string_equal(hierarchies_find(h, CONTROLLER_MEMORY)->name, "memory");
        assert_string_equal(hierarchies_find(h, CONTROLLER_MEMORY)->mount_path, "/usr/lib");
        assert_null(hierarchies_find(h, CONTROLLER_PIDS));
        assert_string_equal(h->layout_path, "/usr");
}

static void test_no_cgroups(void **state) {
        (void) state;
        assert_null(open_text("1 0 0:1 / / rw - ext4 /dev/a rw\n"));
        assert_null(open_text("garbage without a separator\n"));
        assert_null(open_text(""));
}

static void test_lines(void **state) {
        _cleanup_(hierarchies_freep) Hierarchies *h = open_text(
                "2 1 0:2 / /usr/bin rw - cgroup cgroup rw,cpu,cpuacct\n"
                "3 1 0:3 / /usr/lib rw - cgroup cgroup rw,memory\n");
        _cleanup_(freep) char *found = NULL;

        (void) state;
        assert_true(group_lines_match(h, "5:cpu,cpuacct:/c/x\n4:memory:/c/x\n3:pids:/other\n", "c/x"));
        assert_false(group_lines_match(h, "5:cpu,cpuacct:/c/x\n4:memory:/c/y\n", "c/x"));
        assert_false(group_lines_match(h, "5:cpu,cpuacct:/c/x/below\n4:memory:/c/x\n", "c/x"));
        assert_false(group_lines_match(h, "4:memory:/c/x\n", "c/x"));
        assert_false(group_lines_match(h, "", "c/x"));

        assert_int_equal(group_lines_find("9:a:/\n0::/confine/cells/p/1000/cab\n", "confine/cells", &found), 1);
        assert_string_equal(found, "p/1000/cab");
        assert_int_equal(group_lines_find("0::/confine/cellsX/p\n", "confine/cells", &found), 0);
        assert_int_equal(group_lines_find("0::/x/confine/cells/p\n", "confine/cells", &found), 0);
        assert_int_equal(group_lines_find("no colon", "confine/cells", &found), 0);
}

static void test_device_rules(void **state) {
        DeviceAllow allow[] = { { (char *) "/dev/null", true, false, false },
                                { (char *) "/dev/does-not-exist", true, true, true },
                                { (char *) "char-mem", true, true, false } };
        Resources r = { .device_policy = DEVICE_POLICY_STRICT, .device_allow = allow, .n_device_allow = 3 };
        DeviceRule rules[DEVICE_RULES_MAX];
        bool restricted;
        int n;

        (void) state;
        n = device_rules(&r, rules, &restricted);
        assert_int_equal(n, 2);
        assert_true(restricted);
        assert_int_equal(rules[0].type, 'c');
        assert_int_equal(rules[0].major, 1);
        assert_int_equal(rules[0].minor, 3);
        assert_true(rules[0].read && !rules[0].write && !rules[0].mknod);
        assert_int_equal(rules[1].major, 1);
        assert_int_equal(rules[1].minor, DEVICE_ANY);

        r.device_policy = DEVICE_POLICY_CLOSED;
        assert_true(device_rules(&r, rules, &restricted) > n);
        allow[0].node = (char *) "/etc/passwd";
        assert_int_equal(device_rules(&r, rules, &restricted), -EINVAL);
        r = (Resources) { .device_policy = DEVICE_POLICY_AUTO };
        assert_int_equal(device_rules(&r, rules, &restricted), 0);
        assert_false(restricted);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mixed_host),
                cmocka_unit_test(test_no_cgroups),
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_device_rules),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
