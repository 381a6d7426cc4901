/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All sockets are non-blocking and every wait is a poll(2) that uses up one allowance of time, so that no
 * state of the peer (absent, stopped, slow, gone) holds the caller longer. */

#include "bus/login.h"

#include <errno.h>
#include <poll.h>
#include <linux/sched.h> /* CLONE_NEWTIME, before glibc 2.36 */
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WAIT_SLICE_USEC 100000
#define CONNECT_SLICE_USEC 5000

const struct LoginNamespaceInfo login_namespaces[_LOGIN_NS_MAX] = {
        [LOGIN_NS_MNT] = { "mnt", CLONE_NEWNS },
        [LOGIN_NS_PID] = { "pid", CLONE_NEWPID },
        [LOGIN_NS_NET] = { "net", CLONE_NEWNET },
        [LOGIN_NS_IPC] = { "ipc", CLONE_NEWIPC },
        [LOGIN_NS_UTS] = { "uts", CLONE_NEWUTS },
        [LOGIN_NS_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
        [LOGIN_NS_USER] = { "user", CLONE_NEWUSER },
        [LOGIN_NS_TIME] = { "time", CLONE_NEWTIME },
};

uint64_t login_now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* can't fail with this clock */
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

void login_request_init(LoginRequest *r, LoginOperation operation) {
        memset(r, 0, sizeof(*r));
        r->magic = LOGIN_MAGIC;
        r->version = LOGIN_VERSION;
        r->operation = operation;
}

int login_set(char *field, size_t size, const char *text) {
        size_t n = text ? strlen(text) : 0;

        if (n >= size)
                return -ENAMETOOLONG;
        memcpy(field, text ?: "", n + 1);
        return 0;
}

static bool is_ended(const char *field, size_t size) {
        return memchr(field, '\0', size) != NULL;
}

int login_request_check(const LoginRequest *r, size_t size) {
        if (size < offsetof(LoginRequest, operation) || r->magic != LOGIN_MAGIC)
                return -EPROTO;
        if (r->version != LOGIN_VERSION && r->version != LOGIN_VERSION_BEFORE)
                return -EPROTONOSUPPORT;
        if (size != sizeof(*r) || r->flags != 0 || r->n_groups > LOGIN_GROUPS_MAX ||
            r->operation < LOGIN_OPEN || r->operation > LOGIN_CHECK ||
            !is_ended(r->user, sizeof(r->user)) || !is_ended(r->service, sizeof(r->service)) ||
            !is_ended(r->tty, sizeof(r->tty)) || !is_ended(r->remote_host, sizeof(r->remote_host)) ||
            !is_ended(r->target, sizeof(r->target)))
                return -EPROTO;
        return 0;
}

/* One wait, in slices: one that took much longer than it should was not spent in waiting. Returns what ppoll(2) does,
 * and -EINTR as 0. */
static int wait_a_little(struct pollfd *p, nfds_t n, uint64_t slice_usec, uint64_t *left_usec) {
        uint64_t slice = *left_usec < slice_usec ? *left_usec : slice_usec, start = login_now_usec(), took;
        const struct timespec ts = { .tv_nsec = (long) slice * 1000 };
        int r = ppoll(p, n, &ts, NULL);

        if (r < 0)
                r = errno == EINTR ? 0 : -errno;
        took = login_now_usec() - start;
        if (took > 2 * slice)
                took = 2 * slice;
        *left_usec -= took < *left_usec ? took : *left_usec;
        return r;
}

/* Waits for an event on fd. What is there already counts, however late. */
static int wait_for(int fd, short events, uint64_t *left_usec) {
        struct pollfd p = { .fd = fd, .events = events };

        for (;;) {
                bool last = *left_usec == 0;
                int r = wait_a_little(&p, 1, WAIT_SLICE_USEC, left_usec);

                if (r != 0)
                        return r < 0 ? r : 0;
                if (last)
                        return -ETIMEDOUT;
        }
}

int login_connect(const char *path, uint64_t *left_usec) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        _cleanup_(close_fdp) int fd = -EBADF;

        if (login_set(sa.sun_path, sizeof(sa.sun_path), path) < 0)
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        /* With a full backlog, connect(2) on a non-blocking unix socket fails with EAGAIN, and there is
         * nothing to poll for: try again as long as there is time. */
        while (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (*left_usec == 0)
                        return -ETIMEDOUT;
                (void) wait_a_little(NULL, 0, CONNECT_SLICE_USEC, left_usec);
        }
        return TAKE_FD(fd);
}

