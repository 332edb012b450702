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
 * Storage is the caller's. A run never wraps: its last byte has an address of its own, so a run may
 * end at 2^64 - 1, and no sum here overflows.
 */
#ifndef UMM_CORE_SG_H
#define UMM_CORE_SG_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes [address, address + size). size > 0, and the last byte does not wrap. */
struct umm_run {
	uint64_t address, size;
};

/** Runs in the order of the bytes they hold. */
struct umm_sg {
	struct umm_run *runs;
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

static inline bool umm_run_valid(struct umm_run run)
{
	return run.size > 0 && run.size - 1 <= UINT64_MAX - run.address;
}

/** Address of the last byte. */
static inline uint64_t umm_run_last(struct umm_run run)
{
	return run.address + (run.size - 1);
}

static inline bool umm_run_contains(struct umm_run outer, struct umm_run inner)
{
	return inner.address >= outer.address && umm_run_last(inner) <= umm_run_last(outer);
}

static inline bool umm_run_overlaps(struct umm_run a, struct umm_run b)
{
	return a.address <= umm_run_last(b) && b.address <= umm_run_last(a);
}

/** Does the second begin where the first ends? */
static inline bool umm_run_touches(struct umm_run first, struct umm_run second)
{
	return umm_run_last(first) != UINT64_MAX && umm_run_last(first) + 1 == second.address;
}

static inline uint64_t umm_align_down(uint64_t value, uint64_t power_of_two)
{
	return value & ~(power_of_two - 1);
}

/** The run rounded out to whole units of a power of two; the end of the address space is one. */
static inline struct umm_run umm_run_round_out(struct umm_run run, uint64_t unit)
{
	uint64_t start = umm_align_down(run.address, unit);
	uint64_t last = umm_run_last(run) | (unit - 1);
	return (struct umm_run){ start, last - start + 1 };
}

/** An empty list over storage for `capacity` runs. */
void umm_sg_init(struct umm_sg *sg, struct umm_run *storage, uint32_t capacity);

/** Make it empty again. */
void umm_sg_clear(struct umm_sg *sg);

/** Does the run by itself break a limit of one segment? */
enum umm_sg_limit umm_sg_run_limit(struct umm_run run, const struct umm_sg_limits *limits);

/**
 * Add a run at the end: as it is; joined to the last if that breaks no limit; or joined and cut
 * where the limits ask for it. `limits` may be NULL.
 *
 * Return 0, -EINVAL (no run: empty, or it wraps), -EOVERFLOW (more than 2^64 - 1 bytes), -E2BIG
 * (max_segments), -ERANGE (join: the run alone breaks a limit; cut: address_max), or -ENOSPC (the
 * storage is full). On failure the list is as it was.
 */
int umm_sg_append(struct umm_sg *sg, struct umm_run run);
int umm_sg_join(struct umm_sg *sg, struct umm_run run, const struct umm_sg_limits *limits);
int umm_sg_cut(struct umm_sg *sg, struct umm_run run, const struct umm_sg_limits *limits);

/** Build an empty list from runs by cutting or joining; on failure it is empty again. */
int umm_sg_build(struct umm_sg *sg, const struct umm_run *runs, uint32_t n_runs,
		 const struct umm_sg_limits *limits);
int umm_sg_merge(struct umm_sg *sg, const struct umm_run *runs, uint32_t n_runs,
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
bool umm_sg_next(struct umm_sg_cursor *cursor, uint64_t max, struct umm_run *piece);

/** Bytes [offset, offset + size) of a list, as an own list: appended to `out`. -EINVAL where they
 * are not all inside, -ENOSPC; on failure `out` is as it was. */
int umm_sg_slice(const struct umm_sg *sg, uint64_t offset, uint64_t size, struct umm_sg *out);

/** Is what the fields say consistent? */
bool umm_sg_valid(const struct umm_sg *sg);

#endif
