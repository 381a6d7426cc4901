/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"

/* What /etc/confine/confined.conf says, section [Manager]; see confined(8). */
typedef struct ManagerConf {
        bool netns_names;       /* NetnsNames=: cells in /run/netns, default yes */
        bool hosts_file;        /* HostsFile=: RUNTIME/hosts, default no */
        char cgroup_driver[16]; /* CgroupDriver=: "auto" (the default), "cgroupfs", "systemd" */
        uid_t first_subid, last_subid; /* SubordinateIDs=: of the host, for cells with user namespaces */
} ManagerConf;

/* Reads DIR/confined.conf; none: the defaults. Its errors go to `diags`: the file must belong to root and be
 * writable by nobody else, and every line be known.
 * 0; -EBADMSG: `diags` has an error, and *ret is the defaults; -ENOMEM. */
int manager_conf_read(const char *dir, PolicyDiags *diags, ManagerConf *ret);
