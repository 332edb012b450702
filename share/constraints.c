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

#include "share/builder.h"
#include "share/document_read.h"
#include "share/solution_emit.h"

struct umm_constraints {
	json_t *object;
};

int umm_constraints_create(const char *name, struct umm_constraints **out)
{
	if (name == NULL || name[0] == '\0')
		return -EINVAL;
	umm_autobuilder builder = umm_builder_start();
	umm_build_name(&builder, "name", name);
	if (builder.error != 0)
		return builder.error;
	struct umm_constraints *constraints = calloc(1, sizeof(*constraints));
	if (constraints == NULL)
		return -ENOMEM;
	constraints->object = json_incref(builder.object);
	*out = constraints;
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

/** One that takes part as one of its alternatives states nothing itself. */
static bool is_group(const struct umm_constraints *constraints)
{
	return json_object_get(constraints->object, "one_of") != NULL;
}

/** Put a finished part in place of what was stated before. */
static int replace(struct umm_constraints *constraints, const char *key, json_t *value)
{
	if (is_group(constraints)) {
		json_decref(value);
		return -EINVAL;
	}
	return json_object_set_new(constraints->object, key, value) < 0 ? -ENOMEM : 0;
}

int umm_constraints_set_usage(struct umm_constraints *constraints, uint32_t usage)
{
	umm_autobuilder builder = umm_builder_start();
	if (usage == 0)
		return -EINVAL;
	umm_build_set(&builder, "usage", umm_usage_words, usage);
	if (builder.error != 0)
		return builder.error;
	return replace(constraints, "usage", json_incref(json_object_get(builder.object, "usage")));
}

int umm_constraints_set_buffers(struct umm_constraints *constraints,
				const struct umm_buffer_demand *demand)
{
	umm_autobuilder builder = umm_builder_start();
	umm_build_number(&builder, "camping", demand->camping);
	umm_build_number(&builder, "dedicated_slack", demand->dedicated_slack);
	umm_build_number(&builder, "shared_slack", demand->shared_slack);
	umm_build_number(&builder, "min", demand->min);
	umm_build_number(&builder, "max", demand->max);
	if (builder.error != 0)
		return builder.error;
	return replace(constraints, "buffers", json_incref(builder.object));
}

static void put_heaps(struct umm_builder *builder, const char *const *heaps)
{
	json_t *list = heaps != NULL ? json_array() : NULL;
	if (heaps == NULL)
		return;
	for (; *heaps != NULL; heaps++)
		umm_build_append(builder, list, json_string(*heaps));
	umm_build(builder, "heaps", list);
}

static void put_ranges(struct umm_builder *builder, const struct umm_memory_demand *demand)
{
	umm_autobuilder size = umm_builder_start(), address = umm_builder_start(),
			segments = umm_builder_start();
	umm_build_number(&size, "min", demand->size_min_bytes);
	umm_build_number(&size, "max", demand->size_max_bytes);
	umm_build_part(builder, "size_bytes", &size);
	umm_build_number(&address, "align", demand->address_align_bytes);
	umm_build_number(&address, "max", demand->address_max);
	umm_build_part(builder, "address", &address);
	umm_build_number(&segments, "max_count", demand->segments_max_count);
	umm_build_number(&segments, "max_bytes", demand->segments_max_bytes);
	umm_build_number(&segments, "boundary_bytes", demand->segments_boundary_bytes);
	umm_build_part(builder, "segments", &segments);
}

int umm_constraints_set_memory(struct umm_constraints *constraints,
			       const struct umm_memory_demand *demand)
{
	umm_autobuilder builder = umm_builder_start();
	put_ranges(&builder, demand);
	umm_build_flag(&builder, "contiguous", demand->contiguous);
	umm_build_flag(&builder, "iommu", demand->iommu);
	umm_build_flag(&builder, "secure", demand->secure);
	umm_build_set(&builder, "coherency", umm_coherency_words, demand->coherency);
	umm_build_word(&builder, "cache", umm_cache_words, demand->cache);
	umm_build_set(&builder, "imports", umm_class_words, demand->imports);
	put_heaps(&builder, demand->heaps);
	umm_build_number(&builder, "pad_end_bytes", demand->pad_end_bytes);
	if (builder.error != 0)
		return builder.error;
	return replace(constraints, "memory", json_incref(builder.object));
}

static void put_formats(struct umm_builder *builder, const struct umm_format_demand *demand)
{
	if (demand->any_format) {
		umm_build(builder, "format", json_string("any"));
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; i < UMM_DEMAND_FORMATS && demand->formats[i] != 0; i++) {
		if (umm_format_info(demand->formats[i]) == NULL)
			umm_build_fail(builder, -EINVAL);
		umm_build_append(builder, list, umm_emit_format(demand->formats[i]));
	}
	if (json_array_size(list) == 0)
		umm_build_fail(builder, -EINVAL);
	umm_build(builder, "format", list);
}

static void put_modifiers(struct umm_builder *builder, const struct umm_format_demand *demand)
{
	if (demand->any_modifier) {
		umm_build(builder, "modifier", json_string("any"));
		return;
	}
	if (demand->n_modifiers == 0)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < demand->n_modifiers && i < UMM_DEMAND_MODIFIERS; i++) {
		if (demand->modifiers[i] == UMM_MODIFIER_INVALID)
			umm_build_fail(builder, -EINVAL);
		umm_build_append(builder, list, umm_emit_modifier(demand->modifiers[i]));
	}
	if (demand->n_modifiers > UMM_DEMAND_MODIFIERS)
		umm_build_fail(builder, -EINVAL);
	umm_build(builder, "modifier", list);
}

