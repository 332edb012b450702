/* SPDX-License-Identifier: MIT */
/**
 * DMA mapping: makes memory reachable for a device, and keeps CPU and device from seeing different
 * bytes. The DMA API of this system, for whoever drives a device without the kernel's help.
 *
 * A mapping is a chain of pieces, one for each run of memory, in the order of the bytes:
 *
 *	memory    |--piece 0--|   |-----piece 1-----|   |-2-|		as the CPU names it
 *	slot                      |  bounced        |			only where not reachable
 *	device    |--piece 0--|   |-----piece 1-----||-2-|		as the device names it
 *	segments  |--------- 0 --------| |--------- 1 -----|		what the device is given
 *
 * Three kinds: a run (one address), a list (built by somebody else: its runs are joined but never
 * split), a buffer (bytes: cut as the device likes it).
 *
 * Direct devices see memory at address + bus_offset. Behind an IOMMU every mapping is one range of
 * device addresses, mapped page by page. What a direct device cannot reach goes through the bounce
 * pool, if there is one and the policy has no objection; every byte copied is counted and told to
 * the sink by device and buffer.
 *
 * Order of work (linux-facts.md): for the device: copy in, clean, barrier. For the CPU: invalidate,
 * copy out. A bounce copies in whatever the direction, because the bytes that the device does not
 * write must survive the copy out.
 *
 * Unmap, strict: take the translation away, flush the IOTLB, then the addresses are free. Lazy: the
 * flush waits until the queue is full, addresses run short or umm_dma_flush(); until then the
 * addresses are not used again.
 *
 * All memory is the caller's. Every refusal leaves things as they were, and device->refusal says
 * what was in the way.
 *
 * Threads: calls about one device must not run in parallel; different devices may, if they share
 * neither pool, IOVA space nor checker. What a mapping tells (its address, its segments) may be
 * read without a lock until it is unmapped. Several threads that stream through one device use a
 * umm_dma_cache with a lock.
 */
#ifndef UMM_CORE_DMA_H
#define UMM_CORE_DMA_H

#include "core/bounce.h"
#include "core/dma_ops.h"
#include "core/dma_report.h"
#include "core/sg.h"

#define UMM_DMA_NO_ADDRESS UINT64_MAX /**< never the address of a mapping */
#define UMM_DMA_NONE	   UINT32_MAX /**< no index */
#define UMM_DMA_HISTORY	   16	      /**< unmapped mappings that the checker remembers */

enum umm_dma_attribute {
	UMM_DMA_SKIP_SYNC = 1,	/**< no cache work, no copies at map and unmap: somebody syncs */
	UMM_DMA_WEAK_ORDER = 2, /**< no barrier: the caller orders its accesses itself */
	UMM_DMA_NO_COPIES = 4,	/**< part of a zero-copy path: a bounce is reported */
};

enum umm_dma_party { UMM_DMA_FOR_CPU, UMM_DMA_FOR_DEVICE };

enum umm_dma_bounce_policy {
	UMM_DMA_BOUNCE_ALLOW,
	UMM_DMA_BOUNCE_REPORT, /**< allowed, and every bounced mapping is reported */
	UMM_DMA_BOUNCE_FORBID, /**< refused with the limit that asks for it */
};

/** What a call is about; the strings live as long as the mapping, and the checker. */
struct umm_dma_use {
	const char *buffer; /**< name, for people */
	const char *site;   /**< UMM_DMA_HERE; NULL: not told */
	enum umm_dma_direction direction;
	unsigned attributes; /**< set of enum umm_dma_attribute */
};

#define UMM_DMA_TEXT_(x) #x
#define UMM_DMA_TEXT(x)	 UMM_DMA_TEXT_(x)
#define UMM_DMA_HERE	 __FILE__ ":" UMM_DMA_TEXT(__LINE__)

/** What a device can do. */
struct umm_dma_limits {
	uint64_t mask;				    /**< the highest byte its engine can address */
	uint64_t coherent_mask;			    /**< the same for coherent allocations */
	uint32_t max_segments;			    /**< 0: no limit */
	uint64_t max_segment_bytes, boundary_bytes; /**< 0: no limit; boundary: power of two */
	uint64_t min_align_bytes; /**< a bounce keeps the address modulo that power of two; 0: 1 */
	bool coherent;		  /**< sees what is in the CPU's caches */
};

