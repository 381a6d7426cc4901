/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every key with good, bad and border values; what format() writes, parse() reads back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netns/shaping.h"
#include "policies/policy-keys.h"

typedef struct Case {
        const char *section, *key, *value;
        const char *formatted; /* NULL: refused */
        const char *message;   /* a part of it; with `formatted`: of the warning */
} Case;

#define TEXT_64 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"

static const Case cases[] = {
        { "Policy", "Description", "Students; on # the \"server\"", "Students; on # the \"server\"" },
        { "Policy", "Extends", "base", "base" },
        { "Policy", "Extends", "50-a_b.c", "50-a_b.c" },
        { "Policy", "Extends", TEXT_64, TEXT_64 },
        { "Policy", "Extends", TEXT_64 "h", NULL, "64" },
        { "Policy", "Extends", "base.ini", NULL, "without .ini" },
        { "Policy", "Extends", "../base", NULL, "no policy name" },
        { "Policy", "Extends", "-base", NULL, "no policy name" },
        { "Policy", "Extends", "a b", NULL, "no policy name" },
        { "Policy", "Mode", "enforce", "enforce" },
        { "Policy", "Mode", "observe", "observe" },
        { "Policy", "Mode", "Observe", NULL, "enforce or observe" },
        { "Policy", "OnFailure", "deny", "deny" },
        { "Policy", "OnFailure", "allow", "allow" },
        { "Policy", "OnFailure", "yes", NULL, "deny or allow" },
        { "Policy", "IfUnsupported", "error", "error" },
        { "Policy", "IfUnsupported", "warn", "warn" },
        { "Policy", "IfUnsupported", "ignore", NULL, "error or warn" },

        { "Match", "User", "alice ~bob 1000 ~0", "alice ~bob 1000 ~0" },
        { "Match", "User", "alice\t carol", "alice carol" },
        { "Match", "User", "CORP\\alice x@y.org pc$", "CORP\\alice x@y.org pc$" },
        { "Match", "User", "4294967294", "4294967294" },
        { "Match", "User", "4294967295", NULL, "nobody's number" },
        { "Match", "User", "65535", NULL, "nobody's number" },
        { "Match", "User", "99999999999999999999", NULL, "nobody's number" },
        { "Match", "User", "al*", NULL, "no patterns" },
        { "Match", "User", "../x", NULL, "no name" },
        { "Match", "User", "-rf", NULL, "no name" },
        { "Match", "User", "~~x", NULL, "no name" },
        { "Match", "User", "~", NULL, "a ~ alone" },
        { "Match", "Unit", "nginx.service  a@b.service", "nginx.service a@b.service" },
        { "Match", "Unit", "dev-x\\x2dy@a:b.service", "dev-x\\x2dy@a:b.service" },
        { "Match", "Unit", "nginx", NULL, "no service" },
        { "Match", "Unit", "nginx.socket", NULL, "no service" },
        { "Match", "Unit", ".service", NULL, "no service" },
        { "Match", "Unit", "a@.service", NULL, "of a template, an instance" },
        { "Match", "Unit", "@b.service", NULL, "no service" },
        { "Match", "Unit", "../x.service", NULL, "no service" },
        { "Match", "Unit", "-x.service", NULL, "no service" },
        { "Match", "Unit", "x*.service", NULL, "no service" },
        { "Match", "Unit", "x%i.service", NULL, "no service" },
        { "Match", "Unit", "~nginx.service", NULL, "not excluded" },
        { "Match", "UID", "1000 ~1005-1010 0", "1000 ~1005-1010 0" },
        { "Match", "UID", "0-4294967294", "0-4294967294" },
        { "Match", "UID", "0-4294967295", NULL, "no uid" },
        { "Match", "UID", "2-1", NULL, "no uid" },
        { "Match", "UID", "alice", NULL, "no uid" },
        { "Match", "UID", "1000-", NULL, "no uid" },
        { "Match", "Group", "students ~staff 100", "students ~staff 100" },
        { "Match", "Group", "stud?", NULL, "no patterns" },
        { "Match", "Service", "sshd login ~cron su*", "sshd login ~cron su*" },
        { "Match", "Service", "/etc/pam.d/sshd", NULL, "no PAM service" },
        { "Match", "TTY", "pts/* ~/dev/tty[1-6]", "pts/* ~/dev/tty[1-6]" },
        { "Match", "TTY", "~", NULL, "a ~ alone" },
        { "Match", "RemoteHost", "10.0.0.0/8 ~10.1.2.3 fd00::/8 *.Example.org",
          "10.0.0.0/8 ~10.1.2.3 fd00::/8 *.Example.org" },
        { "Match", "RemoteHost", "10.0.0.1/8", NULL, "(10.0.0.0/8)" },
        { "Match", "RemoteHost", "fd00:1::1/16", NULL, "(fd00::/16)" },
        { "Match", "RemoteHost", "10.0.0.0/33", NULL, "neither an address" },
        { "Match", "RemoteHost", "10.0.0.256", NULL, "neither an address" },
        { "Match", "RemoteHost", "10.0", NULL, "neither an address" },
        { "Match", "RemoteHost", "fd00::x", NULL, "neither an address" },
        { "Match", "RemoteHost", "::ffff:10.0.0.0/104", NULL, "IPv4" },

        { "Cell", "Scope", "session", "session" },
        { "Cell", "Scope", "user", "user" },
        { "Cell", "Scope", "policy", "policy" },
        { "Cell", "Scope", "group", NULL, "session, user or policy" },
        { "Cell", "Namespaces", "uts mnt pid mnt", "mnt pid uts" },
        { "Cell", "Namespaces", "mnt pid net ipc uts cgroup", "mnt pid net ipc uts cgroup" },
        { "Cell", "Namespaces", "mnt pid user time", "mnt pid user time" },
        { "Cell", "Namespaces", "users", NULL, "no namespace" },
        { "Cell", "Namespaces", "mnt,pid", NULL, "no namespace" },
        { "Cell", "Namespaces", "~mnt", NULL, "no namespace" },
        { "Cell", "Hostname", "%u.%H", "%u.%H" },
        { "Cell", "Hostname", "a-%U-%g.%s", "a-%U-%g.%s" },
        { "Cell", "Hostname", TEXT_64, TEXT_64 },
        { "Cell", "Hostname", TEXT_64 "h", NULL, "no host name" },
        { "Cell", "Hostname", "%x", NULL, "unknown %" },
        { "Cell", "Hostname", "a%", NULL, "unknown %" },
        { "Cell", "Hostname", "a%%b", NULL, "no host name" },
        { "Cell", "Hostname", "-a", NULL, "no host name" },
        { "Cell", "Hostname", "a-", NULL, "no host name" },
        { "Cell", "Hostname", "a..b", NULL, "no host name" },
        { "Cell", "Hostname", "a_b", NULL, "no host name" },
        { "Cell", "Hostname", "a b", NULL, "no host name" },
        { "Cell", "MaxSessions", "1", "1" },
        { "Cell", "MaxSessions", "1000000", "1000000" },
        { "Cell", "MaxSessions", "infinity", "infinity" },
        { "Cell", "MaxSessions", "0", NULL, "from 1 to 1000000" },
        { "Cell", "MaxSessions", "1000001", NULL, "from 1 to 1000000" },
        { "Cell", "MaxSessions", "-1", NULL, "from 1" },
        { "Cell", "LingerSec", "0", "0" },
        { "Cell", "LingerSec", "90", "1min 30s" },
        { "Cell", "LingerSec", "2h 30min", "2h 30min" },
        { "Cell", "LingerSec", "infinity", "infinity" },
        { "Cell", "LingerSec", "soon", NULL, "no time span" },
        { "Cell", "LingerSec", "-1", NULL, "no time span" },

        { "Resources", "DevicePolicy", "auto", "auto" },
        { "Resources", "DevicePolicy", "closed", "closed" },
        { "Resources", "DevicePolicy", "strict", "strict" },
        { "Resources", "DevicePolicy", "open", NULL, "auto, closed or strict" },
        { "Resources", "DeviceAllow", "/dev/fuse", "/dev/fuse rwm" },
        { "Resources", "DeviceAllow", "/dev/fuse wr", "/dev/fuse rw" },
        { "Resources", "DeviceAllow", "char-pts block-loop r", "char-pts rwm block-loop r" },
        { "Resources", "DeviceAllow", "/dev/fuse rr", NULL, "no access" },
        { "Resources", "DeviceAllow", "/dev/fuse rwx", NULL, "no access" },
        { "Resources", "DeviceAllow", "/dev/fuse r w", NULL, "no device" },
        { "Resources", "DeviceAllow", "/etc/passwd r", NULL, "no device" },
        { "Resources", "DeviceAllow", "/dev/../etc/passwd r", NULL, "no device" },
        { "Resources", "DeviceAllow", "/dev/", NULL, "no device" },
        { "Resources", "DeviceAllow", "char-", NULL, "no device" },

        { "Network", "Mode", "routed", "routed" },
        { "Network", "Mode", "none", "none" },
        { "Network", "Mode", "host", "host" },
        { "Network", "Mode", "macvlan", "macvlan" },
        { "Network", "Mode", "ipvlan", "ipvlan" },
        { "Network", "Mode", "interface", "interface" },
        { "Network", "Mode", "cell:web", "cell:web" },
        { "Network", "Mode", "cell", NULL, "none of its values" },
        { "Network", "Mode", "cell:", NULL, "no name of a policy" },
        { "Network", "Mode", "cell:../x", NULL, "no name of a policy" },
        { "Network", "Mode", "vlan", NULL,
          "none of its values (routed, none, host, bridge, macvlan, ipvlan, interface or cell:POLICY)" },
        { "Network", "Interface", "eth1 ens1f0v2", "eth1 ens1f0v2" },
        { "Network", "Interface", "eth0.100", "eth0.100" },
        { "Network", "Interface", "lo", NULL, "loopback" },
        { "Network", "Interface", "eth1 eth1", NULL, "given twice" },
        { "Network", "Interface", "../eth1", NULL, "no name of an interface" },
        { "Network", "Interface", "abcdefghijklmnop", NULL, "no name of an interface" },
        { "Network", "IPVLANMode", "l2", "l2" },
        { "Network", "IPVLANMode", "l3s", "l3s" },
        { "Network", "IPVLANMode", "l3", NULL, "none of its values (l2 or l3s)" },
        { "Network", "Pool", "10.77.0.0/16 fd77::/64", "10.77.0.0/16 fd77::/64" },
        { "Network", "Pool", "10.77.0.0/30", "10.77.0.0/30" },
        { "Network", "Pool", "fd77::/126", "fd77::/126" },
        { "Network", "Pool", "10.77.0.0/31", NULL, "too small" },
        { "Network", "Pool", "fd77::/127", NULL, "too small" },
        { "Network", "Pool", "10.77.0.0", NULL, "no prefix" },
        { "Network", "Pool", "10.77.0.1/16", NULL, "(10.77.0.0/16)" },
        { "Network", "Pool", "10.0.0.0/16 10.1.0.0/16", NULL, "second IPv4" },
        { "Network", "Pool", "127.0.0.0/16", NULL, "loopback" },
        { "Network", "Pool", "224.0.0.0/8", NULL, "multicast" },
        { "Network", "Pool", "0.0.0.0/0", NULL, "overlaps" },
        { "Network", "Pool", "fe80::/64", NULL, "link-local" },
        { "Network", "Pool", "::/0", NULL, "overlaps" },
        { "Network", "Address", "dynamic", "dynamic" },
        { "Network", "Address", "per-user", "per-user" },
        { "Network", "Address", "10.77.0.5 fd77::5", "10.77.0.5 fd77::5" },
        { "Network", "Address", "10.77.0.5 10.77.0.6", NULL, "second IPv4" },
        { "Network", "Address", "static", NULL, "dynamic, per-user" },
        { "Network", "Address", "10.77.0.5/24", NULL, "no address" },
        { "Network", "Address", "127.0.0.1", NULL, "loopback" },
        { "Network", "Port", "tcp:8080:80 udp:53\t443", "tcp:8080:80 udp:53 tcp:443", NULL },
        { "Network", "Port", "udp:1:65535", "udp:1:65535" },
        { "Network", "Port", "53 udp:53", "tcp:53 udp:53" },
        { "Network", "Port", "80:80", "tcp:80" },
        { "Network", "Port", "80 tcp:80:81", NULL, "given twice" },
        { "Network", "Port", "0", NULL, "no port" },
        { "Network", "Port", "65536", NULL, "no port" },
        { "Network", "Port", "80:", NULL, "no port" },
        { "Network", "Port", ":80", NULL, "no port" },
        { "Network", "Port", "80:81:82", NULL, "no port" },
        { "Network", "Port", "sctp:80", NULL, "no port" },
        { "Network", "Port", "+80", NULL, "no port" },
        { "Network", "Port", "http", NULL, "no port" },
        { "Network", "DNS", "10.77.0.1 9.9.9.9 fd77::1", "10.77.0.1 9.9.9.9 fd77::1" },
        { "Network", "Domains", "example.org lab.example.org", "example.org lab.example.org" },
        { "Network", "Domains", "-x", NULL, "no domain" },
        { "Network", "Domains", "a..b", NULL, "no domain" },
        { "Network", "Domains", "a;b", NULL, "no domain" },
        { "Network", "Domains", "a b c d e f g", NULL, "more than 6 domains" },
        { "Network", "Egress", "deny", "deny" },
        { "Network", "Egress", "no", NULL, "allow" },
        { "Network", "Ingress", "allow", "allow" },
        { "Network", "Ingress", "yes", NULL, "allow" },
        { "Network", "EgressAllow", "tcp:443-443 icmp@10.0.0.0/8", "tcp:443 icmp@10.0.0.0/8" },
        { "Network", "EgressAllow", "http", NULL, "such as tcp:443" },
        { "Network", "EgressDeny", "any@10.0.0.0/8", "any@10.0.0.0/8" },
        { "Network", "EgressDeny", "any", NULL, "Egress=" },
        { "Network", "IngressAllow", "tcp:22@fd00::/8", "tcp:22@fd00::/8" },
        { "Network", "IngressAllow", "tcp:22@host", NULL, "EgressAllow= alone" },
        { "Network", "MaxConnections", "100", "100" },
        { "Network", "MaxConnections", "infinity", "infinity" },
        { "Network", "MaxConnections", "0", NULL, "1 to 1000000" },
        { "Network", "LogDenied", "yes", "yes" },
        { "Network", "LogDenied", "some", NULL, "neither yes nor no" },
        { "Network", "DNS", "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4", NULL, "one too many" },
        { "Network", "DNS", "127.0.0.53", NULL, "loopback" },
        { "Network", "DNS", "dns.example.org", NULL, "no address" },
        { "Network", "BandwidthUp", "20M", "20M" },
        { "Network", "BandwidthUp", "10", NULL, "out of range (64K to 100G" },
        { "Network", "BandwidthDown", "1.5G", "1500M" },
        { "Network", "BandwidthDown", "fast", NULL, "no bandwidth" },
        { "Network", "TrafficMax", "100G per month", "100G per month" },
        { "Network", "TrafficMax", " 1500M  per week", "1500M per week" },
        { "Network", "TrafficMax", "100G", NULL, "no volume of traffic (such as \"100G per month\"" },
        { "Network", "TrafficMax", "100G per year", NULL, "no volume of traffic" },
        { "Network", "TrafficMax", "much per day", NULL, "no volume of traffic" },
        { "Network", "TrafficMax", "10K per day", NULL, "out of range (1M to 1000T" },
        { "Network", "TrafficMax", "2000T per day", NULL, "out of range (1M to 1000T" },
        { "Network", "TrafficMaxAction", "slow", "slow" },
        { "Network", "TrafficMaxAction", "stop", NULL, "none of its values (deny or slow)" },
        { "Network", "TrafficMaxRate", "1M", "1M" },
        { "Network", "TrafficMaxRate", "1", NULL, "out of range" },
        { "PolicyResources", "TrafficMax", "2T per day", "2T per day" },
        { "PolicyResources", "TrafficMax", "2T a day", NULL, "no volume of traffic" },
        { "UserResources", "BandwidthUp", "20M", "20M" },
        { "UserResources", "BandwidthUp", "10", NULL, "out of range" },
        { "UserResources", "BandwidthDown", "20M", "20M" },
        { "UserResources", "BandwidthDown", "10", NULL, "out of range" },
        { "PolicyResources", "BandwidthUp", "2G", "2G" },
        { "PolicyResources", "BandwidthUp", "10", NULL, "out of range" },
        { "PolicyResources", "BandwidthDown", "2G", "2G" },
        { "PolicyResources", "BandwidthDown", "-", NULL, "no bandwidth" },
        { "Network", "Bridge", "br-lab.5", "br-lab.5" },
        { "Network", "Bridge", "br0 accept", NULL, "no name of an interface" },
        { "Network", "Bridge", "sixteen-letters-", NULL, "no name of an interface" },
        { "Network", "Isolate", "no", "no" },
        { "Network", "Isolate", "some", NULL, "neither yes nor no" },
        { "Network", "Gateway", "10.77.0.1 fd77::1", "10.77.0.1 fd77::1" },
        { "Network", "Gateway", "10.77.0.1 10.77.0.2", NULL, "second IPv4" },
        { "Network", "Gateway", "127.0.0.1", NULL, "loopback" },
        { "Network", "Mode", "bridge", "bridge" },
        { "Network", "Masquerade", "yes", "yes" },
        { "Network", "Masquerade", "off", "no" },
        { "Network", "Masquerade", "maybe", NULL, "neither yes nor no" },
        { "Filesystem", "PrivateTmp", "0", "no" },
        { "Filesystem", "PrivateTmp", "true", "yes" },
        { "Filesystem", "PrivateTmp", "2", NULL, "none of its values (no, yes, disconnected or persistent)" },
        { "Filesystem", "PrivateTmp", "persistent", "persistent" },
        { "Filesystem", "PrivateTmp", "disconnected", "disconnected" },
        { "Filesystem", "ProtectSystem", "on", "yes" },
        { "Filesystem", "ProtectSystem", "strict", "strict" },
        { "Filesystem", "ProtectSystem", "all", NULL, "no, yes, full or strict" },
        { "Filesystem", "ProtectHome", "read-only", "read-only" },
        { "Filesystem", "ProtectHome", "tmpfs", "tmpfs" },
        { "Filesystem", "ProtectHome", "ro", NULL, "no, yes, read-only or tmpfs" },
        { "Filesystem", "ReadOnlyPaths", "/a//b/ -/c /%u", "/a/b -/c /%u" },
        { "Filesystem", "ReadOnlyPaths", "-+/c /c", "-/c /c" },
        { "Filesystem", "ReadOnlyPaths", "/ /a /a", "/ /a" },
        { "Filesystem", "ReadOnlyPaths", "\"/a b\" -'/c d'/e /f\\ g \"\"/h", "\"/a b\" \"-/c d/e\" \"/f g\" /h" },
        { "Filesystem", "ReadOnlyPaths", "\"/a b", NULL, "a quote has no end" },
        { "Filesystem", "ReadOnlyPaths", "\"\"", NULL, "no absolute path" },
        { "Filesystem", "ReadOnlyPaths", "a/b", NULL, "no absolute path" },
        { "Filesystem", "ReadOnlyPaths", "/a/../b", NULL, "no absolute path" },
        { "Filesystem", "ReadOnlyPaths", "/a/.", NULL, "no absolute path" },
        { "Filesystem", "ReadOnlyPaths", "/a/%x", NULL, "unknown %" },
        { "Filesystem", "ReadOnlyPaths", "--/a", NULL, "no absolute path" },
        { "Filesystem", "ReadWritePaths", "/a/...", "/a/..." },
        { "Filesystem", "ReadWritePaths", "/a /b\x01", NULL, "no absolute path" },
        { "Filesystem", "InaccessiblePaths", "/srv/exams", "/srv/exams" },
        { "Filesystem", "InaccessiblePaths", "-", NULL, "no absolute path" },
        { "Filesystem", "NoExecPaths", "/", "/" },
        { "Filesystem", "NoExecPaths", "~/x", NULL, "no absolute path" },
        { "Filesystem", "ExecPaths", "/usr", "/usr" },
        { "Filesystem", "ExecPaths", "./x", NULL, "no absolute path" },
        { "Filesystem", "BindPaths", "/scratch/%u:/scratch -/a", "/scratch/%u:/scratch -/a:/a" },
        { "Filesystem", "BindPaths", "/a:/b:norbind /c:/d:rbind", "/a:/b:norbind /c:/d" },
        { "Filesystem", "BindPaths", "\"/a b\":'/c d' \"-/e f:/g\"", "\"/a b\":\"/c d\" \"-/e f\":/g" },
        { "Filesystem", "BindPaths", "/a:/b:ro", NULL, "neither rbind nor norbind" },
        { "Filesystem", "BindPaths", "/a:b", NULL, "no absolute path" },
        { "Filesystem", "BindPaths", "/a:/", NULL, "RootDirectory=" },
        { "Filesystem", "BindReadOnlyPaths", "/a", "/a:/a" },
        { "Filesystem", "BindReadOnlyPaths", "a", NULL, "no absolute path" },
        { "Filesystem", "TemporaryFileSystem", "/var/cache:size=64M,nr_inodes=1K,ro /x",
          "/var/cache:size=64M,nr_inodes=1K,ro /x" },
        { "Filesystem", "TemporaryFileSystem", "/x:size=10%,mode=1777,uid=%U", "/x:size=10%,mode=1777,uid=%U" },
        { "Filesystem", "TemporaryFileSystem", "/x:size=much", NULL, "no option" },
        { "Filesystem", "TemporaryFileSystem", "/x:huge=always", NULL, "no option" },
        { "Filesystem", "TemporaryFileSystem", "/x:mode=9", NULL, "no option" },
        { "Filesystem", "TemporaryFileSystem", "/x:size=infinity", NULL, "no option" },
        { "Filesystem", "TemporaryFileSystem", "/", NULL, "nothing left" },
        { "Filesystem", "RootDirectory", "/srv/root/", "/srv/root" },
        { "Filesystem", "RootDirectory", "/", "" },
        { "Filesystem", "RootDirectory", "srv", NULL, "no absolute path" },
        { "Filesystem", "PrivateDevices", "yes", "yes" },
        { "Filesystem", "PrivateDevices", "all", NULL, "neither" },
        { "Filesystem", "PrivateMounts", "yes", "yes" },
        { "Filesystem", "PrivateMounts", "x", NULL, "neither" },
        { "Filesystem", "ProtectProc", "invisible", "invisible" },
        { "Filesystem", "ProtectProc", "yes", NULL, "noaccess" },
        { "Filesystem", "ProcSubset", "pid", "pid" },
        { "Filesystem", "ProcSubset", "yes", NULL, "all or pid" },
        { "Filesystem", "ProtectKernelTunables", "yes", "yes" },
        { "Filesystem", "ProtectKernelTunables", "x", NULL, "neither" },
        { "Filesystem", "ProtectKernelModules", "yes", "yes" },
        { "Filesystem", "ProtectKernelModules", "x", NULL, "neither" },
        { "Filesystem", "ProtectKernelLogs", "yes", "yes" },
        { "Filesystem", "ProtectKernelLogs", "x", NULL, "neither" },

        { "Process", "NoNewPrivileges", "yes", "yes" },
        { "Process", "NoNewPrivileges", "2", NULL, "neither" },
        { "Process", "CapabilityBoundingSet", "~CAP_NET_RAW CAP_SYS_PTRACE", "~CAP_NET_RAW CAP_SYS_PTRACE" },
        { "Process", "CapabilityBoundingSet", "cap_chown CAP_KILL", "CAP_CHOWN CAP_KILL" },
        { "Process", "CapabilityBoundingSet", "~", "" },
        { "Process", "CapabilityBoundingSet", "none", "none" },
        { "Process", "CapabilityBoundingSet", "CAP_EVERYTHING", NULL, "no capability" },
        { "Process", "CapabilityBoundingSet", "NET_RAW", NULL, "no capability" },
        { "Process", "AmbientCapabilities", "CAP_NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE" },
        { "Process", "AmbientCapabilities", "net", NULL, "no capability" },
        { "Process", "SystemCallFilter", "~@mount @keyring:EACCES ptrace", "~@mount @keyring:EACCES ptrace" },
        { "Process", "SystemCallFilter", "@system-service", "@system-service" },
        { "Process", "SystemCallFilter", "~fchmodat2 open_tree_attr", "~fchmodat2 open_tree_attr" },
        { "Process", "SystemCallFilter", "@everything", NULL, "no system call" },
        { "Process", "SystemCallFilter", "reed", NULL, "no system call" },
        { "Process", "SystemCallFilter", "~read:EWRONG", NULL, "no error" },
        { "Process", "SystemCallErrorNumber", "EPERM", "EPERM" },
        { "Process", "SystemCallErrorNumber", "13", "EACCES" },
        { "Process", "SystemCallErrorNumber", "4000", "4000" },
        { "Process", "SystemCallErrorNumber", "kill", "" },
        { "Process", "SystemCallErrorNumber", "4096", NULL, "no error" },
        { "Process", "SystemCallErrorNumber", "PERM", NULL, "no error" },
        { "Process", "SystemCallArchitectures", "native x86", "native x86" },
        { "Process", "SystemCallArchitectures", "i386", NULL, "no architecture" },
        { "Process", "RestrictNamespaces", "yes", "yes" },
        { "Process", "RestrictNamespaces", "~user net", "~net user" },
        { "Process", "RestrictNamespaces", "cgroup ipc net mnt pid uts time", "~user" },
        { "Process", "RestrictNamespaces", "net user", "net user" },
        { "Process", "RestrictNamespaces", "user", "user" },
        { "Process", "RestrictNamespaces", "users", NULL, "nor a namespace" },
        { "Process", "RestrictAddressFamilies", "AF_UNIX AF_INET", "AF_UNIX AF_INET" },
        { "Process", "RestrictAddressFamilies", "~AF_PACKET", "~AF_PACKET" },
        { "Process", "RestrictAddressFamilies", "none", "none" },
        { "Process", "RestrictAddressFamilies", "INET", NULL, "no address family" },
        { "Process", "RestrictRealtime", "yes", "yes" },
        { "Process", "RestrictRealtime", "x", NULL, "neither" },
        { "Process", "RestrictSUIDSGID", "yes", "yes" },
        { "Process", "RestrictSUIDSGID", "x", NULL, "neither" },
        { "Process", "MemoryDenyWriteExecute", "yes", "yes" },
        { "Process", "MemoryDenyWriteExecute", "x", NULL, "neither" },
        { "Process", "LockPersonality", "yes", "yes" },
        { "Process", "LockPersonality", "x", NULL, "neither" },
        { "Process", "LimitCPU", "90", "1min 30s" },
        { "Process", "LimitCPU", "1h:2h", "1h:2h" },
        { "Process", "LimitCPU", "much", NULL, "no limit" },
        { "Process", "LimitFSIZE", "1G", "1G" },
        { "Process", "LimitFSIZE", "2G:1G", NULL, "above the hard one" },
        { "Process", "LimitDATA", "64M:infinity", "64M:infinity" },
        { "Process", "LimitDATA", "64MB", NULL, "no limit" },
        { "Process", "LimitSTACK", "8M", "8M" },
        { "Process", "LimitSTACK", "-1", NULL, "no limit" },
        { "Process", "LimitCORE", "0", "0" },
        { "Process", "LimitCORE", ":", NULL, "no limit" },
        { "Process", "LimitRSS", "infinity", "infinity" },
        { "Process", "LimitRSS", "x", NULL, "no limit" },
        { "Process", "LimitNOFILE", "1024:4096", "1024:4096" },
        { "Process", "LimitNOFILE", "4K", NULL, "no limit" },
        { "Process", "LimitAS", "4G", "4G" },
        { "Process", "LimitAS", "x", NULL, "no limit" },
        { "Process", "LimitNPROC", "100", "100" },
        { "Process", "LimitNPROC", "1:2:3", NULL, "no limit" },
        { "Process", "LimitMEMLOCK", "64K", "64K" },
        { "Process", "LimitMEMLOCK", "x", NULL, "no limit" },
        { "Process", "LimitLOCKS", "10", "10" },
        { "Process", "LimitLOCKS", "x", NULL, "no limit" },
        { "Process", "LimitSIGPENDING", "100", "100" },
        { "Process", "LimitSIGPENDING", "x", NULL, "no limit" },
        { "Process", "LimitMSGQUEUE", "800K", "800K" },
        { "Process", "LimitMSGQUEUE", "x", NULL, "no limit" },
        { "Process", "LimitNICE", "-5", "25" },
        { "Process", "LimitNICE", "+10", "10" },
        { "Process", "LimitNICE", "30", "30" },
        { "Process", "LimitNICE", "-21", NULL, "no limit" },
        { "Process", "LimitRTPRIO", "0", "0" },
        { "Process", "LimitRTPRIO", "x", NULL, "no limit" },
        { "Process", "LimitRTTIME", "1s", "1000000" },
        { "Process", "LimitRTTIME", "x", NULL, "no limit" },
        { "Process", "Nice", "-20", "-20" },
        { "Process", "Nice", "19", "19" },
        { "Process", "Nice", "20", NULL, "from -20 to 19" },
        { "Process", "OOMScoreAdjust", "-1000", "-1000" },
        { "Process", "OOMScoreAdjust", "1001", NULL, "from -1000 to 1000" },
        { "Process", "UMask", "027", "0027" },
        { "Process", "UMask", "0", "0000" },
        { "Process", "UMask", "1000", NULL, "no mask" },
        { "Process", "UMask", "8", NULL, "no mask" },
        { "Process", "KeyringMode", "private", "private" },
        { "Process", "KeyringMode", "own", NULL, "inherit, private or shared" },
        { "Process", "Environment", "A=1 \"B=two words\" C='x\"y'", "A=1 \"B=two words\" \"C=x\\\"y\"" },
        { "Process", "Environment", "A=1 A=2 U=%u", "A=2 U=%u" },
        { "Process", "Environment", "A=", "A=" },
        { "Process", "Environment", "1A=x", NULL, "no variable" },
        { "Process", "Environment", "novalue", NULL, "no variable" },
        { "Process", "Environment", "A=\"x", NULL, "quote has no end" },
        { "Process", "Environment", "A=%z", NULL, "unknown %" },
        { "Cell", "MonotonicOffsetSec", "30d", "4w 2d" },
        { "Cell", "MonotonicOffsetSec", "-2h", "-2h" },
        { "Cell", "MonotonicOffsetSec", "soon", NULL, "no offset" },
        { "Cell", "BootTimeOffsetSec", "+1s", "1s" },
        { "Cell", "BootTimeOffsetSec", "20y", NULL, "no offset" },
};

