/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names and values that others choose. What is parsed prints as what parses to the same. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/parse.h"
#include "base/strv.h"
#include "policies/policy-parse.h"
#include "tests/fuzz/fuzz.h"

/* Back from \xNN; escaped text has no other backslash. */
static void check_escape(const char *text) {
        _cleanup_(freep) char *escaped = escape_text(text);
        size_t k = 0;

        assert(escaped);
        for (const char *c = escaped; *c; k++) {
                unsigned byte = (unsigned char) *c;

                assert(byte >= 0x20 && byte < 0x7f);
                if (byte == '\\') {
                        assert(sscanf(c, "\\x%2x", &byte) == 1);
                        c += 4;
                } else
                        c++;
                assert(byte == (unsigned char) text[k]);
        }
        assert(text[k] == '\0');
}

static void check_values(const char *text) {
        char bytes[BYTES_STRING_MAX], usec[USEC_STRING_MAX], prefix[PREFIX_STRING_MAX];
        uint64_t a, b;
        IpPrefix p, q;
        uid_t first, last;
        bool yes;

        (void) parse_boolean(text, &yes);
        (void) parse_uint64(text, &a);
        (void) parse_si_bytes(text, &a);
        (void) parse_percent(text, PERMILLE, &a);
        if (parse_bytes(text, &a) >= 0)
                assert(parse_bytes(bytes_to_string(a, bytes), &b) >= 0 && a == b);
        if (parse_usec(text, &a) >= 0)
                assert(parse_usec(usec_to_string(a, usec), &b) >= 0 && a == b);
        for (int hosts = 0; hosts < 2; hosts++)
                if (parse_prefix(text, hosts, &p) >= 0)
                        assert(parse_prefix(prefix_to_string(&p, prefix), true, &q) >= 0 && memcmp(&p, &q, sizeof(p)) == 0);
        if (parse_uid(text, &first) >= 0)
                assert(first != (uid_t) -1 && first != 65535);
        if (parse_uid_range(text, &first, &last) >= 0)
                assert(first <= last);
}

static void check_cpu_list(const char *text) {
        _cleanup_(freep) char *list = NULL, *again = NULL;

        if (parse_cpu_list(text, &list) < 0)
                return;
        assert(parse_cpu_list(list, &again) >= 0 && strcmp(list, again) == 0);
}

static void check_names(const char *text) {
        const MatchSubject s = { .user = text, .uid = 1, .gid = 1, .group = text, .service = text, .remote_host = text,
                                 .tty = text };
        _cleanup_(freep) char *out = NULL;

        if (policy_name_valid(text))
                assert(*text != '.' && *text != '-' && !strchr(text, '/') && strlen(text) <= 64);
        if (policy_unit_name_valid(text))
                assert(!strchr(text, '/') && !strchr(text, '%'));
        if (policy_path_is_clean(text))
                assert(*text == '/' && !strstr(text, "/../"));
        if (policy_expand("/a/%u/b", &s, "h", &out) >= 0)
                assert(!strstr(out, "..") && strchr(out + 3, '/') == strrchr(out, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        _cleanup_(strv_freep) char **words = NULL;

        check_escape(text);
        check_values(text);
        check_cpu_list(text);
        check_names(text);
        assert(strv_split(text, &words) >= 0);
        for (char **w = words; w && *w; w++)
                assert(**w && !strpbrk(*w, " \t"));
        return 0;
}
