/* SPDX-License-Identifier: MIT */
/**
 * What to do about an edge that was refused: a compose stage in front of one of its consumers
 * converts, at the price of a copy that the report counts.
 *
 * The broker tells why in words, and the words name who clashes; of the consumers that they name
 * the last one gets the compose stage, and if that was not enough the next one, until the
 * collection settles or a conversion itself is refused.
 */
#include <ctype.h>
#include <string.h>

#include "cli/run.h"

static bool is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* "png" is not named by "png-2". */
static bool names_stage(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
		bool starts = at == text || !is_name_character(at[-1]);
		if (starts && !is_name_character(at[length]))
			return true;
	}
	return false;
}

static int last_consumer(const struct run *run, const struct run_edge *edge, bool named)
{
	for (unsigned i = edge->n_consumers; i > 0; i--) {
		int index = edge->consumers[i - 1];
		const struct run_stage *stage = &run->plan->stages[index];
		if (stage->automatic)
			continue;
		if (!named || names_stage(run->explanation, stage->name))
			return index;
	}
	return RUN_NONE;
}

int run_copies_sink(const struct run *run)
{
	if (run->refused_edge == RUN_NONE || run->verdict != UMM_CONFLICT ||
	    run->explanation == NULL)
		return RUN_NONE;
	const struct run_edge *edge = &run->plan->edges[run->refused_edge];
	if (run->plan->stages[edge->producer].automatic)
		return RUN_NONE;
	int named = last_consumer(run, edge, true);
	return named != RUN_NONE ? named : last_consumer(run, edge, false);
}

/* Each round puts in one stage, so there is an end. */
bool run_copies_would_help(const struct run_options *options, struct run_plan *plan)
{
	struct run_options rehearsal = *options;
	rehearsal.rehearse = rehearsal.silent = rehearsal.quiet = true;
	rehearsal.json = false;
	rehearsal.allow_copies = true;
	for (;;) {
		struct run run;
		int ret = run_execute(&run, &rehearsal, plan);
		bool settled = ret == 0 && run.refused_edge == RUN_NONE && !run.failed &&
			       run.interrupts == 0;
		int sink = ret == 0 && run.interrupts == 0 ? run_copies_sink(&run) : RUN_NONE;
		run_finish(&run);
		if (sink == RUN_NONE)
			return settled;
		if (run_plan_insert_compose(plan, (unsigned)sink) < 0)
			return false;
	}
}
