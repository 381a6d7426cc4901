/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table, and what searches it. A row with VALUE() is delivered; LATER() stands for a key of the
 * language that this version refuses, so that nobody believes in a limit that isn't there;
 * ELSEWHERE() for one that makes no sense in this section. */

#include "policies/policy-keys.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "policies/policy-parse.h"

#define ROW(s, n, kind, field, d, h, l)                                                          \
        {                                                                                        \
                .section = s, .name = n, .parse = policy_parse_##kind,                           \
                .reset = policy_reset_##kind, .format = policy_format_##kind,                    \
                .offset = offsetof(Policy, field), .data = d, .help = h, .list = l               \
        }
#define VALUE(s, n, kind, field, d, h) ROW(s, n, kind, field, d, h, false)
#define LIST(s, n, kind, field, d, h) ROW(s, n, kind, field, d, h, true)
#define LATER(s, n) { .section = s, .name = n }
#define ELSEWHERE(s, n, why) { .section = s, .name = n, .help = why }

#define SIZE_HELP "BYTES|PERCENT|infinity"
#define IO_HELP "DEVICE AMOUNT..."
#define RULE_HELP "tcp|udp|icmp|any[:PORT[-PORT]][@PREFIX"

#define PATH_HELP "[-]PATH..."
#define BIND_HELP "[-]SOURCE[:TARGET[:rbind|norbind]]..."
#define PATHS(n, kind, h) LIST("Filesystem", n, paths, filesystem.paths[kind], kind, h)
#define LIMIT(n, h) \
        VALUE("Process", "Limit" #n, limit, process.limits[RLIMIT_##n], RLIMIT_##n, h "|SOFT:HARD|infinity")

#define RESOURCES(s, level)                                                                      \
        VALUE(s, "CPUQuota", cpu_quota, level.cpu_quota_permille, 0, "PERCENT"),                 \
        VALUE(s, "CPUQuotaPeriodSec", time, level.cpu_quota_period_usec, TIME_CPU_PERIOD,        \
              "1ms..1s"),                                                                        \
        VALUE(s, "CPUWeight", number, level.cpu_weight, NUMBER_WEIGHT, "1..10000"),              \
        VALUE(s, "AllowedCPUs", cpu_list, level.allowed_cpus, 0, "0-3,5"),                       \
        VALUE(s, "AllowedMemoryNodes", cpu_list, level.allowed_memory_nodes, 0, "0-3,5"),        \
        VALUE(s, "MemoryMin", memory, level.memory_min_bytes, MEMORY_PROTECTION, SIZE_HELP),     \
        VALUE(s, "MemoryLow", memory, level.memory_low_bytes, MEMORY_PROTECTION, SIZE_HELP),     \
        VALUE(s, "MemoryHigh", memory, level.memory_high_bytes, MEMORY_LIMIT, SIZE_HELP),        \
        VALUE(s, "MemoryMax", memory, level.memory_max_bytes, MEMORY_LIMIT, SIZE_HELP),          \
        VALUE(s, "MemorySwapMax", memory, level.memory_swap_max_bytes, MEMORY_SWAP, SIZE_HELP),  \
        VALUE(s, "TasksMax", tasks, level.tasks_max, 0, "COUNT|PERCENT|infinity"),               \
        VALUE(s, "IOWeight", number, level.io_weight, NUMBER_WEIGHT, "1..10000"),                \
        LIST(s, "IOReadBandwidthMax", io_limit, level.io_limits,                                 \
             offsetof(IoLimit, read_bandwidth_bytes), IO_HELP),                                  \
        LIST(s, "IOWriteBandwidthMax", io_limit, level.io_limits,                                \
             offsetof(IoLimit, write_bandwidth_bytes), IO_HELP),                                 \
        LIST(s, "IOReadIOPSMax", io_limit, level.io_limits, offsetof(IoLimit, read_iops),        \
             IO_HELP),                                                                           \
        LIST(s, "IOWriteIOPSMax", io_limit, level.io_limits, offsetof(IoLimit, write_iops),      \
             IO_HELP)

#define TRAFFIC_HELP "BYTES per hour|day|week|month"
#define NO_DEVICES "devices are decided for each cell (write it in [Resources])"

const PolicyKey policy_keys[] = {
        VALUE("Policy", "Description", text, description, 0, "TEXT"),
        VALUE("Policy", "Extends", policy_name, extends, 0, "POLICY"),
        VALUE("Policy", "Mode", choice, mode, WORDS_MODE, "enforce|observe"),
        VALUE("Policy", "OnFailure", flag, on_failure_allow, WORDS_ON_FAILURE, "deny|allow"),
        VALUE("Policy", "IfUnsupported", flag, if_unsupported_warn, WORDS_IF_UNSUPPORTED,
              "error|warn"),

        LIST("Match", "User", match, match[MATCH_USER], MATCH_USER, "[~]USER|UID..."),
        LIST("Match", "UID", match, match[MATCH_UID], MATCH_UID, "[~]UID|UID-UID..."),
        LIST("Match", "Group", match, match[MATCH_GROUP], MATCH_GROUP, "[~]GROUP|GID..."),
        LIST("Match", "Service", match, match[MATCH_SERVICE], MATCH_SERVICE, "[~]PATTERN..."),
        LIST("Match", "TTY", match, match[MATCH_TTY], MATCH_TTY, "[~]PATTERN..."),
        LIST("Match", "RemoteHost", match, match[MATCH_REMOTE_HOST], MATCH_REMOTE_HOST,
             "[~]PREFIX|PATTERN..."),
        LIST("Match", "Unit", match, match[MATCH_UNIT], MATCH_UNIT, "NAME.service..."),

        VALUE("Cell", "Scope", choice, scope, WORDS_SCOPE, "session|user|policy"),
        VALUE("Cell", "Namespaces", namespaces, namespaces, 0, "mnt pid net ipc uts cgroup user time"),
        VALUE("Cell", "MonotonicOffsetSec", offset, monotonic_offset_usec, 0, "[-]TIME"),
        VALUE("Cell", "BootTimeOffsetSec", offset, boottime_offset_usec, 0, "[-]TIME"),
        VALUE("Cell", "Hostname", hostname, hostname, 0, "NAME"),
        VALUE("Cell", "MaxSessions", number, max_sessions, NUMBER_SESSIONS, "COUNT|infinity"),
        VALUE("Cell", "LingerSec", time, linger_usec, TIME_LINGER, "TIME|infinity"),
        LATER("Cell", "RuntimeMaxSec"),
        LATER("Cell", "IdleStopSec"),

        RESOURCES("Resources", cell),
        VALUE("Resources", "DevicePolicy", choice, cell.device_policy, WORDS_DEVICE_POLICY,
              "auto|closed|strict"),
        LIST("Resources", "DeviceAllow", device_allow, cell.device_allow, 0, "NODE [rwm]..."),

        RESOURCES("UserResources", user),
        ELSEWHERE("UserResources", "DevicePolicy", NO_DEVICES),
        ELSEWHERE("UserResources", "DeviceAllow", NO_DEVICES),
        VALUE("UserResources", "BandwidthUp", bandwidth, user.bandwidth_up_bits, 0, "BITS|infinity"),
        VALUE("UserResources", "BandwidthDown", bandwidth, user.bandwidth_down_bits, 0, "BITS|infinity"),
        ELSEWHERE("UserResources", "TrafficMax", "it is for each user already (write it in [Network])"),

        RESOURCES("PolicyResources", policy),
        ELSEWHERE("PolicyResources", "DevicePolicy", NO_DEVICES),
        ELSEWHERE("PolicyResources", "DeviceAllow", NO_DEVICES),
        VALUE("PolicyResources", "BandwidthUp", bandwidth, policy.bandwidth_up_bits, 0, "BITS|infinity"),
        VALUE("PolicyResources", "BandwidthDown", bandwidth, policy.bandwidth_down_bits, 0, "BITS|infinity"),
        VALUE("PolicyResources", "TrafficMax", traffic, policy_traffic, 0, TRAFFIC_HELP),

        VALUE("Network", "Mode", network_mode, network_mode, 0,
              "routed|none|host|bridge|macvlan|ipvlan|interface|cell:POLICY"),
        LIST("Network", "Pool", pool, pools, 0, "PREFIX [PREFIX]"),
        VALUE("Network", "Address", address, address_mode, 0, "dynamic|per-user|ADDRESS..."),
        LIST("Network", "DNS", dns, dns, 0, "ADDRESS..."),
        VALUE("Network", "Bridge", link_name, bridge, 0, "NAME"),
        LIST("Network", "Interface", interfaces, interfaces, 0, "NAME..."),
        VALUE("Network", "IPVLANMode", flag, ipvlan_l3s, WORDS_IPVLAN, "l2|l3s"),
        VALUE("Network", "Isolate", flag, isolate, WORDS_BOOLEAN, "yes|no"),
        VALUE("Network", "Gateway", gateway, gateways, 0, "ADDRESS..."),
        VALUE("Network", "Masquerade", flag, masquerade, WORDS_BOOLEAN, "yes|no"),
        LIST("Network", "Port", port, ports, 0, "[tcp:|udp:]HOST-PORT[:CELL-PORT]..."),
        LIST("Network", "Domains", domains, domains, 0, "DOMAIN..."),
        VALUE("Network", "Egress", flag, egress_deny, WORDS_EGRESS, "allow|deny"),
        LIST("Network", "EgressAllow", rules, egress_allow_rules, RULES_EGRESS_ALLOW, RULE_HELP "|host]..."),
        LIST("Network", "EgressDeny", rules, egress_deny_rules, RULES_OTHER, RULE_HELP "]..."),
        VALUE("Network", "Ingress", flag, ingress_allow, WORDS_INGRESS, "deny|allow"),
        LIST("Network", "IngressAllow", rules, ingress_allow_rules, RULES_OTHER, RULE_HELP "]..."),
        VALUE("Network", "MaxConnections", number, max_connections, NUMBER_CONNECTIONS,
              "COUNT|infinity"),
        VALUE("Network", "LogDenied", flag, log_denied, WORDS_BOOLEAN, "yes|no"),
        VALUE("Network", "BandwidthUp", bandwidth, cell.bandwidth_up_bits, 0, "BITS|infinity"),
        VALUE("Network", "BandwidthDown", bandwidth, cell.bandwidth_down_bits, 0, "BITS|infinity"),
        VALUE("Network", "TrafficMax", traffic, user_traffic, 0, TRAFFIC_HELP),
        VALUE("Network", "TrafficMaxAction", flag, traffic_slow, WORDS_TRAFFIC_ACTION, "deny|slow"),
        VALUE("Network", "TrafficMaxRate", bandwidth, traffic_rate_bits, 0, "BITS"),

        VALUE("Filesystem", "PrivateTmp", choice, filesystem.private_tmp, WORDS_PRIVATE_TMP,
              "yes|no|disconnected|persistent"),
        VALUE("Filesystem", "ProtectSystem", choice, filesystem.protect_system, WORDS_PROTECT_SYSTEM,
              "no|yes|full|strict"),
        VALUE("Filesystem", "ProtectHome", choice, filesystem.protect_home, WORDS_PROTECT_HOME,
              "no|yes|read-only|tmpfs"),
        PATHS("ReadOnlyPaths", PATHS_READ_ONLY, PATH_HELP),
        PATHS("ReadWritePaths", PATHS_READ_WRITE, PATH_HELP),
        PATHS("InaccessiblePaths", PATHS_INACCESSIBLE, PATH_HELP),
        PATHS("NoExecPaths", PATHS_NO_EXEC, PATH_HELP),
        PATHS("ExecPaths", PATHS_EXEC, PATH_HELP),
        PATHS("BindPaths", PATHS_BIND, BIND_HELP),
        PATHS("BindReadOnlyPaths", PATHS_BIND_READ_ONLY, BIND_HELP),
        PATHS("TemporaryFileSystem", PATHS_TMPFS, "PATH[:size=BYTES,nr_inodes=COUNT,mode=MODE,ro...]..."),
        VALUE("Filesystem", "RootDirectory", root, filesystem.root_directory, 0, "PATH"),
        VALUE("Filesystem", "PrivateDevices", flag, filesystem.private_devices, WORDS_BOOLEAN, "yes|no"),
        VALUE("Filesystem", "PrivateMounts", flag, filesystem.private_mounts, WORDS_BOOLEAN, "yes"),
        VALUE("Filesystem", "ProtectProc", choice, filesystem.protect_proc, WORDS_PROTECT_PROC,
              "default|noaccess|invisible|ptraceable"),
        VALUE("Filesystem", "ProcSubset", flag, filesystem.proc_subset_pid, WORDS_PROC_SUBSET, "all|pid"),
        VALUE("Filesystem", "ProtectKernelTunables", flag, filesystem.protect_kernel_tunables, WORDS_BOOLEAN, "yes|no"),
        VALUE("Filesystem", "ProtectKernelModules", flag, filesystem.protect_kernel_modules, WORDS_BOOLEAN, "yes|no"),
        VALUE("Filesystem", "ProtectKernelLogs", flag, filesystem.protect_kernel_logs, WORDS_BOOLEAN, "yes|no"),

        VALUE("Process", "NoNewPrivileges", flag, process.no_new_privileges, WORDS_BOOLEAN, "yes|no"),
        LIST("Process", "CapabilityBoundingSet", capabilities, process.capability_bounding_set, 0, "[~]CAPABILITY..."),
        LIST("Process", "AmbientCapabilities", capabilities, process.ambient_capabilities, 0, "[~]CAPABILITY..."),
        LIST("Process", "SystemCallFilter", syscalls, process.syscalls, 0, "[~]NAME|@GROUP[:ERRNO]..."),
        VALUE("Process", "SystemCallErrorNumber", error_number, process.syscall_errno, 0, "ERRNO|kill"),
        LIST("Process", "SystemCallArchitectures", architectures, process.architectures, 0, "native|ARCHITECTURE..."),
        LIST("Process", "RestrictNamespaces", restrict_namespaces, process.forbidden_namespaces, 0,
             "yes|no|[~]cgroup ipc net mnt pid user uts time"),
        LIST("Process", "RestrictAddressFamilies", families, process.families, 0, "none|[~]AF_NAME..."),
        VALUE("Process", "RestrictRealtime", flag, process.restrict_realtime, WORDS_BOOLEAN, "yes|no"),
        VALUE("Process", "RestrictSUIDSGID", flag, process.restrict_suid_sgid, WORDS_BOOLEAN, "yes|no"),
        VALUE("Process", "MemoryDenyWriteExecute", flag, process.memory_deny_write_execute, WORDS_BOOLEAN, "yes|no"),
        VALUE("Process", "LockPersonality", flag, process.lock_personality, WORDS_BOOLEAN, "yes|no"),
        LIMIT(CPU, "TIME"), LIMIT(FSIZE, "BYTES"), LIMIT(DATA, "BYTES"), LIMIT(STACK, "BYTES"),
        LIMIT(CORE, "BYTES"), LIMIT(RSS, "BYTES"), LIMIT(NOFILE, "COUNT"), LIMIT(AS, "BYTES"),
        LIMIT(NPROC, "COUNT"), LIMIT(MEMLOCK, "BYTES"), LIMIT(LOCKS, "COUNT"), LIMIT(SIGPENDING, "COUNT"),
        LIMIT(MSGQUEUE, "BYTES"), LIMIT(NICE, "NUMBER"), LIMIT(RTPRIO, "NUMBER"), LIMIT(RTTIME, "TIME"),
        VALUE("Process", "Nice", small, process.nice, SMALL_NICE, "-20..19"),
        VALUE("Process", "OOMScoreAdjust", small, process.oom_score_adjust, SMALL_OOM_SCORE, "-1000..1000"),
        VALUE("Process", "UMask", small, process.umask, SMALL_UMASK, "MODE"),
        VALUE("Process", "KeyringMode", choice, process.keyring_mode, WORDS_KEYRING, "inherit|private|shared"),
        LIST("Process", "Environment", environment, process.environment, 0, "NAME=VALUE..."),

        LATER("Service", "ExecStart"),
        LATER("Service", "User"),
        LATER("Service", "Group"),
        LATER("Service", "WorkingDirectory"),
        LATER("Service", "Environment"),
        LATER("Service", "Restart"),
        LATER("Service", "RestartSec"),
        LATER("Service", "ListenStream"),
};

const size_t n_policy_keys = ELEMENTSOF(policy_keys);

const PolicyKey *policy_key_find(const char *section, const char *name) {
        for (size_t i = 0; i < n_policy_keys; i++)
                if (strcmp(policy_keys[i].section, section) == 0 &&
                    strcmp(policy_keys[i].name, name) == 0)
                        return &policy_keys[i];
        return NULL;
}

const PolicyKey *policy_key_at(size_t offset) {
        for (size_t i = 0; i < n_policy_keys; i++)
                if (policy_keys[i].parse && policy_keys[i].offset == offset)
                        return &policy_keys[i];
        return NULL;
}

const char *policy_resource_name(size_t offset) {
        const PolicyKey *key = policy_key_at(offsetof(Policy, cell) + offset);

        assert(key);
        return key->name;
}

const char *policy_io_limit_name(size_t offset) {
        const PolicyKey *key = policy_key_at(offsetof(Policy, cell.io_limits));

        assert(key);
        while (key->data != (int) offset) { /* the rows of the other amounts follow */
                key++;
                assert(key->offset == offsetof(Policy, cell.io_limits));
        }
        return key->name;
}

const char *policy_key_live_section(const char *name) {
        return strncmp(name, "Bandwidth", 9) == 0 ? "Network" : "Resources";
}

bool policy_section_known(const char *section) {
        for (size_t i = 0; i < n_policy_keys; i++)
                if (strcmp(policy_keys[i].section, section) == 0)
                        return true;
        return false;
}

#define SUGGEST_MAX 48 /* longer than any key */

/* How many characters to insert, remove or change, upper or lower case alike. */
static size_t distance(const char *a, const char *b) {
        size_t row[SUGGEST_MAX + 1], n = strlen(b);

        for (size_t k = 0; k <= n; k++)
                row[k] = k;
        for (size_t i = 1; a[i - 1]; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t k = 1; k <= n; k++) {
                        bool same = tolower((unsigned char) a[i - 1]) ==
                                tolower((unsigned char) b[k - 1]);
                        size_t best = MIN(row[k], row[k - 1]) + 1;

                        best = MIN(best, diagonal + (same ? 0 : 1));
                        diagonal = row[k];
                        row[k] = best;
                }
        }
        return row[n];
}

