/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/hosts-file.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/memstream.h"

#define DELAY_USEC (200 * USEC_PER_MSEC) /* hundreds of logins at once are one file */

static bool is_name(const char *text) {
        return *text && *text != '-' && *text != '.' &&
                text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

static void print_cell(FILE *f, const Cell *c) {
        const IpPrefix *const addresses[] = { &c->address4, &c->address6 };
        char text[PREFIX_STRING_MAX];

        for (size_t i = 0; i < ELEMENTSOF(addresses); i++) {
                if (addresses[i]->family == AF_UNSPEC)
                        continue;
                fprintf(f, "%s", prefix_to_string(addresses[i], text));
                if (!c->user)
                        fprintf(f, " %s", c->policy->name);
                else if (is_name(c->user))
                        fprintf(f, " %s.%s", c->user, c->policy->name);
                fprintf(f, " %s\n", c->id);
        }
}

static int on_time(sd_event_source *s, uint64_t usec, void *userdata) {
        _cleanup_(freep) char *text = NULL;
        Manager *m = userdata;
        int r = -ENOMEM;
        size_t size;
        FILE *f;

        (void) s, (void) usec;
        m->hosts_source = sd_event_source_disable_unref(m->hosts_source);
        f = memstream_open(&text, &size);
        if (f) {
                fprintf(f, "# Made by confine: live cells, as USER.POLICY and by their id\n");
                for (const Cell *c = m->table.cells; c; c = c->hh.next)
                        if (c->state == CELL_LIVE)
                                print_cell(f, c);
                text = memstream_finish(f, &text);
                r = text ? fd_replace_file_at(m->runtime_fd, "hosts", text, 0644, false) : -ENOMEM;
        }
        if (r < 0)
                log_warning_errno(r, "Cannot write %s/hosts: %m", m->config.runtime_dir);
        return 0;
}

static void update(Manager *m) {
        int r;

        if (!m->conf.hosts_file) {
                (void) unlinkat(m->runtime_fd, "hosts", 0); /* of a manager that was told otherwise, if any */
                return;
        }
        if (m->hosts_source)
                return;
        r = sd_event_add_time_relative(m->event, &m->hosts_source, CLOCK_MONOTONIC, DELAY_USEC, 0, on_time, m);
        if (r < 0)
                log_warning_errno(r, "Cannot schedule writing %s/hosts: %m", m->config.runtime_dir);
}

static void on_notice(const Notice *n, void *userdata) {
        Manager *m = userdata;

        if ((n->kind == NOTICE_CELL_LIVE || n->kind == NOTICE_CELL_GONE) && m->conf.hosts_file)
                update(m);
}

void hosts_file_start(Manager *m) {
        notices_subscribe(&m->notices, NOTICE_AFTER, on_notice, m);
        update(m);
}

void hosts_file_stop(Manager *m) {
        m->hosts_source = sd_event_source_disable_unref(m->hosts_source);
}
