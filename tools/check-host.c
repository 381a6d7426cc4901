/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks the kernel, and ways around the cells other than PAM. */

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cgroups/controllers.h"
#include "tools/check.h"

/* --- the kernel -------------------------------------------------------------------------- */

static void check_namespaces(Check *c) {
        static const char *const names[] = { "mnt", "pid", "net", "ipc", "uts", "cgroup" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
                if (access(path, F_OK) < 0)
                        check_add(c, SEVERITY_ERROR, "kernel", "use a kernel that has them",
                                  "the kernel has no %s namespaces", names[i]);
        }
}

static void check_controllers(Check *c) {
        _cleanup_(hierarchies_freep) Hierarchies *h = NULL;
        int r = hierarchies_open(NULL, &h);

        if (r < 0) {
                check_add(c, SEVERITY_ERROR, "cgroups", "mount them: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
                          "confinectl can't find the control groups: %s", strerror(-r));
                return;
        }
        for (int i = 0; i < _CONTROLLER_MAX; i++)
                if (!hierarchies_find(h, i))
                        check_add(c, SEVERITY_WARNING, "cgroups", "see cgroup_disable= on the kernel's command line",
                                  "the kernel has no controller %s: confined refuses policies with its keys",
                                  controller_to_string(i));
}

static void check_firewall(Check *c) {
        if (access("/proc/net/netfilter", F_OK) < 0 && access("/proc/sys/net/netfilter", F_OK) < 0)
                check_add(c, SEVERITY_WARNING, "kernel", "modprobe nf_tables",
                          "the kernel has no netfilter: cells with Mode=routed will fail");
}

static void check_tiocsti(Check *c) {
        _cleanup_(freep) char *text = NULL;
        ssize_t n = fd_read_file_at(AT_FDCWD, "/proc/sys/dev/tty/legacy_tiocsti", 16, &text);

        if (n < 0)
                check_add(c, SEVERITY_WARNING, "kernel", "use su -P, sudo with use_pty, or Linux 6.2",
                          "the kernel can't switch TIOCSTI off: a program in a cell can type into a terminal that it "
                          "shares with a shell outside");
        else if (*text != '0')
                check_add(c, SEVERITY_WARNING, "kernel", "sysctl dev.tty.legacy_tiocsti=0",
                          "dev.tty.legacy_tiocsti is on: a program in a cell can type into a terminal that it shares "
                          "with a shell outside");
}

void check_host(Check *c) {
        size_t before = c->n_bad;

        check_namespaces(c);
        check_firewall(c);
        check_tiocsti(c);
        check_add_ok(c, "kernel", before, "the kernel has everything that cells need");
        before = c->n_bad;
        check_controllers(c);
        check_add_ok(c, "cgroups", before, "the kernel has all controllers");
}

/* --- ways around ------------------------------------------------------------------------- */

/* Collects names first, because a look-up of a user overwrites the result of the one before. */
static char **group_members(const struct group *g) {
        char **names = NULL;
        gid_t gid = g->gr_gid;
        const struct passwd *pw;
        int r = 0;

        for (char **m = g->gr_mem; *m && r >= 0; m++)
                r = strv_extend(&names, *m);
        setpwent();
        while (r >= 0 && (pw = getpwent()))
                if (pw->pw_gid == gid)
                        r = strv_extend(&names, pw->pw_name);
        endpwent();
        return names;
}

/* The name of the first confined member of a group, which may be the member's primary group; the caller frees.
 * NULL: none. */
static char *confined_member(const Check *c, const struct group *g, const Policy **ret_policy) {
        _cleanup_(strv_freep) char **names = group_members(g);

        for (size_t i = 0; names && names[i]; i++) {
                const struct passwd *pw = getpwnam(names[i]);

                if (pw && check_user(c, pw->pw_uid, NULL, ret_policy) != CONFINED_NOT)
                        return strdup(names[i]);
        }
        return NULL;
}

