/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One table for each cgroup version: a row turns one field of Resources into the text of one file.
 * Rows stand in the order in which the kernel wants the writes. What has no row in a version can't
 * be enforced there, and `reason` says why. I/O limits and devices are lists and stand apart. */

#include "cgroups/knobs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/memstream.h"
#include "base/path.h"
#include "cgroups/devices.h"
#include "policies/policy-keys.h"

typedef struct KnobRow KnobRow;

struct KnobRow {
        Controller controller;
        const char *file, *file_alternative; /* the first that the kernel has */
        size_t offset;
        /* Formats a limit; `value` may be LIMIT_NONE when a limit is lifted. */
        char *(*format)(const KnobRow *row, const Resources *r, uint64_t value);
        const char *reason; /* no row in this version: why */
        bool optional; /* where the kernel lacks the file nothing is missed */
};

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text(const char *format, ...) {
        char *s = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&s, format, ap) < 0)
                s = NULL;
        va_end(ap);
        return s;
}

static char *format_max(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) row, (void) r;
        return value == LIMIT_NONE ? text("max") : text("%" PRIu64, value);
}

static char *format_minus_one(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) row, (void) r;
        return value == LIMIT_NONE ? text("-1") : text("%" PRIu64, value);
}

static char *format_weight(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) row, (void) r;
        return text("%" PRIu64, value == LIMIT_NONE ? 100 : value);
}

static char *format_io_weight(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) row, (void) r;
        return text("default %" PRIu64, value == LIMIT_NONE ? 100 : value);
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
        return value < low ? low : value > high ? high : value;
}

/* The share of systemd's weights in v1's units: 100 is 1024 shares. */
static char *format_shares(const KnobRow *row, const Resources *r, uint64_t value) {
        uint64_t shares = (value == LIMIT_NONE ? 100 : value) * 1024 / 100;

        (void) row, (void) r;
        return text("%" PRIu64, clamp(shares, 2, 262144));
}

/* bfq takes 1 to 1000 with 100 in the middle, the old cfq 10 to 1000 with 500. */
static char *format_blkio_weight(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) r;
        if (value == LIMIT_NONE)
                value = 100;
        if (strcmp(row->file, "blkio.bfq.weight") == 0)
                return text("%" PRIu64, value <= 100 ? value : 100 + (value - 100) * 900 / 9900);
        return text("%" PRIu64, clamp(value * 5, 10, 1000));
}

static uint64_t quota_usec(const Resources *r, uint64_t permille) {
        unsigned __int128 usec = (unsigned __int128) permille * r->cpu_quota_period_usec / 1000;

        return MAX((uint64_t) usec, UINT64_C(1000)); /* the kernel's minimum: 1 ms */
}

static char *format_cpu_max(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) row;
        if (value == LIMIT_NONE)
                return text("max %" PRIu64, r->cpu_quota_period_usec);
        return text("%" PRIu64 " %" PRIu64, quota_usec(r, value), r->cpu_quota_period_usec);
}

static char *format_cfs_quota(const KnobRow *row, const Resources *r, uint64_t value) {
        (void) row;
        return value == LIMIT_NONE ? text("-1") : text("%" PRIu64, quota_usec(r, value));
}

#define FIELD(x) offsetof(Resources, x)

static const KnobRow rows_v2[] = {
        { CONTROLLER_CPU, "cpu.max", NULL, FIELD(cpu_quota_permille), format_cpu_max },
        { CONTROLLER_CPU, "cpu.weight", NULL, FIELD(cpu_weight), format_weight },
        { CONTROLLER_MEMORY, "memory.min", NULL, FIELD(memory_min_bytes), format_max },
        { CONTROLLER_MEMORY, "memory.low", NULL, FIELD(memory_low_bytes), format_max },
        { CONTROLLER_MEMORY, "memory.high", NULL, FIELD(memory_high_bytes), format_max },
        { CONTROLLER_MEMORY, "memory.max", NULL, FIELD(memory_max_bytes), format_max },
        { CONTROLLER_MEMORY, "memory.swap.max", NULL, FIELD(memory_swap_max_bytes), format_max },
        { CONTROLLER_PIDS, "pids.max", NULL, FIELD(tasks_max), format_max },
        { CONTROLLER_IO, "io.weight", "io.bfq.weight", FIELD(io_weight), format_io_weight },
};

