/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cell is made in the order: control groups with their limits, pid 1 with the namespaces, firewall,
 * interface; so nothing ever runs without limits, and no packet passes unfiltered. */

#include "manager/cells/builder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/memstream.h"
#include "manager/cells/builder-inner.h"
#include "manager/cells/builder-net.h"
#include "manager/lent/kept.h"
#include "netns/names.h"
#include "netns/netns.h"
#include "sandbox/anchor.h"
#include "sandbox/devices.h"
#include "sandbox/mounts.h"

#define ANCHOR_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define PIDS_MAX 65536
#define SIGNAL_AT_ONCE 1024

/* --- making ------------------------------------------------------------------------------ */

/* The host's names and the cell's own, which programs like sudo look up. NULL: leave it as it is. */
static char *hosts_text(const CellPlan *c) {
        const IpPrefix *const addresses[] = { &c->address4, &c->address6 };
        _cleanup_(freep) char *host = NULL;
        char *text = NULL, address[PREFIX_STRING_MAX];
        size_t size;
        FILE *f;

        if (!c->hostname || !(c->namespaces & CLONE_NEWUTS) ||
            fd_read_file_at(AT_FDCWD, "/etc/hosts", 1 << 20, &host) < 0)
                return NULL;
        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        fprintf(f, "%s\n# Added by confine: Hostname= of policy %s\n", host, c->cell.policy->name);
        for (size_t i = 0; i < ELEMENTSOF(addresses); i++)
                if (addresses[i]->family != AF_UNSPEC)
                        fprintf(f, "%s %s\n", prefix_to_string(addresses[i], address), c->hostname);
        if (c->address4.family == AF_UNSPEC && c->address6.family == AF_UNSPEC)
                fprintf(f, "127.0.1.1 %s\n", c->hostname);
        return memstream_finish(f, &text);
}

static void fill_filesystem(const CellPlan *c, const char *hosts, const char *cgroup_root, const char *cgroup_own,
                            FilesystemSpec *ret) {
        const Hierarchies *h = c->cell.hierarchies;
        unsigned ns = c->namespaces;
        uint64_t memory;

        *ret = (FilesystemSpec) {
                .hide_pids = c->cell.uid == UID_INVALID,
                .own_pid = ns & CLONE_NEWPID,
                .own_net = ns & CLONE_NEWNET,
                .own_ipc = ns & CLONE_NEWIPC,
                .policy = c->filesystem,
                .for_logins = policy_is_for_logins(c->cell.policy),
                .uid = c->cell.uid,
                .state_dir = c->state_dir,
                .resolv_conf = c->resolv_conf,
                .hosts = hosts,
                .cgroup_layout = h->layout_path,
                .cgroup_root = cgroup_root,
                .cgroup_own = *cgroup_own ? cgroup_own : NULL,
        };
        /* What is in a tmpfs can't be taken back by the kernel: were it as large as the memory limit, a full
         * one would leave its user no memory to log in and empty it. */
        memory = MIN(c->cell.policy->cell.memory_max_bytes, c->cell.policy->user.memory_max_bytes);
        memory = MIN(memory, c->cell.policy->policy.memory_max_bytes);
        if (memory != LIMIT_NONE)
                ret->tmp_bytes = MAX(memory / 2, UINT64_C(1) << 20);
        for (size_t i = 0; i < h->n_items && ret->n_cgroups < FILESYSTEM_CGROUPS_MAX; i++)
                ret->cgroups[ret->n_cgroups++] = h->items[i].mount_path;
}

/* Born in the namespace that it is to share. */
typedef struct AnchorCall {
        const AnchorSpec *spec;
        pid_t *ret_pid;
        int *ret_pidfd;
        const char **ret_what;
} AnchorCall;

static int call_anchor(void *userdata) {
        const AnchorCall *a = userdata;

        return anchor_start(a->spec, ANCHOR_TIMEOUT_USEC, a->ret_pid, a->ret_pidfd, a->ret_what);
}

