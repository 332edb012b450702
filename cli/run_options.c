/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/run.h"
#include "heap/heap.h"

#define ARENA_MOST (UINT64_C(1) << 40)

enum option_key {
	OPTION_FRAMES = 256,
	OPTION_SECONDS,
	OPTION_BUFFERS,
	OPTION_MODE,
	OPTION_HEAP,
	OPTION_COPIES,
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_GUARD,
	OPTION_NO_CACHE,
	OPTION_ARENA,
	OPTION_STIR,
	OPTION_CONTENT_CHECK,
};

#define OPTIONS_OF_A_RUN                                                                           \
	{ "frames", required_argument, NULL, OPTION_FRAMES },                                      \
		{ "seconds", required_argument, NULL, OPTION_SECONDS },                            \
		{ "buffers", required_argument, NULL, OPTION_BUFFERS },                            \
		{ "mode", required_argument, NULL, OPTION_MODE },                                  \
		{ "heap", required_argument, NULL, OPTION_HEAP },                                  \
		{ "copies", required_argument, NULL, OPTION_COPIES },                              \
		{ "json", optional_argument, NULL, OPTION_JSON },                                  \
		{ "quiet", no_argument, NULL, OPTION_QUIET },                                      \
		{ "guard", no_argument, NULL, OPTION_GUARD },                                      \
		{ "no-cache", no_argument, NULL, OPTION_NO_CACHE },                                \
		{ "arena", required_argument, NULL, OPTION_ARENA },                                \
		{ "stir", no_argument, NULL, OPTION_STIR },                                        \
		{ "content-check", optional_argument, NULL, OPTION_CONTENT_CHECK },                \
	{                                                                                          \
		"help", no_argument, NULL, 'h'                                                     \
	}

static const struct option run_only[] = { OPTIONS_OF_A_RUN, { NULL, 0, NULL, 0 } };

static const struct option rehearsal[] = {
	OPTIONS_OF_A_RUN,
	{ "board", required_argument, NULL, 'b' },
	{ "size", required_argument, NULL, 's' },
	{ "format", required_argument, NULL, 'f' },
	{ "list", no_argument, NULL, 'l' },
	{ NULL, 0, NULL, 0 },
};

static void print_stages(void)
{
	static const char *const roles[] = {
		[STAGE_SOURCE] = "source",
		[STAGE_FILTER] = "filter",
		[STAGE_SINK] = "sink",
	};
	const struct stage_ops *const *entry = stage_kinds();
	for (; entry != NULL && *entry != NULL; entry++) {
		const struct stage_ops *ops = *entry;
		char head[64];
		snprintf(head, sizeof(head), "%s%s%s%s%s", ops->kind,
			 ops->argument_help == NULL ? ""
			 : ops->argument_required   ? ":"
						    : "[:",
			 ops->argument_help != NULL ? ops->argument_help : "",
			 ops->argument_help != NULL && !ops->argument_required ? "]" : "", "");
		printf("  %-18s %s: %s\n", head, roles[ops->role], ops->summary);
		for (const struct stage_key *key = ops->keys; key != NULL && key->name != NULL;
		     key++)
			printf("    %s=%-*s %s\n", key->name, (int)(16 - strlen(key->name)),
			       key->value, key->help);
	}
}

static void print_help(void)
{
	fputs("usage: umm run [OPTIONS] STAGE [STAGE...] [+ SINK...]\n"
	      "\n"
	      "Runs a pipeline: the first STAGE is the source, the last a sink, those between are\n"
	      "filters; a lone + before a further sink makes it one more consumer of the same\n"
	      "frames. Each stage is a process, and no frame is copied between them.\n"
	      "\n"
	      "STAGE is kind[:argument][,key=value...]:\n",
	      stdout);
	print_stages();
	fputs("\n"
	      "options:\n"
	      "  --frames N             end the stream after N frames\n"
	      "  --seconds S            end the stream after S seconds\n"
	      "  --buffers N            exactly N buffers on each edge\n"
	      "  --mode fifo|latest     every frame (the default), or the newest only\n"
	      "  --heap NAME[,NAME]     where memory may come from; umm probe lists the heaps\n"
	      "  --arena SIZE[K|M|G]    lend so much of huge pages to edges whose stages need no\n"
	      "                         fds: their buffers move, between accesses, when somebody\n"
	      "                         demands contiguous memory\n"
	      "  --stir                 make them move, again and again: a test\n"
	      "  --copies forbid|allow  refuse a pipeline that must copy (the default), or\n"
	      "                         put a compose stage where it must\n"
	      "  --json[=FILE]          the result as JSON, on stdout or in FILE\n"
	      "  --quiet                nothing but errors\n"
	      "  --guard                buffers can only be touched between begin and end\n"
	      "  --no-cache             neither use nor keep what trials teach, umm-cache(5)\n"
	      "  --content-check[=always|auto|never]\n"
	      "                         compare what devices write with what the CPU sees, before\n"
	      "                         a frame flows: always; where a driver is known to get it\n"
	      "                         wrong (auto, the default); or never\n"
	      "\n"
	      "example: umm run test compose:logo.png png:out + framemd5:out.md5\n",
	      stdout);
}

