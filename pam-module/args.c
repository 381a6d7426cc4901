/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pam-module/args.h"

#include <string.h>
#include <syslog.h>

#include "base/parse.h"
#include "bus/login.h"

#define TIMEOUT_MIN_USEC (100 * USEC_PER_MSEC)
#define TIMEOUT_MAX_USEC (60 * USEC_PER_SEC)

static const char *after(const char *arg, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(arg, prefix, n) == 0 ? arg + n : NULL;
}

static bool parse_one(const char *arg, ModuleArgs *a) {
        const char *value;
        uint64_t usec;

        if (strcmp(arg, "quiet") == 0)
                a->quiet = true;
        else if (strcmp(arg, "debug") == 0)
                a->debug = true;
        else if (strcmp(arg, "onerr=succeed") == 0)
                a->on_error_succeed = true;
        else if (strcmp(arg, "onerr=fail") == 0)
                a->on_error_succeed = false;
        else if ((value = after(arg, "exempt_group=")) && *value)
                a->exempt_group = value;
        else if ((value = after(arg, "socket=")) && *value == '/')
                a->socket_path = value;
        else if ((value = after(arg, "timeout=")) && parse_usec(value, &usec) >= 0 &&
                 usec >= TIMEOUT_MIN_USEC && usec <= TIMEOUT_MAX_USEC)
                a->timeout_usec = usec;
        else
                return false;
        return true;
}

void module_args_parse(pam_handle_t *pamh, int argc, const char **argv, ModuleArgs *ret) {
        *ret = (ModuleArgs) { .timeout_usec = 3 * USEC_PER_SEC, .socket_path = LOGIN_SOCKET_PATH };

        for (int i = 0; i < argc; i++)
                if (!parse_one(argv[i], ret))
                        pam_syslog(pamh, LOG_ERR,
                                   "Option \"%s\" is unknown or malformed, ignoring it (known options: "
                                   "timeout=100ms..60s onerr=fail|succeed exempt_group=NAME socket=PATH "
                                   "quiet debug)", argv[i]);
}
