/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A walk through links, some of which somebody else could have put there. As root; others have no users to
 * give things to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

#define SOMEBODY 12345

static int root_fd;

static void make_dir(const char *path, uid_t uid, mode_t mode) {
        assert_int_equal(mkdirat(root_fd, path, 0755), 0);
        assert_int_equal(fchmodat(root_fd, path, mode, 0), 0);
        assert_int_equal(fchownat(root_fd, path, uid, uid, 0), 0);
}

static void make_link(const char *target, const char *path, uid_t uid) {
        assert_int_equal(symlinkat(target, root_fd, path), 0);
        assert_int_equal(fchownat(root_fd, path, uid, uid, AT_SYMLINK_NOFOLLOW), 0);
}

static int setup(void **state) {
        static char dir[] = "/tmp/confine-path.XXXXXX";

        *state = dir;
        if (geteuid() != 0 || !mkdtemp(dir) || chmod(dir, 0755) < 0)
                return -1;
        root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        make_dir("usr", 0, 0755);
        make_dir("usr/bin", 0, 0755);
        make_link("usr/bin", "bin", 0);
        make_link("/usr/../bin/.", "also", 0);
        make_link("../usr", "usr/up", 0);
        make_link("../../../../usr/bin", "beyond", 0);
        make_link("bin/..", "parent", 0);
        make_link("loop", "loop", 0);
        make_link("nowhere/at/all", "dangling", 0);
        make_dir("home", 0, 0755);
        make_dir("home/alice", SOMEBODY, 0755);
        make_dir("home/alice/data", SOMEBODY, 0755);
        make_link("/usr", "home/alice/link", SOMEBODY);
        make_link("/usr", "home/alice/root-link", 0);
        make_dir("tmp", 0, 01777);
        make_link("/usr", "tmp/link", 0);
        make_dir("tmp/roots", 0, 0755);
        make_dir("tmp/alices", SOMEBODY, 0755);
        make_link("home/alice/data", "shortcut", 0);
        return 0;
}

static int teardown(void **state) {
        _cleanup_(freep) char *command = NULL;

        return asprintf(&command, "rm -rf '%s'", (char *) *state) < 0 || system(command) != 0 ? -1 : 0;
}

static void test_roots(void **state) {
        static const struct {
                const char *path;
                int result;
        } table[] = {
                { "/", 0 }, { "/usr/bin", 0 }, { "/bin", 0 }, { "/home/alice", 0 }, { "/tmp", 0 },
                { "/usr/missing", -ENOENT },
                { "/home/alice/data", -EPERM }, { "/home/alice/missing", -EPERM }, { "/shortcut", -EPERM },
                { "/home/alice/link", -EPERM }, { "/tmp/link", -ELOOP }, { "/tmp/missing/too", -EPERM },
                { "/tmp/roots", 0 }, { "/tmp/roots/missing", -ENOENT }, { "/tmp/alices", -EPERM },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int fd = -EBADF;

                if (path_open_roots(root_fd, table[i].path, &fd) != table[i].result)
                        fail_msg("%s", table[i].path);
                assert_int_equal(fd >= 0, table[i].result == 0);
                close_fd(fd);
        }
}

static void test_walks(void **state) {
        static const struct {
                const char *path;
                int result;
                const char *found;
        } table[] = {
                { "/", 0, "/" },
                { "/usr/bin", 0, "/usr/bin" },
                { "//usr//bin/", 0, "/usr/bin" },
                { "/bin", 0, "/usr/bin" },
                { "/also", 0, "/usr/bin" },
                { "/usr/up/bin", 0, "/usr/bin" },
                { "/beyond", 0, "/usr/bin" }, /* the root is as far as it goes */
                { "/parent", 0, "/usr" }, /* of where the link leads */
                { "/parent/bin/../..", 0, "/" },
                { "/dangling/..", -ENOENT, "/nowhere/at/all/.." },
                { "/loop", -ELOOP, "/loop" },
                { "/dangling", -ENOENT, "/nowhere/at/all" },
                { "/bin/missing/x", -ENOENT, "/usr/bin/missing/x" },
                { "/home/alice/data", 0, "/home/alice/data" },
                { "/shortcut", 0, "/home/alice/data" },
                { "/home/alice/link", -ELOOP, "/home/alice/link" },
                { "/home/alice/link/bin", -ELOOP, "/home/alice/link/bin" },
                { "/home/alice/root-link", -ELOOP, "/home/alice/root-link" }, /* put there by whoever owns the directory */
                { "/tmp/link", -ELOOP, "/tmp/link" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *found = NULL;
                int fd = -EBADF, again;
                struct stat a, b;

                if (path_open(root_fd, table[i].path, &found, &fd) != table[i].result)
                        fail_msg("%s", table[i].path);
                if (!table[i].found)
                        assert_null(found);
                else
                        assert_string_equal(found, table[i].found);
                assert_int_equal(fd >= 0, table[i].result == 0);
                if (fd < 0)
                        continue;
                again = path_reopen(root_fd, found);
                assert_true(again >= 0);
                assert_int_equal(fstat(fd, &a), 0);
                assert_int_equal(fstat(again, &b), 0);
                assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
                close_fd(fd);
                close_fd(again);
        }
        assert_int_equal(path_reopen(root_fd, "/bin"), -ELOOP);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_walks), cmocka_unit_test(test_roots) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        if (geteuid() != 0) {
                printf("1..0 # SKIP needs root\n");
                return 0;
        }
        return cmocka_run_group_tests(tests, setup, teardown);
}
