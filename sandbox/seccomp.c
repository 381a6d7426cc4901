/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All arguments that are an int are compared in their lower half only: the kernel looks at no more. What can't be
 * looked into, because it lies behind a pointer (clone3(2), openat2(2), sched_setattr(2)), does not exist (ENOSYS;
 * libraries fall back) or is refused. io_uring(7) does what the system calls do without asking their filter, so it
 * goes where that would be a way round. Programs of the machine's other architectures meet the same. */

#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/syscall-groups.h"

#define INT_MASK UINT64_C(0xffffffff)
#define SYSCALLS_MAX 1024 /* x32 has some of its own from 512 on */
#define X32_BIT 0x40000000U

DEFINE_CLEANUP(scmp_filter_ctx, seccomp_release);

typedef struct Build {
        const Policy *policy;
        int fd;
} Build;

/* The first is what this program runs as; 0: no more. */
static const uint32_t architectures[] = {
#if defined(__x86_64__)
        SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32,
#elif defined(__aarch64__)
        SCMP_ARCH_AARCH64, SCMP_ARCH_ARM,
#endif
        0,
};

static int context_new(const uint32_t *archs, scmp_filter_ctx *ret) {
        _cleanup_(seccomp_releasep) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
        int r;

        if (!ctx)
                return -ENOMEM;
        r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
        if (r >= 0)
                r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
        if (r >= 0 && *archs && *archs != seccomp_arch_native())
                r = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
        for (; r >= 0 && *archs; archs++) {
                r = seccomp_arch_add(ctx, *archs);
                if (r == -EEXIST)
                        r = 0;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(ctx);
        return 0;
}

static int append_program(Build *b, const struct sock_filter *program, size_t n) {
        uint32_t length = (uint32_t) n;
        int r;

        if (n > BPF_MAXINSNS)
                return -E2BIG;
        r = fd_write_all(b->fd, &length, sizeof(length));
        return r < 0 ? r : fd_write_all(b->fd, program, n * sizeof(*program));
}

static int append_context(Build *b, scmp_filter_ctx ctx) {
        _cleanup_(close_fdp) int fd = memfd_create("confine-program", MFD_CLOEXEC);
        struct sock_filter *program;
        struct stat st;
        int r;

        if (fd < 0)
                return -errno;
        r = seccomp_export_bpf(ctx, fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        program = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (program == MAP_FAILED)
                return -errno;
        r = append_program(b, program, (size_t) st.st_size / sizeof(*program));
        (void) munmap(program, (size_t) st.st_size);
        return r;
}

/* --- what single keys refuse ------------------------------------------------------------- */

/* One that an architecture doesn't have needs no rule there. */
static int refuse_if_all(scmp_filter_ctx ctx, const char *name, int error, unsigned n_args,
                         const struct scmp_arg_cmp *args) {
        int number = seccomp_syscall_resolve_name(name);

        return number == __NR_SCMP_ERROR ? 0 :
                seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((uint32_t) error), number, n_args, args);
}

static int refuse_if(scmp_filter_ctx ctx, const char *name, int error, struct scmp_arg_cmp arg) {
        return refuse_if_all(ctx, name, error, 1, &arg);
}

static int refuse(scmp_filter_ctx ctx, const char *name, int error) {
        return refuse_if_all(ctx, name, error, 0, NULL);
}

static struct scmp_arg_cmp is_value(unsigned arg, uint64_t mask, uint64_t value) {
        return (struct scmp_arg_cmp) { .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value };
}

static int refuse_group(scmp_filter_ctx ctx, const char *group, int error) {
        _cleanup_(strv_freep) char **names = NULL;
        int r = syscall_expand(group, &names);

        for (char **n = names; r >= 0 && n && *n; n++)
                r = refuse(ctx, *n, error);
        return r;
}

static int restrict_terminals(scmp_filter_ctx ctx) {
        int r = refuse_if(ctx, "ioctl", EPERM, is_value(1, INT_MASK, TIOCSTI));

        return r < 0 ? r : refuse_if(ctx, "ioctl", EPERM, is_value(1, INT_MASK, TIOCLINUX));
}

static int restrict_namespaces(scmp_filter_ctx ctx, unsigned forbidden) {
        int r = 0;

        if (forbidden == 0)
                return 0;
        for (unsigned bit = 1; bit && r >= 0; bit <<= 1) {
                if (!(forbidden & bit))
                        continue;
                r = refuse_if(ctx, "unshare", EPERM, is_value(0, bit, bit));
                if (r >= 0 && bit != CLONE_NEWTIME) /* of clone(2) that is a signal's number */
                        r = refuse_if(ctx, "clone", EPERM, is_value(0, bit, bit));
                if (r >= 0)
                        r = refuse_if(ctx, "setns", EPERM, is_value(1, bit, bit));
        }
        if (r >= 0) /* whatever the fd is of */
                r = refuse_if(ctx, "setns", EPERM, is_value(1, INT_MASK, 0));
        return r < 0 ? r : refuse(ctx, "clone3", ENOSYS);
}

/* Numbers above all families are refused, too, and with them the upper half of the register. */
static int restrict_families(scmp_filter_ctx ctx, const NameFilter *f) {
        bool listed[AF_MAX] = {};
        int r = 0;

        if (!f->set)
                return 0;
        for (char **n = f->names; n && *n; n++) {
                int family = policy_family_from_name(*n);

                if (family >= 0 && family < AF_MAX)
                        listed[family] = !strv_has(f->except, *n);
        }
        for (unsigned i = 0; i < AF_MAX && r >= 0; i++)
                if (listed[i] != f->allow)
                        r = refuse_if(ctx, "socket", EAFNOSUPPORT, is_value(0, INT_MASK, i));
        if (r >= 0 && f->allow)
                r = refuse_if(ctx, "socket", EAFNOSUPPORT,
                              (struct scmp_arg_cmp) { .arg = 0, .op = SCMP_CMP_GE, .datum_a = AF_MAX });
        if (r >= 0)
                r = refuse(ctx, "io_uring_setup", EPERM);
        return r < 0 ? r : refuse(ctx, "socketcall", EAFNOSUPPORT); /* of x86, with its arguments in memory */
}

static int restrict_realtime(scmp_filter_ctx ctx) {
        static const unsigned policies[] = { SCHED_FIFO, SCHED_RR, SCHED_DEADLINE };
        int r = refuse(ctx, "sched_setattr", EPERM);

        for (size_t i = 0; i < ELEMENTSOF(policies) && r >= 0; i++)
                r = refuse_if(ctx, "sched_setscheduler", EPERM,
                              is_value(1, INT_MASK & ~(uint64_t) SCHED_RESET_ON_FORK, policies[i]));
        return r;
}

/* With 0 in place of `make_flags` the call has none: it always makes a file, or changes its mode. */
static int restrict_mode(scmp_filter_ctx ctx, const char *name, unsigned mode, unsigned make_flags) {
        static const unsigned bits[] = { S_ISUID, S_ISGID }, flags[] = { O_CREAT, O_TMPFILE & ~O_DIRECTORY };
        size_t n_flags = make_flags > 0 ? ELEMENTSOF(flags) : 1;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(bits) * n_flags && r >= 0; i++) {
                unsigned bit = bits[i / n_flags], flag = flags[i % n_flags];
                const struct scmp_arg_cmp both[] = { is_value(mode, bit, bit), is_value(make_flags, flag, flag) };

                r = refuse_if_all(ctx, name, EPERM, make_flags > 0 ? 2 : 1, both);
        }
        return r;
}

