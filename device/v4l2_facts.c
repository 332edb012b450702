/* SPDX-License-Identifier: MIT */
#include "device/facts.h"
#include "device/v4l2_facts.h"

#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "device/v4l2_rate.h"

/* What a driver calls itself need not be UTF-8. */
static json_t *text(const char *driver_text)
{
	json_t *string = json_string(driver_text);
	return string != NULL ? string : json_string("(not UTF-8)");
}

static void node_facts(json_t **list, const struct umm_v4l2_node *node)
{
	umm_fact_add(list, "driver", text(node->driver), "driver: VIDIOC_QUERYCAP");
	umm_fact_add(list, "card", text(node->card), "driver: VIDIOC_QUERYCAP");
	umm_fact_add(list, "bus", text(node->bus), "driver: VIDIOC_QUERYCAP");
	umm_fact_add(list, "direction",
		     json_string(node->direction == UMM_DEVICE_READS ? "reads" : "writes"),
		     "driver: VIDIOC_QUERYCAP");
	umm_fact_add(list, "multi_planar", json_boolean(umm_v4l2_is_multiplanar(node->queue.type)),
		     "driver: VIDIOC_QUERYCAP");
	if (node->input[0] != '\0')
		umm_fact_add(list, "input", text(node->input), "driver: VIDIOC_ENUMINPUT");
	struct umm_rational rate;
	if (umm_v4l2_get_rate(&node->queue, &rate) == 0)
		umm_fact_add(list, "rate", json_pack("[i,i]", rate.num, rate.den),
			     "driver: VIDIOC_G_PARM");
}

static void memory_facts(json_t **list, const struct umm_v4l2_node *node,
			 const struct umm_v4l2_needs *needs)
{
	umm_fact_add(list, "buffers.camping", json_integer(needs->camping), node->camping_source);
	umm_fact_add(list, "buffers.max", json_integer(needs->most), "table: VIDEO_MAX_FRAME");
	umm_fact_add(list, "memory.imports",
		     json_pack("[s,s,s,s,s]", "udmabuf", "dma_heap", "drm", "v4l2", "carveout"),
		     "driver: VIDIOC_REQBUFS takes V4L2_MEMORY_DMABUF; table: which classes are "
		     "dma-bufs");
	umm_fact_add(list, "memory.contiguous", json_null(),
		     "nobody: no driver tells; a trial shows it");
}

static json_t *stride_json(const struct umm_v4l2_offer *offer)
{
	uint32_t own = offer->shape.strides_bytes[0];
	if (!offer->stride.free)
		return json_pack("{sIsI}", "min_bytes", (json_int_t)own, "max_bytes",
				 (json_int_t)own);
	return json_pack("{sIsIsI}", "min_bytes", (json_int_t)own, "max_bytes",
			 (json_int_t)offer->stride.max_bytes, "divisor_bytes",
			 (json_int_t)offer->stride.divisor);
}

static json_t *offer_json(const struct umm_v4l2_offer *offer)
{
	char name[UMM_FORMAT_NAME_SIZE];
	const struct umm_v4l2_shape *shape = &offer->shape;
	return json_pack("{sssss[I,I]sosI}", "format", umm_format_name(offer->format->drm, name),
			 "v4l2", offer->format->name, "size", (json_int_t)shape->width_px,
			 (json_int_t)shape->height_px, "stride", stride_json(offer), "sizeimage",
			 (json_int_t)shape->sizes_bytes[0]);
}

static void offer_facts(json_t **list, const struct umm_v4l2_offers *offers)
{
	for (unsigned i = 0; i < offers->n_offers; i++)
		umm_fact_add(list, "formats", offer_json(&offers->offers[i]),
			     "driver: VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES; trial: "
			     "VIDIOC_TRY_FMT for "
			     "the strides");
	umm_fact_add(list, "formats.passed_over", json_integer(offers->n_passed_over),
		     "table: formats without a DRM name, or without rows");
}

int umm_v4l2_facts(const struct umm_v4l2_node *node, const struct umm_v4l2_offers *offers,
		   const struct umm_v4l2_needs *needs, char **out)
{
	json_t *list = json_array();
	node_facts(&list, node);
	memory_facts(&list, node, needs);
	offer_facts(&list, offers);
	return umm_facts_text(list, out);
}
