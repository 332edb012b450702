/* SPDX-License-Identifier: MIT */
/**
 * `umm bench solve`: how long the solver takes, without reading and writing JSON.
 *
 * Documents of several shapes are made and read once; then the solver alone is run over and over,
 * in the same memory, and the median of the rounds is printed. The last lines show the whole way
 * from text to text for comparison.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/number.h"
#include "core/solve.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "share/answer.h"
#include "share/document.h"

/** A document to measure. */
struct shape {
	const char *name;
	unsigned participants, tuples, groups, heaps;
	bool solvable;
};

static const struct shape shapes[] = {
	{ "small", 4, 4, 0, 2, true },
	{ "participants", 16, 4, 0, 2, true },
	{ "tuples", 4, 64, 0, 2, true },
	{ "groups", 4, 4, 16, 2, true },
	{ "large", 16, 64, 16, 6, true },
	{ "groups, no way out", 4, 4, 64, 2, false },
	{ "groups, second choice", 4, 4, 64, 2, true },
};

#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/** One thing grows, the others stay. */
static const struct shape growth[] = {
	{ "participants", 2, 4, 0, 2, true },
	{ "participants", 4, 4, 0, 2, true },
	{ "participants", 8, 4, 0, 2, true },
	{ "participants", 16, 4, 0, 2, true },
	{ "participants", 32, 4, 0, 2, true },
	{ "participants", 64, 4, 0, 2, true },
	{ "tuples", 4, 1, 0, 2, true },
	{ "tuples", 4, 4, 0, 2, true },
	{ "tuples", 4, 16, 0, 2, true },
	{ "tuples", 4, 64, 0, 2, true },
	{ "tuples", 4, 256, 0, 2, true },
	{ "tuples", 4, 1024, 0, 2, true },
	{ "groups", 4, 1, 4, 2, true },
	{ "groups", 4, 1, 16, 2, true },
	{ "groups", 4, 1, 64, 2, true },
	{ "groups, second choice", 4, 1, 4, 2, true },
	{ "groups, second choice", 4, 1, 16, 2, true },
	{ "groups, second choice", 4, 1, 64, 2, true },
	{ "groups, no way out", 4, 1, 4, 2, false },
	{ "groups, no way out", 4, 1, 16, 2, false },
	{ "groups, no way out", 4, 1, 64, 2, false },
};

#define N_GROWTH (sizeof(growth) / sizeof(growth[0]))

enum { ROUNDS = 101 };

static double now_us(void)
{
	return (double)umm_now_ns() / 1e3;
}

static void write_participant(FILE *to, const char *prefix, unsigned index, unsigned tuples,
			      const char *heap)
{
	fprintf(to, "{\"name\":\"%s%u\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},", prefix,
		index);
	if (heap != NULL)
		fprintf(to, "\"memory\":{\"heaps\":[\"%s\"]},", heap);
	fputs("\"formats\":[", to);
	for (unsigned i = 0; i < tuples; i++)
		fprintf(to,
			"%s{\"format\":\"NV12\",\"modifier\":%u,\"cost\":%u,\"size\":{\"max\":["
			"4096,4096]},"
			"\"required_sizes\":[[1920,1080]],\"stride\":{\"divisor_bytes\":%u}}",
			i > 0 ? "," : "", i, (i * 7 + index) % 13, 16u << (index % 4));
	fputs("]}", to);
}

/** The document of a shape; free() it. Groups of two prefer a heap that does not exist where they
 * must go on to their second alternative, or find none in either. */
static char *write_document(const struct shape *shape, size_t *size)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, size);
	bool second = strstr(shape->name, "second") != NULL;
	if (to == NULL)
		return NULL;
	fputs("{\"heaps\":[", to);
	for (unsigned i = 0; i < shape->heaps; i++)
		fprintf(to, "%s{\"name\":\"heap%u\",\"class\":\"dma_heap\",\"cost\":%u}",
			i > 0 ? "," : "", i, i);
	fputs("],\"participants\":[", to);
	for (unsigned i = 0; i < shape->participants; i++) {
		fputs(i > 0 ? "," : "", to);
		write_participant(to, "p", i, shape->tuples, NULL);
	}
	for (unsigned i = 0; i < shape->groups; i++) {
		fprintf(to, ",{\"name\":\"g%u\",\"one_of\":[[", i);
		write_participant(to, "a", i, shape->tuples,
				  second || !shape->solvable ? "nowhere" : NULL);
		fputs("],[", to);
		write_participant(to, "b", i, shape->tuples, shape->solvable ? NULL : "elsewhere");
		fputs("]]}", to);
	}
	fputs("]}", to);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/** Median of the solver alone; below 0: it could not be measured. */
