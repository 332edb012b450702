/* SPDX-License-Identifier: MIT */
/**
 * The bounce pool: memory that a device can reach, lent to buffers that it cannot.
 *
 * The pool is one run of memory cut into slots of equal size, a power of two; a loan is as many
 * slots in a row as it needs. The low bits of the address that the device cares about are kept, so
 * a loan may begin in the middle of a slot. Every loan has its slots to itself, so no two of them
 * share a cache line.
 *
 *	slot      0         1         2         3
 *	     +---------+---------+---------+---------+
 *	     |         |....#####|######## |         |	# 12 bytes at xx..4, low bits kept
 *	     +---------+---------+---------+---------+
 *	state   free      first     more      free
 *
 * First fit from where the last search ended, like the kernel's swiotlb; unlike there, a loan may
 * be as long as the pool. Metadata is one byte a slot, in memory of the caller.
 */
#ifndef UMM_CORE_BOUNCE_H
#define UMM_CORE_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sg.h"

struct umm_bounce {
	struct umm_range memory;
	uint64_t slot_bytes;
	uint64_t n_slots, next; /**< where the next search begins */
	uint64_t used, used_most;
	uint8_t *state; /**< one byte a slot */
};

/** What a loan must be like. */
struct umm_bounce_want {
	uint64_t size_bytes;
	uint64_t low_bits, low_mask; /**< (address & low_mask) == low_bits */
	uint64_t bus_offset;	     /**< device address = memory address + offset */
	uint64_t address_max;	     /**< the highest device address */
	uint64_t boundary_bytes;     /**< not crossed by device addresses; 0: none */
};

/** Bytes of metadata that a pool needs. */
uint64_t umm_bounce_metadata_bytes(uint64_t pool_bytes, uint64_t slot_bytes);

/** 0, or -EINVAL: the slot is no power of two, or the pool is not made of whole aligned slots. */
int umm_bounce_init(struct umm_bounce *pool, struct umm_range memory, uint64_t slot_bytes,
		    uint8_t *metadata);

/** Lend; *out is the memory address. -EINVAL for size 0, -ENOSPC where no slots fit. */
int umm_bounce_take(struct umm_bounce *pool, const struct umm_bounce_want *want, uint64_t *out);

/** Take back what was lent at `address`. -EINVAL for what was not lent, or not from there. */
int umm_bounce_give(struct umm_bounce *pool, uint64_t address, uint64_t size_bytes);

bool umm_bounce_valid(const struct umm_bounce *pool);

#endif