static void put_image_sizes(struct umm_builder *builder, const struct umm_format_demand *demand)
{
	umm_autobuilder size = umm_builder_start();
	umm_build_size(&size, "min", demand->size_min);
	umm_build_size(&size, "max", demand->size_max);
	umm_build_size(&size, "align", demand->size_align);
	umm_build_number(&size, "area_max", demand->size_area_max);
	umm_build_part(builder, "size", &size);
	json_t *required = json_array();
	for (size_t i = 0; i < UMM_DEMAND_SIZES && umm_size_stated(demand->required_sizes[i]); i++)
		umm_build_append(builder, required, umm_emit_size(demand->required_sizes[i]));
	if (json_array_size(required) > 0)
		umm_build(builder, "required_sizes", json_incref(required));
	json_decref(required);
	umm_build_size(builder, "required_min_size", demand->required_min_size);
}

static void put_stride(struct umm_builder *builder, const struct umm_format_demand *demand)
{
	umm_autobuilder stride = umm_builder_start();
	umm_build_number(&stride, "min_bytes", demand->stride_min_bytes);
	umm_build_number(&stride, "max_bytes", demand->stride_max_bytes);
	umm_build_number(&stride, "divisor_bytes", demand->stride_divisor_bytes);
	umm_build_flag(&stride, "whole_pixels", demand->stride_whole_pixels);
	umm_build_flag(&stride, "exact", demand->stride_exact);
	umm_build_part(builder, "stride", &stride);
}

static void put_planes(struct umm_builder *builder, const struct umm_format_demand *demand)
{
	size_t count = UMM_MAX_PLANES;
	while (count > 0 && demand->planes[count - 1].stride_divisor_bytes == 0 &&
	       demand->planes[count - 1].offset_divisor_bytes == 0)
		count--;
	if (count == 0)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		umm_autobuilder plane = umm_builder_start();
		umm_build_number(&plane, "stride_divisor_bytes",
				 demand->planes[i].stride_divisor_bytes);
		umm_build_number(&plane, "offset_divisor_bytes",
				 demand->planes[i].offset_divisor_bytes);
		umm_build_fail(builder, plane.error);
		umm_build_append(builder, list, json_incref(plane.object));
	}
	umm_build(builder, "planes", list);
}

static void put_handles(struct umm_builder *builder, enum umm_handles handles)
{
	if (handles == UMM_HANDLES_ONE)
		umm_build(builder, "handles", json_string("one"));
	else if (handles == UMM_HANDLES_PER_PLANE)
		umm_build(builder, "handles", json_string("per_plane"));
	else if (handles != UMM_HANDLES_ANY)
		umm_build_fail(builder, -EINVAL);
}

static void put_format_demand(struct umm_builder *builder, const struct umm_format_demand *demand)
{
	put_formats(builder, demand);
	put_modifiers(builder, demand);
	umm_build_set(builder, "color_spaces", umm_color_words, demand->color_spaces);
	if (demand->alpha != UMM_ALPHA_UNSET)
		umm_build(builder, "alpha", json_boolean(demand->alpha == UMM_ALPHA_MEANINGFUL));
	put_image_sizes(builder, demand);
	put_stride(builder, demand);
	umm_build_number(builder, "offset_divisor_bytes", demand->offset_divisor_bytes);
	put_planes(builder, demand);
	put_handles(builder, demand->handles);
	umm_build_number(builder, "rows_align", demand->rows_align);
	umm_build_size(builder, "pad_block", demand->pad_block);
	umm_build_number(builder, "extra_rows", demand->extra_rows);
	umm_build_number(builder, "total_min_bytes", demand->total_min_bytes);
	umm_build_number(builder, "cost", demand->cost);
}

int umm_constraints_add_format(struct umm_constraints *constraints,
			       const struct umm_format_demand *demand)
{
	umm_autobuilder builder = umm_builder_start();
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
	if (!json_is_array(formats)) /* of umm_constraints_from_json(): nobody has looked at it */
		return -EINVAL;
	return json_array_append(formats, builder.object) < 0 ? -ENOMEM : 0;
}
