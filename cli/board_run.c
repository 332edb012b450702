/* SPDX-License-Identifier: MIT */
/**
 * `umm run --board BOARD DEVICE DEVICE... DEVICE[:FILE.png]`: what a pipeline does on hardware that
 * is not on the desk. What the devices of the board demand comes from the board's file, and the
 * solver makes the layout of each edge of it (cli/board_layout.h); machine, caches and IOMMUs are
 * modelled (model/board.h), and the pixels on the modelled screen are compared with what they must
 * be.
 */
#include "cli/board_run.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/board.h"
#include "cli/board_report.h"
#include "cli/commands.h"

#define MIB	       UINT64_C(1048576)
#define RAM_BYTES      (64 * MIB) /* so much of the board's memory is modelled */
#define DEFAULT_FRAMES 60
#define MAX_SIDE_PX    MODEL_VIDEO_WIDTH_MAX

enum option_key {
	OPTION_BOARD = 256,
	OPTION_FRAMES,
	OPTION_BUFFERS,
	OPTION_SIZE,
	OPTION_SEED,
	OPTION_CONTIGUOUS,
	OPTION_TENANTS,
	OPTION_COHERENT,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{ "board", required_argument, NULL, OPTION_BOARD },
	{ "frames", required_argument, NULL, OPTION_FRAMES },
	{ "buffers", required_argument, NULL, OPTION_BUFFERS },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "contiguous", required_argument, NULL, OPTION_CONTIGUOUS },
	{ "tenants", required_argument, NULL, OPTION_TENANTS },
	{ "coherent", no_argument, NULL, OPTION_COHERENT },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	fputs("usage: umm run --board BOARD [OPTIONS] DEVICE DEVICE... DEVICE[:FILE.png]\n\n"
	      "Runs a pipeline on a modelled board: the first device is a camera, the last a\n"
	      "display, those between lay an overlay over the picture, but for video codecs, "
	      "which\n"
	      "compress it and make a picture of the stream again; cpu in the place of a device "
	      "is\n"
	      "a program. What devices demand is read from the board's file, umm-boards(5), and "
	      "the\n"
	      "solver makes formats, strides and numbers of buffers of it. FILE.png gets the last\n"
	      "picture on the screen.\n"
	      "\n"
	      "options:\n"
	      "  --frames N        so many frames (60)\n"
	      "  --buffers N       so many buffers on each edge, 1 to 32 (as many as are asked "
	      "for)\n"
	      "  --size WxH        of the picture (640x480)\n"
	      "  --contiguous N    bytes of contiguous memory; K and M may follow (16M)\n"
	      "  --tenants N       percent of it that is lent to a tenant who can be moved (0)\n"
	      "  --coherent        the devices see the CPU's caches\n"
	      "  --seed N          what caches and devices do by chance (1)\n"
	      "  --json            the report as JSON on stdout\n",
	      stdout);
}

/* ---- the command line ---- */

bool board_run_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--board") == 0 || strncmp(argv[i], "--board=", 8) == 0)
			return true;
	return false;
}

static int parse_number(const char *option, const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 0);
	uint64_t unit = *end == 'K' ? 1024 : *end == 'M' ? MIB : 1;
	end += unit != 1;
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max / unit) {
		fprintf(stderr, "umm run: --%s %s: not a number from 0 to %llu\n", option, text,
			(unsigned long long)max);
		return -1;
	}
	*out = value * unit;
	return 0;
}

static int parse_size(const char *text, struct board_run *run)
{
	char *end;
	unsigned long width = strtoul(text, &end, 10), height = 0;
	bool valid =
		text[0] >= '0' && text[0] <= '9' && end[0] == 'x' && end[1] >= '0' && end[1] <= '9';
	if (valid)
		height = strtoul(end + 1, &end, 10);
	if (!valid || *end != '\0' || width == 0 || height == 0 || width > MAX_SIDE_PX ||
	    height > MAX_SIDE_PX) {
		fprintf(stderr, "umm run: --size %s: not WxH from 1x1 to %dx%d\n", text,
			MAX_SIDE_PX, MAX_SIDE_PX);
		return -1;
	}
	run->width_px = (uint32_t)width;
	run->height_px = (uint32_t)height;
	return 0;
}

