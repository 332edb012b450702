/* SPDX-License-Identifier: MIT */
/**
 * The same document in another order, and the dice for it.
 *
 * Groups and alternatives are priorities: among the items of a list only the participants change
 * places, with each other and between the groups.
 */
#include "tests/reference/trial.h"

#include <stdlib.h>
#include <string.h>

uint64_t dice_roll(struct dice *dice)
{
	/* splitmix64: any state is a good one, so that consecutive seeds are independent. */
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t dice_below(struct dice *dice, uint64_t n)
{
	return dice_roll(dice) % n;
}

static void shuffle_array(json_t *array, struct dice *dice)
{
	for (size_t i = json_array_size(array); i > 1; i--) {
		size_t k = dice_below(dice, i);
		json_t *a = json_incref(json_array_get(array, i - 1));
		json_t *b = json_incref(json_array_get(array, k));
		json_array_set_new(array, i - 1, b);
		json_array_set_new(array, k, a);
	}
}

/** Shuffle, then put the groups back into their own order. */
static void shuffle_items(json_t *items, struct dice *dice)
{
	json_t *groups = json_array();
	size_t next = 0, i;
	json_t *item;
	json_array_foreach (items, i, item) {
		if (json_object_get(item, "one_of") != NULL)
			json_array_append(groups, item);
	}
	shuffle_array(items, dice);
	json_array_foreach (items, i, item) {
		if (json_object_get(item, "one_of") != NULL)
			json_array_set(items, i, json_array_get(groups, next++));
	}
	json_decref(groups);
}

static json_t *copy(const json_t *value, const char *key, struct dice *dice,
		    enum shuffle_depth depth);

static json_t *copy_object(const json_t *object, struct dice *dice, enum shuffle_depth depth)
{
	json_t *result = json_object(), *keys = json_array();
	const char *key;
	json_t *value;
	size_t i;
	json_object_foreach ((json_t *)object, key, value) {
		json_array_append_new(keys, json_string(key));
	}
	if (depth == SHUFFLE_ALL)
		shuffle_array(keys, dice);
	json_array_foreach (keys, i, value) {
		key = json_string_value(value);
		json_object_set_new(result, key,
				    copy(json_object_get(object, key), key, dice, depth));
	}
	json_decref(keys);
	return result;
}

/** Lists whose order says nothing. */
static bool is_unordered(const char *key)
{
	static const char *const keys[] = { "usage",	    "coherency",      "imports",
					    "heaps",	    "format",	      "modifier",
					    "color_spaces", "required_sizes", "formats" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static json_t *copy(const json_t *value, const char *key, struct dice *dice,
		    enum shuffle_depth depth)
{
	if (json_is_object(value))
		return copy_object(value, dice, depth);
	if (!json_is_array(value))
		return json_deep_copy(value);

	json_t *result = json_array(), *item;
	size_t i;
	/* The lists of one_of have no key of their own: they are items again. */
	const char *inner = strcmp(key, "one_of") == 0 ? "participants" : "";
	json_array_foreach ((json_t *)value, i, item) {
		json_array_append_new(result, copy(item, inner, dice, depth));
	}
	if (strcmp(key, "participants") == 0)
		shuffle_items(result, dice);
	else if (strcmp(key, "heaps") == 0 && json_is_object(json_array_get(value, 0)))
		shuffle_array(result, dice);
	else if (depth == SHUFFLE_ALL && is_unordered(key))
		shuffle_array(result, dice);
	return result;
}

json_t *shuffle(const json_t *document, struct dice *dice, enum shuffle_depth depth)
{
	return copy(document, "", dice, depth);
}
