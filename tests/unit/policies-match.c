/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who matches, what is said when not, and what %-letters become. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policies/policy-keys.h"

static const gid_t alice_groups[] = { 100, 2001 };
static const GroupName group_names[] = { { "students", 2001 }, { "staff", 2002 }, { "main", 1000 } };

static MatchSubject alice(void) {
        return (MatchSubject) {
                .user = "alice",
                .uid = 1000,
                .gid = 1000,
                .groups = alice_groups,
                .n_groups = ELEMENTSOF(alice_groups),
                .group = "alicegroup",
                .names = group_names,
                .n_names = ELEMENTSOF(group_names),
                .service = "sshd",
                .tty = "/dev/pts/3",
                .remote_host = "10.1.2.3",
        };
}

static Policy *policy_with(const char *key, const char *value) {
        Policy *p = policy_new("test");
        char *message = NULL;

        assert_non_null(p);
        if (policy_key_set(p, "Match", key, value, &message) != 0)
                fail_msg("%s=%s: %s", key, value, message);
        p->has_match = true;
        return p;
}

static void check(const char *key, const char *value, const MatchSubject *s, bool want) {
        _cleanup_(policy_unrefp) Policy *p = policy_with(key, value);
        _cleanup_(freep) char *why = NULL;
        int r = policy_match(p, s, &why);

        if (r != (want ? 1 : 0))
                fail_msg("%s=%s: %d (%s)", key, value, r, why ? why : "");
        if (want)
                assert_null(why);
        else
                assert_non_null(why);
        assert_int_equal(policy_match(p, s, NULL), r);
}

static void test_fields(void **state) {
        static const struct {
                const char *key, *value;
                bool want;
        } table[] = {
                { "User", "alice", true }, { "User", "bob alice", true }, { "User", "bob", false },
                { "User", "Alice", false }, { "User", "1000", true }, { "User", "1001", false },
                { "User", "~alice", false }, { "User", "~bob", true }, { "User", "alice ~1000", false },
                { "User", "bob ~carol", false },
                { "UID", "1000", true }, { "UID", "1000-1999", true }, { "UID", "1-1000", true },
                { "UID", "1001-1999", false }, { "UID", "0-999", false }, { "UID", "~0-999", true },
                { "UID", "1000-1999 ~1000", false }, { "UID", "1 2 1000", true },
                { "Group", "students", true }, { "Group", "staff", false }, { "Group", "main", true },
                { "Group", "alicegroup", true }, { "Group", "nosuch", false }, { "Group", "1000", true },
                { "Group", "100", true }, { "Group", "2001", true }, { "Group", "2002", false },
                { "Group", "~students", false }, { "Group", "~staff", true }, { "Group", "~100", false },
                { "Group", "students ~main", false },
                { "Service", "sshd", true }, { "Service", "ssh*", true }, { "Service", "login su", false },
                { "Service", "~sshd", false }, { "Service", "~cron", true }, { "Service", "SSHD", false },
                { "TTY", "pts/*", true }, { "TTY", "/dev/pts/3", true }, { "TTY", "pts/[12]", false },
                { "TTY", "*", true }, { "TTY", "tty*", false }, { "TTY", "~pts/*", false },
                { "RemoteHost", "10.0.0.0/8", true }, { "RemoteHost", "10.1.2.3", true },
                { "RemoteHost", "10.1.2.0/31", false }, { "RemoteHost", "11.0.0.0/8", false },
                { "RemoteHost", "0.0.0.0/0", true }, { "RemoteHost", "::/0", false },
                { "RemoteHost", "10.0.0.0/8 ~10.1.0.0/16", false },
                { "RemoteHost", "~10.1.2.4", true }, { "RemoteHost", "~*", false },
                { "RemoteHost", "*", true },
        };
        MatchSubject s = alice();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                check(table[i].key, table[i].value, &s, table[i].want);
}

