/* SPDX-License-Identifier: MIT */
/*
 * Explanations of a solution in JSON: who bound what, and what was rejected.
 *
 * A participant binds a field if its own statement is what the merge came to: the greatest lower
 * limit, the smallest upper one; for sizes that must fit those that no other covers; for sums,
 * divisors and other sets everybody who contributes.
 */
#include "share/why.h"

#include <string.h>

#include "core/explain.h"
#include "core/number.h"
#include "share/document_read.h"
#include "share/solution_emit.h"

/** One field being explained. */
struct bound {
	const struct umm_problem *problem;
	const struct umm_solution *solution;
	enum umm_field field;
	enum umm_bound_kind kind;
	uint64_t value[2];
	unsigned n_values;
};

static bool takes(const struct umm_solution *solution, uint32_t demand)
{
	return solution->part[demand] == UMM_PART_TAKES ||
	       solution->part[demand] == UMM_PART_ADMITTED;
}

static struct umm_statement statement_of(const struct bound *bound, uint32_t demand)
{
	const struct umm_demand *facts = &bound->problem->demands[demand];
	const struct umm_entry *entry = umm_explain_entry(facts, bound->solution->pair);
	if (!takes(bound->solution, demand))
		return (struct umm_statement){ .n_values = 0 };
	return umm_explain_statement(facts, entry, bound->field);
}

static uint64_t combine(enum umm_bound_kind kind, uint64_t a, uint64_t b)
{
	switch (kind) {
	case UMM_BOUND_SUM:
		return umm_sum(a, b);
	case UMM_BOUND_MOST:
		return umm_min(a, b);
	case UMM_BOUND_LCM:
		return umm_lcm(a, b);
	case UMM_BOUND_SET:
		return a & b;
	default:
		return umm_max(a, b);
	}
}

/** Merge all statements of the field. Returns whether there is any. */
static bool merge_field(struct bound *bound)
{
	for (uint32_t i = 0; i < bound->problem->n_demands; i++) {
		struct umm_statement statement = statement_of(bound, i);
		if (statement.n_values == 0)
			continue;
		for (unsigned v = 0; v < 2; v++)
			bound->value[v] =
				bound->n_values == 0
					? statement.value[v]
					: combine(bound->kind, bound->value[v], statement.value[v]);
		bound->n_values = statement.n_values;
	}
	return bound->n_values > 0;
}

static bool binds(const struct bound *bound, const struct umm_statement *statement)
{
	if (statement->n_values == 0)
		return false;
	if (bound->kind != UMM_BOUND_MOST && bound->kind != UMM_BOUND_LEAST)
		return true;
	for (unsigned v = 0; v < statement->n_values; v++)
		if (statement->value[v] == bound->value[v])
			return true;
	return false;
}

/** Sizes that another one covers were dropped: who states no other has no part in what is left. */
static bool states_required(const struct bound *bound, uint32_t demand)
{
	const struct umm_solution *solution = bound->solution;
	const struct umm_entry *entry =
		umm_explain_entry(&bound->problem->demands[demand], solution->pair);
	for (uint32_t i = 0; i < entry->n_required; i++)
		for (size_t j = 0; j < solution->n_required; j++)
			if (entry->required[i].width_px == solution->required[j].width_px &&
			    entry->required[i].height_px == solution->required[j].height_px)
				return true;
	return false;
}

static json_t *emit_binders(const struct bound *bound)
{
	json_t *by = json_array();
	for (uint32_t i = 0; i < bound->problem->n_demands; i++) {
		struct umm_statement statement = statement_of(bound, i);
		if (!binds(bound, &statement) ||
		    (bound->field == UMM_FIELD_REQUIRED_SIZES && !states_required(bound, i)))
			continue;
		if (json_array_append_new(by, json_string(bound->problem->demands[i].name)) < 0) {
			json_decref(by);
			return NULL;
		}
	}
	return by;
}

/** What a set came to: the chosen one of it. */
static json_t *emit_set(const struct bound *bound)
{
	const struct umm_solution *solution = bound->solution;
	const struct umm_heap_facts *heap = &bound->problem->heaps[solution->heap];
	switch (bound->field) {
	case UMM_FIELD_COHERENCY:
		return umm_emit_word(umm_coherency_words, solution->coherency);
	case UMM_FIELD_HEAPS:
		return json_string(heap->name);
	case UMM_FIELD_IMPORTS:
		return umm_emit_word(umm_class_words, heap->class);
	case UMM_FIELD_FORMATS:
		return json_pack("{s:o, s:o}", "format", umm_emit_format(solution->pair.format),
				 "modifier", umm_emit_modifier(solution->pair.modifier));
	case UMM_FIELD_COLOR_SPACES:
		return umm_emit_word(umm_color_words, solution->color);
	case UMM_FIELD_ALPHA:
		return json_boolean(bound->value[0] == UMM_ALPHA_BIT_TRUE);
	case UMM_FIELD_HANDLES:
		return json_string(solution->image.per_plane ? "per_plane" : "one");
	default:
		return umm_emit_required(solution);
	}
}

