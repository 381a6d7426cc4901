/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manual pages and the table of keys. Every key has one entry (".It Sy Key Ns = ...") below the
 * heading of its section, in one page; confine.directives(7), which is made of both, is up to date.
 * With --write the program writes that page: make directives. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/policy-keys.h"

#define INDEX "docs/confine.directives.7"

static const char *const pages[] = { "policy", "resources", "network", "sandbox" };

#define HEADING_END "] SECTION\n"

static const char head[] =
        ".\\\" SPDX-License-Identifier: LGPL-2.1-or-later\n"
        ".\\\" Written by make directives from the table of keys and the other pages.\n"
        ".Dd November 25, 2026\n"
        ".Dt CONFINE.DIRECTIVES 7\n"
        ".Os\n"
        ".Sh NAME\n"
        ".Nm confine.directives\n"
        ".Nd index of the keys of policies\n"
        ".Sh DESCRIPTION\n"
        "Every key that a policy can have, the sections that it can stand in, and the manual page that\n"
        "describes it there.\n"
        ".Sh KEYS\n"
        ".Bl -column \"SystemCallArchitectures=\" \"[PolicyResources]\" \"confine.resources(5)\"\n";

static const char tail[] =
        ".El\n"
        ".Sh SEE ALSO\n"
        ".Xr confinectl 1 ,\n"
        ".Xr confine.network 5 ,\n"
        ".Xr confine.policy 5 ,\n"
        ".Xr confine.resources 5 ,\n"
        ".Xr confine.sandbox 5 ,\n"
        ".Xr confined 8\n";

/* From the top of the tree. Empty if there is no such file. */
static char *read_text(const char *path) {
        FILE *f = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;

        if (!f || getdelim(&text, &size, '\0', f) <= 0) {
                free(text);
                text = strdup("");
        }
        if (f)
                assert_int_equal(fclose(f), 0);
        assert_non_null(text);
        return text;
}

/* One heading serves the three sections with the same keys. */
static const char *section_of_heading(const char *section) {
        if (strcmp(section, "UserResources") == 0 || strcmp(section, "PolicyResources") == 0)
                return "Resources";
        return section;
}

/* How many entries of a key are below the section's headings in this page. */
static size_t count_entries(const char *text, const char *section, const char *name) {
        char heading[64], item[64];
        size_t n = 0;

        (void) snprintf(heading, sizeof(heading), "\n.Sh [%s" HEADING_END, section);
        (void) snprintf(item, sizeof(item), "\n.It Sy %s Ns ", name);
        for (const char *start = strcasestr(text, heading); start; start = strcasestr(start + 1, heading)) {
                const char *end = strstr(start + strlen(heading) - 1, "\n.Sh ");

                for (const char *at = strstr(start, item); at && (!end || at < end); at = strstr(at + 1, item))
                        n++;
        }
        return n;
}

/* The page that has the key's entry, and in *ret_count how many entries there are in all of them. */
static const char *find_page(const PolicyKey *k, size_t *ret_count) {
        const char *found = NULL;

        *ret_count = 0;
        for (size_t i = 0; i < ELEMENTSOF(pages); i++) {
                _cleanup_(freep) char *text = NULL;
                char path[64];
                size_t n;

                (void) snprintf(path, sizeof(path), "docs/confine.%s.5", pages[i]);
                text = read_text(path);
                n = count_entries(text, section_of_heading(k->section), k->name);
                *ret_count += n;
                if (n)
                        found = pages[i];
        }
        return found;
}

static void test_each_key_is_in_one_page(void **state) {
        (void) state;
        for (size_t i = 0; i < n_policy_keys; i++) {
                size_t n;

                (void) find_page(&policy_keys[i], &n);
                if (policy_keys[i].parse && n != 1)
                        fail_msg("[%s] %s= has %zu entries in the manual pages, not one",
                                 policy_keys[i].section, policy_keys[i].name, n);
        }
}

/* Whether this version has a key of this name in a section with this heading. */
static bool key_is_delivered(const char *section, const char *name) {
        for (size_t i = 0; i < n_policy_keys; i++)
                if (policy_keys[i].parse &&
                    strcasecmp(section_of_heading(policy_keys[i].section), section) == 0 &&
                    strcmp(policy_keys[i].name, name) == 0)
                        return true;
        return false;
}

/* An entry below a heading of a section is that of a key. Returns how many there are. */
static size_t check_entries(const char *page) {
        _cleanup_(freep) char *text = NULL;
        char path[64], section[32] = "", name[64], *save = NULL;
        size_t n = 0;

        (void) snprintf(path, sizeof(path), "docs/confine.%s.5", page);
        text = read_text(path);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                if (strncmp(line, ".Sh ", 4) == 0) {
                        if (sscanf(line, ".Sh [%31[A-Z]] SECTION", section) != 1)
                                section[0] = 0;
                        continue;
                }
                if (!section[0] || sscanf(line, ".It Sy %63[A-Za-z] Ns =", name) != 1)
                        continue;
                if (!key_is_delivered(section, name))
                        fail_msg("%s describes %s= in [%s], which is not a key", path, name, section);
                n++;
        }
        return n;
}

static void test_each_entry_is_a_key(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(pages); i++)
                assert_true(check_entries(pages[i]) > 0);
}

static int compare_keys(const void *a, const void *b) {
        const PolicyKey *const *x = a, *const *y = b;
        int r = strcasecmp((*x)->name, (*y)->name);

        if (r == 0) /* as in the table */
                r = *x < *y ? -1 : *x > *y;
        return r;
}

static void write_index(FILE *f) {
        const PolicyKey **sorted = calloc(n_policy_keys, sizeof(*sorted));

        assert_non_null(sorted);
        for (size_t i = 0; i < n_policy_keys; i++)
                sorted[i] = &policy_keys[i];
        qsort(sorted, n_policy_keys, sizeof(*sorted), compare_keys);
        (void) fputs(head, f);
        for (size_t i = 0; i < n_policy_keys; i++) {
                bool again = i > 0 && sorted[i - 1]->parse && strcmp(sorted[i - 1]->name, sorted[i]->name) == 0;
                size_t n;
                const char *page;

                if (!sorted[i]->parse)
                        continue;
                page = find_page(sorted[i], &n);
                if (again)
                        (void) fprintf(f, ".It \"\" Ta [%s] Ta Xr confine.%s 5\n", sorted[i]->section, page ? page : "?");
                else
                        (void) fprintf(f, ".It Sy %s= Ta [%s] Ta Xr confine.%s 5\n", sorted[i]->name,
                                       sorted[i]->section, page ? page : "?");
        }
        (void) fputs(tail, f);
        free(sorted);
}

static void test_index(void **state) {
        _cleanup_(freep) char *text = NULL, *page = read_text(INDEX);
        size_t size;
        FILE *f = open_memstream(&text, &size);

        (void) state;
        assert_non_null(f);
        write_index(f);
        assert_int_equal(fclose(f), 0);
        if (strcmp(text, page) != 0)
                fail_msg(INDEX " is out of date: make directives");
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_key_is_in_one_page),
                cmocka_unit_test(test_each_entry_is_a_key),
                cmocka_unit_test(test_index),
        };

        if (argc > 1 && strcmp(argv[1], "--write") == 0) {
                FILE *f = fopen(INDEX, "we");

                if (!f)
                        return EXIT_FAILURE;
                write_index(f);
                return fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
