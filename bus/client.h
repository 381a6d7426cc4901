/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

/* The manager's own bus, peer to peer: no broker, so destinations are NULL. No call waits longer than
 * the time that the connection was made with. */

/* Connects to the socket `path` (normally BUS_SOCKET_PATH) and waits until the connection is up.
 * -ENOENT, -ECONNREFUSED: no manager; -ETIMEDOUT: it gives no answer; -EACCES; -ENAMETOOLONG. */
int client_connect(const char *path, uint64_t timeout_usec, sd_bus **ret);

/* Calls a method. On error `error` (may be NULL) has the manager's, if it is the manager's. The caller
 * unrefs *ret_reply (may be NULL). */
int client_call(sd_bus *bus, const char *path, const char *interface, const char *member,
                sd_bus_error *error, sd_bus_message **ret_reply, const char *types, ...);

/* Did a call fail because nobody is there (any more)? */
int client_is_gone(int error);
