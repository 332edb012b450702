/* SPDX-License-Identifier: MIT */
#include "core/sg.h"

#include <errno.h>
#include <stddef.h>

static const struct umm_sg_limits no_limits;

void umm_sg_init(struct umm_sg *sg, struct umm_range *storage, uint32_t capacity)
{
	*sg = (struct umm_sg){ .runs = storage, .capacity = capacity };
}

void umm_sg_clear(struct umm_sg *sg)
{
	sg->count = 0;
	sg->size_bytes = 0;
}

static const struct umm_sg_limits *limits_or_none(const struct umm_sg_limits *limits)
{
	return limits != NULL ? limits : &no_limits;
}

/* The most bytes a segment that starts at `address` may have. */
static uint64_t segment_room(uint64_t address, const struct umm_sg_limits *limits)
{
	uint64_t room = limits->max_segment_bytes != 0 ? limits->max_segment_bytes : UINT64_MAX;
	if (limits->boundary_bytes == 0)
		return room;
	uint64_t to_boundary = limits->boundary_bytes - (address & (limits->boundary_bytes - 1));
	return to_boundary < room ? to_boundary : room;
}

enum umm_sg_limit umm_sg_run_limit(struct umm_range run, const struct umm_sg_limits *limits)
{
	if (limits->address_max != 0 && umm_range_last(run) > limits->address_max)
		return UMM_SG_ADDRESS;
	if (limits->max_segment_bytes != 0 && run.size > limits->max_segment_bytes)
		return UMM_SG_SEGMENT_BYTES;
	if (run.size > segment_room(run.start, limits))
		return UMM_SG_BOUNDARY;
	return UMM_SG_FITS;
}

/* Bytes of `run` that the last segment takes. */
static uint64_t last_takes(const struct umm_sg *sg, struct umm_range run,
			   const struct umm_sg_limits *limits)
{
	if (sg->count == 0)
		return 0;
	struct umm_range last = sg->runs[sg->count - 1];
	if (!umm_range_touches(last, run))
		return 0;
	uint64_t room = segment_room(last.start, limits);
	uint64_t more = room > last.size ? room - last.size : 0;
	return more < run.size ? more : run.size;
}

static int push(struct umm_sg *sg, struct umm_range run, const struct umm_sg_limits *limits)
{
	if (limits->max_segments != 0 && sg->count >= limits->max_segments)
		return -E2BIG;
	if (sg->count >= sg->capacity)
		return -ENOSPC;
	sg->runs[sg->count++] = run;
	sg->size_bytes += run.size;
	return 0;
}

static void grow_last(struct umm_sg *sg, uint64_t size)
{
	sg->runs[sg->count - 1].size += size;
	sg->size_bytes += size;
}

static int check_new(const struct umm_sg *sg, struct umm_range run)
{
	if (!umm_range_valid(run))
		return -EINVAL;
	return run.size > UINT64_MAX - sg->size_bytes ? -EOVERFLOW : 0;
}

int umm_sg_append(struct umm_sg *sg, struct umm_range run)
{
	int ret = check_new(sg, run);
	return ret < 0 ? ret : push(sg, run, &no_limits);
}

int umm_sg_join(struct umm_sg *sg, struct umm_range run, const struct umm_sg_limits *limits)
{
	limits = limits_or_none(limits);
	int ret = check_new(sg, run);
	if (ret < 0)
		return ret;
	if (umm_sg_run_limit(run, limits) != UMM_SG_FITS)
		return -ERANGE;
	if (last_takes(sg, run, limits) < run.size)
		return push(sg, run, limits);
	grow_last(sg, run.size);
	return 0;
}

static int cut_rest(struct umm_sg *sg, struct umm_range rest, const struct umm_sg_limits *limits)
{
	while (rest.size > 0) {
		uint64_t room = segment_room(rest.start, limits);
		struct umm_range piece = { rest.start, room < rest.size ? room : rest.size };
		int ret = push(sg, piece, limits);
		if (ret < 0)
			return ret;
		rest.start += piece.size;
		rest.size -= piece.size;
	}
	return 0;
}

