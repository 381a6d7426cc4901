/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/policy-set.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

struct PolicySet {
        Policy **all; /* in the order of matching */
        size_t n_all;
        Policy **policies, **refused; /* the two parts of it, borrowed */
        size_t n_policies, n_refused;
        char **group_names, **user_names;
        char **broken_units;
};

PolicySet *policy_set_free(PolicySet *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_all; i++)
                (void) policy_unref(s->all[i]);
        free(s->all);
        free(s->policies);
        free(s->refused);
        strv_free(s->group_names);
        strv_free(s->user_names);
        strv_free(s->broken_units);
        free(s);
        return NULL;
}

static PolicySet *new_set(size_t n_max) {
        PolicySet *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->all = calloc(n_max + 1, sizeof(Policy *));
        s->policies = calloc(n_max + 1, sizeof(Policy *));
        s->refused = calloc(n_max + 1, sizeof(Policy *));
        return s->all && s->policies && s->refused ? s : policy_set_free(s);
}

static int add_names(const MatchList *list, char ***names) {
        for (size_t i = 0; i < list->n_values; i++)
                if (!list->values[i].numeric && !strv_has(*names, list->values[i].text) &&
                    strv_extend(names, list->values[i].text) < 0)
                        return -ENOMEM;
        return 0;
}

static int add_policy(PolicySet *s, Policy *p) {
        s->all[s->n_all++] = policy_ref(p);
        if (p->refused)
                s->refused[s->n_refused++] = p;
        else
                s->policies[s->n_policies++] = p;
        return MIN(add_names(&p->match[MATCH_GROUP], &s->group_names), add_names(&p->match[MATCH_USER], &s->user_names));
}

int policy_set_new(Policy *const *policies, size_t n, char *const *broken_units, PolicySet **ret) {
        _cleanup_(policy_set_freep) PolicySet *s = new_set(n);

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (add_policy(s, policies[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; broken_units && broken_units[i]; i++)
                if (strv_extend(&s->broken_units, broken_units[i]) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

size_t policy_set_size(const PolicySet *s) {
        return s->n_policies;
}

Policy *policy_set_get(const PolicySet *s, size_t i) {
        return i < s->n_policies ? s->policies[i] : NULL;
}

Policy *policy_set_find(const PolicySet *s, const char *name) {
        for (size_t i = 0; i < s->n_policies; i++)
                if (strcmp(s->policies[i]->name, name) == 0)
                        return s->policies[i];
        return NULL;
}

size_t policy_set_n_refused(const PolicySet *s) {
        return s->n_refused;
}

Policy *policy_set_get_refused(const PolicySet *s, size_t i) {
        return i < s->n_refused ? s->refused[i] : NULL;
}

Policy *policy_set_find_refused(const PolicySet *s, const char *name) {
        for (size_t i = 0; i < s->n_refused; i++)
                if (strcmp(s->refused[i]->name, name) == 0)
                        return s->refused[i];
        return NULL;
}

char *const *policy_set_broken_units(const PolicySet *s) {
        return s->broken_units;
}

Policy *policy_set_pick_unit(const PolicySet *s, const char *unit) {
        for (size_t i = 0; i < s->n_policies; i++)
                if (policy_has_unit(s->policies[i], unit))
                        return s->policies[i];
        return NULL;
}

bool policy_set_wants_group(const PolicySet *s) {
        for (size_t i = 0; i < s->n_all; i++)
                if (policy_wants_group(s->all[i]))
                        return true;
        return false;
}

char *const *policy_set_group_names(const PolicySet *s) {
        return s->group_names;
}

char *const *policy_set_user_names(const PolicySet *s) {
        return s->user_names;
}

Policy *policy_set_pick(const PolicySet *s, const MatchSubject *subject, policy_skip_t on_skip,
                        void *userdata) {
        for (size_t i = 0; i < s->n_all; i++) {
                _cleanup_(freep) char *why = NULL;
                Policy *p = s->all[i];
                int r;

                r = policy_match(p, subject, on_skip ? &why : NULL);
                if (r > 0)
                        return p;
                if (on_skip)
                        on_skip(p, why ? why : "no memory left to say why", userdata);
        }
        return NULL;
}
