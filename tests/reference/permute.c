/* SPDX-License-Identifier: MIT */
/**
 * Every order there is: participants, heaps and each one's formats change places until all
 * arrangements were seen, and the answer must stay the same, byte for byte. Or one of them, where
 * there is no time for all.
 *
 * Groups and alternatives are priorities and keep their order; participants move between them, as
 * in shuffle.c. An answer names formats by their place (`formats[2].stride.min_bytes`) and quotes
 * lists as they stand, so places are translated into those of the document before it is compared.
 * Of an invalid document only the status is compared: its errors name places everywhere.
 *
 * The lists turn like the wheels of an odometer; each wheel is a list of symbols, brought to its
 * next arrangement in lexicographic order. Groups are one symbol, so that those arrangements that
 * differ only in the order of groups come once, with the groups in their own order.
 */
#include "tests/reference/judge.h"
#include "tests/reference/trial.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A list whose items change places. */
struct wheel {
	json_t *list;	   /* in the document that is asked about */
	json_t *items;	   /* as they stood */
	const char *owner; /* NULL, or whose formats they are */
	size_t n, n_groups;
	size_t *order; /* of each place the item, or n for the next group */
};

struct odometer {
	json_t *document; /* a copy, rearranged */
	struct wheel *wheels;
	size_t n_wheels;
};

static bool is_group(const json_t *item)
{
	return json_object_get(item, "one_of") != NULL;
}

/* ---- wheels ---- */

static void add_wheel(struct odometer *odometer, json_t *list, const char *owner)
{
	struct wheel wheel = { .list = list, .owner = owner, .n = json_array_size(list) };
	size_t i, next = 0;
	json_t *item;
	if (wheel.n < 2)
		return;
	wheel.items = json_copy(list);
	wheel.order = calloc(wheel.n, sizeof(*wheel.order));
	json_array_foreach (list, i, item)
		if (!is_group(item))
			wheel.order[next++] = i;
	wheel.n_groups = wheel.n - next;
	while (next < wheel.n)
		wheel.order[next++] = wheel.n;
	odometer->wheels = realloc(odometer->wheels, (odometer->n_wheels + 1) * sizeof(wheel));
	odometer->wheels[odometer->n_wheels++] = wheel;
}

static void add_members(struct odometer *odometer, json_t *list)
{
	size_t i, j;
	json_t *item, *alternative;
	add_wheel(odometer, list, NULL);
	json_array_foreach (list, i, item) {
		json_array_foreach (json_object_get(item, "one_of"), j, alternative)
			add_members(odometer, alternative);
		add_wheel(odometer, json_object_get(item, "formats"),
			  json_string_value(json_object_get(item, "name")));
	}
}

static struct odometer odometer_of(const json_t *document)
{
	struct odometer odometer = { .document = json_deep_copy(document) };
	add_wheel(&odometer, json_object_get(odometer.document, "heaps"), NULL);
	add_members(&odometer, json_object_get(odometer.document, "participants"));
	return odometer;
}

static void odometer_finish(struct odometer *odometer)
{
	for (size_t i = 0; i < odometer->n_wheels; i++) {
		json_decref(odometer->wheels[i].items);
		free(odometer->wheels[i].order);
	}
	free(odometer->wheels);
	json_decref(odometer->document);
}

/** How many arrangements there are; 0: more than `most`. */
static unsigned long count_arrangements(const struct odometer *odometer, unsigned long most)
{
	unsigned long count = 1;
	for (size_t i = 0; i < odometer->n_wheels; i++) {
		const struct wheel *wheel = &odometer->wheels[i];
		for (size_t k = wheel->n_groups + 1; k <= wheel->n; k++) {
			count *= k; /* n! / n_groups!; no list is long enough to wrap before */
			if (count > most)
				return 0;
		}
	}
	return count;
}

/* ---- turning ---- */

static void arrange(const struct wheel *wheel)
{
	size_t group = 0;
	for (size_t place = 0; place < wheel->n; place++) {
		size_t from = wheel->order[place];
		if (from == wheel->n) {
			while (!is_group(json_array_get(wheel->items, group)))
				group++;
			from = group++;
		}
		json_array_set(wheel->list, place, json_array_get(wheel->items, from));
	}
}

static void swap(size_t *a, size_t *b)
{
	size_t kept = *a;
	*a = *b;
	*b = kept;
}

/** The next arrangement; false: that was the last, and the first is there again. */
static bool turn(struct wheel *wheel)
{
	size_t *order = wheel->order, rise = wheel->n - 1, next = wheel->n - 1;
	while (rise > 0 && order[rise - 1] >= order[rise])
		rise--;
	if (rise > 0) {
		while (order[next] <= order[rise - 1])
			next--;
		swap(&order[rise - 1], &order[next]);
	}
	for (size_t a = rise, b = wheel->n - 1; a < b; a++, b--)
		swap(&order[a], &order[b]);
	arrange(wheel);
	return rise > 0;
}

