/* SPDX-License-Identifier: MIT */
/** What the scenario files share: a world to run in, and memory with a shadow of what it holds. */
#ifndef UMM_TESTS_UNIT_SCENARIOS_PRIVATE_H
#define UMM_TESTS_UNIT_SCENARIOS_PRIVATE_H

#include "tests/unit/rig.h"
#include "tests/unit/scenarios.h"

#define WORLD_DEVICES 3
#define WORLD_PAGES   12

struct world {
	struct rig rig;
	struct rig_device devices[WORLD_DEVICES];
	unsigned n_devices;
	struct umm_bounce pool;
	uint8_t pool_metadata[64];
	struct umm_range pages[WORLD_PAGES];
	struct umm_sg memory; /* over pages */
	uint8_t shadow[WORLD_PAGES * 4096];
	void *extra; /* freed with the world */
};

/** A world of its own around a scenario. */
const char *world_run(uint64_t seed, const char *(*body)(struct world *world));

/** Add a device; NULL: no memory on the host. */
struct rig_device *world_device(struct world *world, const struct rig_config *config);

static inline uint32_t world_below(struct world *world, uint32_t n)
{
	return rig_below(&world->rig, n);
}

/** The CPU's view of bytes [offset, offset + size) of a list. */
void world_cpu_write(struct world *world, const struct umm_sg *memory, uint64_t offset,
		     const uint8_t *bytes, uint64_t size);
bool world_cpu_sees(struct world *world, const struct umm_sg *memory, uint64_t offset,
		    const uint8_t *bytes, uint64_t size);

/** Random bytes. */
void world_noise(struct world *world, uint8_t *bytes, uint64_t size);

/** Time passes. */
void world_idle(struct world *world);

/** Lists and buffers in scattered pages, mapped, transferred and unmapped `rounds` times. */
struct frames {
	struct rig_device *device;
	unsigned rounds;
	bool lists, buffers; /* which kinds */
	bool may_refuse;     /* a refusal is a right answer */
	bool high;	     /* pages of the high bank only */
	uint32_t max_bytes;  /* 0: all pages */
};
const char *world_frames(struct world *world, const struct frames *frames);

/** Runs at odd addresses with neighbours that the CPU uses meanwhile. */
const char *world_runs(struct world *world, struct rig_device *device, unsigned rounds, bool high);

const char *scenario_coherent_memory(uint64_t seed);
const char *scenario_coherent_mask(uint64_t seed);
const char *scenario_coherent_mask_iova(uint64_t seed);
const char *scenario_pipeline(uint64_t seed);
const char *scenario_codec(uint64_t seed);

#endif
