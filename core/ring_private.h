/* SPDX-License-Identifier: MIT */
/** What both sides of the ring do alike. */
#ifndef UMM_CORE_RING_PRIVATE_H
#define UMM_CORE_RING_PRIVATE_H

#include "core/ring.h"

/* The kernel's MAX_ERRNO (include/linux/err.h). */
#define UMM_RING_ERRNO_MAX 4095

static inline bool umm_ring_is_errno(int error)
{
	return error < 0 && error >= -UMM_RING_ERRNO_MAX;
}

/* Power of two, at least n_buffers; at least 2, so that the entry of frame `count` is never the one
 * that is being written next. */
static inline unsigned umm_ring_size(unsigned n_buffers)
{
	unsigned size = 2;
	while (size < n_buffers)
		size *= 2;
	return size;
}

/* The array behind the entries. */
static inline size_t umm_ring_revoked_offset(unsigned n_buffers)
{
	return sizeof(struct umm_ring_producer_block) +
	       umm_ring_size(n_buffers) * sizeof(struct umm_ring_entry);
}

static inline bool umm_ring_rect_inside(struct umm_rect rect, struct umm_ring_image image)
{
	uint64_t right = (uint64_t)rect.x_px + rect.width_px;
	uint64_t bottom = (uint64_t)rect.y_px + rect.height_px;
	bool nothing = (right | bottom) == 0; /* the whole image */
	return right <= image.width_px && bottom <= image.height_px &&
	       (nothing || (rect.width_px > 0 && rect.height_px > 0));
}

/* Counters have one writer: no read-modify-write is needed. */
static inline void umm_ring_add(_Atomic uint64_t *counter, uint64_t amount)
{
	uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, old + amount, memory_order_relaxed);
}

/* News is complete: from here on a sleeper that samples the bell sees it. Sequentially consistent,
 * and followed by a look at `waits` of the peers: see the essay in ring.h. Returns the value it
 * moved away from. */
static inline uint32_t umm_ring_move_bell(struct umm_ring_block *block)
{
	uint32_t before = atomic_load_explicit(&block->bell, memory_order_relaxed);
	atomic_store_explicit(&block->bell, before + 1, memory_order_seq_cst);
	return before;
}

/* After the bell moved away from `before`: does the peer who wrote this word have to be woken? */
static inline enum umm_ring_wait_kind umm_ring_asks(const _Atomic uint64_t *word, uint32_t before)
{
	uint64_t wait = atomic_load_explicit(word, memory_order_seq_cst);
	if ((uint32_t)(wait >> UMM_RING_WAIT_KIND_BITS) != before)
		return UMM_RING_AWAKE;
	return (enum umm_ring_wait_kind)(wait & ((1 << UMM_RING_WAIT_KIND_BITS) - 1));
}

/* Sample a peer's bell and say that we wait for it to move. */
static inline struct umm_ring_bell umm_ring_expect(_Atomic uint64_t *word,
						   const struct umm_ring_block *peer,
						   enum umm_ring_wait_kind kind)
{
	struct umm_ring_bell bell = {
		.word = &peer->bell,
		.value = atomic_load_explicit(&peer->bell, memory_order_seq_cst),
	};
	uint64_t wait = (uint64_t)bell.value << UMM_RING_WAIT_KIND_BITS | (uint64_t)kind;
	atomic_store_explicit(word, wait, memory_order_seq_cst);
	return bell;
}

#endif
