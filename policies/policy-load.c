/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loading goes in three steps: the directories give entries (a file name and the directory that
 * has it first), each entry is resolved (its base before it), and what came out becomes the set.
 * An entry with Extends= is read twice: to learn its base, and again over a copy of it, because
 * its lists append to the base's. Nothing of `previous` is touched before all else has worked. */

#include "policies/policy-load.h"

#include <assert.h>
#include <sched.h>
#include <string.h>

#include "base/escape.h"
#include "policies/policy-directories.h"
#include "policies/policy-keys.h"
#include "policies/policy-parse.h"
#include "policies/policy-peers.h"
#include "policies/policy-refuse.h"

typedef enum EntryState {
        ENTRY_NEW,
        ENTRY_LOADING, /* met again in this state: a loop */
        ENTRY_GOOD,    /* policy is set */
        ENTRY_BROKEN,  /* policy is the last good version; or it is NULL, and refused is set */
        ENTRY_MASKED,
} EntryState;

typedef struct Entry {
        char *file; /* "50-students.ini" */
        char *name; /* "50-students" */
        size_t directory;
        EntryState state;
        Policy *policy;
        Policy *refused; /* broken, and there is no policy: what stands in for it */
        char **units; /* of Unit=, as far as they could be read */
} Entry;

typedef struct Loader {
        PolicyDirectories directories;
        const PolicySet *previous;
        policy_check_host_t check_host;
        void *userdata;
        PolicyDiags *diags;
        Entry *entries;
        size_t n_entries;
        char **dropin_directories; /* names, "50-students.ini.d" */
} Loader;

static void loader_done(Loader *l) {
        policy_directories_done(&l->directories);
        for (size_t i = 0; i < l->n_entries; i++) {
                free(l->entries[i].file);
                free(l->entries[i].name);
                (void) policy_unref(l->entries[i].policy);
                (void) policy_unref(l->entries[i].refused);
                strv_free(l->entries[i].units);
        }
        free(l->entries);
        strv_free(l->dropin_directories);
}

/* --- directories --- */

static Entry *find_entry(Loader *l, const char *file) {
        for (size_t i = 0; i < l->n_entries; i++)
                if (strcmp(l->entries[i].file, file) == 0)
                        return &l->entries[i];
        return NULL;
}

static Entry *find_entry_by_name(Loader *l, const char *name) {
        for (size_t i = 0; i < l->n_entries; i++)
                if (strcmp(l->entries[i].name, name) == 0)
                        return &l->entries[i];
        return NULL;
}

static int add_entry(Loader *l, const char *file, size_t directory, EntryState state) {
        Entry *grown, e = { .directory = directory, .state = state };

        if (find_entry(l, file))
                return 0; /* an earlier directory has it */
        if (l->n_entries >= POLICY_FILES_MAX) {
                (void) policy_diags_add(l->diags, false, l->directories.paths[directory], 0, NULL, NULL,
                                        "more than %u policies", POLICY_FILES_MAX);
                return -E2BIG;
        }
        grown = reallocarray(l->entries, l->n_entries + 1, sizeof(Entry));
        if (!grown)
                return -ENOMEM;
        l->entries = grown;
        e.file = strdup(file);
        e.name = strndup(file, strlen(file) - strlen(".ini"));
        l->entries[l->n_entries++] = e;
        return e.file && e.name ? 0 : -ENOMEM;
}

static Policy *last_good(Loader *l, const char *name) {
        return l->previous ? policy_set_find(l->previous, name) : NULL;
}

/* Nobody knows whom the policies of a directory are for: it stands before all others. */
static int refuse_directory(Loader *l, size_t directory) {
        _cleanup_(policy_unrefp) Policy *p = NULL;
        char file[40];
        int r;

        (void) snprintf(file, sizeof(file), "-directory-%zu.ini", directory); /* no name that a policy can have */
        r = add_entry(l, file, directory, ENTRY_BROKEN);
        if (r < 0)
                return r;
        p = policy_new(l->entries[l->n_entries - 1].name);
        if (!p)
                return -ENOMEM;
        p->path = strdup(l->directories.paths[directory]);
        p->matches_all = true;
        if (!p->path || asprintf(&p->refused, "%s can't be used", p->path) < 0)
                return -ENOMEM;
        l->entries[l->n_entries - 1].refused = TAKE_PTR(p);
        return 0;
}