static double measure_solver(const struct umm_document *document, bool solvable,
			     size_t *memory_size)
{
	double samples[ROUNDS];
	size_t size = umm_solve_size(&document->problem);
	umm_autofree void *memory = malloc(size);
	if (memory == NULL)
		return -1;
	*memory_size = size;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct umm_solution solution;
		double start = now_us();
		bool solved = umm_solve(&document->problem, 0, memory, size, &solution);
		samples[i] = now_us() - start;
		if (solved != solvable)
			return -1;
	}
	return bench_median(samples, ROUNDS);
}

/** Median of the way from text to text. */
static double measure_text(const char *text, size_t size)
{
	double samples[ROUNDS];
	for (unsigned i = 0; i < ROUNDS; i++) {
		umm_auto(umm_answer, answer) = NULL;
		double start = now_us();
		if (umm_solve_json(text, size, &answer) < 0)
			return -1;
		samples[i] = now_us() - start;
	}
	return bench_median(samples, ROUNDS);
}

static int measure(const struct shape *shape, bool with_text)
{
	size_t text_size, memory_size = 0;
	umm_autofree char *text = write_document(shape, &text_size);
	umm_auto(umm_document, document) = NULL;
	if (text == NULL || umm_document_read(text, text_size, &document) < 0 ||
	    !umm_document_valid(document)) {
		fprintf(stderr, "umm bench solve: cannot make the document '%s'\n", shape->name);
		return BENCH_FAILED;
	}
	double solver = measure_solver(document, shape->solvable, &memory_size);
	if (solver < 0) {
		fprintf(stderr, "umm bench solve: wrong answer for '%s'\n", shape->name);
		return BENCH_FAILED;
	}
	printf("%-22s %5u %6u %6u %5u %12.1f %9zu", shape->name, shape->participants, shape->tuples,
	       shape->groups, shape->heaps, solver, memory_size / 1024);
	if (with_text && shape->solvable)
		printf(" %12.1f", measure_text(text, text_size));
	putchar('\n');
	return BENCH_OK;
}

static void print_usage(FILE *to)
{
	fputs("usage: umm bench solve [--text] [--growth] [SHAPE]\n"
	      "\n"
	      "Median time of the solver alone for documents of several shapes; --text adds the "
	      "way\n"
	      "from JSON to JSON, explanations included. --growth takes shapes of which one thing "
	      "grows\n"
	      "while the others stay. SHAPE picks lines by their name.\n",
	      to);
}

/** Measure the shapes called `only`, or all of them where it is NULL. */
static int measure_all(const struct shape *list, size_t count, const char *only, bool with_text)
{
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (only != NULL && strcmp(only, list[i].name) != 0)
			continue;
		any = true;
		if (measure(&list[i], with_text) != BENCH_OK)
			return BENCH_FAILED;
	}
	if (!any) {
		fprintf(stderr, "umm bench solve: there is no document '%s'\n", only);
		return BENCH_USAGE;
	}
	return BENCH_OK;
}

int bench_solve(int argc, char **argv)
{
	const char *only = NULL;
	bool with_text = false, grows = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_usage(stdout);
			return BENCH_OK;
		}
		if (strcmp(argv[i], "--text") == 0)
			with_text = true;
		else if (strcmp(argv[i], "--growth") == 0)
			grows = true;
		else
			only = argv[i];
	}
	printf("%-22s %5s %6s %6s %5s %12s %9s%s\n", "document", "parts", "tuples", "groups",
	       "heaps", "solver us", "memory K", with_text ? "   text us" : "");
	return grows ? measure_all(growth, N_GROWTH, only, with_text)
		     : measure_all(shapes, N_SHAPES, only, with_text);
}
