/* SPDX-License-Identifier: MIT */
/** How movable buffers are made; movable.h has the idea. */
#ifndef UMM_HEAP_MOVABLE_PRIVATE_H
#define UMM_HEAP_MOVABLE_PRIVATE_H

#include <stdatomic.h>

#include "heap/arena_private.h"
#include "heap/movable.h"

enum { UMM_MOVABLE_IDLE, UMM_MOVABLE_MOVING };

/** The place of one buffer; after the places of all come their pages: numbers in the file. */
struct umm_movable_place {
	_Atomic uint32_t state; /**< futex word */
	_Atomic uint32_t generation;
};

/** A shared file: `own` is for who writes it, `peer` for who reads. */
struct umm_movable_block {
	int fd;
	size_t size;
	void *own, *peer;
};

struct umm_movable_buffer {
	struct umm_tenant tenant;
	struct umm_tenant_frame *frames;
	struct umm_movable *movable;
	unsigned index;
	bool moving; /* its state says so */
	bool moved;  /* since then */
};

struct umm_movable {
	atomic_uint references; /* the owner's, and one for each view */
	struct umm_arena *arena;
	struct umm_movable *next; /* on the same arena */
	unsigned n_buffers, n_members;
	uint32_t n_pages; /* of one buffer */
	struct umm_movable_block places;
	struct umm_movable_block *pins; /* of each member: a word for each buffer */
	bool *buried;			/* members */
	bool *lent;    /* members in a process of their own: it holds a lock while it has views */
	bool retired;  /* nobody owns it: it goes with the last view of another process */
	bool visiting; /* another process moves: this one has views alone */
	struct umm_file_identity identity; /* of the places */
	struct umm_movable_buffer *buffers;
	struct umm_tenant_frame *frames; /* of all buffers */
	unsigned n_joined;		 /* buffers that are tenants */
	struct umm_movable_stats stats;
};

/** The memory of it, without a word to the arena. */
void umm_movable_discard(struct umm_movable *movable);

/** Drop a reference. */
void umm_movable_unref(struct umm_movable *movable);

static inline _Atomic uint32_t *umm_movable_pages(const struct umm_movable *movable, void *places,
						  unsigned index)
{
	struct umm_movable_place *first = places;
	return (_Atomic uint32_t *)(first + movable->n_buffers) + (size_t)index * movable->n_pages;
}

#endif
