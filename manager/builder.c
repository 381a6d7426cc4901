/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Groups: ROOT/cells/POLICY carries [PolicyResources], below it UID [UserResources] and below that the
 * cell's own group [Resources]; all processes are in the last one. With Scope=policy the cell comes
 * directly below POLICY, and below it a group for each user and one for pid 1.
 *
 * ROOT/reserve/UID/CELL is for logins that find no room for one more task: a place to clean up from. */

#include "manager/builder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "cells/anchor.h"
#include "netns/firewall.h"
#include "netns/link.h"
#include "netns/netns.h"

#define ANCHOR_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define EMPTY_TIMEOUT_USEC (1 * USEC_PER_SEC)
#define KILL_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define REMOVE_TIMEOUT_USEC (3 * USEC_PER_SEC)

#define RESERVE_TASKS 24
#define RESERVE_MEMORY_BYTES (UINT64_C(128) << 20)
#define RESERVE_CPU_PERMILLE UINT64_C(200)

static void fail(JobReport *report, LoginStage stage, int error, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void fail(JobReport *report, LoginStage stage, int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(report->what, sizeof(report->what), format, ap);
        va_end(ap);
        report->error = error;
        report->stage = stage;
}

/* --- groups ------------------------------------------------------------------------------ */

static void policy_group(const CellPlan *c, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s", c->root_group, c->policy->name);
}

static void user_group(const CellPlan *c, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%u", c->root_group, c->policy->name, c->uid);
}

void builder_cell_group(const CellPlan *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s", c->root_group, c->policy->name, c->id);
        else
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%u/%s", c->root_group, c->policy->name,
                                c->uid, c->id);
}

void builder_leaf_group(const CellPlan *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s/%u", c->root_group, c->policy->name,
                                c->id, uid);
        else
                builder_cell_group(c, ret);
}

static void init_group(const CellPlan *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s/init", c->root_group, c->policy->name,
                                c->id);
        else
                builder_cell_group(c, ret);
}

void builder_reserve_group(const CellPlan *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/reserve/%u/%s", c->root_group, uid, c->id);
}

int builder_make_root(const Hierarchies *h, const char *root_group) {
        char path[GROUP_PATH_MAX];
        int r;

        for (size_t i = 0; i < h->n_items; i++) /* before Linux 5.11 v1 is not hierarchical by itself */
                if (h->items[i].version == 1 && h->items[i].controllers & 1U << CONTROLLER_MEMORY) {
                        (void) snprintf(path, sizeof(path), "%s/memory.use_hierarchy", root_group);
                        r = group_make(h, root_group);
                        if (r < 0)
                                return r;
                        (void) fd_write_file_at(h->items[i].root_fd, path, "1");
                }
        (void) snprintf(path, sizeof(path), "%s/cells", root_group);
        r = group_make(h, path);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "%s/reserve", root_group);
        return group_make(h, path);
}

void builder_remove_root(const Hierarchies *h, const char *root_group) {
        static const char *const parts[] = { "/cells", "/reserve", "" };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                char path[GROUP_PATH_MAX];

                (void) snprintf(path, sizeof(path), "%s%s", root_group, parts[i]);
                group_remove_if_empty(h, path);
        }
}

/* --- limits ------------------------------------------------------------------------------ */

static uint64_t policy_ceiling(const CellPlan *c) {
        return c->policy->policy.cpu_quota_permille;
}

static uint64_t user_ceiling(const CellPlan *c) {
        return MIN(policy_ceiling(c), c->policy->user.cpu_quota_permille);
}

static uint64_t cell_ceiling(const CellPlan *c) {
        return c->uid == UID_INVALID ? policy_ceiling(c) : user_ceiling(c);
}