static void check_socket(Check *c, const char *path) {
        _cleanup_(freep) char *member = NULL;
        const Policy *policy;
        const struct group *g;
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
                return;
        if (st.st_mode & S_IWOTH) {
                check_add(c, SEVERITY_ERROR, "sockets", "remove the write permission for others",
                          "%s: everybody may write to this socket, and so become root on the host", path);
                return;
        }
        g = st.st_mode & S_IWGRP && st.st_gid != 0 ? getgrgid(st.st_gid) : NULL;
        member = g ? confined_member(c, g, &policy) : NULL;
        if (member)
                check_add(c, SEVERITY_ERROR, "sockets", "remove the user from the group",
                          "%s: members of its group can become root on the host, and %s of policy %s is a member",
                          path, member, policy->name);
}

static void check_sockets(Check *c) {
        static const char *const paths[] = {
                "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
                "/run/k3s/containerd/containerd.sock", "/run/crio/crio.sock", "/run/buildkit/buildkitd.sock",
                "/run/libvirt/libvirt-sock", "/run/lxd.socket", "/var/lib/lxd/unix.socket",
                "/var/snap/lxd/common/lxd/unix.socket", "/var/lib/incus/unix.socket", "/run/incus/unix.socket",
        };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                check_socket(c, paths[i]);
}

static void check_groups(Check *c) {
        static const struct {
                const char *group, *why;
                Severity severity;
        } groups[] = {
                { "disk", "can read and write the host's disks", SEVERITY_ERROR },
                { "shadow", "can read everybody's password hashes", SEVERITY_WARNING },
                { "sudo", "can become root with sudo, and root can leave any cell", SEVERITY_WARNING },
                { "wheel", "can become root with sudo, and root can leave any cell", SEVERITY_WARNING },
        };

        for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
                const struct group *g = getgrnam(groups[i].group);
                const Policy *policy;
                _cleanup_(freep) char *member = g ? confined_member(c, g, &policy) : NULL;

                if (member)
                        check_add(c, groups[i].severity, "groups", "remove the user from the group",
                                  "%s of policy %s is in group %s, and so %s", member, policy->name,
                                  groups[i].group, groups[i].why);
        }
}

/* In sshd_config(5) the first value counts, and Debian includes its other files first. 1: yes; 0: no; -ENOENT: the
 * file can't be read; -ENODATA: it does not set UsePAM. */
static int read_use_pam(const char *path) {
        _cleanup_(freep) char *text = NULL;
        char *save = NULL;

        if (fd_read_file_at(AT_FDCWD, path, 1 << 20, &text) < 0)
                return -ENOENT;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                line += strspn(line, " \t");
                if (strncasecmp(line, "Match", 5) == 0)
                        break;
                if (strncasecmp(line, "UsePAM", 6) == 0 && strchr(" \t=", line[6]))
                        return strcasestr(line + 6, "yes") != NULL;
        }
        return -ENODATA;
}

static void check_sshd(Check *c) {
        glob_t included = {};
        int r = -ENODATA;

        if (access("/usr/sbin/sshd", X_OK) < 0 || access("/etc/ssh/sshd_config", F_OK) < 0)
                return;
        if (glob("/etc/ssh/sshd_config.d/*.conf", 0, NULL, &included) == 0)
                for (size_t i = 0; i < included.gl_pathc && r < 0; i++)
                        r = read_use_pam(included.gl_pathv[i]);
        globfree(&included);
        if (r < 0)
                r = read_use_pam("/etc/ssh/sshd_config");
        if (r == 0 || r == -ENODATA)
                check_add(c, SEVERITY_ERROR, "sshd", "write \"UsePAM yes\" into /etc/ssh/sshd_config",
                          "logins by ssh don't ask PAM, because %s", r == 0 ? "UsePAM is no" : "UsePAM is not set");
}

void check_ways_round(Check *c) {
        size_t before = c->n_bad;

        check_sockets(c);
        check_groups(c);
        check_sshd(c);
        check_add_ok(c, "ways", before, "confinectl found no socket, group or setting that leads around the cells");
}
