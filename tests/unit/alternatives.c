/* SPDX-License-Identifier: MIT */
/** Participants that take part as one of several: how they are stated, and which of them is taken.
 */
#include <errno.h>

#include "tests/unit/members.h"

struct mode {
	const char *name;
	uint64_t width_px, height_px;
};

/* One that does exactly this size of XR24. */
static struct umm_constraints *one_mode(const struct mode *mode, uint32_t usage)
{
	struct umm_size size = { mode->width_px, mode->height_px };
	struct umm_format_demand format = {
		.formats = { UMM_FOURCC('X', 'R', '2', '4') },
		.size_min = size,
		.size_max = size,
		.required_sizes = { size },
	};
	struct umm_constraints *constraints;
	CHECK_INT(umm_constraints_create(mode->name, &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, usage), 0);
	CHECK_INT(umm_constraints_set_buffers(constraints,
					      &(struct umm_buffer_demand){ .camping = 1 }),
		  0);
	CHECK_INT(umm_constraints_add_format(constraints, &format), 0);
	return constraints;
}

static struct umm_constraints *with_modes(const char *name, uint32_t usage,
					  const struct mode *modes)
{
	struct umm_constraints *constraints;
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	for (; modes->name != NULL; modes++) {
		umm_auto(umm_constraints, alternative) = one_mode(modes, usage);
		CHECK_INT(umm_constraints_add_alternative(constraints, alternative), 0);
	}
	return constraints;
}

static const struct mode small = { "320x200", 320, 200 }, vga = { "640x480", 640, 480 },
			 svga = { "800x600", 800, 600 }, hd = { "1280x720", 1280, 720 };
static const struct mode none = { NULL, 0, 0 };

static struct umm_collection *negotiate(const struct mode *camera_modes,
					const struct mode *display_modes, int verdict)
{
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join(collection, with_modes("camera", UMM_USAGE_CPU_WRITE, camera_modes), UMM_PRODUCER,
	     UMM_QUEUE_DEFAULT);
	join(collection, with_modes("display", UMM_USAGE_CPU_READ, display_modes), UMM_CONSUMER,
	     UMM_QUEUE_DEFAULT);
	CHECK_INT(umm_collection_seal(collection), verdict);
	return collection;
}

TEST(the_common_size_of_camera_and_display_is_found)
{
	const struct mode camera_modes[] = { hd, vga, small, none };
	const struct mode display_modes[] = { svga, vga, none };
	umm_auto(umm_collection, collection) = negotiate(camera_modes, display_modes, 0);
	CHECK_INT(umm_collection_layout(collection)->width_px, 640);
	CHECK_INT(umm_collection_layout(collection)->height_px, 480);
	CHECK(strstr(umm_collection_answer_json(collection),
		     "\"participants\":[\"camera@640x480\",\"display@640x480\"]") != NULL);
}

TEST(the_producer_is_asked_first_what_it_prefers)
{
	const struct mode camera_modes[] = { vga, svga, none };
	const struct mode display_modes[] = { svga, vga, none };
	umm_auto(umm_collection, collection) = negotiate(camera_modes, display_modes, 0);
	CHECK_INT(umm_collection_layout(collection)->width_px, 640);
}

