/* SPDX-License-Identifier: MIT */
/**
 * The choice, by trying everything.
 *
 * Alternatives are counted like an odometer whose digits are the groups met in depth-first
 * pre-order: the first reading with any solution wins. Within it every (format, modifier) x colour
 * x heap x coherency is compared with the best so far, criterion by criterion.
 */
#include "tests/reference/reference.h"

#include <stdlib.h>
#include <string.h>

#define MAX_GROUPS 256
#define N_COLORS   9

/** One reading: which alternative each group met so far takes. */
struct odometer {
	size_t digit[MAX_GROUPS], limit[MAX_GROUPS];
	size_t n_digits, at;
};

static void walk(const struct ref_list *list, struct odometer *odometer, struct ref_choice *choice)
{
	for (size_t i = 0; i < list->n_items; i++) {
		const struct ref_item *item = &list->items[i];
		if (item->participant != NULL && item->participant->late) {
			choice->late[choice->n_late++] = item->participant;
		} else if (item->participant != NULL) {
			choice->who[choice->n_who++] = item->participant;
		} else if (item->n_alternatives > 0 && odometer->at < MAX_GROUPS) {
			size_t at = odometer->at++;
			if (at == odometer->n_digits)
				odometer->digit[odometer->n_digits++] = 0;
			odometer->limit[at] = item->n_alternatives;
			walk(&item->alternatives[odometer->digit[at]], odometer, choice);
		}
	}
}

/** The next reading; false after the last. */
static bool turn(struct odometer *odometer)
{
	for (size_t n = odometer->at; n > 0; n--) {
		if (odometer->digit[n - 1] + 1 < odometer->limit[n - 1]) {
			odometer->digit[n - 1]++;
			odometer->n_digits = n;
			return true;
		}
	}
	return false;
}

const struct ref_entry *ref_covering(const struct ref_participant *participant,
				     const struct ref_format *format, uint64_t modifier)
{
	for (size_t i = 0; i < participant->n_entries; i++) {
		const struct ref_entry *entry = &participant->entries[i];
		bool f = entry->any_format, m = entry->any_modifier;
		for (size_t k = 0; k < entry->n_formats; k++)
			f = f || entry->formats[k] == format;
		for (size_t k = 0; k < entry->n_modifiers; k++)
			m = m || entry->modifiers[k] == modifier;
		if (f && m)
			return entry;
	}
	return NULL;
}

static bool cover(struct ref_party *party, const struct ref_format *format, uint64_t modifier)
{
	for (size_t i = 0; i < party->n; i++) {
		party->entry[i] = NULL;
		if (format == NULL || party->who[i]->n_entries == 0)
			continue;
		party->entry[i] = ref_covering(party->who[i], format, modifier);
		if (party->entry[i] == NULL)
			return false;
	}
	return true;
}

/** Somebody must be specific about format, about modifier, and about colour if any states one. */
static bool specific(const struct ref_party *party, unsigned forgive)
{
	bool format = false, modifier = false, states = false, color = false;
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_entry *entry = party->entry[i];
		if (entry == NULL)
			continue;
		format = format || !entry->any_format;
		modifier = modifier || !entry->any_modifier;
		states = states || entry->states_colors;
		color = color || (entry->states_colors && !entry->any_color);
	}
	if ((forgive & REF_FORGIVE_FORMATS) != 0)
		format = modifier = true;
	if ((forgive & REF_FORGIVE_COLORS) != 0)
		states = false;
	return format && modifier && (color || !states);
}

static ref_wide total_cost(const struct ref_party *party, const struct ref_heap *heap)
{
	ref_wide cost = 0;
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_participant *p = party->who[i];
		if (party->entry[i] != NULL)
			cost += party->entry[i]->cost;
		if (p->usage != REF_USAGE_NONE && p->cache >= 0 && p->cache != heap->cache)
			cost++;
	}
	return cost;
}

static int compare(ref_wide a, ref_wide b)
{
	return a < b ? -1 : a > b;
}

static unsigned coherency_rank(unsigned coherency, bool display)
{
	static const unsigned with[] = { REF_RAM, REF_CPU, REF_INACCESSIBLE };
	static const unsigned without[] = { REF_CPU, REF_RAM, REF_INACCESSIBLE };
	unsigned rank = 0;
	while ((display ? with : without)[rank] != coherency)
		rank++;
	return rank;
}

static ref_wide run_rank(const struct ref_heap *heap)
{
	return heap->contiguous ? 2 : heap->contiguous_max > 0;
}

static int compare_heaps(const struct ref_heap *a, const struct ref_heap *b)
{
	int order = compare(run_rank(a), run_rank(b));
	if (order == 0)
		order = compare(b->address_max, a->address_max);
	if (order == 0)
		order = compare(a->cost, b->cost);
	return order != 0 ? order : strcmp(a->name, b->name);
}

static int compare_images(const struct ref_result *a, const struct ref_result *b)
{
	if (a->format == NULL)
		return 0;
	int order = compare(ref_modifier_class(b->modifier), ref_modifier_class(a->modifier));
	if (order == 0)
		order = compare(b->modifier, a->modifier);
	if (order == 0)
		order = compare(ref_format_fourcc(a->format), ref_format_fourcc(b->format));
	return order != 0 ? order : compare((unsigned)a->color, (unsigned)b->color);
}

