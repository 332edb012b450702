/* SPDX-License-Identifier: MIT */
/**
 * One table says how each field of the contract is spoken of. A field arrives as a path inside its
 * participant ("formats[1].stride.exact") or, in an explanation of what was chosen, without the
 * list it came from ("stride.exact"): both mean the same row, so indexes and the leading "formats"
 * are taken off before looking it up.
 */
#include "cli/words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "share/negotiation.h"

/** Items of a list that are printed. */
#define MOST_ITEMS 8

/* How the value of a field is written. */
enum kind { PLAIN, BYTES, ADDRESS, BUFFERS };

struct word {
	const char *field;
	const char *label;
	const char *demand; /* with one %s for the value, or without */
	enum kind kind;
};

static const struct word words[] = {
	{ "usage", "usage", "is there for %s", PLAIN },
	{ "buffers.camping", "buffers held", "holds %s", BUFFERS },
	{ "buffers.dedicated_slack", "extra buffers", "wants %s more of its own", BUFFERS },
	{ "buffers.shared_slack", "extra buffers, shared", "wants %s more", BUFFERS },
	{ "buffers.min", "buffers, at least", "needs at least %s", BUFFERS },
	{ "buffers.max", "buffers, at most", "takes at most %s", BUFFERS },
	{ "memory.size_bytes.min", "buffer size, at least", "needs buffers of at least %s", BYTES },
	{ "memory.size_bytes.max", "buffer size, at most", "takes buffers of at most %s", BYTES },
	{ "memory.contiguous", "physically contiguous", "needs one physically contiguous run",
	  PLAIN },
	{ "memory.address.align", "address, a multiple of",
	  "needs addresses that are multiples of %s", BYTES },
	{ "memory.address.max", "highest address", "reaches no address above %s", ADDRESS },
	{ "memory.segments.max_count", "pieces, at most", "can gather at most %s pieces", PLAIN },
	{ "memory.segments.max_bytes", "bytes of a piece, at most", "takes pieces of at most %s",
	  BYTES },
	{ "memory.segments.boundary_bytes", "no piece crosses a multiple of",
	  "takes no piece that crosses a multiple of %s", BYTES },
	{ "memory.iommu", "IOMMU", "sits behind an IOMMU", PLAIN },
	{ "memory.secure", "protected memory", "needs protected memory", PLAIN },
	{ "memory.coherency", "coherency", "works with %s coherency only", PLAIN },
	{ "memory.cache", "cache", "wishes for %s mappings", PLAIN },
	{ "memory.heaps", "permitted heaps", "takes memory from %s only", PLAIN },
	{ "memory.imports", "can attach", "can attach buffers of %s only", PLAIN },
	{ "memory.pad_end_bytes", "bytes past the image", "reads %s past the image", BYTES },
	{ "formats", "formats", "takes %s only", PLAIN },
	{ "format", "format", "takes %s only", PLAIN },
	{ "modifier", "modifier", "takes the modifier %s only", PLAIN },
	{ "color_spaces", "color space", "takes the color space %s only", PLAIN },
	{ "alpha", "alpha", "has its own mind about alpha", PLAIN },
	{ "size.min", "image, at least", "handles no image below %s", PLAIN },
	{ "size.max", "image, at most", "handles images of at most %s", PLAIN },
	{ "size.align", "image, a multiple of", "wants image sizes that are multiples of %s",
	  PLAIN },
	{ "size.area_max", "pixels, at most", "handles at most %s pixels", PLAIN },
	{ "required_sizes", "must hold", "must hold %s", PLAIN },
	{ "required_min_size", "must allow", "must be able to go down to %s", PLAIN },
	{ "stride.min_bytes", "stride, at least", "needs a stride of at least %s", BYTES },
	{ "stride.max_bytes", "stride, at most", "takes a stride of at most %s", BYTES },
	{ "stride.divisor_bytes", "stride, a multiple of",
	  "needs a stride that is a multiple of %s", BYTES },
	{ "stride.whole_pixels", "stride, in whole pixels", "needs a stride of whole pixels",
	  PLAIN },
	{ "stride.exact", "stride, exact", "takes no stride but its own for that width", PLAIN },
	{ "offset_divisor_bytes", "image start, a multiple of",
	  "needs the image to start at a multiple of %s", BYTES },
	{ "planes.stride_divisor_bytes", "plane stride, a multiple of",
	  "needs plane strides that are multiples of %s", BYTES },
	{ "planes.offset_divisor_bytes", "plane start, a multiple of",
	  "needs planes that start at multiples of %s", BYTES },
	{ "handles", "planes in", "wants the planes in %s", PLAIN },
	{ "rows_align", "rows, a multiple of", "needs rows in groups of %s", PLAIN },
	{ "pad_block", "reads whole blocks of", "reads whole blocks of %s", PLAIN },
	{ "extra_rows", "extra rows", "adds %s rows", PLAIN },
	{ "total_min_bytes", "total, at least", "needs a total of at least %s", BYTES },
};