static int limit(const CellPlan *c, const char *group, const char *section, const Resources *r,
                 uint64_t ceiling, uint64_t tasks_extra, JobReport *report) {
        _cleanup_(knobs_done) Knobs knobs = {
                .skip_unsupported = c->policy->if_unsupported_warn /* said when it was loaded */
        };
        const Knob *failed = NULL;
        const char *key = "";
        int error;

        error = knobs_translate(c->hierarchies, r, ceiling, tasks_extra, &knobs, &key);
        if (error < 0) {
                fail(report, LOGIN_STAGE_CGROUP, error, "[%s] %s= can't be enforced on this host", section, key);
                return error;
        }
        error = group_apply(c->hierarchies, group, &knobs, &failed);
        if (error < 0)
                fail(report, LOGIN_STAGE_CGROUP, error, "[%s] %s=: the kernel refused \"%.64s\" for %s", section,
                     failed->key, failed->value ?: "", failed->file);
        return error;
}

static int make_groups(const CellPlan *c, JobReport *report) {
        char path[GROUP_PATH_MAX];
        int r;

        init_group(c, path);
        r = group_make(c->hierarchies, path);
        if (r < 0) {
                fail(report, LOGIN_STAGE_CGROUP, r, "control group %.200s can't be made", path);
                return r;
        }

        policy_group(c, path);
        r = limit(c, path, "PolicyResources", &c->policy->policy, LIMIT_NONE, c->policy_cells, report);
        if (r < 0)
                return r;
        if (c->uid != UID_INVALID) {
                user_group(c, path);
                r = limit(c, path, "UserResources", &c->policy->user, policy_ceiling(c), c->user_cells, report);
                if (r < 0)
                        return r;
        }
        builder_cell_group(c, path);
        return limit(c, path, "Resources", &c->policy->cell, cell_ceiling(c), 1, report);
}

static int make_reserve(const CellPlan *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        _cleanup_(knobs_done) Knobs knobs = {};
        char user[GROUP_PATH_MAX];
        Resources small;
        int r;

        builder_reserve_group(c, uid, ret);
        r = group_make(c->hierarchies, ret);
        if (r < 0)
                return r;

        resources_init(&small);
        small.tasks_max = RESERVE_TASKS;
        small.memory_max_bytes = MIN(RESERVE_MEMORY_BYTES, c->policy->cell.memory_max_bytes);
        small.cpu_quota_permille = MIN(RESERVE_CPU_PERMILLE, c->policy->cell.cpu_quota_permille);
        (void) snprintf(user, sizeof(user), "%s/reserve/%u", c->root_group, uid);
        r = knobs_translate(c->hierarchies, &small, LIMIT_NONE, 0, &knobs, NULL);
        if (r >= 0)
                r = group_apply(c->hierarchies, user, &knobs, NULL);
        if (r < 0)
                return r;
        /* and who may open which device holds there, too */
        if (c->policy->cell.device_policy != DEVICE_POLICY_AUTO || c->policy->cell.n_device_allow > 0) {
                Knobs devices = { .devices = &c->policy->cell };

                return group_apply(c->hierarchies, ret, &devices, NULL);
        }
        return 0;
}

/* --- making ------------------------------------------------------------------------------ */

