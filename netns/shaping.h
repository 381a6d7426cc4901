/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bandwidth of a cell, by its link's host end, where the cell reaches nothing of it. All functions work
 * in the network namespace of the calling thread and need CAP_NET_ADMIN; see link.h for the rest. */

#define SHAPING_NONE UINT64_MAX
#define SHAPING_MIN_BITS UINT64_C(64000)       /* below it single packets take seconds */
#define SHAPING_MAX_BITS UINT64_C(16000000000) /* libnl has an int of bytes for it */
#define SHAPING_LINK_MAX 14                    /* its shadow's name is one longer */

/* Sets what passes `link` in a second, headers of the link included: `down_bits` to the cell, `up_bits` from
 * it; SHAPING_NONE: as much as there is. May be repeated with other values at any time; a rate changes without
 * a packet lost. Up needs a link of its own, the shadow, which shaping_remove() takes away.
 *
 * 0
 * -EINVAL      bad name, or a rate out of range
 * -ENODEV      no such link
 * -EOPNOTSUPP  the kernel lacks ifb, sch_tbf, sch_ingress, cls_u32 or act_mirred
 * On error the rates may be the old ones or the new ones. See tc-tbf(8), tc-mirred(8), tc-u32(8). */
int shaping_set(const char *link, uint64_t down_bits, uint64_t up_bits);

/* Takes the shadow of a link away, whether the link is there or not. 0 also if there was none. */
int shaping_remove(const char *link);

/* Is `name` that of the shadow of `link`? */
bool shaping_is_shadow(const char *name, const char *link);