int umm_sg_cut(struct umm_sg *sg, struct umm_range run, const struct umm_sg_limits *limits)
{
	limits = limits_or_none(limits);
	int ret = check_new(sg, run);
	if (ret < 0)
		return ret;
	if (limits->address_max != 0 && umm_range_last(run) > limits->address_max)
		return -ERANGE;

	const struct umm_sg before = *sg;
	uint64_t joined = last_takes(sg, run, limits);
	if (joined > 0)
		grow_last(sg, joined);
	ret = cut_rest(sg, (struct umm_range){ run.start + joined, run.size - joined }, limits);
	if (ret == 0)
		return 0;
	if (joined > 0)
		sg->runs[before.count - 1].size -= joined;
	*sg = before;
	return ret;
}

static int add_all(struct umm_sg *sg, const struct umm_range *runs, uint32_t n_runs,
		   const struct umm_sg_limits *limits,
		   int (*add)(struct umm_sg *, struct umm_range, const struct umm_sg_limits *))
{
	umm_sg_clear(sg);
	for (uint32_t i = 0; i < n_runs; i++) {
		int ret = add(sg, runs[i], limits);
		if (ret == 0)
			continue;
		umm_sg_clear(sg);
		return ret;
	}
	return 0;
}

int umm_sg_build(struct umm_sg *sg, const struct umm_range *runs, uint32_t n_runs,
		 const struct umm_sg_limits *limits)
{
	return add_all(sg, runs, n_runs, limits, umm_sg_cut);
}

int umm_sg_merge(struct umm_sg *sg, const struct umm_range *runs, uint32_t n_runs,
		 const struct umm_sg_limits *limits)
{
	return add_all(sg, runs, n_runs, limits, umm_sg_join);
}

enum umm_sg_limit umm_sg_check(const struct umm_sg *sg, const struct umm_sg_limits *limits,
			       uint32_t *index)
{
	for (uint32_t i = 0; i < sg->count; i++) {
		enum umm_sg_limit limit = umm_sg_run_limit(sg->runs[i], limits);
		if (limits->max_segments != 0 && i >= limits->max_segments)
			limit = UMM_SG_SEGMENTS;
		if (limit == UMM_SG_FITS)
			continue;
		*index = i;
		return limit;
	}
	return UMM_SG_FITS;
}

void umm_sg_seek(struct umm_sg_cursor *cursor, const struct umm_sg *sg, uint64_t offset)
{
	*cursor = (struct umm_sg_cursor){ .sg = sg };
	while (cursor->index < sg->count && offset >= sg->runs[cursor->index].size)
		offset -= sg->runs[cursor->index++].size;
	cursor->offset = cursor->index < sg->count ? offset : 0;
}

bool umm_sg_next(struct umm_sg_cursor *cursor, uint64_t max, struct umm_range *piece)
{
	if (cursor->index >= cursor->sg->count || max == 0)
		return false;
	struct umm_range run = cursor->sg->runs[cursor->index];
	uint64_t left = run.size - cursor->offset;
	uint64_t size = left < max ? left : max;
	*piece = (struct umm_range){ run.start + cursor->offset, size };
	cursor->offset += size;
	if (cursor->offset == run.size) {
		cursor->index++;
		cursor->offset = 0;
	}
	return true;
}

int umm_sg_slice(const struct umm_sg *sg, uint64_t offset, uint64_t size, struct umm_sg *out)
{
	if (size == 0 || offset > sg->size_bytes || size > sg->size_bytes - offset)
		return -EINVAL;

	const struct umm_sg before = *out;
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, sg, offset);
	for (; size > 0 && umm_sg_next(&cursor, size, &piece); size -= piece.size) {
		int ret = umm_sg_append(out, piece);
		if (ret == 0)
			continue;
		*out = before;
		return ret;
	}
	return 0;
}

bool umm_sg_valid(const struct umm_sg *sg)
{
	uint64_t size = 0;
	if (sg->count > sg->capacity)
		return false;
	for (uint32_t i = 0; i < sg->count; i++) {
		if (!umm_range_valid(sg->runs[i]) || sg->runs[i].size > UINT64_MAX - size)
			return false;
		size += sg->runs[i].size;
	}
	return size == sg->size_bytes;
}
