/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The contents of the groups are those of "systemd-analyze syscall-filter", of systemd 252, and what the kernel
 * has got since; the test compares them with what the installed systemd says. */

#include "base/syscall-groups.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
        const char *name, *members;
} groups[] = {
        { "@default",
          "arch_prctl brk cacheflush cachestat clock_getres clock_getres_time64 "
          "clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 execve exit "
          "exit_group futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake "
          "get_robust_list get_thread_area getegid getegid32 geteuid geteuid32 getgid "
          "getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getrandom "
          "getresgid getresgid32 getresuid getresuid32 getrlimit getsid gettid gettimeofday "
          "getuid getuid32 map_shadow_stack membarrier mmap mmap2 mprotect mseal munmap "
          "nanosleep pause prlimit64 restart_syscall riscv_flush_icache riscv_hwprobe rseq "
          "rt_sigreturn sched_getaffinity sched_yield set_robust_list set_thread_area "
          "set_tid_address set_tls sigreturn time ugetrlimit uretprobe" },
        { "@aio",
          "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup "
          "io_submit io_uring_enter io_uring_register io_uring_setup" },
        { "@basic-io",
          "_llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 pwrite64 "
          "pwritev pwritev2 read readv write writev" },
        { "@chown",
          "chown chown32 fchown fchown32 fchownat lchown lchown32" },
        { "@clock",
          "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 "
          "settimeofday" },
        { "@cpu-emulation",
          "modify_ldt subpage_prot switch_endian vm86 vm86old" },
        { "@debug",
          "lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr "
          "sys_debug_setcontext" },
        { "@file-system",
          "access chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod "
          "fchmodat fchmodat2 fcntl fcntl64 fgetxattr file_getattr file_setattr flistxattr "
          "fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 ftruncate "
          "ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat "
          "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch lgetxattr link "
          "linkat listmount listxattr listxattrat llistxattr lremovexattr lsetxattr lstat "
          "lstat64 mkdir mkdirat mknod mknodat newfstatat oldfstat oldlstat oldstat open "
          "openat openat2 readlink readlinkat removexattr removexattrat rename renameat "
          "renameat2 rmdir setxattr setxattrat stat stat64 statfs statfs64 statmount statx "
          "symlink symlinkat truncate truncate64 unlink unlinkat utime utimensat "
          "utimensat_time64 utimes" },
        { "@io-event",
          "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
          "epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 "
          "pselect6 pselect6_time64 select" },
        { "@ipc",
          "ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive "
          "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget "
          "msgrcv msgsnd pipe pipe2 process_madvise process_vm_readv process_vm_writev "
          "semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget" },
        { "@keyring",
          "add_key keyctl request_key" },
        { "@memlock",
          "mlock mlock2 mlockall munlock munlockall" },
        { "@module",
          "delete_module finit_module init_module" },
        { "@mount",
          "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree "
          "open_tree_attr pivot_root umount umount2" },
        { "@network-io",
          "accept accept4 bind connect getpeername getsockname getsockopt listen recv "
          "recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto "
          "setsockopt shutdown socket socketcall socketpair" },
        { "@obsolete",
          "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg "
          "gtty idle lock mpx prof profil putpmsg query_module security sgetmask ssetmask "
          "stime stty sysfs tuxcall ulimit uselib ustat vserver" },
        { "@pkey",
          "pkey_alloc pkey_free pkey_mprotect" },
        { "@privileged",
          "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot "
          "fanotify_init fanotify_mark nfsservctl open_by_handle_at pivot_root quotactl "
          "quotactl_fd setdomainname setfsuid setfsuid32 setgroups setgroups32 sethostname "
          "setresuid setresuid32 setreuid setreuid32 setuid setuid32 vhangup" },
        { "@process",
          "capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal "
          "prctl rt_sigqueueinfo rt_tgsigqueueinfo setns swapcontext tgkill times tkill "
          "unshare vfork wait4 waitid waitpid" },
        { "@raw-io",
          "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read "
          "s390_pci_mmio_write" },
        { "@reboot",
          "kexec_file_load kexec_load reboot" },
        { "@resources",
          "ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr "
          "sched_setparam sched_setscheduler set_mempolicy set_mempolicy_home_node "
          "setpriority setrlimit" },
        { "@setuid",
          "setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 "
          "setresuid setresuid32 setreuid setreuid32 setuid setuid32" },
        { "@signal",
          "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait "
          "rt_sigtimedwait_time64 sigaction sigaltstack signal signalfd signalfd4 "
          "sigpending sigprocmask sigsuspend" },
        { "@swap",
          "swapoff swapon" },
        { "@sync",
          "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs" },
        { "@system-service",
          "@aio @basic-io @chown @default @file-system @io-event @ipc @keyring @memlock "
          "@network-io @process @resources @setuid @signal @sync @timer arm_fadvise64_64 "
          "capget capset copy_file_range fadvise64 fadvise64_64 flock get_mempolicy getcpu "
          "getpriority ioctl ioprio_get kcmp madvise mremap name_to_handle_at oldolduname "
          "olduname personality readahead readdir remap_file_pages sched_get_priority_max "
          "sched_get_priority_min sched_getattr sched_getparam sched_getscheduler "
          "sched_rr_get_interval sched_rr_get_interval_time64 sched_yield sendfile "
          "sendfile64 setfsgid setfsgid32 setfsuid setfsuid32 setpgid setsid splice sysinfo "
          "tee umask uname userfaultfd vmsplice" },
        { "@timer",
          "alarm getitimer setitimer timer_create timer_delete timer_getoverrun "
          "timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create "
          "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times" },
};

