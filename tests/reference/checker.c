/* SPDX-License-Identifier: MIT */
/**
 * Does the answered layout meet what each participant states for itself?
 *
 * No merge, no search, no defaults worth the name: each demand is held against the numbers of the
 * answer. Of the reference it takes the table of formats alone.
 */
#include "tests/reference/judge.h"
#include "tests/reference/reference.h"
#include "tests/reference/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *complaint(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return text;
}

/** A number at a path, or what it counts as when absent. */
static ref_wide number_at(const json_t *object, const char *path, ref_wide absent)
{
	ref_wide value;
	return ref_parse_number(path_get(object, path), &value) ? value : absent;
}

static bool is_set(const json_t *object, const char *path)
{
	return json_is_true(path_get(object, path));
}

/** Whether a list is absent or holds the text. */
static bool allows(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *own = json_string_value(json_array_get(list, i));
		if (own != NULL && text != NULL && strcmp(own, text) == 0)
			return true;
	}
	return list == NULL;
}

struct facts {
	const json_t *answer, *image, *heap;
	const struct ref_format *format;
	ref_wide size, raw, stride;
};

#define DEMAND(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return #condition;                                                         \
	} while (0)

static const char *check_memory(const struct facts *f, const json_t *p)
{
	bool physical = !is_set(p, "memory.iommu");
	const json_t *answer = f->answer, *heap = f->heap;
	ref_wide reach = number_at(p, "memory.address.max", REF_NO_LIMIT);

	DEMAND(f->size >= number_at(p, "memory.size_bytes.min", 1));
	DEMAND(f->size <= number_at(p, "memory.size_bytes.max", REF_NO_LIMIT));
	DEMAND(f->format != NULL || f->raw >= f->size + number_at(p, "memory.pad_end_bytes", 0));
	DEMAND(number_at(answer, "address_align", 0) % number_at(p, "memory.address.align", 1) ==
	       0);
	DEMAND(!physical || !is_set(p, "memory.contiguous") || is_set(answer, "contiguous"));
	DEMAND(!is_set(p, "memory.contiguous") || !physical || is_set(heap, "contiguous") ||
	       f->raw <= number_at(heap, "contiguous_max_bytes", 0));
	DEMAND(!physical || reach == REF_NO_LIMIT ||
	       number_at(heap, "address_max", REF_NO_LIMIT) <= reach);
	DEMAND(!is_set(p, "memory.secure") || is_set(answer, "secure"));
	DEMAND(allows(path_get(p, "memory.heaps"), json_string_value(path_get(heap, "name"))));
	DEMAND(allows(path_get(p, "memory.imports"), json_string_value(path_get(heap, "class"))));
	DEMAND(allows(path_get(p, "memory.coherency"),
		      json_string_value(path_get(answer, "coherency"))));
	return NULL;
}

static const char *check_heap(const struct facts *f)
{
	ref_wide buffers = number_at(f->answer, "buffers", 0);
	DEMAND(f->raw <= number_at(f->heap, "size_max_bytes", REF_NO_LIMIT));
	DEMAND(f->raw * buffers <= number_at(f->heap, "free_bytes", REF_LIMIT));
	DEMAND(is_set(f->heap, "secure") == is_set(f->answer, "secure"));
	DEMAND(f->raw % 4096 == 0 && f->size > 0 && f->raw >= f->size && buffers > 0);
	DEMAND(allows(path_get(f->heap, "coherency"),
		      json_string_value(path_get(f->answer, "coherency"))));
	return NULL;
}

static const char *check_buffers(const struct facts *f, const json_t *p)
{
	ref_wide buffers = number_at(f->answer, "buffers", 0);
	DEMAND(buffers >= number_at(p, "buffers.camping", 0) +
				  number_at(p, "buffers.dedicated_slack", 0) +
				  number_at(p, "buffers.shared_slack", 0));
	DEMAND(buffers >= number_at(p, "buffers.min", 0));
	DEMAND(buffers <= number_at(p, "buffers.max", REF_NO_LIMIT));
	return NULL;
}

/** Whether a name, a number or a list of them means the same as the answered name. */
static bool names(const json_t *value, const char *wanted)
{
	const char *text = json_string_value(value);
	uint64_t own, other;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (names(json_array_get(value, i), wanted))
			return true;
	if (text != NULL && (strcmp(text, "any") == 0 || strcmp(text, wanted) == 0))
		return true;
	if (!ref_modifier_find(wanted, &other))
		return false;
	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value) == other;
	return text != NULL && ref_modifier_find(text, &own) && own == other;
}

