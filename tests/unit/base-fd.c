/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/headless.h"

static char top[64];
static int top_fd = -EBADF;

static void test_open_beneath(void **state) {
        int fd;

        (void) state;
        assert_int_equal(mkdirat(top_fd, "d", 0755), 0);
        fd = fd_open_beneath(top_fd, "d/f", O_WRONLY | O_CREAT, 0640);
        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        (void) close_fd(fd);
        fd = fd_open_beneath(top_fd, "d", O_RDONLY | O_DIRECTORY, 0755); /* the mode does not count */
        assert_true(fd >= 0);
        (void) close_fd(fd);
        assert_int_equal(symlinkat("d", top_fd, "l"), 0);
        assert_int_equal(symlinkat("f", top_fd, "d/l"), 0);
        assert_int_equal(fd_open_beneath(top_fd, "l/f", O_RDONLY, 0), -ELOOP);
        assert_int_equal(fd_open_beneath(top_fd, "d/l", O_RDONLY, 0), -ELOOP);
        assert_int_equal(fd_open_beneath(top_fd, "../x", O_RDONLY, 0), -EXDEV);
        assert_int_equal(fd_open_beneath(top_fd, "/etc/passwd", O_RDONLY, 0), -EXDEV);
        assert_int_equal(fd_open_beneath(top_fd, "none", O_RDONLY, 0), -ENOENT);
}

static void test_read(void **state) {
        char big[5000], *text = NULL;

        (void) state;
        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = '\0';
        assert_int_equal(fd_replace_file_at(top_fd, "big", big, 0644, false), 0);
        assert_int_equal(fd_read_file_at(top_fd, "big", 4998, &text), -EFBIG);
        assert_null(text);
        assert_int_equal(fd_read_file_at(top_fd, "big", 4999, &text), 4999);
        assert_string_equal(text, big);
        free(text);
        assert_int_equal(fd_replace_file_at(top_fd, "big", "", 0644, false), 0);
        assert_int_equal(fd_read_file_at(top_fd, "big", 0, &text), 0);
        assert_string_equal(text, "");
        free(text);
        assert_true(fd_read_file_at(AT_FDCWD, "/proc/self/status", 65536, &text) > 100);
        free(text);
        assert_int_equal(fd_read_file_at(top_fd, "none", 9, &text), -ENOENT);
        assert_int_equal(fd_read_file_at(top_fd, ".", 9, &text), -EISDIR);
}

static void test_write_and_replace(void **state) {
        _cleanup_(freep) char *text = NULL;
        mode_t mask = umask(077);
        struct stat st;

        (void) state;
        assert_int_equal(fd_write_file_at(top_fd, "w", "x"), -ENOENT); /* makes none */
        assert_int_equal(fd_mkdir_parents_at(top_fd, "a/b", 0755), 0);
        assert_int_equal(fd_replace_file_at(top_fd, "a/b/.w.tmp", "left over", 0644, false), 0);
        assert_int_equal(fd_replace_file_at(top_fd, "a/b/w", "new", 0664, true), 0);
        (void) umask(mask);
        assert_int_equal(fstatat(top_fd, "a/b/w", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0664);
        assert_int_equal(fstatat(top_fd, "a/b/.w.tmp", &st, 0), -1);
        assert_int_equal(fd_write_file_at(top_fd, "a/b/w", "old"), 0);
        assert_int_equal(fd_read_file_at(top_fd, "a/b/w", 10, &text), 3);
        assert_string_equal(text, "old");

        assert_int_equal(mkdirat(top_fd, "a/dir", 0755), 0); /* can't be replaced by a file */
        assert_true(fd_replace_file_at(top_fd, "a/dir", "x", 0644, false) < 0);
        assert_int_equal(fstatat(top_fd, "a/.dir.tmp", &st, 0), -1);
}

static void test_mkdir(void **state) {
        (void) state;
        assert_int_equal(fd_mkdir_parents_at(top_fd, "m/n//o/", 0755), 0);
        assert_int_equal(fd_mkdir_parents_at(top_fd, "m/n/o", 0755), 0);
        assert_int_equal(faccessat(top_fd, "m/n/o", F_OK, 0), 0);
        assert_int_equal(fd_replace_file_at(top_fd, "m/file", "", 0644, false), 0);
        assert_int_equal(fd_mkdir_parents_at(top_fd, "m/file", 0755), -ENOTDIR);
        assert_int_equal(fd_mkdir_parents_at(top_fd, "m/file/x", 0755), -ENOTDIR);
}

static void test_pids(void **state) {
        unsigned long long self, child;
        int fd, status;
        pid_t pid, told;
        char *text = NULL;

        (void) state;
        pid = fork();
        if (pid == 0) {
                (void) alarm(30); /* outlives no failed test */
                (void) pause();
                _exit(0);
        }
        assert_true(pid > 0);
        fd = fd_pidfd_open(pid);
        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(fd_pid_read(pid, "comm", 64, &text), 0);
        assert_non_null(strstr(text, "base-fd"));
        free(text);
        assert_int_equal(fd_pid_read(pid, "status", 8, &text), -EFBIG);
        assert_int_equal(fd_pid_start_time(getpid(), &self), 0);
        assert_int_equal(fd_pid_start_time(pid, &child), 0);
        assert_true(child >= self && child < self + 100 * 60);
        assert_int_equal(fd_pidfd_get_pid(fd, &told), 0);
        assert_int_equal(told, pid);
        assert_int_equal(fd_pidfd_get_pid(STDIN_FILENO, &told), -EBADF);
        assert_false(fd_pidfd_has_exited(fd));
        assert_int_equal(fd_pidfd_send_signal(fd, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) pid, &(siginfo_t) {}, WEXITED | WNOWAIT), 0);
        assert_int_equal(fd_pidfd_send_signal(fd, 0), 0); /* as long as it is not reaped */
        assert_true(fd_pidfd_has_exited(fd));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(fd_pidfd_send_signal(fd, SIGKILL), -ESRCH);
        assert_int_equal(fd_pidfd_get_pid(fd, &told), -ESRCH);
        assert_true(fd_pidfd_has_exited(fd));
        assert_true(fd_pidfd_has_exited(-EBADF));
        assert_int_equal(fd_pidfd_open(pid), -ESRCH);
        assert_int_equal(fd_pid_start_time(pid, &child), -ESRCH);
        assert_int_equal(fd_pid_read(pid, "comm", 64, &text), -ESRCH);
        (void) close_fd(fd);
}

