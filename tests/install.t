#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make install puts everything where the documentation says, and make uninstall takes it away.

cd "$(dirname "$0")/.." || exit 1
B=${B:-build}
[ -x "$B/confined" ] || { echo "1..0 # SKIP no $B/confined; make all"; exit 0; }
unset MAKEFLAGS MAKELEVEL DESTDIR prefix
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0 failed=0
ok() { n=$((n + 1)); [ "$1" = 0 ] || { echo -n "not "; failed=1; }; echo "ok $n - $2"; }

make -s B="$B" install DESTDIR="$dir/x" securitydir=/usr/lib/security > "$dir/log" 2>&1
ok $? "install"
sed 's/^/# /' "$dir/log"
for f in usr/sbin/confined usr/libexec/confine/confine-init usr/lib/security/pam_confine.so usr/bin/confinectl \
        usr/lib/systemd/system/confined.service usr/lib/systemd/system/confined.socket \
        usr/lib/systemd/system/confined-bus.socket \
        usr/share/dbus-1/system.d/org.confine1.conf usr/share/polkit-1/actions/org.confine1.policy \
        usr/lib/systemd/catalog/confine.catalog usr/lib/sysctl.d/50-confine.conf usr/lib/tmpfiles.d/confine.conf usr/share/pam-configs/confine \
        usr/lib/confine/policies/base.ini etc/confine/policies/README \
        usr/share/man/man5/confine.policy.5 usr/share/man/man5/confine.network.5 \
        usr/share/man/man5/confine.resources.5 usr/share/man/man5/confine.sandbox.5 \
        usr/share/man/man7/confine.directives.7 usr/share/doc/confine/README.md; do
        [ -f "$dir/x/$f" ]
        ok $? "$f"
done
grep -qx 'ExecStart=/usr/sbin/confined' "$dir/x/usr/lib/systemd/system/confined.service"
ok $? "the unit starts what was installed"
# the machine's mount and UTS namespaces are what cells copy
! grep -E '^(Protect(System|Home|Hostname|Proc|ControlGroups|Kernel.*)|Private(Tmp|Devices|Mounts)|LogNamespace|ProcSubset)=' \
        "$dir/x/usr/lib/systemd/system/confined.service"
ok $? "the unit gives the manager no mount or UTS namespace of its own"
grep -qx 'Default: no' "$dir/x/usr/share/pam-configs/confine"
ok $? "pam-auth-update does not turn the module on by itself"
for id in $(sed -n 's/^#define EVENT_.* "\(.*\)"/\1/p' manager/work/event.h); do
        grep -qx -- "-- $id" "$dir/x/usr/lib/systemd/catalog/confine.catalog" && grep -q "$id" docs/confined.8
        ok $? "event $id is in the catalog and the manual"
done
for action in $(sed -n 's/^#define BUS_ACTION_.* BUS_NAME "\(.*\)"/\1/p' bus/contract.h); do
        grep -q "<action id=\"org.confine1$action\">" "$dir/x/usr/share/polkit-1/actions/org.confine1.policy"
        ok $? "polkit knows org.confine1$action"
done
[ -z "$(find "$dir/x" -type f -perm /022)" ]
ok $? "nothing is writable by others"
echo "session required pam_confine.so" | install -D -m 644 /dev/stdin "$dir/x/etc/pam.d/su"
make -s B="$B" uninstall DESTDIR="$dir/x" securitydir=/usr/lib/security > "$dir/log" 2>&1
[ $? != 0 ] && grep -q 'etc/pam.d/su still uses' "$dir/log" && [ -e "$dir/x/usr/sbin/confined" ]
ok $? "uninstall refuses while a PAM stack uses the module"
rm -r "$dir/x/etc/pam.d"
touch "$dir/x/etc/confine/policies/50-mine.ini"
make -s B="$B" uninstall DESTDIR="$dir/x" securitydir=/usr/lib/security > "$dir/log" 2>&1
ok $? "uninstall"
[ "$(find "$dir/x" -type f)" = "$dir/x/etc/confine/policies/50-mine.ini" ]
ok $? "one's own policies stay"
make -s B="$B" install DESTDIR="$dir/y" securitydir=/usr/lib/security > "$dir/log" 2>&1 &&
        make -s B="$B" uninstall DESTDIR="$dir/y" securitydir=/usr/lib/security >> "$dir/log" 2>&1
ok $? "install and uninstall"
left=$(find "$dir/y" -mindepth 1 2>/dev/null)
[ -z "$left" ]
ok $? "nothing stays, no directory either"
[ -z "$left" ] || echo "$left" | sed 's/^/# /'
echo "1..$n"
exit $failed
