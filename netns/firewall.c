/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands are nft syntax, put together from checked names and printed addresses only. All
 * commands of one buffer are one transaction of the kernel. */

#include "netns/firewall.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "netns/firewall-base.h"
#include "netns/firewall-chains.h"
#include "netns/firewall-status.h"
#include "netns/frame-rules.h"
#include "netns/link.h"
#include "netns/nft.h"
#include "netns/script.h"
#include "policies/policy.h"

static bool table_name_is_valid(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= FIREWALL_TABLE_MAX && name[0] >= 'a' && name[0] <= 'z' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static int script_run(Script *s) {
        int r = script_close(s);

        return r < 0 ? r : nft_run(s->text);
}

static bool is_single_or_none(const IpPrefix *a, int family) {
        return a->family == AF_UNSPEC ||
               (a->family == family && a->length == (family == AF_INET ? 32U : 128U));
}

static bool are_addresses(const IpPrefix *a, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (a[i].family == AF_UNSPEC ||
                    !is_single_or_none(a + i, a[i].family == AF_INET ? AF_INET : AF_INET6))
                        return false;
        return true;
}

static bool is_volume(const FirewallVolume *v) {
        return v->name && *v->name >= 'a' && *v->name <= 'z' && strlen(v->name) <= FIREWALL_VOLUME_MAX &&
               v->name[strspn(v->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

static bool cells_are_valid(const FirewallCell *cells, size_t n_cells) {
        for (size_t i = 0; i < n_cells; i++)
                if ((cells[i].link && !link_name_is_valid(cells[i].link)) ||
                    (cells[i].port && !link_name_is_valid(cells[i].port)) ||
                    !is_single_or_none(&cells[i].address4, AF_INET) ||
                    !is_single_or_none(&cells[i].address6, AF_INET6) ||
                    !are_addresses(cells[i].dns, cells[i].n_dns) ||
                    (cells[i].user_volume.name && !is_volume(&cells[i].user_volume)) ||
                    (cells[i].policy_volume.name && !is_volume(&cells[i].policy_volume)) ||
                    (cells[i].policy && !firewall_chains_name_is_valid(cells[i].policy->name)))
                        return false;
        return true;
}

/* The elements that a cell contributes to one set: each function prints them with a comma behind
 * each (nft takes one too many) and returns how many there were. */
typedef size_t (*PrintElements)(FILE *f, const FirewallCell *cell, int family);

static const IpPrefix *cell_address(const FirewallCell *cell, int family) {
        return family == AF_INET ? &cell->address4 : &cell->address6;
}

static size_t print_source(FILE *f, const FirewallCell *cell, int family) {
        const IpPrefix *a = cell_address(cell, family);
        char text[PREFIX_STRING_MAX];

        if (a->family == AF_UNSPEC)
                return 0;
        (void) fprintf(f, "\"%s\" . %s, ", cell->link, prefix_to_string(a, text));
        return 1;
}

static size_t print_address(FILE *f, const FirewallCell *cell, int family) {
        const IpPrefix *a = cell_address(cell, family);
        char text[PREFIX_STRING_MAX];

        if (a->family == AF_UNSPEC)
                return 0;
        (void) fprintf(f, "%s, ", prefix_to_string(a, text));
        return 1;
}

/* One set tells both whether an address is a cell's, and whether two are the same one's. */
static size_t print_twice(FILE *f, const FirewallCell *cell, int family) {
        const IpPrefix *a = cell_address(cell, family);
        char text[PREFIX_STRING_MAX];

        if (a->family == AF_UNSPEC)
                return 0;
        (void) prefix_to_string(a, text);
        (void) fprintf(f, "%s . %s, ", text, text);
        return 1;
}

static size_t print_mac(FILE *f, const FirewallCell *cell, int family) {
        char text[FRAME_MAC_TEXT_MAX];
        uint8_t mac[LINK_MAC_SIZE];

        (void) family;
        if (!cell->port)
                return 0;
        link_derive_mac(cell->port, true, mac);
        (void) fprintf(f, "%s, ", frame_mac_to_text(mac, text));
        return 1;
}

static size_t print_masquerade(FILE *f, const FirewallCell *cell, int family) {
        return cell->masquerade ? print_address(f, cell, family) : 0;
}

static size_t print_dns(FILE *f, const FirewallCell *cell, int family) {
        char text[PREFIX_STRING_MAX];
        size_t n = 0;

        for (size_t i = 0; i < cell->n_dns; i++) {
                if (cell->dns[i].family != family)
                        continue;
                (void) fprintf(f, "\"%s\" . %s, ", cell->link,
                               prefix_to_string(cell->dns + i, text));
                n++;
        }
        return n;
}

static size_t print_ports(FILE *f, const FirewallCell *cell, int family) {
        const IpPrefix *a = cell_address(cell, family);
        char text[PREFIX_STRING_MAX];

        if (a->family == AF_UNSPEC)
                return 0;
        for (size_t i = 0; i < cell->n_ports; i++)
                (void) fprintf(f, "%s . %u : %s . %u, ", cell->ports[i].protocol == IPPROTO_UDP ? "udp" : "tcp",
                               cell->ports[i].host, prefix_to_string(a, text), cell->ports[i].cell);
        return cell->n_ports;
}

static size_t print_link(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        (void) fprintf(f, "\"%s\", ", cell->link);
        return 1;
}

static size_t print_logged(FILE *f, const FirewallCell *cell, int family) {
        return cell->policy && cell->policy->log_denied ? print_link(f, cell, family) : 0;
}

static size_t print_connections(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        if (!cell->policy || cell->policy->max_connections == LIMIT_NONE)
                return 0;
        (void) fprintf(f, "\"%s\" ct count over %" PRIu64 ", ", cell->link, cell->policy->max_connections);
        return 1;
}

static size_t print_volume(FILE *f, const FirewallCell *cell, const FirewallVolume *v) {
        if (!v->name)
                return 0;
        (void) fprintf(f, "\"%s\" : \"%s\", ", cell->link, v->name);
        return 1;
}

static size_t print_user_volume(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_volume(f, cell, &cell->user_volume);
}

static size_t print_policy_volume(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_volume(f, cell, &cell->policy_volume);
}

static size_t print_verdict(FILE *f, const FirewallCell *cell, FirewallChain chain) {
        char name[FIREWALL_CHAIN_MAX] = "permitted";

        if (cell->policy && firewall_chains_name(cell->policy, chain, name) <= 0)
                return 0;
        if (!cell->policy && chain != FIREWALL_CHAIN_OUT)
                return 0;
        (void) fprintf(f, "\"%s\" : goto %s, ", cell->link, name);
        return 1;
}

static size_t print_out(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_verdict(f, cell, FIREWALL_CHAIN_OUT);
}

static size_t print_host(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_verdict(f, cell, FIREWALL_CHAIN_HOST);
}

static size_t print_in(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_verdict(f, cell, FIREWALL_CHAIN_IN);
}

static size_t print_jump(FILE *f, const FirewallCell *cell, FirewallChain chain) {
        char name[FIREWALL_CHAIN_MAX];

        if (!cell->policy || firewall_chains_name(cell->policy, chain, name) <= 0)
                return 0;
        (void) fprintf(f, "\"%s\" : jump %s, ", cell->link, name);
        return 1;
}

static size_t print_log_out(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_jump(f, cell, FIREWALL_CHAIN_LOG_OUT);
}

static size_t print_log_in(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_jump(f, cell, FIREWALL_CHAIN_LOG_IN);
}

static size_t print_log_spoofed(FILE *f, const FirewallCell *cell, int family) {
        (void) family;
        return print_jump(f, cell, FIREWALL_CHAIN_LOG_SPOOFED);
}

/* `state` is what each element has of its own: a counter, a limit, the connections it counts. `elsewhere`: cells
 * without a link are in it. */
static const struct {
        const char *name;
        const char *type;
        int family;
        PrintElements print;
        bool map;
        const char *state;
        bool elsewhere;
} sets[] = {
        { "cells4", "ipv4_addr . ipv4_addr", AF_INET, print_twice, .elsewhere = true },
        { "cells6", "ipv6_addr . ipv6_addr", AF_INET6, print_twice, .elsewhere = true },
        { "macs", "ether_addr", AF_UNSPEC, print_mac, .elsewhere = true },
        { "sources4", "ifname . ipv4_addr", AF_INET, print_source },
        { "sources6", "ifname . ipv6_addr", AF_INET6, print_source },
        { "masquerade4", "ipv4_addr", AF_INET, print_masquerade },
        { "masquerade6", "ipv6_addr", AF_INET6, print_masquerade },
        { "dns4", "ifname . ipv4_addr", AF_INET, print_dns },
        { "dns6", "ifname . ipv6_addr", AF_INET6, print_dns },
        { "ports4", "inet_proto . inet_service : ipv4_addr . inet_service", AF_INET, print_ports, true },
        { "ports6", "inet_proto . inet_service : ipv6_addr . inet_service", AF_INET6, print_ports, true },
        { "from-cells", "ifname : verdict", AF_UNSPEC, print_out, true },
        { "to-host", "ifname : verdict", AF_UNSPEC, print_host, true },
        { "to-cells", "ifname : verdict", AF_UNSPEC, print_in, true },
        { "connections", "ifname", AF_UNSPEC, print_connections, false, "ct count over 1;" },
        { "user-volumes", "ifname : quota", AF_UNSPEC, print_user_volume, true },
        { "policy-volumes", "ifname : quota", AF_UNSPEC, print_policy_volume, true },
        { "denied-out", "ifname", AF_UNSPEC, print_link, false, "counter;" },
        { "denied-in", "ifname", AF_UNSPEC, print_link, false, "counter;" },
        { "logged-out", "ifname", AF_UNSPEC, print_logged, false, "limit rate 10/minute burst 10 packets;" },
        { "logged-in", "ifname", AF_UNSPEC, print_logged, false, "limit rate 10/minute burst 10 packets;" },
        { "logs-out", "ifname : verdict", AF_UNSPEC, print_log_out, true },
        { "logs-in", "ifname : verdict", AF_UNSPEC, print_log_in, true },
        { "logs-spoofed", "ifname : verdict", AF_UNSPEC, print_log_spoofed, true },
};

/* What elements lead to has to be there before them. Making one that is there changes its maximum alone. */
static void print_volumes(FILE *f, const char *table, const FirewallCell *cells, size_t n_cells) {
        for (size_t i = 0; i < n_cells; i++) {
                const FirewallVolume *const volumes[] = { &cells[i].user_volume, &cells[i].policy_volume };

                for (size_t k = 0; k < ELEMENTSOF(volumes); k++)
                        if (volumes[k]->name)
                                (void) fprintf(f, "add quota inet %s %s { over %" PRIu64 " bytes used %" PRIu64
                                               " bytes }\n", table, volumes[k]->name, volumes[k]->max_bytes,
                                               /* the kernel takes no more (EINVAL), as after a limit was lowered */
                                               MIN(volumes[k]->used_bytes, volumes[k]->max_bytes));
        }
}

/* `verb` is add or delete. An empty list of elements is a syntax error, so the command begins
 * with the first element: elements are printed aside and counted. */
static int print_cells(FILE *f, const char *verb, const char *table, const FirewallCell *cells,
                       size_t n_cells) {
        if (*verb == 'a')
                print_volumes(f, table, cells, n_cells);
        for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
                _cleanup_(script_done) Script elements = {};
                size_t n = 0;
                int r;

                r = script_open(&elements);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < n_cells; k++)
                        if (cells[k].link || sets[i].elsewhere)
                                n += sets[i].print(elements.file, cells + k, sets[i].family);
                if (fflush(elements.file) != 0)
                        return -ENOMEM;
                if (n > 0)
                        (void) fprintf(f, "%s element inet %s %s { %s }\n", verb, table,
                                       sets[i].name, elements.text);
        }
        return 0;
}

static void print_sets(FILE *f, const FirewallConfig *c) {
        for (size_t i = 0; i < ELEMENTSOF(sets); i++)
                (void) fprintf(f, "add %s inet %s %s { type %s; %s }\n", sets[i].map ? "map" : "set",
                               c->table, sets[i].name, sets[i].type, sets[i].state ?: "");
        (void) fprintf(f, "add set inet %1$s bridges { type ifname; }\n"
                       "add set inet %1$s bridged { type ifname . ifname; }\n", c->table);
        (void) fprintf(f, "add set inet %s gateways4 { type ipv4_addr; }\n", c->table);
        (void) fprintf(f, "add set inet %s gateways6 { type ipv6_addr; }\n", c->table);
}

/* The chains that no policy has a part in, and the name of an empty one that stands for what they say, so that
 * a later look tells whether the table is still what would be made now. */
static int print_base(const FirewallConfig *c, Script *ret, char ret_name[static FIREWALL_CHAIN_MAX]) {
        int r;

        r = script_open(ret);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(sets); i++)
                (void) fprintf(ret->file, "# %s %s\n", sets[i].name, sets[i].type);
        firewall_base_print(ret->file, c);
        r = script_close(ret);
        if (r >= 0)
                (void) snprintf(ret_name, FIREWALL_CHAIN_MAX, "base-%016" PRIx64,
                                firewall_chains_hash(ret->text));
        return r;
}

static int print_chains(FILE *f, const FirewallConfig *c, const FirewallCell *cells, size_t n_cells) {
        _cleanup_(script_done) Script base = {};
        char name[FIREWALL_CHAIN_MAX];
        int r;

        r = print_base(c, &base, name);
        if (r < 0)
                return r;
        (void) fprintf(f, "table inet %s {\n%schain %s { }\n}\n", c->table, base.text, name);
        return firewall_chains_print_all(f, c->table, cells, n_cells);
}

static void print_gateways(FILE *f, const FirewallConfig *c) {
        char text[PREFIX_STRING_MAX];

        for (size_t i = 0; i < c->n_gateways; i++)
                (void) fprintf(f, "add element inet %s gateways%c { %s }\n", c->table,
                               c->gateways[i].family == AF_INET ? '4' : '6',
                               prefix_to_string(c->gateways + i, text));
}

static bool config_is_valid(const FirewallConfig *c) {
        return table_name_is_valid(c->table) && link_name_is_valid(c->link_prefix) &&
                strlen(c->link_prefix) < LINK_NAME_MAX && are_addresses(c->gateways, c->n_gateways);
}

int firewall_setup(const FirewallConfig *config, const FirewallCell *cells, size_t n_cells) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!config_is_valid(config) || !cells_are_valid(cells, n_cells))
                return -EINVAL;

        r = script_open(&s);
        if (r < 0)
                return r;
        /* "add" makes "delete" succeed; "destroy" needs kernel 6.3. */
        (void) fprintf(s.file, "add table inet %1$s\ndelete table inet %1$s\nadd table inet %1$s\n",
                       config->table);
        print_sets(s.file, config);
        print_gateways(s.file, config);
        r = print_chains(s.file, config, cells, n_cells);
        if (r < 0)
                return r;
        r = print_cells(s.file, "add", config->table, cells, n_cells);
        if (r < 0)
                return r;
        return script_run(&s);
}

