/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* set-property, freeze, thaw, kill and terminate make the same call for each cell that the argument names. It is no
 * error if a cell ends in the meantime, unless it was the only one. */

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "bus/client.h"
#include "bus/contract.h"
#include "tools/find.h"

typedef int (*cell_call_t)(Tool *t, const char *path, sd_bus_error *error, void *userdata);

static int for_each_cell(Tool *t, const char *what, cell_call_t call, void *userdata) {
        _cleanup_(strv_freep) char **paths = NULL;
        size_t n = 0;
        int status;

        status = find_cells(t, what, &paths);
        for (char **path = paths; path && *path; path++) {
                _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
                int r = call(t, *path, &error, userdata);

                if (r >= 0)
                        n++;
                else if (!tool_is_missing(&error) || (!path[1] && n == 0 && status == 0))
                        status = tool_fail_call(t, &error, r);
        }
        return status;
}

static int call_plain(Tool *t, const char *path, sd_bus_error *error, void *userdata) {
        return client_call(t->bus, path, BUS_CELL_INTERFACE, userdata, error, NULL, NULL);
}

int verb_freeze(Tool *t) {
        return for_each_cell(t, t->arguments[0], call_plain, (void *) "Freeze");
}

int verb_thaw(Tool *t) {
        return for_each_cell(t, t->arguments[0], call_plain, (void *) "Thaw");
}

/* --- set-property ------------------------------------------------------------------------ */

static int call_set(Tool *t, const char *path, sd_bus_error *error, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        (void) userdata;
        r = sd_bus_message_new_method_call(t->bus, &m, NULL, path, BUS_CELL_INTERFACE, "SetProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int) t->options->runtime);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) t->arguments + 1);
        return r < 0 ? r : sd_bus_call(t->bus, m, 0, error, NULL);
}

int verb_set_property(Tool *t) {
        for (size_t i = 1; i < t->n_arguments; i++)
                if (!strchr(t->arguments[i], '=') || t->arguments[i][0] == '=') {
                        log_error("\"%s\" is not of the form KEY=VALUE: see confinectl set-property --help",
                                  t->arguments[i]);
                        return EXIT_USAGE;
                }
        return for_each_cell(t, t->arguments[0], call_set, NULL);
}

/* --- kill, terminate --------------------------------------------------------------------- */

static int parse_signal(const char *text, int *ret) {
        uint64_t number;

        if (parse_uint64(text, &number) >= 0 && number >= 1 && number <= (uint64_t) SIGRTMAX) {
                *ret = (int) number;
                return 0;
        }
        if (strncasecmp(text, "SIG", 3) == 0)
                text += 3;
        for (int i = 1; i < NSIG; i++) {
                const char *name = sigabbrev_np(i);

                if (name && strcasecmp(name, text) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

static int call_kill(Tool *t, const char *path, sd_bus_error *error, void *userdata) {
        return client_call(t->bus, path, BUS_CELL_INTERFACE, "Kill", error, NULL, "i", *(int *) userdata);
}

static int terminate_session(Tool *t, const char *path) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = client_call(t->bus, path, BUS_SESSION_INTERFACE, "Terminate", &error, NULL, NULL);

        return r < 0 ? tool_fail_call(t, &error, r) : 0;
}

int verb_terminate(Tool *t) {
        _cleanup_(freep) char *session = NULL;
        int r = find_session(t, t->arguments[0], &session);

        if (r != 0)
                return r;
        return session ? terminate_session(t, session) :
                         for_each_cell(t, t->arguments[0], call_plain, (void *) "Terminate");
}

int verb_kill(Tool *t) {
        _cleanup_(freep) char *session = NULL;
        int sig = SIGTERM, r;

        if (t->options->signal && parse_signal(t->options->signal, &sig) < 0) {
                log_error("Unknown signal \"%s\": see signal(7)", t->options->signal);
                return EXIT_USAGE;
        }
        r = find_session(t, t->arguments[0], &session);
        if (r != 0)
                return r;
        if (!session)
                return for_each_cell(t, t->arguments[0], call_kill, &sig);
        if (sig == SIGTERM)
                return terminate_session(t, session);
        log_error("Cannot send %s to a session, because its processes belong to the cell: use terminate, "
                  "or kill with the cell's id", t->options->signal);
        return EXIT_FAILED;
}
