/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-key.h"

/* The functions that rows of policy_keys[] consist of: for each kind of value, parse, reset and
 * format as policy-keys.h says, on the field at key->offset. `data` is what the kind says. */

#define DECLARE_VALUE_KIND(kind)                                                                 \
        int policy_parse_##kind(const PolicyKey *key, Policy *p, const char *value,              \
                                char **ret_message);                                             \
        void policy_reset_##kind(const PolicyKey *key, Policy *p);                               \
        char *policy_format_##kind(const PolicyKey *key, const Policy *p)

/* What a key is about. */
#define FIELD(type, key, p) ((type *) ((char *) (p) + (key)->offset))
#define CONST_FIELD(type, key, p) ((type const *) ((const char *) (p) + (key)->offset))

typedef enum ValueWords { /* data of choice and flag; a choice whose first two are no and yes takes their other spellings, too */
        WORDS_MODE,
        WORDS_ON_FAILURE,
        WORDS_IF_UNSUPPORTED,
        WORDS_SCOPE,
        WORDS_DEVICE_POLICY,
        WORDS_BOOLEAN,
        WORDS_EGRESS,
        WORDS_INGRESS,
        WORDS_TRAFFIC_ACTION,
        WORDS_IPVLAN,
        WORDS_PRIVATE_TMP,
        WORDS_PROTECT_SYSTEM,
        WORDS_PROTECT_HOME,
        WORDS_PROTECT_PROC,
        WORDS_PROC_SUBSET,
        WORDS_KEYRING,
} ValueWords;

typedef enum MemoryKind { /* data of memory */
        MEMORY_PROTECTION, /* 0 is unset and allowed */
        MEMORY_LIMIT,      /* 0 is refused: nothing could run */
        MEMORY_SWAP,       /* 0 is allowed */
} MemoryKind;

typedef enum NumberKind { /* data of number */
        NUMBER_WEIGHT,
        NUMBER_SESSIONS,
        NUMBER_CONNECTIONS,
} NumberKind;

typedef enum RulesKind { /* data of rules */
        RULES_EGRESS_ALLOW, /* takes "@host" */
        RULES_OTHER,
} RulesKind;

typedef enum TimeKind { /* data of time */
        TIME_LINGER,
        TIME_CPU_PERIOD,
} TimeKind;

typedef enum SmallKind { /* data of small */
        SMALL_NICE,
        SMALL_OOM_SCORE,
        SMALL_UMASK,
} SmallKind;

DECLARE_VALUE_KIND(text);        /* char *: anything printable */
DECLARE_VALUE_KIND(policy_name); /* char * */
DECLARE_VALUE_KIND(hostname);    /* char * with % */
DECLARE_VALUE_KIND(choice);      /* an enum; ValueWords */
DECLARE_VALUE_KIND(flag);        /* bool; ValueWords */
DECLARE_VALUE_KIND(match);       /* MatchList; MatchField */
DECLARE_VALUE_KIND(namespaces);  /* unsigned */
DECLARE_VALUE_KIND(number);      /* uint64_t; NumberKind */
DECLARE_VALUE_KIND(time);        /* uint64_t; TimeKind */
DECLARE_VALUE_KIND(cpu_quota);   /* uint64_t */
DECLARE_VALUE_KIND(cpu_list);    /* char * */
DECLARE_VALUE_KIND(memory);      /* uint64_t; MemoryKind */
DECLARE_VALUE_KIND(tasks);       /* uint64_t */
DECLARE_VALUE_KIND(io_limit);    /* Resources; data: offset in IoLimit */
DECLARE_VALUE_KIND(device_allow); /* Resources */
DECLARE_VALUE_KIND(pool);
DECLARE_VALUE_KIND(address);
DECLARE_VALUE_KIND(dns);
DECLARE_VALUE_KIND(port);
DECLARE_VALUE_KIND(domains);  /* char ** */
DECLARE_VALUE_KIND(rules);    /* PolicyRules; RulesKind */
DECLARE_VALUE_KIND(gateway);
DECLARE_VALUE_KIND(link_name);   /* char * */
DECLARE_VALUE_KIND(interfaces);  /* char **: names of links */
DECLARE_VALUE_KIND(network_mode);
DECLARE_VALUE_KIND(bandwidth);   /* uint64_t */
DECLARE_VALUE_KIND(traffic);     /* TrafficLimit */
DECLARE_VALUE_KIND(paths);       /* char **; PathsKind */
DECLARE_VALUE_KIND(root);        /* char *: a directory */
DECLARE_VALUE_KIND(capabilities); /* uint64_t */
DECLARE_VALUE_KIND(syscalls);    /* NameFilter */
DECLARE_VALUE_KIND(families);    /* NameFilter */
DECLARE_VALUE_KIND(error_number); /* int */
DECLARE_VALUE_KIND(architectures); /* char ** */
DECLARE_VALUE_KIND(restrict_namespaces); /* unsigned: the forbidden ones */
DECLARE_VALUE_KIND(limit);       /* PolicyLimit; RLIMIT_* */
DECLARE_VALUE_KIND(small);       /* int or NUMBER_UNSET; SmallKind */
DECLARE_VALUE_KIND(environment); /* char ** */
DECLARE_VALUE_KIND(offset);      /* int64_t, usec */

/* Absolute, without "." and "..", at most 4095 bytes, no control bytes. */
bool policy_path_is_clean(const char *path);

/* [A-Za-z0-9_.-], 1 to 64 bytes, no leading '.' or '-'. */
bool policy_name_valid(const char *name);

#define POLICY_SI_MAX 24
/* "20M", as parse_si_bytes() reads it. */
const char *policy_si_to_string(uint64_t number, char buffer[static POLICY_SI_MAX]);

/* For parsers: sets *ret_message and returns `r`, or -ENOMEM. */
int policy_say(char **ret_message, int r, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Splits at blanks, with quotes as systemd.syntax(7) has them. -EINVAL with *ret_message; -ENOMEM. */
int policy_split_quoted(const char *value, char ***ret, char **ret_message);
