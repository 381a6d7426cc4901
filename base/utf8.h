/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Not by the locale, so that the answer is the same in every one. Refused is what RFC 3629 refuses. */

/* Decodes one character, reading no further than a NUL; 0: what begins there is none. */
size_t utf8_decode(const char *text, uint32_t *ret);
/* The first byte that begins none, or NULL. */
const char *utf8_find_invalid(const char *text);
