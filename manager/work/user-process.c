/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pid read from /proc may be reused before it is looked at again. So the pidfd comes first, and what is read
 * afterwards is believed only if the process behind the pidfd still lives. */

#include "manager/work/user-process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

void user_process_done(UserProcess *u) {
        u->pidfd = close_fd(u->pidfd);
        u->pid = 0;
}

bool user_process_is_of(pid_t pid, uid_t uid) {
        uid_t ids[4];

        if (fd_pid_uids(pid, ids) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                if (ids[i] != uid)
                        return false;
        return true;
}

/* 0: it can't be told. */
static uint64_t namespace_inode(const char *process, const char *name) {
        char path[64];
        struct stat st;

        (void) snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, name);
        return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static bool is_users(pid_t pid, uid_t uid, uint64_t pid_inode) {
        char name[16];

        (void) snprintf(name, sizeof(name), "%d", (int) pid);
        return user_process_is_of(pid, uid) && (pid_inode == 0 || namespace_inode(name, "pid") == pid_inode);
}

int user_process_take(pid_t pid, UserProcess *ret) {
        int fd = fd_pidfd_open(pid);

        if (fd >= 0)
                fd = fd_move_high(fd);
        if (fd < 0)
                return fd;
        *ret = (UserProcess) { .pid = pid, .pidfd = fd };
        return 0;
}

int user_process_find_child(pid_t leader, uid_t uid, uint64_t pid_inode, UserProcess *ret) {
        _cleanup_(freep) char *children = NULL;
        char name[64], *save = NULL;
        int r;

        (void) snprintf(name, sizeof(name), "task/%d/children", (int) leader);
        r = fd_pid_read(leader, name, 1 << 20, &children);
        if (r < 0)
                return r;
        for (char *child = strtok_r(children, " ", &save); child; child = strtok_r(NULL, " ", &save)) {
                UserProcess u;
                pid_t pid = (pid_t) strtol(child, NULL, 10);

                if (!is_users(pid, uid, pid_inode))
                        continue;
                r = user_process_take(pid, &u);
                if (r == -ESRCH)
                        continue;
                if (r < 0)
                        return r;
                if (is_users(pid, uid, pid_inode) && !fd_pid_is_exiting(pid, u.pidfd)) { /* not one that got the number just now */
                        *ret = u;
                        return 0;
                }
                user_process_done(&u);
        }
        return -ENOENT;
}

static int verify_namespaces(const UserProcess *u, const uint64_t inodes[static _LOGIN_NS_MAX],
                             char what[static USER_PROCESS_WHAT_MAX]) {
        char process[16];

        (void) snprintf(process, sizeof(process), "%d", (int) u->pid);
        for (int i = 0; i < _LOGIN_NS_MAX; i++) {
                const char *name = login_namespaces[i].name;
                uint64_t wanted = inodes[i], is = namespace_inode(process, name);

                if (wanted == 0 || is == wanted || (is != 0 && i != LOGIN_NS_PID && is != namespace_inode("self", name)))
                        continue;
                (void) snprintf(what, USER_PROCESS_WHAT_MAX, "its %s namespace is not the cell's", name);
                return -EXDEV;
        }
        return 0;
}

static int verify_groups(const UserProcess *u, const Hierarchies *hierarchies, const char *group,
                         char what[static USER_PROCESS_WHAT_MAX]) {
        _cleanup_(freep) char *lines = NULL;
        int r;

        r = fd_pid_read(u->pid, "cgroup", 64 * 1024, &lines);
        if (r < 0)
                return r;
        if (!group || group_lines_within(hierarchies, lines, group))
                return 0;
        (void) snprintf(what, USER_PROCESS_WHAT_MAX, "it is not in control group %.80s everywhere", group);
        return -EXDEV;
}

int user_process_verify(const UserProcess *u, const Hierarchies *hierarchies, const char *group,
                        const uint64_t inodes[static _LOGIN_NS_MAX], char what[static USER_PROCESS_WHAT_MAX]) {
        int r;

        r = verify_groups(u, hierarchies, group, what);
        if (r >= 0)
                r = verify_namespaces(u, inodes, what);
        return fd_pid_is_exiting(u->pid, u->pidfd) ? -ESRCH : r; /* then it may have been another's */
}
