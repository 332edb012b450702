/* SPDX-License-Identifier: MIT */
/*
 * Minimal conflicts, by trials: documents that state only some of the fields, solved again.
 *
 * Every leaf the input states is a statement; a trial keeps some of them and puts the others back
 * to their defaults. Starting from all, statements are given up in ever smaller chunks as long as
 * the rest still has no solution, and then one by one until no single one can be given up. Solving
 * is not monotone (a larger size.align can repair an `exact` clash, `iommu` disarms `contiguous`),
 * so one pass is not enough: passes go on until one of them changes nothing.
 *
 * `formats` stands for the (format, modifier) pairs of a participant, which are there in a trial
 * whenever anything of its formats is. To name the pairs rather than a limit wherever the pairs
 * alone would do, limits are given up while the pairs stay; only then the pairs are.
 *
 * A statement that cannot be given up has a witness: a solution of the document without it. Later
 * on, when others have been given up, that solution is mostly still one, and looking is cheaper
 * than searching.
 */
#include "core/conflict.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/scratch.h"
#include "core/trial.h"

enum mark { GIVEN_UP, LISTED, ON_TRIAL };

/** A solution of the document without one statement; of each group its alternative. */
struct witness {
	struct umm_pair pair;
	uint32_t first_heap;
	uint32_t *choice;
};

struct finder {
	const struct umm_problem *problem;
	struct umm_trial trial;
	struct umm_culprit *statements;
	struct umm_culprit *on_trial; /**< those given up for the moment */
	uint8_t *marks;		      /**< of each statement */
	uint32_t *witness;	      /**< of each statement its witness + 1, 0: none */
	size_t n_statements;
	struct witness *witnesses;
	uint32_t *choices; /**< of all witnesses, one behind the other */
	uint32_t n_witnesses, most_witnesses;
};

/** Fields that never take part: wishes. */
#define UNLISTED (UMM_FIELD_BIT(UMM_FIELD_CACHE) | UMM_FIELD_BIT(UMM_FIELD_COST))

/** Room for witnesses: what is left without one is searched for again. */
#define MOST_WITNESSES 1024
#define MOST_CHOICES   (1u << 20)

static unsigned count_bits(uint64_t set)
{
	unsigned count = 0;
	for (; set != 0; set &= set - 1)
		count++;
	return count;
}

static size_t count_statements(const struct umm_problem *problem)
{
	size_t count = 1; /* room for a condition */
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		const struct umm_demand *demand = &problem->demands[i];
		count += count_bits(demand->stated & ~UNLISTED);
		for (uint32_t j = 0; j < demand->n_entries; j++)
			count += count_bits(demand->entries[j].stated & ~UNLISTED);
	}
	return count;
}

static void take(struct finder *finder, const struct umm_problem *problem,
		 struct umm_scratch *scratch)
{
	size_t most = count_statements(problem);
	memset(finder, 0, sizeof(*finder));
	finder->problem = problem;
	finder->most_witnesses =
		(uint32_t)umm_min(umm_min(most, MOST_WITNESSES),
				  umm_divide(MOST_CHOICES, umm_max(problem->n_groups, 1)).whole);
	UMM_SCRATCH_TAKE(scratch, finder->statements, most);
	UMM_SCRATCH_TAKE(scratch, finder->on_trial, most);
	UMM_SCRATCH_TAKE(scratch, finder->marks, most);
	UMM_SCRATCH_TAKE(scratch, finder->witness, most);
	UMM_SCRATCH_TAKE(scratch, finder->witnesses, finder->most_witnesses);
	UMM_SCRATCH_TAKE(scratch, finder->choices,
			 (uint64_t)finder->most_witnesses * problem->n_groups);
	umm_trial_take(&finder->trial, problem, scratch);
}

size_t umm_conflict_size(const struct umm_problem *problem)
{
	struct finder finder;
	struct umm_scratch scratch = { .memory = NULL };
	take(&finder, problem, &scratch);
	return scratch.used >= SIZE_MAX / 4 ? 0 : scratch.used;
}

static void list(struct finder *finder, uint32_t demand, uint32_t entry, uint64_t stated)
{
	for (unsigned field = 0; field < UMM_N_FIELDS; field++)
		if ((stated & ~UNLISTED & UMM_FIELD_BIT(field)) != 0)
			finder->statements[finder->n_statements++] = (struct umm_culprit){
				.demand = demand, .entry = entry, .field = field
			};
}

