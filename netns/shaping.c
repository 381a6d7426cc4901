/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Down is a token bucket at the host's end of the link. Up can't be one at the cell's end, which root of the
 * cell could take away. What comes in at the host's end makes a detour through a link of kind ifb instead, its
 * shadow, which holds it back in a token bucket of its own; from there it goes on as if it had just come in
 * at the host's end, so the firewall sees nothing of this. Policing without a queue would need no second
 * link, but takes a TCP connection far below its rate.
 *
 * Cells with a sum make their detours, in both directions, through a pair of such links that all of them share:
 * trees of classes policy, user, cell.
 *
 * What gets lost is the detour's link: then the filter drops all, and nothing passes unshaped. */

#include "netns/shaping.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netns/link.h"
#include "netns/netlink.h"
#include "netns/tc.h"

#define SHADOW_SUFFIX "u"
#define TREE_INFIX "s" /* no digit of a number, so no cell's link has such a name */
#define TREE_PREFIX_MAX 6
#define CLASS_POLICY 1

static void shadow_name(const char *link, char ret[static LINK_NAME_MAX + 1]) {
        (void) snprintf(ret, LINK_NAME_MAX + 1, "%s" SHADOW_SUFFIX, link);
}

bool shaping_is_shadow(const char *name, const char *link) {
        size_t n = strlen(link);

        return n > 0 && strncmp(name, link, n) == 0 && strcmp(name + n, SHADOW_SUFFIX) == 0;
}

static void tree_name(const char *prefix, uint32_t tree, bool up, char ret[static LINK_NAME_MAX + 1]) {
        (void) snprintf(ret, LINK_NAME_MAX + 1, "%.*s" TREE_INFIX "%06x%c", TREE_PREFIX_MAX, prefix,
                        tree & SHAPING_TREE_MAX, up ? 'u' : 'd');
}

bool shaping_is_tree(const char *name, const char *prefix, uint32_t tree) {
        char down[LINK_NAME_MAX + 1], up[LINK_NAME_MAX + 1];

        tree_name(prefix, tree, false, down);
        tree_name(prefix, tree, true, up);
        return tree != 0 && (strcmp(name, down) == 0 || strcmp(name, up) == 0);
}

static bool name_is_valid(const char *link) {
        return link_name_is_valid(link) && strlen(link) <= SHAPING_LINK_MAX;
}

static bool rate_is_valid(uint64_t bits) {
        return bits == SHAPING_NONE || (bits >= SHAPING_MIN_BITS && bits <= SHAPING_MAX_BITS);
}

static bool rates_are_valid(const ShapingRates *r) {
        return rate_is_valid(r->down_bits) && rate_is_valid(r->up_bits);
}

static bool sums_are_valid(const ShapingSums *s) {
        return link_name_is_valid(s->prefix) && strlen(s->prefix) <= TREE_PREFIX_MAX && s->place.tree > 0 &&
               s->place.tree <= SHAPING_TREE_MAX && s->place.user >= SHAPING_FIRST &&
               s->place.cell >= SHAPING_FIRST && s->place.user != s->place.cell && rates_are_valid(&s->user) &&
               rates_are_valid(&s->policy);
}

/* > 0: the index of the link of kind ifb, which is made if there is none. */
static int ensure_ifb(struct nl_sock *sk, const char *name) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        r = netlink_link_index(sk, name);
        if (r != -ENODEV)
                return r;
        link = rtnl_link_alloc();
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
        if (r >= 0)
                r = netlink_batch_send(&b, sk);
        return r < 0 ? r : netlink_link_index(sk, name);
}

static int set_up(struct nl_sock *sk, int ifindex, const char *link, uint64_t bits) {
        char name[LINK_NAME_MAX + 1];
        int r, shadow;

        shadow_name(link, name);
        if (bits == SHAPING_NONE) {
                r = tc_remove_detours(sk, ifindex);
                return r < 0 ? r : link_remove(name);
        }
        shadow = ensure_ifb(sk, name);
        if (shadow < 0)
                return shadow;
        r = tc_set_bucket(sk, shadow, bits);
        return r < 0 ? r : tc_set_detour(sk, ifindex, TC_HOOK_IN, shadow, 0);
}

