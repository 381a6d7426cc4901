/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/tool.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/parse.h"
#include "bus/client.h"
#include "bus/contract.h"

#define CALL_TIMEOUT_USEC (25 * USEC_PER_SEC)

/* --- errors ------------------------------------------------------------------------------ */

bool tool_is_missing(const sd_bus_error *error) {
        static const char *const names[] = {
                BUS_ERROR_NO_SUCH_CELL, BUS_ERROR_NO_SUCH_SESSION, BUS_ERROR_NO_SUCH_POLICY,
                BUS_ERROR_NO_SUCH_USER, SD_BUS_ERROR_UNKNOWN_OBJECT,
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (sd_bus_error_has_name(error, names[i]))
                        return true;
        return false;
}

static const char *next_step(const sd_bus_error *error) {
        static const struct {
                const char *name, *hint;
        } hints[] = {
                { BUS_ERROR_NO_SUCH_CELL, ": see confinectl list" },
                { BUS_ERROR_NO_SUCH_SESSION, ": see confinectl sessions" },
                { BUS_ERROR_NO_SUCH_POLICY, ": see confinectl policies" },
                { BUS_ERROR_NO_SUCH_USER, ": see getent passwd" },
                { BUS_ERROR_BAD_PROPERTY, ": see confine.resources(5)" },
                { SD_BUS_ERROR_ACCESS_DENIED, ": try again as root" },
        };

        for (size_t i = 0; i < ELEMENTSOF(hints); i++)
                if (sd_bus_error_has_name(error, hints[i].name))
                        return hints[i].hint;
        return "";
}

static int say_absent(const Tool *t, const char *what) {
        log_error("confined is not running (%s %s/bus): start it with \"%s\"", what, t->options->runtime_dir,
                  access("/run/systemd/system", F_OK) >= 0 ? "systemctl start confined" : "confined &");
        return EXIT_ABSENT;
}

int tool_fail(int r, const char *what) {
        (void) log_error_errno(r, "%s: %m", what);
        return EXIT_FAILED;
}

int tool_fail_call(const Tool *t, const sd_bus_error *error, int r) {
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) || r == -ETIMEDOUT) {
                log_error("confined does not answer: see its log, and restart it if it hangs");
                return EXIT_FAILED;
        }
        if (client_is_gone(r) && !tool_is_missing(error) && r != -ENOENT)
                return say_absent(t, "it closed the connection at");
        if (!sd_bus_error_is_set(error))
                return tool_fail(r, "Cannot call confined");
        log_error("%s%s", error->message ?: error->name, next_step(error));
        return tool_is_missing(error) ? EXIT_NO_SUCH : EXIT_FAILED;
}

/* --- the manager ------------------------------------------------------------------------- */

int tool_connect(Tool *t) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/bus", t->options->runtime_dir) < 0)
                return tool_fail(-ENOMEM, "Cannot connect");
        r = client_connect(path, CALL_TIMEOUT_USEC, &t->bus);
        if (r == -ENOENT)
                return say_absent(t, "no socket at");
        if (r == -ETIMEDOUT)
                return tool_fail_call(t, NULL, r);
        if (client_is_gone(r))
                return say_absent(t, "nobody listens at");
        return r < 0 ? tool_fail(r, "Cannot connect to confined") : 0;
}

int tool_call_manager(Tool *t, const char *member, sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (!t->bus) {
                r = tool_connect(t);
                if (r != 0)
                        return r;
        }
        r = sd_bus_message_new_method_call(t->bus, &m, NULL, BUS_PATH, BUS_MANAGER_INTERFACE, member);
        if (r >= 0 && types) {
                va_list ap;

                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
                if (r == -EINVAL) {
                        log_error("An argument is not valid UTF-8, so nothing can have this name");
                        return EXIT_NO_SUCH;
                }
        }
        if (r >= 0)
                r = sd_bus_call(t->bus, m, 0, &error, ret_reply);
        return r < 0 ? tool_fail_call(t, &error, r) : 0;
}

/* --- output ------------------------------------------------------------------------------ */

static size_t screen_width(void) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return 80;
        return size.ws_col;
}

static void run_pager(int fd) {
        const char *pager = getenv("PAGER");

        (void) dup2(fd, STDIN_FILENO);
        (void) setenv("LESS", "FRSXMK", 0);
        (void) setenv("LESSSECURE", "1", 1); /* no shell from less: confinectl may run under sudo */
        if (pager && *pager)
                (void) execl("/bin/sh", "sh", "-c", pager, NULL);
        else {
                (void) execlp("less", "less", NULL);
                (void) execlp("more", "more", NULL);
        }
        (void) execlp("cat", "cat", NULL);
        _exit(EXIT_FAILED);
}

void tool_open_pager(Tool *t) {
        int fds[2];

        if (t->pager > 0 || t->options->no_pager || t->options->json != JSON_MODE_OFF ||
            !isatty(STDOUT_FILENO) || pipe2(fds, O_CLOEXEC) < 0)
                return;
        t->pager = fork();
        if (t->pager == 0)
                run_pager(fds[0]);
        close_fd(fds[0]);
        if (t->pager > 0) {
                t->out = fdopen(fds[1], "w");
                (void) signal(SIGPIPE, SIG_IGN); /* the user may quit the pager early */
                (void) signal(SIGINT, SIG_IGN);  /* the pager handles ^C */
        }
        if (t->pager <= 0 || !t->out) {
                close_fd(fds[1]);
                t->out = stdout;
        }
}

int tool_print_json(Tool *t, const json_t *j) {
        int r = json_print(j, t->options->json, t->out);

        return r < 0 ? tool_fail(r, "Cannot write the output") : 0;
}

int tool_print_table(Tool *t, const Table *table) {
        const TableFormat format = {
                .legend = !t->options->no_legend && table_n_rows(table) > 0,
                .width = isatty(STDOUT_FILENO) ? screen_width() : 0,
                .bold = t->colour,
        };
        int r;

        if (t->options->json != JSON_MODE_OFF)
                r = table_print_json(table, t->options->json, t->out);
        else
                r = table_print(table, &format, t->out);
        return r < 0 && t->pager <= 0 ? tool_fail(r, "Cannot write the output") : 0;
}

void tool_done(Tool *t) {
        if (t->pager > 0) {
                (void) fclose(t->out);
                while (waitpid(t->pager, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        t->bus = sd_bus_flush_close_unref(t->bus);
}
