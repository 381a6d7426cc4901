/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writing what cgroups/knobs.h has translated. Two controllers of v1 want more than their file written: a cpuset must not
 * have a CPU that its parent hasn't, and devices are a list that is taken back and given anew. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "cgroups/devices.h"
#include "cgroups/group.h"
#include "policies/policy-keys.h"

#define CPU_BITS 8192

static void scan_list(const char *list, bool bits[static CPU_BITS]) {
        memset(bits, 0, CPU_BITS * sizeof(bool));
        while (*list) {
                unsigned first, last;
                int n = 0;

                if (sscanf(list, "%u%n", &first, &n) != 1)
                        break;
                list += n;
                last = first;
                if (*list == '-' && sscanf(list, "-%u%n", &last, &n) == 1)
                        list += n;
                for (unsigned i = first; i <= last && i < CPU_BITS; i++)
                        bits[i] = true;
                list += strspn(list, ",\n ");
        }
}

/* v1 refuses a CPU that the parent hasn't: cut to what there is, as v2 does by itself. An empty value
 * is the parent's whole set. */
static int write_cpuset_v1(const Hierarchy *h, const char *path, int dir_fd, const Knob *knob) {
        _cleanup_(close_fdp) int parent_fd = -EBADF;
        _cleanup_(freep) char *parent = NULL;
        bool have[CPU_BITS], want[CPU_BITS];
        char parent_path[GROUP_PATH_MAX], text[4096];
        const char *slash = strrchr(path, '/');
        size_t n = 0;
        ssize_t size;

        (void) snprintf(parent_path, sizeof(parent_path), "%.*s", slash ? (int) (slash - path) : 1,
                        slash ? path : ".");
        parent_fd = group_open(h, parent_path);
        if (parent_fd < 0)
                return parent_fd;
        size = fd_read_file_at(parent_fd, knob->file, 16384, &parent);
        if (size < 0)
                return (int) size;
        if (!*knob->value)
                return fd_write_file_at(dir_fd, knob->file, parent);

        scan_list(parent, have);
        scan_list(knob->value, want);
        for (unsigned i = 0; i < CPU_BITS && n + 8 < sizeof(text); i++)
                if (have[i] && want[i])
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%u", n ? "," : "", i);
        if (n == 0)
                return -ERANGE;
        return fd_write_file_at(dir_fd, knob->file, text);
}

static int write_knob(const Hierarchies *h, const char *path, const Knob *knob) {
        _cleanup_(close_fdp) int fd = -EBADF;
        const Hierarchy *hierarchy = hierarchies_find(h, knob->controller);

        if (!hierarchy)
                return -EOPNOTSUPP;
        fd = group_open(hierarchy, path);
        if (fd < 0)
                return fd;
        if (knob->controller == CONTROLLER_CPUSET && hierarchy->version == 1)
                return write_cpuset_v1(hierarchy, path, fd, knob);
        return fd_write_file_at(fd, knob->file, knob->value);
}

static int write_device_rule(int dir_fd, const DeviceRule *rule) {
        char major[16] = "*", minor[16] = "*", text[64];

        if (rule->major != DEVICE_ANY)
                (void) snprintf(major, sizeof(major), "%" PRIu32, rule->major);
        if (rule->minor != DEVICE_ANY)
                (void) snprintf(minor, sizeof(minor), "%" PRIu32, rule->minor);
        (void) snprintf(text, sizeof(text), "%c %s:%s %s%s%s", rule->type, major, minor,
                        rule->read ? "r" : "", rule->write ? "w" : "", rule->mknod ? "m" : "");
        return fd_write_file_at(dir_fd, "devices.allow", text);
}

static int apply_devices(const Hierarchies *h, const char *path, const Resources *resources) {
        const Hierarchy *hierarchy = hierarchies_find(h, CONTROLLER_DEVICES);
        _cleanup_(close_fdp) int fd = -EBADF;
        DeviceRule rules[DEVICE_RULES_MAX];
        bool restricted;
        int n, r;

        n = device_rules(resources, rules, &restricted);
        if (n < 0)
                return n;
        if (!hierarchy)
                return restricted ? -EOPNOTSUPP : 0;
        if (!restricted) /* lifted again: everything, as a new group has it */
                n = 2, rules[0] = (DeviceRule) { 'b', DEVICE_ANY, DEVICE_ANY, true, true, true },
                rules[1] = (DeviceRule) { 'c', DEVICE_ANY, DEVICE_ANY, true, true, true };
        fd = group_open(hierarchy, path);
        if (fd < 0)
                return fd;
        if (hierarchy->version == 2)
                return device_program_attach(fd, rules, (size_t) n);

        r = fd_write_file_at(fd, "devices.deny", "a");
        for (int i = 0; i < n && r >= 0; i++)
                r = write_device_rule(fd, &rules[i]);
        return r;
}

int group_apply(const Hierarchies *h, const char *path, const Knobs *knobs, const Knob **ret_failed) {
        for (size_t i = 0; i < knobs->n_items; i++) {
                int r = write_knob(h, path, &knobs->items[i]);

                if (r < 0) {
                        if (ret_failed)
                                *ret_failed = &knobs->items[i];
                        return r;
                }
        }
        if (knobs->devices) {
                static Knob devices = { .controller = CONTROLLER_DEVICES, .file = "devices" };
                int r = apply_devices(h, path, knobs->devices);

                devices.key = policy_resource_name(offsetof(Resources, device_policy));
                if (r < 0) {
                        if (ret_failed)
                                *ret_failed = &devices;
                        return r;
                }
        }
        return 0;
}
