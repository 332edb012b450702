/* SPDX-License-Identifier: MIT */
/**
 * A heap: a source of memory with properties.
 *
 * A backend is one file and one line in heap/table.c. Most backends are one heap; those whose
 * memory comes from device nodes are one heap for each node that is there now, so the list is made
 * when somebody asks for it. A heap is a small value: copy it, nothing to finish.
 *
 * A heap that is not here says so in words, because "why was this one not taken?" is a question
 * people ask.
 */
#ifndef UMM_HEAP_HEAP_H
#define UMM_HEAP_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include <umm/constraints.h>
#include <umm/solve.h>

#define UMM_HEAP_NAME_MAX   63
#define UMM_HEAP_SOURCE_MAX 399
#define UMM_HEAP_CAVEAT_MAX 127
#define UMM_MAX_HEAPS	    64

struct umm_heap_ops;

struct umm_heap {
	const struct umm_heap_ops *ops;
	char name[UMM_HEAP_NAME_MAX + 1];
	char node[UMM_HEAP_NAME_MAX + 1]; /**< "/dev/dma_heap/system"; "" where there is none */
};

struct umm_heap_list {
	unsigned n;
	struct umm_heap heaps[UMM_MAX_HEAPS];
};

/** HEAP of the constraint document, and where the facts come from. */
struct umm_heap_properties {
	char name[UMM_HEAP_NAME_MAX + 1];
	enum umm_heap_class class;
	bool present;
	bool contiguous;
	bool device_only;	       /**< what a CPU sees there is not what devices see */
	uint64_t contiguous_max_bytes; /**< runs up to that size; 0: no promise */
	uint64_t size_max_bytes;       /**< of one buffer; 0: no limit but what is free */
	uint64_t address_max;	       /**< highest byte it hands out; 0: not known */
	uint64_t free_bytes;	       /**< UINT64_MAX: not known */
	uint64_t page_bytes;
	uint64_t cost;
	char caveat[UMM_HEAP_CAVEAT_MAX + 1]; /**< what its users should know; "": nothing */
	char source[UMM_HEAP_SOURCE_MAX + 1]; /**< how each fact is known; why it is not present */
};

/** What one buffer is to be. */
struct umm_heap_request {
	const char *label; /**< for people: names of memory files and dma-bufs */
	uint64_t size_bytes;
	uint64_t pitch_bytes; /**< of the first plane, for heaps that think in images; 0: none */
	const struct umm_layout *image; /**< for drivers that lay it out themselves; NULL: none */
};

/** What an allocation gives. Closing it, and every mapping, frees the memory. */
struct umm_heap_memory {
	int fd;		/**< the one that members and devices get: a memfd or a dma-buf */
	int backing_fd; /**< the memory file behind a dma-buf; -1: none. What maps virtual memory
			   (VFIO) needs this one: a mapping of a dma-buf has no pages to pin. */
};

#define UMM_HEAP_NO_MEMORY ((struct umm_heap_memory){ .fd = -1, .backing_fd = -1 })

struct umm_heap_ops {
	/** Name of the one heap there is; NULL where list() or the nodes name them. */
	const char *name;

	/** Instead of `name`: a pattern of glob(7); each node it matches is a heap, under the
	 * node's last part ("card0" of "/dev/dri/card*"). */
	const char *nodes;

	/** To look at it is to open a device, which may wake it up: done only for those who have a
	 * use for it. */
	bool of_device;

	/** To look at it is to look at all memory for free runs: done only for those who need one,
	 * or who would get nothing otherwise. */
	bool of_runs;

	/** Instead of `name` and `nodes`: append those that are there now with umm_heap_append().
	 */
	void (*list)(struct umm_heap_list *list);

	/** Look at the machine as it is now. Fills all of *out but the name. */
	void (*probe)(const struct umm_heap *heap, struct umm_heap_properties *out);

	/** One buffer of at least request->size_bytes, zeroed. *out is the caller's. 0 or a
	 * negative errno. */
	int (*allocate)(const struct umm_heap *heap, const struct umm_heap_request *request,
			struct umm_heap_memory *out);

	/** Every writable mapping exists: close the memory to new writers. Optional. */
	int (*finish)(const struct umm_heap_memory *memory);
};

/** All heaps, in the order of the table; those of nodes are there only if the node is. */
void umm_heap_list(struct umm_heap_list *out);

/** Those of one backend alone, behind what is in the list. */
void umm_heap_list_of(const struct umm_heap_ops *ops, struct umm_heap_list *list);

/** For list(): one more heap; names that are too long or taken, and those past UMM_MAX_HEAPS, are
 * logged and left out. */
void umm_heap_append(struct umm_heap_list *list, const struct umm_heap *heap);

/** A heap by its name into *out; false and untouched if there is none. */
bool umm_heap_find(const char *name, struct umm_heap *out);

/** As the operations of the same names. */
void umm_heap_probe(const struct umm_heap *heap, struct umm_heap_properties *out);
int umm_heap_allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		      struct umm_heap_memory *out);
int umm_heap_finish(const struct umm_heap *heap, const struct umm_heap_memory *memory);

/** Close what is open. */
void umm_heap_memory_close(struct umm_heap_memory *memory);

/** "memfd", "dma_heap", ...: the class as the document spells it. */
const char *umm_heap_class_name(enum umm_heap_class class);

#endif
