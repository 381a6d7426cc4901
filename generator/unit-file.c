/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of [Resources], [Filesystem] and [Process] have systemd's names and syntax, except that systemd wants one
 * line for each item of a list that we print in one line. Keys with their default value stay out of the drop-in, so
 * the unit decides about them. */

#include "generator/unit-file.h"

#include <string.h>

#include "policies/policy-keys.h"

#define HEADER "# Made by confine-generator from policy %s: see confine.policy(5).\n"

/* Doubles each %, because systemd expands specifiers in the value. */
static void print_plain(FILE *f, const char *text) {
        for (; *text; text++)
                fputs(*text == '%' ? "%%" : (const char[]) { *text, '\0' }, f);
}

/* Rejects quotes and backslashes, because systemd would remove them. */
static int print_path(FILE *f, const char *path) {
        if (strpbrk(path, "\"'\\"))
                return -EINVAL;
        print_plain(f, path);
        return 0;
}

/* Prints "A x B y" as two lines. */
static int print_pairs(FILE *f, const char *key, const char *value) {
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = strv_split(value, &words);
        for (size_t i = 0; r >= 0 && words && words[i] && words[i + 1]; i += 2) {
                fprintf(f, "%s=", key);
                r = print_path(f, words[i]);
                fprintf(f, " %s\n", words[i + 1]);
        }
        return r;
}

/* Prints a value line by line. Lists already have quotes where systemd removes some. Rejects a backslash at the end of
 * a line, because it would join the line to the next one. */
static int print_value(FILE *f, const char *key, const char *value) {
        for (;; value++) {
                size_t n = strcspn(value, "\n");
                _cleanup_(freep) char *line = strndup(value, n);

                if (!line)
                        return -ENOMEM;
                if (n > 0 && line[n - 1] == '\\')
                        return -EINVAL;
                fprintf(f, "%s=", key);
                print_plain(f, line);
                fputc('\n', f);
                value += n;
                if (!*value)
                        return 0;
        }
}

static int print_environment(FILE *f, char *const *variables) {
        for (; variables && *variables; variables++) {
                fputs("Environment=\"", f);
                for (const char *s = *variables; *s; s++) {
                        if (*s == '%' && s[1] == '%') /* stands for one % for us and for systemd */
                                s++;
                        fprintf(f, "%s%c", *s == '"' || *s == '\\' ? "\\" : *s == '%' ? "%" : "", *s);
                }
                fputs("\"\n", f);
        }
        return 0;
}

/* Translates values that systemd writes differently: PrivateTmp= has only the values of systemd 252, and an empty
 * CapabilityBoundingSet= means no capability. */
static int print_key(FILE *f, const Policy *p, const PolicyKey *k, const char *value) {
        if (strcmp(k->name, "PrivateTmp") == 0)
                return p->filesystem.private_tmp ? print_value(f, k->name, "yes") : 0;
        if (strcmp(k->name, "CapabilityBoundingSet") == 0 && strcmp(value, "none") == 0)
                return print_value(f, k->name, "");
        if (strcmp(k->name, "Environment") == 0)
                return print_environment(f, p->process.environment);
        if (strcmp(k->section, "Resources") != 0)
                return print_value(f, k->name, value);
        if (k->list)
                return print_pairs(f, k->name, value);
        fprintf(f, "%s=%s\n", k->name, value);
        return 0;
}

static int print_section(FILE *f, const Policy *p, const char *section) {
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];
                _cleanup_(freep) char *value = NULL, *unset = NULL;
                int r;

                if (strcmp(k->section, section) != 0 || !k->parse)
                        continue;
                value = k->format(k, p);
                unset = k->format(k, policy_defaults());
                if (!value || !unset)
                        return -ENOMEM;
                /* our default of PrivateTmp= is yes, but systemd's is no */
                if (strcmp(value, unset) == 0 && strcmp(k->name, "PrivateTmp") != 0)
                        continue;
                r = print_key(f, p, k, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The manager makes the namespace before the service starts; without it, the service fails. Wants= and not Requires=,
 * because a stop of the manager must not stop the service. */
int unit_file_print(FILE *f, const Policy *p, const char *unit, const char *runtime_dir) {
        bool routed = p->network_mode == NETWORK_ROUTED;
        int r;

        fprintf(f, HEADER, p->name);
        if (routed)
                fputs("[Unit]\nWants=confined.service\nAfter=confined.service\n\n", f);
        fputs("[Service]\n", f);
        r = print_section(f, p, "Resources");
        if (r >= 0)
                r = print_section(f, p, "Filesystem");
        if (r >= 0)
                r = print_section(f, p, "Process");
        if (r < 0)
                return r;
        if (p->network_mode == NETWORK_NONE)
                fputs("PrivateNetwork=yes\n", f);
        if (routed)
                fprintf(f, "NetworkNamespacePath=%s/" UNIT_FILE_NETNS_DIR "/%s\n", runtime_dir, unit);
        if (routed && p->n_dns > 0)
                fprintf(f, "BindReadOnlyPaths=%s/" UNIT_FILE_RESOLV_DIR "/%s:/etc/resolv.conf\n", runtime_dir,
                        p->name);
        return 0;
}

void unit_file_print_refusal(FILE *f, const char *unit) {
        fprintf(f,
                "# Made by confine-generator. The policy of %s has an error, so the service must not start.\n"
                "# See confinectl verify.\n"
                "[Unit]\n"
                "AssertPathExists=/run/confine/policy-of-this-service-is-broken-see-confinectl-verify\n",
                unit);
}
