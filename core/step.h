/* SPDX-License-Identifier: MIT */
/**
 * Steps without which pixels would be wrong, by name, so that a test can leave out one at a time.
 *
 * A cache clean that is missing shows on some machines, on some days. So every clean, invalidate,
 * IOTLB flush, wait and check of the DMA code is marked UMM_STEP(NAME), and the mutation proof
 * (tests/unit/mutants.c, built with UMM_MUTATION) removes each in turn and lets the modelled
 * machine find out. In every other build the mark is the constant 1.
 */
#ifndef UMM_CORE_STEP_H
#define UMM_CORE_STEP_H

/* name, what is removed */
#define UMM_STEPS(X)                                                                               \
	X(MAP_CLEAN, "clean of the memory before the device gets it (map, sync for device)")       \
	X(UNMAP_INVALIDATE, "invalidate of the memory after the device wrote (unmap, sync)")       \
	X(EDGE_CLEAN, "clean of cache lines shared with neighbours before the invalidate")         \
	X(BOUNCE_IN, "copy to the bounce slot")                                                    \
	X(BOUNCE_IN_FROM, "copy to the bounce slot where the device only writes")                  \
	X(BOUNCE_CLEAN, "clean of the bounce slot after the copy in")                              \
	X(BOUNCE_INVALIDATE, "invalidate of the bounce slot before the copy out")                  \
	X(BOUNCE_OUT, "copy from the bounce slot")                                                 \
	X(BOUNCE_LOW_BITS, "low address bits kept by a bounce slot")                               \
	X(COHERENT_CLEAN, "clean of coherent memory before it becomes uncached")                   \
	X(COHERENT_INVALIDATE, "invalidate of coherent memory after it became uncached")           \
	X(ORDER, "barrier between what the CPU wrote and the device's start")                      \
	X(IOTLB_STRICT, "IOTLB flush at a strict unmap")                                           \
	X(IOTLB_LAZY_FULL, "IOTLB flush when the queue of lazy unmaps is full")                    \
	X(IOTLB_LAZY_FLUSH, "IOTLB flush when lazy unmaps are flushed by hand")                    \
	X(IOTLB_LAZY_SHORT, "IOTLB flush when device addresses run out while some are queued")     \
	X(IOTLB_FINISH, "IOTLB flush when a device is closed with unmaps queued")                  \
	X(IOTLB_FAILED, "IOTLB flush when a map fails half-way")                                   \
	X(LAZY_HOLD, "holding back of lazily unmapped device addresses until the flush")           \
	X(IOMMU_UNMAP, "removal of the translation at unmap")                                      \
	X(IOMMU_RESERVE, "reservation of windows the IOMMU does not translate")                    \
	X(MASK_DIRECT, "mask check of a run that is mapped directly")                              \
	X(MASK_BOUNCE, "mask check of a bounce slot")                                              \
	X(MASK_IOVA, "mask check of an I/O virtual address")                                       \
	X(MASK_COHERENT, "mask check of coherent memory")                                          \
	X(LIMIT_SEGMENT, "check of the maximum segment size")                                      \
	X(LIMIT_BOUNDARY, "check of the segment boundary")                                         \
	X(LIMIT_COUNT, "check of the number of segments")                                          \
	X(OWNER_CLEAN, "clean at the hand-over to a device that does not see the caches")          \
	X(OWNER_INVALIDATE, "invalidate at the hand-over to who looks through the caches")         \
	X(OWNER_EDGE_CLEAN, "clean of shared cache lines at the hand-over")                        \
	X(OWNER_REFUSE, "refusal of a second owner")                                               \
	X(WAIT_WRITER, "wait of a reader for the writer's fence")                                  \
	X(WAIT_WRITER_WRITER, "wait of a writer for the writer's fence")                           \
	X(WAIT_READERS, "wait of a writer for the readers' fences")

enum umm_step {
	UMM_STEP_NONE,
#define X(name, what) UMM_STEP_##name,
	UMM_STEPS(X)
#undef X
		UMM_STEP_COUNT,
};

#ifdef UMM_MUTATION
extern enum umm_step umm_step_removed;
#define UMM_STEP(name) (umm_step_removed != UMM_STEP_##name)
#else
#define UMM_STEP(name) 1
#endif

#endif
