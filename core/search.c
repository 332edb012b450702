/* SPDX-License-Identifier: MIT */
/*
 * The search over alternatives, for one pair.
 *
 * Depth first, groups in pre-order, alternatives as they stand: the first leaf that is satisfied is
 * the most preferred choice. Two things keep it from walking through 2^64 leaves:
 *
 * - Lookahead. What has been decided is merged with the hulls of all groups yet to come
 *   (core/merge.h). If that cannot be satisfied, no leaf below can.
 * - Backjumping. A failure is reduced to a set of decisions that fail by themselves, all others
 * being open again. When a group has no alternative left, the search goes back to the latest
 * decision its failures rest on; those between have nothing to do with it.
 *
 * Both rest on one property: a check with fewer decisions never demands more. That is why the check
 * takes `undecided`: where a choice yet to be made could repair a fault (a larger size.align an
 * `exact` clash, per_plane a size), the fault does not count.
 */
#include "core/search.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/serve.h"

#define BIT(i) (UINT64_C(1) << ((i) % 64))

void umm_search_use_entry(struct umm_search *search, uint32_t demand, uint32_t entry)
{
	search->entry[demand] = entry;
	search->stamp[demand] = search->now;
}

void umm_search_enter(struct umm_search *search, struct umm_pair pair)
{
	search->pair = pair;
	search->info = pair.format != 0 ? umm_format_info(pair.format) : NULL;
	search->now++;
	for (unsigned which = 0; which < 4 && pair.format != 0; which++) {
		uint32_t count;
		const struct umm_cover *covers =
			umm_pairs_covers(&search->pairs, pair, which, &count);
		for (uint32_t i = 0; i < count; i++) {
			umm_search_use_entry(search, covers[i].demand, covers[i].entry);
		}
	}
}

static const struct umm_entry *entry_of(const struct umm_search *search, uint32_t demand)
{
	if (search->stamp[demand] != search->now)
		return NULL;
	return &search->problem->demands[demand].entries[search->entry[demand]];
}

/** An entry's record; `exact` becomes a number only now that the format is known. */
static void add_entry(const struct umm_search *search, const struct umm_entry *entry,
		      struct umm_merge *into)
{
	umm_merge_both(into, &entry->need);
	if (!entry->exact)
		return;
	uint64_t own =
		umm_layout_own_divisor(search->info, entry->need.multiple[UMM_MULTIPLE_STRIDE],
				       (entry->need.must & UMM_FACT_WHOLE_PIXELS) != 0);
	into->at_most[UMM_MOST_EXACT] = umm_min(into->at_most[UMM_MOST_EXACT], own);
}

/** Facts that formats state. */
#define FORMAT_FACTS                                                                               \
	(UMM_FACT_PIXELS | UMM_FACT_FORMAT | UMM_FACT_MODIFIER | UMM_FACT_COLOR |                  \
	 UMM_FACT_WIDENS | UMM_FACT_PER_PLANE)

static bool is_loose(const struct umm_search *search, uint32_t demand)
{
	return search->loose != NULL && search->loose[demand];
}

bool umm_search_covers(const struct umm_search *search, uint32_t demand)
{
	return search->stamp[demand] == search->now ||
	       search->problem->demands[demand].n_entries == 0 || is_loose(search, demand);
}

bool umm_search_add_formats(const struct umm_search *search, uint32_t demand,
			    struct umm_merge *into)
{
	if (is_loose(search, demand)) {
		into->may |= FORMAT_FACTS;
		return true;
	}
	if (search->problem->demands[demand].n_entries == 0)
		return true;
	const struct umm_entry *entry = entry_of(search, demand);
	if (entry == NULL)
		return false;
	add_entry(search, entry, into);
	return true;
}

bool umm_search_add(const struct umm_search *search, uint32_t demand, struct umm_merge *into)
{
	umm_merge_both(into, &search->need[demand]);
	return umm_search_add_formats(search, demand, into);
}

size_t umm_search_require(struct umm_search *search, uint32_t demand, size_t count)
{
	const struct umm_entry *entry = entry_of(search, demand);
	if (entry == NULL || search->problem->demands[demand].n_entries == 0 ||
	    is_loose(search, demand))
		return count;
	for (uint32_t i = 0; i < entry->n_required; i++)
		search->required[count++] = entry->required[i];
	return count;
}