/* A directory that can't be used: what came from it last time stays. */
static int keep_directory(Loader *l, size_t directory) {
        const char *path = l->directories.paths[directory];
        size_t n = strlen(path);
        bool any = false;

        for (size_t i = 0; l->previous && i < policy_set_size(l->previous); i++) {
                Policy *p = policy_set_get(l->previous, i);
                int r;

                if (!p->path || strncmp(p->path, path, n) != 0 || p->path[n] != '/' ||
                    strchr(p->path + n + 1, '/') || find_entry(l, p->path + n + 1))
                        continue;
                r = add_entry(l, p->path + n + 1, directory, ENTRY_BROKEN);
                if (r < 0)
                        return r;
                l->entries[l->n_entries - 1].policy = policy_ref(p);
                any = true;
        }
        return any ? 0 : refuse_directory(l, directory);
}

static int scan_directory(Loader *l, size_t directory) {
        _cleanup_(strv_freep) char **files = NULL, **dropins = NULL;
        int r;

        r = policy_directories_open(&l->directories, directory, l->diags);
        if (r == -ENOENT)
                return 0;
        if (r == -EBADMSG)
                return keep_directory(l, directory);
        if (r >= 0)
                r = policy_directories_list(&l->directories, directory, ".ini", &files);
        if (r >= 0)
                r = policy_directories_list(&l->directories, directory, ".ini.d", &dropins);
        if (r < 0)
                return r;

        for (size_t i = 0; files && files[i]; i++) {
                r = add_entry(l, files[i], directory, ENTRY_NEW);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; dropins && dropins[i]; i++) {
                r = strv_extend(&l->dropin_directories, dropins[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A misspelled drop-in directory would be believed to hold. */
static void warn_stray_dropins(Loader *l) {
        for (size_t i = 0; l->dropin_directories && l->dropin_directories[i]; i++) {
                char *d = l->dropin_directories[i];
                _cleanup_(freep) char *file = strndup(d, strlen(d) - strlen(".d"));

                if (file && !find_entry(l, file))
                        (void) policy_diags_add(l->diags, true, d, 0, NULL, NULL,
                                                "there is no policy %s for these drop-ins", file);
        }
}

static int compare_entries(const void *a, const void *b) {
        return strcmp(((const Entry *) a)->file, ((const Entry *) b)->file);
}

/* --- one policy --- */

static void complain_extends(const Policy *p, PolicyDiags *diags, const char *what) {
        const PolicyKey *key = POLICY_KEY(extends);
        const PolicySource *source = &p->sources[key - policy_keys];

        (void) policy_diags_add(diags, false, source->file, source->line, key->section, key->name, "\"%s\" %s",
                                p->extends, what);
}

static Policy *new_policy(Loader *l, const Entry *e, const char *name) {
        Policy *p;

        p = policy_new(name);
        if (!p)
                return NULL;
        if (asprintf(&p->path, "%s/%s", l->directories.paths[e->directory], e->file) < 0) {
                p->path = NULL;
                return policy_unref(p);
        }
        return p;
}

static int resolve(Loader *l, Entry *e);

/* Makes *p again over its base. -EBADMSG as ever. */
static int extend(Loader *l, Entry *e, Policy **p, PolicyDiags *diags) {
        _cleanup_(policy_unrefp) Policy *extended = NULL;
        _cleanup_(policy_diags_done) PolicyDiags again = {};
        Entry *base = find_entry_by_name(l, (*p)->extends);
        int r;

        if (base && base->state == ENTRY_NEW) {
                r = resolve(l, base);
                if (r < 0)
                        return r;
        }
        if (!base || base->state != ENTRY_GOOD) {
                complain_extends(*p, diags,
                                 !base || base->state == ENTRY_MASKED ? "is no policy" :
                                         base->state == ENTRY_LOADING ?
                                         "leads back to this policy: a loop of Extends=" :
                                         "is broken, and so is what extends it");
                return -EBADMSG;
        }

        extended = new_policy(l, e, e->name);
        if (!extended || policy_inherit(extended, base->policy) < 0)
                return -ENOMEM;
        r = policy_directories_read(&l->directories, e->directory, e->file, extended, &again);
        if (policy_directories_fatal(r))
                return r;
        if (r >= 0 && (!extended->extends || strcmp(extended->extends, (*p)->extends) != 0)) {
                complain_extends(*p, &again, "changed while the file was being read");
                r = -EBADMSG;
        }
        policy_diags_done(diags); /* what is wrong over the base is all that is wrong */
        *diags = again;
        again = (PolicyDiags) {};
        if (r < 0)
                return r;
        (void) policy_unref(*p);
        *p = TAKE_PTR(extended);
        return 0;
}

static int remember_units(Entry *e, const Policy *p) {
        const MatchList *units = &p->match[MATCH_UNIT];

        for (size_t i = 0; i < units->n_values; i++)
                if (strv_extend(&e->units, units->values[i].text) < 0)
                        return -ENOMEM;
        return 0;
}

static int read_good(Loader *l, Entry *e, Policy **p, PolicyDiags *diags) {
        int r;

        r = policy_directories_read(&l->directories, e->directory, e->file, *p, diags);
        if (!policy_directories_fatal(r) && remember_units(e, *p) < 0)
                return -ENOMEM;
        if (r >= 0 && (*p)->extends)
                r = extend(l, e, p, diags);
        if (r < 0)
                return r;
        policy_check(*p, diags);
        if (l->check_host)
                l->check_host(*p, diags, l->userdata);
        return policy_diags_has_error(diags) ? -EBADMSG : 0;
}

/* -EBADMSG: e->policy is not set, but e->refused is, in case that there is no good version. */
static int load_entry(Loader *l, Entry *e, PolicyDiags *diags) {
        _cleanup_(freep) char *name = escape_text(e->name);
        _cleanup_(policy_unrefp) Policy *p = NULL;
        int r;

        p = name ? new_policy(l, e, name) : NULL;
        if (!p)
                return -ENOMEM;
        if (!policy_name_valid(e->name))
                (void) policy_diags_add(diags, false, p->path, 0, NULL, NULL,
                                        "no name for a policy (at most 64 letters, digits and _.-, "
                                        "not starting with -)");
        r = read_good(l, e, &p, diags);
        if (policy_directories_fatal(r))
                return r;
        if (r < 0 || policy_diags_has_error(diags)) {
                r = policy_refuse(p, diags);
                if (r < 0)
                        return r;
                e->refused = TAKE_PTR(p);
                return -EBADMSG;
        }
        if (p->network_mode == NETWORK_HOST)
                p->namespaces &= ~(unsigned) CLONE_NEWNET;
        e->policy = TAKE_PTR(p);
        return 0;
}

/* Moves all items over. */
static int append_diags(PolicyDiags *to, PolicyDiags *from) {
        for (size_t i = 0; i < from->n_items; i++) {
                const PolicyDiag *d = &from->items[i];

                if (policy_diags_add(to, d->warning, d->file, d->line, d->section, d->key, "%s",
                                     d->message) < 0)
                        return -ENOMEM;
        }
        return from->lost_error ? -ENOMEM : 0;
}

/* Loads an entry whatever comes of it; < 0 only when nothing can be loaded any more. */
static int resolve(Loader *l, Entry *e) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        int r;

        if (policy_directories_mask(&l->directories, e->directory, e->file)) {
                e->state = ENTRY_MASKED;
                return 0;
        }
        e->state = ENTRY_LOADING;
        r = load_entry(l, e, &diags);
        if (policy_directories_fatal(r))
                return r;
        e->state = r < 0 ? ENTRY_BROKEN : ENTRY_GOOD;
        if (r < 0)
                e->policy = policy_ref(last_good(l, e->name));
        return append_diags(l->diags, &diags);
}

/* Those that have errors only beside others are as broken as the rest. All are looked at as they came from their
 * files: what one's error does to the next is for the next load to say. */
static int check_peers(Loader *l) {
        _cleanup_(freep) PolicyPeer *peers = calloc(l->n_entries + 1, sizeof(PolicyPeer));
        _cleanup_(freep) bool *broken = calloc(l->n_entries + 1, sizeof(bool));
        size_t n = 0;
        int r = 0;

        if (!peers || !broken)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_entries; i++)
                if (l->entries[i].state != ENTRY_MASKED)
                        peers[n++] = (PolicyPeer) { l->entries[i].name, l->entries[i].policy };
        for (size_t i = 0; i < l->n_entries && r >= 0; i++) {
                _cleanup_(policy_diags_done) PolicyDiags diags = {};

                if (l->entries[i].state != ENTRY_GOOD)
                        continue;
                policy_peers_check(l->entries[i].policy, peers, n, &diags);
                broken[i] = policy_diags_has_error(&diags);
                r = broken[i] ? policy_refuse(l->entries[i].policy, &diags) : 0;
                if (r >= 0)
                        r = append_diags(l->diags, &diags);
        }
        for (size_t i = 0; i < l->n_entries && r >= 0; i++) {
                Entry *e = &l->entries[i];

                if (!broken[i])
                        continue;
                e->refused = e->policy;
                e->policy = policy_ref(last_good(l, e->name));
                e->state = ENTRY_BROKEN;
        }
        return r;
}

/* --- the set --- */

/* Two policies may publish the same port as long as only one of them has a live cell; services of systemd
 * always have. */
static int warn_port_collisions(Loader *l, const PolicySet *s) {
        const PolicyKey *key = POLICY_KEY(ports);

        for (size_t i = 0; i < policy_set_size(s); i++)
                for (size_t k = 0; k < i; k++) {
                        const Policy *p = policy_set_get(s, i), *first = policy_set_get(s, k);
                        const PolicyPort *port = policy_ports_collide(p, first);
                        char text[POLICY_PORT_STRING_MAX];
                        const PolicySource *source;

                        if (!port || p->network_mode != NETWORK_ROUTED || first->network_mode != NETWORK_ROUTED ||
                            !p->has_match || !first->has_match)
                                continue;
                        source = &p->sources[key - policy_keys];
                        if (policy_diags_add(l->diags, true, source->file, source->line, key->section, key->name,
                                             "%s: policy %s publishes this port of the host, too; who comes "
                                             "second is refused", policy_port_to_string(port, text),
                                             first->name) < 0)
                                return -ENOMEM;
                }
        return 0;
}

static int make_set(Loader *l, PolicySet **ret) {
        _cleanup_(freep) Policy **policies = calloc(l->n_entries + 1, sizeof(Policy *));
        _cleanup_(policy_set_freep) PolicySet *s = NULL;
        _cleanup_(strv_freep) char **broken_units = NULL;
        size_t n = 0;

        if (!policies)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_entries; i++) {
                const Entry *e = &l->entries[i];
                Policy *p = e->policy ?: e->refused;

                for (char **u = e->units; u && *u && !e->policy; u++)
                        if (strv_extend(&broken_units, *u) < 0)
                                return -ENOMEM;
                if (p)
                        policies[n++] = p;
        }
        if (policy_set_new(policies, n, broken_units, &s) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_entries; i++)
                if (l->entries[i].policy && l->entries[i].state == ENTRY_BROKEN)
                        l->entries[i].policy->stale = true; /* shared with `previous`, rightly */
        if (warn_port_collisions(l, s) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

int policy_set_load(char *const *directories, bool trust, const PolicySet *previous,
                    policy_check_host_t check_host, void *userdata, PolicyDiags *diags,
                    PolicySet **ret) {
        _cleanup_(loader_done) Loader l = {
                .previous = previous,
                .check_host = check_host,
                .userdata = userdata,
                .diags = diags,
        };
        int r;

        assert(diags);
        assert(ret);

        r = policy_directories_init(&l.directories, directories, trust);
        if (r < 0)
                return r;
        for (size_t i = 0; i < l.directories.n; i++) {
                r = scan_directory(&l, i);
                if (r < 0)
                        return r;
        }
        if (l.entries)
                qsort(l.entries, l.n_entries, sizeof(Entry), compare_entries);
        warn_stray_dropins(&l);

        for (size_t i = 0; i < l.n_entries; i++) {
                if (l.entries[i].state != ENTRY_NEW)
                        continue;
                r = resolve(&l, &l.entries[i]);
                if (r < 0)
                        return r;
        }
        r = check_peers(&l);
        return r < 0 ? r : make_set(&l, ret);
}
