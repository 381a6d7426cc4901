/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/tc.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "netns/netlink.h"

/* How much may pass at once: 10 ms of the rate, which is what a timer of a busy host needs, and at least two
 * frames. Of 10 s it is 0.1 %. */
#define BURST_PER_SECOND 100
#define BURST_MIN_BYTES 3200
/* How much may wait: 100 ms of the rate, and at least ten frames. */
#define QUEUE_PER_SECOND 10
#define QUEUE_MIN_BYTES 16000
#define QUEUE_MAX_BYTES (16U << 20) /* of a leaf without a rate */

/* Classes below the topmost have no rate of their own to speak of, all is lent by the one above. */
#define LENT_ONLY_BYTES 125
#define UNLIMITED_BYTES UINT64_C(125000000000)
/* Packets of up to 64 KiB go through in one piece: less than one in a turn would favour them. */
#define QUANTUM_BYTES 70000
#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_TICK 64 /* PSCHED_SHIFT of include/net/pkt_sched.h, told by /proc/net/psched */

#define CLASS(number) TC_H_MAKE(1U << 16, (uint32_t) (number))

typedef struct Request {
        struct nl_msg *message;
        bool full;
} Request;

static void put(Request *q, int attribute, const void *data, size_t size) {
        q->full = q->full || nla_put(q->message, attribute, (int) size, data) < 0;
}

static void put_u64(Request *q, int attribute, uint64_t value) {
        put(q, attribute, &value, sizeof(value));
}

static struct nlattr *open_nest(Request *q, int attribute) {
        struct nlattr *nest = q->full ? NULL : nla_nest_start(q->message, attribute);

        q->full = q->full || !nest;
        return nest;
}

static void close_nest(Request *q, struct nlattr *nest) {
        if (nest)
                nla_nest_end(q->message, nest);
}

/* `kind` NULL: of whatever kind it is. */
static int request_begin(Request *q, int type, int flags, const struct tcmsg *header, const char *kind) {
        *q = (Request) { .message = nlmsg_alloc_simple(type, flags) };
        if (!q->message)
                return -ENOMEM;
        q->full = nlmsg_append(q->message, (void *) header, sizeof(*header), NLMSG_ALIGNTO) < 0;
        if (kind)
                put(q, TCA_KIND, kind, strlen(kind) + 1);
        return 0;
}

static int request_send(Request *q, struct nl_sock *sk) {
        if (q->full) {
                nlmsg_free(q->message);
                return -ENOMEM;
        }
        return netlink_send(sk, q->message);
}

static struct tc_ratespec rate_spec(uint64_t bytes) {
        return (struct tc_ratespec) {
                .linklayer = TC_LINKLAYER_ETHERNET,
                .rate = (uint32_t) MIN(bytes, (uint64_t) UINT32_MAX),
        };
}

static uint64_t burst_bytes(uint64_t rate) {
        return MAX(rate / BURST_PER_SECOND, (uint64_t) BURST_MIN_BYTES);
}

static uint64_t queue_bytes(uint64_t rate) {
        return MAX(rate / QUEUE_PER_SECOND, (uint64_t) QUEUE_MIN_BYTES);
}

static int remove_qdisc(struct nl_sock *sk, int ifindex, uint32_t parent) {
        const struct tcmsg header = { .tcm_ifindex = ifindex, .tcm_parent = parent };
        Request q;
        int r;

        r = request_begin(&q, RTM_DELQDISC, 0, &header, NULL);
        if (r >= 0)
                r = request_send(&q, sk);
        /* Without one there is a default qdisc, number 0, which the kernel won't delete. */
        return r == -ENOENT || r == -EINVAL || r == -ENODEV || r == -EOPNOTSUPP ? 0 : r;
}

