/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login request as the manager reads it, up to the subject that policies are asked about; and the same bytes as a
 * reply, as the module reads it. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "manager/work/subject.h"
#include "policies/policy-load.h"
#include "tests/fuzz/fuzz.h"

static void read_request(const uint8_t *data, size_t size) {
        static LoginRequest r;
        _cleanup_(subject_freep) Subject *s = NULL;
        const MatchSubject *m;

        memset(&r, 0xaa, sizeof(r)); /* what a short one leaves is not taken for anything */
        memcpy(&r, data, MIN(size, sizeof(r)));
        if (login_request_check(&r, size) < 0)
                return;
        assert(size == sizeof(r) && r.n_groups <= LOGIN_GROUPS_MAX);
        s = subject_new_from_request(&r);
        assert(s);
        m = subject_match(s);
        assert(m->uid == r.uid && m->n_groups <= LOGIN_GROUPS_MAX);
        for (int i = 0; i < 2; i++) {
                _cleanup_(freep) char *text = NULL;

                if (policy_expand(i ? "%u-%g-%s" : "/home/%u", m, "host", &text) >= 0)
                        assert(!strstr(text, "..") && (i == 0 || !strchr(text, '/')));
        }
}

static void read_reply(const uint8_t *data, size_t size) {
        static LoginReply reply;
        LoginRequest request;
        int fds[2], pidfd = -EBADF, filter_fd = -EBADF, r;
        uint64_t left_usec = 100000;

        if (size == 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return;
        login_request_init(&request, LOGIN_OPEN);
        (void) send(fds[1], data, size, MSG_NOSIGNAL);
        r = login_call(fds[0], &request, &left_usec, &reply, &pidfd, &filter_fd);
        assert(r < 0 || (size == sizeof(reply) && reply.verdict != LOGIN_CONFINED)); /* no fd came with it */
        assert(pidfd < 0 && filter_fd < 0);
        if (r >= 0)
                for (const char *v = reply.process.environment; *v; v += strlen(v) + 1)
                        assert(v < reply.process.environment + sizeof(reply.process.environment));
        close_fd(fds[0]);
        close_fd(fds[1]);
}

/* Whole messages are long and mostly zero: the input's first byte says how they are filled, the rest is laid over a
 * good one at an offset. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static union {
                LoginRequest request;
                LoginReply reply;
                uint8_t bytes[sizeof(LoginReply)];
        } message;
        size_t offset, whole;

        read_request(data, size);
        read_reply(data, size);
        if (size < 3)
                return 0;
        memset(&message, 0, sizeof(message));
        if (data[0] & 1)
                login_request_init(&message.request, LOGIN_OPEN);
        else {
                message.reply.magic = LOGIN_MAGIC;
                message.reply.version = LOGIN_VERSION;
        }
        whole = data[0] & 1 ? sizeof(message.request) : sizeof(message.reply);
        offset = (size_t) (data[1] | data[2] << 8) % whole;
        memcpy(message.bytes + offset, data + 3, MIN(size - 3, whole - offset));
        if (data[0] & 1)
                read_request(message.bytes, whole);
        else
                read_reply(message.bytes, whole);
        return 0;
}
