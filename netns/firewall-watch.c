/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages of one transaction come together, those of the next one behind; NFT_MSG_NEWGEN ends each. The table's
 * name is attribute 1 of all kinds. */

#include "netns/firewall-watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netns/firewall.h"

#define BUFFER_SIZE (64 * 1024) /* the kernel's pieces are of 8 KiB at most */
#define QUEUE_SIZE (8 * 1024 * 1024)

struct FirewallWatch {
        int fd;
        char table[FIREWALL_TABLE_MAX + 1], own_name[16];
        bool touched; /* in the transaction that is being read */
};

int firewall_watch_new(const char *table, const char *own_name, FirewallWatch **ret) {
        _cleanup_(firewall_watch_freep) FirewallWatch *w = NULL;
        const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        int group = NFNLGRP_NFTABLES, size = QUEUE_SIZE;

        if (strlen(table) > FIREWALL_TABLE_MAX || strlen(own_name) >= sizeof(w->own_name))
                return -EINVAL;
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        (void) strcpy(w->table, table);
        (void) strcpy(w->own_name, own_name);
        w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
        if (w->fd < 0 || bind(w->fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            setsockopt(w->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
                return -errno;
        (void) setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)); /* else it says ENOBUFS */
        *ret = TAKE_PTR(w);
        return 0;
}

FirewallWatch *firewall_watch_free(FirewallWatch *w) {
        if (w)
                close_fd(w->fd);
        free(w);
        return NULL;
}

int firewall_watch_fd(const FirewallWatch *w) {
        return w->fd;
}

/* The table, or one that is named after it, of whatever family. */
static bool is_ours(const FirewallWatch *w, struct nlmsghdr *h) {
        const struct nlattr *attribute = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_TABLE_NAME);
        size_t n = strlen(w->table);
        const char *name;

        if (!attribute || nla_len(attribute) <= 0 || !memchr(nla_data(attribute), '\0', (size_t) nla_len(attribute)))
                return false;
        name = nla_data(attribute);
        return strncmp(name, w->table, n) == 0 && (name[n] == '\0' || name[n] == '-');
}

/* The end of a transaction: whose was it? */
static bool is_foreign(const FirewallWatch *w, struct nlmsghdr *h, char ret_who[static FIREWALL_WATCH_NAME_MAX]) {
        const struct nlattr *name = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_GEN_PROC_NAME),
                            *pid = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_GEN_PROC_PID);
        char text[16] = "?";

        if (name)
                (void) snprintf(text, sizeof(text), "%.*s", nla_len(name), (const char *) nla_data(name));
        if (strcmp(text, w->own_name) == 0)
                return false;
        (void) snprintf(ret_who, FIREWALL_WATCH_NAME_MAX, "%s (%u)", text,
                        pid ? (unsigned) ntohl(nla_get_u32(pid)) : 0U);
        return true;
}

int firewall_watch_read(FirewallWatch *w, char ret_who[static FIREWALL_WATCH_NAME_MAX]) {
        static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
        bool foreign = false;

        for (;;) {
                ssize_t n = recv(w->fd, buffer, sizeof(buffer), 0);
                int left = (int) n;

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return foreign;
                if (n < 0) {
                        w->touched = false;
                        return -errno;
                }
                for (struct nlmsghdr *h = (struct nlmsghdr *) buffer; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
                        if (NFNL_SUBSYS_ID(h->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
                                continue;
                        if (NFNL_MSG_TYPE(h->nlmsg_type) != NFT_MSG_NEWGEN) {
                                w->touched = w->touched || is_ours(w, h);
                                continue;
                        }
                        if (w->touched && is_foreign(w, h, ret_who))
                                foreign = true;
                        w->touched = false;
                }
        }
}
