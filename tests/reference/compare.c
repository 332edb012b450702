/* SPDX-License-Identifier: MIT */
/**
 * solve-compare: the library's solver against the reference, on random documents.
 *
 *	solve-compare --seed S --count N [--show N]	documents S .. S+N-1
 *	solve-compare --generate S			prints document S
 *	solve-compare FILE...				documents from files
 *	solve-compare --permutations all ...		only that every order gives the same answer
 *
 * Prints each disagreement with its seed, the smallest document that still shows it and both
 * answers, and ends with one line of figures. Exit status 1 if there was any. Permutations are
 *tried of documents that have no more than MOST_PERMUTATIONS.
 */
#include "tests/reference/judge.h"
#include "tests/reference/reference.h"
#include "tests/reference/trial.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_PERMUTATIONS 2000

static volatile unsigned long long current_seed;
static unsigned long n_judged[3], n_wrong; /* n_judged: of each enum judged */
static unsigned long n_orders, n_left_out;
static bool permute;

static void print(const char *title, const json_t *value)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
	printf("%s: %s\n", title, text != NULL ? text : "none");
	free(text);
}

static void show(const json_t *document, unsigned long long seed)
{
	json_t *small = minimise(document, seed), *reference = ref_solve(small);
	char *why = judge(small, seed, NULL), *dump = json_dumps(small, JSON_COMPACT);
	json_t *library = ask(dump, strlen(dump), NULL);

	printf("\n%s\n", why != NULL ? why : "the complaint went away");
	printf("document: %s\n", dump);
	print("reference", reference);
	print("library", library);
	json_decref(small);
	json_decref(reference);
	json_decref(library);
	free(why);
	free(dump);
}

static void compare_permutations(const json_t *document, unsigned long long seed)
{
	unsigned long orders;
	enum judged status;
	char *wrong = check_every_permutation(document, MOST_PERMUTATIONS, &orders, &status);
	if (orders > 0)
		n_judged[status]++;
	else
		n_left_out++;
	n_orders += orders;
	if (wrong == NULL)
		return;
	n_wrong++;
	printf("seed %llu: %s\n", seed, wrong);
	free(wrong);
}

static void compare(const json_t *document, unsigned long long seed, unsigned long *to_show)
{
	current_seed = seed;
	enum judged status;
	if (permute) {
		compare_permutations(document, seed);
		return;
	}
	char *wrong = judge(document, seed, &status);
	n_judged[status]++;
	if (wrong == NULL)
		return;
	n_wrong++;
	printf("seed %llu: %s\n", seed, wrong);
	free(wrong);
	if (*to_show == 0)
		return;
	(*to_show)--;
	show(document, seed);
	fflush(stdout);
}

/** Name the document that brought the process down. */
static void crashed(int signal_number)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "seed %llu: crashed\n", current_seed);
	if (write(STDOUT_FILENO, text, (size_t)length) < 0)
		_exit(1);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static json_t *generated(unsigned long long seed)
{
	struct dice dice = { .state = seed };
	return generate(&dice);
}

static int compare_files(char **files, unsigned long to_show)
{
	for (; *files != NULL; files++) {
		json_error_t error;
		json_t *document = json_load_file(*files, JSON_REJECT_DUPLICATES, &error);
		if (document == NULL) {
			fprintf(stderr, "%s:%d: %s\n", *files, error.line, error.text);
			return 2;
		}
		compare(document, 0, &to_show);
		json_decref(document);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
						 { "count", required_argument, NULL, 'n' },
						 { "show", required_argument, NULL, 'w' },
						 { "generate", required_argument, NULL, 'g' },
						 { "permutations", required_argument, NULL, 'p' },
						 { NULL, 0, NULL, 0 } };
	unsigned long long seed = 1, n = 0;
	unsigned long to_show = 5;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?' || (option == 'p' && strcmp(optarg, "all") != 0))
			return 2;
		permute |= option == 'p';
		unsigned long long value = strtoull(optarg, NULL, 0);
		if (option == 's')
			seed = value;
		else if (option == 'n')
			n = value;
		else if (option == 'w')
			to_show = value;
		if (option == 'g') {
			json_t *document = generated(value);
			json_dumpf(document, stdout, JSON_COMPACT);
			json_decref(document);
			putchar('\n');
			return 0;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGSEGV, crashed);
	signal(SIGABRT, crashed);
	if (compare_files(argv + optind, to_show) != 0)
		return 2;
	for (unsigned long long i = 0; i < n; i++) {
		json_t *document = generated(seed + i);
		compare(document, seed + i, &to_show);
		json_decref(document);
	}
	printf("%lu documents: %lu ok, %lu conflict, %lu invalid; %lu disagreements",
	       n_judged[0] + n_judged[1] + n_judged[2], n_judged[JUDGED_OK],
	       n_judged[JUDGED_CONFLICT], n_judged[JUDGED_INVALID], n_wrong);
	if (permute)
		printf("; %lu orders, %lu documents left out", n_orders, n_left_out);
	putchar('\n');
	return n_wrong > 0;
}
