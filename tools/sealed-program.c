/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/sealed-program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3: vm.memfd_noexec can forbid to execute memory files without it */
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int copy(int from_fd) {
        _cleanup_(close_fdp) int fd = memfd_create("confinectl", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
        struct stat st;

        if (fd < 0 && errno == EINVAL)
                fd = memfd_create("confinectl", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0 || fstat(from_fd, &st) < 0)
                return -errno;
        for (off_t offset = 0; offset < st.st_size;) {
                ssize_t n = sendfile(fd, from_fd, &offset, (size_t) (st.st_size - offset));

                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
        }
        return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : TAKE_FD(fd);
}

int sealed_program(char **argv) {
        _cleanup_(close_fdp) int own_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = -EBADF;
        int seals;

        if (own_fd < 0)
                return -errno;
        seals = fcntl(own_fd, F_GET_SEALS);
        if (seals >= 0 && (seals & SEALS) == SEALS) {
                (void) prctl(PR_SET_NAME, program_invocation_short_name); /* fexecve() made it the fd's number */
                return 0;
        }
        fd = copy(own_fd);
        if (fd < 0)
                return fd;
        (void) fexecve(fd, argv, environ);
        return -errno;
}
