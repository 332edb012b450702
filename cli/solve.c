/* SPDX-License-Identifier: MIT */
/**
 * `umm solve FILE|-`: a constraint document in, the answer out, both JSON.
 *
 * With --batch every line of the input is a document and every line of the output its answer, for
 * those who ask a million times. The exit status is then that of the worst answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umm/solve.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "os/cleanup.h"
#include "share/answer.h"

enum { SOLVE_CONFLICT = 3 };

struct options {
	const char *file;
	bool pretty, batch, help;
	unsigned detail; /* set of enum umm_answer_detail */
};

static void print_usage(FILE *to)
{
	fputs("usage: umm solve [--pretty] [--all] FILE|-\n"
	      "       umm solve --batch [--all] FILE|-\n"
	      "\n"
	      "Solves a constraint document: prints the layout that all its participants can use,\n"
	      "or which statements clash, or what is wrong with the document, as JSON.\n"
	      "\n"
	      "  --pretty  on several lines\n"
	      "  --all     with every candidate and its verdict\n"
	      "  --batch   one document per line in, one answer per line out\n"
	      "\n"
	      "exit status: 0 solved, 3 conflict, 2 invalid or unreadable\n",
	      to);
}

static int usage_error(const char *message, const char *what)
{
	fprintf(stderr, "umm solve: %s%s; umm solve --help tells how\n", message, what);
	return CLI_USAGE;
}

/** Returns 0, or an exit status with the line printed. */
static int parse_options(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const char *argument = argv[i];
		if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
			options->help = true;
		else if (strcmp(argument, "--pretty") == 0)
			options->pretty = true;
		else if (strcmp(argument, "--batch") == 0)
			options->batch = true;
		else if (strcmp(argument, "--all") == 0)
			options->detail |= UMM_ANSWER_ALL;
		else if (argument[0] == '-' && argument[1] != '\0')
			return usage_error("there is no option ", argument);
		else if (options->file != NULL)
			return usage_error("one file at a time, not also ", argument);
		else
			options->file = argument;
	}
	if (options->help)
		return 0;
	if (options->file == NULL)
		return usage_error("which file?", "");
	if (options->batch && options->pretty)
		return usage_error("--batch answers on one line each, not --pretty", "");
	return 0;
}

static int status_of(int verdict)
{
	if (verdict == UMM_OK)
		return CLI_OK;
	return verdict == UMM_CONFLICT ? SOLVE_CONFLICT : CLI_USAGE;
}

/** Solve one text and print its answer. Returns the exit status. */
static int answer_text(const char *text, size_t size, const struct options *options)
{
	umm_auto(umm_answer, answer) = NULL;
	int verdict = umm_answer_solve(text, size, options->detail, &answer);
	if (verdict < 0) {
		fprintf(stderr, "umm solve: %s\n", strerror(-verdict));
		return CLI_FAILED;
	}
	if (options->pretty) {
		json_dumpf(umm_answer_object(answer), stdout, JSON_INDENT(2));
		fputc('\n', stdout);
	} else {
		puts(umm_answer_json(answer));
	}
	return status_of(verdict);
}

/** JSON on stdout in every case, also for a file that cannot be read. */
static int answer_unreadable(const char *file, int error)
{
	fprintf(stderr, "umm solve: %s: %s\n", file, strerror(error));
	json_t *answer = json_pack("{s:s, s:[{s:n, s:s, s:o}]}", "status", "invalid", "errors",
				   "participant", "field", "", "message",
				   json_sprintf("cannot be read: %s", strerror(error)));
	if (answer != NULL) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		fputc('\n', stdout);
	}
	json_decref(answer);
	return CLI_USAGE;
}

static int solve_batch(struct input *input, const struct options *options)
{
	int worst = CLI_OK, ret;
	while ((ret = input_read_line(input)) > 0) {
		int status = answer_text(input->text, input->size, options);
		if (status == CLI_FAILED)
			return CLI_FAILED;
		if (worst != CLI_USAGE && status != CLI_OK)
			worst = status;
	}
	return ret < 0 ? answer_unreadable(options->file, -ret) : worst;
}

static int solve_input(struct input *input, const struct options *options)
{
	if (options->batch)
		return solve_batch(input, options);
	int ret = input_read_all(input);
	return ret < 0 ? answer_unreadable(options->file, -ret)
		       : answer_text(input->text, input->size, options);
}

static int solve_file(const struct options *options)
{
	bool from_stdin = strcmp(options->file, "-") == 0;
	umm_autofd opened = from_stdin ? -1 : open(options->file, O_RDONLY | O_CLOEXEC);
	if (!from_stdin && opened < 0)
		return answer_unreadable(options->file, errno);
	struct input input;
	input_init(&input, from_stdin ? STDIN_FILENO : opened);
	int status = solve_input(&input, options);
	input_finish(&input);
	return status;
}

int cmd_solve(int argc, char **argv)
{
	struct options options = { .detail = UMM_ANSWER_JSON_ONLY };
	int status = parse_options(argc, argv, &options);
	if (status != 0)
		return status;
	if (options.help) {
		print_usage(stdout);
		return CLI_OK;
	}
	status = solve_file(&options);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "umm solve: cannot write the answer: %s\n", strerror(errno));
		return CLI_FAILED;
	}
	return status;
}
