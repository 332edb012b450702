/* SPDX-License-Identifier: MIT */
/*
 * Reading the constraint document: the top, participants, groups.
 *
 * Two passes. The first reads every object as it stands, so that all violations are found, chosen
 * or not. The second, only for a valid document, puts participants and heaps into bytewise order of
 * their names: from there on nothing can depend on the order in which they were written. Groups
 * keep theirs, it is their priority.
 *
 * Nesting is bounded before jansson sees the text, so recursion here is bounded too.
 */
#include "share/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "share/document_read.h"

/** What grows while the participants are read. */
struct gathering {
	struct umm_reader *reader;
	struct umm_demand *demands;
	const json_t **sources;
	struct umm_group *groups;
	uint32_t *alternative_group;
	json_t *names; /**< all names so far, as keys */
	uint32_t n_demands, n_groups, n_alternatives;
};

/* ---- participants and groups ---- */

/** How many of each there are at most, so that arrays are taken once. */
static void count_members(const json_t *list, struct gathering *gathering)
{
	size_t i, j;
	json_t *member, *alternative;
	json_array_foreach (list, i, member) {
		json_t *one_of = json_object_get(member, "one_of");
		if (one_of == NULL) {
			gathering->n_demands++;
			continue;
		}
		gathering->n_groups++;
		json_array_foreach (one_of, j, alternative) {
			gathering->n_alternatives++;
			count_members(alternative, gathering);
		}
	}
}

static bool claim_name(struct gathering *gathering, const struct umm_path *path, const char *name)
{
	struct umm_reader *reader = gathering->reader;
	if (json_object_get(gathering->names, name) != NULL) {
		umm_read_error(reader, path, "the name '%s' is taken", name);
		return false;
	}
	if (json_object_set_new(gathering->names, name, json_true()) < 0)
		reader->out_of_memory = true;
	return true;
}

static void read_members(struct gathering *gathering, const struct umm_path *path,
			 const json_t *list, uint32_t place);

static void read_alternatives(struct gathering *gathering, const struct umm_path *path,
			      const json_t *one_of, struct umm_group *group)
{
	struct umm_reader *reader = gathering->reader;
	uint32_t index = (uint32_t)(group - gathering->groups);
	size_t i;
	json_t *alternative;
	if (!umm_read_is_list(reader, path, one_of))
		return;
	if (json_array_size(one_of) == 0)
		umm_read_error(reader, path, "must not be empty");
	group->first_alternative = gathering->n_alternatives;
	group->n_alternatives = (uint32_t)json_array_size(one_of);
	gathering->n_alternatives += group->n_alternatives;
	for (uint32_t a = 0; a < group->n_alternatives; a++)
		gathering->alternative_group[group->first_alternative + a] = index;
	json_array_foreach (one_of, i, alternative) {
		const struct umm_path *at = UMM_PATH_INDEX(path, i);
		if (umm_read_is_list(reader, at, alternative))
			read_members(gathering, at, alternative,
				     group->first_alternative + (uint32_t)i);
	}
}

static void read_group(struct gathering *gathering, const struct umm_path *path, json_t *object,
		       uint32_t place)
{
	struct umm_reader *reader = gathering->reader;
	struct umm_group *group = &gathering->groups[gathering->n_groups++];
	const char *key, *name = NULL;
	json_t *value;
	*group = (struct umm_group){ .name = "", .parent = place };
	json_object_foreach (object, key, value)
		if (strcmp(key, "name") != 0 && strcmp(key, "one_of") != 0)
			umm_read_unknown_key(reader, path, key, value);
	const struct umm_path *at = UMM_PATH_KEY(path, "name");
	json_t *name_value = json_object_get(object, "name");
	if (name_value == NULL)
		umm_read_error(reader, at, "a group needs a name");
	else if (umm_read_name(reader, at, name_value, &name))
		claim_name(gathering, at, name);
	group->name = name != NULL ? name : "";
	read_alternatives(gathering, UMM_PATH_KEY(path, "one_of"),
			  json_object_get(object, "one_of"), group);
}

