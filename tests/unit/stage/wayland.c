/* SPDX-License-Identifier: MIT */
/**
 * What stage wayland makes of a compositor's linux-dmabuf, which says its formats in one of two
 * ways and takes buffers or not; and which way the buffers of a pool go.
 *
 * The linker diverts umm_fd_identity(), so that memory files pass for dma-bufs where the test wants
 * some (--wrap, see meson.build).
 */
#include <errno.h>

#include "os/memfd.h"
#include "stage/wayland_buffers.h"
#include "tests/unit/fake_heaps.h"
#include "tests/unit/members.h"
#include "tests/unit/stage/wayland_fixture.h"

static void check_formats(const struct dmabuf *dmabuf)
{
	const struct dmabuf_format *format = dmabuf_find(dmabuf, XR24);
	CHECK(format != NULL && format->implicit && !format->linear);
	format = dmabuf_find(dmabuf, AR24);
	CHECK(format != NULL && format->implicit && format->linear);
	format = dmabuf_find(dmabuf, XB24);
	CHECK(format != NULL && !format->implicit && format->linear);
	CHECK(dmabuf_find(dmabuf, NV12) == NULL);
	CHECK_INT(dmabuf->n_formats, 3);
}

TEST(version_3_tells_its_formats_one_by_one)
{
	struct meeting meeting;
	meet(&meeting, (struct offer){ .version = 3 });
	check_formats(&meeting.window.dmabuf);
	part(&meeting);
}

TEST(version_4_tells_the_same_in_a_table)
{
	struct meeting meeting;
	meet(&meeting, (struct offer){ .version = 4 });
	check_formats(&meeting.window.dmabuf);
	CHECK(meeting.window.dmabuf.feedback == NULL);
	CHECK(meeting.window.dmabuf.table == NULL);
	part(&meeting);
}

TEST(table_that_is_shorter_than_it_says_is_not_read)
{
	struct meeting meeting;
	meet(&meeting, (struct offer){ .version = 4, .missing_bytes = 1 });
	CHECK_INT(meeting.window.dmabuf.n_formats, 0);
	part(&meeting);
}

TEST(versions_that_tell_no_modifiers_are_left_alone)
{
	struct meeting meeting;
	meet(&meeting, (struct offer){ .version = 2 });
	CHECK(meeting.window.dmabuf.global == NULL);
	part(&meeting);
}

/* ---- one buffer ---- */

struct outcome {
	struct wl_buffer *wl_buffer;
	bool given;
};

static void on_created(void *user, struct zwp_linux_buffer_params_v1 *params,
		       struct wl_buffer *wl_buffer)
{
	(void)params;
	*(struct outcome *)user = (struct outcome){ wl_buffer, true };
}

static void on_failed(void *user, struct zwp_linux_buffer_params_v1 *params)
{
	(void)params;
	((struct outcome *)user)->given = true;
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = {
	.created = on_created,
	.failed = on_failed,
};

/* A part of the picture; what the compositor heard of it. Returns as window_wait_for(). */
static int offer_part(struct meeting *meeting, uint32_t fourcc, struct outcome *outcome,
		      struct report *heard)
{
	struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	struct umm_rect visible = { 8, 4, 32, 16 };
	struct umm_member *painter, *viewer;
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_collection_join_cpu(collection, UMM_PRODUCER, "painter", fourcc, size,
					  &painter),
		  0);
	CHECK_INT(
		umm_collection_join_cpu(collection, UMM_CONSUMER, "viewer", fourcc, size, &viewer),
		0);
	CHECK_INT(umm_collection_seal(collection), 0);

	*outcome = (struct outcome){ 0 };
	struct umm_buffer *buffer = umm_member_buffer(viewer, 0);
	struct zwp_linux_buffer_params_v1 *params =
		dmabuf_describe(&meeting->window.dmabuf, buffer, visible);
	CHECK(params != NULL);
	zwp_linux_buffer_params_v1_add_listener(params, &params_listener, outcome);
	zwp_linux_buffer_params_v1_create(params, 32, 16, fourcc, 0);
	int ret = window_wait_for(&meeting->window, &outcome->given);
	zwp_linux_buffer_params_v1_destroy(params);

	CHECK(next_report(meeting, heard));
	uint64_t stride = umm_buffer_layout(buffer)->planes[0].stride_bytes;
	CHECK_INT(heard->stride, stride);
	CHECK_INT(heard->offset, 4 * stride + 8 * 4);
	CHECK_INT(heard->format, fourcc);
	CHECK(heard->width == 32 && heard->height == 16);
	return ret;
}

