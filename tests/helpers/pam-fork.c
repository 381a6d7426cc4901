/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* pam-fork SERVICE USER: a login program that forks for its user more often than once. Opens a session, says "open"
 * (or the error, and exits with status 1), and then does what lines of its input say:
 *
 *   user      forks a process as the user, which sleeps; says its pid
 *   headless  the same, but its first thread exits: /proc shows it as a process on its way out
 *   root      the same as root, as helpers of PAM modules are
 *   end       kills and reaps the last one
 *
 * At the end of its input it closes the session. */

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *data) {
        (void) data;
        *ret = calloc((size_t) n, sizeof(**ret));
        for (int i = 0; i < n; i++)
                fprintf(stderr, "%s\n", messages[i]->msg);
        return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void *__attribute__((noreturn)) go_on(void *unused) {
        (void) unused;
        for (;;)
                (void) pause();
}

static pid_t fork_as(const struct passwd *pw, bool headless) {
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        if (pw && (initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0))
                _exit(1);
        (void) alarm(600); /* should everything else fail */
        if (headless && pthread_create(&(pthread_t) { 0 }, NULL, go_on, NULL) == 0)
                (void) syscall(SYS_exit, 0);
        for (;;)
                (void) pause();
}

static void obey(const struct passwd *pw) {
        char line[64];
        pid_t pid = -1;

        while (fgets(line, sizeof(line), stdin)) {
                if (strcmp(line, "end\n") == 0) {
                        (void) kill(pid, SIGKILL);
                        (void) waitpid(pid, NULL, 0);
                        while (waitpid(-1, NULL, WNOHANG) > 0) /* others that the test has killed */
                                ;
                } else
                        pid = fork_as(strcmp(line, "root\n") == 0 ? NULL : pw, strcmp(line, "headless\n") == 0);
                printf("%s %d\n", strtok(line, "\n"), (int) pid);
                (void) fflush(stdout);
        }
}

int main(int argc, char **argv) {
        const struct pam_conv conv = { .conv = converse };
        const struct passwd *pw;
        pam_handle_t *pamh;
        int r;

        pw = argc == 3 ? getpwnam(argv[2]) : NULL;
        if (!pw || pam_start(argv[1], argv[2], &conv, &pamh) != PAM_SUCCESS)
                return 2;
        r = pam_open_session(pamh, 0);
        printf("%s\n", r == PAM_SUCCESS ? "open" : pam_strerror(pamh, r));
        (void) fflush(stdout);
        if (r == PAM_SUCCESS) {
                obey(pw);
                (void) pam_close_session(pamh, 0);
        }
        (void) pam_end(pamh, r);
        return r == PAM_SUCCESS ? 0 : 1;
}
