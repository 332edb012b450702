/* SPDX-License-Identifier: MIT */
#include "share/layout_json.h"

#include <errno.h>
#include <string.h>

#include "share/document_read.h"
#include "share/json.h"

/* A reader that remembers the first thing that did not fit, so that the list of fields reads as a
 * list. */
struct reader {
	bool failed;
};

static uint64_t read_u64(struct reader *reader, const json_t *object, const char *key, uint64_t max)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);
	if (!json_is_integer(value) || number < 0 || (uint64_t)number > max) {
		reader->failed = true;
		return 0;
	}
	return (uint64_t)number;
}

static bool read_bool(struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_boolean(value))
		reader->failed = true;
	return json_is_true(value);
}

static const char *read_string(struct reader *reader, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	if (text == NULL)
		reader->failed = true;
	return text != NULL ? text : "";
}

static uint32_t read_word(struct reader *reader, const json_t *object, const char *key,
			  const struct umm_word *words)
{
	const char *text = read_string(reader, object, key);
	for (; words->name != NULL; words++)
		if (strcmp(words->name, text) == 0)
			return words->value;
	reader->failed = true;
	return 0;
}

/* An answer has settled for one of two, and for one colour. */
static const struct umm_word handles[] = {
	{ "one", UMM_HANDLES_ONE },
	{ "per_plane", UMM_HANDLES_PER_PLANE },
	{ 0 },
};

static void read_plane(struct reader *reader, const json_t *plane, const struct umm_layout *layout,
		       struct umm_plane_layout *out)
{
	out->offset_bytes = read_u64(reader, plane, "offset_bytes", INT64_MAX);
	out->stride_bytes = read_u64(reader, plane, "stride_bytes", INT64_MAX);
	out->rows = read_u64(reader, plane, "rows", INT64_MAX);
	out->size_bytes = read_u64(reader, plane, "size_bytes", INT64_MAX);
	if (out->offset_bytes > layout->raw_size_bytes ||
	    out->size_bytes > layout->raw_size_bytes - out->offset_bytes)
		reader->failed = true;
}

static void read_planes(struct reader *reader, const json_t *image, struct umm_layout *out)
{
	const json_t *planes = json_object_get(image, "planes");
	const struct umm_format_info *info = umm_format_info(out->format);
	if (info == NULL || json_array_size(planes) != info->n_planes) {
		reader->failed = true;
		return;
	}
	out->n_planes = info->n_planes;
	for (unsigned i = 0; i < info->n_planes; i++)
		read_plane(reader, json_array_get(planes, i), out, &out->planes[i]);
}

static void read_alpha(const json_t *image, struct umm_layout *out)
{
	const json_t *alpha = json_object_get(image, "alpha");
	out->alpha = json_is_true(alpha)    ? UMM_ALPHA_MEANINGFUL
		     : json_is_false(alpha) ? UMM_ALPHA_IGNORED
					    : UMM_ALPHA_UNSET;
}

static void read_image(struct reader *reader, const json_t *image, struct umm_layout *out)
{
	out->format = umm_format_from_name(read_string(reader, image, "format"));
	if (umm_modifier_from_name(read_string(reader, image, "modifier"), &out->modifier) < 0)
		reader->failed = true;
	out->handles = (enum umm_handles)read_word(reader, image, "handles", handles);
	if (json_is_string(json_object_get(image, "color_space")))
		out->color_space = read_word(reader, image, "color_space", umm_color_words);
	if (out->color_space == UMM_COLOR_ANY)
		reader->failed = true;
	read_alpha(image, out);
	read_planes(reader, image, out);
}

static void read_heap(struct reader *reader, const json_t *answer, struct umm_layout *out)
{
	const char *name = read_string(reader, answer, "heap");
	size_t length = strlen(name);
	if (length == 0 || length >= sizeof(out->heap))
		reader->failed = true;
	else
		memcpy(out->heap, name, length + 1);
}

/* The visible image lies inside every plane, row by row. */
static bool covers(const struct umm_layout *layout)
{
	const struct umm_format_info *info = umm_format_info(layout->format);
	if (info == NULL)
		return true;
	for (unsigned i = 0; i < layout->n_planes; i++) {
		const struct umm_plane_layout *plane = &layout->planes[i];
		uint64_t row = umm_format_row_bytes(info, i, layout->width_px);
		uint64_t rows = umm_format_plane_rows(info, i, layout->height_px);
		if (rows == 0 || row == 0 || row > plane->stride_bytes || rows > plane->rows ||
		    row > plane->size_bytes ||
		    (rows - 1) > (plane->size_bytes - row) / plane->stride_bytes)
			return false;
	}
	return true;
}

int umm_layout_from_json(const char *text, size_t size, uint32_t width_px, uint32_t height_px,
			 struct umm_layout *out)
{
	umm_autojson json_t *answer = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (answer == NULL)
		return -EPROTO;

	struct reader reader = { 0 };
	struct umm_layout layout = {
		.handles = UMM_HANDLES_ONE,
		.width_px = width_px,
		.height_px = height_px,
	};
	layout.buffers = (unsigned)read_u64(&reader, answer, "buffers", UINT32_MAX);
	layout.size_bytes = read_u64(&reader, answer, "size_bytes", INT64_MAX);
	layout.raw_size_bytes = read_u64(&reader, answer, "raw_size_bytes", INT64_MAX);
	layout.address_align_bytes = read_u64(&reader, answer, "address_align", INT64_MAX);
	layout.contiguous = read_bool(&reader, answer, "contiguous");
	layout.secure = read_bool(&reader, answer, "secure");
	layout.coherency = read_word(&reader, answer, "coherency", umm_coherency_words);
	read_heap(&reader, answer, &layout);
	const json_t *image = json_object_get(answer, "image");
	if (json_is_object(image))
		read_image(&reader, image, &layout);
	if (reader.failed || !covers(&layout))
		return -EPROTO;
	*out = layout;
	return 0;
}
