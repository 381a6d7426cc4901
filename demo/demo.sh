#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# confine, shown in under a minute. Everything happens in namespaces of the demo's own, with overlays
# over /etc, /home, /root, /var and /run, as in the root tests; "the internet" is one more namespace.
# Fails when a step does not show what it claims.

demo_dir=$(cd "$(dirname "$0")" && pwd)
here=$(dirname "$demo_dir")
if [ "$(id -u)" != 0 ]; then
        echo "The demo makes users and namespaces: run it as root, sudo make demo" >&2
        exit 1
fi
. "$here/tests/lib.sh"
for f in confined confinectl confine-init pam_confine.so; do
        [ -e "$build/$f" ] || { echo "$build/$f is missing: make all" >&2; exit 1; }
done
[ -n "${LAB_INSIDE:-}" ] || export EPOCH=$EPOCHREALTIME
lab_enter "$@"

# --- how it is shown -------------------------------------------------------------------------

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
        bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
        bold= dim= red= green= plain=
fi
failed=0

title() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
typed() { printf '  %s# %s%s\n' "$dim" "$*" "$plain"; }
shown() { printf '%s\n' "$1" | sed 's/^/    /'; }

# claim TEXT COMMAND...: the command's success is the claim's truth.
claim() {
        text=$1
        shift
        if "$@" > "$LAB_DIR/claim" 2>&1; then
                printf '  %sok%s      %s\n' "$green" "$plain" "$text"
        else
                printf '  %sFAILED%s  %s\n' "$red" "$plain" "$text"
                sed 's/^/          /' "$LAB_DIR/claim"
                failed=1
        fi
}
matches() { printf '%s\n' "$1" | grep -Eq -- "$2" || { echo "no match for \"$2\" in: $1"; return 1; }; }
lacks() { ! printf '%s\n' "$1" | grep -Eq -- "$2" || { echo "there is \"$2\" in: $1"; return 1; }; }
at_most() { [ "$1" -le "$2" ] || { echo "$1 is more than $2"; return 1; }; }

# show COMMAND: shows it and its output, which is left in $out.
show() {
        typed "${2:-$1}"
        out=$(eval "$1" 2>&1)
        out_status=$?
        shown "$out"
}

die() {
        printf '%sFAILED%s  %s\n' "$red" "$plain" "$*"
        tail -n 20 "$LAB_DIR/log" 2>/dev/null | sed 's/^/          /'
        exit 1
}

# --- the stage -------------------------------------------------------------------------------

# An address that is documentation's, in a namespace that has a cable to this one and no other.
make_upstream() {
        ip netns add upstream
        ip link add host0 type veth peer name up0 netns upstream
        ip addr add 192.0.2.1/24 dev host0
        ip link set host0 up
        ip -n upstream addr add 192.0.2.2/24 dev up0
        ip -n upstream link set up0 up
        ip -n upstream link set lo up
        ip netns exec upstream socat TCP-LISTEN:80,fork,reuseaddr \
                SYSTEM:'echo "You come from $SOCAT_PEERADDR."' 2>/dev/null &
        listens() { ip netns exec upstream ss -Hltn 'sport = 80' | grep -q .; }
        wait_for 5 listens
}

# What the README asks for, in the stacks of this machine, below an overlay.
add_module() {
        for s in sshd su; do
                [ -f /etc/pam.d/$s ] || die "/etc/pam.d/$s is missing"
                echo "session required $module_file" >> /etc/pam.d/$s
        done
}

make_sshd() {
        ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/hostkey"
        ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/key"
        cat > "$LAB_DIR/sshd_config" <<-END
		ListenAddress 0.0.0.0:2222
		HostKey $LAB_DIR/hostkey
		UsePAM yes
		AuthorizedKeysFile $LAB_DIR/key.pub
		StrictModes no
		PrintMotd no
		PidFile none
	END
        cat > "$LAB_DIR/ssh_config" <<-END
		Host localhost
		HostName 127.0.0.1
		Port 2222
		IdentityFile $LAB_DIR/key
		BatchMode yes
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
		LogLevel ERROR
	END
        chmod 755 "$LAB_DIR"
        /usr/sbin/sshd -D -f "$LAB_DIR/sshd_config" -E "$LAB_DIR/sshd.log" &
        sshd_listens() { ss -Hltn 'sport = 2222' | grep -q .; }
        wait_for 10 sshd_listens || die "sshd does not start: $(cat "$LAB_DIR/sshd.log")"
}

ssh() { command ssh -F "$LAB_DIR/ssh_config" "$@" < /dev/null; }
confinectl() { ctl "$@"; }

