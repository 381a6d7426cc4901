/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every resource key on both cgroup versions: what is written where. The tree is made of directories and
 * files with the kernel's names, so that both versions are tested on any host. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"
#include "cgroups/driver.h"
#include "cgroups/group.h"
#include "cgroups/knobs.h"
#include "policies/policy-keys.h"

static char root[] = "/tmp/confine-knobs.XXXXXX";

static const char *const v2_files[] = {
        "cpu.max", "cpu.weight", "cpuset.cpus", "cpuset.mems", "memory.min", "memory.low", "memory.high",
        "memory.max", "memory.swap.max", "pids.max", "io.weight", "io.max", "cgroup.procs",
        "cgroup.subtree_control",
};

static const struct {
        const char *mount;
        const char *files[10];
} v1_mounts[] = {
        { "cpu", { "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares" } },
        { "cpuset", { "cpuset.cpus", "cpuset.mems" } },
        { "memory", { "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes" } },
        { "pids", { "pids.max" } },
        { "blkio", { "blkio.weight", "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
                     "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device" } },
        { "devices", { "devices.allow", "devices.deny" } },
};

static void make_file(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void make_file(const char *format, ...) {
        char path[512];
        va_list ap;
        int fd;

        va_start(ap, format);
        (void) vsnprintf(path, sizeof(path), format, ap);
        va_end(ap);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        close_fd(fd);
}

static int setup(void **state) {
        char path[512];

        (void) state;
        assert_non_null(mkdtemp(root));
        (void) snprintf(path, sizeof(path), "%s/v2/g", root);
        assert_int_equal(fd_mkdir_parents_at(AT_FDCWD, path, 0755), 0);
        for (size_t i = 0; i < ELEMENTSOF(v2_files); i++)
                make_file("%s/v2/g/%s", root, v2_files[i]);
        (void) snprintf(path, sizeof(path), "%s/v2", root);
        assert_int_equal(fd_replace_file_at(AT_FDCWD, strcat(path, "/cgroup.controllers"),
                                            "cpuset cpu io memory hugetlb pids rdma misc\n", 0644, false), 0);
        for (size_t i = 0; i < ELEMENTSOF(v1_mounts); i++) {
                (void) snprintf(path, sizeof(path), "%s/v1/%s/g", root, v1_mounts[i].mount);
                assert_int_equal(fd_mkdir_parents_at(AT_FDCWD, path, 0755), 0);
                for (size_t k = 0; v1_mounts[i].files[k]; k++)
                        make_file("%s/v1/%s/g/%s", root, v1_mounts[i].mount, v1_mounts[i].files[k]);
        }
        return 0;
}

static int teardown(void **state) {
        char command[128];

        (void) state;
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", root);
        return system(command);
}

static Hierarchies *open_tree_of(unsigned version) {
        _cleanup_(freep) char *text = NULL;
        char path[512];
        Hierarchies *h;
        size_t size;
        FILE *f;

        f = open_memstream(&text, &size);
        assert_non_null(f);
        fprintf(f, "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
        if (version == 2)
                fprintf(f, "30 20 0:26 / %s/v2 rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n", root);
        for (size_t i = 0; i < ELEMENTSOF(v1_mounts) && version == 1; i++)
                fprintf(f, "%zu 20 0:%zu / %s/v1/%s rw shared:9 - cgroup cgroup rw,xattr,%s\n", 40 + i, 50 + i,
                        root, v1_mounts[i].mount, v1_mounts[i].mount);
        assert_int_equal(fclose(f), 0);
        (void) snprintf(path, sizeof(path), "%s/mountinfo", root);
        assert_int_equal(fd_replace_file_at(AT_FDCWD, path, text, 0644, false), 0);
        assert_int_equal(hierarchies_open(path, &h), 0);
        assert_int_equal(hierarchies_set_probe(h, "g"), 0);
        return h;
}

static void set_key(Policy *p, const char *key, const char *value) {
        _cleanup_(freep) char *message = NULL;

        if (policy_key_set(p, "Resources", key, value, &message) < 0)
                fail_msg("%s=%s: %s", key, value, message);
}

static const struct {
        unsigned version;
        const char *key, *value;
        const char *file, *written; /* NULL: not supported in this version */
} rows[] = {
        { 2, "CPUQuota", "150%", "cpu.max", "150000 100000" },
        { 2, "CPUQuota", "1%", "cpu.max", "1000 100000" },
        { 2, "CPUWeight", "50", "cpu.weight", "50" },
        { 2, "CPUWeight", "10000", "cpu.weight", "10000" },
        { 2, "AllowedCPUs", "0-3 5", "cpuset.cpus", "0-3,5" },
        { 2, "AllowedMemoryNodes", "0", "cpuset.mems", "0" },
        { 2, "MemoryMin", "10M", "memory.min", "10485760" },
        { 2, "MemoryLow", "10M", "memory.low", "10485760" },
        { 2, "MemoryHigh", "1.5G", "memory.high", "1610612736" },
        { 2, "MemoryMax", "2G", "memory.max", "2147483648" },
        { 2, "MemorySwapMax", "0", "memory.swap.max", "0" },
        { 2, "TasksMax", "200", "pids.max", "201" }, /* and pid 1 */
        { 2, "IOWeight", "200", "io.weight", "default 200" },
        { 1, "CPUQuota", "150%", "cpu.cfs_quota_us", "150000" },
        { 1, "CPUQuota", "1%", "cpu.cfs_quota_us", "1000" },
        { 1, "CPUQuota", "50%", "cpu.cfs_period_us", "100000" },
        { 1, "CPUWeight", "100", "cpu.shares", "1024" },
        { 1, "CPUWeight", "1", "cpu.shares", "10" },
        { 1, "CPUWeight", "10000", "cpu.shares", "102400" },
        { 1, "AllowedCPUs", "0-3 5", "cpuset.cpus", "0-3,5" },
        { 1, "AllowedMemoryNodes", "0", "cpuset.mems", "0" },
        { 1, "MemoryMin", "10M", NULL, NULL },
        { 1, "MemoryLow", "10M", NULL, NULL },
        { 1, "MemoryHigh", "10M", NULL, NULL },
        { 1, "MemoryMax", "2G", "memory.limit_in_bytes", "2147483648" },
        { 1, "MemorySwapMax", "1G", NULL, NULL }, /* v1 knows only the sum with MemoryMax= */
        { 1, "TasksMax", "200", "pids.max", "201" },
        { 1, "IOWeight", "100", "blkio.weight", "500" },
        { 1, "IOWeight", "1", "blkio.weight", "10" },
        { 1, "IOWeight", "10000", "blkio.weight", "1000" },
};

static void note(const char *key, const char *reason, void *userdata) {
        const char **seen = userdata;

        assert_true(strlen(reason) > 10);
        *seen = key;
}

static void test_each_key(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(rows[i].version);
                _cleanup_(policy_unrefp) Policy *p = policy_new("t");
                _cleanup_(knobs_done) Knobs k = {};
                const char *key = NULL, *seen = NULL;
                bool found = false;
                int r;

                set_key(p, rows[i].key, rows[i].value);
                r = knobs_translate(h, &p->cell, LIMIT_NONE, 1, &k, &key);
                knobs_check(h, &p->cell, note, &seen);
                if (!rows[i].file) {
                        assert_int_equal(r, -EOPNOTSUPP);
                        assert_string_equal(key, rows[i].key);
                        assert_string_equal(seen, rows[i].key);
                        continue;
                }
                assert_int_equal(r, 0);
                assert_null(seen);
                for (size_t n = 0; n < k.n_items; n++)
                        if (strcmp(k.items[n].file, rows[i].file) == 0) {
                                assert_string_equal(k.items[n].value, rows[i].written);
                                found = true;
                        }
                if (!found)
                        fail_msg("v%u %s=%s wrote no %s", rows[i].version, rows[i].key, rows[i].value, rows[i].file);
        }
}

static void test_written_to_the_group(void **state) {
        _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(2);
        _cleanup_(policy_unrefp) Policy *p = policy_new("t");
        _cleanup_(freep) char *text = NULL;
        _cleanup_(knobs_done) Knobs k = {};
        char path[512];

        (void) state;
        set_key(p, "MemoryMax", "64M");
        assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &k, NULL), 0);
        assert_int_equal(group_apply(h, "g", &k, NULL), 0);
        (void) snprintf(path, sizeof(path), "%s/v2/g/memory.max", root);
        assert_true(fd_read_file_at(AT_FDCWD, path, 100, &text) > 0);
        assert_string_equal(text, "67108864");
}

