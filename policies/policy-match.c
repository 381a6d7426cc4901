/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pure function of a Policy and of who asks: nothing is looked up, the subject comes resolved. */

#include <arpa/inet.h>
#include <assert.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/memstream.h"
#include "base/strv.h"
#include "policies/policy.h"

#define REMOTE_HOST_MAX 1025 /* getnameinfo(3), NI_MAXHOST */

static bool in_groups(const MatchSubject *s, gid_t gid) {
        if (s->gid == gid)
                return true;
        for (size_t i = 0; i < s->n_groups; i++)
                if (s->groups[i] == gid)
                        return true;
        return false;
}

static bool group_matches(const MatchValue *v, const MatchSubject *s) {
        if (v->numeric) {
                if (s->gid >= v->first && s->gid <= v->last)
                        return true;
                for (size_t i = 0; i < s->n_groups; i++)
                        if (s->groups[i] >= v->first && s->groups[i] <= v->last)
                                return true;
                return false;
        }
        if (s->group && strcmp(s->group, v->text) == 0)
                return true;
        for (size_t i = 0; i < s->n_names; i++)
                if (strcmp(s->names[i].name, v->text) == 0 && in_groups(s, s->names[i].gid))
                        return true;
        return false;
}

static const char *without_dev(const char *tty) {
        return strncmp(tty, "/dev/", 5) == 0 ? tty + 5 : tty;
}

/* An IPv4 address that came in over an IPv6 socket ("::ffff:192.0.2.1") is an IPv4 address. */
static void unmap(IpPrefix *p) {
        IpPrefix v4 = { .family = AF_INET, .length = 32 };

        if (p->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&p->address.v6))
                return;
        memcpy(v4.address.bytes, p->address.bytes + 12, 4);
        *p = v4;
}

/* "fe80::1%eth0" as "fe80::1". */
static bool remote_address(const char *text, IpPrefix *ret) {
        char address[INET6_ADDRSTRLEN];
        size_t n = strcspn(text, "%");

        if (n >= sizeof(address))
                return false;
        memcpy(address, text, n);
        address[n] = '\0';
        if (parse_address(address, ret) < 0 || (text[n] && ret->family != AF_INET6))
                return false;
        unmap(ret);
        return true;
}

static bool remote_host_matches(const MatchValue *v, const char *host) {
        char name[REMOTE_HOST_MAX];
        size_t n = strlen(host);
        IpPrefix address;

        if (v->is_prefix)
                return remote_address(host, &address) && prefix_contains(&v->prefix, &address);

        if (n >= sizeof(name))
                return false;
        memcpy(name, host, n + 1);
        if (n > 1 && name[n - 1] == '.') /* a fully qualified name with its root */
                name[n - 1] = '\0';
        return fnmatch(v->text, name, FNM_CASEFOLD) == 0;
}

static bool value_matches(MatchField field, const MatchValue *v, const MatchSubject *s) {
        switch (field) {
        case MATCH_USER:
                if (v->numeric)
                        return s->uid >= v->first && s->uid <= v->last;
                return (s->user && strcmp(s->user, v->text) == 0) || strv_has(s->aliases, v->text);
        case MATCH_UID:
                return s->uid >= v->first && s->uid <= v->last;
        case MATCH_GROUP:
                return group_matches(v, s);
        case MATCH_SERVICE:
                return s->service && *s->service && fnmatch(v->text, s->service, 0) == 0;
        case MATCH_TTY:
                return s->tty && *s->tty &&
                        fnmatch(without_dev(v->text), without_dev(s->tty), 0) == 0;
        case MATCH_REMOTE_HOST:
                return s->remote_host && *s->remote_host &&
                        remote_host_matches(v, s->remote_host);
        default:
                return false;
        }
}

static const char *const field_names[_MATCH_FIELD_MAX] = {
        [MATCH_USER] = "User",       [MATCH_UID] = "UID", [MATCH_GROUP] = "Group",
        [MATCH_SERVICE] = "Service", [MATCH_TTY] = "TTY", [MATCH_REMOTE_HOST] = "RemoteHost",
        [MATCH_UNIT] = "Unit",
};

