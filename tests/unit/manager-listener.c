/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "manager/work/listener.h"

static char path[] = "/tmp/confine-listener-XXXXXX";

static int ignore(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        (void) s, (void) fd, (void) events, (void) userdata;
        return 0;
}

static int call_in(void) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        (void) strcpy(sa.sun_path, path);
        assert_int_equal(connect(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        return fd;
}

/* What the watchdog looks at. */
static void test_served(void **state) {
        _cleanup_(close_fdp) int first = -EBADF, second = -EBADF, accepted = -EBADF;
        sd_event *event = NULL;
        struct stat st;
        Listener l;
        int fd;

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        fd = listener_bind(SOCK_SEQPACKET, path, 0600);
        assert_true(fd >= 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_true(listener_open(&l, event, fd, 0, ignore, NULL) >= 0);
        assert_true(listener_is_served(&l)); /* nobody waits */
        first = call_in();
        second = call_in();
        assert_false(listener_is_served(&l));
        accepted = listener_accept(&l);
        assert_true(accepted >= 0);
        assert_true(listener_is_served(&l)); /* one waits still, but there is progress */
        assert_false(listener_is_served(&l));
        accepted = close_fd(accepted);
        accepted = listener_accept(&l);
        assert_true(listener_is_served(&l));
        assert_true(listener_is_served(&l));
        assert_int_equal(listener_accept(&l), -EAGAIN);
        listener_close(&l);
        sd_event_unref(event);
        (void) unlink(path);
}

static void test_bad_path(void **state) {
        char longer[200];

        (void) state;
        (void) memset(longer, 'a', sizeof(longer));
        longer[sizeof(longer) - 1] = '\0';
        assert_int_equal(listener_bind(SOCK_STREAM, longer, 0600), -ENAMETOOLONG);
        assert_int_equal(listener_bind(SOCK_STREAM, "/nonexistent/socket", 0600), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_served), cmocka_unit_test(test_bad_path) };
        int fd = mkstemp(path);

        close_fd(fd);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
