/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is said of policies. Root sees all of them; others see those by which they are confined, or might be if they
 * came another way, and for the rest the answer is as if it weren't there. Who is in which group a job looks up, so
 * everybody's answer but root's comes later. */

#include "manager/doors/policy-bus.h"

#include <string.h>

#include "bus/contract.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"
#include "policies/policy-keys.h"

/* A call, and on whose behalf. */
typedef struct Asker Asker;
typedef int (*answer_t)(Asker *a);

struct Asker {
        Manager *manager;
        sd_bus_message *message, *reply;
        uid_t uid;
        char *user;        /* as it was asked for */
        Subject *subject;  /* the asker, or whom Explain() is about; NULL: root lists or reads */
        bool found;        /* there is such a user */
        sd_bus_error error;
        answer_t answer;
};

static Asker *asker_free(Asker *a) {
        bus_server_end_call(a->manager->bus, a->uid);
        sd_bus_message_unref(a->reply);
        sd_bus_message_unref(a->message);
        sd_bus_error_free(&a->error);
        subject_free(a->subject);
        free(a->user);
        free(a);
        return NULL;
}

/* By a cell or session of theirs, or by [Match]. */
static bool may_see(const Asker *a, const Policy *policy) {
        if (access_may_administer(a->uid))
                return true;
        for (const Cell *c = a->manager->table.cells; c; c = c->hh.next)
                if (access_may_see(a->uid, c->uid) && strcmp(c->policy->name, policy->name) == 0)
                        return true;
        for (const Session *s = a->manager->table.sessions; s; s = s->hh.next)
                if (access_may_see(a->uid, s->uid) && strcmp(s->cell->policy->name, policy->name) == 0)
                        return true;
        return a->found && policy_can_match(policy, subject_match(a->subject));
}

static void reply(Asker *a, int error) {
        int r = error;

        if (r >= 0)
                r = a->answer(a);
        if (r >= 0)
                r = sd_bus_send(NULL, a->reply, NULL);
        if (sd_bus_error_is_set(&a->error))
                (void) sd_bus_reply_method_error(a->message, &a->error);
        else if (r < 0)
                (void) sd_bus_reply_method_errnof(a->message, r, "Cannot look the user up: %s", strerror(-r));
}

static void on_subject(Subject *s, int error, void *userdata) {
        Asker *a = userdata;

        (void) s;
        a->found = error >= 0;
        if (error == -ENOTUNIQ)
                (void) sd_bus_error_setf(&a->error, BUS_ERROR_AMBIGUOUS, "\"%s\" is a user's name and another's number: say "
                                         "user:%s or uid:%s", a->user, a->user, a->user);
        reply(a, error == -ENOENT ? 0 : error);
        asker_free(a);
}

/* Owns `subject`; NULL: out of memory. */
static int ask_about(const Peer *p, sd_bus_message *m, const char *user, Subject *subject, answer_t answer,
                     sd_bus_error *error) {
        Asker *a = calloc(1, sizeof(*a));
        int r = subject && a ? bus_server_begin_call(p) : -ENOMEM;

        if (r < 0) {
                subject_free(subject);
                free(a);
                return r == -EBUSY ? sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                                      "Too many of your calls wait already") : r;
        }
        *a = (Asker) { .manager = p->manager, .message = sd_bus_message_ref(m), .uid = p->uid, .user = strdup(user),
                       .subject = subject, .answer = answer };
        r = a->user ? subject_resolve(subject, p->manager->jobs, p->manager->policies, true, on_subject, a) : -ENOMEM;
        if (r < 0) {
                asker_free(a);
                return r;
        }
        return 1;
}

/* About the asker. */
static int ask(const Peer *p, sd_bus_message *m, answer_t answer, sd_bus_error *error) {
        Asker at_once = { .manager = p->manager, .message = m, .uid = p->uid, .answer = answer };
        char user[32];

        if (!access_may_administer(p->uid) && p->uid != UID_INVALID) {
                (void) snprintf(user, sizeof(user), "uid:%u", p->uid);
                return ask_about(p, m, user, subject_new(user, "", "", ""), answer, error);
        }
        reply(&at_once, 0);
        sd_bus_message_unref(at_once.reply);
        sd_bus_error_free(&at_once.error);
        return 1;
}

/* --- ListPolicies(), GetPolicy() ---------------------------------------------------------- */

static int append_policy(sd_bus_message *reply, const Asker *a, const Policy *policy) {
        uint32_t n = 0;

        for (const Cell *c = a->manager->table.cells; c; c = c->hh.next)
                n += access_may_see(a->uid, c->uid) && strcmp(c->policy->name, policy->name) == 0;
        return sd_bus_message_append(reply, "(ssssbbu)", policy->name, policy->refused ?: policy->description ?: "",
                                     policy->path ?: "", policy->refused ? "refused" :
                                     policy->mode == POLICY_OBSERVE ? "observe" : "enforce",
                                     (int) (policy->has_match || policy->matches_all), (int) policy->stale, n);
}

static int answer_list(Asker *a) {
        const PolicySet *set = a->manager->policies;
        int r;

        r = sd_bus_message_new_method_return(a->message, &a->reply);
        if (r >= 0)
                r = sd_bus_message_open_container(a->reply, 'a', "(ssssbbu)");
        for (size_t i = 0; i < policy_set_n_refused(set) && r >= 0; i++)
                if (may_see(a, policy_set_get_refused(set, i)))
                        r = append_policy(a->reply, a, policy_set_get_refused(set, i));
        for (size_t i = 0; i < policy_set_size(set) && r >= 0; i++)
                if (may_see(a, policy_set_get(set, i)))
                        r = append_policy(a->reply, a, policy_set_get(set, i));
        return r < 0 ? r : sd_bus_message_close_container(a->reply);
}

