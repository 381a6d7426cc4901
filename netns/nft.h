/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* libnftables with errors as errno; see firewall.h for what they mean. Both block without a deadline. */

/* Carries out commands in nft syntax, as one transaction of the kernel. */
int nft_run(const char *commands);

/* The same for what was printed into `f`, a stream of open_memstream(3) with its text; closes and frees both. -ENOMEM
 * also if it could not be printed. */
int nft_run_printed(FILE *f, char **text);

/* The same for commands that print, as text or JSON (libnftables-json(5)). On success *ret_output is to be
 * freed. */
int nft_query(const char *commands, bool json, char **ret_output);
