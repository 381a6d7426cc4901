/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Namespaces= (those of a cell) and RestrictNamespaces= (those that its processes must not make). */

#include <sched.h>
#include <string.h>

#include "policies/policy-parse.h"

static const struct {
        const char *name;
        unsigned flag;
} namespaces[] = {
        { "mnt", CLONE_NEWNS },   { "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET },
        { "ipc", CLONE_NEWIPC },  { "uts", CLONE_NEWUTS }, { "cgroup", CLONE_NEWCGROUP },
        { "user", CLONE_NEWUSER }, { "time", CLONE_NEWTIME },
};

/* 0 and the flags of all words, -EINVAL with the first one that is none in *ret_bad, -ENOMEM. */
static int parse_words(const char *value, unsigned *ret, char **ret_bad) {
        _cleanup_(strv_freep) char **words = NULL;
        unsigned flags = 0;
        int r;

        r = strv_split(value, &words);
        if (r < 0)
                return r;
        for (size_t i = 0; words && words[i]; i++) {
                size_t k = 0;

                while (k < ELEMENTSOF(namespaces) && strcmp(namespaces[k].name, words[i]) != 0)
                        k++;
                if (k == ELEMENTSOF(namespaces)) {
                        *ret_bad = strdup(words[i]);
                        return *ret_bad ? -EINVAL : -ENOMEM;
                }
                flags |= namespaces[k].flag;
        }
        *ret = flags;
        return 0;
}

/* Behind `prefix`, if there are any. */
static char *format_words(const char *prefix, unsigned flags) {
        char text[64] = "";

        for (size_t k = 0; k < ELEMENTSOF(namespaces); k++)
                if (namespaces[k].flag & flags) {
                        (void) strcat(text, *text ? " " : prefix);
                        (void) strcat(text, namespaces[k].name);
                }
        return strdup(text);
}

int policy_parse_namespaces(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(freep) char *bad = NULL;
        int r = parse_words(value, FIELD(unsigned, key, p), &bad);

        return r == -EINVAL ? policy_say(ret_message, r, "\"%s\" is no namespace (mnt pid net ipc uts cgroup user time)",
                                         bad) : r;
}

void policy_reset_namespaces(const PolicyKey *key, Policy *p) {
        *FIELD(unsigned, key, p) = *CONST_FIELD(unsigned, key, policy_defaults());
}

char *policy_format_namespaces(const PolicyKey *key, const Policy *p) {
        return format_words("", *CONST_FIELD(unsigned, key, p));
}

static unsigned all_namespaces(void) {
        unsigned all = 0;

        for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
                all |= namespaces[i].flag;
        return all;
}

int policy_parse_restrict_namespaces(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        unsigned *field = FIELD(unsigned, key, p), listed;
        _cleanup_(freep) char *bad = NULL;
        bool invert = *value == '~', yes;
        int r;

        if (parse_boolean(value, &yes) >= 0) {
                *field = yes ? all_namespaces() : 0;
                return 0;
        }
        r = parse_words(value + invert, &listed, &bad);
        if (r < 0)
                return r == -EINVAL ? policy_say(ret_message, r, "\"%s\" is neither yes nor no, nor a namespace (mnt pid "
                                                 "net ipc uts cgroup user time)", bad) : r;
        if (invert) /* as there: these are forbidden, in addition */
                *field |= listed;
        else if (*field == 0 || *field == *CONST_FIELD(unsigned, key, policy_defaults())) /* these, and no others */
                *field = all_namespaces() & ~listed;
        else
                *field &= ~listed;
        return 0;
}

void policy_reset_restrict_namespaces(const PolicyKey *key, Policy *p) {
        *FIELD(unsigned, key, p) = *CONST_FIELD(unsigned, key, policy_defaults());
}

/* "~..." adds to what is forbidden by default: what leaves some of that allowed is said as a list of those allowed. */
char *policy_format_restrict_namespaces(const PolicyKey *key, const Policy *p) {
        unsigned forbidden = *CONST_FIELD(unsigned, key, p), unset = *CONST_FIELD(unsigned, key, policy_defaults());
        bool invert = (forbidden & unset) == unset;
        unsigned listed = invert ? forbidden : all_namespaces() & ~forbidden;

        if (forbidden == 0 || forbidden == all_namespaces())
                return strdup(forbidden ? "yes" : "no");
        return format_words(invert ? "~" : "", listed);
}