int tc_set_bucket(struct nl_sock *sk, int ifindex, uint64_t bits) {
        const struct tcmsg header = {
                .tcm_ifindex = ifindex, .tcm_parent = TC_H_ROOT, .tcm_handle = TC_H_MAKE(1U << 16, 0)
        };
        uint64_t rate = bits / 8;
        const struct tc_tbf_qopt parameters = {
                .rate = rate_spec(rate),
                .limit = (uint32_t) (burst_bytes(rate) + queue_bytes(rate)),
        };
        uint32_t burst = (uint32_t) burst_bytes(rate);
        struct nlattr *options;
        Request q;
        int r;

        if (bits == TC_RATE_NONE)
                return remove_qdisc(sk, ifindex, TC_H_ROOT);
        r = request_begin(&q, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, "tbf");
        if (r < 0)
                return r;
        options = open_nest(&q, TCA_OPTIONS);
        put(&q, TCA_TBF_PARMS, &parameters, sizeof(parameters));
        put(&q, TCA_TBF_BURST, &burst, sizeof(burst));
        if (rate > UINT32_MAX)
                put_u64(&q, TCA_TBF_RATE64, rate);
        close_nest(&q, options);
        return request_send(&q, sk);
}

int tc_set_tree(struct nl_sock *sk, int ifindex) {
        const struct tcmsg header = {
                .tcm_ifindex = ifindex, .tcm_parent = TC_H_ROOT, .tcm_handle = TC_H_MAKE(1U << 16, 0)
        };
        const struct tc_htb_glob global = { .version = 3, .rate2quantum = 10 };
        struct nlattr *options;
        Request q;
        int r;

        r = request_begin(&q, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, "htb");
        if (r < 0)
                return r;
        options = open_nest(&q, TCA_OPTIONS);
        put(&q, TCA_HTB_INIT, &global, sizeof(global));
        close_nest(&q, options);
        r = request_send(&q, sk);
        return r == -EEXIST ? 0 : r;
}

int tc_set_class(struct nl_sock *sk, int ifindex, uint16_t parent, uint16_t number, uint64_t bits) {
        const struct tcmsg header = {
                .tcm_ifindex = ifindex,
                .tcm_parent = parent ? CLASS(parent) : TC_H_ROOT,
                .tcm_handle = CLASS(number),
        };
        uint64_t ceil = bits == TC_RATE_NONE ? UNLIMITED_BYTES : bits / 8, rate = parent ? LENT_ONLY_BYTES : ceil;
        uint64_t nsec = burst_bytes(ceil) * NSEC_PER_SEC / ceil;
        const struct tc_htb_opt parameters = {
                .rate = rate_spec(rate),
                .ceil = rate_spec(ceil),
                .buffer = (uint32_t) (nsec / NSEC_PER_TICK),
                .cbuffer = (uint32_t) (nsec / NSEC_PER_TICK),
                .quantum = QUANTUM_BYTES,
        };
        struct nlattr *options;
        Request q;
        int r;

        r = request_begin(&q, RTM_NEWTCLASS, NLM_F_CREATE, &header, "htb");
        if (r < 0)
                return r;
        options = open_nest(&q, TCA_OPTIONS);
        put(&q, TCA_HTB_PARMS, &parameters, sizeof(parameters));
        if (rate > UINT32_MAX)
                put_u64(&q, TCA_HTB_RATE64, rate);
        if (ceil > UINT32_MAX)
                put_u64(&q, TCA_HTB_CEIL64, ceil);
        close_nest(&q, options);
        return request_send(&q, sk);
}

int tc_set_leaf(struct nl_sock *sk, int ifindex, uint16_t number, uint64_t bits) {
        uint64_t rate = bits == TC_RATE_NONE ? UNLIMITED_BYTES : bits / 8;
        const struct tc_fifo_qopt fifo = {
                .limit = (uint32_t) MIN(queue_bytes(rate), (uint64_t) QUEUE_MAX_BYTES)
        };
        const struct tcmsg header = { .tcm_ifindex = ifindex, .tcm_parent = CLASS(number) };
        Request q;
        int r;

        r = request_begin(&q, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, "bfifo");
        if (r < 0)
                return r;
        put(&q, TCA_OPTIONS, &fifo, sizeof(fifo));
        return request_send(&q, sk);
}

