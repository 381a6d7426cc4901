/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This takes three processes, because a process that joins a cell moves into its control group and view, but only its
 * children enter the pid namespace (setns(2)).
 *
 *   front     this process. It stays outside: whatever happens to the cell (frozen, killed), it restores the
 *             terminal and returns the exit status
 *   leader    a child of the front. It joins the cell; the session lasts as long as the leader does, because
 *             the manager watches it
 *   command   a child of the leader
 *
 * Signals go down: the front sends a signal that it gets to the leader, which accepts signals only from the front
 * and sends them to the command. Without a pty all three are one process group, so the command gets the terminal's
 * signals (SI_KERNEL) itself. With a pty the command has a session and a terminal of its own, and the front relays
 * ^C and ^Z as bytes.
 * Exits and stops go up: when the command stops, the leader stops and then the front does, so that the shell sees
 * it. When the shell continues the front, SIGCONT goes down.
 * Front and leader block the signals before the first fork, and the leader announces the command before it exists.
 * So ^C never ends the front without the command. */

#include "tools/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "bus/join.h"
#include "bus/process.h"
#include "tools/pty.h"
#include "tools/verbs.h"

#define JOIN_TIMEOUT_USEC (60 * USEC_PER_SEC)
#define ROOT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define USER_PATH "/usr/local/bin:/usr/bin:/bin"

/* The command inherits ignored signals, as nohup(1) and shells that start a job in the background want. But on a
 * terminal of its own, ^C must work. */
static void reset_signals(void) {
        static const int signals[] = { SIGINT,  SIGQUIT, SIGHUP,  SIGTERM,
                                       SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE };

        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) signal(signals[i], SIG_DFL);
}

static void signals_passed_on(sigset_t *ret) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP,
                                       SIGCONT, SIGCHLD };

        (void) sigemptyset(ret);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(ret, signals[i]);
}

static int status_of(int wait_status) {
        return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* --- the command ------------------------------------------------------------------------- */

/* Leaves out a string that is no assignment: execve(2) accepts any string as environment. */
static int set_variable(const char *assignment) {
        const char *equals = strchr(assignment, '=');
        _cleanup_(freep) char *name = NULL;

        if (!equals || equals == assignment)
                return 0;
        name = strndup(assignment, (size_t) (equals - assignment));
        return name && setenv(name, equals + 1, 1) >= 0 ? 0 : -ENOMEM;
}

static int set_environment(const Command *c, const LoginProcess *process) {
        _cleanup_(strv_freep) char **kept = NULL;

        for (char **e = environ; *e; e++)
                if (strncmp(*e, "TERM=", 5) == 0 || strncmp(*e, "LANG=", 5) == 0 || strncmp(*e, "LC_", 3) == 0)
                        if (strv_extend(&kept, *e) < 0)
                                return -ENOMEM;
        (void) clearenv();
        for (char **e = kept; e && *e; e++)
                if (set_variable(*e) < 0)
                        return -ENOMEM;
        if (setenv("HOME", c->home, 1) < 0 || setenv("USER", c->request.user, 1) < 0 ||
            setenv("LOGNAME", c->request.user, 1) < 0 || setenv("SHELL", c->shell, 1) < 0 ||
            setenv("PATH", c->request.uid == 0 ? ROOT_PATH : USER_PATH, 1) < 0)
                return -ENOMEM;
        for (const char *v = process->environment; *v; v += strlen(v) + 1)
                if (set_variable(v) < 0)
                        return -ENOMEM;
        return 0;
}

/* prepare() looked the names up before the join; inside, look-ups would use the cell's files. */
static int become_user(const LoginRequest *r, const LoginProcess *process, const char **ret_what) {
        gid_t groups[LOGIN_GROUPS_MAX];

        for (uint32_t i = 0; i < r->n_groups; i++)
                groups[i] = r->groups[i];
        return process_become(process, r->uid, r->gid, groups, r->n_groups, ret_what);
}

/* The cell that the leader has joined. */
typedef struct Place {
        LoginReply reply;
        int filter_fd;
} Place;

static _Noreturn void exec_command(const Command *c, const Place *place, const Pty *pty, const sigset_t *mask) {
        const LoginProcess *process = &place->reply.process;
        const char *what = "terminal";
        int r = 0;

        (void) sigprocmask(SIG_SETMASK, mask, NULL);
        if (!process->has_umask)
                (void) umask(022);
        if (c->pty) {
                reset_signals();
                r = pty_become_stdio(pty);
        }
        if (r >= 0)
                r = become_user(&c->request, process, &what);
        if (r >= 0)
                r = set_environment(c, process);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot become %s (%s): %m", c->request.user, what);
                _exit(EXIT_FAILED);
        }
        (void) prctl(PR_SET_PDEATHSIG, SIGHUP); /* when the leader exits */
        if (chdir(c->home) < 0 && chdir("/") < 0)
                _exit(EXIT_FAILED);
        r = process_seal(process, place->filter_fd, &what);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot restrict the command (%s): %m", what);
                _exit(226);
        }
        (void) execvp(c->argv[0], c->argv); /* makes it dumpable again */
        r = -errno;
        (void) log_error_errno(r, "Cannot run %s in the cell: %m", c->argv[0]);
        _exit(r == -ENOENT ? 127 : 126);
}

