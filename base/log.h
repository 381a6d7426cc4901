/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <syslog.h>

/* Lines on stderr with the journal's priority prefixes ("<4>..."; see sd-daemon(3)) when stderr
 * goes to the journal, plain lines with the program's name elsewhere. Control bytes in a message
 * come out escaped, so that a user's name can't forge a line. */

void log_set_max_level(int level); /* LOG_DEBUG shows all; LOG_INFO is the default */
int log_get_max_level(void);

void log_full(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Logs with `error` (a positive or negative errno) as %m; returns the negative errno. */
int log_full_errno(int level, int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* A message that is about something: what, in fields of the journal. NULL values are left out. */
typedef struct LogField {
        const char *name; /* "CONFINE_CELL" */
        const char *value;
} LogField;

/* Where messages go instead while stderr is the journal's; a negative return: to stderr after all. `fields`
 * may be NULL. For a program that is linked with the journal's library, which this file is not. */
typedef int (*log_sink_t)(int level, const char *message, const LogField *fields, size_t n_fields);
void log_set_sink(log_sink_t sink);

void log_event(int level, const LogField *fields, size_t n_fields, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

#define log_debug(...) log_full(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_full(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_full(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_full(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_full(LOG_ERR, __VA_ARGS__)
#define log_debug_errno(e, ...) log_full_errno(LOG_DEBUG, e, __VA_ARGS__)
#define log_warning_errno(e, ...) log_full_errno(LOG_WARNING, e, __VA_ARGS__)
#define log_error_errno(e, ...) log_full_errno(LOG_ERR, e, __VA_ARGS__)