static void test_missing_file_is_unsupported(void **state) {
        _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(2);
        _cleanup_(policy_unrefp) Policy *p = policy_new("t");
        _cleanup_(knobs_done) Knobs k = {}, rest = { .skip_unsupported = true };
        char path[512], aside[512];
        const char *key = NULL;

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/v2/g/memory.swap.max", root);
        (void) snprintf(aside, sizeof(aside), "%s/aside", root);
        assert_int_equal(rename(path, aside), 0);
        set_key(p, "MemorySwapMax", "0");
        set_key(p, "TasksMax", "7");
        assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &k, &key), -EOPNOTSUPP);
        assert_string_equal(key, "MemorySwapMax");
        /* IfUnsupported=warn leaves that one out, and only that */
        assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &rest, NULL), 0);
        assert_int_equal(rest.n_items, 1);
        assert_string_equal(rest.items[0].file, "pids.max");
        assert_int_equal(rename(aside, path), 0);
}

static void test_swap_is_a_sum_on_v1(void **state) {
        _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(1);
        _cleanup_(policy_unrefp) Policy *p = policy_new("t"), *bigger = policy_new("t");
        _cleanup_(knobs_done) Knobs k = {}, up = {}, down = {};

        (void) state;
        set_key(p, "MemoryMax", "1G");
        set_key(p, "MemorySwapMax", "512M");
        assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &k, NULL), 0);
        assert_int_equal(k.n_items, 3);
        assert_string_equal(k.items[0].file, "memory.limit_in_bytes");
        assert_string_equal(k.items[1].file, "memory.kmem.tcp.limit_in_bytes"); /* which v1 counts by themselves */
        assert_string_equal(k.items[1].value, "1073741824");
        assert_string_equal(k.items[2].file, "memory.memsw.limit_in_bytes");
        assert_string_equal(k.items[2].value, "1610612736");

        /* the sum may never be below the limit, also half-way */
        set_key(bigger, "MemoryMax", "4G");
        set_key(bigger, "MemorySwapMax", "512M");
        assert_int_equal(knobs_translate_change(h, &p->cell, &bigger->cell, LIMIT_NONE, 1, &up, NULL), 0);
        assert_string_equal(up.items[0].file, "memory.memsw.limit_in_bytes");
        assert_int_equal(knobs_translate_change(h, &bigger->cell, &p->cell, LIMIT_NONE, 1, &down, NULL), 0);
        assert_string_equal(down.items[0].file, "memory.limit_in_bytes");
}

