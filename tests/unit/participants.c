/* SPDX-License-Identifier: MIT */
/* The solver asked by calls: participants and heaps as structures. */
#include <errno.h>

#include "share/answer.h"
#include "share/constraints.h"
#include "tests/harness.h"

static const struct umm_heap_offer heaps[] = {
	{ .name = "system", .heap_class = UMM_HEAP_MEMFD },
	{ .name = "cma",
	  .heap_class = UMM_HEAP_DMA_HEAP,
	  .contiguous = true,
	  .free_bytes = 1 << 20 },
};

static struct umm_constraints *camera(uint64_t size_bytes)
{
	struct umm_constraints *camera = NULL;
	CHECK_INT(umm_constraints_create("camera", &camera), 0);
	CHECK_INT(umm_constraints_set_usage(camera, UMM_USAGE_VIDEO), 0);
	CHECK_INT(umm_constraints_set_buffers(camera, &(struct umm_buffer_demand){ .min = 2 }), 0);
	CHECK_INT(umm_constraints_set_memory(
			  camera, &(struct umm_memory_demand){ .contiguous = true,
							       .size_min_bytes = size_bytes }),
		  0);
	return camera;
}

static int ask(const struct umm_constraints *participant, const struct umm_heap_offer *offers,
	       size_t n_offers, struct umm_answer **out)
{
	return umm_solve_participants(&participant, 1, offers, n_offers, out);
}

TEST(the_heap_that_serves_is_chosen)
{
	umm_auto(umm_constraints, participant) = camera(8192);
	umm_auto(umm_answer, answer) = NULL;
	CHECK_INT(ask(participant, heaps, 2, &answer), UMM_OK);
	CHECK_STR(umm_answer_layout(answer)->heap, "cma");
	CHECK_INT(umm_answer_layout(answer)->buffers, 2);
	CHECK_STR(umm_answer_rejection(answer, 0)->heap, "system");
}

TEST(what_is_free_limits_all_buffers_together)
{
	umm_auto(umm_constraints, fits) = camera(1 << 19);
	umm_auto(umm_constraints, larger) = camera((1 << 19) + 1);
	umm_auto(umm_answer, answer) = NULL;
	umm_auto(umm_answer, refusal) = NULL;
	CHECK_INT(ask(fits, heaps, 2, &answer), UMM_OK);
	CHECK_INT(ask(larger, heaps, 2, &refusal), UMM_CONFLICT);
	CHECK(umm_answer_clash_count(refusal) > 0);
}

/** Two heaps that differ in one property, `better` being the one that serves or is preferred, in
 * spite of its name. */
static void prefers(const struct umm_constraints *participant, struct umm_heap_offer worse,
		    struct umm_heap_offer better)
{
	umm_auto(umm_answer, answer) = NULL;
	worse.name = "a";
	better.name = "b";
	worse.heap_class = better.heap_class = UMM_HEAP_DMA_HEAP;
	struct umm_heap_offer both[] = { worse, better };
	CHECK_INT(ask(participant, both, 2, &answer), UMM_OK);
	CHECK_STR(umm_answer_layout(answer)->heap, "b");
}

TEST(each_property_of_a_heap_counts)
{
	struct umm_heap_offer none = { 0 }, run = { .contiguous = true }, more;
	umm_auto(umm_constraints, participant) = camera(8192);
	prefers(participant, none, run);
	prefers(participant, none, (struct umm_heap_offer){ .contiguous_max_bytes = 8192 });
	more = run, more.size_max_bytes = 4096;
	prefers(participant, more, run);
	more = run, more.free_bytes = 8192;
	prefers(participant, more, run);
	more = run, more.largest_free_bytes = 4096;
	prefers(participant, more, run);
	more = run, more.address_max = UINT32_MAX;
	prefers(participant, more, run);
	more = run, more.cost = 1;
	prefers(participant, more, run);
	more = run, more.secure = true;
	prefers(participant, more, run);

	struct umm_memory_demand cpu = { .contiguous = true,
					 .size_min_bytes = 8192,
					 .coherency = UMM_COHERENCY_CPU,
					 .cache = UMM_CACHE_UNCACHED };
	CHECK_INT(umm_constraints_set_memory(participant, &cpu), 0);
	more = run, more.coherency = UMM_COHERENCY_RAM;
	prefers(participant, more, run);
	more = run, more.cache = UMM_CACHE_UNCACHED;
	prefers(participant, run, more);
}

TEST(a_heap_that_no_document_can_express_is_an_error)
{
	umm_auto(umm_constraints, participant) = camera(1);
	struct umm_answer *answer = NULL;
	struct umm_heap_offer nameless = { .heap_class = UMM_HEAP_MEMFD };
	struct umm_heap_offer no_text = { .name = "\xff", .heap_class = UMM_HEAP_MEMFD };
	struct umm_heap_offer two = { .name = "h", .heap_class = UMM_HEAP_MEMFD | UMM_HEAP_DRM };
	struct umm_heap_offer huge = { .name = "h",
				       .heap_class = UMM_HEAP_MEMFD,
				       .free_bytes = UINT64_MAX };
	CHECK_INT(ask(participant, &nameless, 1, &answer), -EINVAL);
	CHECK_INT(ask(participant, &no_text, 1, &answer), -EINVAL);
	CHECK_INT(ask(participant, &two, 1, &answer), -EINVAL);
	CHECK_INT(ask(participant, &huge, 1, &answer), -EINVAL);
	CHECK(answer == NULL);
}

TEST(no_heap_is_a_conflict_and_no_class_is_invalid)
{
	umm_auto(umm_constraints, participant) = camera(1);
	umm_auto(umm_answer, answer) = NULL;
	umm_auto(umm_answer, invalid) = NULL;
	CHECK_INT(ask(participant, NULL, 0, &answer), UMM_CONFLICT);
	CHECK_STR(umm_answer_clash(answer, 0)->field, "heaps");
	CHECK_INT(ask(participant, &(struct umm_heap_offer){ .name = "h" }, 1, &invalid),
		  UMM_INVALID);
}