/** The translation in front of a device. */
struct umm_dma_iommu {
	uint64_t page_sizes; /**< set of powers of two, as a sum */
	struct umm_range aperture;
	const struct umm_range *reserved; /**< windows that are not translated */
	uint32_t n_reserved;
	const struct umm_dma_iova_ops *iova_ops;
	void *iova_space; /**< hands out addresses in the aperture */
	void *iommu;	  /**< for the backend */
	bool lazy;
};

struct umm_dma_device;

/** Turns the checker on for the devices that name it. Zero it to start. */
struct umm_dma_checker {
	struct umm_dma_device *devices; /**< umm_dma_device.next_checked */
};

struct umm_dma_options {
	const char *name;
	struct umm_dma_limits limits;
	const struct umm_dma_ops *ops;
	void *machine;
	uint64_t line_bytes; /**< of a cache line, power of two; 0: 64 */
	uint64_t bus_offset; /**< device address = memory address + offset, where there is no IOMMU
			      */
	const struct umm_dma_iommu *iommu; /**< NULL: there is none; copied */
	struct umm_bounce *bounce;	   /**< NULL: no pool */
	enum umm_dma_bounce_policy bounce_policy;
	struct umm_dma_checker *checker;	     /**< NULL: off */
	const struct umm_dma_sink *sink;	     /**< NULL: nobody listens; not copied */
	uint32_t max_mappings, max_pieces, max_lazy; /**< how much it keeps book of */
};

struct umm_dma_stats {
	uint64_t maps, unmaps, failed_maps;
	uint64_t cleans, cleaned_bytes, invalidates, invalidated_bytes, barriers;
	uint64_t bounced_maps, bounced_in_bytes, bounced_out_bytes;
	uint64_t iotlb_flushes, lazy_unmaps;
	uint64_t reports;
};

enum umm_dma_kind { UMM_DMA_FREE, UMM_DMA_RUN, UMM_DMA_LIST, UMM_DMA_BUFFER, UMM_DMA_COHERENT };

/** Where a part of the bytes is. */
struct umm_dma_piece {
	uint64_t memory, device, size_bytes;
	uint64_t slot; /**< memory address of its bounce slot; UMM_DMA_NO_ADDRESS: none */
	uint32_t next; /**< piece, or UMM_DMA_NONE */
};

struct umm_dma_mapping {
	enum umm_dma_kind kind;
	struct umm_dma_device *device;
	const char *buffer, *site;
	enum umm_dma_direction direction;
	unsigned attributes;
	uint64_t size_bytes;
	uint64_t address;	     /**< device address of its first byte */
	uint32_t n_runs;	     /**< of memory, as given to map */
	uint32_t first, last;	     /**< piece */
	struct umm_range iova;	     /**< pages that are mapped; size 0: none */
	struct umm_range iova_taken; /**< at least that */
	struct umm_range loan;	/**< one loan for all pieces; size 0: each has its own, or none */
	uint64_t bounced_bytes; /**< copied so far, both ways */
	struct umm_range with_cpu; /**< offsets the CPU may touch; size 0: the device has all */
	uint32_t next;		   /**< mapping in the bucket or the free list */
};

struct umm_dma_device {
	struct umm_dma_options options;
	struct umm_dma_iommu iommu; /**< iova_ops NULL: there is none */
	struct umm_dma_mapping *mappings;
	struct umm_dma_piece *pieces;
	uint32_t *buckets, n_buckets;
	uint32_t free_mapping, free_piece;
	uint32_t live;
	struct umm_range *lazy;
	uint32_t n_lazy;
	struct umm_dma_stats stats;
	struct umm_dma_report refusal; /**< the last; buffer NULL: none */

	/* the checker's memory */
	struct umm_dma_mapping history[UMM_DMA_HISTORY];
	uint32_t n_history;
	struct umm_dma_use failed; /**< the last map that failed; buffer NULL: none */
	struct umm_dma_device *next_checked;
};

/** Bytes of memory umm_dma_device_init() needs for these options; 0: more than there are. */
uint64_t umm_dma_device_bytes(const struct umm_dma_options *options);

