/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything is integer arithmetic: a decimal fraction is carried as digits and a divisor, so
 * that 1.1G is the same number on every machine. */

#include "base/parse.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memstream.h"

int parse_boolean(const char *text, bool *ret) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                if (strcasecmp(text, yes[i]) == 0) {
                        *ret = true;
                        return 0;
                }
                if (strcasecmp(text, no[i]) == 0) {
                        *ret = false;
                        return 0;
                }
        }
        return -EINVAL;
}

/* Reads digits at *p; -EINVAL without any, -ERANGE beyond 64 bits. */
static int scan_uint64(const char **p, uint64_t *ret) {
        uint64_t value = 0;
        const char *s = *p;

        if (*s < '0' || *s > '9')
                return -EINVAL;
        for (; *s >= '0' && *s <= '9'; s++)
                if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*s - '0'), &value))
                        return -ERANGE;
        *p = s;
        *ret = value;
        return 0;
}

/* Reads "12" or "12.345" at *p as value/divisor, at most nine decimals. */
static int scan_decimal(const char **p, uint64_t *ret_whole, uint64_t *ret_part, uint64_t *ret_divisor) {
        uint64_t part = 0, divisor = 1;
        int r;

        r = scan_uint64(p, ret_whole);
        if (r < 0)
                return r;
        if (**p == '.') {
                const char *s = *p + 1;

                if (*s < '0' || *s > '9')
                        return -EINVAL;
                for (; *s >= '0' && *s <= '9'; s++) {
                        if (divisor >= 1000000000)
                                return -EINVAL;
                        part = part * 10 + (uint64_t) (*s - '0');
                        divisor *= 10;
                }
                *p = s;
        }
        *ret_part = part;
        *ret_divisor = divisor;
        return 0;
}

/* (whole + part/divisor) * factor, rounded down. */
static int scale_decimal(uint64_t whole, uint64_t part, uint64_t divisor, uint64_t factor, uint64_t *ret) {
        unsigned __int128 v = (unsigned __int128) whole * factor +
                (unsigned __int128) part * factor / divisor;

        if (v >= UINT64_MAX)
                return -ERANGE;
        *ret = (uint64_t) v;
        return 0;
}

int parse_uint64(const char *text, uint64_t *ret) {
        uint64_t value;
        int r;

        r = scan_uint64(&text, &value);
        if (r < 0)
                return r;
        if (*text)
                return -EINVAL;
        *ret = value;
        return 0;
}

static int parse_bytes_base(const char *text, uint64_t base, uint64_t *ret) {
        static const char suffixes[] = "BKMGTPE";
        uint64_t whole, part, divisor, factor = 1, value;
        int r;

        if (strcmp(text, "infinity") == 0) {
                *ret = UINT64_MAX;
                return 0;
        }

        r = scan_decimal(&text, &whole, &part, &divisor);
        if (r < 0)
                return r;
        if (*text) {
                const char *suffix = strchr(suffixes, *text);

                if (!suffix || text[1])
                        return -EINVAL;
                for (const char *s = suffixes; s < suffix; s++)
                        factor *= base;
        }
        if (factor == 1 && divisor != 1)
                return -EINVAL; /* a fraction of a byte */

        r = scale_decimal(whole, part, divisor, factor, &value);
        if (r < 0)
                return r;
        *ret = value;
        return 0;
}

int parse_bytes(const char *text, uint64_t *ret) {
        return parse_bytes_base(text, 1024, ret);
}

int parse_si_bytes(const char *text, uint64_t *ret) {
        return parse_bytes_base(text, 1000, ret);
}

static const struct {
        const char *name;
        uint64_t usec;
} time_units[] = {
        /* systemd.time(7); the first name of a size is the one that usec_to_string() writes */
        { "y", UINT64_C(31557600000000) }, { "year", UINT64_C(31557600000000) },
        { "years", UINT64_C(31557600000000) },
        { "month", UINT64_C(2629800000000) }, { "months", UINT64_C(2629800000000) },
        { "M", UINT64_C(2629800000000) },
        { "w", UINT64_C(604800000000) }, { "week", UINT64_C(604800000000) },
        { "weeks", UINT64_C(604800000000) },
        { "d", UINT64_C(86400000000) }, { "day", UINT64_C(86400000000) },
        { "days", UINT64_C(86400000000) },
        { "h", UINT64_C(3600000000) }, { "hr", UINT64_C(3600000000) },
        { "hour", UINT64_C(3600000000) }, { "hours", UINT64_C(3600000000) },
        { "min", UINT64_C(60000000) }, { "m", UINT64_C(60000000) },
        { "minute", UINT64_C(60000000) }, { "minutes", UINT64_C(60000000) },
        { "s", UINT64_C(1000000) }, { "sec", UINT64_C(1000000) },
        { "second", UINT64_C(1000000) }, { "seconds", UINT64_C(1000000) },
        { "ms", 1000 }, { "msec", 1000 },
        { "us", 1 }, { "usec", 1 }, { "µs", 1 },
};

