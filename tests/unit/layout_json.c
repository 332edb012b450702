/* SPDX-License-Identifier: MIT */
/** An answer as it comes over the wire: what fits is read, what does not is refused. */
#include <errno.h>

#include "share/layout_json.h"
#include "tests/harness.h"

#define ANSWER(raw, planes)                                                                        \
	"{\"status\":\"ok\",\"buffers\":3,\"size_bytes\":12288,\"raw_size_bytes\":" raw            \
	",\"heap\":\"memfd\",\"cache\":\"cached\",\"contiguous\":false,\"coherency\":\"ram\","     \
	"\"secure\":false,\"address_align\":4096,\"image\":{\"format\":\"XR24\",\"modifier\":"     \
	"\"LINEAR\",\"color_space\":null,\"alpha\":null,\"handles\":\"one\",\"planes\":[" planes   \
	"]}}"
#define PLANE(offset, stride, rows, size)                                                          \
	"{\"offset_bytes\":" offset ",\"stride_bytes\":" stride ",\"rows\":" rows                  \
	",\"size_bytes\":" size "}"

static int read_text(const char *text, uint32_t width, uint32_t height)
{
	struct umm_layout layout;
	memset(&layout, 0x5a, sizeof(layout));
	int ret = umm_layout_from_json(text, strlen(text), width, height, &layout);
	if (ret == 0)
		CHECK_INT(layout.width_px, width);
	else
		CHECK_INT(layout.n_planes, 0x5a5a5a5a); /* untouched */
	return ret;
}

TEST(answer_of_the_solver_is_read)
{
	struct umm_layout layout;
	const char *text = ANSWER("12288", PLANE("0", "256", "48", "12288"));
	CHECK_INT(umm_layout_from_json(text, strlen(text), 64, 48, &layout), 0);
	CHECK_INT(layout.buffers, 3);
	CHECK_INT(layout.planes[0].stride_bytes, 256);
	CHECK_INT(layout.coherency, UMM_COHERENCY_RAM);
	CHECK_STR(layout.heap, "memfd");
}

TEST(visible_image_must_lie_inside_the_planes)
{
	const char *text = ANSWER("12288", PLANE("0", "256", "48", "12288"));
	CHECK_INT(read_text(text, 64, 48), 0);
	CHECK_INT(read_text(text, 65, 48), -EPROTO);
	CHECK_INT(read_text(text, 64, 49), -EPROTO);
	CHECK_INT(read_text(text, UINT32_MAX, UINT32_MAX), -EPROTO);
	CHECK_INT(read_text(text, 0, 48), -EPROTO);
	CHECK_INT(read_text(text, 64, 0), -EPROTO);
}

TEST(planes_must_lie_inside_the_buffer)
{
	CHECK_INT(read_text(ANSWER("4096", PLANE("0", "256", "48", "12288")), 64, 48), -EPROTO);
	CHECK_INT(read_text(ANSWER("12288", PLANE("4096", "256", "48", "12288")), 64, 48), -EPROTO);
	CHECK_INT(read_text(ANSWER("12288", PLANE("9223372036854775807", "256", "48", "12288")), 64,
			    48),
		  -EPROTO);
	CHECK_INT(read_text(ANSWER("12288", ""), 64, 48), -EPROTO);
}

TEST(zero_stride_divides_nothing)
{
	CHECK_INT(read_text(ANSWER("12288", PLANE("0", "0", "48", "12288")), 0, 48), -EPROTO);
	CHECK_INT(read_text(ANSWER("12288", PLANE("0", "0", "48", "12288")), 64, 48), -EPROTO);
}

TEST(wrong_types_and_words_are_refused)
{
	CHECK_INT(read_text("", 64, 48), -EPROTO);
	CHECK_INT(read_text("[]", 64, 48), -EPROTO);
	CHECK_INT(read_text("{}", 64, 48), -EPROTO);
	CHECK_INT(read_text(ANSWER("-1", PLANE("0", "256", "48", "12288")), 64, 48), -EPROTO);
	CHECK_INT(read_text(ANSWER("\"12288\"", PLANE("0", "256", "48", "12288")), 64, 48),
		  -EPROTO);
	CHECK_INT(read_text(ANSWER("12288.5", PLANE("0", "256", "48", "12288")), 64, 48), -EPROTO);
}

/* The document's words have "any"; an answer has settled. */
TEST(settled_colour_is_one_of_the_colours)
{
	static const char format[] =
		"{\"buffers\":1,\"size_bytes\":4096,\"raw_size_bytes\":4096,\"heap\":\"memfd\","
		"\"contiguous\":false,\"coherency\":\"cpu\",\"secure\":false,\"address_align\":"
		"4096,"
		"\"image\":{\"format\":\"R8\",\"modifier\":\"LINEAR\",\"color_space\":\"%s\","
		"\"handles\":\"one\",\"planes\":[" PLANE("0", "64", "48", "3072") "]}}";
	char text[640];
	snprintf(text, sizeof(text), format, "rec709");
	CHECK_INT(read_text(text, 64, 48), 0);
	snprintf(text, sizeof(text), format, "any");
	CHECK_INT(read_text(text, 64, 48), -EPROTO);
	snprintf(text, sizeof(text), format, "rec1");
	CHECK_INT(read_text(text, 64, 48), -EPROTO);
}
