/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/period.h"
#include "base/strv.h"

/* The Policy value: what an INI file says, with defaults for what it doesn't say. Immutable once
 * loaded and counted by references, because a live cell keeps the policy that it was made with. */

#define LIMIT_NONE UINT64_MAX /* "infinity", and what a limit is unless set */

typedef enum PolicyMode {
        POLICY_ENFORCE,
        POLICY_OBSERVE, /* decide and log, change nothing */
} PolicyMode;

typedef enum CellScope {
        CELL_SCOPE_SESSION,
        CELL_SCOPE_USER,
        CELL_SCOPE_POLICY,
        _CELL_SCOPE_MAX,
        _CELL_SCOPE_INVALID = -EINVAL,
} CellScope;

typedef enum NetworkMode {
        NETWORK_ROUTED,
        NETWORK_NONE,
        NETWORK_HOST,
        NETWORK_BRIDGE,
        NETWORK_MACVLAN,
        NETWORK_IPVLAN,
        NETWORK_INTERFACE, /* one of the host's own, as long as the cell lives */
        NETWORK_CELL,      /* that of another cell; "cell:NAME" */
        _NETWORK_MODE_MAX,
        _NETWORK_MODE_INVALID = -EINVAL,
} NetworkMode;

typedef enum AddressMode {
        ADDRESS_DYNAMIC,
        ADDRESS_PER_USER, /* stable: the same user gets the same address */
        ADDRESS_FIXED,
        _ADDRESS_MODE_MAX,
        _ADDRESS_MODE_INVALID = -EINVAL,
} AddressMode;

typedef enum DevicePolicy { /* systemd.resource-control(5), DevicePolicy= */
        DEVICE_POLICY_AUTO,   /* no restriction unless DeviceAllow= is given */
        DEVICE_POLICY_CLOSED, /* null zero full random urandom tty ptys, and DeviceAllow= */
        DEVICE_POLICY_STRICT, /* DeviceAllow= alone */
        _DEVICE_POLICY_MAX,
        _DEVICE_POLICY_INVALID = -EINVAL,
} DevicePolicy;

typedef struct DeviceAllow {
        char *node; /* "/dev/fuse", "char-pts", "block-loop" */
        bool read, write, mknod;
} DeviceAllow;

typedef struct IoLimit {
        char *path; /* a device node, or any file: the device below its file system */
        uint64_t read_bandwidth_bytes, write_bandwidth_bytes; /* per second */
        uint64_t read_iops, write_iops;
} IoLimit;

/* One of the three levels that limits hold on. LIMIT_NONE, NULL and 0 lengths: not limited. */
typedef struct Resources {
        uint64_t cpu_quota_permille;    /* of one CPU: CPUQuota=150% is 1500 */
        uint64_t cpu_quota_period_usec; /* default 100 ms, range 1 ms to 1 s */
        uint64_t cpu_weight;            /* 1 to 10000 */
        char *allowed_cpus, *allowed_memory_nodes; /* canonical lists, "0-3,5" */
        uint64_t memory_min_bytes, memory_low_bytes; /* protections: 0 is none */
        uint64_t memory_high_bytes, memory_max_bytes, memory_swap_max_bytes;
        uint64_t tasks_max;
        uint64_t io_weight; /* 1 to 10000 */
        IoLimit *io_limits;
        size_t n_io_limits;
        DevicePolicy device_policy;
        DeviceAllow *device_allow;
        size_t n_device_allow;
        uint64_t bandwidth_up_bits, bandwidth_down_bits; /* per second; of a cell, by [Network] */
} Resources;

typedef enum MatchField {
        MATCH_USER,
        MATCH_UID,
        MATCH_GROUP,
        MATCH_SERVICE,
        MATCH_TTY,
        MATCH_REMOTE_HOST,
        MATCH_UNIT, /* a service of systemd; never together with the others */
        _MATCH_FIELD_MAX,
        _MATCH_FIELD_INVALID = -EINVAL,
} MatchField;

