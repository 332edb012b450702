/* SPDX-License-Identifier: MIT */
/**
 * The part all modelled devices share: a DMA engine with the limits of real registers.
 *
 * An engine does not refuse what its driver should not have asked for, it does what hardware does:
 * addresses lose the bits its register does not have, a counter wraps at its boundary, a length is
 * cut to what its field holds, and descriptors beyond the last are not there. Accesses that nobody
 * answers are faults: reads give 0xff, writes nothing.
 */
#ifndef UMM_MODEL_DEVICE_H
#define UMM_MODEL_DEVICE_H

#include "core/dma.h"
#include "model/iommu.h"

#define MODEL_SEGMENTS 512

struct model_device {
	const char *name;
	struct model_machine *machine;
	struct umm_dma_limits limits; /**< mask: 2^n - 1 */
	uint64_t bus_offset;	      /**< bus address = memory address + offset */
	struct model_iommu *iommu;    /**< NULL: there is none */
	struct umm_range doorbell;    /**< window that is not translated; size 0: none */
	uint64_t faults, doorbell_writes, read_bytes, written_bytes;

	/** Told of every access before it happens; NULL: nobody. */
	void (*watch)(void *user, struct umm_range address, enum umm_dma_direction direction);
	void *watcher;
};

/** A list of segments as an engine has it in its registers. */
struct model_engine {
	struct model_device *device;
	struct umm_range segments[MODEL_SEGMENTS];
	uint32_t count;
	uint64_t size_bytes; /**< what the engine believes it is */
};

/** Program an engine: from now on it knows nothing but these addresses. */
void model_engine_load(struct model_engine *engine, struct model_device *device,
		       const struct umm_sg *segments);

/** Bytes of the buffer, by offset. False: a fault, or past what was programmed. */
bool model_engine_read(struct model_engine *engine, uint64_t offset, void *bytes, uint64_t size);
bool model_engine_write(struct model_engine *engine, uint64_t offset, const void *bytes,
			uint64_t size);

/** The same at a bare address. */
bool model_device_read(struct model_device *device, uint64_t address, void *bytes, uint64_t size);
bool model_device_write(struct model_device *device, uint64_t address, const void *bytes,
			uint64_t size);

#endif
