/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* We read only lines of the wanted type. "@include" takes all lines of a file, "session include" and "session
 * substack" only those of that type; for us both are the same. */

#include "tools/pam-stack.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/fd.h"

#define FILE_MAX (1 << 20)
#define DEPTH_MAX 16 /* ends loops; libpam permits 32 substacks */

void pam_stack_done(PamStack *s) {
        for (size_t i = 0; i < s->n_lines; i++) {
                free(s->lines[i].file);
                free(s->lines[i].control);
                free(s->lines[i].module);
                free(s->lines[i].arguments);
        }
        free(s->lines);
        *s = (PamStack) {};
}

static char *find_file(char *const *dirs, const char *name) {
        for (size_t i = 0; dirs[i]; i++) {
                char *path;

                if (*name == '/' ? asprintf(&path, "%s", name) < 0 : asprintf(&path, "%s/%s", dirs[i], name) < 0)
                        return NULL;
                if (access(path, F_OK) >= 0)
                        return path;
                free(path);
        }
        return NULL;
}

/* The next word of *p, or the next text in brackets; NULL: no more. Writes into the text. */
static char *next_word(char **p) {
        char *start = *p + strspn(*p, " \t"), *end;

        if (!*start)
                return NULL;
        if (*start == '[') {
                end = strchr(start, ']');
                end = end ? end + 1 : start + strlen(start);
        } else
                end = start + strcspn(start, " \t");
        *p = *end ? end + 1 : end;
        *end = '\0';
        return start;
}

static int read_file(char *const *dirs, const char *name, const char *wanted, unsigned depth, PamStack *s);

static int add_line(PamStack *s, const char *file, unsigned number, bool may_be_absent, const char *control,
                    const char *module, const char *arguments) {
        const char *base = strrchr(module, '/');
        PamLine *grown = reallocarray(s->lines, s->n_lines + 1, sizeof(PamLine)), *l;
        size_t n;

        if (!grown)
                return -ENOMEM;
        s->lines = grown;
        l = &s->lines[s->n_lines++];
        base = base ? base + 1 : module;
        n = strlen(base);
        if (n > 3 && strcmp(base + n - 3, ".so") == 0)
                n -= 3;
        *l = (PamLine) { .file = strdup(file), .line = number, .may_be_absent = may_be_absent,
                         .control = strdup(control), .module = strndup(base, n),
                         .arguments = strdup(arguments) };
        return l->file && l->control && l->module && l->arguments ? 0 : -ENOMEM;
}

static int read_line(char *const *dirs, const char *path, unsigned number, char *text, const char *wanted,
                     unsigned depth, PamStack *s) {
        const char *type, *control, *module;
        bool may_be_absent;

        text[strcspn(text, "#")] = '\0';
        for (size_t n = strlen(text); n > 0 && isspace((unsigned char) text[n - 1]); n--)
                text[n - 1] = '\0';
        type = next_word(&text);
        if (!type)
                return 0;
        if (strcasecmp(type, "@include") == 0) {
                module = next_word(&text);
                return module ? read_file(dirs, module, wanted, depth + 1, s) : 0;
        }
        may_be_absent = *type == '-';
        if (strcasecmp(type + may_be_absent, wanted) != 0)
                return 0;
        control = next_word(&text);
        module = control ? next_word(&text) : NULL;
        if (!module)
                return 0;
        if (strcasecmp(control, "include") == 0 || strcasecmp(control, "substack") == 0)
                return read_file(dirs, module, wanted, depth + 1, s);
        return add_line(s, path, number, may_be_absent, control, module, text + strspn(text, " \t"));
}

/* A backslash at the end of a line joins it to the next line. */
static int read_file(char *const *dirs, const char *name, const char *wanted, unsigned depth, PamStack *s) {
        _cleanup_(freep) char *path = find_file(dirs, name), *text = NULL;
        unsigned number = 0;
        ssize_t n;
        int r = 0;

        if (!path)
                return -ENOENT;
        if (depth > DEPTH_MAX)
                return -ELOOP;
        n = fd_read_file_at(AT_FDCWD, path, FILE_MAX, &text);
        if (n < 0)
                return (int) n;
        for (char *line = text; line && *line && r >= 0;) {
                unsigned first = ++number;
                char *end = strchr(line, '\n');

                while (end && end > line && end[-1] == '\\') {
                        end[-1] = end[0] = ' ';
                        end = strchr(end, '\n');
                        number++;
                }
                if (end)
                        *end = '\0';
                r = read_line(dirs, path, first, line, wanted, depth, s);
                line = end ? end + 1 : NULL;
        }
        return r;
}

int pam_stack_read(char *const *dirs, const char *service, const char *type, PamStack *ret) {
        _cleanup_(pam_stack_done) PamStack s = {};
        int r = read_file(dirs, service, type, 0, &s);

        if (r < 0)
                return r;
        *ret = s;
        s = (PamStack) {};
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int pam_stack_list(char *const *dirs, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;

        for (size_t i = 0; dirs[i]; i++) {
                _cleanup_(closedirp) DIR *d = opendir(dirs[i]);
                struct dirent *e;

                while (d && (e = readdir(d))) {
                        size_t n = strlen(e->d_name);
                        struct stat st;

                        if (e->d_name[0] == '.' || e->d_name[n - 1] == '~' || strchr(e->d_name, '.') ||
                            fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode) ||
                            strv_has(names, e->d_name))
                                continue; /* files that editors and dpkg leave behind have a dot in their names */
                        if (strv_extend(&names, e->d_name) < 0)
                                return -ENOMEM;
                }
        }
        if (names)
                qsort(names, strv_length(names), sizeof(char *), compare);
        *ret = TAKE_PTR(names);
        return 0;
}