# hold USER: one more session that stays open until release.
hold() {
        rm -f "$LAB_DIR/hold-$1" "$LAB_DIR/held-$1"
        mkfifo "$LAB_DIR/hold-$1"
        command ssh -F "$LAB_DIR/ssh_config" "$1@localhost" 'echo in; cat' \
                < "$LAB_DIR/hold-$1" > "$LAB_DIR/held-$1" 2>&1 &
        eval "exec $2> '$LAB_DIR/hold-$1'"
        wait_for 10 test -s "$LAB_DIR/held-$1" || die "$1 can't log in: $(cat "$LAB_DIR/held-$1")"
}

# group_file USER NAME...: the first of these files that the group of the user's cell has.
group_file() {
        uid=$(id -u "$1")
        shift
        for f; do
                find /sys/fs/cgroup -path "*/$instance/cells/50-demo/$uid/c*/$f" 2>/dev/null | grep . && return
        done
        return 1
}
cell_of() { basename "$(dirname "$(group_file "$1" pids.max)")"; }

msec() { # COMMAND...: how long it takes
        t=${EPOCHREALTIME/./}
        "$@" > /dev/null 2>&1
        echo $(((${EPOCHREALTIME/./} - t) / 1000))
}
median3() { printf '%s\n' "$(msec "$@")" "$(msec "$@")" "$(msec "$@")" | sort -n | sed -n 2p; }
work() { ssh bob@localhost 'seq 300000 | md5sum'; }

cd /
lab_overlay || die "no overlays can be mounted"
rm -f /etc/nologin
lab_user alice 2001 demo
lab_user bob 2002 demo
make_upstream
mkdir -p "$LAB_DIR/vendor/policies" # root's, whoever owns the source tree
install -m 644 "$here"/policies/shipped/*.ini "$LAB_DIR/vendor/policies/"
policy 50-demo <<'END'
[Policy]
Description=Guests of the demo
Extends=base
IfUnsupported=warn

[Match]
Group=demo

[Cell]
Hostname=%u.cell
LingerSec=0

[Resources]
CPUQuota=50%
MemoryMax=128M
MemorySwapMax=0
TasksMax=60

[Network]
Address=per-user
END
add_module
manager_start || die "the manager does not start"
make_sshd

# --- the play --------------------------------------------------------------------------------

title "The policy: whoever is in the group demo gets a cell of their own"
show "cat /etc/confine/policies/50-demo.ini"

title "Alice logs in with su: her processes, her address, her host name, and nobody else's"
show "su - alice -c 'hostname; ps ax; ip -br addr'"
claim "her host name" matches "$out" '^alice\.cell$'
claim "pid 1 is confine-init" matches "$out" '^ *1 .*confine-init'
claim "no process of the host" lacks "$out" 'sshd|confined'
claim "an interface of her own" matches "$out" '^eth0.* 10\.77\.'

title "Both log in with ssh"
hold alice 7
hold bob 8
show "ssh alice@localhost 'hostname; ps ax; ip -br -4 addr show eth0'"
alice_address=$(printf '%s\n' "$out" | sed -n 's/^eth0.* \([0-9.]*\)\/32.*/\1/p')
claim "her other session is in the same cell" matches "$out" ' cat$'
claim "no process of bob's or the host's" lacks "$out" '[ /]confined|sshd: bob'
show "ssh bob@localhost 'hostname; ps ax; ip -br -4 addr show eth0'"
bob_address=$(printf '%s\n' "$out" | sed -n 's/^eth0.* \([0-9.]*\)\/32.*/\1/p')
claim "bob has another host name" matches "$out" '^bob\.cell$'
claim "and another address" test -n "$alice_address" -a -n "$bob_address" -a "$alice_address" != "$bob_address"

title "The network: out through the host, but not to the host or to each other"
show "ssh alice@localhost 'ping -c 1 -W 2 192.0.2.2'"
claim "ping gets through" matches "$out" '1 received'
show "ssh alice@localhost 'cat < /dev/tcp/192.0.2.2/80'"
claim "a TCP connection does, with the host's address" matches "$out" 'come from 192\.0\.2\.1\.'
show "ssh alice@localhost 'ping -c 1 -W 1 $bob_address'"
claim "bob's cell is out of reach" matches "$out" ' 0 received'
show "ssh alice@localhost 'timeout 1 bash -c \"< /dev/tcp/192.0.2.1/2222\" || echo no way'"
claim "so are the host's own services" matches "$out" 'no way'
claim "which the host itself reaches there" bash -c '< /dev/tcp/192.0.2.1/2222'

title "Who is in which cell, and what they use of their limits"
show "confinectl list"
claim "both cells are there" matches "$(printf '%s' "$out" | tr '\n' ' ')" 'alice.*bob|bob.*alice'
show "confinectl sessions"
claim "both sessions are there" matches "$(printf '%s' "$out" | tr '\n' ' ')" 'alice.*bob|bob.*alice'