typedef struct MatchValue {
        bool negate;
        char *text;               /* as written, without the ~; names match by fnmatch(3) where
                                   * the key says so (TTY, RemoteHost names, Service) */
        bool numeric;             /* User= and Group= given as a number; UID= always; the range: */
        uid_t first, last;
        bool is_prefix;           /* RemoteHost= given as an address or prefix: */
        IpPrefix prefix;
} MatchValue;

typedef struct MatchList {
        MatchValue *values;
        size_t n_values; /* 0: anything matches */
} MatchList;

typedef struct PolicyPort { /* Port=: a port of the host that leads into the cell */
        uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
        uint16_t host, cell;
} PolicyPort;

typedef struct TrafficLimit {
        uint64_t bytes; /* both ways together; LIMIT_NONE */
        Period period;
} TrafficLimit;

typedef struct PolicySource {
        const char *file; /* owned by the policy; NULL: the built-in default */
        unsigned line;
} PolicySource;

typedef struct PolicyRule { /* one word of EgressAllow=, EgressDeny= or IngressAllow= */
        uint8_t protocol;     /* IPPROTO_TCP, IPPROTO_UDP; IPPROTO_ICMP is of both families; 0: any */
        uint16_t first, last; /* ports; 0: all, or the protocol has none */
        bool host;            /* "@host": all addresses of the host's own */
        IpPrefix prefix;      /* family 0: wherever */
        PolicySource source;  /* file NULL: a live cell's, read from its record */
} PolicyRule;

typedef struct PolicyRules {
        PolicyRule *items;
        size_t n_items;
} PolicyRules;

/* [Filesystem]: keys of systemd.exec(5). */

typedef enum PrivateTmp {
        PRIVATE_TMP_NO,
        PRIVATE_TMP_YES,          /* the same as: */
        PRIVATE_TMP_DISCONNECTED, /* new with each cell, and gone with it */
        PRIVATE_TMP_PERSISTENT,   /* a user's own, on disk */
} PrivateTmp;

typedef enum ProtectSystem {
        PROTECT_SYSTEM_NO,
        PROTECT_SYSTEM_YES,  /* /usr, /boot, /efi are read-only */
        PROTECT_SYSTEM_FULL, /* and /etc */
        PROTECT_SYSTEM_STRICT, /* all but /dev, /proc, /sys, and homes, which are ProtectHome='s */
} ProtectSystem;

typedef enum ProtectHome {
        PROTECT_HOME_NO,
        PROTECT_HOME_YES, /* inaccessible */
        PROTECT_HOME_READ_ONLY,
        PROTECT_HOME_TMPFS, /* empty, for BindPaths= */
} ProtectHome;

typedef enum ProtectProc {
        PROTECT_PROC_DEFAULT,
        PROTECT_PROC_NOACCESS,
        PROTECT_PROC_INVISIBLE,
        PROTECT_PROC_PTRACEABLE,
} ProtectProc;

typedef enum PathsKind {
        PATHS_READ_ONLY,
        PATHS_READ_WRITE,
        PATHS_INACCESSIBLE,
        PATHS_NO_EXEC,
        PATHS_EXEC,
        PATHS_BIND,           /* "SOURCE:TARGET[:norbind]" */
        PATHS_BIND_READ_ONLY,
        PATHS_TMPFS,          /* "PATH[:OPTION,...]" */
        _PATHS_KIND_MAX,
} PathsKind;

/* Paths are absolute and clean, with % not expanded; "-" before one: nothing is wrong if it isn't there. */
typedef struct PolicyFilesystem {
        PrivateTmp private_tmp;
        ProtectSystem protect_system;
        ProtectHome protect_home;
        ProtectProc protect_proc;
        bool proc_subset_pid;
        bool protect_kernel_tunables, protect_kernel_modules, protect_kernel_logs;
        bool private_devices, private_mounts;
        char *root_directory;
        char **paths[_PATHS_KIND_MAX];
} PolicyFilesystem;

/* [Process]: keys of systemd.exec(5). */

