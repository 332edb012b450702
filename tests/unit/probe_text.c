/* SPDX-License-Identifier: MIT */
/** What `umm probe` makes of facts and of what trials have taught, for people. */
#include <stdlib.h>

#include "cli/probe_device.h"
#include "cli/probe_learned.h"
#include "os/cleanup.h"
#include "tests/harness.h"

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);
	CHECK(value != NULL);
	return value;
}

/* What a printer says of two lists. `second` NULL: it gets no second one. */
static void text_is(void (*print)(FILE *, const json_t *, const json_t *), const char *first,
		    const char *second, const char *wanted)
{
	json_t *a = parse(first), *b = second != NULL ? parse(second) : NULL;
	umm_autofree char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	print(out, a, b);
	CHECK_INT(fclose(out), 0);
	CHECK_STR(text, wanted);
	json_decref(a);
	json_decref(b);
}

#define AND(entry) "," entry

/* ---- what trials have taught ---- */

#define ENTRY(driver, device, rest) "{\"driver\":\"" driver "\",\"device\":\"" device "\"," rest "}"
#define HEAP(name)		    "\"about\":\"heap\",\"heap\":\"" name "\","
#define TOOK			    "\"errno\":0,\"why\":\"\",\"source\":\"trial\""
#define WRONG			    "\"errno\":74,\"error\":\"EBADMSG\",\"why\":\"wrong pixels\",\"source\":\"table\""

static void learned_is(const char *learned, const char *devices, const char *wanted)
{
	text_is(probe_learned_print, learned, devices, wanted);
}

TEST(nothing_learned_is_no_section)
{
	learned_is("[]", "[]", "");
}

#define CARD0_TOOK(heap) ENTRY("a", "kms:/dev/dri/card0", HEAP(heap) TOOK)
#define CARD1_TOOK(heap) ENTRY("a", "kms:/dev/dri/card1", HEAP(heap) TOOK)
#define CARD0_REFUSED(heap)                                                                        \
	ENTRY("a", "kms:/dev/dri/card0",                                                           \
	      HEAP(heap) "\"errno\":19,\"error\":\"ENODEV\",\"why\":\"PRIME import\","             \
			 "\"source\":\"trial\"")

TEST(heaps_of_which_the_same_is_known_are_one_line)
{
	learned_is("[" CARD0_TOOK("udmabuf") AND(CARD0_REFUSED("x")) AND(CARD0_TOOK("system"))
			   AND(CARD1_TOOK("system")) "]",
		   "[]",
		   "\nlearned:\n"
		   "  kms:/dev/dri/card0 takes memory of heaps udmabuf, system\n"
		   "                        known by: trial\n"
		   "  kms:/dev/dri/card0 refuses memory of heaps x: ENODEV\n"
		   "                        known by: trial: PRIME import\n"
		   "  kms:/dev/dri/card1 takes memory of heaps system\n"
		   "                        known by: trial\n");
}

#define LAYOUT(size)                                                                               \
	ENTRY("a", "kms:x",                                                                        \
	      "\"about\":\"layout\",\"alternative\":\"" size                                       \
	      "\",\"format\":\"XR24\",\"modifier\":\"linear\",\"stride_bytes\":64," TOOK)

TEST(layout_that_was_tried_in_many_sizes_is_told_once)
{
	learned_is("[" LAYOUT("1x1") AND(LAYOUT("2x2")) AND(LAYOUT("3x3")) "]", "[]",
		   "\nlearned:\n  kms:x takes layouts XR24 linear\n"
		   "                        known by: trial\n");
}

#define X_TOOK(heap) ENTRY("a", "x", HEAP(heap) TOOK)

TEST(long_lists_are_cut_short)
{
	learned_is("[" X_TOOK("1") AND(X_TOOK("2")) AND(X_TOOK("3")) AND(X_TOOK("4"))
			   AND(X_TOOK("5")) AND(X_TOOK("6")) AND(X_TOOK("7")) AND(X_TOOK("8"))
				   AND(X_TOOK("9")) AND(X_TOOK("10")) "]",
		   "[]",
		   "\nlearned:\n"
		   "  x takes memory of heaps 1, 2, 3, 4, 5, 6, 7, 8, and 2 more (--json)\n"
		   "                        known by: trial\n");
}

#define VIVID_WRONG(heap) ENTRY("vivid", "", HEAP(heap) WRONG)
#define NEEDS_A_RUN                                                                                \
	ENTRY("isi", "",                                                                           \
	      "\"about\":\"contiguous\",\"errno\":0,\"why\":\"isi.c\",\"source\":\"table\"")
#define REFUSES_CLASSES                                                                            \
	ENTRY("gpu", "",                                                                           \
	      "\"about\":\"classes\",\"classes\":[\"udmabuf\",\"v4l2\"],\"errno\":19,"             \
	      "\"error\":\"ENODEV\",\"why\":\"gpu.c\",\"source\":\"table\"")
#define NOT_HERE ENTRY("absent", "", HEAP("arena") WRONG)

TEST(table_is_told_of_drivers_that_are_here_and_counted_of_others)
{
	learned_is("[" VIVID_WRONG("arena") AND(VIVID_WRONG("huge")) AND(NEEDS_A_RUN)
			   AND(REFUSES_CLASSES) AND(NOT_HERE) "]",
		   "[{\"facts\":[{\"field\":\"driver\",\"value\":\"vivid\"}]},{},"
		   "{\"facts\":[{\"field\":\"driver\",\"value\":\"isi\"},"
		   "{\"field\":\"card\",\"value\":\"absent\"}]},"
		   "{\"facts\":[{\"field\":\"driver\",\"value\":\"gpu\"}]}]",
		   "\nlearned:\n"
		   "  driver vivid uses the wrong bytes of memory of heaps arena, huge: EBADMSG\n"
		   "                        known by: table: wrong pixels\n"
		   "  driver isi needs one run of memory, unless behind an IOMMU\n"
		   "                        known by: table: isi.c\n"
		   "  driver gpu refuses memory of classes udmabuf, v4l2: ENODEV\n"
		   "                        known by: table: gpu.c\n"
		   "  of drivers that are not here the table says 1 thing (--json)\n");
}

/* ---- facts ---- */

static void facts_are(const char *facts, const char *other, const char *wanted)
{
	text_is(probe_device_print, facts, other, wanted);
}

#define FACT(field, value) "{\"field\":\"" field "\",\"value\":" value ",\"source\":\"driver\"}"

TEST(of_the_other_end_only_what_differs_is_told)
{
	const char *writes = "[" FACT("card", "\"c\"") AND(FACT("direction", "\"writes\""))
		AND(FACT("formats", "1")) AND(FACT("formats", "2")) "]";
	const char *reads = "[" FACT("card", "\"c\"") AND(FACT("direction", "\"reads\""))
		AND(FACT("formats", "2")) "]";
	facts_are(writes, NULL,
		  "                          card: c (driver)\n"
		  "                          direction: writes (driver)\n"
		  "                          formats: 1, 2 (driver)\n");
	facts_are(writes, reads,
		  "                          card: c (driver)\n"
		  "                          direction: writes (driver)\n"
		  "                          formats: 1, 2 (driver)\n"
		  "                          its other end:\n"
		  "                            direction: reads (driver)\n"
		  "                            formats: 2 (driver)\n");
	facts_are("[]", "[]", "                          its other end is the same\n");
}
