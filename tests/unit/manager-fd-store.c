/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "manager/work/fd-store.h"
#include "manager/work/listener.h"

#define FIRST 3 /* SD_LISTEN_FDS_START */

static char directory[] = "/tmp/confine-store-XXXXXX";
static char login_path[64], notify_path[64];

/* As systemd passes them. What was at these numbers is lost. */
static void pass(const int *fds, size_t n, const char *names) {
        char text[32];

        for (size_t i = 0; i < n; i++)
                assert_int_equal(fds[i] >= (int) (FIRST + n), true);
        for (size_t i = 0; i < n; i++)
                assert_true(dup2(fds[i], FIRST + (int) i) >= 0);
        (void) snprintf(text, sizeof(text), "%d", (int) getpid());
        (void) setenv("LISTEN_PID", text, 1);
        (void) snprintf(text, sizeof(text), "%zu", n);
        (void) setenv("LISTEN_FDS", text, 1);
        (void) setenv("LISTEN_FDNAMES", names, 1);
}

static int high(int fd) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);

        assert_true(copy >= 0);
        close_fd(fd);
        return copy;
}

static void test_take(void **state) {
        _cleanup_(fd_store_freep) FdStore *s = NULL;
        pid_t child = fork(), dead, pid = 0;
        int fds[4], fd;

        (void) state;
        if (child == 0) {
                (void) pause();
                _exit(0);
        }
        dead = fork();
        if (dead == 0)
                _exit(0);
        fds[0] = high(listener_bind(SOCK_SEQPACKET, login_path, 0600));
        fds[1] = high(fd_pidfd_open(child));
        fds[2] = high(fd_pidfd_open(dead));
        fds[3] = high(open("/dev/null", O_RDONLY | O_CLOEXEC));
        assert_int_equal(waitpid(dead, NULL, 0), dead);
        pass(fds, ELEMENTSOF(fds), "login:clive:cdead:cnull");
        assert_int_equal(fd_store_new(&s), 0);
        assert_null(getenv("LISTEN_FDS")); /* not for our children */

        assert_int_equal(fd_store_take_socket(s, "bus", SOCK_STREAM, login_path), -ENOENT);
        assert_int_equal(fd_store_take_socket(s, "login", SOCK_STREAM, login_path), -EINVAL);
        assert_int_equal(fd_store_take_socket(s, "login", SOCK_SEQPACKET, "/elsewhere"), -EINVAL);
        fd = fd_store_take_socket(s, "login", SOCK_SEQPACKET, login_path);
        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(fd_store_take_socket(s, "login", SOCK_SEQPACKET, login_path), -ENOENT);
        close_fd(fd);

        assert_int_equal(fd_store_take_pidfd(s, "cother", &pid), -ENOENT);
        assert_int_equal(fd_store_take_pidfd(s, "cdead", &pid), -ESRCH);
        assert_int_equal(fd_store_take_pidfd(s, "cnull", &pid), -ENOENT);
        fd = fd_store_take_pidfd(s, "clive", &pid);
        assert_true(fd >= 0);
        assert_int_equal(pid, child);
        assert_int_equal(fd_pidfd_send_signal(fd, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        close_fd(fd);
        fd_store_drop_rest(s);
        assert_int_equal(fcntl(FIRST + 3, F_GETFD), -1);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                close_fd(fds[i]);
}

/* Reads one message of the service's; returns the descriptor that came with it. */
static int receive(int fd, char text[static 256]) {
        union {
                struct cmsghdr header;
                char space[256];
        } control;
        struct iovec iov = { .iov_base = text, .iov_len = 255 };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
        int received = -EBADF;

        assert_true(n >= 0);
        text[n] = '\0';
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
                if (c->cmsg_type == SCM_RIGHTS)
                        memcpy(&received, CMSG_DATA(c), sizeof(int));
        return received;
}

static void test_send(void **state) {
        _cleanup_(fd_store_freep) FdStore *none = NULL, *s = NULL;
        _cleanup_(close_fdp) int fd = -EBADF, pidfd = fd_pidfd_open(getpid()), received = -EBADF;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        char text[256];

        (void) state;
        (void) strcpy(sa.sun_path, notify_path);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        assert_int_equal(fd_store_new(&none), 0); /* nobody keeps anything */
        (void) setenv("NOTIFY_SOCKET", notify_path, 1);
        fd_store_add(none, "c1", pidfd);
        assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);

        assert_int_equal(fd_store_new(&s), 0);
        fd_store_add(s, "c1", -EBADF);
        assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
        fd_store_add(s, "c1", pidfd);
        received = receive(fd, text);
        assert_string_equal(text, "FDSTORE=1\nFDNAME=c1");
        assert_true(received >= 0);
        fd_store_remove(s, "c1");
        assert_int_equal(receive(fd, text), -EBADF);
        assert_string_equal(text, "FDSTOREREMOVE=1\nFDNAME=c1");
        (void) unsetenv("NOTIFY_SOCKET");
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_take), cmocka_unit_test(test_send) };
        int r;

        if (!mkdtemp(directory))
                return 1;
        (void) snprintf(login_path, sizeof(login_path), "%s/login", directory);
        (void) snprintf(notify_path, sizeof(notify_path), "%s/notify", directory);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        r = cmocka_run_group_tests(tests, NULL, NULL);
        (void) unlink(login_path);
        (void) unlink(notify_path);
        (void) rmdir(directory);
        return r;
}
