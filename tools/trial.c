/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The user's process is in another pid namespace, where it has another PID. So it sends a message over a socket, and
 * the kernel translates the sender's PID for us (unix(7), SCM_CREDENTIALS). */

#include "tools/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define WAIT_MSEC 60000

/* The message on the socket: the error of PAM, or, all zero, sent by the user's process. */
typedef struct Word {
        int result;
        char stage[32], message[TRIAL_MESSAGE_MAX];
} Word;

/* --- the login program ------------------------------------------------------------------- */

/* Nobody can answer PAM's questions. Keeps the last error, or else the first message. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *data) {
        Word *word = data;

        *ret = calloc((size_t) n, sizeof(**ret));
        if (!*ret)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++)
                if (messages[i]->msg_style == PAM_ERROR_MSG || !*word->message)
                        (void) snprintf(word->message, sizeof(word->message), "%s", messages[i]->msg);
        return PAM_SUCCESS;
}

static _Noreturn void be_user(const TrialLogin *l, int fd) {
        const Word word = {};
        char byte;

        if (initgroups(l->user, l->gid) < 0 || setgid(l->gid) < 0 || setuid(l->uid) < 0 ||
            send(fd, &word, sizeof(word), MSG_NOSIGNAL) < 0)
                _exit(EXIT_FAILURE);
        (void) recv(fd, &byte, 1, 0); /* returns when confinectl closes the other end */
        _exit(EXIT_SUCCESS);
}

static int open_session(pam_handle_t *pamh, const TrialLogin *l, Word *word) {
        int r = PAM_SUCCESS;

        if (*l->tty)
                r = pam_set_item(pamh, PAM_TTY, l->tty);
        if (r == PAM_SUCCESS && *l->remote_host)
                r = pam_set_item(pamh, PAM_RHOST, l->remote_host);
        (void) strcpy(word->stage, "account");
        if (r == PAM_SUCCESS)
                r = pam_acct_mgmt(pamh, 0);
        if (r != PAM_SUCCESS)
                return r;
        (void) strcpy(word->stage, "session");
        r = pam_setcred(pamh, PAM_ESTABLISH_CRED);
        return r == PAM_SUCCESS ? pam_open_session(pamh, 0) : r;
}

static _Noreturn void be_program(const TrialLogin *l, int fd) {
        Word word = {};
        const struct pam_conv conv = { .conv = converse, .appdata_ptr = &word };
        pam_handle_t *pamh;
        pid_t pid = -1;

        word.result = pam_start(l->service, l->user, &conv, &pamh);
        if (word.result != PAM_SUCCESS)
                _exit(EXIT_FAILURE);
        word.result = open_session(pamh, l, &word);
        if (word.result == PAM_SUCCESS) {
                pid = fork();
                if (pid == 0)
                        be_user(l, fd);
                if (pid < 0) {
                        word.result = PAM_SYSTEM_ERR;
                        (void) snprintf(word.message, sizeof(word.message), "fork: %s", strerror(errno));
                }
        }
        if (pid < 0) {
                size_t n = strlen(word.message);

                (void) snprintf(word.message + n, sizeof(word.message) - n, "%s%s", n > 0 ? "; " : "",
                                pam_strerror(pamh, word.result));
                (void) send(fd, &word, sizeof(word), MSG_NOSIGNAL);
        }
        (void) close(fd);
        if (pid > 0)
                (void) waitpid(pid, NULL, 0);
        if (strcmp(word.stage, "session") == 0) {
                if (pid > 0)
                        (void) pam_close_session(pamh, 0);
                (void) pam_setcred(pamh, PAM_DELETE_CRED);
        }
        (void) pam_end(pamh, word.result);
        _exit(EXIT_SUCCESS);
}

/* --- this process ------------------------------------------------------------------------ */

static int receive(int fd, Word *word, pid_t *ret_sender) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        struct iovec iov = { .iov_base = word, .iov_len = sizeof(*word) };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        struct ucred sender;
        const struct cmsghdr *c;

        if (poll(&p, 1, WAIT_MSEC) <= 0)
                return -ETIMEDOUT;
        if (recvmsg(fd, &m, MSG_CMSG_CLOEXEC) != sizeof(*word))
                return -EPROTO;
        c = CMSG_FIRSTHDR(&m);
        if (!c || c->cmsg_type != SCM_CREDENTIALS)
                return -EPROTO;
        memcpy(&sender, CMSG_DATA(c), sizeof(sender));
        *ret_sender = sender.pid;
        return 0;
}

int trial_end(Trial *t) {
        struct pollfd p = { .fd = -EBADF, .events = POLLIN };
        int r = 0;

        t->fd = close_fd(t->fd); /* the user's process waits for this */
        p.fd = fd_pidfd_open(t->program);
        if (p.fd >= 0 && poll(&p, 1, WAIT_MSEC) <= 0) {
                (void) fd_pidfd_send_signal(p.fd, SIGKILL);
                r = -ETIMEDOUT;
        }
        close_fd(p.fd);
        (void) waitpid(t->program, NULL, 0);
        return r;
}

int trial_begin(const TrialLogin *login, Trial *ret) {
        int fds[2], r;
        Word word;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        (void) setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &(int) { 1 }, sizeof(int));
        *ret = (Trial) { .fd = fds[0], .program = fork() };
        if (ret->program < 0) {
                r = -errno;
                close_fd(fds[0]);
                close_fd(fds[1]);
                return r;
        }
        if (ret->program == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                fd_close_all_but((const int[]) { 0, 1, 2, fds[1] }, 4); /* especially the connection to the manager */
                be_program(login, fds[1]);
        }
        close_fd(fds[1]);
        r = receive(fds[0], &word, &ret->user);
        if (r < 0) {
                (void) kill(ret->program, SIGKILL);
                (void) trial_end(ret);
                return r;
        }
        if (word.result == PAM_SUCCESS && !*word.stage)
                return 0;
        ret->user = 0;
        (void) snprintf(ret->stage, sizeof(ret->stage), "%.31s", word.stage);
        (void) snprintf(ret->message, sizeof(ret->message), "%.511s", word.message);
        return 0;
}
