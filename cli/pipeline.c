/* SPDX-License-Identifier: MIT */
/**
 * Boards lend their devices and their heaps. Two devices of one board share its heaps; two boards
 * in one question (what if this camera sat on that board?) bring both lists, and a heap that comes
 * under a name that is taken is left out: the first board named is the one the question is about.
 *
 * The picture that is to pass becomes a participant called "request" that touches no memory
 * (usage "none"): so an explanation can say that it was the request that bound a size.
 */
#include "cli/pipeline.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/input.h"
#include "share/heap_json.h"
#include "share/json.h"

static int report_memory(void)
{
	fprintf(stderr, "umm: out of memory\n");
	return -1;
}

int pipeline_init(struct pipeline *pipeline)
{
	*pipeline = (struct pipeline){ .heaps = json_array(), .participants = json_array() };
	if (pipeline->heaps != NULL && pipeline->participants != NULL)
		return 0;
	pipeline_finish(pipeline);
	return report_memory();
}

void pipeline_finish(struct pipeline *pipeline)
{
	json_decref(pipeline->heaps);
	json_decref(pipeline->participants);
	board_close(pipeline->board);
	*pipeline = (struct pipeline){ 0 };
}

static json_t *find_named(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item) {
		const char *have = json_string_value(json_object_get(item, "name"));
		if (have != NULL && strcmp(have, name) == 0)
			return item;
	}
	return NULL;
}

static int add_heaps(struct pipeline *pipeline, const struct board *board)
{
	size_t i;
	json_t *heap;
	json_array_foreach (board->heaps, i, heap) {
		const char *name = json_string_value(json_object_get(heap, "name"));
		if (find_named(pipeline->heaps, name) == NULL &&
		    json_array_append(pipeline->heaps, heap) < 0)
			return report_memory();
	}
	return 0;
}

/* `wanted`, or wanted-2, wanted-3: a device may be named twice. */
static json_t *free_name(const struct pipeline *pipeline, const char *wanted)
{
	json_t *name = json_string(wanted);
	for (unsigned n = 2;
	     name != NULL && find_named(pipeline->participants, json_string_value(name)) != NULL;
	     n++) {
		json_decref(name);
		name = json_sprintf("%s-%u", wanted, n);
	}
	return name;
}

static int add_participant(struct pipeline *pipeline, const json_t *participant)
{
	json_t *copy = json_deep_copy(participant);
	json_t *name = free_name(pipeline, json_string_value(json_object_get(participant, "name")));
	if (json_object_set_new(copy, "name", name) == 0 &&
	    json_array_append(pipeline->participants, copy) == 0) {
		json_decref(copy);
		return 0;
	}
	json_decref(copy);
	return report_memory();
}

int pipeline_add_object(struct pipeline *pipeline, const json_t *participant)
{
	return add_participant(pipeline, participant);
}

static int add_device(struct pipeline *pipeline, const struct board *board, const char *name)
{
	const json_t *device = board_device(board, name);
	if (device == NULL) {
		board_report_no_device(board, name);
		return -1;
	}
	int ret = add_heaps(pipeline, board);
	return ret < 0 ? ret : add_participant(pipeline, device);
}

static int add_file(struct pipeline *pipeline, const char *path)
{
	umm_autojson json_t *participant = input_read_json(path);
	if (participant == NULL)
		return -1;
	if (json_is_string(json_object_get(participant, "name")))
		return add_participant(pipeline, participant);
	fprintf(stderr, "umm: %s holds no participant: it has no name\n", path);
	return -1;
}

static int add_from_board(struct pipeline *pipeline, const char *spec, size_t board_length)
{
	umm_autofree char *name = strndup(spec, board_length);
	if (name == NULL)
		return report_memory();
	umm_auto(board, board) = NULL;
	if (board_open(name, &board) < 0)
		return -1;
	return add_device(pipeline, board, spec + board_length + 1);
}

/* What somebody typed: which of them it is shows in how it is written, but for the devices of the
 * board that was set, which come first. */
enum spec { A_FILE, A_DEVICE, A_DEVICE_OF_A_BOARD, NOTHING_KNOWN };

static bool is_json(const char *spec, size_t length)
{
	return length > 5 && strncmp(spec + length - 5, ".json", 5) == 0;
}

static bool is_path(const char *spec)
{
	return spec[0] == '/' || strncmp(spec, "./", 2) == 0 || strncmp(spec, "../", 3) == 0;
}

/* BOARD:DEVICE, or BOARD/DEVICE where BOARD is no path or one to a .json. 0: no such thing. */
static size_t length_of_board(const char *spec)
{
	const char *colon = strrchr(spec, ':'), *slash = strrchr(spec, '/');
	if (colon != NULL && (!is_path(spec) || is_json(spec, (size_t)(colon - spec))))
		return (size_t)(colon - spec);
	if (slash == NULL)
		return 0;
	size_t length = (size_t)(slash - spec);
	bool name = memchr(spec, '/', length) == NULL && !is_path(spec);
	return name || is_json(spec, length) ? length : 0;
}

