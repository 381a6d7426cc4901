/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which cells a word means: the id of a cell or a session, a user's name or number, or a policy. Where it can mean
 * several of these, and not the same cells, it means none: what would be ended might be somebody else's. A prefix says
 * which it is. Names of users a job looks up, since one without a cell has to be known of, too. */

#include "manager/doors/find-bus.h"

#include <pwd.h>
#include <string.h>

#include "base/memstream.h"
#include "bus/contract.h"
#include "manager/cells/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"

#define LOOKUP_TIMEOUT_USEC (10 * USEC_PER_SEC)

typedef enum Meaning {
        MEANS_CELL,
        MEANS_SESSION,
        MEANS_USER,
        MEANS_UID,
        MEANS_POLICY,
        _MEANING_MAX,
} Meaning;

static const struct {
        const char *prefix, *noun;
} meanings[_MEANING_MAX] = {
        [MEANS_CELL] = { "cell:", "a cell" },
        [MEANS_SESSION] = { "session:", "a session" },
        [MEANS_USER] = { "user:", "a user's name" },
        [MEANS_UID] = { "uid:", "a user's number" },
        [MEANS_POLICY] = { "policy:", "a policy" },
};

typedef struct Search {
        Manager *manager;
        sd_bus_message *message;
        Peer peer;        /* a copy: the connection may go before the answer */
        char *text;       /* as it was asked for */
        const char *word; /* without the prefix */
        unsigned wanted;  /* 1 << MEANS_* */
        uid_t named, numbered; /* whom the word names, by either; UID_INVALID: nobody */
        bool has_number;       /* there is a user with that number */
        unsigned meant;   /* 1 << MEANS_*: what there is */
} Search;

#define FOUND_NAMED 1U
#define FOUND_NUMBERED 2U

static Search *search_free(Search *s) {
        bus_server_end_call(s->manager->bus, s->peer.uid);
        sd_bus_message_unref(s->message);
        free(s->text);
        free(s);
        return NULL;
}

static bool is_meant(const Search *s, const Cell *c, Meaning meaning) {
        const Session *session;

        switch (meaning) {
        case MEANS_CELL:
                return strcmp(c->id, s->word) == 0;
        case MEANS_SESSION:
                session = table_find_session(&s->manager->table, s->word);
                return session && session->cell == c;
        case MEANS_USER: /* who has two names has two kinds of cells, and all are of one user */
                return (c->user && strcmp(c->user, s->word) == 0) || (s->named != UID_INVALID && c->uid == s->named);
        case MEANS_UID:
                return s->numbered != UID_INVALID && c->uid == s->numbered;
        default:
                return strcmp(c->policy->name, s->word) == 0;
        }
}

/* Is there such a thing that the caller may know of, with or without a cell? */
static bool exists(const Search *s, Meaning meaning) {
        const PolicySet *set = s->manager->policies;
        const Session *session;

        switch (meaning) {
        case MEANS_SESSION:
                session = table_find_session(&s->manager->table, s->word);
                if (session && session_bus_may_see(&s->peer, session))
                        return true;
                break;
        case MEANS_USER:
                if (s->named != UID_INVALID && access_may_see(s->peer.uid, s->named))
                        return true;
                break;
        case MEANS_UID:
                if (s->has_number && access_may_see(s->peer.uid, s->numbered))
                        return true;
                break;
        case MEANS_POLICY:
                if (access_may_administer(s->peer.uid) &&
                    (policy_set_find(set, s->word) || policy_set_find_refused(set, s->word)))
                        return true;
                break;
        default:
                break;
        }
        for (const Cell *c = s->manager->table.cells; c; c = c->hh.next)
                if (cell_bus_may_see(&s->peer, c) && is_meant(s, c, meaning))
                        return true;
        return false;
}

static bool mean_the_same(const Search *s) {
        for (const Cell *c = s->manager->table.cells; c; c = c->hh.next) {
                unsigned by = 0;

                if (!cell_bus_may_see(&s->peer, c))
                        continue;
                for (Meaning k = 0; k < _MEANING_MAX; k++)
                        if (s->meant & 1U << k && is_meant(s, c, k))
                                by |= 1U << k;
                if (by != 0 && by != s->meant)
                        return false;
        }
        return true;
}

static int refuse_ambiguous(const Search *s) {
        _cleanup_(freep) char *text = NULL, *message = NULL;
        size_t size, n = 0;
        FILE *f = memstream_open(&text, &size);

        if (!f)
                return -ENOMEM;
        fprintf(f, "\"%s\" is ", s->word);
        for (Meaning k = 0; k < _MEANING_MAX; k++)
                if (s->meant & 1U << k)
                        fprintf(f, "%s%s", n++ ? " and " : "", meanings[k].noun);
        n = 0;
        fputs(": say ", f);
        for (Meaning k = 0; k < _MEANING_MAX; k++)
                if (s->meant & 1U << k)
                        fprintf(f, "%s%s%s", n++ ? " or " : "", meanings[k].prefix, s->word);
        message = memstream_finish(f, &text);
        return message ? sd_bus_reply_method_errorf(s->message, BUS_ERROR_AMBIGUOUS, "%s", message) : -ENOMEM;
}

