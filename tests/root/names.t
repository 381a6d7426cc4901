#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names that mean two things, and users with two names.

set -u
. "$(dirname "$0")/../lib.sh"
lab_enter "$@"
lab_overlay
lab_user alice 2001
lab_user bob 2002
useradd -m -u 2105 -s /bin/bash -p '*' dana
useradd -o -m -u 2001 -g alice -s /bin/bash -p '*' alice_dev
# a name that useradd does not like
printf '2002:x:2106:2106::/home/n2002:/bin/bash\n' >> /etc/passwd
printf '2002:*:19000:0:99999:7:::\n' >> /etc/shadow
install -d -o 2106 -g 2106 /home/n2002
lab_pam
for name in 20-alice/alice 30-bob/bob 40-number/UID=2106 bob/UID=2105; do
        match=${name#*/}
        policy "${name%/*}" <<-END
		[Match]
		$(case $match in *=*) echo "$match" ;; *) echo "User=$match" ;; esac)
		[Network]
		Mode=none
	END
done
manager_start
live() { cells_of "$1" | grep -c .; }
gone() { [ "$(live "$1")" = 0 ]; }

# User= means the uid: another name of alice's is not let in beside her policy.
hold a alice
hold d alice_dev
is "User=: the second name of the uid is confined, too" "$(live alice_dev)" 1
is "... in a cell of its own" "$(live alice)" 1
like "explain says the same" "$(ctl explain --user alice_dev)" '^20-alice +yes'

like "explain of a name that is a number" "$(ctl explain --user 2002 2>&1)" 'say user:2002 or uid:2002'
like "... user:2002" "$(ctl explain --user user:2002)" '^40-number +yes'
like "... uid:2002" "$(ctl explain --user uid:2002)" '^30-bob +yes'

# A user's name that is another's number.
hold b bob
hold n 2002
out=$(ctl terminate 2002 2>&1)
is "terminate 2002, a name and a number: refused" "$?" 1
like "... and says how to be exact" "$out" "\"2002\" is a user's name and a user's number: say user:2002 or uid:2002"
is "... and nobody's cell was ended" "$(live bob)$(live 2002)" 11
let_go n
wait_for 20 gone 2002
check "with no cell of that name it stays ambiguous" test "$(ctl status 2002 > /dev/null 2>&1; echo $?)" = 1
hold n 2002
check "terminate user:2002" ctl terminate user:2002
check "... ends that user's" wait_for 20 gone 2002
is "... alone" "$(live bob)" 1
let_go n 2> /dev/null

out=$(ctl run --policy 20-alice --user 2002 -- id -u 2>&1)
is "run --user 2002: refused" "$?" 1
like "... and says how to be exact" "$out" 'say user:2002 or uid:2002'
is "run --user user:2002" "$(ctl run --policy 20-alice --user user:2002 -- id -u)" 2106
is "run --user uid:2002" "$(ctl run --policy 20-alice --user uid:2002 -- id -u)" 2002
wait_for 20 gone 2002

# A user's name that is a policy's.
hold e dana
out=$(ctl kill bob 2>&1)
is "kill bob, a user and a policy: refused" "$?" 1
like "... and says how to be exact" "$out" "\"bob\" is a user's name and a policy: say user:bob or policy:bob"
like "status, too" "$(ctl status bob 2>&1)" 'say user:bob or policy:bob'
like "status policy:bob" "$(ctl status policy:bob)" dana
check "terminate policy:bob" ctl terminate policy:bob
check "... ends that policy's" wait_for 20 gone dana
is "... alone" "$(live bob)" 1
let_go e 2> /dev/null
check "terminate uid:2002" ctl terminate uid:2002
check "... ends bob's" wait_for 20 gone bob
let_go b 2> /dev/null

# A session's id, with its kind and without; a user asks for their own.
session=$(grep -l '^User=alice$' /run/confine/sessions/* | xargs -n 1 basename)
like "status session:ID" "$(ctl status "session:$session")" "Session $session"
is "a kind that it is not" "$(ctl status "cell:$session" > /dev/null 2>&1; echo $?)" 4
like "an unambiguous name needs no kind" "$(ctl status alice_dev)" 'Policy: 20-alice'
check "terminate alice: all of the uid" ctl terminate alice
check "... also by the other name" wait_for 20 no_cells
let_go a 2> /dev/null
let_go d 2> /dev/null
lab_done