static int restrict_suid_sgid(scmp_filter_ctx ctx) {
        static const struct {
                const char *name;
                unsigned mode, flags; /* which argument */
        } calls[] = {
                { "chmod", 1, 0 }, { "fchmod", 1, 0 },  { "fchmodat", 2, 0 }, { "mkdir", 1, 0 }, { "mkdirat", 2, 0 },
                { "mknod", 1, 0 }, { "mknodat", 2, 0 }, { "creat", 1, 0 },    { "open", 2, 1 },  { "openat", 3, 2 },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(calls) && r >= 0; i++)
                r = restrict_mode(ctx, calls[i].name, calls[i].mode, calls[i].flags);
        if (r >= 0)
                r = refuse(ctx, "io_uring_setup", EPERM);
        return r < 0 ? r : refuse(ctx, "openat2", ENOSYS);
}

/* Allowed are PER_LINUX, 0, and the question for it, 0xffffffff: every other number has a bit that is set, with the
 * next one, or after the last the first one, not set. */
static int lock_personality(scmp_filter_ctx ctx) {
        int r = 0;

        for (unsigned i = 0; i < 32 && r >= 0; i++) {
                uint64_t bit = UINT64_C(1) << i, next = UINT64_C(1) << (i + 1) % 32;

                r = refuse_if(ctx, "personality", EPERM, is_value(0, bit | next, bit));
        }
        return r;
}

