/* SPDX-License-Identifier: MIT */
/**
 * Random documents, small and mean.
 *
 * Values come from short lists so that participants meet: equal, off by one, multiples, coprime.
 * How dense a document is (how often a field is stated at all) is rolled once for each, which gives
 * about as many conflicts as solutions. Some documents are about one thing: everybody on one format
 * and a heap that takes all, so that the limits of the layout meet; or many late participants. A
 * few documents are huge (numbers near 2^63), a few are broken on purpose (spoil.c).
 */
#include "tests/reference/trial.h"

#include <stdio.h>
#include <string.h>

enum focus { FOCUS_ALL, FOCUS_LAYOUT, FOCUS_LATE };

struct generator {
	struct dice *dice;
	uint64_t density; /* percent by which most other percentages are scaled */
	bool huge;
	enum focus focus;
	unsigned names;
	const char *formats[4], *modifiers[4]; /* modifiers: three and NULL */
};

static bool chance(struct generator *g, uint64_t percent)
{
	return dice_below(g->dice, 10000) < percent * g->density;
}

static bool flip(struct generator *g, uint64_t percent)
{
	return dice_below(g->dice, 100) < percent;
}

#define PICK(g, array) ((array)[dice_below((g)->dice, sizeof(array) / sizeof((array)[0]))])

static json_t *number(struct generator *g, uint64_t value)
{
	static const uint64_t factors[] = { 1, 1ull << 20, 1ull << 31, 1ull << 38, 3ull << 34 };
	static const uint64_t tops[] = { INT64_MAX, 1ull << 62, (1ull << 62) + 1, INT64_MAX - 4095,
					 1ull << 53 };
	if (g->huge && flip(g, 15))
		value = flip(g, 30) ? PICK(g, tops) : value * PICK(g, factors);
	if (flip(g, 3))
		return json_sprintf("0x%llx", (unsigned long long)value);
	return json_integer((json_int_t)value);
}

/** Powers of two stay powers of two. */
static json_t *power(struct generator *g, unsigned most)
{
	unsigned shift = (unsigned)dice_below(g->dice, most + 1);
	if (g->huge && flip(g, 15))
		shift = 40 + (unsigned)dice_below(g->dice, 23);
	return json_integer((json_int_t)1 << shift);
}

static json_t *size(struct generator *g, const uint64_t *values, size_t n)
{
	json_t *w = number(g, values[dice_below(g->dice, n)]);
	json_t *h = number(g, values[dice_below(g->dice, n)]);
	return json_pack("[o,o]", w, h);
}
#define SIZE(g, array) size(g, array, sizeof(array) / sizeof((array)[0]))

static json_t *powers(struct generator *g, unsigned most)
{
	json_t *w = power(g, most), *h = power(g, most);
	return json_pack("[o,o]", w, h);
}

static void put(json_t *object, const char *path, json_t *value)
{
	path_set(object, path, value);
}

/** 1 to `most` different names out of a NULL-terminated list. */
static json_t *names_of(struct generator *g, const char *const *names, uint64_t most)
{
	json_t *list = json_array();
	size_t n = 0, wanted = 1 + dice_below(g->dice, most), at;
	while (names[n] != NULL)
		n++;
	at = dice_below(g->dice, n);
	for (size_t i = 0; i < n && json_array_size(list) < wanted; i++)
		if (flip(g, 60) || n - i <= wanted - json_array_size(list))
			json_array_append_new(list, json_string(names[(at + i) % n]));
	return list;
}

static const char *const heap_names[] = { "system", "cma", "ocm", "zone", NULL };
static const char *const classes[] = { "memfd", "dma_heap", "carveout", NULL };
static const char *const coherencies[] = { "cpu", "ram", "inaccessible", NULL };
static const char *const caches[] = { "cached", "write_combined", "uncached" };
static const uint64_t addresses[] = { 0x3fffffff, 0xffffffff, 0xfffffffff };
static const uint64_t byte_sizes[] = { 1,     4096,   4097,    6144,	8192,	 65536,
				       98304, 131072, 3110400, 3112960, 8294400, 1 << 24 };

/* A heap's limits may be 0. */
static const char *const limits[] = { "address_max", "size_max_bytes", "free_bytes",
				      "largest_free_bytes" };

