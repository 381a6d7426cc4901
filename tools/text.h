/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Text for people, on a terminal that must come to no harm (pure). */

/* Escapes what could act on a terminal or deceive its reader as \xNN, byte by byte: control characters,
 * those that change the direction of writing, bytes that are no UTF-8; and the backslash itself, so
 * that it can be undone. The caller frees. NULL: out of memory. */
char *text_escape(const char *text);

/* Columns that valid, escaped UTF-8 takes on a terminal. */
size_t text_width(const char *text);
/* How many bytes of it fit into `width` columns. */
size_t text_fit(const char *text, size_t width);

#define TEXT_NUMBER_MAX 48
const char *text_bytes(uint64_t bytes, char buffer[static TEXT_NUMBER_MAX]);  /* 1.5G: rounded */
const char *text_volume(uint64_t bytes, char buffer[static TEXT_NUMBER_MAX]); /* the same, 1000-based */
const char *text_usec(uint64_t usec, char buffer[static TEXT_NUMBER_MAX]);    /* 350ms, 2min 5s: rounded */
const char *text_percent(uint64_t permille, char buffer[static TEXT_NUMBER_MAX]);
/* Microseconds since 1970, in local time. */
const char *text_time(uint64_t usec, char buffer[static TEXT_NUMBER_MAX]);
