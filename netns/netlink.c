/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libnl builds the messages; sending and the collecting of acknowledgements are done here,
 * because nl_wait_for_ack() takes one message at a time and stops at the first error, which
 * would leave the answers of the later ones in the socket. Sequence numbers of one batch are
 * consecutive, the kernel answers in order. */

#include "netns/netlink.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/route/link/inet6.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/log.h"

static const int nle_errno[] = {
        [NLE_SUCCESS] = 0,
        [NLE_FAILURE] = EIO,
        [NLE_INTR] = EINTR,
        [NLE_BAD_SOCK] = ENOTSOCK,
        [NLE_AGAIN] = EAGAIN,
        [NLE_NOMEM] = ENOMEM,
        [NLE_EXIST] = EEXIST,
        [NLE_INVAL] = EINVAL,
        [NLE_RANGE] = ERANGE,
        [NLE_MSGSIZE] = EMSGSIZE,
        [NLE_OPNOTSUPP] = EOPNOTSUPP,
        [NLE_AF_NOSUPPORT] = EAFNOSUPPORT,
        [NLE_OBJ_NOTFOUND] = ENOENT,
        [NLE_NOATTR] = ENODATA,
        [NLE_MISSING_ATTR] = EINVAL,
        [NLE_AF_MISMATCH] = EAFNOSUPPORT,
        [NLE_SEQ_MISMATCH] = EBADMSG,
        [NLE_MSG_OVERFLOW] = EMSGSIZE,
        [NLE_MSG_TRUNC] = EMSGSIZE,
        [NLE_NOADDR] = EADDRNOTAVAIL,
        [NLE_SRCRT_NOSUPPORT] = EOPNOTSUPP,
        [NLE_MSG_TOOSHORT] = EBADMSG,
        [NLE_MSGTYPE_NOSUPPORT] = EOPNOTSUPP,
        [NLE_OBJ_MISMATCH] = EINVAL,
        [NLE_NOCACHE] = ENOENT,
        [NLE_BUSY] = EBUSY,
        [NLE_PROTO_MISMATCH] = EPROTO,
        [NLE_NOACCESS] = EACCES,
        [NLE_PERM] = EPERM,
        [NLE_PKTLOC_FILE] = ENOENT,
        [NLE_PARSE_ERR] = EBADMSG,
        [NLE_NODEV] = ENODEV,
        [NLE_IMMUTABLE] = EROFS,
        [NLE_DUMP_INTR] = EINTR,
        [NLE_ATTRSIZE] = EMSGSIZE,
};

int netlink_errno(int nl_code) {
        size_t code = (size_t) (nl_code < 0 ? -(long) nl_code : nl_code);

        if (code == 0)
                return 0;
        if (code >= ELEMENTSOF(nle_errno) || nle_errno[code] == 0)
                return -EIO;
        return -nle_errno[code];
}

static int set_socket_options(int fd) {
        const struct timeval timeout = { .tv_sec = NETLINK_TIMEOUT_USEC / USEC_PER_SEC };
        const int on = 1;

        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
                return -errno;

        /* Short answers without our own request in them, with a sentence on what was wrong.
         * Kernels before 4.2 and 4.12 lack these; nothing depends on them. */
        (void) setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
        (void) setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
        return 0;
}

static int open_socket(int protocol, struct nl_sock **ret) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        sk = nl_socket_alloc();
        if (!sk)
                return -ENOMEM;
        r = nl_connect(sk, protocol); /* close-on-exec since libnl 3.2 */
        if (r < 0)
                return netlink_errno(r);
        r = set_socket_options(nl_socket_get_fd(sk));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(sk);
        return 0;
}

int netlink_open(struct nl_sock **ret) {
        return open_socket(NETLINK_ROUTE, ret);
}

int netlink_open_netfilter(struct nl_sock **ret) {
        return open_socket(NETLINK_NETFILTER, ret);
}

int netlink_link_index(struct nl_sock *sk, const char *name) {
        struct ifreq request = {};

        if (strlen(name) == 0 || strlen(name) >= sizeof(request.ifr_name))
                return -EINVAL;
        memcpy(request.ifr_name, name, strlen(name));

        if (ioctl(nl_socket_get_fd(sk), SIOCGIFINDEX, &request) < 0)
                return -errno;
        return request.ifr_ifindex;
}

int netlink_open_link(const char *name, struct nl_sock **ret) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        r = netlink_link_index(sk, name);
        if (r >= 0)
                *ret = TAKE_PTR(sk);
        return r;
}

int netlink_send(struct nl_sock *sk, struct nl_msg *message) {
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r = netlink_batch_add(&b, 0, message);

        return r < 0 ? r : netlink_batch_send(&b, sk);
}

void netlink_batch_done(NetlinkBatch *b) {
        for (size_t i = 0; i < b->n_messages; i++)
                nlmsg_free(b->messages[i]);
        b->n_messages = 0;
}

