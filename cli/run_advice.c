/* SPDX-License-Identifier: MIT */
/**
 * Advice on a refused edge. The solver lists every single change of a demand that would help, but
 * most demands of a stage are facts of a codec or a display that nobody can change. What is left
 * are the options of the run, told in their own words, and what somebody wrote into a stage.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/run.h"
#include "share/negotiation.h"

/* How the solver begins a line about a change that would help. */
#define RELAXATION "it would work if "

/* Of such a line; none of the three ends with a NUL. */
struct relaxation {
	const char *name, *change, *field, *value;
	size_t name_length, field_length, value_length;
	bool left_out;
};

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return *line == '\n' ? line + 1 : line;
}

static bool is_relaxation(const char *line)
{
	return strncmp(line, RELAXATION, strlen(RELAXATION)) == 0;
}

/* "NAME stated FIELD VALUE" or "NAME left out FIELD". */
static bool parse(const char *line, struct relaxation *out)
{
	static const char stated[] = " stated ", left_out[] = " left out ";
	size_t length = line_length(line);
	const char *name = line + strlen(RELAXATION), *end = line + length;
	const char *verb = memmem(name, (size_t)(end - name), stated, strlen(stated));
	size_t verb_length = strlen(stated);
	if (verb == NULL) {
		verb = memmem(name, (size_t)(end - name), left_out, strlen(left_out));
		verb_length = strlen(left_out);
	}
	if (verb == NULL)
		return false;
	const char *field = verb + verb_length;
	size_t field_length = strcspn(field, " \n");
	const char *value = field + field_length + (field[field_length] == ' ');
	*out = (struct relaxation){
		.name = name,
		.field = field,
		.value = value,
		.name_length = (size_t)(verb - name),
		.field_length = field_length,
		.value_length = (size_t)(end - value),
		.left_out = verb_length == strlen(left_out),
	};
	return true;
}

static bool field_has(const struct relaxation *relaxation, const char *word)
{
	return memmem(relaxation->field, relaxation->field_length, word, strlen(word)) != NULL;
}

/* The words of a list "A, B, C", without the one that is `except`; NULL: all. */
static void print_list(const struct relaxation *relaxation, const char *except, FILE *to)
{
	const char *end = relaxation->value + relaxation->value_length, *between = "";
	for (const char *word = relaxation->value; word < end;) {
		size_t length = strcspn(word, ", \n");
		bool same = except != NULL && strlen(except) == length &&
			    strncasecmp(word, except, length) == 0;
		if (!same && length > 0) {
			fprintf(to, "%s%.*s", between, (int)length, word);
			between = ",";
		}
		word += length;
		word += strspn(word, ", ") + (*word == '\n');
	}
	fputc('\n', to);
}

/* Of the options of the run. Without --buffers there is no demand on their number, and without
   --heap none on where they come from. */
static void print_option(const struct relaxation *relaxation, FILE *to)
{
	const char *option = field_has(relaxation, "buffers") ? "buffers" : "heap";
	if (relaxation->left_out) {
		fprintf(to, "it would work without --%s\n", option);
		return;
	}
	fprintf(to, "it would work with --%s ", option);
	print_list(relaxation, NULL, to);
}

/* "test" of "test@640x480": a stage may have stated alternatives. */
static size_t length_of_stage(const struct relaxation *relaxation)
{
	const char *at = memchr(relaxation->name, '@', relaxation->name_length);
	return at != NULL ? (size_t)(at - relaxation->name) : relaxation->name_length;
}

static bool is_named(const struct relaxation *relaxation, const char *name)
{
	size_t length = length_of_stage(relaxation);
	return strlen(name) == length && strncmp(name, relaxation->name, length) == 0;
}

static const struct stage_spec *spec_of(const struct run_plan *plan,
					const struct relaxation *relaxation)
{
	for (unsigned i = 0; i < plan->n_stages; i++)
		if (is_named(relaxation, plan->stages[i].name))
			return &plan->stages[i].spec;
	return NULL;
}

static bool same_advice(const struct relaxation *a, const struct relaxation *b)
{
	size_t length = length_of_stage(a);
	return length == length_of_stage(b) && strncmp(a->name, b->name, length) == 0 &&
	       a->left_out == b->left_out && a->field_length == b->field_length &&
	       strncmp(a->field, b->field, a->field_length) == 0 &&
	       a->value_length == b->value_length &&
	       strncmp(a->value, b->value, a->value_length) == 0;
}

/* Told of an alternative of the same stage in a line before. */
static bool is_told(const char *why, const char *line, const struct relaxation *relaxation)
{
	struct relaxation before;
	for (; why < line; why = next_line(why))
		if (is_relaxation(why) && parse(why, &before) && same_advice(&before, relaxation))
			return true;
	return false;
}

/* Nothing but the format that somebody asked for. */
static void print_format(const struct stage_spec *spec, const struct relaxation *relaxation,
			 FILE *to)
{
	const char *format = stage_option(spec, "format");
	if (format == NULL || relaxation->left_out || !field_has(relaxation, "].format"))
		return;
	fprintf(to, "it would work if the format= of %s were one of ", spec->name);
	print_list(relaxation, format, to);
}

void run_print_advice(const struct run_plan *plan, const char *why, FILE *to)
{
	for (const char *line = why; *line != '\0'; line = next_line(line)) {
		struct relaxation relaxation;
		if (!is_relaxation(line) || !parse(line, &relaxation) ||
		    is_told(why, line, &relaxation))
			continue;
		const struct stage_spec *spec = spec_of(plan, &relaxation);
		if (spec != NULL)
			print_format(spec, &relaxation, to);
		else if (is_named(&relaxation, UMM_OPTIONS_PARTICIPANT))
			print_option(&relaxation, to);
	}
}

size_t run_length_of_clash(const char *why)
{
	const char *end = why;
	while (*end != '\0' && !is_relaxation(end))
		end = next_line(end);
	while (end > why && end[-1] == '\n')
		end--;
	return (size_t)(end - why);
}
