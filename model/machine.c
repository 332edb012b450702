/* SPDX-License-Identifier: MIT */
#include "model/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INNER_SETS 64
#define INNER_WAYS 4
#define OUTER_SETS 128
#define OUTER_WAYS 8

/* ---- life ---- */

static int add_banks(struct model_machine *machine, const struct model_machine_options *options)
{
	for (unsigned i = 0; i < options->n_banks; i++) {
		int ret = model_memory_add(&machine->memory, options->banks[i]);
		if (ret < 0)
			return ret;
		size_t n_pages = (size_t)(options->banks[i].size / MODEL_PAGE_BYTES);
		machine->uncached[i] = calloc(1, n_pages);
		if (machine->uncached[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int add_caches(struct model_machine *machine, bool outer)
{
	machine->outer.memory = machine->inner.memory = &machine->memory;
	machine->outer.dice = machine->inner.dice = &machine->dice;
	machine->has_outer = outer;
	if (outer) {
		machine->inner.below = &machine->outer;
		int ret = model_cache_init(&machine->outer, OUTER_SETS, OUTER_WAYS);
		if (ret < 0)
			return ret;
	}
	return model_cache_init(&machine->inner, INNER_SETS, INNER_WAYS);
}

struct model_machine *model_machine_create(const struct model_machine_options *options)
{
	struct model_machine *machine = calloc(1, sizeof(*machine));
	if (machine == NULL)
		return NULL;
	machine->dice = model_dice_of(options->seed);
	machine->quiet = options->quiet;
	if (add_banks(machine, options) < 0 || add_caches(machine, options->outer_cache) < 0) {
		model_machine_destroy(machine);
		return NULL;
	}
	return machine;
}

void model_machine_destroy(struct model_machine *machine)
{
	if (machine == NULL)
		return;
	for (unsigned i = 0; i < MODEL_BANKS; i++)
		free(machine->uncached[i]);
	model_cache_finish(&machine->inner);
	model_cache_finish(&machine->outer);
	model_memory_finish(&machine->memory);
	free(machine);
}

/* ---- what hardware does on its own ---- */

static uint8_t *uncached_page(const struct model_machine *machine, uint64_t address)
{
	for (unsigned i = 0; i < machine->memory.n_banks; i++) {
		struct umm_range where = machine->memory.banks[i].where;
		if (umm_range_contains(where, (struct umm_range){ address, 1 }))
			return &machine->uncached[i][(address - where.start) / MODEL_PAGE_BYTES];
	}
	return NULL;
}

static bool is_uncached(const struct model_machine *machine, uint64_t address)
{
	const uint8_t *page = uncached_page(machine, address);
	return page != NULL && *page;
}

static void make_hot(struct model_machine *machine, uint64_t address)
{
	machine->hot[machine->n_hot++ % MODEL_HOT] = address;
}

/* A line near what was touched lately, or any line of memory in use. */
static uint64_t guess_address(struct model_machine *machine)
{
	uint64_t hot = machine->hot[model_dice_below(&machine->dice, MODEL_HOT)];
	if (model_dice_one_in(&machine->dice, 2))
		return hot + MODEL_LINE_BYTES * model_dice_below(&machine->dice, 4);
	return hot + MODEL_LINE_BYTES * (uint64_t)model_dice_below(&machine->dice, 256) -
	       MODEL_LINE_BYTES * 128;
}

static void speculate(struct model_machine *machine)
{
	uint64_t address = guess_address(machine);
	const uint8_t *page = model_memory_page(&machine->memory, address);
	if (page != NULL && *page != MODEL_PAGE_FREE && !is_uncached(machine, address))
		model_cache_prefetch(&machine->inner, address);
}

static void drain_one(struct model_machine *machine);

static void nature(struct model_machine *machine)
{
	if (machine->quiet)
		return;
	uint32_t chance = model_dice_below(&machine->dice, 8);
	if (chance == 0)
		model_cache_evict(&machine->inner);
	else if (chance == 1 && machine->has_outer)
		model_cache_evict(&machine->outer);
	else if (chance <= 3)
		speculate(machine);
	else if (chance == 4 && machine->n_stores > 0)
		drain_one(machine);
}

/* ---- the CPU ---- */

static bool in_memory(const struct model_machine *machine, uint64_t address)
{
	return model_memory_page(&machine->memory, address) != NULL;
}

/* Uncached, but a line that was left in the cache still answers. */
static void read_uncached(struct model_machine *machine, uint64_t address, void *bytes,
			  uint32_t size)
{
	const struct model_line *line = model_cache_find(&machine->inner, address);
	if (line == NULL && machine->has_outer)
		line = model_cache_find(&machine->outer, address);
	if (line != NULL)
		memcpy(bytes, line->bytes + address % MODEL_LINE_BYTES, size);
	else
		memcpy(bytes,
		       model_memory_at(&machine->memory, (struct umm_range){ address, size }),
		       size);
}

static void drain_one(struct model_machine *machine)
{
	struct model_store store = machine->stores[0];
	machine->n_stores--;
	memmove(machine->stores, machine->stores + 1, machine->n_stores * sizeof(store));
	if (is_uncached(machine, store.address))
		memcpy(model_memory_at(&machine->memory,
				       (struct umm_range){ store.address, store.size }),
		       store.bytes, store.size);
	else
		model_cache_write(&machine->inner, store.address, store.bytes, store.size);
}

void model_cpu_drain(struct model_machine *machine)
{
	while (machine->n_stores > 0)
		drain_one(machine);
}

static uint32_t in_line(uint64_t address, uint64_t size)
{
	uint32_t left = MODEL_LINE_BYTES - (uint32_t)(address % MODEL_LINE_BYTES);
	return size < left ? (uint32_t)size : left;
}

static void read_line(struct model_machine *machine, uint64_t address, void *bytes, uint32_t size)
{
	make_hot(machine, address);
	if (!in_memory(machine, address)) {
		machine->bad_accesses++;
		memset(bytes, 0xff, size);
	} else if (is_uncached(machine, address)) {
		read_uncached(machine, address, bytes, size);
	} else {
		model_cache_read(&machine->inner, address, bytes, size);
	}
}

static void watch(struct model_machine *machine, struct umm_range run, bool write)
{
	if (machine->watch != NULL && umm_range_valid(run))
		machine->watch(machine->watcher, run, write);
}

void model_cpu_read(struct model_machine *machine, uint64_t address, void *bytes, uint64_t size)
{
	uint8_t *to = bytes;
	watch(machine, (struct umm_range){ address, size }, false);
	model_cpu_drain(machine);
	while (size > 0) {
		uint32_t part = in_line(address, size);
		nature(machine);
		read_line(machine, address, to, part);
		address += part, to += part, size -= part;
	}
}

static void write_line(struct model_machine *machine, uint64_t address, const void *bytes,
		       uint32_t size)
{
	make_hot(machine, address);
	if (!in_memory(machine, address)) {
		machine->bad_accesses++;
		return;
	}
	if (machine->n_stores == MODEL_STORES)
		drain_one(machine);
	struct model_store *store = &machine->stores[machine->n_stores++];
	*store = (struct model_store){ .address = address, .size = size };
	memcpy(store->bytes, bytes, size);
	if (machine->quiet)
		drain_one(machine);
}

void model_cpu_write(struct model_machine *machine, uint64_t address, const void *bytes,
		     uint64_t size)
{
	const uint8_t *from = bytes;
	watch(machine, (struct umm_range){ address, size }, true);
	while (size > 0) {
		uint32_t part = in_line(address, size);
		nature(machine);
		write_line(machine, address, from, part);
		address += part, from += part, size -= part;
	}
}

/* From the inside out, so that nothing is left above. */
void model_cpu_clean(struct model_machine *machine, struct umm_range run)
{
	model_cpu_drain(machine);
	struct umm_range lines = umm_range_round_out(run, MODEL_LINE_BYTES);
	for (uint64_t at = lines.start; at - lines.start < lines.size; at += MODEL_LINE_BYTES) {
		model_cache_clean(&machine->inner, at);
		if (machine->has_outer)
			model_cache_clean(&machine->outer, at);
	}
	nature(machine);
}

/* From the outside in: a line brought in between must not come from a stale outer cache. */
void model_cpu_invalidate(struct model_machine *machine, struct umm_range run)
{
	model_cpu_drain(machine);
	struct umm_range lines = umm_range_round_out(run, MODEL_LINE_BYTES);
	for (uint64_t at = lines.start; at - lines.start < lines.size && machine->has_outer;
	     at += MODEL_LINE_BYTES)
		model_cache_invalidate(&machine->outer, at);
	nature(machine);
	for (uint64_t at = lines.start; at - lines.start < lines.size; at += MODEL_LINE_BYTES)
		model_cache_invalidate(&machine->inner, at);
}

void model_cpu_set_uncached(struct model_machine *machine, struct umm_range run, bool uncached)
{
	model_cpu_drain(machine);
	for (uint64_t at = run.start; at - run.start < run.size; at += MODEL_PAGE_BYTES) {
		uint8_t *page = uncached_page(machine, at);
		if (page != NULL)
			*page = uncached;
	}
}

/* ---- the bus ---- */

/* A coherent bus asks the caches first: what is dirty is written back. */
static void snoop(struct model_machine *machine, uint64_t address, bool write)
{
	model_cache_clean(&machine->inner, address);
	if (machine->has_outer)
		model_cache_clean(&machine->outer, address);
	if (!write)
		return;
	model_cache_invalidate(&machine->inner, address);
	if (machine->has_outer)
		model_cache_invalidate(&machine->outer, address);
}

bool model_bus_read(struct model_machine *machine, bool coherent, uint64_t address, void *bytes,
		    uint32_t size)
{
	const uint8_t *from =
		model_memory_at(&machine->memory, (struct umm_range){ address, size });
	make_hot(machine, address);
	nature(machine);
	if (from == NULL)
		return false;
	if (coherent)
		snoop(machine, address, false);
	memcpy(bytes, from, size);
	return true;
}

bool model_bus_write(struct model_machine *machine, bool coherent, uint64_t address,
		     const void *bytes, uint32_t size)
{
	uint8_t *to = model_memory_at(&machine->memory, (struct umm_range){ address, size });
	make_hot(machine, address);
	nature(machine);
	if (to == NULL)
		return false;
	if (coherent)
		snoop(machine, address, true);
	memcpy(to, bytes, size);
	return true;
}

/* ---- memory in use ---- */

/* As an operating system does it: through the caches. */
static void zero(struct model_machine *machine, struct umm_range run)
{
	static const uint8_t zeros[MODEL_LINE_BYTES];
	for (uint64_t at = run.start; at - run.start < run.size; at += MODEL_LINE_BYTES) {
		nature(machine);
		write_line(machine, at, zeros, MODEL_LINE_BYTES);
	}
	model_cpu_drain(machine);
}

int model_machine_take(struct model_machine *machine, const struct umm_dma_memory_want *want,
		       uint64_t *address)
{
	uint64_t size = (want->size_bytes + MODEL_PAGE_BYTES - 1) & ~(MODEL_PAGE_BYTES - 1);
	int ret = model_memory_take(&machine->memory, size, want->align_bytes, want->address_max,
				    address);
	if (ret == 0)
		zero(machine, (struct umm_range){ *address, size });
	return ret;
}

static bool take_page(struct model_machine *machine, uint64_t *address)
{
	for (unsigned tries = 0; tries < 4096; tries++) {
		const struct model_bank *bank =
			&machine->memory
				 .banks[model_dice_below(&machine->dice, machine->memory.n_banks)];
		uint32_t pages = (uint32_t)(bank->where.size / MODEL_PAGE_BYTES);
		uint32_t page = model_dice_below(&machine->dice, pages);
		if (bank->pages[page] != MODEL_PAGE_FREE)
			continue;
		bank->pages[page] = MODEL_PAGE_USED;
		*address = bank->where.start + page * MODEL_PAGE_BYTES;
		return true;
	}
	return false;
}

int model_machine_take_scattered(struct model_machine *machine, uint32_t n, struct umm_sg *sg)
{
	for (uint32_t i = 0; i < n; i++) {
		struct umm_range page = { 0, MODEL_PAGE_BYTES };
		if (!take_page(machine, &page.start))
			return -ENOMEM;
		zero(machine, page);
		int ret = umm_sg_append(sg, page);
		if (ret < 0)
			return ret;
	}
	return 0;
}

void model_machine_give(struct model_machine *machine, struct umm_range run)
{
	model_memory_mark(&machine->memory, run, MODEL_PAGE_FREE);
}

/* ---- jobs ---- */

static void run_job(struct model_machine *machine, unsigned i)
{
	struct model_job job = machine->jobs[i];
	machine->n_jobs--;
	memmove(&machine->jobs[i], &machine->jobs[i + 1],
		(machine->n_jobs - i) * sizeof(machine->jobs[0]));
	machine->in_job = true;
	job.run(job.context);
	machine->in_job = false;
}

/* The first job of the device that job i belongs to. */
static unsigned first_of_device(const struct model_machine *machine, unsigned i)
{
	for (unsigned first = 0; first < i; first++)
		if (machine->jobs[first].device == machine->jobs[i].device)
			return first;
	return i;
}

void model_machine_tick(struct model_machine *machine)
{
	nature(machine);
	if (machine->n_jobs > 0 && !machine->in_job && model_dice_one_in(&machine->dice, 2))
		run_job(machine, first_of_device(machine, model_dice_below(&machine->dice,
									   machine->n_jobs)));
}

uint64_t model_machine_submit(struct model_machine *machine, const void *device,
			      void (*run)(void *context), void *context)
{
	if (machine->n_jobs == MODEL_JOBS)
		return 0;
	machine->jobs[machine->n_jobs++] = (struct model_job){
		.device = device,
		.run = run,
		.context = context,
		.fence = ++machine->last_fence,
	};
	return machine->last_fence;
}

static unsigned job_with(const struct model_machine *machine, uint64_t fence)
{
	unsigned i = 0;
	while (i < machine->n_jobs && machine->jobs[i].fence != fence)
		i++;
	return i;
}

int model_machine_wait(struct model_machine *machine, uint64_t fence)
{
	if (fence == 0 || fence > machine->last_fence)
		return -EINVAL;
	if (fence >= machine->dead_from && fence <= machine->dead_to)
		return -EOWNERDEAD;
	for (unsigned i = job_with(machine, fence); i < machine->n_jobs;
	     i = job_with(machine, fence))
		run_job(machine, first_of_device(machine, i));
	return 0;
}

void model_machine_kill(struct model_machine *machine, const void *device)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < machine->n_jobs; i++) {
		if (machine->jobs[i].device != device) {
			machine->jobs[kept++] = machine->jobs[i];
			continue;
		}
		if (machine->dead_from == 0)
			machine->dead_from = machine->jobs[i].fence;
		machine->dead_to = machine->jobs[i].fence;
	}
	machine->n_jobs = kept;
}

void model_machine_finish_jobs(struct model_machine *machine)
{
	while (machine->n_jobs > 0)
		run_job(machine, 0);
}
