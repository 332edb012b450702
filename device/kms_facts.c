/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <jansson.h>

#include "device/facts.h"
#include "device/kms_demand.h"

static json_t *format_json(const struct umm_kms_format *format)
{
	char name[UMM_FORMAT_NAME_SIZE], modifier[UMM_MODIFIER_NAME_SIZE];
	json_t *modifiers = json_array();
	for (unsigned i = 0; i < format->n_modifiers; i++)
		json_array_append_new(
			modifiers, json_string(umm_modifier_name(format->modifiers[i], modifier)));
	return json_pack("{ssso}", "format", umm_format_name(format->fourcc, name), "modifiers",
			 modifiers);
}

static void output_facts(json_t **list, const struct umm_kms_output *output)
{
	umm_fact_add(list, "connector", json_string(output->name),
		     "driver: connector that is connected");
	for (unsigned i = 0; i < output->n_modes; i++) {
		const drmModeModeInfo *mode = &output->modes[i];
		umm_fact_add(list, "size",
			     json_pack("{s[i,i]sisb}", "size", mode->hdisplay, mode->vdisplay,
				       "rate", (int)mode->vrefresh, "preferred",
				       (mode->type & DRM_MODE_TYPE_PREFERRED) != 0),
			     "driver: modes of the connector");
	}
}

/* What the primary takes as ever; of the others what it does not take. */
static void format_facts(json_t **list, const struct umm_kms_planes *planes,
			 const struct umm_kms_formats *offer)
{
	const struct umm_kms_formats *primary = &planes->list[0].formats;
	const char *in_formats = offer->from_in_formats
					 ? "driver: IN_FORMATS of the primary plane"
					 : "driver: formats of the primary plane; table: LINEAR, "
					   "for it has no IN_FORMATS";
	const char *of_overlays = offer->from_in_formats
					  ? "driver: IN_FORMATS of overlay planes"
					  : "driver: formats of overlay planes; table: LINEAR, for "
					    "they have no IN_FORMATS";
	for (unsigned i = 0; i < offer->n; i++)
		umm_fact_add(list, "formats", format_json(&offer->list[i]),
			     offer->list[i].second || !planes->list[0].wanted ? of_overlays
									      : in_formats);
	umm_fact_add(list, "formats.passed_over", json_integer(primary->n_passed_over),
		     "table: formats of the primary plane that umm has no description of");
}

static json_t *plane_json(const struct umm_kms_plane *plane)
{
	char name[UMM_FORMAT_NAME_SIZE];
	json_t *formats = json_array();
	for (unsigned i = 0; i < plane->formats.n; i++)
		json_array_append_new(
			formats, json_string(umm_format_name(plane->formats.list[i].fourcc, name)));
	json_t *zpos = plane->zpos.known ? json_integer((json_int_t)plane->zpos.now) : json_null();
	return json_pack("{siss so sb so}", "plane", (int)plane->id, "type",
			 umm_kms_plane_type(plane), "zpos", zpos, "zpos_settable",
			 plane->zpos.settable, "formats", formats);
}

static void plane_facts(json_t **list, const struct umm_kms_planes *planes)
{
	for (unsigned i = 0; i < planes->n; i++)
		umm_fact_add(list, "planes", plane_json(&planes->list[i]),
			     "driver: planes of the CRTC, their type, zpos and formats; "
			     "cursors are left out");
}

static void fence_facts(json_t **list, const struct umm_kms_fences *fences)
{
	umm_fact_add(list, "fences.in",
		     json_string(fences->in != 0 ? "sync_file" : "those in the dma-buf"),
		     fences->in != 0 ? "driver: IN_FENCE_FD of the plane"
				     : "driver: no IN_FENCE_FD of the plane");
	umm_fact_add(list, "fences.out",
		     json_string(fences->out != 0 ? "sync_file in the dma-buf" : "none: an event"),
		     fences->out != 0 ? "driver: OUT_FENCE_PTR of the CRTC"
				      : "driver: no OUT_FENCE_PTR of the CRTC");
}

int umm_kms_facts(const struct umm_kms_card *card, const struct umm_kms_output *output,
		  const struct umm_kms_planes *planes, const struct umm_kms_formats *offer,
		  const struct umm_kms_fences *fences, char **out)
{
	json_t *list = json_array();
	umm_fact_add(&list, "driver", json_string(card->driver), "driver: DRM_IOCTL_VERSION");
	umm_fact_add(&list, "atomic", json_boolean(card->atomic), "driver: DRM_CLIENT_CAP_ATOMIC");
	output_facts(&list, output);
	plane_facts(&list, planes);
	format_facts(&list, planes, offer);
	fence_facts(&list, fences);
	umm_fact_add(&list, "buffers.camping", json_integer(UMM_KMS_CAMPING),
		     "table: one on the screen, one on its way there");
	umm_fact_add(&list, "memory.imports",
		     json_pack("[s,s,s,s,s]", "udmabuf", "dma_heap", "drm", "v4l2", "carveout"),
		     "driver: DRM_PRIME_CAP_IMPORT; table: which classes are dma-bufs");
	umm_fact_add(&list, "stride.divisor", json_integer(card->stride_align),
		     "driver: what its dumb buffers have in common; preferred, and others are left "
		     "to the trial");
	return umm_facts_text(list, out);
}
