/* SPDX-License-Identifier: MIT */
/**
 * Reads the answer as JSON, as any program outside would: what the library says there is a
 * contract, what it keeps in its structures is not. An answer in three parts, the one people look
 * for first: what is it (or: why not), who bound it (or: what would help), and what was rejected.
 */
#include "cli/verdict.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/printable.h"
#include "cli/rejected.h"
#include "cli/words.h"
#include "os/cleanup.h"
#include "share/answer_fold.h"
#include "share/answer_learned.h"
#include "share/answer_text.h"
#include "share/json.h"

/* Lines of rejected candidates, and ways out, that are printed; --json has them all. */
#define MOST_LINES 12

/* Statements and ways out that share a line: all but whose alternative it is must be the same. */
static const char *const clash_keys[] = { "field", "value", "learned", NULL };
static const char *const relax_keys[] = { "field", "to", NULL };

struct page {
	FILE *to;
	const char *bold, *good, *bad, *dim, *off;
	const struct verdict_context *context;
};

static struct page make_page(FILE *to, const struct verdict_context *context,
			     enum verdict_colors colors)
{
	struct page page = { .to = to, .bold = "", .good = "", .bad = "", .dim = "", .off = "" };
	page.context = context;
	if (colors == VERDICT_COLORS) {
		page.bold = "\033[1m";
		page.good = "\033[1;32m";
		page.bad = "\033[1;31m";
		page.dim = "\033[2m";
		page.off = "\033[0m";
	}
	return page;
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Between what was said and what `left` more are to be said. */
static const char *between(size_t left)
{
	return left == 1 ? " and " : ", ";
}

static bool is_wish(const struct page *page, const char *name)
{
	for (const char *const *wish = page->context->wishes; *wish != NULL; wish++)
		if (strcmp(*wish, name) == 0)
			return true;
	return false;
}

/* "a", "a and b", "a, b and c": who shares. */
static void print_sharers(const struct page *page, const json_t *names)
{
	size_t i, left = 0, said = 0;
	const json_t *name;
	json_array_foreach (names, i, name)
		left += !is_wish(page, json_string_value(name));
	json_array_foreach (names, i, name) {
		if (is_wish(page, json_string_value(name)))
			continue;
		fprintf(page->to, "%s%s", said++ > 0 ? between(left) : "", json_string_value(name));
		left--;
	}
}

/* The same of those who bind a field, wishes among them. */
static void print_binders(FILE *to, const json_t *names, const char *field)
{
	size_t i, n = json_array_size(names);
	const json_t *name;
	json_array_foreach (names, i, name)
		fprintf(to, "%s%s", i > 0 ? between(n - i) : "",
			words_who(json_string_value(name), field));
}

static void heading(const struct page *page, const char *text)
{
	fprintf(page->to, "\n%s%s%s\n", page->bold, text, page->off);
}

static void row(const struct page *page, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void row(const struct page *page, const char *label, const char *format, ...)
{
	va_list args;
	fprintf(page->to, "  %-12s", label);
	va_start(args, format);
	/* It has been started. NOLINTNEXTLINE(*-valist.Uninitialized) */
	vfprintf(page->to, format, args);
	fputc('\n', page->to);
	va_end(args);
}

static void print_planes(const struct page *page, const json_t *image)
{
	size_t i;
	const json_t *plane;
	json_array_foreach (json_object_get(image, "planes"), i, plane) {
		char label[32];
		snprintf(label, sizeof(label), "plane %zu", i);
		row(page, label,
		    "offset %" JSON_INTEGER_FORMAT ", stride %" JSON_INTEGER_FORMAT
		    ", %" JSON_INTEGER_FORMAT " rows, %" JSON_INTEGER_FORMAT " bytes",
		    number_of(plane, "offset_bytes"), number_of(plane, "stride_bytes"),
		    number_of(plane, "rows"), number_of(plane, "size_bytes"));
	}
}

static void print_image(const struct page *page, const json_t *image)
{
	if (!json_is_object(image)) {
		row(page, "image", "nobody looks at pixels");
		return;
	}
	row(page, "format", "%s, %s", umm_json_text(image, "format"),
	    umm_json_text(image, "modifier"));
	if (json_is_string(json_object_get(image, "color_space")))
		row(page, "color", "%s", umm_json_text(image, "color_space"));
	const json_t *sizes = json_object_get(image, "required_sizes");
	if (json_array_size(sizes) > 0) {
		fprintf(page->to, "  %-12s", "image");
		words_value(page->to, "required_sizes", sizes);
		fputc('\n', page->to);
	}
	print_planes(page, image);
}

static void print_memory(const struct page *page, const json_t *answer)
{
	row(page, "buffers",
	    "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " bytes (%" JSON_INTEGER_FORMAT
	    " allocated), aligned to %" JSON_INTEGER_FORMAT,
	    number_of(answer, "buffers"), number_of(answer, "size_bytes"),
	    number_of(answer, "raw_size_bytes"), number_of(answer, "address_align"));
	row(page, "heap", "%s, %s%s%s", umm_json_text(answer, "heap"),
	    umm_json_text(answer, "cache"),
	    json_is_true(json_object_get(answer, "contiguous")) ? ", one physical run" : "",
	    json_is_true(json_object_get(answer, "secure")) ? ", protected" : "");
	row(page, "coherency", "%s", umm_json_text(answer, "coherency"));
}

static void print_note(const struct page *page)
{
	const char *note = page->context->note;
	if (note != NULL && *note != '\0')
		row(page, "note", "%s", note);
}

/* What a pair of format and modifier came to is told in full: both are bound. */
static void print_bound_value(const struct page *page, const char *field, const json_t *value)
{
	const bool pair = json_is_object(value);
	fprintf(page->to, "  %-28s", pair ? "format, modifier" : words_label(field));
	if (pair)
		fprintf(page->to, "%s, %s", umm_json_text(value, "format"),
			umm_json_text(value, "modifier"));
	else
		words_value(page->to, field, value);
}

static void print_bound(const struct page *page, const json_t *why)
{
	size_t i;
	const json_t *entry;
	if (json_array_size(why) > 0)
		heading(page, "bound by");
	json_array_foreach (why, i, entry) {
		const char *field = umm_json_text(entry, "field");
		print_bound_value(page, field, json_object_get(entry, "value"));
		fprintf(page->to, "  %s<- ", page->dim);
		print_binders(page->to, json_object_get(entry, "by"), field);
		fprintf(page->to, "%s\n", page->off);
	}
}

static void print_rejected(const struct page *page, const json_t *rejected)
{
	if (json_array_size(rejected) == 0)
		return;
	heading(page, "rejected");
	rejected_print(page->to, rejected, page->context->participants, MOST_LINES);
}

static void print_learned(const struct page *page, const json_t *answer)
{
	if (json_array_size(json_object_get(answer, "learned")) == 0)
		return;
	heading(page, "found out");
	umm_answer_say_learned(page->to, "  ", answer);
}

static void print_solution(const struct page *page, const json_t *answer)
{
	fprintf(page->to, "%syes%s: one layout serves ", page->good, page->off);
	print_sharers(page, json_object_get(answer, "participants"));
	fputs("\n\n", page->to);
	print_image(page, json_object_get(answer, "image"));
	print_memory(page, answer);
	if (json_array_size(json_object_get(answer, "refused")) > 0) {
		fprintf(page->to, "  %-12s", "left out");
		print_sharers(page, json_object_get(answer, "refused"));
		fputc('\n', page->to);
	}
	print_note(page);
	print_bound(page, json_object_get(answer, "why"));
	print_rejected(page, json_object_get(answer, "rejected"));
	print_learned(page, answer);
}

/* What the whole document lacks, told without a participant. */
static const char *document_fault(const char *field)
{
	if (strcmp(field, "usage") == 0)
		return "nobody of them touches memory";
	if (strcmp(field, "buffers") == 0)
		return "nobody of them holds a buffer";
	if (strcmp(field, "formats") == 0)
		return "nobody of them says which format; --format does";
	if (strcmp(field, "color_spaces") == 0)
		return "nobody of them says which color space";
	if (strcmp(field, "heaps") == 0)
		return "no heap has room for anything";
	return "the whole has a fault";
}

static void print_clashing(const struct page *page, const json_t *conflict, size_t i,
			   const char *before)
{
	const json_t *entry = json_array_get(conflict, i);
	const char *name = json_string_value(json_object_get(entry, "participant"));
	const char *field = umm_json_text(entry, "field");
	if (name == NULL) {
		fputs(document_fault(field), page->to);
		return;
	}
	if (strcmp(name, before) != 0) {
		fputs(page->bold, page->to);
		if (words_who(name, field) != name)
			fputs(words_who(name, field), page->to);
		else
			umm_fold_say_who(page->to, conflict, i, clash_keys);
		fprintf(page->to, "%s ", page->off);
	}
	words_demand(page->to, field, json_object_get(entry, "value"));
	if (json_is_true(json_object_get(entry, "learned")))
		fputs(" (as was found out)", page->to);
}

static void print_clash(const struct page *page, const json_t *conflict)
{
	size_t n = 0, said = 0;
	for (size_t i = 0; i < json_array_size(conflict); i++)
		n += umm_fold_count(conflict, i, clash_keys) > 0;
	const char *before = "";
	for (size_t i = 0; i < json_array_size(conflict); i++) {
		if (umm_fold_count(conflict, i, clash_keys) == 0)
			continue;
		if (said > 0)
			fputs(said + 1 < n ? ", " : n == 2 ? ", but " : ", and ", page->to);
		said++;
		print_clashing(page, conflict, i, before);
		before = umm_json_text(json_array_get(conflict, i), "participant");
	}
	fputs(".\n", page->to);
}

/* A single demand that no heap, or nothing in the board, can meet. */
static void print_lonely(const struct page *page, const json_t *conflict)
{
	if (json_array_size(conflict) == 1 &&
	    json_is_string(json_object_get(json_array_get(conflict, 0), "participant")))
		fputs("No heap here, and nobody else, can give that.\n", page->to);
}

static void print_way_out(const struct page *page, const json_t *relax, size_t i)
{
	const json_t *entry = json_array_get(relax, i);
	const char *field = umm_json_text(entry, "field");
	char *who = NULL;
	size_t size;
	FILE *stream = open_memstream(&who, &size);
	if (stream == NULL)
		return;
	umm_fold_say_who(stream, relax, i, relax_keys);
	if (fclose(stream) == 0) {
		fputs("  ", page->to);
		words_relax(page->to, who, field, json_object_get(entry, "to"));
		fputc('\n', page->to);
	}
	free(who);
}

static void print_ways_out(const struct page *page, const json_t *relax)
{
	size_t said = 0;
	heading(page, json_array_size(relax) > 0 ? "any one of these would help"
						 : "no single change would help");
	for (size_t i = 0; i < json_array_size(relax); i++) {
		if (umm_fold_count(relax, i, relax_keys) == 0)
			continue;
		if (said++ < MOST_LINES)
			print_way_out(page, relax, i);
	}
	if (said > MOST_LINES)
		fprintf(page->to, "  and %zu more: --json lists them all\n", said - MOST_LINES);
}

static void print_conflict(const struct page *page, const json_t *answer)
{
	const json_t *conflict = json_object_get(answer, "conflict");
	fprintf(page->to, "%sno%s: no layout serves all of them\n\n", page->bad, page->off);
	print_clash(page, conflict);
	print_lonely(page, conflict);
	if (page->context->remark != NULL)
		fputs(page->context->remark, page->to);
	print_learned(page, answer);
	print_ways_out(page, json_object_get(answer, "relax"));
}

static void print_invalid(const struct page *page, const json_t *answer)
{
	char *text = umm_answer_text_from(answer);
	fprintf(page->to, "%sno%s: a demand breaks the rules of umm-constraints(5)\n\n", page->bad,
		page->off);
	fputs(text != NULL ? text : "", page->to);
	free(text);
}

enum verdict_colors verdict_colors_for(FILE *to)
{
	bool wanted = isatty(fileno(to)) && getenv("NO_COLOR") == NULL;
	return wanted ? VERDICT_COLORS : VERDICT_PLAIN;
}

void verdict_title(FILE *to, const char *title, enum verdict_colors colors)
{
	const struct page page = make_page(to, NULL, colors);
	umm_autofree char *text = strdup(title);
	if (text == NULL)
		return;
	printable_text(text);
	fprintf(to, "%s%s%s\n", page.bold, text, page.off);
}

static void print_answer(const struct page *page, const json_t *answer)
{
	const char *status = umm_json_text(answer, "status");
	if (strcmp(status, "ok") == 0)
		print_solution(page, answer);
	else if (strcmp(status, "conflict") == 0)
		print_conflict(page, answer);
	else
		print_invalid(page, answer);
}

/* Participants are looked up by the names in the answer: both are made printable. */
int verdict_print(FILE *to, const json_t *answer, const struct verdict_context *context,
		  enum verdict_colors colors)
{
	umm_autojson json_t *said = printable_copy(answer);
	umm_autojson json_t *participants = printable_copy(context->participants);
	if (said == NULL || participants == NULL)
		return -1;
	struct verdict_context printable = *context;
	printable.participants = participants;
	const struct page page = make_page(to, &printable, colors);
	print_answer(&page, said);
	return 0;
}