/* In each of the three sections of limits. */
static const Case resource_cases[] = {
        { NULL, "CPUQuota", "150%", "150%" },
        { NULL, "CPUQuota", "12.5%", "12.5%" },
        { NULL, "CPUQuota", "0.1%", "0.1%" },
        { NULL, "CPUQuota", "819200%", "819200%" },
        { NULL, "CPUQuota", "819201%", NULL, "out of range" },
        { NULL, "CPUQuota", "0%", NULL, "out of range" },
        { NULL, "CPUQuota", "0.01%", NULL, "no percentage" },
        { NULL, "CPUQuota", "150", NULL, "no percentage" },
        { NULL, "CPUQuota", "-5%", NULL, "no percentage" },
        { NULL, "CPUQuota", "infinity", NULL, "empty is no quota" },
        { NULL, "CPUQuotaPeriodSec", "1ms", "1ms" },
        { NULL, "CPUQuotaPeriodSec", "1", "1s" },
        { NULL, "CPUQuotaPeriodSec", "999us", NULL, "out of range" },
        { NULL, "CPUQuotaPeriodSec", "1001ms", NULL, "out of range" },
        { NULL, "CPUQuotaPeriodSec", "infinity", NULL, "out of range" },
        { NULL, "CPUQuotaPeriodSec", "x", NULL, "no time span" },
        { NULL, "CPUWeight", "1", "1" },
        { NULL, "CPUWeight", "10000", "10000" },
        { NULL, "CPUWeight", "0", NULL, "from 1 to 10000" },
        { NULL, "CPUWeight", "10001", NULL, "from 1 to 10000" },
        { NULL, "CPUWeight", "idle", NULL, "from 1 to 10000" },
        { NULL, "CPUWeight", "infinity", NULL, "from 1 to 10000" },
        { NULL, "AllowedCPUs", "0-3,5 4", "0-5" },
        { NULL, "AllowedCPUs", "8191", "8191" },
        { NULL, "AllowedCPUs", "8192", NULL, "out of range" },
        { NULL, "AllowedCPUs", "3-1", NULL, "out of range" },
        { NULL, "AllowedCPUs", "all", NULL, "no list" },
        { NULL, "AllowedMemoryNodes", "0,2", "0,2" },
        { NULL, "AllowedMemoryNodes", "0-", NULL, "no list" },
        { NULL, "MemoryMin", "64M", "64M" },
        { NULL, "MemoryMin", "0", "" },
        { NULL, "MemoryMin", "infinity", "infinity" },
        { NULL, "MemoryMin", "-1", NULL, "no size" },
        { NULL, "MemoryLow", "1.5G", "1536M" },
        { NULL, "MemoryLow", "5", "5", "was a unit meant (5M)?" },
        { NULL, "MemoryLow", "5X", NULL, "no size" },
        { NULL, "MemoryHigh", "1048576", "1M" },
        { NULL, "MemoryHigh", "1048575", "1048575", "was a unit meant" },
        { NULL, "MemoryHigh", "0", NULL, "nothing could run" },
        { NULL, "MemoryMax", "512M", "512M" },
        { NULL, "MemoryMax", "512K", "512K" },
        { NULL, "MemoryMax", "infinity", "" },
        { NULL, "MemoryMax", "512", "512", "was a unit meant (512M)?" },
        { NULL, "MemoryMax", "0", NULL, "nothing could run" },
        { NULL, "MemoryMax", "0%", NULL, "nothing could run" },
        { NULL, "MemoryMax", "101%", NULL, "no share" },
        { NULL, "MemoryMax", "5%%", NULL, "no share" },
        { NULL, "MemoryMax", "512 M", NULL, "no size" },
        { NULL, "MemoryMax", "17E", NULL, "no size" },
        { NULL, "MemorySwapMax", "0", "0" },
        { NULL, "MemorySwapMax", "1T", "1T" },
        { NULL, "MemorySwapMax", "M", NULL, "no size" },
        { NULL, "TasksMax", "1", "1" },
        { NULL, "TasksMax", "2147483647", "2147483647" },
        { NULL, "TasksMax", "infinity", "" },
        { NULL, "TasksMax", "2147483648", NULL, "no number of tasks" },
        { NULL, "TasksMax", "0", NULL, "nothing could run" },
        { NULL, "TasksMax", "101%", NULL, "up to 100%" },
        { NULL, "TasksMax", "1k", NULL, "no number of tasks" },
        { NULL, "IOWeight", "1", "1" },
        { NULL, "IOWeight", "10000", "10000" },
        { NULL, "IOWeight", "0", NULL, "from 1 to 10000" },
        { NULL, "IOReadBandwidthMax", "/dev/vda 50M", "/dev/vda 50M" },
        { NULL, "IOReadBandwidthMax", "/dev/vda 1K /home 7", "/dev/vda 1K /home 7" },
        { NULL, "IOReadBandwidthMax", "/dev/vda infinity", "" },
        { NULL, "IOReadBandwidthMax", "/dev/vda", NULL, "amount for /dev/vda is missing" },
        { NULL, "IOReadBandwidthMax", "/dev/vda 0", NULL, "stand still" },
        { NULL, "IOReadBandwidthMax", "vda 50M", NULL, "no path" },
        { NULL, "IOReadBandwidthMax", "50M /dev/vda", NULL, "no path" },
        { NULL, "IOReadBandwidthMax", "/dev/../x 50M", NULL, "no path" },
        { NULL, "IOReadBandwidthMax", "/dev/vda 50MB", NULL, "no amount" },
        { NULL, "IOWriteBandwidthMax", "/dev/vda 1.5G", "/dev/vda 1500M" },
        { NULL, "IOWriteBandwidthMax", "/dev/vda -1", NULL, "no amount" },
        { NULL, "IOReadIOPSMax", "/dev/vda 1K", "/dev/vda 1K" },
        { NULL, "IOReadIOPSMax", "/dev/vda x", NULL, "no amount" },
        { NULL, "IOWriteIOPSMax", "/dev/vda 250", "/dev/vda 250" },
        { NULL, "IOWriteIOPSMax", "/dev/vda", NULL, "missing" },
};

