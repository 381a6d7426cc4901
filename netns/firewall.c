/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands are nft syntax, put together from checked names and printed addresses only. All
 * commands of one buffer are one transaction of the kernel. */

#include "netns/firewall.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "netns/link.h"
#include "policies/policy.h"

#define ATTEMPTS_MAX 5


/* What libnftables prints is strerror() of what the kernel said; it has no other way to tell. */
static const struct {
        int error;
        const char *text;
} error_texts[] = {
        { ENOENT, "No such file or directory" },
        { EEXIST, "File exists" },
        { EPERM, "Operation not permitted" },
        { ENOMEM, "Cannot allocate memory" },
        { ENOMEM, "Memory allocation failure" },
        { ENOBUFS, "No buffer space available" },
        { EBUSY, "Device or resource busy" },
        { EOPNOTSUPP, "Operation not supported" },
        { ENOSPC, "No space left on device" },
        { EMFILE, "Too many open files" },
        { ENFILE, "Too many open files in system" },
        { EAGAIN, "Resource temporarily unavailable" },
        { EAGAIN, "Interrupted system call" },
        { EINVAL, "Invalid argument" },
        { EINVAL, "syntax error" },
};

static void nft_ctx_freep(struct nft_ctx **nft) {
        if (*nft)
                nft_ctx_free(*nft);
}

static bool table_name_is_valid(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= FIREWALL_TABLE_MAX && name[0] >= 'a' && name[0] <= 'z' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static int error_from_text(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(error_texts); i++)
                if (strstr(text, error_texts[i].text))
                        return -error_texts[i].error;
        return -EIO;
}

/* libnftables 1.0.6 puts its socket into an fd_set, whatever its number, and select(2) with one
 * of FD_SETSIZE or more ends the process. A manager with that many fds has to close them first. */
