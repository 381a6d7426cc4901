/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Strict text to value, in systemd's syntax (systemd.syntax(7), systemd.time(7),
 * systemd.resource-control(5)). The whole text must be the value: blanks around it, signs and
 * trailing junk are refused. 0 on success; -EINVAL: malformed; -ERANGE: well-formed, but out of
 * range. On error *ret is untouched. */

#define UID_INVALID ((uid_t) -1)
#define GID_INVALID ((gid_t) -1)
#define USEC_INFINITY UINT64_MAX
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)

typedef enum PercentScale {
        PERMILLE = 10, /* units in one per cent */
        PERMYRIAD = 100,
} PercentScale;

/* An IPv4 or IPv6 address with a prefix length (32 or 128: a single address). Bytes beyond the
 * family's own are zero, so that memcmp() compares. */
typedef struct IpPrefix {
        int family; /* AF_INET, AF_INET6 */
        unsigned length;
        union {
                struct in_addr v4;
                struct in6_addr v6;
                uint8_t bytes[16];
        } address;
} IpPrefix;

int parse_boolean(const char *text, bool *ret);              /* 1 yes y true t on, 0 no n false f off */
int parse_uint64(const char *text, uint64_t *ret);           /* decimal */
int parse_bytes(const char *text, uint64_t *ret);            /* 1024-based: 512M, 1.5G, infinity */
int parse_si_bytes(const char *text, uint64_t *ret);         /* 1000-based: 50M for bandwidths */
int parse_usec(const char *text, uint64_t *ret);             /* 2h 30min; bare number: s; infinity */
int parse_errno(const char *text, int *ret);                 /* "EPERM" */
int parse_percent(const char *text, PercentScale scale, uint64_t *ret); /* 12.5%; no upper bound */
int parse_uid(const char *text, uid_t *ret);                 /* -ERANGE for 65535 and 4294967295 */
int parse_uid_range(const char *text, uid_t *ret_first, uid_t *ret_last); /* 1000 or 1000-1999 */

/* "10.0.0.0/8", "fd77::/64", or an address alone. -EADDRNOTAVAIL: host bits set and not
 * `allow_host_bits`. */
int parse_prefix(const char *text, bool allow_host_bits, IpPrefix *ret);
/* An address without a length. */
int parse_address(const char *text, IpPrefix *ret);

/* "0-3,5 7" to the kernel's canonical "0-3,5,7"; the caller frees. -ERANGE: above 8191. */
int parse_cpu_list(const char *text, char **ret);

bool prefix_contains(const IpPrefix *prefix, const IpPrefix *address);
/* The same family, length and address; what the union has beyond an IPv4 address does not count. */
bool prefix_equal(const IpPrefix *a, const IpPrefix *b);

#define PREFIX_STRING_MAX 64
/* "10.77.0.0/16"; a single address without its length. Returns `buffer`. */
const char *prefix_to_string(const IpPrefix *prefix, char buffer[static PREFIX_STRING_MAX]);
#define BYTES_STRING_MAX 32
/* The shortest exact form that parse_bytes() reads back: 512M, 1536K, infinity. */
const char *bytes_to_string(uint64_t bytes, char buffer[static BYTES_STRING_MAX]);
#define USEC_STRING_MAX 128
/* An exact form that parse_usec() reads back: "2h 30min", "infinity", "0". */
const char *usec_to_string(uint64_t usec, char buffer[static USEC_STRING_MAX]);
