/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/lent/terms.h"

#include <string.h>

#include "base/cleanup.h"

_Static_assert(RLIM_NLIMITS <= LOGIN_LIMITS_MAX, "the reply has room for all limits");

static int fill_environment(const Policy *p, const MatchSubject *subject, const char *host, LoginProcess *ret) {
        _cleanup_(strv_freep) char **words = NULL;
        size_t used = 0;
        int r = policy_expand_words(p->process.environment, subject, host, &words);

        for (size_t i = 0; r >= 0 && words && words[i]; i++) {
                size_t n = strlen(words[i]) + 1;

                if (used + n + 1 > sizeof(ret->environment))
                        return -EINVAL;
                memcpy(ret->environment + used, words[i], n);
                used += n;
        }
        return r;
}

int terms_of(const Policy *p, const MatchSubject *subject, const char *host, LoginProcess *ret) {
        static const LoginKeyring keyrings[] = {
                [KEYRING_INHERIT] = LOGIN_KEYRING_INHERIT,
                [KEYRING_PRIVATE] = LOGIN_KEYRING_PRIVATE,
                [KEYRING_SHARED] = LOGIN_KEYRING_SHARED,
        };
        const PolicyProcess *q = &p->process;

        *ret = (LoginProcess) {
                .no_new_privileges = q->no_new_privileges,
                .keyring = keyrings[q->keyring_mode],
                .bounding = policy_bounding_set(p),
                .ambient = q->ambient_capabilities,
                .has_nice = q->nice != NUMBER_UNSET,
                .nice = q->nice,
                .has_oom_score_adjust = q->oom_score_adjust != NUMBER_UNSET,
                .oom_score_adjust = q->oom_score_adjust,
                .has_umask = q->umask != NUMBER_UNSET,
                .umask = (uint32_t) q->umask,
        };
        for (unsigned i = 0; i < RLIM_NLIMITS; i++)
                if (q->limits[i].set) {
                        ret->limits |= 1U << i;
                        ret->limit[i].soft = q->limits[i].soft;
                        ret->limit[i].hard = q->limits[i].hard;
                }
        return fill_environment(p, subject, host, ret);
}

bool terms_are_needed(const Policy *p) {
        const PolicyProcess *q = &p->process;

        for (unsigned i = 0; i < RLIM_NLIMITS; i++)
                if (q->limits[i].set)
                        return true;
        return policy_filters_syscalls(p) || q->no_new_privileges || q->keyring_mode != KEYRING_INHERIT ||
                policy_bounding_set(p) != CAPABILITIES_ALL || q->ambient_capabilities || q->environment ||
                q->nice != NUMBER_UNSET || q->oom_score_adjust != NUMBER_UNSET || q->umask != NUMBER_UNSET;
}