static int start_anchor_in(const CellPlan *c, bool reserve, const FilesystemSpec *filesystem,
                           pid_t *ret_pid, int *ret_pidfd, const char **ret_what) {
        _cleanup_(close_fdp) int unified_fd = -EBADF, netns_fd = -EBADF;
        AnchorSpec spec = {
                .namespaces = c->namespaces,
                .init_fd = c->init_fd,
                .hostname = c->hostname,
                .filesystem = filesystem,
                .first_id = c->first_id,
                .monotonic_offset_usec = c->cell.policy->monotonic_offset_usec,
                .boottime_offset_usec = c->cell.policy->boottime_offset_usec,
                .sibling = true,
        };
        int r;

        *ret_what = "control group";
        r = c->driver->enter(&c->cell, reserve, &unified_fd);
        if (r < 0)
                return r;
        spec.unified_fd = unified_fd;
        if (c->network_pid > 0) {
                *ret_what = "the network of the other cell";
                netns_fd = builder_net_open_namespace(c->network_pid, "net", c->network_inode);
                if (netns_fd < 0)
                        return netns_fd;
                spec.namespaces &= ~(unsigned) CLONE_NEWNET;
                return netns_call(netns_fd, call_anchor, &(AnchorCall) { &spec, ret_pid, ret_pidfd, ret_what });
        }
        return anchor_start(&spec, ANCHOR_TIMEOUT_USEC, ret_pid, ret_pidfd, ret_what);
}

static int start_anchor(const CellPlan *c, int *ret_pidfd, JobReport *report) {
        _cleanup_(freep) char *hosts = hosts_text(c);
        char root[GROUP_PATH_MAX] = "", own[GROUP_PATH_MAX] = "";
        FilesystemSpec filesystem;
        const char *what = "";
        int r;

        if (c->filesystem->private_tmp == PRIVATE_TMP_PERSISTENT && c->user) {
                r = kept_claim(c->state_dir, c->cell.uid, c->user);
                if (r < 0) {
                        builder_fail(report, LOGIN_STAGE_NAMESPACE, r, "whose %s/" FILESYSTEM_PERSISTENT_DIR "/%u is can't "
                                     "be told", c->state_dir, c->cell.uid);
                        return r;
                }
        }
        if (c->namespaces & CLONE_NEWCGROUP)
                c->driver->root(&c->cell, root);
        else if (c->driver->delegated)
                c->driver->delegated(&c->cell, own);
        fill_filesystem(c, hosts, root, own, &filesystem);
        r = start_anchor_in(c, false, &filesystem, &report->pid, ret_pidfd, &what);
        if (r == -EAGAIN && report->pid == 0) /* the user's or policy's sum of tasks is used up */
                r = start_anchor_in(c, true, &filesystem, &report->pid, ret_pidfd, &what);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_NAMESPACE, r, "namespaces can't be made (%s)", what);
        return r;
}

/* What a driver says, for the report. */
static void fail_groups(JobReport *report, int error, const char *what) {
        builder_fail(report, LOGIN_STAGE_CGROUP, error, "%s", what);
}

void builder_repair_groups(const CellPlan *c, pid_t init_pid, JobReport *report) {
        char what[DRIVER_WHAT_MAX] = "";
        int r = c->driver->repair(&c->cell, init_pid, what);

        if (r < 0)
                builder_fail(report, LOGIN_STAGE_CGROUP, r, "%s", what);
}

void builder_make(const CellPlan *c, JobReport *report) {
        _cleanup_(close_fdp) int pidfd = -EBADF;
        char what[DRIVER_WHAT_MAX] = "";
        int r;

        r = c->driver->make(&c->cell, what);
        if (r < 0) {
                fail_groups(report, r, what);
                return;
        }
        if (start_anchor(c, &pidfd, report) < 0 || builder_net_make(c, pidfd, report) < 0 || !*c->netns_name)
                return;
        r = netns_name_set(c->netns_name, report->pid);
        if (r < 0) /* for the eyes of administrators alone */
                log_warning_errno(r, "Cannot name the network of cell %s in " NETNS_NAMES_DIR ": %m", c->cell.id);
}

