/* SPDX-License-Identifier: MIT */
/** How much memory can still be taken. */
#ifndef UMM_OS_MEMINFO_H
#define UMM_OS_MEMINFO_H

#include <stdint.h>

/** MemAvailable of /proc/meminfo in bytes, or UINT64_MAX where it cannot be read. */
uint64_t umm_available_bytes(void);

#endif
