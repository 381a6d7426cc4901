/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Options stand before or after the verb. Options after the command of run or shell belong to that command. */

#include "tools/verbs.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#ifndef CONFINE_VENDORDIR
#define CONFINE_VENDORDIR "/usr/lib/confine"
#endif

const Verb verbs[] = {
        { "list", verb_list, 0, 0, 0, "", "List cells, with usage against limits" },
        { "sessions", verb_sessions, 0, 0, 0, "", "List sessions" },
        { "services", verb_services, 0, 0, 0, "", "List systemd services that policies place" },
        { "policies", verb_policies, 0, 0, 0, "", "List policies in the order in which confined tries them" },
        { "status", verb_status, 0, 1, 0, "[CELL|USER|SESSION|POLICY]",
          "Show details of a cell, a session or a policy, or of the manager" },
        { "show", verb_show, 0, 1, 0, "[CELL|USER|SESSION|POLICY]", "Print properties, for scripts" },
        { "explain", verb_explain, 0, 0, 0, "--user USER|--unit UNIT",
          "Show which policy a login or a service would get, and why" },
        { "net", verb_net, 1, 3, 0, "status CELL | test CELL PROTOCOL:HOST[:PORT] | traffic [USER|POLICY]",
          "Show a cell's network, test a connection, or show the use of TrafficMax=" },
        { "check", verb_check, 0, 0, 0, "", "Check whether this host is ready, and look for ways around the cells" },
        { "verify", verb_verify, 0, ARGUMENTS_ANY, 0, "[FILE...]",
          "Check policies as the manager of this host would" },
        { "cat", verb_cat, 1, ARGUMENTS_ANY, 0, "POLICY...", "Print the files of policies" },
        { "reload", verb_reload, 0, 0, 0, "", "Make the manager load the policies again" },
        { "set-property", verb_set_property, 2, ARGUMENTS_ANY, 0,
          "CELL|USER|SESSION|POLICY KEY=VALUE...", "Change limits of live cells and of their policy" },
        { "freeze", verb_freeze, 1, 1, 0, "CELL|USER|SESSION|POLICY", "Suspend all processes of cells" },
        { "thaw", verb_thaw, 1, 1, 0, "CELL|USER|SESSION|POLICY", "Resume the processes of frozen cells" },
        { "kill", verb_kill, 1, 1, 0, "CELL|USER|SESSION|POLICY", "Send a signal to all processes of cells" },
        { "terminate", verb_terminate, 1, 1, 0, "CELL|USER|SESSION|POLICY", "End cells, or one session" },
        { "monitor", verb_monitor, 0, 0, 0, "", "Print events as they happen, until you press ^C" },
        { "run", verb_run, 1, ARGUMENTS_ANY, 1, "--policy POLICY [--] COMMAND...",
          "Run a command in a cell" },
        { "shell", verb_shell, 1, ARGUMENTS_ANY, 2, "CELL [COMMAND...]",
          "Run a shell in a live cell, as root" },
};

const size_t n_verbs = ELEMENTSOF(verbs);

static int take_json(Options *o, const char *argument) {
        o->json = json_mode_from_string(argument);
        return o->json < 0 ? -EINVAL : 0;
}

static int take_property(Options *o, const char *argument) {
        return strv_extend(&o->properties, argument);
}

#define FIELD(f) offsetof(Options, f)

