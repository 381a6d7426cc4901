/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/drop-in.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "policies/policy-keys.h"

#define FILE_NAME "50-set-property.ini"
#define HEADER "# Written by confinectl set-property. Remove the file to forget what was set.\n"

static size_t key_length(const char *assignment) {
        return strcspn(assignment, "=");
}

static bool is_set_anew(const char *line, char *const *assignments) {
        size_t n = key_length(line);

        for (size_t i = 0; assignments && assignments[i]; i++)
                if (key_length(assignments[i]) == n && strncmp(assignments[i], line, n) == 0)
                        return true;
        return false;
}

static bool is_of_section(const char *assignment, const char *section) {
        char key[64];

        (void) snprintf(key, sizeof(key), "%.*s", (int) key_length(assignment), assignment);
        return strcmp(policy_key_live_section(key), section) == 0;
}

/* Old lines whose key is not set anew, then the new ones. */
static void print_section(FILE *f, const char *section, const char *old, char *const *assignments) {
        bool begun = false;

        for (const char *line = old; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (*line == '\n' || *line == '#' || *line == '[' || is_set_anew(line, assignments) ||
                    !is_of_section(line, section))
                        continue;
                fprintf(f, "%s%s%s%.*s\n", begun ? "" : "[", begun ? "" : section, begun ? "" : "]\n",
                        (int) strcspn(line, "\n"), line);
                begun = true;
        }
        for (size_t i = 0; assignments && assignments[i]; i++) {
                if (!is_of_section(assignments[i], section))
                        continue;
                fprintf(f, "%s%s%s%s\n", begun ? "" : "[", begun ? "" : section, begun ? "" : "]\n",
                        assignments[i]);
                begun = true;
        }
}

static char *compose(const char *old, char *const *assignments) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        fputs(HEADER, f);
        print_section(f, "Resources", old, assignments);
        print_section(f, "Network", old, assignments);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

int drop_in_write(const char *config_dir, const char *policy, char *const *assignments) {
        _cleanup_(freep) char *dir = NULL, *old = NULL, *text = NULL;
        _cleanup_(close_fdp) int dir_fd = -EBADF;
        ssize_t n;
        int r;

        if (asprintf(&dir, "%s/policies/%s.ini.d", config_dir, policy) < 0)
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
        text = compose(old, assignments);
        if (!text)
                return -ENOMEM;
        return fd_replace_file_at(dir_fd, FILE_NAME, text, 0644, true);
}