static enum umm_fault count_buffers(const struct umm_search *search, const struct umm_merge *merge,
				    uint64_t *out)
{
	uint64_t count =
		umm_sum(merge->total[UMM_TOTAL_BUFFERS], merge->at_least[UMM_LEAST_SHARED_SLACK]);
	count = umm_max(count, merge->at_least[UMM_LEAST_BUFFERS]);
	if (count == 0) {
		if ((search->waive & UMM_WAIVE_BUFFERS) == 0 &&
		    (merge->may & UMM_FACT_BUFFERS) == 0)
			return UMM_FAULT_NO_BUFFERS;
		count = 1;
	}
	*out = count;
	if (count > UMM_NUMBER_MAX || count > merge->at_most[UMM_MOST_BUFFERS])
		return UMM_FAULT_COUNT;
	return UMM_FAULT_NONE;
}

static enum umm_fault check_pair(const struct umm_search *search, const struct umm_merge *merge)
{
	bool formats = (search->waive & UMM_WAIVE_FORMATS) == 0;
	bool colors = (search->waive & UMM_WAIVE_COLORS) == 0;
	/* The pair of a late one, or of one that a trial takes its formats from, is not theirs. */
	if ((merge->may & UMM_FACT_PIXELS) == 0)
		return UMM_FAULT_FORMAT;
	if (formats && (merge->may & UMM_FACT_FORMAT) == 0)
		return UMM_FAULT_FORMAT;
	if (formats && (merge->may & UMM_FACT_MODIFIER) == 0)
		return UMM_FAULT_MODIFIER;
	if (merge->among[UMM_AMONG_COLORS] == 0)
		return UMM_FAULT_COLORS;
	if (colors && (merge->must & UMM_FACT_COLORS) != 0 && (merge->may & UMM_FACT_COLOR) == 0)
		return UMM_FAULT_COLOR;
	if (merge->among[UMM_AMONG_ALPHA] == 0)
		return UMM_FAULT_ALPHA;
	return merge->among[UMM_AMONG_HANDLES] == 0 ? UMM_FAULT_HANDLES : UMM_FAULT_NONE;
}

static enum umm_fault check_heaps(const struct umm_search *search, const struct umm_merge *merge,
				  struct umm_state *state)
{
	struct umm_order order = { merge, state->buffers, state->image.raw_size_bytes };
	const uint64_t *permitted = merge->among;
	uint64_t open = permitted[UMM_AMONG_HEAPS_CPU] | permitted[UMM_AMONG_HEAPS_RAM] |
			permitted[UMM_AMONG_HEAPS_INACCESSIBLE];
	uint64_t serving = 0;
	uint32_t n_heaps = search->problem->n_heaps - search->first_heap;
	for (uint32_t i = 0; i < 64 && i < n_heaps; i++) {
		const struct umm_heap_facts *heap = &search->problem->heaps[search->first_heap + i];
		if ((open & BIT(i)) != 0 && umm_serve_refusal(&order, heap) == UMM_REFUSAL_NONE)
			serving |= BIT(i);
	}
	for (unsigned i = 0; i < 3; i++)
		state->heaps[i] = permitted[UMM_AMONG_HEAPS_CPU + i] & serving;
	return (state->heaps[0] | state->heaps[1] | state->heaps[2]) == 0 ? UMM_FAULT_HEAP
									  : UMM_FAULT_NONE;
}

enum umm_fault umm_search_check(const struct umm_search *search, const struct umm_merge *merge,
				size_t n_required, uint32_t undecided, struct umm_state *state)
{
	struct umm_layout_request request = { merge, search->info, search->required, n_required,
					      undecided | search->undecided };
	if ((search->waive & UMM_WAIVE_UNUSED) == 0 && (merge->may & UMM_FACT_USES) == 0)
		return UMM_FAULT_UNUSED;
	enum umm_fault fault = count_buffers(search, merge, &state->buffers);
	if (fault == UMM_FAULT_NONE && search->info != NULL)
		fault = check_pair(search, merge);
	if (fault == UMM_FAULT_NONE)
		fault = umm_layout_compute(&request, &state->image);
	return fault != UMM_FAULT_NONE ? fault : check_heaps(search, merge, state);
}

/* ---- checks of a set of decisions ---- */

enum standing { CLOSED, DECIDED };

static size_t require_members(struct umm_search *search, uint32_t place, size_t count)
{
	for (uint32_t i = search->first_member[place]; i < search->first_member[place + 1]; i++)
		count = umm_search_require(search, search->members[i], count);
	return count;
}

/** Required sizes of the top level and of every decided alternative. */
static size_t gather_required(struct umm_search *search)
{
	size_t count = require_members(search, search->problem->n_alternatives, 0);
	for (uint32_t i = 0; i < search->problem->n_groups; i++)
		if (search->standing[i] == DECIDED)
			count = require_members(search, search->choice[i], count);
	return umm_layout_uncovered(search->required, count);
}

static bool comes_up(const struct umm_search *search, uint32_t group)
{
	uint32_t parent = umm_search_parent(search, group);
	return parent == UMM_NOWHERE || (search->standing[parent] == DECIDED &&
					 search->choice[parent] == umm_search_place(search, group));
}

