/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/policy-reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "policies/policy-keys.h"

static int set(Policy *p, const char *key, const char *value, char **message) {
        return policy_key_set(p, "Network", key, value, message);
}

static void must_set(Policy *p, const char *key, const char *value) {
        _cleanup_(freep) char *message = NULL;

        if (set(p, key, value, &message) != 0)
                fail_msg("%s=%s: %s", key, value, message ? message : "?");
}

static void test_syntax(void **state) {
        static const char text[] = "tcp:443 udp:53@10.0.0.2 tcp:22@10.0.0.0/8 tcp:8000-8999@fd00::/8 icmp "
                                   "any@192.0.2.0/24 tcp udp@::1 tcp:1-65535 icmp@fe80::/10 any@host tcp:22@host";
        static const struct {
                const char *word, *hint;
        } bad[] = {
                { "http", "tcp, udp, icmp or any" }, { "443", "tcp, udp, icmp or any" }, { "", NULL },
                { "tcp:", "1 to 65535" }, { "tcp:0", "1 to 65535" }, { "tcp:65536", "1 to 65535" },
                { "tcp:9-8", "1 to 65535" }, { "tcp:1-2-3", "1 to 65535" }, { "tcp:http", "1 to 65535" },
                { "tcp:-5", "1 to 65535" }, { "icmp:8", "has no ports (tcp:8" },
                { "any", "Egress= or Ingress=" }, { "any:80@::/0", "has no ports" },
                { "tcp:80@10.0.0.1/8", "(@10.0.0.0/8)" }, { "tcp:80@example.org", "no names" },
                { "tcp:80@", "no address or prefix" }, { "tcp:80@1.2.3", "no address or prefix" },
                { "tcp:80@10.0.0.0/33", "no address or prefix" }, { "TCP:80", "tcp, udp, icmp or any" },
                { "tcp:80@\"; flush ruleset", "no address or prefix" },
        };
        Policy *p = policy_new("p");

        (void) state;
        must_set(p, "EgressAllow", text);
        {
                const PolicyKey *k = policy_key_find("Network", "EgressAllow");
                _cleanup_(freep) char *formatted = k->format(k, p);

                assert_string_equal(formatted, text);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(freep) char *message = NULL;

                if (!bad[i].hint)
                        continue;
                if (set(p, "EgressAllow", bad[i].word, &message) != -EINVAL)
                        fail_msg("\"%s\" is taken", bad[i].word);
                if (!strstr(message, bad[i].hint))
                        fail_msg("\"%s\": \"%s\" does not say \"%s\"", bad[i].word, message, bad[i].hint);
        }
        assert_int_equal(p->egress_allow_rules.n_items, 12);
        must_set(p, "EgressAllow", " ");
        assert_int_equal(p->egress_allow_rules.n_items, 0);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(freep) char *message = NULL;

                assert_int_equal(set(p, i ? "IngressAllow" : "EgressDeny", "tcp:22@host", &message), -EINVAL);
                assert_non_null(strstr(message, "EgressAllow= alone"));
        }
        policy_unref(p);
}

static void test_inherit(void **state) {
        Policy *from = policy_new("from"), *to = policy_new("to");

        (void) state;
        must_set(from, "Egress", "deny");
        must_set(from, "EgressAllow", "tcp:443");
        must_set(from, "IngressAllow", "icmp");
        must_set(from, "MaxConnections", "7");
        must_set(from, "LogDenied", "yes");
        must_set(from, "Domains", "example.org example.net");
        assert_int_equal(policy_inherit(to, from), 0);
        policy_unref(from);
        must_set(to, "EgressAllow", "udp:53");
        assert_true(to->egress_deny && to->log_denied);
        assert_int_equal(to->max_connections, 7);
        assert_int_equal(to->egress_allow_rules.n_items, 2);
        assert_int_equal(to->ingress_allow_rules.n_items, 1);
        assert_string_equal(to->domains[1], "example.net");
        policy_unref(to);
}

typedef struct Case {
        const char *egress, *allow, *deny;
        const char *protocol;
        uint16_t port;
        const char *address;
        bool host;
        bool passes;
        const char *key; /* NULL: built in */
} Case;

