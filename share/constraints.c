/* SPDX-License-Identifier: MIT */
/*
 * A participant stated by calls. It is kept as the JSON object that the document would contain, so
 * there is one vocabulary and one place where it is checked: the document's reader.
 *
 * Every call builds its part aside and puts it in place last, so a failure leaves the object as it
 * was. 0 and NULL in the structures mean "not stated" and leave the key out.
 */
#include "share/constraints.h"

#include <errno.h>
#include <string.h>

#include "core/number.h"
#include "share/document_read.h"
#include "share/json.h"
#include "share/solution_emit.h"

struct umm_constraints {
	json_t *object;
};

/** What goes wrong while a part is built: the first of these sticks. */
struct builder {
	json_t *object;
	int error;
};

static void builder_finish(struct builder *builder)
{
	json_decref(builder->object);
}

#define umm_autobuilder __attribute__((cleanup(builder_finish))) struct builder

static struct builder builder_start(void)
{
	struct builder builder = { .object = json_object() };
	builder.error = builder.object != NULL ? 0 : -ENOMEM;
	return builder;
}

static void fail(struct builder *builder, int error)
{
	if (builder->error == 0)
		builder->error = error;
}

static void put(struct builder *builder, const char *key, json_t *value)
{
	if (json_object_set_new(builder->object, key, value) < 0)
		fail(builder, -ENOMEM);
}

/** A number, unless it states nothing. */
static void put_number(struct builder *builder, const char *key, uint64_t number)
{
	if (number == 0)
		return;
	if (number > UMM_NUMBER_MAX)
		fail(builder, -EINVAL);
	else
		put(builder, key, json_integer((json_int_t)number));
}

static void put_flag(struct builder *builder, const char *key, bool flag)
{
	if (flag)
		put(builder, key, json_true());
}

static void put_set(struct builder *builder, const char *key, const struct umm_word *words,
		    uint32_t set)
{
	uint32_t known = 0;
	for (const struct umm_word *word = words; word->name != NULL; word++)
		known |= word->value;
	if ((set & ~known) != 0)
		fail(builder, -EINVAL);
	else if (set != 0)
		put(builder, key, umm_emit_words(words, set));
}

/** An enumerator whose 0 states nothing. */
static void put_word(struct builder *builder, const char *key, const struct umm_word *words,
		     uint32_t value)
{
	if (value == 0)
		return;
	json_t *word = umm_emit_word(words, value);
	if (json_is_null(word))
		fail(builder, -EINVAL);
	else
		put(builder, key, word);
}

static bool size_stated(struct umm_size size)
{
	return size.width_px != 0 || size.height_px != 0;
}

static void put_size(struct builder *builder, const char *key, struct umm_size size)
{
	if (!size_stated(size))
		return;
	if (size.width_px > UMM_NUMBER_MAX || size.height_px > UMM_NUMBER_MAX)
		fail(builder, -EINVAL);
	else
		put(builder, key, umm_emit_size(size));
}

/** An object inside, unless it is empty. */
static void put_part(struct builder *builder, const char *key, struct builder *part)
{
	fail(builder, part->error);
	if (part->error == 0 && json_object_size(part->object) > 0)
		put(builder, key, json_incref(part->object));
}

static json_t *list_append(struct builder *builder, json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) < 0)
		fail(builder, -ENOMEM);
	return list;
}

int umm_constraints_create(const char *name, struct umm_constraints **out)
{
	if (name == NULL || name[0] == '\0')
		return -EINVAL;
	umm_autojson json_t *object = json_object();
	umm_autojson json_t *spelled = json_string_nocheck(name);
	umm_autojson json_t *text = json_string(name); /* NULL for what is no UTF-8, too */
	if (object == NULL || spelled == NULL)
		return -ENOMEM;
	if (text == NULL)
		return -EINVAL;
	umm_autofree struct umm_constraints *constraints = calloc(1, sizeof(*constraints));
	if (constraints == NULL || json_object_set(object, "name", text) < 0)
		return -ENOMEM;
	constraints->object = umm_steal(object);
	*out = umm_steal(constraints);
	return 0;
}

int umm_constraints_from_json(const char *text, size_t size, struct umm_constraints **out)
{
	json_error_t error;
	json_t *object = umm_document_parse_text(text, size, &error);
	if (object == NULL)
		return umm_document_out_of_memory(&error) ? -ENOMEM : -EBADMSG;
	const char *name = json_string_value(json_object_get(object, "name"));
	struct umm_constraints *constraints = NULL;
	int ret = 0;
	if (!json_is_object(object))
		ret = -EBADMSG;
	else if (name == NULL || name[0] == '\0')
		ret = -EINVAL;
	else if ((constraints = calloc(1, sizeof(*constraints))) == NULL)
		ret = -ENOMEM;
	if (ret < 0) {
		json_decref(object);
		return ret;
	}
	constraints->object = object;
	*out = constraints;
	return 0;
}