const Option options[] = {
        { "json", 0, "short|pretty|off", NULL, "Print JSON", 0, take_json },
        { "no-pager", 0, NULL, NULL, "Don't use a pager for long output", FIELD(no_pager) },
        { "no-legend", 0, NULL, NULL, "Don't print column heads and row counts", FIELD(no_legend) },
        { "quiet", 'q', NULL, NULL, "Print only results and errors", FIELD(quiet) },
        { "runtime-dir", 0, "DIR", NULL, "Directory of the manager's sockets (default: /run/confine)",
          FIELD(runtime_dir) },
        { "config-dir", 0, "DIR", NULL, "Directory of the administrator's policies/ (default: /etc/confine)",
          FIELD(config_dir) },
        { "vendor-dir", 0, "DIR", NULL, "Directory of the shipped policies/ (default: " CONFINE_VENDORDIR ")",
          FIELD(vendor_dir) },
        { "help", 'h', NULL, NULL, "Show this help", FIELD(help) },
        { "version", 0, NULL, NULL, "Show the version", FIELD(version) },
        { "property", 'p', "KEY", "show", "Print only this property; you can give this option several times", 0,
          take_property },
        { "value", 0, NULL, "show", "Print values without KEY=", FIELD(value) },
        { "user", 0, "USER", "explain run shell", "The user, by name or uid", FIELD(user) },
        { "unit", 0, "UNIT", "explain", "The systemd service, instead of a user's login", FIELD(unit) },
        { "try", 0, "USER", "check", "Also log this user in with PAM, and check that session", FIELD(try_user) },
        { "service", 0, "SERVICE", "explain check", "PAM service of the login (default of check: sshd)",
          FIELD(service) },
        { "tty", 0, "TTY", "explain check", "Terminal of the login", FIELD(tty) },
        { "rhost", 0, "HOST", "explain check", "Remote host of the login", FIELD(rhost) },
        { "all", 0, NULL, "explain", "Show keys with default values, too", FIELD(all) },
        { "runtime", 0, NULL, "set-property", "Change only live cells, not the policy", FIELD(runtime) },
        { "signal", 's', "SIGNAL", "kill", "Signal to send (default: TERM)", FIELD(signal) },
        { "policy", 0, "POLICY", "run", "Policy of the cell", FIELD(policy) },
        { "pty", 0, NULL, "run shell", "Give the command a terminal of its own", FIELD(pty) },
};

const size_t n_options = ELEMENTSOF(options);

static bool has_word(const char *list, const char *word) {
        size_t length = strlen(word);

        for (const char *p = list; *p; p += strspn(p, " ")) {
                size_t n = strcspn(p, " ");

                if (n == length && strncmp(p, word, n) == 0)
                        return true;
                p += n;
        }
        return false;
}

bool option_is_of(const Option *o, const Verb *v) {
        return !o->of_verbs || (v && has_word(o->of_verbs, v->name));
}

