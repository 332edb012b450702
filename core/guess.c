/* SPDX-License-Identifier: MIT */
#include "core/guess.h"

/** Alternatives the guess takes, given the choice it starts from (NULL: the first everywhere). */
static void guess_choice(struct umm_search *search, const uint32_t *from)
{
	const struct umm_problem *problem = search->problem;
	for (uint32_t i = 0; i < problem->n_groups; i++) {
		const struct umm_group *group = &problem->groups[i];
		uint32_t parent = group->parent;
		bool up = parent == UMM_NOWHERE ||
			  search->guess[problem->alternative_group[parent]] == parent;
		search->guess[i] = UMM_NOWHERE;
		if (up)
			search->guess[i] = from != NULL ? from[i] : group->first_alternative;
	}
}

static void guess_place(struct umm_search *search, uint32_t place)
{
	for (uint32_t i = search->first_member[place]; i < search->first_member[place + 1]; i++) {
		uint32_t demand = search->members[i];
		search->guess_members[search->n_guess++] = demand;
		umm_merge_both(&search->guess_need, &search->need[demand]);
	}
}

void umm_guess_prepare(struct umm_search *search, const uint32_t *from)
{
	const struct umm_problem *problem = search->problem;
	guess_choice(search, from);
	search->n_guess = 0;
	search->guess_need = umm_merge_nothing;
	guess_place(search, problem->n_alternatives);
	for (uint32_t i = 0; i < problem->n_groups; i++)
		if (search->guess[i] != UMM_NOWHERE)
			guess_place(search, search->guess[i]);
}

/** Whether each of the guess has an entry for the current pair. */
static bool guess_covers(const struct umm_search *search)
{
	for (uint32_t i = 0; i < search->n_guess; i++)
		if (!umm_search_covers(search, search->guess_members[i]))
			return false;
	return true;
}

bool umm_guess_fits(struct umm_search *search, struct umm_merge *merge, struct umm_state *state)
{
	size_t count = 0;
	if (!guess_covers(search))
		return false;
	*merge = search->guess_need;
	for (uint32_t i = 0; i < search->n_guess; i++) {
		umm_search_add_formats(search, search->guess_members[i], merge);
		count = umm_search_require(search, search->guess_members[i], count);
	}
	if (count > 0)
		count = umm_layout_uncovered(search->required, count);
	return umm_search_check(search, merge, count, 0, state) == UMM_FAULT_NONE;
}

bool umm_guess_is_first(const struct umm_search *search)
{
	for (uint32_t i = 0; i < search->problem->n_groups; i++)
		if (search->guess[i] != UMM_NOWHERE &&
		    search->guess[i] != search->problem->groups[i].first_alternative)
			return false;
	return true;
}