static int append_restrictions(Build *b) {
        const PolicyFilesystem *f = &b->policy->filesystem;
        const PolicyProcess *p = &b->policy->process;
        _cleanup_(seccomp_releasep) scmp_filter_ctx ctx = NULL;
        int r;

        r = context_new(architectures, &ctx);
        if (r >= 0)
                r = restrict_terminals(ctx);
        if (r >= 0)
                r = restrict_namespaces(ctx, p->forbidden_namespaces);
        if (r >= 0)
                r = restrict_families(ctx, &p->families);
        if (r >= 0 && p->restrict_realtime)
                r = restrict_realtime(ctx);
        if (r >= 0 && p->restrict_suid_sgid)
                r = restrict_suid_sgid(ctx);
        if (r >= 0 && p->lock_personality)
                r = lock_personality(ctx);
        if (r >= 0 && f->protect_kernel_modules)
                r = refuse_group(ctx, "@module", EPERM);
        if (r >= 0 && f->protect_kernel_logs)
                r = refuse(ctx, "syslog", EPERM);
        if (r >= 0 && f->private_devices)
                r = refuse_group(ctx, "@raw-io", EPERM);
        return r < 0 ? r : append_context(b, ctx);
}

/* Adds what is the same everywhere, and ends. */
static int append_write_xor_execute(Build *b, scmp_filter_ctx ctx) {
        int r = refuse_if(ctx, "mmap2", EPERM, is_value(2, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE));

        if (r >= 0)
                r = refuse_if(ctx, "mprotect", EPERM, is_value(2, PROT_EXEC, PROT_EXEC));
        if (r >= 0)
                r = refuse_if(ctx, "pkey_mprotect", EPERM, is_value(2, PROT_EXEC, PROT_EXEC));
        if (r >= 0)
                r = refuse_if(ctx, "shmat", EPERM, is_value(2, SHM_EXEC, SHM_EXEC));
        return r < 0 ? r : append_context(b, ctx);
}

/* Of x86, mmap(2) and shmat(2) take their arguments in memory; libraries have others. */
static int append_write_xor_execute_x86(Build *b) {
        static const uint32_t x86[] = { SCMP_ARCH_X86, 0 };
        _cleanup_(seccomp_releasep) scmp_filter_ctx ctx = NULL;
        int r = context_new(x86, &ctx);

        if (r >= 0)
                r = refuse(ctx, "mmap", EPERM);
        if (r >= 0)
                r = refuse(ctx, "ipc", EPERM);
        return r < 0 ? r : append_write_xor_execute(b, ctx);
}

static int append_deny_write_execute(Build *b) {
        _cleanup_(seccomp_releasep) scmp_filter_ctx ctx = NULL;
        uint32_t others[ELEMENTSOF(architectures)] = {};
        bool has_x86 = false;
        size_t n = 0;
        int r;

        for (const uint32_t *a = architectures; *a; a++)
                if (*a == SCMP_ARCH_X86)
                        has_x86 = true;
                else
                        others[n++] = *a;
        r = context_new(others, &ctx);
        if (r >= 0)
                r = refuse_if(ctx, "mmap", EPERM, is_value(2, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE));
        if (r >= 0)
                r = append_write_xor_execute(b, ctx);
        return r >= 0 && has_x86 ? append_write_xor_execute_x86(b) : r;
}