/* Three members, their orders of preference in conflict, in every order of joining. */
TEST(the_order_of_joining_changes_nothing)
{
	const struct mode orders[3][4] = { { vga, svga, hd, none },
					   { hd, svga, vga, none },
					   { svga, hd, vga, none } };
	static const char *const names[3] = { "camera", "alpha", "beta" };
	static const int joins[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					 { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	umm_autofree char *first = NULL;
	for (unsigned i = 0; i < 6; i++) {
		umm_auto(umm_collection, collection) = NULL;
		CHECK_INT(umm_collection_create("test", &collection), 0);
		for (unsigned j = 0; j < 3; j++) {
			int who = joins[i][j];
			join(collection,
			     with_modes(names[who],
					who == 0 ? UMM_USAGE_CPU_WRITE : UMM_USAGE_CPU_READ,
					orders[who]),
			     who == 0 ? UMM_PRODUCER : UMM_CONSUMER, UMM_QUEUE_DEFAULT);
		}
		CHECK_INT(umm_collection_seal(collection), 0);
		CHECK_INT(umm_collection_layout(collection)->width_px, 640);
		/* What is free changes; who takes part, and why, must not. */
		const char *participants =
			strstr(umm_collection_answer_json(collection), "\"participants\"");
		if (first == NULL)
			first = strdup(participants);
		CHECK_STR(participants, first);
	}
}

TEST(without_a_common_size_the_refusal_names_both)
{
	const struct mode camera_modes[] = { vga, none }, display_modes[] = { svga, none };
	umm_auto(umm_collection, collection) = negotiate(camera_modes, display_modes, UMM_CONFLICT);
	const char *text = umm_collection_explain(collection);
	CHECK(strstr(text, "camera@640x480") != NULL);
	CHECK(strstr(text, "display@800x600") != NULL);
}

TEST(alternatives_survive_json_and_back)
{
	const struct mode modes[] = { vga, svga, none };
	umm_auto(umm_constraints, camera) = with_modes("camera", UMM_USAGE_VIDEO, modes);
	umm_auto(umm_constraints, copy) = NULL;
	umm_autofree char *text = NULL, *again = NULL;
	CHECK_INT(umm_constraints_to_json(camera, &text), 0);
	CHECK(strstr(text, "\"one_of\":[[{\"name\":\"camera@640x480\"") != NULL);
	CHECK_INT(umm_constraints_from_json(text, strlen(text), &copy), 0);
	CHECK_STR(umm_constraints_name(copy), "camera");
	CHECK_INT(umm_constraints_to_json(copy, &again), 0);
	CHECK_STR(again, text);
}

TEST(lists_that_are_none_take_no_further_entry)
{
	static const char text[] = "{\"name\":\"a\",\"formats\":5}",
			  group[] = "{\"name\":\"a\",\"one_of\":5}";
	struct umm_format_demand format = { .formats = { UMM_FOURCC('N', 'V', '1', '2') } };
	umm_auto(umm_constraints, odd) = NULL;
	umm_auto(umm_constraints, odd_group) = NULL;
	umm_auto(umm_constraints, alternative) = one_mode(&vga, UMM_USAGE_VIDEO);
	CHECK_INT(umm_constraints_from_json(text, strlen(text), &odd), 0);
	CHECK_INT(umm_constraints_add_format(odd, &format), -EINVAL);
	CHECK_INT(umm_constraints_from_json(group, strlen(group), &odd_group), 0);
	CHECK_INT(umm_constraints_add_alternative(odd_group, alternative), -EINVAL);
}

TEST(an_alternative_is_a_copy)
{
	umm_auto(umm_constraints, camera) = NULL;
	umm_auto(umm_constraints, alternative) = one_mode(&vga, UMM_USAGE_VIDEO);
	CHECK_INT(umm_constraints_create("camera", &camera), 0);
	CHECK_INT(umm_constraints_add_alternative(camera, alternative), 0);
	umm_autofree char *before = NULL, *after = NULL;
	CHECK_INT(umm_constraints_to_json(camera, &before), 0);
	struct umm_format_demand format = { .formats = { UMM_FOURCC('N', 'V', '1', '2') } };
	CHECK_INT(umm_constraints_add_format(alternative, &format), 0);
	CHECK_INT(umm_constraints_to_json(camera, &after), 0);
	CHECK_STR(after, before);
	CHECK_STR(umm_constraints_name(alternative), "640x480");
}

TEST(who_has_alternatives_states_nothing_itself)
{
	const struct mode modes[] = { vga, none };
	struct umm_format_demand format = { .formats = { UMM_FOURCC('N', 'V', '1', '2') } };
	umm_auto(umm_constraints, group) = with_modes("camera", UMM_USAGE_VIDEO, modes);
	umm_auto(umm_constraints, plain) = one_mode(&svga, UMM_USAGE_VIDEO);
	umm_autofree char *before = NULL, *after = NULL;
	CHECK_INT(umm_constraints_to_json(group, &before), 0);
	CHECK_INT(umm_constraints_set_usage(group, UMM_USAGE_VIDEO), -EINVAL);
	CHECK_INT(umm_constraints_set_buffers(group, &(struct umm_buffer_demand){ .min = 2 }),
		  -EINVAL);
	CHECK_INT(umm_constraints_set_memory(group,
					     &(struct umm_memory_demand){ .contiguous = true }),
		  -EINVAL);
	CHECK_INT(umm_constraints_add_format(group, &format), -EINVAL);
	CHECK_INT(umm_constraints_add_alternative(plain, group), -EINVAL);
	CHECK_INT(umm_constraints_add_alternative(group, group), -EINVAL);
	CHECK_INT(umm_constraints_to_json(group, &after), 0);
	CHECK_STR(after, before);
}

TEST(alternatives_of_one_name_are_refused)
{
	const struct mode modes[] = { vga, none };
	umm_auto(umm_constraints, group) = with_modes("camera", UMM_USAGE_VIDEO, modes);
	umm_auto(umm_constraints, twin) = one_mode(&vga, UMM_USAGE_VIDEO);
	CHECK_INT(umm_constraints_add_alternative(group, twin), -EEXIST);
}

/* Forty sizes on each side, the only common one last: an answer, at once. */
TEST(long_lists_of_modes_end_promptly)
{
	struct mode camera_modes[41] = { 0 }, display_modes[41] = { 0 };
	char names[80][24];
	for (unsigned i = 0; i < 40; i++) {
		camera_modes[i] = (struct mode){ names[i], 100 + 2 * i, 100 };
		display_modes[i] = (struct mode){ names[40 + i], i == 39 ? 178 : 201 + 2 * i, 100 };
		snprintf(names[i], sizeof(names[i]), "%llux100",
			 (unsigned long long)camera_modes[i].width_px);
		snprintf(names[40 + i], sizeof(names[i]), "%llux100",
			 (unsigned long long)display_modes[i].width_px);
	}
	umm_auto(umm_collection, collection) = negotiate(camera_modes, display_modes, 0);
	CHECK_INT(umm_collection_layout(collection)->width_px, 178);
}
