/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Files by descriptor: opens that can't be led astray, whole small files, pidfds.
 * All return 0 or a positive value on success and a negative errno on failure; every fd that
 * they make is close-on-exec. A dir_fd may be AT_FDCWD. */

/* Opens `path` below `dir_fd` and never outside of it: no "..", no absolute path, no symbolic
 * or magic link anywhere in it. Returns the fd. -ELOOP: a link; -EXDEV: it would leave.
 * See openat2(2), RESOLVE_BENEATH. */
int fd_open_beneath(int dir_fd, const char *path, int flags, mode_t mode);

/* Reads all of a file of up to `max` bytes as a string with a NUL behind it; the caller frees
 * *ret. Returns its length. -EFBIG: longer than `max`. Good for /proc, /sys and cgroupfs, whose
 * st_size says nothing. */
ssize_t fd_read_file_at(int dir_fd, const char *path, size_t max, char **ret);

/* The same from an open fd at its current offset. */
ssize_t fd_read_all(int fd, size_t max, char **ret);

/* Writes `text` to an existing file by a single write(2), as kernel files want it.
 * -EIO: a short write. */
int fd_write_file_at(int dir_fd, const char *path, const char *text);

/* Writes all of it, however many write(2) that takes. On error a part may be there. */
int fd_write_all(int fd, const void *data, size_t size);

/* Replaces `path` by a file with this content, mode and nothing half-written in between: a
 * temporary file beside it (".NAME.tmp"), fsync(2) if `sync`, rename(2). On error the old file
 * is untouched and no temporary file remains. */
int fd_replace_file_at(int dir_fd, const char *path, const char *text, mode_t mode, bool sync);

/* mkdir -p for a path below dir_fd; directories that exist are left as they are.
 * -ENOTDIR: something else has that name. */
int fd_mkdir_parents_at(int dir_fd, const char *path, mode_t mode);

/* Opens a pidfd; see pidfd_open(2). -ESRCH: no such process. */
int fd_pidfd_open(pid_t pid);

/* Sends a signal through a pidfd; see pidfd_send_signal(2). -ESRCH: it has exited. */
int fd_pidfd_send_signal(int pidfd, int sig);

/* Has the process ended? Also if nobody has reaped it yet, when /proc says of it what holds of no live one, and if it
 * can't be told. See pidfd_open(2), poll(2). */
bool fd_pidfd_has_exited(int pidfd);

/* The pid of a pidfd's process, as "Pid:" of /proc/self/fdinfo has it. -EBADF: it is no pidfd; -ESRCH: it has ended and
 * was reaped. */
int fd_pidfd_get_pid(int pidfd, pid_t *ret);

/* Reads all of /proc/PID/`name`, of up to `max` bytes; the caller frees *ret. 0; -ESRCH: no such process; else as
 * fd_read_file_at(). */
int fd_pid_read(pid_t pid, const char *name, size_t max, char **ret);

/* Start time of process `pid` in clock ticks after boot (proc(5), field 22 of stat), which
 * together with the pid and the boot id names a process for ever. -ESRCH: no such process. */
int fd_pid_start_time(pid_t pid, unsigned long long *ret);
/* Does process `pid`, whose pidfd is `pidfd`, no longer exist, or is it on its way out? From its first step of exiting on
 * the kernel shows it without namespaces, and in the root of each hierarchy of cgroup v1, long before its pidfd tells of
 * the exit; and so for a process whose first thread has exited while others go on. What was read of such a process in
 * /proc before this call means nothing. See proc(5), field 9 of stat (PF_EXITING). True also if it can't be told. */
bool fd_pid_is_exiting(pid_t pid, int pidfd);
/* Real, effective, saved uid and that of the file system (proc(5), "Uid" of status). -ESRCH: no such process. */
int fd_pid_uids(pid_t pid, uid_t ret[static 4]);

/* Makes every fd >= `first` close-on-exec; see close_range(2), CLOSE_RANGE_CLOEXEC. */
int fd_cloexec_from(int first);

/* The fd by a number of 1024 or more, if there is one free, and by no other any more: for what is held for long
 * by the thousands, since what comes and goes, and what a child closes one by one, should have low ones. */
int fd_move_high(int fd);

/* Closes every fd >= 3 that is not in `keep`, of which the first 16 count; where the table is shared with another
 * process (CLONE_FILES), in a copy of it. Children that live on call this first. */
void fd_close_all_but(const int *keep, size_t n_keep);
