/* SPDX-License-Identifier: MIT */
/**
 * Trials: every member that wants to attaches the same buffers, all at once, each in its process.
 *
 *	trial_begin -> next candidate -> ask -> .. answers .. -> all have spoken -> pool
 *			     ^___________________________________ somebody refused
 *
 * Who compares contents writes into the buffer, so those are asked one after another, when all
 * others have answered.
 *
 * All are asked even if one has refused: one round teaches as much as it can, and what is learned
 * does not depend on who was faster. A member that does not answer in time is disconnected, and the
 * collection ends with its name; one that dies ends it as at any other moment before the start.
 */
#include "broker/server.h"

#include <errno.h>
#include <stdio.h>

#include "os/clock.h"
#include "umm-v1-server-protocol.h"

#define NS_PER_MS 1000000

static int64_t timeout_ns(const struct collection *collection, unsigned index)
{
	const struct trial_round *round = &collection->round;
	return collection->negotiation.members[index].may_crash ? round->long_timeout_ns
								: round->timeout_ns;
}

/* How long the round may still take: the next member's time is over then. */
static int64_t left_ns(const struct collection *collection)
{
	int64_t left = INT64_MAX, spent = umm_now_ns() - collection->round.began_ns;
	for (unsigned i = 0; i < collection->expected; i++)
		if (collection->records[i].asked > 0 && timeout_ns(collection, i) - spent < left)
			left = timeout_ns(collection, i) - spent;
	return left;
}

static void set_timer(struct collection *collection)
{
	int64_t ms = (left_ns(collection) + NS_PER_MS - 1) / NS_PER_MS;
	wl_event_source_timer_update(collection->round.timer, ms < 1	       ? 1
							      : ms < INT32_MAX ? (int)ms
									       : INT32_MAX);
}

/* The first whose time is over names the reason; all of those are disconnected. */
static void end_slow(struct collection *collection)
{
	int64_t spent = umm_now_ns() - collection->round.began_ns;
	char reason[200] = "";
	struct wl_resource *slow[UMM_MAX_CONSUMERS + 1];
	unsigned n_slow = 0;
	for (unsigned i = 0; i < collection->expected && n_slow < UMM_MAX_CONSUMERS + 1; i++) {
		if (collection->records[i].asked == 0 || timeout_ns(collection, i) > spent)
			continue;
		if (reason[0] == '\0')
			snprintf(reason, sizeof(reason),
				 "%s did not say within %.1f s whether it can attach a buffer",
				 collection->negotiation.members[i].name,
				 (double)timeout_ns(collection, i) / 1e9);
		if (collection->records[i].seat != NULL)
			slow[n_slow++] = collection->records[i].seat->resource;
	}
	collection_end(collection, reason);
	for (unsigned i = 0; i < n_slow; i++)
		wl_resource_post_error(slow[i], UMM_BROKER_V1_ERROR_TOO_SLOW, "%s", reason);
}

/* Those that answered meanwhile may have had less time than those that are left. */
static int timed_out(void *data)
{
	struct collection *collection = data;
	if (left_ns(collection) > 0)
		set_timer(collection);
	else
		end_slow(collection);
	return 0;
}

static void stop_timer(struct collection *collection)
{
	if (collection->round.timer != NULL)
		wl_event_source_remove(collection->round.timer);
	collection->round.timer = NULL;
}

static int start_timer(struct collection *collection)
{
	struct wl_event_loop *loop = wl_display_get_event_loop(collection->broker->display);
	collection->round.timer = wl_event_loop_add_timer(loop, timed_out, collection);
	if (collection->round.timer == NULL)
		return -ENOMEM;
	collection->round.began_ns = umm_now_ns();
	set_timer(collection);
	return 0;
}

static int ask(struct collection *collection, unsigned index)
{
	struct member_record *record = &collection->records[index];
	int ret = 0;
	for (unsigned i = 0; i < umm_settle_count(&collection->settle) && ret == 0; i++) {
		ret = seat_send_try(record->seat, umm_settle_memory(&collection->settle, i));
		record->asked++;
		collection->round.unanswered++;
	}
	return ret;
}

/* The next one that is to compare contents, if nobody else is at it. */
static int ask_checker(struct collection *collection)
{
	int ret = 0;
	for (unsigned i = 0; i < collection->expected && ret == 0; i++) {
		struct member_record *record = &collection->records[i];
		if (!record->to_check || collection->round.unanswered > 0)
			continue;
		record->to_check = false;
		ret = record->seat != NULL ? ask(collection, i) : 0;
	}
	if (ret == 0 && collection->round.unanswered > 0)
		ret = start_timer(collection);
	return ret;
}

static int ask_all(struct collection *collection)
{
	int ret = 0;
	collection->round.serial++;
	for (unsigned i = 0; i < collection->expected && ret == 0; i++) {
		bool asks = umm_settle_asks(&collection->settle, i);
		bool checks = asks && umm_settle_depth(&collection->settle, i) == UMM_TRIAL_CONTENT;
		collection->records[i].to_check = checks;
		if (asks && !checks)
			ret = ask(collection, i);
	}
	if (ret == 0 && collection->round.unanswered > 0)
		return start_timer(collection);
	return ret == 0 ? ask_checker(collection) : ret;
}

/* On until somebody must be waited for, or it is decided. `ret`: as umm_settle_conclude(). */
static void go_on(struct collection *collection, int ret)
{
	while (ret == -EAGAIN || ret == -EINPROGRESS) {
		ret = ret == -EAGAIN ? umm_settle_next(&collection->settle) : 0;
		if (ret == 0)
			ret = ask_all(collection);
		if (ret == 0 && collection->round.unanswered > 0)
			return;
		if (ret == 0)
			ret = umm_settle_conclude(&collection->settle, &collection->pool);
	}
	collection_settled(collection, ret);
}

void trial_begin(struct collection *collection)
{
	umm_settle_init(&collection->settle, &collection->negotiation);
	if (umm_negotiation_may_move(&collection->negotiation))
		collection->settle.arena = collection->broker->arena;
	go_on(collection, -EAGAIN);
}

static void all_have_spoken(struct collection *collection)
{
	stop_timer(collection);
	int ret = ask_checker(collection);
	if (ret < 0)
		collection_settled(collection, ret);
	else if (collection->round.unanswered == 0)
		go_on(collection, umm_settle_conclude(&collection->settle, &collection->pool));
}

/* Of one who was asked: before and after the trials there is no depth. */
static bool is_answer(const struct collection *collection, unsigned index, int result)
{
	enum umm_trial_depth depth = umm_settle_depth(&collection->settle, index);
	return result >= -4095 && result <= (depth == UMM_TRIAL_CONTENT ? UMM_TRIAL_UNCHECKED : 0);
}

int trial_hear(struct collection *collection, unsigned index, uint32_t serial, int result,
	       const char *why)
{
	struct member_record *record = &collection->records[index];
	if (record->asked == 0 || serial != collection->round.serial ||
	    !is_answer(collection, index, result))
		return -EPROTO;
	record->asked--;
	collection->round.unanswered--;
	int ret = umm_settle_hear(&collection->settle, index, result, why);
	if (ret < 0)
		collection_settled(collection, ret);
	else if (collection->round.unanswered == 0)
		all_have_spoken(collection);
	return 0;
}

void trial_end(struct collection *collection)
{
	stop_timer(collection);
	umm_settle_finish(&collection->settle);
	collection->round.unanswered = 0;
	for (unsigned i = 0; i < collection->expected; i++)
		collection->records[i].asked = 0;
}