/* --- the leader -------------------------------------------------------------------------- */

int command_status_of_reply(const LoginReply *reply) {
        static const int of_stage[] = {
                [LOGIN_STAGE_OTHER] = EXIT_FAILED,
                [LOGIN_STAGE_CGROUP] = 219,
                [LOGIN_STAGE_NETWORK] = 225,
                [LOGIN_STAGE_NAMESPACE] = 226,
        };

        if (reply->verdict == LOGIN_NO_CELL)
                return EXIT_NO_SUCH;
        if (reply->verdict == LOGIN_FAILED && reply->stage < ELEMENTSOF(of_stage))
                return of_stage[reply->stage];
        return EXIT_FAILED;
}

int command_status_of_error(int error) {
        return error == -ENOENT || error == -ECONNREFUSED ? EXIT_ABSENT : EXIT_FAILED;
}

static int explain_reply(const LoginReply *reply) {
        bool policy = reply->verdict == LOGIN_NO_CELL && strstr(reply->message, "policy");

        log_error("%s%s", reply->message,
                  reply->verdict != LOGIN_NO_CELL ? "" :
                          policy ? ": see confinectl policies" : ": see confinectl list");
        return command_status_of_reply(reply);
}

static int explain_absence(const Command *c, int error) {
        int status = command_status_of_error(error);

        if (status == EXIT_ABSENT)
                log_error("confined is not running (nobody answers at %s/login): start it with \"%s\"",
                          c->runtime_dir, access("/run/systemd/system", F_OK) >= 0 ? "systemctl start confined" :
                                                                                     "confined &");
        else if (error == -EACCES || error == -EPERM)
                (void) log_error_errno(error, "Cannot connect to confined (%m): try again as root");
        else
                (void) log_error_errno(error, "confined does not answer (%m): see its log");
        return status;
}

/* Joins the cell. Returns 0, or logs why not and returns the exit status. */
static int join(const Command *c, Place *ret) {
        _cleanup_(freep) char *path = NULL;
        JoinOptions o = { .timeout_usec = JOIN_TIMEOUT_USEC, .ret_filter_fd = &ret->filter_fd };
        int error;

        if (asprintf(&path, "%s/login", c->runtime_dir) < 0)
                return EXIT_FAILED;
        o.socket_path = path;
        switch (join_cell(&o, &c->request, &ret->reply, &error)) {
        case JOIN_CONFINED:
                return 0;
        case JOIN_REFUSED:
        case JOIN_NO_POLICY:
                return explain_reply(&ret->reply);
        case JOIN_ABSENT:
        case JOIN_UNABLE:
                return explain_absence(c, error);
        case JOIN_BROKEN:
                (void) log_error_errno(error, "Cannot enter cell %s (%s: %m), did not run the command", ret->reply.cell,
                                       ret->reply.message);
                return 226;
        default: /* we never run a command outside of a cell */
                log_error("confined gave no cell (%s), did not run the command", ret->reply.message);
                return EXIT_FAILED;
        }
}

