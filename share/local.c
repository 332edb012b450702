/* SPDX-License-Identifier: MIT */
/**
 * A collection inside one process: negotiation and pool are its own, no broker, no threads.
 *
 * After umm_collection_start() the process may fork: the shared mappings go along, and each process
 * uses the members that are its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "share/collection.h"
#include "share/local.h"
#include "share/negotiation.h"
#include "share/pool.h"
#include "share/settle.h"
#include "share/vigil.h"

struct local;

/* What the queue's end of a member knows of its collection. */
struct place {
	struct local *local;
	unsigned index;
};

struct local {
	struct umm_collection base;
	struct umm_negotiation negotiation;
	struct umm_learned learned;
	struct umm_pool *pool;	 /* NULL before the seal */
	struct umm_arena *arena; /* for buffers that move; NULL: none */
	struct umm_vigil *vigil; /* NULL before the start */
	struct place *places;	 /* likewise; one a member */
};

static struct local *local_of(struct umm_collection *collection)
{
	return (struct local *)collection;
}

static int join(struct umm_collection *collection, const struct umm_constraints *constraints,
		const struct umm_join_opts *opts, struct umm_member *member)
{
	(void)member; /* members of the base and of the negotiation have the same index */
	return umm_negotiation_join(&local_of(collection)->negotiation, constraints, opts);
}

static int set_trial(struct umm_collection *collection, unsigned index,
		     const struct umm_trial_opts *trial)
{
	const struct umm_candidate candidate = {
		.driver = trial->driver,
		.device = trial->device,
		.can_check = trial->check != NULL,
		.may_crash = trial->may_crash,
	};
	umm_negotiation_try_member(&local_of(collection)->negotiation, index, &candidate);
	return 0;
}

static int set_content_check(struct umm_collection *collection, enum umm_content_check wish)
{
	local_of(collection)->negotiation.content_check = wish;
	return 0;
}

/* The index of a member is the same in the negotiation, and so among those who pin. */
static int show_buffer(struct local *local, unsigned index, unsigned buffer)
{
	struct umm_member *member = local->base.members[index];
	struct umm_movable_view *view;
	int ret = umm_movable_view_create(local->pool->movable, buffer, index,
					  umm_member_map_access(member), &view);
	return ret < 0 ? ret : umm_member_add_view(member, buffer, view, &local->base.layout);
}

static int map_buffer(struct local *local, unsigned index, unsigned buffer)
{
	if (local->pool->movable != NULL)
		return show_buffer(local, index, buffer);
	return umm_member_add_buffer(local->base.members[index], buffer,
				     &local->pool->buffers[buffer], &local->base.layout);
}

static int map_buffers(struct local *local, unsigned index)
{
	int ret = 0;
	for (unsigned i = 0; i < local->pool->n_buffers && ret == 0; i++)
		ret = map_buffer(local, index, i);
	return ret;
}

static int map_own_block(struct local *local, unsigned index)
{
	struct umm_member *member = local->base.members[index];
	unsigned k = umm_pool_consumer_index(&local->negotiation, index);
	switch (umm_member_role(member)) {
	case UMM_PRODUCER:
		return umm_member_map_own_block(member, local->pool->n_buffers,
						local->pool->producer.fd);
	case UMM_CONSUMER:
		return umm_member_map_own_block(member, local->pool->n_buffers,
						local->pool->consumers[k].fd);
	case UMM_OBSERVER:
		break;
	}
	return 0;
}

/* Keep what the negotiation found out, whether it found a layout or not. */
static int remember_answer(struct local *local, int verdict)
{
	const struct umm_negotiation *negotiation = &local->negotiation;
	const struct umm_answer *answer = negotiation->answer;
	free(local->base.explanation);
	local->base.explanation = strdup(umm_negotiation_explain(negotiation, verdict));
	if (local->base.explanation == NULL)
		return -ENOMEM;
	if (answer == NULL)
		return 0;
	free(local->base.answer_json);
	local->base.answer_json = strdup(umm_answer_json(answer));
	if (local->base.answer_json == NULL)
		return -ENOMEM;
	if (verdict == 0)
		local->base.layout = *umm_answer_layout(answer);
	return 0;
}

static int try_member(struct local *local, struct umm_settle *settle, unsigned index)
{
	const struct umm_layout *layout = umm_answer_layout(local->negotiation.answer);
	int ret = 0;
	for (unsigned i = 0; i < umm_settle_count(settle) && ret == 0; i++) {
		char why[UMM_TRIAL_WHY_MAX];
		int result =
			umm_member_try(local->base.members[index], umm_settle_memory(settle, i),
				       layout, umm_settle_depth(settle, index), why);
		ret = umm_settle_hear(settle, index, result, why);
	}
	return ret;
}

/* All try the same buffers, one after the other. */
static int hold_trial(struct local *local, struct umm_settle *settle)
{
	int ret = 0;
	for (unsigned i = 0; i < local->base.n_members && ret == 0; i++)
		if (umm_settle_asks(settle, i))
			ret = try_member(local, settle, i);
	return ret;
}