/* MemorySwapMax= has no row: memory.memsw.limit_in_bytes is the sum with MemoryMax=. */
static const KnobRow rows_v1[] = {
        { CONTROLLER_CPU, "cpu.cfs_quota_us", NULL, FIELD(cpu_quota_permille), format_cfs_quota },
        { CONTROLLER_CPU, "cpu.shares", NULL, FIELD(cpu_weight), format_shares },
        { CONTROLLER_MEMORY, NULL, NULL, FIELD(memory_min_bytes), NULL,
          "cgroup v1 has no memory protection; only v2's memory.min does this" },
        { CONTROLLER_MEMORY, NULL, NULL, FIELD(memory_low_bytes), NULL,
          "cgroup v1 has no memory protection; only v2's memory.low does this" },
        { CONTROLLER_MEMORY, NULL, NULL, FIELD(memory_high_bytes), NULL,
          "cgroup v1 has no throttling limit; only v2's memory.high does this, use MemoryMax=" },
        { CONTROLLER_MEMORY, "memory.limit_in_bytes", NULL, FIELD(memory_max_bytes), format_minus_one },
        /* buffers of TCP, which version 1 counts by themselves, and not at all without a limit: memory.rst, 2.7.2 */
        { CONTROLLER_MEMORY, "memory.kmem.tcp.limit_in_bytes", NULL, FIELD(memory_max_bytes),
          format_minus_one, .optional = true },
        { CONTROLLER_PIDS, "pids.max", NULL, FIELD(tasks_max), format_max },
        { CONTROLLER_IO, "blkio.bfq.weight", "blkio.weight", FIELD(io_weight), format_blkio_weight },
};

/* The key that sets the field, for messages. */
#define KEY(x) policy_resource_name(FIELD(x))

static const char *row_key(const KnobRow *row) {
        return policy_resource_name(row->offset);
}

static uint64_t field(const Resources *r, size_t offset) {
        return *(const uint64_t *) ((const char *) r + offset);
}

/* Protections are unset at 0, limits at LIMIT_NONE. */
static bool is_unset(size_t offset, uint64_t value) {
        if (offset == FIELD(memory_min_bytes) || offset == FIELD(memory_low_bytes))
                return value == 0;
        return value == LIMIT_NONE;
}

static unsigned version_of(const Hierarchies *h, Controller c) {
        const Hierarchy *hierarchy = hierarchies_find(h, c);

        return hierarchy ? hierarchy->version : 0;
}

void knobs_done(Knobs *k) {
        for (size_t i = 0; i < k->n_items; i++)
                free(k->items[i].value);
        *k = (Knobs) {};
}

/* Passes -EOPNOTSUPP on unless the caller can do without. */
static int tolerate(const Knobs *k, int r) {
        return r == -EOPNOTSUPP && k->skip_unsupported ? 0 : r;
}

static int add_knob(Knobs *k, Controller c, const char *file, const char *key, char *value) {
        if (!value)
                return -ENOMEM;
        if (k->n_items == KNOBS_MAX) {
                free(value);
                return -E2BIG;
        }
        k->items[k->n_items++] = (Knob) { .controller = c, .file = file, .value = value, .key = key };
        return 0;
}

/* The row's file that this kernel has; NULL: none. */
static const char *row_file(const Hierarchies *h, const KnobRow *row) {
        if (row->file && hierarchies_have_file(h, row->controller, row->file))
                return row->file;
        if (row->file_alternative && hierarchies_have_file(h, row->controller, row->file_alternative))
                return row->file_alternative;
        return NULL;
}

