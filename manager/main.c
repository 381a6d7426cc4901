/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "manager/daemon/reload.h"
#include "manager/daemon/start.h"
#include "manager/doors/doors.h"
#include "manager/doors/login-server.h"
#include "manager/work/event.h"
#include "manager/work/watchdog.h"

#define FILES_WANTED 65536
#define MEMORY_MAX_BYTES ((rlim_t) 34 << 30) /* of which 32 GiB can be asked for by peers on the bus, and not used */

static ManagerConfig arg_config = {
        .runtime_dir = "/run/confine",
        .config_dir = "/etc/confine",
        .vendor_dir = CONFINE_VENDORDIR,
        .state_dir = "/var/lib/confine",
        .init_path = CONFINE_LIBEXECDIR "/confine-init",
        .instance = "confine",
};

static void help(void) {
        printf("%s [OPTIONS...]\n\n"
               "Gives logins and services cells of their own, as the policies in\n"
               "/etc/confine/policies say. Stays in the foreground.\n\n"
               "     --no-daemon          Stay in the foreground (always so)\n"
               "     --runtime-dir=DIR    Sockets and records (%s)\n"
               "     --config-dir=DIR     policies/ of the administrator (%s)\n"
               "     --vendor-dir=DIR     policies/ that came with confine (%s)\n"
               "     --state-dir=DIR      What is kept over boots (%s)\n"
               "     --init=FILE          pid 1 of cells (%s)\n"
               "     --instance=NAME      Names the control groups, the nftables table and the links (%s);\n"
               "                          several managers with different names run beside each other\n"
               "     --debug              Log more\n"
               "  -h --help               Show this\n"
               "     --version            Show the version\n\n"
               "SIGHUP loads the policies anew; SIGTERM stops, and live cells go on.\n"
               "See confined(8), confine.policy(5), confinectl(1).\n",
               program_invocation_short_name, arg_config.runtime_dir, arg_config.config_dir,
               arg_config.vendor_dir, arg_config.state_dir, arg_config.init_path, arg_config.instance);
}

/* Returns 1 to go on, else the exit status is 0 or -errno. */
static int parse_argv(int argc, char **argv) {
        enum { ARG_RUNTIME_DIR = 256, ARG_CONFIG_DIR, ARG_VENDOR_DIR, ARG_STATE_DIR, ARG_INIT, ARG_INSTANCE, ARG_DEBUG,
               ARG_NO_DAEMON, ARG_VERSION };
        static const struct option options[] = {
                { "runtime-dir", required_argument, NULL, ARG_RUNTIME_DIR },
                { "config-dir", required_argument, NULL, ARG_CONFIG_DIR },
                { "vendor-dir", required_argument, NULL, ARG_VENDOR_DIR },
                { "state-dir", required_argument, NULL, ARG_STATE_DIR },
                { "init", required_argument, NULL, ARG_INIT },
                { "instance", required_argument, NULL, ARG_INSTANCE },
                { "debug", no_argument, NULL, ARG_DEBUG },
                { "no-daemon", no_argument, NULL, ARG_NO_DAEMON },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case ARG_RUNTIME_DIR:
                        arg_config.runtime_dir = optarg;
                        break;
                case ARG_CONFIG_DIR:
                        arg_config.config_dir = optarg;
                        break;
                case ARG_VENDOR_DIR:
                        arg_config.vendor_dir = optarg;
                        break;
                case ARG_STATE_DIR:
                        arg_config.state_dir = optarg;
                        break;
                case ARG_INIT:
                        arg_config.init_path = optarg;
                        break;
                case ARG_INSTANCE:
                        arg_config.instance = optarg;
                        break;
                case ARG_DEBUG:
                        log_set_max_level(LOG_DEBUG);
                        break;
                case ARG_NO_DAEMON:
                        break;
                case 'h':
                        help();
                        return 0;
                case ARG_VERSION:
                        printf("confined %s\n", CONFINE_VERSION);
                        return 0;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                log_error("\"%s\" is one argument too many; see confined --help", argv[optind]);
                return -EINVAL;
        }
        return 1;
}

/* Whoever may connect to the bus can make us hold data; past this a message is refused. A manager of ten
 * thousand cells takes a tenth of it. */
static void limit_memory(void) {
#ifndef __SANITIZE_ADDRESS__ /* whose shadow would count */
        const struct rlimit limit = { MEMORY_MAX_BYTES, MEMORY_MAX_BYTES };

        if (setrlimit(RLIMIT_DATA, &limit) < 0)
                log_warning_errno(errno, "Cannot limit the manager's memory: %m");
#endif
}

static int on_hangup(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata) {
        (void) s, (void) si;
        log_info("Loading the policies anew (SIGHUP)");
        (void) manager_reload(userdata); /* says itself what is wrong */
        return 0;
}

static int watch_signals(Manager *m) {
        int r;

        r = sd_event_add_signal(m->event, NULL, SIGTERM, NULL, NULL); /* leaves the loop */
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGHUP, on_hangup, m);
        return r;
}

static void block_signals(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGHUP);
        (void) sigaddset(&set, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
}

/* A pidfd or two for each session and cell. */
static void raise_fd_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        if (limit.rlim_max < FILES_WANTED) { /* needs CAP_SYS_RESOURCE */
                const struct rlimit raised = { FILES_WANTED, FILES_WANTED };

                if (setrlimit(RLIMIT_NOFILE, &raised) >= 0)
                        return;
        }
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                log_warning_errno(errno, "Cannot raise the limit of open files: %m");
}

static Manager *stop(Manager *m) {
        doors_close(m);
        return manager_free(m);
}
DEFINE_CLEANUP(Manager *, stop);

int main(int argc, char **argv) {
        _cleanup_(stopp) Manager *m = NULL;
        _cleanup_(watchdog_freep) Watchdog *watchdog = NULL; /* goes before the manager */
        int r;

        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? 2 : 0;
        if (geteuid() != 0) {
                log_error("confined must run as root: it makes namespaces and control groups");
                return 1;
        }
        event_use_journal();
        (void) umask(022);
        (void) setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
        block_signals();
        raise_fd_limit();
        limit_memory();

        r = manager_new(&arg_config, &m);
        if (r >= 0)
                r = doors_open(m);
        if (r >= 0)
                r = manager_start(m);
        if (r < 0)
                return 1;
        r = watch_signals(m);
        if (r >= 0)
                r = watchdog_new(m->event, m->jobs, login_server_listener(m->login), &watchdog);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot watch signals and the watchdog: %m");
                return 1;
        }
        log_info("Ready: logins at %s/login, the bus at %s/bus", arg_config.runtime_dir,
                 arg_config.runtime_dir);
        (void) sd_notify(false, "READY=1");
        r = sd_event_loop(m->event);
        (void) sd_notify(false, "STOPPING=1");
        if (r < 0) {
                (void) log_error_errno(r, "The event loop failed: %m");
                return 1;
        }
        log_info("Stopping%s", HASH_COUNT(m->table.cells) > 0 ? "; live cells go on" : "");
        return 0;
}
