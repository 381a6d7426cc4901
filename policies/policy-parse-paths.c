/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Filesystem]: paths, as systemd.exec(5) has them. A list is kept as words that are clean and complete:
 * "SOURCE" of a bind becomes "SOURCE:SOURCE". */

#include <string.h>

#include "policies/policy-parse.h"

#define PATHS_MAX 256

bool policy_path_is_clean(const char *path) {
        if (*path != '/' || strlen(path) >= 4096)
                return false;
        for (const char *s = path; *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        return false;
        for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
                const char *name = s + 1;
                size_t n = strcspn(name, "/");

                if ((n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.'))
                        return false;
        }
        return true;
}

/* Without slashes that say nothing. */
static void simplify(char *path) {
        char *to = path;

        for (const char *from = path; *from; from++)
                if (*from != '/' || (from[1] != '/' && (from[1] || to == path)))
                        *to++ = *from;
        *to = '\0';
}

static int check_path(char *path, char **ret_message) {
        if (!policy_path_is_clean(path))
                return policy_say(ret_message, -EINVAL, "\"%s\" is no absolute path without \".\" and \"..\" (such as "
                                  "/srv/data)", path);
        if (!policy_expand_valid(path))
                return policy_say(ret_message, -EINVAL, "\"%s\" has an unknown %% in it (%%u %%U %%g %%H %%s expand)",
                                  path);
        simplify(path);
        return 0;
}

/* --- TemporaryFileSystem= --- */

static bool is_octal(const char *text) {
        size_t n = strlen(text);

        return n >= 3 && n <= 4 && text[strspn(text, "01234567")] == '\0';
}

static bool option_valid(const char *option) {
        static const char *const flags[] = { "ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev" };
        uint64_t n;
        uid_t uid;

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (strcmp(option, flags[i]) == 0)
                        return true;
        if (strncmp(option, "size=", 5) == 0) {
                if (strchr(option, '%'))
                        return parse_percent(option + 5, PERMYRIAD, &n) >= 0 && n > 0 && n <= 10000;
                return parse_bytes(option + 5, &n) >= 0 && n > 0 && n != LIMIT_NONE;
        }
        if (strncmp(option, "nr_inodes=", 10) == 0)
                return parse_bytes(option + 10, &n) >= 0 && n > 0 && n != LIMIT_NONE;
        if (strncmp(option, "mode=", 5) == 0)
                return is_octal(option + 5);
        if (strncmp(option, "uid=", 4) == 0 || strncmp(option, "gid=", 4) == 0)
                return parse_uid(option + 4, &uid) >= 0 || strcmp(option + 4, "%U") == 0;
        return false;
}

static int check_options(const char *options, char **ret_message) {
        _cleanup_(freep) char *copy = strdup(options);
        char *save = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *o = strtok_r(copy, ",", &save); o; o = strtok_r(NULL, ",", &save))
                if (!option_valid(o))
                        return policy_say(ret_message, -EINVAL, "\"%s\" is no option of a file system in memory (size=, "
                                          "nr_inodes=, mode=, uid=, gid=, ro, noexec)", o);
        return 0;
}

/* --- lists of them --- */

/* "PATH" or "PATH:OPTIONS". */
static int complete_tmpfs(const char *word, char **ret, char **ret_message) {
        _cleanup_(freep) char *path = strdup(word);
        char *options;
        int r;

        if (!path)
                return -ENOMEM;
        options = strchr(path, ':');
        if (options)
                *options++ = '\0';
        r = check_path(path, ret_message);
        if (r >= 0 && strcmp(path, "/") == 0)
                r = policy_say(ret_message, -EINVAL, "over \"/\" there would be nothing left to run");
        if (r >= 0 && options)
                r = check_options(options, ret_message);
        if (r < 0)
                return r;
        return asprintf(ret, "%s%s%s", path, options ? ":" : "", options ?: "") < 0 ? -ENOMEM : 0;
}

/* "[-]SOURCE[:TARGET[:rbind|norbind]]". */
static int complete_bind(const char *word, char **ret, char **ret_message) {
        bool optional = *word == '-';
        _cleanup_(freep) char *source = strdup(word + optional);
        char *target, *options = NULL;
        int r;

        if (!source)
                return -ENOMEM;
        target = strchr(source, ':');
        if (target)
                *target++ = '\0';
        if (target && (options = strchr(target, ':')))
                *options++ = '\0';
        if (options && strcmp(options, "rbind") != 0 && strcmp(options, "norbind") != 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is neither rbind nor norbind", options);
        r = check_path(source, ret_message);
        if (r >= 0 && target)
                r = check_path(target, ret_message);
        if (r >= 0 && strcmp(target ?: source, "/") == 0)
                r = policy_say(ret_message, -EINVAL, "over \"/\" nothing is bound (RootDirectory=)");
        if (r < 0)
                return r;
        return asprintf(ret, "%s%s:%s%s", optional ? "-" : "", source, target ?: source,
                        options && *options == 'n' ? ":norbind" : "") < 0 ? -ENOMEM : 0;
}

/* "[-][+]PATH". */
static int complete_path(const char *word, char **ret, char **ret_message) {
        bool optional = *word == '-';
        _cleanup_(freep) char *path = NULL;
        int r;

        word += optional;
        word += *word == '+'; /* below RootDirectory=, which here all are */
        path = strdup(word);
        if (!path)
                return -ENOMEM;
        r = check_path(path, ret_message);
        if (r < 0)
                return r;
        return asprintf(ret, "%s%s", optional ? "-" : "", path) < 0 ? -ENOMEM : 0;
}

static int complete(PathsKind kind, const char *word, char **ret, char **ret_message) {
        switch (kind) {
        case PATHS_TMPFS:
                return complete_tmpfs(word, ret, ret_message);
        case PATHS_BIND:
        case PATHS_BIND_READ_ONLY:
                return complete_bind(word, ret, ret_message);
        default:
                return complete_path(word, ret, ret_message);
        }
}

int policy_parse_paths(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL, **all = NULL;
        char ***field = FIELD(char **, key, p);
        int r;

        r = policy_split_quoted(value, &words, ret_message);
        if (r >= 0)
                r = strv_extend_all(&all, *field);
        for (size_t i = 0; r >= 0 && words && words[i]; i++) {
                _cleanup_(freep) char *word = NULL;

                r = complete((PathsKind) key->data, words[i], &word, ret_message);
                if (r < 0)
                        word = NULL;
                else if (!strv_has(all, word))
                        r = strv_extend(&all, word);
        }
        if (r < 0)
                return r;
        if (strv_length(all) > PATHS_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u paths", PATHS_MAX);
        strv_free(*field);
        *field = TAKE_PTR(all);
        return 0;
}

void policy_reset_paths(const PolicyKey *key, Policy *p) {
        char ***field = FIELD(char **, key, p);

        *field = strv_free(*field);
}

char *policy_format_paths(const PolicyKey *key, const Policy *p) {
        return strv_join_quoted(*CONST_FIELD(char **, key, p), ':');
}

/* --- RootDirectory= --- */

int policy_parse_root(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(freep) char *path = strdup(value);
        char **field = FIELD(char *, key, p);
        int r;

        if (!path)
                return -ENOMEM;
        r = check_path(path, ret_message);
        if (r < 0)
                return r;
        free(*field);
        *field = strcmp(path, "/") == 0 ? NULL : TAKE_PTR(path);
        return 0;
}

void policy_reset_root(const PolicyKey *key, Policy *p) {
        policy_reset_text(key, p);
}

char *policy_format_root(const PolicyKey *key, const Policy *p) {
        return policy_format_text(key, p);
}