const char *policy_key_suggest(const char *section, const char *name) {
        size_t best = strlen(name) / 3 + 1;
        const char *found = NULL;

        if (strlen(name) > SUGGEST_MAX)
                return NULL;
        for (size_t i = 0; i < n_policy_keys; i++) {
                size_t d;

                if (strcmp(policy_keys[i].section, section) != 0)
                        continue;
                d = distance(name, policy_keys[i].name);
                if (d < best) {
                        best = d;
                        found = policy_keys[i].name;
                }
        }
        return found;
}

static const char *section_suggest(const char *section) {
        size_t best = strlen(section) / 3 + 1;
        const char *found = NULL;

        if (strlen(section) > SUGGEST_MAX)
                return NULL;
        for (size_t i = 0; i < n_policy_keys; i++) {
                size_t d = distance(section, policy_keys[i].section);

                if (d < best) {
                        best = d;
                        found = policy_keys[i].section;
                }
        }
        return found;
}

/* The first section that has this key. */
static const char *section_of(const char *name) {
        for (size_t i = 0; i < n_policy_keys; i++)
                if (strcmp(policy_keys[i].name, name) == 0 && !(policy_keys[i].help && !policy_keys[i].parse))
                        return policy_keys[i].section;
        return NULL;
}

static int say_unknown(const char *section, const char *name, char **ret_message) {
        const char *near;

        if (!policy_section_known(section)) {
                near = section_suggest(section);
                if (near)
                        return policy_say(ret_message, -ENOENT, "unknown section (did you mean [%s]?)",
                                          near);
                return policy_say(ret_message, -ENOENT, "unknown section");
        }
        near = section_of(name);
        if (near)
                return policy_say(ret_message, -ENOENT, "unknown key here (it belongs into [%s])",
                                  near);
        near = policy_key_suggest(section, name);
        if (near)
                return policy_say(ret_message, -ENOENT, "unknown key (did you mean %s=?)", near);
        return policy_say(ret_message, -ENOENT, "unknown key");
}