static const char *const levels[] = { "Resources", "UserResources", "PolicyResources" };

static bool *key_seen_good, *key_seen_bad;

static char *format_of(const Policy *p, const char *section, const char *key) {
        const PolicyKey *k = policy_key_find(section, key);

        assert_non_null(k);
        return k->format(k, p);
}

static void assert_format(const Policy *p, const char *section, const char *key, const char *want) {
        _cleanup_(freep) char *text = format_of(p, section, key);

        assert_non_null(text);
        assert_string_equal(text, want);
}

/* What format() wrote gives the same again, over a fresh policy. */
static void assert_round_trip(const char *section, const char *key, const char *text) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("again");
        _cleanup_(freep) char *message = NULL;

        assert_true(policy_key_set(p, section, key, text, &message) >= 0);
        assert_format(p, section, key, text);
}

static void check_refused(const Case *c, const char *section) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");
        _cleanup_(freep) char *message = NULL, *before = format_of(p, section, c->key), *after = NULL;

        assert_int_equal(policy_key_set(p, section, c->key, c->value, &message), -EINVAL);
        assert_non_null(message);
        if (!strstr(message, c->message))
                fail_msg("%s=%s: \"%s\" lacks \"%s\"", c->key, c->value, message, c->message);
        after = format_of(p, section, c->key);
        assert_string_equal(before, after);
}

