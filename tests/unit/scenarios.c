/* SPDX-License-Identifier: MIT */
/**
 * Scenarios of one device: streaming, bounce pools, IOMMUs and limits; and the table of them all.
 *
 * Each is a device and how it is used; what happens then is in scenarios_world.c.
 */
#include "tests/unit/scenarios_private.h"

/* ---- streaming ---- */

static const char *runs_body(struct world *world)
{
	struct rig_config config = { .name = "camera", .limits = { .mask = UINT32_MAX } };
	struct rig_device *device = world_device(world, &config);
	return device == NULL ? "no device" : world_runs(world, device, 10, false);
}

static const char *frames_body(struct world *world)
{
	struct rig_config config = { .name = "gpu", .limits = { .mask = UINT32_MAX } };
	struct frames f = { world_device(world, &config), 6, true, true, false, false, 0 };
	return world_frames(world, &f);
}

static const char *snooping_body(struct world *world)
{
	struct rig_config config = { .name = "usb" };
	config.limits.coherent = true;
	struct frames f = { world_device(world, &config), 6, true, true, false, false, 900 };
	return world_frames(world, &f);
}

/* ---- bounce ---- */

static const char *bounce_body(struct world *world)
{
	rig_bounce_init(&world->pool, &world->rig, RIG_LOW, 128 << 10, world->pool_metadata);
	struct rig_config config = {
		.name = "camera",
		.limits = { .mask = RIG_MASK28, .min_align_bytes = 512 },
		.bounce = &world->pool,
	};
	config.limits.coherent = world_below(world, 4) == 0;
	struct rig_device *device = world_device(world, &config);
	const char *wrong = world_runs(world, device, 6, true);
	struct frames f = { device, 4, true, true, false, true, 9000 };
	return wrong != NULL ? wrong : world_frames(world, &f);
}

/* The pool reaches across the mask: only its lower half is of any use. */
static const char *bounce_mask_body(struct world *world)
{
	rig_bounce_init(&world->pool, &world->rig, UINT64_C(0x200000) - (16 << 10), 32 << 10,
			world->pool_metadata);
	struct rig_config config = {
		.name = "camera",
		.limits = { .mask = 0x1fffff },
		.bounce = &world->pool,
	};
	struct frames f = { world_device(world, &config), 12, true, true, true, true, 3000 };
	return world_frames(world, &f);
}

/* ---- IOMMU ---- */

static const char *iommu_body(struct world *world)
{
	struct rig_config config = { .name = "gpu",
				     .iommu = true,
				     .blocks = world_below(world, 2) };
	config.limits.mask = RIG_MASK39;
	config.limits.coherent = world_below(world, 2);
	struct frames f = { world_device(world, &config), 8, true, true, false, false, 20000 };
	return world_frames(world, &f);
}

static const char *lazy_full_body(struct world *world)
{
	struct rig_config config = { .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 3 };
	struct frames f = { world_device(world, &config), 14, true, true, false, false, 9000 };
	return world_frames(world, &f);
}

/* Addresses run short before the queue is full. */
static const char *lazy_short_body(struct world *world)
{
	struct rig_config config = {
		.name = "gpu",
		.iommu = true,
		.lazy = true,
		.max_lazy = 100,
		.iova_pages = 16,
	};
	struct frames f = { world_device(world, &config), 14, true, true, false, false, 16000 };
	return world_frames(world, &f);
}

static const char *lazy_flush_body(struct world *world)
{
	struct rig_config config = { .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 100 };
	struct rig_device *device = world_device(world, &config);
	struct frames f = { device, 3, true, true, false, false, 9000 };
	for (unsigned i = 0; i < 4; i++) {
		const char *wrong = world_frames(world, &f);
		if (wrong != NULL)
			return wrong;
		umm_dma_flush(&device->dma);
	}
	return NULL;
}

/* A driver goes with unmaps queued; the next one finds the same IOMMU. */
static const char *lazy_reopen_body(struct world *world)
{
	struct rig_config config = { .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 100 };
	struct rig_device *device = world_device(world, &config);
	struct frames f = { device, 3, true, true, false, false, 9000 };
	for (unsigned i = 0; i < 4; i++) {
		const char *wrong = world_frames(world, &f);
		if (wrong != NULL)
			return wrong;
		umm_dma_device_finish(&device->dma);
		if (!rig_device_reopen(device))
			return "no memory on the host";
	}
	return NULL;
}