/* Returns as umm_collection_seal(). */
static int settle(struct local *local)
{
	struct umm_settle settle;
	umm_settle_init(&settle, &local->negotiation);
	settle.arena = local->arena;
	int ret = -EAGAIN;
	while (ret == -EAGAIN || ret == -EINPROGRESS) {
		ret = ret == -EAGAIN ? umm_settle_next(&settle) : 0;
		if (ret == 0)
			ret = hold_trial(local, &settle);
		if (ret == 0)
			ret = umm_settle_conclude(&settle, &local->pool);
	}
	umm_settle_finish(&settle);
	return ret;
}

static int seal(struct umm_collection *collection)
{
	struct local *local = local_of(collection);
	int verdict = settle(local);
	int ret = remember_answer(local, verdict);
	if (verdict != 0 || ret < 0)
		return verdict != 0 ? verdict : ret;
	for (unsigned i = 0; i < collection->n_members && ret == 0; i++) {
		ret = map_buffers(local, i);
		if (ret == 0)
			ret = map_own_block(local, i);
	}
	return ret;
}

/* This process uses the member. */
static void claim(void *user)
{
	const struct place *place = user;
	umm_vigil_claim(place->local->vigil, place->index);
}

/* While a member waits it looks after the others: nobody else does. */
static int alive(void *user)
{
	const struct place *place = user;
	struct local *local = place->local;
	for (unsigned i = 0; i < local->base.n_members; i++)
		if (i != place->index && umm_vigil_inherit(local->vigil, i))
			umm_pool_bury(local->pool, &local->negotiation, i);
	return 0;
}

static int keep_vigil(struct local *local)
{
	unsigned n = local->base.n_members;
	free(local->places); /* of a start that failed */
	local->places = calloc(n, sizeof(*local->places));
	if (local->places == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		local->places[i] = (struct place){ local, i };
	return umm_vigil_create(n, &local->vigil);
}

static int start_member(struct local *local, unsigned index)
{
	struct umm_pool *pool = local->pool;
	struct umm_member *member = local->base.members[index];
	unsigned k = umm_pool_consumer_index(&local->negotiation, index);
	struct umm_member_blocks blocks = {
		.n_consumers = pool->n_consumers,
		.self = umm_member_role(member) == UMM_CONSUMER ? k : 0,
		.producer_fd = pool->producer.fd,
		.alive = alive,
		.claim = claim,
		.user = &local->places[index],
	};
	memcpy(blocks.modes, pool->modes, sizeof(blocks.modes));
	for (unsigned i = 0; i < pool->n_consumers; i++) {
		blocks.consumer_fds[i] = pool->consumers[i].fd;
		blocks.take_doorbells[i] = -1;
	}
	if (umm_member_role(member) == UMM_CONSUMER)
		blocks.take_doorbells[0] = umm_fd_steal(&pool->doorbells[k][1]);
	else
		for (unsigned i = 0; i < pool->n_consumers; i++)
			blocks.take_doorbells[i] = umm_fd_steal(&pool->doorbells[i][0]);
	int ret = umm_member_start_queue(member, &blocks, &local->base.layout);
	for (unsigned i = 0; i < pool->n_consumers; i++)
		umm_close_fd(&blocks.take_doorbells[i]); /* those that were not taken */
	return ret;
}

static int start(struct umm_collection *collection)
{
	struct local *local = local_of(collection);
	int ret = umm_pool_finish(local->pool);
	if (ret == 0 && local->vigil == NULL)
		ret = keep_vigil(local);
	for (unsigned i = 0; i < collection->n_members && ret == 0; i++)
		if (umm_member_role(collection->members[i]) != UMM_OBSERVER)
			ret = start_member(local, i);
	return ret;
}

static void bury(struct umm_collection *collection, unsigned index)
{
	struct local *local = local_of(collection);
	if (local->pool != NULL)
		umm_pool_bury(local->pool, &local->negotiation, index);
}

static void destroy(struct umm_collection *collection)
{
	struct local *local = local_of(collection);
	umm_pool_destroy(local->pool);
	umm_vigil_destroy(local->vigil);
	free(local->places);
	umm_negotiation_finish(&local->negotiation);
	umm_learned_finish(&local->learned);
	free(local);
}

static const struct umm_collection_ops local_ops = {
	.join = join,
	.set_trial = set_trial,
	.set_content_check = set_content_check,
	.seal = seal,
	.start = start,
	.bury = bury,
	.destroy = destroy,
};

int umm_local_use_arena(struct umm_collection *collection, struct umm_arena *arena)
{
	if (collection->ops != &local_ops || collection->state != UMM_COLLECTION_OPEN)
		return -EINVAL;
	local_of(collection)->arena = arena;
	return 0;
}

int umm_collection_create(const char *name, struct umm_collection **out)
{
	umm_autofree struct local *local = calloc(1, sizeof(*local));
	if (local == NULL)
		return -ENOMEM;
	int ret = umm_collection_init(&local->base, &local_ops, name);
	if (ret == 0)
		ret = umm_negotiation_init(&local->negotiation, name,
					   &(struct umm_negotiation_opts){ 0 });
	if (ret < 0)
		return ret;
	ret = umm_learned_init(&local->learned, UMM_LEARNED_IN_FILE);
	if (ret < 0) {
		umm_negotiation_finish(&local->negotiation);
		return ret;
	}
	local->negotiation.learned = &local->learned;
	*out = &umm_steal(local)->base;
	return 0;
}