int umm_constraints_to_json(const struct umm_constraints *constraints, char **out)
{
	char *text = json_dumps(constraints->object, JSON_COMPACT);
	if (text == NULL)
		return -ENOMEM;
	*out = text;
	return 0;
}

void umm_constraints_destroy(struct umm_constraints *constraints)
{
	if (constraints == NULL)
		return;
	json_decref(constraints->object);
	free(constraints);
}

const char *umm_constraints_name(const struct umm_constraints *constraints)
{
	return json_string_value(json_object_get(constraints->object, "name"));
}

const json_t *umm_constraints_object(const struct umm_constraints *constraints)
{
	return constraints->object;
}

/** Put a finished part in place of what was stated before. */
static int replace(struct umm_constraints *constraints, const char *key, json_t *value)
{
	return json_object_set_new(constraints->object, key, value) < 0 ? -ENOMEM : 0;
}

int umm_constraints_set_usage(struct umm_constraints *constraints, uint32_t usage)
{
	umm_autobuilder builder = builder_start();
	if (usage == 0)
		return -EINVAL;
	put_set(&builder, "usage", umm_usage_words, usage);
	if (builder.error != 0)
		return builder.error;
	return replace(constraints, "usage", json_incref(json_object_get(builder.object, "usage")));
}

int umm_constraints_set_buffers(struct umm_constraints *constraints,
				const struct umm_buffer_demand *demand)
{
	umm_autobuilder builder = builder_start();
	put_number(&builder, "camping", demand->camping);
	put_number(&builder, "dedicated_slack", demand->dedicated_slack);
	put_number(&builder, "shared_slack", demand->shared_slack);
	put_number(&builder, "min", demand->min);
	put_number(&builder, "max", demand->max);
	if (builder.error != 0)
		return builder.error;
	return replace(constraints, "buffers", json_incref(builder.object));
}

static void put_heaps(struct builder *builder, const char *const *heaps)
{
	json_t *list = heaps != NULL ? json_array() : NULL;
	if (heaps == NULL)
		return;
	for (; *heaps != NULL; heaps++)
		list_append(builder, list, json_string(*heaps));
	put(builder, "heaps", list);
}

static void put_ranges(struct builder *builder, const struct umm_memory_demand *demand)
{
	umm_autobuilder size = builder_start(), address = builder_start(),
			segments = builder_start();
	put_number(&size, "min", demand->size_min_bytes);
	put_number(&size, "max", demand->size_max_bytes);
	put_part(builder, "size_bytes", &size);
	put_number(&address, "align", demand->address_align_bytes);
	put_number(&address, "max", demand->address_max);
	put_part(builder, "address", &address);
	put_number(&segments, "max_count", demand->segments_max_count);
	put_number(&segments, "max_bytes", demand->segments_max_bytes);
	put_number(&segments, "boundary_bytes", demand->segments_boundary_bytes);
	put_part(builder, "segments", &segments);
}

int umm_constraints_set_memory(struct umm_constraints *constraints,
			       const struct umm_memory_demand *demand)
{
	umm_autobuilder builder = builder_start();
	put_ranges(&builder, demand);
	put_flag(&builder, "contiguous", demand->contiguous);
	put_flag(&builder, "iommu", demand->iommu);
	put_flag(&builder, "secure", demand->secure);
	put_set(&builder, "coherency", umm_coherency_words, demand->coherency);
	put_word(&builder, "cache", umm_cache_words, demand->cache);
	put_set(&builder, "imports", umm_class_words, demand->imports);
	put_heaps(&builder, demand->heaps);
	put_number(&builder, "pad_end_bytes", demand->pad_end_bytes);
	if (builder.error != 0)
		return builder.error;
	return replace(constraints, "memory", json_incref(builder.object));
}

static void put_formats(struct builder *builder, const struct umm_format_demand *demand)
{
	if (demand->any_format) {
		put(builder, "format", json_string("any"));
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; i < UMM_DEMAND_FORMATS && demand->formats[i] != 0; i++) {
		if (umm_format_info(demand->formats[i]) == NULL)
			fail(builder, -EINVAL);
		list_append(builder, list, umm_emit_format(demand->formats[i]));
	}
	if (json_array_size(list) == 0)
		fail(builder, -EINVAL);
	put(builder, "format", list);
}

