/* SPDX-License-Identifier: MIT */
/**
 * `umm explain`: will these devices be able to share memory, and why, or why not?
 *
 * Two questions under one name. About devices that need not be here, of board files or of a file
 * one has written, the solver is asked: no memory is allocated and no device is opened. About
 * stages the pipeline is asked itself, which ends before a frame flows: cli/run.h.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <umm/solve.h>

#include "cli/board.h"
#include "cli/commands.h"
#include "cli/pipeline.h"
#include "cli/verdict.h"

UMM_DEFINE_AUTO(umm_answer, umm_answer_destroy)

/** Exit status when the answer is no, as of umm solve. */
#define EXPLAIN_CONFLICT 3

struct options {
	const char *board, *size, *format;
	bool json, list;
};

static const char help[] =
	"usage: umm explain [OPTIONS] PARTICIPANT...\n"
	"       umm explain --list [--board BOARD]\n"
	"       umm explain [OPTIONS OF umm run] STAGE [STAGE...]\n"
	"\n"
	"Tells whether the participants can share buffers, what the layout would be, who bound it\n"
	"and what was rejected; or who clashes with whom, and what would help.\n"
	"\n"
	"A PARTICIPANT is BOARD:DEVICE (omap4-panda:camera), DEVICE of the board given with\n"
	"--board, or FILE.json with a participant as in umm-constraints(5). No device is needed.\n"
	"\n"
	"  -b, --board BOARD   a board by name or the path of its file; umm-boards(5)\n"
	"  -s, --size WxH      the image that must fit into every buffer\n"
	"  -f, --format F      the format it must have, as NV12\n"
	"  -j, --json          the solver's answer itself\n"
	"  -l, --list          the boards, or the devices of the one given with --board\n"
	"  -h, --help          this text\n"
	"\n"
	"Without a board the heaps are those of this machine. Exit status: 0 yes, 3 no, 2 when "
	"the\n"
	"question makes no sense.\n"
	"\n"
	"A STAGE tells its demands only while it runs, so a pipeline of stages (umm explain\n"
	"file:clip.mp4 png:out) is started and ended before a frame flows, with the options and\n"
	"exit statuses of umm run. A PARTICIPANT among stages (test rpi4:gpu png:out) shares the\n"
	"frames at its place in the pipeline, in the memory of this machine.\n";

/* One stage is enough. */
static bool is_about_stages(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (pipeline_is_stage(argv[i]))
			return true;
	return false;
}

/* Returns the exit status, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *out)
{
	static const struct option known[] = {
		{ "board", required_argument, NULL, 'b' },
		{ "size", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "b:s:f:jlh", known, NULL)) != -1;) {
		switch (c) {
		case 'b':
			out->board = optarg;
			break;
		case 's':
			out->size = optarg;
			break;
		case 'f':
			out->format = optarg;
			break;
		case 'j':
			out->json = true;
			break;
		case 'l':
			out->list = true;
			break;
		case 'h':
			fputs(help, stdout);
			return CLI_OK;
		default:
			return CLI_USAGE;
		}
	}
	return -1;
}

static int list_devices(const char *spec)
{
	umm_auto(board, board) = NULL;
	if (board_open(spec, &board) < 0)
		return CLI_USAGE;
	size_t i;
	const json_t *device;
	json_array_foreach (board->devices, i, device) {
		const char *comment = json_string_value(json_object_get(device, "comment"));
		printf("%s:%-15s %s\n", board->name,
		       json_string_value(json_object_get(device, "name")), comment ? comment : "");
	}
	return CLI_OK;
}

/* `user`: an object with the names that were printed; the first of a name is the one that is used.
 */
static int list_directory(const char *directory, void *user)
{
	struct dirent **entries;
	int n = scandir(directory, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *name = entries[i]->d_name;
		size_t length = strlen(name);
		if (length > 5 && strcmp(name + length - 5, ".json") == 0) {
			name[length - 5] = '\0';
			if (json_object_get(user, name) == NULL)
				puts(name);
			json_object_set_new(user, name, json_true());
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return 0;
}

static int list_boards(void)
{
	json_t *printed = json_object();
	board_each_directory(list_directory, printed);
	bool any = json_object_size(printed) > 0;
	json_decref(printed);
	if (!any)
		fprintf(stderr, "umm: no boards found; UMM_BOARD_PATH says where they are\n");
	return any ? CLI_OK : CLI_FAILED;
}

/* Returns the verdict, or -1 with the line printed. */
static int solve(const struct pipeline *pipeline, struct umm_answer **out)
{
	json_t *document = pipeline_document(pipeline);
	umm_autofree char *text = document != NULL ? json_dumps(document, 0) : NULL;
	json_decref(document);
	int verdict = text != NULL ? umm_solve_json(text, strlen(text), out) : -ENOMEM;
	if (verdict < 0)
		fprintf(stderr, "umm: out of memory\n");
	return verdict;
}

static enum verdict_colors colors_for(FILE *to)
{
	bool wanted = isatty(fileno(to)) && getenv("NO_COLOR") == NULL;
	return wanted ? VERDICT_COLORS : VERDICT_PLAIN;
}

static int answer_question(const struct pipeline *pipeline, const struct options *options)
{
	umm_auto(umm_answer, answer) = NULL;
	int verdict = solve(pipeline, &answer);
	if (verdict < 0)
		return CLI_FAILED;
	if (options->json)
		puts(umm_answer_json(answer));
	else if (verdict_print(stdout, answer, pipeline, colors_for(stdout)) < 0)
		return CLI_FAILED;
	return verdict == UMM_OK ? CLI_OK : verdict == UMM_CONFLICT ? EXPLAIN_CONFLICT : CLI_USAGE;
}

static int fill(struct pipeline *pipeline, const struct options *options, int n, char **specs)
{
	if (options->board != NULL && pipeline_set_board(pipeline, options->board) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (pipeline_add(pipeline, specs[i]) < 0)
			return -1;
	return pipeline_ask(pipeline, options->size, options->format);
}

int cmd_explain(int argc, char **argv)
{
	if (is_about_stages(argc, argv))
		return run_rehearse(argc, argv);
	struct options options = { 0 };
	int status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	if (options.list)
		return options.board != NULL ? list_devices(options.board) : list_boards();
	if (optind == argc) {
		fprintf(stderr, "umm: explain whom? umm explain --help tells what it takes\n");
		return CLI_USAGE;
	}
	struct pipeline pipeline;
	if (pipeline_init(&pipeline) < 0)
		return CLI_FAILED;
	status = fill(&pipeline, &options, argc - optind, argv + optind) < 0
			 ? CLI_USAGE
			 : answer_question(&pipeline, &options);
	pipeline_finish(&pipeline);
	return status;
}
