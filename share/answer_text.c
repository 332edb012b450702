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

/* Of how many alternatives the names are told. */
#define MOST_ALTERNATIVES 3

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

/* What two parts of a clash have to have in common, and two facts: of these the layouts may differ.
 */
static const char *const clash_keys[] = { "field", "value", "learned", NULL };
static const char *const fact_keys[] = { "about", "format", "modifier", "error",
					 "why",	  "source", NULL };

/* Alternatives of one participant with one thing to say: "display (640x480, 800x600 and 6 more)".
 */
static void say_who(FILE *to, const json_t *conflict, size_t first)
{
	const json_t *clash, *said = json_array_get(conflict, first);
	const char *name = umm_json_text(said, "participant"), *between = " (";
	size_t i, same = umm_fold_count(conflict, first, clash_keys), told = 0;
	if (same == 1) {
		fputs(name, to);
		return;
	}
	fprintf(to, "%.*s", (int)strcspn(name, "@"), name);
	json_array_foreach (conflict, i, clash) {
		const char *other = umm_json_text(clash, "participant");
		if ((i != first && !umm_fold_is_alike(said, clash, clash_keys)) ||
		    told == MOST_ALTERNATIVES)
			continue;
		fprintf(to, "%s%s", between, strchr(other, '@') + 1);
		between = ", ";
		told++;
	}
	if (same > told)
		fprintf(to, " and %zu more", same - told);
	fputc(')', to);
}

static void say_clash(FILE *to, const json_t *conflict, size_t i)
{
	const json_t *clash = json_array_get(conflict, i);
	const json_t *value = json_object_get(clash, "value");
	if (!json_is_string(json_object_get(clash, "participant"))) {
		fputs(say_condition(umm_json_text(clash, "field")), to);
		return;
	}
	say_who(to, conflict, i);
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

/* What of a device was refused, or is needed. */
static void say_learned_subject(FILE *to, const json_t *fact)
{
	const char *about = umm_json_text(fact, "about");
	if (strcmp(about, "heap") == 0) {
		fprintf(to, "%s memory of heap %s",
			strcmp(umm_json_text(fact, "error"), "EBADMSG") == 0
				? "gets wrong content in"
				: "cannot attach",
			umm_json_text(fact, "heap"));
	} else if (strcmp(about, "classes") == 0) {
		fputs("cannot attach memory of class ", to);
		say_value(to, json_object_get(fact, "classes"));
	} else if (strcmp(about, "contiguous") == 0) {
		fputs("needs contiguous memory", to);
	} else {
		fprintf(to, "cannot attach %s, %s with a stride of %lld",
			umm_json_text(fact, "format"), umm_json_text(fact, "modifier"),
			number_of(fact, "stride_bytes"));
	}
}

static const char *say_source(const char *source)
{
	if (strcmp(source, "trial") == 0)
		return "learned by trial";
	return strcmp(source, "cache") == 0 ? "learned by an earlier trial"
					    : "from the table of known devices";
}

static void say_learned(FILE *to, const json_t *answer)
{
	size_t i;
	const json_t *fact, *facts = json_object_get(answer, "learned");
	json_array_foreach (facts, i, fact) {
		size_t same = umm_fold_count(facts, i, fact_keys);
		if (same == 0)
			continue;
		const char *error = umm_json_text(fact, "error"), *why = umm_json_text(fact, "why");
		fprintf(to, "%s ", umm_json_text(fact, "participant"));
		say_learned_subject(to, fact);
		fprintf(to, " (%s", why);
		if (error[0] != '\0' && strstr(why, error) == NULL)
			fprintf(to, "%s%s", why[0] != '\0' ? ": " : "", error);
		fprintf(to, "; %s)", say_source(umm_json_text(fact, "source")));
		if (same > 1)
			fprintf(to, ", and so do %zu more of its alternatives", same - 1);
		fputc('\n', to);
	}
}

static void say_conflict(FILE *to, const json_t *answer)
{
	const json_t *conflict = json_object_get(answer, "conflict");
	fputs("no layout serves all: ", to);
	say_clashes(to, conflict);
	fputc('\n', to);
	say_learned(to, answer);
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
		say_learned(stream, answer);
	} else {
		say_invalid(stream, answer);
		say_learned(stream, answer);
	}
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
