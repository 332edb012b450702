/* SPDX-License-Identifier: MIT */
#include "broker/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "share/doorbell.h"

/* Drivers of GPUs compile before they draw; nobody else has that much to do. */
#define TRIAL_TIMEOUT_NS      INT64_C(30000000000)
#define LONG_TRIAL_TIMEOUT_NS INT64_C(120000000000)

int collection_create(struct umm_broker *broker, const char *token,
		      const struct umm_broker_collection_opts *opts, struct collection **out)
{
	umm_autofree struct collection *collection = calloc(1, sizeof(*collection));
	if (collection == NULL)
		return -ENOMEM;
	if (strlen(token) >= sizeof(collection->token) || opts->expected_members < 2)
		return -EINVAL;
	struct umm_negotiation_opts wishes = {
		.mode = opts->mode,
		.buffers = opts->buffers,
		.heaps = opts->heaps,
		.content_check = opts->content_check,
	};
	int ret = umm_negotiation_init(&collection->negotiation, token, &wishes);
	if (ret < 0)
		return ret;
	collection->records = calloc(opts->expected_members, sizeof(*collection->records));
	if (collection->records == NULL) {
		umm_negotiation_finish(&collection->negotiation);
		return -ENOMEM;
	}
	snprintf(collection->token, sizeof(collection->token), "%s", token);
	collection->broker = broker;
	collection->expected = opts->expected_members;
	collection->negotiation.learned = opts->no_cache ? &broker->unwritten : &broker->learned;
	collection->round.timeout_ns =
		opts->trial_timeout_ns > 0 ? opts->trial_timeout_ns : TRIAL_TIMEOUT_NS;
	collection->round.long_timeout_ns = opts->long_trial_timeout_ns > 0
						    ? opts->long_trial_timeout_ns
						    : LONG_TRIAL_TIMEOUT_NS;
	wl_list_init(&collection->seats);
	*out = umm_steal(collection);
	return 0;
}

void collection_destroy(struct collection *collection)
{
	wl_list_remove(&collection->link);
	trial_end(collection);
	stir_stop(collection);
	umm_pool_destroy(collection->pool);
	umm_negotiation_finish(&collection->negotiation);
	free(collection->records);
	free(collection);
}

struct collection *collection_find(const struct umm_broker *broker, const char *token)
{
	struct collection *collection;
	wl_list_for_each (collection, &broker->collections, link)
		if (strcmp(collection->token, token) == 0)
			return collection;
	return NULL;
}

int collection_join(struct collection *collection, struct seat *seat,
		    const struct umm_constraints *constraints, const struct umm_join_opts *opts)
{
	if (collection->step != STEP_JOINING)
		return collection->step == STEP_ENDED ? -ECONNRESET : -EBUSY;
	if (collection->negotiation.n_members == collection->expected)
		return -E2BIG;
	int ret = umm_negotiation_join(&collection->negotiation, constraints, opts);
	if (ret < 0)
		return ret;
	seat->index = (int)collection->negotiation.n_members - 1;
	struct member_record *record = &collection->records[seat->index];
	record->seat = seat;
	snprintf(record->label, sizeof(record->label), "%s", seat->client->label);
	return 0;
}

static void end_seats(struct collection *collection, const char *reason)
{
	struct seat *seat;
	wl_list_for_each (seat, &collection->seats, collection_link)
		seat_send_ended(seat, reason);
	collection->step = STEP_ENDED;
}

/* Those that sleep in poll wake by the hang-up: the broker's ends are closed once they are sent. */
void collection_end(struct collection *collection, const char *reason)
{
	if (collection->step == STEP_ENDED)
		return;
	trial_end(collection);
	end_seats(collection, reason);
	for (unsigned i = 0; collection->pool != NULL && i < collection->negotiation.n_members; i++)
		umm_pool_bury(collection->pool, &collection->negotiation, i);
}

