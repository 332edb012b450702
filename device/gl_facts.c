/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <jansson.h>

#include "device/facts.h"
#include "device/gl_demand.h"

static json_t *ability_json(const struct umm_gl_ability *ability)
{
	char name[UMM_FORMAT_NAME_SIZE], modifier[UMM_MODIFIER_NAME_SIZE];
	json_t *modifiers = json_array(), *as = json_array();
	for (unsigned i = 0; i < ability->n_modifiers; i++)
		json_array_append_new(
			modifiers, json_string(umm_modifier_name(ability->modifiers[i], modifier)));
	for (unsigned i = 0; i < ability->format->n_parts; i++)
		json_array_append_new(
			as, json_string(umm_format_name(ability->format->parts[i].fourcc, name)));
	return json_pack("{sssoso}", "format", umm_format_name(ability->format->fourcc, name),
			 "modifiers", modifiers, "as", as);
}

static const char *source_of(const struct umm_gl_display *display,
			     const struct umm_gl_ability *ability)
{
	if (ability->told)
		return "driver: eglQueryDmaBufFormatsEXT, eglQueryDmaBufModifiersEXT";
	return display->tells_formats ? "driver: eglQueryDmaBufFormatsEXT; table: LINEAR, for it "
					"tells no modifiers"
				      : "table: EGL tells no formats here, a trial shows them";
}

static void format_facts(json_t **list, const struct umm_gl_display *display,
			 const struct umm_gl_abilities *abilities)
{
	for (unsigned i = 0; i < abilities->n; i++)
		umm_fact_add(list, "formats", ability_json(&abilities->list[i]),
			     source_of(display, &abilities->list[i]));
}

/* All formats have those of the first, or fewer. */
static void tiles_facts(json_t **list, const struct umm_gl_abilities *abilities)
{
	const struct umm_gl_ability *ability = &abilities->list[0];
	for (unsigned i = 0; i < ability->n_modifiers; i++) {
		char name[UMM_MODIFIER_NAME_SIZE];
		const struct umm_gl_tiles *tiles = &ability->tiles[i];
		if (tiles->stride_divisor_bytes == 0)
			umm_fact_add(list, "stride.divisor", json_null(),
				     "nobody: no driver tells; a trial shows it");
		else
			umm_fact_add(
				list, "stride.divisor",
				json_pack("{sssisi}", "modifier",
					  umm_modifier_name(ability->modifiers[i], name), "bytes",
					  (int)tiles->stride_divisor_bytes, "rows",
					  (int)(tiles->rows_align > 0 ? tiles->rows_align : 1)),
				"trial: images of GBM's own");
	}
}

static void fence_fact(json_t **list, const struct umm_gl_display *display)
{
	umm_fact_add(
		list, "fences",
		json_string(display->native_fences ? "sync_file in the dma-buf" : "none: glFinish"),
		display->native_fences ? "driver: EGL_ANDROID_native_fence_sync"
				       : "driver: no EGL_ANDROID_native_fence_sync");
}

int umm_gl_facts(const struct umm_gl_display *display, const struct umm_gl_abilities *abilities,
		 enum umm_device_direction direction, char **out)
{
	json_t *list = json_array();
	umm_fact_add(&list, "driver", json_string(display->driver),
		     "driver: eglGetDisplayDriverName");
	umm_fact_add(&list, "renderer", json_string(display->renderer), "driver: GL_RENDERER");
	umm_fact_add(&list, "version", json_string(display->version), "driver: GL_VERSION");
	umm_fact_add(&list, "drawn_by", json_string(display->software ? "processor" : "GPU"),
		     "table: names of Mesa's software drivers");
	umm_fact_add(&list, "direction",
		     json_string(direction == UMM_DEVICE_WRITES ? "writes" : "reads"), "asked for");
	umm_fact_add(&list, "size.max",
		     json_pack("[i,i]", (int)display->max_px, (int)display->max_px),
		     "driver: GL_MAX_TEXTURE_SIZE, GL_MAX_VIEWPORT_DIMS");
	format_facts(&list, display, abilities);
	tiles_facts(&list, abilities);
	umm_fact_add(&list, "memory.imports",
		     json_pack("[s,s,s,s,s]", "udmabuf", "dma_heap", "drm", "v4l2", "carveout"),
		     "table: which classes are dma-bufs; whose it takes a trial in a child process "
		     "shows");
	umm_fact_add(&list, "memory.copy",
		     json_string(display->copy_fd >= 0 ? "the host's, moved by the kernel"
						       : "none: it sees the memory"),
		     "driver: VIRTGPU_PARAM_3D_FEATURES, of virtio_gpu alone");
	fence_fact(&list, display);
	return umm_facts_text(list, out);
}
