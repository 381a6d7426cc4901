/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/policy-view.h"

#include <sched.h>
#include <string.h>

#include "policies/policy-keys.h"

typedef struct Lister {
        const Policy *policy;
        policy_view_add_t add;
        void *userdata;
        int error;
} Lister;

static void say(Lister *l, const char *how, const char *what, const char *key) {
        if (l->error >= 0)
                l->error = l->add(how, what, key, l->userdata);
}

/* The value of a key, as a policy file has it, with something before it. */
static void say_value(Lister *l, const char *how, const char *before, const char *section, const char *name) {
        const PolicyKey *k = policy_key_find(section, name);
        _cleanup_(freep) char *value = k ? k->format(k, l->policy) : NULL, *what = NULL;

        if (!value || asprintf(&what, "%s%s", before, value) < 0) {
                what = NULL;
                l->error = -ENOMEM;
                return;
        }
        say(l, how, what, name);
}

static void list_paths(Lister *l) {
        static const struct {
                PathsKind kind;
                const char *how, *key;
        } kinds[] = {
                { PATHS_READ_ONLY, "Read-only", "ReadOnlyPaths" },
                { PATHS_READ_WRITE, "Writable", "ReadWritePaths" },
                { PATHS_INACCESSIBLE, "Hidden", "InaccessiblePaths" },
                { PATHS_NO_EXEC, "Not executable", "NoExecPaths" },
                { PATHS_EXEC, "Executable", "ExecPaths" },
                { PATHS_BIND, "Bound", "BindPaths" },
                { PATHS_BIND_READ_ONLY, "Bound read-only", "BindReadOnlyPaths" },
                { PATHS_TMPFS, "In memory", "TemporaryFileSystem" },
        };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                for (char **w = l->policy->filesystem.paths[kinds[i].kind]; w && *w; w++)
                        say(l, kinds[i].how, *w + (**w == '-'), kinds[i].key);
}

static void list_homes(Lister *l) {
        static const char *const how[] = {
                [PROTECT_HOME_YES] = "Hidden",
                [PROTECT_HOME_READ_ONLY] = "Read-only",
                [PROTECT_HOME_TMPFS] = "Empty",
        };
        ProtectHome protect = l->policy->filesystem.protect_home;

        if (protect != PROTECT_HOME_NO)
                say(l, how[protect], "/home /root /run/user", "ProtectHome");
}

static void list_filesystem(Lister *l) {
        static const char *const protected[] = {
                [PROTECT_SYSTEM_YES] = "/usr /boot /efi",
                [PROTECT_SYSTEM_FULL] = "/usr /boot /efi /etc",
                [PROTECT_SYSTEM_STRICT] = "everything but /dev, homes and a private /tmp",
        };
        const PolicyFilesystem *f = &l->policy->filesystem;

        if (f->root_directory)
                say(l, "Root", f->root_directory, "RootDirectory");
        say(l, "Read-only", "/sys /proc/sys, control groups", "");
        if (f->protect_system != PROTECT_SYSTEM_NO)
                say(l, "Read-only", protected[f->protect_system], "ProtectSystem");
        list_homes(l);
        if (f->private_tmp != PRIVATE_TMP_NO)
                say(l, "Own", f->private_tmp == PRIVATE_TMP_PERSISTENT ? "/tmp /var/tmp, kept for the user" :
                    "/tmp /var/tmp, gone with the cell", "PrivateTmp");
        if (f->private_devices)
                say(l, "Own", "/dev, with null, zero, full, random, urandom, tty and terminals", "PrivateDevices");
        if (f->protect_proc != PROTECT_PROC_DEFAULT)
                say_value(l, "Hidden", "other users' processes: ", "Filesystem", "ProtectProc");
        if (f->proc_subset_pid)
                say(l, "Hidden", "all of /proc but processes", "ProcSubset");
        if (f->protect_kernel_tunables)
                say(l, "Hidden", "/proc/kallsyms /proc/kcore", "ProtectKernelTunables");
        if (f->protect_kernel_modules)
                say(l, "Hidden", "/usr/lib/modules", "ProtectKernelModules");
        if (f->protect_kernel_logs)
                say(l, "Hidden", "/dev/kmsg /proc/kmsg", "ProtectKernelLogs");
        list_paths(l);
}

static void list_forbidden(Lister *l) {
        const PolicyProcess *p = &l->policy->process;
        const struct {
                bool set;
                const char *what, *key;
        } flags[] = {
                { true, "typing into terminals for others", "" },
                { p->no_new_privileges, "new privileges (sudo, su)", "NoNewPrivileges" },
                { p->restrict_realtime, "real-time scheduling", "RestrictRealtime" },
                { p->restrict_suid_sgid, "making files set-user-ID or set-group-ID", "RestrictSUIDSGID" },
                { p->memory_deny_write_execute, "memory both writable and executable", "MemoryDenyWriteExecute" },
                { p->lock_personality, "other execution domains", "LockPersonality" },
                { l->policy->filesystem.protect_kernel_modules, "loading modules", "ProtectKernelModules" },
                { l->policy->filesystem.protect_kernel_logs, "the kernel's log", "ProtectKernelLogs" },
        };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (flags[i].set)
                        say(l, "Forbidden", flags[i].what, flags[i].key);
        if (p->forbidden_namespaces)
                say_value(l, "Forbidden", "new namespaces: ", "Process", "RestrictNamespaces");
        if (p->capability_bounding_set != CAPABILITIES_ALL)
                say_value(l, "Capabilities", "", "Process", "CapabilityBoundingSet");
        if (p->ambient_capabilities)
                say_value(l, "Capabilities", "without being root: ", "Process", "AmbientCapabilities");
        if (p->syscalls.set)
                say_value(l, "System calls", "", "Process", "SystemCallFilter");
        if (p->architectures)
                say_value(l, "Architectures", "", "Process", "SystemCallArchitectures");
        if (p->families.set)
                say_value(l, "Sockets", "", "Process", "RestrictAddressFamilies");
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];
                char before[32];

                if (strcmp(k->section, "Process") != 0 || strncmp(k->name, "Limit", 5) != 0 || !p->limits[k->data].set)
                        continue;
                (void) snprintf(before, sizeof(before), "%s=", k->name + 5);
                say_value(l, "Limit", before, k->section, k->name);
        }
}

int policy_view(const Policy *p, policy_view_add_t add, void *userdata) {
        Lister l = { .policy = p, .add = add, .userdata = userdata };

        if (p->namespaces & CLONE_NEWUSER)
                say(&l, "Root", "is nobody outside", "Namespaces");
        if (p->namespaces & CLONE_NEWNS)
                list_filesystem(&l);
        list_forbidden(&l);
        return l.error;
}
