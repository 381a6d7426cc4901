/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *escape_text(const char *text) {
        char *out, *p;

        if (!text)
                return NULL;
        out = p = malloc(strlen(text) * 4 + 1);
        if (!out)
                return NULL;
        for (; *text; text++) {
                unsigned char c = (unsigned char) *text;

                if (c >= 0x20 && c < 0x7f && c != '\\')
                        *p++ = (char) c;
                else
                        p += sprintf(p, "\\x%02x", c);
        }
        *p = '\0';
        return out;
}
