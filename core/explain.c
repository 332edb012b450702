/* SPDX-License-Identifier: MIT */
/*
 * Explaining a solution.
 *
 * Candidates are judged beside the settled choice: a heap with the settled pair, a pair with the
 * settled alternatives, an alternative with everything else as it is. The one blamed for a rejected
 * candidate is the first, in order of names, whose demand it breaks.
 */
#include "core/explain.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/search.h"
#include "core/serve.h"

/* ---- what somebody states ---- */

const struct umm_entry *umm_explain_entry(const struct umm_demand *demand, struct umm_pair pair)
{
	for (uint32_t i = 0; i < demand->n_entries; i++) {
		const struct umm_entry *entry = &demand->entries[i];
		bool format = entry->n_formats == 0, modifier = entry->n_modifiers == 0;
		for (uint32_t f = 0; f < entry->n_formats && !format; f++)
			format = entry->formats[f] == pair.format;
		for (uint32_t m = 0; m < entry->n_modifiers && format && !modifier; m++)
			modifier = entry->modifiers[m] == pair.modifier;
		if (format && modifier)
			return entry;
	}
	return NULL;
}

enum umm_bound_kind umm_explain_kind(enum umm_field field)
{
	switch (field) {
	case UMM_FIELD_CAMPING:
	case UMM_FIELD_DEDICATED_SLACK:
		return UMM_BOUND_SUM;
	case UMM_FIELD_BUFFERS_MAX:
	case UMM_FIELD_SIZE_MAX:
	case UMM_FIELD_ADDRESS_MAX:
	case UMM_FIELD_SEGMENTS_COUNT:
	case UMM_FIELD_SEGMENTS_BYTES:
	case UMM_FIELD_SEGMENTS_BOUNDARY:
	case UMM_FIELD_IMAGE_MAX:
	case UMM_FIELD_AREA_MAX:
	case UMM_FIELD_STRIDE_MAX:
		return UMM_BOUND_MOST;
	case UMM_FIELD_CONTIGUOUS:
	case UMM_FIELD_SECURE:
	case UMM_FIELD_WHOLE_PIXELS:
	case UMM_FIELD_EXACT:
		return UMM_BOUND_FACT;
	case UMM_FIELD_STRIDE_DIVISOR:
		return UMM_BOUND_LCM;
	case UMM_FIELD_COHERENCY:
	case UMM_FIELD_HEAPS:
	case UMM_FIELD_IMPORTS:
	case UMM_FIELD_FORMATS:
	case UMM_FIELD_COLOR_SPACES:
	case UMM_FIELD_ALPHA:
	case UMM_FIELD_HANDLES:
	case UMM_FIELD_REQUIRED_SIZES:
		return UMM_BOUND_SET;
	case UMM_FIELD_USAGE:
	case UMM_FIELD_IOMMU:
	case UMM_FIELD_CACHE:
	case UMM_FIELD_COST:
		return UMM_BOUND_NONE;
	default:
		return field >= UMM_FIELD_PLANE_STRIDE && field < UMM_FIELD_HANDLES
			       ? UMM_BOUND_LCM
			       : UMM_BOUND_LEAST;
	}
}

static struct umm_statement one(uint64_t value, uint64_t unbinding)
{
	return (struct umm_statement){ { value, 0 }, value != unbinding };
}

static struct umm_statement two(const uint64_t *values, uint64_t unbinding)
{
	bool binds = values[0] != unbinding || values[1] != unbinding;
	return (struct umm_statement){ { values[0], values[1] }, binds ? 2 : 0 };
}

/** Fields that a device behind an IOMMU states without effect. */
static bool is_disarmed(const struct umm_demand *demand, enum umm_field field)
{
	return demand->iommu &&
	       (field == UMM_FIELD_CONTIGUOUS || field == UMM_FIELD_ADDRESS_MAX ||
		field == UMM_FIELD_SEGMENTS_COUNT || field == UMM_FIELD_SEGMENTS_BYTES ||
		field == UMM_FIELD_SEGMENTS_BOUNDARY);
}

