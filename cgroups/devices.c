/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program is a straight line: load the three fields of the access, then for each rule compare
 * and, if all of it fits, return 1; at the end return 0. At most 12 instructions a rule. */

#include "cgroups/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/path.h"

static const DeviceRule standard_rules[] = {
        { 'c', 1, 3, true, true, true },   /* null */
        { 'c', 1, 5, true, true, true },   /* zero */
        { 'c', 1, 7, true, true, true },   /* full */
        { 'c', 1, 8, true, true, true },   /* random */
        { 'c', 1, 9, true, true, true },   /* urandom */
        { 'c', 5, 0, true, true, true },   /* tty */
        { 'c', 5, 2, true, true, true },   /* ptmx */
        { 'c', 136, DEVICE_ANY, true, true, true }, /* pts, eight majors: devices.txt */
        { 'c', 137, DEVICE_ANY, true, true, true },
        { 'c', 138, DEVICE_ANY, true, true, true },
        { 'c', 139, DEVICE_ANY, true, true, true },
        { 'c', 140, DEVICE_ANY, true, true, true },
        { 'c', 141, DEVICE_ANY, true, true, true },
        { 'c', 142, DEVICE_ANY, true, true, true },
        { 'c', 143, DEVICE_ANY, true, true, true },
};

/* "char-pts" and "block-loop" are names of /proc/devices; several majors may bear one. */
static int class_rules(const DeviceAllow *allow, DeviceRule *rules, size_t space) {
        char type = strncmp(allow->node, "char-", 5) == 0 ? 'c' : 'b';
        const char *wanted = strchr(allow->node, '-') + 1;
        _cleanup_(fclosep) FILE *f = fopen("/proc/devices", "re");
        char line[256], section = 0;
        size_t n = 0;

        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f)) {
                unsigned number;
                char name[200];

                if (strncmp(line, "Character", 9) == 0)
                        section = 'c';
                else if (strncmp(line, "Block", 5) == 0)
                        section = 'b';
                else if (section == type && sscanf(line, "%u %199s", &number, name) == 2 &&
                         (strcmp(wanted, "*") == 0 || strcmp(name, wanted) == 0)) {
                        if (n == space)
                                return -E2BIG;
                        rules[n++] = (DeviceRule) { type, number, DEVICE_ANY, allow->read, allow->write,
                                                    allow->mknod };
                }
        }
        return (int) n;
}

static bool is_class(const DeviceAllow *allow) {
        return strncmp(allow->node, "char-", 5) == 0 || strncmp(allow->node, "block-", 6) == 0;
}

static int open_node(const DeviceAllow *allow, int *ret_fd) {
        _cleanup_(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return root_fd < 0 ? -errno : path_open_roots(root_fd, allow->node, ret_fd);
}

bool device_is_not_roots(const DeviceAllow *allow) {
        _cleanup_(close_fdp) int fd = -EBADF;

        return !is_class(allow) && open_node(allow, &fd) == -EPERM;
}

static int node_rules(const DeviceAllow *allow, DeviceRule *rules, size_t space) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct stat st;

        if (is_class(allow))
                return class_rules(allow, rules, space);
        if (open_node(allow, &fd) < 0 || fstat(fd, &st) < 0)
                return 0;
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
                return -EINVAL;
        if (space == 0)
                return -E2BIG;
        rules[0] = (DeviceRule) { S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev),
                                  allow->read, allow->write, allow->mknod };
        return 1;
}

int device_rules(const Resources *r, DeviceRule rules[static DEVICE_RULES_MAX], bool *ret_restrict) {
        size_t n = 0;

        *ret_restrict = r->device_policy != DEVICE_POLICY_AUTO || r->n_device_allow > 0;
        if (!*ret_restrict)
                return 0;
        if (r->device_policy != DEVICE_POLICY_STRICT) {
                memcpy(rules, standard_rules, sizeof(standard_rules));
                n = ELEMENTSOF(standard_rules);
        }
        for (size_t i = 0; i < r->n_device_allow; i++) {
                int k = node_rules(&r->device_allow[i], rules + n, DEVICE_RULES_MAX - n);

                if (k < 0)
                        return k;
                n += (size_t) k;
        }
        return (int) n;
}

#define PROGRAM_MAX (DEVICE_RULES_MAX * 12 + 8)

typedef struct Program {
        struct bpf_insn instructions[PROGRAM_MAX];
        size_t n;
} Program;

