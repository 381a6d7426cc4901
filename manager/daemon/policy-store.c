/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/daemon/policy-store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/work/state.h"
#include "policies/policy-keys.h"

#define SECTION "Policy"

int policy_store_open(PolicyStore *s, const char *state_dir, const char *host) {
        _cleanup_(freep) char *path = NULL;
        int r;

        s->host = strdup(host);
        if (!s->host || asprintf(&path, "%s/policies", state_dir) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = fd_mkdir_parents_at(AT_FDCWD, path, 0700);
        if (r < 0)
                return r;
        s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return s->fd < 0 ? -errno : 0;
}

void policy_store_done(PolicyStore *s) {
        s->fd = close_fd(s->fd);
        free(s->host);
        s->host = NULL;
}

/* --- reading ----------------------------------------------------------------------------- */

typedef struct Reading {
        Policy *policy;
        char *host;
} Reading;

static int read_key(const char *key, const char *value, void *userdata) {
        Reading *r = userdata;

        if (strcmp(key, "Path") == 0)
                return record_restore_text(&r->policy->path, value);
        if (strcmp(key, "Host") == 0)
                return record_restore_text(&r->host, value);
        if (strcmp(key, "HasMatch") == 0) {
                r->policy->has_match = strcmp(value, "1") == 0;
                return 0;
        }
        return policy_key_set_qualified(r->policy, key, value);
}

static int judge_again(const Policy *p, policy_check_host_t check_host, void *userdata) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(freep) char *line = NULL;

        check_host(p, &diags, userdata);
        if (!policy_diags_has_error(&diags))
                return 0;
        line = diags.n_items > 0 ? policy_diag_to_string(&diags.items[0]) : NULL;
        log_warning("The kept version of policy %s can't be enforced on this host as it is now: %s", p->name, line ?: "");
        return -EOPNOTSUPP;
}

typedef struct Kept {
        const PolicyStore *store;
        policy_check_host_t check_host;
        void *userdata;
        Policy **policies;
        size_t n_policies;
} Kept;

static int compare(const void *a, const void *b) {
        return strcmp((*(Policy *const *) a)->name, (*(Policy *const *) b)->name);
}

static int read_one(const char *name, void *userdata) {
        Kept *k = userdata;
        _cleanup_(freep) char *host = NULL;
        Reading reading = { .policy = policy_new(name) };
        Policy **grown;
        int r;

        if (!reading.policy)
                return -ENOMEM;
        r = record_read(k->store->fd, name, SECTION, read_key, &reading);
        host = reading.host;
        if (r >= 0 && (!host || !reading.policy->path))
                r = -EBADMSG;
        if (r < 0 && r != -ENOMEM)
                log_warning_errno(r, "The kept version of policy %s is not understood (%m), leaving it alone", name);
        if (r >= 0 && strcmp(host, k->store->host) != 0)
                r = judge_again(reading.policy, k->check_host, k->userdata);
        if (r >= 0) {
                grown = reallocarray(k->policies, k->n_policies + 1, sizeof(Policy *));
                if (grown) {
                        k->policies = grown;
                        grown[k->n_policies++] = TAKE_PTR(reading.policy);
                } else
                        r = -ENOMEM;
        }
        policy_unref(reading.policy);
        return r == -ENOMEM ? r : 0;
}

int policy_store_read(const PolicyStore *s, policy_check_host_t check_host, void *userdata, PolicySet **ret) {
        Kept k = { .store = s, .check_host = check_host, .userdata = userdata };
        int r;

        r = record_for_each(s->fd, read_one, &k);
        if (r >= 0 && k.n_policies > 0)
                qsort(k.policies, k.n_policies, sizeof(Policy *), compare);
        if (r >= 0)
                r = policy_set_new(k.policies, k.n_policies, NULL, ret);
        while (k.n_policies > 0)
                policy_unref(k.policies[--k.n_policies]);
        free(k.policies);
        return r;
}

/* --- writing ----------------------------------------------------------------------------- */

static int write_value(const PolicyKey *key, const char *qualified, const char *value, void *userdata) {
        if (key->offset != offsetof(Policy, extends)) /* what came from there is among the values */
                record_set(userdata, qualified, "%s", value);
        return 0;
}

static int write_one(const PolicyStore *s, const Policy *p) {
        Record *r = record_new(SECTION);

        if (!r)
                return -ENOMEM;
        record_set(r, "Path", "%s", p->path ?: "");
        record_set(r, "Host", "%s", s->host);
        record_set(r, "HasMatch", "%d", p->has_match);
        if (policy_keys_for_each_value(p, write_value, r) < 0)
                record_lose(r);
        return record_write(r, s->fd, p->name);
}

typedef struct Dropping {
        const PolicyStore *store;
        const PolicySet *set;
} Dropping;

static int drop_one(const char *name, void *userdata) {
        const Dropping *d = userdata;

        if (!policy_set_find(d->set, name) && !policy_set_find_refused(d->set, name))
                (void) unlinkat(d->store->fd, name, 0);
        return 0;
}

void policy_store_write(const PolicyStore *s, const PolicySet *set) {
        Dropping d = { .store = s, .set = set };
        int r;

        for (size_t i = 0; i < policy_set_size(set); i++) {
                const Policy *p = policy_set_get(set, i);

                r = p->stale ? 0 : write_one(s, p);
                if (r < 0)
                        log_warning_errno(r, "Cannot keep policy %s, a broken file would have no good version at the next "
                                          "start: %m", p->name);
        }
        r = record_for_each(s->fd, drop_one, &d);
        if (r < 0)
                log_warning_errno(r, "Cannot drop kept versions of policies that are gone: %m");
}
