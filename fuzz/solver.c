/* SPDX-License-Identifier: MIT */
/**
 * libFuzzer target: bytes become participants, groups and heaps directly, and the core solves them.
 *
 * The document fuzzer spends its time in JSON; here nearly every input is a valid problem, so the
 * search, the trials and the explanations behind it see many more of them. Beyond the sanitizers:
 *
 *	- a solution meets what each participant that takes part states for itself
 *	- heaps in another order give the same solution
 *	- a refusal has a conflict, in which nobody late appears
 *	- a trial agrees with the solver on the document it stands for, and when it is proved that
 *no field left out helps, none does
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain.h"
#include "core/number.h"
#include "core/scratch.h"
#include "core/trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEMANDS = 8, ENTRIES = 3, HEAPS = 5, GROUPS = 6, ALTERNATIVES = 18, SIZES = 2 };

struct input {
	const uint8_t *at, *end;
};

/** A problem and all that it points to. */
struct world {
	struct umm_problem problem;
	struct umm_demand demands[DEMANDS];
	struct umm_entry entries[DEMANDS][ENTRIES];
	uint32_t formats[DEMANDS][ENTRIES][8];
	uint64_t modifiers[DEMANDS][ENTRIES][4];
	struct umm_size required[DEMANDS][ENTRIES][SIZES];
	const char *heap_names[DEMANDS][2];
	struct umm_group groups[GROUPS];
	uint32_t alternative_group[ALTERNATIVES];
	struct umm_heap_facts heaps[HEAPS];
};

