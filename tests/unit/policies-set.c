/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sets of files in three directories of a temporary one: "e" (like /etc) over "r" over "u". */

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"
#include "policies/policy-keys.h"
#include "policies/policy-load.h"

#define HOST "[Network]\nMode=none\n"

static char top[64];
static char directory_names[3][80];
static char *directories[4];

static void put(const char *path, const char *text) {
        char full[256];
        char *slash;
        FILE *f;

        (void) snprintf(full, sizeof(full), "%s/%s", top, path);
        slash = strrchr(full, '/');
        *slash = '\0';
        assert_int_equal(fd_mkdir_parents_at(AT_FDCWD, full, 0755), 0);
        *slash = '/';
        f = fopen(full, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(full, 0644), 0);
}

static char *path_of(const char *path) {
        static char full[256];

        (void) snprintf(full, sizeof(full), "%s/%s", top, path);
        return full;
}

static char *said(const PolicyDiags *d) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (size_t i = 0; i < d->n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&d->items[i]);

                assert_non_null(line);
                fprintf(f, "%s\n", strncmp(line, top, strlen(top)) == 0 ? line + strlen(top) + 1 : line);
        }
        assert_int_equal(fclose(f), 0);
        return text;
}

static PolicySet *load_full(const PolicySet *previous, bool trust, policy_check_host_t check,
                            void *userdata, const char *want_said) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(freep) char *s = NULL;
        PolicySet *set = NULL;

        assert_int_equal(policy_set_load(directories, trust, previous, check, userdata, &diags, &set), 0);
        s = said(&diags);
        if (*want_said ? !strstr(s, want_said) : *s)
                fail_msg("said \"%s\" instead of \"%s\"", s, want_said);
        return set;
}

static PolicySet *load(const PolicySet *previous, const char *want_said) {
        return load_full(previous, true, NULL, NULL, want_said);
}

static void expect_names(const PolicySet *s, const char *want) {
        char names[512] = "";

        for (size_t i = 0; i < policy_set_size(s); i++) {
                strcat(names, i ? " " : "");
                strcat(names, policy_set_get(s, i)->name);
                assert_ptr_equal(policy_set_find(s, policy_set_get(s, i)->name), policy_set_get(s, i));
        }
        assert_string_equal(names, want);
        assert_null(policy_set_get(s, policy_set_size(s)));
}

static const char *value_of(const PolicySet *s, const char *name, const char *section, const char *key) {
        static char buffer[4][512];
        static unsigned next;
        const PolicyKey *k = policy_key_find(section, key);
        Policy *p = policy_set_find(s, name);
        _cleanup_(freep) char *text = NULL;

        assert_non_null(p);
        assert_non_null(k);
        text = k->format(k, p);
        next = (next + 1) % 4;
        (void) snprintf(buffer[next], sizeof(buffer[0]), "%s", text);
        return buffer[next];
}

static void expect_source(const PolicySet *s, const char *name, const char *section, const char *key,
                          const char *file, unsigned line) {
        const PolicySource *source =
                &policy_set_find(s, name)->sources[policy_key_find(section, key) - policy_keys];

        if (!file) {
                assert_null(source->file);
                return;
        }
        assert_non_null(source->file);
        assert_string_equal(source->file, path_of(file));
        assert_int_equal(source->line, line);
}

static void test_empty(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;
        char *none[] = { NULL };
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        PolicySet *nothing = NULL;

        (void) state;
        s = load(NULL, ""); /* none of the directories is there */
        expect_names(s, "");
        assert_null(policy_set_find(s, "x"));
        assert_int_equal(strv_length(policy_set_group_names(s)), 0);
        assert_int_equal(policy_set_load(none, true, NULL, NULL, NULL, &diags, &nothing), 0);
        assert_int_equal(policy_set_size(nothing), 0);
        (void) policy_set_free(nothing);
        assert_null(policy_set_free(NULL));
}

static void test_replace_and_order(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/50-b.ini", HOST "[Cell]\nLingerSec=1\n");
        put("r/50-b.ini", HOST "[Cell]\nLingerSec=2\n");
        put("e/50-b.ini", HOST "[Cell]\nLingerSec=3\n");
        put("r/10-a.ini", HOST "[Cell]\nLingerSec=4\n");
        put("u/10-a.ini", "broken");
        put("u/90-c.ini", HOST "[Cell]\nLingerSec=5\n");
        put("e/ignored.txt", "x");
        put("e/x.ini~", "x");
        put("e/.hidden.ini", "x");
        s = load(NULL, "");
        expect_names(s, "10-a 50-b 90-c");
        assert_string_equal(value_of(s, "50-b", "Cell", "LingerSec"), "3s");
        assert_string_equal(value_of(s, "10-a", "Cell", "LingerSec"), "4s");
        assert_string_equal(policy_set_find(s, "10-a")->path, path_of("r/10-a.ini"));
        assert_false(policy_set_find(s, "10-a")->stale);
        expect_source(s, "50-b", "Cell", "LingerSec", "e/50-b.ini", 4);
        expect_source(s, "50-b", "Cell", "Scope", NULL, 0);
}

