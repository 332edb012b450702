/* SPDX-License-Identifier: MIT */
/**
 * Reads the answer as JSON, as any program outside would: what the library says there is a
 * contract, what it keeps in its structures is not. An answer in three parts, the one people look
 * for first: what is it (or: why not), who bound it (or: what would help), and what was rejected.
 */
#include "cli/verdict.h"

#include <stdarg.h>
#include <string.h>

#include "cli/rejected.h"
#include "cli/words.h"
#include "share/json.h"

/* Lines of rejected candidates, and ways out, that are printed; --json has them all. */
#define MOST_LINES 12

struct page {
	FILE *to;
	const char *bold, *good, *bad, *dim, *off;
	const struct pipeline *pipeline;
};

static struct page make_page(FILE *to, const struct pipeline *pipeline, enum verdict_colors colors)
{
	struct page page = { .to = to, .bold = "", .good = "", .bad = "", .dim = "", .off = "" };
	page.pipeline = pipeline;
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

/* "a", "a and b", "a, b and c"; without the name `except`, which may be NULL. */
static void print_names(FILE *to, const json_t *names, const char *except)
{
	size_t i, left = json_array_size(names);
	const json_t *name;
	json_array_foreach (names, i, name)
		left -= except != NULL && strcmp(json_string_value(name), except) == 0;
	const char *between = "";
	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		if (except != NULL && strcmp(text, except) == 0)
			continue;
		fprintf(to, "%s%s", between, text);
		between = --left == 1 ? " and " : ", ";
	}
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
	va_start(args, format);
	fprintf(page->to, "  %-12s", label);
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

static void print_bound(const struct page *page, const json_t *why)
{
	size_t i;
	const json_t *entry;
	if (json_array_size(why) > 0)
		heading(page, "bound by");
	json_array_foreach (why, i, entry) {
		const char *field = umm_json_text(entry, "field");
		fprintf(page->to, "  %-28s", words_label(field));
		words_value(page->to, field, json_object_get(entry, "value"));
		fprintf(page->to, "  %s<- ", page->dim);
		print_names(page->to, json_object_get(entry, "by"), NULL);
		fprintf(page->to, "%s\n", page->off);
	}
}

static void print_and_more(const struct page *page, size_t n)
{
	if (n > MOST_LINES)
		fprintf(page->to, "  and %zu more: --json lists them all\n", n - MOST_LINES);
}

static void print_rejected(const struct page *page, const json_t *rejected)
{
	if (json_array_size(rejected) == 0)
		return;
	heading(page, "rejected");
	rejected_print(page->to, rejected, page->pipeline, MOST_LINES);
}

static void print_solution(const struct page *page, const json_t *answer)
{
	fprintf(page->to, "%syes%s: one layout serves ", page->good, page->off);
	print_names(page->to, json_object_get(answer, "participants"), page->pipeline->request);
	fputs("\n\n", page->to);
	print_image(page, json_object_get(answer, "image"));
	print_memory(page, answer);
	if (json_array_size(json_object_get(answer, "refused")) > 0) {
		fprintf(page->to, "  %-12s", "left out");
		print_names(page->to, json_object_get(answer, "refused"), NULL);
		fputc('\n', page->to);
	}
	print_bound(page, json_object_get(answer, "why"));
	print_rejected(page, json_object_get(answer, "rejected"));
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

static void print_clash(const struct page *page, const json_t *conflict)
{
	size_t i, n = json_array_size(conflict);
	const json_t *entry;
	const char *before = "";
	json_array_foreach (conflict, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "participant"));
		const char *field = umm_json_text(entry, "field");
		if (i > 0)
			fputs(i + 1 == n ? (n == 2 ? ", but " : ", and ") : ", ", page->to);
		if (name == NULL) {
			fputs(document_fault(field), page->to);
			continue;
		}
		if (strcmp(name, before) != 0)
			fprintf(page->to, "%s%s%s ", page->bold, name, page->off);
		words_demand(page->to, field, json_object_get(entry, "value"));
		before = name;
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

static void print_conflict(const struct page *page, const json_t *answer)
{
	size_t i;
	const json_t *entry, *relax = json_object_get(answer, "relax");
	const json_t *conflict = json_object_get(answer, "conflict");
	fprintf(page->to, "%sno%s: no layout serves all of them\n\n", page->bad, page->off);
	print_clash(page, conflict);
	print_lonely(page, conflict);
	heading(page, json_array_size(relax) > 0 ? "any one of these would help"
						 : "no single change would help");
	json_array_foreach (relax, i, entry) {
		if (i >= MOST_LINES)
			break;
		fputs("  ", page->to);
		words_relax(page->to, umm_json_text(entry, "participant"),
			    umm_json_text(entry, "field"), json_object_get(entry, "to"));
		fputc('\n', page->to);
	}
	print_and_more(page, json_array_size(relax));
}

int verdict_print(FILE *to, const struct umm_answer *answer, const struct pipeline *pipeline,
		  enum verdict_colors colors)
{
	const struct page page = make_page(to, pipeline, colors);
	json_t *root = json_loads(umm_answer_json(answer), 0, NULL);
	if (root == NULL)
		return -1;
	switch (umm_answer_verdict(answer)) {
	case UMM_OK:
		print_solution(&page, root);
		break;
	case UMM_CONFLICT:
		print_conflict(&page, root);
		break;
	default:
		fprintf(to, "%sno%s: a demand breaks the rules of umm-constraints(5)\n\n", page.bad,
			page.off);
		fputs(umm_answer_text(answer), to);
		break;
	}
	json_decref(root);
	return 0;
}