/* One that is a process still, by its other thread. */
static void test_process_is_exiting(void **state) {
        pid_t pid = fork_headless();
        int fd;

        (void) state;
        assert_true(pid > 0);
        fd = fd_pidfd_open(pid);
        assert_true(fd >= 0);
        assert_false(fd_pidfd_has_exited(fd));
        assert_true(fd_pid_is_exiting(pid, fd));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(fd_pid_is_exiting(pid, fd));
        (void) close_fd(fd);
        fd = fd_pidfd_open(getpid());
        assert_false(fd_pid_is_exiting(getpid(), fd));
        assert_true(fd_pid_is_exiting(getpid(), -EBADF));
        (void) close_fd(fd);
}

/* In a child, which may lose its fds. Bit i: fd 10 + i is still open. */
static int open_after(const int *keep, size_t n, bool cloexec) {
        pid_t pid = fork();
        int status, bits = 0;

        if (pid == 0) {
                for (int i = 0; i < 4; i++)
                        if (dup2(STDERR_FILENO, 10 + i) < 0)
                                _exit(255);
                if (cloexec)
                        (void) fd_cloexec_from(12);
                else
                        fd_close_all_but(keep, n);
                for (int i = 0; i < 4; i++) {
                        int flags = fcntl(10 + i, F_GETFD);

                        if (flags >= 0 && !(flags & FD_CLOEXEC))
                                bits |= 1 << i;
                }
                _exit(fcntl(STDERR_FILENO, F_GETFD) < 0 ? 255 : bits);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void test_close(void **state) {
        static const int keep[] = { 13, 10, -EBADF, 10 };

        (void) state;
        assert_int_equal(open_after(NULL, 0, false), 0);
        assert_int_equal(open_after(keep, ELEMENTSOF(keep), false), 9);
        assert_int_equal(open_after(keep + 1, 1, false), 1);
        assert_int_equal(open_after(NULL, 0, true), 3);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static int setup(void **state) {
        (void) state;
        strcpy(top, "/tmp/confine-fd-XXXXXX");
        if (!mkdtemp(top))
                return -1;
        top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return top_fd < 0 ? -1 : 0;
}

static int teardown(void **state) {
        (void) state;
        top_fd = close_fd(top_fd);
        return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_open_beneath), cmocka_unit_test(test_read),
                cmocka_unit_test(test_write_and_replace), cmocka_unit_test(test_mkdir),
                cmocka_unit_test(test_process_is_exiting),
                cmocka_unit_test(test_pids),         cmocka_unit_test(test_close),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
