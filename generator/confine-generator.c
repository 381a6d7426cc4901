/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A systemd.generator(7). systemd runs it early at boot and at each daemon-reload, and it turns each policy with Unit=
 * into a drop-in for its services. It reads only policy files, because there is no manager and no network yet, and
 * /var may not be mounted.
 *
 * If a policy has an error, the drop-in keeps the services that it names from starting, as far as the generator can
 * read the names. Boot goes on. */

#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/memstream.h"
#include "cgroups/knobs.h"
#include "generator/unit-file.h"
#include "policies/policy-load.h"

#ifndef CONFINE_VENDORDIR
#define CONFINE_VENDORDIR "/usr/lib/confine"
#endif
#define DROP_IN "50-confine.conf"

static const char *arg_config_dir = "/etc/confine";
static const char *arg_runtime_dir = "/run/confine";
static const char *arg_vendor_dir = CONFINE_VENDORDIR;
static const char *arg_dest;
static bool arg_kmsg = true;

static int parse_argv(int argc, char **argv) {
        static const struct option longs[] = {
                { "config-dir", required_argument, NULL, 'c' },
                { "runtime-dir", required_argument, NULL, 'r' },
                { "vendor-dir", required_argument, NULL, 'v' },
                { "stderr", no_argument, NULL, 'e' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0)
                switch (c) {
                case 'c':
                        arg_config_dir = optarg;
                        break;
                case 'r':
                        arg_runtime_dir = optarg;
                        break;
                case 'v':
                        arg_vendor_dir = optarg;
                        break;
                case 'e':
                        arg_kmsg = false;
                        break;
                default:
                        return -EINVAL;
                }
        if (optind >= argc || argc - optind > 3) {
                log_error("It takes the directory to write to, as systemd.generator(7) says");
                return -EINVAL;
        }
        arg_dest = argv[optind];
        return 0;
}

/* Nobody reads the standard error of a generator, but the journal includes the kernel's log from the first line. */
static void log_to_kmsg(void) {
        _cleanup_(close_fdp) int fd = -EBADF;

        if (!arg_kmsg || isatty(STDERR_FILENO))
                return;
        fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
                (void) dup2(fd, STDERR_FILENO);
}

static int write_drop_in(int dest_fd, const char *unit, const char *text) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s.d", unit) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = fd_mkdir_parents_at(dest_fd, path, 0755);
        if (r < 0)
                return r;
        free(path);
        if (asprintf(&path, "%s.d/" DROP_IN, unit) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return fd_replace_file_at(dest_fd, path, text, 0644, false);
}

/* Writes the drop-in of a service. If `p` is NULL or can't become a drop-in, it keeps the service from starting. */
static int generate(int dest_fd, const char *unit, const Policy *p) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = 0;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        if (p)
                r = unit_file_print(f, p, unit, arg_runtime_dir);
        else
                unit_file_print_refusal(f, unit);
        text = memstream_finish(f, &text);
        if (!text)
                return -ENOMEM;
        if (r < 0) {
                log_error_errno(r, "Cannot turn policy %s into a drop-in: %m", p->name);
                return generate(dest_fd, unit, NULL);
        }
        if (!p)
                log_error("Keeping %s from starting, because its policy has an error; see confinectl verify", unit);
        r = write_drop_in(dest_fd, unit, text);
        return r < 0 ? log_error_errno(r, "Cannot write the drop-in of %s: %m", unit) : 0;
}

static int generate_all(int dest_fd, const PolicySet *set) {
        char *const *broken = policy_set_broken_units(set);
        int error = 0, r;

        for (size_t i = 0; i < policy_set_size(set); i++) {
                const Policy *p = policy_set_get(set, i);
                const MatchList *units = &p->match[MATCH_UNIT];

                for (size_t k = 0; k < units->n_values; k++) {
                        const char *unit = units->values[k].text;

                        if (policy_set_pick_unit(set, unit) != p) /* the first policy that names the unit wins */
                                continue;
                        if (p->mode == POLICY_OBSERVE) {
                                log_info("Policy %s would place %s, but has Mode=observe", p->name, unit);
                                continue;
                        }
                        r = generate(dest_fd, unit, p);
                        error = error < 0 ? error : r;
                }
        }
        for (size_t i = 0; broken && broken[i]; i++) {
                r = generate(dest_fd, broken[i], NULL);
                error = error < 0 ? error : r;
        }
        return error;
}

typedef struct Support {
        const Policy *policy;
        PolicyDiags *diags;
} Support;

static void complain(const char *key, const char *reason, void *userdata) {
        const Support *s = userdata;

        (void) policy_diags_add(s->diags, s->policy->if_unsupported_warn, s->policy->path, 0, "Resources", key,
                                "not supported on this host: %s", reason); /* diags records a lack of memory */
}

/* Checks only control groups, because systemd mounts them before it runs generators. The rest of the host is not ready
 * yet, or the manager checks it. */
static void check_support(const Policy *p, PolicyDiags *diags, void *userdata) {
        Support s = { p, diags };

        if (userdata && policy_is_for_units(p))
                knobs_check(userdata, &p->cell, complain, &s);
}

static int load(PolicySet **ret) {
        const char *const parents[] = { arg_config_dir, arg_runtime_dir, arg_vendor_dir };
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(hierarchies_freep) Hierarchies *h = NULL;
        _cleanup_(strv_freep) char **dirs = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(parents); i++) {
                _cleanup_(freep) char *path = NULL;

                if (asprintf(&path, "%s/policies", parents[i]) < 0 || strv_extend(&dirs, path) < 0)
                        return log_error_errno(ENOMEM, "Cannot load the policies: %m");
        }
        r = hierarchies_open(NULL, &h);
        if (r < 0)
                log_warning_errno(r, "Cannot find the control groups, not checking whether this host supports the "
                                  "policies: %m");
        r = policy_set_load(dirs, false, NULL, check_support, h, &diags, ret);
        if (r < 0)
                return log_error_errno(r, "Cannot load the policies: %m");
        for (size_t i = 0; i < diags.n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&diags.items[i]);

                if (!diags.items[i].warning)
                        log_error("%s", line ?: "out of memory");
        }
        return 0;
}

int main(int argc, char **argv) {
        _cleanup_(policy_set_freep) PolicySet *set = NULL;
        _cleanup_(close_fdp) int dest_fd = -EBADF;

        if (parse_argv(argc, argv) < 0)
                return 2;
        log_to_kmsg();
        (void) umask(022);
        if (load(&set) < 0)
                return 1;
        dest_fd = open(arg_dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dest_fd < 0) {
                (void) log_error_errno(errno, "Cannot open %s: %m", arg_dest);
                return 1;
        }
        return generate_all(dest_fd, set) < 0 ? 1 : 0;
}