typedef enum KeyringMode {
        KEYRING_INHERIT,
        KEYRING_PRIVATE, /* a session keyring of its own */
        KEYRING_SHARED,  /* the same, with the user's keyring linked into it */
} KeyringMode;

#define CAPABILITIES_ALL UINT64_MAX
#define NUMBER_UNSET INT32_MAX

typedef struct PolicyLimit { /* as getrlimit(2) counts it; LIMIT_NONE: infinity */
        bool set;
        uint64_t soft, hard;
} PolicyLimit;

typedef struct NameFilter { /* a list of what is allowed, or of what is not */
        bool set, allow;
        char **names, **except; /* those of `except` are not meant, though `names` has them */
} NameFilter;

typedef struct PolicyProcess {
        bool no_new_privileges;
        uint64_t capability_bounding_set, ambient_capabilities; /* bit n: capability number n */
        NameFilter syscalls;   /* names and @groups; allowed or refused ones may have an ":ERRNO" */
        int syscall_errno;     /* what a refused call returns; 0: it ends the process by SIGSYS */
        char **architectures;  /* NULL: any */
        unsigned forbidden_namespaces; /* CLONE_NEW*; user unless the policy allows it */
        NameFilter families;   /* AF_* */
        bool restrict_realtime, restrict_suid_sgid, memory_deny_write_execute, lock_personality;
        PolicyLimit limits[RLIM_NLIMITS];
        int nice, oom_score_adjust, umask; /* NUMBER_UNSET */
        KeyringMode keyring_mode;
        char **environment; /* "NAME=value", with % not expanded */
} PolicyProcess;

typedef struct Policy {
        unsigned n_ref;
        char *name; /* the file name without ".ini": [A-Za-z0-9_.-], at most 64 bytes, no leading . or - */
        char *path; /* main file */
        bool stale; /* its file is broken now; this is the last good version */
        char *refused; /* its file is broken, and there is no good version: why; NULL: it can be used. Of one that is
                        * refused only [Match] and mode mean anything */
        bool matches_all; /* refused, and its [Match] can't be read: it may be anybody's */
        bool has_match; /* a policy without [Match] only serves Extends= and `run` */

        /* [Policy] */
        char *description;
        char *extends;
        PolicyMode mode;
        bool on_failure_allow;
        bool if_unsupported_warn;

        MatchList match[_MATCH_FIELD_MAX];

        /* [Cell] */
        CellScope scope;
        unsigned namespaces; /* CLONE_NEWNS and friends; CLONE_NEWNET is dropped by Mode=host */
        int64_t monotonic_offset_usec, boottime_offset_usec; /* with CLONE_NEWTIME */
        char *hostname;      /* unexpanded; NULL: the host's */
        uint64_t max_sessions; /* for each user; LIMIT_NONE */
        uint64_t linger_usec;

        Resources cell, user, policy; /* [Resources], [UserResources], [PolicyResources] */

        /* [Network] */
        NetworkMode network_mode;
        IpPrefix *pools;
        size_t n_pools; /* at most one for each family */
        AddressMode address_mode;
        IpPrefix *addresses; /* ADDRESS_FIXED: at most one for each family */
        size_t n_addresses;
        IpPrefix *dns;
        size_t n_dns;
        char *bridge;        /* NETWORK_BRIDGE */
        bool isolate;        /* its ports, or the cells on an interface, from one another */
        char **interfaces;   /* NETWORK_MACVLAN, NETWORK_IPVLAN: one; NETWORK_INTERFACE: to choose from */
        bool ipvlan_l3s;
        char *network_cell;  /* NETWORK_CELL: the policy whose cell has the network */
        IpPrefix *gateways;  /* on a network that is not ours: at most one for each family */
        size_t n_gateways;
        bool masquerade;
        PolicyPort *ports;
        size_t n_ports;
        char **domains;
        bool egress_deny, ingress_allow; /* where no rule decides */
        PolicyRules egress_allow_rules, egress_deny_rules, ingress_allow_rules;
        uint64_t max_connections; /* that a cell has opened and the host still tracks; LIMIT_NONE */
        bool log_denied;
        TrafficLimit user_traffic, policy_traffic; /* of each user (Scope=policy: of the cell), of all together */
        bool traffic_slow;          /* what comes then: a lower rate, or nothing any more */
        uint64_t traffic_rate_bits; /* per second, each way; LIMIT_NONE: not given */

        PolicyFilesystem filesystem;
        PolicyProcess process;

        /* Where each key's value comes from, indexed like the rows of policy_keys[]. */
        PolicySource *sources;
        char **files; /* all files that were read for it; owns PolicySource.file */
} Policy;