static int open_link(const char *link, struct nl_sock **ret) {
        return name_is_valid(link) ? netlink_open_link(link, ret) : -EINVAL;
}

int shaping_set(const char *link, const ShapingRates *cell) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex;

        if (!rates_are_valid(cell))
                return -EINVAL;
        ifindex = open_link(link, &sk);
        if (ifindex < 0)
                return ifindex;
        r = tc_set_bucket(sk, ifindex, cell->down_bits);
        return r < 0 ? r : set_up(sk, ifindex, link, cell->up_bits);
}

int shaping_remove(const char *link) {
        char name[LINK_NAME_MAX + 1];

        if (!name_is_valid(link))
                return -EINVAL;
        shadow_name(link, name);
        return link_remove(name);
}

/* --- sums -------------------------------------------------------------------------------- */

static int join_tree(struct nl_sock *sk, int ifindex, const ShapingSums *s, bool up, const ShapingRates *cell) {
        const ShapingRates *const rates[] = { &s->policy, &s->user, cell };
        const uint16_t numbers[] = { CLASS_POLICY, s->place.user, s->place.cell };
        uint64_t least = SHAPING_NONE;
        char name[LINK_NAME_MAX + 1];
        int r, tree;

        tree_name(s->prefix, s->place.tree, up, name);
        tree = ensure_ifb(sk, name);
        if (tree < 0)
                return tree;
        r = tc_set_tree(sk, tree);
        for (size_t i = 0; i < ELEMENTSOF(rates) && r >= 0; i++) {
                uint64_t bits = up ? rates[i]->up_bits : rates[i]->down_bits;

                r = tc_set_class(sk, tree, i ? numbers[i - 1] : 0, numbers[i], bits);
                least = MIN(least, bits);
        }
        if (r >= 0)
                r = tc_set_leaf(sk, tree, s->place.cell, least);
        if (r >= 0)
                r = tc_set_detour(sk, ifindex, up ? TC_HOOK_IN : TC_HOOK_OUT, tree, 1U << 16 | s->place.cell);
        return r;
}

int shaping_join(const char *link, const ShapingSums *sums, const ShapingRates *cell) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex;

        if (!sums_are_valid(sums) || !rates_are_valid(cell))
                return -EINVAL;
        ifindex = open_link(link, &sk);
        if (ifindex < 0)
                return ifindex;
        r = join_tree(sk, ifindex, sums, false, cell);
        return r < 0 ? r : join_tree(sk, ifindex, sums, true, cell);
}

/* From the leaf up, as far as nothing else hangs on it. */
static int leave_tree(struct nl_sock *sk, const ShapingSums *s, bool up) {
        const uint16_t numbers[] = { s->place.cell, s->place.user, CLASS_POLICY };
        char name[LINK_NAME_MAX + 1];
        int tree, r = 1;

        tree_name(s->prefix, s->place.tree, up, name);
        tree = netlink_link_index(sk, name);
        if (tree < 0)
                return tree == -ENODEV ? 0 : tree;
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r > 0; i++)
                r = tc_remove_class(sk, tree, numbers[i]);
        return r <= 0 ? r : link_remove(name);
}

int shaping_leave(const ShapingSums *sums) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        if (!sums_are_valid(sums))
                return -EINVAL;
        r = netlink_open(&sk);
        if (r >= 0)
                r = leave_tree(sk, sums, false);
        return r < 0 ? r : leave_tree(sk, sums, true);
}

bool shaping_is_supported(void) {
        const ShapingRates rates = { .down_bits = SHAPING_MIN_BITS, .up_bits = SHAPING_MIN_BITS };
        const ShapingSums sums = { .prefix = "try", .place = { 1, SHAPING_FIRST, SHAPING_FIRST + 1 },
                                   .user = rates, .policy = rates };
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;

        return netlink_open(&sk) >= 0 && ensure_ifb(sk, "try") >= 0 && shaping_set("try", &rates) >= 0 &&
               shaping_join("try", &sums, &rates) >= 0;
}