static bool check_fails(struct umm_search *search, const struct umm_merge *merge,
			uint32_t undecided)
{
	struct umm_state state;
	size_t n_required = 0;
	if ((merge->may & UMM_FACT_REQUIRED) != 0)
		n_required = gather_required(search);
	return umm_search_check(search, merge, n_required, undecided, &state) != UMM_FAULT_NONE;
}

static bool is_ancestor(const struct umm_search *search, uint32_t ancestor, uint32_t group)
{
	while (group != UMM_NOWHERE && group > ancestor)
		group = umm_search_parent(search, group);
	return group == ancestor;
}

/** What stands in `place` behind the group that is looked at: hulls of open groups. */
static void set_rest(struct umm_search *search, uint32_t place, const struct umm_merge *hulls)
{
	search->rest[place] = *hulls;
	search->open[place] = hulls->may;
}

/** Before a failure at `group` is reduced: nothing is known of the groups up to there, behind them
 * there are the hulls of those that come up. */
static void start_rests(struct umm_search *search, uint32_t group)
{
	for (uint32_t i = 0; i < group; i++)
		if (search->choice[i] != UMM_NOWHERE)
			set_rest(search, search->choice[i], &umm_merge_nothing);
	for (uint32_t i = group; i != UMM_NOWHERE; i = umm_search_parent(search, i))
		set_rest(search, umm_search_place(search, i), &search->later[i]);
	set_rest(search, search->choice[group], &search->inner[search->choice[group]]);
}

/** Mark the decisions up to `last` that are kept, `open` and all that stands in it being open. */
static void stand_kept(struct umm_search *search, uint32_t open, uint32_t last)
{
	for (uint32_t i = 0; i < search->problem->n_groups; i++) {
		search->standing[i] = CLOSED;
		if (i <= last && i != open && search->kept[i] && comes_up(search, i))
			search->standing[i] = DECIDED;
	}
}

/** Whether the decisions up to `last` that are kept fail without that of `group`, all before it
 * being kept. */
static bool fails_without(struct umm_search *search, uint32_t group, uint32_t last)
{
	struct umm_merge merge = search->before[group];
	uint32_t undecided = search->hull[group].may;
	umm_merge_both(&merge, &search->hull[group]);
	for (uint32_t i = group; i != UMM_NOWHERE; i = umm_search_parent(search, i)) {
		umm_merge_both(&merge, &search->rest[umm_search_place(search, i)]);
		undecided |= search->open[umm_search_place(search, i)];
	}
	stand_kept(search, group, last);
	return check_fails(search, &merge, undecided);
}

/** Add what is known of `group` now to what stands behind the groups before it. */
static void add_rest(struct umm_search *search, uint32_t group)
{
	uint32_t place = umm_search_place(search, group), choice = search->choice[group];
	struct umm_merge *rest = &search->rest[place];
	if (!search->kept[group]) {
		umm_merge_both(rest, &search->hull[group]);
		search->open[place] |= search->hull[group].may;
		return;
	}
	umm_merge_both(rest, &search->own[choice]);
	umm_merge_both(rest, &search->rest[choice]);
	search->open[place] |= search->open[choice];
}

/** Reduce the failure of all decisions up to `group` to some that fail by themselves, late ones
 * dropped first, and remember them as what `group` rests on. */
static void learn(struct umm_search *search, uint32_t group)
{
	uint64_t *clash = &search->clash[(size_t)group * search->n_words];
	start_rests(search, group);
	for (uint32_t i = 0; i <= group; i++)
		search->kept[i] = search->choice[i] != UMM_NOWHERE;
	add_rest(search, group);
	for (uint32_t i = group; i-- > 0;) {
		if (search->choice[i] == UMM_NOWHERE)
			continue;
		search->kept[i] = is_ancestor(search, i, group) || !fails_without(search, i, group);
		add_rest(search, i);
	}
	stand_kept(search, UMM_NOWHERE, group);
	for (uint32_t i = 0; i < group; i++)
		if (search->standing[i] == DECIDED)
			clash[i / 64] |= BIT(i);
}

/** Look into the alternatives of `group` that failed as they were taken. Put off until no
 * alternative is left: mostly it never comes to that. */
static void learn_refused(struct umm_search *search, uint32_t group)
{
	const struct umm_group *facts = &search->problem->groups[group];
	for (uint32_t i = 0; i < facts->n_alternatives; i++) {
		search->choice[group] = facts->first_alternative + i;
		if (search->refused[search->choice[group]])
			learn(search, group);
	}
}

/* ---- the walk ---- */

