/* SPDX-License-Identifier: MIT */
/**
 * The boards that come with umm: facts with their sources, and demands the solver can meet.
 *
 * What a wrong board would do is tell somebody that hardware works together which does not, so each
 * object that states a value must name where the value is from, each key must be one of the
 * contract, and each device must have a solution on its own board when it is alone.
 */
#include <dirent.h>
#include <string.h>

#include <umm/solve.h>

#include "cli/board.h"
#include "tests/harness.h"

UMM_DEFINE_AUTO(umm_answer, umm_answer_destroy)

/** Boards this project promises to have. */
static const char *const promised[] = { "amd-desktop", "imx8mm",      "imx8mp", "intel-desktop",
					"jetson-nano", "omap4-panda", "rk3399", "rk3588",
					"rpi4",	       "rpi5" };

#define N_PROMISED (sizeof(promised) / sizeof(promised[0]))

static void for_each_board(void (*check)(const struct board *board))
{
	unsetenv("UMM_BOARD_PATH");
	for (size_t i = 0; i < N_PROMISED; i++) {
		umm_auto(board, board) = NULL;
		CHECK_INT(board_open(promised[i], &board), 0);
		CHECK_STR(board->name, promised[i]);
		check(board);
	}
}

/** The keys an object of the contract may have; a comment is allowed everywhere. */
struct shape {
	const char *name;
	const char *keys; /* blanks around each */
};

static const struct shape shapes[] = {
	{ "", " board heaps devices " },
	{ "board", " name " },
	{ "heaps", " name class contiguous contiguous_max_bytes address_max size_max_bytes "
		   "free_bytes largest_free_bytes coherency cache secure zeroed cost " },
	{ "devices", " name usage buffers memory formats attach " },
	{ "buffers", " camping dedicated_slack shared_slack min max " },
	{ "memory", " size_bytes contiguous address segments iommu secure coherency cache heaps "
		    "imports pad_end_bytes " },
	{ "size_bytes", " min max " },
	{ "address", " align max " },
	{ "segments", " max_count max_bytes boundary_bytes " },
	{ "formats", " format modifier color_spaces alpha size required_sizes required_min_size "
		     "stride offset_divisor_bytes planes handles rows_align pad_block extra_rows "
		     "total_min_bytes cost " },
	{ "size", " min max align area_max " },
	{ "stride", " min_bytes max_bytes divisor_bytes whole_pixels exact " },
	{ "planes", " stride_divisor_bytes offset_divisor_bytes " },
};

static const struct shape *shape_of(const char *key)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].name, key) == 0)
			return &shapes[i];
	return NULL;
}

static bool has_key(const struct shape *shape, const char *key)
{
	char padded[64];
	snprintf(padded, sizeof(padded), " %s ", key);
	return strstr(shape->keys, padded) != NULL;
}

/* Names, classes and wishes are ours to choose; everything else is a fact about hardware. */
static bool is_free_choice(const char *key)
{
	return strstr(" name class usage attach comment cost cache ", key) != NULL;
}

static bool is_value(const json_t *value)
{
	return !json_is_object(value) && !json_is_object(json_array_get(value, 0));
}

static bool states_a_fact(const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value)
		if (!is_free_choice(key) && is_value(value))
			return true;
	return false;
}

/* "source: " and a file, a page or a section behind it. */
static bool names_a_source(const char *comment)
{
	const char *source = comment != NULL ? strstr(comment, "source: ") : NULL;
	if (source == NULL)
		return false;
	static const char *const marks[] = { ".c",  ".h",  ".dts",     ".rst",
					     ".md", "://", "section ", ".com/" };
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(source, marks[i]) != NULL)
			return true;
	return false;
}

static void check_object(const char *board, const char *path, const char *key, json_t *object);

static void check_member(const char *board, const char *path, const char *key, json_t *value)
{
	size_t i;
	json_t *item;
	if (json_is_object(value))
		check_object(board, path, key, value);
	else
		json_array_foreach (value, i, item)
			if (json_is_object(item))
				check_object(board, path, key, item);
}

static void check_object(const char *board, const char *path, const char *shape_name,
			 json_t *object)
{
	const struct shape *shape = shape_of(shape_name);
	if (shape == NULL)
		test_fail(board, 0, "%s.%s may not be an object", path, shape_name);
	const char *name = json_string_value(json_object_get(object, "name"));
	char here[256];
	snprintf(here, sizeof(here), "%s.%s%s%s", path, shape_name, name ? ":" : "",
		 name ? name : "");
	const char *comment = json_string_value(json_object_get(object, "comment"));
	if (states_a_fact(object) && !names_a_source(comment))
		test_fail(board, 0, "%s states a value, and its comment names no source", here);

	const char *key;
	json_t *value;
	json_object_foreach (object, key, value) {
		if (strcmp(key, "comment") != 0 && !has_key(shape, key))
			test_fail(board, 0, "%s has the unknown key %s", here, key);
		check_member(board, here, key, value);
	}
}

