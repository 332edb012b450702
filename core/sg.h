/* SPDX-License-Identifier: MIT */
/**
 * Scatter-gather lists: a buffer as a sequence of runs of some address space.
 *
 * The same list type tells where memory lies (runs of physical pages, in the order of the buffer's
 * bytes) and what a device is programmed with (segments of device addresses). Two ways lead from
 * one to the other, and mixing them up is a classic bug:
 *
 *	cut	the bytes are what counts: neighbours are joined, and a segment that would be too
 *		long or cross a boundary is cut. For who builds a list.
 *	join	the runs are what counts (each is a request of its own): neighbours may be joined,
 *		none is ever split; one that breaks a limit by itself is refused. For who maps a
 *		list that somebody else built; the rule of the kernel's dma_map_sg().
 *
 * A run is a struct umm_range, and an empty one, or one that wraps, is refused. Storage is the
 * caller's.
 */
#ifndef UMM_CORE_SG_H
#define UMM_CORE_SG_H

#include "core/range.h"

/** Runs in the order of the bytes they hold. */
struct umm_sg {
	struct umm_range *runs;
	uint32_t count, capacity;
	uint64_t size_bytes; /**< of all runs */
};

/** What a device's engine takes. 0 means no limit, for each of them. */
struct umm_sg_limits {
	uint32_t max_segments;
	uint64_t max_segment_bytes;
	uint64_t boundary_bytes; /**< power of two; no segment has bytes on both sides of one */
	uint64_t address_max;	 /**< the highest byte; 0: no limit */
};

/** Which limit a list breaks. */
enum umm_sg_limit {
	UMM_SG_FITS,
	UMM_SG_ADDRESS,
	UMM_SG_SEGMENT_BYTES,
	UMM_SG_BOUNDARY,
	UMM_SG_SEGMENTS,
};

/** An empty list over storage for `capacity` runs. */
void umm_sg_init(struct umm_sg *sg, struct umm_range *storage, uint32_t capacity);

/** Make it empty again. */
void umm_sg_clear(struct umm_sg *sg);

/** Does the run by itself break a limit of one segment? */
enum umm_sg_limit umm_sg_run_limit(struct umm_range run, const struct umm_sg_limits *limits);

/**
 * Add a run at the end: as it is; joined to the last if that breaks no limit; or joined and cut
 * where the limits ask for it. `limits` may be NULL.
 *
 * Return 0, -EINVAL (no run: empty, or it wraps), -EOVERFLOW (more than 2^64 - 1 bytes), -E2BIG
 * (max_segments), -ERANGE (join: the run alone breaks a limit; cut: address_max), or -ENOSPC (the
 * storage is full). On failure the list is as it was.
 */
int umm_sg_append(struct umm_sg *sg, struct umm_range run);
int umm_sg_join(struct umm_sg *sg, struct umm_range run, const struct umm_sg_limits *limits);
int umm_sg_cut(struct umm_sg *sg, struct umm_range run, const struct umm_sg_limits *limits);

/** Build an empty list from runs by cutting or joining; on failure it is empty again. */
int umm_sg_build(struct umm_sg *sg, const struct umm_range *runs, uint32_t n_runs,
		 const struct umm_sg_limits *limits);
int umm_sg_merge(struct umm_sg *sg, const struct umm_range *runs, uint32_t n_runs,
		 const struct umm_sg_limits *limits);

/** The first limit that the list breaks; *index is the segment that does (UMM_SG_SEGMENTS: the
 * first one too many) and is written only then. */
enum umm_sg_limit umm_sg_check(const struct umm_sg *sg, const struct umm_sg_limits *limits,
			       uint32_t *index);

/** A place in the sequence of bytes. */
struct umm_sg_cursor {
	const struct umm_sg *sg;
	uint32_t index;
	uint64_t offset; /**< in runs[index] */
};

/** Go to a byte; at the end or past it the cursor is at the end. */
void umm_sg_seek(struct umm_sg_cursor *cursor, const struct umm_sg *sg, uint64_t offset);

/** The next piece of at most `max` > 0 bytes that lies in one run, and step over it. False at the
 * end. */
bool umm_sg_next(struct umm_sg_cursor *cursor, uint64_t max, struct umm_range *piece);

/** Bytes [offset, offset + size) of a list, as an own list: appended to `out`. -EINVAL where they
 * are not all inside, -ENOSPC; on failure `out` is as it was. */
int umm_sg_slice(const struct umm_sg *sg, uint64_t offset, uint64_t size, struct umm_sg *out);

/** Is what the fields say consistent? */
bool umm_sg_valid(const struct umm_sg *sg);

#endif
