/* SPDX-License-Identifier: MIT */
#include "core/trial.h"

#include "core/bits.h"
#include "core/explain.h"
#include "core/guess.h"
#include "core/memory.h"
#include "core/number.h"

static bool is_late(const struct umm_demand *demand)
{
	return demand->attach == UMM_ATTACH_LATE;
}

static size_t count_entries(const struct umm_problem *problem)
{
	size_t count = 0;
	for (uint32_t i = 0; i < problem->n_demands; i++)
		count += problem->demands[i].n_entries;
	return count;
}

void umm_trial_take(struct umm_trial *trial, const struct umm_problem *problem,
		    struct umm_scratch *scratch)
{
	memset(trial, 0, sizeof(*trial));
	trial->problem = problem;
	UMM_SCRATCH_TAKE(scratch, trial->demands, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->entries, count_entries(problem));
	UMM_SCRATCH_TAKE(scratch, trial->first_entry, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->kept, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->kept_in_entry, count_entries(problem));
	UMM_SCRATCH_TAKE(scratch, trial->n_limits, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->holds_pairs, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->loose, problem->n_demands);
	umm_search_take(&trial->search, problem, scratch);
}

/* ---- the document of the moment ---- */

static bool is_limit(const struct umm_culprit *statement)
{
	return statement->field >= UMM_N_DEMAND_FIELDS;
}

static void build_entry(struct umm_trial *trial, uint32_t demand, uint32_t index)
{
	const struct umm_entry *original = &trial->problem->demands[demand].entries[index];
	struct umm_entry *entry = &trial->entries[trial->first_entry[demand] + index];
	uint64_t kept = trial->kept_in_entry[trial->first_entry[demand] + index];
	*entry = *original;
	for (uint64_t left = original->stated & ~kept; left != 0; left &= left - 1)
		umm_entry_reset(entry, (enum umm_field)umm_lowest_bit(left));
	if (original->stated != kept)
		umm_entry_conclude(entry);
}

/** Whether the demand looks at pixels at all: in a minimal conflict its pairs are there whenever
 * anything of its formats is. */
static bool has_pairs(const struct umm_trial *trial, uint32_t demand)
{
	if ((trial->kept[demand] & UMM_FIELD_BIT(UMM_FIELD_FORMATS)) != 0)
		return true;
	return trial->kind == UMM_TRIAL_BARE &&
	       (trial->n_limits[demand] > 0 || trial->holds_pairs[demand]);
}

static void build_demand(struct umm_trial *trial, uint32_t index)
{
	const struct umm_demand *original = &trial->problem->demands[index];
	struct umm_demand *demand = &trial->demands[index];
	uint32_t n_entries = demand->n_entries;
	uint64_t kept = trial->kept[index];
	if (has_pairs(trial, index))
		kept |= UMM_FIELD_BIT(UMM_FIELD_FORMATS);
	*demand = *original;
	demand->entries = &trial->entries[trial->first_entry[index]];
	for (uint64_t left = original->stated & ~kept; left != 0; left &= left - 1)
		umm_demand_reset(demand, (enum umm_field)umm_lowest_bit(left));
	if ((kept & UMM_FIELD_BIT(UMM_FIELD_USAGE)) == 0) {
		if (trial->kind == UMM_TRIAL_BARE)
			demand->usage = UMM_USAGE_DMA;
		else if ((original->stated & UMM_FIELD_BIT(UMM_FIELD_USAGE)) != 0)
			demand->usage = UMM_USAGE_NONE;
	}
	trial->any_pair |= demand->n_entries != n_entries;
	umm_demand_need(demand, &trial->copy, trial->search.first_heap, &trial->search.need[index]);
}

static void start_demand(struct umm_trial *trial, uint32_t index, uint32_t first_entry)
{
	const struct umm_demand *demand = &trial->problem->demands[index];
	bool bare = trial->kind == UMM_TRIAL_BARE && !is_late(demand);
	trial->first_entry[index] = first_entry;
	trial->kept[index] = bare ? 0 : demand->stated;
	trial->n_limits[index] = 0;
	trial->holds_pairs[index] = trial->loose[index] = false;
	for (uint32_t j = 0; j < demand->n_entries; j++) {
		uint64_t stated = demand->entries[j].stated;
		trial->kept_in_entry[first_entry + j] = bare ? 0 : stated;
		for (stated = bare ? 0 : stated; stated != 0; stated &= stated - 1)
			trial->n_limits[index]++;
		build_entry(trial, index, j);
	}
	trial->demands[index].n_entries = 0;
	build_demand(trial, index);
}

void umm_trial_start(struct umm_trial *trial, enum umm_trial_kind kind, unsigned waive)
{
	const struct umm_problem *problem = trial->problem;
	uint32_t first_entry = 0;
	trial->kind = kind;
	trial->waive = waive;
	trial->found = false;
	trial->copy = *problem;
	trial->copy.demands = trial->demands;
	trial->search.problem = &trial->copy;
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		start_demand(trial, i, first_entry);
		first_entry += problem->demands[i].n_entries;
	}
	umm_search_start(&trial->search);
}

