/* SPDX-License-Identifier: MIT */
/**
 * An edge is a collection of its own: the two devices, the picture that is asked for, and one
 * participant more who touches no memory but knows which formats can be drawn on a model. A program
 * on the board is a participant that states no more than that it reads or writes.
 */
#include "cli/board_layout.h"

#include <stdio.h>
#include <string.h>

#include <umm/format.h>
#include <umm/solve.h>

#include "cli/pipeline.h"
#include "model/pixels.h"

UMM_DEFINE_AUTO(umm_answer, umm_answer_destroy)

static int report_memory(void)
{
	fprintf(stderr, "umm: out of memory\n");
	return -1;
}

static int add_made_up(struct pipeline *pipeline, json_t *take_participant)
{
	int ret = take_participant != NULL ? pipeline_add_object(pipeline, take_participant)
					   : report_memory();
	json_decref(take_participant);
	return ret;
}

static int add_model(struct pipeline *pipeline)
{
	json_t *formats = json_array();
	for (unsigned i = 0; model_pixels_formats[i] != 0; i++) {
		char name[UMM_FORMAT_NAME_SIZE];
		json_array_append_new(formats,
				      json_string(umm_format_name(model_pixels_formats[i], name)));
	}
	return add_made_up(pipeline,
			   json_pack("{s:s, s:[s], s:[{s:o, s:s}]}", "name", "model", "usage",
				     "none", "formats", "format", formats, "modifier", "LINEAR"));
}

static int add_side(struct pipeline *pipeline, const char *name, const char *usage)
{
	if (strcmp(name, "cpu") != 0)
		return pipeline_add(pipeline, name);
	return add_made_up(pipeline, json_pack("{s:s, s:[s], s:{s:i}}", "name", "cpu", "usage",
					       usage, "buffers", "camping", 1));
}

static int fill(struct pipeline *pipeline, const struct board_layout_question *question)
{
	char size[32];
	snprintf(size, sizeof(size), "%ux%u", question->width_px, question->height_px);
	int ret = pipeline_set_board(pipeline, question->spec);
	if (ret == 0)
		ret = add_side(pipeline, question->from, "cpu_write");
	if (ret == 0)
		ret = add_side(pipeline, question->to, "cpu_read");
	if (ret == 0)
		ret = add_model(pipeline);
	return ret == 0 ? pipeline_ask(pipeline, size, NULL) : ret;
}

/* The heaps of the board, also where only programs take part. */
static json_t *document_of(const struct pipeline *pipeline, const struct board *board)
{
	json_t *document = pipeline_document(pipeline);
	if (document != NULL)
		json_object_set(document, "heaps", board->heaps);
	return document;
}

static int solve(const struct pipeline *pipeline, const struct board *board,
		 struct umm_answer **out)
{
	json_t *document = document_of(pipeline, board);
	umm_autofree char *text = document != NULL ? json_dumps(document, 0) : NULL;
	json_decref(document);
	int verdict = text != NULL ? umm_solve_json(text, strlen(text), out) : -1;
	return verdict < 0 ? report_memory() : verdict;
}

static bool is_contiguous(const struct board *board, const char *heap)
{
	size_t i;
	const json_t *item;
	json_array_foreach (board->heaps, i, item)
		if (strcmp(json_string_value(json_object_get(item, "name")), heap) == 0)
			return json_is_true(json_object_get(item, "contiguous"));
	return false;
}

static void translate(const struct board_layout_question *question, const struct umm_layout *layout,
		      struct board_layout *out)
{
	*out = (struct board_layout){
		.model = {
			.picture = {
				.width_px = question->width_px,
				.height_px = question->height_px,
				.stride_bytes = layout->planes[0].stride_bytes,
				.format = layout->format,
			},
			.size_bytes = layout->raw_size_bytes,
			.buffers = layout->buffers,
			.contiguous = is_contiguous(question->board, layout->heap),
		},
	};
	if (layout->n_planes > 1) {
		out->model.picture.chroma_offset_bytes = layout->planes[1].offset_bytes;
		out->model.picture.chroma_stride_bytes = layout->planes[1].stride_bytes;
	}
	umm_format_name(layout->format, out->format);
	snprintf(out->heap, sizeof(out->heap), "%s", layout->heap);
}

static int report_clash(const struct board_layout_question *question,
			const struct umm_answer *answer)
{
	fprintf(stderr, "umm: %s: %s and %s have no layout of %ux%u in common\n%s",
		question->board->name, question->from, question->to, question->width_px,
		question->height_px, umm_answer_text(answer));
	return -1;
}

int board_layout_find(const struct board_layout_question *question, struct board_layout *out)
{
	struct pipeline pipeline;
	if (pipeline_init(&pipeline) < 0)
		return -1;
	umm_auto(umm_answer, answer) = NULL;
	int ret = fill(&pipeline, question);
	if (ret == 0)
		ret = solve(&pipeline, question->board, &answer);
	pipeline_finish(&pipeline);
	if (ret < 0)
		return ret;
	const struct umm_layout *layout = umm_answer_layout(answer);
	if (layout == NULL)
		return report_clash(question, answer);
	if (layout->buffers > MODEL_BOARD_BUFFERS) {
		fprintf(stderr, "umm: %s > %s needs %u buffers, a model has at most %d\n",
			question->from, question->to, layout->buffers, MODEL_BOARD_BUFFERS);
		return -1;
	}
	translate(question, layout, out);
	return 0;
}