static void check_case(const Case *c, const char *section) {
        const PolicyKey *k = policy_key_find(section, c->key);
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");
        _cleanup_(policy_unrefp) Policy *fresh = policy_new("fresh");
        _cleanup_(freep) char *message = NULL, *again = NULL, *unset = format_of(fresh, section, c->key);
        int r;

        assert_non_null(k);
        (c->formatted ? key_seen_good : key_seen_bad)[k - policy_keys] = true;
        if (!c->formatted) {
                check_refused(c, section);
                return;
        }

        r = policy_key_set(p, section, c->key, c->value, &message);
        if (r < 0)
                fail_msg("[%s] %s=%s: %s", section, c->key, c->value, message ? message : "?");
        assert_int_equal(r, c->message ? 1 : 0);
        if (c->message) {
                assert_non_null(message);
                assert_non_null(strstr(message, c->message));
        } else
                assert_null(message);
        assert_format(p, section, c->key, c->formatted);
        if (*c->formatted) /* nobody writes what is the default anyway */
                assert_round_trip(section, c->key, c->formatted);

        assert_int_equal(policy_key_set(p, section, c->key, " ", &again), 0);
        /* as systemd has it: empty is no capability, and not all of them */
        assert_format(p, section, c->key, strcmp(c->key, "CapabilityBoundingSet") == 0 ? "none" : unset);
}