static int translate_quota(const Hierarchies *h, const Resources *old, const Resources *new,
                           uint64_t ceiling, Knobs *k) {
        unsigned version = version_of(h, CONTROLLER_CPU);
        uint64_t quota = new->cpu_quota_permille;
        const KnobRow *row = version == 1 ? &rows_v1[0] : &rows_v2[0];
        int r;

        if (old->cpu_quota_permille == quota && old->cpu_quota_period_usec == new->cpu_quota_period_usec)
                return 0;
        if (old->cpu_quota_permille == LIMIT_NONE && quota == LIMIT_NONE)
                return 0;
        if (!row_file(h, row))
                return -EOPNOTSUPP;
        if (version == 1) {
                if (quota > ceiling && quota != LIMIT_NONE)
                        quota = ceiling;
                if (old->cpu_quota_permille != LIMIT_NONE) { /* no half-way value above the parent's */
                        r = add_knob(k, CONTROLLER_CPU, row->file, row_key(row), text("-1"));
                        if (r < 0)
                                return r;
                }
                r = add_knob(k, CONTROLLER_CPU, "cpu.cfs_period_us", KEY(cpu_quota_period_usec),
                             text("%" PRIu64, new->cpu_quota_period_usec));
                if (r < 0 || quota == LIMIT_NONE)
                        return r;
        }
        return add_knob(k, CONTROLLER_CPU, row->file, row_key(row), row->format(row, new, quota));
}

static int translate_list(const Hierarchies *h, const char *old, const char *new, const char *file,
                          const char *key, Knobs *k) {
        if (old == new || (old && new && strcmp(old, new) == 0))
                return 0;
        if (!hierarchies_find(h, CONTROLLER_CPUSET))
                return -EOPNOTSUPP;
        return add_knob(k, CONTROLLER_CPUSET, file, key, text("%s", new ?: ""));
}

