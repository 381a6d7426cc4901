/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of [Network] that say what a cell may reach, and by which names. */

#include <netinet/in.h>
#include <string.h>

#include "base/memstream.h"

#include "policies/policy-parse.h"

#define RULES_MAX 256
#define DOMAINS_MAX 6     /* resolv.conf(5), as before glibc 2.26 */
#define DOMAINS_TEXT_MAX 256

/* --- EgressAllow= and its kin --- */

static const struct {
        const char *name;
        uint8_t protocol;
        bool has_ports;
} protocols[] = {
        { "tcp", IPPROTO_TCP, true },
        { "udp", IPPROTO_UDP, true },
        { "icmp", IPPROTO_ICMP, false },
        { "any", 0, false },
};

static bool parse_port(const char *text, uint16_t *ret) {
        uint64_t n;

        if (parse_uint64(text, &n) < 0 || n < 1 || n > UINT16_MAX)
                return false;
        *ret = (uint16_t) n;
        return true;
}

/* "443" or "8000-8999"; `text` is taken apart. */
static bool parse_ports(char *text, PolicyRule *rule) {
        char *last = strchr(text, '-');

        if (last)
                *last++ = '\0';
        return parse_port(text, &rule->first) && parse_port(last ?: text, &rule->last) &&
                rule->first <= rule->last;
}

static int parse_target(const char *word, const char *text, bool may_host, PolicyRule *rule,
                        char **ret_message) {
        char buffer[PREFIX_STRING_MAX];
        int r;

        if (strcmp(text, "host") == 0) {
                if (!may_host)
                        return policy_say(ret_message, -EINVAL, "\"%s\": @host is for EgressAllow= alone (the "
                                          "host reaches its cells always, and cells the host only where "
                                          "EgressAllow= says so)", word);
                rule->host = true;
                return 0;
        }
        r = parse_prefix(text, false, &rule->prefix);
        if (r == -EADDRNOTAVAIL && parse_prefix(text, true, &rule->prefix) >= 0) {
                for (unsigned i = rule->prefix.length; i < 128; i++)
                        rule->prefix.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
                return policy_say(ret_message, -EINVAL, "\"%s\" has bits beyond its length (@%s)", word,
                                  prefix_to_string(&rule->prefix, buffer));
        }
        if (r < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no address or prefix in \"%s\" (such as "
                                  "@10.0.0.0/8 or @fd00::/8%s; no names: what they stand for may change)",
                                  text, word, may_host ? ", or @host" : "");
        return 0;
}

static int parse_rule(const char *word, bool may_host, PolicyRule *ret, char **ret_message) {
        _cleanup_(freep) char *copy = strdup(word);
        char *target, *ports;
        PolicyRule rule = {};
        size_t i;
        int r;

        if (!copy)
                return -ENOMEM;
        target = strchr(copy, '@');
        if (target)
                *target++ = '\0';
        ports = strchr(copy, ':');
        if (ports)
                *ports++ = '\0';
        for (i = 0; i < ELEMENTSOF(protocols) && strcmp(copy, protocols[i].name) != 0; i++)
                ;
        if (i == ELEMENTSOF(protocols))
                return policy_say(ret_message, -EINVAL, "\"%s\" does not begin with tcp, udp, icmp or any (such as "
                                  "tcp:443, udp:53@10.0.0.2, tcp:8000-8999@fd00::/8, icmp, any@10.0.0.0/8)",
                                  word);
        rule.protocol = protocols[i].protocol;
        if (ports && !protocols[i].has_ports)
                return policy_say(ret_message, -EINVAL, "\"%s\": %s has no ports (tcp:%s, udp:%s)", word, copy,
                                  ports, ports);
        if (ports && !parse_ports(ports, &rule))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" has no port or range from 1 to 65535 (such as tcp:443 or tcp:8000-8999)",
                                  word);
        if (!target && rule.protocol == 0)
                return policy_say(ret_message, -EINVAL, "\"any\" without an address is everything (any@PREFIX, or "
                                  "Egress= or Ingress=)");
        if (target) {
                r = parse_target(word, target, may_host, &rule, ret_message);
                if (r < 0)
                        return r;
        }
        *ret = rule;
        return 0;
}

int policy_parse_rules(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(freep) PolicyRule *items = NULL;
        PolicyRules *rules = FIELD(PolicyRules, key, p);
        size_t n = rules->n_items;
        int r;

        if (strv_split(value, &words) < 0)
                return -ENOMEM;
        if (n + strv_length(words) > RULES_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u rules (join some into a prefix or a range of "
                                  "ports)", RULES_MAX);
        items = calloc(n + strv_length(words) + 1, sizeof(PolicyRule));
        if (!items)
                return -ENOMEM;
        if (n > 0)
                memcpy(items, rules->items, n * sizeof(PolicyRule));
        for (size_t i = 0; words && words[i]; i++, n++) {
                r = parse_rule(words[i], key->data == RULES_EGRESS_ALLOW, &items[n], ret_message);
                if (r < 0)
                        return r;
        }
        free(rules->items);
        *rules = (PolicyRules) { TAKE_PTR(items), n };
        return 0;
}

void policy_reset_rules(const PolicyKey *key, Policy *p) {
        PolicyRules *rules = FIELD(PolicyRules, key, p);

        free(rules->items);
        *rules = (PolicyRules) {};
}

char *policy_format_rules(const PolicyKey *key, const Policy *p) {
        const PolicyRules *rules = CONST_FIELD(PolicyRules, key, p);
        char buffer[POLICY_RULE_STRING_MAX], *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < rules->n_items; i++)
                fprintf(f, "%s%s", i ? " " : "", policy_rule_to_string(&rules->items[i], buffer));
        return memstream_finish(f, &text);
}

/* --- Domains= --- */

static bool domain_is_valid(const char *name) {
        static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
        size_t n = strlen(name);

        return n > 0 && n <= 253 && *name != '.' && *name != '-' && strspn(name, characters) == n &&
                !strstr(name, "..");
}

int policy_parse_domains(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL, **joined = NULL;
        char ***domains = FIELD(char **, key, p);
        size_t length = 0;

        if (strv_split(value, &words) < 0 || strv_extend_all(&joined, *domains) < 0)
                return -ENOMEM;
        for (size_t i = 0; words && words[i]; i++) {
                if (!domain_is_valid(words[i]))
                        return policy_say(ret_message, -EINVAL, "\"%s\" is no domain (such as example.org)",
                                          words[i]);
                if (strv_extend(&joined, words[i]) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; joined && joined[i]; i++)
                length += strlen(joined[i]) + 1;
        if (strv_length(joined) > DOMAINS_MAX || length > DOMAINS_TEXT_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u domains, or %u characters, see "
                                  "resolv.conf(5)", DOMAINS_MAX, DOMAINS_TEXT_MAX);
        strv_free(*domains);
        *domains = TAKE_PTR(joined);
        return 0;
}

void policy_reset_domains(const PolicyKey *key, Policy *p) {
        char ***domains = FIELD(char **, key, p);

        *domains = strv_free(*domains);
}

char *policy_format_domains(const PolicyKey *key, const Policy *p) {
        char *const *domains = *CONST_FIELD(char **, key, p);

        return domains ? strv_join(domains, " ") : strdup("");
}
