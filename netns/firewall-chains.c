/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same decisions as policies/policy-reach.c makes. What comes from a policy is put together from
 * numbers, printed addresses and the policy's name, which is of harmless characters. */

#include "netns/firewall-chains.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/strv.h"
#include "netns/script.h"

static const char *const chain_kinds[_FIREWALL_CHAIN_MAX] = { "out", "host", "in",
                                                              "log-out", "log-in", "log-spoofed" };

bool firewall_chains_name_is_valid(const char *policy) {
        size_t n = strlen(policy);

        return n > 0 && n <= 64 &&
                strspn(policy, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

/* A rule's comment is what `net status` shows: its key and its word. */
static void print_rule(FILE *f, const PolicyRule *rule, const char *key, const char *address,
                       const char *verdict) {
        const char *protocol = rule->protocol == IPPROTO_TCP ? "tcp" : "udp";
        char text[POLICY_RULE_STRING_MAX], prefix[PREFIX_STRING_MAX];

        fputs(" ", f);
        if (rule->protocol == IPPROTO_ICMP)
                fputs(" meta l4proto { icmp, icmpv6 }", f);
        else if (rule->first != 0 && rule->first == rule->last)
                fprintf(f, " %s dport %u", protocol, rule->first);
        else if (rule->first != 0)
                fprintf(f, " %s dport %u-%u", protocol, rule->first, rule->last);
        else if (rule->protocol != 0)
                fprintf(f, " meta l4proto %s", protocol);
        if (rule->prefix.family != AF_UNSPEC)
                fprintf(f, " %s %s %s", rule->prefix.family == AF_INET ? "ip" : "ip6", address,
                        prefix_to_string(&rule->prefix, prefix));
        fprintf(f, " counter %s comment \"%s=%s\"\n", verdict, key, policy_rule_to_string(rule, text));
}

#define REFUSE_OUT "counter name refused-to-world goto refuse"
#define REFUSE_IN "counter name refused-from-world goto refuse"

/* What names the metadata service comes before what denies it, and wider rules behind. */
static void print_out(FILE *f, const Policy *p) {
        const PolicyRules *allow = &p->egress_allow_rules, *deny = &p->egress_deny_rules;

        for (size_t i = 0; i < allow->n_items; i++)
                if (policy_rule_names_metadata(&allow->items[i]))
                        print_rule(f, &allow->items[i], "EgressAllow", "daddr", "goto permitted");
        fputs("  ip daddr " POLICY_METADATA4 " counter " REFUSE_OUT " comment \"metadata service\"\n"
              "  ip6 daddr " POLICY_METADATA6 " counter " REFUSE_OUT " comment \"metadata service\"\n", f);
        for (size_t i = 0; i < allow->n_items; i++)
                if (!allow->items[i].host && !policy_rule_names_metadata(&allow->items[i]))
                        print_rule(f, &allow->items[i], "EgressAllow", "daddr", "goto permitted");
        for (size_t i = 0; i < deny->n_items; i++)
                print_rule(f, &deny->items[i], "EgressDeny", "daddr", REFUSE_OUT);
        fprintf(f, "  counter %s comment \"Egress=%s\"\n", p->egress_deny ? REFUSE_OUT : "goto permitted",
                p->egress_deny ? "deny" : "allow");
}

static bool has_host_rules(const Policy *p) {
        for (size_t i = 0; i < p->egress_allow_rules.n_items; i++)
                if (policy_rule_names_host(&p->egress_allow_rules.items[i]))
                        return true;
        return false;
}

static void print_host(FILE *f, const Policy *p) {
        for (size_t i = 0; i < p->egress_allow_rules.n_items; i++)
                if (policy_rule_names_host(&p->egress_allow_rules.items[i]))
                        print_rule(f, &p->egress_allow_rules.items[i], "EgressAllow", "daddr", "goto counted");
        fputs("  counter counter name refused-to-host goto refuse comment \"the host\"\n", f);
}

static void print_in(FILE *f, const Policy *p) {
        for (size_t i = 0; i < p->ingress_allow_rules.n_items; i++)
                print_rule(f, &p->ingress_allow_rules.items[i], "IngressAllow", "saddr", "goto counted");
        fprintf(f, "  counter %s comment \"Ingress=%s\"\n", p->ingress_allow ? "goto counted" : REFUSE_IN,
                p->ingress_allow ? "allow" : "deny");
}

/* The elements of the sets limit how often each cell is logged. The longest prefix is 95 characters; the
 * kernel takes 127. */
static void print_log(FILE *f, const Policy *p, const char *cells, const char *what) {
        fprintf(f, "  %s log prefix \"confine: %s cell of %s: \" level info\n", cells, what, p->name);
}

static void print_log_out(FILE *f, const Policy *p) {
        print_log(f, p, "iifname @logged-out", "denied from");
}

static void print_log_in(FILE *f, const Policy *p) {
        print_log(f, p, "oifname @logged-in", "denied to");
}

static void print_log_spoofed(FILE *f, const Policy *p) {
        print_log(f, p, "iifname @logged-out", "spoofed by");
}

static void print_body(FILE *f, const Policy *p, FirewallChain chain) {
        static void (*const print[_FIREWALL_CHAIN_MAX])(FILE *, const Policy *) = {
                print_out, print_host, print_in, print_log_out, print_log_in, print_log_spoofed,
        };

        print[chain](f, p);
}

static bool is_needed(const Policy *p, FirewallChain chain) {
        if (chain == FIREWALL_CHAIN_HOST)
                return has_host_rules(p);
        if (chain >= FIREWALL_CHAIN_LOG_OUT)
                return p->log_denied;
        return chain == FIREWALL_CHAIN_OUT || p->ingress_allow || p->ingress_allow_rules.n_items > 0;
}

uint64_t firewall_chains_hash(const char *text) {
        uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

        for (; *text; text++)
                h = (h ^ (unsigned char) *text) * UINT64_C(1099511628211);
        return h;
}

int firewall_chains_name(const Policy *p, FirewallChain chain, char ret[static FIREWALL_CHAIN_MAX]) {
        _cleanup_(script_done) Script s = {};
        int r;

        if (!is_needed(p, chain))
                return 0;
        r = script_open(&s);
        if (r < 0)
                return r;
        print_body(s.file, p, chain);
        r = script_close(&s);
        if (r < 0)
                return r;
        (void) snprintf(ret, FIREWALL_CHAIN_MAX, "%s-%s-%016" PRIx64, chain_kinds[chain], p->name,
                        firewall_chains_hash(s.text));
        return 1;
}

static void print_chain(FILE *f, const char *table, const Policy *p, FirewallChain chain, const char *name) {
        /* made, emptied and filled in one transaction: another job may have made it meanwhile */
        fprintf(f, "add chain inet %s %s\nflush chain inet %s %s\ntable inet %s {\nchain %s {\n", table, name, table,
                name, table, name);
        print_body(f, p, chain);
        fputs("}\n}\n", f);
}

static bool has_text(char *const *v, const char *text) {
        for (size_t i = 0; v && v[i]; i++)
                if (strcmp(v[i], text) == 0)
                        return true;
        return false;
}

/* Most cells share their policy's value with the one before; after a restart each has a copy. */
int firewall_chains_print_all(FILE *f, const char *table, const FirewallCell *cells, size_t n_cells) {
        _cleanup_(strv_freep) char **done = NULL;

        for (size_t i = 0; i < n_cells; i++) {
                const Policy *p = cells[i].policy;

                if (!p || (i > 0 && cells[i - 1].policy == p))
                        continue;
                for (FirewallChain chain = 0; chain < _FIREWALL_CHAIN_MAX; chain++) {
                        char name[FIREWALL_CHAIN_MAX];
                        int r = firewall_chains_name(p, chain, name);

                        if (r < 0)
                                return r;
                        if (r == 0 || has_text(done, name))
                                continue;
                        print_chain(f, table, p, chain, name);
                        r = strv_extend(&done, name);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