static char *resolv_conf_text(const Policy *p) {
        char *text = NULL, address[PREFIX_STRING_MAX];
        size_t size;
        FILE *f;

        if (p->n_dns == 0)
                return NULL;
        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        fprintf(f, "# Made by confine: DNS= of policy %s\n", p->name);
        for (size_t i = 0; i < p->n_dns; i++)
                fprintf(f, "nameserver %s\n", prefix_to_string(&p->dns[i], address));
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* The host's names and the cell's own, which programs like sudo look up. NULL: leave it as it is. */
static char *hosts_text(const CellPlan *c) {
        const IpPrefix *const addresses[] = { &c->address4, &c->address6 };
        _cleanup_(freep) char *host = NULL;
        char *text = NULL, address[PREFIX_STRING_MAX];
        size_t size;
        FILE *f;

        if (!c->hostname || !(c->policy->namespaces & CLONE_NEWUTS) ||
            fd_read_file_at(AT_FDCWD, "/etc/hosts", 1 << 20, &host) < 0)
                return NULL;
        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        fprintf(f, "%s\n# Added by confine: Hostname= of policy %s\n", host, c->policy->name);
        for (size_t i = 0; i < ELEMENTSOF(addresses); i++)
                if (addresses[i]->family != AF_UNSPEC)
                        fprintf(f, "%s %s\n", prefix_to_string(addresses[i], address), c->hostname);
        if (!*c->link)
                fprintf(f, "127.0.1.1 %s\n", c->hostname);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static void fill_filesystem(const CellPlan *c, const char *resolv_conf, const char *hosts, FilesystemSpec *ret) {
        const Hierarchies *h = c->hierarchies;
        unsigned ns = c->policy->namespaces;
        uint64_t memory;

        *ret = (FilesystemSpec) {
                .hide_pids = c->uid == UID_INVALID,
                .own_pid = ns & CLONE_NEWPID,
                .own_net = ns & CLONE_NEWNET,
                .own_ipc = ns & CLONE_NEWIPC,
                .own_cgroup = ns & CLONE_NEWCGROUP,
                .private_tmp = c->policy->private_tmp,
                .resolv_conf = resolv_conf,
                .hosts = hosts,
                .cgroup_layout = h->layout_path,
        };
        /* What is in a tmpfs can't be taken back by the kernel: were it as large as the memory limit, a full
         * one would leave its user no memory to log in and empty it. */
        memory = MIN(c->policy->cell.memory_max_bytes, c->policy->user.memory_max_bytes);
        memory = MIN(memory, c->policy->policy.memory_max_bytes);
        if (memory != LIMIT_NONE)
                ret->tmp_bytes = MAX(memory / 2, UINT64_C(1) << 20);
        for (size_t i = 0; i < h->n_items && ret->n_cgroups < FILESYSTEM_CGROUPS_MAX; i++)
                ret->cgroups[ret->n_cgroups++] = (FilesystemCgroup) { h->items[i].mount_path,
                                                                      h->items[i].mount_options };
}

/* Goes into the v1 groups itself, so that the child is born in them, and lets it be born into v2's. */
static int start_anchor_in(const CellPlan *c, const char *group, const FilesystemSpec *filesystem,
                           pid_t *ret_pid, int *ret_pidfd, const char **ret_what) {
        _cleanup_(close_fdp) int unified_fd = -EBADF;
        AnchorSpec spec = {
                .namespaces = c->policy->namespaces,
                .init_fd = c->init_fd,
                .hostname = c->hostname,
                .filesystem = filesystem,
                .sibling = true,
        };
        int r;

        *ret_what = "control group";
        r = group_attach(c->hierarchies, group, 1, 0);
        if (r < 0)
                return r;
        unified_fd = group_open_unified(c->hierarchies, group);
        if (unified_fd < 0 && unified_fd != -ENOENT)
                return unified_fd;
        spec.unified_fd = unified_fd;
        return anchor_start(&spec, ANCHOR_TIMEOUT_USEC, ret_pid, ret_pidfd, ret_what);
}

static int start_anchor(const CellPlan *c, pid_t *ret_pid, int *ret_pidfd, JobReport *report) {
        _cleanup_(freep) char *resolv_conf = resolv_conf_text(c->policy), *hosts = hosts_text(c);
        FilesystemSpec filesystem;
        char group[GROUP_PATH_MAX];
        const char *what = "";
        int r;

        if (c->policy->n_dns > 0 && !resolv_conf) {
                fail(report, LOGIN_STAGE_OTHER, -ENOMEM, "resolv.conf can't be written");
                return -ENOMEM;
        }
        fill_filesystem(c, resolv_conf, hosts, &filesystem);
        init_group(c, group);
        r = start_anchor_in(c, group, &filesystem, ret_pid, ret_pidfd, &what);
        if (r == -EAGAIN && c->uid != UID_INVALID) { /* the user's or policy's sum of tasks is used up */
                r = make_reserve(c, c->uid, group);
                if (r >= 0)
                        r = start_anchor_in(c, group, &filesystem, ret_pid, ret_pidfd, &what);
        }
        if (r < 0)
                fail(report, LOGIN_STAGE_NAMESPACE, r, "namespaces can't be made (%s)", what);
        return r;
}

static int loopback_up(void *userdata) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

        (void) userdata;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0; /* needs CAP_NET_ADMIN */
}

static void firewall_cell(const CellPlan *c, FirewallCell *ret) {
        *ret = (FirewallCell) {
                .link = c->link,
                .address4 = c->address4,
                .address6 = c->address6,
                .masquerade = c->policy->masquerade,
                .dns = c->policy->dns,
                .n_dns = c->policy->n_dns,
                .ports = c->policy->ports,
                .n_ports = c->policy->n_ports,
        };
}

static int make_network(const CellPlan *c, int pidfd, JobReport *report) {
        _cleanup_(close_fdp) int netns_fd = -EBADF;
        RoutedLink link = {
                .host_name = c->link,
                .cell_name = "eth0",
                .address4 = c->address4,
                .address6 = c->address6,
                .gateway4 = c->gateway4,
                .gateway6 = c->gateway6,
        };
        FirewallCell cell;
        int r;

        if (!(c->policy->namespaces & CLONE_NEWNET))
                return 0;
        netns_fd = netns_open_pidfd(pidfd);
        if (netns_fd < 0) {
                fail(report, LOGIN_STAGE_NETWORK, netns_fd, "network namespace can't be opened");
                return netns_fd;
        }
        if (!*c->link) {
                r = netns_call(netns_fd, loopback_up, NULL);
                if (r < 0)
                        fail(report, LOGIN_STAGE_NETWORK, r, "loopback can't be brought up");
                return r;
        }

        firewall_cell(c, &cell); /* before the link: no packet passes unfiltered */
        r = firewall_add_cell(c->table, &cell);
        if (r < 0) {
                fail(report, LOGIN_STAGE_NETWORK, r, "nftables table %s can't take the cell in", c->table);
                return r;
        }
        link.netns_fd = netns_fd;
        r = link_make_routed(&link);
        if (r < 0)
                fail(report, LOGIN_STAGE_NETWORK, r, "interface %s can't be made", c->link);
        return r;
}

static int read_inodes(const CellPlan *c, pid_t pid, JobReport *report) {
        for (int i = 0; i < _LOGIN_NS_MAX; i++) {
                char path[64];
                struct stat st;

                if (!(c->policy->namespaces & (unsigned) login_namespaces[i].flag))
                        continue;
                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid, login_namespaces[i].name);
                if (stat(path, &st) < 0) {
                        int error = -errno;

                        fail(report, LOGIN_STAGE_NAMESPACE, error, "%s namespace can't be read",
                             login_namespaces[i].name);
                        return error;
                }
                report->numbers[i] = st.st_ino;
        }
        return 0;
}