static void test_out(void **state) {
        static const Case cases[] = {
                { "allow", "", "", "tcp", 80, "192.0.2.1", false, true, "Egress" },
                { "deny", "", "", "tcp", 80, "192.0.2.1", false, false, "Egress" },
                { "deny", "tcp:443", "", "tcp", 443, "192.0.2.1", false, true, "EgressAllow" },
                { "deny", "tcp:443", "", "tcp", 443, "2001:db8::1", false, true, "EgressAllow" },
                { "deny", "tcp:443", "", "udp", 443, "192.0.2.1", false, false, "Egress" },
                { "deny", "tcp:443", "", "tcp", 444, "192.0.2.1", false, false, "Egress" },
                { "deny", "tcp:8000-8999@fd00::/8", "", "tcp", 8999, "fd12::1", false, true, "EgressAllow" },
                { "deny", "tcp:8000-8999@fd00::/8", "", "tcp", 9000, "fd12::1", false, false, "Egress" },
                { "deny", "tcp:8000-8999@fd00::/8", "", "tcp", 8000, "192.0.2.1", false, false, "Egress" },
                { "deny", "icmp", "", "icmp", 0, "2001:db8::1", false, true, "EgressAllow" },
                { "deny", "any@192.0.2.0/24", "", "udp", 9, "192.0.2.1", false, true, "EgressAllow" },
                { "allow", "", "any@10.0.0.0/8", "tcp", 1, "10.9.9.9", false, false, "EgressDeny" },
                { "allow", "tcp:22@10.1.0.0/16", "any@10.0.0.0/8", "tcp", 22, "10.1.2.3", false, true, "EgressAllow" },
                /* name servers */
                { "deny", "", "", "udp", 53, "192.0.2.53", false, true, "DNS" },
                { "deny", "", "", "udp", 54, "192.0.2.53", false, false, "Egress" },
                { "allow", "", "any@192.0.2.53", "tcp", 53, "192.0.2.53", false, true, "DNS" },
                /* metadata */
                { "allow", "", "", "tcp", 80, "169.254.169.254", false, false, NULL },
                { "allow", "", "", "tcp", 80, "fd00:ec2::254", false, false, NULL },
                { "allow", "tcp:80", "", "tcp", 80, "169.254.169.254", false, false, NULL },
                { "allow", "tcp:80@0.0.0.0/0", "", "tcp", 80, "169.254.169.254", false, false, NULL },
                { "deny", "tcp:80@169.254.169.254", "", "tcp", 80, "169.254.169.254", false, true, "EgressAllow" },
                { "deny", "tcp:80@fd00:ec2::254", "", "tcp", 80, "fd00:ec2::254", false, true, "EgressAllow" },
                { "deny", "tcp:80@169.254.169.254", "", "tcp", 81, "169.254.169.254", false, false, NULL },
                /* the host */
                { "allow", "", "", "tcp", 22, "192.0.2.1", true, false, NULL },
                { "allow", "tcp:22", "", "tcp", 22, "192.0.2.1", true, false, NULL },
                { "allow", "tcp:22@192.0.2.0/24", "", "tcp", 22, "192.0.2.1", true, false, NULL },
                { "allow", "tcp:22@host", "", "tcp", 22, "192.0.2.1", true, true, "EgressAllow" },
                { "allow", "tcp:22@192.0.2.1", "", "tcp", 22, "192.0.2.1", true, true, "EgressAllow" },
                { "deny", "tcp:22@host", "", "tcp", 22, "192.0.2.1", false, false, "Egress" },
        };
        IpPrefix dns;

        (void) state;
        assert_int_equal(parse_address("192.0.2.53", &dns), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Case *c = &cases[i];
                Policy *p = policy_new("p");
                Reach reach = { .port = c->port,
                                .protocol = strcmp(c->protocol, "tcp") == 0 ? IPPROTO_TCP :
                                        strcmp(c->protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_ICMP };
                ReachDecision d;

                must_set(p, "Egress", c->egress);
                must_set(p, "EgressAllow", c->allow);
                must_set(p, "EgressDeny", c->deny);
                assert_int_equal(parse_address(c->address, &reach.address), 0);
                policy_reach_out(p, &dns, 1, c->host ? REACH_HOST : REACH_WORLD, &reach, &d);
                if (d.allowed != c->passes || !d.key != !c->key || (d.key && strcmp(d.key, c->key) != 0))
                        fail_msg("case %zu: %s by %s", i, d.allowed ? "passes" : "refused", d.key ? d.key : d.why);
                policy_unref(p);
        }
}

static void test_in(void **state) {
        Policy *p = policy_new("p");
        Reach r = { .protocol = IPPROTO_TCP, .port = 22 };
        ReachDecision d;

        (void) state;
        assert_int_equal(parse_address("10.0.0.9", &r.address), 0);
        policy_reach_in(p, &r, &d);
        assert_false(d.allowed);
        must_set(p, "IngressAllow", "tcp:22@10.0.0.0/8");
        policy_reach_in(p, &r, &d);
        assert_true(d.allowed);
        assert_string_equal(d.key, "IngressAllow");
        r.port = 23;
        policy_reach_in(p, &r, &d);
        assert_false(d.allowed);
        must_set(p, "Ingress", "allow");
        policy_reach_in(p, &r, &d);
        assert_true(d.allowed);
        policy_unref(p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_syntax),
                cmocka_unit_test(test_inherit),
                cmocka_unit_test(test_out),
                cmocka_unit_test(test_in),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("policies-reach", tests, NULL, NULL);
}
