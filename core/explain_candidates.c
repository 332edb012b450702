/* SPDX-License-Identifier: MIT */
/*
 * Explaining a solution: the candidates that were not taken.
 *
 * Candidates are judged beside the settled choice: a heap with the settled pair, a pair with the
 * settled alternatives, an alternative with the settled pair and heap and the alternatives of all
 * other groups (of those inside of it, the first). The one blamed for a rejected candidate is the
 * first, in order of names, whose demand it breaks.
 */
#include "core/explain.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/search.h"
#include "core/serve.h"

/* ---- whom to blame ---- */

struct judge {
	const struct umm_problem *problem;
	const struct umm_solution *solution;
	struct umm_search search;
	struct umm_verdict_on verdict;
	umm_verdict_function visit;
	void *user;
};

/** Whether the demand takes part in the choice of alternatives that is being judged. */
static bool takes(const struct judge *judge, uint32_t index)
{
	const struct umm_demand *demand = &judge->problem->demands[index];
	if (demand->attach == UMM_ATTACH_LATE)
		return false;
	if (demand->alternative == UMM_NOWHERE)
		return true;
	uint32_t group = judge->problem->alternative_group[demand->alternative];
	return judge->search.choice[group] == demand->alternative;
}

static void blame(struct judge *judge, uint32_t demand, const char *field)
{
	judge->verdict.rejected = true;
	judge->verdict.demand = demand;
	judge->verdict.field = field;
}

/** Blame the first one whose statement of `field` is the strictest. */
static void blame_strictest(struct judge *judge, enum umm_field field)
{
	bool most = umm_explain_kind(field) == UMM_BOUND_MOST;
	uint32_t strictest = UMM_NOBODY;
	uint64_t best = 0;
	for (uint32_t i = 0; i < judge->problem->n_demands; i++) {
		const struct umm_demand *demand = &judge->problem->demands[i];
		if (!takes(judge, i))
			continue;
		const struct umm_entry *entry = umm_explain_entry(demand, judge->search.pair);
		struct umm_statement statement = umm_explain_statement(demand, entry, field);
		if (statement.n_values == 0)
			continue;
		uint64_t value =
			most ? umm_min(statement.value[0],
				       statement.value[1] != 0 ? statement.value[1] : UMM_NO_LIMIT)
			     : umm_max(statement.value[0], statement.value[1]);
		if (strictest == UMM_NOBODY || (most ? value < best : value > best)) {
			strictest = i;
			best = value;
		}
	}
	blame(judge, strictest, umm_field_path(field));
}

/** Blame the first one after whom nothing is left of a set. */
static void blame_emptied(struct judge *judge, enum umm_among among, const char *field)
{
	uint64_t left = UINT64_MAX;
	for (uint32_t i = 0; i < judge->problem->n_demands; i++) {
		struct umm_merge merge = umm_merge_nothing;
		if (!takes(judge, i) || !umm_search_add(&judge->search, i, &merge))
			continue;
		left &= merge.among[among];
		if (left == 0) {
			blame(judge, i, field);
			return;
		}
	}
	blame(judge, UMM_NOBODY, field);
}

static void blame_refusal(struct judge *judge, enum umm_refusal refusal)
{
	switch (refusal) {
	case UMM_REFUSAL_NONE:
		break;
	case UMM_REFUSAL_SECURE:
		blame(judge, UMM_NOBODY, umm_field_path(UMM_FIELD_SECURE));
		break;
	case UMM_REFUSAL_SIZE:
		blame(judge, UMM_NOBODY, "size_max_bytes");
		break;
	case UMM_REFUSAL_FREE:
		blame(judge, UMM_NOBODY, "free_bytes");
		break;
	case UMM_REFUSAL_RUN:
		blame(judge, UMM_NOBODY, "largest_free_bytes");
		break;
	case UMM_REFUSAL_CONTIGUOUS:
		blame_strictest(judge, UMM_FIELD_CONTIGUOUS);
		break;
	case UMM_REFUSAL_SEGMENTS:
		blame_strictest(judge, UMM_FIELD_SEGMENTS_COUNT);
		break;
	}
}

/** Who objects to a heap by themselves, or leaves no coherency to it. */
static bool blame_objection(struct judge *judge, const struct umm_heap_facts *heap)
{
	uint32_t left = heap->coherency;
	for (uint32_t i = 0; i < judge->problem->n_demands; i++) {
		const struct umm_demand *demand = &judge->problem->demands[i];
		enum umm_field field =
			takes(judge, i) ? umm_demand_objection(demand, heap) : UMM_N_FIELDS;
		if (field != UMM_N_FIELDS) {
			blame(judge, i, umm_field_path(field));
			return true;
		}
		if (!takes(judge, i) || (left &= umm_demand_coherency(demand)) != 0)
			continue;
		field = demand->coherency != 0 ? UMM_FIELD_COHERENCY : UMM_FIELD_USAGE;
		blame(judge, i, umm_field_path(field));
		return true;
	}
	return false;
}

