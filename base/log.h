/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdarg.h>
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

#define log_debug(...) log_full(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_full(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_full(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_full(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_full(LOG_ERR, __VA_ARGS__)
#define log_debug_errno(e, ...) log_full_errno(LOG_DEBUG, e, __VA_ARGS__)
#define log_warning_errno(e, ...) log_full_errno(LOG_WARNING, e, __VA_ARGS__)
#define log_error_errno(e, ...) log_full_errno(LOG_ERR, e, __VA_ARGS__)
