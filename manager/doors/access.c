/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/access.h"

#include "base/parse.h"

bool access_may_see(uid_t peer, uid_t owner) {
        return peer == 0 || (peer == owner && peer != UID_INVALID);
}

bool access_may_stop(uid_t peer, uid_t owner) {
        return access_may_see(peer, owner);
}

bool access_may_administer(uid_t peer) {
        return peer == 0;
}
