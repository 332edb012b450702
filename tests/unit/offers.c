/* SPDX-License-Identifier: MIT */
/**
 * Which heaps a negotiation asks what they have. Heap "runs" looks for free runs, which is dear:
 * the file brings its own umm_heap_udmabuf, which is that heap and counts how often it is asked.
 */
#include "heap/table.h"
#include "os/memfd.h"
#include "share/answer.h"
#include "share/json.h"
#include "share/negotiation.h"
#include "share/offers.h"
#include "tests/unit/members.h"

static unsigned asked;
static bool absent;

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	(void)heap;
	asked++;
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_CARVEOUT,
		.present = !absent,
		.contiguous_max_bytes = UINT64_C(64) << 20,
		.free_bytes = UINT64_MAX,
		.page_bytes = 4096,
		.cost = 1,
		.source = "a test",
	};
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	(void)heap;
	*out = UMM_HEAP_NO_MEMORY;
	return umm_memfd_create(request->label, request->size_bytes, UMM_PAGES_4K, &out->fd);
}

const struct umm_heap_ops umm_heap_udmabuf = {
	.name = "runs",
	.of_runs = true,
	.probe = probe,
	.allocate = allocate,
};

static void list_none(struct umm_heap_list *out)
{
	(void)out;
}

const struct umm_heap_ops umm_heap_udmabuf_hugetlb = { .list = list_none };

/* ---- offers ---- */

TEST(each_heap_is_asked_once_also_when_more_are_asked)
{
	struct umm_offers offers = { 0 };
	struct umm_offers_wish wish = { 0 };
	CHECK(umm_offers_ask(&offers, wish) >= 1);
	CHECK(umm_offers_find(&offers, "memfd") != NULL && asked == 0);
	CHECK(umm_offers_find(&offers, "runs") == NULL);
	unsigned before = offers.n;
	CHECK_INT(umm_offers_ask(&offers, wish), 0);
	CHECK_INT(offers.n, before);

	wish.with_runs = true;
	CHECK(umm_offers_ask(&offers, wish) >= 1);
	CHECK(umm_offers_find(&offers, "runs") != NULL && asked == 1);
	for (unsigned i = 0; i < offers.n; i++) /* no name is there twice */
		CHECK(umm_offers_find(&offers, offers.items[i].heap.name) == &offers.items[i]);
	wish.with_runs = false;
	CHECK_INT(umm_offers_ask(&offers, wish), 0);
	CHECK_INT(asked, 1);
	umm_offers_forget(&offers);
}

static bool need_runs(const char *participant)
{
	json_error_t error;
	umm_autojson json_t *object = json_loads(participant, 0, &error);
	CHECK(object != NULL);
	return umm_offers_need_runs(object);
}

TEST(demands_that_only_runs_can_meet_are_known)
{
	CHECK(need_runs("{\"name\":\"a\",\"memory\":{\"contiguous\":true}}"));
	CHECK(need_runs("{\"name\":\"a\",\"memory\":{\"address\":{\"max\":4294967295}}}"));
	CHECK(need_runs("{\"name\":\"a\",\"memory\":{\"segments\":{\"max_count\":1}}}"));
	CHECK(need_runs("{\"name\":\"a\",\"memory\":{\"heaps\":[\"arena\"]}}"));
	CHECK(need_runs(
		"{\"name\":\"a\",\"one_of\":[[{\"name\":\"b\"}],[{\"name\":\"c\",\"one_of\":"
		"[[{\"name\":\"d\",\"memory\":{\"contiguous\":true}}]]}]]}"));
	CHECK(!need_runs("{\"name\":\"a\"}"));
	CHECK(!need_runs("{\"name\":\"a\",\"one_of\":[[{\"name\":\"b\"}],[]]}"));
	CHECK(!need_runs("{\"name\":\"a\",\"memory\":{\"contiguous\":false,\"size_bytes\":"
			 "{\"min\":1},\"imports\":[\"memfd\"],\"pad_end_bytes\":64}}"));
}

/* ---- negotiations ---- */

static void take_part(struct umm_negotiation *negotiation, struct umm_constraints *take_constraints,
		      enum umm_role role)
{
	CHECK_INT(umm_negotiation_join(negotiation, take_constraints, UMM_JOIN_OPTS(.role = role)),
		  0);
	umm_constraints_destroy(take_constraints);
}

/* What they come to; the heap into *out. */
static int settle(const struct umm_memory_demand *demand, const char *const *heaps,
		  const char **out)
{
	static char name[64];
	struct umm_negotiation negotiation;
	const struct umm_negotiation_opts opts = { .heaps = heaps };
	struct umm_constraints *viewer = viewer_constraints("viewer");
	if (demand != NULL)
		CHECK_INT(umm_constraints_set_memory(viewer, demand), 0);
	CHECK_INT(umm_negotiation_init(&negotiation, "test", &opts), 0);
	take_part(&negotiation, painter_constraints(), UMM_PRODUCER);
	take_part(&negotiation, viewer, UMM_CONSUMER);
	asked = 0;
	int ret = umm_negotiation_solve(&negotiation, NULL);
	snprintf(name, sizeof(name), "%s",
		 ret == 0 ? umm_answer_layout(negotiation.answer)->heap : "");
	umm_negotiation_finish(&negotiation);
	*out = name;
	return ret;
}

TEST(nobody_looks_for_runs_for_those_who_need_none)
{
	const char *heap;
	CHECK_INT(settle(NULL, NULL, &heap), 0);
	CHECK_STR(heap, "memfd");
	CHECK_INT(asked, 0);
}

TEST(who_needs_a_run_gets_one)
{
	const char *heap;
	CHECK_INT(settle(&(struct umm_memory_demand){ .contiguous = true,
						      .imports = UMM_HEAP_CARVEOUT },
			 NULL, &heap),
		  0);
	CHECK_STR(heap, "runs");
	CHECK_INT(asked, 1);
}

TEST(who_names_the_heap_gets_it)
{
	const char *heap, *const heaps[] = { "runs", "memfd", NULL };
	CHECK_INT(settle(NULL, heaps, &heap), 0);
	CHECK_STR(heap, "runs");
	CHECK_INT(asked, 1);
}

TEST(nobody_is_refused_before_all_heaps_have_been_asked)
{
	const char *heap;
	const struct umm_memory_demand demand = { .imports = UMM_HEAP_CARVEOUT };
	CHECK_INT(settle(&demand, NULL, &heap), 0);
	CHECK_STR(heap, "runs");
	CHECK_INT(asked, 1);
	absent = true;
	CHECK_INT(settle(&demand, NULL, &heap), UMM_CONFLICT);
	CHECK_INT(asked, 1);
}