int netlink_batch_add(NetlinkBatch *b, int nl_code, struct nl_msg *message) {
        _cleanup_(nlmsg_freep) struct nl_msg *m = message;

        if (nl_code < 0)
                return netlink_errno(nl_code);
        if (b->n_messages >= NETLINK_BATCH_MAX)
                return -ENOBUFS;
        b->messages[b->n_messages++] = TAKE_PTR(m);
        return 0;
}

int netlink_batch_add_link(NetlinkBatch *b, struct rtnl_link *link, int flags) {
        struct nl_msg *m = NULL;
        int r;

        r = rtnl_link_build_add_request(link, flags, &m);
        return netlink_batch_add(b, r, m);
}

void netlink_no_generation(struct rtnl_link *link) {
        /* This refuses where the kernel has no IPv6; then there is nothing to generate. */
        (void) rtnl_link_inet6_set_addr_gen_mode(link, IN6_ADDR_GEN_MODE_NONE);
}

int netlink_batch_add_flags(NetlinkBatch *b, int ifindex, unsigned flags) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;

        link = rtnl_link_alloc();
        if (!link)
                return -ENOMEM;
        rtnl_link_set_ifindex(link, ifindex);
        rtnl_link_set_flags(link, flags);
        return netlink_batch_add_link(b, link, 0);
}

/* The kernel's sentence on an error, if it sent one; netlink.h, nlmsgerr_attrs. */
static void log_extended_error(const struct nlmsghdr *h, int error) {
        const struct nlmsgerr *e = NLMSG_DATA(h);
        size_t offset = NLMSG_LENGTH(sizeof(*e));
        const struct nlattr *attribute, *message;

        if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
                return;
        if (!(h->nlmsg_flags & NLM_F_CAPPED))
                offset += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
        if (offset >= h->nlmsg_len)
                return;

        attribute = (const void *) ((const char *) h + offset);
        message = nla_find(attribute, (int) (h->nlmsg_len - offset), NLMSGERR_ATTR_MSG);
        if (message)
                log_debug_errno(error, "netlink: %.*s: %m", (int) nla_len(message),
                                (const char *) nla_data(message));
}

/* Reads one datagram of answers. Returns how many of `n` requests from `first` it answers;
 * *error keeps the first failure. */
static ssize_t read_answers(int fd, uint32_t first, size_t n, int *error) {
        _Alignas(struct nlmsghdr) char buffer[16384];
        ssize_t size;
        int remaining, answers = 0;

        size = recv(fd, buffer, sizeof(buffer), 0);
        if (size < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (size == 0)
                return -EPIPE;

        remaining = (int) size;
        for (struct nlmsghdr *h = (void *) buffer; NLMSG_OK(h, (unsigned) remaining);
             h = NLMSG_NEXT(h, remaining)) {
                const struct nlmsgerr *e = NLMSG_DATA(h);

                if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
                        continue;
                if (h->nlmsg_seq - first >= n)
                        continue; /* left from a batch that timed out */
                answers++;
                if (e->error == 0)
                        continue;
                log_extended_error(h, e->error);
                if (*error == 0)
                        *error = e->error;
        }
        return answers;
}

static int send_messages(NetlinkBatch *b, struct nl_sock *sk) {
        struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        struct iovec iov[NETLINK_BATCH_MAX];
        struct msghdr header = {
                .msg_name = &kernel,
                .msg_namelen = sizeof(kernel),
                .msg_iov = iov,
                .msg_iovlen = b->n_messages,
        };
        ssize_t n;

        for (size_t i = 0; i < b->n_messages; i++) {
                struct nlmsghdr *h = nlmsg_hdr(b->messages[i]);

                nl_complete_msg(sk, b->messages[i]); /* port id, sequence number, NLM_F_REQUEST */
                h->nlmsg_flags |= NLM_F_ACK;
                iov[i].iov_base = h;
                iov[i].iov_len = NLMSG_ALIGN(h->nlmsg_len);
        }
        do
                n = sendmsg(nl_socket_get_fd(sk), &header, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        return 0;
}

int netlink_batch_send(NetlinkBatch *b, struct nl_sock *sk) {
        size_t n = b->n_messages, answered = 0;
        uint32_t first;
        int r, error = 0;

        if (n == 0)
                return 0;
        r = send_messages(b, sk);
        first = nlmsg_hdr(b->messages[0])->nlmsg_seq;
        netlink_batch_done(b);
        if (r < 0)
                return r;

        while (answered < n) {
                ssize_t k;

                k = read_answers(nl_socket_get_fd(sk), first, n, &error);
                if (k == -EINTR)
                        continue;
                if (k < 0)
                        return (int) k;
                answered += (size_t) k;
        }
        return error;
}

int netlink_address(const IpPrefix *address, struct nl_addr **ret) {
        struct nl_addr *a;

        a = nl_addr_build(address->family, address->address.bytes,
                          address->family == AF_INET ? sizeof(address->address.v4)
                                                     : sizeof(address->address.v6));
        if (!a)
                return -ENOMEM;
        nl_addr_set_prefixlen(a, (int) address->length);
        *ret = a;
        return 0;
}