/* One at a time: those that a cell's element leads to are in use (EBUSY). */
static void remove_chains(const char *table, char *const *names) {
        for (size_t i = 0; names && names[i]; i++) {
                char command[FIREWALL_TABLE_MAX + FIREWALL_CHAIN_MAX + 32];

                (void) snprintf(command, sizeof(command), "delete chain inet %s %s", table, names[i]);
                (void) nft_run(command);
        }
}

int firewall_refresh(const FirewallConfig *config) {
        _cleanup_(script_done) Script s = {}, base = {};
        _cleanup_(strv_freep) char **policies = NULL;
        char name[FIREWALL_CHAIN_MAX];
        int r;

        if (!config_is_valid(config))
                return -EINVAL;
        r = print_base(config, &base, name);
        if (r >= 0)
                r = firewall_status_chains(config->table, name, &policies);
        if (r <= 0)
                return r;
        remove_chains(config->table, policies);
        r = script_open(&s);
        if (r < 0)
                return r;
        print_gateways(s.file, config);
        r = script_run(&s);
        return r < 0 ? r : 1;
}

int firewall_teardown(const char *table) {
        char commands[128];

        if (!table_name_is_valid(table))
                return -EINVAL;
        (void) snprintf(commands, sizeof(commands),
                        "add table inet %1$s\ndelete table inet %1$s\n", table);
        return nft_run(commands);
}

