/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/fd.h"
#include "tools/verbs.h"

#define ARGS_MAX 12

static int parse(const char *line, CommandLine *ret, char **ret_message) {
        static char *argv[ARGS_MAX + 1];
        static char copy[256];
        int argc = 0;

        (void) snprintf(copy, sizeof(copy), "confinectl %s", line);
        for (char *save = NULL, *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
                argv[argc++] = word;
        argv[argc] = NULL;
        return command_line_parse(argc, argv, ret, ret_message);
}

static void test_accepted(void **state) {
        static const struct {
                const char *line, *verb, *arguments;
        } table[] = {
                { "list", "list", "" },
                { "--no-legend list -q", "list", "" },
                { "status alice --json=short", "status", "alice" },
                { "set-property alice TasksMax=3 --runtime MemoryMax=1G", "set-property",
                  "alice TasksMax=3 MemoryMax=1G" },
                { "show -p Id c1 --value", "show", "c1" },
                { "kill -s KILL c1", "kill", "c1" },
                { "run --policy p ls -l --pty", "run", "ls -l --pty" },
                { "run --policy p -- ls -- -l", "run", "ls -- -l" },
                { "--policy p run -- -x", "run", "-x" },
                { "shell c1 --user u", "shell", "c1" },
                { "shell c1 ls -l", "shell", "c1 ls -l" },
                { "shell -- c1", "shell", "c1" },
                { "cat -- -odd", "cat", "-odd" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *message = NULL, *joined = NULL;
                CommandLine c;

                assert_int_equal(parse(table[i].line, &c, &message), 0);
                assert_string_equal(c.verb->name, table[i].verb);
                joined = strv_join((char **) c.arguments, " ");
                assert_string_equal(joined ?: "", table[i].arguments);
                command_line_done(&c);
        }
}

static void test_refused(void **state) {
        static const struct {
                const char *line, *message;
        } table[] = {
                { "", "The command line has no verb: see confinectl --help" },
                { "lst", "Unknown verb \"lst\": see confinectl --help" },
                { "list x", "Too many arguments for list, from \"x\" on: see confinectl list --help" },
                { "freeze", "freeze needs CELL|USER|SESSION|POLICY: see confinectl freeze --help" },
                { "list --wrong", "Unknown option \"--wrong\": see confinectl --help" },
                { "list --policy x", "Option --policy does not apply to list: see confinectl list --help" },
                { "list --json=xml", "Option --json takes short|pretty|off, not \"xml\"" },
                { "kill c1 -s", "Option -s needs a value: see confinectl --help" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *message = NULL;
                CommandLine c;

                assert_int_equal(parse(table[i].line, &c, &message), -EINVAL);
                assert_string_equal(message, table[i].message);
        }
}

static void test_options(void **state) {
        _cleanup_(freep) char *message = NULL;
        CommandLine c;

        (void) state;
        assert_int_equal(parse("run --pty --user u --policy p --json=pretty true --user v", &c, &message), 0);
        assert_true(c.options.pty);
        assert_string_equal(c.options.user, "u");
        assert_string_equal(c.options.policy, "p");
        assert_int_equal(c.options.json, JSON_MODE_PRETTY);
        assert_string_equal(c.options.runtime_dir, "/run/confine");
        command_line_done(&c);
        assert_int_equal(parse("show -p A --property B", &c, &message), 0);
        assert_string_equal(c.options.properties[0], "A");
        assert_string_equal(c.options.properties[1], "B");
        command_line_done(&c);
}

static char *read_text(const char *path) {
        char *text = NULL;

        assert_true(fd_read_file_at(AT_FDCWD, path, 1 << 20, &text) > 0);
        return text;
}

static void assert_has(const char *text, const char *before, const char *word) {
        char line[128];

        (void) snprintf(line, sizeof(line), "%s%s", before, word);
        if (!strstr(text, line))
                fail_msg("\"%s\" is missing", line);
}

static void test_man_page(void **state) {
        _cleanup_(freep) char *text = read_text("docs/confinectl.1");

        (void) state;
        for (size_t i = 0; i < n_verbs; i++)
                assert_has(text, "\n.It Cm ", verbs[i].name);
        for (size_t i = 0; i < n_options; i++)
                assert_has(text, "Fl -", options[i].name);
}

static void test_completion(void **state) {
        _cleanup_(freep) char *text = read_text("completions/confinectl");

        (void) state;
        for (size_t i = 0; i < n_verbs; i++)
                assert_has(text, "", verbs[i].name);
        for (size_t i = 0; i < n_options; i++)
                assert_has(text, "--", options[i].name);
}

static void test_help(void **state) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        (void) state;
        verbs_help(NULL, f);
        for (size_t i = 0; i < n_verbs; i++)
                verbs_help(&verbs[i], f);
        assert_int_equal(fclose(f), 0);
        for (size_t i = 0; i < n_verbs; i++)
                assert_has(text, "\n  ", verbs[i].name);
        for (size_t i = 0; i < n_options; i++)
                assert_has(text, "--", options[i].name);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),
                cmocka_unit_test(test_options), cmocka_unit_test(test_man_page),
                cmocka_unit_test(test_completion), cmocka_unit_test(test_help),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
