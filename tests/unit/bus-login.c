/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module's end of the login socket against managers that behave badly: each test plays one. */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bus/login.h"

static void test_request_check(void **state) {
        LoginRequest r;

        (void) state;
        login_request_init(&r, LOGIN_OPEN);
        assert_int_equal(login_request_check(&r, sizeof(r)), 0);
        assert_int_equal(login_request_check(&r, sizeof(r) - 1), -EPROTO);
        assert_int_equal(login_request_check(&r, sizeof(r) + 1), -EPROTO);
        assert_int_equal(login_request_check(&r, 3), -EPROTO);
        assert_int_equal(login_request_check(&r, 0), -EPROTO);
        r.n_groups = LOGIN_GROUPS_MAX + 1;
        assert_int_equal(login_request_check(&r, sizeof(r)), -EPROTO);
        login_request_init(&r, LOGIN_OPEN);
        memset(r.user, 'x', sizeof(r.user)); /* no end */
        assert_int_equal(login_request_check(&r, sizeof(r)), -EPROTO);
        login_request_init(&r, LOGIN_OPEN);
        r.operation = 99;
        assert_int_equal(login_request_check(&r, sizeof(r)), -EPROTO);
        login_request_init(&r, LOGIN_OPEN);
        r.flags = 1;
        assert_int_equal(login_request_check(&r, sizeof(r)), -EPROTO);
        login_request_init(&r, LOGIN_OPEN);
        r.version = LOGIN_VERSION + 1;
        assert_int_equal(login_request_check(&r, sizeof(r)), -EPROTONOSUPPORT);
        r.magic = 0;
        assert_int_equal(login_request_check(&r, sizeof(r)), -EPROTO);
}

static void test_set(void **state) {
        char field[4];

        (void) state;
        assert_int_equal(login_set(field, sizeof(field), "abc"), 0);
        assert_string_equal(field, "abc");
        assert_int_equal(login_set(field, sizeof(field), "abcd"), -ENAMETOOLONG);
        assert_string_equal(field, "abc");
        assert_int_equal(login_set(field, sizeof(field), NULL), 0);
        assert_string_equal(field, "");
}

static uint64_t *in_ms(unsigned ms) {
        static uint64_t left_usec;

        left_usec = ms * 1000;
        return &left_usec;
}

/* Sends `size` bytes of `reply` and `n_fds` descriptors, or nothing with size 0, then waits or closes. */
typedef struct Manners {
        size_t size;
        unsigned n_fds;
        bool silent, close_at_once;
        LoginReply reply;
} Manners;

static void behave(int fd, const Manners *m) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(8 * sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = (void *) &m->reply, .iov_len = m->size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        static LoginRequest request;

        if (m->close_at_once)
                return;
        if (recv(fd, &request, sizeof(request), 0) <= 0)
                return;
        if (m->silent) {
                (void) recv(fd, &request, sizeof(request), 0); /* until the caller gives up */
                return;
        }
        if (m->n_fds > 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(m->n_fds * sizeof(int));
                for (unsigned i = 0; i < m->n_fds; i++)
                        memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(m->n_fds * sizeof(int));
        }
        (void) sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int count_fds(void) {
        int n = 0;

        for (int fd = 0; fd < 1024; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static int call(Manners *m, LoginReply *reply) {
        int fds[2], before = count_fds(), pidfd = -EBADF, filter_fd = -EBADF, r;
        LoginRequest request;
        pid_t pid;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        pid = fork();
        if (pid == 0) {
                close_fd(fds[0]);
                behave(fds[1], m);
                _exit(0);
        }
        close_fd(fds[1]);
        (void) fcntl(fds[0], F_SETFL, O_NONBLOCK);
        login_request_init(&request, LOGIN_OPEN);
        r = login_call(fds[0], &request, in_ms(m->silent ? 200 : 5000), reply, &pidfd, &filter_fd);
        assert_int_equal(pidfd >= 0, r >= 0 && m->n_fds > 0);
        assert_int_equal(filter_fd >= 0, r >= 0 && reply->verdict == LOGIN_CONFINED && reply->process.has_filter);
        close_fd(pidfd);
        close_fd(filter_fd);
        close_fd(fds[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(count_fds(), before); /* nothing it sent stays open */
        return r;
}

static Manners good(LoginVerdict verdict, unsigned n_fds) {
        return (Manners) { .size = sizeof(LoginReply), .n_fds = n_fds,
                           .reply = { .magic = LOGIN_MAGIC, .version = LOGIN_VERSION, .verdict = verdict } };
}

static void test_call(void **state) {
        LoginReply reply;
        Manners m;

        (void) state;
        m = good(LOGIN_CONFINED, 1);
        assert_int_equal(call(&m, &reply), 0);
        assert_int_equal(reply.verdict, LOGIN_CONFINED);
        m = good(LOGIN_UNCONFINED, 0);
        assert_int_equal(call(&m, &reply), 0);
        m = good(LOGIN_CONFINED, 0); /* a cell, but nothing to join */
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_REFUSED, 1); /* an fd that nobody asked for */
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_CONFINED, 2);
        m.reply.process.has_filter = true;
        assert_int_equal(call(&m, &reply), 0);
        m.n_fds = 1; /* a filter is announced, and doesn't come */
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_CONFINED, 2); /* one that nobody announced */
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_CONFINED, 4); /* too many: two are kept by a good reply, the rest is closed */
        m.reply.process.has_filter = true;
        assert_int_equal(call(&m, &reply), 0);
        m = good(LOGIN_UNCONFINED, 0);
        memset(m.reply.process.environment, 'x', sizeof(m.reply.process.environment));
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_CONFINED, 8); /* more than there is room for */
        assert_int_equal(call(&m, &reply), -EMFILE);
        m = good(LOGIN_UNCONFINED, 0);
        m.size = sizeof(LoginReply) - 1;
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_UNCONFINED, 0);
        m.reply.magic++;
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = good(LOGIN_UNCONFINED, 0);
        memset(m.reply.message, 'x', sizeof(m.reply.message));
        assert_int_equal(call(&m, &reply), -EPROTO);
        m = (Manners) { .close_at_once = true };
        assert_int_equal(call(&m, &reply), -ECONNRESET);
        m = (Manners) { .silent = true };
        assert_int_equal(call(&m, &reply), -ETIMEDOUT);
}