/* `verbs` are carried out one after the other in one transaction; with `chains`, those of the cell's policy
 * are made before. */
static int change_cell(const char *table, const FirewallCell *cell, bool chains, const char *const *verbs) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!table_name_is_valid(table) || !cells_are_valid(cell, 1))
                return -EINVAL;
        if (!cell->link && cell->address4.family == AF_UNSPEC && cell->address6.family == AF_UNSPEC)
                return 0;
        r = script_open(&s);
        if (r >= 0 && chains)
                r = firewall_chains_print_all(s.file, table, cell, 1);
        for (size_t i = 0; verbs[i] && r >= 0; i++)
                r = print_cells(s.file, verbs[i], table, cell, 1);
        return r < 0 ? r : script_run(&s);
}

/* The chains are mostly there: of the first cell that the policy had. */
int firewall_add_cell(const char *table, const FirewallCell *cell) {
        static const char *const add[] = { "add", NULL };
        int r;

        r = change_cell(table, cell, false, add);
        return r == -ENOENT && cell->policy ? change_cell(table, cell, true, add) : r;
}

/* Deleting what is not there voids the transaction: then it is added first. */
int firewall_remove_cell(const char *table, const FirewallCell *cell) {
        static const char *const delete[] = { "delete", NULL }, *const both[] = { "add", "delete", NULL };
        int r;

        r = change_cell(table, cell, false, delete);
        if (r == -ENOENT)
                r = change_cell(table, cell, true, both);
        return r == -ENOENT ? 0 : r;
}

