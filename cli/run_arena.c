/* SPDX-License-Identifier: MIT */
/**
 * --arena: the runner lends huge pages to the edges whose stages need no fd, and their buffers move
 * when somebody demands contiguous memory. That is sound here: all who come to this broker are
 * children of the runner, parts of one user's one pipeline.
 *
 * --stir: the runner is that somebody. While the buffers are made it holds every other page, so
 * that they come to lie in the way. While frames flow it takes runs of random length out of the
 * arena, writes all over them as an owner would, and gives them back: buffers have to move again
 * and again, and frames must not change by that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/lend.h"
#include "cli/run.h"
#include "os/hugepages.h"

#define STIR_STEP_NS (20 * NSEC_PER_MSEC)

/* Longest run, in pages: the runner clears it, and serves the broker. */
#define STIR_LONGEST 16

#define ARENA_PAGE   UMM_HUGE_PAGE_BYTES

static void tell_shortage(struct run *run, uint64_t pages, int error)
{
	char bytes[RUN_TEXT_SIZE];
	uint64_t free_pages = 0;
	(void)umm_hugepages_free(&free_pages);
	run_text_bytes(pages * ARENA_PAGE, bytes);
	if (error == -ENOMEM && free_pages < pages)
		run_say(run,
			"--arena: of %llu huge pages (%s) %llu are free; sysctl "
			"vm.nr_hugepages reserves more",
			(unsigned long long)pages, bytes, (unsigned long long)free_pages);
	else
		run_say(run, "--arena: cannot get %s of huge pages: %s", bytes, strerror(-error));
}

/* ---- buffers come to lie in the way ---- */

static int compare_runs(const void *a, const void *b)
{
	uint64_t x = ((const struct umm_range *)a)->start, y = ((const struct umm_range *)b)->start;
	return (x > y) - (x < y);
}

/* Of all pages, by address, each second is given back at once. */
static int withhold_pages(struct run_stir *stir, struct umm_arena *arena)
{
	const struct umm_region_request page = { .size_bytes = ARENA_PAGE };
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	size_t n = 0, most = (size_t)(stats.total_bytes / ARENA_PAGE);
	stir->withheld = calloc(most, sizeof(stir->withheld[0]));
	if (stir->withheld == NULL)
		return -ENOMEM;
	while (n < most && umm_arena_take(arena, &page, &stir->withheld[n]) == 0)
		n++;
	qsort(stir->withheld, n, sizeof(stir->withheld[0]), compare_runs);
	for (size_t i = 0; i < n; i++)
		if (i % 2 == 0)
			(void)umm_arena_give(arena, stir->withheld[i]);
		else
			stir->withheld[stir->n_withheld++] = stir->withheld[i];
	return 0;
}

static void give_withheld(struct run_stir *stir, struct umm_arena *arena)
{
	for (size_t i = 0; i < stir->n_withheld; i++)
		(void)umm_arena_give(arena, stir->withheld[i]);
	free(stir->withheld);
	stir->withheld = NULL;
	stir->n_withheld = 0;
}

int run_arena_lend(struct run *run)
{
	uint64_t bytes = run->options->arena_bytes;
	if (bytes == 0)
		return 0;
	int ret = umm_broker_lend_arena(run->broker, bytes);
	if (ret < 0) {
		tell_shortage(run, (bytes + ARENA_PAGE - 1) / ARENA_PAGE, ret);
		return -1;
	}
	struct umm_arena *arena = umm_broker_arena(run->broker);
	if (!umm_arena_is_physical(arena))
		run_say(run, "warning: --arena: nothing will move: %s", umm_arena_source(arena));
	run->stir.dice = 1;
	ret = run->options->stir ? withhold_pages(&run->stir, arena) : 0;
	if (ret < 0)
		run_say(run, "--stir: %s", strerror(-ret));
	return ret < 0 ? -1 : 0;
}

