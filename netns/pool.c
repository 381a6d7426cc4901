/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One hash table of blocks of 256 neighbouring addresses, each with a bitmap and a count; a block
 * exists while it has an address in use. Searching walks by block, so that full stretches are
 * cheap, and needs no list of free addresses, which an IPv6 prefix could not have. Prefixes are a
 * second, small table that only holds cursors; what they reserve is computed, not stored. */

#include "netns/pool.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/hash.h"

#define BLOCK_BITS 8
#define BLOCK_SIZE (1U << BLOCK_BITS)
#define SPAN_BITS_MAX 63U

typedef struct Key {
        int family;
        unsigned length;
        uint8_t bytes[16];
} Key;

_Static_assert(sizeof(Key) == 24, "keys are hashed bytewise and must have no padding");

typedef struct Block {
        Key key; /* the block's first address; the length is 0 */
        uint64_t used[BLOCK_SIZE / 64];
        unsigned n_used;
        UT_hash_handle hh;
} Block;

typedef struct Prefix {
        Key key;
        IpPrefix prefix;
        uint64_t cursor; /* the slot after the last one handed out */
        UT_hash_handle hh;
} Prefix;

struct Pool {
        Block *blocks;
        Prefix *prefixes;
        size_t n_used;
};

/* Slots count addresses from the network address on: [first, last] are for cells. */
typedef struct Span {
        uint64_t first, last;
} Span;