static json_t *make_heap(struct generator *g, const char *name)
{
	json_t *heap =
		json_pack("{s:s,s:s}", "name", name, "class", classes[dice_below(g->dice, 3)]);
	if (flip(g, 25))
		put(heap, "contiguous", json_true());
	else if (flip(g, 20))
		put(heap, "contiguous_max_bytes", number(g, PICK(g, byte_sizes)));
	if (flip(g, 35))
		put(heap, "address_max", number(g, PICK(g, addresses)));
	if (chance(g, 15))
		put(heap, "size_max_bytes", number(g, PICK(g, byte_sizes)));
	if (chance(g, 15))
		put(heap, "free_bytes", number(g, 3 * PICK(g, byte_sizes)));
	if (chance(g, 15))
		put(heap, "largest_free_bytes", number(g, PICK(g, byte_sizes)));
	if (flip(g, 8))
		put(heap, "secure", json_true());
	else if (flip(g, 20))
		put(heap, "coherency", names_of(g, coherencies, 2));
	if (flip(g, 25))
		put(heap, "cache", json_string(PICK(g, caches)));
	if (flip(g, 15))
		put(heap, "cost", number(g, dice_below(g->dice, 4)));
	if (flip(g, 5))
		put(heap, "zeroed", json_boolean(flip(g, 50)));
	if (flip(g, 2))
		put(heap, PICK(g, limits), json_integer(0));
	return heap;
}

static json_t *make_heaps(struct generator *g)
{
	if (g->focus == FOCUS_LAYOUT)
		return json_pack("[{s:s,s:s}]", "name", "system", "class", "memfd");
	json_t *heaps = json_array();
	size_t n = flip(g, 2) ? 0 : 1 + dice_below(g->dice, 4), at = dice_below(g->dice, 4);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(heaps, make_heap(g, heap_names[(at + i) % 4]));
	return heaps;
}

static const uint64_t pixels[] = { 1, 2, 15, 16, 17, 63, 64, 100, 128, 640, 1080, 1088, 1920 };
static const uint64_t small_pixels[] = { 0, 1, 2, 15, 16, 17, 33, 63, 64 };
static const uint64_t large_pixels[] = { 64, 128, 640, 1080, 1920, 2048, 4096 };
static const uint64_t strides[] = { 1, 16, 64, 100, 128, 640, 1920, 2048, 3840 };
static const uint64_t divisors[] = { 2, 3, 4, 5, 16, 32, 48, 64, 100, 256 };
static const char *const colors[] = { "srgb",	 "rec709",	"rec601_pal", "rec601_ntsc_full",
				      "rec2020", "passthrough", NULL };

static void put_planes(struct generator *g, json_t *entry)
{
	size_t n = 1 + dice_below(g->dice, 3);
	for (size_t i = 0; i < n; i++) {
		char path[64];
		snprintf(path, sizeof(path), "planes[%zu].stride_divisor_bytes", i);
		if (flip(g, 60))
			put(entry, path, number(g, PICK(g, divisors)));
		snprintf(path, sizeof(path), "planes[%zu].offset_divisor_bytes", i);
		if (flip(g, 60))
			put(entry, path, number(g, PICK(g, divisors)));
	}
}

static void put_sizes(struct generator *g, json_t *entry)
{
	if (chance(g, 25))
		put(entry, "size.min", flip(g, 85) ? SIZE(g, small_pixels) : SIZE(g, pixels));
	if (chance(g, 20))
		put(entry, "size.max", SIZE(g, large_pixels));
	if (chance(g, 20))
		put(entry, "size.align", powers(g, 6));
	if (chance(g, 10))
		put(entry, "size.area_max",
		    number(g, PICK(g, large_pixels) * PICK(g, large_pixels)));
	if (chance(g, 30)) {
		json_t *list = json_array();
		for (size_t n = 1 + dice_below(g->dice, 3); n > 0; n--)
			json_array_append_new(list, SIZE(g, pixels));
		put(entry, "required_sizes", list);
	}
	if (chance(g, 8))
		put(entry, "required_min_size", SIZE(g, pixels));
}

static void put_strides(struct generator *g, json_t *entry)
{
	if (chance(g, 15))
		put(entry, "stride.min_bytes", number(g, PICK(g, strides)));
	if (chance(g, 15))
		put(entry, "stride.max_bytes", number(g, PICK(g, strides) + 3840));
	if (chance(g, 30))
		put(entry, "stride.divisor_bytes", number(g, PICK(g, divisors)));
	if (chance(g, g->focus == FOCUS_LAYOUT ? 25 : 10))
		put(entry, "stride.whole_pixels", json_boolean(flip(g, 80)));
	if (chance(g, g->focus == FOCUS_LAYOUT ? 25 : 12))
		put(entry, "stride.exact", json_boolean(flip(g, 80)));
	if (chance(g, g->focus == FOCUS_LAYOUT ? 30 : 12))
		put_planes(g, entry);
}

