/* SPDX-License-Identifier: MIT */
/**
 * What `umm bench` says of the allocators that does not depend on how fast the machine is: the same
 * seeds give the same failures everywhere.
 */
#include <jansson.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

static json_t *parse_output(void)
{
	CHECK_INT(outcome.status, 0);
	json_t *document = json_loads(outcome.out, 0, NULL);
	CHECK(document != NULL);
	outcome_finish(&outcome);
	return document;
}

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	CHECK(json_is_integer(value));
	return json_integer_value(value);
}

static const json_t *allocator(const json_t *document, const char *name)
{
	size_t index;
	json_t *row;
	json_array_foreach (json_object_get(document, "allocators"), index, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	test_fail(__FILE__, __LINE__, "no allocator '%s'", name);
}

TEST(region_fails_less_often_than_first_fit)
{
	run_tool(&outcome, "bench", "region", "--operations", "10000", "--seeds", "3", "--json");
	json_t *document = parse_output();
	const json_t *umm = allocator(document, "umm"), *cma = allocator(document, "cma");
	CHECK(number(umm, "takes") > 0 && number(umm, "takes") == number(cma, "takes"));
	CHECK(number(cma, "failures") > 0);
	CHECK(number(umm, "failures") <= number(cma, "failures"));
	CHECK(number(umm, "big_failures") <= number(cma, "big_failures"));
	(void)allocator(document, "best-fit");
	(void)allocator(document, "buddy");
	const json_t *jemalloc = allocator(document, "jemalloc");
	CHECK(json_object_get(jemalloc, "takes") != NULL ||
	      json_object_get(jemalloc, "skipped") != NULL);
	json_decref(document);
}

TEST(movable_tenants_make_no_request_fail)
{
	run_tool(&outcome, "bench", "region", "--operations", "10000", "--seeds", "1", "--json");
	json_t *document = parse_output();
	const json_t *tenants = json_object_get(document, "tenants");
	CHECK(number(tenants, "in_the_way") > 0);
	CHECK(number(tenants, "fitting") > 500);
	CHECK_INT(number(tenants, "fitting_failed"), 0);
	CHECK_INT(number(tenants, "beyond_bound"), 0);
	json_decref(document);
}

TEST(iova_shows_growth_with_the_ranges_in_use)
{
	run_tool(&outcome, "bench", "iova", "--pairs", "2000", "--rounds", "1", "--json");
	json_t *document = parse_output();
	const json_t *scenarios = json_object_get(document, "scenarios");
	CHECK_INT(json_array_size(scenarios), 6);
	CHECK_INT(number(json_array_get(scenarios, 5), "live"), 100000);
	json_decref(document);
}

TEST(wrong_options_are_one_line)
{
	run_tool(&outcome, "bench", "region", "--area", "x");
	expect_one_line(&outcome, 2, "--area");
	run_tool(&outcome, "bench", "iova", "--rounds", "0");
	expect_one_line(&outcome, 2, "--rounds");
	run_tool(&outcome, "bench", "region", "what");
	expect_one_line(&outcome, 2, "what");
}