static void test_masks(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/a.ini", HOST);
        put("u/b.ini", HOST);
        put("u/c.ini", HOST);
        put("e/b.ini", "");
        assert_int_equal(symlink("/dev/null", path_of("e/a.ini")), 0);
        assert_int_equal(symlink("/dev/nullx", path_of("e/c.ini")), 0);
        s = load(NULL, "e/c.ini: a symbolic link");
        expect_names(s, "");
}

static void test_dropins(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/a.ini", HOST "[Cell]\nLingerSec=1\n[Match]\nUser=alice\n[Resources]\nTasksMax=1\n");
        put("r/a.ini.d/20-x.ini", "[Cell]\nLingerSec=2\n[Match]\nUser=~bob\n");
        put("e/a.ini.d/10-y.ini", "[Cell]\nLingerSec=3\nMaxSessions=7\n[Resources]\nTasksMax=\n");
        put("u/a.ini.d/30-z.ini", "broken");
        put("e/a.ini.d/30-z.ini", "[Cell]\nHostname=z\n");
        put("u/a.ini.d/40-m.ini", "broken");
        assert_int_equal(symlink("/dev/null", path_of("r/a.ini.d/40-m.ini")), 0);
        put("u/a.ini.d/50.txt", "broken");
        s = load(NULL, "");
        expect_names(s, "a");
        assert_string_equal(value_of(s, "a", "Cell", "LingerSec"), "2s"); /* 20 after 10 */
        assert_string_equal(value_of(s, "a", "Cell", "MaxSessions"), "7");
        assert_string_equal(value_of(s, "a", "Cell", "Hostname"), "z");
        assert_string_equal(value_of(s, "a", "Match", "User"), "alice ~bob");
        assert_string_equal(value_of(s, "a", "Resources", "TasksMax"), "");
        expect_source(s, "a", "Cell", "LingerSec", "r/a.ini.d/20-x.ini", 2);
        expect_source(s, "a", "Cell", "MaxSessions", "e/a.ini.d/10-y.ini", 3);
}

static void test_dropin_errors(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *t = NULL;

        (void) state;
        put("u/a.ini", HOST);
        put("u/b.ini", HOST);
        put("e/b.ini.d/x.ini", "[Cell]\nScope=x\n");
        put("e/lost.ini.d/x.ini", "[Cell]\nScope=user\n");
        s = load(NULL, "e/b.ini.d/x.ini:2: [Cell] Scope=:");
        expect_names(s, "a");
        put("e/b.ini.d/x.ini", "[Cell]\nScope=policy\n");
        t = load(s, "lost.ini.d: warning: there is no policy lost.ini for these drop-ins");
        expect_names(t, "a b");
}