static int compare_name(const void *name, const void *demand)
{
	return strcmp(name, ((const struct umm_demand *)demand)->name);
}

/** The participant as it was read before; NULL: it must be read. */
static const struct umm_demand *find_known(const struct umm_reader *reader, const json_t *object)
{
	if (reader->known == NULL || object == reader->changed)
		return NULL;
	const struct umm_problem *problem = &reader->known->problem;
	return bsearch(json_string_value(json_object_get(object, "name")), problem->demands,
		       problem->n_demands, sizeof(*problem->demands), compare_name);
}

static void read_one(struct gathering *gathering, const struct umm_path *path, json_t *object,
		     uint32_t place)
{
	struct umm_demand *demand = &gathering->demands[gathering->n_demands];
	const struct umm_demand *known = find_known(gathering->reader, object);
	if (known != NULL) {
		*demand = *known;
	} else if (umm_read_participant(gathering->reader, path, object, demand)) {
		const struct umm_path inside = { .up = path, .participant = demand->name };
		claim_name(gathering, UMM_PATH_KEY(&inside, "name"), demand->name);
	}
	demand->alternative = place;
	gathering->sources[gathering->n_demands++] = object;
}

static void read_members(struct gathering *gathering, const struct umm_path *path,
			 const json_t *list, uint32_t place)
{
	size_t i;
	json_t *member;
	json_array_foreach (list, i, member) {
		if (json_object_get(member, "one_of") != NULL)
			read_group(gathering, UMM_PATH_INDEX(path, i), member, place);
		else
			read_one(gathering, UMM_PATH_INDEX(path, i), member, place);
	}
}

/** A participant and the object it was read from, while they are being sorted. */
struct sorting {
	struct umm_demand demand;
	const json_t *source;
};

static int compare_demands(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	return strcmp(x->demand.name, y->demand.name);
}

static void sort_demands(struct gathering *gathering)
{
	size_t count = gathering->n_demands;
	umm_autofree struct sorting *pairs = calloc(count + 1, sizeof(*pairs));
	if (pairs == NULL) {
		gathering->reader->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct sorting){ gathering->demands[i], gathering->sources[i] };
	qsort(pairs, count, sizeof(*pairs), compare_demands);
	for (size_t i = 0; i < count; i++) {
		gathering->demands[i] = pairs[i].demand;
		gathering->sources[i] = pairs[i].source;
	}
}

static void read_participants(struct umm_reader *reader, const struct umm_path *path,
			      const json_t *list)
{
	struct umm_problem *problem = &reader->document->problem;
	struct gathering counts = { 0 };
	if (!umm_read_is_list(reader, path, list))
		return;
	count_members(list, &counts);
	struct gathering gathering = {
		.reader = reader,
		.demands = umm_read_take(reader, counts.n_demands, sizeof(struct umm_demand)),
		.sources = umm_read_take(reader, counts.n_demands, sizeof(json_t *)),
		.groups = umm_read_take(reader, counts.n_groups, sizeof(struct umm_group)),
		.alternative_group = umm_read_take(reader, counts.n_alternatives, sizeof(uint32_t)),
		.names = json_object(),
	};
	if (gathering.names == NULL)
		reader->out_of_memory = true;
	if (!reader->out_of_memory)
		read_members(&gathering, path, list, UMM_NOWHERE);
	json_decref(gathering.names);
	if (reader->out_of_memory)
		return;
	sort_demands(&gathering);
	problem->demands = gathering.demands;
	problem->groups = gathering.groups;
	problem->alternative_group = gathering.alternative_group;
	problem->n_demands = gathering.n_demands;
	problem->n_groups = gathering.n_groups;
	problem->n_alternatives = gathering.n_alternatives;
	reader->document->sources = gathering.sources;
}

/* ---- the top ---- */

