/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/work/resolver.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/memstream.h"

#define FILE_MAX (64 * 1024)

typedef struct HostFile {
        IpPrefix servers[RESOLVER_SERVERS_MAX];
        size_t n_servers;
        bool stub;     /* it has a server that is not to be reached from elsewhere */
        char **search;
} HostFile;

static void host_file_done(HostFile *h) {
        strv_free(h->search);
}

static bool is_loopback(const IpPrefix *a) {
        return a->family == AF_INET ? a->address.bytes[0] == 127 : IN6_IS_ADDR_LOOPBACK(&a->address.v6);
}

static int read_line(char *line, HostFile *h) {
        _cleanup_(strv_freep) char **words = NULL;
        IpPrefix server;
        int r;

        for (char *p = line; *p; p++)
                if (*p == '\r')
                        *p = ' ';
        r = strv_split(line, &words);
        if (r < 0 || strv_length(words) < 2)
                return r;
        if (strcmp(words[0], "search") == 0 || strcmp(words[0], "domain") == 0) { /* the last one counts */
                h->search = strv_free(h->search);
                for (size_t i = 1; words[i] && r >= 0; i++)
                        if (strcmp(words[i], ".") != 0)
                                r = strv_extend(&h->search, words[i]);
                return r;
        }
        if (strcmp(words[0], "nameserver") != 0 || parse_address(words[1], &server) < 0)
                return 0; /* options; a server on a link of the host's ("fe80::1%eth0") */
        if (is_loopback(&server))
                h->stub = true;
        else if (h->n_servers < RESOLVER_SERVERS_MAX)
                h->servers[h->n_servers++] = server;
        return 0;
}

static int read_file(const char *path, HostFile *h) {
        _cleanup_(freep) char *text = NULL;
        char *save = NULL;
        int r = 0;

        if (fd_read_file_at(AT_FDCWD, path, FILE_MAX, &text) < 0)
                return 0;
        for (char *line = strtok_r(text, "\n", &save); line && r >= 0; line = strtok_r(NULL, "\n", &save))
                r = read_line(line, h);
        return r;
}

static int print(const Policy *p, const Resolver *r, char *const *search, char **ret) {
        char address[PREFIX_STRING_MAX], *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        fprintf(f, "# Made by confine for policy %s\n", p->name);
        for (size_t i = 0; i < r->n_servers; i++)
                fprintf(f, "nameserver %s\n", prefix_to_string(&r->servers[i], address));
        for (size_t i = 0; search && search[i]; i++)
                fprintf(f, "%s %s", i ? "" : "search", search[i]);
        fputs(search && search[0] ? "\n" : "", f);
        *ret = memstream_finish(f, &text);
        return *ret ? 0 : -ENOMEM;
}

int resolver_choose(const Policy *p, const char *path, const char *upstream, Resolver *ret) {
        _cleanup_(host_file_done) HostFile host = {}, real = {};
        const HostFile *from = &host;
        Resolver resolver = {};
        int r;

        r = p->n_dns > 0 ? 0 : read_file(path, &host);
        if (r >= 0 && host.stub) {
                r = read_file(upstream, &real);
                if (real.n_servers > 0)
                        from = &real;
        }
        if (r < 0)
                return r;
        resolver.n_servers = MIN(p->n_dns > 0 ? p->n_dns : from->n_servers, (size_t) RESOLVER_SERVERS_MAX);
        if (resolver.n_servers > 0)
                memcpy(resolver.servers, p->n_dns > 0 ? p->dns : from->servers,
                       resolver.n_servers * sizeof(IpPrefix));
        if (p->n_dns > 0 || p->domains || (host.stub && resolver.n_servers > 0)) {
                r = print(p, &resolver, p->domains ?: host.search ?: real.search, &resolver.text);
                if (r < 0)
                        return r;
        }
        *ret = resolver;
        return 0;
}

void resolver_done(Resolver *r) {
        free(r->text);
        *r = (Resolver) {};
}
