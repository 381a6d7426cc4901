/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A group is a directory of the same path in every hierarchy. Walks are iterative and by directory
 * fd: a user may have nested groups to any depth (v2 delegation), and names are never trusted. */

#include "cgroups/group.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"

#define WALK_DEPTH_MAX 16384 /* each level takes an fd, of which the manager may have more */
#define RETRY_NSEC (2 * 1000 * 1000)

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

static void pause_briefly(void) {
        (void) nanosleep(&(struct timespec) { .tv_nsec = RETRY_NSEC }, NULL);
}

int group_open(const Hierarchy *h, const char *path) {
        int fd = openat(h->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? -errno : fd;
}

/* --- making ------------------------------------------------------------------------------ */

/* "+cpu +memory ..." for what this hierarchy carries and the group does not pass on yet. */
static int enable_children(const Hierarchy *h, int dir_fd) {
        static const Controller passed_on[] = { CONTROLLER_CPU, CONTROLLER_CPUSET, CONTROLLER_MEMORY,
                                                CONTROLLER_PIDS, CONTROLLER_IO };
        char text[128];
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(passed_on); i++)
                if (h->controllers & 1U << passed_on[i])
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s+%s", n ? " " : "",
                                               controller_to_string(passed_on[i]));
        if (n == 0)
                return 0;
        return fd_write_file_at(dir_fd, "cgroup.subtree_control", text);
}

/* A new v1 cpuset has neither CPUs nor nodes and takes no process until it does (cpusets.rst). Its children are to
 * have them from the beginning: giving them later makes the kernel look at all groups that there are. */
static int inherit_cpuset(int parent_fd, int dir_fd) {
        static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_(freep) char *own = NULL, *inherited = NULL;
                ssize_t n;
                int r;

                n = fd_read_file_at(dir_fd, files[i], 16384, &own);
                if (n < 0)
                        return (int) n;
                if (n > 1)
                        return 0;
                n = fd_read_file_at(parent_fd, files[i], 16384, &inherited);
                if (n < 0)
                        return (int) n;
                r = fd_write_file_at(dir_fd, files[i], inherited);
                if (r < 0)
                        return r;
        }
        return fd_write_file_at(dir_fd, "cgroup.clone_children", "1");
}

static int prepare_child(const Hierarchy *h, int parent_fd, int dir_fd) {
        if (h->version == 1 && h->controllers & 1U << CONTROLLER_CPUSET)
                return inherit_cpuset(parent_fd, dir_fd);
        return 0;
}