static _Noreturn void lead(pid_t child, pid_t front, const sigset_t *set) {
        for (;;) {
                siginfo_t info;
                int status;
                pid_t pid = waitpid(child, &status, WNOHANG | WUNTRACED);

                if (pid == child && WIFSTOPPED(status)) {
                        if (isatty(STDIN_FILENO)) { /* otherwise see stop_too() */
                                (void) raise(SIGSTOP);
                                (void) kill(child, SIGCONT);
                        }
                        continue;
                }
                if (pid == child)
                        _exit(status_of(status));
                if (sigwaitinfo(set, &info) > 0 && info.si_signo != SIGCHLD && info.si_pid == front)
                        (void) kill(child, info.si_signo);
        }
}

static _Noreturn void run_leader(const Command *c, Pty *pty, int ready_fd, pid_t front,
                                 const sigset_t *mask) {
        static Place place; /* only the leader and its child use it; too large for the stack */
        sigset_t set;
        pid_t child;
        int status;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != front)
                _exit(EXIT_FAILED);
        place.filter_fd = -EBADF;
        status = join(c, &place);
        if (status != 0)
                _exit(status);
        /* Before the fork, so that nobody knows of the command before the front does. */
        if (write(ready_fd, "R", 1) != 1)
                _exit(EXIT_FAILED);
        child = fork();
        if (child < 0) {
                (void) log_error_errno(errno, "Cannot start a process in the cell: %m");
                _exit(EXIT_FAILED);
        }
        if (child == 0)
                exec_command(c, &place, pty, mask);
        close_fd(ready_fd);
        close_fd(pty->slave_fd);
        signals_passed_on(&set);
        lead(child, front, &set);
}

/* --- the front --------------------------------------------------------------------------- */

/* Stops the front because the command has stopped. Without a terminal there is no shell that would continue us, so
 * the sender of the stop signal has to continue the command. We use SIGTSTP and not SIGSTOP: the kernel drops it if our
 * process group has no shell that could continue us (as with "ssh -t host confinectl ..."), and the command then
 * continues at once. */
static void stop_too(const Command *c, Pty *pty, pid_t leader) {
        sigset_t stop;

        if (!isatty(STDIN_FILENO))
                return;
        pty_restore(pty);
        (void) sigemptyset(&stop);
        (void) sigaddset(&stop, SIGTSTP);
        (void) raise(SIGTSTP);
        (void) sigprocmask(SIG_UNBLOCK, &stop, NULL); /* stops here */
        (void) sigprocmask(SIG_BLOCK, &stop, NULL);
        if (c->pty) {
                pty_set_raw(pty);
                pty_copy_size(pty);
        }
        (void) kill(leader, SIGCONT);
}

