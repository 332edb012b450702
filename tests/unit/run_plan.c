/* SPDX-License-Identifier: MIT */
/** From words to stages and edges. */
#include "cli/run.h"
#include "tests/harness.h"

static struct run_options options = { .command = "run" };
static struct run_plan plan;

#define PLAN(...)                                                                                  \
	do {                                                                                       \
		char *words_[] = { __VA_ARGS__ };                                                  \
		CHECK_INT(run_plan_init(&plan, &options,                                           \
					(int)(sizeof(words_) / sizeof(words_[0])), words_),        \
			  0);                                                                      \
	} while (0)

TEST(one_edge_between_neighbours)
{
	PLAN("test", "null");
	CHECK_INT(plan.n_stages, 2);
	CHECK_INT(plan.n_edges, 1);
	CHECK_STR(plan.edges[0].token, "edge0");
	CHECK_INT(plan.edges[0].producer, 0);
	CHECK_INT(plan.edges[0].n_consumers, 1);
	CHECK_INT(plan.edges[0].consumers[0], 1);
	CHECK_INT(plan.stages[0].input, RUN_NONE);
	CHECK_INT(plan.stages[1].output, RUN_NONE);
	run_plan_finish(&plan);
}

TEST(plus_adds_a_consumer_of_the_same_frames)
{
	PLAN("test", "null", "+", "null", "+", "null");
	CHECK_INT(plan.n_edges, 1);
	CHECK_INT(plan.edges[0].n_consumers, 3);
	for (int i = 0; i < 3; i++)
		CHECK_INT(plan.edges[0].consumers[i], i + 1);
	run_plan_finish(&plan);
}

TEST(same_kinds_get_numbers)
{
	PLAN("test", "null", "+", "null", "+", "null");
	CHECK_STR(plan.stages[0].name, "test");
	CHECK_STR(plan.stages[1].name, "null");
	CHECK_STR(plan.stages[2].name, "null-2");
	CHECK_STR(plan.stages[3].spec.name, "null-3");
	run_plan_finish(&plan);
}

TEST(compose_goes_in_front_of_one_consumer_only)
{
	PLAN("test", "null", "+", "null", "+", "null");
	CHECK_INT(run_plan_insert_compose(&plan, 2), 0);
	CHECK_INT(plan.n_stages, 5);
	CHECK_STR(plan.stages[2].spec.name, "compose-auto");
	CHECK_STR(plan.stages[3].spec.name, "null-2");
	CHECK(plan.stages[2].automatic);

	CHECK_INT(plan.n_edges, 2);
	const struct run_edge *first = &plan.edges[0], *second = &plan.edges[1];
	CHECK_INT(first->n_consumers, 3);
	CHECK_INT(first->consumers[0], 1);
	CHECK_INT(first->consumers[1], 2);
	CHECK_INT(first->consumers[2], 4);
	CHECK_INT(second->producer, 2);
	CHECK_INT(second->n_consumers, 1);
	CHECK_INT(second->consumers[0], 3);
	run_plan_finish(&plan);
}

TEST(second_compose_gets_a_name_of_its_own)
{
	PLAN("test", "null", "+", "null");
	CHECK_INT(run_plan_insert_compose(&plan, 2), 0);
	CHECK_INT(run_plan_insert_compose(&plan, 1), 0);
	CHECK_STR(plan.stages[1].name, "compose-auto-2");
	CHECK_STR(plan.stages[3].name, "compose-auto");
	CHECK_INT(plan.n_edges, 3);
	CHECK_INT(plan.edges[0].n_consumers, 2);
	run_plan_finish(&plan);
}

TEST(edges_are_found_by_token)
{
	PLAN("test", "compose", "null");
	CHECK(run_plan_edge(&plan, "edge1") == &plan.edges[1]);
	CHECK(run_plan_edge(&plan, "edge2") == NULL);
	run_plan_finish(&plan);
}

TEST(thirty_two_consumers_are_enough)
{
	char source[] = "test", sink[] = "null", plus[] = "+";
	char *words[2 + 2 * UMM_MAX_CONSUMERS];
	int n = 0;
	words[n++] = source;
	words[n++] = sink;
	for (int i = 1; i < UMM_MAX_CONSUMERS; i++) {
		words[n++] = plus;
		words[n++] = sink;
	}
	CHECK_INT(run_plan_init(&plan, &options, n, words), 0);
	CHECK_INT(plan.edges[0].n_consumers, UMM_MAX_CONSUMERS);
	run_plan_finish(&plan);

	words[n++] = plus;
	words[n++] = sink;
	CHECK_INT(run_plan_init(&plan, &options, n, words), 2);
	run_plan_finish(&plan);
}

/* ---- who is no stage ---- */

static bool is_guest(void *user, const char *text)
{
	(void)user;
	return strncmp(text, "board:", 6) == 0;
}

static char *constraints_of(void *user, const char *text)
{
	char *json = NULL;
	(void)user;
	CHECK(asprintf(&json, "{\"name\":\"%s\"}", text + 6) >= 0);
	return json;
}

static const struct run_guests guests = { .knows = is_guest, .constraints = constraints_of };

TEST(a_guest_shares_the_frames_where_it_stands)
{
	options.guests = &guests;
	PLAN("test", "board:gpu", "compose", "board:display", "png:out");
	CHECK_INT(plan.n_edges, 2);
	CHECK_INT(plan.edges[0].producer, 0);
	CHECK_INT(plan.edges[0].n_consumers, 2);
	CHECK_INT(plan.edges[0].consumers[0], 1);
	CHECK_INT(plan.edges[0].consumers[1], 2);
	CHECK_INT(plan.edges[1].producer, 2);
	CHECK_INT(plan.edges[1].n_consumers, 2);
	CHECK_STR(plan.stages[1].name, "gpu");
	CHECK_STR(plan.stages[3].name, "display");
	run_plan_finish(&plan);
}

TEST(a_guest_may_be_the_first_the_last_or_behind_a_sink)
{
	options.guests = &guests;
	PLAN("board:camera", "board:gpu", "compose", "png:out", "board:display", "+", "null");
	CHECK_INT(plan.n_edges, 2);
	CHECK_INT(plan.edges[0].producer, 0);
	CHECK_INT(plan.edges[0].n_consumers, 2);
	CHECK_INT(plan.edges[1].producer, 2);
	CHECK_INT(plan.edges[1].n_consumers, 3);
	CHECK_INT(plan.stages[0].spec.ops->role, STAGE_SOURCE);
	CHECK_INT(plan.stages[4].spec.ops->role, STAGE_SINK);
	run_plan_finish(&plan);
}

TEST(guests_of_one_name_are_refused)
{
	options.guests = &guests;
	char *words[] = { "test", "board:null", "board:null", "null" };
	CHECK_INT(run_plan_init(&plan, &options, 4, words), 2);
	run_plan_finish(&plan);
}
