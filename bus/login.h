/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The login socket's protocol: one fixed-size request, one fixed-size reply with at most two fds, and one
 * byte that says "joined", over a SOCK_SEQPACKET unix socket. Requests and replies carry a version; a
 * manager answers those of the release before, too. This file is linked into pam_confine.so, which
 * lives in other people's processes: libc only, no assert(), no signal left changed, no heap. */

#define LOGIN_SOCKET_PATH "/run/confine/login"
#define LOGIN_VERSION 2
#define LOGIN_VERSION_BEFORE 1 /* the same request; its reply is a LoginReply1 */
#define LOGIN_MAGIC 0x436f6e66U /* "Conf" */
#define LOGIN_JOINED 'J' /* the byte that says so */

#define LOGIN_GROUPS_MAX 1024 /* supplementary groups that can be matched; more is -E2BIG */
#define LOGIN_NAME_MAX 256
#define LOGIN_HOST_MAX 256
#define LOGIN_MESSAGE_MAX 512
#define LOGIN_ID_MAX 32
#define LOGIN_GROUP_PATH_MAX 512
#define LOGIN_LIMITS_MAX 16
#define LOGIN_ENVIRONMENT_MAX 8192

typedef enum LoginOperation {
        LOGIN_OPEN = 1, /* a PAM session */
        LOGIN_CLOSE,    /* a hint: the PAM session of the caller has ended */
        LOGIN_RUN,      /* a command of `confinectl run` in a cell of policy `target` */
        LOGIN_SHELL,    /* a command of `confinectl shell` in the live cell `target` */
        LOGIN_CHECK,    /* would LOGIN_OPEN be refused? Nothing is opened */
} LoginOperation;

typedef enum LoginVerdict {
        LOGIN_CONFINED = 1, /* join what comes with the reply */
        LOGIN_UNCONFINED,   /* no policy matches, it only observes, or OnFailure=allow; see message */
        LOGIN_INSIDE,       /* the caller is in a cell already */
        LOGIN_REFUSED,      /* message says which policy, what limit, what to do */
        LOGIN_NO_CELL,      /* LOGIN_RUN, LOGIN_SHELL: no such policy or cell */
        LOGIN_FAILED,       /* the cell could not be made; `stage` says where */
        LOGIN_ADMITTED,     /* LOGIN_CHECK: as far as can be known before */
        LOGIN_NO_POLICY,    /* the policy is refused, and there is no good version of it; message says why. Who is
                             * exempt gets in */
} LoginVerdict;

typedef enum LoginStage { /* exit codes of systemd.exec(5) for LOGIN_FAILED */
        LOGIN_STAGE_OTHER,
        LOGIN_STAGE_CGROUP,
        LOGIN_STAGE_NETWORK,
        LOGIN_STAGE_NAMESPACE,
} LoginStage;

typedef struct LoginRequest {
        uint32_t magic, version, operation;
        uint32_t uid, gid, n_groups;
        uint32_t groups[LOGIN_GROUPS_MAX];
        uint32_t flags; /* none yet: must be 0 */
        char user[LOGIN_NAME_MAX];
        char service[LOGIN_NAME_MAX];
        char tty[LOGIN_NAME_MAX];
        char remote_host[LOGIN_HOST_MAX];
        char target[LOGIN_NAME_MAX];
} LoginRequest;

/* The indices of LoginReply.inodes; 0 there: the cell doesn't have that namespace. */
typedef enum LoginNamespace {
        LOGIN_NS_MNT,
        LOGIN_NS_PID,
        LOGIN_NS_NET,
        LOGIN_NS_IPC,
        LOGIN_NS_UTS,
        LOGIN_NS_CGROUP,
        LOGIN_NS_USER,
        LOGIN_NS_TIME,
        _LOGIN_NS_MAX,
} LoginNamespace;

/* Names below /proc/PID/ns and CLONE_NEW* of each. */
extern const struct LoginNamespaceInfo {
        const char *name;
        int flag;
} login_namespaces[_LOGIN_NS_MAX];

typedef enum LoginKeyring {
        LOGIN_KEYRING_INHERIT,
        LOGIN_KEYRING_PRIVATE,
        LOGIN_KEYRING_SHARED,
} LoginKeyring;