/** Mark the groups up to `last` as the walk has decided them. */
static void stand(struct umm_search *search, uint32_t last)
{
	for (uint32_t i = 0; i < search->problem->n_groups; i++)
		search->standing[i] =
			i <= last && search->choice[i] != UMM_NOWHERE ? DECIDED : CLOSED;
}

/** The first group from `from` on that comes up, or n_groups; those passed over get no choice. */
static uint32_t next_group(struct umm_search *search, uint32_t from)
{
	while (from < search->problem->n_groups && !comes_up(search, from))
		search->choice[from++] = UMM_NOWHERE;
	return from;
}

/** Start on `group`, all before it being decided. */
static void enter_group(struct umm_search *search, uint32_t group, const struct umm_merge *before)
{
	uint64_t *clash = &search->clash[(size_t)group * search->n_words];
	uint32_t parent = umm_search_parent(search, group);
	search->before[group] = *before;
	search->next[group] = 0;
	memset(&search->refused[search->problem->groups[group].first_alternative], 0,
	       search->problem->groups[group].n_alternatives * sizeof(*search->refused));
	memset(clash, 0, search->n_words * sizeof(*clash));
	if (parent != UMM_NOWHERE)
		clash[parent / 64] |= BIT(parent);
}

/** Whether all groups before `group` are decided as in the best choice so far. */
static bool follows_best(const struct umm_search *search, uint32_t group)
{
	if (!search->best.found)
		return false;
	for (uint32_t i = 0; i < group; i++)
		if (search->choice[i] != search->best.choice[i])
			return false;
	return true;
}

/** Whether `group`'s current alternative can be satisfied together with all before it. */
static bool alternative_fits(struct umm_search *search, uint32_t group)
{
	uint32_t alternative = search->choice[group];
	struct umm_merge merge = search->before[group];
	umm_merge_both(&merge, &search->own[alternative]);
	umm_merge_both(&merge, &search->inner[alternative]);
	umm_merge_both(&merge, &search->after[group]);
	stand(search, group);
	return !check_fails(search, &merge,
			    search->inner[alternative].may | search->after[group].may);
}

enum step { STEP_DOWN, STEP_BACK, STEP_STOP };

/** Take the next alternative of `group` that can be satisfied. */
static enum step advance(struct umm_search *search, uint32_t group)
{
	const struct umm_group *facts = &search->problem->groups[group];
	bool bounded = follows_best(search, group);
	while (search->next[group] < facts->n_alternatives) {
		uint32_t alternative = facts->first_alternative + search->next[group]++;
		if (bounded && alternative > search->best.choice[group])
			return STEP_STOP; /* all that follow are less preferred than the best */
		if (search->dead[alternative])
			continue;
		search->choice[group] = alternative;
		if (alternative_fits(search, group))
			return STEP_DOWN;
		search->refused[alternative] = true;
	}
	learn_refused(search, group);
	return STEP_BACK;
}

/** Back from `group` to the latest decision its failures rest on, which inherits the others.
 * Returns n_groups when there is none: proved that nothing fits. */
static uint32_t jump_back(struct umm_search *search, uint32_t group)
{
	const uint64_t *from = &search->clash[(size_t)group * search->n_words];
	for (uint32_t target = group; target-- > 0;) {
		if ((from[target / 64] & BIT(target)) == 0)
			continue;
		uint64_t *to = &search->clash[(size_t)target * search->n_words];
		for (uint32_t i = 0; i < search->n_words; i++)
			to[i] |= from[i];
		to[target / 64] &= ~BIT(target);
		return target;
	}
	return search->problem->n_groups;
}

static bool walk(struct umm_search *search, uint32_t group)
{
	const uint32_t n_groups = search->problem->n_groups;
	while (group < n_groups) {
		enum step step = advance(search, group);
		if (step == STEP_STOP)
			return false;
		if (step == STEP_BACK) {
			group = jump_back(search, group);
			if (group == n_groups)
				return false;
			continue;
		}
		struct umm_merge before = search->before[group];
		umm_merge_both(&before, &search->own[search->choice[group]]);
		stand(search, group);
		group = next_group(search, group + 1);
		if (group < n_groups)
			enter_group(search, group, &before);
	}
	return !follows_best(search, n_groups);
}

bool umm_search_alternatives(struct umm_search *search)
{
	uint32_t top = search->problem->n_alternatives;
	if (!umm_search_lives(search))
		return false;
	umm_search_fold(search);
	struct umm_merge whole = search->own[top];
	umm_merge_both(&whole, &search->inner[top]);
	if (search->problem->n_groups > 0)
		memset(search->standing, CLOSED, search->problem->n_groups);
	if (check_fails(search, &whole, search->inner[top].may))
		return false;
	if (search->problem->n_groups == 0)
		return !search->best.found;
	enter_group(search, 0, &search->own[top]);
	return walk(search, 0);
}
