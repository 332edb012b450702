/* SPDX-License-Identifier: MIT */
/** What the kernel thinks of a mapping of this process: VmFlags of /proc/self/smaps (proc(5)). */
#ifndef UMM_OS_VMFLAGS_H
#define UMM_OS_VMFLAGS_H

#include <stdbool.h>

/** Whether the mapping that begins at `map` has a flag: "pf", "mm", ... Returns 0, -ENOENT (no
 * mapping begins there), -ENODATA (a kernel that shows no flags), or an errno of the file. */
int umm_mapping_has_flag(const void *map, const char *flag, bool *out);

#endif
