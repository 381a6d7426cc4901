#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tree is the architecture: who may include whom, that headers stand alone, and what the things
# that run in other people's processes consist of.

use strict;
use warnings;
use File::Basename;
use Test::More;

chdir dirname($0) . '/..' or die;
my $B = $ENV{B} || 'build';
my $cc = $ENV{CC} || 'gcc';

# Directory or file => what it may include of ours, as regular expressions of paths. A file's own
# entry replaces that of its directory; one's own directory is always allowed.
my $policy = qr{^policies/policy(-keys|-parse)?\.h$};
my $layers = qr{^(policies|cgroups|netns|sandbox|bus|base)/};
my %may = (
        'base'              => [],
        'policies'          => [qr{^base/}],
        'cgroups'           => [qr{^base/}, $policy],
        'cgroups/support.c' => [qr{^base/}, qr{^policies/}],
        'cgroups/support.h' => [qr{^base/}, qr{^policies/}],
        'netns'             => [qr{^base/}, $policy],
        'sandbox'           => [qr{^base/}, $policy],
        'sandbox/init.c'    => [],
        'bus'               => [qr{^base/}, $policy],
        'manager/work'      => [$layers],
        'manager/lent'      => [$layers, qr{^manager/work/}],
        'manager/cells'     => [$layers, qr{^manager/(work|lent)/}],
        'manager/daemon'    => [$layers, qr{^manager/(work|lent|cells)/}],
        'manager/doors'     => [$layers, qr{^manager/(work|lent|cells|daemon)/}],
        'manager'           => [$layers, qr{^manager/}],
        'generator'         => [qr{^(policies|cgroups|base)/}],
        'tools'             => [qr{^(policies|cgroups|bus|base)/}, qr{^(netns|sandbox)/support\.h$}, qr{^netns/host-net\.h$}],
        'pam-module'        => [qr{^bus/(login|join|process)\.h$}, qr{^base/}],
);
# Modules that include each other round about, a line for each such knot. The list only becomes shorter.
my @knots = (
);
# Libraries, by the headers they come with, and who may use them. All else is libc.
my %library = (
        'libsystemd' => [qr{^systemd/}, qr{^(manager|tools)/|^bus/(?!login|join|process|contract)|^cgroups/(driver|unit)}],
        'libnl'      => [qr{^netlink/}, qr{^netns/}],
        'libnftables'=> [qr{^nftables/}, qr{^netns/nft\.c$}],
        'inih'       => [qr{^ini\.h$}, qr{^policies/(policy-file|manager-conf)\.c$}],
        'jansson'    => [qr{^jansson\.h$}, qr{^(netns|tools|manager)/}],
        'uthash'     => [qr{^ut\w+\.h$}, qr{^base/hash\.h$}], # the only one that says what happens without memory
        'libseccomp' => [qr{^seccomp\.h$}, qr{^sandbox/seccomp\.c$|^policies/policy-parse-process\.c$}],
        'libcap'     => [qr{^sys/capability\.h$}, qr{^policies/policy-parse-process\.c$}],
        'libpam'     => [qr{^security/}, qr{^pam-module/|^tools/}],
);

sub includes {
        my ($file) = @_;
        open my $fh, '<', $file or die "$file: $!";
        my (@own, @system);
        while (<$fh>) {
                push @own, $1 if /^\s*#\s*include\s+"([^"]+)"/;
                push @system, $1 if /^\s*#\s*include\s+<([^>]+)>/;
        }
        return (\@own, \@system);
}

for my $dir (sort grep { !/\.[ch]$/ } keys %may) {
        my @files = sort glob("$dir/*.[ch]");
        my @wrong;
        for my $file (@files) {
                my ($own, $system) = includes($file);
                my $allowed = $may{$file} || $may{$dir};
                for my $include (@$own) {
                        push @wrong, "$file includes \"$include\", which is not a path from the top" unless -e $include;
                        next if dirname($include) eq $dir && $file ne 'sandbox/init.c';
                        push @wrong, "$file includes \"$include\"" unless grep { $include =~ $_ } @$allowed;
                }
                for my $include (@$system) {
                        while (my ($name, $rule) = each %library) {
                                push @wrong, "$file includes <$include> of $name"
                                        if $include =~ $rule->[0] && $file !~ $rule->[1];
                        }
                }
        }
        is(join("\n", @wrong), '', "$dir includes only what lies below it");
}