static enum spec read_spec(const struct pipeline *pipeline, const char *spec, size_t *board_length)
{
	*board_length = 0;
	if (pipeline->board != NULL && board_device(pipeline->board, spec) != NULL)
		return A_DEVICE;
	if (is_json(spec, strlen(spec)))
		return A_FILE;
	*board_length = length_of_board(spec);
	if (*board_length > 0)
		return A_DEVICE_OF_A_BOARD;
	if (is_path(spec))
		return A_FILE;
	return pipeline->board != NULL ? A_DEVICE : NOTHING_KNOWN;
}

bool pipeline_knows(const struct pipeline *pipeline, const char *spec)
{
	size_t length;
	switch (read_spec(pipeline, spec, &length)) {
	case A_FILE:
		return true;
	case A_DEVICE:
		return board_device(pipeline->board, spec) != NULL;
	case A_DEVICE_OF_A_BOARD:
		break;
	case NOTHING_KNOWN:
		return false;
	}
	umm_autofree char *board = strndup(spec, length);
	return board != NULL && (is_json(board, length) || board_exists(board));
}

int pipeline_set_board(struct pipeline *pipeline, const char *spec)
{
	board_close(pipeline->board);
	pipeline->board = NULL;
	return board_open(spec, &pipeline->board);
}

int pipeline_add(struct pipeline *pipeline, const char *spec)
{
	size_t length;
	switch (read_spec(pipeline, spec, &length)) {
	case A_FILE:
		return add_file(pipeline, spec);
	case A_DEVICE:
		return add_device(pipeline, pipeline->board, spec);
	case A_DEVICE_OF_A_BOARD:
		return add_from_board(pipeline, spec, length);
	case NOTHING_KNOWN:
		break;
	}
	fprintf(stderr,
		"umm: what is '%s'? A participant is a stage, BOARD:DEVICE, DEVICE with --board, "
		"or FILE.json\n",
		spec);
	return -1;
}

/* "1920x1080" as [1920, 1080]; NULL if it is no such thing. */
static json_t *parse_size(const char *text)
{
	char *end = NULL;
	if (!isdigit((unsigned char)text[0]))
		return NULL;
	unsigned long long width = strtoull(text, &end, 10);
	if (*end != 'x' || !isdigit((unsigned char)end[1]))
		return NULL;
	unsigned long long height = strtoull(end + 1, &end, 10);
	if (*end != '\0' || width == 0 || height == 0 || width > UINT32_MAX || height > UINT32_MAX)
		return NULL;
	return json_pack("[I, I]", (json_int_t)width, (json_int_t)height);
}

/* The entry of `formats` that asks for both; NULL with the line printed. */
static json_t *wanted_entry(const char *size, const char *format)
{
	umm_autojson json_t *name = json_string(format != NULL ? format : "any");
	if (name == NULL) {
		fprintf(stderr, "umm: --format %s: a format is a name like NV12\n", format);
		return NULL;
	}
	umm_autojson json_t *pair = size != NULL ? parse_size(size) : NULL;
	if (size != NULL && pair == NULL) {
		fprintf(stderr, "umm: --size %s: a size is WIDTHxHEIGHT, as in 1920x1080\n", size);
		return NULL;
	}
	json_t *entry = json_pack("{s:O, s:s}", "format", name, "modifier", "any");
	if (entry == NULL || (pair != NULL && json_object_set_new(entry, "required_sizes",
								  json_pack("[O]", pair)) < 0)) {
		json_decref(entry);
		report_memory();
		return NULL;
	}
	return entry;
}

int pipeline_ask(struct pipeline *pipeline, const char *size, const char *format)
{
	if (size == NULL && format == NULL)
		return 0;
	json_t *entry = wanted_entry(size, format);
	if (entry == NULL)
		return -1;
	umm_autojson json_t *request = json_pack("{s:s, s:[s], s:[o]}", "name", PIPELINE_REQUEST,
						 "usage", "none", "formats", entry);
	if (request == NULL)
		return report_memory();
	int ret = add_participant(pipeline, request);
	size_t last = json_array_size(pipeline->participants) - 1;
	if (ret == 0)
		pipeline->request = json_string_value(
			json_object_get(json_array_get(pipeline->participants, last), "name"));
	return ret;
}

static json_t *machine_heaps(void)
{
	json_t *heaps = json_array();
	struct umm_heap_list list;
	umm_heap_list(&list);
	for (unsigned i = 0; i < list.n; i++) {
		struct umm_heap_properties heap;
		umm_heap_probe(&list.heaps[i], &heap);
		if (heap.present)
			json_array_append_new(heaps, umm_heap_json(&heap));
	}
	return heaps;
}

json_t *pipeline_document(const struct pipeline *pipeline)
{
	json_t *heaps = json_array_size(pipeline->heaps) > 0 ? json_incref(pipeline->heaps)
							     : machine_heaps();
	return json_pack("{s:o, s:O}", "heaps", heaps, "participants", pipeline->participants);
}