title "Why does alice get this policy, and where does each value come from?"
show "confinectl explain --user alice"
claim "the policy is named" matches "$out" '50-demo'
claim "so is the file of each value" matches "$out" 'base\.ini'

title "A fork bomb in alice's cell, while bob works"
pids_max=$(cat "$(group_file alice pids.max)")
claim "first of all: alice's limit of tasks is in force (pids.max is $pids_max)" at_most "$pids_max" 61
[ $failed = 0 ] || die "not firing a bomb after that"
before=$(median3 work)
# It ends its children, too: ssh waits for whoever has its output open.
forks='for (1..500) { $p = fork; last if !defined $p; if (!$p) { sleep 30; exit } push @p, $p } print @p+0, " of 500\n"; kill 9, @p'
show "ssh alice@localhost 'perl -e '\''$forks'\'" "ssh alice@localhost perl -e 'for (1..500) { fork ... }'"
claim "500 were wanted, fewer than $pids_max there were" at_most "${out%% *}" "$pids_max"
typed "ssh alice@localhost ':(){ :|:& };:'"
ssh alice@localhost 'timeout 20 bash -c ":(){ :|:& };:; sleep 15"' > /dev/null 2>&1 &
bomb=$!
bomb_is_on() { [ "$(cat "$(group_file alice pids.current)")" -ge $((pids_max - 15)) ]; }
claim "the bomb goes off" wait_for 5 bomb_is_on
during=$(median3 work)
peak=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
        now=$(cat "$(group_file alice pids.current)")
        [ "$now" -gt $peak ] && peak=$now
done
show "confinectl list"
claim "it has at most $pids_max processes (seen: $peak)" at_most "$peak" "$pids_max"
claim "the kernel refused more" grep -Eq 'max [1-9]' "$(group_file alice pids.events)"
claim "a login and a computation of bob's take $during ms instead of $before ms" \
        at_most "$during" $((before * 3 + 300))
show "confinectl terminate alice"
wait $bomb
exec 7>&-
alice_is_out() { ! group_file alice pids.max > /dev/null; }
claim "the administrator ends it, and alice's cell, with one command" wait_for 10 alice_is_out

title "A memory hog: alice takes 400M, her limit is 128M"
hold alice 9
hog='perl -e "\$n = 400 << 20; \$x = q(x) x \$n; print qq(I have 400M\n)"; echo "status $?"'
memory_peak() { cat "$(group_file alice memory.peak memory.max_usage_in_bytes)"; }
(while ssh alice@localhost "$hog" > /dev/null 2>&1 && [ -e "$LAB_DIR/hogs" ]; do :; done) &
hogs=$!
touch "$LAB_DIR/hogs"
during=$(median3 work)
rm "$LAB_DIR/hogs"
wait $hogs
show 'ssh alice@localhost "$hog"' "ssh alice@localhost perl -e '\$x = \"x\" x (400 << 20)'"
claim "the kernel killed it" matches "$out" 'status 137'
if peak=$(memory_peak 2>/dev/null); then
        claim "alice never had more than 128M (most: $((peak >> 20))M)" at_most "$peak" $((128 << 20))
fi
claim "bob's $before ms took $during ms meanwhile" at_most "$during" $((before * 3 + 300))

title "Alice asks for more; the administrator gives it to her, while she is logged in"
show "confinectl set-property --runtime $(cell_of alice) MemoryMax=600M CPUQuota=100%"
claim "it is done" test "$out_status" = 0
show 'ssh alice@localhost "$hog"' "ssh alice@localhost perl -e '\$x = \"x\" x (400 << 20)'"
claim "the same command now ends well" matches "$out" 'status 0'
show "confinectl list"
claim "the table shows it" matches "$out" "M/600M"

title "Both log out"
exec 8>&- 9>&-
claim "no session and no cell is left" wait_for 15 no_cells
claim "nor a process of theirs" sh -c '! pgrep -u alice,bob'
claim "nor a control group, a link, an address in the firewall" eval '[ -z "$(
        find /sys/fs/cgroup -path "*/$instance/cells/*" -type d
        ip -o link show | grep -E ": cf[0-9a-f]{4}"
        nft list ruleset | grep -F "$alice_address")" ]'
wait_for 5 idle
manager_kill TERM
claim "and once the manager has stopped, nothing at all" test -z "$(leftovers)"

took=$((${EPOCHREALTIME%.*} - ${EPOCH%.*}))
if [ $failed != 0 ]; then
        printf '\n%sSomething above FAILED.%s The last lines of the manager:\n' "$red" "$plain"
        tail -n 25 "$LAB_DIR/log" | sed 's/^/    /'
        exit 1
fi
printf '\n%sAll of it is true, in %d seconds.%s Next: README.md, "Install".\n' "$bold" "$took" "$plain"
