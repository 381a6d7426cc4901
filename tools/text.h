/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Formats text for people, safe for a terminal (pure). */

/* Escapes, byte by byte as \xNN, everything that could act on a terminal or deceive its reader: control characters,
 * characters that are invisible or change the direction of writing, and bytes that are not UTF-8; also the backslash,
 * so that the escaping is reversible. The caller frees. NULL: out of memory. */
char *text_escape(const char *text);

/* The width on a terminal, in columns, of valid, escaped UTF-8. */
size_t text_width(const char *text);
/* The number of bytes of `text` that fit into `width` columns. */
size_t text_fit(const char *text, size_t width);

#define TEXT_NUMBER_MAX 48
const char *text_bytes(uint64_t bytes, char buffer[static TEXT_NUMBER_MAX]);  /* 1.5G: rounded */
const char *text_volume(uint64_t bytes, char buffer[static TEXT_NUMBER_MAX]); /* the same with powers of 1000 */
const char *text_usec(uint64_t usec, char buffer[static TEXT_NUMBER_MAX]);    /* 350ms, 2min 5s: rounded */
const char *text_percent(uint64_t permille, char buffer[static TEXT_NUMBER_MAX]);
/* Microseconds since 1970, in local time. */
const char *text_time(uint64_t usec, char buffer[static TEXT_NUMBER_MAX]);