static void test_remote_hosts(void **state) {
        static const struct {
                const char *host, *value;
                bool want;
        } table[] = {
                { "::ffff:10.1.2.3", "10.0.0.0/8", true }, { "::ffff:10.1.2.3", "~10.0.0.0/8", false },
                { "::ffff:11.1.2.3", "10.0.0.0/8", false }, { "::ffff:10.1.2.3", "::/0", false },
                { "fd00::1", "fd00::/8", true }, { "FD00:0::1", "fd00::1", true },
                { "fe80::1%eth0", "fe80::/10", true }, { "10.0.0.1%eth0", "10.0.0.0/8", false },
                { "fd00::1", "10.0.0.0/8", false },
                { "pc1.Example.ORG", "*.example.org", true }, { "pc1.example.org.", "*.example.org", true },
                { "pc1.example.com", "*.example.org", false }, { "example.org.evil", "*.example.org", false },
                { "pc1.example.org", "10.0.0.0/8", false }, { "pc1.example.org", "~*.EXAMPLE.org", false },
                { "10.evil.org", "10.0.0.0/8", false },
                { "", "*", false }, { "", "~*", true }, { "", "0.0.0.0/0", false },
                { "", "~10.0.0.0/8", true }, { NULL, "*", false }, { NULL, "~*", true },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                MatchSubject s = alice();

                s.remote_host = table[i].host;
                check("RemoteHost", table[i].value, &s, table[i].want);
        }
}

static void test_nothing_given(void **state) {
        MatchSubject s = { .user = "bob", .uid = 7, .gid = 7 };

        (void) state;
        check("Service", "*", &s, false);
        check("Service", "~sshd", &s, true);
        check("TTY", "*", &s, false);
        check("TTY", "~*", &s, true);
        check("Group", "students", &s, false);
        check("Group", "7", &s, true);
}

/* The job that looks names up found that these, too, are the uid's. */
static void test_aliases(void **state) {
        char *const aliases[] = { (char *) "alice_dev", (char *) "alice2", NULL };
        MatchSubject s = alice();

        (void) state;
        check("User", "alice2", &s, false);
        s.aliases = aliases;
        check("User", "alice2", &s, true);
        check("User", "alice", &s, true);
        check("User", "~alice_dev", &s, false);
        check("User", "bob", &s, false);
}

static void can_match(const char *key, const char *value, bool want) {
        _cleanup_(policy_unrefp) Policy *p = policy_with(key, value);
        MatchSubject s = alice();

        s.service = s.tty = s.remote_host = NULL;
        if (policy_can_match(p, &s) != want)
                fail_msg("%s=%s", key, value);
        p->has_match = false; /* it is for Extends= */
        assert_false(policy_can_match(p, &s));
        p->matches_all = true; /* it is refused, and whom it is for can't be read */
        assert_true(policy_can_match(p, &s));
}

static void test_can_match(void **state) {
        (void) state;
        can_match("User", "alice", true);
        can_match("User", "bob", false);
        can_match("User", "~alice", false);
        can_match("Group", "students", true);
        can_match("Group", "nobodys", false);
        can_match("Service", "sshd", true);
        can_match("Service", "~" POLICY_SERVICE_USER_MANAGER, true);
        can_match("RemoteHost", "10.9.9.9", true);
        can_match("Unit", "a.service", false);
}

static void test_all_keys_must(void **state) {
        _cleanup_(policy_unrefp) Policy *p = policy_with("Group", "students");
        MatchSubject s = alice();
        char *message = NULL, *why = NULL;

        (void) state;
        assert_int_equal(policy_key_set(p, "Match", "Service", "sshd login", &message), 0);
        assert_int_equal(policy_match(p, &s, &why), 1);
        s.service = "cron";
        assert_int_equal(policy_match(p, &s, &why), 0);
        assert_string_equal(why, "Service=sshd login: it is cron");
        free(why);
        p->has_match = false;
        assert_int_equal(policy_match(p, &s, &why), 0);
        assert_string_equal(why, "it has no [Match]");
        free(why);
}

/* It serves logins of every kind: what a policy says of the way in does not matter for it. */
static void test_user_manager(void **state) {
        MatchSubject s = alice();

        (void) state;
        s.service = POLICY_SERVICE_USER_MANAGER;
        s.tty = s.remote_host = "";
        check("Service", "sshd cron", &s, true);
        check("Service", "~sshd", &s, true);
        check("Service", "systemd-user", &s, true);
        check("Service", "~systemd-user", &s, false);
        check("RemoteHost", "10.0.0.0/8", &s, true);
        check("RemoteHost", "~*", &s, true);
        check("TTY", "tty1", &s, true);
        check("User", "somebody-else", &s, false);
        s.service = "systemd-users";
        check("Service", "sshd cron", &s, false);
        check("TTY", "tty1", &s, false);
}