/** No heap serves: say what is wrong with the settled one, which serves the settled choice. */
static void blame_heap(struct judge *judge, const struct umm_merge *merge,
		       const struct umm_state *state)
{
	const struct umm_heap_facts *heap = &judge->problem->heaps[judge->solution->heap];
	struct umm_order order = { merge, state->buffers, state->image.raw_size_bytes };
	enum umm_refusal refusal = umm_serve_refusal(&order, heap);
	if (blame_objection(judge, heap))
		return;
	if (refusal == UMM_REFUSAL_NONE)
		blame(judge, UMM_NOBODY, "heaps");
	else
		blame_refusal(judge, refusal);
}

/** Faults that one statement is to blame for, which leaves the least room. */
static const struct {
	enum umm_fault fault;
	enum umm_field field;
} limits[] = {
	{ UMM_FAULT_COUNT, UMM_FIELD_BUFFERS_MAX },
	{ UMM_FAULT_SIZE_RANGE, UMM_FIELD_IMAGE_MAX },
	{ UMM_FAULT_REQUIRED, UMM_FIELD_IMAGE_MAX },
	{ UMM_FAULT_REQUIRED_MIN, UMM_FIELD_REQUIRED_MIN_SIZE },
	{ UMM_FAULT_AREA, UMM_FIELD_AREA_MAX },
	{ UMM_FAULT_STRIDE_RANGE, UMM_FIELD_STRIDE_MAX },
	{ UMM_FAULT_STRIDE, UMM_FIELD_STRIDE_MAX },
	{ UMM_FAULT_EXACT, UMM_FIELD_EXACT },
	{ UMM_FAULT_OVERFLOW, UMM_FIELD_STRIDE_DIVISOR },
	{ UMM_FAULT_SIZE, UMM_FIELD_SIZE_MAX },
};

static bool blame_limit(struct judge *judge, enum umm_fault fault)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].fault != fault)
			continue;
		blame_strictest(judge, limits[i].field);
		return true;
	}
	return false;
}

/** What all of them together fail to say. */
static const char *missing_for(enum umm_fault fault)
{
	switch (fault) {
	case UMM_FAULT_UNUSED:
		return "usage";
	case UMM_FAULT_NO_BUFFERS:
		return "buffers";
	case UMM_FAULT_COLOR:
		return "color_spaces";
	default:
		return "formats";
	}
}

static void blame_fault(struct judge *judge, enum umm_fault fault, const struct umm_merge *merge,
			const struct umm_state *state)
{
	if (fault == UMM_FAULT_COLORS)
		blame_emptied(judge, UMM_AMONG_COLORS, umm_field_path(UMM_FIELD_COLOR_SPACES));
	else if (fault == UMM_FAULT_ALPHA)
		blame_emptied(judge, UMM_AMONG_ALPHA, umm_field_path(UMM_FIELD_ALPHA));
	else if (fault == UMM_FAULT_HANDLES)
		blame_emptied(judge, UMM_AMONG_HANDLES, umm_field_path(UMM_FIELD_HANDLES));
	else if (fault == UMM_FAULT_HEAP)
		blame_heap(judge, merge, state);
	else if (!blame_limit(judge, fault))
		blame(judge, UMM_NOBODY, missing_for(fault));
}

/* ---- heaps ---- */

static void judge_heaps(struct judge *judge)
{
	const struct umm_solution *solution = judge->solution;
	struct umm_order order = { &solution->merge, solution->buffers,
				   solution->image.raw_size_bytes };
	for (uint32_t i = 0; i < judge->problem->n_heaps; i++) {
		const struct umm_heap_facts *heap = &judge->problem->heaps[i];
		if (i == solution->heap)
			continue;
		judge->verdict = (struct umm_verdict_on){ .kind = UMM_ON_HEAP, .heap = i };
		if (!blame_objection(judge, heap))
			blame_refusal(judge, umm_serve_refusal(&order, heap));
		judge->visit(judge->user, &judge->verdict);
	}
}

/* ---- pairs ---- */

/** Merge all that take part, as the current pair wants them. False: somebody does not cover it, and
 * is blamed. */