static void test_extends(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/zero.ini", "[Policy]\nDescription=zero\nMode=observe\nOnFailure=allow\n"
                          "IfUnsupported=warn\n"
                          "[Match]\nUser=zed\n[Cell]\nMaxSessions=9\nLingerSec=9\nHostname=zero\n"
                          "Scope=session\nNamespaces=mnt pid net uts\n"
                          "[PolicyResources]\nTasksMax=6\n"
                          "[Resources]\nDeviceAllow=/dev/a\nMemoryMax=1G\nAllowedCPUs=0-3\n"
                          "IOReadIOPSMax=/dev/a 1\n[UserResources]\nTasksMax=5\n[Network]\n"
                          "Pool=10.0.0.0/16\nDNS=1.1.1.1\nMasquerade=no\n[Filesystem]\nPrivateTmp=no\n");
        put("u/one.ini", "[Policy]\nExtends=zero\n[Cell]\nLingerSec=8\n[Resources]\n"
                         "DeviceAllow=/dev/b\n[Network]\nDNS=\nDNS=9.9.9.9\n");
        put("u/a.ini", "[Policy]\nExtends=one\nDescription=a\n[Match]\nUser=alice\n"
                       "[Resources]\nDeviceAllow=/dev/c r\nMemoryMax=\n[Network]\nPool=fd77::/64\n");
        s = load(NULL, "");
        expect_names(s, "a one zero");
        assert_string_equal(value_of(s, "a", "Resources", "DeviceAllow"),
                            "/dev/a rwm /dev/b rwm /dev/c r");
        assert_string_equal(value_of(s, "one", "Resources", "DeviceAllow"), "/dev/a rwm /dev/b rwm");
        assert_string_equal(value_of(s, "a", "Resources", "MemoryMax"), "");
        assert_string_equal(value_of(s, "one", "Resources", "MemoryMax"), "1G");
        assert_string_equal(value_of(s, "a", "Resources", "AllowedCPUs"), "0-3");
        assert_string_equal(value_of(s, "a", "Resources", "IOReadIOPSMax"), "/dev/a 1");
        assert_string_equal(value_of(s, "a", "UserResources", "TasksMax"), "5");
        assert_string_equal(value_of(s, "a", "Network", "Pool"), "10.0.0.0/16 fd77::/64");
        assert_string_equal(value_of(s, "a", "Network", "DNS"), "9.9.9.9");
        assert_string_equal(value_of(s, "a", "Cell", "LingerSec"), "8s");
        assert_string_equal(value_of(s, "a", "Cell", "MaxSessions"), "9");
        assert_string_equal(value_of(s, "a", "Cell", "Hostname"), "zero");
        assert_string_equal(value_of(s, "a", "Policy", "Mode"), "observe");
        assert_string_equal(value_of(s, "a", "Policy", "OnFailure"), "allow");
        assert_string_equal(value_of(s, "a", "Filesystem", "PrivateTmp"), "no");
        assert_string_equal(value_of(s, "a", "Policy", "IfUnsupported"), "warn");
        assert_string_equal(value_of(s, "a", "Cell", "Scope"), "session");
        assert_string_equal(value_of(s, "a", "Cell", "Namespaces"), "mnt pid net uts");
        assert_string_equal(value_of(s, "a", "PolicyResources", "TasksMax"), "6");
        assert_string_equal(value_of(s, "a", "Network", "Masquerade"), "no");
        /* what is not inherited */
        assert_string_equal(value_of(s, "one", "Policy", "Description"), "");
        assert_string_equal(value_of(s, "one", "Policy", "Extends"), "zero");
        assert_string_equal(value_of(s, "a", "Match", "User"), "alice");
        assert_string_equal(value_of(s, "one", "Match", "User"), "");
        assert_false(policy_set_find(s, "one")->has_match);
        assert_true(policy_set_find(s, "a")->has_match);
        expect_source(s, "a", "Cell", "MaxSessions", "u/zero.ini", 9);
        expect_source(s, "a", "Cell", "LingerSec", "u/one.ini", 4);
        expect_source(s, "a", "Resources", "DeviceAllow", "u/a.ini", 7);
        expect_source(s, "one", "Match", "User", NULL, 0);
        expect_source(s, "one", "Policy", "Description", NULL, 0);
}

static void test_extends_address(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/fixed.ini", "[Cell]\nScope=policy\n[Network]\nPool=10.0.0.0/16\nAddress=10.0.0.9\n");
        put("u/per-user.ini", "[Network]\nPool=10.0.0.0/16\nAddress=per-user\n");
        put("u/a.ini", "[Policy]\nExtends=fixed\n");
        put("u/b.ini", "[Policy]\nExtends=per-user\n");
        s = load(NULL, "");
        assert_string_equal(value_of(s, "a", "Network", "Address"), "10.0.0.9");
        assert_string_equal(value_of(s, "b", "Network", "Address"), "per-user");
}

/* Names in no order on disk; the last in order of names is what counts. */
static void test_dropin_order(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;
        char path[64], text[64];

        (void) state;
        put("u/a.ini", HOST);
        for (int i = 0; i < 40; i++) {
                int n = i * 7 % 40 + 10;

                (void) snprintf(path, sizeof(path), "%c/a.ini.d/%d.ini", "rue"[i % 3], n);
                (void) snprintf(text, sizeof(text), "[Cell]\nMaxSessions=%d\n[Match]\nUser=u%d\n", n, n);
                put(path, text);
        }
        s = load(NULL, "");
        assert_string_equal(value_of(s, "a", "Cell", "MaxSessions"), "49");
        for (int i = 0; i < 40; i++) {
                (void) snprintf(text, sizeof(text), "u%d", i + 10);
                assert_string_equal(policy_set_find(s, "a")->match[MATCH_USER].values[i].text, text);
        }
}