static void read_collection(struct umm_reader *reader, const struct umm_path *path, json_t *object)
{
	const char *key, *name;
	json_t *value;
	if (!umm_read_is_object(reader, path, object))
		return;
	json_object_foreach (object, key, value) {
		if (strcmp(key, "name") == 0)
			umm_read_name(reader, UMM_PATH_KEY(path, key), value, &name);
		else
			umm_read_unknown_key(reader, path, key, value);
	}
}

static void read_top(struct umm_reader *reader, json_t *root)
{
	const char *key;
	json_t *value;
	if (!json_is_object(root)) {
		umm_read_error(reader, NULL, "a document must be an object");
		return;
	}
	json_object_foreach (root, key, value) {
		const struct umm_path *path = UMM_PATH_KEY(NULL, key);
		if (strcmp(key, "collection") == 0)
			read_collection(reader, path, value);
		else if (strcmp(key, "heaps") == 0)
			umm_read_heaps(reader, path, value);
		else if (strcmp(key, "participants") == 0)
			read_participants(reader, path, value);
		else
			umm_read_unknown_key(reader, NULL, key, value);
	}
}

/** Whether brackets outside strings nest deeper than permitted. */
static bool too_deep(const char *text, size_t size)
{
	unsigned depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < size; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
			continue;
		}
		if (text[i] == '"')
			in_string = true;
		else if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && depth > 0)
			depth--;
		if (depth > UMM_DOCUMENT_DEPTH)
			return true;
	}
	return false;
}

static struct umm_document *document_create(void)
{
	umm_auto(umm_document, document) = calloc(1, sizeof(*document));
	if (document == NULL)
		return NULL;
	document->errors = json_array();
	return document->errors != NULL ? umm_steal(document) : NULL;
}

static int read_document(json_t *root, const struct umm_document *known, const json_t *changed,
			 struct umm_document **out)
{
	umm_auto(umm_document, document) = document_create();
	if (document == NULL)
		return -ENOMEM;
	struct umm_reader reader = { .document = document, .known = known, .changed = changed };
	document->root = json_incref(root);
	read_top(&reader, root);
	if (reader.out_of_memory)
		return -ENOMEM;
	*out = umm_steal(document);
	return 0;
}

int umm_document_from_json(json_t *root, struct umm_document **out)
{
	return read_document(root, NULL, NULL, out);
}

int umm_document_from_changed(const struct umm_document *known, const json_t *changed,
			      struct umm_document **out)
{
	return read_document(known->root, known, changed, out);
}

json_t *umm_document_parse_text(const char *text, size_t size, json_error_t *error)
{
	bool too_long = size > UMM_DOCUMENT_BYTES;
	*error = (json_error_t){ 0 };
	if (!too_long && !too_deep(text, size))
		return json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
	*error = (json_error_t){ .line = 1 };
	snprintf(error->text, sizeof(error->text) - 1, "%s",
		 too_long ? "longer than 16 MiB" : "nested too deep");
	error->text[sizeof(error->text) - 1] = json_error_stack_overflow;
	return NULL;
}

/* Where jansson's first allocation fails it says nothing at all. */
bool umm_document_out_of_memory(const json_error_t *error)
{
	return error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory;
}

static int refuse_text(const json_error_t *error, struct umm_document **out)
{
	umm_auto(umm_document, document) = document_create();
	if (document == NULL)
		return -ENOMEM;
	struct umm_reader reader = { .document = document };
	umm_read_error(&reader, NULL, "%s (line %d, column %d)", error->text, error->line,
		       error->column);
	if (reader.out_of_memory)
		return -ENOMEM;
	*out = umm_steal(document);
	return 0;
}

int umm_document_read(const char *text, size_t size, struct umm_document **out)
{
	json_error_t error;
	json_t *root = umm_document_parse_text(text, size, &error);
	if (root == NULL) {
		if (umm_document_out_of_memory(&error))
			return -ENOMEM;
		return refuse_text(&error, out);
	}
	int ret = umm_document_from_json(root, out);
	json_decref(root);
	return ret;
}

bool umm_document_valid(const struct umm_document *document)
{
	return json_array_size(document->errors) == 0;
}