static int translate_memsw(const Hierarchies *h, const Resources *new, Knobs *k) {
        uint64_t sum = LIMIT_NONE;

        if (!hierarchies_have_file(h, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes"))
                return -EOPNOTSUPP;
        if (new->memory_swap_max_bytes != LIMIT_NONE) {
                if (new->memory_max_bytes == LIMIT_NONE)
                        return -EOPNOTSUPP;
                if (__builtin_add_overflow(new->memory_max_bytes, new->memory_swap_max_bytes, &sum))
                        sum = LIMIT_NONE;
        }
        return add_knob(k, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes", KEY(memory_swap_max_bytes),
                        sum == LIMIT_NONE ? text("-1") : text("%" PRIu64, sum));
}

static int translate_row(const Hierarchies *h, const KnobRow *row, const Resources *old,
                         const Resources *new, uint64_t tasks_extra, Knobs *k) {
        uint64_t value = field(new, row->offset);
        const char *file;
        KnobRow chosen;

        if (value == field(old, row->offset))
                return 0;
        file = row->format ? row_file(h, row) : NULL; /* also NULL without the controller */
        if (!file)
                return row->optional ? 0 : -EOPNOTSUPP;
        if (row->offset == FIELD(tasks_max) && value != LIMIT_NONE)
                value += MIN(tasks_extra, LIMIT_NONE - 1 - value);
        chosen = *row;
        chosen.file = file;
        return add_knob(k, row->controller, file, row_key(row), row->format(&chosen, new, value));
}

/* Limits that hold together: raising writes the sum first, lowering last (memory.rst, 8.). */
static int translate_rows(const Hierarchies *h, const Resources *old, const Resources *new,
                          uint64_t tasks_extra, Knobs *k, const char **key) {
        bool memsw = version_of(h, CONTROLLER_MEMORY) == 1 &&
                (new->memory_swap_max_bytes != old->memory_swap_max_bytes ||
                 (new->memory_swap_max_bytes != LIMIT_NONE &&
                  new->memory_max_bytes != old->memory_max_bytes));
        bool memsw_first = memsw && old->memory_max_bytes != LIMIT_NONE &&
                new->memory_max_bytes > old->memory_max_bytes;
        int r;

        if (memsw_first) {
                *key = KEY(memory_swap_max_bytes);
                r = tolerate(k, translate_memsw(h, new, k));
                if (r < 0)
                        return r;
        }
        for (size_t version = 1; version <= 2; version++) {
                const KnobRow *rows = version == 1 ? rows_v1 : rows_v2;
                size_t n = version == 1 ? ELEMENTSOF(rows_v1) : ELEMENTSOF(rows_v2);

                for (size_t i = 1; i < n; i++) { /* row 0 is the quota */
                        unsigned actual = version_of(h, rows[i].controller);

                        *key = row_key(&rows[i]);
                        if (actual != version && !(actual == 0 && version == 2))
                                continue;
                        r = tolerate(k, translate_row(h, &rows[i], old, new, tasks_extra, k));
                        if (r < 0)
                                return r;
                }
        }
        if (memsw && !memsw_first) {
                *key = KEY(memory_swap_max_bytes);
                return tolerate(k, translate_memsw(h, new, k));
        }
        return 0;
}

/* The whole disk below `path`: limits can't be set on a partition. -EPERM: somebody else than root decides what is at the
 * path, and so which disk it is, and whether there is one. */
static int block_device(const char *path, unsigned *ret_major, unsigned *ret_minor) {
        _cleanup_(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        char sys[128];
        struct stat st;
        dev_t device;
        FILE *f;
        int r;

        r = root_fd < 0 ? -errno : path_open_roots(root_fd, path, &fd);
        if (r < 0 || fstat(fd, &st) < 0)
                return r == -EPERM ? r : -ENODEV;
        device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
        *ret_major = major(device);
        *ret_minor = minor(device);

        (void) snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/partition", *ret_major, *ret_minor);
        if (access(sys, F_OK) == 0) {
                (void) snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/../dev", *ret_major, *ret_minor);
                f = fopen(sys, "re");
                if (!f || fscanf(f, "%u:%u", ret_major, ret_minor) != 2) {
                        if (f)
                                (void) fclose(f);
                        return -ENODEV;
                }
                (void) fclose(f);
        }
        return *ret_major == 0 ? -ENODEV : 0; /* tmpfs, nfs, btrfs: no device behind it */
}

/* The amounts of a disk: in io.max of v2, and as files of v1. */
static const struct {
        size_t offset;
        const char *word, *file;
} amounts[] = {
        { offsetof(IoLimit, read_bandwidth_bytes), "rbps", "blkio.throttle.read_bps_device" },
        { offsetof(IoLimit, write_bandwidth_bytes), "wbps", "blkio.throttle.write_bps_device" },
        { offsetof(IoLimit, read_iops), "riops", "blkio.throttle.read_iops_device" },
        { offsetof(IoLimit, write_iops), "wiops", "blkio.throttle.write_iops_device" },
};

static uint64_t amount_of(const IoLimit *l, size_t offset) {
        return l ? *(const uint64_t *) ((const char *) l + offset) : LIMIT_NONE;
}

static char *io_max_value(unsigned major, unsigned minor, const IoLimit *l) {
        char *out = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&out, &size);
        if (!f)
                return NULL;
        fprintf(f, "%u:%u", major, minor);
        for (size_t i = 0; i < ELEMENTSOF(amounts); i++) {
                uint64_t amount = amount_of(l, amounts[i].offset);

                if (amount == LIMIT_NONE)
                        fprintf(f, " %s=max", amounts[i].word);
                else
                        fprintf(f, " %s=%" PRIu64, amounts[i].word, amount);
        }
        return memstream_finish(f, &out);
}

static int translate_io_v1(unsigned major, unsigned minor, const IoLimit *l, const IoLimit *old, Knobs *k) {
        for (size_t i = 0; i < ELEMENTSOF(amounts); i++) {
                uint64_t amount = amount_of(l, amounts[i].offset);
                int r;

                if (amount == amount_of(old, amounts[i].offset))
                        continue;
                /* 0 lifts the limit */
                r = add_knob(k, CONTROLLER_IO, amounts[i].file, policy_io_limit_name(amounts[i].offset),
                             text("%u:%u %" PRIu64, major, minor, amount == LIMIT_NONE ? 0 : amount));
                if (r < 0)
                        return r;
        }
        return 0;
}

static const IoLimit *find_io_limit(const Resources *r, const char *path) {
        for (size_t i = 0; i < r->n_io_limits; i++)
                if (strcmp(r->io_limits[i].path, path) == 0)
                        return &r->io_limits[i];
        return NULL;
}

static int translate_io_limit(const Hierarchies *h, const IoLimit *new, const IoLimit *old, Knobs *k) {
        unsigned major, minor, version = version_of(h, CONTROLLER_IO);
        int r;

        if (version == 0)
                return -EOPNOTSUPP;
        r = block_device(new->path, &major, &minor);
        if (r < 0)
                return r;
        if (version == 1)
                return translate_io_v1(major, minor, new, old, k);
        return add_knob(k, CONTROLLER_IO, "io.max", "IO*Max", io_max_value(major, minor, new));
}

static int translate_io(const Hierarchies *h, const Resources *old, const Resources *new, Knobs *k) {
        int r;

        for (size_t i = 0; i < new->n_io_limits; i++) {
                const IoLimit *l = &new->io_limits[i];

                r = translate_io_limit(h, l, find_io_limit(old, l->path), k);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < old->n_io_limits; i++) {
                IoLimit lifted = { .path = old->io_limits[i].path,
                                   LIMIT_NONE, LIMIT_NONE, LIMIT_NONE, LIMIT_NONE };

                if (find_io_limit(new, lifted.path))
                        continue;
                r = translate_io_limit(h, &lifted, &old->io_limits[i], k);
                if (r < 0 && r != -ENODEV) /* a device that is gone needs no lifting */
                        return r;
        }
        return 0;
}

static bool devices_differ(const Resources *a, const Resources *b) {
        if (a->device_policy != b->device_policy || a->n_device_allow != b->n_device_allow)
                return true;
        for (size_t i = 0; i < a->n_device_allow; i++) {
                const DeviceAllow *x = &a->device_allow[i], *y = &b->device_allow[i];

                if (strcmp(x->node, y->node) != 0 || x->read != y->read || x->write != y->write ||
                    x->mknod != y->mknod)
                        return true;
        }
        return false;
}

int knobs_translate_change(const Hierarchies *h, const Resources *old, const Resources *new,
                           uint64_t cpu_ceiling_permille, uint64_t tasks_extra, Knobs *ret,
                           const char **ret_key) {
        _cleanup_(knobs_done) Knobs k = { .skip_unsupported = ret->skip_unsupported };
        const char *key;
        int r;

        key = KEY(cpu_quota_permille);
        r = tolerate(&k, translate_quota(h, old, new, cpu_ceiling_permille, &k));
        if (r < 0)
                goto fail;
        key = KEY(allowed_cpus);
        r = tolerate(&k, translate_list(h, old->allowed_cpus, new->allowed_cpus, "cpuset.cpus", key, &k));
        if (r < 0)
                goto fail;
        key = KEY(allowed_memory_nodes);
        r = tolerate(&k, translate_list(h, old->allowed_memory_nodes, new->allowed_memory_nodes,
                                        "cpuset.mems", key, &k));
        if (r < 0)
                goto fail;
        r = translate_rows(h, old, new, tasks_extra, &k, &key);
        if (r < 0)
                goto fail;
        key = KEY(io_limits);
        r = tolerate(&k, translate_io(h, old, new, &k));
        if (r < 0)
                goto fail;
        if (devices_differ(old, new)) {
                key = KEY(device_policy);
                r = tolerate(&k, hierarchies_find(h, CONTROLLER_DEVICES) ? 0 : -EOPNOTSUPP);
                if (r < 0)
                        goto fail;
                k.devices = hierarchies_find(h, CONTROLLER_DEVICES) ? new : NULL;
        }

        *ret = k;
        k = (Knobs) {};
        return 0;

fail:
        if (ret_key)
                *ret_key = key;
        return r;
}

int knobs_translate(const Hierarchies *h, const Resources *r, uint64_t cpu_ceiling_permille,
                    uint64_t tasks_extra, Knobs *ret, const char **ret_key) {
        Resources unset;

        resources_init(&unset);
        return knobs_translate_change(h, &unset, r, cpu_ceiling_permille, tasks_extra, ret, ret_key);
}

static void check_row(const Hierarchies *h, const KnobRow *row, const Resources *r,
                      knobs_unsupported_t report, void *userdata) {
        char reason[256];

        if (is_unset(row->offset, field(r, row->offset)))
                return;
        if (row->reason)
                report(row_key(row), row->reason, userdata);
        else if (!row_file(h, row) && !row->optional) {
                (void) snprintf(reason, sizeof(reason), "this kernel has no %s (controller %s, cgroup v%u)",
                                row->file, controller_to_string(row->controller),
                                version_of(h, row->controller));
                report(row_key(row), reason, userdata);
        }
}

static void check_rows(const Hierarchies *h, const Resources *r, knobs_unsupported_t report, void *userdata) {
        for (size_t i = 0; i < ELEMENTSOF(rows_v2); i++) {
                const KnobRow *row = &rows_v2[i];
                char reason[256];

                switch (version_of(h, row->controller)) {
                case 2:
                        check_row(h, row, r, report, userdata);
                        break;
                case 1:
                        for (size_t k = 0; k < ELEMENTSOF(rows_v1); k++)
                                if (rows_v1[k].offset == row->offset)
                                        check_row(h, &rows_v1[k], r, report, userdata);
                        break;
                default:
                        if (is_unset(row->offset, field(r, row->offset)))
                                break;
                        (void) snprintf(reason, sizeof(reason), "this host has no %s controller",
                                        controller_to_string(row->controller));
                        report(row_key(row), reason, userdata);
                }
        }
}

/* The first key that a limit of a disk comes from. */
static const char *io_key(const IoLimit *l) {
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(amounts) && amount_of(l, amounts[i].offset) == LIMIT_NONE)
                i++;
        return policy_io_limit_name(amounts[i].offset);
}

void knobs_check(const Hierarchies *h, const Resources *r, knobs_unsupported_t report, void *userdata) {
        check_rows(h, r, report, userdata);

        if (r->memory_swap_max_bytes != LIMIT_NONE && version_of(h, CONTROLLER_MEMORY) == 1) {
                if (r->memory_max_bytes == LIMIT_NONE)
                        report(KEY(memory_swap_max_bytes),
                               "cgroup v1 limits memory and swap as a sum: give MemoryMax=, too", userdata);
                else if (!hierarchies_have_file(h, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes"))
                        report(KEY(memory_swap_max_bytes),
                               "this kernel does not account swap (boot option swapaccount=1)", userdata);
        }
        if ((r->allowed_cpus || r->allowed_memory_nodes) && !hierarchies_find(h, CONTROLLER_CPUSET))
                report(r->allowed_cpus ? KEY(allowed_cpus) : KEY(allowed_memory_nodes),
                       "this host has no cpuset controller", userdata);
        if (r->n_io_limits > 0 && !hierarchies_find(h, CONTROLLER_IO))
                report(io_key(&r->io_limits[0]), "this host has no io controller", userdata);
        for (size_t i = 0; i < r->n_io_limits; i++) {
                unsigned major, minor;
                char reason[256];

                int k = block_device(r->io_limits[i].path, &major, &minor);

                if (k >= 0)
                        continue;
                (void) snprintf(reason, sizeof(reason), "%.150s %s", r->io_limits[i].path, k == -EPERM ?
                                "is where others than root decide what is there; name the disk, or the mount point" :
                                "is no block device and none is below it");
                report(io_key(&r->io_limits[i]), reason, userdata);
        }
        for (size_t i = 0; i < r->n_device_allow; i++)
                if (device_is_not_roots(&r->device_allow[i])) {
                        char reason[256];

                        (void) snprintf(reason, sizeof(reason), "%.150s is where others than root decide what is there",
                                        r->device_allow[i].node);
                        report(KEY(device_allow), reason, userdata);
                }
        if ((r->device_policy != DEVICE_POLICY_AUTO || r->n_device_allow > 0) &&
            !hierarchies_find(h, CONTROLLER_DEVICES))
                report(KEY(device_policy), "this host has neither cgroup v2 nor the v1 devices controller",
                       userdata);
}