static void handle_signal(const Command *c, Pty *pty, int signal_fd, pid_t leader) {
        struct signalfd_siginfo info;

        if (read(signal_fd, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGCHLD)
                return;
        if (c->pty && info.ssi_signo == SIGWINCH)
                pty_copy_size(pty);
        else if (c->pty && info.ssi_signo == SIGTSTP)
                stop_too(c, pty, leader);
        else if (c->pty || info.ssi_code != SI_KERNEL)
                (void) kill(leader, (int) info.ssi_signo);
}

static void handle_pty(Pty *pty, const struct pollfd *fds) {
        if (fds[0].revents)
                pty_read_input(pty);
        if (fds[1].revents & POLLOUT)
                pty_write_input(pty);
        if (fds[1].revents & POLLIN)
                (void) pty_copy_output(pty);
}

/* Relays signals, input and output until the leader exits; returns its wait status. */
static int relay(const Command *c, Pty *pty, int signal_fd, pid_t leader) {
        for (;;) {
                struct pollfd fds[3] = {
                        { .fd = c->pty && pty_input_events(pty) ? STDIN_FILENO : -1, .events = POLLIN },
                        { .fd = pty->master_fd, .events = c->pty ? pty_master_events(pty) : 0 },
                        { .fd = signal_fd, .events = POLLIN },
                };
                int status;
                pid_t pid = waitpid(leader, &status, WNOHANG | WUNTRACED);

                if (pid == leader && WIFSTOPPED(status))
                        stop_too(c, pty, leader);
                else if (pid == leader)
                        return status;
                if (poll(fds, ELEMENTSOF(fds), -1) <= 0)
                        continue;
                if (fds[2].revents)
                        handle_signal(c, pty, signal_fd, leader);
                if (c->pty)
                        handle_pty(pty, fds);
        }
}

/* Waits for the leader's announcement of the command. Until then signals have their default effect, so ^C ends a join
 * that hangs, and the leader dies with the front. If both have arrived, the announcement counts as first. */
static void wait_ready(int ready_fd, int signal_fd, const sigset_t *set, const sigset_t *mask) {
        for (;;) {
                struct pollfd fds[] = {
                        { .fd = ready_fd, .events = POLLIN }, /* or end of file, if the leader failed */
                        { .fd = signal_fd, .events = POLLIN },
                };

                if (poll(fds, ELEMENTSOF(fds), -1) < 0)
                        continue;
                if (fds[0].revents)
                        return;
                (void) sigprocmask(SIG_SETMASK, mask, NULL);
                (void) sigprocmask(SIG_BLOCK, set, NULL);
        }
}

static int front(const Command *c, Pty *pty, int ready_fd, pid_t leader, const sigset_t *mask) {
        _cleanup_(close_fdp) int signal_fd = -EBADF;
        sigset_t set;
        int status;

        signals_passed_on(&set);
        signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signal_fd < 0)
                (void) kill(leader, SIGKILL);
        wait_ready(ready_fd, signal_fd, &set, mask);
        if (c->pty) {
                pty_set_raw(pty);
                pty_copy_size(pty);
        }
        status = relay(c, pty, signal_fd, leader);
        while (c->pty && pty_copy_output(pty))
                ;
        return status_of(status);
}

/* Our parent may have closed some of them, and none of our own fds must take their numbers. */
static void fill_stdio(void) {
        int fd;

        do
                fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        while (fd >= 0 && fd <= STDERR_FILENO);
        close_fd(fd);
}

int command_run(const Command *c) {
        _cleanup_(pty_close) Pty pty = { .master_fd = -EBADF, .slave_fd = -EBADF };
        _cleanup_(close_fdp) int ready_fd = -EBADF;
        pid_t self = getpid(), leader;
        sigset_t set, mask;
        int fds[2], r;

        fill_stdio();
        (void) signal(SIGCHLD, SIG_DFL); /* if it is ignored, we get neither the signal nor a wait status */
        r = c->pty ? pty_open(&pty, c->request.uid) : 0;
        if (r >= 0 && pipe2(fds, O_CLOEXEC) < 0)
                r = -errno;
        if (r < 0) {
                (void) log_error_errno(r, "Cannot open a terminal or a pipe for the command: %m");
                return EXIT_FAILED;
        }
        (void) fflush(NULL);
        signals_passed_on(&set);
        (void) sigprocmask(SIG_BLOCK, &set, &mask);
        leader = fork();
        if (leader == 0) {
                close_fd(fds[0]);
                close_fd(pty.master_fd);
                pty.master_fd = -EBADF;
                run_leader(c, &pty, fds[1], self, &mask);
        }
        close_fd(fds[1]);
        ready_fd = fds[0];
        if (leader < 0) {
                (void) log_error_errno(errno, "Cannot start the process that joins the cell: %m");
                return EXIT_FAILED;
        }
        return front(c, &pty, ready_fd, leader, &mask);
}
