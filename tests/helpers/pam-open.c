/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* pam-open SERVICE USER TTY RHOST [CONFDIR]: opens and closes a PAM session as a login program would, with
 * items that can't be had from a real one in a test. Says what came of it, and then whether others may trace it. Exit
 * status 0 if it was opened. */

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *data) {
        (void) data;
        *ret = calloc((size_t) n, sizeof(**ret));
        for (int i = 0; i < n; i++)
                fprintf(stderr, "%s\n", messages[i]->msg);
        return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int open_once(char **argv, const char *confdir) {
        const struct pam_conv conv = { .conv = converse };
        pam_handle_t *pamh;
        int r;

        r = confdir ? pam_start_confdir(argv[0], argv[1], &conv, confdir, &pamh) :
                      pam_start(argv[0], argv[1], &conv, &pamh);
        if (r != PAM_SUCCESS)
                return r;
        (void) pam_set_item(pamh, PAM_TTY, argv[2]);
        if (*argv[3])
                (void) pam_set_item(pamh, PAM_RHOST, argv[3]);
        r = pam_open_session(pamh, 0);
        printf("%d %s\ndumpable %d\n", r, pam_strerror(pamh, r), prctl(PR_GET_DUMPABLE));
        if (r == PAM_SUCCESS)
                (void) pam_close_session(pamh, 0);
        (void) pam_end(pamh, r);
        return r;
}

int main(int argc, char **argv) {
        if (argc < 5)
                return 2;
        return open_once(argv + 1, argc > 5 ? argv[5] : NULL) == PAM_SUCCESS ? 0 : 1;
}
