/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_V4L2_FACTS_H
#define UMM_DEVICE_V4L2_FACTS_H

#include "device/v4l2_node.h"

/** What is known of a node and who said it: JSON text of a list, as umm_device_facts(). */
int umm_v4l2_facts(const struct umm_v4l2_node *node, const struct umm_v4l2_offers *offers,
		   const struct umm_v4l2_needs *needs, char **out);

#endif
