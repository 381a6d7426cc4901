/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/work/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "policies/policy-keys.h"

static char directory[] = "/tmp/confine-resolver.XXXXXX";
static char path[64], upstream[64];

static void write_file(const char *file, const char *text) {
        FILE *f;

        (void) unlink(file);
        if (!text)
                return;
        f = fopen(file, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

typedef struct Case {
        const char *dns, *domains;
        const char *host, *upstream; /* NULL: no such file */
        const char *servers;         /* for the firewall */
        const char *text;            /* without its comment; NULL: the host's */
} Case;

static const Case cases[] = {
        { "", "", NULL, NULL, "", NULL },
        { "", "", "nameserver 192.0.2.1\nsearch a.example\n", NULL, "192.0.2.1 ", NULL },
        { "", "", "nameserver 127.0.0.53\noptions edns0\nsearch a.example b.example\n",
          "nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch .\n", "192.0.2.1 2001:db8::1 ",
          "nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch a.example b.example\n" },
        { "", "", "nameserver ::1\n", "nameserver 192.0.2.1\nsearch up.example\n", "192.0.2.1 ",
          "nameserver 192.0.2.1\nsearch up.example\n" },
        /* a stub, and nothing is known of what it asks */
        { "", "", "nameserver 127.0.0.1\n", NULL, "", NULL },
        { "", "", "nameserver 127.0.0.1\n", "nameserver 127.0.0.1\n", "", NULL },
        { "", "", "nameserver 127.0.0.1\nnameserver 192.0.2.9\n", NULL, "192.0.2.9 ", "nameserver 192.0.2.9\n" },
        { "", "x.example", "nameserver 192.0.2.1\nsearch a.example\n", NULL, "192.0.2.1 ",
          "nameserver 192.0.2.1\nsearch x.example\n" },
        { "192.0.2.7 2001:db8::7", "", "nameserver 127.0.0.53\nsearch a.example\n", "nameserver 192.0.2.1\n",
          "192.0.2.7 2001:db8::7 ", "nameserver 192.0.2.7\nnameserver 2001:db8::7\n" },
        { "192.0.2.7", "x.example y.example", NULL, NULL, "192.0.2.7 ",
          "nameserver 192.0.2.7\nsearch x.example y.example\n" },
        /* what resolv.conf(5) does not take is not taken; of more than three, three */
        { "", "", "nameserver\nnameserver x\nnameserver fe80::1%eth0\n nameserver 192.0.2.1\r\n#nameserver 192.0.2.2\n",
          NULL, "192.0.2.1 ", NULL },
        { "", "", "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n", NULL,
          "192.0.2.1 192.0.2.2 192.0.2.3 ", NULL },
};

static void test_cases(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(policy_unrefp) Policy *p = policy_new("p");
                char servers[256] = "", address[PREFIX_STRING_MAX], *message = NULL;
                Resolver r = {};

                assert_int_equal(policy_key_set(p, "Network", "DNS", cases[i].dns, &message), 0);
                assert_int_equal(policy_key_set(p, "Network", "Domains", cases[i].domains, &message), 0);
                write_file(path, cases[i].host);
                write_file(upstream, cases[i].upstream);
                assert_int_equal(resolver_choose(p, path, upstream, &r), 0);
                for (size_t k = 0; k < r.n_servers; k++) {
                        strcat(servers, prefix_to_string(&r.servers[k], address));
                        strcat(servers, " ");
                }
                if (strcmp(servers, cases[i].servers) != 0)
                        fail_msg("case %zu: servers \"%s\"", i, servers);
                if (!r.text != !cases[i].text || (r.text && strcmp(strchr(r.text, '\n') + 1, cases[i].text) != 0))
                        fail_msg("case %zu: \"%s\"", i, r.text ? r.text : "the host's");
                resolver_done(&r);
        }
}

static int setup(void **state) {
        (void) state;
        if (!mkdtemp(directory))
                return -1;
        (void) snprintf(path, sizeof(path), "%s/resolv.conf", directory);
        (void) snprintf(upstream, sizeof(upstream), "%s/upstream", directory);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        (void) unlink(path);
        (void) unlink(upstream);
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("manager-resolver", tests, setup, teardown);
}
