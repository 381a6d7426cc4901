/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"

static int saved_stderr = -EBADF, file = -EBADF;

/* What has been written to stderr since setup(). */
static char *written(void) {
        char *text = NULL;

        assert_int_equal(lseek(file, 0, SEEK_SET), 0);
        assert_true(fd_read_all(file, 1 << 20, &text) >= 0);
        return text;
}

static int setup(void **state) {
        char path[] = "/tmp/confine-log-XXXXXX";

        (void) state;
        saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        file = mkostemp(path, O_CLOEXEC);
        if (file < 0 || unlink(path) < 0 || dup2(file, STDERR_FILENO) < 0)
                return -1;
        (void) unsetenv("JOURNAL_STREAM");
        program_invocation_short_name = (char *) "prog";
        return 0;
}

static int teardown(void **state) {
        (void) state;
        (void) dup2(saved_stderr, STDERR_FILENO);
        saved_stderr = close_fd(saved_stderr);
        file = close_fd(file);
        log_set_max_level(LOG_INFO);
        (void) unsetenv("JOURNAL_STREAM");
        return 0;
}

static void expect(const char *want) {
        _cleanup_(freep) char *text = written();

        assert_string_equal(text, want);
}

static void test_levels(void **state) {
        (void) state;
        log_debug("hidden");
        log_info("shown %d", 1);
        log_set_max_level(LOG_DEBUG);
        assert_int_equal(log_get_max_level(), LOG_DEBUG);
        log_debug("shown 2");
        log_set_max_level(LOG_ERR);
        log_warning("hidden");
        log_error("shown 3");
        expect("prog: shown 1\nprog: shown 2\nprog: shown 3\n");
}

static void test_errno(void **state) {
        (void) state;
        errno = EPERM;
        assert_int_equal(log_error_errno(-ENOENT, "a: %m"), -ENOENT);
        assert_int_equal(log_error_errno(ENOMEM, "b: %m"), -ENOMEM);
        assert_int_equal(errno, EPERM);
        log_error("c: %m");
        expect("prog: a: No such file or directory\nprog: b: Cannot allocate memory\n"
               "prog: c: Operation not permitted\n");
}

static void test_escapes(void **state) {
        (void) state;
        log_error("a\nprog: forged\033[2J\x7f\xc3\xa4");
        expect("prog: a\\x0aprog: forged\\x1b[2J\\x7f\xc3\xa4\n");
}

static void test_long(void **state) {
        char message[10000], name[10000];
        _cleanup_(freep) char *text = NULL;

        (void) state;
        memset(message, '\n', sizeof(message) - 1); /* each becomes four bytes */
        message[sizeof(message) - 1] = '\0';
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        program_invocation_short_name = name;
        log_error("%s", message);
        program_invocation_short_name = (char *) "prog";
        text = written();
        assert_true(strlen(text) > 1000 && strlen(text) < 2400);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_int_equal(strspn(text, "n"), 64);
}

static void test_journal(void **state) {
        char stream[64];
        struct stat st;

        (void) state;
        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0); /* some other stream */
        errno = EPERM;
        log_error("a: %m");
        (void) snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_error("b");
        log_info("c");
        expect("prog: a: Operation not permitted\n<3>b\n<6>c\n");
}

static char sunk[256];
static int sink_result;

static int sink(int level, const char *message, const LogField *fields, size_t n_fields) {
        (void) snprintf(sunk, sizeof(sunk), "%d %s %zu %s", level, message, n_fields,
                        n_fields > 0 ? fields[0].value : "");
        return sink_result;
}

static void test_sink(void **state) {
        const LogField field = { "CONFINE_CELL", "c1" };
        char stream[64];
        struct stat st;

        (void) state;
        log_set_sink(sink);
        log_event(LOG_INFO, &field, 1, "a"); /* stderr is not the journal's */
        assert_string_equal(sunk, "");
        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        (void) snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_event(LOG_INFO, &field, 1, "b\n");
        assert_string_equal(sunk, "6 b\\x0a 1 c1");
        errno = EPERM;
        log_error("c: %m");
        assert_string_equal(sunk, "3 c: Operation not permitted 0 ");
        log_debug("d");
        assert_string_equal(sunk, "3 c: Operation not permitted 0 ");
        sink_result = -ENOENT; /* the journal is not there after all */
        log_event(LOG_WARNING, &field, 1, "e");
        log_set_sink(NULL);
        log_info("f");
        expect("prog: a\n<4>e\n<6>f\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_levels), TEST(test_errno), TEST(test_escapes), TEST(test_long), TEST(test_journal), TEST(test_sink),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