TEST(linear_is_said_where_it_is_offered_and_no_modifier_elsewhere)
{
	struct meeting meeting;
	struct outcome outcome;
	struct report heard;
	meet(&meeting, (struct offer){ .version = 4 });
	CHECK_INT(offer_part(&meeting, XR24, &outcome, &heard), 0);
	CHECK(outcome.wl_buffer != NULL && heard.modifier == UMM_MODIFIER_INVALID);
	wl_buffer_destroy(outcome.wl_buffer);
	CHECK_INT(offer_part(&meeting, AR24, &outcome, &heard), 0);
	CHECK(outcome.wl_buffer != NULL && heard.modifier == UMM_MODIFIER_LINEAR);
	wl_buffer_destroy(outcome.wl_buffer);
	part(&meeting);
}

TEST(refusal_is_an_answer_and_no_end)
{
	struct meeting meeting;
	struct outcome outcome;
	struct report heard;
	meet(&meeting, (struct offer){ .version = 3, .answer = ANSWER_FAILED });
	for (int i = 0; i < 2; i++) {
		CHECK_INT(offer_part(&meeting, XR24, &outcome, &heard), 0);
		CHECK(outcome.given && outcome.wl_buffer == NULL);
	}
	CHECK(!meeting.window.lost);
	part(&meeting);
}

TEST(compositor_that_dies_of_a_buffer_is_noticed_once)
{
	struct meeting meeting;
	struct outcome outcome;
	struct report heard;
	meet(&meeting, (struct offer){ .version = 3, .answer = ANSWER_DEATH });
	CHECK_INT(offer_part(&meeting, XR24, &outcome, &heard), -EPIPE);
	CHECK(!outcome.given && meeting.window.lost);
	CHECK_INT(window_wait_for(&meeting.window, &outcome.given), -EPIPE);
	part(&meeting);
}

/* ---- a pool ---- */

static bool are_dmabufs;

int __real_umm_fd_identity(int fd, struct umm_file_identity *out);
int __wrap_umm_fd_identity(int fd, struct umm_file_identity *out);

int __wrap_umm_fd_identity(int fd, struct umm_file_identity *out)
{
	int ret = __real_umm_fd_identity(fd, out);
	if (ret == 0 && are_dmabufs)
		out->is_dmabuf = true;
	return ret;
}

struct pool {
	struct umm_collection *collection;
	struct stage_port port;
	struct buffers buffers;
};

static struct umm_constraints *demand_of(const char *name, uint32_t fourcc, uint32_t usage)
{
	struct umm_constraints *constraints;
	struct umm_buffer_demand buffers = { .camping = 1 };
	struct umm_memory_demand memory = { .imports = fake_heap_class };
	struct umm_format_demand format = {
		.formats = { fourcc },
		.required_sizes = { { TEST_WIDTH, TEST_HEIGHT } },
	};
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, usage), 0);
	CHECK_INT(umm_constraints_set_buffers(constraints, &buffers), 0);
	CHECK_INT(umm_constraints_set_memory(constraints, &memory), 0);
	CHECK_INT(umm_constraints_add_format(constraints, &format), 0);
	return constraints;
}

/* Dma-bufs of that format, which have files behind them or not. Returns as the seal. */
static int settle(struct pool *pool, struct meeting *meeting, uint32_t fourcc, bool have_files)
{
	setenv("UMM_CACHE", "off", 1);
	are_dmabufs = true;
	fake_heap_has_file = have_files;
	*pool = (struct pool){ .buffers = { .window = &meeting->window, .port = &pool->port } };
	CHECK_INT(umm_collection_create("test", &pool->collection), 0);
	join(pool->collection, demand_of("painter", fourcc, UMM_USAGE_CPU_WRITE), UMM_PRODUCER,
	     UMM_QUEUE_DEFAULT);
	umm_auto(umm_constraints, demand) = demand_of("window", fourcc, UMM_USAGE_DISPLAY);
	CHECK_INT(umm_collection_join(pool->collection, demand,
				      UMM_JOIN_OPTS(.role = UMM_CONSUMER, .foreign_writer = true,
						    .memory_file = true),
				      &pool->port.member),
		  0);
	CHECK_INT(umm_member_set_trial(pool->port.member, UMM_TRIAL_OPTS(.attach = buffers_try,
									 .user = &pool->buffers)),
		  0);
	return umm_collection_seal(pool->collection);
}

