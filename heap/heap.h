/* SPDX-License-Identifier: MIT */
/**
 * A heap: a source of memory with properties. One file and one line in heap/table.c each.
 *
 * A heap that is not here says so in words, because "why was this one not taken?" is a question
 * people ask. Allocation gives an fd: closing it, and every mapping, frees the memory.
 */
#ifndef UMM_HEAP_HEAP_H
#define UMM_HEAP_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include <umm/constraints.h>

/** HEAP of the constraint document, and where the facts come from. */
struct umm_heap_properties {
	char name[64];
	enum umm_heap_class class;
	bool present;
	bool contiguous;
	uint64_t contiguous_max_bytes; /**< runs up to that size; 0: no promise */
	uint64_t free_bytes;	       /**< UINT64_MAX: not known */
	uint64_t page_bytes;
	uint64_t cost;
	char source[160]; /**< how each fact is known; why it is not present */
};

struct umm_heap_ops {
	const char *name;

	/** Look at the machine as it is now. Always fills *out. */
	void (*probe)(struct umm_heap_properties *out);

	/** One buffer of at least `size_bytes`, zeroed. *out_fd is the caller's. 0 or a negative
	 * errno. */
	int (*allocate)(const char *label, uint64_t size_bytes, int *out_fd);

	/** Every writable mapping exists: close the memory to new writers. Optional. */
	int (*finish)(int fd);
};

/** All heaps, ended by NULL. */
extern const struct umm_heap_ops *const umm_heap_table[];

/** A heap by its name, or NULL. */
const struct umm_heap_ops *umm_heap_find(const char *name);

/** "memfd", "dma_heap", ...: the class as the document spells it. */
const char *umm_heap_class_name(enum umm_heap_class class);

#endif
