/* SPDX-License-Identifier: MIT */
#include "tests/unit/players.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

int player_enter(int fd, const struct player_part *part, struct player *player)
{
	int ret = umm_connection_open(fd, &player->connection);
	if (ret < 0)
		return ret;
	ret = umm_collection_open(player->connection, "edge0", &player->collection);
	if (ret < 0)
		return ret;
	umm_auto(umm_constraints, constraints) = part->constraints();
	ret = umm_collection_join(player->collection, constraints,
				  UMM_JOIN_OPTS(.role = part->role), &player->member);
	if (ret == 0)
		ret = umm_collection_seal(player->collection);
	if (ret == 0)
		ret = umm_collection_start(player->collection);
	if (ret == 0)
		ret = umm_member_set_watch(player->member, part->watch);
	return ret;
}

void player_leave(struct player *player)
{
	umm_collection_destroy(player->collection);
	umm_connection_close(player->connection);
}

/* Both sides of the wire know the same layout and the same reasons. */
static bool knows_the_answer(const struct player *player)
{
	const struct umm_layout *layout = umm_collection_layout(player->collection);
	return strstr(umm_collection_explain(player->collection), "painter") != NULL &&
	       strstr(umm_collection_answer_json(player->collection), "\"XR24\"") != NULL &&
	       layout->width_px == TEST_WIDTH && layout->height_px == TEST_HEIGHT;
}

static int produce(struct umm_member *member, const struct player_part *part)
{
	struct timespec pause = { part->frame_ns / 1000000000, part->frame_ns % 1000000000 };
	for (unsigned i = 0; i < part->frames; i++) {
		struct umm_buffer *buffer;
		int ret = umm_producer_acquire(member, UMM_FOREVER, &buffer);
		if (ret < 0)
			return ret;
		memset(umm_buffer_data(buffer), (int)(i & 0xff), 4096);
		struct umm_frame_info info = { .pts = i };
		ret = umm_producer_publish(member, buffer, &info, UMM_HOLD_DROP);
		if (ret < 0)
			return ret;
		if (part->frame_ns > 0 && nanosleep(&pause, NULL) < 0)
			return -errno;
	}
	if (part->die)
		raise(SIGKILL);
	return umm_producer_end(member, 0);
}

static int consume(struct umm_member *member, const struct player_part *part)
{
	for (unsigned i = 0; i < part->frames || !part->die; i++) {
		struct umm_frame frame;
		int ret = umm_consumer_acquire(member, UMM_FOREVER, &frame);
		if (ret != 0)
			return ret;
		const unsigned char *data = umm_buffer_data(frame.buffer);
		if (frame.info.pts != i || data[0] != (i & 0xff) || data[4095] != (i & 0xff))
			return -EBADMSG;
		if (i == 0 && part->first_fd > 0 && write(part->first_fd, "", 1) != 1)
			return -EIO;
		ret = umm_consumer_release(member, &frame);
		if (ret < 0)
			return ret;
	}
	raise(SIGKILL);
	return -EBADMSG;
}

int player_play(int fd, const void *argument)
{
	const struct player_part *part = argument;
	struct player player = { 0 };
	int ret = player_enter(fd, part, &player);
	if (ret == 0 && !knows_the_answer(&player))
		ret = -EBADMSG;
	if (ret == 0)
		ret = part->role == UMM_PRODUCER ? produce(player.member, part)
						 : consume(player.member, part);
	char end;
	while (part->until_fd > 0 && read(part->until_fd, &end, 1) < 0 && errno == EINTR)
		continue;
	player_leave(&player);
	return ret == part->expect ? 0 : ret < 0 ? -ret : 100 + ret;
}

struct umm_constraints *player_viewer(void)
{
	return viewer_constraints("viewer");
}

struct umm_constraints *player_second_viewer(void)
{
	return viewer_constraints("second");
}