static void put_limits(struct generator *g, json_t *entry)
{
	static const char *const handles[] = { "one", "per_plane", "per_plane", "any" };
	put_sizes(g, entry);
	put_strides(g, entry);
	if (chance(g, 12))
		put(entry, "color_spaces",
		    flip(g, 15) ? json_pack("[s]", "any") : names_of(g, colors, 4));
	if (chance(g, 8))
		put(entry, "alpha", json_boolean(flip(g, 50)));
	if (chance(g, 12))
		put(entry, "handles", json_string(PICK(g, handles)));
	if (chance(g, 4))
		put(entry, "offset_divisor_bytes", power(g, 12));
	if (chance(g, 10))
		put(entry, "rows_align", power(g, 6));
	if (chance(g, 10))
		put(entry, "pad_block", powers(g, g->focus == FOCUS_LAYOUT ? 9 : 6));
	if (chance(g, 10))
		put(entry, "extra_rows",
		    number(g, dice_below(g->dice, 9) * dice_below(g->dice, 5)));
	if (chance(g, 8))
		put(entry, "total_min_bytes", number(g, PICK(g, byte_sizes)));
	if (chance(g, 20))
		put(entry, "cost", json_integer((json_int_t)dice_below(g->dice, 4)));
}

/** `format` of entry i: one, or a list of it and the next, which is then used up. */
static json_t *some_format(struct generator *g, size_t start, size_t *i, size_t n)
{
	const char *format = g->formats[(start + *i) % 4];
	if (*i + 1 >= n || !flip(g, 12))
		return json_string(format);
	return json_pack("[s,s]", format, g->formats[(start + ++*i) % 4]);
}

/** Entries differ in format, or all in modifier: they never overlap. */
static json_t *make_formats(struct generator *g)
{
	static const char *const linear[] = { NULL, "NONE" };
	json_t *list = json_array();
	bool by_modifier = flip(g, 15), any = flip(g, 12);
	size_t n = 1 + dice_below(g->dice, by_modifier ? 3 : 4), start = dice_below(g->dice, 4);

	if (flip(g, 60))
		start = 0;
	if (g->focus == FOCUS_LAYOUT)
		n = 1, start = 0, any = by_modifier = false;
	if (any && !by_modifier)
		n = 1;
	for (size_t i = 0; i < n; i++) {
		json_t *entry = json_object();
		size_t fixed = 0;
		put(entry, "format",
		    any		  ? json_string("any")
		    : by_modifier ? some_format(g, start, &fixed, 1)
				  : some_format(g, start, &i, n));
		if (by_modifier && strcmp(g->modifiers[i], "LINEAR") == 0)
			put(entry, "modifier",
			    PICK(g, linear) == NULL ? json_integer(0) : json_string("NONE"));
		else if (by_modifier)
			put(entry, "modifier", json_string(g->modifiers[i]));
		else if (flip(g, g->focus == FOCUS_LAYOUT ? 5 : 30))
			put(entry, "modifier",
			    flip(g, 40) ? json_string("any") : names_of(g, g->modifiers, 3));
		put_limits(g, entry);
		json_array_append_new(list, entry);
	}
	return list;
}

static void put_reach(struct generator *g, json_t *p)
{
	if (chance(g, 15))
		put(p, "memory.contiguous", json_boolean(flip(g, 85)));
	if (chance(g, 10))
		put(p, "memory.address.align", power(g, 16));
	if (chance(g, 12))
		put(p, "memory.address.max", number(g, PICK(g, addresses)));
	if (chance(g, 10))
		put(p, "memory.segments.max_count", number(g, 1ull << dice_below(g->dice, 10)));
	if (chance(g, 7))
		put(p, "memory.segments.max_bytes", number(g, PICK(g, byte_sizes)));
	if (chance(g, 7))
		put(p, "memory.segments.boundary_bytes", power(g, 20));
	if (chance(g, 15))
		put(p, "memory.iommu", json_boolean(flip(g, 85)));
}

static void put_memory(struct generator *g, json_t *p, bool has_cpu)
{
	static const char *const mapped[] = { "cpu", "ram", NULL };
	if (chance(g, 8))
		put(p, "memory.size_bytes.min", number(g, PICK(g, byte_sizes)));
	if (chance(g, 8))
		put(p, "memory.size_bytes.max", number(g, 2 * PICK(g, byte_sizes) + 65536));
	put_reach(g, p);
	if (!has_cpu && chance(g, 8))
		put(p, "memory.secure", json_true());
	else if (chance(g, 12))
		put(p, "memory.coherency", names_of(g, has_cpu ? mapped : coherencies, 2));
	if (chance(g, 15))
		put(p, "memory.cache", json_string(PICK(g, caches)));
	if (chance(g, 12))
		put(p, "memory.heaps", names_of(g, heap_names, 3));
	if (chance(g, 12))
		put(p, "memory.imports", names_of(g, classes, 3));
	if (chance(g, 8))
		put(p, "memory.pad_end_bytes", number(g, dice_below(g->dice, 5000)));
}

