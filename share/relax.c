/* SPDX-License-Identifier: MIT */
/*
 * Ways out. A relaxation is tried on the input itself (share/attempt.h): what is listed is known to
 * work.
 *
 * Whoever wants out of a conflict must touch one of its statements, so these come first. Only
 * because solving is not quite monotone (see core/conflict.c) all other fields are tried as well
 * when none of these helps.
 *
 * Mildest first: one more entry in a list, then a number moved as little as possible, then a field
 * left out, then no look at pixels at all.
 */
#include "share/relax.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "share/attempt.h"
#include "share/document_read.h"
#include "share/solution_emit.h"

/* ---- fields left out ---- */

/** Leave a field out, by reading the changed document. */
static void leave_out_and_read(struct umm_attempt *attempt, uint32_t demand, const char *path)
{
	if (umm_attempt_get(attempt, demand, path) != NULL)
		umm_attempt_change(attempt, demand, path, NULL, UMM_LEFT_OUT);
}

/** Whether leaving the field out may make the document invalid: whether it does, the reader says.
 */
static bool needs_reading(const struct umm_demand *demand, enum umm_field field)
{
	if (field == UMM_FIELD_FORMATS) /* size_bytes.min may be 0 only where there are formats */
		return (demand->stated & UMM_FIELD_BIT(UMM_FIELD_SIZE_MIN)) != 0 &&
		       demand->size_min == 0;
	return field == UMM_FIELD_USAGE;
}

/** Whether the document is known to be invalid without the field: only who states nothing else may
 * have no usage. */
static bool is_indispensable(const struct umm_demand *demand, enum umm_field field)
{
	return field == UMM_FIELD_USAGE && (demand->stated & ~UMM_FIELD_BIT(UMM_FIELD_USAGE)) != 0;
}

/** Leave a field out: nearly always the core can tell by itself. */
static void leave_out(struct umm_attempt *attempt, const struct umm_culprit *clash)
{
	const struct umm_problem *problem = &attempt->document->problem;
	const struct umm_demand *demand = &problem->demands[clash->demand];
	if (is_indispensable(demand, clash->field) ||
	    !umm_trial_solved_without(&attempt->trial, clash))
		return;
	umm_autofree char *path = umm_culprit_path(problem, clash);
	if (path == NULL) {
		attempt->out_of_memory = true;
		return;
	}
	if (needs_reading(demand, clash->field))
		leave_out_and_read(attempt, clash->demand, path);
	else
		umm_attempt_remember(attempt, clash->demand, path, NULL,
				     clash->field == UMM_FIELD_FORMATS ? UMM_NO_PIXELS
								       : UMM_LEFT_OUT);
}

/* ---- longer lists ---- */

/** A copy of a list (or of the one value that stands for it) with one more item; NULL: no memory.
 */
static json_t *longer(const json_t *list, json_t *item)
{
	json_t *copy =
		json_is_array(list) ? json_copy((json_t *)list) : json_pack("[O]", (json_t *)list);
	if (json_array_append_new(copy, item) < 0) {
		json_decref(copy);
		return NULL;
	}
	return copy;
}

/** Try a list with one more item. Takes over `item`. */
static bool try_longer(struct umm_attempt *attempt, uint32_t demand, const char *path,
		       const json_t *list, json_t *item)
{
	json_t *to = longer(list, item);
	if (to == NULL) {
		attempt->out_of_memory = true;
		return false;
	}
	return umm_attempt_change(attempt, demand, path, to, UMM_LONGER_LIST);
}

static bool contains(const json_t *list, const char *word)
{
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), word) == 0)
			return true;
	return json_is_string(list) && strcmp(json_string_value(list), word) == 0;
}

/** One more heap: the first, by name, that helps. */
static void permit_heap(struct umm_attempt *attempt, uint32_t demand, const char *path)
{
	const struct umm_problem *problem = &attempt->document->problem;
	const json_t *list = umm_attempt_get(attempt, demand, path);
	for (uint32_t i = 0; i < problem->n_heaps; i++) {
		const char *name = problem->heaps[i].name;
		if (!contains(list, name) &&
		    try_longer(attempt, demand, path, list, json_string(name)))
			return;
	}
}

static void permit_word(struct umm_attempt *attempt, uint32_t demand, const char *path,
			const struct umm_word *words)
{
	const json_t *list = umm_attempt_get(attempt, demand, path);
	for (; words->name != NULL; words++)
		if (!contains(list, words->name) && strcmp(words->name, "any") != 0 &&
		    try_longer(attempt, demand, path, list, json_string(words->name)))
			return;
}

