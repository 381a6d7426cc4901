/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>

#include "policies/policy.h"

int policy_family_from_name(const char *name) {
        static const struct {
                const char *name;
                int family;
        } families[] = {
                { "AF_UNIX", AF_UNIX },       { "AF_LOCAL", AF_LOCAL },     { "AF_INET", AF_INET },
                { "AF_INET6", AF_INET6 },     { "AF_NETLINK", AF_NETLINK }, { "AF_PACKET", AF_PACKET },
                { "AF_AX25", AF_AX25 },       { "AF_IPX", AF_IPX },         { "AF_APPLETALK", AF_APPLETALK },
                { "AF_NETROM", AF_NETROM },   { "AF_BRIDGE", AF_BRIDGE },   { "AF_ATMPVC", AF_ATMPVC },
                { "AF_X25", AF_X25 },         { "AF_ROSE", AF_ROSE },       { "AF_DECnet", AF_DECnet },
                { "AF_KEY", AF_KEY },         { "AF_ECONET", AF_ECONET },   { "AF_ATMSVC", AF_ATMSVC },
                { "AF_RDS", AF_RDS },         { "AF_IRDA", AF_IRDA },       { "AF_PPPOX", AF_PPPOX },
                { "AF_LLC", AF_LLC },         { "AF_IB", AF_IB },           { "AF_MPLS", AF_MPLS },
                { "AF_CAN", AF_CAN },         { "AF_TIPC", AF_TIPC },       { "AF_BLUETOOTH", AF_BLUETOOTH },
                { "AF_IUCV", AF_IUCV },       { "AF_RXRPC", AF_RXRPC },     { "AF_ISDN", AF_ISDN },
                { "AF_PHONET", AF_PHONET },   { "AF_IEEE802154", AF_IEEE802154 }, { "AF_CAIF", AF_CAIF },
                { "AF_ALG", AF_ALG },         { "AF_NFC", AF_NFC },         { "AF_VSOCK", AF_VSOCK },
                { "AF_KCM", AF_KCM },         { "AF_QIPCRTR", AF_QIPCRTR }, { "AF_SMC", AF_SMC },
                { "AF_XDP", AF_XDP },
        };

        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                if (strcmp(families[i].name, name) == 0)
                        return families[i].family;
        return -EINVAL;
}

bool policy_allows_family(const PolicyProcess *p, const char *name) {
        bool listed = strv_has(p->families.names, name) && !strv_has(p->families.except, name);

        return !p->families.set || listed == p->families.allow;
}
