/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Drives netns/ from shell tests: one call of the library each, in the namespace it is started
 * in. Prints what the call returns by name ("EEXIST") on stderr and exits with 1 if it failed. */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "netns/firewall.h"
#include "netns/forwarding.h"
#include "netns/gateway.h"
#include "netns/link.h"
#include "netns/netns.h"

#define ADDRESSES_MAX 8
#define CELLS_MAX 1024

/* "-" is no address. */
static int parse(const char *text, IpPrefix *ret) {
        *ret = (IpPrefix) {};
        return strcmp(text, "-") == 0 ? 0 : parse_address(text, ret);
}

static int parse_all(char **texts, int n, IpPrefix ret[static ADDRESSES_MAX]) {
        int r = n > ADDRESSES_MAX ? -E2BIG : 0;

        for (int i = 0; r >= 0 && i < n; i++)
                r = parse_address(texts[i], ret + i);
        return r;
}

static int verb_gateway(int argc, char **argv) {
        IpPrefix addresses[ADDRESSES_MAX];
        int r;

        r = parse_all(argv + 1, argc - 1, addresses);
        return r < 0 ? r : gateway_ensure(argv[0], addresses, (size_t) argc - 1);
}

/* HOST CELL NETNS ADDRESS4 GATEWAY4 ADDRESS6 GATEWAY6 */
static int verb_link(int argc, char **argv) {
        _cleanup_(close_fdp) int fd = -EBADF;
        RoutedLink l = { .host_name = argv[0], .cell_name = argv[1] };
        int r;

        if (argc != 7)
                return -EINVAL;
        fd = open(argv[2], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        l.netns_fd = fd;
        r = parse(argv[3], &l.address4);
        if (r >= 0)
                r = parse(argv[4], &l.gateway4);
        if (r >= 0)
                r = parse(argv[5], &l.address6);
        if (r >= 0)
                r = parse(argv[6], &l.gateway6);
        return r < 0 ? r : link_make_routed(&l);
}

static int verb_link_remove(int argc, char **argv) {
        (void) argc;
        return link_remove(argv[0]);
}

static int verb_exists(int argc, char **argv) {
        int r;

        (void) argc;
        r = link_exists(argv[0]);
        if (r >= 0)
                (void) puts(r > 0 ? "yes" : "no");
        return r;
}

static int print_link(const char *name, int ifindex, void *userdata) {
        (void) userdata;
        (void) ifindex;
        (void) puts(name);
        return 0;
}

static int verb_links(int argc, char **argv) {
        (void) argc;
        return link_list(argv[0], print_link, NULL);
}

/* LINK,ADDRESS4,ADDRESS6,MASQUERADE[,DNS...]; `fields` and `dns` have to live on. */
static int parse_cell(const char *text, FirewallCell *ret, char ***fields, IpPrefix *dns) {
        _cleanup_(freep) char *copy = strdup(text);
        size_t n;
        int r;

        if (!copy)
                return -ENOMEM;
        for (char *s = copy; *s; s++)
                if (*s == ',')
                        *s = ' ';
        r = strv_split(copy, fields);
        if (r < 0)
                return r;
        n = strv_length(*fields);
        if (n < 4)
                return -EINVAL;

        *ret = (FirewallCell) { .link = (*fields)[0], .dns = dns, .n_dns = n - 4 };
        r = parse((*fields)[1], &ret->address4);
        if (r >= 0)
                r = parse((*fields)[2], &ret->address6);
        if (r >= 0)
                r = parse_boolean((*fields)[3], &ret->masquerade);
        return r < 0 ? r : parse_all(*fields + 4, (int) n - 4, dns);
}

static FirewallCell cells[CELLS_MAX];
static char **cell_fields[CELLS_MAX];
static IpPrefix cell_dns[CELLS_MAX][ADDRESSES_MAX];

static int parse_cells(char **texts, int n) {
        int r = n > CELLS_MAX ? -E2BIG : 0;

        for (int i = 0; r >= 0 && i < n; i++)
                r = parse_cell(texts[i], cells + i, cell_fields + i, cell_dns[i]);
        return r;
}

/* TABLE PREFIX GUARDS GATEWAY,... CELL...; GUARDS has a 4, a 6, both or neither. */
static int verb_firewall(int argc, char **argv) {
        _cleanup_(strv_freep) char **texts = NULL;
        IpPrefix gateways[ADDRESSES_MAX];
        FirewallConfig c;
        int r;

        if (argc < 4)
                return -EINVAL;
        for (char *s = argv[3]; *s; s++)
                if (*s == ',')
                        *s = ' ';
        r = strv_split(argv[3], &texts);
        if (r >= 0)
                r = parse_all(texts, (int) strv_length(texts), gateways);
        if (r >= 0)
                r = parse_cells(argv + 4, argc - 4);
        if (r < 0)
                return r;
        c = (FirewallConfig) {
                .table = argv[0],
                .link_prefix = argv[1],
                .guard_ipv4 = strchr(argv[2], '4'),
                .guard_ipv6 = strchr(argv[2], '6'),
                .gateways = gateways,
                .n_gateways = strv_length(texts),
        };
        return firewall_setup(&c, cells, (size_t) argc - 4);
}

static int verb_teardown(int argc, char **argv) {
        (void) argc;
        return firewall_teardown(argv[0]);
}

/* TABLE CELL... */
static int for_cells(int argc, char **argv, int (*f)(const char *, const FirewallCell *)) {
        int r;

        r = parse_cells(argv + 1, argc - 1);
        for (int i = 0; r >= 0 && i < argc - 1; i++)
                r = f(argv[0], cells + i);
        return r;
}

static int verb_add(int argc, char **argv) {
        return for_cells(argc, argv, firewall_add_cell);
}

static int verb_remove(int argc, char **argv) {
        return for_cells(argc, argv, firewall_remove_cell);
}

static int verb_sync(int argc, char **argv) {
        int r;

        r = parse_cells(argv + 1, argc - 1);
        return r < 0 ? r : firewall_sync(argv[0], cells, (size_t) argc - 1);
}

/* Every cell in a process of its own, all at once. */
static int verb_add_parallel(int argc, char **argv) {
        int r, status, first = 0;

        r = parse_cells(argv + 1, argc - 1);
        if (r < 0)
                return r;
        for (int i = 0; i < argc - 1; i++) {
                pid_t pid = fork();

                if (pid < 0)
                        return -errno;
                if (pid == 0)
                        _exit(-firewall_add_cell(argv[0], cells + i));
        }
        while (wait(&status) > 0)
                if (status != 0 && first == 0)
                        first = WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
        return first;
}

/* Enables both families, tells what was changed, with "restore" puts it back. */
static int verb_forwarding(int argc, char **argv) {
        _cleanup_(forwarding_changes_done) ForwardingChanges c = {};
        _cleanup_(freep) char *links = NULL;
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = forwarding_enable(fd, true, true, &c);
        if (r < 0)
                return r;
        links = strv_join(c.accept_ra, ",");
        (void) printf("ipv4=%i ipv6=%i accept_ra=%s\n", c.ipv4, c.ipv6, links ? links : "");
        return argc > 0 && strcmp(argv[0], "restore") == 0 ? forwarding_restore(fd, &c) : 0;
}

/* Whether netns_open_pidfd() finds the namespace of process PID: prints its inode. */
static int verb_inode(int argc, char **argv) {
        _cleanup_(close_fdp) int pidfd = -EBADF, fd = -EBADF;
        struct stat st;

        (void) argc;
        pidfd = fd_pidfd_open(atoi(argv[0]));
        if (pidfd < 0)
                return pidfd;
        fd = netns_open_pidfd(pidfd);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        (void) printf("net:[%lu]\n", (unsigned long) st.st_ino);
        return 0;
}

static double now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static int bench_cell(int i, const char *table, double *ret_link, double *ret_firewall) {
        _cleanup_(close_fdp) int own = -EBADF, fd = -EBADF;
        IpPrefix a4, a6, g4, g6;
        char name[16], text[64];
        double start;
        int r;

        own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (own < 0 || unshare(CLONE_NEWNET) < 0)
                return -errno;
        fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(own, CLONE_NEWNET) < 0)
                return -errno;

        (void) snprintf(name, sizeof(name), "cfbe%04x", i);
        (void) snprintf(text, sizeof(text), "10.99.%i.%i", 1 + i / 256, i % 256);
        (void) parse_address(text, &a4);
        (void) snprintf(text, sizeof(text), "fd99::1:%x", i + 1);
        (void) parse_address(text, &a6);
        (void) parse_address("10.99.0.1", &g4);
        (void) parse_address("fd99::1", &g6);

        start = now_usec();
        r = link_make_routed(&(RoutedLink) { .host_name = name, .cell_name = "eth0",
                                             .netns_fd = fd, .address4 = a4, .address6 = a6,
                                             .gateway4 = g4, .gateway6 = g6 });
        *ret_link = now_usec() - start;
        if (r < 0)
                return r;
        start = now_usec();
        r = firewall_add_cell(table, &(FirewallCell) { .link = name, .address4 = a4,
                                                       .address6 = a6, .masquerade = true });
        *ret_firewall = now_usec() - start;
        if (fcntl(fd, F_DUPFD_CLOEXEC, FD_SETSIZE) < 0) /* keeps the namespace, see firewall.h */
                return -errno;
        return r;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

/* N cells; medians of the last ten. PAUSE_MSEC between them: see the kernel's grace periods. */
static int verb_bench(int argc, char **argv) {
        IpPrefix gateways[2];
        FirewallConfig c = { .table = "confine-bench", .link_prefix = "cfbe",
                             .gateways = gateways, .n_gateways = 2 };
        int n = atoi(argv[0]), pause_msec = argc > 1 ? atoi(argv[1]) : 0, r;
        double link[10], firewall[10];

        (void) setrlimit(RLIMIT_NOFILE, &(struct rlimit) { 65536, 65536 });
        (void) parse_address("10.99.0.1", gateways);
        (void) parse_address("fd99::1", gateways + 1);
        r = gateway_ensure("cfbegw", gateways, 2);
        if (r >= 0)
                r = firewall_setup(&c, NULL, 0);
        for (int i = 0; r >= 0 && i < n; i++) {
                if (i >= n - 10)
                        (void) usleep((useconds_t) pause_msec * 1000);
                r = bench_cell(i, c.table, link + i % 10, firewall + i % 10);
        }
        if (r < 0)
                return r;
        qsort(link, 10, sizeof(double), compare);
        qsort(firewall, 10, sizeof(double), compare);
        (void) printf("%i cells, %i ms apart: link %.0f us, firewall %.0f us\n", n, pause_msec,
                      link[5], firewall[5]);
        return 0;
}

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        int argc_min;
} verbs[] = {
        { "gateway", verb_gateway, 1 },
        { "link", verb_link, 7 },
        { "link-remove", verb_link_remove, 1 },
        { "exists", verb_exists, 1 },
        { "links", verb_links, 1 },
        { "firewall", verb_firewall, 4 },
        { "teardown", verb_teardown, 1 },
        { "add", verb_add, 2 },
        { "add-parallel", verb_add_parallel, 2 },
        { "remove", verb_remove, 2 },
        { "sync", verb_sync, 1 },
        { "forwarding", verb_forwarding, 0 },
        { "inode", verb_inode, 1 },
        { "bench", verb_bench, 1 },
};

int main(int argc, char **argv) {
        if (getenv("DEBUG"))
                log_set_max_level(LOG_DEBUG);
        for (size_t i = 0; argc > 1 && i < ELEMENTSOF(verbs); i++) {
                int r;

                if (strcmp(argv[1], verbs[i].name) != 0 || argc - 2 < verbs[i].argc_min)
                        continue;
                r = verbs[i].run(argc - 2, argv + 2);
                if (r < 0)
                        (void) fprintf(stderr, "%s\n", strerrorname_np(-r));
                return r < 0;
        }
        (void) fputs("what?\n", stderr);
        return 2;
}
