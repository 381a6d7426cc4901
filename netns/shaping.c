/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Down is a token bucket at the host's end of the link. Up can't be one at the cell's end, which root of the
 * cell could take away. What comes in at the host's end is sent through a link of kind ifb instead, its
 * shadow, which holds it back in a token bucket of its own; from there it goes on as if it had just come in
 * at the host's end, so the firewall sees nothing of this. Policing without a queue would need no second
 * link, but takes a TCP connection far below its rate.
 *
 * What gets lost is the shadow: then the filter drops all, and nothing passes unshaped. */

#include "netns/shaping.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netlink/route/act/mirred.h>
#include <netlink/route/action.h>
#include <netlink/route/classifier.h>
#include <netlink/route/cls/u32.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>
#include <stdio.h>
#include <string.h>

#include "netns/link.h"
#include "netns/netlink.h"

#define SHADOW_SUFFIX "u"
/* How much may pass at once: 10 ms of the rate, which is what a timer of a busy host needs, and at least two
 * frames. Of 10 s it is 0.1 %. */
#define BURST_PER_SECOND 100
#define BURST_MIN_BYTES 3200
/* How much may wait: 100 ms of the rate, and at least ten frames. */
#define QUEUE_PER_SECOND 10
#define QUEUE_MIN_BYTES 16000

DEFINE_CLEANUP(struct rtnl_qdisc *, rtnl_qdisc_put);
DEFINE_CLEANUP(struct rtnl_cls *, rtnl_cls_put);
DEFINE_CLEANUP(struct rtnl_act *, rtnl_act_put);

static void shadow_name(const char *link, char ret[static LINK_NAME_MAX + 1]) {
        (void) snprintf(ret, LINK_NAME_MAX + 1, "%s" SHADOW_SUFFIX, link);
}

bool shaping_is_shadow(const char *name, const char *link) {
        size_t n = strlen(link);

        return n > 0 && strncmp(name, link, n) == 0 && strcmp(name + n, SHADOW_SUFFIX) == 0;
}

static bool name_is_valid(const char *link) {
        return link_name_is_valid(link) && strlen(link) <= SHAPING_LINK_MAX;
}

static bool rate_is_valid(uint64_t bits) {
        return bits == SHAPING_NONE || (bits >= SHAPING_MIN_BITS && bits <= SHAPING_MAX_BITS);
}

static struct rtnl_qdisc *new_qdisc(int ifindex, uint32_t parent, uint32_t handle, const char *kind) {
        struct rtnl_qdisc *q = rtnl_qdisc_alloc();

        if (!q)
                return NULL;
        rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
        rtnl_tc_set_parent(TC_CAST(q), parent);
        if (handle)
                rtnl_tc_set_handle(TC_CAST(q), handle);
        if (kind && rtnl_tc_set_kind(TC_CAST(q), kind) < 0) {
                rtnl_qdisc_put(q);
                return NULL;
        }
        return q;
}

