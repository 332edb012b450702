/* SPDX-License-Identifier: MIT */
/**
 * What a rehearsal found out, edge by edge: each is one question to the solver and its answer, as
 * the broker keeps them.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/pipeline.h"
#include "cli/run.h"
#include "cli/verdict.h"
#include "os/cleanup.h"
#include "share/answer_text.h"
#include "share/json.h"
#include "share/negotiation.h"

/* Who states what is to pass, and how the run was told to take memory. */
static const char *const wishes[] = { PIPELINE_REQUEST, UMM_OPTIONS_PARTICIPANT, NULL };

/* What was asked of an edge, and what came of it; both NULL while it waits. */
struct told {
	json_t *document, *answer;
};

static void told_finish(struct told *told)
{
	json_decref(told->document);
	json_decref(told->answer);
}

static struct told read_told(const struct run *run, const struct run_edge *edge)
{
	struct umm_broker_answer text;
	struct told told = { NULL, NULL };
	if (edge->state == RUN_EDGE_WAITING ||
	    umm_broker_get_answer(run->broker, edge->token, &text) < 0)
		return told;
	told.document = json_loads(text.document, 0, NULL);
	told.answer = json_loads(text.answer, 0, NULL);
	return told;
}

/* ---- tables ---- */

/* Of a refusal: what is said above the answer's own words, about memory that is short. NULL: none.
 */
static char *read_remark(const struct run *run, const json_t *answer)
{
	umm_autofree char *words = umm_answer_text_from(answer);
	const char *all = run->explanation;
	if (words == NULL || all == NULL || strlen(all) <= strlen(words))
		return NULL;
	size_t length = strlen(all) - strlen(words);
	return strcmp(all + length, words) == 0 ? strndup(all, length) : NULL;
}

static void print_table(const struct run *run, const struct run_edge *edge, const struct told *told)
{
	bool refused = edge->state == RUN_EDGE_REFUSED;
	umm_autofree char *remark = refused ? read_remark(run, told->answer) : NULL;
	const struct verdict_context context = {
		.participants = json_object_get(told->document, "participants"),
		.wishes = wishes,
		.remark = remark,
		.note = edge->notes,
	};
	if (verdict_print(stdout, told->answer, &context, verdict_colors_for(stdout)) < 0)
		puts("out of memory");
}

static void print_edge(const struct run *run, const struct run_edge *edge)
{
	char title[RUN_TEXT_EDGE];
	struct told told = read_told(run, edge);
	verdict_title(stdout, run_text_edge(run->plan, edge, title), verdict_colors_for(stdout));
	if (told.answer != NULL)
		print_table(run, edge, &told);
	else
		puts("not asked: it waits for another edge");
	told_finish(&told);
}

/* Who fails has said why; nothing more is to be told of what it was to be part of. */
static bool is_lost(const struct run *run, const struct run_edge *edge)
{
	return run->failed && edge->state == RUN_EDGE_WAITING;
}

void explain_print_edges(const struct run *run)
{
	const struct run_plan *plan = run->plan;
	const char *gap = "";
	for (unsigned i = 0; i < plan->n_edges; i++) {
		if ((int)i == run->refused_edge || is_lost(run, &plan->edges[i]))
			continue;
		fputs(gap, stdout);
		print_edge(run, &plan->edges[i]);
		gap = "\n";
	}
	if (run->refused_edge == RUN_NONE)
		return;
	fputs(gap, stdout);
	print_edge(run, &plan->edges[run->refused_edge]);
}

/* ---- JSON ---- */

static json_t *consumers_json(const struct run_plan *plan, const struct run_edge *edge)
{
	json_t *names = json_array();
	for (unsigned i = 0; i < edge->n_consumers; i++)
		json_array_append_new(names, json_string(plan->stages[edge->consumers[i]].name));
	return names;
}

/* The answer as it is, and where it belongs. */
static json_t *edge_json(const struct run *run, const struct run_edge *edge)
{
	struct told told = read_told(run, edge);
	json_t *object =
		json_pack("{s:s, s:o, s:s}", "from", run->plan->stages[edge->producer].name, "to",
			  consumers_json(run->plan, edge), "status", "unasked");
	if (told.answer != NULL)
		json_object_update(object, told.answer);
	if (edge->notes != NULL)
		json_object_set_new(object, "heap_note", json_string(edge->notes));
	told_finish(&told);
	return object;
}

json_t *explain_edges_json(const struct run *run)
{
	json_t *edges = json_array();
	for (unsigned i = 0; i < run->plan->n_edges; i++)
		if (json_array_append_new(edges, edge_json(run, &run->plan->edges[i])) < 0) {
			json_decref(edges);
			return NULL;
		}
	return json_pack("{s:o}", "edges", edges);
}
