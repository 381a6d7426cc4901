/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A dump that the kernel filters (CTA_FILTER, Linux 5.8) for each end that the address can be at; what it answers is
 * deleted by the tuple and the id that it has there, so that an entry that took the place of another meanwhile stays.
 * An older kernel would ignore the filter and answer with the whole table: so each entry is looked at once more.
 *
 * Of IPv6 addresses the filter lets pass all but the one that is asked for (ctnetlink_filter_match_tuple() takes
 * ipv6_addr_cmp() for a yes, in Linux 6.18 still): there the kernel is asked for all flows of the family, once. */

#include "netns/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#include "netns/netlink.h"

#define FILTER_SOURCE 1U /* the kernel's CTA_FILTER_F_CTA_IP_SRC, which its headers for users leave out */
#define FILTER_DESTINATION 2U
#define DUMP_ATTEMPTS_MAX 5

/* Where an address can be in an entry. */
typedef struct End {
        int tuple; /* CTA_TUPLE_ORIG or CTA_TUPLE_REPLY */
        bool source;
} End;

static const End ends[] = {
        { CTA_TUPLE_ORIG, true }, { CTA_TUPLE_ORIG, false }, { CTA_TUPLE_REPLY, true }, { CTA_TUPLE_REPLY, false },
};

typedef struct Flows {
        const IpPrefix *address;
        const End *end; /* NULL: at any */
        struct nl_sock *delete_sk; /* another one: the dump is not over yet */
        int error;
} Flows;

static int end_attribute(const Flows *f, const End *e) {
        if (f->address->family == AF_INET)
                return e->source ? CTA_IP_V4_SRC : CTA_IP_V4_DST;
        return e->source ? CTA_IP_V6_SRC : CTA_IP_V6_DST;
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
        struct nlattr *filter, *tuple, *addresses;

        if (!(filter = nla_nest_start(m, CTA_FILTER | NLA_F_NESTED)) ||
            nla_put_u32(m, f->end->tuple == CTA_TUPLE_ORIG ? CTA_FILTER_ORIG_FLAGS : CTA_FILTER_REPLY_FLAGS,
                        f->end->source ? FILTER_SOURCE : FILTER_DESTINATION) < 0)
                return -ENOMEM;
        nla_nest_end(m, filter);
        if (!(tuple = nla_nest_start(m, f->end->tuple | NLA_F_NESTED)) ||
            !(addresses = nla_nest_start(m, CTA_TUPLE_IP | NLA_F_NESTED)) ||
            nla_put(m, end_attribute(f, f->end), address_size(f->address), f->address->address.bytes) < 0)
                return -ENOMEM;
        nla_nest_end(m, addresses);
        nla_nest_end(m, tuple);
        return 0;
}

static struct nl_msg *new_dump(const Flows *f) {
        _cleanup_(nlmsg_freep) struct nl_msg *m = new_message(IPCTNL_MSG_CT_GET, NLM_F_DUMP, f->address->family);

        return m && (!f->end || put_filter(m, f) >= 0) ? TAKE_PTR(m) : NULL;
}

static bool has_address_at(const Flows *f, struct nlmsghdr *h, const End *e) {
        struct nlattr *tuple = nlmsg_find_attr(h, sizeof(struct nfgenmsg), e->tuple), *addresses, *a;

        addresses = tuple ? nla_find(nla_data(tuple), nla_len(tuple), CTA_TUPLE_IP) : NULL;
        a = addresses ? nla_find(nla_data(addresses), nla_len(addresses), end_attribute(f, e)) : NULL;
        return a && nla_len(a) == address_size(f->address) &&
                memcmp(nla_data(a), f->address->address.bytes, (size_t) nla_len(a)) == 0;
}

static bool has_address(const Flows *f, struct nlmsghdr *h) {
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                if (has_address_at(f, h, &ends[i]))
                        return true;
        return false;
}

/* The same attributes, as they came. */
static struct nl_msg *new_delete(const Flows *f, struct nlmsghdr *h) {
        static const int copied[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
        _cleanup_(nlmsg_freep) struct nl_msg *m = new_message(IPCTNL_MSG_CT_DELETE, 0, f->address->family);

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
        delete = new_delete(f, h);
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

static int forget_at(const IpPrefix *address, const End *end, struct nl_sock *delete_sk) {
        Flows f = { .address = address, .end = end, .delete_sk = delete_sk };
        int r = -EINTR;

        for (int i = 0; i < DUMP_ATTEMPTS_MAX && r == -EINTR; i++)
                r = forget_once(&f);
        return r;
}

int conntrack_forget(const IpPrefix *address) {
        _cleanup_(nl_socket_freep) struct nl_sock *delete_sk = NULL;
        int r;

        if (address->family == AF_UNSPEC)
                return 0;
        if (address->length != (address->family == AF_INET ? 32U : 128U))
                return -EINVAL;
        r = netlink_open_netfilter(&delete_sk);
        if (r >= 0 && address->family == AF_INET6)
                return forget_at(address, NULL, delete_sk);
        for (size_t i = 0; i < ELEMENTSOF(ends) && r >= 0; i++)
                r = forget_at(address, &ends[i], delete_sk);
        return r;
}