static void test_values(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check_case(&cases[i], cases[i].section);
        for (size_t i = 0; i < ELEMENTSOF(resource_cases); i++)
                for (size_t k = 0; k < ELEMENTSOF(levels); k++)
                        check_case(&resource_cases[i], levels[k]);

        for (size_t k = 0; k < n_policy_keys; k++) {
                const PolicyKey *key = &policy_keys[k];

                if (!key->parse)
                        continue;
                if (!key_seen_good[k])
                        fail_msg("[%s] %s= has no good value here", key->section, key->name);
                if (!key_seen_bad[k] && strcmp(key->name, "Description") != 0)
                        fail_msg("[%s] %s= has no bad value here", key->section, key->name);
        }
}

/* The three levels are three fields. */
static void test_levels_apart(void **state) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");
        char *message;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(resource_cases); i++) {
                const Case *c = &resource_cases[i];
                _cleanup_(freep) char *before = format_of(p, "UserResources", c->key);
                _cleanup_(freep) char *after = NULL;

                message = NULL;
                (void) policy_key_set(p, "Resources", c->key, c->value, &message);
                free(message);
                message = NULL;
                (void) policy_key_set(p, "PolicyResources", c->key, c->value, &message);
                free(message);
                after = format_of(p, "UserResources", c->key);
                assert_string_equal(before, after);
        }
        assert_true(resources_is_unset(&p->user));
        assert_false(resources_is_unset(&p->cell));
        assert_false(resources_is_unset(&p->policy));
}

