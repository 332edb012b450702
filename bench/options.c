/* SPDX-License-Identifier: MIT */
#include "bench/options.h"

#include <stdio.h>

#include "bench/bench.h"

int bench_options(const struct bench_options *options, int argc, char **argv, void *user)
{
	int letter;
	optind = 1;
	while ((letter = getopt_long(argc, argv, "h", options->names, NULL)) != -1) {
		if (letter == 'h') {
			options->print_help();
			return BENCH_OK;
		}
		if (!options->parse(letter, user))
			return BENCH_USAGE;
	}
	if (optind == argc)
		return BENCH_GO;
	fprintf(stderr, "umm bench %s: what is '%s'?\n", options->bench, argv[optind]);
	return BENCH_USAGE;
}
