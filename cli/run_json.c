/* SPDX-License-Identifier: MIT */
/** The result as one JSON object, keys in the order of umm-run(1). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/explain.h"
#include "cli/run.h"
#include "os/cleanup.h"
#include "stage/outfile.h"

static json_t *planes_json(const struct umm_layout *layout)
{
	json_t *planes = json_array();
	for (unsigned i = 0; i < layout->n_planes; i++)
		json_array_append_new(planes,
				      json_pack("{sIsI}", "offset_bytes",
						(json_int_t)layout->planes[i].offset_bytes,
						"stride_bytes",
						(json_int_t)layout->planes[i].stride_bytes));
	return planes;
}

static json_t *consumers_json(const struct run_plan *plan, const struct run_edge *edge)
{
	json_t *names = json_array();
	for (unsigned i = 0; i < edge->n_consumers; i++)
		json_array_append_new(names, json_string(plan->stages[edge->consumers[i]].name));
	return names;
}

static bool has_layout(const struct run_edge *edge)
{
	return edge->state == RUN_EDGE_SETTLED || edge->state == RUN_EDGE_STARTED;
}

static void add_layout(json_t *object, const struct run_edge *edge)
{
	const struct umm_layout *layout = &edge->layout;
	char format[UMM_FORMAT_NAME_SIZE], modifier[UMM_MODIFIER_NAME_SIZE];
	json_object_set_new(object, "format", json_string(umm_format_name(layout->format, format)));
	json_object_set_new(object, "modifier",
			    json_string(umm_modifier_name(layout->modifier, modifier)));
	json_object_set_new(object, "width", json_integer(layout->width_px));
	json_object_set_new(object, "height", json_integer(layout->height_px));
	json_object_set_new(object, "planes", planes_json(layout));
	json_object_set_new(object, "heap", json_string(layout->heap));
	json_object_set_new(object, "buffers", json_integer(layout->buffers));
}

/* An edge that was never settled has the same keys, and nothing to say. */
static void add_no_layout(json_t *object)
{
	static const char *const keys[] = { "format", "modifier", "width",  "height",
					    "planes", "heap",	  "buffers" };
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(object, keys[i], json_null());
}

static json_t *edge_json(const struct run *run, const struct run_edge *edge)
{
	struct run_counters counters;
	run_count(run, edge, &counters);
	json_t *object = json_pack("{ssso}", "from", run->plan->stages[edge->producer].name, "to",
				   consumers_json(run->plan, edge));
	if (has_layout(edge))
		add_layout(object, edge);
	else
		add_no_layout(object);
	if (edge->notes != NULL)
		json_object_set_new(object, "heap_note", json_string(edge->notes));
	json_object_set_new(object, "frames", json_integer((json_int_t)counters.frames));
	json_object_set_new(object, "dropped", json_integer((json_int_t)counters.dropped));
	json_object_set_new(object, "copied_bytes",
			    json_integer((json_int_t)counters.copied_bytes));
	if (run_arena_moves(run, edge) > 0)
		json_object_set_new(object, "moves",
				    json_integer((json_int_t)run_arena_moves(run, edge)));
	json_object_set_new(object, "latency_us",
			    json_pack("{sfsf}", "p50", (double)counters.latency_p50_ns / 1e3, "p99",
				      (double)counters.latency_p99_ns / 1e3));
	return object;
}

static json_t *stage_json(const struct run_stage *stage)
{
	int64_t faults = run_steady_faults(stage);
	json_t *object = json_pack("{sssisfsIsosi}", "name", stage->name, "pid", (int)stage->pid,
				   "cpu_s", run_stage_cpu_s(stage), "voluntary_switches",
				   (json_int_t)stage->usage.ru_nvcsw, "faults_steady",
				   faults < 0 ? json_null() : json_integer(faults), "exit",
				   run_exit_of(stage));
	if (stage->automatic)
		json_object_set_new(object, "automatic", json_true());
	return object;
}

static json_t *result_json(const struct run *run)
{
	json_t *edges = json_array(), *stages = json_array();
	for (unsigned i = 0; i < run->plan->n_edges; i++)
		json_array_append_new(edges, edge_json(run, &run->plan->edges[i]));
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		json_array_append_new(stages, stage_json(&run->plan->stages[i]));
	return json_pack("{soso s{sfsI} sf}", "edges", edges, "stages", stages, "broker", "cpu_s",
			 run_broker_cpu_s(run), "voluntary_switches",
			 (json_int_t)run_broker_switches(run), "wall_s",
			 (double)(run->over_ns - run->begun_ns) / 1e9);
}

static int write_to_stdout(const char *text)
{
	return fputs(text, stdout) == EOF || fflush(stdout) != 0 ? -errno : 0;
}

/* Whole or not at all: whoever reads the file must not find half a document. */
static int write_file(const char *text, const char *path)
{
	struct stage_outfile *file;
	int ret = stage_outfile_open(path, &file);
	if (ret < 0)
		return ret;
	ret = stage_outfile_write(file, text, strlen(text));
	if (ret == 0)
		return stage_outfile_commit(file);
	stage_outfile_abort(file);
	return ret;
}

int run_write_text(const struct run_options *options, const char *text)
{
	const char *path = options->json_path;
	umm_autofree char *line = NULL;
	int ret = -ENOMEM;
	if (text != NULL && asprintf(&line, "%s\n", text) >= 0)
		ret = path == NULL ? write_to_stdout(line) : write_file(line, path);
	if (ret < 0)
		fprintf(stderr, "umm %s: --json: cannot write %s: %s\n", options->command,
			path != NULL ? path : "to stdout", strerror(-ret));
	return ret;
}

int run_write_json(const struct run *run)
{
	json_t *result = run->options->rehearse ? explain_edges_json(run) : result_json(run);
	umm_autofree char *text =
		result != NULL ? json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
	json_decref(result);
	return run_write_text(run->options, text);
}