static void test_dropin_directory_is_link(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/a.ini", HOST);
        put("elsewhere/x.ini", "[Cell]\nScope=policy\n");
        assert_int_equal(symlink("../elsewhere", path_of("u/a.ini.d")), 0);
        s = load(NULL, "u/a.ini.d: ");
        expect_names(s, "");
}

/* Mode=host drops the network namespace, but not from what extends it with another mode. */
static void test_mode_host(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/host.ini", "[Network]\nMode=host\n");
        put("u/none.ini", "[Policy]\nExtends=host\n[Network]\nMode=none\n");
        s = load(NULL, "");
        assert_int_equal(policy_set_find(s, "host")->namespaces & CLONE_NEWNET, 0);
        assert_true(policy_set_find(s, "none")->namespaces & CLONE_NEWNET);
}

static void test_extends_wrong(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *t = NULL, *u = NULL, *v = NULL, *w = NULL;

        (void) state;
        put("u/a.ini", "[Policy]\nExtends=nosuch\n");
        s = load(NULL, "u/a.ini:2: [Policy] Extends=: \"nosuch\" is no policy");
        expect_names(s, "");
        put("u/a.ini", "[Policy]\nExtends=a\n");
        t = load(NULL, "u/a.ini:2: [Policy] Extends=: \"a\" leads back to this policy: a loop");
        expect_names(t, "");
        put("u/a.ini", "[Policy]\nExtends=b\n");
        put("u/b.ini", "[Policy]\nExtends=c\n");
        put("u/c.ini", "[Policy]\nExtends=a\n");
        put("u/d.ini", HOST);
        u = load(NULL, "u/c.ini:2: [Policy] Extends=: \"a\" leads back");
        expect_names(u, "d");
        put("u/c.ini", "[Cell]\nScope=x\n");
        v = load(NULL, "u/a.ini:2: [Policy] Extends=: \"b\" is broken, and so is what extends it");
        expect_names(v, "d");
        put("u/c.ini", "");
        w = load(NULL, "u/b.ini:2: [Policy] Extends=: \"c\" is no policy");
        expect_names(w, "d");
}

/* Good alone and good as a base, but not together. */
static void test_extends_conflict(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/base.ini", "[Network]\nPool=10.0.0.0/16\n");
        put("u/a.ini", "[Policy]\nExtends=base\n[Network]\nPool=10.1.0.0/16\n");
        put("u/b.ini", "[Policy]\nExtends=base\n[Network]\nPool=\nPool=10.1.0.0/16\n");
        s = load(NULL, "u/a.ini:4: [Network] Pool=: 10.1.0.0/16 is a second IPv4 prefix");
        expect_names(s, "b base");
}

static void test_stale(void **state) {
        _cleanup_(policy_set_freep) PolicySet *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;
        Policy *a;

        (void) state;
        put("u/a.ini", HOST "[Cell]\nLingerSec=1\n[Match]\nGroup=g\n");
        put("u/b.ini", "[Policy]\nExtends=a\n[Cell]\nMaxSessions=2\n");
        put("u/c.ini", HOST);
        first = load(NULL, "");
        expect_names(first, "a b c");
        a = policy_set_find(first, "a");

        put("u/a.ini", "[Cell]\nLingerSec=x\n");
        put("u/c.ini", HOST "[Cell]\nLingerSec=3\n");
        second = load(first, "u/a.ini:2: [Cell] LingerSec=");
        expect_names(second, "a b c");
        assert_ptr_equal(policy_set_find(second, "a"), a); /* live cells go by it, too */
        assert_true(a->stale);
        assert_true(policy_set_find(second, "b")->stale);
        assert_string_equal(value_of(second, "a", "Cell", "LingerSec"), "1s");
        assert_string_equal(value_of(second, "c", "Cell", "LingerSec"), "3s");
        assert_false(policy_set_find(second, "c")->stale);
        assert_string_equal(policy_set_group_names(second)[0], "g");

        first = policy_set_free(first);
        third = load(second, "u/a.ini:2: [Cell] LingerSec=");
        assert_true(policy_set_find(third, "a")->stale);

        put("u/a.ini", HOST "[Cell]\nLingerSec=4\n");
        assert_int_equal(unlink(path_of("u/c.ini")), 0);
        fourth = load(third, "");
        expect_names(fourth, "a b");
        assert_false(policy_set_find(fourth, "a")->stale);
        assert_false(policy_set_find(fourth, "b")->stale);
        assert_string_equal(value_of(fourth, "b", "Cell", "LingerSec"), "4s");
}