/* format() of a policy that nobody touched: the defaults of the manual pages. */
static void test_defaults(void **state) {
        static const struct {
                const char *section, *key, *value;
        } defaults[] = {
                { "Policy", "Mode", "enforce" }, { "Policy", "OnFailure", "deny" },
                { "Policy", "IfUnsupported", "error" }, { "Policy", "Extends", "" },
                { "Cell", "Scope", "user" },
                { "Cell", "Namespaces", "mnt pid net ipc uts cgroup" },
                { "Cell", "MaxSessions", "infinity" }, { "Cell", "LingerSec", "0" },
                { "Cell", "Hostname", "" }, { "Network", "Mode", "routed" },
                { "Network", "Address", "dynamic" }, { "Network", "Masquerade", "yes" },
                { "Filesystem", "PrivateTmp", "yes" }, { "Resources", "MemoryMax", "" },
                { "Resources", "CPUQuotaPeriodSec", "100ms" }, { "Resources", "DevicePolicy", "auto" },
        };
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(defaults); i++)
                assert_format(p, defaults[i].section, defaults[i].key, defaults[i].value);
        assert_true(resources_is_unset(&p->cell));
}

static void test_percent_of_host(void **state) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");
        uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        uint64_t all = (uint64_t) sysconf(_SC_PHYS_PAGES) * page;
        char *message;

        (void) state;
        assert_int_equal(policy_key_set(p, "Resources", "MemoryMax", "100%", &message), 0);
        assert_int_equal(p->cell.memory_max_bytes, all);
        assert_int_equal(policy_key_set(p, "Resources", "MemoryMax", "50%", &message), 0);
        assert_true(all / 2 - p->cell.memory_max_bytes < page);
        assert_int_equal(p->cell.memory_max_bytes % page, 0);
        assert_int_equal(policy_key_set(p, "Resources", "TasksMax", "100%", &message), 0);
        assert_true(p->cell.tasks_max > 100 && p->cell.tasks_max < 4194304);
        assert_round_trip("Resources", "MemoryHigh", "123456K");
}

