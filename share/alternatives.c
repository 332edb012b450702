/* SPDX-License-Identifier: MIT */
/*
 * Participants that take part as one of several: GROUP of the document, stated by calls.
 *
 *	{ "name": "camera", "one_of": [ [{ "name": "camera@640x480", .. }], [{ .. }] ] }
 *
 * A member is one name in its collection and may be many participants in the document, so this is
 * also where the names of one are walked.
 */
#include <errno.h>
#include <string.h>

#include "share/alternatives.h"
#include "share/builder.h"
#include "share/constraints.h"
#include "share/json.h"

bool umm_alternatives_walk(const json_t *participant,
			   bool (*visit)(void *user, json_t *participant), void *user)
{
	const json_t *one_of = json_object_get(participant, "one_of"), *alternative, *inner;
	size_t i, j;
	if (one_of == NULL)
		return visit(user, (json_t *)participant);
	json_array_foreach (one_of, i, alternative)
		json_array_foreach (alternative, j, inner)
			if (!umm_alternatives_walk(inner, visit, user))
				return false;
	return true;
}

static bool is_other(void *user, json_t *participant)
{
	const char *name = json_string_value(json_object_get(participant, "name"));
	return name == NULL || strcmp(name, user) != 0;
}

bool umm_alternatives_have(const json_t *participant, const char *name)
{
	const char *own = json_string_value(json_object_get(participant, "name"));
	return (own != NULL && strcmp(own, name) == 0) ||
	       !umm_alternatives_walk(participant, is_other, (void *)name);
}

/* "camera" and "640x480" to "camera@640x480". */
static json_t *rename_alternative(const json_t *participant, const json_t *alternative)
{
	umm_autojson json_t *copy = json_deep_copy(alternative);
	json_t *name =
		json_sprintf("%s@%s", json_string_value(json_object_get(participant, "name")),
			     json_string_value(json_object_get(alternative, "name")));
	if (copy == NULL || json_object_set_new(copy, "name", name) < 0)
		return NULL;
	return umm_steal(copy);
}

/* States nothing but its name, or is a group already. */
static bool may_be_group(const json_t *object)
{
	return json_is_array(json_object_get(object, "one_of")) || json_object_size(object) == 1;
}

static int append(json_t *object, json_t *take_alternative)
{
	umm_autojson json_t *alternative = take_alternative;
	umm_autojson json_t *only = json_array();
	if (alternative == NULL || json_array_append(only, alternative) < 0)
		return -ENOMEM;
	json_t *one_of = json_object_get(object, "one_of");
	if (one_of != NULL)
		return json_array_append(one_of, only) < 0 ? -ENOMEM : 0;
	umm_autojson json_t *first = json_array();
	if (json_array_append(first, only) < 0 || json_object_set(object, "one_of", first) < 0)
		return -ENOMEM;
	return 0;
}

int umm_constraints_add_alternative(struct umm_constraints *constraints,
				    const struct umm_constraints *alternative)
{
	json_t *object = (json_t *)umm_constraints_object(constraints);
	const json_t *added = umm_constraints_object(alternative);
	if (!may_be_group(object) || json_object_get(added, "one_of") != NULL)
		return -EINVAL;
	umm_autojson json_t *renamed = rename_alternative(object, added);
	if (renamed == NULL)
		return -ENOMEM;
	const char *name = json_string_value(json_object_get(renamed, "name"));
	if (umm_alternatives_have(object, name))
		return -EEXIST;
	return append(object, umm_steal(renamed));
}
