/* SPDX-License-Identifier: MIT */
/**
 * From the words of the command line to stages and edges.
 *
 * The shape is a tree written as a list: every stage knows the one it takes its frames from. Edges
 * follow from that: one for each stage that somebody takes frames from.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/pipeline.h"
#include "cli/run.h"
#include "share/json.h"
#include "share/negotiation.h"

static int out_of_memory(const struct run_plan *plan)
{
	fprintf(stderr, "umm %s: out of memory\n", plan->command);
	return CLI_FAILED;
}

static unsigned count_kind(const struct run_plan *plan, unsigned before, const char *kind)
{
	unsigned n = 0;
	for (unsigned i = 0; i < before; i++)
		if (strcmp(plan->stages[i].spec.ops->kind, kind) == 0)
			n++;
	return n;
}

/* The one before `index` that passes frames on or takes them: a guest does neither, but for one
 * that is the first of all. -1: none. */
static int last_stage(const struct run_plan *plan, unsigned index)
{
	int last = (int)index - 1;
	while (last > 0 && plan->stages[last].guest)
		last--;
	return last;
}

/* "png", then "png-2". */
static void name_stage(struct run_plan *plan, unsigned index)
{
	struct run_stage *stage = &plan->stages[index];
	const char *kind = stage->spec.ops->kind;
	unsigned same = count_kind(plan, index, kind);
	if (same == 0)
		snprintf(stage->name, sizeof(stage->name), "%s", kind);
	else
		snprintf(stage->name, sizeof(stage->name), "%s-%u", kind, same + 1);
}

/* Names live in the array, which may have moved. */
static void point_at_names(struct run_plan *plan)
{
	for (unsigned i = 0; i < plan->n_stages; i++)
		plan->stages[i].spec.name = plan->stages[i].name;
}

static int refuse(const struct run_plan *plan, const char *text, const char *why)
{
	fprintf(stderr, "umm %s: %s: %s\n", plan->command, text, why);
	return CLI_USAGE;
}

/* Names that an edge has for those who wish. */
static bool is_taken(const struct run_plan *plan, const char *name)
{
	for (unsigned i = 0; i + 1 < plan->n_stages; i++)
		if (strcmp(plan->stages[i].name, name) == 0)
			return true;
	return strcmp(name, PIPELINE_REQUEST) == 0 || strcmp(name, UMM_OPTIONS_PARTICIPANT) == 0;
}

/* The last one, a guest, is called what its constraints say. */
static int name_guest(struct run_plan *plan, unsigned index)
{
	struct run_stage *stage = &plan->stages[index];
	umm_autojson json_t *object = json_loads(stage->spec.argument, 0, NULL);
	const char *name = umm_json_text(object, "name");
	if (name[0] == '\0' || strlen(name) > UMM_MEMBER_NAME_MAX)
		return refuse(plan, stage->spec.text, "its name must have 1 to 63 bytes");
	if (is_taken(plan, name))
		return refuse(plan, stage->spec.text, "somebody else has the same name");
	snprintf(stage->name, sizeof(stage->name), "%s", name);
	return 0;
}

static int check_role(const struct run_plan *plan, unsigned index, bool extra)
{
	const struct run_stage *stage = &plan->stages[index];
	enum stage_role role = stage->spec.ops->role;
	if (index == 0)
		return role == STAGE_SOURCE
			       ? 0
			       : refuse(plan, stage->spec.text, "the first stage must be a source");
	if (role == STAGE_SOURCE)
		return refuse(plan, stage->spec.text, "only the first stage can be a source");
	bool after_sink = plan->stages[last_stage(plan, index)].spec.ops->role == STAGE_SINK;
	if (extra && role != STAGE_SINK)
		return refuse(plan, stage->spec.text, "after a '+' comes a sink");
	if (extra && !after_sink)
		return refuse(plan, stage->spec.text, "a '+' comes after a sink");
	if (after_sink && !extra)
		return refuse(plan, stage->spec.text, "after a sink nothing can come but '+ SINK'");
	return 0;
}