static void list_statements(struct finder *finder)
{
	for (uint32_t i = 0; i < finder->problem->n_demands; i++) {
		const struct umm_demand *demand = &finder->problem->demands[i];
		if (demand->attach == UMM_ATTACH_LATE)
			continue;
		for (uint32_t j = 0; j < demand->n_entries; j++)
			list(finder, i, j, demand->entries[j].stated);
		list(finder, i, 0, demand->stated);
	}
	memset(finder->marks, LISTED, finder->n_statements);
	memset(finder->witness, 0, finder->n_statements * sizeof(*finder->witness));
}

/* ---- witnesses ---- */

/** Keep the last solution as the witness of statement `i`. */
static void bear_witness(struct finder *finder, size_t i)
{
	const struct umm_candidate *found = &finder->trial.search.best;
	uint32_t n_groups = finder->problem->n_groups;
	if (finder->witness[i] == 0) {
		if (finder->n_witnesses == finder->most_witnesses)
			return;
		finder->witness[i] = ++finder->n_witnesses;
	}
	uint32_t index = finder->witness[i] - 1;
	uint32_t *choice = finder->choices + (size_t)index * n_groups;
	for (uint32_t group = 0; group < n_groups; group++)
		choice[group] = found->choice[group];
	finder->witnesses[index] = (struct witness){ found->pair, found->heap, choice };
}

/** Whether the document of the moment, without statement `i`, is solved as it once was. */
static bool witness_stands(struct finder *finder, size_t i)
{
	if (finder->witness[i] == 0)
		return false;
	const struct witness *witness = &finder->witnesses[finder->witness[i] - 1];
	return umm_trial_solved_as(&finder->trial, witness->choice, witness->pair,
				   witness->first_heap);
}

/* ---- giving up ---- */

static bool is_pairs(const struct finder *finder, size_t i)
{
	return finder->statements[i].field == UMM_FIELD_FORMATS;
}

static bool is_limit(const struct finder *finder, size_t i)
{
	return finder->statements[i].field >= UMM_N_DEMAND_FIELDS;
}

/** Fields of a device behind an IOMMU that don't bind: given up first, lest `iommu` be given up
 * while they stand and they seem to clash. */
static bool is_disarmed(const struct finder *finder, size_t i)
{
	const struct umm_culprit *statement = &finder->statements[i];
	enum umm_field field = statement->field;
	return finder->problem->demands[statement->demand].iommu &&
	       (field == UMM_FIELD_CONTIGUOUS || field == UMM_FIELD_ADDRESS_MAX ||
		field == UMM_FIELD_SEGMENTS_COUNT || field == UMM_FIELD_SEGMENTS_BYTES ||
		field == UMM_FIELD_SEGMENTS_BOUNDARY);
}

typedef bool (*kind_function)(const struct finder *finder, size_t i);

static bool is_any_kind(const struct finder *finder, size_t i)
{
	(void)finder, (void)i;
	return true;
}

static bool is_not_pairs(const struct finder *finder, size_t i)
{
	return !is_pairs(finder, i);
}

/** Put the statements of one kind in [first, end) on trial. Returns how many. */
static size_t put_on_trial(struct finder *finder, size_t first, size_t end, kind_function kind)
{
	size_t count = 0;
	for (size_t i = first; i < end; i++) {
		if (finder->marks[i] != LISTED || !kind(finder, i))
			continue;
		finder->marks[i] = ON_TRIAL;
		finder->on_trial[count++] = finder->statements[i];
	}
	return count;
}

/** Give up the statements of one kind in [first, end), if the rest still clashes. */
static bool give_up(struct finder *finder, size_t first, size_t end, kind_function kind)
{
	struct umm_trial *trial = &finder->trial;
	size_t count = put_on_trial(finder, first, end, kind);
	if (count == 0)
		return false;
	umm_trial_state(trial, finder->on_trial, count, false);
	bool solved = end == first + 1 && witness_stands(finder, first);
	if (!solved && umm_trial_solved_by(trial, finder->on_trial, count)) {
		solved = true;
		if (end == first + 1)
			bear_witness(finder, first);
	}
	if (solved)
		umm_trial_state(trial, finder->on_trial, count, true);
	for (size_t i = first; i < end; i++)
		if (finder->marks[i] == ON_TRIAL)
			finder->marks[i] = solved ? LISTED : GIVEN_UP;
	return !solved;
}

static void give_up_chunks(struct finder *finder, kind_function kind)
{
	for (size_t chunk = finder->n_statements; chunk > 1; chunk = (chunk + 1) / 2) {
		for (size_t first = 0; first < finder->n_statements; first += chunk)
			give_up(finder, first, (size_t)umm_min(first + chunk, finder->n_statements),
				kind);
		if (chunk == 2)
			break;
	}
}

