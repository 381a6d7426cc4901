/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of [Network]: addresses, prefixes, ports, rates. */

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/memstream.h"

#include "policies/policy-parse.h"

#define DNS_MAX 3 /* resolv.conf(5), MAXNS */
#define PORTS_MAX 64
#define BANDWIDTH_MIN UINT64_C(64000) /* as netns/shaping.h; its tests compare */
#define BANDWIDTH_MAX UINT64_C(100000000000)

typedef struct PrefixList {
        IpPrefix *items;
        size_t n;
} PrefixList;

static void prefix_list_done(PrefixList *l) {
        free(l->items);
}

static int prefix_list_add(PrefixList *l, const IpPrefix *p) {
        IpPrefix *grown;

        grown = reallocarray(l->items, l->n + 1, sizeof(IpPrefix));
        if (!grown)
                return -ENOMEM;
        l->items = grown;
        l->items[l->n++] = *p;
        return 0;
}

static int prefix_list_copy(PrefixList *l, const IpPrefix *items, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (prefix_list_add(l, &items[i]) < 0)
                        return -ENOMEM;
        return 0;
}

static bool prefix_list_has_family(const PrefixList *l, int family) {
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].family == family)
                        return true;
        return false;
}

static void prefix_list_move(PrefixList *l, IpPrefix **items, size_t *n) {
        free(*items);
        *items = TAKE_PTR(l->items);
        *n = l->n;
}

static char *prefixes_to_text(const IpPrefix *items, size_t n) {
        char buffer[PREFIX_STRING_MAX];
        char *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < n; i++)
                fprintf(f, "%s%s", i ? " " : "", prefix_to_string(&items[i], buffer));
        return memstream_finish(f, &text);
}

static const char *family_name(int family) {
        return family == AF_INET ? "IPv4" : "IPv6";
}

/* Ranges that no cell or server can have an address of. NULL: fine. */
static const char *special_use(const IpPrefix *p) {
        static const struct {
                const char *prefix, *what;
        } ranges[] = {
                { "0.0.0.0/8", "\"this network\"" }, { "127.0.0.0/8", "the loopback network" },
                { "224.0.0.0/3", "multicast or reserved" }, { "169.254.0.0/16", "link-local" },
                { "::/96", "loopback or reserved" }, { "::ffff:0:0/96", "IPv4 in IPv6 clothes" },
                { "fe80::/10", "link-local" }, { "ff00::/8", "multicast" },
        };

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++) {
                IpPrefix range;

                if (parse_prefix(ranges[i].prefix, false, &range) < 0)
                        continue;
                if (prefix_contains(&range, p) || prefix_contains(p, &range))
                        return ranges[i].what;
        }
        return NULL;
}