/* Numbers from 424 on are the same everywhere. */
static const struct {
        const char *name;
        int number;
} newer[] = {
        { "cachestat", 451 },    { "fchmodat2", 452 },    { "map_shadow_stack", 453 }, { "futex_wake", 454 },
        { "futex_wait", 455 },   { "futex_requeue", 456 }, { "statmount", 457 },       { "listmount", 458 },
        { "mseal", 462 },        { "setxattrat", 463 },   { "getxattrat", 464 },       { "listxattrat", 465 },
        { "removexattrat", 466 }, { "open_tree_attr", 467 }, { "file_getattr", 468 },  { "file_setattr", 469 },
};

int syscall_new_number(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(newer); i++)
                if (strcmp(newer[i].name, name) == 0)
                        return newer[i].number;
        return -1;
}

const char *syscall_group_name(unsigned i) {
        return i < ELEMENTSOF(groups) ? groups[i].name : NULL;
}

static const char *members_of(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (strcmp(groups[i].name, name) == 0)
                        return groups[i].members;
        return NULL;
}

bool syscall_group_exists(const char *name) {
        return members_of(name);
}

bool syscall_is_in_group(const char *name) {
        size_t n = strlen(name);

        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                for (const char *found = strstr(groups[i].members, name); found; found = strstr(found + 1, name))
                        if ((found == groups[i].members || found[-1] == ' ') && (found[n] == ' ' || !found[n]))
                                return n > 0;
        return false;
}

int syscall_expand(const char *name, char ***names) {
        _cleanup_(strv_freep) char **members = NULL;
        const char *text;
        int r;

        if (*name != '@')
                return strv_has(*names, name) ? 0 : strv_extend(names, name);
        text = members_of(name);
        if (!text)
                return -ENOENT;
        r = strv_split(text, &members);
        for (size_t i = 0; r >= 0 && members && members[i]; i++)
                r = syscall_expand(members[i], names);
        return r;
}

static int expand_words(char *const *words, char ***ret) {
        int r = 0;

        for (; r >= 0 && words && *words; words++) {
                _cleanup_(freep) char *name = strndup(*words, strcspn(*words, ":"));

                r = name ? syscall_expand(name, ret) : -ENOMEM;
        }
        return r;
}

int syscall_expand_all(char *const *names, char *const *except, char ***ret) {
        _cleanup_(strv_freep) char **all = NULL, **without = NULL, **left = NULL;
        int r = expand_words(names, &all);

        if (r >= 0)
                r = expand_words(except, &without);
        for (char **n = all; r >= 0 && n && *n; n++)
                if (!strv_has(without, *n))
                        r = strv_extend(&left, *n);
        if (r >= 0)
                *ret = TAKE_PTR(left);
        return r;
}