static void check_schema(const struct board *board)
{
	check_object(board->name, "", "", board->root);
}

static char *document_of(const struct board *board, json_t *device)
{
	json_t *document = json_pack("{s:O, s:[O]}", "heaps", board->heaps, "participants", device);
	CHECK(document != NULL);
	char *text = json_dumps(document, 0);
	json_decref(document);
	CHECK(text != NULL);
	return text;
}

static void check_devices_alone(const struct board *board)
{
	size_t i;
	json_t *device;
	json_array_foreach (board->devices, i, device) {
		umm_autofree char *text = document_of(board, device);
		umm_auto(umm_answer, answer) = NULL;
		CHECK(umm_solve_json(text, strlen(text), &answer) >= 0);
		if (umm_answer_verdict(answer) != UMM_OK)
			test_fail(board->name, 0, "%s alone: %s",
				  json_string_value(json_object_get(device, "name")),
				  umm_answer_text(answer));
	}
}

TEST(every_value_of_a_board_is_of_the_contract_and_names_its_source)
{
	for_each_board(check_schema);
}

TEST(every_device_alone_has_a_solution_on_its_board)
{
	for_each_board(check_devices_alone);
}

TEST(the_schema_check_finds_what_it_is_there_for)
{
	CHECK(!has_key(shape_of("stride"), "divisor"));
	CHECK(has_key(shape_of("stride"), "divisor_bytes"));
	CHECK(!names_a_source("about 64 bytes"));
	CHECK(!names_a_source("source: somebody said so"));
	CHECK(names_a_source("source: Linux 6.12 drivers/of/platform.c:of_dma_configure()"));
	json_t *fact = json_pack("{s:i}", "divisor_bytes", 64);
	json_t *choice = json_pack("{s:s, s:{}}", "name", "camera", "memory");
	CHECK(states_a_fact(fact) && !states_a_fact(choice));
	json_decref(fact);
	json_decref(choice);
}

static int directory_with_boards(const char *directory, void *user)
{
	char path[4096 + 64];
	snprintf(path, sizeof(path), "%s/omap4-panda.json", directory);
	if (access(path, R_OK) != 0)
		return 0;
	snprintf(user, 4096, "%s", directory);
	return 1;
}

TEST(no_board_file_escapes_the_checks)
{
	unsetenv("UMM_BOARD_PATH");
	char directory[4096];
	CHECK_INT(board_each_directory(directory_with_boards, directory), 1);
	DIR *dir = opendir(directory);
	CHECK(dir != NULL);
	size_t found = 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		found += strstr(entry->d_name, ".json") != NULL;
	closedir(dir);
	CHECK_INT(found, N_PROMISED);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

TEST(a_board_of_ones_own_comes_before_the_installed_one)
{
	write_file("rpi4.json", "{\"board\":{\"name\":\"mine\"},\"heaps\":[],"
				"\"devices\":[{\"name\":\"eye\"}]}");
	setenv("UMM_BOARD_PATH", "/nowhere:.", 1);
	umm_auto(board, board) = NULL;
	CHECK_INT(board_open("rpi4", &board), 0);
	CHECK_STR(board->name, "mine");
	CHECK(board_device(board, "eye") != NULL && board_device(board, "ear") == NULL);
}

TEST(what_is_no_board_file_is_refused)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{\"board\":{\"name\":\"x\"}}",
		"{\"board\":{},\"heaps\":[],\"devices\":[]}",
		"{\"board\":{\"name\":\"x\"},\"heaps\":[],\"devices\":[{}]}",
		"{\"board\":{\"name\":\"x\"},\"heaps\":[],\"devices\":[{\"name\":1}]}",
		("{\"board\":{\"name\":\"x\"},\"heaps\":[{\"name\":\"a\"},{\"name\":\"a\"}],"
		 "\"devices\":[]}"),
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct board *board = NULL;
		write_file("x.json", texts[i]);
		CHECK_INT(board_open("./x.json", &board), -1);
		CHECK(board == NULL);
	}
	struct board *board = NULL;
	CHECK_INT(board_open("no-such-board", &board), -1);
	CHECK_INT(board_open("no/such/board.json", &board), -1);
	CHECK(board == NULL);
}