static bool odometer_turn(struct odometer *odometer)
{
	for (size_t i = 0; i < odometer->n_wheels; i++)
		if (turn(&odometer->wheels[i]))
			return true;
	return false;
}

/* ---- answers in the places of the document ---- */

static const struct wheel *formats_of(const struct odometer *odometer, const char *participant)
{
	for (size_t i = 0; participant != NULL && i < odometer->n_wheels; i++) {
		const struct wheel *wheel = &odometer->wheels[i];
		if (wheel->owner != NULL && strcmp(wheel->owner, participant) == 0)
			return wheel;
	}
	return NULL;
}

/** "formats[PLACE]REST" */
static void translate_path(json_t *entry, const struct wheel *wheel, const char *field)
{
	char *rest;
	unsigned long place = strtoul(field + strlen("formats["), &rest, 10);
	if (place < wheel->n)
		json_object_set_new(entry, "field",
				    json_sprintf("formats[%zu%s", wheel->order[place], rest));
}

/** The list itself, quoted. */
static void translate_list(const json_t *entry, const struct wheel *wheel)
{
	json_t *list = json_object_get(entry, "value");
	if (json_array_size(list) != wheel->n)
		return;
	json_t *stood = json_copy(list);
	for (size_t place = 0; place < wheel->n; place++)
		json_array_set(list, wheel->order[place], json_array_get(stood, place));
	json_decref(stood);
}

static void translate(const struct odometer *odometer, json_t *entries)
{
	size_t i;
	json_t *entry;
	json_array_foreach (entries, i, entry) {
		const char *field = json_string_value(json_object_get(entry, "field"));
		const struct wheel *wheel = formats_of(
			odometer, json_string_value(json_object_get(entry, "participant")));
		if (wheel == NULL || field == NULL)
			continue;
		if (strncmp(field, "formats[", strlen("formats[")) == 0)
			translate_path(entry, wheel, field);
		else if (strcmp(field, "formats") == 0)
			translate_list(entry, wheel);
	}
}

/** What the library says of the document as it is arranged now; free() it. */
static char *answer_now(const struct odometer *odometer)
{
	char *document = json_dumps(odometer->document, JSON_COMPACT);
	json_t *answer = ask(document, strlen(document), NULL);
	const char *status = json_string_value(json_object_get(answer, "status"));
	char *text;
	translate(odometer, json_object_get(answer, "conflict"));
	translate(odometer, json_object_get(answer, "relax"));
	if (status == NULL || strcmp(status, "invalid") == 0)
		text = strdup(status != NULL ? status : "none");
	else
		text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	free(document);
	return text;
}

/* ---- the comparison ---- */

static char *differs(const struct odometer *odometer, const char *first)
{
	char *now = answer_now(odometer), *wrong = NULL;
	if (strcmp(now, first) != 0) {
		char *document = json_dumps(odometer->document, JSON_COMPACT);
		wrong = complaint("another order, another answer\nfirst: %s\nnow:   %s\nof:    %s",
				  first, now, document);
		free(document);
	}
	free(now);
	return wrong;
}

static enum judged judged_answer(const char *answer)
{
	if (strcmp(answer, "invalid") == 0)
		return JUDGED_INVALID;
	return strstr(answer, "\"status\":\"conflict\"") != NULL ? JUDGED_CONFLICT : JUDGED_OK;
}

static char *try_all(struct odometer *odometer, unsigned long count, enum judged *out)
{
	char *first = answer_now(odometer), *wrong;
	unsigned long n = 0;
	*out = judged_answer(first);
	for (size_t i = 0; i < odometer->n_wheels; i++)
		arrange(&odometer->wheels[i]);
	do {
		wrong = differs(odometer, first);
		n++;
	} while (wrong == NULL && odometer_turn(odometer));
	if (wrong == NULL && n != count)
		wrong = complaint("%lu arrangements were seen of %lu", n, count);
	free(first);
	return wrong;
}

char *check_every_permutation(const json_t *document, unsigned long most, unsigned long *orders,
			      enum judged *out)
{
	struct odometer odometer = odometer_of(document);
	*orders = count_arrangements(&odometer, most);
	char *wrong = *orders > 0 ? try_all(&odometer, *orders, out) : NULL;
	odometer_finish(&odometer);
	return wrong;
}

static void shuffle_wheel(struct wheel *wheel, struct dice *dice)
{
	for (size_t i = wheel->n; i > 1; i--)
		swap(&wheel->order[i - 1], &wheel->order[dice_below(dice, i)]);
	arrange(wheel);
}

char *check_some_permutation(const json_t *document, struct dice *dice)
{
	struct odometer odometer = odometer_of(document);
	char *first = answer_now(&odometer);
	for (size_t i = 0; i < odometer.n_wheels; i++)
		shuffle_wheel(&odometer.wheels[i], dice);
	char *wrong = differs(&odometer, first);
	free(first);
	odometer_finish(&odometer);
	return wrong;
}