/** One more format that somebody else has, for the first entry that it helps. */
static bool permit_format_in(struct umm_attempt *attempt, uint32_t demand, const char *path)
{
	const struct umm_problem *problem = &attempt->document->problem;
	const json_t *list = umm_attempt_get(attempt, demand, path);
	uint32_t tried[16];
	unsigned n_tried = 0;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		const struct umm_demand *other = &problem->demands[i];
		for (uint32_t j = 0; i != demand && j < other->n_entries && n_tried < 16; j++) {
			if (other->entries[j].n_formats == 0)
				continue;
			uint32_t format = other->entries[j].formats[0];
			bool known = false;
			for (unsigned k = 0; k < n_tried; k++)
				known |= tried[k] == format;
			if (known)
				continue;
			tried[n_tried++] = format;
			if (try_longer(attempt, demand, path, list, umm_emit_format(format)))
				return true;
		}
	}
	return false;
}

static void permit_format(struct umm_attempt *attempt, uint32_t demand)
{
	const struct umm_demand *facts = &attempt->document->problem.demands[demand];
	for (uint32_t i = 0; i < facts->n_entries && i < 4; i++) {
		char path[64];
		snprintf(path, sizeof(path), "formats[%u].format", facts->entries[i].index);
		if (facts->entries[i].n_formats > 0 && permit_format_in(attempt, demand, path))
			return;
	}
}

/** Modifiers that were stated: LINEAR, the default, may help. */
static void leave_out_modifiers(struct umm_attempt *attempt, uint32_t demand, uint32_t most)
{
	const struct umm_demand *facts = &attempt->document->problem.demands[demand];
	for (uint32_t i = 0; i < facts->n_entries && i < most; i++) {
		char path[64];
		snprintf(path, sizeof(path), "formats[%u].modifier", facts->entries[i].index);
		if (facts->entries[i].n_formats == 0 || facts->usage == UMM_USAGE_NONE)
			leave_out_and_read(attempt, demand, path); /* the default is another */
		else if (umm_attempt_get(attempt, demand, path) != NULL &&
			 umm_trial_solved_as_linear(&attempt->trial, demand, i))
			umm_attempt_remember(attempt, demand, path, NULL, UMM_LEFT_OUT);
	}
}

/* ---- moved numbers ---- */

static bool works_with_number(struct umm_attempt *attempt, uint32_t demand, const char *path,
			      uint64_t number)
{
	return umm_attempt_works(attempt, demand, path, json_integer((json_int_t)number));
}

/** The number nearest to the stated one that works, between it and `end`, which works. */
static void move_number(struct umm_attempt *attempt, uint32_t demand, const char *path,
			uint64_t end)
{
	const json_t *value = umm_attempt_get(attempt, demand, path);
	if (!json_is_integer(value) || !works_with_number(attempt, demand, path, end))
		return;
	uint64_t bad = (uint64_t)json_integer_value(value), good = end;
	while (good > bad ? good - bad > 1 : bad - good > 1) {
		uint64_t middle = bad < good ? bad + (good - bad) / 2 : good + (bad - good) / 2;
		if (works_with_number(attempt, demand, path, middle))
			good = middle;
		else
			bad = middle;
	}
	if (attempt->budget > 0)
		umm_attempt_remember(attempt, demand, path, json_integer((json_int_t)good),
				     UMM_MOVED_NUMBER);
}

/** Upper limits move up, lower ones down. */
static void move_limit(struct umm_attempt *attempt, const struct umm_culprit *clash,
		       const char *path)
{
	switch (clash->field) {
	case UMM_FIELD_BUFFERS_MAX:
	case UMM_FIELD_SIZE_MAX:
	case UMM_FIELD_ADDRESS_MAX:
	case UMM_FIELD_SEGMENTS_COUNT:
	case UMM_FIELD_SEGMENTS_BYTES:
	case UMM_FIELD_AREA_MAX:
	case UMM_FIELD_STRIDE_MAX:
		move_number(attempt, clash->demand, path, UMM_NUMBER_MAX);
		break;
	case UMM_FIELD_CAMPING:
	case UMM_FIELD_DEDICATED_SLACK:
	case UMM_FIELD_SHARED_SLACK:
	case UMM_FIELD_BUFFERS_MIN:
	case UMM_FIELD_PAD_END:
	case UMM_FIELD_STRIDE_MIN:
	case UMM_FIELD_EXTRA_ROWS:
	case UMM_FIELD_TOTAL_MIN:
		move_number(attempt, clash->demand, path, 0);
		break;
	case UMM_FIELD_SIZE_MIN:
		move_number(attempt, clash->demand, path, 1);
		break;
	default:
		break;
	}
}

/* ---- all of them ---- */