/** Below 0 if `a` is the better one. */
static int compare_results(const struct ref_result *a, const struct ref_result *b, bool display)
{
	int order = compare(a->cost, b->cost);
	if (order == 0)
		order = compare(coherency_rank(a->coherency, display),
				coherency_rank(b->coherency, display));
	if (order == 0)
		order = compare_heaps(a->heap, b->heap);
	return order != 0 ? order : compare_images(a, b);
}

struct search {
	const struct ref_document *document;
	unsigned forgive;
	struct ref_party party;
	bool display, found;
	struct ref_result best;
};

static void try_heaps(struct search *search, const struct ref_result *merged)
{
	for (size_t i = 0; i < search->document->n_heaps; i++) {
		const struct ref_heap *heap = &search->document->heaps[i];
		for (unsigned coherency = REF_CPU; coherency <= REF_INACCESSIBLE; coherency <<= 1) {
			if (!ref_heap_serves(&search->party, merged, heap, coherency))
				continue;
			struct ref_result result = *merged;
			result.heap = heap;
			result.coherency = coherency;
			result.cost = total_cost(&search->party, heap);
			if (!search->found ||
			    compare_results(&result, &search->best, search->display) < 0)
				search->best = result;
			search->found = true;
		}
	}
}

static void try_color(struct search *search, const struct ref_format *format, uint64_t modifier,
		      int color)
{
	struct ref_result merged = { .format = format, .modifier = modifier, .color = color };
	if (ref_merge(&search->party, search->forgive, &merged))
		try_heaps(search, &merged);
}

static bool names_a_color(const struct ref_party *party)
{
	for (size_t i = 0; i < party->n; i++)
		if (party->entry[i] != NULL && party->entry[i]->states_colors &&
		    !party->entry[i]->any_color)
			return true;
	return false;
}

static void try_pair(struct search *search, const struct ref_format *format, uint64_t modifier)
{
	if (!cover(&search->party, format, modifier) || !specific(&search->party, search->forgive))
		return;
	if (!names_a_color(&search->party)) {
		try_color(search, format, modifier, REF_NO_COLOR);
		return;
	}
	for (int color = 0; color < N_COLORS; color++)
		try_color(search, format, modifier, color);
}

static bool somebody_names(const struct ref_party *party, const struct ref_format *format)
{
	for (size_t i = 0; i < party->n; i++)
		for (size_t k = 0; k < party->who[i]->n_entries; k++)
			for (size_t j = 0; j < party->who[i]->entries[k].n_formats; j++)
				if (party->who[i]->entries[k].formats[j] == format)
					return true;
	return false;
}

/** With every modifier that anybody names; LINEAR where nobody needs to name one. */
static void try_format(struct search *search, const struct ref_format *format)
{
	const struct ref_party *party = &search->party;
	if ((search->forgive & REF_FORGIVE_FORMATS) != 0)
		try_pair(search, format, 0);
	for (size_t i = 0; i < party->n; i++)
		for (size_t k = 0; k < party->who[i]->n_entries; k++)
			for (size_t j = 0; j < party->who[i]->entries[k].n_modifiers; j++)
				try_pair(search, format, party->who[i]->entries[k].modifiers[j]);
}

static void try_reading(struct search *search)
{
	bool image = false, all_none = true;
	for (size_t i = 0; i < search->party.n; i++) {
		const struct ref_participant *p = search->party.who[i];
		image = image || p->n_entries > 0;
		all_none = all_none && p->usage == REF_USAGE_NONE;
		search->display = search->display || (p->usage & REF_DISPLAY) != 0;
	}
	if (all_none && (search->forgive & REF_FORGIVE_USAGE) == 0)
		return;
	if (!image) {
		cover(&search->party, NULL, 0);
		try_color(search, NULL, 0, REF_NO_COLOR);
		return;
	}
	for (size_t i = 0; i < ref_n_formats; i++)
		if ((search->forgive & REF_FORGIVE_FORMATS) != 0 ||
		    somebody_names(&search->party, &ref_formats[i]))
			try_format(search, &ref_formats[i]);
}

bool ref_choose(const struct ref_document *document, unsigned forgive, struct ref_choice *choice)
{
	size_t n = document->n_participants + 1;
	struct odometer odometer = { .n_digits = 0 };
	const struct ref_entry **entries = calloc(n, sizeof(*entries));
	bool found = false;

	*choice = (struct ref_choice){
		.who = calloc(n, sizeof(*choice->who)),
		.late = calloc(n, sizeof(*choice->late)),
	};
	do {
		choice->n_who = choice->n_late = odometer.at = 0;
		walk(&document->list, &odometer, choice);
		struct search search = {
			.document = document,
			.forgive = forgive,
			.party = { .who = choice->who, .entry = entries, .n = choice->n_who },
		};
		try_reading(&search);
		found = search.found;
		choice->result = search.best;
	} while (!found && turn(&odometer));
	free(entries);
	return found;
}

void ref_choice_finish(struct ref_choice *choice)
{
	free(choice->who);
	free(choice->late);
}
