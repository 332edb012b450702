/* SPDX-License-Identifier: MIT */
/**
 * `umm explain`: will these share memory, and why, or why not?
 *
 * Two questions under one name. About devices that need not be here, of board files or of a file
 * one has written, the solver is asked: no memory is allocated and no device is opened. About
 * stages the pipeline is asked itself, which ends before a frame flows: cli/run.h. The answers are
 * printed in the same way, cli/verdict.h.
 *
 * Words that name a kind of stage are stages, whatever boards and files there are: so a command
 * means the same on every machine. Who has a board of such a name writes BOARD/DEVICE.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umm/solve.h>

#include "cli/board.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/pipeline.h"
#include "cli/run.h"
#include "cli/verdict.h"
#include "share/json.h"

UMM_DEFINE_AUTO(umm_answer, umm_answer_destroy)

static const char help[] =
	"usage: umm explain [OPTIONS] PARTICIPANT...\n"
	"       umm explain --list [--board BOARD]\n"
	"\n"
	"Tells whether the participants can share buffers, what the layout would be, who bound it\n"
	"and what was rejected; or who clashes with whom, and what would help.\n"
	"\n"
	"A PARTICIPANT is BOARD:DEVICE (omap4-panda:camera), DEVICE of the board given with\n"
	"--board, FILE.json with a participant as in umm-constraints(5), or a STAGE of umm run.\n"
	"A word that names a stage is one: for a board or device of that name write BOARD/DEVICE,\n"
	"for a file ./FILE.\n"
	"\n"
	"  -b, --board BOARD   a board by name or the path of its file; umm-boards(5)\n"
	"  -s, --size WxH      the image that must fit into every buffer\n"
	"  -f, --format F      the format it must have, as NV12\n"
	"  -j, --json[=FILE]   the solver's answer itself\n"
	"  -l, --list          the boards, or the devices of the one given with --board\n"
	"  -h, --help          this text\n"
	"\n"
	"Without a board the heaps are those of this machine. Exit status: 0 yes, 3 no, 2 when "
	"the\n"
	"question makes no sense, 1 when there could be no answer.\n"
	"\n"
	"A stage tells its demands only while it runs, so where one takes part (umm explain\n"
	"file:clip.mp4 png:out) the pipeline is started, and ended before a frame flows, in the\n"
	"memory of this machine. The options of umm run are taken, and there is a table for each\n"
	"edge. Others among stages (test rpi4:gpu png:out) share the frames at their place.\n";

void explain_print_help(void)
{
	fputs(help, stdout);
}

int explain_status(int verdict)
{
	return verdict == UMM_OK ? CLI_OK : verdict == UMM_CONFLICT ? EXPLAIN_CONFLICT : CLI_USAGE;
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
		printf("%s%c%-15s %s\n", board->name, stage_is_named(board->name) ? '/' : ':',
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

static int print_answer(const struct umm_answer *answer, const struct pipeline *pipeline)
{
	const char *const wishes[] = { pipeline->request, NULL };
	const struct verdict_context context = { pipeline->participants, wishes, NULL, NULL };
	umm_autojson json_t *object = json_loads(umm_answer_json(answer), 0, NULL);
	if (object != NULL &&
	    verdict_print(stdout, object, &context, verdict_colors_for(stdout)) == 0)
		return 0;
	fprintf(stderr, "umm: out of memory\n");
	return -1;
}

static int answer_question(const struct pipeline *pipeline, const struct run_options *options)
{
	umm_auto(umm_answer, answer) = NULL;
	int verdict = solve(pipeline, &answer);
	if (verdict < 0)
		return CLI_FAILED;
	if (!run_json_on_stdout(options) && print_answer(answer, pipeline) < 0)
		return CLI_FAILED;
	if (options->json && run_write_text(options, umm_answer_json(answer)) < 0)
		return CLI_FAILED;
	return explain_status(verdict);
}

static int fill(struct pipeline *pipeline, const struct run_options *options, int n, char **specs)
{
	if (options->board != NULL && pipeline_set_board(pipeline, options->board) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (pipeline_add(pipeline, specs[i]) < 0)
			return -1;
	return pipeline_ask(pipeline, options->size, options->format);
}

static int explain_devices(const struct run_options *options, int n, char **specs)
{
	if (options->needs_stage != NULL) {
		fprintf(stderr, "umm explain: --%s is for stages, and there is none\n",
			options->needs_stage);
		return CLI_USAGE;
	}
	struct pipeline pipeline;
	if (pipeline_init(&pipeline) < 0)
		return CLI_FAILED;
	int status = fill(&pipeline, options, n, specs) < 0 ? CLI_USAGE
							    : answer_question(&pipeline, options);
	pipeline_finish(&pipeline);
	return status;
}

/* One stage is enough. */
static bool is_about_stages(int n, char **specs)
{
	for (int i = 0; i < n; i++)
		if (stage_is_named(specs[i]))
			return true;
	return false;
}

/* Whoever has a board or a device that is called as a stage may have meant that. */
static void tell_namesake(const struct board *board, const char *spec)
{
	size_t length = strcspn(spec, ":,");
	umm_autofree char *kind = strndup(spec, length);
	if (kind == NULL || !stage_is_named(spec))
		return;
	const char *device = spec[length] == ':' ? spec + length + 1 : "";
	if (board != NULL && board_device(board, spec) != NULL)
		fprintf(stderr, "umm explain: '%s' is the stage; for the device write %s/%s\n",
			spec, board->name, spec);
	else if (*device != '\0' && board_exists(kind))
		fprintf(stderr, "umm explain: '%s' is the stage; for the board write %s/%s\n", spec,
			kind, device);
}

/* Returns 0, or -1 with the line printed. */
static int tell_namesakes(const struct run_options *options, int n, char **specs)
{
	umm_auto(board, board) = NULL;
	if (options->board != NULL && board_open(options->board, &board) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		tell_namesake(board, specs[i]);
	return 0;
}

static int explain_stages(struct run_options *options, int n, char **specs)
{
	return tell_namesakes(options, n, specs) < 0 ? CLI_USAGE : run_rehearse(options, n, specs);
}

static int explain(struct run_options *options, int n, char **specs)
{
	if (options->list)
		return options->board != NULL ? list_devices(options->board) : list_boards();
	if (n == 0) {
		fprintf(stderr, "umm: explain whom? umm explain --help tells what it takes\n");
		return CLI_USAGE;
	}
	return is_about_stages(n, specs) ? explain_stages(options, n, specs)
					 : explain_devices(options, n, specs);
}

int cmd_explain(int argc, char **argv)
{
	struct run_options options;
	int first, status = run_options_parse(argc, argv, &options, &first);
	if (status == RUN_GO && run_check_json_path(&options) < 0)
		status = CLI_FAILED;
	if (status == RUN_GO)
		status = explain(&options, argc - first, argv + first);
	run_options_finish(&options);
	return status;
}