static void test_why(void **state) {
        static const struct {
                const char *key, *value, *why;
        } table[] = {
                { "User", "bob ~eve", "User=bob: the user is alice" },
                { "User", "~alice", "User=~alice: the user is alice" },
                { "UID", "1-2", "UID=1-2: the uid of alice is 1000" },
                { "Group", "staff 5", "Group=staff 5: alice is in none of these groups" },
                { "Group", "main ~students", "Group=~students: alice is in this group" },
                { "TTY", "tty1", "TTY=tty1: it is /dev/pts/3" },
                { "RemoteHost", "11.0.0.0/8", "RemoteHost=11.0.0.0/8: it is 10.1.2.3" },
        };
        MatchSubject s = alice();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(policy_unrefp) Policy *p = policy_with(table[i].key, table[i].value);
                _cleanup_(freep) char *why = NULL;

                assert_int_equal(policy_match(p, &s, &why), 0);
                assert_string_equal(why, table[i].why);
        }
        s.remote_host = NULL;
        {
                _cleanup_(policy_unrefp) Policy *p = policy_with("RemoteHost", "*.org");
                _cleanup_(freep) char *why = NULL;

                assert_int_equal(policy_match(p, &s, &why), 0);
                assert_string_equal(why, "RemoteHost=*.org: there is none");
        }
}

static void test_expand(void **state) {
        static const struct {
                const char *text, *want;
        } table[] = {
                { "", "" }, { "plain", "plain" }, { "%u", "alice" }, { "%u.%H", "alice.box" },
                { "%U-%g-%s", "1000-alicegroup-sshd" }, { "100%%", "100%" }, { "%%u", "%u" },
                { "%%%u", "%alice" }, { "/scratch/%u", "/scratch/alice" }, { "%x", NULL }, { "%", NULL },
                { "a%", NULL },
        };
        MatchSubject s = alice();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *text = NULL;
                int r = policy_expand(table[i].text, &s, "box", &text);

                assert_int_equal(r, table[i].want ? 0 : -EINVAL);
                assert_int_equal(policy_expand_valid(table[i].text), table[i].want != NULL);
                if (table[i].want)
                        assert_string_equal(text, table[i].want);
                else
                        assert_null(text);
        }
}

static void test_expand_hostile(void **state) {
        static const char *const names[] = { "",        "/",      "../x",   "..",  ".",   "a/b",
                                             "a\nb",    "a\x7f",  "\x1b[2J", "-rf", "a..b", "\t" };
        char longest[257];
        char *text = NULL;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                MatchSubject s = alice();

                s.user = s.service = s.group = names[i];
                assert_int_equal(policy_expand("%u", &s, "box", &text), -EINVAL);
                assert_int_equal(policy_expand("x%s", &s, "box", &text), -EINVAL);
                assert_int_equal(policy_expand("x%g", &s, "box", &text), -EINVAL);
                assert_int_equal(policy_expand("%H", &s, names[i], &text), -EINVAL);
                assert_int_equal(policy_expand("%U", &s, names[i], &text), 0);
                assert_string_equal(text, "1000");
                free(text);
                text = NULL;
        }
        memset(longest, 'a', 256);
        longest[256] = '\0';
        {
                MatchSubject s = alice();

                s.user = longest;
                assert_int_equal(policy_expand("%u", &s, "box", &text), -EINVAL);
                longest[255] = '\0';
                assert_int_equal(policy_expand("%u", &s, "box", &text), 0);
                free(text);
                text = NULL;
                /* 17 times 255 is more than a path may have */
                assert_int_equal(policy_expand("%u%u%u%u%u%u%u%u%u%u%u%u%u%u%u%u%u", &s, "box", &text), -EINVAL);
                s.user = "%n%s%U"; /* not looked at twice */
                assert_int_equal(policy_expand("%u", &s, "box", &text), 0);
                assert_string_equal(text, "%n%s%U");
                free(text);
                text = NULL;
                s.service = NULL;
                s.group = NULL;
                assert_int_equal(policy_expand("%s", &s, "box", &text), -EINVAL);
                assert_int_equal(policy_expand("%H", &s, NULL, &text), -EINVAL);
                assert_int_equal(policy_expand("%g", &s, NULL, &text), 0);
                assert_string_equal(text, "1000");
                free(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields),        cmocka_unit_test(test_remote_hosts),
                cmocka_unit_test(test_nothing_given), cmocka_unit_test(test_all_keys_must),
                cmocka_unit_test(test_user_manager),  cmocka_unit_test(test_why),
                cmocka_unit_test(test_expand),
                cmocka_unit_test(test_aliases), cmocka_unit_test(test_can_match),
                cmocka_unit_test(test_expand_hostile),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
