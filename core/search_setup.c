/* SPDX-License-Identifier: MIT */
/*
 * What a search works on, made ready: its arrays, who stands where, what each demand needs.
 */
#include "core/search.h"

#include "core/memory.h"
#include "core/number.h"

static uint64_t most_required(const struct umm_problem *problem)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		uint64_t most = 0;
		for (uint32_t j = 0; j < problem->demands[i].n_entries; j++)
			most = umm_max(most, problem->demands[i].entries[j].n_required);
		total = umm_sum(total, most);
	}
	return total;
}

void umm_search_take(struct umm_search *search, const struct umm_problem *problem,
		     struct umm_scratch *scratch)
{
	uint64_t demands = problem->n_demands, groups = problem->n_groups,
		 alternatives = problem->n_alternatives;
	memset(search, 0, sizeof(*search));
	search->problem = problem;
	search->n_words = (problem->n_groups + 63) / 64;
	UMM_SCRATCH_TAKE(scratch, search->need, demands);
	UMM_SCRATCH_TAKE(scratch, search->first_member, alternatives + 2);
	UMM_SCRATCH_TAKE(scratch, search->members, demands);
	UMM_SCRATCH_TAKE(scratch, search->entry, demands);
	UMM_SCRATCH_TAKE(scratch, search->stamp, demands);
	UMM_SCRATCH_TAKE(scratch, search->own, alternatives + 1);
	UMM_SCRATCH_TAKE(scratch, search->inner, alternatives + 1);
	UMM_SCRATCH_TAKE(scratch, search->rest, alternatives + 1);
	UMM_SCRATCH_TAKE(scratch, search->open, alternatives + 1);
	UMM_SCRATCH_TAKE(scratch, search->dead, alternatives + 1);
	UMM_SCRATCH_TAKE(scratch, search->refused, alternatives + 1);
	UMM_SCRATCH_TAKE(scratch, search->hull, groups);
	UMM_SCRATCH_TAKE(scratch, search->later, groups);
	UMM_SCRATCH_TAKE(scratch, search->after, groups);
	UMM_SCRATCH_TAKE(scratch, search->before, groups);
	UMM_SCRATCH_TAKE(scratch, search->choice, groups);
	UMM_SCRATCH_TAKE(scratch, search->next, groups);
	UMM_SCRATCH_TAKE(scratch, search->kept, groups);
	UMM_SCRATCH_TAKE(scratch, search->standing, groups);
	UMM_SCRATCH_TAKE(scratch, search->clash, groups * search->n_words);
	UMM_SCRATCH_TAKE(scratch, search->required, most_required(problem));
	UMM_SCRATCH_TAKE(scratch, search->guess, groups);
	UMM_SCRATCH_TAKE(scratch, search->guess_members, demands);
	UMM_SCRATCH_TAKE(scratch, search->best.choice, groups);
	umm_pairs_build(&search->pairs, problem, scratch);
}

static bool is_late(const struct umm_demand *demand)
{
	return demand->attach == UMM_ATTACH_LATE;
}

/** Who stands where, by counting. */
static void place_members(struct umm_search *search)
{
	const struct umm_problem *problem = search->problem;
	uint32_t places = problem->n_alternatives + 1;
	memset(search->first_member, 0, (places + 1) * sizeof(*search->first_member));
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		const struct umm_demand *demand = &problem->demands[i];
		if (!is_late(demand))
			search->first_member[umm_min(demand->alternative, places - 1) + 1]++;
	}
	for (uint32_t i = 0; i < places; i++)
		search->first_member[i + 1] += search->first_member[i];
	for (uint32_t i = problem->n_demands; i-- > 0;) {
		const struct umm_demand *demand = &problem->demands[i];
		if (is_late(demand))
			continue;
		uint32_t place = (uint32_t)umm_min(demand->alternative, places - 1);
		/* filled from behind: first_member moves down to where it belongs */
		search->members[--search->first_member[place + 1]] = i;
	}
	for (uint32_t i = 0; i < places; i++)
		search->first_member[i] = search->first_member[i + 1];
	search->first_member[places] = 0;
	for (uint32_t i = 0; i < problem->n_demands; i++)
		search->first_member[places] += !is_late(&problem->demands[i]);
}

void umm_search_start(struct umm_search *search)
{
	place_members(search);
	for (uint32_t i = 0; i < search->problem->n_demands; i++)
		search->stamp[i] = 0;
}

void umm_search_block(struct umm_search *search, uint32_t first_heap)
{
	const struct umm_problem *problem = search->problem;
	search->first_heap = first_heap;
	for (uint32_t i = 0; i < problem->n_demands; i++)
		umm_demand_need(&problem->demands[i], problem, first_heap, &search->need[i]);
}