static void set_bit(uint64_t *set, enum umm_field field, bool stated)
{
	*set = stated ? *set | UMM_FIELD_BIT(field) : *set & ~UMM_FIELD_BIT(field);
}

static void count_limit(struct umm_trial *trial, uint32_t demand, bool stated)
{
	if (stated)
		trial->n_limits[demand]++;
	else
		trial->n_limits[demand]--;
}

static void state_one(struct umm_trial *trial, const struct umm_culprit *change, bool stated)
{
	if (!is_limit(change)) {
		trial->any_pair = true;
		set_bit(&trial->kept[change->demand], change->field, stated);
		return;
	}
	uint32_t entry = trial->first_entry[change->demand] + change->entry;
	count_limit(trial, change->demand, stated);
	set_bit(&trial->kept_in_entry[entry], change->field, stated);
}

/** Entries and demands are built once, with the last change to them. */
void umm_trial_state(struct umm_trial *trial, const struct umm_culprit *changes, size_t count,
		     bool stated)
{
	trial->any_pair = false;
	for (size_t i = 0; i < count; i++) {
		const struct umm_culprit *change = &changes[i];
		const struct umm_culprit *next = i + 1 < count ? change + 1 : NULL;
		bool last_of_demand = next == NULL || next->demand != change->demand;
		bool last_of_entry =
			last_of_demand || !is_limit(next) || next->entry != change->entry;
		state_one(trial, change, stated);
		if (is_limit(change) && last_of_entry)
			build_entry(trial, change->demand, change->entry);
		if (last_of_demand)
			build_demand(trial, change->demand);
	}
}

/* ---- solving ---- */

static void remember(struct umm_trial *trial, const uint32_t *choice)
{
	for (uint32_t i = 0; i < trial->copy.n_groups; i++)
		trial->search.best.choice[i] = choice[i];
	trial->search.best.pair = trial->search.pair;
	trial->search.best.heap = trial->search.first_heap;
	trial->found = true;
}

/** Whether there is a solution with the pair that the search has entered. */
static bool solved_here(struct umm_trial *trial)
{
	struct umm_search *search = &trial->search;
	struct umm_merge merge;
	struct umm_state state;
	if (umm_guess_fits(search, &merge, &state)) {
		remember(trial, search->guess);
		return true;
	}
	search->best.found = false;
	if (trial->copy.n_groups == 0 || !umm_search_alternatives(search))
		return false;
	remember(trial, search->choice);
	umm_guess_prepare(search, search->best.choice);
	return true;
}

static bool solved_with(struct umm_trial *trial, struct umm_pair pair)
{
	umm_search_enter(&trial->search, pair);
	return solved_here(trial);
}

static bool solved_with_any(struct umm_trial *trial)
{
	struct umm_pair_cursor cursor = { 0 };
	struct umm_pair pair;
	bool hypothetical = (trial->waive & UMM_WAIVE_FORMATS) != 0;
	while (umm_pairs_next(&trial->search.pairs, &cursor, hypothetical, &pair))
		if (solved_with(trial, pair))
			return true;
	return false;
}

/** Whether there is a solution with a pair that an entry spells out. */
static bool solved_with_entry(struct umm_trial *trial, const struct umm_entry *entry)
{
	for (uint32_t f = 0; f < entry->n_formats; f++)
		for (uint32_t m = 0; m < entry->n_modifiers; m++)
			if (solved_with(trial, (struct umm_pair){ entry->formats[f],
								  entry->modifiers[m] }))
				return true;
	return false;
}

static const struct umm_entry *entry_of(const struct umm_trial *trial,
					const struct umm_culprit *statement)
{
	return &trial->entries[trial->first_entry[statement->demand] + statement->entry];
}

/** Whether all the changes are limits of entries that spell out their pairs. */
static bool changes_are_local(const struct umm_trial *trial, const struct umm_culprit *changes,
			      size_t count)
{
	if (trial->any_pair)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct umm_entry *entry = entry_of(trial, &changes[i]);
		if (entry->n_formats == 0 || entry->n_modifiers == 0)
			return false;
	}
	return true;
}

/** What worked last may work again. */
static void guess_last(struct umm_trial *trial)
{
	umm_guess_prepare(&trial->search, trial->found ? trial->search.best.choice : NULL);
}

static bool solved_with_changed(struct umm_trial *trial, const struct umm_culprit *changes,
				size_t count)
{
	if (!changes_are_local(trial, changes, count))
		return solved_with_any(trial);
	for (size_t i = 0; i < count; i++)
		if ((i == 0 || changes[i].demand != changes[i - 1].demand ||
		     changes[i].entry != changes[i - 1].entry) &&
		    solved_with_entry(trial, entry_of(trial, &changes[i])))
			return true;
	return false;
}

/** Look at a block of heaps; the one that is looked at is kept as changes are made. */
static void enter_block(struct umm_trial *trial, uint32_t first_heap)
{
	struct umm_search *search = &trial->search;
	search->waive = trial->waive;
	if (search->first_heap != first_heap)
		umm_search_block(search, first_heap);
}