static int usage_error(const struct run_options *options, const char *option, const char *value,
		       const char *allowed)
{
	fprintf(stderr, "umm %s: --%s=%s: must be %s\n", options->command, option, value, allowed);
	return CLI_USAGE;
}

static int parse_count(const struct run_options *options, const char *option, const char *text,
		       uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value == 0 ||
	    value > max) {
		char allowed[64];
		snprintf(allowed, sizeof(allowed), "a number from 1 to %llu",
			 (unsigned long long)max);
		return usage_error(options, option, text, allowed);
	}
	*out = value;
	return RUN_GO;
}

static int parse_buffers(const char *text, struct run_options *out)
{
	uint64_t buffers;
	int ret = parse_count(out, "buffers", text, UMM_MAX_BUFFERS, &buffers);
	if (ret == RUN_GO)
		out->buffers = (unsigned)buffers;
	return ret;
}

static int parse_seconds(const char *text, struct run_options *out)
{
	static const double max = 1e9;
	char *end;
	double seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(seconds) || seconds <= 0 || seconds > max)
		return usage_error(out, "seconds", text, "a positive number of seconds");
	out->duration_ns = (int64_t)(seconds * 1e9);
	return RUN_GO;
}

static int parse_arena(const char *text, struct run_options *out)
{
	static const char units[] = "KMG";
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	end += unit != NULL;
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value == 0 ||
	    value > ARENA_MOST >> shift)
		return usage_error(out, "arena", text,
				   "a number of bytes up to 1024G; K, M and G may follow");
	out->arena_bytes = (uint64_t)value << shift;
	return RUN_GO;
}

static int parse_mode(const char *text, struct run_options *out)
{
	if (strcmp(text, "fifo") == 0)
		out->mode = UMM_QUEUE_FIFO;
	else if (strcmp(text, "latest") == 0)
		out->mode = UMM_QUEUE_LATEST;
	else
		return usage_error(out, "mode", text, "fifo or latest");
	return RUN_GO;
}

static int parse_copies(const char *text, struct run_options *out)
{
	if (strcmp(text, "allow") == 0)
		out->allow_copies = true;
	else if (strcmp(text, "forbid") == 0)
		out->allow_copies = false;
	else
		return usage_error(out, "copies", text, "forbid or allow");
	return RUN_GO;
}

static int parse_content_check(const char *text, struct run_options *out)
{
	static const char *const words[] = {
		[UMM_CONTENT_AUTO] = "auto",
		[UMM_CONTENT_ALWAYS] = "always",
		[UMM_CONTENT_NEVER] = "never",
	};
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text != NULL ? text : "always", words[i]) != 0)
			continue;
		out->content_check = (enum umm_content_check)i;
		return RUN_GO;
	}
	return usage_error(out, "content-check", text, "always, auto or never");
}

static int unknown_heap(const char *command, const char *name, const struct umm_heap_list *known)
{
	fprintf(stderr, "umm %s: --heap: there is no heap '%s'; known are", command, name);
	for (unsigned i = 0; i < known->n; i++)
		fprintf(stderr, " %s", known->heaps[i].name);
	fputc('\n', stderr);
	return CLI_USAGE;
}

static bool lists_heap(const char *const *heaps, const char *name)
{
	for (; *heaps != NULL; heaps++)
		if (strcmp(*heaps, name) == 0)
			return true;
	return false;
}

/* Huge pages are there only where somebody reserved them; ordinary ones stand in, and the broker's
   notes tell. */
static void add_fallback(const char **heaps, size_t n)
{
	if (lists_heap(heaps, "hugetlb") && !lists_heap(heaps, "memfd"))
		heaps[n] = "memfd";
}

/* Names may have commas in them: "linux,cma" is one. */
static size_t length_of_name(const char *text, const struct umm_heap_list *known)
{
	size_t longest = 0;
	for (unsigned i = 0; i < known->n; i++) {
		size_t length = strlen(known->heaps[i].name);
		if (length > longest && strncmp(text, known->heaps[i].name, length) == 0 &&
		    (text[length] == ',' || text[length] == '\0'))
			longest = length;
	}
	return longest;
}