/** Whether an entry that says nothing about the modifier takes the answered one. */
static bool default_modifier(const json_t *p, const json_t *entry, const char *answered)
{
	return names(json_object_get(entry, "format"), "any") ||
	       names(json_object_get(p, "usage"), "none") || strcmp(answered, "LINEAR") == 0;
}

/** The one entry that covers the answered pair. */
static const json_t *entry_in_use(const struct facts *f, const json_t *p)
{
	const json_t *formats = json_object_get(p, "formats");
	const char *answered = json_string_value(json_object_get(f->image, "modifier"));
	for (size_t i = 0; answered != NULL && i < json_array_size(formats); i++) {
		const json_t *entry = json_array_get(formats, i);
		const json_t *modifier = json_object_get(entry, "modifier");
		if (names(json_object_get(entry, "format"), f->format->name) &&
		    (modifier != NULL ? names(modifier, answered)
				      : default_modifier(p, entry, answered)))
			return entry;
	}
	return NULL;
}

/** One side of a pair at a path. */
static ref_wide side(const json_t *object, const char *path, size_t i, ref_wide absent)
{
	ref_wide value;
	const json_t *list = path_get(object, path);
	return ref_parse_number(json_array_get(list, i), &value) ? value : absent;
}

static const char *check_size(const struct facts *f, const json_t *entry)
{
	for (size_t i = 0; i < 2; i++) {
		ref_wide least = side(f->image, "size_min", i, 0);
		ref_wide most = side(f->image, "size_max", i, REF_NO_LIMIT);
		ref_wide align = side(entry, "size.align", i, 1);
		DEMAND(least >= side(entry, "size.min", i, 1));
		DEMAND(most <= side(entry, "size.max", i, REF_NO_LIMIT));
		DEMAND(least % align == 0 && (most == REF_NO_LIMIT || most % align == 0));
		DEMAND(side(entry, "required_min_size", i, least) >= least);
		DEMAND(side(entry, "required_min_size", i, least) <= most);
	}
	return NULL;
}

/** Each required size is held: covered by an answered one, and its plain pixels fit. */
static const char *check_required(const struct facts *f, const json_t *entry)
{
	const json_t *own = json_object_get(entry, "required_sizes");
	const json_t *answered = json_object_get(f->image, "required_sizes");
	for (size_t i = 0; i < json_array_size(own); i++) {
		ref_wide w = number_at(json_array_get(own, i), "[0]", 0);
		ref_wide h = number_at(json_array_get(own, i), "[1]", 0), bytes = 0;
		bool covered = false;
		for (size_t k = 0; k < json_array_size(answered); k++)
			covered |= number_at(json_array_get(answered, k), "[0]", 0) >= w &&
				   number_at(json_array_get(answered, k), "[1]", 0) >= h;
		for (unsigned k = 0; k < f->format->n_planes; k++)
			bytes += ref_row_bytes(f->format, k, w) *
				 (k == 0 ? h : ref_ceil_div(h, f->format->vsub));
		DEMAND(covered && w <= side(f->image, "size_max", 0, REF_NO_LIMIT) &&
		       h <= side(f->image, "size_max", 1, REF_NO_LIMIT) && bytes <= f->size);
	}
	return NULL;
}

static const char *check_stride(const struct facts *f, const json_t *entry)
{
	ref_wide pixel = f->format->block_bytes[0];
	DEMAND(f->stride >= number_at(entry, "stride.min_bytes", 0));
	DEMAND(f->stride <= number_at(entry, "stride.max_bytes", REF_NO_LIMIT));
	DEMAND(f->stride % number_at(entry, "stride.divisor_bytes", 1) == 0);
	DEMAND(!is_set(entry, "stride.whole_pixels") || f->stride % pixel == 0);
	DEMAND(f->stride % f->format->component == 0);
	return NULL;
}

