/* SPDX-License-Identifier: MIT */
/*
 * The outer half of the solver: pairs, heaps, coherency, colour, and the late ones.
 *
 * Preference is decided by alternatives first, so for every pair the search looks for the first
 * choice of alternatives that is not behind the best one so far; among pairs and heaps that admit
 * the same choice cost, coherency, heap and modifier decide. The best choice so far (at the start:
 * every group's first alternative) is tried on a pair before anything else is computed; in
 * documents that have a solution this nearly always settles the pair.
 */
#include "core/solve.h"

#include "core/memory.h"
#include "core/modifier.h"
#include "core/number.h"
#include "core/format.h"
#include "core/guess.h"
#include "core/search.h"
#include "core/serve.h"

static const enum umm_coherency coherencies[3] = { UMM_COHERENCY_CPU, UMM_COHERENCY_RAM,
						   UMM_COHERENCY_INACCESSIBLE };

/** Best first. */
static const uint32_t color_order[] = {
	UMM_COLOR_SRGB,
	UMM_COLOR_REC2100,
	UMM_COLOR_REC2020,
	UMM_COLOR_REC709,
	UMM_COLOR_REC601_PAL_FULL,
	UMM_COLOR_REC601_PAL,
	UMM_COLOR_REC601_NTSC_FULL,
	UMM_COLOR_REC601_NTSC,
	UMM_COLOR_PASSTHROUGH,
};

static size_t take_all(struct umm_search *search, const struct umm_problem *problem, uint8_t **part,
		       struct umm_scratch *scratch)
{
	umm_search_take(search, problem, scratch);
	UMM_SCRATCH_TAKE(scratch, *part, problem->n_demands);
	return scratch->used;
}

size_t umm_solve_size(const struct umm_problem *problem)
{
	struct umm_search search;
	struct umm_scratch scratch = { .memory = NULL };
	uint8_t *part;
	size_t size = take_all(&search, problem, &part, &scratch);
	return size >= SIZE_MAX / 4 ? 0 : size + 16;
}

static bool is_late(const struct umm_demand *demand)
{
	return demand->attach == UMM_ATTACH_LATE;
}

/* ---- preference ---- */

static unsigned coherency_rank(enum umm_coherency coherency, bool display)
{
	if (coherency == UMM_COHERENCY_INACCESSIBLE)
		return 2;
	return (coherency == UMM_COHERENCY_RAM) == display ? 0 : 1;
}

/** Cost of the entries in use and of the wishes that `heap` does not grant. */
static uint64_t total_cost(const struct umm_merge *merge, const struct umm_heap_facts *heap)
{
	uint64_t cost = merge->total[UMM_TOTAL_COST];
	for (unsigned i = 0; i < 3; i++)
		if (heap->cache != UMM_CACHE_CACHED + i)
			cost = umm_sum(cost, merge->total[UMM_TOTAL_CACHED + i]);
	return cost;
}

/** Below 0 if pair `a` is preferred. */
static int compare_pairs(struct umm_pair a, struct umm_pair b)
{
	int class_a = (int)umm_modifier_class(a.modifier);
	int class_b = (int)umm_modifier_class(b.modifier);
	if (class_a != class_b)
		return class_a - class_b;
	if (a.modifier != b.modifier)
		return a.modifier > b.modifier ? -1 : 1;
	if (a.format != b.format)
		return a.format < b.format ? -1 : 1;
	return 0;
}

/** Below 0 if `a` is preferred to `b`, the alternatives being the same. */
static int compare_candidates(const struct umm_search *search, const struct umm_candidate *a,
			      const struct umm_candidate *b)
{
	const struct umm_heap_facts *heaps = search->problem->heaps;
	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	if (a->coherency_rank != b->coherency_rank)
		return a->coherency_rank < b->coherency_rank ? -1 : 1;
	int heap = umm_serve_compare(&heaps[a->heap], &heaps[b->heap]);
	return heap != 0 ? heap : compare_pairs(a->pair, b->pair);
}

static uint32_t best_color(const struct umm_merge *merge)
{
	if ((merge->must & UMM_FACT_COLORS) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(color_order) / sizeof(color_order[0]); i++)
		if ((merge->among[UMM_AMONG_COLORS] & color_order[i]) != 0)
			return color_order[i];
	return 0;
}

/** Keep the best of this pair's heaps and coherencies, if it beats the best so far. `same`: the
 * alternatives are those of the best so far, so the rest decides. */
