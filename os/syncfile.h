/* SPDX-License-Identifier: MIT */
/** sync_files: fences of kernel drivers as fds (Documentation/driver-api/sync_file.rst). */
#ifndef UMM_OS_SYNCFILE_H
#define UMM_OS_SYNCFILE_H

#include <stddef.h>
#include <stdint.h>

/** Where it stands: *out is 0 (pending), 1 (signalled) or a negative errno (it failed with that).
 * Returns 0, or -EINVAL (not a sync_file). */
int umm_sync_file_status(int fd, int *out);

/** Sleep until it has ended in one way or the other. Returns 0, -ETIMEDOUT, -EINTR, -EINVAL. */
int umm_sync_file_poll(int fd, int64_t timeout_ns);

/**
 * Who has to signal what is still pending, or has failed: "vgem (unbound)", drivers with their
 * timelines; "nobody" if all are signalled. Returns 0, -EINVAL (not a sync_file) or -ENOMEM.
 */
int umm_sync_file_owners(int fd, char *text, size_t size);

#endif
