/* SPDX-License-Identifier: MIT */
/**
 * A modelled machine: memory, a CPU with its caches, devices that work on their own time.
 *
 *	  CPU --- store buffer --- inner cache [--- outer cache] ---+--- memory banks
 *	                                |  snoop                    |
 *	  device ---------------- coherent bus ---------------------+
 *	  device [--- IOMMU] ---- bus that is not coherent ---------+
 *
 * The CPU is as nasty as real ones are allowed to be: between any two accesses it may throw lines
 * out of its caches or bring others in, stores wait in a buffer, and memory declared uncached is
 * still found in a cache that was not emptied. All of it comes from one seed.
 *
 * What devices were asked to do is a job. It runs when chance wants it, in order for each device,
 * and at the latest when somebody waits for its fence.
 *
 * Right or wrong is the point; there is no timing in here.
 */
#ifndef UMM_MODEL_MACHINE_H
#define UMM_MODEL_MACHINE_H

#include "core/dma_ops.h"
#include "model/cache.h"

#define MODEL_STORES 8
#define MODEL_JOBS   64
#define MODEL_HOT    32

struct model_machine_options {
	uint64_t seed;
	struct umm_range banks[MODEL_BANKS];
	unsigned n_banks;
	bool outer_cache;
	bool quiet; /**< caches do nothing on their own, stores do not wait */
};

struct model_store {
	uint64_t address;
	uint32_t size;
	uint8_t bytes[MODEL_LINE_BYTES];
};

struct model_job {
	const void *device; /**< jobs of one device run in order */
	void (*run)(void *context);
	void *context;
	uint64_t fence;
};

struct model_machine {
	struct model_dice dice;
	bool quiet;
	struct model_memory memory;
	struct model_cache inner, outer;
	bool has_outer;
	uint8_t *uncached[MODEL_BANKS]; /**< one byte a page */
	struct model_store stores[MODEL_STORES];
	unsigned n_stores;
	struct model_job jobs[MODEL_JOBS];
	unsigned n_jobs;
	uint64_t last_fence;
	uint64_t dead_from, dead_to; /**< fences nobody will signal; 0: none */
	uint64_t hot[MODEL_HOT];     /**< addresses touched lately: what speculation is drawn to */
	unsigned n_hot;
	bool in_job;

	/** Told of every access of the CPU before it happens; NULL: nobody. */
	void (*watch)(void *user, struct umm_range memory, bool write);
	void *watcher;
	uint64_t bad_accesses; /**< of the CPU, where there is no memory */
};

/** NULL: out of memory, or banks that make no sense. */
struct model_machine *model_machine_create(const struct model_machine_options *options);
void model_machine_destroy(struct model_machine *machine);

/** The CPU. Where there is no memory reads give 0xff and writes nothing. */
void model_cpu_read(struct model_machine *machine, uint64_t address, void *bytes, uint64_t size);
void model_cpu_write(struct model_machine *machine, uint64_t address, const void *bytes,
		     uint64_t size);
/** Stores reach the caches, or memory where it is uncached. */
void model_cpu_drain(struct model_machine *machine);
void model_cpu_clean(struct model_machine *machine, struct umm_range run);
void model_cpu_invalidate(struct model_machine *machine, struct umm_range run);
void model_cpu_set_uncached(struct model_machine *machine, struct umm_range run, bool uncached);

/** A device's bus cycle inside one cache line. False: nobody answers at that address. */
bool model_bus_read(struct model_machine *machine, bool coherent, uint64_t address, void *bytes,
		    uint32_t size);
bool model_bus_write(struct model_machine *machine, bool coherent, uint64_t address,
		     const void *bytes, uint32_t size);

/** Zeroed pages. Scattered: `n` pages from all over, appended to `sg`. 0, -ENOMEM, -ENOSPC. */
int model_machine_take(struct model_machine *machine, const struct umm_dma_memory_want *want,
		       uint64_t *address);
int model_machine_take_scattered(struct model_machine *machine, uint32_t n, struct umm_sg *sg);
void model_machine_give(struct model_machine *machine, struct umm_range run);

/** Ask a device to do something later. Returns its fence, or 0: too many jobs. */
uint64_t model_machine_submit(struct model_machine *machine, const void *device,
			      void (*run)(void *context), void *context);
/** Until then everything of that device runs. 0, -EOWNERDEAD, -EINVAL. */
int model_machine_wait(struct model_machine *machine, uint64_t fence);
/** The device dies: its jobs are lost, their fences will never be signalled. */
void model_machine_kill(struct model_machine *machine, const void *device);
/** Time passes. */
void model_machine_tick(struct model_machine *machine);
/** All jobs run. */
void model_machine_finish_jobs(struct model_machine *machine);

#endif
