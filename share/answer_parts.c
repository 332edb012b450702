/* SPDX-License-Identifier: MIT */
/*
 * The explanation as structures. Made from the answer's own JSON, as its text is, so that none of
 * the three tells another story; made once, when the answer is, so that reading changes nothing.
 *
 * Names and paths are borrowed from the JSON, values are dumped to text of their own. All lists are
 * built alike, each item by its kind's function, which gets it zeroed: whatever it leaves there
 * when memory ends is freed with the rest.
 */
#include "share/answer_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <umm/solve.h>

#include "share/answer.h"
#include "share/json_text.h"

/** A string of the answer, NULL for null. */
static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/** A value as JSON text, NULL for null. */
static int dump(const json_t *object, const char *key, const char **out)
{
	const json_t *value = json_object_get(object, key);
	if (value == NULL || json_is_null(value))
		return 0;
	*out = umm_json_to_text(value);
	return *out != NULL ? 0 : -ENOMEM;
}

static int read_reason(const json_t *object, void *item)
{
	struct umm_reason *reason = item;
	const json_t *names = json_object_get(object, "by");
	size_t count = json_array_size(names);
	const char **by = calloc(count > 0 ? count : 1, sizeof(*by));
	if (by == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		by[i] = json_string_value(json_array_get(names, i));
	reason->by = by;
	reason->n_by = count;
	reason->field = text_of(object, "field");
	return dump(object, "value", &reason->value);
}

static void finish_reason(void *item)
{
	struct umm_reason *reason = item;
	free((void *)reason->by);
	free((void *)reason->value);
}

/** Which of the three the candidate is, in words that umm_answer_text() uses too. Returns what
 * asprintf() does. */
static int name_candidate(const json_t *candidate, struct umm_rejection *rejection, char **text)
{
	rejection->heap = text_of(candidate, "heap");
	if (rejection->heap != NULL)
		return asprintf(text, "heap %s", rejection->heap);
	rejection->group = text_of(candidate, "group");
	if (rejection->group != NULL) {
		rejection->alternative =
			(unsigned)json_integer_value(json_object_get(candidate, "alternative"));
		return asprintf(text, "group %s, alternative %u", rejection->group,
				rejection->alternative);
	}
	const char *format = text_of(candidate, "format");
	const char *modifier = text_of(candidate, "modifier");
	rejection->format = umm_format_from_name(format);
	if (umm_modifier_from_name(modifier, &rejection->modifier) < 0)
		rejection->modifier = UMM_MODIFIER_INVALID;
	return asprintf(text, "format %s, modifier %s", format, modifier);
}

static int read_rejection(const json_t *object, void *item)
{
	struct umm_rejection *rejection = item;
	char *text;
	rejection->participant = text_of(object, "participant");
	rejection->field = text_of(object, "field");
	if (name_candidate(json_object_get(object, "candidate"), rejection, &text) < 0)
		return -ENOMEM;
	rejection->candidate = text;
	return 0;
}

static void finish_rejection(void *item)
{
	free((void *)((struct umm_rejection *)item)->candidate);
}

static int read_clash(const json_t *object, void *item)
{
	struct umm_clash *clash = item;
	clash->participant = text_of(object, "participant");
	clash->field = text_of(object, "field");
	return dump(object, "value", &clash->value);
}

static void finish_clash(void *item)
{
	free((void *)((struct umm_clash *)item)->value);
}

static int read_relaxation(const json_t *object, void *item)
{
	struct umm_relaxation *relaxation = item;
	relaxation->participant = text_of(object, "participant");
	relaxation->field = text_of(object, "field");
	return dump(object, "to", &relaxation->to);
}

static void finish_relaxation(void *item)
{
	free((void *)((struct umm_relaxation *)item)->to);
}

static int read_violation(const json_t *object, void *item)
{
	*(struct umm_violation *)item = (struct umm_violation){
		.participant = text_of(object, "participant"),
		.field = text_of(object, "field"),
		.message = text_of(object, "message"),
	};
	return 0;
}

static void finish_violation(void *item)
{
	(void)item; /* borrows all it has */
}

static const struct kind {
	const char *key;
	size_t size;
	int (*read)(const json_t *object, void *item);
	void (*finish)(void *item);
} kinds[UMM_N_ANSWER_PARTS] = {
	[UMM_ANSWER_REASONS] = { "why", sizeof(struct umm_reason), read_reason, finish_reason },
	[UMM_ANSWER_REJECTIONS] = { "rejected", sizeof(struct umm_rejection), read_rejection,
				    finish_rejection },
	[UMM_ANSWER_CLASHES] = { "conflict", sizeof(struct umm_clash), read_clash, finish_clash },
	[UMM_ANSWER_RELAXATIONS] = { "relax", sizeof(struct umm_relaxation), read_relaxation,
				     finish_relaxation },
	[UMM_ANSWER_VIOLATIONS] = { "errors", sizeof(struct umm_violation), read_violation,
				    finish_violation },
};

static int list_init(struct umm_answer_list *list, const struct kind *kind, const json_t *answer)
{
	const json_t *array = json_object_get(answer, kind->key);
	size_t count = json_array_size(array);
	if (count == 0)
		return 0;
	list->items = calloc(count, kind->size);
	if (list->items == NULL)
		return -ENOMEM;
	list->count = count;
	for (size_t i = 0; i < count; i++) {
		int ret = kind->read(json_array_get(array, i), list->items + i * kind->size);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int umm_answer_parts_init(struct umm_answer_parts *parts, const json_t *answer)
{
	int ret = 0;
	for (unsigned i = 0; ret == 0 && i < UMM_N_ANSWER_PARTS; i++)
		ret = list_init(&parts->lists[i], &kinds[i], answer);
	return ret;
}

void umm_answer_parts_finish(struct umm_answer_parts *parts)
{
	for (unsigned i = 0; i < UMM_N_ANSWER_PARTS; i++) {
		struct umm_answer_list *list = &parts->lists[i];
		for (size_t j = 0; j < list->count; j++)
			kinds[i].finish(list->items + j * kinds[i].size);
		free(list->items);
	}
}

/* ---- reading ---- */

static size_t count_of(const struct umm_answer *answer, enum umm_answer_part part)
{
	return umm_answer_get_parts(answer)->lists[part].count;
}

static const void *item_of(const struct umm_answer *answer, enum umm_answer_part part, size_t i)
{
	const struct umm_answer_list *list = &umm_answer_get_parts(answer)->lists[part];
	return i < list->count ? list->items + i * kinds[part].size : NULL;
}

size_t umm_answer_reason_count(const struct umm_answer *answer)
{
	return count_of(answer, UMM_ANSWER_REASONS);
}

size_t umm_answer_rejection_count(const struct umm_answer *answer)
{
	return count_of(answer, UMM_ANSWER_REJECTIONS);
}

size_t umm_answer_clash_count(const struct umm_answer *answer)
{
	return count_of(answer, UMM_ANSWER_CLASHES);
}

size_t umm_answer_relaxation_count(const struct umm_answer *answer)
{
	return count_of(answer, UMM_ANSWER_RELAXATIONS);
}

size_t umm_answer_violation_count(const struct umm_answer *answer)
{
	return count_of(answer, UMM_ANSWER_VIOLATIONS);
}

const struct umm_reason *umm_answer_reason(const struct umm_answer *answer, size_t i)
{
	return item_of(answer, UMM_ANSWER_REASONS, i);
}

const struct umm_rejection *umm_answer_rejection(const struct umm_answer *answer, size_t i)
{
	return item_of(answer, UMM_ANSWER_REJECTIONS, i);
}

const struct umm_clash *umm_answer_clash(const struct umm_answer *answer, size_t i)
{
	return item_of(answer, UMM_ANSWER_CLASHES, i);
}

const struct umm_relaxation *umm_answer_relaxation(const struct umm_answer *answer, size_t i)
{
	return item_of(answer, UMM_ANSWER_RELAXATIONS, i);
}

const struct umm_violation *umm_answer_violation(const struct umm_answer *answer, size_t i)
{
	return item_of(answer, UMM_ANSWER_VIOLATIONS, i);
}
