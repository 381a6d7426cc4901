#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the generator writes for policies with Unit=, without systemd. Policies must be root's.

. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
dest=$LAB_DIR/normal
generate() {
        rm -rf "$dest"
        mkdir "$dest" "$dest.early" "$dest.late" 2>/dev/null
        "$build/confine-generator" --stderr --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" \
                "$dest" "$dest.early" "$dest.late" > "$LAB_DIR/said" 2>&1
}
drop_in() { cat "$dest/$1.d/50-confine.conf"; }

generate
is "no policy: success and nothing" "$? $(ls "$dest") $(cat "$LAB_DIR/said")" "0  "

policy 10-full <<'END'
[Policy]
IfUnsupported=warn
[Match]
Unit=full.service inst@a-b.service
[Resources]
CPUQuota=12.5%
CPUQuotaPeriodSec=20ms
CPUWeight=20
AllowedCPUs=0
MemoryMin=1M
MemoryLow=2M
MemoryHigh=100M
MemoryMax=1.5G
MemorySwapMax=0
TasksMax=50
IOWeight=30
IOReadBandwidthMax=/dev/vda 50M /dev/vdb 1500K
IOReadBandwidthMax=/dev/a%b 1
IOWriteIOPSMax=/dev/vda 100
DevicePolicy=closed
DeviceAllow=/dev/fuse rw char-pts
[Network]
Pool=10.85.0.0/24
DNS=10.85.0.1
END
policy 20-none <<'END'
[Match]
Unit=none.service full.service
[Network]
Mode=none
[Filesystem]
PrivateTmp=no
ProtectSystem=strict
ReadOnlyPaths=/srv -/opt
BindPaths=/a:/b "/c d":"/e"
TemporaryFileSystem=/c:size=1M
[Process]
NoNewPrivileges=yes
CapabilityBoundingSet=
SystemCallFilter=~@mount @keyring
SystemCallErrorNumber=EPERM
RestrictNamespaces=yes
LimitNOFILE=64:128
UMask=0027
Environment="A=x %% y" B=1
END
policy 30-host <<'END'
[Match]
Unit=host.service
[Resources]
TasksMax=infinity
[Network]
Mode=host
END
policy 40-observed <<'END'
[Policy]
Mode=observe
[Match]
Unit=observed.service
[Network]
Mode=none
END
policy 50-login <<'END'
[Match]
User=alice
[Network]
Mode=none
END
generate
is "success" "$?" 0
is "one drop-in for each service" "$(ls "$dest" | tr '\n' ' ')" "full.service.d host.service.d inst@a-b.service.d none.service.d "
is "all keys of [Resources], in systemd's words" "$(drop_in full.service | grep -v '^#')" "[Unit]
Wants=confined.service
After=confined.service

[Service]
CPUQuota=12.5%
CPUQuotaPeriodSec=20ms
CPUWeight=20
AllowedCPUs=0
MemoryMin=1M
MemoryLow=2M
MemoryHigh=100M
MemoryMax=1536M
MemorySwapMax=0
TasksMax=50
IOWeight=30
IOReadBandwidthMax=/dev/vda 50M
IOReadBandwidthMax=/dev/vdb 1500K
IOReadBandwidthMax=/dev/a%%b 1
IOWriteIOPSMax=/dev/vda 100
DevicePolicy=closed
DeviceAllow=/dev/fuse rw
DeviceAllow=char-pts rwm
PrivateTmp=yes
NetworkNamespacePath=/run/confine/netns/full.service
BindReadOnlyPaths=/run/confine/resolv/10-full:/etc/resolv.conf"
like "an instance has a namespace of its own" "$(drop_in inst@a-b.service)" '^NetworkNamespacePath=/run/confine/netns/inst@a-b\.service$'
is "Mode=none is systemd's alone; [Filesystem] and [Process] in systemd's words" \
        "$(drop_in none.service | grep -v '^#')" '[Service]
