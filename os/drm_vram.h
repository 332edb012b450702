/* SPDX-License-Identifier: MIT */
/**
 * Cards that scan out memory of their own and nothing else: those whose drivers use the kernel's
 * VRAM helper (drivers/gpu/drm/drm_gem_vram_helper.c, read and observed in 6.12).
 *
 * A dumb buffer of such a card begins in memory of the machine, is moved when it is shown, and may
 * be moved back when others need the room. What a program has mapped moves with it. What another
 * driver has mapped by vmap() does not: drm_gem_vram_bo_driver_move_notify() says so with a WARN
 * and leaves the address of pages that are freed then. vivid's frames on bochs stand still, and
 * vivid writes on to pages that belong to somebody else. Nor does it help to have the buffer moved
 * before: of memory of a card vb2_vmalloc_unmap_dmabuf() makes a BUG in dma_buf_vunmap(). And
 * get_sg_table(), for all who would do DMA, there is none. So this memory is for programs and for
 * the card.
 */
#ifndef UMM_OS_DRM_VRAM_H
#define UMM_OS_DRM_VRAM_H

#include <stdbool.h>
#include <stdint.h>

/** Memory of a card. */
struct umm_drm_vram {
	uint64_t size_bytes;	/**< 0: nobody tells */
	uint64_t console_bytes; /**< what the kernel's console has of it */
};

/** Whether the card of that name ("card0") is one of those; then *out is filled, which may be NULL.
 * `root` is in front of /sys and /proc, for tests. */
bool umm_drm_vram(const char *root, const char *card, struct umm_drm_vram *out);

/** Largest buffer of which two fit beside the console, as a flip needs them; 0: not known. */
uint64_t umm_drm_vram_buffer_max(const struct umm_drm_vram *vram);

#endif
