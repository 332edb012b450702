/* SPDX-License-Identifier: MIT */
#include "core/coherency.h"

#include <errno.h>
#include <stddef.h>

#include "core/step.h"

#define DEFAULT_LINE_BYTES 64

/* ---- reports ---- */

static void report(struct umm_ownership *c, enum umm_dma_fault fault, const struct umm_agent *agent,
		   const struct umm_ownership_hold *other, const char *site)
{
	struct umm_dma_report text = {
		.fault = fault,
		.buffer = c->options.name,
		.device = agent->name,
		.other = other != NULL && other->agent != agent ? other->agent->name : NULL,
		.site = site,
		.first_site = other != NULL ? other->site : NULL,
	};
	c->stats.reports++;
	umm_dma_sink_report(c->options.sink, &text);
}

/* ---- cache work ---- */

static void clean_run(struct umm_ownership *c, struct umm_range run)
{
	c->options.ops->clean(c->options.machine, run);
	c->stats.cleans++;
	c->stats.cleaned_bytes += run.size;
}

static void clean(struct umm_ownership *c)
{
	for (uint32_t i = 0; i < c->options.memory->count; i++)
		if (UMM_STEP(OWNER_CLEAN))
			clean_run(c, c->options.memory->runs[i]);
	c->dirty = false;
}

static void clean_edges(struct umm_ownership *c, struct umm_range run)
{
	uint64_t inside = c->options.line_bytes - 1;
	if ((run.start & inside) != 0)
		clean_run(c, (struct umm_range){ run.start, 1 });
	if (((umm_range_last(run) + 1) & inside) != 0)
		clean_run(c, (struct umm_range){ umm_range_last(run), 1 });
}

static void invalidate(struct umm_ownership *c)
{
	for (uint32_t i = 0; i < c->options.memory->count; i++) {
		struct umm_range run = c->options.memory->runs[i];
		if (UMM_STEP(OWNER_EDGE_CLEAN))
			clean_edges(c, run);
		if (!UMM_STEP(OWNER_INVALIDATE))
			continue;
		c->options.ops->invalidate(c->options.machine, run);
		c->stats.invalidates++;
		c->stats.invalidated_bytes += run.size;
	}
	c->stale = false;
}

static void look_through_caches(struct umm_ownership *c)
{
	if (c->stale)
		invalidate(c);
}

static void look_past_caches(struct umm_ownership *c)
{
	if (c->dirty)
		clean(c);
}

static bool bounces(const struct umm_agent *agent)
{
	return agent->mapping != NULL && umm_dma_bounced(agent->mapping);
}

static void hand_over(struct umm_ownership *c, const struct umm_agent *agent,
		      enum umm_access access)
{
	bool writes = access & UMM_ACCESS_WRITE;
	c->stats.transitions++;
	if (bounces(agent)) {
		look_through_caches(c); /* the CPU copies */
		umm_dma_bounce_in(agent->mapping);
	} else if (agent->cached) {
		look_through_caches(c);
		c->dirty |= writes;
	} else {
		look_past_caches(c);
		c->stale |= writes;
	}
	if (c->options.ops->order != NULL && UMM_STEP(ORDER))
		c->options.ops->order(c->options.machine);
}

/* ---- fences ---- */

static int wait_for(struct umm_ownership *c, const struct umm_ownership_fence *fence,
		    const struct umm_agent *who, const char *site)
{
	if (fence->fence == 0 || c->options.ops->wait == NULL)
		return 0;
	int ret = c->options.ops->wait(c->options.machine, fence->fence);
	c->stats.waits++;
	if (ret < 0) {
		struct umm_ownership_hold other = { fence->agent, 0, fence->site };
		report(c, UMM_DMA_DEAD_FENCE, who, &other, site);
	}
	return ret;
}

static int wait_for_writer(struct umm_ownership *c, const struct umm_agent *who, const char *site)
{
	int ret = wait_for(c, &c->written, who, site);
	if (ret < 0)
		return ret;
	c->written.fence = 0;
	if (c->copy_out != NULL) {
		umm_dma_bounce_out(c->copy_out);
		c->dirty = true;
		c->copy_out = NULL;
	}
	return 0;
}