static json_t *emit_value(const struct bound *bound)
{
	if (bound->kind == UMM_BOUND_SET)
		return emit_set(bound);
	if (bound->kind == UMM_BOUND_FACT)
		return json_true();
	if (bound->field == UMM_FIELD_STRIDE_DIVISOR) /* the format has its share in it */
		return json_integer((json_int_t)bound->solution->image.stride_divisor);
	if (bound->n_values == 2)
		return umm_emit_size((struct umm_size){ bound->value[0], bound->value[1] });
	return json_integer((json_int_t)bound->value[0]);
}

json_t *umm_why(const struct umm_problem *problem, const struct umm_solution *solution)
{
	json_t *why = json_array();
	for (unsigned field = 0; field < UMM_N_FIELDS; field++) {
		struct bound bound = { problem, solution, field, umm_explain_kind(field) };
		if (bound.kind == UMM_BOUND_NONE || !merge_field(&bound))
			continue;
		json_t *entry = json_pack("{s:s, s:o, s:o}", "field", umm_field_path(field),
					  "value", emit_value(&bound), "by", emit_binders(&bound));
		if (json_array_append_new(why, entry) < 0) {
			json_decref(why);
			return NULL;
		}
	}
	return why;
}

/* ---- candidates ---- */

/** A verdict, kept until all are known and can be put in order. */
struct kept {
	struct umm_verdict_on verdict;
};

struct keeping {
	struct kept *kept;
	size_t count, capacity;
	bool all, out_of_memory;
};

static void keep(void *user, const struct umm_verdict_on *verdict)
{
	struct keeping *keeping = user;
	if ((!verdict->rejected && !keeping->all) || keeping->out_of_memory)
		return;
	if (keeping->count == keeping->capacity) {
		size_t capacity = keeping->capacity == 0 ? 16 : 2 * keeping->capacity;
		struct kept *larger = realloc(keeping->kept, capacity * sizeof(*larger));
		if (larger == NULL) {
			keeping->out_of_memory = true;
			return;
		}
		keeping->kept = larger;
		keeping->capacity = capacity;
	}
	keeping->kept[keeping->count++].verdict = *verdict;
}

static int compare_verdicts(const void *a, const void *b)
{
	const struct umm_verdict_on *x = &((const struct kept *)a)->verdict;
	const struct umm_verdict_on *y = &((const struct kept *)b)->verdict;
	if (x->kind != y->kind)
		return (int)x->kind - (int)y->kind;
	if (x->kind == UMM_ON_HEAP)
		return x->heap < y->heap ? -1 : 1;
	if (x->kind == UMM_ON_ALTERNATIVE && x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->kind == UMM_ON_ALTERNATIVE)
		return x->alternative < y->alternative ? -1 : 1;
	if (x->pair.format != y->pair.format)
		return x->pair.format < y->pair.format ? -1 : 1;
	return x->pair.modifier < y->pair.modifier ? -1 : x->pair.modifier > y->pair.modifier;
}

static json_t *emit_candidate(const struct umm_problem *problem,
			      const struct umm_verdict_on *verdict)
{
	if (verdict->kind == UMM_ON_HEAP)
		return json_pack("{s:s}", "heap", problem->heaps[verdict->heap].name);
	if (verdict->kind == UMM_ON_ALTERNATIVE)
		return json_pack("{s:s, s:i}", "group", problem->groups[verdict->group].name,
				 "alternative", (int)verdict->alternative);
	return json_pack("{s:o, s:o}", "format", umm_emit_format(verdict->pair.format), "modifier",
			 umm_emit_modifier(verdict->pair.modifier));
}

static json_t *emit_verdict(const struct umm_problem *problem, const struct umm_verdict_on *verdict,
			    bool all)
{
	json_t *candidate = emit_candidate(problem, verdict);
	if (!verdict->rejected)
		return json_pack("{s:o, s:s}", "candidate", candidate, "verdict", "possible");
	const char *name =
		verdict->demand == UMM_NOBODY ? NULL : problem->demands[verdict->demand].name;
	json_t *object = json_pack("{s:o, s:s?, s:s}", "candidate", candidate, "participant", name,
				   "field", verdict->field);
	if (all && json_object_set_new(object, "verdict", json_string("rejected")) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *umm_why_not(const struct umm_problem *problem, const struct umm_solution *solution,
		    bool all)
{
	struct keeping keeping = { .all = all };
	size_t size = umm_solve_size(problem);
	umm_autofree void *memory = malloc(size);
	if (memory == NULL ||
	    !umm_explain_candidates(problem, solution, memory, size, keep, &keeping) ||
	    keeping.out_of_memory) {
		free(keeping.kept);
		return NULL;
	}
	if (keeping.count > 0)
		qsort(keeping.kept, keeping.count, sizeof(*keeping.kept), compare_verdicts);
	json_t *list = json_array();
	for (size_t i = 0; i < keeping.count; i++)
		if (json_array_append_new(list,
					  emit_verdict(problem, &keeping.kept[i].verdict, all)) < 0)
			keeping.out_of_memory = true;
	free(keeping.kept);
	if (keeping.out_of_memory) {
		json_decref(list);
		return NULL;
	}
	return list;
}