static const char *doorbell_body(struct world *world)
{
	struct rig_config config = {
		.name = "gpu",
		.iommu = true,
		.reserved = { 0x102000, 0x1000 },
	};
	struct frames f = { world_device(world, &config), 8, true, true, false, false, 0 };
	return world_frames(world, &f);
}

/* A map fails in the middle of its range; the range is used again. */
static const char *map_fails_body(struct world *world)
{
	struct rig_config config = { .name = "gpu", .iommu = true };
	struct rig_device *device = world_device(world, &config);
	struct frames f = { device, 1, true, true, true, false, 0 };
	for (unsigned i = 0; i < 4; i++) {
		struct umm_range plug = { device->iova.start + (6 + i) * MODEL_PAGE_BYTES, 4096 };
		if (model_iommu_map(&device->mmu, plug, RIG_LOW, 3) < 0)
			return "no page tables";
		const char *wrong = world_frames(world, &f);
		model_iommu_unmap(&device->mmu, plug);
		model_iommu_flush(&device->mmu, plug);
		f.may_refuse = false;
		if (wrong == NULL)
			wrong = world_frames(world, &f);
		f.may_refuse = true;
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* ---- limits ---- */

static const char *mask_body(struct world *world)
{
	struct rig_config config = { .name = "camera", .limits = { .mask = RIG_MASK28 } };
	struct frames f = { world_device(world, &config), 3, true, true, true, true, 9000 };
	return world_frames(world, &f);
}

static const char *mask_iova_body(struct world *world)
{
	struct rig_config config = {
		.name = "codec",
		.limits = { .mask = RIG_MASK28 },
		.iommu = true,
		.top_down = true,
		.iova_start = RIG_MASK28 + 1 - RIG_IOVA_PAGES / 2 * MODEL_PAGE_BYTES,
	};
	struct frames f = { world_device(world, &config), 4, true, true, false, false, 9000 };
	return world_frames(world, &f);
}

static const char *segment_body(struct world *world)
{
	struct rig_config config = { .name = "codec", .limits = { .max_segment_bytes = 1536 } };
	struct frames f = { world_device(world, &config), 8, true, true, true, false, 9000 };
	return world_frames(world, &f);
}

static const char *boundary_body(struct world *world)
{
	struct rig_config config = { .name = "codec", .limits = { .boundary_bytes = 2048 } };
	config.iommu = world_below(world, 2);
	struct frames f = { world_device(world, &config), 8, true, true, true, false, 9000 };
	return world_frames(world, &f);
}

static const char *count_body(struct world *world)
{
	struct rig_config config = { .name = "codec", .limits = { .max_segments = 3 } };
	struct frames f = { world_device(world, &config), 8, true, true, true, false, 0 };
	return world_frames(world, &f);
}

/* One segment, no IOMMU, scattered pages: the pool makes one run of it. */
static const char *gather_body(struct world *world)
{
	rig_bounce_init(&world->pool, &world->rig, RIG_LOW, 128 << 10, world->pool_metadata);
	struct rig_config config = {
		.name = "codec",
		.limits = { .max_segments = 1 },
		.bounce = &world->pool,
	};
	struct frames f = { world_device(world, &config), 6, false, true, false, false, 0 };
	return world_frames(world, &f);
}

/* ---- table ---- */

#define BODIES(X)                                                                                  \
	X(runs)                                                                                    \
	X(frames)                                                                                  \
	X(snooping)                                                                                \
	X(bounce)                                                                                  \
	X(bounce_mask)                                                                             \
	X(iommu)                                                                                   \
	X(lazy_full)                                                                               \
	X(lazy_short)                                                                              \
	X(lazy_flush)                                                                              \
	X(lazy_reopen)                                                                             \
	X(map_fails)                                                                               \
	X(doorbell)                                                                                \
	X(mask)                                                                                    \
	X(mask_iova)                                                                               \
	X(segment)                                                                                 \
	X(boundary)                                                                                \
	X(count)                                                                                   \
	X(gather)

#define X(name)                                                                                    \
	static const char *scenario_##name(uint64_t seed)                                          \
	{                                                                                          \
		return world_run(seed, name##_body);                                               \
	}
BODIES(X)
#undef X

const struct scenario scenarios[] = {
#define X(name) { #name, scenario_##name },
	BODIES(X)
#undef X
		{ "coherent_memory", scenario_coherent_memory },
	{ "coherent_mask", scenario_coherent_mask },
	{ "coherent_mask_iova", scenario_coherent_mask_iova },
	{ "pipeline", scenario_pipeline },
	{ "codec", scenario_codec },
	{ NULL, NULL },
};