int policy_bus_list(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return ask(userdata, m, answer_list, error);
}

/* Every key with its effective value and where that comes from: (section, key, value, file, line). Environment= may have
 * secrets in it, as the file, which not everybody may read. */
static int append_values(sd_bus_message *reply, const Policy *policy, uid_t peer) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssssu)");
        for (size_t i = 0; i < n_policy_keys && r >= 0; i++) {
                const PolicyKey *k = &policy_keys[i];
                const PolicySource *source = policy->sources ? &policy->sources[i] : NULL;
                _cleanup_(freep) char *value = NULL;

                if (!k->parse || (!access_may_administer(peer) && strcmp(k->name, "Environment") == 0))
                        continue;
                value = k->format(k, policy);
                if (!value)
                        return -ENOMEM;
                r = sd_bus_message_append(reply, "(ssssu)", k->section, k->name, value,
                                          source && source->file ? source->file : "",
                                          (uint32_t) (source && source->file ? source->line : 0));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_get(Asker *a) {
        const Policy *policy;
        const char *name;
        int r;

        r = sd_bus_message_rewind(a->message, true);
        if (r >= 0)
                r = sd_bus_message_read(a->message, "s", &name);
        if (r < 0)
                return r;
        policy = policy_set_find(a->manager->policies, name);
        if (!policy || !may_see(a, policy))
                return sd_bus_error_setf(&a->error, BUS_ERROR_NO_SUCH_POLICY, "There is no policy \"%s\"", name);
        r = sd_bus_message_new_method_return(a->message, &a->reply);
        return r < 0 ? r : append_values(a->reply, policy, a->uid);
}

int policy_bus_get(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return ask(userdata, m, answer_get, error);
}

/* --- Explain() --------------------------------------------------------------------------- */

typedef struct Skips {
        Asker *asker;
        int error;
} Skips;

static void on_skip(const Policy *p, const char *why, void *userdata) {
        Skips *s = userdata;

        if (s->error >= 0 && may_see(s->asker, p))
                s->error = sd_bus_message_append(s->asker->reply, "(ss)", p->name, why ?: "");
}

static int answer_explain(Asker *a) {
        const MatchSubject *subject = subject_match(a->subject);
        Skips skips = { .asker = a };
        Policy *policy;
        int r;

        if (!a->found || !access_may_see(a->uid, subject->uid))
                return sd_bus_error_setf(&a->error, BUS_ERROR_NO_SUCH_USER, "There is no user \"%s\" that you may ask about",
                                         a->user);
        r = sd_bus_message_new_method_return(a->message, &a->reply);
        if (r >= 0)
                r = sd_bus_message_open_container(a->reply, 'a', "(ss)");
        if (r < 0)
                return r;
        policy = policy_set_pick(a->manager->policies, subject, on_skip, &skips);
        r = skips.error < 0 ? skips.error : sd_bus_message_close_container(a->reply);
        if (r >= 0)
                r = sd_bus_message_append(a->reply, "s", policy ? policy->name : "");
        if (r < 0)
                return r;
        if (policy && !policy->refused)
                r = append_values(a->reply, policy, a->uid);
        else
                r = sd_bus_message_append(a->reply, "a(ssssu)", 0);
        return r < 0 ? r : sd_bus_message_append(a->reply, "s", policy && policy->refused ? policy->refused : "");
}

int policy_bus_explain(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *user, *service, *tty, *remote_host;
        int r;

        r = sd_bus_message_read(m, "ssss", &user, &service, &tty, &remote_host);
        return r < 0 ? r : ask_about(userdata, m, user, subject_new(user, service, tty, remote_host), answer_explain, error);
}

static int append_skipped_for_unit(sd_bus_message *reply, const PolicySet *set, const Policy *found) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ss)");
        for (size_t i = 0; i < policy_set_size(set) && r >= 0; i++) {
                const Policy *p = policy_set_get(set, i);
                const PolicyKey *key = POLICY_KEY(match[MATCH_UNIT]);
                _cleanup_(freep) char *units = NULL, *why = NULL;

                if (p == found)
                        break;
                units = policy_is_for_units(p) ? key->format(key, p) : NULL;
                if (units && asprintf(&why, "Unit=%s: it is not this service", units) < 0)
                        return -ENOMEM;
                r = sd_bus_message_append(reply, "(ss)", p->name,
                                          why ?: p->has_match ? "it is for logins" : "it has no [Match]");
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int policy_bus_explain_unit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const PolicySet *set = ((Peer *) userdata)->manager->policies;
        const Policy *policy;
        const char *unit;
        int r;

        if (!access_may_administer(((Peer *) userdata)->uid)) /* services are nobody's else */
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, ACCESS_REFUSED);
        r = sd_bus_message_read(m, "s", &unit);
        if (r < 0)
                return r;
        if (!policy_unit_name_valid(unit))
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "\"%s\" is no service of systemd (such as nginx.service)", unit);
        policy = policy_set_pick_unit(set, unit);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_skipped_for_unit(reply, set, policy);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", policy ? policy->name : "");
        if (r >= 0)
                r = policy ? append_values(reply, policy, ((Peer *) userdata)->uid) :
                        sd_bus_message_append(reply, "a(ssssu)", 0);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "");
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
