/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *headless_go_on(void *main_has_exited) {
        char state = 0;

        while (state != 'Z') {
                FILE *f = fopen("/proc/self/stat", "re");

                if (!f || fscanf(f, "%*d %*s %c", &state) != 1)
                        _exit(1);
                fclose(f);
        }
        (void) write(*(int *) main_has_exited, "", 1);
        (void) alarm(30); /* outlives no failed test */
        for (;;)
                (void) pause();
}

/* A child whose first thread has exited, and which goes on by another. -1: there is none. */
static inline pid_t fork_headless(void) {
        int fds[2];
        pid_t pid;
        char c;

        if (pipe(fds) < 0)
                return -1;
        pid = fork();
        if (pid == 0) {
                pthread_t thread;

                if (pthread_create(&thread, NULL, headless_go_on, &fds[1]) != 0)
                        _exit(1);
                (void) syscall(SYS_exit, 0);
        }
        (void) close(fds[1]);
        if (read(fds[0], &c, 1) != 1)
                pid = -1;
        (void) close(fds[0]);
        return pid;
}
