/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/support.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/inner-link.h"
#include "netns/link-guard.h"
#include "netns/shaping.h"

/* What may be missing. */
typedef enum Ability {
        ABILITY_MACVLAN,
        ABILITY_IPVLAN,
        ABILITY_SHAPING,
        _ABILITY_MAX,
} Ability;

#define NO_ABILITY 1
#define NO_GUARD 2

static int answer(Ability a) {
        if (unshare(CLONE_NEWNET) < 0)
                return 0;
        if (a == ABILITY_SHAPING)
                return shaping_is_supported() ? 0 : NO_ABILITY;
        return (inner_link_is_supported(a == ABILITY_IPVLAN) ? 0 : NO_ABILITY) |
               (link_guard_is_supported() ? 0 : NO_GUARD);
}

/* By the exit status of a child; what can't be asked for is there. */
static int ask(Ability a) {
        static bool is_fine[_ABILITY_MAX]; /* a module may still come; one that was there stays */
        int status = 0;
        pid_t pid;

        if (is_fine[a])
                return 0;
        pid = fork();
        if (pid == 0)
                _exit(answer(a));
        while (pid > 0 && waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return 0;
        if (pid < 0 || !WIFEXITED(status))
                return 0;
        is_fine[a] = WEXITSTATUS(status) == 0;
        return WEXITSTATUS(status);
}

const char *netns_refuses(const Policy *p, const char **ret_key) {
        bool ipvlan = p->network_mode == NETWORK_IPVLAN;
        int missing;

        *ret_key = "Mode";
        if (p->network_mode == NETWORK_MACVLAN || ipvlan) {
                missing = ask(ipvlan ? ABILITY_IPVLAN : ABILITY_MACVLAN);
                if (missing & NO_ABILITY)
                        return ipvlan ? "the kernel has no ipvlan (CONFIG_IPVLAN)" :
                                        "the kernel has no macvlan (CONFIG_MACVLAN)";
                if (missing & NO_GUARD)
                        return "the kernel can't check what goes out at an interface (nftables' egress hook, Linux "
                               "5.16, CONFIG_NETFILTER_EGRESS)";
        }
        *ret_key = resources_limit_bandwidth(&p->cell) || policy_shares_bandwidth(p) ? "BandwidthUp" :
                p->traffic_slow ? "TrafficMaxAction" : NULL;
        if (*ret_key && ask(ABILITY_SHAPING) != 0)
                return "the kernel can't hold bandwidth (links of kind ifb, sch_tbf, sch_htb, sch_ingress, cls_bpf, "
                       "act_mirred)";
        return NULL;
}
