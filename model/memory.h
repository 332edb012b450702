/* SPDX-License-Identifier: MIT */
/** Memory banks of a modelled machine: what is really in RAM, whatever caches say. */
#ifndef UMM_MODEL_MEMORY_H
#define UMM_MODEL_MEMORY_H

#include <stdint.h>

#include "core/sg.h"

#define MODEL_BANKS	 4
#define MODEL_PAGE_BYTES UINT64_C(4096)

struct model_bank {
	struct umm_range where; /**< whole pages */
	uint8_t *bytes;
	uint8_t *pages; /**< enum model_page_use of each */
};

enum model_page_use { MODEL_PAGE_FREE, MODEL_PAGE_USED, MODEL_PAGE_STACK };

struct model_memory {
	struct model_bank banks[MODEL_BANKS];
	unsigned n_banks;
};

/** 0, -EINVAL (no whole pages, overlap, too many), -ENOMEM. */
int model_memory_add(struct model_memory *memory, struct umm_range where);
void model_memory_finish(struct model_memory *memory);

/** The bytes of a run, or NULL where it is not all inside one bank. */
uint8_t *model_memory_at(const struct model_memory *memory, struct umm_range run);

/** The use of the page with that address; NULL: no such page. */
uint8_t *model_memory_page(const struct model_memory *memory, uint64_t address);

/** Take a run of free pages (the lowest), whose last byte is at most `address_max`. */
int model_memory_take(struct model_memory *memory, uint64_t size_bytes, uint64_t align_bytes,
		      uint64_t address_max, uint64_t *address);

/** Mark the pages of a run. */
void model_memory_mark(struct model_memory *memory, struct umm_range run, enum model_page_use use);

#endif
