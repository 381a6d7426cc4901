/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/nft.h"

#include <fcntl.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <sys/select.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memstream.h"

#define ATTEMPTS_MAX 5

/* What libnftables prints is strerror() of what the kernel said; it has no other way to tell. */
static const struct {
        int error;
        const char *text;
} error_texts[] = {
        { ENOENT, "No such file or directory" },
        { EEXIST, "File exists" },
        { EPERM, "Operation not permitted" },
        { ENOMEM, "Cannot allocate memory" },
        { ENOMEM, "Memory allocation failure" },
        { ENOBUFS, "No buffer space available" },
        { EBUSY, "Device or resource busy" },
        { EOPNOTSUPP, "Operation not supported" },
        { ENOSPC, "No space left on device" },
        { EMFILE, "Too many open files" },
        { ENFILE, "Too many open files in system" },
        { EAGAIN, "Resource temporarily unavailable" },
        { EAGAIN, "Interrupted system call" },
        { EINVAL, "Invalid argument" },
        { EINVAL, "syntax error" },
};

static void nft_ctx_freep(struct nft_ctx **nft) {
        if (*nft)
                nft_ctx_free(*nft);
}

static int error_from_text(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(error_texts); i++)
                if (strstr(text, error_texts[i].text))
                        return -error_texts[i].error;
        return -EIO;
}

/* libnftables 1.0.6 puts its socket into an fd_set, whatever its number, and select(2) with one
 * of FD_SETSIZE or more ends the process. A manager with that many fds has to close them first. */
static int check_next_fd(void) {
        _cleanup_(close_fdp) int fd = -EBADF;

        fd = open("/", O_PATH | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fd < FD_SETSIZE ? 0 : -EMFILE;
}

static int run_once(const char *commands, bool json, char **ret_output) {
        _cleanup_(nft_ctx_freep) struct nft_ctx *nft = NULL;
        const char *text;
        int r;

        r = check_next_fd();
        if (r < 0)
                return r;
        nft = nft_ctx_new(NFT_CTX_DEFAULT);
        if (!nft || nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
                return -ENOMEM;
        if (json)
                nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON);
        if (nft_run_cmd_from_buffer(nft, commands) == 0) {
                if (!ret_output)
                        return 0;
                text = nft_ctx_get_output_buffer(nft);
                *ret_output = strdup(text ?: "");
                return *ret_output ? 0 : -ENOMEM;
        }

        text = nft_ctx_get_error_buffer(nft);
        r = error_from_text(text ? text : "");
        return log_debug_errno(r, "nftables: %s", text ? text : "no message");
}

/* Another transaction between libnftables' look at the table and its commit makes it fail with
 * EAGAIN or EINTR; it is gone with the next try. */
static int run(const char *commands, bool json, char **ret_output) {
        int r = -EAGAIN;

        for (int i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++)
                r = run_once(commands, json, ret_output);
        return r == -EAGAIN ? -EBUSY : r;
}

int nft_run(const char *commands) {
        return run(commands, false, NULL);
}

int nft_run_printed(FILE *f, char **text) {
        _cleanup_(freep) char *commands = memstream_finish(f, text);

        return commands ? nft_run(commands) : -ENOMEM;
}

int nft_query(const char *commands, bool json, char **ret_output) {
        return run(commands, json, ret_output);
}
