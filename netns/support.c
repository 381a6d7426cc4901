/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/support.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/inner-link.h"
#include "netns/link-guard.h"

#define NO_LINKS 1
#define NO_GUARD 2

/* The exit status is the answer; one that can't be asked for is 0. */
static int ask(bool ipvlan) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                if (unshare(CLONE_NEWNET) < 0)
                        _exit(0);
                _exit((inner_link_is_supported(ipvlan) ? 0 : NO_LINKS) | (link_guard_is_supported() ? 0 : NO_GUARD));
        }
        while (pid > 0 && waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return 0;
        return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

const char *netns_refuses(const Policy *p) {
        static bool is_fine[2]; /* a module may still come; one that was there stays */
        bool ipvlan = p->network_mode == NETWORK_IPVLAN;
        int answer;

        if ((p->network_mode != NETWORK_MACVLAN && !ipvlan) || is_fine[ipvlan])
                return NULL;
        answer = ask(ipvlan);
        if (answer & NO_LINKS)
                return ipvlan ? "the kernel has no ipvlan (CONFIG_IPVLAN)" :
                                "the kernel has no macvlan (CONFIG_MACVLAN)";
        if (answer & NO_GUARD)
                return "the kernel can't check what goes out at an interface (nftables' egress hook, Linux 5.16, "
                       "CONFIG_NETFILTER_EGRESS)";
        is_fine[ipvlan] = true;
        return NULL;
}