static void put_modifiers(struct builder *builder, const struct umm_format_demand *demand)
{
	if (demand->any_modifier) {
		put(builder, "modifier", json_string("any"));
		return;
	}
	if (demand->n_modifiers == 0)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < demand->n_modifiers && i < UMM_DEMAND_MODIFIERS; i++) {
		if (demand->modifiers[i] == UMM_MODIFIER_INVALID)
			fail(builder, -EINVAL);
		list_append(builder, list, umm_emit_modifier(demand->modifiers[i]));
	}
	if (demand->n_modifiers > UMM_DEMAND_MODIFIERS)
		fail(builder, -EINVAL);
	put(builder, "modifier", list);
}

static void put_image_sizes(struct builder *builder, const struct umm_format_demand *demand)
{
	umm_autobuilder size = builder_start();
	put_size(&size, "min", demand->size_min);
	put_size(&size, "max", demand->size_max);
	put_size(&size, "align", demand->size_align);
	put_number(&size, "area_max", demand->size_area_max);
	put_part(builder, "size", &size);
	json_t *required = json_array();
	for (size_t i = 0; i < UMM_DEMAND_SIZES && size_stated(demand->required_sizes[i]); i++)
		list_append(builder, required, umm_emit_size(demand->required_sizes[i]));
	if (json_array_size(required) > 0)
		put(builder, "required_sizes", json_incref(required));
	json_decref(required);
	put_size(builder, "required_min_size", demand->required_min_size);
}

static void put_stride(struct builder *builder, const struct umm_format_demand *demand)
{
	umm_autobuilder stride = builder_start();
	put_number(&stride, "min_bytes", demand->stride_min_bytes);
	put_number(&stride, "max_bytes", demand->stride_max_bytes);
	put_number(&stride, "divisor_bytes", demand->stride_divisor_bytes);
	put_flag(&stride, "whole_pixels", demand->stride_whole_pixels);
	put_flag(&stride, "exact", demand->stride_exact);
	put_part(builder, "stride", &stride);
}

static void put_planes(struct builder *builder, const struct umm_format_demand *demand)
{
	size_t count = UMM_MAX_PLANES;
	while (count > 0 && demand->planes[count - 1].stride_divisor_bytes == 0 &&
	       demand->planes[count - 1].offset_divisor_bytes == 0)
		count--;
	if (count == 0)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		umm_autobuilder plane = builder_start();
		put_number(&plane, "stride_divisor_bytes", demand->planes[i].stride_divisor_bytes);
		put_number(&plane, "offset_divisor_bytes", demand->planes[i].offset_divisor_bytes);
		fail(builder, plane.error);
		list_append(builder, list, json_incref(plane.object));
	}
	put(builder, "planes", list);
}

static void put_handles(struct builder *builder, enum umm_handles handles)
{
	if (handles == UMM_HANDLES_ONE)
		put(builder, "handles", json_string("one"));
	else if (handles == UMM_HANDLES_PER_PLANE)
		put(builder, "handles", json_string("per_plane"));
	else if (handles != UMM_HANDLES_ANY)
		fail(builder, -EINVAL);
}

static void put_format_demand(struct builder *builder, const struct umm_format_demand *demand)
{
	put_formats(builder, demand);
	put_modifiers(builder, demand);
	put_set(builder, "color_spaces", umm_color_words, demand->color_spaces);
	if (demand->alpha != UMM_ALPHA_UNSET)
		put(builder, "alpha", json_boolean(demand->alpha == UMM_ALPHA_MEANINGFUL));
	put_image_sizes(builder, demand);
	put_stride(builder, demand);
	put_number(builder, "offset_divisor_bytes", demand->offset_divisor_bytes);
	put_planes(builder, demand);
	put_handles(builder, demand->handles);
	put_number(builder, "rows_align", demand->rows_align);
	put_size(builder, "pad_block", demand->pad_block);
	put_number(builder, "extra_rows", demand->extra_rows);
	put_number(builder, "total_min_bytes", demand->total_min_bytes);
	put_number(builder, "cost", demand->cost);
}

int umm_constraints_add_format(struct umm_constraints *constraints,
			       const struct umm_format_demand *demand)
{
	umm_autobuilder builder = builder_start();
	put_format_demand(&builder, demand);
	if (builder.error != 0)
		return builder.error;
	json_t *formats = json_object_get(constraints->object, "formats");
	if (formats == NULL) {
		json_t *first = json_array();
		if (json_array_append(first, builder.object) < 0) {
			json_decref(first);
			return -ENOMEM;
		}
		return replace(constraints, "formats", first);
	}
	return json_array_append(formats, builder.object) < 0 ? -ENOMEM : 0;
}
