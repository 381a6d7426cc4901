/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <security/pam_ext.h>
#include <stdbool.h>
#include <stdint.h>

/* The module's options; see pam_confine(8). */
typedef struct ModuleArgs {
        uint64_t timeout_usec; /* 100 ms to 60 s; default 3 s */
        bool on_error_succeed;
        const char *exempt_group; /* borrowed from argv; NULL: none */
        const char *socket_path;  /* borrowed */
        bool quiet, debug;
} ModuleArgs;

/* Logs an unknown or malformed option as an error, and ignores it. The default of each option is the strict choice. */
void module_args_parse(pam_handle_t *pamh, int argc, const char **argv, ModuleArgs *ret);