static int parse_option(struct board_run *run, int key, const char *name)
{
	struct model_board_options *options = &run->options;
	uint64_t value = 0;
	int ret = 0;
	switch (key) {
	case OPTION_BOARD:
		run->spec = optarg;
		return 0;
	case OPTION_SIZE:
		return parse_size(optarg, run);
	case OPTION_COHERENT:
		run->coherent = true;
		return 0;
	case OPTION_JSON:
		run->json = true;
		return 0;
	case OPTION_FRAMES:
		return parse_number(name, optarg, 1000000, &run->frames);
	case OPTION_SEED:
		return parse_number(name, optarg, INT64_MAX, &options->seed);
	case OPTION_CONTIGUOUS:
		ret = parse_number(name, optarg, RAM_BYTES / 2, &options->contiguous_bytes);
		options->contiguous_bytes &= ~(MODEL_PAGE_BYTES - 1);
		return ret;
	case OPTION_BUFFERS:
		ret = parse_number(name, optarg, MODEL_BOARD_BUFFERS, &value);
		run->buffers = value > 0 ? (unsigned)value : 1;
		return ret;
	case OPTION_TENANTS:
		ret = parse_number(name, optarg, 100, &value);
		options->tenants_percent = (unsigned)value;
		return ret;
	default:
		return -1; /* getopt has said why */
	}
}

/* CLI_OK, CLI_USAGE, or -1: help was asked for. */
static int parse_options(struct board_run *run, int argc, char **argv)
{
	int key, index = 0;
	optind = 1;
	while ((key = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		if (key == 'h') {
			print_help();
			return -1;
		}
		if (parse_option(run, key, long_options[index].name) < 0)
			return CLI_USAGE;
	}
	int n = argc - optind;
	if (n >= 2 && n <= MODEL_BOARD_DEVICES)
		return CLI_OK;
	fprintf(stderr, "umm run: --board needs 2 to %d devices, a camera first, a display last\n",
		MODEL_BOARD_DEVICES);
	return CLI_USAGE;
}

/* ---- the board ---- */

/* A number of a constraint document; UINT64_MAX where it is absent. */
static uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	return json_is_string(value) ? strtoull(json_string_value(value), NULL, 16) : UINT64_MAX;
}

static uint64_t limit_of(const json_t *object, const char *key)
{
	uint64_t value = number_of(object, key);
	return value == UINT64_MAX ? 0 : value;
}

/* Between two others whoever is for video, and not for graphics, is a codec. */
static bool is_video(const json_t *device)
{
	size_t i;
	const json_t *usage;
	json_array_foreach (json_object_get(device, "usage"), i, usage)
		if (json_is_string(usage) && strcmp(json_string_value(usage), "video") == 0)
			return true;
	return false;
}

static struct model_board_device device_of(const struct board_run *run, const json_t *device)
{
	const json_t *memory = json_object_get(device, "memory");
	const json_t *segments = json_object_get(memory, "segments");
	return (struct model_board_device){
		.name = json_string_value(json_object_get(device, "name")),
		.contiguous = json_is_true(json_object_get(memory, "contiguous")),
		.iommu = json_is_true(json_object_get(memory, "iommu")),
		.codec = is_video(device),
		.limits = {
			.mask = number_of(json_object_get(memory, "address"), "max"),
			.max_segments = (uint32_t)limit_of(segments, "max_count"),
			.max_segment_bytes = limit_of(segments, "max_bytes"),
			.boundary_bytes = limit_of(segments, "boundary_bytes"),
			.coherent = run->coherent,
		},
	};
}

/* Memory that the CPU allocates, not an aperture of a device. */
static bool is_memory(const json_t *heap)
{
	const char *class = json_string_value(json_object_get(heap, "class"));
	return class != NULL && strcmp(class, "drm") != 0;
}

/* Memory ends where the board's contiguous heap does, or its heaps, or at 4 GiB. */
static struct umm_range memory_of(const struct board *board)
{
	uint64_t last = UINT64_MAX;
	size_t i;
	json_t *heap;
	json_array_foreach (board->heaps, i, heap) {
		uint64_t max = number_of(heap, "address_max");
		bool contiguous = json_is_true(json_object_get(heap, "contiguous"));
		if (is_memory(heap) && max < last && max >= RAM_BYTES &&
		    (contiguous || last == UINT64_MAX))
			last = max;
	}
	if (last == UINT64_MAX)
		last = UINT32_MAX;
	uint64_t end = (last + 1) & ~(MODEL_PAGE_BYTES - 1);
	return (struct umm_range){ end - RAM_BYTES, RAM_BYTES };
}

