/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "manager/daemon/manager.h"

/* What the system bus says of a connection, see GetConnectionCredentials() in the D-Bus specification. */
typedef struct Credentials {
        uint32_t uid;
        uint32_t pid; /* that the process had when it connected */
        int pidfd;    /* of the process; negative: the bus is too old to say, before dbus-daemon 1.15.8 */
} Credentials;

#define CREDENTIALS_INIT { .uid = UID_INVALID, .pidfd = -EBADF }

void credentials_done(Credentials *c);

/* Reads the reply to GetConnectionCredentials() into *ret, which is CREDENTIALS_INIT. -ENXIO: it lacks uid or pid; -errno
 * of sd_bus_message_read(3) and fcntl(2). On error, too, *ret is for credentials_done(). */
int credentials_read(Credentials *ret, sd_bus_message *reply);

/* As whom access.h counts the connection, UID_INVALID: nobody; and whether polkit may be asked about it. A connection may
 * outlive its process, and its number be another's. If the bus has no pidfd of it, root is nobody, and of others that
 * much is looked at: a process with this number is the user's, and outside. polkit goes by no more. */
uid_t credentials_judge(const Credentials *c, Manager *m, bool *ret_may_ask);
