/* SPDX-License-Identifier: MIT */
/**
 * The table at the end. Every column is as wide as its widest cell; numbers stand to the right.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/run.h"

#define MAX_COLUMNS 10
#define CELL_SIZE   48

/* Rows are filled twice: once to measure, once to print. */
struct table {
	FILE *to; /* NULL: only measure */
	int widths[MAX_COLUMNS];
	unsigned n_columns;
	unsigned left; /* a bit for each column that stands to the left */
};

typedef char row[MAX_COLUMNS][CELL_SIZE];

static void measure(struct table *table, row cells)
{
	for (unsigned i = 0; i < table->n_columns; i++) {
		int width = (int)strlen(cells[i]);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

static void put_row(struct table *table, row cells)
{
	if (table->to == NULL) {
		measure(table, cells);
		return;
	}
	for (unsigned i = 0; i < table->n_columns; i++) {
		bool left = (table->left >> i & 1) != 0;
		bool last = i + 1 == table->n_columns;
		fprintf(table->to, "%*s%s", left ? -table->widths[i] : table->widths[i], cells[i],
			last ? "\n" : "  ");
	}
}

static void put_text(char *cell, const char *text)
{
	snprintf(cell, CELL_SIZE, "%.*s", CELL_SIZE - 1, text);
}

static void put_number(char *cell, uint64_t number)
{
	snprintf(cell, CELL_SIZE, "%llu", (unsigned long long)number);
}

/* A long list of consumers is cut: the JSON has it whole. */
static void put_ends(char *cell, const struct run *run, const struct run_edge *edge)
{
	char consumers[256], ends[512];
	run_text_consumers(run->plan, edge, consumers, sizeof(consumers));
	int length = snprintf(ends, sizeof(ends), "%s > %s", run->plan->stages[edge->producer].name,
			      consumers);
	if (length < CELL_SIZE)
		put_text(cell, ends);
	else
		snprintf(cell, CELL_SIZE, "%.*s..", CELL_SIZE - 3, ends);
}

static void put_layout(row cells, const struct umm_layout *layout)
{
	char format[UMM_FORMAT_NAME_SIZE], bytes[RUN_TEXT_SIZE];
	put_text(cells[1], umm_format_name(layout->format, format));
	snprintf(cells[2], CELL_SIZE, "%ux%u", layout->width_px, layout->height_px);
	put_text(cells[3], layout->heap);
	snprintf(cells[4], CELL_SIZE, "%ux%s", layout->buffers,
		 run_text_bytes(layout->raw_size_bytes, bytes));
}

static void put_edge(struct table *table, const struct run *run, const struct run_edge *edge)
{
	row cells = { { 0 } };
	char text[RUN_TEXT_SIZE];
	struct run_counters counters;
	run_count(run, edge, &counters);
	put_ends(cells[0], run, edge);
	if (edge->state == RUN_EDGE_SETTLED || edge->state == RUN_EDGE_STARTED)
		put_layout(cells, &edge->layout);
	put_number(cells[5], counters.frames);
	put_number(cells[6], counters.dropped);
	put_text(cells[7], run_text_bytes(counters.copied_bytes, text));
	put_text(cells[8], run_text_ns(counters.latency_p50_ns, text));
	put_text(cells[9], run_text_ns(counters.latency_p99_ns, text));
	put_row(table, cells);
}

static void put_edges(struct table *table, const struct run *run)
{
	row head = { "edge",   "format",  "size",   "heap", "buffers",
		     "frames", "dropped", "copied", "p50",  "p99" };
	put_row(table, head);
	for (unsigned i = 0; i < run->plan->n_edges; i++)
		put_edge(table, run, &run->plan->edges[i]);
}

static void put_exit(char *cell, const struct run_stage *stage)
{
	int status = run_exit_of(stage);
	const char *name = status < 0 ? sigabbrev_np(-status) : NULL;
	if (name != NULL)
		snprintf(cell, CELL_SIZE, "SIG%s", name);
	else
		snprintf(cell, CELL_SIZE, "%d", status);
}

static void put_stage(struct table *table, const struct run_stage *stage)
{
	row cells = { { 0 } };
	int64_t faults = run_steady_faults(stage);
	put_text(cells[0], stage->name);
	snprintf(cells[1], CELL_SIZE, "%d", (int)stage->pid);
	snprintf(cells[2], CELL_SIZE, "%.2fs", run_stage_cpu_s(stage));
	put_number(cells[3], (uint64_t)stage->usage.ru_nvcsw);
	if (faults < 0)
		put_text(cells[4], "-");
	else
		put_number(cells[4], (uint64_t)faults);
	put_exit(cells[5], stage);
	put_row(table, cells);
}

static void put_stages(struct table *table, const struct run *run)
{
	row head = { "stage", "pid", "cpu", "switches", "faults", "exit" };
	put_row(table, head);
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		put_stage(table, &run->plan->stages[i]);
	row broker = { "(broker)" };
	snprintf(broker[2], CELL_SIZE, "%.2fs", run_broker_cpu_s(run));
	put_row(table, broker);
}

static void print_edges(const struct run *run, FILE *to)
{
	struct table table = { .n_columns = 10, .left = 1 << 0 | 1 << 1 | 1 << 3 };
	put_edges(&table, run);
	table.to = to;
	put_edges(&table, run);
}

static void print_stages(const struct run *run, FILE *to)
{
	struct table table = { .n_columns = 6, .left = 1 << 0 };
	put_stages(&table, run);
	table.to = to;
	put_stages(&table, run);
}

static uint64_t copied_bytes(const struct run *run)
{
	uint64_t sum = 0;
	struct run_counters counters;
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		run_count(run, &run->plan->edges[i], &counters);
		sum += counters.copied_bytes;
	}
	return sum;
}

static void print_notes(const struct run *run, FILE *to)
{
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		const struct run_edge *edge = &run->plan->edges[i];
		if (edge->notes != NULL)
			fprintf(to, "note: %s: %s\n", run->plan->stages[edge->producer].name,
				edge->notes);
	}
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		const struct run_edge *edge = &run->plan->edges[i];
		char text[RUN_ARENA_NOTE_SIZE];
		if (run_arena_note(run, edge, text)[0] != '\0')
			fprintf(to, "note: %s: %s\n", run->plan->stages[edge->producer].name, text);
	}
	for (unsigned i = 0; i < run->plan->n_stages; i++) {
		const struct run_stage *stage = &run->plan->stages[i];
		if (stage->automatic)
			fprintf(to,
				"note: %s was put in because of --copies=allow; what it writes "
				"counts as copied\n",
				stage->name);
	}
}

static void print_sum(const struct run *run, FILE *to)
{
	struct run_counters first;
	char bytes[RUN_TEXT_SIZE];
	run_count(run, &run->plan->edges[0], &first);
	uint64_t copied = copied_bytes(run);
	double wall = (double)(run->over_ns - run->begun_ns) / 1e9;
	double flow = (double)(run->over_ns - run->flowing_ns) / 1e9;
	fprintf(to, "%llu frames in %.2f s, %.1f frames/s, %s copied\n",
		(unsigned long long)first.frames, wall,
		run->flowing_ns != 0 && flow > 0 ? (double)first.frames / flow : 0,
		copied == 0 ? "nothing" : run_text_bytes(copied, bytes));
}

void run_print_table(const struct run *run, FILE *to)
{
	print_edges(run, to);
	fputc('\n', to);
	print_stages(run, to);
	fputc('\n', to);
	print_notes(run, to);
	print_sum(run, to);
}
