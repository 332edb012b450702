/* SPDX-License-Identifier: MIT */
/**
 * Stirring: a member that was cut off may be alive, and sleeps on the bell of a peer that will not
 * ring it any more. Nobody but that peer may move the bell, so all who sleep on it are woken with
 * nothing to see, and look around (share/queue_wait.c).
 *
 * Who is awake just then, or on the way to sleep, is not woken by that, and sleeps a moment later.
 * So it is done again, after a little while and then ever more seldom, for as long as anybody is
 * left.
 */
#include "broker/server.h"

#define FIRST_MS 20
#define MOST_MS	 8000

static int stir(void *data)
{
	struct collection *collection = data;
	if (collection->step != STEP_RUNNING)
		return 0;
	umm_pool_stir(collection->pool);
	wl_event_source_timer_update(collection->stir.timer, collection->stir.pause_ms);
	if (collection->stir.pause_ms < MOST_MS)
		collection->stir.pause_ms *= 2;
	return 0;
}

void stir_start(struct collection *collection)
{
	struct wl_event_loop *loop = wl_display_get_event_loop(collection->broker->display);
	if (collection->stir.timer == NULL)
		collection->stir.timer = wl_event_loop_add_timer(loop, stir, collection);
	collection->stir.pause_ms = FIRST_MS;
	if (collection->stir.timer != NULL)
		stir(collection);
	else /* out of memory: this once */
		umm_pool_stir(collection->pool);
}

void stir_stop(struct collection *collection)
{
	if (collection->stir.timer != NULL)
		wl_event_source_remove(collection->stir.timer);
	collection->stir.timer = NULL;
}