static void test_quota_below_parent_on_v1(void **state) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("t");

        (void) state;
        set_key(p, "CPUQuota", "200%");
        for (unsigned version = 1; version <= 2; version++) {
                _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(version);
                _cleanup_(knobs_done) Knobs k = {};

                assert_int_equal(knobs_translate(h, &p->cell, 1500, 1, &k, NULL), 0);
                assert_string_equal(k.items[k.n_items - 1].value, version == 1 ? "150000" : "200000 100000");
        }
}

static void test_lifted_limits(void **state) {
        static const struct {
                unsigned version;
                const char *key, *value, *file, *lifted;
        } lifts[] = {
                { 2, "MemoryMax", "1G", "memory.max", "max" },
                { 2, "TasksMax", "10", "pids.max", "max" },
                { 2, "CPUQuota", "10%", "cpu.max", "max 100000" },
                { 2, "CPUWeight", "10", "cpu.weight", "100" },
                { 2, "MemoryLow", "1M", "memory.low", "0" },
                { 1, "MemoryMax", "1G", "memory.limit_in_bytes", "-1" },
                { 1, "TasksMax", "10", "pids.max", "max" },
                { 1, "CPUQuota", "10%", "cpu.cfs_quota_us", "-1" },
                { 1, "CPUWeight", "10", "cpu.shares", "1024" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lifts); i++) {
                _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(lifts[i].version);
                _cleanup_(policy_unrefp) Policy *p = policy_new("t"), *unset = policy_new("t");
                _cleanup_(knobs_done) Knobs k = {};

                set_key(p, lifts[i].key, lifts[i].value);
                assert_int_equal(knobs_translate_change(h, &p->cell, &unset->cell, LIMIT_NONE, 1, &k, NULL), 0);
                assert_true(k.n_items >= 1);
                assert_string_equal(k.items[0].file, lifts[i].file);
                assert_string_equal(k.items[0].value, lifts[i].lifted);
        }
}

