/* SPDX-License-Identifier: MIT */
/** sw_sync as drivers/dma-buf/sw_sync.c has it; no header of the kernel does. */
#ifndef UMM_TESTS_VM_SW_SYNC_H
#define UMM_TESTS_VM_SW_SYNC_H

#include <stdint.h>
#include <sys/ioctl.h>

#define SW_SYNC "/sys/kernel/debug/sync/sw_sync"

struct sw_sync_fence {
	uint32_t value;
	char name[32];
	int32_t fence;
};
#define SW_SYNC_CREATE_FENCE _IOWR('W', 0, struct sw_sync_fence)
#define SW_SYNC_COUNT_UP     _IOW('W', 1, uint32_t)

#endif
