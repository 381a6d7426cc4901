/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"

#include <stdio.h>
#include <string.h>

#include "base/memstream.h"

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

/* The length of the word that begins at `text`, whose content goes to `word`, which has room for it. */
static ssize_t take_word(const char *text, char *word) {
        const char *s = text;
        char quote = '\0';

        for (; *s && (quote || (*s != ' ' && *s != '\t')); s++)
                if (*s == quote)
                        quote = '\0';
                else if (!quote && (*s == '"' || *s == '\''))
                        quote = *s;
                else if (*s == '\\' && quote != '\'' && s[1])
                        *word++ = *++s;
                else
                        *word++ = *s;
        *word = '\0';
        return quote ? -EINVAL : s - text;
}

int strv_split_quoted(const char *text, char ***ret) {
        _cleanup_(freep) char *word = malloc(strlen(text) + 1);
        _cleanup_(strv_freep) char **v = NULL;

        if (!word)
                return -ENOMEM;
        for (;;) {
                ssize_t n;
                int r;

                text += strspn(text, " \t");
                if (!*text)
                        break;
                n = take_word(text, word);
                r = n < 0 ? (int) n : strv_extend(&v, word);
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

static void put_quoted(FILE *f, const char *text, size_t n) {
        bool quote = n == 0;

        for (size_t i = 0; i < n; i++)
                quote = quote || strchr(" \t\"'\\", text[i]);
        fputs(quote ? "\"" : "", f);
        for (size_t i = 0; i < n; i++)
                fprintf(f, "%s%c", text[i] == '"' || text[i] == '\\' ? "\\" : "", text[i]);
        fputs(quote ? "\"" : "", f);
}

char *strv_join_quoted(char *const *v, char separator) {
        char *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; v && v[i]; i++) {
                fputs(i ? " " : "", f);
                for (const char *s = v[i];; s++) {
                        const char *end = separator ? strchrnul(s, separator) : s + strlen(s);

                        put_quoted(f, s, (size_t) (end - s));
                        s = end;
                        if (!*s)
                                break;
                        fputc(*s, f);
                }
        }
        return memstream_finish(f, &text);
}

bool strv_has(char *const *v, const char *text) {
        for (size_t i = 0; v && v[i]; i++)
                if (strcmp(v[i], text) == 0)
                        return true;
        return false;
}
