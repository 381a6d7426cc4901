/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module applies [Process] in the login program's own process, whose children inherit it: what that program
 * needs itself can't be taken away. A command of confinectl run has everything applied just before it begins. */

#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "base/syscall-groups.h"
#include "policies/policy-check.h"

/* Of sshd, login, su, sudo and cron, and the libraries that they do it with, after a session was opened. */
static const char login_needs[] =
        "execve exit_group clone fork wait4 kill read write readv writev open openat close dup dup2 pipe pipe2 fcntl ioctl "
        "lseek fstat stat lstat newfstatat access faccessat getdents64 unlink chmod fchmod chown fchown rename readlink "
        "umask chdir fchdir ftruncate utimensat poll ppoll select pselect6 socket socketpair connect bind listen accept "
        "sendto sendmsg recvfrom recvmsg shutdown getsockname getpeername setsockopt getsockopt rt_sigaction "
        "rt_sigprocmask setuid setgid setreuid setregid setresuid setresgid setgroups setsid setpgid prctl capget capset "
        "setrlimit prlimit64 setpriority getpriority alarm uname brk mmap mprotect munmap mremap flock sendfile";

static void check_needed(PolicyCheck *c, const char *needed, const char *who) {
        const NameFilter *f = &c->policy->process.syscalls;
        _cleanup_(strv_freep) char **needs = NULL, **all = NULL, **missing = NULL;
        _cleanup_(freep) char *text = NULL;

        if (syscall_expand_all(f->names, f->except, &all) < 0)
                return;
        if (f->allow && syscall_expand("@default", &all) < 0)
                return;
        if (strv_split(needed, &needs) < 0)
                return;
        for (char **n = needs; n && *n; n++)
                if (strv_has(all, *n) != f->allow && strv_extend(&missing, *n) < 0)
                        return;
        if (!missing)
                return;
        text = strv_join(missing, " ");
        policy_complain(c, false, POLICY_KEY(process.syscalls), "%s needs what it refuses: %s (%s)", who, text ?: "",
                        f->allow ? "add it; @system-service has it all" : "leave it out");
}

static void check_syscalls(PolicyCheck *c) {
        const PolicyProcess *p = &c->policy->process;

        if (!p->syscalls.set) {
                if (p->syscall_errno != 0)
                        policy_complain(c, true, POLICY_KEY(process.syscall_errno),
                                        "it has no effect without SystemCallFilter=");
                return;
        }
        if (policy_is_for_logins(c->policy))
                check_needed(c, login_needs, "a login program");
        else
                check_needed(c, "execve exit_group", "every program");
}

/* Below these a login program fails in ways that nobody understands. */
static void check_limits(PolicyCheck *c) {
        static const struct {
                int resource;
                uint64_t least;
                const char *text;
        } floors[] = {
                { RLIMIT_NOFILE, 64, "64" },
                { RLIMIT_FSIZE, 1 << 20, "1M" },
                { RLIMIT_DATA, 64 << 20, "64M" },
                { RLIMIT_STACK, 1 << 20, "1M" },
                { RLIMIT_AS, 256 << 20, "256M" },
                { RLIMIT_CPU, 10, "10s" },
                { RLIMIT_SIGPENDING, 16, "16" },
        };

        for (size_t i = 0; i < ELEMENTSOF(floors); i++) {
                const PolicyLimit *l = &c->policy->process.limits[floors[i].resource];

                if (l->set && l->soft < floors[i].least)
                        policy_complain(c, false, policy_key_at(offsetof(Policy, process.limits) +
                                                                floors[i].resource * sizeof(PolicyLimit)),
                                        "the login program itself has it, too, and needs more (%s or more)",
                                        floors[i].text);
        }
}

static void check_login(PolicyCheck *c) {
        const PolicyProcess *p = &c->policy->process;
        unsigned ns = c->policy->namespaces;

        if (ns & CLONE_NEWUSER)
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "user is for confinectl run and shell: a login program goes on as the host's root inside, "
                                "and the user's files would be nobody's (remove it)");
        if (ns & CLONE_NEWTIME)
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "time is for confinectl run and shell: the clock of a login program would jump (remove it)");
        if (p->ambient_capabilities)
                policy_complain(c, false, POLICY_KEY(process.ambient_capabilities),
                                "the kernel takes them away when a login program becomes the user (pam_cap(8), or "
                                "confinectl run)");
        if (!policy_allows_family(p, "AF_UNIX") && !policy_allows_family(p, "AF_LOCAL"))
                policy_complain(c, false, POLICY_KEY(process.families),
                                "login programs need AF_UNIX (add it)");
        check_limits(c);
}

static void check_namespaces(PolicyCheck *c) {
        const Policy *p = c->policy;

        if (p->namespaces & CLONE_NEWUSER && !(p->namespaces & CLONE_NEWNS && p->namespaces & CLONE_NEWPID))
                policy_complain(c, false, POLICY_KEY(namespaces),
                                "user without mnt and pid is no boundary (add mnt and pid)");
        if (!(p->namespaces & CLONE_NEWTIME) && p->monotonic_offset_usec)
                policy_complain(c, false, POLICY_KEY(monotonic_offset_usec), "it needs a clock of its own (add time to "
                                "Namespaces=)");
        if (!(p->namespaces & CLONE_NEWTIME) && p->boottime_offset_usec)
                policy_complain(c, false, POLICY_KEY(boottime_offset_usec), "it needs a clock of its own (add time to "
                                "Namespaces=)");
}

void policy_check_process(PolicyCheck *c) {
        const PolicyProcess *p = &c->policy->process;

        check_syscalls(c);
        for (char **w = p->environment; policy_is_for_units(c->policy) && w && *w; w++)
                for (const char *s = strchr(*w, '%'); s; s = strchr(s + 2, '%'))
                        if (s[1] != '%')
                                policy_complain(c, false, POLICY_KEY(process.environment),
                                                "%%%c does not expand for a service of systemd", s[1]);
        if (!policy_is_for_units(c->policy))
                check_namespaces(c);
        if (policy_is_for_logins(c->policy))
                check_login(c);
        if (p->ambient_capabilities & ~policy_bounding_set(c->policy))
                policy_complain(c, false, POLICY_KEY(process.ambient_capabilities),
                                "there is one that CapabilityBoundingSet= takes away (or PrivateDevices=, "
                                "ProtectKernelModules=, ProtectKernelLogs=)");
        if (p->architectures && !strv_has(p->architectures, "native") && !strv_has(p->architectures, POLICY_NATIVE_ARCHITECTURE))
                policy_complain(c, false, POLICY_KEY(process.architectures), "nothing could run (add native)");
}
