/* SPDX-License-Identifier: MIT */
/**
 * Values of a stage's keys, and the one line a stage says when something is wrong.
 *
 * Every reader leaves *out alone when the key is absent, so that a default is written where the
 * variable is declared.
 */
#include "stage/stage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_SIDE_PX 16384

const char *stage_option(const struct stage_spec *spec, const char *key)
{
	for (unsigned i = 0; i < spec->n_options; i++)
		if (strcmp(spec->options[i].key, key) == 0)
			return spec->options[i].value;
	return NULL;
}

/* Digits only: strtoull alone would take blanks and a sign. */
static bool read_digits(const char *text, const char **end, uint64_t *out)
{
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	char *stop;
	unsigned long long value = strtoull(text, &stop, 10);
	if (errno != 0)
		return false;
	*end = stop;
	*out = value;
	return true;
}

int stage_option_u64(const struct stage_spec *spec, const char *key, uint64_t min, uint64_t max,
		     uint64_t *out)
{
	const char *text = stage_option(spec, key), *end;
	uint64_t value;
	if (text == NULL)
		return 0;
	if (!read_digits(text, &end, &value) || *end != '\0' || value < min || value > max) {
		if (max == UINT64_MAX)
			stage_error(spec, "%s=%s: expected a number from %llu", key, text,
				    (unsigned long long)min);
		else
			stage_error(spec, "%s=%s: expected a number from %llu to %llu", key, text,
				    (unsigned long long)min, (unsigned long long)max);
		return -1;
	}
	*out = value;
	return 0;
}

int stage_option_int(const struct stage_spec *spec, const char *key, int min, int max, int *out)
{
	const char *text = stage_option(spec, key), *end;
	uint64_t magnitude;
	if (text == NULL)
		return 0;
	bool negative = text[0] == '-';
	bool good = read_digits(text + negative, &end, &magnitude) && *end == '\0' &&
		    magnitude <= INT_MAX;
	int value = good ? (negative ? -(int)magnitude : (int)magnitude) : 0;
	if (!good || value < min || value > max) {
		stage_error(spec, "%s=%s: expected a whole number from %d to %d", key, text, min,
			    max);
		return -1;
	}
	*out = value;
	return 0;
}

int stage_option_size(const struct stage_spec *spec, const char *key, struct umm_size *out)
{
	const char *text = stage_option(spec, key), *end;
	struct umm_size size;
	if (text == NULL)
		return 0;
	if (!read_digits(text, &end, &size.width_px) || *end != 'x' ||
	    !read_digits(end + 1, &end, &size.height_px) || *end != '\0' || size.width_px == 0 ||
	    size.height_px == 0 || size.width_px > LARGEST_SIDE_PX ||
	    size.height_px > LARGEST_SIDE_PX) {
		stage_error(spec, "%s=%s: expected WIDTHxHEIGHT in pixels, from 1x1 to %dx%d", key,
			    text, LARGEST_SIDE_PX, LARGEST_SIDE_PX);
		return -1;
	}
	*out = size;
	return 0;
}

int stage_option_rational(const struct stage_spec *spec, const char *key, int max,
			  struct umm_rational *out)
{
	const char *text = stage_option(spec, key), *end;
	uint64_t num, den = 1;
	if (text == NULL)
		return 0;
	bool good = read_digits(text, &end, &num);
	if (good && *end == '/')
		good = read_digits(end + 1, &end, &den);
	if (!good || *end != '\0' || num > INT32_MAX || den > INT32_MAX || den == 0 ||
	    num > den * (uint64_t)max) {
		stage_error(spec, "%s=%s: expected N or N/D from 0 to %d", key, text, max);
		return -1;
	}
	*out = (struct umm_rational){ .num = (int32_t)num, .den = (int32_t)den };
	return 0;
}

/* The names of all formats there are, for a message. */
static void format_names(char *text, size_t size)
{
	size_t length = 0;
	const struct umm_format_info *info;
	text[0] = '\0';
	for (size_t i = 0; (info = umm_format_at(i)) != NULL; i++) {
		char name[UMM_FORMAT_NAME_SIZE];
		int n = snprintf(text + length, size - length, "%s%s", i ? " " : "",
				 umm_format_name(info->fourcc, name));
		if (n < 0 || length + (size_t)n >= size)
			return;
		length += (size_t)n;
	}
}

int stage_option_format(const struct stage_spec *spec, const char *key, uint32_t *out)
{
	const char *text = stage_option(spec, key);
	if (text == NULL)
		return 0;
	uint32_t fourcc = umm_format_from_name(text);
	if (fourcc == 0) {
		char names[768];
		format_names(names, sizeof(names));
		stage_error(spec, "%s=%s: no such pixel format; there are: %s", key, text, names);
		return -1;
	}
	*out = fourcc;
	return 0;
}

/* One write(2), so that lines of processes that share stderr do not mix; one line, whatever is in
   it. */
static void say(const char *name, const char *format, va_list args)
{
	char line[4096];
	int length = name != NULL ? snprintf(line, sizeof(line), "umm: %s: ", name)
				  : snprintf(line, sizeof(line), "umm: ");
	/* The caller has started the list. NOLINTNEXTLINE(*-valist.Uninitialized) */
	length += vsnprintf(line + length, sizeof(line) - (size_t)length, format, args);
	if (length > (int)sizeof(line) - 2)
		length = (int)sizeof(line) - 2;
	while (length > 0 && line[length - 1] == '\n')
		length--;
	for (int i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[length++] = '\n';
	ssize_t ignored = write(STDERR_FILENO, line, (size_t)length);
	(void)ignored;
}

void stage_error(const struct stage_spec *spec, const char *format, ...)
{
	int saved = errno;
	va_list args;
	va_start(args, format);
	say(spec != NULL ? spec->name : NULL, format, args);
	va_end(args);
	errno = saved;
}