static void finish(struct pool *pool, struct meeting *meeting)
{
	buffers_drop(&pool->buffers);
	umm_collection_destroy(pool->collection);
	part(meeting);
}

/* So many are imported, with that modifier, and those that are not are files. */
static void check_ways(struct pool *pool, const struct meeting *meeting, unsigned n_imported,
		       uint64_t modifier)
{
	struct report heard;
	unsigned n = umm_member_buffer_count(pool->port.member), reports = 0;
	while (next_report(meeting, &heard)) {
		CHECK(heard.modifier == modifier);
		CHECK(heard.width == TEST_WIDTH && heard.height == TEST_HEIGHT);
		reports++;
	}
	CHECK(reports >= n_imported);
	CHECK_INT(pool->buffers.n_imported, n_imported);
	for (unsigned i = 0; i < n; i++) {
		CHECK((pool->buffers.shown[i].wl_buffer != NULL) == (i < n_imported));
		CHECK((pool->buffers.shown[i].pool != NULL) == (i >= n_imported));
	}
}

TEST(linear_dma_bufs_are_imported_though_there_are_files)
{
	struct meeting meeting;
	struct pool pool;
	meet(&meeting, (struct offer){ .version = 4 });
	CHECK_INT(settle(&pool, &meeting, AR24, true), 0);
	CHECK_INT(buffers_hand_over(&pool.buffers), 0);
	check_ways(&pool, &meeting, umm_member_buffer_count(pool.port.member), UMM_MODIFIER_LINEAR);
	finish(&pool, &meeting);
}

TEST(files_go_where_dma_bufs_are_refused)
{
	struct meeting meeting;
	struct pool pool;
	meet(&meeting, (struct offer){ .version = 4, .answer = ANSWER_FAILED });
	CHECK_INT(settle(&pool, &meeting, AR24, true), 0);
	CHECK_INT(buffers_hand_over(&pool.buffers), 0);
	CHECK(pool.buffers.refused);
	check_ways(&pool, &meeting, 0, UMM_MODIFIER_LINEAR);
	finish(&pool, &meeting);
}

TEST(files_go_to_a_compositor_without_modifiers_and_nothing_is_tried)
{
	struct meeting meeting;
	struct pool pool;
	struct report heard;
	meet(&meeting, (struct offer){ .version = 3, .answer = ANSWER_DEATH });
	CHECK_INT(settle(&pool, &meeting, XR24, true), 0);
	CHECK_INT(buffers_hand_over(&pool.buffers), 0);
	CHECK(!pool.buffers.refused && !next_report(&meeting, &heard));
	check_ways(&pool, &meeting, 0, 0);
	finish(&pool, &meeting);
}

TEST(dma_bufs_without_files_are_imported_without_modifiers)
{
	struct meeting meeting;
	struct pool pool;
	meet(&meeting, (struct offer){ .version = 3 });
	CHECK_INT(settle(&pool, &meeting, XR24, false), 0);
	CHECK_INT(buffers_hand_over(&pool.buffers), 0);
	check_ways(&pool, &meeting, umm_member_buffer_count(pool.port.member),
		   UMM_MODIFIER_INVALID);
	finish(&pool, &meeting);
}

TEST(dma_bufs_that_are_refused_and_have_no_files_are_learned)
{
	struct meeting meeting;
	struct pool pool;
	meet(&meeting, (struct offer){ .version = 3, .answer = ANSWER_FAILED });
	CHECK_INT(settle(&pool, &meeting, XR24, false), UMM_CONFLICT);
	CHECK(strstr(umm_collection_explain(pool.collection),
		     "window cannot attach memory of heap two (refused through linux-dmabuf: "
		     "EINVAL; learned by trial)") != NULL);
	finish(&pool, &meeting);
}