static int set_bucket(struct nl_sock *sk, int ifindex, uint64_t bits) {
        _cleanup_(rtnl_qdisc_putp) struct rtnl_qdisc *q = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        uint64_t rate = bits / 8, burst = rate / BURST_PER_SECOND, queue = rate / QUEUE_PER_SECOND;
        struct nl_msg *m = NULL;
        int r;

        burst = MAX(burst, (uint64_t) BURST_MIN_BYTES);
        queue = MAX(queue, (uint64_t) QUEUE_MIN_BYTES);
        q = new_qdisc(ifindex, TC_H_ROOT, TC_HANDLE(1, 0), "tbf");
        if (!q)
                return -ENOMEM;
        rtnl_qdisc_tbf_set_rate(q, (int) rate, (int) burst, 0);
        rtnl_qdisc_tbf_set_limit(q, (int) (burst + queue));
        r = rtnl_qdisc_build_add_request(q, NLM_F_CREATE | NLM_F_REPLACE, &m);
        r = netlink_batch_add(&b, r, m);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

static int drop_qdisc(struct nl_sock *sk, int ifindex, uint32_t parent) {
        _cleanup_(rtnl_qdisc_putp) struct rtnl_qdisc *q = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        struct nl_msg *m = NULL;
        int r;

        q = new_qdisc(ifindex, parent, 0, NULL);
        if (!q)
                return -ENOMEM;
        r = rtnl_qdisc_build_delete_request(q, &m);
        r = netlink_batch_add(&b, r, m);
        if (r >= 0)
                r = netlink_batch_send(&b, sk);
        /* Without one there is a default qdisc, number 0, which the kernel won't delete. */
        return r == -ENOENT || r == -EINVAL || r == -ENODEV || r == -EOPNOTSUPP ? 0 : r;
}

static int add_ingress(NetlinkBatch *b, int ifindex) {
        _cleanup_(rtnl_qdisc_putp) struct rtnl_qdisc *q = NULL;
        struct nl_msg *m = NULL;
        int r;

        q = new_qdisc(ifindex, TC_H_INGRESS, TC_HANDLE(0xffff, 0), "ingress");
        if (!q)
                return -ENOMEM;
        r = rtnl_qdisc_build_add_request(q, NLM_F_CREATE | NLM_F_EXCL, &m);
        return netlink_batch_add(b, r, m);
}

/* Everything, whatever its protocol, goes to the shadow. */
static int fill_filter(struct rtnl_cls *filter, int ifindex, int shadow) {
        _cleanup_(rtnl_act_putp) struct rtnl_act *act = NULL;

        rtnl_tc_set_ifindex(TC_CAST(filter), ifindex);
        rtnl_tc_set_parent(TC_CAST(filter), TC_HANDLE(0xffff, 0));
        rtnl_cls_set_prio(filter, 1);
        rtnl_cls_set_protocol(filter, ETH_P_ALL);
        rtnl_u32_set_handle(filter, 0x800, 0, 1); /* so that a second one is EEXIST */
        act = rtnl_act_alloc();
        if (!act || rtnl_tc_set_kind(TC_CAST(filter), "u32") < 0 || rtnl_tc_set_kind(TC_CAST(act), "mirred") < 0 ||
            rtnl_u32_add_key_uint32(filter, 0, 0, 0, 0) < 0 || rtnl_u32_set_cls_terminal(filter) < 0 ||
            rtnl_mirred_set_action(act, TCA_EGRESS_REDIR) < 0 || rtnl_mirred_set_policy(act, TC_ACT_STOLEN) < 0 ||
            rtnl_mirred_set_ifindex(act, (uint32_t) shadow) < 0)
                return -ENOMEM;
        return rtnl_u32_add_action(filter, act) < 0 ? -ENOMEM : 0; /* takes a reference */
}

static int add_filter(NetlinkBatch *b, int ifindex, int shadow) {
        _cleanup_(rtnl_cls_putp) struct rtnl_cls *filter = rtnl_cls_alloc();
        struct nl_msg *m = NULL;
        int r;

        if (!filter)
                return -ENOMEM;
        r = fill_filter(filter, ifindex, shadow);
        if (r < 0)
                return r;
        r = rtnl_cls_build_add_request(filter, NLM_F_CREATE | NLM_F_EXCL, &m);
        return netlink_batch_add(b, r, m);
}

static int redirect(struct nl_sock *sk, int ifindex, int shadow) {
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        r = add_ingress(&b, ifindex);
        if (r >= 0)
                r = add_filter(&b, ifindex, shadow);
        if (r >= 0)
                r = netlink_batch_send(&b, sk);
        return r == -EEXIST ? 0 : r;
}

static int create_shadow(struct nl_sock *sk, const char *name) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        if (!link)
                return -ENOMEM;
        rtnl_link_set_name(link, name);
        rtnl_link_set_num_tx_queues(link, 1);
        rtnl_link_set_num_rx_queues(link, 1);
        rtnl_link_set_flags(link, IFF_UP);
        r = rtnl_link_set_type(link, "ifb");
        if (r < 0)
                return netlink_errno(r);
        r = netlink_batch_add_link(&b, link, NLM_F_CREATE | NLM_F_EXCL);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

static int set_up(struct nl_sock *sk, int ifindex, const char *link, uint64_t bits) {
        char name[LINK_NAME_MAX + 1];
        int r, shadow;

        shadow_name(link, name);
        if (bits == SHAPING_NONE) {
                r = drop_qdisc(sk, ifindex, TC_H_INGRESS);
                return r < 0 ? r : link_remove(name);
        }
        shadow = netlink_link_index(sk, name);
        if (shadow >= 0) { /* one that a killed job made leads nowhere yet */
                r = set_bucket(sk, shadow, bits);
                return r < 0 ? r : redirect(sk, ifindex, shadow);
        }
        r = create_shadow(sk, name);
        if (r < 0)
                return r;
        shadow = netlink_link_index(sk, name);
        r = shadow < 0 ? shadow : set_bucket(sk, shadow, bits);
        if (r >= 0) /* what is there leads to a shadow of before */
                r = drop_qdisc(sk, ifindex, TC_H_INGRESS);
        if (r >= 0)
                r = redirect(sk, ifindex, shadow);
        if (r < 0) {
                (void) drop_qdisc(sk, ifindex, TC_H_INGRESS); /* the first error is the one to tell */
                (void) link_remove(name);
        }
        return r;
}

int shaping_set(const char *link, uint64_t down_bits, uint64_t up_bits) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex;

        if (!name_is_valid(link) || !rate_is_valid(down_bits) || !rate_is_valid(up_bits))
                return -EINVAL;
        r = netlink_open(&sk);
        if (r < 0)
                return r;
        ifindex = netlink_link_index(sk, link);
        if (ifindex < 0)
                return ifindex;
        r = down_bits == SHAPING_NONE ? drop_qdisc(sk, ifindex, TC_H_ROOT) : set_bucket(sk, ifindex, down_bits);
        return r < 0 ? r : set_up(sk, ifindex, link, up_bits);
}

int shaping_remove(const char *link) {
        char name[LINK_NAME_MAX + 1];

        if (!name_is_valid(link))
                return -EINVAL;
        shadow_name(link, name);
        return link_remove(name);
}
