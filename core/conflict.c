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
 */
#include "core/conflict.h"

#include "core/explain.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/scratch.h"

enum mark { GIVEN_UP, LISTED, ON_TRIAL };

struct trial {
	const struct umm_problem *problem;
	struct umm_problem copy;
	struct umm_demand *demands;
	struct umm_entry *entries; /**< of all demands, one after the other */
	uint32_t *first_entry;
	struct umm_culprit *statements;
	uint8_t *marks;	    /**< of each statement */
	bool *keep_formats; /**< of each demand: its pairs are there whether listed or not */
	size_t n_statements;
	unsigned char *memory;
	size_t size;
};

/** Fields that never take part: wishes. */
#define UNLISTED (UMM_FIELD_BIT(UMM_FIELD_CACHE) | UMM_FIELD_BIT(UMM_FIELD_COST))

static unsigned count_bits(uint64_t set)
{
	unsigned count = 0;
	for (; set != 0; set &= set - 1)
		count++;
	return count;
}

static bool is_late(const struct umm_demand *demand)
{
	return demand->attach == UMM_ATTACH_LATE;
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

static size_t count_entries(const struct umm_problem *problem)
{
	size_t count = 0;
	for (uint32_t i = 0; i < problem->n_demands; i++)
		count += problem->demands[i].n_entries;
	return count;
}

static void take(struct trial *trial, const struct umm_problem *problem,
		 struct umm_scratch *scratch)
{
	memset(trial, 0, sizeof(*trial));
	trial->problem = problem;
	UMM_SCRATCH_TAKE(scratch, trial->demands, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->entries, count_entries(problem));
	UMM_SCRATCH_TAKE(scratch, trial->first_entry, problem->n_demands);
	UMM_SCRATCH_TAKE(scratch, trial->statements, count_statements(problem));
	UMM_SCRATCH_TAKE(scratch, trial->marks, count_statements(problem));
	UMM_SCRATCH_TAKE(scratch, trial->keep_formats, problem->n_demands);
	trial->size = umm_solve_size(problem);
	trial->memory = umm_scratch_take(scratch, trial->size, 1);
}

size_t umm_conflict_size(const struct umm_problem *problem)
{
	struct trial trial;
	struct umm_scratch scratch = { .memory = NULL };
	take(&trial, problem, &scratch);
	return trial.size == 0 || scratch.used >= SIZE_MAX / 4 ? 0 : scratch.used;
}

static void list(struct trial *trial, uint32_t demand, uint32_t entry, uint64_t stated)
{
	for (unsigned field = 0; field < UMM_N_FIELDS; field++)
		if ((stated & ~UNLISTED & UMM_FIELD_BIT(field)) != 0)
			trial->statements[trial->n_statements++] = (struct umm_culprit){
				.demand = demand, .entry = entry, .field = field
			};
}

static void copy_entries(struct trial *trial)
{
	uint32_t first = 0;
	for (uint32_t i = 0; i < trial->problem->n_demands; i++) {
		const struct umm_demand *demand = &trial->problem->demands[i];
		trial->first_entry[i] = first;
		for (uint32_t j = 0; j < demand->n_entries; j++)
			trial->entries[first++] = demand->entries[j];
	}
}

static void list_statements(struct trial *trial)
{
	for (uint32_t i = 0; i < trial->problem->n_demands; i++) {
		const struct umm_demand *demand = &trial->problem->demands[i];
		if (is_late(demand))
			continue;
		for (uint32_t j = 0; j < demand->n_entries; j++)
			list(trial, i, j, demand->entries[j].stated);
		list(trial, i, 0, demand->stated);
	}
	memset(trial->marks, LISTED, trial->n_statements);
}

/* ---- one trial ---- */

/** Fields of the original that are not in the trial. */
static void reset_fields(struct umm_demand *demand, uint64_t fields)
{
	for (unsigned field = 0; field < UMM_N_DEMAND_FIELDS; field++)
		if ((fields & UMM_FIELD_BIT(field)) != 0)
			umm_demand_reset(demand, field);
}

static void reset_entry(struct umm_entry *entry, uint64_t fields)
{
	for (unsigned field = UMM_N_DEMAND_FIELDS; field < UMM_N_FIELDS; field++)
		if ((fields & UMM_FIELD_BIT(field)) != 0)
			umm_entry_reset(entry, field);
	umm_entry_conclude(entry);
}

/** Start from the document without its statements' marks: what each participant keeps is gathered
 * in `stated` of the copies. */
static void gather_stated(struct trial *trial)
{
	for (uint32_t i = 0; i < trial->problem->n_demands; i++) {
		trial->demands[i].stated = 0;
		for (uint32_t j = 0; j < trial->problem->demands[i].n_entries; j++)
			trial->entries[trial->first_entry[i] + j].stated = 0;
	}
	for (size_t i = 0; i < trial->n_statements; i++) {
		const struct umm_culprit *statement = &trial->statements[i];
		if (trial->marks[i] != LISTED)
			continue;
		uint64_t bit = UMM_FIELD_BIT(statement->field);
		trial->demands[statement->demand].stated |=
			statement->field < UMM_N_DEMAND_FIELDS ? bit
							       : UMM_FIELD_BIT(UMM_FIELD_FORMATS);
		if (statement->field >= UMM_N_DEMAND_FIELDS)
			trial->entries[trial->first_entry[statement->demand] + statement->entry]
				.stated |= bit;
	}
}

static void build_demand(struct trial *trial, uint32_t index)
{
	const struct umm_demand *original = &trial->problem->demands[index];
	struct umm_demand *demand = &trial->demands[index];
	uint64_t stated = demand->stated;
	if (trial->keep_formats[index])
		stated |= UMM_FIELD_BIT(UMM_FIELD_FORMATS);
	*demand = *original;
	if (!is_late(original) && (stated & UMM_FIELD_BIT(UMM_FIELD_USAGE)) == 0)
		demand->usage = UMM_USAGE_DMA;
	reset_fields(demand, original->stated & ~stated);
	struct umm_entry *entries = &trial->entries[trial->first_entry[index]];
	demand->entries = entries;
	for (uint32_t j = 0; j < demand->n_entries; j++) {
		uint64_t kept = entries[j].stated;
		if (original->entries[j].stated == 0)
			continue; /* as it was copied at the start */
		entries[j] = original->entries[j];
		reset_entry(&entries[j], original->entries[j].stated & ~kept);
	}
}

/** Whether a document that states only the listed fields has no solution. */
static bool clashes(struct trial *trial, unsigned waive)
{
	struct umm_solution solution;
	gather_stated(trial);
	for (uint32_t i = 0; i < trial->problem->n_demands; i++)
		build_demand(trial, i);
	trial->copy = *trial->problem;
	trial->copy.demands = trial->demands;
	return !umm_solve(&trial->copy, waive, trial->memory, trial->size, &solution);
}

/* ---- giving up ---- */

static bool is_pairs(const struct trial *trial, size_t i)
{
	return trial->statements[i].field == UMM_FIELD_FORMATS;
}

static bool is_limit(const struct trial *trial, size_t i)
{
	return trial->statements[i].field >= UMM_N_DEMAND_FIELDS;
}

/** Fields of a device behind an IOMMU that don't bind: given up first, lest `iommu` be given up
 * while they stand and they seem to clash. */
static bool is_disarmed(const struct trial *trial, size_t i)
{
	const struct umm_culprit *statement = &trial->statements[i];
	enum umm_field field = statement->field;
	return trial->problem->demands[statement->demand].iommu &&
	       (field == UMM_FIELD_CONTIGUOUS || field == UMM_FIELD_ADDRESS_MAX ||
		field == UMM_FIELD_SEGMENTS_COUNT || field == UMM_FIELD_SEGMENTS_BYTES ||
		field == UMM_FIELD_SEGMENTS_BOUNDARY);
}

typedef bool (*kind_function)(const struct trial *trial, size_t i);

static bool is_any_kind(const struct trial *trial, size_t i)
{
	(void)trial, (void)i;
	return true;
}

static bool is_not_pairs(const struct trial *trial, size_t i)
{
	return !is_pairs(trial, i);
}

/** Give up the statements of one kind in [first, end), if the rest still clashes. */
static bool give_up(struct trial *trial, size_t first, size_t end, kind_function kind)
{
	bool any = false;
	for (size_t i = first; i < end; i++) {
		if (trial->marks[i] != LISTED || !kind(trial, i))
			continue;
		trial->marks[i] = ON_TRIAL;
		any = true;
	}
	if (!any)
		return false;
	bool still = clashes(trial, UMM_WAIVE_ALL);
	for (size_t i = first; i < end; i++)
		if (trial->marks[i] == ON_TRIAL)
			trial->marks[i] = still ? GIVEN_UP : LISTED;
	return still;
}

static void give_up_chunks(struct trial *trial, kind_function kind)
{
	for (size_t chunk = trial->n_statements; chunk > 1; chunk = (chunk + 1) / 2) {
		for (size_t first = 0; first < trial->n_statements; first += chunk)
			give_up(trial, first, (size_t)umm_min(first + chunk, trial->n_statements),
				kind);
		if (chunk == 2)
			break;
	}
}

static bool give_up_singles(struct trial *trial, kind_function kind)
{
	bool changed = false;
	for (size_t i = 0; i < trial->n_statements; i++)
		changed |= give_up(trial, i, i + 1, kind);
	return changed;
}

/** Limits go while the pairs stay. */
static void hold_pairs(struct trial *trial, bool hold)
{
	for (uint32_t i = 0; i < trial->problem->n_demands; i++)
		trial->keep_formats[i] = false;
	for (size_t i = 0; hold && i < trial->n_statements; i++)
		if (trial->marks[i] == LISTED && (is_pairs(trial, i) || is_limit(trial, i)))
			trial->keep_formats[trial->statements[i].demand] = true;
}

/** Pairs need not be listed beside a limit of the same formats. */
static void drop_implied_pairs(struct trial *trial)
{
	bool *has_limit = trial->keep_formats;
	for (size_t i = 0; i < trial->n_statements; i++)
		if (trial->marks[i] == LISTED && is_limit(trial, i))
			has_limit[trial->statements[i].demand] = true;
	for (size_t i = 0; i < trial->n_statements; i++)
		if (trial->marks[i] == LISTED && is_pairs(trial, i) &&
		    has_limit[trial->statements[i].demand])
			trial->marks[i] = GIVEN_UP;
	hold_pairs(trial, false);
}

static void minimize(struct trial *trial)
{
	hold_pairs(trial, true);
	give_up_chunks(trial, is_disarmed);
	give_up_chunks(trial, is_limit);
	give_up_singles(trial, is_limit);
	give_up_chunks(trial, is_not_pairs);
	bool changed = true;
	while (changed) {
		hold_pairs(trial, true);
		changed = give_up_singles(trial, is_not_pairs);
		hold_pairs(trial, false);
		drop_implied_pairs(trial);
		give_up_chunks(trial, is_pairs);
		changed |= give_up_singles(trial, is_any_kind);
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

static size_t add_condition(struct trial *trial, size_t count, const char *name)
{
	trial->statements[count] =
		(struct umm_culprit){ .demand = UMM_NO_DEMAND, .condition = name };
	return count + 1;
}

static bool solved_waiving(struct trial *trial, unsigned waive)
{
	struct umm_solution solution;
	return umm_solve(trial->problem, waive, trial->memory, trial->size, &solution);
}

/** The whole document clashes only because of conditions that trials waive: the first that refuses
 * it by itself, or, where alternatives fail for different reasons, the first that is needed. */
static size_t find_condition(struct trial *trial)
{
	unsigned waived = 0;
	for (size_t i = 0; i < 4; i++)
		if (!solved_waiving(trial, UMM_WAIVE_ALL & ~conditions[i].waive))
			return add_condition(trial, 0, conditions[i].name);
	for (size_t i = 4; i-- > 0;)
		if (!solved_waiving(trial, waived | conditions[i].waive))
			waived |= conditions[i].waive;
	for (size_t i = 0; i < 4; i++)
		if ((waived & conditions[i].waive) == 0)
			return add_condition(trial, 0, conditions[i].name);
	return 0;
}

static size_t collect(struct trial *trial)
{
	size_t count = 0;
	for (size_t i = 0; i < trial->n_statements; i++)
		if (trial->marks[i] == LISTED)
			trial->statements[count++] = trial->statements[i];
	return count;
}

/** With nothing listed there must be a solution, else no heap serves at all. */
static bool serves_nobody(struct trial *trial)
{
	memset(trial->marks, GIVEN_UP, trial->n_statements);
	bool nobody = clashes(trial, UMM_WAIVE_ALL);
	memset(trial->marks, LISTED, trial->n_statements);
	return nobody;
}

size_t umm_conflict_find(const struct umm_problem *problem, void *memory, size_t size,
			 const struct umm_culprit **out)
{
	struct trial trial;
	struct umm_scratch scratch = { .memory = memory, .size = size };
	take(&trial, problem, &scratch);
	if (scratch.used > size)
		return 0;
	*out = trial.statements;
	copy_entries(&trial);
	list_statements(&trial);
	hold_pairs(&trial, false);
	if (serves_nobody(&trial))
		return add_condition(&trial, 0, "heaps");
	if (!clashes(&trial, UMM_WAIVE_ALL))
		return find_condition(&trial);
	minimize(&trial);
	return collect(&trial);
}

/** A copy of the problem in which one participant is about to be changed. */
static bool copy_problem(struct trial *trial, const struct umm_problem *problem, uint32_t changed,
			 void *memory, size_t size)
{
	struct umm_scratch scratch = { .memory = memory, .size = size };
	take(trial, problem, &scratch);
	if (scratch.used > size)
		return false;
	for (uint32_t i = 0; i < problem->n_demands; i++)
		trial->demands[i] = problem->demands[i];
	struct umm_demand *demand = &trial->demands[changed];
	for (uint32_t j = 0; j < demand->n_entries; j++)
		trial->entries[j] = demand->entries[j];
	demand->entries = trial->entries;
	trial->copy = *problem;
	trial->copy.demands = trial->demands;
	return true;
}

static bool copy_solved(struct trial *trial)
{
	struct umm_solution solution;
	return umm_solve(&trial->copy, 0, trial->memory, trial->size, &solution);
}

bool umm_conflict_solved_without(const struct umm_problem *problem, const struct umm_culprit *clash,
				 void *memory, size_t size)
{
	struct trial trial;
	if (!copy_problem(&trial, problem, clash->demand, memory, size))
		return false;
	if (clash->field < UMM_N_DEMAND_FIELDS) {
		umm_demand_reset(&trial.demands[clash->demand], clash->field);
	} else {
		umm_entry_reset(&trial.entries[clash->entry], clash->field);
		umm_entry_conclude(&trial.entries[clash->entry]);
	}
	return copy_solved(&trial);
}

bool umm_conflict_solved_as_linear(const struct umm_problem *problem, uint32_t demand,
				   uint32_t entry, void *memory, size_t size)
{
	static const uint64_t linear = UMM_MODIFIER_LINEAR;
	struct trial trial;
	if (!copy_problem(&trial, problem, demand, memory, size))
		return false;
	struct umm_entry *changed = &trial.entries[entry];
	for (uint32_t i = 0; i < changed->n_formats; i++) {
		struct umm_pair pair = { changed->formats[i], linear };
		const struct umm_entry *other = umm_explain_entry(&problem->demands[demand], pair);
		if (other != NULL && other != &problem->demands[demand].entries[entry])
			return false;
	}
	changed->modifiers = &linear;
	changed->n_modifiers = 1;
	umm_entry_conclude(changed);
	return copy_solved(&trial);
}