static void test_lists_append(void **state) {
        static const struct {
                const char *section, *key, *first, *second, *both;
        } lists[] = {
                { "Match", "Group", "a", "~b", "a ~b" },
                { "Network", "Pool", "10.0.0.0/8", "fd00::/64", "10.0.0.0/8 fd00::/64" },
                { "Network", "DNS", "1.1.1.1", "9.9.9.9", "1.1.1.1 9.9.9.9" },
                { "Resources", "DeviceAllow", "/dev/a r", "/dev/b w", "/dev/a r /dev/b w" },
                { "Resources", "DeviceAllow", "/dev/a r", "/dev/a w", "/dev/a w" },
                { "UserResources", "IOReadIOPSMax", "/a 1", "/b 2", "/a 1 /b 2" },
                { "UserResources", "IOReadIOPSMax", "/a 1", "/a 2", "/a 2" },
                { "UserResources", "IOReadIOPSMax", "/a 1 /b 2", "/a infinity", "/b 2" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                _cleanup_(policy_unrefp) Policy *p = policy_new("test");
                char *message;

                assert_true(policy_key_find(lists[i].section, lists[i].key)->list);
                assert_int_equal(policy_key_set(p, lists[i].section, lists[i].key, lists[i].first, &message), 0);
                assert_int_equal(policy_key_set(p, lists[i].section, lists[i].key, lists[i].second, &message), 0);
                assert_format(p, lists[i].section, lists[i].key, lists[i].both);
        }
}

/* One kind of limit on a device leaves the others alone. */
static void test_io_limits_share_devices(void **state) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");
        char *message;

        (void) state;
        assert_int_equal(policy_key_set(p, "Resources", "IOReadIOPSMax", "/a 1", &message), 0);
        assert_int_equal(policy_key_set(p, "Resources", "IOWriteIOPSMax", "/a 2", &message), 0);
        assert_int_equal(p->cell.n_io_limits, 1);
        assert_int_equal(p->cell.io_limits[0].read_iops, 1);
        assert_int_equal(p->cell.io_limits[0].write_iops, 2);
        assert_true(p->cell.io_limits[0].read_bandwidth_bytes == LIMIT_NONE);
        assert_int_equal(policy_key_set(p, "Resources", "IOReadIOPSMax", "", &message), 0);
        assert_int_equal(p->cell.n_io_limits, 1);
        assert_int_equal(policy_key_set(p, "Resources", "IOWriteIOPSMax", "", &message), 0);
        assert_int_equal(p->cell.n_io_limits, 0);
}

static void test_lists_are_bounded(void **state) {
        static const struct {
                const char *section, *key, *item;
                int max;
        } lists[] = {
                { "Match", "User", "u%d", 1024 },
                { "Resources", "IOReadIOPSMax", "/d%d 1", 64 },
                { "Resources", "DeviceAllow", "/dev/d%d", 256 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                _cleanup_(policy_unrefp) Policy *p = policy_new("test");
                _cleanup_(freep) char *message = NULL;

                for (int k = 0; k <= lists[i].max; k++) {
                        char item[32] = "";
                        const char *percent = strchr(lists[i].item, '%');

                        (void) snprintf(item, sizeof(item), "%.*s%d%s", (int) (percent - lists[i].item),
                                        lists[i].item, k, percent + 2);
                        assert_int_equal(policy_key_set(p, lists[i].section, lists[i].key, item, &message),
                                         k < lists[i].max ? 0 : -EINVAL);
                }
                assert_non_null(strstr(message, "more than"));
        }
}

static void test_bandwidth(void **state) {
        static const struct {
                const char *value, *formatted; /* NULL: refused */
                uint64_t bits;
        } values[] = {
                { "20M", "20M", 20000000 }, { "1.5G", "1500M", 1500000000 }, { "64000", "64K", SHAPING_MIN_BITS },
                { "100G", "100G", SHAPING_MAX_BITS }, { "infinity", "", SHAPING_NONE }, { "63999", NULL },
                { "100000000001", NULL }, { "0", NULL }, { "fast", NULL }, { "20 M b", NULL }, { "-1", NULL },
        };
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");
        const PolicyKey *key = policy_key_find("Network", "BandwidthUp");

        (void) state;
        assert_true(p->cell.bandwidth_up_bits == LIMIT_NONE && p->user.bandwidth_down_bits == LIMIT_NONE);
        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                _cleanup_(freep) char *message = NULL, *text = NULL;
                int r = policy_key_set(p, "Network", "BandwidthUp", values[i].value, &message);

                assert_int_equal(r, values[i].formatted ? 0 : -EINVAL);
                if (r < 0)
                        continue;
                assert_true(p->cell.bandwidth_up_bits == values[i].bits);
                assert_true(p->cell.bandwidth_down_bits == LIMIT_NONE);
                text = key->format(key, p);
                assert_string_equal(text, values[i].formatted);
        }
        assert_string_equal(policy_key_live_section("BandwidthUp"), "Network");
        assert_string_equal(policy_key_live_section("MemoryMax"), "Resources");
}

static void test_not_delivered(void **state) {
        static const char *const keys[][2] = {
                { "Cell", "RuntimeMaxSec" }, { "Cell", "IdleStopSec" },
                { "Service", "ExecStart" }, { "Service", "User" },
                { "Service", "Group" }, { "Service", "WorkingDirectory" }, { "Service", "Environment" },
                { "Service", "Restart" }, { "Service", "RestartSec" }, { "Service", "ListenStream" },
        };
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                for (int empty = 0; empty < 2; empty++) {
                        _cleanup_(freep) char *message = NULL;

                        assert_int_equal(policy_key_set(p, keys[i][0], keys[i][1], empty ? "" : "yes", &message),
                                         -EOPNOTSUPP);
                        assert_non_null(strstr(message, "not supported by this version"));
                }
        for (size_t i = 1; i < ELEMENTSOF(levels); i++) {
                _cleanup_(freep) char *message = NULL, *second = NULL;

                assert_int_equal(policy_key_set(p, levels[i], "DeviceAllow", "/dev/fuse", &message), -EOPNOTSUPP);
                assert_non_null(strstr(message, "[Resources]"));
                assert_int_equal(policy_key_set(p, levels[i], "DevicePolicy", "", &second), -EOPNOTSUPP);
        }
}

