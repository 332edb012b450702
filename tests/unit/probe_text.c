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

/* ---- what trials have taught ---- */

#define ENTRY(driver, device, rest) "{\"driver\":\"" driver "\",\"device\":\"" device "\"," rest "}"
#define HEAP(name)		    "\"about\":\"heap\",\"heap\":\"" name "\","
#define TOOK			    "\"errno\":0,\"why\":\"\",\"source\":\"trial\""
#define WRONG			    "\"errno\":74,\"error\":\"EBADMSG\",\"why\":\"wrong pixels\",\"source\":\"table\""

static void learned_is(const char *learned, const char *devices, const char *wanted)
{
	json_t *list = parse(learned), *nodes = parse(devices);
	umm_autofree char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	probe_learned_print(out, list, nodes);
	CHECK_INT(fclose(out), 0);
	CHECK_STR(text, wanted);
	json_decref(list);
	json_decref(nodes);
}

TEST(nothing_learned_is_no_section)
{
	learned_is("[]", "[]", "");
}

TEST(heaps_of_which_the_same_is_known_are_one_line)
{
	learned_is(
		"[" ENTRY("a", "kms:/dev/dri/card0", HEAP("udmabuf") TOOK) "," ENTRY(
			"a", "kms:/dev/dri/card0",
			HEAP("x") "\"errno\":19,\"error\":\"ENODEV\",\"why\":\"PRIME import\","
				  "\"source\":\"trial\"") "," ENTRY("a", "kms:/dev/dri/card0",
								    HEAP("system")
									    TOOK) "," ENTRY("a",
											    "kms:/"
											    "dev/"
											    "dri/"
											    "card1",
											    HEAP("s"
												 "y"
												 "s"
												 "t"
												 "e"
												 "m")
												    TOOK) "]",
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
	learned_is("[" LAYOUT("1x1") "," LAYOUT("2x2") "," LAYOUT("3x3") "]", "[]",
		   "\nlearned:\n  kms:x takes layouts XR24 linear\n"
		   "                        known by: trial\n");
}

TEST(long_lists_are_cut_short)
{
	learned_is(
		"[" ENTRY("a", "x", HEAP("1") TOOK) "," ENTRY("a", "x", HEAP("2") TOOK) "," ENTRY("a", "x", HEAP("3") TOOK) "," ENTRY("a", "x", HEAP("4") TOOK) "," ENTRY(
			"a", "x",
			HEAP("5")
				TOOK) "," ENTRY("a", "x",
						HEAP("6")
							TOOK) "," ENTRY("a", "x",
									HEAP("7")
										TOOK) "," ENTRY("a",
												"x",
												HEAP("8")
													TOOK) "," ENTRY("a",
															"x",
															HEAP("9")
																TOOK) "," ENTRY("a",
																		"x",
																		HEAP("10")
																			TOOK) "]",
		"[]",
		"\nlearned:\n"
		"  x takes memory of heaps 1, 2, 3, 4, 5, 6, 7, 8, and 2 more (--json)\n"
		"                        known by: trial\n");
}

TEST(table_is_told_of_drivers_that_are_here_and_counted_of_others)
{
	learned_is(
		"[" ENTRY("vivid", "", HEAP("arena") WRONG) "," ENTRY("vivid", "", HEAP("huge") WRONG) "," ENTRY(
			"isi", "",
			"\"about\":\"contiguous\",\"errno\":0,\"why\":\"isi.c\","
			"\"source\":\"table\"") "," ENTRY("gpu", "",
							  "\"about\":\"classes\",\"classes\":["
							  "\"udmabuf\",\"v4l2\"],"
							  "\"errno\":19,\"error\":\"ENODEV\","
							  "\"why\":\"gpu.c\","
							  "\"source\":\"table\"") "," ENTRY("absen"
											    "t",
											    "",
											    HEAP("a"
												 "r"
												 "e"
												 "n"
												 "a")
												    WRONG) "]",
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
	json_t *own = parse(facts), *end = other != NULL ? parse(other) : NULL;
	umm_autofree char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	probe_device_print(out, own, end);
	CHECK_INT(fclose(out), 0);
	CHECK_STR(text, wanted);
	json_decref(own);
	json_decref(end);
}

#define FACT(field, value) "{\"field\":\"" field "\",\"value\":" value ",\"source\":\"driver\"}"

TEST(of_the_other_end_only_what_differs_is_told)
{
	const char *writes = "[" FACT("card", "\"c\"") "," FACT("direction", "\"writes\"") "," FACT(
		"formats", "1") "," FACT("formats", "2") "]";
	facts_are(writes, NULL,
		  "                          card: c (driver)\n"
		  "                          direction: writes (driver)\n"
		  "                          formats: 1, 2 (driver)\n");
	facts_are(writes,
		  "[" FACT("card", "\"c\"") "," FACT("direction", "\"reads\"") "," FACT("formats",
											"2") "]",
		  "                          card: c (driver)\n"
		  "                          direction: writes (driver)\n"
		  "                          formats: 1, 2 (driver)\n"
		  "                          its other end:\n"
		  "                            direction: reads (driver)\n"
		  "                            formats: 2 (driver)\n");
	facts_are("[]", "[]", "                          its other end is the same\n");
}
