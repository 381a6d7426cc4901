/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loads policies in this process as the manager does. Copies a FILE into a temporary directory that comes before the
 * others, so Extends= finds the same policies as if the file were installed. Prints messages about the copy under the
 * name of the file. */

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "cgroups/group.h"
#include "cgroups/support.h"
#include "netns/host-net.h"
#include "netns/support.h"
#include "policies/manager-conf.h"
#include "policies/policy-load.h"
#include "sandbox/support.h"
#include "tools/diagnostics.h"
#include "tools/host-net.h"
#include "tools/policy-dirs.h"

#define FILE_MAX (1 << 20)
#define MANAGER_GROUP "confine"

/* The kernel's control files exist only in groups below the root. Looks at the manager's group, or at a temporary one
 * that the caller has to remove. With neither, we assume that all files of the controllers exist. */
static void probe_host(Hierarchies *h, char made[static GROUP_PATH_MAX]) {
        *made = '\0';
        for (size_t i = 0; i < h->n_items; i++)
                if (faccessat(h->items[i].root_fd, MANAGER_GROUP, F_OK, 0) >= 0) {
                        (void) hierarchies_set_probe(h, MANAGER_GROUP);
                        return;
                }
        if (geteuid() != 0)
                return;
        (void) snprintf(made, GROUP_PATH_MAX, "confine-verify-%d", (int) getpid());
        if (group_make(h, made) >= 0)
                (void) hierarchies_set_probe(h, made);
}

static int load(Tool *t, const char *first, PolicyDiags *diags, size_t *ret_n) {
        _cleanup_(hierarchies_freep) Hierarchies *h = NULL;
        _cleanup_(policy_set_freep) PolicySet *set = NULL;
        _cleanup_(strv_freep) char **dirs = NULL;
        char group[GROUP_PATH_MAX] = "";
        _cleanup_(host_net_freep) HostNet *net = NULL;
        SupportHost host = {};
        ManagerConf conf;
        int r;

        r = manager_conf_read(t->options->config_dir, diags, &conf);
        if (r == -ENOMEM)
                return tool_fail(r, "Cannot read the manager's settings");
        r = policy_dirs(t->options, first, &dirs);
        if (r < 0)
                return tool_fail(r, "Cannot find the policies");
        r = hierarchies_open(NULL, &h);
        if (r < 0)
                log_warning_errno(r, "Cannot find the control groups, not checking whether this host supports the "
                                  "policies: %m");
        else {
                host = (SupportHost) { h, driver_choose(conf.cgroup_driver, h), netns_refuses, cells_refuse };
                r = tool_read_host_net(t, &net);
                if (r < 0)
                        log_warning_errno(r, "Cannot read the host's addresses, not checking whether pools overlap "
                                          "with them: %m");
                else {
                        host.overlaps = host_net_overlaps;
                        host.net = net;
                }
                if (host.driver->makes_groups)
                        probe_host(h, group);
        }
        r = policy_set_load(dirs, first != NULL, NULL, h ? support_check : NULL, &host, diags, &set);
        if (*group)
                (void) group_remove(h, group, USEC_PER_SEC);
        if (r < 0)
                return tool_fail(r, "Cannot load the policies");
        *ret_n = policy_set_size(set);
        return 0;
}

static int print(Tool *t, const PolicyDiags *diags) {
        _cleanup_(json_decrefp) json_t *list = diagnostics_from_policies(diags);

        return list ? diagnostics_print(t, list) : tool_fail(-ENOMEM, "Cannot print the result");
}

/* --- single files ------------------------------------------------------------------------ */

/* Copies messages about the copy, under the file's own name, and about its drop-ins; drops all others. */
static int adopt(const PolicyDiags *from, const char *copy, const char *file, const char *name, PolicyDiags *to) {
        _cleanup_(freep) char *dropins = NULL;

        if (asprintf(&dropins, "/%s.d/", name) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < from->n_items; i++) {
                const PolicyDiag *d = &from->items[i];
                bool own = d->file && strcmp(d->file, copy) == 0;

                if (!own && !(d->file && strstr(d->file, dropins)))
                        continue;
                if (policy_diags_add(to, d->warning, own ? file : d->file, d->line, d->section, d->key, "%s",
                                     d->message) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int check_copy(Tool *t, const char *dir, const char *file, const char *name, PolicyDiags *diags) {
        _cleanup_(freep) char *text = NULL, *copy = NULL;
        _cleanup_(policy_diags_done) PolicyDiags all = {};
        size_t n_policies;
        ssize_t n;
        int fd, r;

        if (asprintf(&copy, "%s/%s", dir, name) < 0)
                return tool_fail(-ENOMEM, "Cannot check the file");
        n = fd_read_file_at(AT_FDCWD, file, FILE_MAX, &text);
        if (n < 0)
                return policy_diags_add(diags, false, file, 0, NULL, NULL, "confinectl can't read it: %s",
                                        strerror((int) -n)) < 0 ? EXIT_FAILED : 0;
        fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        r = fd < 0 || write(fd, text, (size_t) n) != n ? tool_fail(-errno, "Cannot copy the file") : 0;
        close_fd(fd);
        if (r == 0)
                r = load(t, dir, &all, &n_policies);
        (void) unlink(copy);
        if (r == 0 && adopt(&all, copy, file, name, diags) < 0)
                r = tool_fail(-ENOMEM, "Cannot check the file");
        return r;
}

static int check_file(Tool *t, const char *file, PolicyDiags *diags) {
        const char *tmp = getenv("TMPDIR"), *name = strrchr(file, '/');
        _cleanup_(freep) char *dir = NULL;
        size_t n;
        int r;

        name = name ? name + 1 : file;
        n = strlen(name);
        if (n < 5 || strcmp(name + n - 4, ".ini") != 0)
                return policy_diags_add(diags, false, file, 0, NULL, NULL,
                                        "the name of a policy's file must end with .ini") < 0 ? EXIT_FAILED : 0;
        if (asprintf(&dir, "%s/confine-verify.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp") < 0 || !mkdtemp(dir))
                return tool_fail(-errno, "Cannot make a temporary directory");
        r = check_copy(t, dir, file, name, diags);
        (void) rmdir(dir);
        return r;
}

int verb_verify(Tool *t) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        size_t n = t->n_arguments;
        int r = 0;

        if (n == 0)
                r = load(t, NULL, &diags, &n);
        for (size_t i = 0; i < t->n_arguments && r == 0; i++)
                r = check_file(t, t->arguments[i], &diags);
        if (r != 0)
                return r;
        r = print(t, &diags);
        if (r == 0 && !t->options->quiet && t->options->json == JSON_MODE_OFF)
                fprintf(t->out, "%zu %s, no errors.\n", n, n == 1 ? "policy" : "policies");
        return r;
}
