/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* What is kept on disk for a user, by their number (PrivateTmp=persistent), is that of the user who had the number when
 * it was made: /var/lib/confine/owners/UID has their name. */

/* In a job, before `user` gets at what is kept for `uid`. If the number was another's before, whom it does not belong to
 * any more, what is kept is set aside under that name, and `user` begins with nothing. A user with two names has both.
 * -errno: nobody knows whose it is. */
int kept_claim(const char *state_dir, uid_t uid, const char *user);
