/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each walk of the kernel's looks at every bucket, so where few flows are, one walk hands out all of them, of both
 * families. Where there are many, copying them would cost more than walks that the kernel filters (CTA_FILTER, Linux 5.8),
 * one for each side that an address can be at. What comes is looked at here, in any case: an older kernel ignores the
 * filter. It is deleted by the tuple and the id that it has, so that an entry that took its place meanwhile stays.
 *
 * Of IPv6 addresses the filter lets pass all but the one that is asked for (ctnetlink_filter_match_tuple() takes
 * ipv6_addr_cmp() for a yes, in Linux 6.18 still): there the kernel is asked for all flows of the family. */

#include "netns/conntrack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "netns/netlink.h"

#define FILTER_SOURCE 1U /* the kernel's CTA_FILTER_F_CTA_IP_SRC, which its headers for users leave out */
#define FLOWS_FEW 4096
#define DUMP_ATTEMPTS_MAX 5

/* Who began a flow is the source of what it began with, who answers that of the answers. */
static const int sides[] = { CTA_TUPLE_ORIG, CTA_TUPLE_REPLY };

typedef struct Flows {
        const IpPrefix *addresses;
        size_t n_addresses;
        int family, filter; /* AF_UNSPEC: both; one of `sides`, of the one address that there is; 0: no filter */
        struct nl_sock *delete_sk; /* another one: the dump is not over yet */
        int error;
} Flows;

static int source_attribute(const IpPrefix *a) {
        return a->family == AF_INET ? CTA_IP_V4_SRC : CTA_IP_V6_SRC;
}

static int address_size(const IpPrefix *a) {
        return a->family == AF_INET ? sizeof(a->address.v4) : sizeof(a->address.v6);
}

static struct nl_msg *new_message(int type, int flags, int family) {
        const struct nfgenmsg header = { .nfgen_family = (uint8_t) family, .version = NFNETLINK_V0 };
        _cleanup_(nlmsg_freep) struct nl_msg *m =
                nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | type, flags);

        if (!m || nlmsg_append(m, (void *) &header, sizeof(header), NLMSG_ALIGNTO) < 0)
                return NULL;
        return TAKE_PTR(m);
}

static int put_filter(struct nl_msg *m, const Flows *f) {
        const IpPrefix *a = f->addresses;
        struct nlattr *filter, *tuple, *addresses;

        if (!(filter = nla_nest_start(m, CTA_FILTER | NLA_F_NESTED)) ||
            nla_put_u32(m, f->filter == CTA_TUPLE_ORIG ? CTA_FILTER_ORIG_FLAGS : CTA_FILTER_REPLY_FLAGS,
                        FILTER_SOURCE) < 0)
                return -ENOMEM;
        nla_nest_end(m, filter);
        if (!(tuple = nla_nest_start(m, f->filter | NLA_F_NESTED)) ||
            !(addresses = nla_nest_start(m, CTA_TUPLE_IP | NLA_F_NESTED)) ||
            nla_put(m, source_attribute(a), address_size(a), a->address.bytes) < 0)
                return -ENOMEM;
        nla_nest_end(m, addresses);
        nla_nest_end(m, tuple);
        return 0;
}

static struct nl_msg *new_dump(const Flows *f) {
        _cleanup_(nlmsg_freep) struct nl_msg *m = new_message(IPCTNL_MSG_CT_GET, NLM_F_DUMP, f->family);

        return m && (!f->filter || put_filter(m, f) >= 0) ? TAKE_PTR(m) : NULL;
}

static bool is_from(struct nlmsghdr *h, int side, const IpPrefix *address) {
        struct nlattr *tuple = nlmsg_find_attr(h, sizeof(struct nfgenmsg), side), *addresses, *a;

        addresses = tuple ? nla_find(nla_data(tuple), nla_len(tuple), CTA_TUPLE_IP) : NULL;
        a = addresses ? nla_find(nla_data(addresses), nla_len(addresses), source_attribute(address)) : NULL;
        return a && nla_len(a) == address_size(address) &&
                memcmp(nla_data(a), address->address.bytes, (size_t) nla_len(a)) == 0;
}

static bool has_address(const Flows *f, struct nlmsghdr *h) {
        for (size_t i = 0; i < f->n_addresses; i++)
                for (size_t k = 0; k < ELEMENTSOF(sides); k++)
                        if (f->addresses[i].family != AF_UNSPEC && is_from(h, sides[k], &f->addresses[i]))
                                return true;
        return false;
}

