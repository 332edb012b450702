/* SPDX-License-Identifier: MIT */
/** The kernel's smallest page: 4 KiB on most machines, 16 or 64 KiB on some of ARM's. */
#ifndef UMM_OS_PAGE_H
#define UMM_OS_PAGE_H

#include <stdint.h>
#include <unistd.h>

static inline uint64_t umm_page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

#endif
