/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"

#include <string.h>

size_t strv_length(char *const *v) {
        size_t n = 0;

        for (; v && v[n];)
                n++;
        return n;
}

char **strv_free(char **v) {
        for (size_t i = 0; v && v[i]; i++)
                free(v[i]);
        free(v);
        return NULL;
}

int strv_extend_n(char ***v, const char *text, size_t n) {
        size_t length = strv_length(*v);
        char **grown, *copy;

        copy = strndup(text, n);
        if (!copy)
                return -ENOMEM;
        grown = reallocarray(*v, length + 2, sizeof(char *));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[length] = copy;
        grown[length + 1] = NULL;
        *v = grown;
        return 0;
}

int strv_extend(char ***v, const char *text) {
        return strv_extend_n(v, text, strlen(text));
}

int strv_extend_all(char ***v, char *const *more) {
        int r = 0;

        for (; r >= 0 && more && *more; more++)
                r = strv_extend(v, *more);
        return r;
}

int strv_split(const char *text, char ***ret) {
        _cleanup_(strv_freep) char **v = NULL;

        for (;;) {
                size_t n;
                int r;

                text += strspn(text, " \t");
                n = strcspn(text, " \t");
                if (n == 0)
                        break;
                r = strv_extend_n(&v, text, n);
                if (r < 0)
                        return r;
                text += n;
        }
        *ret = TAKE_PTR(v);
        return 0;
}

char *strv_join(char *const *v, const char *separator) {
        size_t size = 1;
        char *joined, *p;

        for (size_t i = 0; v && v[i]; i++)
                size += strlen(v[i]) + strlen(separator);
        joined = malloc(size);
        if (!joined)
                return NULL;
        p = joined;
        *p = '\0';
        for (size_t i = 0; v && v[i]; i++)
                p = stpcpy(i ? stpcpy(p, separator) : p, v[i]);
        return joined;
}

bool strv_has(char *const *v, const char *text) {
        for (size_t i = 0; v && v[i]; i++)
                if (strcmp(v[i], text) == 0)
                        return true;
        return false;
}