static const char *check_planes(const struct facts *f, const json_t *p, const json_t *entry)
{
	const json_t *planes = json_object_get(f->image, "planes");
	const char *handles = json_string_value(json_object_get(entry, "handles"));
	const char *answered = json_string_value(json_object_get(f->image, "handles"));
	bool apart = answered != NULL && strcmp(answered, "per_plane") == 0;
	ref_wide at = 0, sum = 0;

	DEMAND(answered != NULL);
	DEMAND(handles == NULL || strcmp(handles, "any") == 0 || strcmp(handles, answered) == 0);
	DEMAND(json_array_size(planes) == f->format->n_planes);
	for (size_t i = 0; i < json_array_size(planes); i++) {
		const json_t *plane = json_array_get(planes, i);
		const json_t *own = json_array_get(json_object_get(entry, "planes"), i);
		ref_wide stride = number_at(plane, "stride_bytes", 0);
		ref_wide offset = number_at(plane, "offset_bytes", 0);
		ref_wide size = number_at(plane, "size_bytes", 0);
		DEMAND(stride % number_at(own, "stride_divisor_bytes", 1) == 0);
		DEMAND(offset % number_at(own, "offset_divisor_bytes", 1) == 0);
		DEMAND(size == stride * number_at(plane, "rows", 0) && size > 0);
		DEMAND(apart ? offset == 0 : offset >= at);
		at = offset + size;
		sum += size;
	}
	DEMAND((apart ? sum : at) <= f->size);
	DEMAND(number_at(json_array_get(planes, 0), "rows", 0) %
		       number_at(entry, "rows_align", 1) ==
	       0);
	DEMAND(f->raw >= at + number_at(entry, "extra_rows", 0) * f->stride +
				 number_at(p, "memory.pad_end_bytes", 0) ||
	       apart);
	DEMAND(f->raw >= at + number_at(p, "memory.pad_end_bytes", 0));
	DEMAND(f->raw >= number_at(entry, "total_min_bytes", 0));
	return NULL;
}

static const char *check_meaning(const struct facts *f, const json_t *entry)
{
	const json_t *alpha = json_object_get(entry, "alpha");
	const json_t *colors = json_object_get(entry, "color_spaces");
	const json_t *color = json_object_get(f->image, "color_space");
	DEMAND(alpha == NULL || !f->format->alpha_or_x ||
	       json_equal(alpha, json_object_get(f->image, "alpha")));
	DEMAND(colors == NULL || names(colors, "any") || allows(colors, json_string_value(color)));
	return NULL;
}

static const char *check_participant(const struct facts *f, const json_t *p)
{
	const char *wrong = check_memory(f, p);
	if (wrong == NULL)
		wrong = check_buffers(f, p);
	if (wrong != NULL || json_array_size(json_object_get(p, "formats")) == 0)
		return wrong;
	if (f->format == NULL)
		return "an image for those who look at pixels";
	const json_t *entry = entry_in_use(f, p);
	if (entry == NULL)
		return "an entry that covers the chosen format and modifier";
	const char *(*const checks[])(const struct facts *, const json_t *) = {
		check_size,
		check_required,
		check_stride,
		check_meaning,
	};
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && wrong == NULL; i++)
		wrong = checks[i](f, entry);
	return wrong != NULL ? wrong : check_planes(f, p, entry);
}

static const json_t *heap_named(const json_t *document, const json_t *name)
{
	const json_t *heaps = json_object_get(document, "heaps");
	for (size_t i = 0; i < json_array_size(heaps); i++)
		if (json_equal(json_object_get(json_array_get(heaps, i), "name"), name))
			return json_array_get(heaps, i);
	return NULL;
}

char *check_layout(const json_t *document, const json_t *answer)
{
	const json_t *image = json_object_get(answer, "image");
	const char *format = json_string_value(json_object_get(image, "format"));
	struct facts facts = {
		.answer = answer,
		.image = image,
		.heap = heap_named(document, json_object_get(answer, "heap")),
		.format = format != NULL ? ref_format_find(format) : NULL,
		.size = number_at(answer, "size_bytes", 0),
		.raw = number_at(answer, "raw_size_bytes", 0),
		.stride = number_at(image, "planes[0].stride_bytes", 0),
	};
	if (facts.heap == NULL)
		return complaint("the answered heap does not exist");
	const char *wrong = check_heap(&facts);
	if (wrong != NULL)
		return complaint("heap: not so: %s", wrong);

	const json_t *names_listed = json_object_get(answer, "participants");
	for (size_t i = 0; i < json_array_size(names_listed); i++) {
		const char *name = json_string_value(json_array_get(names_listed, i));
		const json_t *p = name != NULL ? trial_find(document, name) : NULL;
		wrong = p != NULL ? check_participant(&facts, p) : "it exists";
		if (wrong != NULL)
			return complaint("%s: not so: %s", name, wrong);
	}
	return NULL;
}