/* What the caller is to do to its own process, see bus/process.h. */
typedef struct LoginProcess {
        uint32_t has_filter; /* the second fd has programs for seccomp(2) */
        uint32_t no_new_privileges;
        uint32_t has_nice, has_oom_score_adjust, has_umask;
        int32_t nice, oom_score_adjust;
        uint32_t umask;
        uint32_t keyring;  /* LoginKeyring */
        uint32_t limits;   /* bit n: limits[n] is to be set, n being RLIMIT_* */
        uint64_t bounding, ambient; /* sets of capabilities, bit n being CAP_* */
        struct {
                uint64_t soft, hard;
        } limit[LOGIN_LIMITS_MAX];
        char environment[LOGIN_ENVIRONMENT_MAX]; /* "NAME=value" each with its NUL, and one more at the end */
} LoginProcess;

typedef struct LoginReply {
        uint32_t magic, version, verdict, stage;
        uint32_t loud; /* the message is for the user to see */
        uint32_t executes; /* the caller is not going to fork: it has to be born in the pid namespace itself */
        uint64_t inodes[_LOGIN_NS_MAX];
        char cell[LOGIN_ID_MAX], session[LOGIN_ID_MAX], policy[LOGIN_NAME_MAX];
        char group[LOGIN_GROUP_PATH_MAX]; /* the control group that the caller was put into, without the
                                           * leading slash; "" when there is nothing to verify */
        char message[LOGIN_MESSAGE_MAX];
        LoginProcess process;
} LoginReply;

typedef struct LoginReply1 {
        uint32_t magic, version, verdict, stage, loud, executes;
        uint64_t inodes[LOGIN_NS_USER];
        char cell[LOGIN_ID_MAX], session[LOGIN_ID_MAX], policy[LOGIN_NAME_MAX], group[LOGIN_GROUP_PATH_MAX];
        char message[LOGIN_MESSAGE_MAX];
} LoginReply1;

/* CLOCK_MONOTONIC in microseconds. */
uint64_t login_now_usec(void);

/* Fills in magic and version, all else zero. */
void login_request_init(LoginRequest *r, LoginOperation operation);
/* Copies text into a field of a request or reply; returns -ENAMETOOLONG (and copies nothing) if it does
 * not fit. NULL is "". */
int login_set(char *field, size_t size, const char *text);

/* Is what came in a request of this version or the one before, and are all its strings ended? -EPROTO,
 * -EPROTONOSUPPORT (version). */
int login_request_check(const LoginRequest *r, size_t size);

/* The same reply for a caller of the version before, which knows no LoginProcess. */
void login_reply_to_1(const LoginReply *reply, LoginReply1 *ret);

/* What waits here takes the time that it has waited off *left_usec, and gives up at 0. Time in which the process was
 * stopped is not waiting: whoever may stop a setuid program can't make a manager look absent by that.
 *
 * Connects. Returns the fd, which is non-blocking and close-on-exec. -ENOENT, -ECONNREFUSED: no manager;
 * -ETIMEDOUT: its backlog was full for all that time; -EACCES; -EMFILE, -ENOMEM and the like: it is the caller that
 * can't. See unix(7), connect(2). */
int login_connect(const char *path, uint64_t *left_usec);

/* Sends the request and waits for the reply and, with LOGIN_CONFINED, a pidfd of the cell's pid 1, and a filter if
 * reply->process has one. *ret_pidfd and *ret_filter_fd are -EBADF without one. -ETIMEDOUT; -ECONNRESET: the manager
 * went away; -EPROTO: what came is no reply; -EMFILE: the caller has no room for the fds that came. */
int login_call(int fd, const LoginRequest *request, uint64_t *left_usec, LoginReply *reply, int *ret_pidfd,
               int *ret_filter_fd);

/* Does a manager take requests at all, whatever it is busy with? Waits LOGIN_PROBE_USEC at most. */
#define LOGIN_PROBE_USEC 500000
bool login_is_served(const char *path);

/* Tells the manager that the caller has joined. */
int login_joined(int fd);