/* The subject's side of a key, for "why not": never NULL, at most `size` bytes. */
static const char *subject_text(MatchField field, const MatchSubject *s, char *buffer, size_t size) {
        const char *user = s->user ? s->user : "?", *text = NULL;

        switch (field) {
        case MATCH_USER:
                (void) snprintf(buffer, size, "the user is %s", user);
                return buffer;
        case MATCH_UID:
                (void) snprintf(buffer, size, "the uid of %s is %u", user, s->uid);
                return buffer;
        case MATCH_GROUP:
                (void) snprintf(buffer, size, "%s is in none of these groups", user);
                return buffer;
        case MATCH_SERVICE:
                text = s->service;
                break;
        case MATCH_TTY:
                text = s->tty;
                break;
        default:
                text = s->remote_host;
        }
        if (text && *text)
                (void) snprintf(buffer, size, "it is %s", text);
        else
                (void) snprintf(buffer, size, "there is none");
        return buffer;
}

/* "Group=students staff: alice is in none of these groups"; with `denied`, the negated value that
 * matched, only that: "Group=~guests: alice is in this group". */
static int explain(MatchField field, const MatchList *list, const MatchValue *denied,
                   const MatchSubject *s, char **ret) {
        _cleanup_(freep) char *text = NULL;
        char who[512];
        size_t size = 0;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        fprintf(f, "%s=", field_names[field]);
        if (denied)
                fprintf(f, "~%s", denied->text);
        for (size_t i = 0, n = 0; !denied && i < list->n_values; i++)
                if (!list->values[i].negate)
                        fprintf(f, "%s%s", n++ ? " " : "", list->values[i].text);
        if (denied && field == MATCH_GROUP)
                fprintf(f, ": %s is in this group", s->user ? s->user : "?");
        else
                fprintf(f, ": %s", subject_text(field, s, who, sizeof(who)));
        *ret = memstream_finish(f, &text);
        return *ret ? 0 : -ENOMEM;
}

/* 1: the key lets the subject pass. */
static int match_field(MatchField field, const MatchList *list, const MatchSubject *s,
                       char **ret_why) {
        const MatchValue *denied = NULL;
        bool wanted = false, found = false, any_way;
        int r;

        any_way = s->service && strcmp(s->service, POLICY_SERVICE_USER_MANAGER) == 0 &&
                (field == MATCH_SERVICE || field == MATCH_TTY || field == MATCH_REMOTE_HOST);
        for (size_t i = 0; i < list->n_values && !denied; i++) {
                const MatchValue *v = &list->values[i];

                wanted = wanted || !v->negate;
                if (!value_matches(field, v, s) || (any_way && field != MATCH_SERVICE))
                        continue;
                if (v->negate)
                        denied = v;
                else
                        found = true;
        }
        if (!denied && (found || !wanted || any_way))
                return 1;
        if (!ret_why)
                return 0;
        r = explain(field, list, denied, s, ret_why);
        return r < 0 ? r : 0;
}

int policy_match(const Policy *p, const MatchSubject *subject, char **ret_why) {
        assert(p);
        assert(subject);

        if (p->matches_all)
                return 1;
        if (!p->has_match) {
                if (ret_why) {
                        *ret_why = strdup("it has no [Match]");
                        if (!*ret_why)
                                return -ENOMEM;
                }
                return 0;
        }
        if (policy_is_for_units(p)) {
                if (ret_why) {
                        *ret_why = strdup("Unit=: it is for services of systemd, not for logins");
                        if (!*ret_why)
                                return -ENOMEM;
                }
                return 0;
        }
        for (int f = 0; f < MATCH_UNIT; f++) {
                int r = match_field((MatchField) f, &p->match[f], subject, ret_why);

                if (r <= 0)
                        return r;
        }
        return 1;
}

bool policy_can_match(const Policy *p, const MatchSubject *subject) {
        static const MatchField fields[] = { MATCH_USER, MATCH_UID, MATCH_GROUP };

        if (p->matches_all)
                return true;
        if (!p->has_match || policy_is_for_units(p))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (match_field(fields[i], &p->match[fields[i]], subject, NULL) <= 0)
                        return false;
        return true;
}