ProtectSystem=strict
ReadOnlyPaths=/srv -/opt
BindPaths=/a:/b "/c d":/e
TemporaryFileSystem=/c:size=1M
NoNewPrivileges=yes
CapabilityBoundingSet=
SystemCallFilter=~@mount @keyring
SystemCallErrorNumber=EPERM
RestrictNamespaces=yes
LimitNOFILE=64:128
UMask=0027
Environment="A=x %% y"
Environment="B=1"
PrivateNetwork=yes'
is "Mode=host leaves the network, infinity is the default" "$(drop_in host.service | grep -v '^#')" "[Service]
PrivateTmp=yes"
like "the first policy that names a service has it" "$(drop_in full.service | head -1)" 'policy 10-full'
is "modes" "$(stat -c %a "$dest/full.service.d" "$dest/full.service.d/50-confine.conf" | tr '\n' ' ')" "755 644 "
like "Mode=observe only says so" "$(cat "$LAB_DIR/said")" '40-observed would place observed\.service, but has Mode=observe'
if command -v systemd-analyze > /dev/null; then
        mkdir -p /etc/systemd/system
        for u in full none; do
                printf '[Service]\nExecStart=/bin/true\n' > /etc/systemd/system/$u.service
                cp -r "$dest/$u.service.d" /etc/systemd/system/
                is "systemd reads all of it without complaint: $u" \
                        "$(systemd-analyze verify --man=no $u.service 2>&1 | grep -i '50-confine')" ""
        done
        sed -i 's/^TasksMax=.*/TasksMax=many/' /etc/systemd/system/full.service.d/50-confine.conf
        like "... (and would complain)" "$(systemd-analyze verify --man=no full.service 2>&1 | grep -i '50-confine')" 'many'
fi

# Which of these the host has depends on its version of control groups: one of the two it lacks.
policy 15-unsupported <<'END'
[Match]
Unit=unsupported.service
[Resources]
MemoryHigh=100M
[Network]
Mode=none
END
generate
if ctl --config-dir=/etc/confine --vendor-dir="$LAB_DIR/vendor" verify 2>&1 | grep -q '15-unsupported.*not supported'; then
        like "IfUnsupported=error: kept from starting, as verify says" "$(drop_in unsupported.service)" '^AssertPathExists'
else
        like "a supported key is written, as verify says" "$(drop_in unsupported.service)" '^MemoryHigh=100M$'
fi
rm /etc/confine/policies/15-unsupported.ini

# --- broken ------------------------------------------------------------------------------------------
policy 20-none <<'END'
[Match]
Unit=none.service
[Network]
Mode=non
END
generate
is "a broken policy is no failure of the generator" "$?" 0
like "... it is told, with file and line" "$(cat "$LAB_DIR/said")" '20-none\.ini:4: \[Network\] Mode='
like "... its service is kept from starting" "$(drop_in none.service)" '^AssertPathExists=/run/confine/policy-of-this-service-is-broken'
like "... others are not" "$(drop_in full.service)" '^TasksMax=50$'
policy 60-path <<'END'
[Match]
Unit=path.service
[Resources]
IOReadIOPSMax=/dev/a"b 5
[Network]
Mode=none
END
generate
is "a path that no unit can have: no failure" "$?" 0
like "... but kept from starting" "$(drop_in path.service)" '^AssertPathExists'
is "... whole" "$(drop_in path.service | grep -c IOReadIOPSMax)" 0
chmod 666 /etc/confine/policies/30-host.ini
generate
is "a file that is not trusted names nobody" "$(ls "$dest" | tr '\n' ' ')" \
        "full.service.d inst@a-b.service.d none.service.d path.service.d "
like "... and is told" "$(cat "$LAB_DIR/said")" '30-host.ini: others than root may write'
check "a missing directory is a failure" sh -c "! '$build/confine-generator' --stderr --config-dir=/etc/confine /nowhere"
echo "1..$tap_n"
exit $tap_failed