static int send_all(int fd, const void *data, size_t size, uint64_t *left_usec) {
        for (;;) {
                ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
                int r;

                if (n >= 0)
                        return (size_t) n == size ? 0 : -EIO;
                if (errno == EINTR)
                        continue;
                if (errno == EPIPE)
                        return -ECONNRESET;
                if (errno != EAGAIN)
                        return -errno;
                r = wait_for(fd, POLLOUT, left_usec);
                if (r < 0)
                        return r;
        }
}

void login_reply_to_1(const LoginReply *reply, LoginReply1 *ret) {
        *ret = (LoginReply1) {
                .magic = reply->magic,
                .version = LOGIN_VERSION_BEFORE,
                .verdict = reply->verdict,
                .stage = reply->stage,
                .loud = reply->loud,
                .executes = reply->executes,
        };
        memcpy(ret->inodes, reply->inodes, sizeof(ret->inodes));
        memcpy(ret->cell, reply->cell, sizeof(ret->cell));
        memcpy(ret->session, reply->session, sizeof(ret->session));
        memcpy(ret->policy, reply->policy, sizeof(ret->policy));
        memcpy(ret->group, reply->group, sizeof(ret->group));
        memcpy(ret->message, reply->message, sizeof(ret->message));
}

/* Keeps the first fds that came along, and closes all others. */
static void take_fds(struct msghdr *m, int *kept, size_t n_kept) {
        size_t used = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                size_t n;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (used < n_kept)
                                kept[used++] = fd;
                        else
                                close_fd(fd);
                }
        }
}

static bool reply_is_valid(const LoginReply *reply) {
        const char *environment = reply->process.environment;

        return reply->magic == LOGIN_MAGIC && reply->version == LOGIN_VERSION &&
                is_ended(reply->cell, sizeof(reply->cell)) && is_ended(reply->session, sizeof(reply->session)) &&
                is_ended(reply->policy, sizeof(reply->policy)) && is_ended(reply->group, sizeof(reply->group)) &&
                is_ended(reply->message, sizeof(reply->message)) &&
                !environment[LOGIN_ENVIRONMENT_MAX - 1] && !environment[LOGIN_ENVIRONMENT_MAX - 2];
}

static int receive_reply(int fd, LoginReply *reply, int *ret_pidfd, int *ret_filter_fd) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(4 * sizeof(int))];
        } control;
        struct iovec iov = { .iov_base = reply, .iov_len = sizeof(*reply) };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof(control) };
        int fds[] = { -EBADF, -EBADF };
        bool confined;
        ssize_t n;

        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
        if (n < 0)
                return -errno;
        take_fds(&m, fds, ELEMENTSOF(fds));
        confined = n == sizeof(*reply) && reply->verdict == LOGIN_CONFINED;
        if (n == sizeof(*reply) && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && reply_is_valid(reply) &&
            confined == (fds[0] >= 0) && (confined && reply->process.has_filter) == (fds[1] >= 0)) {
                *ret_pidfd = fds[0];
                *ret_filter_fd = fds[1];
                return 0;
        }
        close_fd(fds[0]);
        close_fd(fds[1]);
        return n == 0 ? -ECONNRESET : m.msg_flags & MSG_CTRUNC ? -EMFILE : -EPROTO;
}

int login_call(int fd, const LoginRequest *request, uint64_t *left_usec, LoginReply *reply, int *ret_pidfd,
               int *ret_filter_fd) {
        int r;

        r = send_all(fd, request, sizeof(*request), left_usec);
        if (r == -ECONNRESET) { /* a manager that has too much to do answers before it is asked */
                r = receive_reply(fd, reply, ret_pidfd, ret_filter_fd);
                return r == -EAGAIN ? -ECONNRESET : r;
        }
        while (r >= 0) {
                r = wait_for(fd, POLLIN, left_usec);
                if (r < 0)
                        break;
                r = receive_reply(fd, reply, ret_pidfd, ret_filter_fd);
                if (r != -EAGAIN && r != -EINTR)
                        break;
                r = 0;
        }
        return r;
}

/* A hint that nothing follows from: a manager that takes it closes the connection. */
bool login_is_served(const char *path) {
        uint64_t left_usec = LOGIN_PROBE_USEC;
        _cleanup_(close_fdp) int fd = -EBADF;
        LoginRequest request;

        fd = login_connect(path, &left_usec);
        if (fd < 0)
                return false;
        login_request_init(&request, LOGIN_CLOSE);
        return send_all(fd, &request, sizeof(request), &left_usec) >= 0 && wait_for(fd, POLLIN, &left_usec) >= 0;
}

int login_joined(int fd) {
        /* The socket's buffer is empty: this never waits. */
        return send(fd, &(char) { LOGIN_JOINED }, 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}