static unsigned family_bits(int family) {
        return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

static size_t family_size(int family) {
        return family_bits(family) / 8;
}

static bool is_single(const IpPrefix *a) {
        return family_bits(a->family) > 0 && a->length == family_bits(a->family);
}

static int prefix_span(const IpPrefix *prefix, Span *ret) {
        unsigned bits = family_bits(prefix->family), host_bits;

        if (bits == 0 || prefix->length > bits)
                return -EINVAL;
        host_bits = MIN(bits - prefix->length, SPAN_BITS_MAX);
        if (host_bits < 2)
                return -ENOSPC;

        ret->first = 2;
        ret->last = (UINT64_C(1) << host_bits) - (prefix->family == AF_INET ? 2 : 1);
        return 0;
}

/* What outsiders call a prefix may have host bits set. */
static int check_prefix(const IpPrefix *prefix, Span *ret_span) {
        int r;

        r = prefix_span(prefix, ret_span);
        if (r < 0 && r != -ENOSPC)
                return r;
        for (unsigned i = prefix->length; i < family_bits(prefix->family); i++)
                if (prefix->address.bytes[i / 8] & (0x80U >> (i % 8)))
                        return -EINVAL;
        return r;
}

static Key key_of(int family, unsigned length, const uint8_t *bytes) {
        Key k = { .family = family, .length = length };

        memcpy(k.bytes, bytes, family_size(family));
        return k;
}

/* The address at a slot: the network address plus the slot, on the last 64 (32) bits. A slot
 * has at most as many bits as the prefix has host bits, so nothing carries over. */
static IpPrefix address_at(const IpPrefix *prefix, uint64_t slot) {
        IpPrefix a = { .family = prefix->family, .length = family_bits(prefix->family) };
        size_t size = family_size(prefix->family);

        memcpy(a.address.bytes, prefix->address.bytes, size);
        for (size_t i = 0; i < MIN(size, sizeof(slot)); i++)
                a.address.bytes[size - 1 - i] |= (uint8_t) (slot >> (8 * i));
        return a;
}

static Block *find_block(const Pool *p, const IpPrefix *address, unsigned *ret_bit) {
        Key key = key_of(address->family, 0, address->address.bytes);
        size_t last = family_size(address->family) - 1;
        Block *b;

        *ret_bit = key.bytes[last];
        key.bytes[last] = 0;
        HASH_FIND(hh, p->blocks, &key, sizeof(key), b);
        return b;
}

static bool block_has(const Block *b, unsigned bit) {
        return b->used[bit / 64] & (UINT64_C(1) << (bit % 64));
}

bool pool_in_use(const Pool *p, const IpPrefix *address) {
        const Block *b;
        unsigned bit;

        if (!is_single(address))
                return false;
        b = find_block(p, address, &bit);
        return b && block_has(b, bit);
}

static bool prefix_reserves(const IpPrefix *prefix, const IpPrefix *address) {
        IpPrefix reserved;
        Span span;

        if (prefix_span(prefix, &span) < 0 || !prefix_contains(prefix, address))
                return false;
        for (uint64_t slot = 0; slot < span.first; slot++) {
                reserved = address_at(prefix, slot);
                if (prefix_equal(&reserved, address))
                        return true;
        }
        reserved = address_at(prefix, span.last + 1);
        return prefix->family == AF_INET && prefix_equal(&reserved, address);
}

static bool is_reserved(const Pool *p, const IpPrefix *address) {
        for (const Prefix *x = p->prefixes; x; x = x->hh.next)
                if (prefix_reserves(&x->prefix, address))
                        return true;
        return false;
}

static int new_block(Pool *p, const IpPrefix *address, Block **ret) {
        size_t last = family_size(address->family) - 1;
        Block *b;

        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->key = key_of(address->family, 0, address->address.bytes);
        b->key.bytes[last] = 0;
        HASH_ADD(hh, p->blocks, key, sizeof(b->key), b);
        if (!hash_has(b)) {
                free(b);
                return -ENOMEM;
        }
        *ret = b;
        return 0;
}

static int mark_used(Pool *p, const IpPrefix *address) {
        unsigned bit;
        Block *b;
        int r;

        b = find_block(p, address, &bit);
        if (!b) {
                r = new_block(p, address, &b);
                if (r < 0)
                        return r;
        }
        assert(!block_has(b, bit));
        b->used[bit / 64] |= UINT64_C(1) << (bit % 64);
        b->n_used++;
        p->n_used++;
        return 0;
}

/* First free slot in [from, to]. -ENOSPC. */
static int find_free(const Pool *p, const IpPrefix *prefix, uint64_t from, uint64_t to,
                     uint64_t *ret) {
        uint64_t slot = from;

        while (slot <= to) {
                IpPrefix address = address_at(prefix, slot);
                const Block *b;
                unsigned bit;

                b = find_block(p, &address, &bit);
                if (b && b->n_used == BLOCK_SIZE)
                        slot += BLOCK_SIZE - bit;
                else if ((b && block_has(b, bit)) || is_reserved(p, &address))
                        slot++;
                else {
                        *ret = slot;
                        return 0;
                }
        }
        return -ENOSPC;
}

static int take_from(Pool *p, const IpPrefix *prefix, Span span, uint64_t start, uint64_t *ret_slot,
                     IpPrefix *ret) {
        IpPrefix address;
        uint64_t slot;
        int r;

        r = find_free(p, prefix, start, span.last, &slot);
        if (r < 0 && start > span.first)
                r = find_free(p, prefix, span.first, start - 1, &slot);
        if (r < 0)
                return r;

        address = address_at(prefix, slot);
        r = mark_used(p, &address);
        if (r < 0)
                return r;
        *ret_slot = slot;
        *ret = address;
        return 0;
}

static Prefix *find_prefix(const Pool *p, const IpPrefix *prefix) {
        Key key = key_of(prefix->family, prefix->length, prefix->address.bytes);
        Prefix *x;

        HASH_FIND(hh, p->prefixes, &key, sizeof(key), x);
        return x;
}

static bool reserved_in_use(const Pool *p, const IpPrefix *prefix, Span span) {
        for (uint64_t slot = 0; slot < span.first; slot++) {
                IpPrefix a = address_at(prefix, slot);

                if (pool_in_use(p, &a))
                        return true;
        }
        if (prefix->family == AF_INET) {
                IpPrefix a = address_at(prefix, span.last + 1);

                return pool_in_use(p, &a);
        }
        return false;
}

int pool_add_prefix(Pool *p, const IpPrefix *prefix) {
        Prefix *x;
        Span span;
        int r;

        r = check_prefix(prefix, &span);
        if (r < 0)
                return r;
        if (find_prefix(p, prefix))
                return 0;
        if (reserved_in_use(p, prefix, span))
                return -EADDRINUSE;

        x = calloc(1, sizeof(*x));
        if (!x)
                return -ENOMEM;
        x->key = key_of(prefix->family, prefix->length, prefix->address.bytes);
        x->prefix = *prefix;
        x->cursor = span.first;
        HASH_ADD(hh, p->prefixes, key, sizeof(x->key), x);
        if (!hash_has(x)) {
                free(x);
                return -ENOMEM;
        }
        return 0;
}

int pool_new(Pool **ret) {
        Pool *p;

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *ret = p;
        return 0;
}

Pool *pool_free(Pool *p) {
        Prefix *x, *next_prefix;
        Block *b, *next_block;

        if (!p)
                return NULL;
        HASH_ITER(hh, p->blocks, b, next_block) {
                HASH_DEL(p->blocks, b);
                free(b);
        }
        HASH_ITER(hh, p->prefixes, x, next_prefix) {
                HASH_DEL(p->prefixes, x);
                free(x);
        }
        free(p);
        return NULL;
}

int pool_gateway(const IpPrefix *prefix, IpPrefix *ret) {
        Span span;
        int r;

        r = check_prefix(prefix, &span);
        if (r < 0)
                return r;
        *ret = address_at(prefix, 1);
        return 0;
}

void pool_forget_prefix(Pool *p, const IpPrefix *prefix) {
        Prefix *x;

        x = find_prefix(p, prefix);
        if (!x)
                return;
        HASH_DEL(p->prefixes, x);
        free(x);
}

int pool_acquire(Pool *p, const IpPrefix *prefix, IpPrefix *ret) {
        uint64_t slot;
        Prefix *x;
        Span span;
        int r;

        r = pool_add_prefix(p, prefix);
        if (r < 0)
                return r;
        x = find_prefix(p, prefix);
        (void) prefix_span(prefix, &span); /* it is in the table, so it has one */

        r = take_from(p, prefix, span, x->cursor, &slot, ret);
        if (r < 0)
                return r;
        x->cursor = slot == span.last ? span.first : slot + 1;
        return 0;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits in which every
 * input bit changes every output bit with probability near one half, so that the consecutive uids
 * of a site spread over the prefix. No key: the address must be the same on every host. */
static uint64_t mix(uint64_t x) {
        x += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

int pool_acquire_for_uid(Pool *p, const IpPrefix *prefix, uid_t uid, IpPrefix *ret) {
        uint64_t slot;
        Span span;
        int r;

        r = pool_add_prefix(p, prefix);
        if (r < 0)
                return r;
        (void) prefix_span(prefix, &span);
        return take_from(p, prefix, span, span.first + mix(uid) % (span.last - span.first + 1),
                         &slot, ret);
}

int pool_claim(Pool *p, const IpPrefix *address) {
        IpPrefix a;

        if (!is_single(address))
                return -EINVAL;
        a = address_at(address, 0);
        if (pool_in_use(p, &a) || is_reserved(p, &a))
                return -EADDRINUSE;
        return mark_used(p, &a);
}

void pool_release(Pool *p, const IpPrefix *address) {
        unsigned bit;
        Block *b;

        if (!is_single(address))
                return;
        b = find_block(p, address, &bit);
        if (!b || !block_has(b, bit))
                return;

        b->used[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
        b->n_used--;
        p->n_used--;
        if (b->n_used == 0) {
                HASH_DEL(p->blocks, b);
                free(b);
        }
}

size_t pool_n_used(const Pool *p) {
        return p->n_used;
}