static void refuse(struct collection *collection, int verdict)
{
	const struct umm_broker *broker = collection->broker;
	const char *text = umm_negotiation_explain(&collection->negotiation, verdict);
	struct seat *seat;
	wl_list_for_each (seat, &collection->seats, collection_link)
		if (seat_send_refused(seat, verdict, text) < 0)
			seat_send_ended(seat, "refused; the explanation could not be sent");
	collection->step = STEP_ENDED;
	if (broker->events.refused != NULL)
		broker->events.refused(broker->user, collection->token, verdict, text);
}

static int send_settled(struct collection *collection)
{
	int ret = 0;
	for (unsigned i = 0; i < collection->expected && ret == 0; i++)
		ret = seat_send_settled(collection->records[i].seat);
	for (unsigned i = 0; i < collection->expected && ret == 0; i++)
		seat_send_writable(collection->records[i].seat);
	return ret;
}

void collection_settled(struct collection *collection, int verdict)
{
	trial_end(collection);
	if (verdict != 0) {
		refuse(collection, verdict);
		return;
	}
	collection->step = STEP_MAPPING;
	int ret = send_settled(collection);
	if (ret < 0) {
		collection_end(collection, strerror(-ret));
		return;
	}
	const struct umm_broker *broker = collection->broker;
	if (broker->events.settled != NULL)
		broker->events.settled(
			broker->user, collection->token,
			umm_answer_layout(collection->negotiation.answer),
			collection->negotiation.notes != NULL ? collection->negotiation.notes : "");
}

static void finish_mapping(struct collection *collection)
{
	int ret = umm_pool_finish(collection->pool);
	if (ret < 0) {
		collection_end(collection, "the memory could not be sealed");
		return;
	}
	collection->step = STEP_READING;
	for (unsigned i = 0; i < collection->expected; i++)
		seat_send_readable(collection->records[i].seat);
}

/* From here the memory belongs to those who map it: the broker keeps the queue's blocks alone. */
static void run(struct collection *collection)
{
	collection->step = STEP_RUNNING;
	for (unsigned i = 0; i < collection->expected; i++)
		seat_send_started(collection->records[i].seat);
	umm_pool_release_fds(collection->pool);
	const struct umm_broker *broker = collection->broker;
	if (broker->events.started != NULL)
		broker->events.started(broker->user, collection->token);
}

static bool all_have_said(const struct collection *collection)
{
	if (collection->negotiation.n_members < collection->expected)
		return false;
	for (unsigned i = 0; i < collection->expected; i++)
		if (collection->records[i].said <= (unsigned)collection->step)
			return false;
	return true;
}

void collection_advance(struct collection *collection)
{
	static void (*const next[])(struct collection *) = {
		[STEP_JOINING] = trial_begin,
		[STEP_MAPPING] = finish_mapping,
		[STEP_READING] = run,
	};
	if (collection->step < STEP_RUNNING && all_have_said(collection))
		next[collection->step](collection);
}

static bool is_empty(const struct collection *collection)
{
	bool empty = true;
	for (unsigned i = 0; i < collection->expected; i++)
		empty &= collection->records[i].seat == NULL;
	return empty;
}

void collection_leave(struct collection *collection, struct seat *seat)
{
	if (seat->index < 0) {
		if (collection->step == STEP_JOINING)
			collection_end(collection, "a process left before it joined");
		return;
	}
	unsigned index = (unsigned)seat->index;
	collection->records[index].seat = NULL;
	if (collection->step == STEP_RUNNING) {
		umm_pool_bury(collection->pool, &collection->negotiation, index);
		stir_start(collection);
	} else if (collection->step != STEP_ENDED) {
		char reason[160];
		snprintf(reason, sizeof(reason), "%s left before the start",
			 collection->negotiation.members[index].name);
		collection_end(collection, reason);
	}
	if (!is_empty(collection))
		return;
	stir_stop(collection);
	if (collection->pool != NULL)
		umm_pool_leave_arena(collection->pool);
}
