/* SPDX-License-Identifier: MIT */
/**
 * Mutation proof: without any one of the steps in core/step.h the modelled machine shows it.
 *
 * The core is compiled into this test with UMM_MUTATION. First all scenarios run on the code as it
 * is; then each step is removed in turn and the scenarios run, seed after seed, until one of them
 * notices. docs/coherency.md has the table that this test prints (UMM_TEST_PRINT=1).
 */
#include "core/step.h"
#include "tests/harness.h"
#include "tests/unit/scenarios.h"

#include <time.h>

#ifndef SECONDS_PER_MUTANT
#define SECONDS_PER_MUTANT 30
#endif
#define SEEDS_UNMUTATED 12

enum umm_step umm_step_removed;

static const struct {
	const char *name, *what;
} steps[] = { { "NONE", "nothing" },
#define X(name, what) { #name, what },
	      UMM_STEPS(X)
#undef X
};

/* Of the processor: what else the machine does takes no seed away. */
static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

TEST(nothing_removed_nothing_wrong)
{
	for (uint64_t seed = 1; seed <= SEEDS_UNMUTATED; seed++)
		for (const struct scenario *s = scenarios; s->name != NULL; s++) {
			const char *wrong = s->run(seed);
			if (wrong != NULL)
				test_fail(__FILE__, __LINE__, "%s, seed %llu: %s", s->name,
					  (unsigned long long)seed, wrong);
		}
}

static void print_catch(enum umm_step step, const struct scenario *s, const char *wrong,
			uint64_t seed)
{
	if (getenv("UMM_TEST_PRINT") != NULL)
		fprintf(stderr, "| `%s` | %s | %s: %s | %llu |\n", steps[step].name,
			steps[step].what, s->name, wrong, (unsigned long long)seed);
}

static bool caught(enum umm_step step)
{
	double start = now_s();
	umm_step_removed = step;
	for (uint64_t seed = 1; now_s() - start < SECONDS_PER_MUTANT; seed++)
		for (const struct scenario *s = scenarios; s->name != NULL; s++) {
			const char *wrong = s->run(seed);
			if (wrong == NULL)
				continue;
			print_catch(step, s, wrong, seed);
			return true;
		}
	return false;
}

TEST(the_table_in_the_docs_has_every_step)
{
	static char text[65536];
	FILE *file = fopen(UMM_DOCS_DIR "/coherency.md", "r");
	CHECK(file != NULL);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (int step = 1; step < UMM_STEP_COUNT; step++) {
		char row[256];
		snprintf(row, sizeof(row), "| `%s` | %s |", steps[step].name, steps[step].what);
		if (strstr(text, row) == NULL)
			test_fail(__FILE__, __LINE__, "docs/coherency.md has no row %s", row);
	}
}

TEST(every_removed_step_is_noticed)
{
	unsigned missed = 0;
	for (int step = 1; step < UMM_STEP_COUNT; step++) {
		if (caught((enum umm_step)step))
			continue;
		fprintf(stderr, "nobody notices that %s is missing: %s\n", steps[step].name,
			steps[step].what);
		missed++;
	}
	CHECK_INT(missed, 0);
}