void builder_make(const CellPlan *c, JobReport *report) {
        _cleanup_(close_fdp) int pidfd = -EBADF;
        pid_t pid;

        if (make_groups(c, report) < 0 || start_anchor(c, &pid, &pidfd, report) < 0)
                return;
        report->pid = pid;
        if (read_inodes(c, pid, report) < 0 || make_network(c, pidfd, report) < 0)
                (void) fd_pidfd_send_signal(pidfd, SIGKILL);
}

/* --- removing ---------------------------------------------------------------------------- */

static void wait_empty(const CellPlan *c, const char *group, uint64_t timeout_usec) {
        for (uint64_t waited = 0; waited < timeout_usec; waited += 5000) {
                if (group_populated(c->hierarchies, group) <= 0)
                        return;
                (void) nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
        }
}

/* Gives what is in a group time to go by itself (the login programs, whose children were killed), kills
 * what stays, and removes the group. */
static int empty_and_remove(const CellPlan *c, const char *group, JobReport *report) {
        int r;

        wait_empty(c, group, EMPTY_TIMEOUT_USEC);
        r = group_kill(c->hierarchies, group, KILL_TIMEOUT_USEC);
        if (r < 0) {
                fail(report, LOGIN_STAGE_CGROUP, r, "processes in %.150s can't be killed", group);
                return r;
        }
        r = group_remove(c->hierarchies, group, REMOVE_TIMEOUT_USEC);
        if (r < 0)
                fail(report, LOGIN_STAGE_CGROUP, r, "control group %.150s can't be removed", group);
        return r;
}

