/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policies/policy.h"

/* DevicePolicy= and DeviceAllow=: which device nodes a group may open and make. v1 writes lines to
 * devices.deny and devices.allow; v2 runs an eBPF program of type CGROUP_DEVICE on each access. */

#define DEVICE_ANY UINT32_MAX

typedef struct DeviceRule {
        char type; /* 'b' or 'c' */
        uint32_t major, minor; /* DEVICE_ANY: all */
        bool read, write, mknod;
} DeviceRule;

#define DEVICE_RULES_MAX 64

/* The rules of a policy, with the standard nodes for `closed` (and for `auto` with a list). A node
 * that doesn't exist is left out, as systemd does. Returns their number; 0 with *ret_restrict
 * false: no restriction. -E2BIG: more than DEVICE_RULES_MAX; -EINVAL: neither a device node nor a
 * known class ("char-pts"). */
int device_rules(const Resources *r, DeviceRule rules[static DEVICE_RULES_MAX], bool *ret_restrict);

/* Is its node where others than root decide what is there? device_rules() leaves such a one out. */
bool device_is_not_roots(const DeviceAllow *allow);

/* Attaches a program that allows just `rules` to the v2 group open at `group_fd`, replacing what was
 * attached by confine before. See bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE. */
int device_program_attach(int group_fd, const DeviceRule *rules, size_t n_rules);