static int add_stage(struct run_plan *plan, const char *text, bool extra)
{
	struct run_stage *stage = &plan->stages[plan->n_stages];
	if (stage_spec_parse(text, &stage->spec) < 0)
		return CLI_USAGE;
	unsigned index = plan->n_stages++;
	name_stage(plan, index);
	int previous = last_stage(plan, index);
	stage->upstream = extra && previous >= 0 ? plan->stages[previous].upstream : previous;
	return check_role(plan, index, extra);
}

/* It shares the frames of the stage before it, or those that the sink before it takes. */
static int add_guest(struct run_plan *plan, const struct run_guests *guests, const char *text)
{
	unsigned index = plan->n_stages;
	struct run_stage *stage = &plan->stages[index];
	char *json = guests->constraints(guests->user, text);
	enum stage_role role = index == 0 ? STAGE_SOURCE : STAGE_SINK;
	if (json == NULL || run_guest_spec(role, text, json, &stage->spec) < 0)
		return CLI_USAGE;
	plan->n_stages++;
	stage->guest = true;
	int previous = last_stage(plan, index);
	bool after_sink = previous >= 0 && plan->stages[previous].spec.ops->role == STAGE_SINK;
	stage->upstream = after_sink ? plan->stages[previous].upstream : previous;
	return name_guest(plan, index);
}

static int add_stages(struct run_plan *plan, const struct run_guests *guests, int n_arguments,
		      char **arguments)
{
	bool extra = false;
	for (int i = 0; i < n_arguments; i++) {
		if (strcmp(arguments[i], "+") == 0) {
			if (extra || i + 1 == n_arguments)
				return refuse(plan, "+", "a sink must follow");
			extra = true;
			continue;
		}
		bool guest = guests != NULL && !stage_is_named(arguments[i]) &&
			     guests->knows(guests->user, arguments[i]);
		if (guest && extra)
			return refuse(plan, arguments[i], "after a '+' comes a sink");
		int ret = guest ? add_guest(plan, guests, arguments[i])
				: add_stage(plan, arguments[i], extra);
		if (ret != 0)
			return ret;
		extra = false;
	}
	assert(n_arguments > 0); /* none at all is another message, before this */
	const struct run_stage *last = &plan->stages[plan->n_stages - 1];
	assert(last->spec.ops != NULL);
	if (last->spec.ops->role != STAGE_SINK)
		return refuse(plan, last->spec.text,
			      "the last stage must be a sink (null, if no other)");
	return 0;
}

static void drop_edges(struct run_plan *plan)
{
	for (unsigned i = 0; i < plan->n_edges; i++) {
		free(plan->edges[i].consumers);
		free(plan->edges[i].notes);
	}
	free(plan->edges);
	plan->edges = NULL;
	plan->n_edges = 0;
}

static struct run_edge *edge_of(struct run_plan *plan, unsigned producer)
{
	struct run_stage *stage = &plan->stages[producer];
	if (stage->output != RUN_NONE)
		return &plan->edges[stage->output];

	struct run_edge *edge = &plan->edges[plan->n_edges];
	snprintf(edge->token, sizeof(edge->token), "edge%u", plan->n_edges);
	edge->producer = (int)producer;
	stage->output = (int)plan->n_edges++;
	return edge;
}

static int add_consumer(const struct run_plan *plan, struct run_edge *edge, unsigned consumer)
{
	int *grown = realloc(edge->consumers, (edge->n_consumers + 1) * sizeof(*grown));
	if (grown == NULL)
		return out_of_memory(plan);
	edge->consumers = grown;
	grown[edge->n_consumers++] = (int)consumer;
	return 0;
}

static int link_stages(struct run_plan *plan)
{
	drop_edges(plan);
	plan->edges = calloc(plan->n_stages, sizeof(*plan->edges));
	if (plan->edges == NULL)
		return out_of_memory(plan);
	for (unsigned i = 0; i < plan->n_stages; i++)
		plan->stages[i].input = plan->stages[i].output = RUN_NONE;

	for (unsigned i = 1; i < plan->n_stages; i++) {
		struct run_stage *stage = &plan->stages[i];
		struct run_edge *edge = edge_of(plan, (unsigned)stage->upstream);
		stage->input = plan->stages[stage->upstream].output;
		int ret = add_consumer(plan, edge, i);
		if (ret != 0)
			return ret;
		if (edge->n_consumers > UMM_MAX_CONSUMERS)
			return refuse(plan, stage->spec.text,
				      "more consumers than a queue can have");
	}
	return 0;
}

