/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a login program does as root in the cell's view of the file system, it must be able to trust: it looks up
 * names and loads modules there. So nobody but the host's root may put anything into those places. */

#include <sched.h>
#include <string.h>

#include "policies/policy-check.h"

/* Is one of them the other, or above it? */
static bool paths_meet(const char *a, const char *b) {
        size_t n = strlen(a), m = strlen(b), common = MIN(n, m);

        return strncmp(a, b, common) == 0 && (n == m || (n < m ? b : a)[common] == '/');
}

static bool is_trusted_place(const char *path) {
        static const char *const places[] = { "/etc", "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (paths_meet(places[i], path))
                        return true;
        return false;
}

/* What the word of a list puts something over; it ends at a colon. */
static const char *target_of(PathsKind kind, const char *word) {
        word += *word == '-';
        return kind == PATHS_BIND || kind == PATHS_BIND_READ_ONLY ? strchr(word, ':') + 1 : word;
}

static void check_target(PolicyCheck *c, PathsKind kind, const PolicyKey *key, const char *word) {
        const char *start = target_of(kind, word);
        _cleanup_(freep) char *target = strndup(start, strcspn(start, ":"));

        if (!target)
                return;
        if (paths_meet("/proc", target) || paths_meet("/sys", target))
                policy_complain(c, false, key,
                                "%s: what the kernel shows there is the cell's own (ProcSubset=, ProtectProc=, "
                                "InaccessiblePaths=)", target);
        else if (kind != PATHS_BIND_READ_ONLY && policy_is_for_logins(c->policy) && is_trusted_place(target))
                policy_complain(c, false, key,
                                "%s: login programs look up names and load modules there as root, so nobody in the "
                                "cell may write there (BindReadOnlyPaths= of what only root can write)", target);
}

static void check_words(PolicyCheck *c, PathsKind kind, const PolicyKey *key) {
        static const char letters[] = "uUg";
        const Policy *p = c->policy;

        for (char **w = p->filesystem.paths[kind]; w && *w; w++) {
                if (kind == PATHS_BIND || kind == PATHS_BIND_READ_ONLY || kind == PATHS_TMPFS)
                        check_target(c, kind, key, *w);
                for (const char *s = strchr(*w, '%'); s; s = strchr(s + 2, '%')) {
                        if (policy_is_for_units(p))
                                policy_complain(c, false, key,
                                                "%%%c does not expand for a service of systemd", s[1]);
                        else if (p->scope == CELL_SCOPE_POLICY && strchr(letters, s[1]))
                                policy_complain(c, false, key,
                                                "%%%c would be the first user's: with Scope=policy all share one cell",
                                                s[1]);
                }
        }
}

/* Of those two, what asks for nothing is not the default. */
static bool is_asked_for(const PolicyKey *k, const Policy *p) {
        _cleanup_(freep) char *value = NULL, *unset = NULL;

        if (k == POLICY_KEY(filesystem.private_tmp))
                return p->filesystem.private_tmp != PRIVATE_TMP_NO;
        if (k == POLICY_KEY(filesystem.private_mounts))
                return false;
        value = k->format(k, p);
        unset = k->format(k, policy_defaults());
        return value && unset && strcmp(value, unset) != 0;
}

void policy_check_filesystem(PolicyCheck *c) {
        const Policy *p = c->policy;
        const PolicyFilesystem *f = &p->filesystem;

        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];

                if (strcmp(k->section, "Filesystem") != 0)
                        continue;
                if (!(p->namespaces & CLONE_NEWNS) && !policy_is_for_units(p) && is_asked_for(k, p))
                        policy_complain(c, false, k,
                                        "it needs a mount namespace (add mnt and pid to Namespaces=, or %s)",
                                        k == POLICY_KEY(filesystem.private_tmp) ? "PrivateTmp=no" : "remove it");
                if (k->list)
                        check_words(c, (PathsKind) k->data, k);
        }
        if (!f->private_mounts && !policy_is_for_units(p))
                policy_complain(c, false, POLICY_KEY(filesystem.private_mounts),
                                "what is mounted in a cell is always its own, and what the host mounts appears in it "
                                "(yes)");
        if (f->root_directory && policy_is_for_logins(p))
                policy_complain(c, false, POLICY_KEY(filesystem.root_directory),
                                "a login program goes on as root inside, and who can write to the /etc or /lib there "
                                "would be root outside (it is for confinectl run and services; here ReadOnlyPaths=, "
                                "BindReadOnlyPaths=)");
        if (f->private_tmp == PRIVATE_TMP_PERSISTENT && p->scope == CELL_SCOPE_POLICY)
                policy_complain(c, false, POLICY_KEY(filesystem.private_tmp),
                                "persistent is a user's own, and with Scope=policy all share one cell (disconnected)");
        if (f->private_tmp == PRIVATE_TMP_PERSISTENT && policy_is_for_units(p))
                policy_complain(c, false, POLICY_KEY(filesystem.private_tmp),
                                "persistent is a user's own, and a service of systemd has none here (yes)");
}
