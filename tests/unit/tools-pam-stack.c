/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stacks as libpam reads them, out of directories made for the test. */

#include "tools/pam-stack.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char base[] = "/tmp/confine-pam-stack.XXXXXX";
static char first[64], second[64];
static char *dirs[] = { first, second, NULL };

static void write_file(const char *dir, const char *name, const char *text) {
        char path[128];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int make_dirs(void **state) {
        (void) state;
        assert_non_null(mkdtemp(base));
        (void) snprintf(first, sizeof(first), "%s/etc", base);
        (void) snprintf(second, sizeof(second), "%s/lib", base);
        return mkdir(first, 0700) < 0 || mkdir(second, 0700) < 0;
}

static int remove_dirs(void **state) {
        char command[128];

        (void) state;
        (void) snprintf(command, sizeof(command), "rm -r %s", base);
        return system(command);
}

/* "control module; ..." */
static char *as_text(const PamStack *s) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (size_t i = 0; i < s->n_lines; i++)
                fprintf(f, "%s%s%s %s%s%s", i ? "; " : "", s->lines[i].may_be_absent ? "-" : "",
                        s->lines[i].control, s->lines[i].module, *s->lines[i].arguments ? " " : "",
                        s->lines[i].arguments);
        assert_int_equal(fclose(f), 0);
        return text;
}

static void assert_stack(const char *service, const char *wanted) {
        _cleanup_(pam_stack_done) PamStack s = {};
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(pam_stack_read(dirs, service, "session", &s), 0);
        text = as_text(&s);
        assert_string_equal(text, wanted);
}

static void test_lines(void **state) {
        (void) state;
        write_file(first, "plain",
                   "# session required pam_no.so\n"
                   "auth required pam_unix.so\n"
                   "session required pam_unix.so\n"
                   "  SESSION\t[success=1 default=ignore]\t/lib/security/pam_limits.so  a=b c # no\n"
                   "-session optional pam_systemd.so\n"
                   "session required\\\n pam_env.so\\\n x\n"
                   "session required\n"
                   "session required pam_last.so");
        assert_stack("plain", "required pam_unix; [success=1 default=ignore] pam_limits a=b c; "
                              "-optional pam_systemd; required pam_env x; required pam_last");
}

static void test_place(void **state) {
        _cleanup_(pam_stack_done) PamStack s = {};

        (void) state;
        write_file(first, "where", "\nsession required\\\n pam_a.so\nsession required pam_b.so\n");
        assert_int_equal(pam_stack_read(dirs, "where", "session", &s), 0);
        assert_int_equal(s.n_lines, 2);
        assert_int_equal(s.lines[0].line, 2);
        assert_int_equal(s.lines[1].line, 4);
        assert_true(strcmp(s.lines[1].file + strlen(s.lines[1].file) - 6, "/where") == 0);
}

static void test_type(void **state) {
        _cleanup_(pam_stack_done) PamStack s = {};

        (void) state;
        write_file(first, "types", "session required pam_a.so\naccount required pam_b.so\n@include more\n");
        write_file(first, "more", "account required pam_c.so\nauth required pam_d.so\n");
        assert_int_equal(pam_stack_read(dirs, "types", "account", &s), 0);
        assert_int_equal(s.n_lines, 2);
        assert_string_equal(s.lines[0].module, "pam_b");
        assert_string_equal(s.lines[1].module, "pam_c");
}

static void test_includes(void **state) {
        (void) state;
        write_file(second, "common", "auth required pam_x.so\nsession required pam_c.so\n");
        write_file(first, "su", "@include common\nsession required pam_su.so\n");
        write_file(first, "su-l", "auth include su\nsession substack su\nsession required pam_l.so\n");
        write_file(first, "auth-only", "auth include common\n");
        assert_stack("su", "required pam_c; required pam_su");
        assert_stack("su-l", "required pam_c; required pam_su; required pam_l");
        assert_stack("auth-only", "");
}

static void test_order(void **state) {
        (void) state;
        write_file(first, "both", "session required pam_first.so\n");
        write_file(second, "both", "session required pam_second.so\n");
        assert_stack("both", "required pam_first");
}

static void test_errors(void **state) {
        PamStack s;

        (void) state;
        write_file(first, "dangling", "session include nowhere\n");
        write_file(first, "loop", "session include loop\n");
        assert_int_equal(pam_stack_read(dirs, "absent", "session", &s), -ENOENT);
        assert_int_equal(pam_stack_read(dirs, "dangling", "session", &s), -ENOENT);
        assert_int_equal(pam_stack_read(dirs, "loop", "session", &s), -ELOOP);
}

static void test_list(void **state) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(freep) char *text = NULL;

        (void) state;
        write_file(first, "su.dpkg-old", "");
        write_file(first, "su~", "");
        assert_int_equal(pam_stack_list(dirs, &names), 0);
        text = strv_join(names, " ");
        assert_string_equal(text, "auth-only both common dangling loop more plain su su-l types where");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines), cmocka_unit_test(test_place), cmocka_unit_test(test_type),  cmocka_unit_test(test_includes),
                cmocka_unit_test(test_order), cmocka_unit_test(test_errors), cmocka_unit_test(test_list),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, make_dirs, remove_dirs);
}