static void offer(struct umm_search *search, const struct umm_merge *merge,
		  const struct umm_state *state, bool same)
{
	struct umm_candidate *best = &search->best;
	bool display = (merge->may & UMM_FACT_DISPLAY) != 0;
	if (!same)
		best->found = false;
	for (unsigned c = 0; c < 3; c++) {
		for (uint64_t left = state->heaps[c]; left != 0; left &= left - 1) {
			uint32_t heap = search->first_heap + umm_lowest_bit(left);
			struct umm_candidate candidate = *best;
			candidate.found = true;
			candidate.pair = search->pair;
			candidate.heap = heap;
			candidate.coherency = coherencies[c];
			candidate.coherency_rank = coherency_rank(coherencies[c], display);
			candidate.cost = total_cost(merge, &search->problem->heaps[heap]);
			candidate.color = search->info != NULL ? best_color(merge) : 0;
			if (!best->found || compare_candidates(search, &candidate, best) < 0)
				*best = candidate;
		}
	}
}

/* ---- pairs ---- */

static void adopt(struct umm_search *search, const uint32_t *choice)
{
	for (uint32_t i = 0; i < search->problem->n_groups; i++)
		search->best.choice[i] = choice[i];
	umm_guess_prepare(search, search->best.choice);
}

/** Try the guess on the current pair. */
static bool try_guess(struct umm_search *search)
{
	struct umm_merge merge;
	struct umm_state state;
	if (!umm_guess_fits(search, &merge, &state))
		return false;
	if (!search->best.found)
		adopt(search, search->guess);
	offer(search, &merge, &state, search->best.found);
	return true;
}

static void look_at(struct umm_search *search, struct umm_pair pair)
{
	umm_search_enter(search, pair);
	try_guess(search);
	if (search->problem->n_groups == 0 || (search->best.found && umm_guess_is_first(search)))
		return;
	if (!umm_search_alternatives(search))
		return;
	/* found one that is preferred to the best so far: make it the guess, and try it here */
	search->best.found = false;
	adopt(search, search->choice);
	try_guess(search);
}

static void look_at_pairs(struct umm_search *search)
{
	struct umm_pair_cursor cursor = { 0 };
	struct umm_pair pair;
	bool hypothetical = (search->waive & UMM_WAIVE_FORMATS) != 0;
	while (umm_pairs_next(&search->pairs, &cursor, hypothetical, &pair))
		look_at(search, pair);
}

/** The heaps from `first_heap` on. */
static void enter_block(struct umm_search *search, uint32_t first_heap)
{
	umm_search_block(search, first_heap);
	umm_guess_prepare(search, search->best.found ? search->best.choice : NULL);
}

/* ---- settling ---- */

static bool takes_part(const struct umm_search *search, const struct umm_demand *demand)
{
	if (demand->alternative == UMM_NOWHERE)
		return true;
	uint32_t group = search->problem->alternative_group[demand->alternative];
	return search->best.choice[group] == demand->alternative;
}

static enum umm_alpha settled_alpha(const struct umm_search *search, const struct umm_merge *merge)
{
	if (search->info == NULL || !umm_format_alpha_counts(search->info) ||
	    merge->among[UMM_AMONG_ALPHA] == UMM_ALPHA_ALL)
		return UMM_ALPHA_UNSET;
	return merge->among[UMM_AMONG_ALPHA] == UMM_ALPHA_BIT_TRUE ? UMM_ALPHA_MEANINGFUL
								   : UMM_ALPHA_IGNORED;
}

static uint64_t settled_align(const struct umm_merge *merge)
{
	return umm_max(merge->at_least[UMM_LEAST_ADDRESS_ALIGN], UMM_PAGE_BYTES);
}

static bool same_planes(const struct umm_image *a, const struct umm_image *b)
{
	for (unsigned i = 0; i < a->n_planes; i++)
		if (a->planes[i].offset_bytes != b->planes[i].offset_bytes ||
		    a->planes[i].stride_bytes != b->planes[i].stride_bytes ||
		    a->planes[i].rows != b->planes[i].rows ||
		    a->planes[i].size_bytes != b->planes[i].size_bytes)
			return false;
	return a->n_planes == b->n_planes;
}

/** Whether a late one has left everything that counts as it was settled. */
static bool same_settlement(const struct umm_search *search, const struct umm_solution *settled,
			    const struct umm_merge *merge, const struct umm_state *state)
{
	uint32_t secure = UMM_FACT_SECURE;
	return state->buffers == settled->buffers &&
	       state->image.size_bytes == settled->image.size_bytes &&
	       state->image.raw_size_bytes == settled->image.raw_size_bytes &&
	       (merge->must & secure) == (settled->merge.must & secure) &&
	       settled_align(merge) == settled_align(&settled->merge) &&
	       state->image.per_plane == settled->image.per_plane &&
	       settled_alpha(search, merge) == settled->alpha &&
	       same_planes(&state->image, &settled->image);
}