static int reply_cells(const Search *s) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        unsigned n = 0;
        int r;

        r = sd_bus_message_new_method_return(s->message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "o");
        for (const Cell *c = s->manager->table.cells; c && r >= 0; c = c->hh.next) {
                _cleanup_(freep) char *path = NULL;
                bool meant = false;

                for (Meaning k = 0; k < _MEANING_MAX && !meant; k++)
                        meant = s->meant & 1U << k && is_meant(s, c, k);
                if (!meant || !cell_bus_may_see(&s->peer, c))
                        continue;
                path = bus_object_path(BUS_OBJECT_CELL, c->id);
                r = path ? sd_bus_message_append(reply, "o", path) : -ENOMEM;
                n++;
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0 && n == 0)
                return sd_bus_reply_method_errorf(s->message, BUS_ERROR_NO_SUCH_CELL, "There is no cell, session, user or "
                                                  "policy \"%s\" with a live cell", s->text);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void answer(Search *s) {
        int r;

        if (s->named == s->numbered && s->wanted & 1U << MEANS_UID) /* a name that is its own number */
                s->wanted &= ~(s->named == UID_INVALID ? 0U : 1U << MEANS_USER);
        for (Meaning k = 0; k < _MEANING_MAX; k++)
                if (s->wanted & 1U << k && exists(s, k))
                        s->meant |= 1U << k;
        r = mean_the_same(s) ? reply_cells(s) : refuse_ambiguous(s);
        if (r < 0)
                (void) sd_bus_reply_method_errno(s->message, r, NULL);
}

/* --- names of users ----------------------------------------------------------------------- */

static void run_lookup(void *userdata, JobReport *report, JobText *text) {
        const Search *s = userdata;
        const struct passwd *pw = getpwnam(s->word);

        (void) text;
        if (pw) {
                report->numbers[0] = pw->pw_uid;
                report->flags |= FOUND_NAMED;
        }
        if (s->numbered != UID_INVALID && getpwuid(s->numbered))
                report->flags |= FOUND_NUMBERED;
}

/* Without an answer of the name service it is what the live cells say. */
static void on_lookup(const JobReport *report, const char *text, void *userdata) {
        Search *s = userdata;

        (void) text;
        if (report->error >= 0 && report->flags & FOUND_NAMED)
                s->named = (uid_t) report->numbers[0];
        s->has_number = report->error >= 0 && report->flags & FOUND_NUMBERED;
        answer(s);
        search_free(s);
}

static int look_up(Search *s) {
        const JobSpec spec = {
                .name = "look up a name",
                .uid = s->peer.uid,
                .passes = true,
                .timeout_usec = LOOKUP_TIMEOUT_USEC,
                .run = run_lookup,
                .done = on_lookup,
                .userdata = s,
        };

        return job_start(s->manager->jobs, &spec, NULL);
}

static int search_new(const Peer *p, sd_bus_message *m, const char *text, Search **ret) {
        Search *s = calloc(1, sizeof(*s));
        int r = s ? bus_server_begin_call(p) : -ENOMEM;

        if (r < 0) {
                free(s);
                return r;
        }
        *s = (Search) { .manager = p->manager, .message = sd_bus_message_ref(m), .text = strdup(text),
                        .peer = { .manager = p->manager, .server = p->server, .uid = p->uid },
                        .wanted = (1U << _MEANING_MAX) - 1, .named = UID_INVALID, .numbered = UID_INVALID };
        if (!s->text) {
                search_free(s);
                return -ENOMEM;
        }
        s->word = s->text;
        for (Meaning k = 0; k < _MEANING_MAX; k++) {
                size_t n = strlen(meanings[k].prefix);

                if (strncmp(s->text, meanings[k].prefix, n) != 0)
                        continue;
                s->word = s->text + n;
                s->wanted = 1U << k;
                break;
        }
        *ret = s;
        return 0;
}

int find_bus_cells(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *text;
        Search *s;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r >= 0)
                r = search_new(userdata, m, text, &s);
        if (r == -EBUSY)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "Too many of your calls wait already");
        if (r < 0)
                return r;
        if (parse_uid(s->word, &s->numbered) < 0)
                s->numbered = UID_INVALID;
        if (s->wanted & 1U << MEANS_USER && *s->word && strlen(s->word) < LOGIN_NAME_MAX) {
                r = look_up(s);
                if (r >= 0)
                        return 1;
        }
        answer(s);
        search_free(s);
        return 1;
}