static void emit(Program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t offset, int32_t immediate) {
        p->instructions[p->n++] = (struct bpf_insn) {
                .code = code, .dst_reg = dst, .src_reg = src, .off = offset, .imm = immediate
        };
}

/* Registers: r2 type, r3 access, r4 major, r5 minor of struct bpf_cgroup_dev_ctx. */
static void emit_prologue(Program *p) {
        const uint8_t load = BPF_LDX | BPF_MEM | BPF_W;

        emit(p, load, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
        emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
        emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
        emit(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
        emit(p, load, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
        emit(p, load, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

static void emit_rule(Program *p, const DeviceRule *rule) {
        int denied = (rule->read ? 0 : BPF_DEVCG_ACC_READ) | (rule->write ? 0 : BPF_DEVCG_ACC_WRITE) |
                (rule->mknod ? 0 : BPF_DEVCG_ACC_MKNOD);
        size_t jumps[4], n_jumps = 0;

        jumps[n_jumps++] = p->n;
        emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0,
             rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
        if (rule->major != DEVICE_ANY) {
                jumps[n_jumps++] = p->n;
                emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (int32_t) rule->major);
        }
        if (rule->minor != DEVICE_ANY) {
                jumps[n_jumps++] = p->n;
                emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (int32_t) rule->minor);
        }
        if (denied) {
                emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
                emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, denied);
                jumps[n_jumps++] = p->n;
                emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_1, 0, 0, 0);
        }
        emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
        emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        for (size_t i = 0; i < n_jumps; i++)
                p->instructions[jumps[i]].off = (int16_t) (p->n - jumps[i] - 1);
}

static int bpf(int command, union bpf_attr *attr) {
        int r = (int) syscall(SYS_bpf, command, attr, sizeof(*attr));

        return r < 0 ? -errno : r;
}

static int load_program(const Program *p) {
        union bpf_attr attr = {
                .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                .insns = (uint64_t) (uintptr_t) p->instructions,
                .insn_cnt = (uint32_t) p->n,
                .license = (uint64_t) (uintptr_t) "GPL", /* what the kernel asks of a program's author */
        };

        (void) strcpy(attr.prog_name, "confine_dev");
        return bpf(BPF_PROG_LOAD, &attr); /* needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN */
}

/* Detaches what stood there before; the new program is in force already, so there is no gap. All
 * attached programs must allow an access. */
static void detach_all_but(int group_fd, uint32_t keep_id) {
        uint32_t ids[64] = {};
        union bpf_attr query = { .query = {
                .target_fd = (uint32_t) group_fd,
                .attach_type = BPF_CGROUP_DEVICE,
                .prog_ids = (uint64_t) (uintptr_t) ids,
                .prog_cnt = ELEMENTSOF(ids),
        } };

        if (bpf(BPF_PROG_QUERY, &query) < 0)
                return;
        for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
                union bpf_attr by_id = { .prog_id = ids[i] }, detach = {};
                _cleanup_(close_fdp) int fd = -EBADF;

                if (ids[i] == keep_id)
                        continue;
                fd = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
                if (fd < 0)
                        continue;
                detach.target_fd = (uint32_t) group_fd;
                detach.attach_bpf_fd = (uint32_t) fd;
                detach.attach_type = BPF_CGROUP_DEVICE;
                (void) bpf(BPF_PROG_DETACH, &detach);
        }
}

int device_program_attach(int group_fd, const DeviceRule *rules, size_t n_rules) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct bpf_prog_info info = {};
        Program p = { .n = 0 };
        union bpf_attr attach = {}, query = {};
        int r;

        if (n_rules > DEVICE_RULES_MAX)
                return -E2BIG;
        emit_prologue(&p);
        for (size_t i = 0; i < n_rules; i++)
                emit_rule(&p, &rules[i]);
        emit(&p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
        emit(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

        fd = load_program(&p);
        if (fd < 0)
                return fd;
        attach.target_fd = (uint32_t) group_fd;
        attach.attach_bpf_fd = (uint32_t) fd;
        attach.attach_type = BPF_CGROUP_DEVICE;
        attach.attach_flags = BPF_F_ALLOW_MULTI;
        r = bpf(BPF_PROG_ATTACH, &attach);
        if (r < 0)
                return r;

        query.info.bpf_fd = (uint32_t) fd;
        query.info.info_len = sizeof(info);
        query.info.info = (uint64_t) (uintptr_t) &info;
        r = bpf(BPF_OBJ_GET_INFO_BY_FD, &query);
        if (r < 0)
                return r;
        detach_all_but(group_fd, info.id);
        return 0;
}
