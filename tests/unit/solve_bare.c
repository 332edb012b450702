/* SPDX-License-Identifier: MIT */
/*
 * The solver as a kernel or an RTOS has it: demands from tables, memory from the caller, no JSON.
 * What a rule of the document means is tested by solve.c and layout.c; here the same code runs on
 * machines with other words.
 */
#include "core/conflict.h"
#include "core/number.h"
#include "core/solve.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

#define FOURCC(a, b, c, d)                                                                         \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define NV12	FOURCC('N', 'V', '1', '2')
#define R8	FOURCC('R', '8', ' ', ' ')
#define XR24	FOURCC('X', 'R', '2', '4')

#define DEVICES 3

/* One device: one entry of one format, one required size. */
struct device {
	struct umm_entry entry;
	struct umm_size size;
	uint32_t format;
	uint64_t modifier;
};

static struct {
	struct umm_demand demands[DEVICES];
	struct device devices[DEVICES];
	struct umm_heap_facts heaps[2];
	struct umm_problem problem;
	void *memory;
} world;

static const char *const names[DEVICES] = { "camera", "display", "gpu" };

static struct umm_heap_facts heap(const char *name, uint32_t class, bool contiguous)
{
	return (struct umm_heap_facts){
		.name = name,
		.class = class,
		.contiguous = contiguous,
		.contiguous_max = contiguous ? UMM_NO_LIMIT : 0,
		.address_max = UMM_NO_LIMIT,
		.size_max = UMM_NO_LIMIT,
		.free = UMM_NO_LIMIT,
		.largest_free = UMM_NO_LIMIT,
		.coherency = UMM_COHERENCY_CPU,
	};
}

static void state_format(unsigned i, uint32_t format, struct umm_size size)
{
	struct device *device = &world.devices[i];
	*device = (struct device){ .size = size, .format = format };
	umm_entry_init(&device->entry);
	device->entry.formats = &device->format;
	device->entry.modifiers = &device->modifier;
	device->entry.required = &device->size;
	device->entry.n_formats = device->entry.n_modifiers = device->entry.n_required = 1;
	device->entry.need.must |= UMM_FACT_REQUIRED;
	device->entry.need.may |= UMM_FACT_REQUIRED;
	device->entry.stated = UMM_FIELD_BIT(UMM_FIELD_REQUIRED_SIZES);
}

static void state_stride(unsigned i, uint64_t divisor)
{
	struct umm_entry *entry = &world.devices[i].entry;
	entry->own_stride = divisor;
	entry->stated |= UMM_FIELD_BIT(UMM_FIELD_STRIDE_DIVISOR);
}

/* Three devices that want two buffers of one size, and nothing else. */
static void start(uint32_t format, struct umm_size size)
{
	world.heaps[0] = heap("system", UMM_HEAP_MEMFD, false);
	world.heaps[1] = heap("cma", UMM_HEAP_DMA_HEAP, true);
	for (unsigned i = 0; i < DEVICES; i++) {
		struct umm_demand *demand = &world.demands[i];
		umm_demand_init(demand, names[i]);
		demand->usage = UMM_USAGE_DMA;
		demand->camping = 2;
		demand->stated = UMM_FIELD_BIT(UMM_FIELD_USAGE) | UMM_FIELD_BIT(UMM_FIELD_CAMPING) |
				 UMM_FIELD_BIT(UMM_FIELD_FORMATS);
		demand->entries = &world.devices[i].entry;
		demand->n_entries = 1;
		state_format(i, format, size);
	}
	world.problem = (struct umm_problem){
		.demands = world.demands,
		.n_demands = DEVICES,
		.heaps = world.heaps,
		.n_heaps = 2,
	};
}

static bool solve(struct umm_solution *out)
{
	for (unsigned i = 0; i < DEVICES; i++)
		umm_entry_conclude(&world.devices[i].entry);
	size_t size = umm_solve_size(&world.problem);
	free(world.memory);
	world.memory = malloc(size);
	CHECK(size > 0 && world.memory != NULL);
	return umm_solve(&world.problem, 0, world.memory, size, out);
}

