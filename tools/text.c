/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/utf8.h"

static bool is_harmful(uint32_t c) {
        static const struct {
                uint32_t first, last;
        } ranges[] = {
                { 0, 0x1f }, { '\\', '\\' }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c },
                { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
                { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
        };

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

char *text_escape(const char *text) {
        const char *p = text;
        char *out = malloc(4 * strlen(text) + 1), *to = out;

        while (out && *p) {
                uint32_t c = 0;
                size_t n = utf8_decode(p, &c);

                if (n > 0 && !is_harmful(c)) {
                        to = mempcpy(to, p, n);
                        p += n;
                        continue;
                }
                for (n = MAX(n, (size_t) 1); n > 0; n--)
                        to += sprintf(to, "\\x%02x", (unsigned char) *p++);
        }
        if (out)
                *to = '\0';
        return out;
}

static size_t char_width(uint32_t c) {
        int n = wcwidth((wchar_t) c);

        return n < 0 ? 1 : (size_t) n;
}

size_t text_width(const char *text) {
        size_t width = 0;

        for (const char *p = text; *p;) {
                uint32_t c = '?';
                size_t n = utf8_decode(p, &c);

                width += char_width(c);
                p += MAX(n, (size_t) 1);
        }
        return width;
}

size_t text_fit(const char *text, size_t width) {
        const char *p = text;

        while (*p) {
                uint32_t c = '?';
                size_t n = utf8_decode(p, &c);

                if (char_width(c) > width)
                        break;
                width -= char_width(c);
                p += MAX(n, (size_t) 1);
        }
        return (size_t) (p - text);
}

static const char *print_bytes(uint64_t bytes, unsigned base, char buffer[static TEXT_NUMBER_MAX]) {
        static const char units[] = "BKMGTPE";
        double value = (double) bytes;
        size_t i = 0;

        if (bytes == UINT64_MAX)
                return strcpy(buffer, "infinity");
        while (value >= base && i + 2 < sizeof(units)) {
                value /= base;
                i++;
        }
        (void) snprintf(buffer, TEXT_NUMBER_MAX, "%.*f%c", i > 0 && value < 99.95 ? 1 : 0, value, units[i]);
        if (strstr(buffer, ".0")) /* 512M, not 512.0M */
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%.0f%c", value, units[i]);
        return buffer;
}

const char *text_bytes(uint64_t bytes, char buffer[static TEXT_NUMBER_MAX]) {
        return print_bytes(bytes, 1024, buffer);
}

const char *text_volume(uint64_t bytes, char buffer[static TEXT_NUMBER_MAX]) {
        return print_bytes(bytes, 1000, buffer);
}

const char *text_usec(uint64_t usec, char buffer[static TEXT_NUMBER_MAX]) {
        uint64_t s = usec / USEC_PER_SEC;

        if (usec == UINT64_MAX)
                return strcpy(buffer, "infinity");
        if (usec < 10 * USEC_PER_SEC)
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%llums", (unsigned long long) (usec / USEC_PER_MSEC));
        else if (s < 60)
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%.1fs", (double) usec / USEC_PER_SEC);
        else if (s < 3600)
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%llumin %llus", (unsigned long long) (s / 60),
                                (unsigned long long) (s % 60));
        else
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%lluh %llumin", (unsigned long long) (s / 3600),
                                (unsigned long long) (s / 60 % 60));
        return buffer;
}

const char *text_percent(uint64_t permille, char buffer[static TEXT_NUMBER_MAX]) {
        if (permille == UINT64_MAX)
                return strcpy(buffer, "infinity");
        if (permille % 10 == 0)
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%llu%%", (unsigned long long) (permille / 10));
        else
                (void) snprintf(buffer, TEXT_NUMBER_MAX, "%llu.%llu%%", (unsigned long long) (permille / 10),
                                (unsigned long long) (permille % 10));
        return buffer;
}

const char *text_time(uint64_t usec, char buffer[static TEXT_NUMBER_MAX]) {
        time_t t = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&t, &tm) || strftime(buffer, TEXT_NUMBER_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
                return strcpy(buffer, "?");
        return buffer;
}
