/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/drop-in.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/fd.h"
#include "base/memstream.h"
#include "base/strv.h"
#include "policies/policy-keys.h"

#define FILE_NAME "50-set-property.ini"
#define HEADER "# Written by confinectl set-property. Remove the file to forget what was set.\n"

static size_t key_length(const char *assignment) {
        return strcspn(assignment, "=");
}

/* The first of `assignments` to the same key, or NULL. */
static const char *find_key(char *const *assignments, const char *line) {
        size_t n = key_length(line);

        for (size_t i = 0; assignments && assignments[i]; i++)
                if (key_length(assignments[i]) == n && strncmp(assignments[i], line, n) == 0)
                        return assignments[i];
        return NULL;
}

static const PolicyKey *key_of(const char *assignment) {
        char name[64];

        (void) snprintf(name, sizeof(name), "%.*s", (int) key_length(assignment), assignment);
        return policy_key_find(policy_key_live_section(name), name);
}

/* A pair of words on each line: all together may be longer than a line can be. */
static int print_list(FILE *f, const PolicyKey *k, const Policy *p) {
        _cleanup_(freep) char *lines = k->format(k, p);
        char *save = NULL;

        if (!lines)
                return -ENOMEM;
        fprintf(f, "%s=\n", k->name);
        for (char *word = strtok_r(lines, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
                char *second = strtok_r(NULL, " \n", &save);

                fprintf(f, "%s=%s %s\n", k->name, word, second ?: "");
        }
        return 0;
}

static void begin_section(FILE *f, const char *section, bool *begun) {
        if (!*begun)
                fprintf(f, "[%s]\n", section);
        *begun = true;
}

/* Old lines whose key is not set anew, then the new ones. */
static int print_section(FILE *f, const char *section, const char *old, const Policy *p, char *const *assignments) {
        bool begun = false;
        int r = 0;

        for (const char *line = old; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                const PolicyKey *k = key_of(line);

                if (!k || strcmp(k->section, section) != 0 || find_key(assignments, line))
                        continue;
                begin_section(f, section, &begun);
                fprintf(f, "%.*s\n", (int) strcspn(line, "\n"), line);
        }
        for (size_t i = 0; assignments && assignments[i] && r >= 0; i++) {
                const PolicyKey *k = key_of(assignments[i]);

                if (!k || strcmp(k->section, section) != 0)
                        continue;
                begin_section(f, section, &begun);
                if (!k->list)
                        fprintf(f, "%s\n", assignments[i]);
                else if (find_key(assignments, assignments[i]) == assignments[i])
                        r = print_list(f, k, p);
        }
        return r;
}

static char *compose(const char *old, const Policy *p, char *const *assignments) {
        char *text = NULL;
        size_t size;
        FILE *f = memstream_open(&text, &size);
        int r;

        if (!f)
                return NULL;
        fputs(HEADER, f);
        r = print_section(f, "Resources", old, p, assignments);
        if (r >= 0)
                r = print_section(f, "Network", old, p, assignments);
        text = memstream_finish(f, &text);
        if (r < 0) {
                free(text);
                return NULL;
        }
        return text;
}

int drop_in_write(const char *config_dir, const Policy *p, char *const *assignments) {
        _cleanup_(freep) char *dir = NULL, *old = NULL, *text = NULL;
        _cleanup_(close_fdp) int dir_fd = -EBADF;
        ssize_t n;
        int r;

        if (asprintf(&dir, "%s/policies/%s.ini.d", config_dir, p->name) < 0)
                return -ENOMEM;
        r = fd_mkdir_parents_at(AT_FDCWD, dir, 0755);
        if (r < 0)
                return r;
        dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return -errno;
        n = fd_read_file_at(dir_fd, FILE_NAME, 1 << 20, &old);
        if (n < 0 && n != -ENOENT)
                return (int) n;
        text = compose(old, p, assignments);
        if (!text)
                return -ENOMEM;
        return fd_replace_file_at(dir_fd, FILE_NAME, text, 0644, true);
}
