/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE                                                                                      \
	"device=vfio:ADDRESS size=WxH [format=FOURCC] [rate=N[/D]] "                               \
	"[iommu=group|iommufd]"

int complain(const struct options *options, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "nvme-camera: %s%s", options->name != NULL ? options->name : "",
		options->name != NULL ? ": " : "");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return -1;
}

static int read_size(const char *text, struct umm_size *out)
{
	unsigned width, height;
	int end = 0;
	if (sscanf(text, "%5ux%5u%n", &width, &height, &end) != 2 || text[end] != '\0' ||
	    width == 0 || height == 0)
		return -1;
	*out = (struct umm_size){ width, height };
	return 0;
}

static int read_rate(const char *text, struct umm_rational *out)
{
	int num, den = 1, end = 0, n = sscanf(text, "%6d%n/%6d%n", &num, &end, &den, &end);
	if (n < 1 || text[end] != '\0' || num < 0 || den <= 0)
		return -1;
	*out = (struct umm_rational){ num, den };
	return 0;
}

/* Rows of one plane follow each other in the image as in memory. */
static int read_format(const char *text, uint32_t *out)
{
	const struct umm_format_info *info = umm_format_info(umm_format_from_name(text));
	if (info == NULL || info->n_planes != 1)
		return -1;
	*out = info->fourcc;
	return 0;
}

static int read_word(struct options *options, const char *word)
{
	const char *value = strchr(word, '=');
	size_t length = value != NULL ? (size_t)(value - word) : 0;
	int ret = -1;
	if (length == 6 && strncmp(word, "device", length) == 0)
		options->device = value + 1, ret = 0;
	else if (length == 5 && strncmp(word, "iommu", length) == 0)
		options->iommu = value + 1, ret = 0;
	else if (length == 4 && strncmp(word, "size", length) == 0)
		ret = read_size(value + 1, &options->size);
	else if (length == 4 && strncmp(word, "rate", length) == 0)
		ret = read_rate(value + 1, &options->rate);
	else if (length == 6 && strncmp(word, "format", length) == 0)
		ret = read_format(value + 1, &options->format);
	return ret == 0 ? 0 : complain(options, "cannot use \"%s\"; it takes: " USAGE, word);
}

/* What umm run tells the programs it starts, see umm-run(1). */
static int read_environment(struct options *options)
{
	const char *socket = getenv("UMM_SOCKET"), *frames = getenv("UMM_FRAMES");
	options->token = getenv("UMM_OUTPUT");
	options->name = getenv("UMM_NAME");
	if (socket == NULL || options->token == NULL || options->name == NULL)
		return complain(options,
				"start it as a stage: umm run exec:nvme-camera,device=.. kms:");
	options->socket = atoi(socket);
	options->frames = frames != NULL ? strtoull(frames, NULL, 10) : 0;
	return 0;
}

int options_read(struct options *out, int argc, char **argv)
{
	struct options options = { .format = UMM_FOURCC('X', 'R', '2', '4'), .socket = -1 };
	if (read_environment(&options) < 0)
		return -1;
	for (int i = 1; i < argc; i++)
		if (read_word(&options, argv[i]) < 0)
			return -1;
	if (options.device == NULL || options.size.width_px == 0)
		return complain(&options, "it takes: " USAGE);
	*out = options;
	return 0;
}
