/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <locale.h>
#include <string.h>

#include "base/log.h"
#include "tools/tool.h"

static int run(const CommandLine *c) {
        const char *no_colour = getenv("NO_COLOR");
        Tool t = {
                .verb = c->verb,
                .options = &c->options,
                .arguments = c->arguments,
                .n_arguments = c->n_arguments,
                .out = stdout,
                .colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour),
        };
        int status;

        status = c->verb->run(&t);
        tool_done(&t);
        if (fflush(stdout) != 0 && status == 0) {
                (void) log_error_errno(errno, "Cannot write the output: %m");
                status = EXIT_FAILED;
        }
        return status;
}

int main(int argc, char **argv) {
        _cleanup_(freep) char *message = NULL;
        CommandLine c;
        int status = 0;

        (void) setlocale(LC_CTYPE, ""); /* for the width of characters; messages are always English */
        if (command_line_parse(argc, argv, &c, &message) < 0) {
                log_error("%s", message ?: "Out of memory");
                return EXIT_USAGE;
        }
        c.options.argv = argv;
        if (c.options.help)
                verbs_help(c.verb, stdout);
        else if (c.options.version)
                printf("confinectl %s\n", CONFINE_VERSION);
        else
                status = run(&c);
        command_line_done(&c);
        return status;
}