TEST(three_devices_agree_on_a_picture_and_a_heap)
{
	struct umm_solution solution;
	start(NV12, (struct umm_size){ 1920, 1080 });
	state_stride(0, 64);
	state_stride(1, 256);
	state_stride(2, 48);
	world.demands[0].contiguous = true;
	world.demands[0].stated |= UMM_FIELD_BIT(UMM_FIELD_CONTIGUOUS);
	CHECK(solve(&solution));
	CHECK_STR(world.heaps[solution.heap].name, "cma");
	CHECK(solution.pair.format == NV12);
	CHECK_INT(solution.buffers, 6);
	CHECK_INT(solution.image.planes[0].stride_bytes, 2304);
	CHECK_INT(solution.image.planes[1].offset_bytes, 2304 * 1080);
	CHECK_INT(solution.image.planes[1].stride_bytes, 2304);
	CHECK_INT(solution.image.size_bytes, 2304 * 1080 * 3 / 2);
	CHECK_INT(solution.image.raw_size_bytes % UMM_PAGE_BYTES, 0);
}

TEST(pictures_of_more_than_4_gib_have_their_true_size)
{
	struct umm_solution solution;
	start(XR24, (struct umm_size){ 65535, 65537 });
	state_stride(1, 4096);
	CHECK(solve(&solution));
	CHECK(solution.image.planes[0].stride_bytes == 262144);
	CHECK(solution.image.size_bytes == UINT64_C(262144) * 65537);

	start(R8, (struct umm_size){ UINT64_C(1) << 40, 1 });
	state_stride(0, (UINT64_C(1) << 33) + 1);
	CHECK(solve(&solution));
	CHECK(solution.image.planes[0].stride_bytes == ((UINT64_C(1) << 33) + 1) * 128);

	start(R8, (struct umm_size){ UINT64_C(1) << 40, UINT64_C(1) << 40 });
	CHECK(!solve(&solution));
}

TEST(a_conflict_names_who_clashes)
{
	struct umm_solution solution;
	start(NV12, (struct umm_size){ 1920, 1080 });
	state_stride(0, 256);
	struct umm_entry *display = &world.devices[1].entry;
	display->need.at_most[UMM_MOST_STRIDE] = 2000;
	display->stated |= UMM_FIELD_BIT(UMM_FIELD_STRIDE_MAX);
	CHECK(!solve(&solution));

	size_t size = umm_conflict_size(&world.problem);
	void *memory = malloc(size);
	const struct umm_culprit *culprits;
	CHECK(memory != NULL);
	size_t n = umm_conflict_find(&world.problem, memory, size, &culprits);
	CHECK(n >= 2);
	bool divisor = false, limit = false;
	for (size_t i = 0; i < n; i++) {
		divisor |= culprits[i].demand == 0 && culprits[i].field == UMM_FIELD_STRIDE_DIVISOR;
		limit |= culprits[i].demand == 1 && culprits[i].field == UMM_FIELD_STRIDE_MAX;
	}
	CHECK(divisor && limit);
	free(memory);
}

/* The smallest multiple of all divisors that holds the row, by trying. */
static uint64_t naive_stride(uint64_t width, const uint64_t divisors[DEVICES])
{
	for (uint64_t stride = width;; stride++) {
		bool fits = true;
		for (unsigned i = 0; i < DEVICES; i++)
			fits &= stride % divisors[i] == 0;
		if (fits)
			return stride;
	}
}

TEST(random_strides_agree_with_trying_them_all)
{
	struct test_random random = test_random_seed(1);
	for (uint64_t step = test_steps(2000); step > 0; step--) {
		struct umm_size size = { 1 + test_random_below(&random, 5000),
					 1 + test_random_below(&random, 100) };
		uint64_t divisors[DEVICES];
		struct umm_solution solution;
		start(R8, size);
		for (unsigned i = 0; i < DEVICES; i++)
			state_stride(i, divisors[i] = 1 + test_random_below(&random, 40));
		CHECK(solve(&solution));
		uint64_t stride = naive_stride(size.width_px, divisors);
		CHECK(solution.image.planes[0].stride_bytes == stride);
		CHECK(solution.image.size_bytes == stride * size.height_px);
	}
}
