#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# The table of docs/security.md says of each attack what the suites beside this one say of it, and nothing else.

use strict;
use warnings;
use File::Basename;
use Test::More;

chdir dirname($0) . '/../..' or die;

my (%attack, @order);
for my $file (sort glob 'tests/attacks/*.t') {
        open my $in, '<', $file or die;
        next if <$in> =~ /perl/;
        while (<$in>) {
                next unless /^attack (\S+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" ./;
                my ($number, $attempt, $defence) = ($1, $2, $3);
                s/\\(.)/$1/g for $attempt, $defence;
                ok(!$attack{$number}, "$number is there once") or diag("again in $file");
                $attack{$number} = "$number | $attempt | $defence | " . basename($file);
                push @order, $number;
        }
}

my %row;
open my $doc, '<', 'docs/security.md' or die;
while (<$doc>) {
        $row{$1} = "$1 | $2" if /^\| ([0-9A-Z]\S*) \| (.*) \|$/;
}
is($row{$_} // 'no row', $attack{$_}, "$_: as in docs/security.md") for @order;
is(join(' ', grep { !$attack{$_} } sort keys %row), '', 'no row without an attack');

# Each number of the list of attacks that started this; 36 of them, of which the table has parts or a CVE.
my %seen = map { /^(\d+)/ ? ($1 => 1) : () } @order;
$seen{$_} = 1 for map { $attack{$_} =~ /\| (\d+): / ? $1 : () } @order;
is(join(' ', grep { !$seen{$_} } 1 .. 36), '', 'no number is left out');
done_testing;