/* clang-format off */
static struct umm_statement demand_statement(const struct umm_demand *demand, enum umm_field field)
{
	if (is_disarmed(demand, field))
		return (struct umm_statement){ .n_values = 0 };
	switch (field) {
	case UMM_FIELD_CAMPING:           return one(demand->camping, 0);
	case UMM_FIELD_DEDICATED_SLACK:   return one(demand->dedicated_slack, 0);
	case UMM_FIELD_SHARED_SLACK:      return one(demand->shared_slack, 0);
	case UMM_FIELD_BUFFERS_MIN:       return one(demand->buffers_min, 0);
	case UMM_FIELD_BUFFERS_MAX:       return one(demand->buffers_max, UMM_NO_LIMIT);
	case UMM_FIELD_SIZE_MIN:          return one(demand->size_min, 0);
	case UMM_FIELD_SIZE_MAX:          return one(demand->size_max, UMM_NO_LIMIT);
	case UMM_FIELD_CONTIGUOUS:        return one(demand->contiguous, 0);
	case UMM_FIELD_ADDRESS_ALIGN:     return one(demand->address_align, 1);
	case UMM_FIELD_ADDRESS_MAX:       return one(demand->address_max, UMM_NO_LIMIT);
	case UMM_FIELD_SEGMENTS_COUNT:    return one(demand->segments_count, UMM_NO_LIMIT);
	case UMM_FIELD_SEGMENTS_BYTES:    return one(demand->segments_bytes, UMM_NO_LIMIT);
	case UMM_FIELD_SEGMENTS_BOUNDARY: return one(demand->segments_boundary, UMM_NO_LIMIT);
	case UMM_FIELD_SECURE:            return one(demand->secure, 0);
	case UMM_FIELD_COHERENCY:         return one(demand->coherency, 0);
	case UMM_FIELD_HEAPS:             return one(demand->n_heaps, 0);
	case UMM_FIELD_IMPORTS:           return one(demand->imports, 0);
	case UMM_FIELD_PAD_END:           return one(demand->pad_end, 0);
	default:                          return (struct umm_statement){ .n_values = 0 };
	}
}

static struct umm_statement entry_statement(const struct umm_entry *entry, enum umm_field field)
{
	const struct umm_merge *need = &entry->need;
	switch (field) {
	case UMM_FIELD_COLOR_SPACES:      return one(need->among[UMM_AMONG_COLORS], UMM_COLORS_ALL);
	case UMM_FIELD_ALPHA:             return one(need->among[UMM_AMONG_ALPHA], UMM_ALPHA_ALL);
	case UMM_FIELD_HANDLES:           return one(need->among[UMM_AMONG_HANDLES], UMM_HANDLES_ALL);
	case UMM_FIELD_IMAGE_MIN:         return two(&need->at_least[UMM_LEAST_WIDTH], 1);
	case UMM_FIELD_IMAGE_MAX:         return two(&need->at_most[UMM_MOST_WIDTH], UMM_NO_LIMIT);
	case UMM_FIELD_IMAGE_ALIGN:       return two(&need->at_least[UMM_LEAST_WIDTH_ALIGN], 1);
	case UMM_FIELD_AREA_MAX:          return one(need->at_most[UMM_MOST_AREA], UMM_NO_LIMIT);
	case UMM_FIELD_REQUIRED_SIZES:    return one(entry->n_required, 0);
	case UMM_FIELD_REQUIRED_MIN_SIZE: return two(&need->at_least[UMM_LEAST_KEPT_WIDTH], 0);
	case UMM_FIELD_STRIDE_MIN:        return one(need->at_least[UMM_LEAST_STRIDE], 0);
	case UMM_FIELD_STRIDE_MAX:        return one(need->at_most[UMM_MOST_STRIDE], UMM_NO_LIMIT);
	case UMM_FIELD_STRIDE_DIVISOR:    return one(entry->own_stride, 1);
	case UMM_FIELD_WHOLE_PIXELS:      return one((need->must & UMM_FACT_WHOLE_PIXELS) != 0, 0);
	case UMM_FIELD_EXACT:             return one(entry->exact, 0);
	case UMM_FIELD_OFFSET_DIVISOR:    return one(need->at_least[UMM_LEAST_OFFSET], 1);
	case UMM_FIELD_PLANE_STRIDE:      return one(entry->own_plane_stride, 1);
	case UMM_FIELD_ROWS_ALIGN:        return one(need->at_least[UMM_LEAST_ROWS_ALIGN], 1);
	case UMM_FIELD_PAD_BLOCK:         return two(&need->at_least[UMM_LEAST_PAD_WIDTH], 1);
	case UMM_FIELD_EXTRA_ROWS:        return one(need->at_least[UMM_LEAST_EXTRA_ROWS], 0);
	case UMM_FIELD_TOTAL_MIN:         return one(need->at_least[UMM_LEAST_TOTAL], 0);
	case UMM_FIELD_COST:              return (struct umm_statement){ .n_values = 0 };
	default: /* planes: strides and offsets stand one behind the other, as the fields do */
		return one(need->multiple[field - UMM_FIELD_PLANE_STRIDE], 1);
	}
}
/* clang-format on */

