/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* false-manager SOCKET MANNER [PID]: a manager that the module can't rely on. Says "up" when it listens, and for each
 * connection what became of it.
 *
 *   good     hands out the network and uts namespaces of process PID, as a cell
 *   inodes   the same, but says that the uts namespace is another one
 *   group    the same, and says that the caller is in a control group where it isn't
 *   busy     takes requests, and never answers one; hints are taken as ever
 *   dead     accepts nobody */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "bus/login.h"

static void fill(LoginReply *reply, const char *manner, pid_t pid) {
        static const LoginNamespace which[] = { LOGIN_NS_NET, LOGIN_NS_UTS };

        *reply = (LoginReply) { .magic = LOGIN_MAGIC, .version = LOGIN_VERSION, .verdict = LOGIN_CONFINED };
        reply->process.bounding = UINT64_MAX;
        for (size_t i = 0; i < ELEMENTSOF(which); i++) {
                struct stat st = {};
                char path[64];

                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid, login_namespaces[which[i]].name);
                (void) stat(path, &st);
                reply->inodes[which[i]] = st.st_ino;
        }
        if (strcmp(manner, "inodes") == 0)
                reply->inodes[LOGIN_NS_UTS]++;
        if (strcmp(manner, "group") == 0)
                (void) login_set(reply->group, sizeof(reply->group), "nowhere/cells/c0");
        (void) login_set(reply->cell, sizeof(reply->cell), "c000000000000");
        (void) login_set(reply->policy, sizeof(reply->policy), "false");
        (void) login_set(reply->session, sizeof(reply->session), "s000000000000");
}

static void hand_out(int fd, const char *manner, pid_t pid) {
        static LoginReply reply;
        struct iovec iov = { .iov_base = &reply, .iov_len = sizeof(reply) };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        int pidfd = fd_pidfd_open(pid);
        char byte = 0;

        fill(&reply, manner, pid);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &pidfd, sizeof(int));
        (void) sendmsg(fd, &m, MSG_NOSIGNAL);
        (void) close(pidfd);
        printf("%s\n", recv(fd, &byte, 1, 0) == 1 && byte == LOGIN_JOINED ? "joined" : "went away");
}

static void serve(int listener, const char *manner, pid_t pid) {
        for (;;) {
                static LoginRequest request;
                int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        exit(1);
                if (recv(fd, &request, sizeof(request), 0) <= 0 || request.operation == LOGIN_CLOSE)
                        printf("hint\n");
                else if (strcmp(manner, "busy") == 0) {
                        printf("no answer\n");
                        (void) fflush(stdout);
                        continue; /* stays open */
                } else
                        hand_out(fd, manner, pid);
                (void) fflush(stdout);
                (void) close(fd);
        }
}

int main(int argc, char **argv) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int listener;

        if (argc < 3 || login_set(sa.sun_path, sizeof(sa.sun_path), argv[1]) < 0)
                return 2;
        (void) alarm(600); /* should everything else fail */
        (void) unlink(argv[1]);
        listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (listener < 0 || bind(listener, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(listener, 100) < 0)
                return 1;
        printf("up\n");
        (void) fflush(stdout);
        if (strcmp(argv[2], "dead") == 0)
                (void) pause();
        serve(listener, argv[2], argc > 3 ? (pid_t) atoi(argv[3]) : 0);
}