static const Verb *find_verb(const char *name) {
        for (size_t i = 0; i < n_verbs; i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

static int say(char **ret_message, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int say(char **ret_message, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(ret_message, format, ap);
        va_end(ap);
        if (r < 0) {
                *ret_message = NULL;
                return -ENOMEM;
        }
        return -EINVAL;
}

/* --- parsing ----------------------------------------------------------------------------- */

#define OPTION_BASE 256

static void make_getopt_tables(struct option *longs, char *shorts) {
        *shorts++ = '-'; /* getopt() returns arguments in their order, as option 1 */
        *shorts++ = ':';
        for (size_t i = 0; i < n_options; i++) {
                longs[i] = (struct option) { .name = options[i].name,
                                             .has_arg = options[i].argument ? required_argument : no_argument,
                                             .val = OPTION_BASE + (int) i };
                if (options[i].short_name) {
                        *shorts++ = options[i].short_name;
                        if (options[i].argument)
                                *shorts++ = ':';
                }
        }
        longs[n_options] = (struct option) {};
        *shorts = '\0';
}

static const Option *option_of_code(int code) {
        if (code >= OPTION_BASE)
                return &options[code - OPTION_BASE];
        for (size_t i = 0; i < n_options; i++)
                if (options[i].short_name == code)
                        return &options[i];
        return NULL;
}

static int take_option(const Option *o, CommandLine *c, char **ret_message) {
        char *field = (char *) &c->options + o->offset;
        int r = 0;

        if (o->take)
                r = o->take(&c->options, optarg);
        else if (o->argument)
                *(const char **) field = optarg;
        else
                *(bool *) field = true;
        return r == -EINVAL ? say(ret_message, "Option --%s takes %s, not \"%s\"", o->name, o->argument, optarg) : r;
}

static int take_argument(CommandLine *c, const char *text, char **ret_message) {
        if (c->verb)
                return strv_extend(&c->own, text);
        c->verb = find_verb(text);
        return c->verb ? 0 : say(ret_message, "Unknown verb \"%s\": see confinectl --help", text);
}

/* Whether the next argument begins a command. All options after it belong to that command. */
static bool is_command_next(const CommandLine *c) {
        return c->verb && c->verb->command_at > 0 && strv_length(c->own) + 1 >= c->verb->command_at;
}

static int check_count(const CommandLine *c, char **ret_message) {
        size_t n = strv_length(c->own);

        if (n < c->verb->least)
                return say(ret_message, "%s needs %s: see confinectl %s --help", c->verb->name,
                           c->verb->arguments, c->verb->name);
        if (n > c->verb->most)
                return say(ret_message, "Too many arguments for %s, from \"%s\" on: see confinectl %s --help",
                           c->verb->name, c->own[c->verb->most], c->verb->name);
        return 0;
}

static int check(const CommandLine *c, const bool *given, char **ret_message) {
        if (c->options.help || c->options.version)
                return 0;
        if (!c->verb)
                return say(ret_message, "The command line has no verb: see confinectl --help");
        for (size_t i = 0; i < n_options; i++)
                if (given[i] && !option_is_of(&options[i], c->verb))
                        return say(ret_message, "Option --%s does not apply to %s: see confinectl %s --help",
                                   options[i].name, c->verb->name, c->verb->name);
        return check_count(c, ret_message);
}

static int parse(int argc, char **argv, CommandLine *c, char **ret_message) {
        struct option longs[ELEMENTSOF(options) + 1];
        char shorts[2 * ELEMENTSOF(options) + 3];
        bool given[ELEMENTSOF(options)] = {};
        int code, r = 0;

        make_getopt_tables(longs, shorts);
        optind = 0;
        opterr = 0;
        while (r >= 0 && (code = getopt_long(argc, argv, shorts, longs, NULL)) >= 0) {
                const Option *o = option_of_code(code);

                if (code == 1 && is_command_next(c)) {
                        optind--;
                        break;
                }
                if (code == 1)
                        r = take_argument(c, optarg, ret_message);
                else if (code == ':')
                        r = say(ret_message, "Option %s needs a value: see confinectl --help", argv[optind - 1]);
                else if (!o)
                        r = say(ret_message, "Unknown option \"%s\": see confinectl --help",
                                argv[optind - 1]);
                else {
                        given[o - options] = true;
                        r = take_option(o, c, ret_message);
                }
        }
        for (int i = optind; i < argc && r >= 0; i++)
                r = take_argument(c, argv[i], ret_message);
        return r < 0 ? r : check(c, given, ret_message);
}

int command_line_parse(int argc, char **argv, CommandLine *ret, char **ret_message) {
        CommandLine c = {
                .options = { .runtime_dir = "/run/confine", .config_dir = "/etc/confine",
                             .vendor_dir = CONFINE_VENDORDIR },
        };
        int r;

        *ret_message = NULL;
        r = parse(argc, argv, &c, ret_message);
        if (r < 0) {
                command_line_done(&c);
                return r;
        }
        c.arguments = c.own;
        c.n_arguments = strv_length(c.own);
        *ret = c;
        return 0;
}

void command_line_done(CommandLine *c) {
        strv_free(c->options.properties);
        strv_free(c->own);
}

/* --- help -------------------------------------------------------------------------------- */

static void help_option(const Option *o, FILE *f) {
        char text[64];

        (void) snprintf(text, sizeof(text), "--%s%s%s", o->name, o->argument ? "=" : "", o->argument ?: "");
        if (o->short_name)
                fprintf(f, "  -%c %-24s %s\n", o->short_name, text, o->help);
        else
                fprintf(f, "     %-24s %s\n", text, o->help);
}

static void help_options(const Verb *v, bool own, FILE *f) {
        for (size_t i = 0; i < n_options; i++)
                if ((options[i].of_verbs != NULL) == own && option_is_of(&options[i], v))
                        help_option(&options[i], f);
}

void verbs_help(const Verb *v, FILE *f) {
        if (v) {
                fprintf(f, "confinectl [OPTIONS...] %s %s\n\n%s.\n\n", v->name, v->arguments, v->help);
                help_options(v, true, f);
        } else {
                fprintf(f, "confinectl [OPTIONS...] VERB [ARGUMENTS...]\n\n"
                           "Show and control the cells of confine.\n\nVerbs:\n");
                for (size_t i = 0; i < n_verbs; i++)
                        fprintf(f, "  %-13s %s\n", verbs[i].name, verbs[i].help);
                fprintf(f, "\nOptions:\n");
        }
        help_options(v, 0, f);
        fprintf(f, "\nSee confinectl(1)%s.\n", v ? "" : ", and confinectl VERB --help");
}