struct umm_statement umm_explain_statement(const struct umm_demand *demand,
					   const struct umm_entry *entry, enum umm_field field)
{
	if (field == UMM_FIELD_FORMATS)
		return one(entry != NULL && (entry->n_formats > 0 || entry->n_modifiers > 0), 0);
	if (field < UMM_N_DEMAND_FIELDS)
		return demand_statement(demand, field);
	if (entry == NULL)
		return (struct umm_statement){ .n_values = 0 };
	return entry_statement(entry, field);
}

/* ---- whom to blame ---- */

struct judge {
	const struct umm_problem *problem;
	const struct umm_solution *solution;
	struct umm_search search;
	struct umm_verdict_on verdict;
	umm_verdict_function visit;
	void *user;
};

static bool takes(const struct judge *judge, uint32_t demand)
{
	return judge->solution->part[demand] == UMM_PART_TAKES;
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

static void blame_fault(struct judge *judge, enum umm_fault fault)
{
	switch (fault) {
	case UMM_FAULT_COLORS:
		blame_emptied(judge, UMM_AMONG_COLORS, umm_field_path(UMM_FIELD_COLOR_SPACES));
		break;
	case UMM_FAULT_ALPHA:
		blame_emptied(judge, UMM_AMONG_ALPHA, umm_field_path(UMM_FIELD_ALPHA));
		break;
	case UMM_FAULT_HANDLES:
		blame_emptied(judge, UMM_AMONG_HANDLES, umm_field_path(UMM_FIELD_HANDLES));
		break;
	case UMM_FAULT_COUNT:
		blame_strictest(judge, UMM_FIELD_BUFFERS_MAX);
		break;
	case UMM_FAULT_SIZE_RANGE:
	case UMM_FAULT_REQUIRED:
		blame_strictest(judge, UMM_FIELD_IMAGE_MAX);
		break;
	case UMM_FAULT_REQUIRED_MIN:
		blame_strictest(judge, UMM_FIELD_REQUIRED_MIN_SIZE);
		break;
	case UMM_FAULT_AREA:
		blame_strictest(judge, UMM_FIELD_AREA_MAX);
		break;
	case UMM_FAULT_STRIDE_RANGE:
	case UMM_FAULT_STRIDE:
		blame_strictest(judge, UMM_FIELD_STRIDE_MAX);
		break;
	case UMM_FAULT_EXACT:
		blame_strictest(judge, UMM_FIELD_EXACT);
		break;
	case UMM_FAULT_OVERFLOW:
		blame_strictest(judge, UMM_FIELD_STRIDE_DIVISOR);
		break;
	case UMM_FAULT_SIZE:
		blame_strictest(judge, UMM_FIELD_SIZE_MAX);
		break;
	case UMM_FAULT_HEAP:
		blame(judge, UMM_NOBODY, "heaps");
		break;
	case UMM_FAULT_COLOR:
		blame(judge, UMM_NOBODY, "color_spaces");
		break;
	default:
		blame(judge, UMM_NOBODY, "formats");
		break;
	}
}

/* ---- heaps ---- */

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

static size_t required_of_takers(struct judge *judge)
{
	size_t count = 0;
	for (uint32_t i = 0; i < judge->problem->n_demands; i++)
		if (takes(judge, i))
			count = umm_search_require(&judge->search, i, count);
	return count > 0 ? umm_layout_uncovered(judge->search.required, count) : 0;
}

static void judge_pair(struct judge *judge, struct umm_pair pair)
{
	struct umm_merge merge = umm_merge_nothing;
	struct umm_state state;
	umm_search_enter(&judge->search, pair);
	judge->verdict = (struct umm_verdict_on){ .kind = UMM_ON_PAIR, .pair = pair };
	for (uint32_t i = 0; i < judge->problem->n_demands; i++) {
		if (takes(judge, i) && !umm_search_add(&judge->search, i, &merge)) {
			blame(judge, i, umm_field_path(UMM_FIELD_FORMATS));
			return;
		}
	}
	enum umm_fault fault =
		umm_search_check(&judge->search, &merge, required_of_takers(judge), 0, &state);
	if (fault != UMM_FAULT_NONE)
		blame_fault(judge, fault);
}

static void judge_pairs(struct judge *judge)
{
	struct umm_pair_cursor cursor = { 0 };
	struct umm_pair pair, taken = judge->solution->pair;
	while (umm_pairs_next(&judge->search.pairs, &cursor, false, &pair)) {
		if (pair.format == 0 ||
		    (pair.format == taken.format && pair.modifier == taken.modifier))
			continue;
		judge_pair(judge, pair);
		judge->visit(judge->user, &judge->verdict);
	}
}

/* ---- alternatives ---- */

/** Who of an alternative that was passed over objects to what was settled. */
static void judge_member(struct judge *judge, uint32_t member)
{
	const struct umm_solution *solution = judge->solution;
	const struct umm_demand *demand = &judge->problem->demands[member];
	enum umm_field field = umm_demand_objection(demand, &judge->problem->heaps[solution->heap]);
	struct umm_merge merge = solution->merge;
	struct umm_state state;
	if (field != UMM_N_FIELDS) {
		blame(judge, member, umm_field_path(field));
	} else if (!umm_search_add(&judge->search, member, &merge)) {
		blame(judge, member, umm_field_path(UMM_FIELD_FORMATS));
	} else if (umm_search_check(&judge->search, &merge, 0, 0, &state) != UMM_FAULT_NONE) {
		blame(judge, member, "");
	}
}

static void judge_alternative(struct judge *judge, uint32_t group, uint32_t alternative)
{
	const struct umm_problem *problem = judge->problem;
	uint32_t index = problem->groups[group].first_alternative + alternative;
	judge->verdict = (struct umm_verdict_on){ .kind = UMM_ON_ALTERNATIVE,
						  .group = group,
						  .alternative = alternative,
						  .rejected = true,
						  .demand = UMM_NOBODY,
						  .field = "" };
	for (uint32_t i = 0; i < problem->n_demands; i++)
		if (problem->demands[i].alternative == index && judge->verdict.demand == UMM_NOBODY)
			judge_member(judge, i);
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
	judge_heaps(&judge);
	judge_pairs(&judge);
	judge_alternatives(&judge);
	return true;
}
