/* SPDX-License-Identifier: MIT */
#include "share/collection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "share/buffer.h"
#include "share/constraints.h"
#include "share/negotiation.h"

UMM_DEFINE_AUTO(umm_member, umm_member_destroy)

int umm_collection_init(struct umm_collection *collection, const struct umm_collection_ops *ops,
			const char *name)
{
	if (name == NULL || name[0] == '\0' || strlen(name) >= sizeof(collection->name))
		return -EINVAL;
	collection->ops = ops;
	collection->guard = umm_guard_wanted();
	snprintf(collection->name, sizeof(collection->name), "%s", name);
	return 0;
}

void umm_collection_destroy(struct umm_collection *collection)
{
	if (collection == NULL)
		return;
	for (unsigned i = 0; i < collection->n_members; i++)
		umm_member_destroy(collection->members[i]);
	free(collection->members);
	free(collection->answer_json);
	free(collection->explanation);
	collection->ops->destroy(collection);
}

static int grow_members(struct umm_collection *collection)
{
	struct umm_member **members = realloc(
		collection->members, (collection->n_members + 1) * sizeof(struct umm_member *));
	if (members == NULL)
		return -ENOMEM;
	collection->members = members;
	return 0;
}

/* Callers built against an older, shorter structure leave the newer fields at their defaults. */
static struct umm_join_opts read_opts(const struct umm_join_opts *opts)
{
	struct umm_join_opts full = { 0 };
	size_t size = opts->struct_size < sizeof(full) ? opts->struct_size : sizeof(full);
	memcpy(&full, opts, size);
	return full;
}

int umm_collection_join(struct umm_collection *collection,
			const struct umm_constraints *constraints, const struct umm_join_opts *opts,
			struct umm_member **out)
{
	if (collection->state != UMM_COLLECTION_OPEN)
		return -EBUSY;
	struct umm_join_opts full = read_opts(opts);
	if (full.mode > UMM_QUEUE_LATEST || full.role > UMM_OBSERVER)
		return -EINVAL;
	struct umm_member_config config = {
		.name = umm_constraints_name(constraints),
		.pool = collection->name,
		.collection = collection,
		.role = full.role,
		.guard = collection->guard,
		.memory_file = full.memory_file,
	};
	if (strlen(config.name) > UMM_MEMBER_NAME_MAX)
		return -EINVAL;
	umm_auto(umm_member, member) = NULL;
	int ret = umm_member_create(&config, &member);
	if (ret == 0)
		ret = grow_members(collection);
	if (ret == 0)
		ret = collection->ops->join(collection, constraints, &full, member);
	if (ret < 0)
		return ret;
	*out = member;
	collection->members[collection->n_members++] = umm_steal(member);
	return 0;
}

static unsigned index_of(const struct umm_collection *collection, const struct umm_member *member)
{
	unsigned index = 0;
	while (collection->members[index] != member)
		index++;
	return index;
}

int umm_member_set_trial(struct umm_member *member, const struct umm_trial_opts *opts)
{
	struct umm_collection *collection = umm_member_collection(member);
	struct umm_trial_opts full = { 0 };
	memcpy(&full, opts, opts->struct_size < sizeof(full) ? opts->struct_size : sizeof(full));
	if (full.attach == NULL)
		return -EINVAL;
	if (collection->state != UMM_COLLECTION_OPEN)
		return -EBUSY;
	int ret = collection->ops->set_trial(collection, index_of(collection, member), &full);
	if (ret == 0)
		umm_member_keep_trial(member, &full);
	return ret;
}

int umm_collection_set_content_check(struct umm_collection *collection, enum umm_content_check wish)
{
	if (wish > UMM_CONTENT_NEVER)
		return -EINVAL;
	if (collection->state != UMM_COLLECTION_OPEN)
		return -EBUSY;
	if (collection->ops->set_content_check == NULL)
		return -EOPNOTSUPP;
	return collection->ops->set_content_check(collection, wish);
}

int umm_collection_join_json(struct umm_collection *collection, enum umm_role role,
			     const char *participant, struct umm_member **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = umm_constraints_from_json(participant, strlen(participant), &constraints);
	if (ret < 0)
		return ret;
	return umm_collection_join(collection, constraints, UMM_JOIN_OPTS(.role = role), out);
}

int umm_collection_seal(struct umm_collection *collection)
{
	if (collection->state != UMM_COLLECTION_OPEN)
		return -EBUSY;
	int ret = collection->ops->seal(collection);
	if (ret == 0)
		collection->state = UMM_COLLECTION_SEALED;
	return ret;
}

int umm_collection_start(struct umm_collection *collection)
{
	if (collection->state != UMM_COLLECTION_SEALED)
		return -EINVAL;
	int ret = collection->ops->start(collection);
	if (ret == 0)
		collection->state = UMM_COLLECTION_STARTED;
	return ret;
}

const char *umm_collection_explain(const struct umm_collection *collection)
{
	return collection != NULL && collection->explanation != NULL ? collection->explanation : "";
}

const char *umm_collection_answer_json(const struct umm_collection *collection)
{
	return collection->answer_json;
}

const struct umm_layout *umm_collection_layout(const struct umm_collection *collection)
{
	return collection->state == UMM_COLLECTION_OPEN ? NULL : &collection->layout;
}

void umm_member_bury(struct umm_member *member)
{
	struct umm_collection *collection = umm_member_collection(member);
	collection->ops->bury(collection, index_of(collection, member));
}
