/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* What the service manager (systemd) keeps for us while we are not there: the listening sockets of
 * confined.socket, and a pidfd of each cell's pid 1, under the cell's id. Without systemd it is empty, and
 * what is added goes nowhere. See sd_listen_fds(3), "FDSTORE=1" in sd_notify(3). */
typedef struct FdStore FdStore;

/* Takes over what was passed to this process; what it does not know is closed. -ENOMEM. */
int fd_store_new(FdStore **ret);
FdStore *fd_store_free(FdStore *s); /* takes NULL, returns NULL; what is in the store stays there */
DEFINE_CLEANUP(FdStore *, fd_store_free);

/* The socket passed as `name`, which listens at `path`: the caller owns it. -ENOENT: none was passed;
 * -EINVAL: it is another socket than that. */
int fd_store_take_socket(FdStore *s, const char *name, int type, const char *path);

/* The pidfd stored for a cell, and what process it is: the caller owns it. This is the cell's pid 1 also
 * if the number has been given to another process since. -ENOENT: none is stored; -ESRCH: it has exited. */
int fd_store_take_pidfd(FdStore *s, const char *id, pid_t *ret_pid);
/* Forgets the stored pidfds that nobody took, here and in the store. */
void fd_store_drop_rest(FdStore *s);

/* Once for each cell, or again for one whose pidfd may have been taken: that one is there already. */
void fd_store_add(FdStore *s, const char *id, int pidfd); /* borrowed */
void fd_store_remove(FdStore *s, const char *id);
