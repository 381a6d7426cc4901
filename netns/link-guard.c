/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The key of a cell is where its frame goes out and the MAC that the frame has; so the set that says which MACs are
 * cells' at all has each twice. Each interface has a base chain that leads to the rules. The chain comes with the
 * first cell on it and stays with the table: without a cell it is one look into an empty set. */

#include "netns/link-guard.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memstream.h"
#include "netns/netns.h"
#include "netns/nft.h"

#define KEY_MAX 64
#define TABLE_MAX 64

static const FrameKey link_key = { "oifname . ether saddr", "ifname . ether_addr" };

/* The kernel's names of links take more, but not those that policies can name. */
static bool name_is_plain(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= LINK_NAME_MAX &&
                strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

static void print_table(FILE *f, const char *table, const char *otherwise) {
        (void) fprintf(f, "add table netdev %1$s\ndelete table netdev %1$s\ntable netdev %1$s {\n", table);
        frame_rules_print_sets(f, &link_key);
        (void) fputs("  chain pins {\n", f);
        frame_rules_print(f, &link_key, otherwise);
        (void) fputs("  }\n}\n", f);
}

/* It may be there already: then it is the same afterwards. */
static void print_hook(FILE *f, const char *table, const char *device) {
        (void) fprintf(f, "add chain netdev %1$s out-%2$s { type filter hook egress device \"%2$s\" priority -300; "
                       "policy accept; }\n"
                       "flush chain netdev %1$s out-%2$s\n"
                       "add rule netdev %1$s out-%2$s goto pins\n", table, device);
}

static void print_source(FILE *f, const char *verb, const char *table, const char *device, const FrameSource *source) {
        char key[KEY_MAX], name[TABLE_MAX], mac[FRAME_MAC_TEXT_MAX];

        (void) snprintf(key, sizeof(key), "\"%s\" . %s", device, frame_mac_to_text(source->mac, mac));
        (void) snprintf(name, sizeof(name), "netdev %s", table);
        frame_rules_print_source(f, verb, name, key, source);
}

int link_guard_setup(const char *table, const GuardedLink *links, size_t n_links) {
        char *text = NULL;
        size_t size;
        FILE *f = memstream_open(&text, &size);

        if (!f)
                return -ENOMEM;
        print_table(f, table, "accept");
        for (size_t i = 0; i < n_links; i++) {
                bool seen = false;

                if (!name_is_plain(links[i].parent) || if_nametoindex(links[i].parent) == 0)
                        continue;
                for (size_t k = 0; k < i; k++)
                        seen = seen || strcmp(links[i].parent, links[k].parent) == 0;
                if (!seen)
                        print_hook(f, table, links[i].parent);
                print_source(f, "add", table, links[i].parent, &links[i].source);
        }
        return nft_run_printed(f, &text);
}

int link_guard_add(const char *table, const GuardedLink *link) {
        char *text = NULL;
        size_t size;
        FILE *f;

        if (!name_is_plain(link->parent))
                return -EINVAL;
        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        print_hook(f, table, link->parent);
        print_source(f, "add", table, link->parent, &link->source);
        return nft_run_printed(f, &text);
}

int link_guard_remove(const char *table, const GuardedLink *link) {
        char *text = NULL;
        size_t size;
        FILE *f;
        int r;

        if (!name_is_plain(link->parent))
                return -EINVAL;
        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        print_source(f, "add", table, link->parent, &link->source); /* deleting what is not there voids all of it */
        print_source(f, "delete", table, link->parent, &link->source);
        r = nft_run_printed(f, &text);
        return r == -ENOENT ? 0 : r;
}

int link_guard_teardown(const char *table) {
        char commands[256];

        (void) snprintf(commands, sizeof(commands), "add table netdev %1$s\ndelete table netdev %1$s\n", table);
        return nft_run(commands);
}

typedef struct Inside {
        const char *table, *name;
        const FrameSource *source;
} Inside;

static int setup_inside(void *userdata) {
        const Inside *inside = userdata;
        char *text = NULL;
        size_t size;
        FILE *f = memstream_open(&text, &size);

        if (!f)
                return -ENOMEM;
        print_table(f, inside->table, "counter name spoofed drop");
        print_hook(f, inside->table, inside->name);
        print_source(f, "add", inside->table, inside->name, inside->source);
        (void) fprintf(f, "table netdev %s {\n"
                       "  chain in {\n"
                       "    type filter hook ingress device \"%s\" priority -300; policy accept;\n"
                       "    ether type ip6 icmpv6 type { nd-router-advert, nd-redirect } drop\n"
                       "    ether type ip icmp type redirect drop\n"
                       "  }\n"
                       "}\n", inside->table, inside->name);
        return nft_run_printed(f, &text);
}

int link_guard_inside(const char *table, int netns_fd, const char *name, const FrameSource *source) {
        Inside inside = { table, name, source };

        return name_is_plain(name) ? netns_call(netns_fd, setup_inside, &inside) : -EINVAL;
}

int link_guard_is_supported(void) {
        return nft_run("add table netdev probe\n"
                       "add chain netdev probe out { type filter hook egress device \"lo\" priority 0; }\n") != -EOPNOTSUPP;
}