/** `memory` is aligned for uint64_t and lives until finish. 0, -EINVAL (options that contradict
 * each other or the ops), -ENOSPC (too little memory), or what reserving a window gave. */
int umm_dma_device_init(struct umm_dma_device *device, const struct umm_dma_options *options,
			void *memory, uint64_t memory_bytes);

/** Flush, undo what is still mapped, with a report for each. Returns how many there were. */
uint32_t umm_dma_device_finish(struct umm_dma_device *device);

/**
 * Map.
 *
 * *address, *segments (appended to an empty list) and *out are written on success. Return 0,
 * -EINVAL (a bad argument), -EFAULT (not memory that can be mapped), -ERANGE (mask, segment size or
 * boundary), -E2BIG (too many segments), -EPERM (needs a bounce, forbidden), -ENOSPC (bounce pool,
 * device addresses, or `segments` too small), -ENOMEM (no mapping or piece left, or the IOMMU's).
 */
int umm_dma_map_run(struct umm_dma_device *device, struct umm_range memory,
		    const struct umm_dma_use *use, uint64_t *address);
int umm_dma_map_sg(struct umm_dma_device *device, const struct umm_sg *memory,
		   const struct umm_dma_use *use, struct umm_sg *segments);
int umm_dma_map_buffer(struct umm_dma_device *device, const struct umm_sg *memory,
		       const struct umm_dma_use *use, struct umm_sg *segments,
		       struct umm_dma_mapping **out);

/**
 * Unmap exactly what was mapped; -EINVAL and a report otherwise.
 *
 * A run is named by its device address and size; a list by its first segment, its size, and the
 * number of runs that were given to map.
 */
int umm_dma_unmap_run(struct umm_dma_device *device, struct umm_range mapped,
		      const struct umm_dma_use *use);
int umm_dma_unmap_sg(struct umm_dma_device *device, const struct umm_sg *segments, uint32_t n_runs,
		     const struct umm_dma_use *use);
int umm_dma_unmap_buffer(struct umm_dma_mapping *mapping, const struct umm_dma_use *use);

/**
 * Hand bytes over: the CPU may touch them from here on, or the device. `part` counts from the start
 * of the mapping, {0, 0} is all of it; a mapping in both directions may be synced in one. Return 0,
 * or -EINVAL and a report.
 */
int umm_dma_sync_run(struct umm_dma_device *device, struct umm_range mapped, struct umm_range part,
		     enum umm_dma_party party, const struct umm_dma_use *use);
int umm_dma_sync_sg(struct umm_dma_device *device, const struct umm_sg *segments,
		    struct umm_range part, enum umm_dma_party party, const struct umm_dma_use *use);
int umm_dma_sync_buffer(struct umm_dma_mapping *mapping, struct umm_range part,
			enum umm_dma_party party, const struct umm_dma_use *use);

/** The segments of a mapping once more, appended to an empty list. 0, -ENOSPC. */
int umm_dma_segments(const struct umm_dma_mapping *mapping, struct umm_sg *segments);

/** Does the device reach any of its bytes through the bounce pool? */
bool umm_dma_bounced(const struct umm_dma_mapping *mapping);

/** Copy between the buffer and its slots, with the slots' cache work and none for the buffer: for
 * who keeps the buffer itself coherent (core/coherency.h). */
void umm_dma_bounce_in(struct umm_dma_mapping *mapping);
void umm_dma_bounce_out(struct umm_dma_mapping *mapping);

/** What the CPU wrote so far is seen by the device from here on. */
void umm_dma_order(struct umm_dma_device *device);

/** Flush the IOTLB for all lazy unmaps and free their addresses. */
void umm_dma_flush(struct umm_dma_device *device);

/** The checker's eyes: an access is about to happen. True if all is well; reports otherwise. */
bool umm_dma_check_cpu(struct umm_dma_checker *checker, struct umm_range memory, bool write,
		       const char *site);
bool umm_dma_check_device(struct umm_dma_device *device, struct umm_range address,
			  enum umm_dma_direction direction);

/** Are the books consistent? */
bool umm_dma_device_valid(const struct umm_dma_device *device);

#endif