int firewall_sync(const char *table, const FirewallCell *cells, size_t n_cells) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!table_name_is_valid(table) || !cells_are_valid(cells, n_cells))
                return -EINVAL;
        r = script_open(&s);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(sets); i++)
                (void) fprintf(s.file, "flush %s inet %s %s\n", sets[i].map ? "map" : "set", table,
                               sets[i].name);
        r = firewall_chains_print_all(s.file, table, cells, n_cells);
        if (r < 0)
                return r;
        r = print_cells(s.file, "add", table, cells, n_cells);
        if (r < 0)
                return r;
        return script_run(&s);
}

/* --- volumes ----------------------------------------------------------------------------- */

static int run_on_volume(const char *verb, const char *table, const char *name) {
        const FirewallVolume v = { .name = name };
        char command[FIREWALL_TABLE_MAX + FIREWALL_VOLUME_MAX + 32];

        if (!table_name_is_valid(table) || !is_volume(&v))
                return -EINVAL;
        (void) snprintf(command, sizeof(command), "%s quota inet %s %s", verb, table, name);
        return nft_run(command);
}

int firewall_reset_volume(const char *table, const char *name) {
        return run_on_volume("reset", table, name);
}

int firewall_remove_volume(const char *table, const char *name) {
        int r = run_on_volume("delete", table, name);

        return r == -ENOENT ? 0 : r;
}
