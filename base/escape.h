/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A copy of `text` that is printable ASCII: every other byte and the backslash become \xNN, so that a name
 * can't forge a line, turn a terminal's text round or be refused as no UTF-8; reversible. The caller frees.
 * NULL: out of memory, or `text` is NULL. */
char *escape_text(const char *text);
