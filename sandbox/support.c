/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sandbox/support.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/mounts.h"
#include "sandbox/seccomp.h"

/* A file system that is nowhere tells whether there are such. */
static bool takes_option(const char *type, const FsOption *option) {
        _cleanup_(close_fdp) int fd = mount_new(type, option, 1, 0);

        return fd >= 0 || (fd != -EINVAL && fd != -ENOSYS);
}

static const char *filesystem_refuses(const PolicyFilesystem *f, const char **ret_key) {
        *ret_key = "ProcSubset";
        if (f->proc_subset_pid && !takes_option("proc", &(FsOption) { "subset", "pid" }))
                return "the kernel has no such /proc (Linux 5.8)";
        *ret_key = "ProtectProc";
        if (f->protect_proc != PROTECT_PROC_DEFAULT && !takes_option("proc", &(FsOption) { "hidepid", "invisible" }))
                return "the kernel has no such /proc (Linux 5.8)";
        return NULL;
}

static const char *process_refuses(const Policy *p, const char **ret_key) {
        *ret_key = p->process.syscalls.set ? "SystemCallFilter" : p->process.forbidden_namespaces ? "RestrictNamespaces" :
                p->process.families.set ? "RestrictAddressFamilies" : "SystemCallArchitectures";
        if (policy_filters_syscalls(p) && !seccomp_is_supported())
                return "the kernel has no filters for system calls (seccomp)";
        *ret_key = "KeyringMode";
        if (p->process.keyring_mode != KEYRING_INHERIT &&
            syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0) < 0 && errno == ENOSYS)
                return "the kernel has no keyrings";
        return NULL;
}

const char *cells_refuse(const Policy *p, const char **ret_section, const char **ret_key) {
        const char *reason;

        *ret_section = "Filesystem";
        reason = filesystem_refuses(&p->filesystem, ret_key);
        if (reason)
                return reason;
        *ret_section = "Process";
        return process_refuses(p, ret_key);
}
