/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "manager/doors/access.h"
#include "manager/work/state.h"

static char dir[] = "/tmp/confine-state.XXXXXX";
static int dir_fd = -EBADF;

static int setup(void **state) {
        (void) state;
        if (!mkdtemp(dir))
                return -1;
        dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dir_fd < 0;
}

static int teardown(void **state) {
        char command[64];

        (void) state;
        close_fd(dir_fd);
        (void) snprintf(command, sizeof(command), "rm -r %s", dir);
        return system(command);
}

typedef struct Seen {
        char key[64], value[1024];
        unsigned n;
        int fail;
} Seen;

static int note(const char *key, const char *value, void *userdata) {
        Seen *s = userdata;

        (void) snprintf(s->key, sizeof(s->key), "%s", key);
        (void) snprintf(s->value, sizeof(s->value), "%s", value);
        s->n++;
        return s->fail;
}

static void test_round_trip(void **state) {
        static const char *const values[] = {
                "", "plain", "two words", " leading", "trailing ", "line\nbreak", "back\\slash", "\\x41", "\001\177",
                "=", ";#[x]", "caf\xc3\xa9", "\xff\xfe", "%s%n", "../../etc/passwd",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                Record *r = record_new("Cell");
                Seen seen = { .n = 0 };

                assert_non_null(r);
                record_set(r, "Key", "%s", values[i]);
                assert_int_equal(record_write(r, dir_fd, "record"), 0);
                assert_int_equal(record_read(dir_fd, "record", "Cell", note, &seen), 0);
                assert_int_equal(seen.n, 1);
                assert_string_equal(seen.key, "Key");
                assert_string_equal(seen.value, values[i]);
        }
}

static void test_broken(void **state) {
        static const char *const texts[] = {
                "", "[Cell]\n", "[Cell]\nKey=value\n", "[Session]\nKey=value\n[End]\n", "Key=value\n[End]\n",
                "[Cell]\nno equals sign\n[End]\n", "[Cell]\nKey=\\x4\n[End]\n", "[Cell]\nKey=\\n\n[End]\n",
                "[Cell]\nKey=\\x00\n[End]\n", "[Cell]\nKey=value\n[End]",
        };
        Seen seen = { .n = 0 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                assert_int_equal(fd_replace_file_at(dir_fd, "record", texts[i], 0600, false), 0);
                assert_int_equal(record_read(dir_fd, "record", "Cell", note, &seen), -EBADMSG);
        }
        assert_int_equal(record_read(dir_fd, "absent", "Cell", note, &seen), -ENOENT);
        assert_int_equal(symlinkat("/etc/passwd", dir_fd, "link"), 0);
        assert_int_equal(record_read(dir_fd, "link", "Cell", note, &seen), -ELOOP);
        assert_int_equal(unlinkat(dir_fd, "link", 0), 0);
        assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
        assert_true(record_read(dir_fd, "fifo", "Cell", note, &seen) < 0); /* and does not hang */
        assert_int_equal(unlinkat(dir_fd, "fifo", 0), 0);
}

/* What can't be read again is not written, and the record of before stays. */
static void test_too_long(void **state) {
        _cleanup_(freep) char *half = malloc(1 << 19);
        Seen seen = {};
        Record *r;

        (void) state;
        assert_non_null(half);
        memset(half, 'x', (1 << 19) - 1);
        half[(1 << 19) - 1] = '\0';
        r = record_new("Cell");
        record_set(r, "A", "%s", half);
        assert_int_equal(record_write(r, dir_fd, "long"), 0);
        r = record_new("Cell");
        record_set(r, "A", "%s", half);
        record_set(r, "B", "%s", half);
        assert_int_equal(record_write(r, dir_fd, "long"), -E2BIG);
        assert_int_equal(record_read(dir_fd, "long", "Cell", note, &seen), 0);
        assert_int_equal(seen.n, 1);
        assert_int_equal(unlinkat(dir_fd, "long", 0), 0);
}

static void test_callback_stops(void **state) {
        Seen seen = { .fail = -ESTALE };

        (void) state;
        assert_int_equal(fd_replace_file_at(dir_fd, "record", "[Cell]\nA=1\nB=2\n[End]\n", 0600, false), 0);
        assert_int_equal(record_read(dir_fd, "record", "Cell", note, &seen), -ESTALE);
        assert_int_equal(seen.n, 1);
}

static int count(const char *name, void *userdata) {
        assert_string_equal(name, "record");
        ++*(unsigned *) userdata;
        return 0;
}

static void test_for_each(void **state) {
        unsigned n = 0;

        (void) state;
        assert_int_equal(fd_replace_file_at(dir_fd, "record", "x", 0600, false), 0);
        assert_int_equal(fd_replace_file_at(dir_fd, ".half.tmp", "x", 0600, false), 0);
        assert_int_equal(record_for_each(dir_fd, count, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(faccessat(dir_fd, ".half.tmp", F_OK, 0), -1); /* what a killed writer left */
        assert_true(strlen(record_boot_id()) == 36);
}

static void test_access(void **state) {
        (void) state;
        assert_true(access_may_see(0, 1000));
        assert_true(access_may_see(1000, 1000));
        assert_false(access_may_see(1001, 1000));
        assert_false(access_may_see(1000, UID_INVALID)); /* a cell that all users share */
        assert_false(access_may_see(UID_INVALID, UID_INVALID));
        assert_true(access_may_see(0, UID_INVALID));
        assert_true(access_may_stop(1000, 1000));
        assert_false(access_may_stop(1000, 0));
        assert_true(access_may_administer(0));
        assert_false(access_may_administer(1000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_broken),
                cmocka_unit_test(test_callback_stops), cmocka_unit_test(test_for_each),
                cmocka_unit_test(test_access),         cmocka_unit_test(test_too_long),
        };

        (void) alarm(60);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
