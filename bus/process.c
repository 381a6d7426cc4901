/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define PROGRAMS_MAX 32
#define CAPABILITIES_MAX 64

/* --- before ------------------------------------------------------------------------------ */

static int set_limits(const LoginProcess *p) {
        for (unsigned i = 0; i < LOGIN_LIMITS_MAX && i < RLIM_NLIMITS; i++) {
                struct rlimit limit = { p->limit[i].soft, p->limit[i].hard }; /* UINT64_MAX is RLIM_INFINITY */

                if (p->limits & 1U << i && setrlimit((int) i, &limit) < 0)
                        return -errno;
        }
        return 0;
}

int process_prepare(const LoginProcess *p, const char **ret_what) {
        char text[16];
        int r;

        if (p->has_oom_score_adjust) {
                *ret_what = "OOMScoreAdjust=";
                (void) snprintf(text, sizeof(text), "%d", (int) p->oom_score_adjust);
                r = fd_write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
                if (r < 0)
                        return r;
        }
        *ret_what = "Nice=";
        if (p->has_nice && setpriority(PRIO_PROCESS, 0, p->nice) < 0)
                return -errno;
        *ret_what = "Limit...=";
        return set_limits(p);
}

/* --- after ------------------------------------------------------------------------------- */

/* Which keyring KEY_SPEC_USER_KEYRING means goes by the real uid (keyrings(7)), which is the caller's still: root's,
 * or that of who called su. Whoever possesses a keyring reads all keys in it. */
static int link_user_keyring(uid_t uid) {
        uid_t real = getuid();
        int r = 0;

        if (setresuid(uid, (uid_t) -1, (uid_t) -1) < 0)
                return -errno;
        if (syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING) < 0)
                r = -errno;
        return setresuid(real, (uid_t) -1, (uid_t) -1) < 0 ? -errno : r;
}

/* A session keyring that was inherited would be the login program's, or that of who called it. */
static int make_keyring(const LoginProcess *p, uid_t uid, gid_t gid) {
        long keyring;
        int r;

        if (p->keyring == LOGIN_KEYRING_INHERIT)
                return 0;
        keyring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
        if (keyring < 0)
                return errno == ENOSYS ? 0 : -errno; /* a kernel without keys has none to keep apart */
        if (p->keyring == LOGIN_KEYRING_SHARED) {
                r = link_user_keyring(uid);
                if (r < 0)
                        return r;
        }
        return syscall(SYS_keyctl, KEYCTL_CHOWN, keyring, uid, gid) < 0 ? -errno : 0;
}

static int drop_bounding(uint64_t kept) {
        for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
                if (kept & UINT64_C(1) << i)
                        continue;
                if (prctl(PR_CAPBSET_READ, i) == 1 && prctl(PR_CAPBSET_DROP, i) < 0) /* needs CAP_SETPCAP */
                        return -errno;
        }
        return 0;
}

static int get_capabilities(struct __user_cap_data_struct data[static 2]) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

        return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int set_capabilities(const struct __user_cap_data_struct data[static 2]) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* What is inheritable goes past the bounding set. */
static int drop_inheritable(uint64_t kept) {
        struct __user_cap_data_struct data[2];
        int r = get_capabilities(data);

        if (r < 0)
                return r;
        data[0].inheritable &= (uint32_t) kept;
        data[1].inheritable &= (uint32_t) (kept >> 32);
        return set_capabilities(data);
}

int process_enter(const LoginProcess *p, uid_t uid, gid_t gid, const char **ret_what) {
        int r;

        *ret_what = "KeyringMode=";
        r = make_keyring(p, uid, gid);
        if (r < 0)
                return r;
        *ret_what = "CapabilityBoundingSet=";
        if (p->bounding != UINT64_MAX) {
                r = drop_bounding(p->bounding);
                if (r >= 0)
                        r = drop_inheritable(p->bounding);
                if (r < 0)
                        return r;
        }
        if (p->has_umask)
                (void) umask((mode_t) p->umask);
        return 0;
}

/* --- last -------------------------------------------------------------------------------- */

static int install(int fd, off_t *offset) {
        static struct sock_filter instructions[BPF_MAXINSNS]; /* 32 KiB: not on the stack of others' programs */
        struct sock_fprog program = { .filter = instructions };
        uint32_t n;
        ssize_t size;

        size = pread(fd, &n, sizeof(n), *offset);
        if (size <= 0)
                return size < 0 ? -errno : 0;
        if (size != sizeof(n) || n == 0 || n > BPF_MAXINSNS)
                return -EBADMSG;
        size = pread(fd, instructions, n * sizeof(*instructions), *offset + (off_t) sizeof(n));
        if (size != (ssize_t) (n * sizeof(*instructions)))
                return size < 0 ? -errno : -EBADMSG;
        *offset += (off_t) (sizeof(n) + n * sizeof(*instructions));
        program.len = (unsigned short) n;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 1;
}

int process_seal(const LoginProcess *p, int filter_fd, const char **ret_what) {
        off_t offset = 0;
        int r = 1;

        *ret_what = "NoNewPrivileges=";
        if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        *ret_what = "the filter of system calls";
        for (int i = 0; filter_fd >= 0 && r > 0; i++)
                r = i < PROGRAMS_MAX ? install(filter_fd, &offset) : -EBADMSG;
        return MIN(r, 0);
}

/* --- becoming a user --------------------------------------------------------------------- */

/* Of the rights that the process has kept it needs one until the next program begins, which has only `ambient`. */
static int keep_few(uint64_t ambient) {
        struct __user_cap_data_struct data[2];
        const uint64_t kept = ambient | UINT64_C(1) << CAP_SYS_ADMIN;
        int r = get_capabilities(data);

        if (r < 0)
                return r;
        for (unsigned i = 0; i < 2; i++) {
                data[i].permitted &= (uint32_t) (kept >> (32 * i));
                data[i].effective = i == 0 ? 1U << CAP_SYS_ADMIN & data[i].permitted : 0;
                data[i].inheritable = (uint32_t) (ambient >> (32 * i));
        }
        r = set_capabilities(data);
        for (unsigned i = 0; r >= 0 && i < CAPABILITIES_MAX; i++)
                if (ambient & UINT64_C(1) << i && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
                        r = -errno;
        return r;
}

int process_become(const LoginProcess *p, uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups,
                   const char **ret_what) {
        *ret_what = "the user";
        if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(n_groups, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
            setresuid(uid, uid, uid) < 0)
                return -errno;
        *ret_what = "AmbientCapabilities=";
        return uid == 0 ? 0 : keep_few(p->ambient);
}
