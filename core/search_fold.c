/* SPDX-License-Identifier: MIT */
/*
 * What a search knows of a pair before it decides anything: who is out of it, and the hulls of the
 * alternatives, folded from the innermost groups outwards.
 *
 * Of divisors a hull keeps only what all alternatives share. A chain of groups with a prime each
 * would leave no trace in it, and the search would multiply its way to 2^63 along every path. Where
 * the divisors of one group share nothing with those of others, the smallest of each multiply to a
 * bound that holds whatever is chosen: that is a record's `factor`.
 */
#include "core/search.h"

#include "core/number.h"

static bool members_cover(const struct umm_search *search, uint32_t place)
{
	for (uint32_t i = search->first_member[place]; i < search->first_member[place + 1]; i++)
		if (!umm_search_covers(search, search->members[i]))
			return false;
	return true;
}

static bool group_lives(const struct umm_search *search, uint32_t group)
{
	const struct umm_group *facts = &search->problem->groups[group];
	for (uint32_t i = 0; i < facts->n_alternatives; i++)
		if (!search->dead[facts->first_alternative + i])
			return true;
	return false;
}

bool umm_search_lives(struct umm_search *search)
{
	const struct umm_problem *problem = search->problem;
	for (uint32_t place = 0; place <= problem->n_alternatives; place++)
		search->dead[place] = !members_cover(search, place);
	for (uint32_t group = problem->n_groups; group-- > 0;)
		if (!group_lives(search, group))
			search->dead[umm_search_place(search, group)] = true;
	for (uint32_t group = 0; group < problem->n_groups; group++) {
		const struct umm_group *facts = &problem->groups[group];
		for (uint32_t i = 0; i < facts->n_alternatives; i++)
			if (search->dead[umm_search_place(search, group)])
				search->dead[facts->first_alternative + i] = true;
	}
	return !search->dead[problem->n_alternatives];
}

static void merge_members(struct umm_search *search, uint32_t place)
{
	search->own[place] = umm_merge_nothing;
	search->inner[place] = umm_merge_nothing;
	for (uint32_t i = search->first_member[place]; i < search->first_member[place + 1]; i++)
		umm_search_add(search, search->members[i], &search->own[place]);
}

/** The hull of a group whose inner groups have theirs. */
static void merge_hull(struct umm_search *search, uint32_t group)
{
	const struct umm_group *facts = &search->problem->groups[group];
	uint32_t place = umm_search_place(search, group);
	bool any = false;
	for (uint32_t i = 0; i < facts->n_alternatives; i++) {
		uint32_t alternative = facts->first_alternative + i;
		if (search->dead[alternative])
			continue;
		struct umm_merge whole = search->own[alternative];
		umm_merge_both(&whole, &search->inner[alternative]);
		if (any)
			umm_merge_either(&search->hull[group], &whole);
		else
			search->hull[group] = whole;
		any = true;
	}
	search->later[group] = search->inner[place];
	search->after[group] = search->inner[place];
	if (any)
		umm_merge_both(&search->inner[place], &search->hull[group]);
}

/** A divisor without its powers of two, which nearly all have in common. */
static uint64_t odd_part(uint64_t divisor)
{
	return divisor > UMM_NUMBER_MAX ? divisor : divisor >> umm_lowest_bit(divisor);
}

static bool is_coprime(uint64_t number, const uint64_t *others, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (umm_gcd(number, others[i]) != 1)
			return false;
	return true;
}

/** The odd parts of the divisors that a group may bring, multiplied; 1 where that is too much. */
static uint64_t odd_parts(const struct umm_search *search, uint32_t group, unsigned which)
{
	const struct umm_group *facts = &search->problem->groups[group];
	uint64_t all = 1;
	for (uint32_t i = 0; i < facts->n_alternatives; i++) {
		uint32_t alternative = facts->first_alternative + i;
		if (!search->dead[alternative])
			all = umm_lcm(all, odd_part(search->own[alternative].multiple[which]));
	}
	return all > UMM_NUMBER_MAX ? 1 : all;
}

static void set_factors(struct umm_search *search, uint32_t group, unsigned which)
{
	const struct umm_group *facts = &search->problem->groups[group];
	for (uint32_t i = 0; i < facts->n_alternatives; i++) {
		struct umm_merge *own = &search->own[facts->first_alternative + i];
		if (!search->dead[facts->first_alternative + i])
			own->factor[which] = odd_part(own->multiple[which]);
	}
}

/** Groups whose divisors share nothing with those of the others taken here, nor with those of the
 * top level: whatever they choose, the merged divisor is a multiple of the product. Only groups of
 * the top level: the others may not come up. */
static void find_factors(struct umm_search *search, unsigned which)
{
	uint64_t taken[64];
	unsigned n_taken = 0;
	struct umm_merge *top = &search->own[search->problem->n_alternatives];
	top->factor[which] = odd_part(top->multiple[which]);
	taken[n_taken++] = top->factor[which];
	for (uint32_t i = 0; i < search->problem->n_groups && n_taken < 64; i++) {
		if (search->problem->groups[i].parent != UMM_NOWHERE)
			continue;
		uint64_t parts = odd_parts(search, i, which);
		if (parts == 1 || !is_coprime(parts, taken, n_taken))
			continue;
		taken[n_taken++] = parts;
		set_factors(search, i, which);
	}
}

void umm_search_fold(struct umm_search *search)
{
	const struct umm_problem *problem = search->problem;
	for (uint32_t i = 0; i <= problem->n_alternatives; i++)
		if (!search->dead[i])
			merge_members(search, i);
	for (unsigned i = 0; i < UMM_N_MULTIPLE; i++)
		find_factors(search, i);
	for (uint32_t i = problem->n_groups; i-- > 0;)
		if (!search->dead[umm_search_place(search, i)])
			merge_hull(search, i);
	for (uint32_t i = 0; i < problem->n_groups; i++) {
		uint32_t parent = umm_search_parent(search, i);
		if (parent != UMM_NOWHERE && !search->dead[umm_search_place(search, i)])
			umm_merge_both(&search->after[i], &search->after[parent]);
	}
}
