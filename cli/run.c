/* SPDX-License-Identifier: MIT */
/**
 * `umm run`, and its rehearsal for `umm explain`: from the command line to the exit status.
 *
 * A rehearsal is a run that ends when all edges have settled, before a frame flows.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/board_run.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/explain_guests.h"
#include "cli/run.h"
#include "os/cleanup.h"

/* ---- before anything is started ---- */

/* The document replaces a file, so it is the directory that must be writable; devices and pipes are
   written as they are. */
static const char *written_place(const char *path, char *copy)
{
	struct stat status;
	if (stat(path, &status) < 0 || S_ISREG(status.st_mode))
		return dirname(copy);
	return path;
}

int run_check_json_path(const struct run_options *options)
{
	const char *path = options->json_path;
	if (path == NULL)
		return 0;
	umm_autofree char *copy = strdup(path);
	struct stat status;
	if (copy == NULL)
		errno = ENOMEM;
	else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		errno = EISDIR;
	else if (access(written_place(path, copy), W_OK) == 0)
		return 0;
	fprintf(stderr, "umm %s: --json: cannot write %s: %s\n", options->command, path,
		strerror(errno));
	return -1;
}

/* ---- what is told at the end ---- */

static void print_refusal(const struct run *run)
{
	char text[RUN_TEXT_EDGE];
	run_text_edge(run->plan, &run->plan->edges[run->refused_edge], text);
	const char *why = run->explanation != NULL ? run->explanation : "out of memory";
	size_t length = run_length_of_clash(why);
	bool several = strchr(why, '\n') != NULL && why[strcspn(why, "\n") + 1] != '\0';
	fprintf(stderr, "umm: %s: no memory that all can use%s%.*s\n", text, several ? ":\n" : ": ",
		(int)length, why);
	if (memmem(why, length, "pool-options", strlen("pool-options")) != NULL)
		fprintf(stderr, "(pool-options are the options of this run: --buffers, --heap)\n");
	run_print_advice(run->plan, why, stderr);
}

/* On a page of umm explain it is a sentence, else a message. */
static void advise_copy(const struct run_options *options, const struct run_plan *plan,
			const struct run_stage *added)
{
	bool page = options->rehearse && !run_json_on_stdout(options);
	fprintf(page ? stdout : stderr,
		"%s--copies=allow would help: frames would be converted, and so copied, between %s "
		"and %s\n",
		page ? "\n" : "umm: ", plan->stages[added->upstream].name, added[1].name);
}

/* Plan anew: what is put in for the rehearsal must not stay in the plan of the run. */
static void advise_copies(const struct run_options *options, int n_arguments, char **arguments)
{
	struct run_plan plan;
	bool helps = run_plan_init(&plan, options, n_arguments, arguments) == 0 &&
		     run_copies_would_help(options, &plan);
	for (unsigned i = 0; helps && i < plan.n_stages; i++)
		if (plan.stages[i].automatic)
			advise_copy(options, &plan, &plan.stages[i]);
	run_plan_finish(&plan);
}

static int report(const struct run *run)
{
	const struct run_options *options = run->options;
	bool json_on_stdout = run_json_on_stdout(options);
	if (options->rehearse && !json_on_stdout)
		explain_print_edges(run);
	else if (!options->rehearse && !options->quiet && run->flowing_ns != 0)
		run_print_table(run, json_on_stdout ? stderr : stdout);
	if (options->json && run_write_json(run) < 0)
		return CLI_FAILED;
	return run->failed || run->broker_failed || run->interrupts > 1 ? CLI_FAILED : CLI_OK;
}

/* A no of the solver is what umm explain was asked for; whatever else went wrong is no answer. */
static int report_refusal(const struct run *run)
{
	if (!run->options->rehearse || run->verdict < 0) {
		print_refusal(run);
		return CLI_FAILED;
	}
	int status = report(run);
	return status == CLI_OK ? explain_status(run->verdict) : status;
}

/* ---- the run ---- */

/* One try. *copy_before: the stage that a compose stage in front of might help, or RUN_NONE. */
static int try_once(const struct run_options *options, struct run_plan *plan, int *copy_before,
		    bool *refused)
{
	struct run run;
	int status = run_execute(&run, options, plan) < 0 ? CLI_FAILED : CLI_OK;
	*refused = run.refused_edge != RUN_NONE;
	*copy_before = *refused ? run_copies_sink(&run) : RUN_NONE;
	if (*refused && !(options->allow_copies && *copy_before != RUN_NONE))
		status = report_refusal(&run);
	else if (!*refused && status == CLI_OK)
		status = report(&run);
	run_finish(&run);
	return status;
}

static void tell_copy(const struct run_options *options, const struct run_plan *plan, int added)
{
	if (!options->quiet)
		fprintf(stderr, "umm: %s and %s cannot share memory: putting %s between them\n",
			plan->stages[plan->stages[added].upstream].name,
			plan->stages[added + 1].name, plan->stages[added].name);
}

static int run_plan(const struct run_options *options, struct run_plan *plan, int n_arguments,
		    char **arguments)
{
	for (;;) {
		int copy_before;
		bool refused;
		int status = try_once(options, plan, &copy_before, &refused);
		if (!refused || copy_before == RUN_NONE)
			return status;
		if (!options->allow_copies) {
			advise_copies(options, n_arguments, arguments);
			return status;
		}
		if (run_plan_insert_compose(plan, (unsigned)copy_before) < 0)
			return CLI_FAILED;
		tell_copy(options, plan, copy_before);
	}
}

static int run_stages(const struct run_options *options, int n, char **stages)
{
	if (stage_kinds() == NULL)
		return CLI_FAILED;
	struct run_plan plan;
	int status = run_plan_init(&plan, options, n, stages);
	if (status == 0)
		status = run_plan(options, &plan, n, stages);
	run_plan_finish(&plan);
	return status;
}

static int run_command(int argc, char **argv)
{
	struct run_options options;
	int first, status = run_options_parse(argc, argv, &options, &first);
	if (status == RUN_GO && run_check_json_path(&options) < 0)
		status = CLI_FAILED;
	if (status == RUN_GO)
		status = run_stages(&options, argc - first, argv + first);
	run_options_finish(&options);
	return status;
}

int cmd_run(int argc, char **argv)
{
	return board_run_wanted(argc, argv) ? board_run(argc, argv) : run_command(argc, argv);
}

int run_rehearse(struct run_options *options, int n_stages, char **stages)
{
	struct explain_guests guests = { 0 };
	options->rehearse = true;
	int status = explain_guests_init(&guests, options) < 0
			     ? CLI_USAGE
			     : run_stages(options, n_stages, stages);
	explain_guests_finish(&guests);
	return status;
}
