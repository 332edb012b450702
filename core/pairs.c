/* SPDX-License-Identifier: MIT */
#include "core/pairs.h"

#include "core/memory.h"
#include "core/number.h"

#define ANY_FORMAT   0
#define ANY_MODIFIER UMM_MODIFIER_INVALID

/** More keys than this are refused: the document would be hundreds of megabytes. */
#define MAX_KEYS (UINT64_C(1) << 24)

uint64_t umm_pairs_count(const struct umm_problem *problem)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		const struct umm_demand *demand = &problem->demands[i];
		for (uint32_t j = 0; j < demand->n_entries; j++)
			count = umm_sum(count,
					umm_product(umm_max(demand->entries[j].n_formats, 1),
						    umm_max(demand->entries[j].n_modifiers, 1)));
	}
	return count > MAX_KEYS ? UINT64_MAX : count;
}

static uint32_t hash_pair(uint32_t format, uint64_t modifier)
{
	uint64_t mixed = (modifier ^ (modifier >> 29) ^ ((uint64_t)format << 17)) *
			 UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32) ^ (uint32_t)(mixed >> 11);
}

static struct umm_pair_key *find_key(const struct umm_pairs *pairs, uint32_t format,
				     uint64_t modifier)
{
	uint32_t slot = hash_pair(format, modifier) & pairs->slot_mask;
	for (; pairs->slots[slot] != 0; slot = (slot + 1) & pairs->slot_mask) {
		struct umm_pair_key *key = &pairs->keys[pairs->slots[slot] - 1];
		if (key->format == format && key->modifier == modifier)
			return key;
	}
	return NULL;
}

/** Find the key or add it. */
static struct umm_pair_key *demand_key(struct umm_pairs *pairs, uint32_t format, uint64_t modifier)
{
	uint32_t slot = hash_pair(format, modifier) & pairs->slot_mask;
	for (; pairs->slots[slot] != 0; slot = (slot + 1) & pairs->slot_mask) {
		struct umm_pair_key *key = &pairs->keys[pairs->slots[slot] - 1];
		if (key->format == format && key->modifier == modifier)
			return key;
	}
	struct umm_pair_key *key = &pairs->keys[pairs->n_keys++];
	pairs->slots[slot] = pairs->n_keys;
	*key = (struct umm_pair_key){ .format = format, .modifier = modifier };
	return key;
}

enum pass { COUNT, FILL };

static void pass_entry(struct umm_pairs *pairs, const struct umm_entry *entry,
		       struct umm_cover cover, enum pass pass)
{
	for (uint32_t f = 0; f < umm_max(entry->n_formats, 1); f++) {
		uint32_t format = entry->n_formats > 0 ? entry->formats[f] : ANY_FORMAT;
		for (uint32_t m = 0; m < umm_max(entry->n_modifiers, 1); m++) {
			uint64_t modifier =
				entry->n_modifiers > 0 ? entry->modifiers[m] : ANY_MODIFIER;
			struct umm_pair_key *key = demand_key(pairs, format, modifier);
			if (pass == FILL)
				pairs->covers[key->first + key->count] = cover;
			key->count++;
		}
	}
}

static void pass_all(struct umm_pairs *pairs, const struct umm_problem *problem, enum pass pass)
{
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		const struct umm_demand *demand = &problem->demands[i];
		for (uint32_t j = 0; j < demand->n_entries; j++)
			pass_entry(pairs, &demand->entries[j], (struct umm_cover){ i, j }, pass);
	}
}

/** Between counting and filling: where the covers of each key start. */
static void place_keys(struct umm_pairs *pairs)
{
	uint32_t first = 0;
	for (uint32_t i = 0; i < pairs->n_keys; i++) {
		struct umm_pair_key *key = &pairs->keys[i];
		key->first = first;
		first += key->count;
		key->count = 0;
		if (key->format != ANY_FORMAT && key->modifier == ANY_MODIFIER)
			pairs->any_modifier[pairs->n_any_modifier++] = i;
		if (key->format == ANY_FORMAT && key->modifier != ANY_MODIFIER)
			pairs->any_format[pairs->n_any_format++] = i;
		if (key->format == ANY_FORMAT && key->modifier == ANY_MODIFIER)
			pairs->any_any = true;
	}
}

