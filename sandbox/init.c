/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* confine-init: pid 1 of a cell. It keeps the namespaces alive and reaps what is reparented to it; it
 * forwards nothing, opens nothing and knows nothing. Linked statically, because it is executed inside
 * the cell's view of the file system. When it is killed the kernel kills the whole pid namespace. */

#include <errno.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void drop_capabilities(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {};

        (void) syscall(SYS_capset, &header, data); /* dropping can't fail for oneself */
}

int main(void) {
        sigset_t all, child;

        (void) close_range(0, ~0U, 0);
        (void) prctl(PR_SET_NAME, "confine-init");
        (void) prctl(PR_SET_DUMPABLE, 0); /* exec made us dumpable again */
        (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        drop_capabilities();

        /* pid 1 is immune to signals without a handler from inside; blocking all of them makes it so
         * for those from outside, but for SIGKILL and SIGSTOP. */
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_BLOCK, &all, NULL);
        (void) sigemptyset(&child);
        (void) sigaddset(&child, SIGCHLD);

        for (;;) {
                while (waitpid(-1, NULL, WNOHANG) > 0)
                        ;
                (void) sigwaitinfo(&child, NULL);
        }
}
