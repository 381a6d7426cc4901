/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One write(2) per line, so that lines of several processes don't mix. */

#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int max_level = LOG_INFO;
static log_sink_t journal_sink;

void log_set_max_level(int level) {
        max_level = level;
}

void log_set_sink(log_sink_t sink) {
        journal_sink = sink;
}

int log_get_max_level(void) {
        return max_level;
}

/* Escapes control bytes of `in` as \xNN; UTF-8 passes. Cuts at `size`. */
static size_t escape_line(const char *in, char *out, size_t size) {
        size_t n = 0;

        for (; *in && n + 5 < size; in++) {
                unsigned char c = (unsigned char) *in;

                if (c >= 0x20 && c != 0x7f)
                        out[n++] = (char) c;
                else
                        n += (size_t) snprintf(out + n, size - n, "\\x%02x", c);
        }
        return n;
}

/* JOURNAL_STREAM= is inherited by processes whose stderr has been put elsewhere since: it counts
 * only if it names what stderr is; see systemd.exec(5). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        char own[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        (void) snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        return strcmp(own, stream) == 0;
}

static void log_valist(int level, const LogField *fields, size_t n_fields, const char *format, va_list ap) {
        char message[2048], line[2304];
        size_t n;
        bool journal;

        if (level > max_level)
                return;

        (void) vsnprintf(message, sizeof(message), format, ap);
        journal = stderr_is_journal(); /* after the message: %m is errno */
        if (journal && journal_sink) {
                line[escape_line(message, line, sizeof(line) - 1)] = '\0';
                if (journal_sink(level, line, fields, n_fields) >= 0)
                        return;
        }
        if (journal)
                n = (size_t) snprintf(line, sizeof(line), "<%d>", level);
        else
                n = (size_t) snprintf(line, sizeof(line), "%.64s: ", program_invocation_short_name);
        n += escape_line(message, line + n, sizeof(line) - n - 1);
        line[n++] = '\n';
        if (write(STDERR_FILENO, line, n) < 0)
                return; /* nowhere left to say so */
}

void log_full(int level, const char *format, ...) {
        int saved = errno;
        va_list ap;

        va_start(ap, format);
        log_valist(level, NULL, 0, format, ap);
        va_end(ap);
        errno = saved;
}

void log_event(int level, const LogField *fields, size_t n_fields, const char *format, ...) {
        int saved = errno;
        va_list ap;

        va_start(ap, format);
        log_valist(level, fields, n_fields, format, ap);
        va_end(ap);
        errno = saved;
}

int log_full_errno(int level, int error, const char *format, ...) {
        int saved = errno;
        va_list ap;

        if (error < 0)
                error = -error;
        errno = error;
        va_start(ap, format);
        log_valist(level, NULL, 0, format, ap);
        va_end(ap);
        errno = saved;
        return -error;
}