# Cycles between modules, a .c and its .h being one: Tarjan's strongly connected components.
{
        my (%edges, %index, %low, @stack, %on_stack, @found);
        my $n = 0;
        for my $file (glob '*/*.[ch] manager/*/*.[ch]') {
                my $module = $file =~ s/\.[ch]$//r;
                my ($own) = includes($file);
                $edges{$module}{$_} = 1 for grep { $_ ne $module } map { s/\.h$//r } @$own;
        }
        my $visit;
        $visit = sub {
                my ($module) = @_;
                $index{$module} = $low{$module} = $n++;
                push @stack, $module;
                $on_stack{$module} = 1;
                for my $next (sort keys %{ $edges{$module} || {} }) {
                        $visit->($next) unless exists $index{$next};
                        $low{$module} = $low{$next} if $on_stack{$next} && $low{$next} < $low{$module};
                }
                return if $low{$module} != $index{$module};
                my @knot;
                do { push @knot, pop @stack; $on_stack{$knot[-1]} = 0 } until $knot[-1] eq $module;
                push @found, join(' ', sort @knot) if @knot > 1;
        };
        for my $module (sort keys %edges) { $visit->($module) unless exists $index{$module} }
        is(join("\n", sort @found), join("\n", sort map { s/\s+/ /gr } @knots), 'modules form no knot but the known ones');
}

# A state changes in few places, which know what follows from it.
{
        my $lives = qr{^manager/cells/(cell|cell-life|cell-restore|session-life|session-end|placement)\.c$};
        my @wrong;
        for my $file (grep { $_ !~ $lives } glob 'manager/*/*.c manager/*.c') {
                open my $fh, '<', $file or die "$file: $!";
                while (<$fh>) { push @wrong, "$file:$." if /->state = (CELL|SESSION|PLACEMENT)_/ }
        }
        is("@wrong", '', 'nobody but the lives of cells, sessions and placements changes their state');
}

# Cycles between headers.
{
        my (%edges, %state, @cycles);
        for my $header (glob '*/*.h manager/*/*.h') {
                my ($own) = includes($header);
                $edges{$header} = $own;
        }
        my $visit;
        $visit = sub {
                my ($header, @path) = @_;
                if (($state{$header} || '') eq 'open') { push @cycles, join(' -> ', @path, $header); return }
                return if $state{$header};
                $state{$header} = 'open';
                $visit->($_, @path, $header) for @{ $edges{$header} || [] };
                $state{$header} = 'done';
        };
        $visit->($_) for sort keys %edges;
        is(join("\n", @cycles), '', 'headers form no cycle');
}

my $flags = `pkg-config --cflags libsystemd libnl-3.0 libnl-route-3.0 libnftables inih jansson`;
chomp $flags;
for my $header (sort(glob('{base,policies,cgroups,netns,sandbox,bus,manager,manager/*,pam-module,tools,generator}/*.h'))) {
        my $out = `echo '#include "$header"' | $cc -I. -D_GNU_SOURCE $flags -std=gnu17 -Wall -Wextra -Wno-missing-field-initializers -Werror -fsyntax-only -x c - 2>&1`;
        is($out, '', "$header compiles alone");
}

SKIP: {
        skip "no $B/pam_confine.so; make all", 3 unless -e "$B/pam_confine.so";
        my @exports = sort map { (split)[2] } grep { / T / } `nm -D --defined-only $B/pam_confine.so`;
        is("@exports", 'pam_sm_acct_mgmt pam_sm_close_session pam_sm_open_session', 'the module exports its entry points alone');
        is(scalar(grep { !/ [TA] / } `nm -D --defined-only $B/pam_confine.so`), 0, 'and no data');
        my @needed = sort map { /NEEDED.*\[(.*)\]/ ? $1 : () } `readelf -d $B/pam_confine.so`;
        is("@needed", 'libc.so.6 libpam.so.0', 'the module is linked with libc and libpam alone');
}
SKIP: {
        skip "no $B/confine-init; make all", 1 unless -e "$B/confine-init";
        is(scalar(grep { /INTERP|DYNAMIC/ } `readelf -lW $B/confine-init`), 0, 'confine-init is static');
}
done_testing();