int parse_usec(const char *text, uint64_t *ret) {
        uint64_t total = 0;
        bool any = false;

        if (strcmp(text, "infinity") == 0) {
                *ret = USEC_INFINITY;
                return 0;
        }

        while (*text) {
                uint64_t whole, part, divisor, factor = 0, value;
                size_t length;
                int r;

                r = scan_decimal(&text, &whole, &part, &divisor);
                if (r < 0)
                        return r;
                text += strspn(text, " ");
                length = strcspn(text, "0123456789. ");
                for (size_t i = 0; i < ELEMENTSOF(time_units) && length > 0; i++)
                        if (strlen(time_units[i].name) == length &&
                            strncmp(time_units[i].name, text, length) == 0)
                                factor = time_units[i].usec;
                if (length == 0 && !any && !*text && text[-1] != ' ')
                        factor = USEC_PER_SEC;
                if (factor == 0)
                        return -EINVAL;
                r = scale_decimal(whole, part, divisor, factor, &value);
                if (r < 0 || __builtin_add_overflow(total, value, &total))
                        return -ERANGE;
                any = true;
                text += length;
                if (*text == ' ' && !text[strspn(text, " ")])
                        return -EINVAL;
                text += strspn(text, " ");
        }

        if (!any)
                return -EINVAL;
        if (total == USEC_INFINITY)
                return -ERANGE;
        *ret = total;
        return 0;
}

int parse_percent(const char *text, PercentScale scale, uint64_t *ret) {
        uint64_t whole, part, divisor, value;
        int r;

        r = scan_decimal(&text, &whole, &part, &divisor);
        if (r < 0)
                return r;
        if (strcmp(text, "%") != 0)
                return -EINVAL;
        if (part * (uint64_t) scale % divisor != 0)
                return -EINVAL; /* finer than the scale */
        r = scale_decimal(whole, part, divisor, (uint64_t) scale, &value);
        if (r < 0)
                return r;
        *ret = value;
        return 0;
}

int parse_uid(const char *text, uid_t *ret) {
        uint64_t value;
        int r;

        r = parse_uint64(text, &value);
        if (r < 0)
                return r;
        /* 65535 is (uid_t) -1 of 16-bit days: systemd calls it invalid, and so do we. */
        if (value >= UINT32_MAX || value == UINT16_MAX)
                return -ERANGE;
        *ret = (uid_t) value;
        return 0;
}

int parse_uid_range(const char *text, uid_t *ret_first, uid_t *ret_last) {
        uint64_t first, last;
        int r;

        r = scan_uint64(&text, &first);
        if (r < 0)
                return r;
        last = first;
        if (*text == '-') {
                text++;
                r = scan_uint64(&text, &last);
                if (r < 0)
                        return r;
        }
        if (*text)
                return -EINVAL;
        if (last >= UINT32_MAX || first > last)
                return -ERANGE;
        *ret_first = (uid_t) first;
        *ret_last = (uid_t) last;
        return 0;
}

static unsigned family_bits(int family) {
        return family == AF_INET ? 32 : 128;
}

int parse_address(const char *text, IpPrefix *ret) {
        IpPrefix p = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

        if (inet_pton(p.family, text, p.address.bytes) != 1)
                return -EINVAL;
        p.length = family_bits(p.family);
        *ret = p;
        return 0;
}

static bool bit_set(const IpPrefix *p, unsigned i) {
        return p->address.bytes[i / 8] & (0x80 >> (i % 8));
}

int parse_prefix(const char *text, bool allow_host_bits, IpPrefix *ret) {
        char address[INET6_ADDRSTRLEN + 1];
        const char *slash = strchr(text, '/');
        size_t length = slash ? (size_t) (slash - text) : strlen(text);
        uint64_t bits;
        IpPrefix p;
        int r;

        if (length >= sizeof(address))
                return -EINVAL;
        memcpy(address, text, length);
        address[length] = '\0';
        r = parse_address(address, &p);
        if (r < 0)
                return r;

        if (slash) {
                r = parse_uint64(slash + 1, &bits);
                if (r < 0)
                        return r;
                if (bits > p.length)
                        return -ERANGE;
                p.length = (unsigned) bits;
        }
        for (unsigned i = p.length; i < family_bits(p.family); i++)
                if (bit_set(&p, i) && !allow_host_bits)
                        return -EADDRNOTAVAIL;
        *ret = p;
        return 0;
}