static void test_unknown(void **state) {
        static const struct {
                const char *section, *key, *message;
        } unknown[] = {
                { "Resources", "MemoryMaxx", "did you mean MemoryMax=?" },
                { "Resources", "memorymax", "did you mean MemoryMax=?" },
                { "Resources", "TaskMax", "did you mean TasksMax=?" },
                { "Network", "Pol", "did you mean Pool=?" },
                { "Network", "Zzzzz", "unknown key" },
                { "Cell", "MemoryMax", "it belongs into [Resources]" },
                { "Resource", "MemoryMax", "did you mean [Resources]?" },
                { "match", "User", "did you mean [Match]?" },
                { "Xyzzy", "User", "unknown section" },
        };
        _cleanup_(policy_unrefp) Policy *p = policy_new("test");

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
                _cleanup_(freep) char *message = NULL;

                assert_int_equal(policy_key_set(p, unknown[i].section, unknown[i].key, "1", &message), -ENOENT);
                assert_non_null(strstr(message, unknown[i].message));
        }
        assert_null(policy_key_suggest("Resources", "Qwertyuiop"));
        assert_null(policy_key_suggest("Resources", ""));
        assert_string_equal(policy_key_suggest("Resources", "CPUQota"), "CPUQuota");
        assert_true(policy_section_known("PolicyResources"));
        assert_false(policy_section_known("policy"));
}

static void test_rows(void **state) {
        (void) state;
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];

                assert_ptr_equal(policy_key_find(k->section, k->name), k); /* no row twice */
                if (k->parse) {
                        assert_non_null(k->reset);
                        assert_non_null(k->format);
                        assert_non_null(k->help);
                }
        }
        assert_null(policy_key_find("Resources", "User"));
}

/* Other code knows keys by their fields alone. */
static void test_fields(void **state) {
        static const struct {
                size_t offset;
                const char *name;
        } resources[] = {
                { offsetof(Resources, cpu_quota_permille), "CPUQuota" },
                { offsetof(Resources, cpu_quota_period_usec), "CPUQuotaPeriodSec" },
                { offsetof(Resources, allowed_memory_nodes), "AllowedMemoryNodes" },
                { offsetof(Resources, memory_max_bytes), "MemoryMax" },
                { offsetof(Resources, tasks_max), "TasksMax" },
                { offsetof(Resources, device_policy), "DevicePolicy" },
                { offsetof(Resources, device_allow), "DeviceAllow" },
                { offsetof(Resources, bandwidth_up_bits), "BandwidthUp" },
        }, amounts[] = {
                { offsetof(IoLimit, read_bandwidth_bytes), "IOReadBandwidthMax" },
                { offsetof(IoLimit, write_bandwidth_bytes), "IOWriteBandwidthMax" },
                { offsetof(IoLimit, read_iops), "IOReadIOPSMax" },
                { offsetof(IoLimit, write_iops), "IOWriteIOPSMax" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(resources); i++)
                assert_string_equal(policy_resource_name(resources[i].offset), resources[i].name);
        for (size_t i = 0; i < ELEMENTSOF(amounts); i++)
                assert_string_equal(policy_io_limit_name(amounts[i].offset), amounts[i].name);
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i], *found = k->parse ? policy_key_at(k->offset) : k;

                /* one row a field, but for the four amounts of a disk */
                if (found != k)
                        assert_true(k->offset == found->offset && strncmp(k->name, "IO", 2) == 0);
        }
        assert_ptr_equal(policy_key_at(offsetof(Policy, user.tasks_max)), policy_key_find("UserResources", "TasksMax"));
        assert_null(policy_key_at(offsetof(Policy, name))); /* not even that of rows without a field */
}

static int copy_value(const PolicyKey *key, const char *qualified, const char *value, void *userdata) {
        char name[128];

        (void) snprintf(name, sizeof(name), "%s.%s", key->section, key->name);
        assert_string_equal(qualified, name);
        assert_true(*value);
        return policy_key_set_qualified(userdata, qualified, value);
}

static int stop_at_tasks(const PolicyKey *key, const char *qualified, const char *value, void *userdata) {
        (void) qualified, (void) value;
        ++*(unsigned *) userdata;
        return key->offset == offsetof(Policy, cell.tasks_max) ? 7 : 0;
}

/* What one policy gives, another one takes: all keys, each with a value that format() has something to say about. */
static void test_qualified(void **state) {
        _cleanup_(policy_unrefp) Policy *from = policy_new("test"), *to = policy_new("test");
        unsigned n = 0;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *message = NULL;

                if (cases[i].formatted)
                        (void) policy_key_set(from, cases[i].section, cases[i].key, cases[i].value, &message);
        }
        assert_int_equal(policy_keys_for_each_value(from, copy_value, to), 0);
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];
                _cleanup_(freep) char *a = k->parse ? k->format(k, from) : NULL, *b = k->parse ? k->format(k, to) : NULL;

                if (k->parse)
                        assert_string_equal(a, b);
        }
        assert_int_equal(policy_key_set_qualified(to, "Resources.TasksMax", "17"), 0);
        assert_int_equal(to->cell.tasks_max, 17);
        assert_int_equal(policy_key_set_qualified(to, "Resources.TasksMax", "many"), -EINVAL);
        assert_int_equal(policy_key_set_qualified(to, "Resources.", "17"), -ENOENT);
        assert_int_equal(policy_key_set_qualified(to, "Resource.TasksMax", "17"), -ENOENT);
        assert_int_equal(policy_key_set_qualified(to, "Cell.IdleStopSec", "17"), -EOPNOTSUPP);
        assert_int_equal(policy_key_set_qualified(to, "TasksMax", "17"), -EBADMSG);
        assert_int_equal(policy_keys_for_each_value(to, stop_at_tasks, &n), 7);
        assert_true(n > 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_levels_apart),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_percent_of_host),
                cmocka_unit_test(test_lists_append),
                cmocka_unit_test(test_io_limits_share_devices),
                cmocka_unit_test(test_lists_are_bounded),
                cmocka_unit_test(test_bandwidth),
                cmocka_unit_test(test_not_delivered),
                cmocka_unit_test(test_unknown),
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_qualified),
        };
        int r;

        key_seen_good = calloc(n_policy_keys, sizeof(bool));
        key_seen_bad = calloc(n_policy_keys, sizeof(bool));
        cmocka_set_message_output(CM_OUTPUT_TAP);
        r = cmocka_run_group_tests(tests, NULL, NULL);
        free(key_seen_good);
        free(key_seen_bad);
        return r;
}
