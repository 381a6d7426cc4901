/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* confined.conf: what is taken, and what is refused in which words. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "policies/manager-conf.h"

static char directory[] = "/tmp/confine-conf-XXXXXX";

static void put(const char *text, mode_t mode) {
        char path[64];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/confined.conf", directory);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fchmod(fileno(f), mode), 0);
        assert_int_equal(fclose(f), 0);
}

/* Returns the driver; `said` is what is complained about, without the directory. */
static void expect(const char *text, mode_t mode, const char *driver, const char *said) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(freep) char *line = NULL;
        ManagerConf conf;
        int r;

        put(text, mode);
        r = manager_conf_read(directory, &diags, &conf);
        line = diags.n_items > 0 ? policy_diag_to_string(&diags.items[0]) : strdup("");
        assert_non_null(line);
        if (r != (said ? -EBADMSG : 0) || strcmp(conf.cgroup_driver, driver) != 0 ||
            !strstr(line, said ? said : ""))
                fail_msg("\"%s\": %d, %s, \"%s\"", text, r, conf.cgroup_driver, line);
}

static void test_texts(void **state) {
        (void) state;
        expect("", 0644, "auto", NULL);
        expect("# nothing\n[Manager]\n", 0644, "auto", NULL);
        expect("[Manager]\nCgroupDriver=cgroupfs\n", 0644, "cgroupfs", NULL);
        expect("[Manager]\nCgroupDriver = systemd", 0644, "systemd", NULL);
        expect("[Manager]\nCgroupDriver=v2\n", 0644, "auto",
               "confined.conf:2: [Manager] CgroupDriver=: is none of auto, cgroupfs and systemd");
        expect("[Manager]\nCgroupDriver=auto\nCgroupDriver=systemd\n", 0644, "auto",
               "confined.conf:3: [Manager] CgroupDriver=: given twice");
        expect("[Manager]\nDriver=auto\n", 0644, "auto", "confined.conf:2: [Manager] Driver=: unknown key");
        expect("[Cell]\nScope=user\n", 0644, "auto", "confined.conf:2: [Cell] Scope=: unknown section");
        expect("[Manager]\nnonsense\n", 0644, "auto", "confined.conf:2: neither Key=value");
        expect("CgroupDriver=systemd\n", 0644, "auto", "confined.conf:1: ");
        expect("[Manager]\n", 0666, "auto", "confined.conf: must be a regular file that belongs to root");
}

static void test_absent(void **state) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        ManagerConf conf;

        (void) state;
        assert_int_equal(manager_conf_read("/nowhere", &diags, &conf), 0);
        assert_string_equal(conf.cgroup_driver, "auto");
        assert_int_equal(diags.n_items, 0);
}

static int setup(void **state) {
        (void) state;
        return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state) {
        char path[64];

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/confined.conf", directory);
        (void) unlink(path);
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_absent),
        };

        if (geteuid() != 0) { /* its files have to be root's */
                printf("1..0 # SKIP needs root\n");
                return 0;
        }
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
