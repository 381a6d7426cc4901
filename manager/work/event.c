/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/work/event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/log.h"

#define FIELDS_MAX 12

/* --- the journal ------------------------------------------------------------------------- */

typedef struct Entry {
        struct iovec items[FIELDS_MAX + 2];
        int n;
} Entry;

static int add(Entry *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int add(Entry *e, const char *format, ...) {
        char *text;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        e->items[e->n++] = (struct iovec) { .iov_base = text, .iov_len = (size_t) n };
        return 0;
}

static int send_to_journal(int level, const char *message, const LogField *fields, size_t n_fields) {
        Entry e = { .n = 0 };
        int r;

        if (n_fields > FIELDS_MAX)
                return -E2BIG;
        r = add(&e, "MESSAGE=%s", message);
        if (r >= 0)
                r = add(&e, "PRIORITY=%d", level);
        for (size_t i = 0; i < n_fields && r >= 0; i++)
                if (fields[i].value)
                        r = add(&e, "%s=%s", fields[i].name, fields[i].value);
        if (r >= 0)
                r = sd_journal_sendv(e.items, e.n);
        while (e.n > 0)
                free(e.items[--e.n].iov_base);
        return r;
}

void event_use_journal(void) {
        log_set_sink(send_to_journal);
}

/* --- events ------------------------------------------------------------------------------ */

static void send_event(const char *id, int level, EventSubject about, const char *format, va_list ap) {
        const LogField fields[] = {
                { "MESSAGE_ID", id },
                { "CONFINE_SESSION", about.session },
                { "CONFINE_CELL", about.cell },
                { "CONFINE_POLICY", about.policy },
                { "CONFINE_VERDICT", about.verdict },
                { "CONFINE_USER", about.user },
                { "CONFINE_SERVICE", about.service },
        };
        char message[2048];

        (void) vsnprintf(message, sizeof(message), format, ap);
        log_event(level, fields, ELEMENTSOF(fields), "%s", message);
}

void event_send(const char *id, int level, EventSubject about, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        send_event(id, level, about, format, ap);
        va_end(ap);
}

void event_login(const char *id, int level, const LoginRequest *request, const char *policy, const char *verdict,
                 const char *format, ...) {
        _cleanup_(freep) char *user = escape_text(request->user), *service = escape_text(request->service);
        const EventSubject about = { .policy = policy, .verdict = verdict, .user = user, .service = service };
        va_list ap;

        va_start(ap, format);
        send_event(id, level, about, format, ap);
        va_end(ap);
}

void event_policy(const char *file, bool warning, const char *message) {
        const LogField fields[] = {
                { "MESSAGE_ID", EVENT_POLICY_ERROR },
                { "CONFINE_POLICY_FILE", file },
        };

        log_event(warning ? LOG_WARNING : LOG_ERR, fields, ELEMENTSOF(fields), "%s", message);
}
