/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The master is non-blocking, so that we can read a command's output while it reads no input. We don't change stdin
 * and stdout, because other processes may share them. */

#include "tools/pty.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/stat.h>

int pty_open(Pty *p, uid_t uid) {
        const struct group *tty;

        *p = (Pty) { .master_fd = -EBADF, .slave_fd = -EBADF };
        p->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        if (p->master_fd < 0 || unlockpt(p->master_fd) < 0 ||
            ptsname_r(p->master_fd, p->name, sizeof(p->name)) != 0)
                goto fail;
        p->slave_fd = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        tty = getgrnam("tty");
        if (p->slave_fd < 0 || fchown(p->slave_fd, uid, tty ? tty->gr_gid : (gid_t) -1) < 0 ||
            fchmod(p->slave_fd, tty ? 0620 : 0600) < 0)
                goto fail;
        pty_copy_size(p);
        return 0;

fail:
        {
                int r = errno > 0 ? -errno : -EIO;

                pty_close(p);
                return r;
        }
}

void pty_close(Pty *p) {
        pty_restore(p);
        p->master_fd = close_fd(p->master_fd);
        p->slave_fd = close_fd(p->slave_fd);
}

void pty_set_raw(Pty *p) {
        struct termios raw;

        if (p->raw || tcgetattr(STDIN_FILENO, &p->saved) < 0)
                return;
        raw = p->saved;
        cfmakeraw(&raw);
        p->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) >= 0;
}

void pty_restore(Pty *p) {
        if (p->raw)
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &p->saved);
        p->raw = false;
}

void pty_copy_size(const Pty *p) {
        struct winsize size;

        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) >= 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) >= 0)
                (void) ioctl(p->master_fd, TIOCSWINSZ, &size);
}

int pty_become_stdio(const Pty *p) {
        if (setsid() < 0 || ioctl(p->slave_fd, TIOCSCTTY, 0) < 0)
                return -errno;
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                if (dup2(p->slave_fd, fd) < 0)
                        return -errno;
        return 0;
}

short pty_input_events(const Pty *p) {
        return !p->input_ended && p->n_input == 0 ? POLLIN : 0;
}

short pty_master_events(const Pty *p) {
        return (short) (POLLIN | (p->n_input > 0 ? POLLOUT : 0));
}

/* At the end of stdin, sends the command the end-of-file character of its terminal. */
static void end_input(Pty *p) {
        struct termios t;

        p->input_ended = true;
        memset(p->input, tcgetattr(p->master_fd, &t) >= 0 ? t.c_cc[VEOF] : 4, 2);
        p->n_input = p->line_begun ? 2 : 1; /* the first one only ends the line, see termios(3) */
        p->at_input = 0;
}

void pty_read_input(Pty *p) {
        ssize_t n = read(STDIN_FILENO, p->input, sizeof(p->input));

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        if (n <= 0) {
                end_input(p);
                return;
        }
        p->n_input = (size_t) n;
        p->at_input = 0;
        p->line_begun = p->input[n - 1] != '\n';
}

void pty_write_input(Pty *p) {
        ssize_t n = write(p->master_fd, p->input + p->at_input, p->n_input);

        if (n < 0)
                return;
        p->at_input += (size_t) n;
        p->n_input -= (size_t) n;
}

bool pty_copy_output(Pty *p) {
        char buffer[8192];
        ssize_t n = read(p->master_fd, buffer, sizeof(buffer));

        if (n <= 0)
                return n < 0 && errno == EINTR;
        for (ssize_t at = 0; at < n && !p->output_failed;) {
                ssize_t k = write(STDOUT_FILENO, buffer + at, (size_t) (n - at));

                if (k >= 0)
                        at += k;
                else if (errno == EAGAIN)
                        (void) poll(&(struct pollfd) { .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
                else if (errno != EINTR)
                        p->output_failed = true; /* we still read the command's output, and discard it */
        }
        return true;
}