/* --- SystemCallArchitectures= ------------------------------------------------------------ */

/* By hand: libseccomp asks the kernel first whether it can end processes, which the manager may not ask. */
static int append_architectures(Build *b) {
        static const struct {
                const char *name;
                uint32_t token;
        } names[] = {
                { "x86-64", SCMP_ARCH_X86_64 }, { "x86", SCMP_ARCH_X86 },         { "x32", SCMP_ARCH_X32 },
                { "arm64", SCMP_ARCH_AARCH64 }, { "arm", SCMP_ARCH_ARM },         { "ppc64-le", SCMP_ARCH_PPC64LE },
                { "ppc64", SCMP_ARCH_PPC64 },   { "ppc", SCMP_ARCH_PPC },         { "s390x", SCMP_ARCH_S390X },
                { "s390", SCMP_ARCH_S390 },     { "riscv64", SCMP_ARCH_RISCV64 }, { "mips64-le", SCMP_ARCH_MIPSEL64 },
                { "mips-le", SCMP_ARCH_MIPSEL },
        };
        char *const *wanted = b->policy->process.architectures;
        const uint32_t native = seccomp_arch_native();
        bool x32 = strv_has(wanted, "x32"), x86_64 = strv_has(wanted, "x86-64") || strv_has(wanted, "native");
        struct sock_filter program[2 * ELEMENTSOF(names) + 12];
        size_t n = 0;

        program[n++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (names[i].token == SCMP_ARCH_X32 || names[i].token == SCMP_ARCH_X86_64 ||
                    !(strv_has(wanted, names[i].name) || (names[i].token == native && strv_has(wanted, "native"))))
                        continue;
                program[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, names[i].token, 0, 1);
                program[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        }
        /* x32 is x86-64 with other numbers */
        program[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SCMP_ARCH_X86_64, 0, 4);
        program[n++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        program[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, x32 ? 0 : 1, x86_64 ? 0 : 1);
        program[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        program[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        program[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        return append_program(b, program, n);
}

/* --- SystemCallFilter= ------------------------------------------------------------------- */

/* What the library does not know by name: a program by hand, the same for all architectures. */
static int append_new_number(Build *b, const char *name, int error) {
        const struct sock_filter program[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32_BIT),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) syscall_new_number(name), 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t) error),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };

        return append_program(b, program, ELEMENTSOF(program));
}

/* What happens to each number of an architecture. */
typedef struct Verdicts {
        uint32_t of[SYSCALLS_MAX];
} Verdicts;

static uint32_t refusal(int error) {
        return error ? SECCOMP_RET_ERRNO | (uint32_t) error : SECCOMP_RET_KILL_PROCESS;
}

static int number_of(uint32_t arch, const char *name) {
        int number = seccomp_syscall_resolve_name_arch(arch, name);

        if (number < 0)
                number = syscall_new_number(name);
        number &= ~(int) X32_BIT; /* negative ones, which this architecture doesn't have, stay so */
        return number < SYSCALLS_MAX ? number : -1;
}

static void mark(Verdicts *v, uint32_t arch, const char *name, uint32_t verdict) {
        int number = number_of(arch, name);

        if (number >= 0)
                v->of[number] = verdict;
}

static void mark_all(Verdicts *v, uint32_t arch, char *const *names, uint32_t verdict) {
        for (; names && *names; names++)
                mark(v, arch, *names, verdict);
}

static int mark_deny_list(const PolicyProcess *p, uint32_t arch, Verdicts *v) {
        int r = 0;

        for (size_t i = 0; i < SYSCALLS_MAX; i++)
                v->of[i] = SECCOMP_RET_ALLOW;
        for (char **w = p->syscalls.names; r >= 0 && w && *w; w++) {
                _cleanup_(strv_freep) char **names = NULL;
                const char *suffix = strchr(*w, ':');
                int error = p->syscall_errno;

                r = suffix ? parse_errno(suffix + 1, &error) : 0;
                if (r >= 0)
                        r = syscall_expand_all((char *[]) { *w, NULL }, p->syscalls.except, &names);
                if (r >= 0)
                        mark_all(v, arch, names, refusal(error));
        }
        mark(v, arch, "io_uring_setup", refusal(EPERM)); /* which does what the list refuses */
        return r;
}

/* Calls that nobody here has a name for don't exist, so that programs fall back to older ones. */
static int mark_allow_list(const PolicyProcess *p, uint32_t arch, Verdicts *v) {
        _cleanup_(strv_freep) char **allowed = NULL;
        int r;

        for (unsigned i = 0; i < SYSCALLS_MAX; i++) {
                char *name = seccomp_syscall_resolve_num_arch(arch, (int) (i | (arch == SCMP_ARCH_X32 ? X32_BIT : 0)));

                v->of[i] = name ? refusal(p->syscall_errno) : SECCOMP_RET_ERRNO | ENOSYS;
                free(name);
        }
        r = syscall_expand_all(p->syscalls.names, p->syscalls.except, &allowed);
        if (r >= 0)
                r = syscall_expand("@default", &allowed);
        if (r >= 0)
                mark_all(v, arch, allowed, SECCOMP_RET_ALLOW);
        return r;
}

/* With the number loaded: from the lowest up, a comparison and an end for all that follow each other and have the
 * same verdict. */
static size_t emit_verdicts(struct sock_filter *program, size_t n, uint32_t base, const Verdicts *v) {
        for (uint32_t i = 0; i < SYSCALLS_MAX; i++) {
                if (i + 1 < SYSCALLS_MAX && v->of[i + 1] == v->of[i])
                        continue;
                if (i + 1 < SYSCALLS_MAX)
                        program[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, base + i, 1, 0);
                program[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, v->of[i]);
        }
        return n;
}

/* libseccomp copies all its rules for each new one, which for some hundred of them takes as long as ten logins: for
 * names without arguments it says their numbers, and no more. */
static int append_syscalls(Build *b) {
        const PolicyProcess *p = &b->policy->process;
        static struct sock_filter program[ELEMENTSOF(architectures) * (2 * SYSCALLS_MAX + 8)];
        static Verdicts v;
        size_t n = 0;

        for (const uint32_t *a = architectures; *a; a++) {
                bool is_x32 = *a == SCMP_ARCH_X32;
                size_t skip;
                int r = p->syscalls.allow ? mark_allow_list(p, *a, &v) : mark_deny_list(p, *a, &v);

                if (r < 0)
                        return r;
                /* x32 is x86-64 with other numbers */
                program[n++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
                program[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                             is_x32 ? (uint32_t) SCMP_ARCH_X86_64 : *a, 0, 2);
                program[n++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
                program[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, is_x32 ? 1 : 0, is_x32 ? 0 : 1);
                skip = n++;
                n = emit_verdicts(program, n, is_x32 ? X32_BIT : 0, &v);
                program[skip] = (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA | BPF_K, (uint32_t) (n - skip - 1));
        }
        program[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        return append_program(b, program, n);
}

int seccomp_build(const Policy *p) {
        _cleanup_(close_fdp) int fd = memfd_create("confine-filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        Build b = { .policy = p, .fd = fd };
        int r;

        if (fd < 0)
                return -errno;
        r = append_restrictions(&b);
        if (r >= 0 && p->process.memory_deny_write_execute)
                r = append_deny_write_execute(&b);
        if (r >= 0 && p->process.restrict_suid_sgid)
                r = append_new_number(&b, "fchmodat2", ENOSYS);
        if (r >= 0 && p->process.architectures)
                r = append_architectures(&b);
        if (r >= 0 && p->process.syscalls.set) /* last: it may refuse what installs the others */
                r = append_syscalls(&b);
        if (r < 0)
                return r;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        return TAKE_FD(fd);
}

bool seccomp_is_supported(void) {
        uint32_t action = SECCOMP_RET_ERRNO;

        /* what the manager may not ask, others may do */
        return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) >= 0 || errno == EPERM;
}