/* "formats[1].planes[0].stride_divisor_bytes" -> "planes.stride_divisor_bytes" */
static void bare_field(const char *field, char *out, size_t size)
{
	size_t used = 0;
	for (bool index = false; *field != '\0' && used + 1 < size; field++) {
		if (*field == '[')
			index = true;
		if (!index)
			out[used++] = *field;
		if (*field == ']')
			index = false;
	}
	out[used] = '\0';
	static const char list[] = "formats.";
	if (strncmp(out, list, sizeof(list) - 1) == 0)
		memmove(out, out + sizeof(list) - 1, used - (sizeof(list) - 1) + 1);
}

static const struct word *find_word(const char *field)
{
	char bare[128];
	bare_field(field, bare, sizeof(bare));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].field, bare) == 0)
			return &words[i];
	return NULL;
}

const char *words_label(const char *field)
{
	const struct word *word = find_word(field);
	return word != NULL ? word->label : field;
}

static const char *unit_of(enum kind kind, json_int_t number)
{
	if (kind == BYTES)
		return number == 1 ? " byte" : " bytes";
	if (kind == BUFFERS)
		return number == 1 ? " buffer" : " buffers";
	return "";
}

static void print_number(FILE *to, enum kind kind, json_int_t number)
{
	if (kind == ADDRESS)
		fprintf(to, "0x%" PRIx64, (uint64_t)number);
	else
		fprintf(to, "%" JSON_INTEGER_FORMAT "%s", number, unit_of(kind, number));
}

/* [1920, 1080], the only pairs of numbers the contract has. */
static bool is_size(const json_t *value)
{
	return json_array_size(value) == 2 && json_is_integer(json_array_get(value, 0)) &&
	       json_is_integer(json_array_get(value, 1));
}

static void print_size(FILE *to, const json_t *value)
{
	fprintf(to, "%" JSON_INTEGER_FORMAT "x%" JSON_INTEGER_FORMAT,
		json_integer_value(json_array_get(value, 0)),
		json_integer_value(json_array_get(value, 1)));
}

static void print_any(FILE *to, enum kind kind, const json_t *value);

static void print_list(FILE *to, enum kind kind, const json_t *list)
{
	size_t i, n = json_array_size(list);
	const json_t *item;
	if (is_size(list)) {
		print_size(to, list);
		return;
	}
	json_array_foreach (list, i, item) {
		if (i == MOST_ITEMS && n > MOST_ITEMS) {
			fprintf(to, " and %zu more", n - MOST_ITEMS);
			break;
		}
		if (i > 0)
			fputs(", ", to);
		print_any(to, kind, item);
	}
}

static bool goes_without_saying(const json_t *modifier)
{
	const char *name = json_string_value(modifier);
	return modifier == NULL ||
	       (name != NULL && (strcmp(name, "LINEAR") == 0 || strcmp(name, "any") == 0));
}

/* One entry of `formats`: "NV12", or "NV12 (I915_X_TILED)". */
static void print_format(FILE *to, const json_t *entry)
{
	const json_t *modifier = json_object_get(entry, "modifier");
	print_any(to, PLAIN, json_object_get(entry, "format"));
	if (goes_without_saying(modifier))
		return;
	fputs(" (", to);
	print_any(to, PLAIN, modifier);
	fputc(')', to);
}

static void print_any(FILE *to, enum kind kind, const json_t *value)
{
	if (json_is_string(value))
		fputs(json_string_value(value), to);
	else if (json_is_integer(value))
		print_number(to, kind, json_integer_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "yes" : "no", to);
	else if (json_is_array(value))
		print_list(to, kind, value);
	else if (json_is_object(value))
		print_format(to, value);
	else
		fputs("none", to);
}

void words_value(FILE *to, const char *field, const json_t *value)
{
	const struct word *word = find_word(field);
	/* a column of its own says what is counted */
	print_any(to, word != NULL && word->kind != BUFFERS ? word->kind : PLAIN, value);
}

void words_demand(FILE *to, const char *field, const json_t *value)
{
	const struct word *word = find_word(field);
	const char *hole = word != NULL ? strstr(word->demand, "%s") : NULL;
	if (word == NULL || (hole != NULL && value == NULL)) {
		fprintf(to, "demands otherwise (%s)", field);
		return;
	}
	if (hole == NULL) {
		fputs(word->demand, to);
		return;
	}
	fprintf(to, "%.*s", (int)(hole - word->demand), word->demand);
	print_any(to, word->kind, value);
	fputs(hole + 2, to);
}

const char *words_who(const char *participant, const char *field)
{
	if (strcmp(participant, UMM_OPTIONS_PARTICIPANT) != 0)
		return participant;
	return strncmp(field, "buffers", strlen("buffers")) == 0 ? "--buffers" : "--heap";
}

static void print_option(FILE *to, const char *option, const char *field, const json_t *value)
{
	if (value == NULL || json_is_null(value)) {
		fprintf(to, "leave out %s", option);
		return;
	}
	fprintf(to, "give %s ", option);
	words_value(to, field, value);
}

void words_relax(FILE *to, const char *participant, const char *field, const json_t *value)
{
	const char *who = words_who(participant, field);
	if (who != participant) {
		print_option(to, who, field, value);
		return;
	}
	if (value == NULL || json_is_null(value)) {
		fprintf(to, "leave out %s's \"%s\"", participant, words_label(field));
	} else {
		fprintf(to, "change %s's \"%s\" to ", participant, words_label(field));
		words_value(to, field, value);
	}
	fprintf(to, "  (%s)", field);
}
