/* SPDX-License-Identifier: MIT */
/**
 * Moving one limit of a solvable document to the edge of its own answer.
 *
 * Random limits seldom lie within a byte of a random layout. Here the reference solves the document
 * first; then a limit is put exactly at a number of the answer, or one beside it, where < and <=
 * differ and where a size before rounding differs from the size after.
 */
#include "tests/reference/reference.h"
#include "tests/reference/trial.h"

#include <stdio.h>
#include <string.h>

static json_int_t number_at(const json_t *answer, const char *path)
{
	return json_integer_value(path_get(answer, path));
}

/** The value, one less, or one more; at least 1. */
static json_t *beside(struct dice *dice, json_int_t value)
{
	json_int_t moved = value + (json_int_t)dice_below(dice, 3) - 1;
	return json_integer(moved < 1 || moved < value - 1 ? 1 : moved);
}

/** Somewhere from `low` to `high`, ends included; the ends more often than what is between. */
static json_t *between(struct dice *dice, json_int_t low, json_int_t high)
{
	uint64_t roll = dice_below(dice, 3);
	if (roll == 0 || high <= low)
		return json_integer(low);
	if (roll == 1)
		return json_integer(high);
	return json_integer(low + (json_int_t)dice_below(dice, (uint64_t)(high - low)));
}

static void sharpen_heap(json_t *heap, const json_t *answer, struct dice *dice)
{
	json_int_t raw = number_at(answer, "raw_size_bytes");
	json_int_t buffers = number_at(answer, "buffers");
	bool small = raw < (json_int_t)1 << 40 && buffers < 1 << 20;
	switch (dice_below(dice, 4)) {
	case 0:
		path_set(heap, "size_max_bytes", beside(dice, raw));
		break;
	case 1:
		path_set(heap, "free_bytes", beside(dice, small ? raw * buffers : raw));
		break;
	case 2:
		path_set(heap, "largest_free_bytes", beside(dice, raw));
		break;
	default:
		if (json_object_get(heap, "contiguous") == NULL)
			path_set(heap, "contiguous_max_bytes", beside(dice, raw));
		break;
	}
}

static void sharpen_memory(json_t *participant, const json_t *answer, struct dice *dice)
{
	json_int_t raw = number_at(answer, "raw_size_bytes");
	json_int_t size = number_at(answer, "size_bytes");
	switch (dice_below(dice, 4)) {
	case 0:
		path_set(participant, "memory.size_bytes.max", between(dice, size, raw));
		break;
	case 1:
		path_set(participant, "memory.size_bytes.min", between(dice, size, raw));
		break;
	case 2:
		path_set(participant, "memory.segments.max_count", beside(dice, raw / 4096));
		break;
	default:
		path_set(participant, "buffers.max", beside(dice, number_at(answer, "buffers")));
		break;
	}
}

static void sharpen_format(json_t *participant, const json_t *answer, struct dice *dice)
{
	const json_t *formats = json_object_get(participant, "formats");
	json_t *entry = json_array_get(formats, dice_below(dice, json_array_size(formats)));
	json_int_t w = number_at(answer, "image.size_min[0]");
	json_int_t h = number_at(answer, "image.size_min[1]");
	json_int_t stride = number_at(answer, "image.planes[0].stride_bytes");
	switch (dice_below(dice, 5)) {
	case 0:
		path_set(entry, "stride.max_bytes", beside(dice, stride));
		break;
	case 1:
		path_set(entry, "stride.min_bytes", beside(dice, stride));
		break;
	case 2:
		path_set(entry, "total_min_bytes",
			 beside(dice, number_at(answer, "raw_size_bytes")));
		break;
	case 3:
		path_set(entry, "size.area_max", beside(dice, w < 1 << 30 ? w * h : w));
		break;
	default:
		path_set(entry, "required_min_size",
			 json_pack("[o,o]", beside(dice, w), json_integer(h)));
		break;
	}
}

struct target {
	const json_t *answer;
	struct dice *dice;
};

static bool sharpen_one(json_t *participant, void *user)
{
	const struct target *target = user;
	bool pixels = json_array_size(json_object_get(participant, "formats")) > 0;
	if (json_object_get(participant, "usage") == NULL || dice_below(target->dice, 3) == 0)
		return false;
	if (pixels && dice_below(target->dice, 2) == 0)
		sharpen_format(participant, target->answer, target->dice);
	else
		sharpen_memory(participant, target->answer, target->dice);
	return true;
}

void sharpen(json_t *document, struct dice *dice)
{
	struct target target = { .answer = ref_solve(document), .dice = dice };
	const char *status = json_string_value(json_object_get(target.answer, "status"));
	const json_t *name = json_object_get(target.answer, "heap");
	const json_t *heaps = json_object_get(document, "heaps");
	bool of_heap = dice_below(dice, 3) == 0;

	if (strcmp(status, "ok") == 0 && !of_heap)
		trial_each(document, sharpen_one, &target);
	for (size_t i = 0; strcmp(status, "ok") == 0 && of_heap && i < json_array_size(heaps); i++)
		if (json_equal(json_object_get(json_array_get(heaps, i), "name"), name))
			sharpen_heap(json_array_get(heaps, i), target.answer, dice);
	json_decref((json_t *)target.answer);
}