static int wait_for_readers(struct umm_ownership *c, const struct umm_agent *who, const char *site)
{
	for (; c->n_reads > 0; c->n_reads--) {
		int ret = wait_for(c, &c->reads[c->n_reads - 1], who, site);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int wait_before(struct umm_ownership *c, const struct umm_agent *who, enum umm_access access,
		       const char *site)
{
	bool writes = access & UMM_ACCESS_WRITE;
	if (writes ? UMM_STEP(WAIT_WRITER_WRITER) : UMM_STEP(WAIT_WRITER)) {
		int ret = wait_for_writer(c, who, site);
		if (ret < 0)
			return ret;
	}
	return writes && UMM_STEP(WAIT_READERS) ? wait_for_readers(c, who, site) : 0;
}

/* ---- owners ---- */

static struct umm_ownership_hold *hold_of(struct umm_ownership *c, const struct umm_agent *agent)
{
	for (uint32_t i = 0; i < c->n_holds; i++)
		if (c->holds[i].agent == agent)
			return &c->holds[i];
	return NULL;
}

static const struct umm_ownership_hold *hold_against(const struct umm_ownership *c,
						     enum umm_access access)
{
	for (uint32_t i = 0; i < c->n_holds; i++)
		if ((access | c->holds[i].access) & UMM_ACCESS_WRITE)
			return &c->holds[i];
	return NULL;
}

static bool runs_share_a_line(const struct umm_ownership *c, struct umm_range run,
			      const struct umm_sg *theirs)
{
	struct umm_range lines = umm_range_round_out(run, c->options.line_bytes);
	for (uint32_t i = 0; i < theirs->count; i++)
		if (umm_range_overlaps(lines, theirs->runs[i]))
			return true;
	return false;
}

static bool shares_a_line(const struct umm_ownership *a, const struct umm_ownership *b)
{
	uint64_t inside = a->options.line_bytes - 1;
	for (uint32_t i = 0; i < a->options.memory->count; i++) {
		struct umm_range run = a->options.memory->runs[i];
		bool whole_lines = ((run.start | run.size) & inside) == 0;
		if (!whole_lines && runs_share_a_line(a, run, b->options.memory))
			return true;
	}
	return false;
}

/* Do two accesses look at memory from different sides, and one of them writes? */
static bool sides_clash(const struct umm_ownership_hold *a, const struct umm_ownership_hold *b)
{
	return a->agent->cached != b->agent->cached && ((a->access | b->access) & UMM_ACCESS_WRITE);
}

static void check_neighbours(struct umm_ownership *c, const struct umm_ownership_hold *hold)
{
	if (c->options.space == NULL)
		return;
	for (struct umm_ownership *other = c->options.space->first; other != NULL;
	     other = other->next)
		for (uint32_t i = 0; i < other->n_holds && other != c; i++)
			if (sides_clash(hold, &other->holds[i]) && shares_a_line(c, other))
				report(c, UMM_DMA_TWO_OWNERS, hold->agent, &other->holds[i],
				       hold->site);
}

static int check_begin(struct umm_ownership *c, const struct umm_ownership_hold *wanted)
{
	if (wanted->access < UMM_ACCESS_READ || wanted->access > UMM_ACCESS_READ_WRITE)
		return -EINVAL;
	const struct umm_ownership_hold *own = hold_of(c, wanted->agent);
	if (own != NULL) {
		report(c, UMM_DMA_START_WITHOUT_END, wanted->agent, own, wanted->site);
		return -EBUSY;
	}
	const struct umm_ownership_hold *other = hold_against(c, wanted->access);
	if (other != NULL && UMM_STEP(OWNER_REFUSE)) {
		report(c, UMM_DMA_TWO_OWNERS, wanted->agent, other, wanted->site);
		return -EBUSY;
	}
	return c->n_holds == UMM_OWNERSHIP_AGENTS ? -ENOSPC : 0;
}

int umm_ownership_begin(struct umm_ownership *c, const struct umm_agent *agent,
			enum umm_access access, const char *site)
{
	struct umm_ownership_hold hold = { agent, access, site };
	int ret = check_begin(c, &hold);
	if (ret == 0)
		ret = wait_before(c, agent, access, site);
	if (ret < 0)
		return ret;
	check_neighbours(c, &hold);
	hand_over(c, agent, access);
	c->holds[c->n_holds++] = hold;
	return 0;
}

/* ---- the end of an access ---- */

static int refuse_end(struct umm_ownership *c, const struct umm_agent *agent, const char *site)
{
	if (c->n_holds > 0)
		report(c, UMM_DMA_END_BY_ANOTHER, agent, &c->holds[0], site);
	else
		report(c, UMM_DMA_END_WITHOUT_START, agent, NULL, site);
	return -EINVAL;
}

/* There is always room: a fence of the same agent is older and covered by the new one; agents are
 * as many as may hold at a time, and for one more the oldest fence is waited for. */
static void remember_read(struct umm_ownership *c, struct umm_ownership_fence fence)
{
	for (uint32_t i = 0; i < c->n_reads; i++) {
		if (c->reads[i].agent != fence.agent)
			continue;
		c->reads[i] = fence;
		return;
	}
	if (c->n_reads == UMM_OWNERSHIP_AGENTS) {
		wait_for(c, &c->reads[0], fence.agent, fence.site);
		c->reads[0] = c->reads[--c->n_reads];
	}
	c->reads[c->n_reads++] = fence;
}

int umm_ownership_end(struct umm_ownership *c, const struct umm_agent *agent, uint64_t fence,
		      const char *site)
{
	struct umm_ownership_hold *hold = hold_of(c, agent);
	if (hold == NULL)
		return refuse_end(c, agent, site);
	struct umm_ownership_fence ended = { fence, agent, site };
	bool wrote = hold->access & UMM_ACCESS_WRITE;
	*hold = c->holds[--c->n_holds];
	if (!wrote) {
		if (fence != 0)
			remember_read(c, ended);
		return 0;
	}
	c->written = ended;
	if (bounces(agent))
		c->copy_out = agent->mapping;
	return fence != 0 ? 0 : wait_for_writer(c, agent, site);
}

int umm_ownership_settle(struct umm_ownership *c)
{
	static const struct umm_agent nobody = { .name = "settle" };
	int ret = wait_for_writer(c, &nobody, NULL);
	return ret < 0 ? ret : wait_for_readers(c, &nobody, NULL);
}

/* ---- the checker ---- */

bool umm_ownership_touch(struct umm_ownership *c, const struct umm_agent *agent,
			 struct umm_range part, enum umm_access access, const char *site)
{
	const struct umm_ownership_hold *hold = hold_of(c, agent);
	if (hold != NULL && (hold->access & access) == access)
		return true;
	struct umm_dma_report text = {
		.fault = UMM_DMA_CPU_OUTSIDE_ACCESS,
		.buffer = c->options.name,
		.device = agent->name,
		.site = site,
		.range = part,
	};
	if (hold == NULL && c->n_holds > 0) {
		text.other = c->holds[0].agent->name;
		text.first_site = c->holds[0].site;
	}
	c->stats.reports++;
	umm_dma_sink_report(c->options.sink, &text);
	return false;
}

/* ---- life ---- */

int umm_ownership_init(struct umm_ownership *c, const struct umm_ownership_options *options)
{
	uint64_t line = options->line_bytes != 0 ? options->line_bytes : DEFAULT_LINE_BYTES;
	if (options->name == NULL || options->ops == NULL || options->ops->clean == NULL ||
	    options->ops->invalidate == NULL || options->memory->count == 0 ||
	    !umm_sg_valid(options->memory) || (line & (line - 1)) != 0)
		return -EINVAL;
	*c = (struct umm_ownership){ .options = *options, .dirty = true };
	c->options.line_bytes = line;
	if (options->space != NULL) {
		c->next = options->space->first;
		options->space->first = c;
	}
	return 0;
}

static void leave_space(struct umm_ownership *c)
{
	if (c->options.space == NULL)
		return;
	struct umm_ownership **link = &c->options.space->first;
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
}

uint32_t umm_ownership_finish(struct umm_ownership *c)
{
	uint32_t open = c->n_holds;
	for (uint32_t i = 0; i < open; i++)
		report(c, UMM_DMA_START_WITHOUT_END, c->holds[i].agent, &c->holds[i], NULL);
	c->n_holds = 0;
	umm_ownership_settle(c);
	leave_space(c);
	return open;
}

bool umm_ownership_valid(const struct umm_ownership *c)
{
	if (c->n_holds > UMM_OWNERSHIP_AGENTS || c->n_reads > UMM_OWNERSHIP_AGENTS)
		return false;
	for (uint32_t i = 0; i < c->n_holds; i++) {
		bool writes = c->holds[i].access & UMM_ACCESS_WRITE;
		if (writes && c->n_holds > 1)
			return false;
		for (uint32_t j = 0; j < i; j++)
			if (c->holds[i].agent == c->holds[j].agent)
				return false;
	}
	return !(c->dirty && c->stale);
}