static void put_buffers(struct generator *g, json_t *p)
{
	if (flip(g, 70))
		put(p, "buffers.camping", number(g, (1 + dice_below(g->dice, 23)) / 6));
	if (flip(g, 12))
		put(p, "buffers.dedicated_slack", number(g, dice_below(g->dice, 3)));
	if (flip(g, 12))
		put(p, "buffers.shared_slack", number(g, dice_below(g->dice, 3)));
	if (chance(g, 15))
		put(p, "buffers.min", number(g, dice_below(g->dice, 4)));
	if (chance(g, 12))
		put(p, "buffers.max", number(g, 3 + dice_below(g->dice, 8)));
}

static json_t *make_participant(struct generator *g)
{
	static const char *const devices[] = { "gpu", "video", "display", "dma", NULL };
	static const char *const cpus[] = { "cpu_read", "cpu_write", "cpu_read_often", "dma",
					    NULL };
	int letter = 'a' + (int)dice_below(g->dice, 26);
	json_t *p = json_pack("{s:o}", "name", json_sprintf("%c%u", letter, g->names++));
	bool has_cpu = flip(g, 20), none = flip(g, 7);

	if (flip(g, g->focus == FOCUS_LATE ? 60 : 14))
		put(p, "attach", json_string(flip(g, 75) ? "late" : "dispensable"));
	if (flip(g, 3))
		return p;
	put(p, "usage", none ? json_pack("[s]", "none") : names_of(g, has_cpu ? cpus : devices, 2));
	put_buffers(g, p);
	if (g->focus != FOCUS_LAYOUT)
		put_memory(g, p, has_cpu && !none);
	else if (chance(g, 10))
		put(p, "memory.size_bytes.max", number(g, PICK(g, byte_sizes) + 65536));
	else if (chance(g, 10))
		put(p, "memory.pad_end_bytes", number(g, dice_below(g->dice, 50000)));
	if (flip(g, 75))
		put(p, "formats", make_formats(g));
	else if (flip(g, 8))
		put(p, "formats", json_array());
	if (flip(g, 3))
		put(p, "comment", json_string("made up"));
	return p;
}

static json_t *make_items(struct generator *g, size_t n, unsigned depth)
{
	json_t *items = json_array();
	for (size_t i = 0; i < n; i++) {
		if (depth == 3 || !flip(g, 18)) {
			json_array_append_new(items, make_participant(g));
			continue;
		}
		json_t *alternatives = json_array();
		for (size_t k = 1 + dice_below(g->dice, 3); k > 0; k--) {
			size_t members = flip(g, 15) ? 0 : 1 + dice_below(g->dice, 2);
			json_array_append_new(alternatives, make_items(g, members, depth + 1));
		}
		json_t *name = json_sprintf("g%u", g->names++);
		json_array_append_new(items,
				      json_pack("{s:o,s:o}", "name", name, "one_of", alternatives));
	}
	return items;
}

json_t *generate(struct dice *dice)
{
	static const char *const formats[] = { "NV12", "XR24", "YUYV", "RG16", "P010", "YU12",
					       "RG24", "AB4H", "XR30", "NV24", "YUV9", "R8",
					       "AR24", "YU11", "GR88", "NV16" };
	static const char *const modifiers[] = { "LINEAR",
						 "I915_X_TILED",
						 "I915_Y_TILED_CCS",
						 "QCOM_COMPRESSED",
						 "0x800000000000041",
						 "0x200000000002001",
						 "SAMSUNG_16_16_TILE" };
	struct generator g = { .dice = dice };
	g.density = 10 + dice_below(dice, 90);
	g.huge = flip(&g, 6);
	if (flip(&g, 25))
		g.focus = FOCUS_LAYOUT;
	else if (flip(&g, 15))
		g.focus = FOCUS_LATE;
	if (g.focus == FOCUS_LAYOUT)
		g.density = 40 + dice_below(dice, 100);
	size_t at = dice_below(dice, 16), step = 1 + dice_below(dice, 5);
	for (size_t i = 0; i < 4; i++)
		g.formats[i] = formats[(at + i * step) % 16];
	at = dice_below(dice, 6);
	for (size_t i = 0; i < 3; i++)
		g.modifiers[i] = modifiers[i == 0 && flip(&g, 70) ? 0 : 1 + (at + i) % 6];

	json_t *heaps = make_heaps(&g);
	json_t *items = make_items(&g, 2 + dice_below(dice, flip(&g, 60) ? 2 : 4), 0);
	json_t *document = json_pack("{s:o,s:o}", "heaps", heaps, "participants", items);
	if (flip(&g, 10))
		put(document, "collection.name", json_string("viewfinder"));
	if (flip(&g, 25))
		sharpen(document, dice);
	if (flip(&g, 5))
		spoil(document, dice);
	return document;
}
