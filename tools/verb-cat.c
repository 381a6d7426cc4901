/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints the files on disk, even those of a policy that the manager refuses. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "tools/policy-dirs.h"
#include "tools/tool.h"

#define FILE_MAX (1 << 20)

static int print_file(Tool *t, const char *path, bool first) {
        _cleanup_(freep) char *text = NULL, *target = NULL;
        ssize_t n;

        target = realpath(path, NULL);
        fprintf(t->out, "%s%s# %s%s%s\n", first ? "" : "\n", TOOL_BOLD(t), path,
                target && strcmp(target, "/dev/null") == 0 ? " (masked by a link to /dev/null)" : "",
                TOOL_PLAIN(t));
        n = fd_read_file_at(AT_FDCWD, path, FILE_MAX, &text);
        if (n < 0) {
                (void) log_error_errno((int) n, "Cannot read %s: %m", path);
                return EXIT_FAILED;
        }
        fputs(text, t->out);
        if (n > 0 && text[n - 1] != '\n')
                fputc('\n', t->out);
        return 0;
}

static char *find_main(char *const *dirs, const char *name) {
        for (size_t i = 0; dirs[i]; i++) {
                char *path = NULL;

                if (asprintf(&path, "%s/%s.ini", dirs[i], name) < 0)
                        return NULL;
                if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                        return path;
                free(path);
        }
        return NULL;
}

static const char *base_name(const char *path) {
        return strrchr(path, '/') + 1;
}

static int compare(const void *a, const void *b) {
        return strcmp(base_name(*(char *const *) a), base_name(*(char *const *) b));
}

static bool has_name(char *const *paths, const char *name) {
        for (size_t i = 0; paths && paths[i]; i++)
                if (strcmp(base_name(paths[i]), name) == 0)
                        return true;
        return false;
}

static int add_dropins(const char *dir, char ***paths) {
        _cleanup_(closedirp) DIR *d = opendir(dir);
        const struct dirent *e;

        while (d && (e = readdir(d))) {
                _cleanup_(freep) char *path = NULL;
                size_t n = strlen(e->d_name);

                if (n < 5 || e->d_name[0] == '.' || strcmp(e->d_name + n - 4, ".ini") != 0 ||
                    has_name(*paths, e->d_name)) /* a file of this name in an earlier directory replaces it */
                        continue;
                if (asprintf(&path, "%s/%s", dir, e->d_name) < 0 || strv_extend(paths, path) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int find_dropins(char *const *dirs, const char *name, char ***paths) {
        for (size_t i = 0; dirs[i]; i++) {
                _cleanup_(freep) char *dir = NULL;

                if (asprintf(&dir, "%s/%s.ini.d", dirs[i], name) < 0 || add_dropins(dir, paths) < 0)
                        return -ENOMEM;
        }
        if (*paths)
                qsort(*paths, strv_length(*paths), sizeof(char *), compare);
        return 0;
}

static int cat_policy(Tool *t, char *const *dirs, const char *name, bool first) {
        _cleanup_(strv_freep) char **dropins = NULL;
        _cleanup_(freep) char *path = NULL;
        int r;

        path = *name && !strchr(name, '/') ? find_main(dirs, name) : NULL;
        if (!path) {
                log_error("There is no policy \"%s\": see confinectl policies", name);
                return EXIT_NO_SUCH;
        }
        r = find_dropins(dirs, name, &dropins);
        if (r < 0)
                return tool_fail(r, "Cannot find the drop-ins");
        r = print_file(t, path, first);
        for (char **dropin = dropins; dropin && *dropin && r == 0; dropin++)
                r = print_file(t, *dropin, false);
        return r;
}

int verb_cat(Tool *t) {
        _cleanup_(strv_freep) char **dirs = NULL;
        int r, status = 0;

        r = policy_dirs(t->options, NULL, &dirs);
        if (r < 0)
                return tool_fail(r, "Cannot find the policies");
        tool_open_pager(t);
        for (size_t i = 0; i < t->n_arguments; i++) {
                r = cat_policy(t, dirs, t->arguments[i], i == 0);
                status = r != 0 ? r : status;
        }
        return status;
}