static void test_unchanged_is_not_written(void **state) {
        _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(2);
        _cleanup_(policy_unrefp) Policy *p = policy_new("t");
        _cleanup_(knobs_done) Knobs k = {}, none = {};

        (void) state;
        set_key(p, "MemoryMax", "1G");
        assert_int_equal(knobs_translate_change(h, &p->cell, &p->cell, LIMIT_NONE, 1, &k, NULL), 0);
        assert_int_equal(k.n_items, 0);
        resources_done(&p->cell);
        assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &none, NULL), 0);
        assert_int_equal(none.n_items, 0);
}

static void test_io_limits(void **state) {
        struct stat st;

        (void) state;
        if (stat("/dev/loop0", &st) < 0)
                skip();
        for (unsigned version = 1; version <= 2; version++) {
                _cleanup_(hierarchies_freep) Hierarchies *h = open_tree_of(version);
                _cleanup_(policy_unrefp) Policy *p = policy_new("t");
                _cleanup_(knobs_done) Knobs k = {};
                const char *key = NULL;

                set_key(p, "IOReadBandwidthMax", "/dev/loop0 50M");
                set_key(p, "IOWriteIOPSMax", "/dev/loop0 100");
                assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &k, NULL), 0);
                if (version == 2) {
                        assert_int_equal(k.n_items, 1);
                        assert_string_equal(k.items[0].file, "io.max");
                        assert_string_equal(k.items[0].value, "7:0 rbps=50000000 wbps=max riops=max wiops=100");
                } else {
                        assert_int_equal(k.n_items, 2);
                        assert_string_equal(k.items[0].value, "7:0 50000000");
                        assert_string_equal(k.items[1].file, "blkio.throttle.write_iops_device");
                        assert_string_equal(k.items[1].value, "7:0 100");
                }
                knobs_done(&k);
                set_key(p, "IOReadBandwidthMax", "/proc/version 1M"); /* no block device behind it */
                assert_int_equal(knobs_translate(h, &p->cell, LIMIT_NONE, 1, &k, &key), -ENODEV);
        }
}

/* What the network enforces needs no group that all users of a policy share. */
static void test_systemd_refuses(void **state) {
        static const struct {
                const char *key;
                bool refused;
        } keys[] = {
                { "MemoryMax", false }, { "TasksMax", false }, { "CPUQuota", false }, { "CPUWeight", true },
                { "IOWeight", true }, { "MemoryLow", true }, { "BandwidthUp", false }, { "BandwidthDown", false },
                { "TrafficMax", false },
        };
        Policy *p = policy_new("p");

        (void) state;
        assert_non_null(p);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const PolicyKey *key = policy_key_find("PolicyResources", keys[i].key);

                assert_non_null(key);
                assert_int_equal(driver_systemd.refuses(p, key) != NULL, keys[i].refused);
        }
        policy_unref(p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_key),
                cmocka_unit_test(test_systemd_refuses),
                cmocka_unit_test(test_written_to_the_group),
                cmocka_unit_test(test_missing_file_is_unsupported),
                cmocka_unit_test(test_swap_is_a_sum_on_v1),
                cmocka_unit_test(test_quota_below_parent_on_v1),
                cmocka_unit_test(test_lifted_limits),
                cmocka_unit_test(test_unchanged_is_not_written),
                cmocka_unit_test(test_io_limits),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