/* One try; -ENOENT or -ENODEV when a parent went away below us. */
static int make_in(const Hierarchy *h, const char *path) {
        _cleanup_(close_fdp) int fd = -EBADF;
        char name[GROUP_PATH_MAX];

        fd = openat(h->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        for (const char *p = path; *p;) {
                _cleanup_(close_fdp) int child = -EBADF;
                size_t n = strcspn(p, "/");
                int r;

                if (n >= sizeof(name))
                        return -ENAMETOOLONG;
                memcpy(name, p, n);
                name[n] = '\0';
                p += n;
                p += strspn(p, "/");

                if (h->version == 2) {
                        r = enable_children(h, fd);
                        if (r < 0)
                                return r;
                }
                if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
                        return -errno;
                child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (child < 0)
                        return -errno;
                r = prepare_child(h, fd, child);
                if (r < 0)
                        return r;
                close_fd(fd);
                fd = TAKE_FD(child);
        }
        return 0;
}

int group_make(const Hierarchies *h, const char *path) {
        for (size_t i = 0; i < h->n_items; i++) {
                int r = -ENOENT;

                /* a file of a directory that is being removed gives ENODEV */
                for (unsigned attempt = 0; (r == -ENOENT || r == -ENODEV) && attempt < 50; attempt++) {
                        if (attempt > 0)
                                pause_briefly();
                        r = make_in(&h->items[i], path);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- members ----------------------------------------------------------------------------- */

static int attach_in(const Hierarchy *h, const char *path, pid_t pid) {
        _cleanup_(close_fdp) int fd = -EBADF;
        char text[16];

        fd = group_open(h, path);
        if (fd < 0)
                return fd;
        (void) snprintf(text, sizeof(text), "%d", (int) pid);
        return fd_write_file_at(fd, "cgroup.procs", text);
}

int group_attach(const Hierarchies *h, const char *path, unsigned version, pid_t pid) {
        for (size_t i = 0; i < h->n_items; i++) {
                int r;

                if (version != 0 && h->items[i].version != version)
                        continue;
                r = attach_in(&h->items[i], path, pid);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Finds the line of a hierarchy ("4:memory:/path" or "0::/path") and returns its path. The order of
 * co-mounted controllers is the kernel's own in both places. */
static const char *find_line(const Hierarchy *h, const char *lines, size_t *ret_length) {
        for (const char *line = lines; *line;) {
                size_t length = strcspn(line, "\n");
                const char *name = memchr(line, ':', length);
                const char *path = name ? memchr(name + 1, ':', length - (size_t) (name + 1 - line)) : NULL;

                if (path) {
                        size_t n = (size_t) (path - name) - 1;

                        path++;
                        if (n == strlen(h->name) && strncmp(name + 1, h->name, n) == 0) {
                                *ret_length = length - (size_t) (path - line);
                                return path;
                        }
                }
                line += length;
                line += *line == '\n';
        }
        return NULL;
}

int group_attach_lines(const Hierarchies *h, const char *lines, pid_t pid) {
        for (size_t i = 0; i < h->n_items; i++) {
                char path[4096] = ".";
                const char *found;
                size_t length;
                int r;

                found = find_line(&h->items[i], lines, &length);
                if (found && length > 1 && length < sizeof(path)) {
                        memcpy(path, found + 1, length - 1);
                        path[length - 1] = '\0';
                }
                r = attach_in(&h->items[i], path, pid);
                if (r == -ENOENT || r == -ENODEV)
                        r = attach_in(&h->items[i], ".", pid);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool read_number(int dir_fd, const char *file, uint64_t *ret) {
        _cleanup_(freep) char *text = NULL;

        return fd_read_file_at(dir_fd, file, 64, &text) > 0 && sscanf(text, "%" SCNu64, ret) == 1;
}

void group_task_headroom(const Hierarchies *h, const char *path, uint64_t *ret_free, uint64_t *ret_max) {
        const Hierarchy *pids = hierarchies_find(h, CONTROLLER_PIDS);
        char level[GROUP_PATH_MAX];
        char *slash;

        *ret_free = *ret_max = UINT64_MAX;
        if (!pids)
                return;
        (void) snprintf(level, sizeof(level), "%s", path);
        do {
                _cleanup_(close_fdp) int fd = group_open(pids, level);
                uint64_t current, max;

                if (fd >= 0 && read_number(fd, "pids.current", &current) &&
                    read_number(fd, "pids.max", &max)) { /* "max" is no number: no limit here */
                        *ret_free = MIN(*ret_free, max > current ? max - current : 0);
                        *ret_max = MIN(*ret_max, max);
                }
                slash = strrchr(level, '/');
                if (slash)
                        *slash = '\0';
        } while (slash);
}

int group_open_unified(const Hierarchies *h, const char *path) {
        return h->unified < 0 ? -ENOENT : group_open(&h->items[h->unified], path);
}

/* `below`: a child of the group will do. */
static bool lines_are_in(const Hierarchies *h, const char *lines, const char *path, bool below) {
        size_t n = strlen(path);

        for (size_t i = 0; i < h->n_items; i++) {
                size_t length;
                const char *found = find_line(&h->items[i], lines, &length);

                if (!found || length < n + 1 || strncmp(found + 1, path, n) != 0)
                        return false;
                if (length > n + 1 && !(below && found[n + 1] == '/'))
                        return false;
        }
        return true;
}

bool group_lines_match(const Hierarchies *h, const char *lines, const char *path) {
        return lines_are_in(h, lines, path, false);
}

bool group_lines_within(const Hierarchies *h, const char *lines, const char *path) {
        return lines_are_in(h, lines, path, true);
}

int group_lines_find(const char *lines, const char *prefix, char **ret) {
        size_t n = strlen(prefix);

        for (const char *line = lines; *line;) {
                size_t length = strcspn(line, "\n");
                const char *path = memchr(line, ':', length);

                path = path ? memchr(path + 1, ':', length - (size_t) (path + 1 - line)) : NULL;
                if (path && strncmp(path, ":/", 2) == 0 && strncmp(path + 2, prefix, n) == 0 &&
                    path[2 + n] == '/') {
                        path += 2 + n + 1;
                        *ret = strndup(path, length - (size_t) (path - line));
                        return *ret ? 1 : -ENOMEM;
                }
                line += length;
                line += *line == '\n';
        }
        return 0;
}

/* --- walking ----------------------------------------------------------------------------- */

typedef int (*group_visit_t)(int dir_fd, void *userdata);

typedef struct WalkLevel {
        DIR *dir;
        char *name; /* NULL for the first one */
} WalkLevel;

typedef struct Walk {
        WalkLevel *levels;
        size_t depth, n_allocated;
} Walk;

static int walk_fd(const Walk *w) {
        return dirfd(w->levels[w->depth - 1].dir);
}

/* Leaves a level; the caller frees its name. */
static char *walk_pop(Walk *w) {
        (void) closedir(w->levels[--w->depth].dir);
        return w->levels[w->depth].name;
}

static void walk_done(Walk *w) {
        while (w->depth > 0)
                free(walk_pop(w));
        free(w->levels);
}

/* Takes the fd in any case. */
static int walk_push(Walk *w, int fd, const char *name) {
        WalkLevel level = {};

        if (w->depth == WALK_DEPTH_MAX) {
                close_fd(fd);
                return -ELOOP;
        }
        if (w->depth == w->n_allocated) {
                size_t n = w->n_allocated ? w->n_allocated * 2 : 16;
                WalkLevel *grown = reallocarray(w->levels, n, sizeof(*grown));

                if (!grown) {
                        close_fd(fd);
                        return -ENOMEM;
                }
                w->levels = grown;
                w->n_allocated = n;
        }
        if (name && !(level.name = strdup(name))) {
                close_fd(fd);
                return -ENOMEM;
        }
        level.dir = fdopendir(fd);
        if (!level.dir) {
                close_fd(fd);
                free(level.name);
                return -ENOMEM;
        }
        w->levels[w->depth++] = level;
        return 0;
}

/* The next subdirectory of the top directory; NULL at its end. */
static const char *walk_next(Walk *w) {
        struct dirent *e;

        while ((e = readdir(w->levels[w->depth - 1].dir)))
                if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        return e->d_name;
        return NULL;
}

/* Visits a group and all below it, parents first. */
static int walk_group(const Hierarchy *h, const char *path, group_visit_t visit, void *userdata) {
        _cleanup_(walk_done) Walk w = {};
        int fd, r;

        fd = group_open(h, path);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        r = walk_push(&w, fd, NULL);
        if (r >= 0)
                r = visit(walk_fd(&w), userdata);
        while (r >= 0 && w.depth > 0) {
                const char *name = walk_next(&w);

                if (!name) {
                        free(walk_pop(&w));
                        continue;
                }
                fd = openat(walk_fd(&w), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        continue; /* removed meanwhile */
                r = walk_push(&w, fd, name);
                if (r >= 0)
                        r = visit(walk_fd(&w), userdata);
        }
        return r;
}

typedef struct PidList {
        pid_t *pids;
        size_t n, max;
} PidList;

static int visit_list_pids(int dir_fd, void *userdata) {
        _cleanup_(fclosep) FILE *f = NULL;
        PidList *l = userdata;
        int fd, pid;

        fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0; /* removed meanwhile */
        f = fdopen(fd, "re");
        if (!f) {
                close_fd(fd);
                return -ENOMEM;
        }
        while (l->n < l->max && fscanf(f, "%d", &pid) == 1)
                l->pids[l->n++] = pid;
        return 0;
}

/* The hierarchy that tells who belongs to a cell: v2 where there is one. */
static const Hierarchy *tracking(const Hierarchies *h) {
        return &h->items[h->unified >= 0 ? h->unified : 0];
}

ssize_t group_list_pids(const Hierarchies *h, const char *path, pid_t *pids, size_t max) {
        PidList l = { .pids = pids, .max = max };
        int r;

        r = walk_group(tracking(h), path, visit_list_pids, &l);
        return r < 0 ? r : (ssize_t) l.n;
}

int group_populated(const Hierarchies *h, const char *path) {
        _cleanup_(freep) char *events = NULL;
        pid_t pid;
        ssize_t n;

        if (h->unified >= 0) {
                _cleanup_(close_fdp) int fd = group_open_unified(h, path);

                if (fd < 0)
                        return fd == -ENOENT ? 0 : fd;
                n = fd_read_file_at(fd, "cgroup.events", 4096, &events);
                if (n < 0)
                        return n == -ENODEV || n == -ENOENT ? 0 : (int) n;
                if (strstr(events, "populated 1"))
                        return 1;
        }
        /* On v1 a process may have been attached before v2 was reached: look everywhere. */
        for (size_t i = 0; i < h->n_items; i++) {
                PidList l = { .pids = &pid, .max = 1 };
                int r = walk_group(&h->items[i], path, visit_list_pids, &l);

                if (r < 0)
                        return r;
                if (l.n > 0)
                        return 1;
        }
        return 0;
}

static int visit_kill(int dir_fd, void *userdata) {
        pid_t pids[1024];
        PidList l = { .pids = pids, .max = ELEMENTSOF(pids) };
        int r;

        (void) userdata;
        r = visit_list_pids(dir_fd, &l);
        /* Listed in this very moment: what could reuse such a number was forked in between. */
        for (size_t i = 0; i < l.n; i++)
                if (pids[i] > 0 && pids[i] != getpid())
                        (void) kill(pids[i], SIGKILL);
        return r;
}

static void kill_once(const Hierarchies *h, const char *path) {
        if (h->unified >= 0) {
                _cleanup_(close_fdp) int fd = group_open_unified(h, path);

                if (fd >= 0)
                        (void) fd_write_file_at(fd, "cgroup.kill", "1"); /* Linux 5.14; else below */
        }
        for (size_t i = 0; i < h->n_items; i++)
                (void) walk_group(&h->items[i], path, visit_kill, NULL);
}

int group_kill(const Hierarchies *h, const char *path, uint64_t timeout_usec) {
        uint64_t deadline = now_usec() + timeout_usec;

        for (;;) {
                int r = group_populated(h, path);

                if (r <= 0)
                        return r;
                kill_once(h, path);
                (void) group_freeze(h, path, false); /* v1: the frozen don't die */
                if (group_populated(h, path) == 0)
                        return 0;
                if (now_usec() > deadline)
                        return -ETIMEDOUT;
                pause_briefly();
        }
}

int group_freeze(const Hierarchies *h, const char *path, bool freeze) {
        const Hierarchy *freezer = hierarchies_find(h, CONTROLLER_FREEZER);
        _cleanup_(close_fdp) int fd = -EBADF;

        if (h->unified >= 0) { /* v2's is preferred: a frozen process can still be killed */
                fd = group_open_unified(h, path);
                if (fd < 0)
                        return fd;
                return fd_write_file_at(fd, "cgroup.freeze", freeze ? "1" : "0");
        }
        if (!freezer)
                return -EOPNOTSUPP;
        fd = group_open(freezer, path);
        if (fd < 0)
                return fd;
        return fd_write_file_at(fd, "freezer.state", freeze ? "FROZEN" : "THAWED");
}

/* --- removing ---------------------------------------------------------------------------- */

/* One pass, children first; returns -EBUSY if something could not be removed yet. */
static int remove_once(const Hierarchy *h, const char *path) {
        _cleanup_(walk_done) Walk w = {};
        int fd, r, busy = 0;

        fd = group_open(h, path);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        r = walk_push(&w, fd, NULL);
        while (r >= 0 && w.depth > 0) {
                const char *next = walk_next(&w);
                _cleanup_(freep) char *name = NULL;

                if (next) {
                        fd = openat(walk_fd(&w), next, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                        if (fd >= 0)
                                r = walk_push(&w, fd, next);
                        continue;
                }
                name = walk_pop(&w);
                if (name && unlinkat(walk_fd(&w), name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        busy = -errno;
        }
        if (r < 0)
                return r;
        if (unlinkat(h->root_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
                busy = -errno;
        return busy;
}

int group_remove(const Hierarchies *h, const char *path, uint64_t timeout_usec) {
        uint64_t deadline = now_usec() + timeout_usec;
        int result = 0;

        for (size_t i = 0; i < h->n_items; i++)
                for (;;) {
                        int r = remove_once(&h->items[i], path);

                        if (r >= 0)
                                break;
                        if (r != -EBUSY && r != -ENOTEMPTY)
                                return r;
                        if (now_usec() > deadline) {
                                result = -EBUSY;
                                break;
                        }
                        pause_briefly();
                }
        return result;
}

void group_remove_if_empty(const Hierarchies *h, const char *path) {
        for (size_t i = 0; i < h->n_items; i++)
                (void) unlinkat(h->items[i].root_fd, path, AT_REMOVEDIR); /* EBUSY: in use, good */
}

int group_for_each_child(const Hierarchies *h, const char *path, group_child_t callback, void *userdata) {
        for (size_t i = 0; i < h->n_items; i++) {
                _cleanup_(walk_done) Walk w = {};
                const char *name;
                int fd, r;

                fd = group_open(&h->items[i], path);
                if (fd == -ENOENT)
                        continue;
                if (fd < 0)
                        return fd;
                r = walk_push(&w, fd, NULL);
                while (r >= 0 && (name = walk_next(&w)))
                        r = callback(name, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}
