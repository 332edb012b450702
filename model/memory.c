/* SPDX-License-Identifier: MIT */
#include "model/memory.h"

#include <errno.h>
#include <stdlib.h>

int model_memory_add(struct model_memory *memory, struct umm_range where)
{
	if (!umm_range_valid(where) || ((where.start | where.size) & (MODEL_PAGE_BYTES - 1)) != 0 ||
	    memory->n_banks == MODEL_BANKS)
		return -EINVAL;
	for (unsigned i = 0; i < memory->n_banks; i++)
		if (umm_range_overlaps(memory->banks[i].where, where))
			return -EINVAL;
	if (where.size > SIZE_MAX)
		return -ENOMEM;
	struct model_bank bank = {
		.where = where,
		.bytes = calloc(1, (size_t)where.size),
		.pages = calloc(1, (size_t)where.size / MODEL_PAGE_BYTES),
	};
	if (bank.bytes == NULL || bank.pages == NULL) {
		free(bank.bytes);
		free(bank.pages);
		return -ENOMEM;
	}
	memory->banks[memory->n_banks++] = bank;
	return 0;
}

void model_memory_finish(struct model_memory *memory)
{
	for (unsigned i = 0; i < memory->n_banks; i++) {
		free(memory->banks[i].bytes);
		free(memory->banks[i].pages);
	}
	memory->n_banks = 0;
}

static const struct model_bank *bank_of(const struct model_memory *memory, struct umm_range run)
{
	for (unsigned i = 0; i < memory->n_banks && umm_range_valid(run); i++)
		if (umm_range_contains(memory->banks[i].where, run))
			return &memory->banks[i];
	return NULL;
}

uint8_t *model_memory_at(const struct model_memory *memory, struct umm_range run)
{
	const struct model_bank *bank = bank_of(memory, run);
	return bank != NULL ? bank->bytes + (run.start - bank->where.start) : NULL;
}

uint8_t *model_memory_page(const struct model_memory *memory, uint64_t address)
{
	const struct model_bank *bank = bank_of(memory, (struct umm_range){ address, 1 });
	if (bank == NULL)
		return NULL;
	return &bank->pages[(address - bank->where.start) / MODEL_PAGE_BYTES];
}

static bool all_free(const struct model_bank *bank, struct umm_range run)
{
	uint64_t first = (run.start - bank->where.start) / MODEL_PAGE_BYTES;
	uint64_t last = (umm_range_last(run) - bank->where.start) / MODEL_PAGE_BYTES;
	for (uint64_t page = first; page <= last; page++)
		if (bank->pages[page] != MODEL_PAGE_FREE)
			return false;
	return true;
}

static bool take_from(const struct model_bank *bank, uint64_t size_bytes, uint64_t align,
		      uint64_t address_max, uint64_t *address)
{
	uint64_t at = (bank->where.start + align - 1) & ~(align - 1);
	for (;; at += align) {
		struct umm_range run = { at, size_bytes };
		if (!umm_range_valid(run) || !umm_range_contains(bank->where, run) ||
		    umm_range_last(run) > address_max)
			return false;
		if (!all_free(bank, run))
			continue;
		*address = at;
		return true;
	}
}

int model_memory_take(struct model_memory *memory, uint64_t size_bytes, uint64_t align_bytes,
		      uint64_t address_max, uint64_t *address)
{
	if (align_bytes < MODEL_PAGE_BYTES)
		align_bytes = MODEL_PAGE_BYTES;
	for (unsigned i = 0; i < memory->n_banks; i++) {
		if (!take_from(&memory->banks[i], size_bytes, align_bytes, address_max, address))
			continue;
		model_memory_mark(memory, (struct umm_range){ *address, size_bytes },
				  MODEL_PAGE_USED);
		return 0;
	}
	return -ENOMEM;
}

void model_memory_mark(struct model_memory *memory, struct umm_range run, enum model_page_use use)
{
	for (uint64_t at = umm_align_down(run.start, MODEL_PAGE_BYTES); at <= umm_range_last(run);
	     at += MODEL_PAGE_BYTES) {
		uint8_t *page = model_memory_page(memory, at);
		if (page != NULL)
			*page = (uint8_t)use;
	}
}