static void give_up(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			give_up(#condition);                                                       \
	} while (0)

static unsigned next(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static unsigned below(struct input *input, unsigned limit)
{
	return next(input) % limit;
}

#define PICK(input, table) ((table)[below(input, sizeof(table) / sizeof((table)[0]))])

static uint64_t number(struct input *input)
{
	static const uint64_t table[] = { 1,
					  2,
					  3,
					  4,
					  7,
					  16,
					  48,
					  64,
					  100,
					  1088,
					  1920,
					  4095,
					  4096,
					  8192,
					  65536,
					  1 << 20,
					  3110400,
					  1 << 23,
					  UINT64_C(1) << 31,
					  UINT64_C(0xffffffff),
					  UINT64_C(1) << 40,
					  UINT64_C(1) << 62,
					  UMM_NUMBER_MAX - 4095,
					  UMM_NUMBER_MAX };
	return PICK(input, table);
}

static uint64_t power(struct input *input)
{
	static const unsigned char shifts[] = { 0, 1, 2, 4, 6, 8, 12, 13, 20, 31, 40, 62 };
	return UINT64_C(1) << PICK(input, shifts);
}

/* ---- participants ---- */

static void read_memory(struct input *input, struct umm_demand *demand, const char **names)
{
	static const char *const heaps[] = { "ash", "birch", "cedar", "elm", "fir", "none" };
	unsigned fields = next(input) | next(input) << 8;
	if (fields & 1)
		demand->size_min = number(input);
	if (fields & 2)
		demand->size_max = umm_max(number(input), demand->size_min);
	demand->contiguous = (fields & 4) != 0;
	if (fields & 8)
		demand->address_align = power(input);
	if (fields & 16)
		demand->address_max = number(input);
	if (fields & 32)
		demand->segments_count = number(input);
	if (fields & 64)
		demand->segments_bytes = number(input);
	if (fields & 128)
		demand->segments_boundary = power(input);
	demand->iommu = (fields & 256) != 0;
	demand->secure = (fields & 512) != 0;
	if (fields & 1024 && !demand->secure)
		demand->coherency = 1 + below(input, 7);
	if (fields & 2048)
		demand->imports = 1 + below(input, 15);
	if (fields & 4096)
		demand->pad_end = number(input);
	if (fields & 8192)
		demand->cache = (enum umm_cache)below(input, UMM_CACHE_UNCACHED + 1);
	if (fields & 16384) {
		names[0] = PICK(input, heaps);
		names[1] = PICK(input, heaps);
		demand->heaps = names;
		demand->n_heaps = names[0] == names[1] ? 1 : 2;
	}
}

static void read_buffers(struct input *input, struct umm_demand *demand)
{
	static const uint64_t counts[] = { 1, 1, 2, 3, 5, 8, 16, UMM_NUMBER_MAX };
	unsigned fields = next(input);
	if (fields & 1)
		demand->camping = PICK(input, counts);
	if (fields & 2)
		demand->dedicated_slack = PICK(input, counts);
	if (fields & 4)
		demand->shared_slack = PICK(input, counts);
	if (fields & 8)
		demand->buffers_min = PICK(input, counts);
	if (fields & 16)
		demand->buffers_max = umm_max(PICK(input, counts), demand->buffers_min);
}

static void read_stride(struct input *input, struct umm_entry *entry, unsigned fields)
{
	struct umm_merge *need = &entry->need;
	if (fields & 1)
		need->at_least[UMM_LEAST_STRIDE] = number(input);
	if (fields & 2)
		need->at_most[UMM_MOST_STRIDE] =
			umm_max(number(input), need->at_least[UMM_LEAST_STRIDE]);
	if (fields & 4)
		entry->own_stride = number(input);
	if (fields & 8)
		need->must |= UMM_FACT_WHOLE_PIXELS;
	entry->exact = (fields & 16) != 0;
	if (fields & 32)
		entry->own_plane_stride = number(input);
	if (fields & 64)
		need->multiple[UMM_MULTIPLE_STRIDE + 1 + below(input, 3)] = number(input);
	if (fields & 128)
		need->multiple[UMM_MULTIPLE_OFFSET + below(input, 4)] = number(input);
}

static void read_size(struct input *input, struct umm_entry *entry, unsigned fields,
		      struct umm_size *required)
{
	static const uint64_t sides[] = { 1, 2, 16, 17, 63, 64, 1080, 1920, 4096, 1 << 20 };
	struct umm_merge *need = &entry->need;
	for (unsigned i = 0; i < 2; i++) {
		if (fields & 1)
			need->at_least[UMM_LEAST_WIDTH + i] = PICK(input, sides);
		if (fields & 2)
			need->at_most[UMM_MOST_WIDTH + i] =
				umm_max(PICK(input, sides), need->at_least[UMM_LEAST_WIDTH + i]);
		if (fields & 4)
			need->at_least[UMM_LEAST_WIDTH_ALIGN + i] = power(input);
		if (fields & 8)
			need->at_least[UMM_LEAST_KEPT_WIDTH + i] =
				need->at_most[UMM_MOST_KEPT_WIDTH + i] = PICK(input, sides);
		if (fields & 16)
			need->at_least[UMM_LEAST_PAD_WIDTH + i] = power(input);
	}
	entry->required = required;
	for (unsigned count = fields >> 5 & 3; count > 1; count--)
		required[entry->n_required++] =
			(struct umm_size){ PICK(input, sides), PICK(input, sides) };
	if (fields & 128)
		need->at_most[UMM_MOST_AREA] = number(input);
}

static void read_rest(struct input *input, struct umm_entry *entry, unsigned fields)
{
	struct umm_merge *need = &entry->need;
	if (fields & 1) {
		need->must |= UMM_FACT_COLORS;
		need->among[UMM_AMONG_COLORS] = UMM_COLORS_ALL;
		if (fields & 2) {
			need->among[UMM_AMONG_COLORS] = 1 + below(input, 15);
			need->must |= UMM_FACT_COLOR;
		}
	}
	if (fields & 4)
		need->among[UMM_AMONG_ALPHA] = 1 + below(input, 2);
	if (fields & 8)
		need->among[UMM_AMONG_HANDLES] = 1 + below(input, 2);
	if (fields & 16)
		need->at_least[UMM_LEAST_ROWS_ALIGN] = power(input);
	if (fields & 32)
		need->at_least[UMM_LEAST_EXTRA_ROWS] = number(input);
	if (fields & 64)
		need->at_least[UMM_LEAST_TOTAL] = number(input);
	if (fields & 128)
		need->total[UMM_TOTAL_COST] = below(input, 4);
}

/** Entry `part` of `parts`, which never overlap: each has its own of the formats. */
static void read_pairs(struct input *input, struct umm_entry *entry, uint32_t *formats,
		       uint64_t *modifiers, unsigned part, unsigned parts)
{
	static const char known[][5] = { "NV12", "XR24", "YUYV", "AR24",
					 "YU12", "RG24", "P010", "R8  " };
	static const uint64_t tilings[] = { UMM_MODIFIER_LINEAR, UINT64_C(0x0100000000000001),
					    UINT64_C(0x0800000000000001),
					    UINT64_C(0x0200000000000002) };
	unsigned set = next(input), tiled = next(input);
	entry->formats = formats;
	entry->modifiers = modifiers;
	for (unsigned i = 0; i < 8; i++)
		if (i % parts == part && (set >> i & 1) != 0)
			formats[entry->n_formats++] =
				UMM_FOURCC(known[i][0], known[i][1], known[i][2], known[i][3]);
	if (entry->n_formats == 0 && parts > 1)
		formats[entry->n_formats++] =
			UMM_FOURCC(known[part][0], known[part][1], known[part][2], known[part][3]);
	for (unsigned i = 0; i < 4; i++)
		if ((tiled >> i & 1) != 0)
			modifiers[entry->n_modifiers++] = tilings[i];
}

/** Whether a structure is as its copy was; memcpy() took what lies between the fields as well. */
static bool is_same(const void *copy, const void *original, size_t size)
{
	return memcmp(copy, original, size) == 0;
}

/** Which fields are stated: those that are not as at the start. */
static void note_demand(struct umm_demand *demand)
{
	demand->stated = UMM_FIELD_BIT(UMM_FIELD_USAGE);
	for (unsigned field = 0; field < UMM_N_DEMAND_FIELDS; field++) {
		struct umm_demand reset;
		if (field == UMM_FIELD_USAGE)
			continue;
		memcpy(&reset, demand, sizeof(reset));
		umm_demand_reset(&reset, field);
		reset.stated = demand->stated;
		if (!is_same(&reset, demand, sizeof(reset)))
			demand->stated |= UMM_FIELD_BIT(field);
	}
}

static void note_entry(struct umm_entry *entry)
{
	for (unsigned field = UMM_N_DEMAND_FIELDS; field < UMM_N_FIELDS; field++) {
		struct umm_entry reset;
		memcpy(&reset, entry, sizeof(reset));
		umm_entry_reset(&reset, field);
		reset.stated = entry->stated;
		if (!is_same(&reset, entry, sizeof(reset)))
			entry->stated |= UMM_FIELD_BIT(field);
	}
}

static void read_demand(struct input *input, struct world *world, unsigned index)
{
	static const char *const names[DEMANDS] = { "anna", "bert", "cleo", "dora",
						    "emil", "fred", "gina", "hans" };
	static const uint32_t usages[] = { UMM_USAGE_DMA,   UMM_USAGE_GPU,	UMM_USAGE_DISPLAY,
					   UMM_USAGE_VIDEO, UMM_USAGE_CPU_READ, UMM_USAGE_NONE };
	struct umm_demand *demand = &world->demands[index];
	umm_demand_init(demand, names[index]);
	unsigned kind = next(input), n_entries = kind & 3;
	demand->usage = PICK(input, usages);
	demand->attach = (kind & 0x1c) == 0x1c ? UMM_ATTACH_LATE : UMM_ATTACH_REQUIRED;
	if (world->problem.n_alternatives > 0 && (kind & 0x20) != 0)
		demand->alternative = below(input, world->problem.n_alternatives);
	if (kind & 0x40)
		read_memory(input, demand, world->heap_names[index]);
	read_buffers(input, demand);
	demand->entries = world->entries[index];
	demand->n_entries = n_entries;
	for (unsigned i = 0; i < n_entries; i++) {
		struct umm_entry *entry = &world->entries[index][i];
		umm_entry_init(entry);
		entry->index = i;
		read_pairs(input, entry, world->formats[index][i], world->modifiers[index][i], i,
			   n_entries);
		unsigned fields = next(input);
		if (fields & 1)
			read_stride(input, entry, next(input));
		if (fields & 2)
			read_size(input, entry, next(input), world->required[index][i]);
		if (fields & 4)
			read_rest(input, entry, next(input));
		entry->need.may = entry->need.must;
		umm_entry_conclude(entry);
		note_entry(entry);
	}
	note_demand(demand);
}

/* ---- groups and heaps ---- */

/** Groups in depth-first order: each stands in an alternative of the last one, or of one around it,
 * or on top. */
static void read_groups(struct input *input, struct world *world)
{
	struct umm_problem *problem = &world->problem;
	static const char *const names[GROUPS] = { "r", "s", "t", "u", "v", "w" };
	uint32_t place = UMM_NOWHERE;
	problem->n_groups = below(input, GROUPS + 1);
	for (uint32_t i = 0; i < problem->n_groups; i++) {
		struct umm_group *group = &world->groups[i];
		unsigned kind = next(input);
		while (i > 0 && place != UMM_NOWHERE && (kind & 1) != 0) {
			place = world->groups[world->alternative_group[place]].parent;
			kind >>= 1;
		}
		*group = (struct umm_group){ names[i], place, problem->n_alternatives,
					     1 + (kind >> 4) % 3 };
		for (uint32_t a = 0; a < group->n_alternatives; a++)
			world->alternative_group[problem->n_alternatives++] = i;
		place = group->first_alternative + (kind >> 6) % group->n_alternatives;
	}
}

static void read_heaps(struct input *input, struct world *world)
{
	static const char *const names[HEAPS] = { "ash", "birch", "cedar", "elm", "fir" };
	world->problem.n_heaps = below(input, HEAPS + 1);
	for (unsigned i = 0; i < world->problem.n_heaps; i++) {
		unsigned fields = next(input);
		world->heaps[i] = (struct umm_heap_facts){
			.name = names[i],
			.class = 1u << below(input, 4),
			.contiguous = (fields & 3) == 3,
			.secure = (fields & 28) == 28,
			.contiguous_max = (fields & 3) == 2 ? number(input) : 0,
			.address_max = (fields & 32) != 0 ? number(input) : UMM_NO_LIMIT,
			.size_max = (fields & 64) != 0 ? number(input) : UMM_NO_LIMIT,
			.free = (fields & 128) != 0 ? number(input) : UMM_NO_LIMIT,
			.largest_free = (fields & 129) == 129 ? number(input) : UMM_NO_LIMIT,
			.cost = fields & 1,
			.coherency = (fields & 28) == 28   ? UMM_COHERENCY_INACCESSIBLE
				     : (fields & 24) == 24 ? 1 + below(input, 7)
							   : UMM_COHERENCY_CPU | UMM_COHERENCY_RAM |
								     UMM_COHERENCY_INACCESSIBLE,
			.cache = UMM_CACHE_CACHED + (fields >> 2) % 3,
		};
	}
}

static void read_world(struct input *input, struct world *world)
{
	memset(world, 0, sizeof(*world));
	read_heaps(input, world);
	read_groups(input, world);
	world->problem.demands = world->demands;
	world->problem.groups = world->groups;
	world->problem.alternative_group = world->alternative_group;
	world->problem.heaps = world->heaps;
	world->problem.n_demands = 1 + below(input, DEMANDS);
	for (unsigned i = 0; i < world->problem.n_demands; i++)
		read_demand(input, world, i);
}

/* ---- what must hold ---- */

static void check_image(const struct umm_demand *demand, const struct umm_solution *solution)
{
	const struct umm_entry *entry = umm_explain_entry(demand, solution->pair);
	const struct umm_image *image = &solution->image;
	CHECK(entry != NULL);
	const struct umm_merge *need = &entry->need;
	CHECK(image->planes[0].stride_bytes <= need->at_most[UMM_MOST_STRIDE]);
	CHECK(image->planes[0].stride_bytes >= need->at_least[UMM_LEAST_STRIDE]);
	CHECK(image->planes[0].stride_bytes % entry->own_stride == 0);
	CHECK(image->aligned.width_px % need->at_least[UMM_LEAST_WIDTH_ALIGN] == 0);
	CHECK(image->aligned.height_px % need->at_least[UMM_LEAST_HEIGHT_ALIGN] == 0);
	CHECK(image->aligned.width_px <= need->at_most[UMM_MOST_WIDTH]);
	CHECK(image->aligned.height_px <= need->at_most[UMM_MOST_HEIGHT]);
	CHECK(image->raw_bytes >= need->at_least[UMM_LEAST_TOTAL]);
	for (unsigned i = 0; i < image->n_planes; i++)
		CHECK(image->planes[i].stride_bytes % need->multiple[UMM_MULTIPLE_STRIDE + i] == 0);
	if (solution->color != 0)
		CHECK((need->among[UMM_AMONG_COLORS] & solution->color) != 0);
}

static void check_demand(const struct umm_demand *demand, const struct umm_solution *solution,
			 const struct umm_heap_facts *heap)
{
	CHECK(umm_demand_objection(demand, heap) == UMM_N_FIELDS);
	CHECK((umm_demand_coherency(demand) & solution->coherency) != 0);
	CHECK(solution->buffers >= demand->camping && solution->buffers >= demand->buffers_min);
	CHECK(solution->buffers <= demand->buffers_max);
	CHECK(solution->image.size_bytes >= demand->size_min);
	CHECK(solution->image.raw_bytes <= demand->size_max);
	CHECK(!demand->contiguous || demand->iommu || heap->contiguous ||
	      solution->image.raw_size_bytes <= heap->contiguous_max);
	if (demand->n_entries > 0)
		check_image(demand, solution);
}

static void check_solution(const struct umm_problem *problem, const struct umm_solution *solution)
{
	CHECK(solution->heap < problem->n_heaps);
	const struct umm_heap_facts *heap = &problem->heaps[solution->heap];
	CHECK((heap->coherency & solution->coherency) != 0);
	CHECK(umm_product(solution->buffers, solution->image.raw_size_bytes) <= heap->free);
	CHECK(solution->image.raw_size_bytes <= heap->size_max);
	for (uint32_t i = 0; i < problem->n_demands; i++)
		if (solution->part[i] == UMM_PART_TAKES || solution->part[i] == UMM_PART_ADMITTED)
			check_demand(&problem->demands[i], solution, heap);
}

/** Memory that is there for all inputs. */
static struct {
	_Alignas(16) unsigned char solve[1 << 19], other[1 << 19], explain[1 << 20];
} memory;

static void check_other_order(const struct world *world, bool solved,
			      const struct umm_solution *solution)
{
	struct umm_problem problem = world->problem;
	struct umm_heap_facts heaps[HEAPS];
	struct umm_solution other;
	for (uint32_t i = 0; i < problem.n_heaps; i++)
		heaps[i] = world->heaps[problem.n_heaps - 1 - i];
	problem.heaps = heaps;
	CHECK(umm_solve(&problem, 0, memory.other, sizeof(memory.other), &other) == solved);
	if (!solved)
		return;
	CHECK(heaps[other.heap].name == world->heaps[solution->heap].name);
	CHECK(other.coherency == solution->coherency && other.color == solution->color);
	CHECK(other.pair.format == solution->pair.format);
	CHECK(other.pair.modifier == solution->pair.modifier);
	CHECK(other.image.raw_size_bytes == solution->image.raw_size_bytes);
	CHECK(other.buffers == solution->buffers && other.cost == solution->cost);
}

/** Whether the document without one field of a demand has a solution: a new search. */
static bool solved_without(struct world *world, const struct umm_culprit *field)
{
	struct umm_solution solution;
	struct umm_demand *demand = &world->demands[field->demand], kept = *demand;
	struct umm_entry *entry = &world->entries[field->demand][field->entry], kept_entry;
	memcpy(&kept_entry, entry, sizeof(kept_entry));
	if (field->field < UMM_N_DEMAND_FIELDS) {
		umm_demand_reset(demand, field->field);
	} else {
		umm_entry_reset(entry, field->field);
		umm_entry_conclude(entry);
	}
	bool solved = umm_solve(&world->problem, 0, memory.other, sizeof(memory.other), &solution);
	*demand = kept;
	memcpy(entry, &kept_entry, sizeof(kept_entry));
	return solved;
}

static void check_field(struct world *world, struct umm_trial *trial, struct umm_culprit field,
			bool helps)
{
	bool solved = umm_trial_solved_without(trial, &field);
	CHECK(solved == solved_without(world, &field));
	CHECK(helps || !solved);
}

/** Leave out every field of one demand. */
static void check_trials(struct world *world, uint32_t index)
{
	struct umm_scratch scratch = { memory.explain, sizeof(memory.explain), 0 };
	const struct umm_demand *demand = &world->demands[index];
	struct umm_trial trial;
	umm_trial_take(&trial, &world->problem, &scratch);
	CHECK(scratch.used <= sizeof(memory.explain));
	umm_trial_start(&trial, UMM_TRIAL_AS_STATED, 0);
	CHECK(!umm_trial_solved(&trial));
	bool helps = umm_trial_helps_any(&trial, index, index + 1);
	for (unsigned field = UMM_FIELD_USAGE + 1; field < UMM_N_FIELDS; field++) {
		if (field < UMM_N_DEMAND_FIELDS && (demand->stated & UMM_FIELD_BIT(field)) != 0)
			check_field(world, &trial, (struct umm_culprit){ index, 0, field, NULL },
				    helps);
		for (uint32_t i = 0; field >= UMM_N_DEMAND_FIELDS && i < demand->n_entries; i++)
			if ((demand->entries[i].stated & UMM_FIELD_BIT(field)) != 0)
				check_field(world, &trial,
					    (struct umm_culprit){ index, i, field, NULL }, helps);
	}
}

static void check_conflict(const struct world *world)
{
	const struct umm_culprit *clashes = NULL;
	CHECK(umm_conflict_size(&world->problem) <= sizeof(memory.explain));
	size_t count = umm_conflict_find(&world->problem, memory.explain, sizeof(memory.explain),
					 &clashes);
	CHECK(count > 0);
	for (size_t i = 0; i < count; i++)
		CHECK(clashes[i].condition != NULL ||
		      world->demands[clashes[i].demand].attach != UMM_ATTACH_LATE);
}

static uint32_t hash(const uint8_t *data, size_t size)
{
	uint32_t mixed = 2166136261u;
	for (size_t i = 0; i < size; i++)
		mixed = (mixed ^ data[i]) * 16777619u;
	return mixed >> 8;
}

static void check_refusal(struct world *world, uint32_t pick)
{
	if (pick % 16 == 0)
		check_conflict(world);
	if (pick % 16 == 8)
		check_trials(world, pick / 16 % world->problem.n_demands);
}

static void look(void *user, const struct umm_verdict_on *verdict)
{
	const struct umm_problem *problem = user;
	CHECK(!verdict->rejected || verdict->field != NULL);
	CHECK(!verdict->rejected || verdict->demand == UMM_NOBODY ||
	      verdict->demand < problem->n_demands);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	struct input input = { data, data + size };
	struct umm_solution solution;
	read_world(&input, &world);
	struct umm_problem *problem = &world.problem;
	CHECK(umm_solve_size(problem) <= sizeof(memory.solve));
	bool solved = umm_solve(problem, 0, memory.solve, sizeof(memory.solve), &solution);
	if (solved) {
		check_solution(problem, &solution);
		CHECK(umm_explain_candidates(problem, &solution, memory.explain,
					     sizeof(memory.explain), look, problem));
	} else {
		check_refusal(&world, hash(data, size));
	}
	check_other_order(&world, solved, &solution);
	return 0;
}
