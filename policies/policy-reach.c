/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/policy-reach.h"

#include <netinet/in.h>
#include <string.h>

static bool in_text_prefix(const char *text, const IpPrefix *address) {
        IpPrefix prefix;

        return parse_prefix(text, false, &prefix) >= 0 && prefix_contains(&prefix, address);
}

bool policy_is_metadata(const IpPrefix *address) {
        return in_text_prefix(POLICY_METADATA4, address) || in_text_prefix(POLICY_METADATA6, address);
}

static bool rule_matches(const PolicyRule *rule, const Reach *reach) {
        if (rule->protocol != 0 && rule->protocol != reach->protocol)
                return false;
        if (rule->first != 0 && (reach->port < rule->first || reach->port > rule->last))
                return false;
        return rule->prefix.family == AF_UNSPEC || prefix_contains(&rule->prefix, &reach->address);
}

static bool decide(const PolicyRules *rules, bool (*wanted)(const PolicyRule *rule), const Reach *reach,
                   bool allowed, const char *key, ReachDecision *ret) {
        for (size_t i = 0; i < rules->n_items; i++)
                if ((!wanted || wanted(&rules->items[i])) && rule_matches(&rules->items[i], reach)) {
                        *ret = (ReachDecision) { .allowed = allowed, .key = key, .rule = &rules->items[i] };
                        return true;
                }
        return false;
}

static bool is_for_world(const PolicyRule *rule) {
        return !rule->host;
}

static bool decide_dns(const IpPrefix *dns, size_t n_dns, const Reach *reach, ReachDecision *ret) {
        if (reach->port != 53 || reach->protocol == IPPROTO_ICMP)
                return false;
        for (size_t i = 0; i < n_dns; i++)
                if (prefix_equal(&dns[i], &reach->address)) {
                        *ret = (ReachDecision) { .allowed = true, .key = "DNS",
                                                 .why = "it is the cell's name server" };
                        return true;
                }
        return false;
}

void policy_reach_out(const Policy *p, const IpPrefix *dns, size_t n_dns, ReachTarget target, const Reach *reach,
                      ReachDecision *ret) {
        if (decide_dns(dns, n_dns, reach, ret))
                return;
        if (target == REACH_HOST) {
                if (!decide(&p->egress_allow_rules, policy_rule_names_host, reach, true, "EgressAllow", ret))
                        *ret = (ReachDecision) { .why = "it is the host itself, and no EgressAllow= names it "
                                                        "(@host, or this very address)" };
                return;
        }
        if (decide(&p->egress_allow_rules, policy_rule_names_metadata, reach, true, "EgressAllow", ret))
                return;
        if (policy_is_metadata(&reach->address)) {
                *ret = (ReachDecision) { .why = "it is a metadata service, and no EgressAllow= names it" };
                return;
        }
        if (decide(&p->egress_allow_rules, is_for_world, reach, true, "EgressAllow", ret) ||
            decide(&p->egress_deny_rules, NULL, reach, false, "EgressDeny", ret))
                return;
        *ret = (ReachDecision) { .allowed = !p->egress_deny, .key = "Egress" };
}

void policy_reach_in(const Policy *p, const Reach *reach, ReachDecision *ret) {
        if (!decide(&p->ingress_allow_rules, NULL, reach, true, "IngressAllow", ret))
                *ret = (ReachDecision) { .allowed = p->ingress_allow, .key = "Ingress" };
}
