/* SPDX-License-Identifier: MIT */
/**
 * How much memory this process can still take, and who says so.
 *
 * The machine's own estimate is MemAvailable of /proc/meminfo. A cgroup may allow less, and so may
 * each of its ancestors: memory.max of cgroup v2, memory.limit_in_bytes of v1 where that controller
 * is mounted. What they count includes the page cache, which the kernel drops before it fails
 * anything, so that counts as free (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
 */
#ifndef UMM_OS_MEMINFO_H
#define UMM_OS_MEMINFO_H

#include <stdint.h>

#define UMM_MEMORY_LIMIT_NAME_MAX 255

/** What can be taken under the tightest of all limits. */
struct umm_memory_room {
	uint64_t free_bytes;			   /**< UINT64_MAX where nothing can be read */
	char limit[UMM_MEMORY_LIMIT_NAME_MAX + 1]; /**< "MemAvailable of /proc/meminfo",
						      "memory.max of cgroup /user.slice" */
};

/** Look now. `root` stands before every path: "" is this machine. */
void umm_memory_room(const char *root, struct umm_memory_room *out);

/** free_bytes of this machine. */
uint64_t umm_available_bytes(void);

#endif