static void change_clash(struct umm_attempt *attempt, const struct umm_culprit *clash)
{
	umm_autofree char *path = umm_culprit_path(&attempt->document->problem, clash);
	if (path == NULL) {
		attempt->out_of_memory = true;
		return;
	}
	if (clash->field == UMM_FIELD_HEAPS)
		permit_heap(attempt, clash->demand, path);
	else if (clash->field == UMM_FIELD_IMPORTS)
		permit_word(attempt, clash->demand, path, umm_class_words);
	else if (clash->field == UMM_FIELD_COHERENCY)
		permit_word(attempt, clash->demand, path, umm_coherency_words);
	else if (clash->field == UMM_FIELD_COLOR_SPACES)
		permit_word(attempt, clash->demand, path, umm_color_words);
	else if (clash->field == UMM_FIELD_FORMATS)
		permit_format(attempt, clash->demand);
	else
		move_limit(attempt, clash, path);
}

static void relax_clash(struct umm_attempt *attempt, const struct umm_culprit *clash)
{
	leave_out(attempt, clash);
	change_clash(attempt, clash);
	if (clash->field == UMM_FIELD_FORMATS && attempt->budget > 0)
		leave_out_modifiers(attempt, clash->demand, 4);
}

/** Every field of one participant. */
static void relax_demand(struct umm_attempt *attempt, uint32_t index)
{
	const struct umm_demand *demand = &attempt->document->problem.demands[index];
	if (demand->attach == UMM_ATTACH_LATE)
		return;
	for (unsigned field = 0; field < UMM_N_DEMAND_FIELDS; field++)
		if ((demand->stated & UMM_FIELD_BIT(field)) != 0)
			leave_out(attempt, &(struct umm_culprit){ index, 0, field, NULL });
	leave_out_modifiers(attempt, index, UINT32_MAX);
	for (uint32_t j = 0; j < demand->n_entries; j++)
		for (unsigned field = UMM_N_DEMAND_FIELDS; field < UMM_FIELD_COST; field++)
			if ((demand->entries[j].stated & UMM_FIELD_BIT(field)) != 0)
				leave_out(attempt, &(struct umm_culprit){ index, j, field, NULL });
}

/** Every field of the participants [first, end); those of whom it is proved that none helps are
 * passed over together. */
static void relax_demands(struct umm_attempt *attempt, uint32_t first, uint32_t end)
{
	if (first == end || !umm_trial_helps_any(&attempt->trial, first, end))
		return;
	if (end - first == 1) {
		relax_demand(attempt, first);
		return;
	}
	uint32_t middle = first + (end - first) / 2;
	relax_demands(attempt, first, middle);
	relax_demands(attempt, middle, end);
}

/** Every field of everybody, when no statement of the conflict helps. Nothing of a late one counts
 * as long as it is late. */
static void relax_anything(struct umm_attempt *attempt)
{
	const struct umm_problem *problem = &attempt->document->problem;
	attempt->budget = UINT_MAX;
	relax_demands(attempt, 0, problem->n_demands);
	for (uint32_t i = 0; i < problem->n_demands; i++)
		if (problem->demands[i].attach == UMM_ATTACH_LATE)
			leave_out_and_read(attempt, i, "attach");
}

/** Conditions on the whole document are met by stating something. */
static void meet_condition(struct umm_attempt *attempt, const char *condition)
{
	const struct umm_problem *problem = &attempt->document->problem;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		if (problem->demands[i].attach == UMM_ATTACH_LATE)
			continue;
		bool done = false;
		if (strcmp(condition, "usage") == 0)
			done = umm_attempt_change(attempt, i, "usage", json_pack("[s]", "dma"),
						  UMM_LONGER_LIST);
		else if (strcmp(condition, "buffers") == 0 &&
			 umm_attempt_get(attempt, i, "buffers") != NULL)
			done = umm_attempt_change(attempt, i, "buffers.min", json_integer(1),
						  UMM_MOVED_NUMBER);
		if (done)
			return;
	}
}

static bool found_any(const struct umm_attempt *attempt)
{
	for (unsigned i = 0; i <= UMM_NO_PIXELS; i++)
		if (json_array_size(attempt->found[i]) > 0)
			return true;
	return false;
}

static void run(struct umm_attempt *attempt, const struct umm_culprit *clashes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (clashes[i].condition != NULL)
			meet_condition(attempt, clashes[i].condition);
		else
			relax_clash(attempt, &clashes[i]);
	}
	if (!found_any(attempt))
		relax_anything(attempt);
}

json_t *umm_relax(struct umm_document *document, const struct umm_culprit *clashes, size_t count)
{
	struct umm_attempt attempt;
	umm_attempt_start(&attempt, document);
	if (!attempt.out_of_memory)
		run(&attempt, clashes, count);
	return umm_attempt_finish(&attempt);
}