bool umm_pairs_build(struct umm_pairs *pairs, const struct umm_problem *problem,
		     struct umm_scratch *scratch)
{
	uint64_t n_keys = umm_pairs_count(problem), n_slots = 4;
	if (n_keys == UINT64_MAX) {
		umm_scratch_take(scratch, UINT64_MAX, 1);
		return false;
	}
	while (n_slots < 2 * n_keys)
		n_slots *= 2;
	*pairs = (struct umm_pairs){ .slot_mask = (uint32_t)n_slots - 1 };
	UMM_SCRATCH_TAKE(scratch, pairs->keys, n_keys);
	UMM_SCRATCH_TAKE(scratch, pairs->slots, n_slots);
	UMM_SCRATCH_TAKE(scratch, pairs->covers, n_keys);
	UMM_SCRATCH_TAKE(scratch, pairs->any_modifier, n_keys);
	UMM_SCRATCH_TAKE(scratch, pairs->any_format, n_keys);
	if (scratch->memory == NULL || scratch->used > scratch->size)
		return false;
	memset(pairs->slots, 0, (size_t)n_slots * sizeof(*pairs->slots));
	pass_all(pairs, problem, COUNT);
	place_keys(pairs);
	pass_all(pairs, problem, FILL);
	return true;
}

const struct umm_cover *umm_pairs_covers(const struct umm_pairs *pairs, struct umm_pair pair,
					 unsigned which, uint32_t *count)
{
	static const struct umm_cover nobody;
	uint32_t format = (which & 1) != 0 ? ANY_FORMAT : pair.format;
	uint64_t modifier = (which & 2) != 0 ? ANY_MODIFIER : pair.modifier;
	*count = 0;
	if ((which == 1 && pairs->n_any_format == 0) ||
	    (which == 2 && pairs->n_any_modifier == 0) || (which == 3 && !pairs->any_any))
		return &nobody;
	const struct umm_pair_key *key = find_key(pairs, format, modifier);
	if (key == NULL)
		return &nobody;
	*count = key->count;
	return &pairs->covers[key->first];
}

/** Pairs that an entry spells out. */
static bool next_stated(const struct umm_pairs *pairs, struct umm_pair_cursor *cursor,
			struct umm_pair *out)
{
	while (cursor->i < pairs->n_keys) {
		const struct umm_pair_key *key = &pairs->keys[cursor->i++];
		if (key->format == ANY_FORMAT || key->modifier == ANY_MODIFIER)
			continue;
		*out = (struct umm_pair){ key->format, key->modifier };
		return true;
	}
	return false;
}

/** Pairs of a format from one entry and a modifier from another, not spelled out by any. */
static bool next_crossed(const struct umm_pairs *pairs, struct umm_pair_cursor *cursor,
			 struct umm_pair *out)
{
	for (; cursor->i < pairs->n_any_modifier; cursor->i++, cursor->j = 0) {
		while (cursor->j < pairs->n_any_format) {
			out->format = pairs->keys[pairs->any_modifier[cursor->i]].format;
			out->modifier = pairs->keys[pairs->any_format[cursor->j++]].modifier;
			if (find_key(pairs, out->format, out->modifier) == NULL)
				return true;
		}
	}
	return false;
}

/** Formats that somebody names, with LINEAR. */
static bool next_without_modifier(const struct umm_pairs *pairs, struct umm_pair_cursor *cursor,
				  struct umm_pair *out)
{
	if (cursor->i >= pairs->n_any_modifier)
		return false;
	out->format = pairs->keys[pairs->any_modifier[cursor->i++]].format;
	out->modifier = UMM_MODIFIER_LINEAR;
	return true;
}

/** Modifiers that somebody names, or LINEAR where both are open, with every format there is. */
static bool next_without_format(const struct umm_pairs *pairs, struct umm_pair_cursor *cursor,
				struct umm_pair *out)
{
	for (; cursor->i < pairs->n_any_format + pairs->any_any; cursor->i++, cursor->j = 0) {
		const struct umm_format_info *info = umm_format_at(cursor->j++);
		if (info == NULL)
			continue;
		out->format = info->fourcc;
		out->modifier = cursor->i < pairs->n_any_format
					? pairs->keys[pairs->any_format[cursor->i]].modifier
					: UMM_MODIFIER_LINEAR;
		return true;
	}
	return false;
}

bool umm_pairs_next(const struct umm_pairs *pairs, struct umm_pair_cursor *cursor,
		    bool hypothetical, struct umm_pair *out)
{
	for (; cursor->phase < 4; cursor->phase++, cursor->i = cursor->j = 0) {
		if (cursor->phase == 0 && next_stated(pairs, cursor, out))
			return true;
		if (cursor->phase == 1 && next_crossed(pairs, cursor, out))
			return true;
		if (cursor->phase == 2 && hypothetical && next_without_modifier(pairs, cursor, out))
			return true;
		if (cursor->phase == 3 && hypothetical && next_without_format(pairs, cursor, out))
			return true;
	}
	if (cursor->phase++ > 4)
		return false;
	*out = (struct umm_pair){ .format = 0 };
	return true;
}
