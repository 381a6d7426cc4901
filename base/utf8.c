/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/utf8.h"

size_t utf8_decode(const char *text, uint32_t *ret) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *p = (const unsigned char *) text;
        size_t n = *p < 0x80 ? 1 : (*p & 0xe0) == 0xc0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 :
                (*p & 0xf8) == 0xf0 ? 4 : 0;
        uint32_t c;

        if (n == 0)
                return 0;
        c = n == 1 ? *p : *p & (0xffU >> (n + 1));
        for (size_t i = 1; i < n; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (p[i] & 0x3f);
        }
        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        *ret = c;
        return n;
}

const char *utf8_find_invalid(const char *text) {
        while (*text) {
                uint32_t c;
                size_t n = utf8_decode(text, &c);

                if (n == 0)
                        return text;
                text += n;
        }
        return NULL;
}