/* DEVICE, or DEVICE:FILE for the last. */
static int add_device(struct board_run *run, const struct board *board, const char *argument,
		      bool last)
{
	unsigned i = run->options.n_devices++;
	run->names[i] = strdup(argument);
	if (run->names[i] == NULL)
		return -1;
	char *colon = strchr(run->names[i], ':');
	if (colon != NULL) {
		*colon = '\0';
		run->picture_path = colon + 1;
		if (!last || colon[1] == '\0') {
			fprintf(stderr, "umm run: %s: only the last device has a file\n", argument);
			return -1;
		}
	}
	if (strcmp(run->names[i], "cpu") == 0) {
		run->options.devices[i] = (struct model_board_device){ .name = "cpu", .cpu = true };
		return 0;
	}
	const json_t *device = board_device(board, run->names[i]);
	if (device == NULL) {
		board_report_no_device(board, run->names[i]);
		return -1;
	}
	run->options.devices[i] = device_of(run, device);
	return 0;
}

/* ---- the picture ---- */

static int write_png(const struct board_run *run, const uint32_t *screen)
{
	size_t pixels = (size_t)run->width_px * run->height_px;
	umm_autofree uint8_t *rgb = malloc(pixels * 3);
	umm_autofree char *partial = NULL;
	if (rgb == NULL)
		return -1;
	if (asprintf(&partial, "%s.part", run->picture_path) < 0) {
		partial = NULL; /* undefined otherwise */
		return -1;
	}
	for (size_t i = 0; i < pixels; i++) {
		rgb[3 * i] = (uint8_t)(screen[i] >> 16);
		rgb[3 * i + 1] = (uint8_t)(screen[i] >> 8);
		rgb[3 * i + 2] = (uint8_t)screen[i];
	}
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = run->width_px,
		.height = run->height_px,
		.format = PNG_FORMAT_RGB,
	};
	if (png_image_write_to_file(&image, partial, 0, rgb, 0, NULL) &&
	    rename(partial, run->picture_path) == 0)
		return 0;
	fprintf(stderr, "umm run: cannot write %s: %s\n", run->picture_path,
		image.message[0] != '\0' ? image.message : strerror(errno));
	remove(partial);
	return -1;
}

/* ---- the run ---- */

static int run_modelled(struct board_run *run)
{
	char why[512];
	struct model_board *board;
	int ret = model_board_create(&run->options, &board, why, sizeof(why));
	if (ret < 0) {
		fprintf(stderr, "umm: %s: %s\n", run->options.name,
			why[0] != '\0' ? why : strerror(-ret));
		return CLI_FAILED;
	}
	int64_t wrong = model_board_run(board, run->frames, why, sizeof(why));
	int status = wrong == 0 ? CLI_OK : CLI_FAILED;
	if (wrong < 0)
		fprintf(stderr, "umm: %s: %s\n", run->options.name,
			why[0] != '\0' ? why : strerror((int)-wrong));
	else if (!run->json)
		board_report_print(run, board, wrong);
	else if (board_report_json(run, board, wrong) < 0)
		status = CLI_FAILED;
	if (wrong >= 0 && run->picture_path != NULL &&
	    write_png(run, model_board_screen(board)) < 0)
		status = CLI_FAILED;
	model_board_destroy(board);
	return status;
}

static int find_layouts(struct board_run *run, const struct board *board)
{
	for (unsigned i = 0; i + 1 < run->options.n_devices; i++) {
		struct board_layout_question question = {
			.spec = run->spec,
			.board = board,
			.from = run->names[i],
			.to = run->names[i + 1],
			.width_px = run->width_px,
			.height_px = run->height_px,
		};
		if (board_layout_find(&question, &run->layouts[i]) < 0)
			return -1;
		if (run->buffers > 0)
			run->layouts[i].model.buffers = run->buffers;
		run->options.edges[i] = run->layouts[i].model;
	}
	return 0;
}

static int run_on(struct board_run *run, int argc, char **argv)
{
	umm_auto(board, board) = NULL;
	if (board_open(run->spec, &board) < 0)
		return CLI_USAGE;
	run->options.name = board->name;
	run->options.memory = memory_of(board);
	for (int i = optind; i < argc; i++)
		if (add_device(run, board, argv[i], i + 1 == argc) < 0)
			return CLI_USAGE;
	return find_layouts(run, board) < 0 ? CLI_FAILED : run_modelled(run);
}

int board_run(int argc, char **argv)
{
	struct board_run run = {
		.frames = DEFAULT_FRAMES,
		.options = {
			.seed = 1,
			.contiguous_bytes = 16 * MIB,
			.outer_cache = true,
		},
		.width_px = 640,
		.height_px = 480,
	};
	int status = parse_options(&run, argc, argv);
	if (status == CLI_OK)
		status = run_on(&run, argc, argv);
	for (unsigned i = 0; i < MODEL_BOARD_DEVICES; i++)
		free(run.names[i]);
	return status < 0 ? CLI_OK : status;
}