static void check_host(const Policy *p, PolicyDiags *diags, void *userdata) {
        const char *bad = userdata;

        if (strcmp(p->name, bad) == 0)
                (void) policy_diags_add(diags, p->if_unsupported_warn, p->path, 0, NULL, NULL,
                                        "this host can't");
}

static void test_check_host(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *t = NULL, *u = NULL;
        char bad[] = "a";

        (void) state;
        put("u/a.ini", HOST);
        put("u/b.ini", HOST);
        put("u/c.ini", "[Cell]\nScope=session\n");
        s = load_full(NULL, true, check_host, bad, "u/a.ini: this host can't");
        expect_names(s, "b");
        put("u/a.ini", HOST "[Policy]\nIfUnsupported=warn\n");
        t = load_full(NULL, true, check_host, bad, "u/a.ini: warning: this host can't");
        expect_names(t, "a b");
        u = load(NULL, "u/c.ini: [Network] Pool=: Mode=routed needs addresses"); /* policy_check() */
        expect_names(u, "a b");
}

static void test_names(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *t = NULL;
        char name[96];

        (void) state;
        put("u/a b.ini", HOST);
        s = load(NULL, "u/a b.ini: no name for a policy");
        expect_names(s, "");
        (void) unlink(path_of("u/a b.ini"));
        memset(name, 'x', sizeof(name));
        memcpy(name, "u/", 2);
        strcpy(name + 2 + 64, ".ini");
        put(name, HOST);
        strcpy(name + 2 + 64, "y.ini");
        put(name, HOST);
        t = load(NULL, "y.ini: no name for a policy");
        assert_int_equal(policy_set_size(t), 1);
}

static void test_odd_files(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *t = NULL;

        (void) state;
        put("u/a.ini", HOST);
        put("u/c.ini", HOST);
        s = load(NULL, "");
        assert_int_equal(mkfifo(path_of("e/b.ini"), 0644), -1); /* no "e" yet */
        put("e/x", "");
        assert_int_equal(mkfifo(path_of("e/a.ini"), 0644), 0);
        t = load(s, "e/a.ini: not a regular file"); /* and it does not wait for a writer */
        expect_names(t, "a c");
        assert_true(policy_set_find(t, "a")->stale);
}

static void test_directory_is_no_directory(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("u/a.ini", HOST);
        put("e", "x");
        s = load(NULL, "Not a directory");
        expect_names(s, "a");
}

/* What an unsafe directory had before stays; what it has now does not count. */
static void test_permissions(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *t = NULL, *u = NULL;

        (void) state;
        put("e/a.ini", HOST "[Cell]\nLingerSec=1\n");
        put("e/b.ini", HOST);
        put("u/a.ini", HOST "[Cell]\nLingerSec=2\n");
        put("u/c.ini", HOST);
        if (getuid() != 0) {
                s = load_full(NULL, false, NULL, NULL, "not owned by root");
                expect_names(s, "");
                return;
        }
        s = load_full(NULL, false, NULL, NULL, "");
        expect_names(s, "a b c");
        assert_int_equal(chmod(path_of("e"), 0777), 0);
        put("e/a.ini", HOST "[Cell]\nLingerSec=3\n");
        put("e/new.ini", HOST);
        t = load_full(s, false, NULL, NULL, "e: others than root may write to the directory");
        expect_names(t, "a b c");
        assert_string_equal(value_of(t, "a", "Cell", "LingerSec"), "1s");
        assert_true(policy_set_find(t, "a")->stale);
        assert_int_equal(chmod(path_of("e"), 0755), 0);

        assert_int_equal(mkdir(path_of("e/a.ini.d"), 0755), 0);
        assert_int_equal(chown(path_of("e/a.ini.d"), 1000, 0), 0);
        assert_int_equal(chown(path_of("e/b.ini"), 1000, 0), 0);
        u = load_full(NULL, false, NULL, NULL, "e/a.ini.d: the directory is not owned by root");
        expect_names(u, "c new");
}

static void test_empty_file_of_a_user(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        if (getuid() != 0)
                skip();
        put("u/a.ini", HOST);
        put("e/a.ini", "");
        assert_int_equal(chown(path_of("e/a.ini"), 1000, 0), 0);
        s = load_full(NULL, false, NULL, NULL, "e/a.ini: not owned by root");
        expect_names(s, "");
}