/* What policy_new() starts from, for resetting single fields. Owns nothing. */
const Policy *policy_defaults(void);

/* A policy with the defaults of the manual pages and one reference. NULL: out of memory. */
Policy *policy_new(const char *name);
Policy *policy_ref(Policy *p);   /* takes NULL */
Policy *policy_unref(Policy *p); /* takes NULL, returns NULL */
DEFINE_CLEANUP(Policy *, policy_unref);

/* Deep copy of `from`'s settings but not of its name, path, Extends=, description and [Match], into `to`,
 * which policy_new() made: what Extends= means. Namespaces= has `net` again where Mode=host dropped
 * it. -ENOMEM. */
int policy_inherit(Policy *to, const Policy *from);

/* Is it for services of systemd (Unit=)? Then it matches no login. */
bool policy_is_for_units(const Policy *p);
/* Can it match logins? One without [Match] is for Extends= and confinectl run. */
bool policy_is_for_logins(const Policy *p);
bool policy_has_unit(const Policy *p, const char *unit);
/* A service: "nginx.service", "getty@tty1.service"; no template. */
bool policy_unit_name_valid(const char *name);
/* Does one of the ports of `p` take the same port of the host as one of `other`? NULL: no. */
const PolicyPort *policy_ports_collide(const Policy *p, const Policy *other);
#define POLICY_PORT_STRING_MAX 32
/* "tcp:8080:80"; the port of the cell is left out where it is that of the host. */
const char *policy_port_to_string(const PolicyPort *port, char buffer[static POLICY_PORT_STRING_MAX]);

#define POLICY_RULE_STRING_MAX 96
/* "tcp:8000-8999@fd00::/8", as policy files take it. */
const char *policy_rule_to_string(const PolicyRule *rule, char buffer[static POLICY_RULE_STRING_MAX]);
bool policy_rule_equal(const PolicyRule *a, const PolicyRule *b); /* wherever they stand */

#define POLICY_METADATA4 "169.254.0.0/16"
#define POLICY_METADATA6 "fd00:ec2::254"
/* Is the rule about what clouds tell their machines at link-local addresses (credentials among it), so that it
 * opens them? Wider ones don't. */
bool policy_rule_names_metadata(const PolicyRule *rule);
/* Does the rule open the host's own addresses? Only one that names the host, or a single address, which then
 * may be the host's. */
bool policy_rule_names_host(const PolicyRule *rule);

void resources_init(Resources *r); /* all unset */
void resources_done(Resources *r); /* frees what it owns, and leaves it unset */
int resources_copy(Resources *to, const Resources *from); /* `to` is initialised; -ENOMEM */
bool resources_is_unset(const Resources *r);
bool resources_limit_bandwidth(const Resources *r);
bool resources_differ_in_bandwidth(const Resources *a, const Resources *b);
/* Do cells of the policy have a sum of bandwidth in common? */
bool policy_shares_bandwidth(const Policy *p);
bool policy_limits_traffic(const Policy *p);
/* Makes each of `to`'s numbers the stricter one of the two (protections: the larger one), and takes over
 * lists and device rules where `to` has none. Borrows: `to` owns nothing afterwards that it did not own
 * before, and is not to be freed. */
void resources_tighten(Resources *to, const Resources *from);
/* The same by what a cell of `p`, whose [Resources] are `cell`, asks of its user as a whole: of sums over the
 * policy that is what means the same for each user as for all. */
void policy_tighten_user(const Policy *p, const Resources *cell, Resources *to);