static int parse_heaps(const char *text, struct run_options *out)
{
	struct umm_heap_list known;
	umm_heap_list(&known);
	run_options_finish(out);
	out->heap_names = strdup(text);
	out->heaps = calloc(strlen(text) + 3, sizeof(*out->heaps));
	if (out->heap_names == NULL || out->heaps == NULL) {
		fprintf(stderr, "umm %s: out of memory\n", out->command);
		return CLI_FAILED;
	}

	size_t n = 0;
	for (char *name = out->heap_names; name != NULL;) {
		size_t length = length_of_name(name, &known);
		if (length == 0) {
			name[strcspn(name, ",")] = '\0';
			return unknown_heap(out->command, name, &known);
		}
		char *end = name + length;
		out->heaps[n++] = name;
		name = *end == ',' ? end + 1 : NULL;
		*end = '\0';
	}
	add_fallback(out->heaps, n);
	return RUN_GO;
}

static int parse_json(const char *path, struct run_options *out)
{
	if (path != NULL && *path == '\0')
		return usage_error(out, "json", path, "the name of a file");
	out->json = true;
	out->json_path = path != NULL && strcmp(path, "-") == 0 ? NULL : path;
	return RUN_GO;
}

static int parse_option(int key, bool explain, struct run_options *out)
{
	switch (key) {
	case OPTION_FRAMES:
		return parse_count(out, "frames", optarg, INT64_MAX, &out->frames);
	case OPTION_SECONDS:
		return parse_seconds(optarg, out);
	case OPTION_BUFFERS:
		return parse_buffers(optarg, out);
	case OPTION_MODE:
		return parse_mode(optarg, out);
	case OPTION_HEAP:
		return parse_heaps(optarg, out);
	case OPTION_COPIES:
		return parse_copies(optarg, out);
	case OPTION_JSON:
		return parse_json(optarg, out);
	case OPTION_QUIET:
		out->quiet = true;
		return RUN_GO;
	case OPTION_NO_CACHE:
		out->no_cache = true;
		return RUN_GO;
	case OPTION_CONTENT_CHECK:
		return parse_content_check(optarg, out);
	case OPTION_ARENA:
		return parse_arena(optarg, out);
	case OPTION_STIR:
		out->stir = true;
		return RUN_GO;
	case OPTION_GUARD:
		out->guard = true;
		return RUN_GO;
	case 'b':
		out->board = optarg;
		return RUN_GO;
	case 's':
		out->size = optarg;
		return RUN_GO;
	case 'f':
		out->format = optarg;
		return RUN_GO;
	case 'j':
		return parse_json(NULL, out);
	case 'l':
		out->list = true;
		return RUN_GO;
	case 'h':
		if (explain)
			explain_print_help();
		else
			print_help();
		return CLI_OK;
	default:
		return CLI_USAGE;
	}
}

/* A short option is told by itself: it may stand in the middle of a cluster, as in -xh. */
static int bad_option(char **argv, int key)
{
	const char *command = argv[0];
	const char *text = argv[optind - 1];
	char letter[] = { '-', (char)optopt, '\0' };
	if (key == '?' && optopt != 0 && strchr("hl", optopt) == NULL && optopt < OPTION_FRAMES)
		text = letter;
	if (key == ':')
		fprintf(stderr, "umm %s: option '%s' needs a value; umm %s --help\n", command, text,
			command);
	else
		fprintf(stderr, "umm %s: there is no option '%s'; umm %s --help lists them\n",
			command, text, command);
	return CLI_USAGE;
}

int run_options_parse(int argc, char **argv, struct run_options *out, int *first_stage)
{
	*out = (struct run_options){ .command = argv[0], .mode = UMM_QUEUE_FIFO };
	opterr = 0;
	optind = 1;
	int key, index;
	bool explain = strcmp(argv[0], "explain") == 0;
	const struct option *known = explain ? rehearsal : run_only;
	while ((key = getopt_long(argc, argv, explain ? ":hjlb:s:f:" : ":h", known, &index)) !=
	       -1) {
		int ret = key == '?' || key == ':' ? bad_option(argv, key)
						   : parse_option(key, explain, out);
		if (ret != RUN_GO)
			return ret;
		if (key >= OPTION_FRAMES && key != OPTION_JSON)
			out->needs_stage = known[index].name;
	}
	if (out->stir && out->arena_bytes == 0) {
		fprintf(stderr, "umm %s: --stir needs --arena: without it no buffer moves\n",
			argv[0]);
		return CLI_USAGE;
	}
	if (optind == argc && !explain) {
		fprintf(stderr, "umm %s: no stage given; umm %s --help\n", argv[0], argv[0]);
		return CLI_USAGE;
	}
	*first_stage = optind;
	return RUN_GO;
}

void run_options_finish(struct run_options *options)
{
	free(options->heap_names);
	free(options->heaps);
	free(options->request);
	options->request = NULL;
	options->heap_names = NULL;
	options->heaps = NULL;
}
