/* SPDX-License-Identifier: MIT */
/**
 * A driver whose work is over when the test says so: vgem imports a dma-buf, attaches a fence to
 * it, and signals it (drivers/gpu/drm/vgem/vgem_fence.c), or the kernel does after 10 s.
 */
#ifndef UMM_TESTS_VM_VGEM_H
#define UMM_TESTS_VM_VGEM_H

#include <stdint.h>

enum vgem_work { VGEM_READS, VGEM_WRITES };

/** Load it and open its card; skips the test where the kernel has none. */
void vgem_open(void);
void vgem_close(void);

/** Begin work on a dma-buf. Returns what vgem_signal() ends. */
uint32_t vgem_attach(int dmabuf_fd, enum vgem_work work);
void vgem_signal(uint32_t fence);

#endif