int policy_key_set(Policy *p, const char *section, const char *name, const char *value,
                   char **ret_message) {
        const PolicyKey *key = policy_key_find(section, name);

        *ret_message = NULL;
        if (!key)
                return say_unknown(section, name, ret_message);
        if (!key->parse && key->help)
                return policy_say(ret_message, -EOPNOTSUPP, "%s", key->help);
        if (!key->parse)
                return policy_say(ret_message, -EOPNOTSUPP,
                                  "not supported by this version (remove it; what it asks for would "
                                  "not be done)");
        if (!value[strspn(value, " \t")]) {
                key->reset(key, p);
                return 0;
        }
        return key->parse(key, p, value, ret_message);
}

int policy_key_set_lines(Policy *p, const char *section, const char *name, const char *lines) {
        _cleanup_(freep) char *copy = strdup(lines);
        char *save = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_(freep) char *message = NULL;
                int r = policy_key_set(p, section, name, line, &message);

                if (r < 0)
                        return r;
        }
        return 0;
}

#define QUALIFIED_MAX 128

int policy_keys_for_each_value(const Policy *p, policy_key_value_t callback, void *userdata) {
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *key = &policy_keys[i];
                _cleanup_(freep) char *value = NULL;
                char qualified[QUALIFIED_MAX];
                int r;

                if (!key->parse)
                        continue;
                value = key->format(key, p);
                if (!value)
                        return -ENOMEM;
                if (!*value)
                        continue;
                (void) snprintf(qualified, sizeof(qualified), "%s.%s", key->section, key->name);
                r = callback(key, qualified, value, userdata);
                if (r != 0)
                        return r;
        }
        return 0;
}

int policy_key_set_qualified(Policy *p, const char *qualified, const char *value) {
        const char *dot = strchr(qualified, '.');

        if (!dot)
                return -EBADMSG;
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *key = &policy_keys[i];
                size_t n = strlen(key->section);

                if ((size_t) (dot - qualified) == n && strncmp(qualified, key->section, n) == 0 &&
                    strcmp(dot + 1, key->name) == 0)
                        return policy_key_set_lines(p, key->section, key->name, value);
        }
        return -ENOENT;
}