/* As SystemCallArchitectures= calls what confine was built for; "": nothing that it knows. */
#if defined(__x86_64__) && defined(__LP64__)
#define POLICY_NATIVE_ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define POLICY_NATIVE_ARCHITECTURE "arm64"
#elif defined(__i386__)
#define POLICY_NATIVE_ARCHITECTURE "x86"
#else
#define POLICY_NATIVE_ARCHITECTURE ""
#endif

/* Does its [Process] need that the kernel looks at system calls, for more than what all cells are refused? */
bool policy_filters_syscalls(const Policy *p);
/* The same capabilities without those that other keys take away (PrivateDevices=, ProtectKernel...=). */
uint64_t policy_bounding_set(const Policy *p);

/* Does RestrictAddressFamilies= leave it? */
bool policy_allows_family(const PolicyProcess *p, const char *name);
/* "AF_INET" to its number; -EINVAL. */
int policy_family_from_name(const char *name);

const char *cell_scope_to_string(CellScope s);
CellScope cell_scope_from_string(const char *s);
const char *network_mode_to_string(NetworkMode m); /* NETWORK_CELL: "cell" */
NetworkMode network_mode_from_string(const char *s);
/* Do its cells get addresses of Pool=, and name servers? */
bool policy_has_addresses(const Policy *p);
/* Is the cell's interface in the cell alone, with nothing of it on the host? */
bool policy_has_inner_link(const Policy *p);
const char *device_policy_to_string(DevicePolicy d);
DevicePolicy device_policy_from_string(const char *s);

/* Who asks. Everything is resolved before: matching touches no file and no name service. */
typedef struct GroupName {
        const char *name; /* a group name that some policy uses */
        gid_t gid;
} GroupName;

typedef struct MatchSubject {
        const char *user; /* the name of the login */
        char *const *aliases; /* other names of the uid, of those that policies use; NULL: none */
        uid_t uid;
        gid_t gid;
        const gid_t *groups; /* supplementary groups; gid itself counts too */
        size_t n_groups;
        const char *group;   /* name of the primary group, for %g; NULL: its number */
        const GroupName *names;
        size_t n_names;
        const char *service, *tty, *remote_host; /* NULL or "": none */
} MatchSubject;

/* The service by which systemd runs a user's service manager, user@UID.service. It serves all logins of
 * the user, however they come. */
#define POLICY_SERVICE_USER_MANAGER "systemd-user"

/* Does [Match] match? All keys must; of a key's plain values any one, of its negated values none. A user
 * manager goes with any login that could match: Service=, TTY= and RemoteHost= don't count for it,
 * unless Service=~systemd-user excludes it.
 * When not, *ret_why (may be NULL) is what the caller frees: "Group=students: alice is in none of
 * these groups". Returns 1, 0, or -ENOMEM. */
int policy_match(const Policy *p, const MatchSubject *subject, char **ret_why);
/* Is there a way to log in by which it matches this user? Only user and groups of the subject count. */
bool policy_can_match(const Policy *p, const MatchSubject *subject);

/* Is every % in it one of %u %U %g %H %s %%? For checking at load. */
bool policy_expand_valid(const char *text);

/* Expands %u %U %g %H %s %% for a subject; the caller frees. A value that could leave a path
 * component ('/', "..", control bytes) or pass for an option (leading '-') is refused with -EINVAL,
 * and so are an empty value, one over 255 bytes and an unknown %. */
int policy_expand(const char *text, const MatchSubject *subject, const char *host, char **ret);

/* The same for all words of a list, and for all paths of [Filesystem]; *ret is the caller's to free or to
 * policy_filesystem_done(), also on error. A value with a colon in it, which would end a path, is refused, too. */
int policy_expand_words(char *const *words, const MatchSubject *subject, const char *host, char ***ret);
int policy_filesystem_expand(const PolicyFilesystem *f, const MatchSubject *subject, const char *host,
                             PolicyFilesystem *ret);
void policy_filesystem_done(PolicyFilesystem *f);
/* Does anything in it expand %g, which somebody has to look up? */
bool policy_wants_group(const Policy *p);