static int parse_pool_item(const char *word, IpPrefix *ret, char **ret_message) {
        char buffer[PREFIX_STRING_MAX];
        const char *special;
        int r;

        r = parse_prefix(word, false, ret);
        if (r == -EADDRNOTAVAIL && parse_prefix(word, true, ret) >= 0) {
                for (unsigned i = ret->length; i < sizeof(ret->address) * 8; i++)
                        ret->address.bytes[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
                return policy_say(ret_message, -EINVAL, "\"%s\" has bits beyond its length (%s)",
                                  word, prefix_to_string(ret, buffer));
        }
        if (r < 0 || !strchr(word, '/'))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no prefix (such as 10.77.0.0/16 or fd77::/64)", word);
        special = special_use(ret);
        if (special)
                return policy_say(ret_message, -EINVAL, "%s overlaps what is %s", word, special);
        if (ret->length > (ret->family == AF_INET ? 30U : 126U))
                return policy_say(ret_message, -EINVAL,
                                  "%s is too small: the first address is the gateway's (at most "
                                  "/30, or /126 for IPv6)",
                                  word);
        return 0;
}

int policy_parse_pool(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(prefix_list_done) PrefixList l = {};
        int r;

        (void) key;
        if (strv_split(value, &words) < 0 || prefix_list_copy(&l, p->pools, p->n_pools) < 0)
                return -ENOMEM;
        for (size_t i = 0; words && words[i]; i++) {
                IpPrefix item;

                r = parse_pool_item(words[i], &item, ret_message);
                if (r < 0)
                        return r;
                if (prefix_list_has_family(&l, item.family))
                        return policy_say(ret_message, -EINVAL,
                                          "%s is a second %s prefix (one of each family; an empty "
                                          "Pool= before it drops what is inherited)",
                                          words[i], family_name(item.family));
                if (prefix_list_add(&l, &item) < 0)
                        return -ENOMEM;
        }
        prefix_list_move(&l, &p->pools, &p->n_pools);
        return 0;
}

void policy_reset_pool(const PolicyKey *key, Policy *p) {
        (void) key;
        free(p->pools);
        p->pools = NULL;
        p->n_pools = 0;
}

char *policy_format_pool(const PolicyKey *key, const Policy *p) {
        (void) key;
        return prefixes_to_text(p->pools, p->n_pools);
}

static int parse_single_address(const char *word, IpPrefix *ret, char **ret_message) {
        const char *special;

        if (parse_address(word, ret) < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no address", word);
        special = special_use(ret);
        if (special)
                return policy_say(ret_message, -EINVAL, "%s is %s", word, special);
        return 0;
}

int policy_parse_address(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(prefix_list_done) PrefixList l = {};
        int r;

        if (strcmp(value, "dynamic") == 0 || strcmp(value, "per-user") == 0) {
                policy_reset_address(key, p);
                p->address_mode = *value == 'd' ? ADDRESS_DYNAMIC : ADDRESS_PER_USER;
                return 0;
        }
        if (strv_split(value, &words) < 0)
                return -ENOMEM;
        for (size_t i = 0; words && words[i]; i++) {
                IpPrefix item;

                if (!strpbrk(words[i], ".:"))
                        return policy_say(ret_message, -EINVAL,
                                          "\"%s\" is none of its values (dynamic, per-user, or an "
                                          "address of the pool)",
                                          words[i]);
                r = parse_single_address(words[i], &item, ret_message);
                if (r < 0)
                        return r;
                if (prefix_list_has_family(&l, item.family))
                        return policy_say(ret_message, -EINVAL,
                                          "%s is a second %s address (one of each family)", words[i],
                                          family_name(item.family));
                if (prefix_list_add(&l, &item) < 0)
                        return -ENOMEM;
        }
        prefix_list_move(&l, &p->addresses, &p->n_addresses);
        p->address_mode = ADDRESS_FIXED;
        return 0;
}

void policy_reset_address(const PolicyKey *key, Policy *p) {
        (void) key;
        free(p->addresses);
        p->addresses = NULL;
        p->n_addresses = 0;
        p->address_mode = policy_defaults()->address_mode;
}

char *policy_format_address(const PolicyKey *key, const Policy *p) {
        (void) key;
        if (p->address_mode == ADDRESS_FIXED)
                return prefixes_to_text(p->addresses, p->n_addresses);
        return strdup(p->address_mode == ADDRESS_PER_USER ? "per-user" : "dynamic");
}

int policy_parse_dns(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(prefix_list_done) PrefixList l = {};
        int r;

        (void) key;
        if (strv_split(value, &words) < 0 || prefix_list_copy(&l, p->dns, p->n_dns) < 0)
                return -ENOMEM;
        for (size_t i = 0; words && words[i]; i++) {
                IpPrefix item;

                r = parse_single_address(words[i], &item, ret_message);
                if (r < 0)
                        return r;
                if (l.n == DNS_MAX)
                        return policy_say(ret_message, -EINVAL,
                                          "%s is one too many (%u servers, see resolv.conf(5))",
                                          words[i], DNS_MAX);
                if (prefix_list_add(&l, &item) < 0)
                        return -ENOMEM;
        }
        prefix_list_move(&l, &p->dns, &p->n_dns);
        return 0;
}

void policy_reset_dns(const PolicyKey *key, Policy *p) {
        (void) key;
        free(p->dns);
        p->dns = NULL;
        p->n_dns = 0;
}

char *policy_format_dns(const PolicyKey *key, const Policy *p) {
        (void) key;
        return prefixes_to_text(p->dns, p->n_dns);
}

/* --- Port= --- */

static bool parse_port_number(const char *text, size_t n, uint16_t *ret) {
        char digits[6];
        uint64_t number;

        if (n == 0 || n >= sizeof(digits))
                return false;
        memcpy(digits, text, n);
        digits[n] = '\0';
        if (parse_uint64(digits, &number) < 0 || number < 1 || number > UINT16_MAX)
                return false;
        *ret = (uint16_t) number;
        return true;
}

/* "[tcp:|udp:]HOST[:CELL]", systemd.nspawn(5). */
static bool parse_port_item(const char *word, PolicyPort *ret) {
        PolicyPort port = { .protocol = IPPROTO_TCP };
        size_t n;

        if (strncmp(word, "tcp:", 4) == 0)
                word += 4;
        else if (strncmp(word, "udp:", 4) == 0) {
                port.protocol = IPPROTO_UDP;
                word += 4;
        }
        n = strcspn(word, ":");
        if (!parse_port_number(word, n, &port.host))
                return false;
        port.cell = port.host;
        if (word[n] && !parse_port_number(word + n + 1, strlen(word + n + 1), &port.cell))
                return false;
        *ret = port;
        return true;
}

int policy_parse_port(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(freep) PolicyPort *ports = NULL;
        size_t n = p->n_ports;

        (void) key;
        if (strv_split(value, &words) < 0)
                return -ENOMEM;
        if (n + strv_length(words) > PORTS_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u ports", PORTS_MAX);
        ports = calloc(n + strv_length(words) + 1, sizeof(PolicyPort));
        if (!ports)
                return -ENOMEM;
        if (n > 0)
                memcpy(ports, p->ports, n * sizeof(PolicyPort));
        for (size_t i = 0; words && words[i]; i++) {
                if (!parse_port_item(words[i], &ports[n]))
                        return policy_say(ret_message, -EINVAL,
                                          "\"%s\" is no port (such as tcp:8080:80, udp:53 or 8080; 1 to "
                                          "65535)",
                                          words[i]);
                for (size_t k = 0; k < n; k++)
                        if (ports[k].protocol == ports[n].protocol && ports[k].host == ports[n].host)
                                return policy_say(ret_message, -EINVAL,
                                                  "\"%s\": this port of the host is given twice", words[i]);
                n++;
        }
        free(p->ports);
        p->ports = TAKE_PTR(ports);
        p->n_ports = n;
        return 0;
}

void policy_reset_port(const PolicyKey *key, Policy *p) {
        (void) key;
        free(p->ports);
        p->ports = NULL;
        p->n_ports = 0;
}

char *policy_format_port(const PolicyKey *key, const Policy *p) {
        char buffer[POLICY_PORT_STRING_MAX];
        char *text = NULL;
        size_t size;
        FILE *f;

        (void) key;
        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < p->n_ports; i++)
                fprintf(f, "%s%s", i ? " " : "", policy_port_to_string(&p->ports[i], buffer));
        return memstream_finish(f, &text);
}

/* --- Bridge=, Gateway= --- */

/* What nft(8) and sysctl paths take as it is; the kernel itself is less choosy. */
static bool link_name_is_plain(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= 15 && name[0] != '.' && name[0] != '-' &&
                strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

int policy_parse_link_name(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        char **field = FIELD(char *, key, p), *copy;

        if (!link_name_is_plain(value))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no name of an interface (1 to 15 of A-Z a-z 0-9 _ . -)", value);
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

void policy_reset_link_name(const PolicyKey *key, Policy *p) {
        char **field = FIELD(char *, key, p);

        free(*field);
        *field = NULL;
}

char *policy_format_link_name(const PolicyKey *key, const Policy *p) {
        const char *name = *CONST_FIELD(char *, key, p);

        return strdup(name ?: "");
}

#define INTERFACES_MAX 64

int policy_parse_interfaces(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL, **names = NULL;
        size_t n = strv_length(p->interfaces);

        (void) key;
        if (strv_split(value, &words) < 0 || strv_extend_all(&names, p->interfaces) < 0)
                return -ENOMEM;
        for (size_t i = 0; words && words[i]; i++) {
                if (!link_name_is_plain(words[i]))
                        return policy_say(ret_message, -EINVAL, "\"%s\" is no name of an interface (1 to 15 of A-Z "
                                          "a-z 0-9 _ . -)", words[i]);
                if (strcmp(words[i], "lo") == 0)
                        return policy_say(ret_message, -EINVAL, "lo is the host's loopback interface, and leads nowhere");
                if (strv_has(names, words[i]))
                        return policy_say(ret_message, -EINVAL, "\"%s\" is given twice", words[i]);
                if (++n > INTERFACES_MAX)
                        return policy_say(ret_message, -EINVAL, "more than %u interfaces", INTERFACES_MAX);
                if (strv_extend(&names, words[i]) < 0)
                        return -ENOMEM;
        }
        strv_free(p->interfaces);
        p->interfaces = TAKE_PTR(names);
        return 0;
}

void policy_reset_interfaces(const PolicyKey *key, Policy *p) {
        (void) key;
        p->interfaces = strv_free(p->interfaces);
}

char *policy_format_interfaces(const PolicyKey *key, const Policy *p) {
        (void) key;
        return strv_join(p->interfaces, " ");
}

int policy_parse_network_mode(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        NetworkMode mode = network_mode_from_string(value);
        char *cell = NULL;

        (void) key;
        if (strncmp(value, "cell:", 5) == 0) {
                if (!policy_name_valid(value + 5))
                        return policy_say(ret_message, -EINVAL, "\"%s\" is no name of a policy (cell:POLICY)", value + 5);
                cell = strdup(value + 5);
                if (!cell)
                        return -ENOMEM;
                mode = NETWORK_CELL;
        } else if (mode < 0 || mode == NETWORK_CELL)
                return policy_say(ret_message, -EINVAL, "\"%s\" is none of its values (routed, none, host, bridge, "
                                  "macvlan, ipvlan, interface or cell:POLICY)", value);
        free(p->network_cell);
        p->network_cell = cell;
        p->network_mode = mode;
        return 0;
}

void policy_reset_network_mode(const PolicyKey *key, Policy *p) {
        (void) key;
        free(p->network_cell);
        p->network_cell = NULL;
        p->network_mode = policy_defaults()->network_mode;
}

char *policy_format_network_mode(const PolicyKey *key, const Policy *p) {
        char *text = NULL;

        (void) key;
        return asprintf(&text, "%s%s%s", network_mode_to_string(p->network_mode), p->network_cell ? ":" : "",
                        p->network_cell ?: "") < 0 ? NULL : text;
}

int policy_parse_gateway(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(prefix_list_done) PrefixList l = {};

        (void) key;
        if (strv_split(value, &words) < 0)
                return -ENOMEM;
        for (size_t i = 0; words && words[i]; i++) {
                IpPrefix item;
                int r = parse_single_address(words[i], &item, ret_message);

                if (r < 0)
                        return r;
                if (prefix_list_has_family(&l, item.family))
                        return policy_say(ret_message, -EINVAL, "%s is a second %s address (one of each family)",
                                          words[i], family_name(item.family));
                if (prefix_list_add(&l, &item) < 0)
                        return -ENOMEM;
        }
        prefix_list_move(&l, &p->gateways, &p->n_gateways);
        return 0;
}

void policy_reset_gateway(const PolicyKey *key, Policy *p) {
        (void) key;
        free(p->gateways);
        p->gateways = NULL;
        p->n_gateways = 0;
}

char *policy_format_gateway(const PolicyKey *key, const Policy *p) {
        (void) key;
        return prefixes_to_text(p->gateways, p->n_gateways);
}

/* --- BandwidthUp=, BandwidthDown= --- */

int policy_parse_bandwidth(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        uint64_t bits;

        if (strcmp(value, "infinity") == 0)
                bits = LIMIT_NONE;
        else if (parse_si_bytes(value, &bits) < 0)
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no bandwidth in bits per second (such as 20M, 1.5G or infinity)", value);
        else if (bits < BANDWIDTH_MIN || bits > BANDWIDTH_MAX)
                return policy_say(ret_message, -EINVAL,
                                  "%s is out of range (64K to 100G bits per second, or infinity)", value);
        *FIELD(uint64_t, key, p) = bits;
        return 0;
}

void policy_reset_bandwidth(const PolicyKey *key, Policy *p) {
        *FIELD(uint64_t, key, p) = LIMIT_NONE;
}

char *policy_format_bandwidth(const PolicyKey *key, const Policy *p) {
        uint64_t bits = *CONST_FIELD(uint64_t, key, p);
        char text[POLICY_SI_MAX];

        return strdup(bits == LIMIT_NONE ? "" : policy_si_to_string(bits, text));
}
