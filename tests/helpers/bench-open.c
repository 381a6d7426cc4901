/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-open join SOCKET USER UID N PAUSE_MS: opens N sessions, each in a process of its own as a login
 * program would, and prints the latency of each in microseconds.
 * bench-open floor INSTANCE N PAUSE_MS: what the kernel takes for the same without a manager: control groups,
 * clone3() of six namespaces, one attach, a veth with addresses and routes, setns().
 * bench-open exec N PAUSE_MS COMMAND...: runs a command N times. */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "bus/join.h"
#include "cgroups/group.h"
#include "netns/gateway.h"
#include "netns/link.h"
#include "netns/netns.h"
#include "sandbox/anchor.h"

static void pause_ms(int ms) {
        (void) nanosleep(&(struct timespec) { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L }, NULL);
}

static void print_since(uint64_t start) {
        printf("%llu\n", (unsigned long long) (login_now_usec() - start));
        (void) fflush(stdout);
}

static int join_once(const char *socket, const char *user, uid_t uid) {
        LoginRequest request;
        LoginReply reply;
        uint64_t start;
        int error;

        login_request_init(&request, LOGIN_OPEN);
        request.uid = request.gid = uid;
        (void) login_set(request.user, sizeof(request.user), user);
        (void) login_set(request.service, sizeof(request.service), "bench");
        start = login_now_usec();
        if (join_cell(&(JoinOptions) { .socket_path = socket, .timeout_usec = 5000000 }, &request, &reply,
                      &error) != JOIN_CONFINED) {
                fprintf(stderr, "%s: %s\n", reply.message, strerror(-error));
                return 1;
        }
        print_since(start);
        return 0;
}

static int bench_join(const char *socket, const char *user, uid_t uid, int n, int pause) {
        for (int i = 0; i < n; i++) {
                int status = 1;
                pid_t pid = fork();

                if (pid == 0)
                        _exit(join_once(socket, user, uid));
                if (waitpid(pid, &status, 0) < 0 || status != 0)
                        return 1;
                pause_ms(pause);
        }
        return 0;
}

/* In a child, whose death takes the namespaces along. */
static int floor_once(const Hierarchies *h, const char *instance, int i) {
        static const PolicyFilesystem view = { .private_tmp = PRIVATE_TMP_YES };
        static const FilesystemSpec filesystem = { .own_pid = true, .own_net = true, .own_ipc = true,
                                                      .cgroup_root = "", .policy = &view };
        char group[64], link[24];
        AnchorSpec spec = { .namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                          CLONE_NEWUTS | CLONE_NEWCGROUP,
                            .filesystem = &filesystem };
        RoutedLink routed = { .host_name = link, .cell_name = "eth0" };
        IpPrefix gateway;
        uint64_t start;
        const char *what;
        int pidfd, r;
        pid_t pid;

        (void) snprintf(group, sizeof(group), "%s/floor/%d", instance, i);
        (void) snprintf(link, sizeof(link), "cfbench%d", i);
        (void) parse_address("10.99.0.1", &gateway);
        routed.gateway4 = gateway;
        routed.address4 = gateway;
        routed.address4.address.bytes[3] = (uint8_t) (2 + i % 200);
        spec.init_fd = open(getenv("CONFINE_INIT"), O_PATH | O_CLOEXEC);

        start = login_now_usec();
        r = group_make(h, group);
        if (r >= 0)
                r = group_attach(h, group, 1, 0);
        spec.unified_fd = group_open_unified(h, group);
        if (r >= 0)
                r = anchor_start(&spec, 5000000, &pid, &pidfd, &what);
        if (r < 0)
                return 1;
        routed.netns_fd = netns_open_pidfd(pidfd);
        if (link_make_routed(&routed) < 0 || setns(pidfd, (int) spec.namespaces) < 0)
                return 1;
        print_since(start);
        (void) fd_pidfd_send_signal(pidfd, SIGKILL);
        return 0;
}

static int bench_floor(const char *instance, int n, int pause) {
        IpPrefix gateway;
        Hierarchies *h;

        if (hierarchies_open(NULL, &h) < 0 || parse_address("10.99.0.1", &gateway) < 0 ||
            gateway_ensure("cgbench", &gateway, 1) < 0)
                return 1;
        for (int i = 0; i < n; i++) {
                char group[64];
                int status = 1;
                pid_t pid = fork();

                if (pid == 0)
                        _exit(floor_once(h, instance, i));
                if (waitpid(pid, &status, 0) < 0 || status != 0)
                        return 1;
                pause_ms(pause);
                (void) snprintf(group, sizeof(group), "%s/floor/%d", instance, i);
                (void) group_remove(h, group, 1000000);
        }
        (void) link_remove("cgbench");
        (void) group_remove(h, instance, 1000000);
        hierarchies_free(h);
        return 0;
}

static int bench_exec(int n, int pause, char **argv) {
        for (int i = 0; i < n; i++) {
                uint64_t start = login_now_usec();
                int status = 1;
                pid_t pid = fork();

                if (pid == 0) {
                        (void) execvp(argv[0], argv);
                        _exit(127);
                }
                if (waitpid(pid, &status, 0) < 0 || status != 0)
                        return 1;
                print_since(start);
                pause_ms(pause);
        }
        return 0;
}

int main(int argc, char **argv) {
        if (argc == 7 && strcmp(argv[1], "join") == 0)
                return bench_join(argv[2], argv[3], (uid_t) atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
        if (argc == 5 && strcmp(argv[1], "floor") == 0)
                return bench_floor(argv[2], atoi(argv[3]), atoi(argv[4]));
        if (argc > 4 && strcmp(argv[1], "exec") == 0)
                return bench_exec(atoi(argv[2]), atoi(argv[3]), argv + 4);
        return 2;
}
