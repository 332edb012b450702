/* SPDX-License-Identifier: MIT */
/*
 * Answers in plain English. Made from the answer's own JSON, so that the two never tell different
 * stories.
 */
#include "share/answer_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share/answer_fold.h"
#include "share/answer_learned.h"
#include "share/json.h"
#include "share/json_text.h"

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

/** A JSON value as one would say it: lists with commas, strings without quotes. */
static void say_value(FILE *to, const json_t *value)
{
	size_t i;
	json_t *item;
	if (json_is_string(value)) {
		fputs(json_string_value(value), to);
	} else if (json_is_array(value) && json_array_size(value) == 2 &&
		   json_is_integer(json_array_get(value, 0))) {
		fprintf(to, "%lldx%lld", (long long)json_integer_value(json_array_get(value, 0)),
			(long long)json_integer_value(json_array_get(value, 1)));
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, item) {
			fputs(i > 0 ? ", " : "", to);
			say_value(to, item);
		}
	} else {
		char *text = umm_json_to_text(value);
		fputs(text != NULL ? text : "?", to);
		free(text);
	}
}

static void say_bounds(FILE *to, const json_t *answer)
{
	size_t i;
	json_t *bound;
	json_array_foreach (json_object_get(answer, "why"), i, bound) {
		fprintf(to, "%s is ", umm_json_text(bound, "field"));
		say_value(to, json_object_get(bound, "value"));
		fputs(" because of ", to);
		say_value(to, json_object_get(bound, "by"));
		fputc('\n', to);
	}
}

static void say_candidate(FILE *to, const json_t *candidate)
{
	const char *key;
	json_t *value;
	const char *between = "";
	json_object_foreach ((json_t *)candidate, key, value) {
		fprintf(to, "%s%s ", between, key);
		say_value(to, value);
		between = ", ";
	}
}

static void say_rejected(FILE *to, const json_t *answer)
{
	size_t i;
	json_t *rejected;
	json_array_foreach (json_object_get(answer, "rejected"), i, rejected) {
		say_candidate(to, json_object_get(rejected, "candidate"));
		fputs(" was rejected: ", to);
		if (json_is_string(json_object_get(rejected, "participant")))
			fprintf(to, "%s, ", umm_json_text(rejected, "participant"));
		fprintf(to, "%s\n", umm_json_text(rejected, "field"));
	}
}

static void say_ok(FILE *to, const json_t *answer)
{
	const json_t *image = json_object_get(answer, "image");
	fprintf(to, "%lld buffers of %lld bytes from heap %s", number_of(answer, "buffers"),
		number_of(answer, "raw_size_bytes"), umm_json_text(answer, "heap"));
	if (json_is_object(image)) {
		const json_t *plane = json_array_get(json_object_get(image, "planes"), 0);
		fprintf(to, ": %s, %s, stride %lld, %lld rows", umm_json_text(image, "format"),
			umm_json_text(image, "modifier"), number_of(plane, "stride_bytes"),
			number_of(plane, "rows"));
	}
	fputs(" for ", to);
	say_value(to, json_object_get(answer, "participants"));
	fputc('\n', to);
	if (json_array_size(json_object_get(answer, "refused")) > 0) {
		fputs("refused, since they would change what the others have: ", to);
		say_value(to, json_object_get(answer, "refused"));
		fputc('\n', to);
	}
	say_bounds(to, answer);
	say_rejected(to, answer);
}

static const char *say_condition(const char *field)
{
	if (strcmp(field, "usage") == 0)
		return "nobody uses the memory: all that take part have usage none";
	if (strcmp(field, "buffers") == 0)
		return "nobody asks for a buffer: all counts are 0";
	if (strcmp(field, "formats") == 0)
		return "nobody is specific about the format or the modifier";
	if (strcmp(field, "color_spaces") == 0)
		return "nobody is specific about the color space";
	return "no heap serves even a document without demands";
}

/* What two parts of a clash have to have in common. */
static const char *const clash_keys[] = { "field", "value", "learned", NULL };

static void say_clash(FILE *to, const json_t *conflict, size_t i)
{
	const json_t *clash = json_array_get(conflict, i);
	const json_t *value = json_object_get(clash, "value");
	if (!json_is_string(json_object_get(clash, "participant"))) {
		fputs(say_condition(umm_json_text(clash, "field")), to);
		return;
	}
	umm_fold_say_who(to, conflict, i, clash_keys);
	fprintf(to, " %s %s",
		json_is_true(json_object_get(clash, "learned")) ? "is known to need" : "states",
		umm_json_text(clash, "field"));
	if (value != NULL) {
		fputs(" ", to);
		say_value(to, value);
	}
}

static void say_clashes(FILE *to, const json_t *conflict)
{
	size_t count = 0, said = 0;
	for (size_t i = 0; i < json_array_size(conflict); i++)
		count += umm_fold_count(conflict, i, clash_keys) > 0;
	for (size_t i = 0; i < json_array_size(conflict); i++) {
		if (umm_fold_count(conflict, i, clash_keys) == 0)
			continue;
		if (said > 0)
			fputs(said + 1 == count ? " and " : ", ", to);
		said++;
		say_clash(to, conflict, i);
	}
}

static void say_relaxations(FILE *to, const json_t *answer)
{
	size_t i;
	json_t *relax;
	json_array_foreach (json_object_get(answer, "relax"), i, relax) {
		fprintf(to, "it would work if %s ", umm_json_text(relax, "participant"));
		if (json_is_null(json_object_get(relax, "to"))) {
			fprintf(to, "left out %s", umm_json_text(relax, "field"));
		} else {
			fprintf(to, "stated %s ", umm_json_text(relax, "field"));
			say_value(to, json_object_get(relax, "to"));
		}
		fputc('\n', to);
	}
}

static void say_conflict(FILE *to, const json_t *answer)
{
	const json_t *conflict = json_object_get(answer, "conflict");
	fputs("no layout serves all: ", to);
	say_clashes(to, conflict);
	fputc('\n', to);
	umm_answer_say_learned(to, "", answer);
	say_relaxations(to, answer);
}

static void say_invalid(FILE *to, const json_t *answer)
{
	size_t i;
	json_t *error;
	json_array_foreach (json_object_get(answer, "errors"), i, error) {
		if (json_is_string(json_object_get(error, "participant")))
			fprintf(to, "%s: ", umm_json_text(error, "participant"));
		if (umm_json_text(error, "field")[0] != '\0')
			fprintf(to, "%s: ", umm_json_text(error, "field"));
		fprintf(to, "%s\n", umm_json_text(error, "message"));
	}
}

char *umm_answer_text_from(const json_t *answer)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	if (stream == NULL)
		return NULL;
	const char *status = umm_json_text(answer, "status");
	if (strcmp(status, "conflict") == 0) {
		say_conflict(stream, answer);
	} else if (strcmp(status, "ok") == 0) {
		say_ok(stream, answer);
		umm_answer_say_learned(stream, "", answer);
	} else {
		say_invalid(stream, answer);
		umm_answer_say_learned(stream, "", answer);
	}
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
