/* SPDX-License-Identifier: MIT */
/**
 * Board files are found by name, as a compiler finds headers: first where the user says
 * ($UMM_BOARD_PATH), then beside the tool (../boards from a build directory, ../share/umm/boards
 * from wherever a prefix was moved to), then in the directory that was configured.
 *
 * Only the frame of the file is checked here, so that the callers below never meet a wrong type;
 * what is inside a HEAP or a PARTICIPANT is the solver's business, and it says it better.
 */
#include "cli/board.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/input.h"
#include "cli/place.h"

#ifndef UMM_BOARD_DIR
#define UMM_BOARD_DIR "/usr/local/share/umm/boards"
#endif

static int each_in_path(const char *path, int (*each)(const char *, void *), void *user)
{
	char directory[PATH_MAX];
	int ret = 0;
	while (ret == 0 && *path != '\0') {
		size_t length = strcspn(path, ":");
		if (length > 0 && length < sizeof(directory)) {
			memcpy(directory, path, length);
			directory[length] = '\0';
			ret = each(directory, user);
		}
		path += length + (path[length] == ':');
	}
	return ret;
}

static int each_beside_program(int (*each)(const char *, void *), void *user)
{
	static const char *const places[] = { "../boards", "../../boards", "../share/umm/boards" };
	char program[PATH_MAX], directory[PATH_MAX + 32];
	place_of_program(program, sizeof(program));
	int ret = 0;
	for (size_t i = 0; ret == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(directory, sizeof(directory), "%s/%s", program, places[i]);
		ret = each(directory, user);
	}
	return ret;
}

int board_each_directory(int (*each)(const char *directory, void *user), void *user)
{
	const char *path = getenv("UMM_BOARD_PATH");
	int ret = path != NULL ? each_in_path(path, each, user) : 0;
	if (ret == 0)
		ret = each_beside_program(each, user);
	return ret != 0 ? ret : each(UMM_BOARD_DIR, user);
}

struct search {
	const char *name;
	char path[PATH_MAX + 64];
};

static int look_in(const char *directory, void *user)
{
	struct search *search = user;
	int length =
		snprintf(search->path, sizeof(search->path), "%s/%s.json", directory, search->name);
	return length > 0 && (size_t)length < sizeof(search->path) &&
	       access(search->path, R_OK) == 0;
}

bool board_exists(const char *name)
{
	struct search search = { .name = name };
	return board_each_directory(look_in, &search) != 0;
}

static bool is_path(const char *spec)
{
	size_t length = strlen(spec);
	return strchr(spec, '/') != NULL || (length > 5 && strcmp(spec + length - 5, ".json") == 0);
}

static json_t *load(const char *spec)
{
	struct search search = { .name = spec };
	const char *path = spec;
	if (!is_path(spec)) {
		if (board_each_directory(look_in, &search) == 0) {
			fprintf(stderr,
				"umm: there is no board '%s' in UMM_BOARD_PATH or in " UMM_BOARD_DIR
				"\n",
				spec);
			return NULL;
		}
		path = search.path;
	}
	return input_read_json(path);
}

/* NULL, or what is wrong with the frame of the file. */
static const char *fault_of_named(const json_t *list)
{
	size_t i, j;
	const json_t *item;
	json_array_foreach (list, i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		if (name == NULL)
			return "a heap or device without a name";
		for (j = 0; j < i; j++)
			if (strcmp(name, json_string_value(json_object_get(json_array_get(list, j),
									   "name"))) == 0)
				return "two heaps or two devices of one name";
	}
	return NULL;
}

static const char *fault_of(const struct board *board)
{
	if (board->name == NULL)
		return "no board.name";
	if (!json_is_array(board->heaps) || !json_is_array(board->devices))
		return "no list of heaps, or none of devices";
	const char *fault = fault_of_named(board->heaps);
	return fault != NULL ? fault : fault_of_named(board->devices);
}

int board_open(const char *spec, struct board **out)
{
	umm_auto(board, board) = calloc(1, sizeof(*board));
	if (board == NULL) {
		fprintf(stderr, "umm: out of memory\n");
		return -1;
	}
	board->root = load(spec);
	if (board->root == NULL)
		return -1;
	board->name =
		json_string_value(json_object_get(json_object_get(board->root, "board"), "name"));
	board->heaps = json_object_get(board->root, "heaps");
	board->devices = json_object_get(board->root, "devices");
	const char *fault = fault_of(board);
	if (fault != NULL) {
		fprintf(stderr, "umm: %s is not a board file: %s\n", spec, fault);
		return -1;
	}
	*out = umm_steal(board);
	return 0;
}

void board_close(struct board *board)
{
	if (board == NULL)
		return;
	json_decref(board->root);
	free(board);
}

json_t *board_device(const struct board *board, const char *name)
{
	size_t i;
	json_t *device;
	json_array_foreach (board->devices, i, device)
		if (strcmp(json_string_value(json_object_get(device, "name")), name) == 0)
			return device;
	return NULL;
}

void board_report_no_device(const struct board *board, const char *name)
{
	fprintf(stderr, "umm: board %s has no device '%s'; it has", board->name, name);
	size_t i;
	const json_t *device;
	json_array_foreach (board->devices, i, device)
		fprintf(stderr, "%s %s", i > 0 ? "," : "",
			json_string_value(json_object_get(device, "name")));
	fputc('\n', stderr);
}