typedef struct ReserveSweep {
        const CellPlan *cell;
        JobReport *report;
} ReserveSweep;

/* With Scope=policy any user may have been in the reserve. */
static int remove_reserve(const char *uid, void *userdata) {
        const ReserveSweep *s = userdata;
        char group[GROUP_PATH_MAX];
        int r;

        (void) snprintf(group, sizeof(group), "%s/reserve/%.32s/%s", s->cell->root_group, uid, s->cell->id);
        r = empty_and_remove(s->cell, group, s->report);
        (void) snprintf(group, sizeof(group), "%s/reserve/%.32s", s->cell->root_group, uid);
        group_remove_if_empty(s->cell->hierarchies, group);
        return r;
}

void builder_remove(const CellPlan *c, JobReport *report) {
        ReserveSweep sweep = { c, report };
        char group[GROUP_PATH_MAX];
        FirewallCell cell;
        int r;

        /* What it uses goes first, what it reaches next; each part is tried, whatever the others say. */
        builder_cell_group(c, group);
        (void) empty_and_remove(c, group, report);
        if (c->uid != UID_INVALID) {
                user_group(c, group);
                group_remove_if_empty(c->hierarchies, group);
        }
        policy_group(c, group);
        group_remove_if_empty(c->hierarchies, group);
        (void) snprintf(group, sizeof(group), "%s/reserve", c->root_group);
        (void) group_for_each_child(c->hierarchies, group, remove_reserve, &sweep);

        if (!*c->link)
                return;
        r = link_remove(c->link);
        if (r < 0)
                fail(report, LOGIN_STAGE_NETWORK, r, "interface %s can't be removed", c->link);
        firewall_cell(c, &cell);
        r = firewall_remove_cell(c->table, &cell);
        if (r < 0)
                fail(report, LOGIN_STAGE_NETWORK, r, "nftables table %s keeps the cell's elements", c->table);
}

/* --- logins ------------------------------------------------------------------------------ */

static bool is_alive(const LeaderPlan *l) {
        unsigned long long start;

        return fd_pid_start_time(l->pid, &start) >= 0 && start == l->start_time;
}

static int choose_group(const LeaderPlan *l, char ret[static GROUP_PATH_MAX], JobReport *report) {
        const CellPlan *c = l->cell;
        uint64_t headroom, max;
        int r;

        builder_leaf_group(c, l->uid, ret);
        if (c->uid == UID_INVALID) {
                r = group_make(c->hierarchies, ret);
                if (r < 0) {
                        fail(report, LOGIN_STAGE_CGROUP, r, "control group %.150s can't be made", ret);
                        return r;
                }
                r = limit(c, ret, "UserResources", &c->policy->user,
                          MIN(policy_ceiling(c), c->policy->cell.cpu_quota_permille), 0, report);
                if (r < 0)
                        return r;
        }
        group_task_headroom(c->hierarchies, ret, &headroom, &max);
        if (headroom >= MIN(UINT64_C(4), max / 2))
                return 0;
        r = make_reserve(c, l->uid, ret);
        if (r < 0) {
                fail(report, LOGIN_STAGE_CGROUP, r, "the cell is full and its reserve can't be made");
                return r;
        }
        report->flags |= BUILDER_IN_RESERVE;
        return 0;
}

static int verify_attached(const LeaderPlan *l, const char *group) {
        _cleanup_(freep) char *lines = NULL;
        char path[64];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) l->pid);
        n = fd_read_file_at(AT_FDCWD, path, 64 * 1024, &lines);
        if (n < 0)
                return n == -ENOENT ? -ESRCH : (int) n;
        if (!is_alive(l))
                return -ESRCH;
        return group_lines_match(l->cell->hierarchies, lines, group) ? 0 : -EXDEV;
}