static int check_stages(const struct run_plan *plan)
{
	for (unsigned i = 0; i < plan->n_stages; i++) {
		const struct stage_spec *spec = &plan->stages[i].spec;
		if (spec->ops->check != NULL && spec->ops->check(spec) != 0)
			return CLI_USAGE;
	}
	return 0;
}

int run_plan_init(struct run_plan *plan, const struct run_options *options, int n_arguments,
		  char **arguments)
{
	*plan = (struct run_plan){ .command = options->command };
	plan->stages = calloc((size_t)n_arguments, sizeof(*plan->stages));
	if (plan->stages == NULL)
		return out_of_memory(plan);

	int ret = add_stages(plan, options->guests, n_arguments, arguments);
	if (ret == 0)
		ret = link_stages(plan);
	point_at_names(plan);
	if (ret == 0)
		ret = check_stages(plan);
	return ret;
}

void run_plan_finish(struct run_plan *plan)
{
	drop_edges(plan);
	for (unsigned i = 0; i < plan->n_stages; i++)
		stage_spec_finish(&plan->stages[i].spec);
	free(plan->stages);
}

static void make_room(struct run_plan *plan, unsigned at)
{
	memmove(&plan->stages[at + 1], &plan->stages[at],
		(plan->n_stages - at) * sizeof(*plan->stages));
	plan->n_stages++;
	for (unsigned i = at + 1; i < plan->n_stages; i++)
		if (plan->stages[i].upstream >= (int)at)
			plan->stages[i].upstream++;
}

static void name_automatic(struct run_plan *plan, unsigned index)
{
	unsigned n = 0;
	for (unsigned i = 0; i < plan->n_stages; i++)
		if (i != index && plan->stages[i].automatic)
			n++;
	struct run_stage *stage = &plan->stages[index];
	if (n == 0)
		snprintf(stage->name, sizeof(stage->name), "compose-auto");
	else
		snprintf(stage->name, sizeof(stage->name), "compose-auto-%u", n + 1);
}

int run_plan_insert_compose(struct run_plan *plan, unsigned sink)
{
	struct run_stage *grown =
		realloc(plan->stages, (plan->n_stages + 1) * sizeof(*plan->stages));
	if (grown == NULL)
		return out_of_memory(plan), -1;
	plan->stages = grown;
	point_at_names(plan);

	struct run_stage compose = { .automatic = true, .upstream = grown[sink].upstream };
	if (stage_spec_parse("compose,size=fit", &compose.spec) < 0)
		return -1;
	make_room(plan, sink);
	plan->stages[sink] = compose;
	plan->stages[sink + 1].upstream = (int)sink;
	name_automatic(plan, sink);
	point_at_names(plan);
	return link_stages(plan) == 0 ? 0 : -1;
}

void run_plan_reset(struct run_plan *plan)
{
	for (unsigned i = 0; i < plan->n_edges; i++) {
		struct run_edge *edge = &plan->edges[i];
		free(edge->notes);
		edge->notes = NULL;
		edge->state = RUN_EDGE_WAITING;
	}
	for (unsigned i = 0; i < plan->n_stages; i++) {
		struct run_stage *stage = &plan->stages[i];
		stage->pid = 0;
		stage->ended = stage->unjudged = stage->lost = stage->doomed = false;
		stage->wait_status = 0;
		stage->look_frames = 0;
		stage->first_faults = stage->last_faults = stage->look_faults = -1;
	}
}

struct run_edge *run_plan_edge(struct run_plan *plan, const char *token)
{
	for (unsigned i = 0; i < plan->n_edges; i++)
		if (strcmp(plan->edges[i].token, token) == 0)
			return &plan->edges[i];
	return NULL;
}