static bool merge_takers(struct judge *judge, struct umm_merge *merge, size_t *n_required)
{
	struct umm_search *search = &judge->search;
	size_t count = 0;
	*merge = umm_merge_nothing;
	for (uint32_t i = 0; i < judge->problem->n_demands; i++) {
		if (!takes(judge, i))
			continue;
		if (!umm_search_add(search, i, merge)) {
			blame(judge, i, umm_field_path(UMM_FIELD_FORMATS));
			return false;
		}
		count = umm_search_require(search, i, count);
	}
	*n_required = count > 0 ? umm_layout_uncovered(search->required, count) : 0;
	return true;
}

/** Blame somebody for what the current pair and the choice of alternatives cannot have together;
 * nobody if they can. */
static void judge_choice(struct judge *judge)
{
	struct umm_merge merge;
	struct umm_state state;
	size_t n_required;
	if (!merge_takers(judge, &merge, &n_required))
		return;
	enum umm_fault fault = umm_search_check(&judge->search, &merge, n_required, 0, &state);
	if (fault != UMM_FAULT_NONE)
		blame_fault(judge, fault, &merge, &state);
}

static void judge_pairs(struct judge *judge)
{
	struct umm_pair_cursor cursor = { 0 };
	struct umm_pair pair, taken = judge->solution->pair;
	while (umm_pairs_next(&judge->search.pairs, &cursor, false, &pair)) {
		if (pair.format == 0 ||
		    (pair.format == taken.format && pair.modifier == taken.modifier))
			continue;
		judge->verdict = (struct umm_verdict_on){ .kind = UMM_ON_PAIR, .pair = pair };
		umm_search_enter(&judge->search, pair);
		judge_choice(judge);
		judge->visit(judge->user, &judge->verdict);
	}
}

/* ---- alternatives ---- */

static bool stands_in(const struct umm_problem *problem, uint32_t group, uint32_t outer)
{
	while (group > outer && problem->groups[group].parent != UMM_NOWHERE)
		group = problem->alternative_group[problem->groups[group].parent];
	return group == outer;
}

/** Choose as it was settled. */
static void choose_settled(struct judge *judge)
{
	for (uint32_t i = 0; i < judge->problem->n_groups; i++)
		judge->search.choice[i] = judge->solution->choice[i];
}

/** Choose as it was settled, but another alternative of `group`, and the first of the groups in it.
 */
static void choose_other(struct judge *judge, uint32_t group, uint32_t alternative)
{
	const struct umm_problem *problem = judge->problem;
	uint32_t *choice = judge->search.choice;
	choose_settled(judge);
	choice[group] = alternative;
	for (uint32_t i = group + 1; i < problem->n_groups && stands_in(problem, i, group); i++) {
		uint32_t parent = problem->groups[i].parent;
		bool up = choice[problem->alternative_group[parent]] == parent;
		choice[i] = up ? problem->groups[i].first_alternative : UMM_NOWHERE;
	}
}

static void judge_alternative(struct judge *judge, uint32_t group, uint32_t alternative)
{
	const struct umm_problem *problem = judge->problem;
	judge->verdict = (struct umm_verdict_on){ .kind = UMM_ON_ALTERNATIVE,
						  .group = group,
						  .alternative = alternative,
						  .rejected = true,
						  .demand = UMM_NOBODY,
						  .field = "" };
	choose_other(judge, group, problem->groups[group].first_alternative + alternative);
	if (!blame_objection(judge, &problem->heaps[judge->solution->heap]))
		judge_choice(judge);
	judge->visit(judge->user, &judge->verdict);
}

static void judge_alternatives(struct judge *judge)
{
	const struct umm_problem *problem = judge->problem;
	umm_search_enter(&judge->search, judge->solution->pair);
	for (uint32_t i = 0; i < problem->n_groups; i++) {
		uint32_t chosen = judge->solution->choice[i];
		if (chosen == UMM_NOWHERE)
			continue;
		for (uint32_t a = 0; a < chosen - problem->groups[i].first_alternative; a++)
			judge_alternative(judge, i, a);
	}
}

bool umm_explain_candidates(const struct umm_problem *problem, const struct umm_solution *solution,
			    void *memory, size_t size, umm_verdict_function visit, void *user)
{
	struct umm_scratch scratch = { .memory = memory, .size = size };
	struct judge judge = { problem, solution, .visit = visit, .user = user };
	umm_search_take(&judge.search, problem, &scratch);
	if (scratch.used > size)
		return false;
	judge.search.first_heap = solution->heap / 64 * 64;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		umm_demand_need(&problem->demands[i], problem, judge.search.first_heap,
				&judge.search.need[i]);
		judge.search.stamp[i] = 0;
	}
	choose_settled(&judge);
	judge_heaps(&judge);
	judge_pairs(&judge);
	judge_alternatives(&judge);
	return true;
}