static void test_too_many(void **state) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        PolicySet *s = NULL;
        char name[32];

        (void) state;
        for (int i = 0; i <= 1024; i++) {
                (void) snprintf(name, sizeof(name), "%s/%d.ini", i % 2 ? "u" : "r", i);
                put(name, HOST);
        }
        assert_int_equal(policy_set_load(directories, true, NULL, NULL, NULL, &diags, &s), -E2BIG);
        assert_null(s);
        assert_true(policy_diags_has_error(&diags));
}

static void on_skip(const Policy *p, const char *why, void *userdata) {
        char *text = userdata;

        (void) sprintf(text + strlen(text), "%s: %s\n", p->name, why);
}

static void test_pick(void **state) {
        static const GroupName names[] = { { "students", 7 } };
        _cleanup_(policy_set_freep) PolicySet *s = NULL;
        MatchSubject alice = { .user = "alice", .uid = 1000, .gid = 7, .names = names, .n_names = 1,
                               .service = "sshd" };
        MatchSubject bob = { .user = "bob", .uid = 1001, .gid = 8 };
        char text[1024] = "";
        Policy *p;

        (void) state;
        put("u/00-base.ini", HOST);
        put("u/10-cron.ini", HOST "[Match]\nService=cron\nGroup=students staff 9\n");
        put("u/20-students.ini", HOST "[Match]\nGroup=students\n");
        put("u/30-all.ini", HOST "[Match]\nUID=1000\n");
        s = load(NULL, "");
        p = policy_set_pick(s, &alice, on_skip, text);
        assert_non_null(p);
        assert_string_equal(p->name, "20-students");
        assert_string_equal(text, "00-base: it has no [Match]\n10-cron: Service=cron: it is sshd\n");
        assert_ptr_equal(policy_set_pick(s, &alice, NULL, NULL), p);
        assert_null(policy_set_pick(s, &bob, NULL, NULL));
        assert_int_equal(strv_length(policy_set_group_names(s)), 2);
        assert_string_equal(policy_set_group_names(s)[0], "students");
        assert_string_equal(policy_set_group_names(s)[1], "staff");
}

/* Our own samples, as they are in the tree. */
static void test_units(void **state) {
        static const MatchSubject alice = { .user = "alice", .uid = 1000, .service = "sshd" };
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *again = NULL;
        _cleanup_(freep) char *broken = NULL;

        (void) state;
        put("e/10-a.ini", HOST "[Match]\nUnit=a.service b@x.service\n");
        put("e/20-b.ini", "[Policy]\nExtends=base\n[Match]\nUnit=b@x.service c.service\n");
        put("e/30-c.ini", HOST "[Match]\nUnit=d.service e.service\n[Cell]\nScop=user\n");
        put("u/base.ini", HOST "[Cell]\nMaxSessions=3\nScope=session\n");
        s = load(NULL, "30-c.ini:6: [Cell] Scop=");
        expect_names(s, "10-a 20-b base"); /* what Extends= brings along is no mistake */
        assert_string_equal(policy_set_pick_unit(s, "b@x.service")->name, "10-a");
        assert_string_equal(policy_set_pick_unit(s, "c.service")->name, "20-b");
        assert_null(policy_set_pick_unit(s, "d.service"));
        assert_null(policy_set_pick_unit(s, "c"));
        broken = strv_join(policy_set_broken_units(s), " ");
        assert_string_equal(broken, "d.service e.service");
        assert_null(policy_set_pick(s, &alice, NULL, NULL));

        put("e/30-c.ini", HOST "[Match]\nUnit=d.service\n");
        policy_set_free(s);
        s = load(NULL, "");
        put("e/30-c.ini", HOST "[Match]\nUnit=d.service\n[Cell]\nScop=user\n");
        again = load(s, "Scop=");
        assert_string_equal(policy_set_pick_unit(again, "d.service")->name, "30-c"); /* the last good version */
        assert_int_equal(strv_length(policy_set_broken_units(again)), 0);
}

static void expect_refused(const char *text, bool all, const char *said) {
        static const MatchSubject alice = { .user = "alice", .uid = 1000, .service = "sshd" },
                                  bob = { .user = "bob", .uid = 1001, .service = "sshd" };
        _cleanup_(policy_set_freep) PolicySet *s = NULL;
        Policy *p;

        put("e/20-b.ini", text);
        s = load(NULL, said);
        expect_names(s, "10-a 30-c");
        assert_int_equal(policy_set_n_refused(s), 1);
        p = policy_set_get_refused(s, 0);
        assert_string_equal(p->name, "20-b");
        assert_ptr_equal(policy_set_find_refused(s, "20-b"), p);
        assert_non_null(strstr(p->refused, said));
        assert_int_equal(p->matches_all, all);
        assert_ptr_equal(policy_set_pick(s, &alice, NULL, NULL), p);
        assert_string_equal(policy_set_pick(s, &bob, NULL, NULL)->name, all ? "20-b" : "30-c");
}

