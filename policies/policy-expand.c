/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "policies/policy.h"

#define EXPANSION_MAX 255 /* of one %-letter: NAME_MAX */
#define EXPANDED_MAX 4095

bool policy_expand_valid(const char *text) {
        for (const char *p = strchr(text, '%'); p; p = strchr(p + 2, '%'))
                if (!p[1] || !strchr("uUgHs%", p[1]))
                        return false;
        return true;
}

/* A value that somebody else chose, on its way into a path or a name. */
static bool value_is_safe(const char *v) {
        size_t n = v ? strlen(v) : 0;

        if (n == 0 || n > EXPANSION_MAX || *v == '-' || strstr(v, "..") || strcmp(v, ".") == 0)
                return false;
        for (; *v; v++)
                if (*v == '/' || (unsigned char) *v < 0x20 || *v == 0x7f)
                        return false;
        return true;
}

/* The value of one letter: borrowed, or printed into `number`. NULL: no such letter or value. */
static const char *letter_value(char letter, const MatchSubject *s, const char *host,
                                char number[static 16]) {
        switch (letter) {
        case 'u':
                return s->user;
        case 'U':
                (void) snprintf(number, 16, "%u", s->uid);
                return number;
        case 'g':
                if (s->group)
                        return s->group;
                (void) snprintf(number, 16, "%u", s->gid);
                return number;
        case 'H':
                return host;
        case 's':
                return s->service;
        default:
                return NULL;
        }
}

int policy_expand(const char *text, const MatchSubject *subject, const char *host, char **ret) {
        _cleanup_(freep) char *out = NULL;
        size_t n = 0;

        out = malloc(EXPANDED_MAX + 1);
        if (!out)
                return -ENOMEM;

        for (const char *p = text; *p; p++) {
                char literal[2] = { *p, '\0' }, number[16];
                const char *value = literal;

                if (*p == '%') {
                        p++;
                        if (*p != '%') {
                                value = letter_value(*p, subject, host, number);
                                if (!value_is_safe(value))
                                        return -EINVAL;
                        }
                }
                if (n + strlen(value) > EXPANDED_MAX)
                        return -EINVAL;
                n += (size_t) (stpcpy(out + n, value) - (out + n));
        }
        out[n] = '\0';
        *ret = TAKE_PTR(out);
        return 0;
}

int policy_expand_words(char *const *words, const MatchSubject *subject, const char *host, char ***ret) {
        int r = 0;

        for (; r >= 0 && words && *words; words++) {
                _cleanup_(freep) char *word = NULL;

                r = policy_expand(*words, subject, host, &word);
                if (r >= 0)
                        r = strv_extend(ret, word);
        }
        return r;
}

static size_t colons(const char *text) {
        size_t n = 0;

        for (; *text; text++)
                n += *text == ':';
        return n;
}

int policy_filesystem_expand(const PolicyFilesystem *f, const MatchSubject *subject, const char *host,
                             PolicyFilesystem *ret) {
        int r = 0;

        *ret = *f;
        ret->root_directory = NULL;
        memset(ret->paths, 0, sizeof(ret->paths));
        if (f->root_directory)
                r = policy_expand(f->root_directory, subject, host, &ret->root_directory);
        for (int k = 0; r >= 0 && k < _PATHS_KIND_MAX; k++) {
                r = policy_expand_words(f->paths[k], subject, host, &ret->paths[k]);
                for (size_t i = 0; r >= 0 && ret->paths[k] && ret->paths[k][i]; i++)
                        if (colons(ret->paths[k][i]) != colons(f->paths[k][i]))
                                r = -EINVAL;
        }
        return r;
}

static bool words_want_group(char *const *words) {
        for (; words && *words; words++)
                if (strstr(*words, "%g"))
                        return true;
        return false;
}

bool policy_wants_group(const Policy *p) {
        const PolicyFilesystem *f = &p->filesystem;

        for (int k = 0; k < _PATHS_KIND_MAX; k++)
                if (words_want_group(f->paths[k]))
                        return true;
        return (p->hostname && strstr(p->hostname, "%g")) || words_want_group(p->process.environment) ||
                (f->root_directory && strstr(f->root_directory, "%g"));
}