static bool give_up_singles(struct finder *finder, kind_function kind)
{
	bool changed = false;
	for (size_t i = 0; i < finder->n_statements; i++)
		changed |= give_up(finder, i, i + 1, kind);
	return changed;
}

/** Limits go while the pairs stay. */
static void hold_pairs(struct finder *finder, bool hold)
{
	bool *holds = finder->trial.holds_pairs;
	for (uint32_t i = 0; i < finder->problem->n_demands; i++)
		holds[i] = false;
	for (size_t i = 0; hold && i < finder->n_statements; i++)
		if (finder->marks[i] == LISTED && (is_pairs(finder, i) || is_limit(finder, i)))
			holds[finder->statements[i].demand] = true;
}

/** Pairs need not be listed beside a limit of the same formats. */
static void drop_implied_pairs(struct finder *finder)
{
	struct umm_trial *trial = &finder->trial;
	for (size_t i = 0; i < finder->n_statements; i++) {
		const struct umm_culprit *statement = &finder->statements[i];
		if (finder->marks[i] != LISTED || !is_pairs(finder, i) ||
		    trial->n_limits[statement->demand] == 0)
			continue;
		finder->marks[i] = GIVEN_UP;
		umm_trial_state(trial, statement, 1, false);
	}
}

static void minimize(struct finder *finder)
{
	hold_pairs(finder, true);
	give_up_chunks(finder, is_disarmed);
	give_up_chunks(finder, is_limit);
	give_up_singles(finder, is_limit);
	give_up_chunks(finder, is_not_pairs);
	bool changed = true;
	while (changed) {
		hold_pairs(finder, true);
		changed = give_up_singles(finder, is_not_pairs);
		hold_pairs(finder, false);
		drop_implied_pairs(finder);
		give_up_chunks(finder, is_pairs);
		changed |= give_up_singles(finder, is_any_kind);
	}
}

/* ---- conditions on the whole ---- */

static const struct {
	unsigned waive;
	const char *name;
} conditions[] = {
	{ UMM_WAIVE_UNUSED, "usage" },
	{ UMM_WAIVE_BUFFERS, "buffers" },
	{ UMM_WAIVE_FORMATS, "formats" },
	{ UMM_WAIVE_COLORS, "color_spaces" },
};

static size_t add_condition(struct finder *finder, size_t count, const char *name)
{
	finder->statements[count] =
		(struct umm_culprit){ .demand = UMM_NO_DEMAND, .condition = name };
	return count + 1;
}

static bool solved_waiving(struct finder *finder, unsigned waive)
{
	umm_trial_start(&finder->trial, UMM_TRIAL_AS_STATED, waive);
	return umm_trial_solved(&finder->trial);
}

/** The whole document clashes only because of conditions that trials waive: the first that refuses
 * it by itself, or, where alternatives fail for different reasons, the first that is needed. */
static size_t find_condition(struct finder *finder)
{
	unsigned waived = 0;
	for (size_t i = 0; i < 4; i++)
		if (!solved_waiving(finder, UMM_WAIVE_ALL & ~conditions[i].waive))
			return add_condition(finder, 0, conditions[i].name);
	for (size_t i = 4; i-- > 0;)
		if (!solved_waiving(finder, waived | conditions[i].waive))
			waived |= conditions[i].waive;
	for (size_t i = 0; i < 4; i++)
		if ((waived & conditions[i].waive) == 0)
			return add_condition(finder, 0, conditions[i].name);
	return 0;
}

static size_t collect(struct finder *finder)
{
	size_t count = 0;
	for (size_t i = 0; i < finder->n_statements; i++)
		if (finder->marks[i] == LISTED)
			finder->statements[count++] = finder->statements[i];
	return count;
}

size_t umm_conflict_find(const struct umm_problem *problem, void *memory, size_t size,
			 const struct umm_culprit **out)
{
	struct finder finder;
	struct umm_scratch scratch = { .memory = memory, .size = size };
	take(&finder, problem, &scratch);
	if (scratch.used > size)
		return 0;
	*out = finder.statements;
	list_statements(&finder);
	umm_trial_start(&finder.trial, UMM_TRIAL_BARE, UMM_WAIVE_ALL);
	/* With nothing stated there must be a solution, else no heap serves at all. */
	if (!umm_trial_solved(&finder.trial))
		return add_condition(&finder, 0, "heaps");
	umm_trial_state(&finder.trial, finder.statements, finder.n_statements, true);
	if (umm_trial_solved(&finder.trial))
		return find_condition(&finder);
	minimize(&finder);
	return collect(&finder);
}