void builder_remove(const CellPlan *c, JobReport *report) {
        char what[DRIVER_WHAT_MAX] = "";
        int r;

        /* What it uses goes first, what it reaches next; each part is tried, whatever the others say. */
        r = c->driver->remove(&c->cell, what);
        if (r < 0)
                fail_groups(report, r, what);
        if (*c->netns_name)
                (void) netns_name_remove(c->netns_name); /* it leads nowhere any more */
        builder_net_remove(c, report);
}

/* --- logins ------------------------------------------------------------------------------ */

/* A login at a console or a serial line looks for it in /dev. Those of /dev/pts are there, and what is no terminal
 * is a word that somebody made up. */
static bool is_console(const char *tty) {
        return *tty && !strchr(tty, '/') && strlen(tty) < 32 && (strncmp(tty, "tty", 3) == 0 ||
                strncmp(tty, "hvc", 3) == 0 || strcmp(tty, "console") == 0) && strcmp(tty, "tty") != 0;
}

/* Last: this process then is in the cell's mount namespace. */
static int show_tty(const LeaderPlan *l) {
        _cleanup_(close_fdp) int dev_fd = -EBADF, node_fd = -EBADF, mnt_fd = -EBADF;
        const char *tty = l->tty;
        struct stat st;

        if (!l->plan->cell.policy->filesystem.private_devices)
                return 0;
        if (strncmp(tty, "/dev/", 5) == 0)
                tty += 5;
        if (!is_console(tty))
                return 0;
        dev_fd = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dev_fd < 0 || fstatat(dev_fd, tty, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode))
                return -ENOTTY;
        node_fd = mount_copy(dev_fd, tty, false);
        if (node_fd < 0)
                return node_fd;
        mnt_fd = builder_net_open_namespace(l->init_pid, "mnt", l->mnt_inode);
        if (mnt_fd < 0)
                return mnt_fd;
        return setns(mnt_fd, CLONE_NEWNS) < 0 ? -errno : devices_add_tty(node_fd, tty);
}

/* Somebody may have removed the cell's groups, or one above, and what is made in their place has no limits. */
static int attach(const LeaderPlan *l, bool *ret_reserve, char group[static GROUP_PATH_MAX], char what[static DRIVER_WHAT_MAX]) {
        const Driver *d = l->plan->driver;
        _cleanup_(freep) char *lines = NULL;
        int r = 0;

        if (d->is_whole && fd_pid_read(l->init_pid, "cgroup", 64 * 1024, &lines) >= 0 && *lines &&
            !d->is_whole(&l->plan->cell, lines)) {
                log_warning("A control group of cell %s is missing, making it anew", l->plan->cell.id);
                r = d->repair(&l->plan->cell, l->init_pid, what);
        }
        return r < 0 ? r : d->attach(&l->plan->cell, &l->leader, ret_reserve, group, what);
}

void builder_attach(const LeaderPlan *l, JobReport *report, JobText *text) {
        char group[GROUP_PATH_MAX] = "", what[DRIVER_WHAT_MAX] = "";
        bool reserve = false;
        int r;

        if (!driver_leader_lives(&l->leader)) {
                builder_fail(report, LOGIN_STAGE_OTHER, -ESRCH, "the login's process has exited");
                return;
        }
        r = attach(l, &reserve, group, what);
        if (r < 0) {
                fail_groups(report, r, what);
                return;
        }
        if (reserve)
                report->flags |= BUILDER_IN_RESERVE;
        job_write_text(text, "%s", group);
        r = show_tty(l);
        if (r < 0) /* its session goes on with the fds that it has */
                log_warning_errno(r, "Cannot show %s in the private /dev of cell %s: %m", l->tty, l->plan->cell.id);
}

void builder_release(const LeaderPlan *l, bool closing, JobReport *report) {
        int r;

        if (!driver_leader_lives(&l->leader))
                return;
        r = l->plan->driver->release(&l->plan->cell, &l->leader, closing);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_CGROUP, r, "process %d can't be moved out of its cell",
                     (int) l->leader.pid);
}

/* --- adjusting --------------------------------------------------------------------------- */

void builder_shape(const CellPlan *c, JobReport *report) {
        (void) builder_net_shape(c, &c->cell.policy->cell, report); /* which says what failed */
}

