/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/lent/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "sandbox/filesystem.h"

#define OWNERS_DIR "owners" /* not where the files are: tmpfiles.d(5) ages those */
#define OWNER_MAX 1024
#define PATH_SIZE (OWNER_MAX + 64)
#define ASIDE_MAX 1000

/* Two names of one number are one user. */
static bool still_has(const char *name, uid_t uid) {
        const struct passwd *pw = getpwnam(name);

        return pw && pw->pw_uid == uid;
}

static int set_aside(int state_fd, const char *state_dir, uid_t uid, const char *owner, const char *user) {
        char from[64], to[PATH_SIZE];
        int r = -EEXIST;

        (void) snprintf(from, sizeof(from), FILESYSTEM_PERSISTENT_DIR "/%u", uid);
        for (unsigned i = 0; i < ASIDE_MAX && (r == -EEXIST || r == -ENOTEMPTY); i++) {
                (void) snprintf(to, sizeof(to), FILESYSTEM_PERSISTENT_DIR "/%u-%s-%u", uid, owner, i);
                r = renameat2(state_fd, from, state_fd, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
        }
        if (r == -ENOENT)
                return 0; /* nothing was kept */
        if (r >= 0)
                log_warning("User id %u was that of %s and is that of %s now: what %s/%s had for %s is set aside as %s/%s", uid,
                            owner, user, state_dir, from, owner, state_dir, to);
        return r;
}

int kept_claim(const char *state_dir, uid_t uid, const char *user) {
        _cleanup_(close_fdp) int state_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(close_fdp) int lock_fd = -EBADF;
        _cleanup_(freep) char *owner = NULL;
        char path[64];
        ssize_t n;
        int r;

        if (state_fd < 0)
                return -errno;
        r = fd_mkdir_parents_at(state_fd, OWNERS_DIR, 0700);
        lock_fd = r < 0 ? r : fd_open_beneath(state_fd, OWNERS_DIR, O_RDONLY | O_DIRECTORY, 0);
        if (lock_fd < 0)
                return lock_fd;
        if (flock(lock_fd, LOCK_EX) < 0) /* another login of the same user may be about to do the same */
                return -errno;
        (void) snprintf(path, sizeof(path), OWNERS_DIR "/%u", uid);
        n = fd_read_file_at(state_fd, path, OWNER_MAX, &owner);
        if (n < 0 && n != -ENOENT)
                return (int) n;
        if (n >= 0) {
                owner[strcspn(owner, "\n")] = '\0';
                if (strcmp(owner, user) == 0 || still_has(owner, uid))
                        return 0;
                if (!*owner || strchr(owner, '/'))
                        return -EBADMSG;
                r = set_aside(state_fd, state_dir, uid, owner, user);
                if (r < 0)
                        return r;
        }
        return fd_replace_file_at(state_fd, path, user, 0600, true);
}