static bool heap_still_serves(const struct umm_search *search, const struct umm_solution *settled,
			      const struct umm_state *state)
{
	uint32_t bit = settled->heap - search->first_heap;
	for (unsigned i = 0; i < 3; i++)
		if (coherencies[i] == settled->coherency)
			return (state->heaps[i] >> bit & 1) != 0;
	return false;
}

static bool color_still_fits(const struct umm_solution *settled, const struct umm_merge *merge)
{
	if (settled->color == 0)
		return (merge->must & UMM_FACT_COLORS) == 0;
	return (merge->among[UMM_AMONG_COLORS] & settled->color) != 0;
}

/** Required sizes of all that take part, `late` too. */
static size_t settled_required(struct umm_search *search, const uint8_t *part, uint32_t late)
{
	size_t count = 0;
	for (uint32_t i = 0; i < search->problem->n_demands; i++)
		if (part[i] == UMM_PART_TAKES || part[i] == UMM_PART_ADMITTED || i == late)
			count = umm_search_require(search, i, count);
	return count > 0 ? umm_layout_uncovered(search->required, count) : 0;
}

/** Admit a late one if it changes nothing for the others. */
static bool admit(struct umm_search *search, uint32_t late, struct umm_solution *settled)
{
	const uint32_t not_theirs = UMM_FACT_USES | UMM_FACT_DISPLAY | UMM_FACT_FORMAT |
				    UMM_FACT_MODIFIER | UMM_FACT_COLOR;
	struct umm_merge merge = umm_merge_nothing;
	struct umm_state state;
	if (!umm_search_add(search, late, &merge))
		return false;
	merge.may &= ~not_theirs;
	merge.must &= ~not_theirs;
	memset(merge.total + UMM_TOTAL_COST, 0,
	       (UMM_N_TOTAL - UMM_TOTAL_COST) * sizeof(merge.total[0]));
	umm_merge_both(&merge, &settled->merge);
	size_t n_required = settled_required(search, settled->part, late);
	if (umm_search_check(search, &merge, n_required, 0, &state) != UMM_FAULT_NONE)
		return false;
	if (!same_settlement(search, settled, &merge, &state) ||
	    !heap_still_serves(search, settled, &state) || !color_still_fits(settled, &merge))
		return false;
	settled->merge = merge;
	settled->image = state.image;
	return true;
}

static void admit_late(struct umm_search *search, uint8_t *part, struct umm_solution *out)
{
	const struct umm_problem *problem = search->problem;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		const struct umm_demand *demand = &problem->demands[i];
		if (is_late(demand) && takes_part(search, demand))
			part[i] = admit(search, i, out) ? UMM_PART_ADMITTED : UMM_PART_REFUSED;
	}
	out->n_required = settled_required(search, part, UMM_NOWHERE);
	out->required = search->required;
}

/** Go back to the best candidate and write down all that it means. */
static void settle(struct umm_search *search, uint8_t *part, struct umm_solution *out)
{
	const struct umm_candidate *best = &search->best;
	struct umm_state state;
	enter_block(search, best->heap / 64 * 64);
	umm_search_enter(search, best->pair);
	memset(out, 0, sizeof(*out));
	umm_guess_fits(search, &out->merge, &state);
	out->pair = best->pair;
	out->info = search->info;
	out->heap = best->heap;
	out->coherency = best->coherency;
	out->color = best->color;
	out->cost = best->cost;
	out->alpha = settled_alpha(search, &out->merge);
	out->buffers = state.buffers;
	out->image = state.image;
	out->choice = best->choice;
	out->part = part;
	for (uint32_t i = 0; i < search->problem->n_demands; i++) {
		const struct umm_demand *demand = &search->problem->demands[i];
		part[i] = takes_part(search, demand) && !is_late(demand) ? UMM_PART_TAKES
									 : UMM_PART_ABSENT;
	}
	admit_late(search, part, out);
}

bool umm_solve(const struct umm_problem *problem, unsigned waive, void *memory, size_t size,
	       struct umm_solution *out)
{
	struct umm_search search;
	struct umm_scratch scratch = { .memory = memory, .size = size };
	uint8_t *part;
	take_all(&search, problem, &part, &scratch);
	if (scratch.used > size)
		return false;
	search.waive = waive;
	umm_search_start(&search);
	for (uint32_t first = 0; first < problem->n_heaps; first += 64) {
		enter_block(&search, first);
		look_at_pairs(&search);
	}
	if (!search.best.found)
		return false;
	settle(&search, part, out);
	return true;
}
