/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is where they should be, and of whom it can't be told any more. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "manager/work/user-process.h"
#include "tests/unit/headless.h"

static void test_verify(void **state) {
        uint64_t inodes[_LOGIN_NS_MAX] = {};
        char what[USER_PROCESS_WHAT_MAX];
        pid_t pid = fork_headless();
        UserProcess u;
        struct stat st;

        (void) state;
        assert_int_equal(stat("/proc/self/ns/net", &st), 0);
        inodes[LOGIN_NS_NET] = st.st_ino;
        assert_int_equal(user_process_take(getpid(), &u), 0);
        assert_int_equal(user_process_verify(&u, NULL, NULL, inodes, what), 0);
        inodes[LOGIN_NS_NET]++;
        assert_int_equal(user_process_verify(&u, NULL, NULL, inodes, what), -EXDEV);
        user_process_done(&u);

        /* /proc has no namespaces of one that is exiting: it is not outside for that */
        assert_true(pid > 0);
        assert_int_equal(user_process_take(pid, &u), 0);
        inodes[LOGIN_NS_NET]--;
        assert_int_equal(user_process_verify(&u, NULL, NULL, inodes, what), -ESRCH);
        user_process_done(&u);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_verify) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("manager-user-process", tests, NULL, NULL);
}