/* The same attributes, as they came. */
static struct nl_msg *new_delete(struct nlmsghdr *h) {
        static const int copied[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
        const struct nfgenmsg *header = nlmsg_data(h);
        _cleanup_(nlmsg_freep) struct nl_msg *m = new_message(IPCTNL_MSG_CT_DELETE, 0, header->nfgen_family);

        for (size_t i = 0; i < ELEMENTSOF(copied) && m; i++) {
                const struct nlattr *a = nlmsg_find_attr(h, sizeof(struct nfgenmsg), copied[i]);

                if (a && nla_put(m, a->nla_type, nla_len(a), nla_data(a)) < 0)
                        return NULL;
        }
        return TAKE_PTR(m);
}

static int on_flow(struct nl_msg *m, void *userdata) {
        struct nlmsghdr *h = nlmsg_hdr(m);
        struct nl_msg *delete;
        Flows *f = userdata;
        int r;

        if (!nlmsg_valid_hdr(h, sizeof(struct nfgenmsg)) || !has_address(f, h))
                return NL_OK;
        delete = new_delete(h);
        r = delete ? netlink_send(f->delete_sk, delete) : -ENOMEM;
        if (r < 0 && r != -ENOENT && f->error == 0) /* ENOENT: it has ended meanwhile */
                f->error = r;
        return NL_OK;
}

static int forget_once(Flows *f) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(nlmsg_freep) struct nl_msg *dump = new_dump(f);
        int r;

        if (!dump)
                return -ENOMEM;
        f->error = 0;
        r = netlink_open_netfilter(&sk);
        if (r < 0)
                return r;
        r = nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_flow, f);
        if (r >= 0)
                r = nl_send_auto(sk, dump);
        if (r >= 0)
                r = nl_recvmsgs_default(sk);
        if (r < 0) {
                r = netlink_errno(r);
                return r == -EAGAIN ? -ETIMEDOUT : r == -EINVAL ? -EOPNOTSUPP : r;
        }
        return f->error;
}

/* A list that changed while it was made is made once more. */
static int forget_flows(Flows *f) {
        int r = -EINTR;

        for (int i = 0; i < DUMP_ATTEMPTS_MAX && r == -EINTR; i++)
                r = forget_once(f);
        return r;
}

static int forget_among_many(const IpPrefix *address, struct nl_sock *delete_sk) {
        Flows f = { .addresses = address, .n_addresses = 1, .family = address->family, .delete_sk = delete_sk };
        int r = 0;

        if (address->family != AF_INET)
                return address->family == AF_INET6 ? forget_flows(&f) : 0;
        for (size_t i = 0; i < ELEMENTSOF(sides) && r >= 0; i++) {
                f.filter = sides[i];
                r = forget_flows(&f);
        }
        return r;
}

/* Of this network namespace. 0 also without connection tracking; UINT64_MAX: there is no knowing. */
static uint64_t count_flows(void) {
        _cleanup_(freep) char *text = NULL;
        ssize_t n = fd_read_file_at(AT_FDCWD, "/proc/sys/net/netfilter/nf_conntrack_count", 32, &text);

        return n == -ENOENT ? 0 : n <= 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

int conntrack_forget(const IpPrefix *addresses, size_t n_addresses) {
        _cleanup_(nl_socket_freep) struct nl_sock *delete_sk = NULL;
        Flows f = { .addresses = addresses, .n_addresses = n_addresses, .family = AF_UNSPEC };
        uint64_t n = count_flows();
        bool any = false;
        int r;

        for (size_t i = 0; i < n_addresses; i++) {
                const IpPrefix *a = &addresses[i];

                if (a->family != AF_UNSPEC && a->length != (a->family == AF_INET ? 32U : 128U))
                        return -EINVAL;
                any = any || a->family != AF_UNSPEC;
        }
        if (n == 0 || !any)
                return 0;
        r = netlink_open_netfilter(&delete_sk);
        f.delete_sk = delete_sk;
        if (r >= 0 && n <= FLOWS_FEW)
                return forget_flows(&f);
        for (size_t i = 0; i < n_addresses && r >= 0; i++)
                r = forget_among_many(&addresses[i], delete_sk);
        return r;
}
