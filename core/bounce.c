/* SPDX-License-Identifier: MIT */
#include "core/bounce.h"

#include <errno.h>
#include <string.h>

#include "core/step.h"

enum slot_state { SLOT_FREE, SLOT_FIRST, SLOT_MORE };

static uint64_t slots_in(uint64_t bytes, uint64_t slot_bytes)
{
	return bytes >> umm_lowest_bit(slot_bytes);
}

uint64_t umm_bounce_metadata_bytes(uint64_t pool_bytes, uint64_t slot_bytes)
{
	return umm_is_power_of_two(slot_bytes) ? slots_in(pool_bytes, slot_bytes) : 0;
}

int umm_bounce_init(struct umm_bounce *pool, struct umm_range memory, uint64_t slot_bytes,
		    uint8_t *metadata)
{
	if (!umm_is_power_of_two(slot_bytes) || !umm_range_valid(memory) ||
	    ((memory.start | memory.size) & (slot_bytes - 1)) != 0)
		return -EINVAL;
	*pool = (struct umm_bounce){
		.memory = memory,
		.slot_bytes = slot_bytes,
		.n_slots = slots_in(memory.size, slot_bytes),
		.state = metadata,
	};
	memset(metadata, SLOT_FREE, (size_t)pool->n_slots);
	return 0;
}

static uint64_t slot_address(const struct umm_bounce *pool, uint64_t slot)
{
	return pool->memory.start + slot * pool->slot_bytes;
}

/* Is the loan at `address` as the device wants it? */
static bool reachable(const struct umm_bounce_want *want, uint64_t address)
{
	struct umm_range device = { address + want->bus_offset, want->size_bytes };
	struct umm_sg_limits limits = { .boundary_bytes = want->boundary_bytes };
	if (!umm_range_valid(device) || umm_sg_run_limit(device, &limits) != UMM_SG_FITS)
		return false;
	return !UMM_STEP(MASK_BOUNCE) || umm_range_last(device) <= want->address_max;
}

static bool low_bits_kept(const struct umm_bounce_want *want, uint64_t address)
{
	return (address & want->low_mask) == want->low_bits;
}

/* The first slot at or after `slot` where a loan of n slots is free, or n_slots. */
static uint64_t find_free(const struct umm_bounce *pool, uint64_t slot, uint64_t n)
{
	uint64_t free = 0;
	for (; slot < pool->n_slots; slot++) {
		free = pool->state[slot] == SLOT_FREE ? free + 1 : 0;
		if (free == n)
			return slot - n + 1;
	}
	return pool->n_slots;
}

static int search(const struct umm_bounce *pool, const struct umm_bounce_want *want, uint64_t from,
		  uint64_t *slot)
{
	uint64_t start = want->low_bits & (pool->slot_bytes - 1);
	uint64_t n = slots_in(want->size_bytes + start + pool->slot_bytes - 1, pool->slot_bytes);
	for (uint64_t at = from;; at++) {
		at = find_free(pool, at, n);
		if (at == pool->n_slots)
			return -ENOSPC;
		uint64_t address = slot_address(pool, at) + start;
		if (!low_bits_kept(want, address) || !reachable(want, address))
			continue;
		*slot = at;
		return 0;
	}
}

static uint64_t slots_of(const struct umm_bounce *pool, uint64_t address, uint64_t size_bytes)
{
	uint64_t start = address & (pool->slot_bytes - 1);
	return slots_in(size_bytes + start + pool->slot_bytes - 1, pool->slot_bytes);
}

static void mark_taken(struct umm_bounce *pool, uint64_t slot, uint64_t n)
{
	memset(pool->state + slot, SLOT_MORE, (size_t)n);
	pool->state[slot] = SLOT_FIRST;
	pool->next = slot + n < pool->n_slots ? slot + n : 0;
	pool->used += n;
	if (pool->used > pool->used_most)
		pool->used_most = pool->used;
}

int umm_bounce_take(struct umm_bounce *pool, const struct umm_bounce_want *want, uint64_t *out)
{
	if (want->size_bytes == 0)
		return -EINVAL;
	if (want->size_bytes > pool->memory.size)
		return -ENOSPC;

	struct umm_bounce_want kept = *want;
	if (!UMM_STEP(BOUNCE_LOW_BITS))
		kept.low_bits = kept.low_mask = 0;
	uint64_t slot;
	int ret = search(pool, &kept, pool->next, &slot);
	if (ret == -ENOSPC && pool->next > 0)
		ret = search(pool, &kept, 0, &slot);
	if (ret < 0)
		return ret;
	*out = slot_address(pool, slot) + (kept.low_bits & (pool->slot_bytes - 1));
	mark_taken(pool, slot, slots_of(pool, *out, want->size_bytes));
	return 0;
}

/* Is [slot, slot + n) exactly one loan? */
static bool is_loan(const struct umm_bounce *pool, uint64_t slot, uint64_t n)
{
	if (n > pool->n_slots - slot || pool->state[slot] != SLOT_FIRST)
		return false;
	for (uint64_t i = 1; i < n; i++)
		if (pool->state[slot + i] != SLOT_MORE)
			return false;
	return slot + n == pool->n_slots || pool->state[slot + n] != SLOT_MORE;
}

int umm_bounce_give(struct umm_bounce *pool, uint64_t address, uint64_t size_bytes)
{
	struct umm_range loan = { address, size_bytes };
	if (!umm_range_valid(loan) || !umm_range_contains(pool->memory, loan))
		return -EINVAL;
	uint64_t slot = slots_in(address - pool->memory.start, pool->slot_bytes);
	uint64_t n = slots_of(pool, address, size_bytes);
	if (!is_loan(pool, slot, n))
		return -EINVAL;
	memset(pool->state + slot, SLOT_FREE, (size_t)n);
	pool->used -= n;
	return 0;
}

bool umm_bounce_valid(const struct umm_bounce *pool)
{
	uint64_t used = 0;
	for (uint64_t i = 0; i < pool->n_slots; i++) {
		if (pool->state[i] > SLOT_MORE)
			return false;
		if (pool->state[i] == SLOT_MORE && (i == 0 || pool->state[i - 1] == SLOT_FREE))
			return false;
		used += pool->state[i] != SLOT_FREE;
	}
	return used == pool->used && used <= pool->used_most && pool->next < pool->n_slots;
}