bool umm_trial_solved_by(struct umm_trial *trial, const struct umm_culprit *changes, size_t count)
{
	for (uint32_t first = 0; first < trial->copy.n_heaps; first += 64) {
		enter_block(trial, first);
		guess_last(trial);
		if (solved_with_changed(trial, changes, count))
			return true;
	}
	return false;
}

bool umm_trial_solved(struct umm_trial *trial)
{
	trial->any_pair = true;
	return umm_trial_solved_by(trial, NULL, 0);
}

bool umm_trial_solved_as(struct umm_trial *trial, const uint32_t *choice, struct umm_pair pair,
			 uint32_t first_heap)
{
	struct umm_merge merge;
	struct umm_state state;
	enter_block(trial, first_heap);
	umm_guess_prepare(&trial->search, choice);
	umm_search_enter(&trial->search, pair);
	return umm_guess_fits(&trial->search, &merge, &state);
}

bool umm_trial_solved_without(struct umm_trial *trial, const struct umm_culprit *field)
{
	umm_trial_state(trial, field, 1, false);
	bool solved = umm_trial_solved_by(trial, field, 1);
	umm_trial_state(trial, field, 1, true);
	return solved;
}

/* ---- a modifier left out ---- */

/** Whether another entry of the demand covers a format of `entry` with LINEAR. */
static bool linear_is_taken(const struct umm_demand *demand, const struct umm_entry *entry)
{
	for (uint32_t i = 0; i < entry->n_formats; i++) {
		struct umm_pair pair = { entry->formats[i], UMM_MODIFIER_LINEAR };
		const struct umm_entry *other = umm_explain_entry(demand, pair);
		if (other != NULL && other != entry)
			return true;
	}
	return false;
}

/** With the pairs that the entry has only now; elsewhere it has become stricter. */
static bool solved_with_linear(struct umm_trial *trial, uint32_t demand, uint32_t index)
{
	const struct umm_entry *entry = &trial->demands[demand].entries[index];
	for (uint32_t i = 0; i < entry->n_formats; i++) {
		umm_search_enter(&trial->search,
				 (struct umm_pair){ entry->formats[i], UMM_MODIFIER_LINEAR });
		umm_search_use_entry(&trial->search, demand, index);
		if (solved_here(trial))
			return true;
	}
	return false;
}

bool umm_trial_solved_as_linear(struct umm_trial *trial, uint32_t demand, uint32_t index)
{
	static const uint64_t linear = UMM_MODIFIER_LINEAR;
	const struct umm_demand *original = &trial->problem->demands[demand];
	struct umm_entry *entry = &trial->entries[trial->first_entry[demand] + index];
	bool solved = false;
	if (linear_is_taken(original, &original->entries[index]))
		return false;
	entry->modifiers = &linear;
	entry->n_modifiers = 1;
	umm_entry_conclude(entry);
	for (uint32_t first = 0; first < trial->copy.n_heaps && !solved; first += 64) {
		enter_block(trial, first);
		guess_last(trial);
		solved = solved_with_linear(trial, demand, index);
	}
	build_entry(trial, demand, index);
	return solved;
}

/* ---- many documents at once ---- */

/** What the demand needs in every document in which it leaves out one field or none. Its formats
 * may be left out as a whole, which is more than what any change in them gives. */
static void loosen(struct umm_trial *trial, uint32_t index)
{
	struct umm_demand *demand = &trial->demands[index];
	struct umm_merge *need = &trial->search.need[index], other;
	uint64_t formats = UMM_FIELD_BIT(UMM_FIELD_FORMATS);
	trial->loose[index] = demand->n_entries > 0;
	for (uint64_t left = demand->stated & ~formats; left != 0; left &= left - 1) {
		struct umm_demand changed = *demand;
		enum umm_field field = (enum umm_field)umm_lowest_bit(left);
		umm_demand_reset(&changed, field);
		if (field == UMM_FIELD_USAGE)
			changed.usage = UMM_USAGE_NONE;
		umm_demand_need(&changed, &trial->copy, trial->search.first_heap, &other);
		umm_merge_either(need, &other);
	}
}

/** As solved_with_any(), with the pairs too that come up when a modifier is left out. */
static bool loosely_solved(struct umm_trial *trial)
{
	struct umm_pair_cursor cursor = { 0 };
	struct umm_pair pair;
	while (umm_pairs_next(&trial->search.pairs, &cursor, true, &pair))
		if (solved_with(trial, pair))
			return true;
	return false;
}

bool umm_trial_helps_any(struct umm_trial *trial, uint32_t first, uint32_t end)
{
	struct umm_search *search = &trial->search;
	bool solved = false;
	search->loose = trial->loose;
	search->undecided = UMM_FACT_WIDENS | UMM_FACT_PER_PLANE;
	for (uint32_t block = 0; block < trial->copy.n_heaps && !solved; block += 64) {
		umm_search_block(search, block);
		for (uint32_t i = first; i < end; i++)
			loosen(trial, i);
		guess_last(trial);
		solved = loosely_solved(trial);
	}
	search->loose = NULL;
	search->undecided = 0;
	for (uint32_t i = first; i < end; i++)
		trial->loose[i] = false;
	umm_search_block(search, search->first_heap);
	return solved;
}
