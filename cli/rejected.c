/* SPDX-License-Identifier: MIT */
/**
 * A pipeline of five devices rejects dozens of formats, most of them because one device does not
 * know them. Said one by one that hides the line that matters, so candidates of a kind that the
 * same participant rejected by the same field are told together. Lists are short (one entry a
 * candidate), so they are simply walked again for each line.
 */
#include "cli/rejected.h"

#include <stdbool.h>
#include <string.h>

#include "cli/demands.h"
#include "cli/words.h"
#include "share/json.h"

/** Candidates named in one line. */
#define MOST_NAMES 8

static const char *kind_of(const json_t *entry)
{
	const json_t *candidate = json_object_get(entry, "candidate");
	if (json_object_get(candidate, "heap") != NULL)
		return "heap";
	return json_object_get(candidate, "group") != NULL ? "group" : "format";
}

static bool same_reason(const json_t *a, const json_t *b)
{
	return strcmp(kind_of(a), kind_of(b)) == 0 && strcmp(kind_of(a), "group") != 0 &&
	       strcmp(umm_json_text(a, "participant"), umm_json_text(b, "participant")) == 0 &&
	       strcmp(umm_json_text(a, "field"), umm_json_text(b, "field")) == 0;
}

/* The first entry with the reason of entry `i` comes before it: it was told there. */
static bool is_told(const json_t *rejected, size_t i)
{
	const json_t *entry = json_array_get(rejected, i);
	for (size_t j = 0; j < i; j++)
		if (same_reason(json_array_get(rejected, j), entry))
			return true;
	return false;
}

static void print_name(FILE *to, const json_t *entry)
{
	const json_t *candidate = json_object_get(entry, "candidate");
	if (strcmp(kind_of(entry), "heap") == 0)
		fputs(umm_json_text(candidate, "heap"), to);
	else if (strcmp(kind_of(entry), "group") == 0)
		fprintf(to, "%s, alternative %" JSON_INTEGER_FORMAT,
			umm_json_text(candidate, "group"),
			json_integer_value(json_object_get(candidate, "alternative")));
	else
		words_value(to, "formats", candidate);
}

static void print_candidates(FILE *to, const json_t *rejected, size_t first)
{
	const json_t *reason = json_array_get(rejected, first);
	size_t same = 1, named = 1;
	for (size_t j = first + 1; j < json_array_size(rejected); j++)
		same += same_reason(json_array_get(rejected, j), reason);
	fprintf(to, "  %s%s ", kind_of(reason), same > 1 ? "s" : "");
	print_name(to, reason);
	for (size_t j = first + 1; j < json_array_size(rejected) && named < MOST_NAMES; j++) {
		const json_t *entry = json_array_get(rejected, j);
		if (!same_reason(entry, reason))
			continue;
		fputs(", ", to);
		print_name(to, entry);
		named++;
	}
	if (same > named)
		fprintf(to, " and %zu more", same - named);
}

/* The heap itself is the reason, or the whole of the others. */
static const char *reason_without_participant(const char *field)
{
	if (strcmp(field, "size_max_bytes") == 0)
		return "its buffers are not that large";
	if (strcmp(field, "free_bytes") == 0)
		return "not enough of it is left for all buffers";
	if (strcmp(field, "largest_free_bytes") == 0)
		return "it has no run that long";
	if (strcmp(field, "memory.secure") == 0)
		return "what is protected and what is not do not mix";
	if (strcmp(field, "heaps") == 0)
		return "no heap serves it";
	if (strcmp(field, "formats") == 0 || strcmp(field, "color_spaces") == 0)
		return "nobody is specific about it";
	if (strcmp(field, "buffers") == 0)
		return "nobody would ask for a buffer";
	if (strcmp(field, "usage") == 0)
		return "nobody would use the memory";
	return "it does not go with the others";
}

static void print_reason(FILE *to, const json_t *entry, const json_t *participants)
{
	const char *name = umm_json_text(entry, "participant"),
		   *field = umm_json_text(entry, "field");
	const char *format = umm_json_text(json_object_get(entry, "candidate"), "format");
	if (*name == '\0') {
		fprintf(to, ": %s\n", reason_without_participant(field));
		return;
	}
	fprintf(to, ": %s ", words_who(name, field));
	words_demand(to, field, demands_find(participants, name, field, format));
	fputc('\n', to);
}

void rejected_print(FILE *to, const json_t *rejected, const json_t *participants, size_t most_lines)
{
	size_t lines = 0, left = 0;
	for (size_t i = 0; i < json_array_size(rejected); i++) {
		if (is_told(rejected, i))
			continue;
		if (lines >= most_lines) {
			left++;
			continue;
		}
		print_candidates(to, rejected, i);
		print_reason(to, json_array_get(rejected, i), participants);
		lines++;
	}
	if (left > 0)
		fprintf(to, "  and %zu more: --json lists them all\n", left);
}