/* A refused policy stands where it would, for whom it names; who can't be told is anybody. */
static void test_refused(void **state) {
        (void) state;
        put("e/10-a.ini", HOST "[Match]\nUser=root\n");
        put("e/30-c.ini", HOST "[Match]\nUser=alice bob\n");
        expect_refused("[Match]\nUser=alice\n[Cell]\nScop=user\n", false, "Scop=");
        expect_refused("[Match]\nUser=alice\n[Cel]\nScope=user\n", false, "20-b.ini:3");
        expect_refused("[Cell]\nScop=user\n[Match]\nUser=alice\n", false, "Scop=");
        expect_refused("[Match]\nUser=alice\n[Policy]\nExtends=no\n", false, "Extends=");
        expect_refused("[Match]\nUser=alice\n[Network]\nMode=cell:99-no\n", false, "Mode=");
        expect_refused("[Match]\nUsr=alice\n[Network]\nMode=none\n", true, "Usr=");
        expect_refused("[Match]\nUser=alice\nService=\n[Match\nUser=alice\n", true, "20-b.ini:4");
        expect_refused("[Mtch]\nUser=alice\n[Network]\nMode=none\n", true, "20-b.ini:1");
        expect_refused("User=alice\n", true, "20-b.ini:1");
}

static void test_new(void **state) {
        static const MatchSubject alice = { .user = "alice", .uid = 1000, .service = "sshd" };
        _cleanup_(policy_set_freep) PolicySet *s = NULL, *copy = NULL, *broken = NULL;
        Policy *policies[2];

        (void) state;
        put("e/10-a.ini", HOST "[Match]\nUser=alice\n");
        put("e/20-b.ini", HOST "[Match]\nGroup=wheel\n");
        s = load(NULL, "");
        policies[0] = policy_set_get(s, 0);
        policies[1] = policy_set_get(s, 1);
        assert_int_equal(policy_set_new(policies, 2, NULL, &copy), 0);
        expect_names(copy, "10-a 20-b");
        assert_int_equal(strv_length(policy_set_group_names(copy)), 1);
        put("e/10-a.ini", "[Matc]\n");
        broken = load(copy, "10-a.ini:1");
        assert_int_equal(policy_set_n_refused(broken), 0);
        assert_ptr_equal(policy_set_pick(broken, &alice, NULL, NULL), policies[0]);
        assert_true(policies[0]->stale);
}

/* `second` beside what the others say. */
static void expect_peers(const char *second, const char *said) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        put("e/30-c.ini", second);
        s = load(NULL, said);
        assert_int_equal(policy_set_find(s, "30-c") != NULL, !*said || strstr(said, "warning") != NULL);
}

static void test_peers(void **state) {
        static const char *const lan = "[Match]\nUser=a\n[Network]\nPool=10.0.0.0/24\nInterface=eth1\n";
        _cleanup_(policy_set_freep) PolicySet *good = NULL, *again = NULL;
        _cleanup_(freep) char *ipvlan = NULL, *other = NULL;

        (void) state;
        put("e/10-a.ini", "[Match]\nUser=a\n[Network]\nMode=none\n");
        put("e/20-b.ini", "[Match]\nUser=a\n[Cell]\nScope=session\n[Network]\nMode=none\n");
        put("e/40-j.ini", "[Match]\nUser=a\n[Network]\nMode=cell:10-a\n");
        put("e/50-h.ini", "[Match]\nUser=a\n[Network]\nMode=host\n");
        put("e/60-u.ini", "[Match]\nUnit=a.service\n[Network]\nMode=none\n");
        expect_peers("[Network]\nMode=cell:10-a\n", "");
        expect_peers("[Network]\nMode=cell:99-z\n", "30-c.ini:2: [Network] Mode=: there is no policy 99-z");
        expect_peers("[Network]\nMode=cell:30-c\n", "is this policy itself");
        expect_peers("[Network]\nMode=cell:40-j\n", "has no network of its own");
        expect_peers("[Network]\nMode=cell:50-h\n", "has the host's network");
        expect_peers("[Network]\nMode=cell:60-u\n", "is for services of systemd");
        expect_peers("[Network]\nMode=cell:20-b\n", "has a cell for every session");
        expect_peers("[Cell]\nScope=policy\n[Network]\nMode=cell:10-a\n", "has a cell for every user");

        put("e/40-j.ini", "[Match]\nUser=a\n[Network]\nMode=none\n");
        put("e/10-a.ini", "[Match]\nUser=a\n[Network]\nMode=macvlan\nInterface=eth1\nPool=10.0.0.0/24\n");
        assert_true(asprintf(&ipvlan, "%sMode=ipvlan\n", lan) > 0);
        expect_peers(ipvlan, "Interface=: policy 10-a has eth1, too: it can't carry macvlan and ipvlan");
        put("e/10-a.ini", ipvlan);
        expect_peers(ipvlan, "");
        assert_true(asprintf(&other, "%sIsolate=no\n", ipvlan) > 0);
        expect_peers(other, "IPVLANMode= and Isolate= hold for all on it");
        expect_peers("[Match]\nUser=a\n[Network]\nMode=interface\nInterface=eth0 eth1\n", "one gives it away");

        /* The last good version stays. */
        put("e/30-c.ini", ipvlan);
        good = load(NULL, "");
        put("e/30-c.ini", other);
        again = load(good, "hold for all on it");
        assert_true(policy_set_find(again, "30-c")->isolate);
        assert_true(policy_set_find(again, "30-c")->stale);
}

