/* SPDX-License-Identifier: MIT */
/**
 * Breaking one rule of validity somewhere in a good document.
 */
#include "tests/reference/trial.h"

#include <string.h>

static const struct {
	const char *path, *json;
} faults[] = {
	{ "usage", "[]" },
	{ "usage", "[\"none\",\"gpu\"]" },
	{ "usage", "[\"gpu\",\"gpu\"]" },
	{ "usage", "\"gpu\"" },
	{ "formast", "[]" },
	{ "buffers.max", "0" },
	{ "buffers.camping", "-1" },
	{ "buffers.camping", "1.5" },
	{ "buffers.camping", "\"0x8000000000000000\"" },
	{ "buffers", "{\"min\":5,\"max\":4}" },
	{ "memory.address.align", "3" },
	{ "memory.address.max", "0" },
	{ "memory.segments.boundary_bytes", "48" },
	{ "memory.segments.max_count", "0" },
	{ "memory.size_bytes", "{\"min\":8192,\"max\":4096}" },
	{ "memory.contiguous", "1" },
	{ "memory.coherency", "[]" },
	{ "memory.heaps", "[\"cma\",\"cma\"]" },
	{ "memory.imports", "[\"floppy\"]" },
	{ "memory.cache", "\"warm\"" },
	{ "memory.colour", "null" },
	{ "attach", "\"early\"" },
	{ "formats", "[{\"modifier\":\"LINEAR\"}]" },
	{ "formats", "[{\"format\":\"NV99\"}]" },
	{ "formats", "[{\"format\":\"R8  \"}]" },
	{ "formats", "[{\"format\":[]}]" },
	{ "formats", "[{\"format\":[\"any\",\"NV12\"]}]" },
	{ "formats", "[{\"format\":\"NV12\"},{\"format\":\"any\"}]" },
	{ "formats", "[{\"format\":\"NV12\"},{\"format\":\"NV12\",\"modifier\":0}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":\"INVALID\"}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":\"ARM_AFBC\"}]" },
	{ "formats", "[{\"format\":\"NV12\",\"stride\":{\"divisor_bytes\":0}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"size\":{\"align\":[2,3]}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"size\":{\"max\":[0,3]}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"size\":{\"min\":[9,9],\"max\":[9,8]}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"required_sizes\":[[1,0]]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"required_sizes\":[[1]]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"cost\":1000001}]" },
	{ "formats", "[{\"format\":\"NV12\",\"color_spaces\":[\"any\",\"srgb\"]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"planes\":[{\"stride_divisor_bytes\":0}]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"handles\":\"two\"}]" },
	{ "formats", "[{\"format\":\"NV12\",\"alpha\":\"yes\"}]" },
	{ "memory.address.top", "1" },
	{ "memory.size_bytes.min", "0.0" },
	{ "formats", "[{\"format\":\"NV12\",\"stride\":{\"exakt\":true}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"size\":{\"area_max\":0}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"stride\":{\"min_bytes\":9,\"max_bytes\":8}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"stride\":{\"max_bytes\":0}}]" },
	{ "formats", "[{\"format\":\"NV12\",\"rows_align\":24}]" },
	{ "formats", "[{\"format\":\"NV12\",\"pad_block\":[0,1]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"required_min_size\":[0,1]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"offset_divisor_bytes\":12}]" },
	{ "formats", "[{\"format\":[\"NV12\",\"NV12\"]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":[\"LINEAR\",\"LINEAR\"]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":[\"LINEAR\",\"any\"]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":[]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":\"VENDOR_ARM\"}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":\"X_TILED\"}]" },
	{ "formats", "[{\"format\":\"NV12\",\"modifier\":72057594037927935}]" },
	{ "formats", "[{\"format\":\"NV12\",\"color_spaces\":[]}]" },
	{ "formats", "[{\"format\":\"NV12\",\"color_spaces\":\"srgb\"}]" },
	{ "formats", "{}" },
	{ "formats", "[7]" },
	{ "memory.imports", "[]" },
	{ "memory.heaps", "[]" },
	{ "memory", "{\"secure\":true,\"coherency\":[\"cpu\"]}" },
	{ "buffers.shared_slack", "\"3\"" },
	{ "name", "7" },
	{ "one_of", "[]" },
	{ "comment", "[]" },
};

static bool spoil_one(json_t *participant, void *user)
{
	struct dice *dice = user;
	size_t i = dice_below(dice, sizeof(faults) / sizeof(faults[0]));
	json_t *value = json_loads(faults[i].json, JSON_DECODE_ANY, NULL);

	if (json_object_get(participant, "usage") == NULL)
		json_object_set_new(participant, "usage", json_pack("[s]", "gpu"));
	path_set(participant, faults[i].path, value);
	return dice_below(dice, 3) != 0;
}

void spoil(json_t *document, struct dice *dice)
{
	trial_each(document, spoil_one, dice);
}