static int check_next_fd(void) {
        _cleanup_(close_fdp) int fd = -EBADF;

        fd = open("/", O_PATH | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fd < FD_SETSIZE ? 0 : -EMFILE;
}

static int run_once(const char *commands) {
        _cleanup_(nft_ctx_freep) struct nft_ctx *nft = NULL;
        const char *text;
        int r;

        r = check_next_fd();
        if (r < 0)
                return r;
        nft = nft_ctx_new(NFT_CTX_DEFAULT);
        if (!nft || nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
                return -ENOMEM;
        if (nft_run_cmd_from_buffer(nft, commands) == 0)
                return 0;

        text = nft_ctx_get_error_buffer(nft);
        r = error_from_text(text ? text : "");
        return log_debug_errno(r, "nftables: %s", text ? text : "no message");
}

/* Another transaction between libnftables' look at the table and its commit makes it fail with
 * EAGAIN or EINTR; it is gone with the next try. */
static int run(const char *commands) {
        int r = -EAGAIN;

        for (int i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++)
                r = run_once(commands);
        return r == -EAGAIN ? -EBUSY : r;
}

int firewall_run(const char *commands) {
        return run(commands);
}

/* A command under construction. */
typedef struct Script {
        FILE *file;
        char *text;
        size_t size;
} Script;

static void script_done(Script *s) {
        if (s->file)
                (void) fclose(s->file);
        free(s->text);
}

static int script_open(Script *s) {
        s->file = open_memstream(&s->text, &s->size);
        return s->file ? 0 : -ENOMEM;
}

static int script_run(Script *s) {
        bool failed = ferror(s->file);

        failed = fclose(s->file) != 0 || failed;
        s->file = NULL;
        return failed ? -ENOMEM : run(s->text);
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

static bool cells_are_valid(const FirewallCell *cells, size_t n_cells) {
        for (size_t i = 0; i < n_cells; i++)
                if (!link_name_is_valid(cells[i].link) ||
                    !is_single_or_none(&cells[i].address4, AF_INET) ||
                    !is_single_or_none(&cells[i].address6, AF_INET6) ||
                    !are_addresses(cells[i].dns, cells[i].n_dns))
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

static size_t print_masquerade(FILE *f, const FirewallCell *cell, int family) {
        const IpPrefix *a = cell_address(cell, family);
        char text[PREFIX_STRING_MAX];

        if (!cell->masquerade || a->family == AF_UNSPEC)
                return 0;
        (void) fprintf(f, "%s, ", prefix_to_string(a, text));
        return 1;
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

static const struct {
        const char *name;
        const char *type;
        int family;
        PrintElements print;
        bool map;
} sets[] = {
        { "sources4", "ifname . ipv4_addr", AF_INET, print_source },
        { "sources6", "ifname . ipv6_addr", AF_INET6, print_source },
        { "masquerade4", "ipv4_addr", AF_INET, print_masquerade },
        { "masquerade6", "ipv6_addr", AF_INET6, print_masquerade },
        { "dns4", "ifname . ipv4_addr", AF_INET, print_dns },
        { "dns6", "ifname . ipv6_addr", AF_INET6, print_dns },
        { "ports4", "inet_proto . inet_service : ipv4_addr . inet_service", AF_INET, print_ports, true },
        { "ports6", "inet_proto . inet_service : ipv6_addr . inet_service", AF_INET6, print_ports, true },
};

/* `verb` is add or delete. An empty list of elements is a syntax error, so the command begins
 * with the first element: elements are printed aside and counted. */
static int print_cells(FILE *f, const char *verb, const char *table, const FirewallCell *cells,
                       size_t n_cells) {
        for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
                _cleanup_(script_done) Script elements = {};
                size_t n = 0;
                int r;

                r = script_open(&elements);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < n_cells; k++)
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
        char text[PREFIX_STRING_MAX];

        for (size_t i = 0; i < ELEMENTSOF(sets); i++)
                (void) fprintf(f, "add %s inet %s %s { type %s; }\n", sets[i].map ? "map" : "set",
                               c->table, sets[i].name, sets[i].type);
        (void) fprintf(f, "add set inet %1$s bridges { type ifname; }\n"
                       "add set inet %1$s bridged { type ifname . ifname; }\n", c->table);
        (void) fprintf(f, "add set inet %s gateways4 { type ipv4_addr; }\n", c->table);
        (void) fprintf(f, "add set inet %s gateways6 { type ipv6_addr; }\n", c->table);
        for (size_t i = 0; i < c->n_gateways; i++)
                (void) fprintf(f, "add element inet %s gateways%c { %s }\n", c->table,
                               c->gateways[i].family == AF_INET ? '4' : '6',
                               prefix_to_string(c->gateways + i, text));
}

/* %1$s: the prefix of cells' links. Notes:
 * - prerouting: broadcast and multicast (by layer 2) have no taker; they go uncounted, because
 *   an honest kernel sends multicast listener reports from "::". Whatever else does not come
 *   from the cell's own address, router advertisements and neighbour solicitations included, is
 *   spoofed. An address of the cell's own as destination hairpins; forwarding refuses it.
 * - forwarding: what connection tracking calls invalid is not translated either and would leave
 *   with the cell's own address. Related includes the ICMP errors of the world; there is no
 *   helper that would relate a connection.
 * - published ports: on all of the host's addresses, for the world and the host itself, not for cells,
 *   which reach no other cell. What the host sends to 127.0.0.1 or ::1 stays there: its answer could only
 *   come back over a link that takes loopback addresses for its own (route_localnet), and then so could
 *   what a cell sends. The client's address stays as it is.
 * - incoming: by interface, not by address: it covers all local addresses of the host, those on
 *   other links too. */
static const char chains_format[] =
        "counter spoofed { }\n"
        "counter refused-to-cell { }\n"
        "counter refused-to-host { }\n"
        "counter refused-from-world { }\n"
        "chain refuse {\n"
        "  meta l4proto tcp reject with tcp reset\n"
        "  reject with icmpx admin-prohibited\n"
        "}\n"
        "chain prerouting {\n"
        "  type filter hook prerouting priority raw; policy accept;\n"
        "  iifname != \"%1$s*\" accept\n"
        "  meta pkttype { broadcast, multicast } drop\n"
        "  iifname . ip saddr @sources4 accept\n"
        "  iifname . ip6 saddr @sources6 accept\n"
        "  counter name spoofed drop\n"
        "}\n"
        "chain forwarding {\n"
        "  type filter hook forward priority filter; policy accept;\n"
        "  iifname \"%1$s*\" oifname \"%1$s*\" counter name refused-to-cell goto refuse\n"
        "  iifname \"%1$s*\" ct state invalid drop\n"
        "  iifname \"%1$s*\" accept\n"
        "  oifname \"%1$s*\" ct state established,related accept\n"
        "  oifname \"%1$s*\" ct status dnat accept\n"
        "  oifname \"%1$s*\" counter name refused-from-world goto refuse\n"
        "  iifname @bridges accept\n" /* see port-guard.h */
        "  oifname @bridges accept\n"
        "  iifname . oifname @bridged accept\n"
        "%2$s%3$s"
        "}\n"
        "chain incoming {\n"
        "  type filter hook input priority filter; policy accept;\n"
        "  iifname != \"%1$s*\" accept\n"
        "  ct state established,related accept\n"
        "  icmp type echo-request ip daddr @gateways4 accept\n"
        "  icmpv6 type echo-request ip6 daddr @gateways6 accept\n"
        "  meta l4proto { tcp, udp } th dport 53 iifname . ip daddr @dns4 accept\n"
        "  meta l4proto { tcp, udp } th dport 53 iifname . ip6 daddr @dns6 accept\n"
        "  counter name refused-to-host goto refuse\n"
        "}\n"
        "chain publish {\n"
        "  dnat ip to meta l4proto . th dport map @ports4\n"
        "  dnat ip6 to meta l4proto . th dport map @ports6\n"
        "}\n"
        "chain from-world {\n"
        "  type nat hook prerouting priority dstnat; policy accept;\n"
        "  iifname \"%1$s*\" accept\n"
        "  meta l4proto { tcp, udp } fib daddr type local goto publish\n"
        "}\n"
        "chain from-host {\n"
        "  type nat hook output priority -100; policy accept;\n"
        "  oifname \"%1$s*\" accept\n"
        "  ip daddr 127.0.0.0/8 accept\n"
        "  ip6 daddr ::1 accept\n"
        "  meta l4proto { tcp, udp } fib daddr type local goto publish\n"
        "}\n"
        "chain postrouting {\n"
        "  type nat hook postrouting priority srcnat; policy accept;\n"
        "  oifname \"%1$s*\" accept\n"
        "  ip saddr @masquerade4 masquerade\n"
        "  ip6 saddr @masquerade6 masquerade\n"
        "}\n";

static void print_chains(FILE *f, const FirewallConfig *c) {
        (void) fprintf(f, "table inet %s {\n", c->table);
        (void) fprintf(f, chains_format, c->link_prefix,
                       c->guard_ipv4 ? "  meta nfproto ipv4 drop\n" : "",
                       c->guard_ipv6 ? "  meta nfproto ipv6 drop\n" : "");
        (void) fprintf(f, "}\n");
}

int firewall_setup(const FirewallConfig *config, const FirewallCell *cells, size_t n_cells) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!table_name_is_valid(config->table) || !link_name_is_valid(config->link_prefix) ||
            strlen(config->link_prefix) >= LINK_NAME_MAX ||
            !are_addresses(config->gateways, config->n_gateways) ||
            !cells_are_valid(cells, n_cells))
                return -EINVAL;

        r = script_open(&s);
        if (r < 0)
                return r;
        /* "add" makes "delete" succeed; "destroy" needs kernel 6.3. */
        (void) fprintf(s.file, "add table inet %1$s\ndelete table inet %1$s\nadd table inet %1$s\n",
                       config->table);
        print_sets(s.file, config);
        print_chains(s.file, config);
        r = print_cells(s.file, "add", config->table, cells, n_cells);
        if (r < 0)
                return r;
        return script_run(&s);
}

int firewall_teardown(const char *table) {
        char commands[128];

        if (!table_name_is_valid(table))
                return -EINVAL;
        (void) snprintf(commands, sizeof(commands),
                        "add table inet %1$s\ndelete table inet %1$s\n", table);
        return run(commands);
}

int firewall_add_cell(const char *table, const FirewallCell *cell) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!table_name_is_valid(table) || !cells_are_valid(cell, 1))
                return -EINVAL;
        r = script_open(&s);
        if (r < 0)
                return r;
        r = print_cells(s.file, "add", table, cell, 1);
        if (r < 0)
                return r;
        return script_run(&s);
}

int firewall_remove_cell(const char *table, const FirewallCell *cell) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!table_name_is_valid(table) || !cells_are_valid(cell, 1))
                return -EINVAL;
        r = script_open(&s);
        if (r < 0)
                return r;
        /* Deleting what is not there would void the transaction: add it first. */
        r = print_cells(s.file, "add", table, cell, 1);
        if (r >= 0)
                r = print_cells(s.file, "delete", table, cell, 1);
        if (r < 0)
                return r;
        r = script_run(&s);
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
        r = print_cells(s.file, "add", table, cells, n_cells);
        if (r < 0)
                return r;
        return script_run(&s);
}