static void test_port_collision(void **state) {
        _cleanup_(policy_set_freep) PolicySet *s = NULL;

        (void) state;
        put("e/10-a.ini", "[Match]\nUnit=a.service\n[Network]\nPool=10.0.0.0/24\nPort=80 udp:53\n");
        put("e/20-b.ini", "[Match]\nUnit=b.service\n[Network]\nPool=10.0.0.0/24\nPort=53 81\n");
        s = load(NULL, "");
        policy_set_free(s);
        put("e/20-b.ini", "[Match]\nUnit=b.service\n[Network]\nPool=10.0.0.0/24\nPort=81 udp:53:54\n");
        s = load(NULL, "20-b.ini:5: [Network] Port=: warning: udp:53:54: policy 10-a publishes this port");
        expect_names(s, "10-a 20-b");
}

static void test_shipped(void **state) {
        char *shipped[] = { (char *) "policies/shipped", NULL };
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(policy_set_freep) PolicySet *s = NULL;
        MatchSubject root = { .user = "root", .names = NULL };
        static const GroupName names[] = { { "confined", 77 } };
        MatchSubject member = { .user = "m", .uid = 5, .gid = 77, .names = names, .n_names = 1 };

        (void) state;
        assert_int_equal(policy_set_load(shipped, true, NULL, NULL, NULL, &diags, &s), 0);
        assert_int_equal(diags.n_items, 0);
        expect_names(s, "60-sftp-only 61-contractor-jump 62-students 63-batch-user 90-shell-users base untrusted-tool");
        assert_null(policy_set_pick(s, &root, NULL, NULL));
        assert_ptr_equal(policy_set_pick(s, &member, NULL, NULL), policy_set_find(s, "90-shell-users"));
        assert_int_equal(policy_set_find(s, "untrusted-tool")->network_mode, NETWORK_NONE);
        assert_false(policy_set_find(s, "untrusted-tool")->has_match);
        assert_false(policy_set_find(s, "base")->has_match);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static int setup(void **state) {
        (void) state;
        strcpy(top, "/tmp/confine-set-XXXXXX");
        if (!mkdtemp(top))
                return -1;
        for (size_t i = 0; i < 3; i++) {
                (void) snprintf(directory_names[i], sizeof(directory_names[i]), "%s/%c", top, "eru"[i]);
                directories[i] = directory_names[i];
        }
        return 0;
}

static int teardown(void **state) {
        (void) state;
        return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_empty),         TEST(test_replace_and_order),
                TEST(test_masks),         TEST(test_dropins),
                TEST(test_dropin_errors), TEST(test_extends),
                TEST(test_extends_address), TEST(test_dropin_order),
                TEST(test_dropin_directory_is_link),
                TEST(test_mode_host),     TEST(test_extends_wrong),
                TEST(test_extends_conflict), TEST(test_stale),
                TEST(test_check_host),    TEST(test_names),
                TEST(test_odd_files),     TEST(test_directory_is_no_directory),
                TEST(test_permissions),   TEST(test_empty_file_of_a_user),
                TEST(test_too_many),      TEST(test_pick),
                TEST(test_units),         TEST(test_port_collision), TEST(test_peers),
                TEST(test_shipped),       TEST(test_refused),       TEST(test_new),
        };

        umask(022);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