/* ---- demands ---- */

/* Marsaglia's xorshift: the same in every run. */
static uint32_t below(struct run_stir *stir, uint32_t limit)
{
	stir->dice ^= stir->dice << 13;
	stir->dice ^= stir->dice >> 17;
	stir->dice ^= stir->dice << 5;
	return stir->dice % limit;
}

static void write_all_over(struct umm_arena *arena, struct umm_range run)
{
	void *map;
	if (umm_arena_map(arena, run, UMM_MAP_WRITE, &map) < 0)
		return;
	memset(map, 0x5a, run.size);
	umm_arena_unmap(arena, map, run);
}

static bool holds_any(const struct run_stir *stir)
{
	bool any = false;
	for (unsigned i = 0; i < RUN_STIR_MOST; i++)
		any |= stir->held[i].size > 0;
	return any;
}

/* Who holds nothing wants all there could be: whatever lies in the way has to move. Otherwise it is
 * a quarter of that at most. */
static uint64_t pages_wanted(struct run_stir *stir, struct umm_arena *arena)
{
	uint64_t longest = umm_arena_room(arena, UINT64_MAX).longest_bytes / ARENA_PAGE;
	if (!holds_any(stir))
		return longest;
	uint64_t most = longest / 4 < STIR_LONGEST ? longest / 4 : STIR_LONGEST;
	return 1 + below(stir, (uint32_t)most + 1);
}

/* Whatever is refused is tried again. */
static void demand(struct run_stir *stir, struct umm_arena *arena, struct umm_range *held)
{
	struct umm_region_request request = {
		.size_bytes = ARENA_PAGE * pages_wanted(stir, arena),
	};
	if (umm_arena_take(arena, &request, held) == 0)
		write_all_over(arena, *held);
	else
		*held = (struct umm_range){ 0 };
}

void run_arena_stir(struct run *run, int64_t now_ns)
{
	struct run_stir *stir = &run->stir;
	if (!run->options->stir || run->flowing_ns == 0 || now_ns < stir->due_ns)
		return;
	stir->due_ns = now_ns + STIR_STEP_NS;
	struct umm_arena *arena = umm_broker_arena(run->broker);
	give_withheld(stir, arena);
	struct umm_range *held = &stir->held[below(stir, RUN_STIR_MOST)];
	if (held->size == 0)
		demand(stir, arena, held);
	else if (umm_arena_give(arena, *held) == 0)
		held->size = 0;
}

void run_arena_finish(struct run *run)
{
	give_withheld(&run->stir, umm_broker_arena(run->broker));
	for (unsigned i = 0; i < RUN_STIR_MOST; i++)
		if (run->stir.held[i].size > 0)
			(void)umm_arena_give(umm_broker_arena(run->broker), run->stir.held[i]);
	run->stir = (struct run_stir){ 0 };
}

/* ---- what is told ---- */

uint64_t run_arena_moves(const struct run *run, const struct run_edge *edge)
{
	uint64_t moves = 0;
	int ret = umm_broker_get_moves(run->broker, edge->token, &moves);
	return ret == 0 ? moves : 0;
}

const char *run_arena_note(const struct run *run, const struct run_edge *edge, char *text)
{
	uint64_t moves = 0;
	int ret = umm_broker_get_moves(run->broker, edge->token, &moves);
	text[0] = '\0';
	if (ret == 0 && moves > 0)
		snprintf(text, RUN_ARENA_NOTE_SIZE,
			 "buffers moved %llu times, out of the way of contiguous memory",
			 (unsigned long long)moves);
	else if (ret < 0 && run->options->arena_bytes > 0)
		snprintf(text, RUN_ARENA_NOTE_SIZE, "buffers are not on the arena: %s",
			 strcmp(edge->layout.heap, "memfd") != 0
				 ? "they are not of ordinary memory"
				 : "a stage needs fds of them, or there is no room");
	return text;
}