#define CPU_LIST_MAX 8192

int parse_cpu_list(const char *text, char **ret) {
        bool set[CPU_LIST_MAX] = {};
        _cleanup_(freep) char *out = NULL;
        size_t size = 0, n = 0;
        FILE *f;

        for (;;) {
                uint64_t first, last;
                int r;

                if (n > 0) {
                        if (!*text)
                                break;
                        text += strspn(text, ", ");
                }
                r = scan_uint64(&text, &first);
                if (r < 0)
                        return r;
                last = first;
                if (*text == '-') {
                        text++;
                        r = scan_uint64(&text, &last);
                        if (r < 0)
                                return r;
                }
                if (*text && *text != ',' && *text != ' ')
                        return -EINVAL;
                if (last >= CPU_LIST_MAX || first > last)
                        return -ERANGE;
                for (uint64_t i = first; i <= last; i++)
                        set[i] = true;
                n++;
        }

        f = memstream_open(&out, &size);
        if (!f)
                return -ENOMEM;
        n = 0;
        for (unsigned i = 0; i < CPU_LIST_MAX; i++) {
                unsigned last = i;

                if (!set[i])
                        continue;
                while (last + 1 < CPU_LIST_MAX && set[last + 1])
                        last++;
                fprintf(f, last > i ? "%s%u-%u" : "%s%u", n++ ? "," : "", i, last);
                i = last;
        }
        *ret = memstream_finish(f, &out);
        return *ret ? 0 : -ENOMEM;
}

bool prefix_contains(const IpPrefix *prefix, const IpPrefix *address) {
        if (prefix->family != address->family || address->length < prefix->length)
                return false;
        for (unsigned i = 0; i < prefix->length; i++)
                if (bit_set(prefix, i) != bit_set(address, i))
                        return false;
        return true;
}

bool prefix_equal(const IpPrefix *a, const IpPrefix *b) {
        if (a->family != b->family || a->length != b->length)
                return false;
        return a->family == AF_UNSPEC || memcmp(a->address.bytes, b->address.bytes, family_bits(a->family) / 8) == 0;
}

const char *prefix_to_string(const IpPrefix *prefix, char buffer[static PREFIX_STRING_MAX]) {
        if (!inet_ntop(prefix->family, prefix->address.bytes, buffer, INET6_ADDRSTRLEN))
                return strcpy(buffer, "?");
        if (prefix->length < family_bits(prefix->family))
                (void) snprintf(buffer + strlen(buffer), PREFIX_STRING_MAX - strlen(buffer), "/%u",
                                prefix->length);
        return buffer;
}

const char *bytes_to_string(uint64_t bytes, char buffer[static BYTES_STRING_MAX]) {
        static const char suffixes[] = "BKMGTPE";
        size_t i = 0;

        if (bytes == UINT64_MAX)
                return strcpy(buffer, "infinity");
        while (bytes > 0 && bytes % 1024 == 0 && suffixes[i + 1]) {
                bytes /= 1024;
                i++;
        }
        if (i == 0)
                (void) snprintf(buffer, BYTES_STRING_MAX, "%" PRIu64, bytes);
        else
                (void) snprintf(buffer, BYTES_STRING_MAX, "%" PRIu64 "%c", bytes, suffixes[i]);
        return buffer;
}

const char *usec_to_string(uint64_t usec, char buffer[static USEC_STRING_MAX]) {
        static const char *const names[] = { "w", "d", "h", "min", "s", "ms", "us" };
        size_t n = 0;

        if (usec == USEC_INFINITY)
                return strcpy(buffer, "infinity");
        if (usec == 0)
                return strcpy(buffer, "0");
        for (size_t i = 0; i < ELEMENTSOF(names) && usec > 0; i++)
                for (size_t k = 0; k < ELEMENTSOF(time_units); k++) {
                        if (strcmp(time_units[k].name, names[i]) != 0 || usec < time_units[k].usec)
                                continue;
                        n += (size_t) snprintf(buffer + n, USEC_STRING_MAX - n, "%s%" PRIu64 "%s",
                                               n ? " " : "", usec / time_units[k].usec, names[i]);
                        usec %= time_units[k].usec;
                }
        return buffer;
}

int parse_errno(const char *text, int *ret) {
        for (int i = 1; i < 4096; i++) { /* MAX_ERRNO of the kernel */
                const char *name = strerrorname_np(i);

                if (name && strcmp(name, text) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}