int tc_remove_class(struct nl_sock *sk, int ifindex, uint16_t number) {
        const struct tcmsg header = { .tcm_ifindex = ifindex, .tcm_handle = CLASS(number) };
        Request q;
        int r;

        r = request_begin(&q, RTM_DELTCLASS, 0, &header, NULL);
        if (r >= 0)
                r = request_send(&q, sk);
        if (r == -EBUSY)
                return 0;
        return r >= 0 || r == -ENOENT || r == -EINVAL ? 1 : r; /* EINVAL: there is no tree */
}

/* A program that takes all packets, and says which class they are for. */
static int load_program(uint32_t priority) {
        const struct bpf_insn instructions[] = {
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = (int32_t) priority },
                { .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2,
                  .off = offsetof(struct __sk_buff, priority) },
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
                { .code = BPF_JMP | BPF_EXIT },
        };
        size_t skip = priority ? 0 : 2;
        union bpf_attr attr = {
                .prog_type = BPF_PROG_TYPE_SCHED_CLS,
                .insns = (uint64_t) (uintptr_t) (instructions + skip),
                .insn_cnt = (uint32_t) (ELEMENTSOF(instructions) - skip),
                .license = (uint64_t) (uintptr_t) "GPL", /* what the kernel asks of a program's author */
        };
        int fd;

        (void) strcpy(attr.prog_name, "confine_detour");
        fd = (int) syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)); /* needs CAP_BPF and CAP_NET_ADMIN */
        return fd < 0 ? -errno : fd;
}

static int add_hooks(struct nl_sock *sk, int ifindex) {
        const struct tcmsg header = {
                .tcm_ifindex = ifindex, .tcm_parent = TC_H_CLSACT, .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0)
        };
        Request q;
        int r;

        r = request_begin(&q, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, "clsact");
        if (r >= 0)
                r = request_send(&q, sk);
        return r == -EEXIST ? 0 : r;
}

static void put_redirect(Request *q, int detour) {
        const struct tc_mirred parameters = {
                .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t) detour
        };
        struct nlattr *actions = open_nest(q, TCA_BPF_ACT), *action = open_nest(q, 1), *options;

        put(q, TCA_ACT_KIND, "mirred", sizeof("mirred"));
        options = open_nest(q, TCA_ACT_OPTIONS);
        put(q, TCA_MIRRED_PARMS, &parameters, sizeof(parameters));
        close_nest(q, options);
        close_nest(q, action);
        close_nest(q, actions);
}

int tc_set_detour(struct nl_sock *sk, int ifindex, TcHook hook, int detour, uint32_t priority) {
        _cleanup_(close_fdp) int fd = load_program(priority);
        const struct tcmsg header = {
                .tcm_ifindex = ifindex,
                .tcm_parent = TC_H_MAKE(TC_H_CLSACT, hook == TC_HOOK_IN ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS),
                .tcm_handle = 1, /* one, so that another replaces it without a gap */
                .tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL)),
        };
        struct nlattr *options;
        Request q;
        int r = fd;

        if (r >= 0)
                r = add_hooks(sk, ifindex);
        if (r >= 0)
                r = request_begin(&q, RTM_NEWTFILTER, NLM_F_CREATE, &header, "bpf");
        if (r < 0)
                return r;
        options = open_nest(&q, TCA_OPTIONS);
        put_redirect(&q, detour);
        put(&q, TCA_BPF_FD, &fd, sizeof(fd));
        close_nest(&q, options);
        return request_send(&q, sk);
}

int tc_remove_detours(struct nl_sock *sk, int ifindex) {
        return remove_qdisc(sk, ifindex, TC_H_CLSACT);
}