/* In a poll(2), which is all that it waits in. */
static void wait_until_asleep(pid_t pid) {
        char path[64], state = '?';

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        while (state != 'S') {
                FILE *f = fopen(path, "re");

                assert_non_null(f);
                assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
                (void) fclose(f);
        }
}

/* What is stopped does not wait: time uses up the allowance only while it polls. And what has come counts. */
static void test_stopped(void **state) {
        uint64_t left_usec = 1000000;
        LoginRequest request;
        LoginReply reply, sent;
        int fds[2], pidfd = -EBADF, filter_fd = -EBADF, status;
        pid_t pid;

        (void) state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        (void) fcntl(fds[0], F_SETFL, O_NONBLOCK);
        login_request_init(&request, LOGIN_OPEN);
        pid = fork();
        if (pid == 0) {
                (void) raise(SIGSTOP);
                _exit(login_call(fds[0], &request, &left_usec, &reply, &pidfd, &filter_fd) == 0 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
        assert_int_equal(kill(pid, SIGCONT), 0);
        assert_true(recv(fds[1], &request, sizeof(request), 0) > 0);
        wait_until_asleep(pid);
        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        (void) ppoll(NULL, 0, &(struct timespec) { .tv_sec = 2 }, NULL); /* twice what it had */
        assert_int_equal(kill(pid, SIGCONT), 0);
        (void) ppoll(NULL, 0, &(struct timespec) { .tv_nsec = 150000000 }, NULL); /* more than one wait */
        memset(&sent, 0, sizeof(sent));
        sent.magic = LOGIN_MAGIC;
        sent.version = LOGIN_VERSION;
        sent.verdict = LOGIN_REFUSED;
        assert_int_equal(send(fds[1], &sent, sizeof(sent), 0), sizeof(sent));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

        left_usec = 0; /* late, but the answer is there */
        assert_int_equal(send(fds[1], &sent, sizeof(sent), 0), sizeof(sent));
        assert_int_equal(login_call(fds[0], &request, &left_usec, &reply, &pidfd, &filter_fd), 0);
        /* an answer before the question, as a busy manager gives it */
        assert_int_equal(send(fds[1], &sent, sizeof(sent), 0), sizeof(sent));
        close_fd(fds[1]);
        left_usec = 1000000;
        assert_int_equal(login_call(fds[0], &request, &left_usec, &reply, &pidfd, &filter_fd), 0);
        assert_int_equal(reply.verdict, LOGIN_REFUSED);
        close_fd(fds[0]);
}

static void test_connect(void **state) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        uint64_t start;
        int listener, fds[200], r = 0;
        size_t n = 0;

        (void) state;
        assert_int_equal(login_connect("/nonexistent/socket", in_ms(5000)), -ENOENT);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/confine-login-%d", (int) getpid());
        listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (struct sockaddr *) &sa, sizeof(sa)), 0);
        assert_int_equal(login_connect(sa.sun_path, in_ms(5000)), -ECONNREFUSED);
        assert_int_equal(listen(listener, 2), 0);
        /* a full backlog: nobody accepts */
        while (n < ELEMENTSOF(fds)) {
                start = login_now_usec();
                r = login_connect(sa.sun_path, in_ms(200));
                if (r < 0)
                        break;
                fds[n++] = r;
        }
        assert_int_equal(r, -ETIMEDOUT);
        assert_true(login_now_usec() - start >= 200000);
        assert_true(login_now_usec() - start < 10000000);
        while (n > 0)
                close_fd(fds[--n]);
        close_fd(listener);
        (void) unlink(sa.sun_path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_request_check),
                cmocka_unit_test(test_set),
                cmocka_unit_test(test_call),
                cmocka_unit_test(test_stopped),
                cmocka_unit_test(test_connect),
        };

        (void) alarm(120);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