void builder_attach(const LeaderPlan *l, JobReport *report) {
        char group[GROUP_PATH_MAX];
        int r;

        if (choose_group(l, group, report) < 0)
                return;
        if (!is_alive(l)) {
                fail(report, LOGIN_STAGE_OTHER, -ESRCH, "the login's process has exited");
                return;
        }
        r = group_attach(l->cell->hierarchies, group, 0, l->pid);
        if (r >= 0)
                r = verify_attached(l, group);
        if (r < 0) {
                if (is_alive(l))
                        (void) group_attach_lines(l->cell->hierarchies, l->home, l->pid);
                fail(report, LOGIN_STAGE_CGROUP, r, "the login's process can't be put into %.150s", group);
        }
}

void builder_move_home(const LeaderPlan *l, JobReport *report) {
        int r;

        if (!is_alive(l))
                return;
        r = group_attach_lines(l->cell->hierarchies, l->home, l->pid);
        if (r < 0 && r != -ESRCH)
                fail(report, LOGIN_STAGE_CGROUP, r, "process %d can't be moved out of its cell", (int) l->pid);
}

/* --- adjusting --------------------------------------------------------------------------- */

void builder_change_limits(const CellPlan *c, const Resources *to, JobReport *report) {
        _cleanup_(knobs_done) Knobs forward = {}, backward = {};
        const Knob *failed = NULL;
        char group[GROUP_PATH_MAX];
        const char *key = "";
        int r;

        builder_cell_group(c, group);
        r = knobs_translate_change(c->hierarchies, &c->policy->cell, to, cell_ceiling(c), 1, &forward, &key);
        if (r < 0) {
                fail(report, LOGIN_STAGE_CGROUP, r, r == -ENODEV ? "%s=: no such block device" :
                                                          "%s= can't be enforced on this host", key);
                return;
        }
        r = group_apply(c->hierarchies, group, &forward, &failed);
        if (r >= 0)
                return;
        fail(report, LOGIN_STAGE_CGROUP, r, "%s=: the kernel refused \"%.64s\" for %s%s", failed->key,
             failed->value ?: "", failed->file,
             r == -EBUSY ? " (the cell uses more than that now)" : "");
        if (knobs_translate_change(c->hierarchies, to, &c->policy->cell, cell_ceiling(c), 1, &backward, &key) >= 0)
                (void) group_apply(c->hierarchies, group, &backward, NULL);
}

void builder_freeze(const CellPlan *c, bool freeze, JobReport *report) {
        char group[GROUP_PATH_MAX];
        int r;

        builder_cell_group(c, group);
        r = group_freeze(c->hierarchies, group, freeze);
        if (r < 0)
                fail(report, LOGIN_STAGE_CGROUP, r, "the cell can't be %s", freeze ? "frozen" : "thawed");
}

/* By pidfd, and only if the process is still in the group once it is held by it. */
static bool signal_member(const char *group, pid_t pid, int sig) {
        _cleanup_(close_fdp) int pidfd = fd_pidfd_open(pid);
        _cleanup_(freep) char *lines = NULL;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        if (pidfd < 0 || fd_read_file_at(AT_FDCWD, path, 64 * 1024, &lines) < 0 || !strstr(lines, group))
                return false;
        return fd_pidfd_send_signal(pidfd, sig) >= 0;
}

void builder_signal(const CellPlan *c, pid_t init_pid, int sig, JobReport *report) {
        static pid_t pids[65536];
        char group[GROUP_PATH_MAX];
        ssize_t n;

        builder_cell_group(c, group);
        n = group_list_pids(c->hierarchies, group, pids, ELEMENTSOF(pids));
        if (n < 0) {
                fail(report, LOGIN_STAGE_CGROUP, (int) n, "processes can't be listed");
                return;
        }
        for (ssize_t i = 0; i < n; i++)
                if (pids[i] > 0 && pids[i] != init_pid && signal_member(group, pids[i], sig))
                        report->numbers[0]++;
}
