/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/strv.h"
#include "tools/table.h"

/* The command line: one table of verbs and one of options. Help, the completion and the check of the man
 * page read the same rows. */

typedef struct Tool Tool;
typedef struct Verb Verb;

enum { /* exit status; run and shell can also return the status of their command */
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_ABSENT = 3,
        EXIT_NO_SUCH = 4,
};

#define ARGUMENTS_ANY ((size_t) -1)

struct Verb {
        const char *name;
        int (*run)(Tool *t); /* returns the exit status */
        size_t least, most;  /* arguments */
        size_t command_at;   /* the number of the argument, from 1, that begins a command with options; 0: none */
        const char *arguments;
        const char *help;
};

extern const Verb verbs[];
extern const size_t n_verbs;

/* Each is in verb-NAME.c, or in a file that it shares with similar verbs. */
int verb_list(Tool *t);
int verb_sessions(Tool *t);
int verb_services(Tool *t);
int verb_net_traffic(Tool *t);
int verb_policies(Tool *t);
int verb_status(Tool *t);
int verb_show(Tool *t);
int verb_explain(Tool *t);
int verb_net(Tool *t);
int verb_check(Tool *t);
int verb_verify(Tool *t);
int verb_cat(Tool *t);
int verb_reload(Tool *t);
int verb_set_property(Tool *t);
int verb_freeze(Tool *t);
int verb_thaw(Tool *t);
int verb_kill(Tool *t);
int verb_terminate(Tool *t);
int verb_monitor(Tool *t);
int verb_run(Tool *t);
int verb_shell(Tool *t);

typedef struct Options {
        JsonMode json;
        bool no_pager, no_legend, quiet, help, version;
        bool all, value, runtime, pty;
        const char *runtime_dir, *config_dir, *vendor_dir;
        const char *user, *unit, *service, *tty, *rhost, *policy, *signal, *try_user;
        char **properties;
        char **argv; /* the program's whole command line */
} Options;

typedef struct CommandLine {
        const Verb *verb; /* NULL: the command line has none */
        Options options;
        char *const *arguments; /* of the verb; for run and shell, the command is among them */
        size_t n_arguments;
        char **own; /* owns the strings of `arguments` */
} CommandLine;

typedef struct Option {
        const char *name;
        char short_name;      /* 0: none */
        const char *argument; /* NULL: takes none */
        const char *of_verbs; /* blank-separated; NULL: all */
        const char *help;
        size_t offset; /* in Options: a const char *, or a bool if `argument` is NULL; unused with `take` */
        int (*take)(Options *o, const char *argument);
} Option;

extern const Option options[];
extern const size_t n_options;

bool option_is_of(const Option *o, const Verb *v);

/* 0; -EINVAL, and *ret_message (the caller frees it) describes the mistake in one line; -ENOMEM. Uses
 * getopt(3), so two calls must not run at once. */
int command_line_parse(int argc, char **argv, CommandLine *ret, char **ret_message);
void command_line_done(CommandLine *c);

/* Prints the help of a verb, or of the tool if `v` is NULL. */
void verbs_help(const Verb *v, FILE *f);