void builder_change_limits(const CellPlan *c, const Resources *to, JobReport *report) {
        const Resources *from = &c->cell.policy->cell;
        char what[DRIVER_WHAT_MAX] = "";
        bool reshape = resources_differ_in_bandwidth(from, to);
        JobReport ignored = {};
        int r;

        if (reshape && builder_net_shape(c, to, report) < 0) {
                (void) builder_net_shape(c, from, &ignored);
                return;
        }
        r = c->driver->change(&c->cell, to, what);
        if (r >= 0)
                return;
        fail_groups(report, r, what);
        if (reshape)
                (void) builder_net_shape(c, from, &ignored);
}

void builder_freeze(const CellPlan *c, bool freeze, JobReport *report) {
        int r;

        r = c->driver->freeze(&c->cell, freeze);
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_CGROUP, r, "the cell can't be %s", freeze ? "frozen" : "thawed");
}

static int compare_pids(const void *a, const void *b) {
        return *(const pid_t *) a - *(const pid_t *) b;
}

static ssize_t list_sorted(const CellPlan *c, pid_t *pids, size_t max) {
        ssize_t n = c->driver->list(&c->cell, pids, max);

        if (n > 0)
                qsort(pids, (size_t) n, sizeof(*pids), compare_pids);
        return n;
}

typedef struct Signalling {
        int sig;
        uid_t sender;
        uint64_t n_signalled, n_forbidden;
} Signalling;

/* With this as real and effective uid the kernel judges by kill(2), since capabilities are out of effect; the saved one
 * stays root's, and brings them back. */
static int act_as(uid_t uid) {
        return setresuid(uid, uid, 0) < 0 ? -errno : 0;
}

static void send_held(Signalling *s, const int *pidfds, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int r = pidfds[i] < 0 ? -ESRCH : fd_pidfd_send_signal(pidfds[i], s->sig);

                s->n_signalled += r >= 0;
                s->n_forbidden += r == -EPERM;
        }
}

/* Holds some processes by pidfds, and signals those that are in the cell then, too: a number may have
 * become somebody else's in between. */
static int signal_some(const CellPlan *c, const pid_t *pids, size_t n, Signalling *s) {
        static pid_t members[PIDS_MAX];
        int pidfds[SIGNAL_AT_ONCE], r;
        ssize_t n_members;

        for (size_t i = 0; i < n; i++)
                pidfds[i] = fd_pidfd_open(pids[i]);
        n_members = list_sorted(c, members, ELEMENTSOF(members));
        for (size_t i = 0; i < n; i++)
                if (n_members <= 0 ||
                    !bsearch(&pids[i], members, (size_t) n_members, sizeof(*members), compare_pids))
                        pidfds[i] = close_fd(pidfds[i]);
        r = n_members < 0 ? (int) n_members : act_as(s->sender);
        if (r >= 0) {
                send_held(s, pidfds, n);
                r = act_as(0);
        }
        for (size_t i = 0; i < n; i++)
                close_fd(pidfds[i]);
        return r;
}

void builder_signal(const CellPlan *c, pid_t init_pid, int sig, uid_t sender, JobReport *report) {
        static pid_t pids[PIDS_MAX];
        Signalling s = { .sig = sig, .sender = sender };
        ssize_t n = list_sorted(c, pids, ELEMENTSOF(pids));
        size_t n_wanted = 0;
        int r = n < 0 ? (int) n : 0;

        for (ssize_t i = 0; i < n; i++)
                if (pids[i] > 0 && pids[i] != init_pid)
                        pids[n_wanted++] = pids[i];
        for (size_t i = 0; i < n_wanted && r >= 0; i += SIGNAL_AT_ONCE)
                r = signal_some(c, pids + i, MIN(n_wanted - i, (size_t) SIGNAL_AT_ONCE), &s);
        report->numbers[0] = s.n_signalled;
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_CGROUP, r, "processes can't be signalled");
        else if (s.n_signalled == 0 && s.n_forbidden > 0)
                builder_fail(report, LOGIN_STAGE_CGROUP, -EPERM, "the processes of the cell are others', see kill(2)");
}
