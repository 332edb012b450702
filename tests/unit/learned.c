/* SPDX-License-Identifier: MIT */
/** What trials teach is kept in a file: the next run makes no trial that is known to fail, and what
 * is wrong there is found out. */
#include <fcntl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "share/known_devices.h"
#include "share/learned.h"
#include "share/learned_file.h"
#include "tests/unit/triers.h"

#define CACHE "cache/learned.json"

static void use_cache(void)
{
	setenv("UMM_CACHE", CACHE, 1);
}

static char *read_cache(void)
{
	static char text[1 << 16];
	FILE *file = fopen(CACHE, "re");
	CHECK(file != NULL);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void write_cache(const char *text)
{
	CHECK_INT(system("mkdir -p cache"), 0);
	FILE *file = fopen(CACHE, "we");
	CHECK(file != NULL && fputs(text, file) >= 0);
	CHECK_INT(fclose(file), 0);
}

static const char *kernel(void)
{
	static struct utsname name;
	CHECK_INT(uname(&name), 0);
	return name.release;
}

/* A display that says nothing of heap one; what the file says of it is up to the test. */
static void write_entries(const char *kernel_version, const char *heaps[])
{
	char text[4096] = "{\"umm\":1,\"entries\":[";
	for (unsigned i = 0; heaps[i] != NULL; i++) {
		char entry[512];
		snprintf(entry, sizeof(entry),
			 "%s{\"kernel\":\"%s\",\"driver\":\"fake-driver\",\"device\":\"display\","
			 "\"about\":\"heap\",\"heap\":\"%s\",\"errno\":19,\"why\":\"old\"}",
			 i > 0 ? "," : "", kernel_version, heaps[i]);
		strcat(text, entry);
	}
	strcat(text, "]}");
	write_cache(text);
}

TEST(the_second_run_makes_no_failing_trial)
{
	use_cache();
	for (unsigned run = 0; run < 2; run++) {
		struct trier camera = { .refuses = { "two" }, .error = -EFAULT, .why = "QBUF" };
		struct trier display = { .refuses = { "one" }, .error = -ENODEV, .why = "import" };
		umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
		CHECK_STR(umm_collection_layout(collection)->heap, "three");
		CHECK_INT(camera.refused + display.refused, run == 0 ? 2 : 0);
		CHECK_INT(display.asked, (run == 0 ? 3 : 1) + TRIER_POOL);
		CHECK(explains(collection, run == 0 ? "(import: ENODEV; learned by trial)"
						    : "(import: ENODEV; learned by an earlier "
						      "trial)"));
	}
}

TEST(a_refusal_of_the_moment_is_tried_again_in_the_second_run)
{
	static const int moments[] = { -ETIMEDOUT, -EBUSY, -EMFILE };
	use_cache();
	for (unsigned i = 0; i < 2 * 3; i++) {
		struct trier camera = { .refuses = { "none" } };
		struct trier display = { .refuses = { "one" },
					 .error = moments[i / 2],
					 .why = "import" };
		umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
		CHECK_STR(umm_collection_layout(collection)->heap, "two");
		CHECK_INT(display.refused, 1);
		CHECK(strstr(read_cache(), "\"one\"") == NULL);
	}
}

TEST(a_refused_layout_is_known_in_the_second_run)
{
	use_cache();
	for (unsigned run = 0; run < 2; run++) {
		struct trier display = { .refuses_format = TRIER_XR24 };
		umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
		CHECK_INT(umm_collection_layout(collection)->format, TRIER_NV12);
		CHECK_INT(display.refused, run == 0 ? 1 : 0);
	}
}

/* The entry is believed while there is another way; without one it is tried, and corrected. */
TEST(a_wrong_entry_is_overruled)
{
	use_cache();
	write_entries(kernel(), (const char *[]){ "one", NULL });
	struct trier display = { 0 };
	umm_auto(umm_collection, detour) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(detour)->heap, "two");

	write_entries(kernel(), (const char *[]){ "one", "two", "three", NULL });
	umm_auto(umm_collection, retry) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(retry)->heap, "one");
	CHECK_INT(display.refused, 0);
	CHECK(!explains(retry, "heap one ("));
	CHECK(strstr(read_cache(), "\"heap\": \"one\",\n   \"classes\"") != NULL);

	umm_auto(umm_collection, third) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(third)->heap, "one");
	CHECK_INT(display.asked, 3 * (1 + TRIER_POOL));
}

TEST(entries_that_are_still_true_cost_one_round)
{
	use_cache();
	write_entries(kernel(), (const char *[]){ "one", "two", "three", NULL });
	struct trier display = { .refuses = { "one", "two", "three" }, .error = -ENODEV };
	umm_auto(umm_collection, collection) = settle(NULL, &display, UMM_CONFLICT);
	CHECK_INT(display.asked, 3);
	CHECK(explains(collection, "heap three (No such device: ENODEV; learned by trial)"));
}

TEST(entries_of_other_kernels_are_kept_and_not_used)
{
	use_cache();
	write_entries("2.6.0", (const char *[]){ "one", NULL });
	struct trier display = { 0 };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "one");
	CHECK(strstr(read_cache(), "\"kernel\": \"2.6.0\"") != NULL);
	CHECK(strstr(read_cache(), kernel()) != NULL);
}

static unsigned warnings;
static char last_warning[512];

static void listen(void *user, enum umm_log_level level, const char *format, va_list args)
{
	(void)user, (void)level;
	warnings++;
	vsnprintf(last_warning, sizeof(last_warning), format, args);
}

static void damaged(const char *text, const char *message)
{
	write_cache(text);
	warnings = 0;
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK(warnings > 0 && strstr(last_warning, message) != NULL);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	warnings = 0;
	umm_auto(umm_collection, again) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(again)->heap, "two");
	CHECK_INT(warnings, 0); /* it was replaced */
	CHECK_INT(display.refused, 1);
}

TEST(a_damaged_file_is_ignored_with_a_message_and_replaced)
{
	use_cache();
	umm_log_set_handler(listen, UMM_LOG_WARNING, NULL);
	damaged("", CACHE " is ignored");
	damaged("{\"entries\":", CACHE " is ignored");
	damaged("[]", "no list of entries");
	damaged("{\"entries\":7}", "no list of entries");
	char entries[512];
	snprintf(entries, sizeof(entries),
		 "{\"entries\":[{\"kernel\":\"%s\"},7,{\"kernel\":\"%s\",\"driver\":\"x\","
		 "\"about\":\"heap\",\"heap\":\"one\",\"errno\":99999}]}",
		 kernel(), kernel());
	damaged(entries, "2 entries make no sense");
	snprintf(entries, sizeof(entries), "{\"entries\":[],\"pad\":\"%*s\"}", 100, "");
	write_cache(entries);
	CHECK_INT(truncate(CACHE, 2 << 20), 0);
	struct trier display = { 0 };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "one");
	CHECK(strstr(last_warning, "no file of up to 1 MiB") != NULL);
}

TEST(a_place_that_cannot_be_written_costs_nothing)
{
	umm_log_set_handler(listen, UMM_LOG_WARNING, NULL);
	setenv("UMM_CACHE", "/dev/null/umm/learned.json", 1);
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK(strstr(last_warning, "trials will be made again") != NULL);
}

TEST(nothing_is_written_where_it_is_off_or_nobody_is_named)
{
	setenv("HOME", "home", 1);
	setenv("XDG_CACHE_HOME", "xdg", 1); /* not absolute: not used */
	setenv("UMM_CACHE", "off", 1);
	char *path = (char *)"";
	CHECK_INT(umm_learned_path(&path), 0);
	CHECK(path == NULL);

	use_cache();
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	umm_auto(umm_collection, collection) = gather(NULL, NULL);
	struct umm_member *member =
		join(collection, viewer_constraints("viewer"), UMM_CONSUMER, UMM_QUEUE_DEFAULT);
	CHECK_INT(umm_member_set_trial(member,
				       UMM_TRIAL_OPTS(.attach = trier_attach, .user = &display)),
		  0);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK(access(CACHE, F_OK) < 0);
}

static struct umm_finding refusal(const char *device, const char *heap)
{
	struct umm_finding finding = { .kind = UMM_FINDING_HEAP, .error = -ENODEV };
	snprintf(finding.who.driver, sizeof(finding.who.driver), "driver");
	snprintf(finding.who.device, sizeof(finding.who.device), "%s", device);
	snprintf(finding.heap, sizeof(finding.heap), "%s", heap);
	return finding;
}

/* Eight processes, each with ten findings of its own, one by one. */
TEST(processes_that_write_at_once_lose_nothing)
{
	pid_t children[8];
	for (unsigned i = 0; i < 8; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		for (unsigned j = 0; j < 10; j++) {
			char device[16], heap[16];
			snprintf(device, sizeof(device), "device%u", i);
			snprintf(heap, sizeof(heap), "heap%u", j);
			struct umm_finding finding = refusal(device, heap);
			struct umm_findings one = { &finding, 1 };
			umm_learned_file_write(CACHE, &one);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < 8; i++) {
		int status;
		CHECK_INT(waitpid(children[i], &status, 0), children[i]);
		CHECK_INT(status, 0);
	}
	struct umm_findings all = { 0 };
	CHECK_INT(umm_learned_file_read(CACHE, &all), 0);
	CHECK_INT(all.count, 80);
	umm_findings_finish(&all);
}

TEST(the_file_does_not_grow_without_end)
{
	struct umm_findings many = { 0 };
	for (unsigned i = 0; i < UMM_LEARNED_MOST + 50; i++) {
		char heap[16];
		snprintf(heap, sizeof(heap), "heap%u", i);
		struct umm_finding finding = refusal("device", heap);
		CHECK_INT(umm_findings_add(&many, &finding), UMM_FINDING_NEW);
	}
	umm_learned_file_write(CACHE, &many);
	struct umm_findings kept = { 0 };
	CHECK_INT(umm_learned_file_read(CACHE, &kept), 0);
	CHECK_INT(kept.count, UMM_LEARNED_MOST);
	CHECK_STR(kept.items[0].heap, "heap50"); /* the oldest went */
	umm_findings_finish(&many);
	umm_findings_finish(&kept);
}

TEST(what_a_session_knows_does_not_grow_without_end)
{
	struct umm_learned learned;
	struct umm_findings one = { 0 };
	CHECK_INT(umm_learned_init(&learned, UMM_LEARNED_IN_MEMORY), 0);
	CHECK_INT(umm_learned_load(&learned), 0);
	size_t table = learned.findings.count;
	for (unsigned i = 0; i < UMM_LEARNED_MOST + 50; i++) {
		char heap[16];
		snprintf(heap, sizeof(heap), "heap%u", i);
		struct umm_finding finding = refusal("device", heap);
		CHECK_INT(umm_findings_add(&one, &finding), UMM_FINDING_NEW);
		umm_learned_keep(&learned, &one);
		one.count = 0;
	}
	CHECK_INT(learned.findings.count, table + UMM_LEARNED_MOST);
	CHECK_INT(learned.findings.items[0].source, UMM_FINDING_TABLE);
	CHECK_STR(learned.findings.items[table].heap, "heap50"); /* the oldest went */
	umm_findings_finish(&one);
	umm_learned_finish(&learned);
}

TEST(findings_survive_the_file)
{
	struct umm_finding layout = refusal("device", "one");
	layout.kind = UMM_FINDING_LAYOUT;
	layout.error = -EOPNOTSUPP;
	layout.format = TRIER_NV12;
	layout.modifier = UINT64_C(0x0100000000000001);
	layout.stride_bytes = 256;
	snprintf(layout.alternative, sizeof(layout.alternative), "1024x768");
	snprintf(layout.why, sizeof(layout.why), "ADDFB2");
	struct umm_findings one = { &layout, 1 }, back = { 0 };
	umm_learned_file_write(CACHE, &one);
	CHECK_INT(umm_learned_file_read(CACHE, &back), 0);
	CHECK_INT(back.count, 1);
	CHECK(umm_finding_same_subject(&back.items[0], &layout));
	CHECK_INT(back.items[0].error, -EOPNOTSUPP);
	CHECK_INT(back.items[0].stride_bytes, 256);
	CHECK_STR(back.items[0].why, "ADDFB2");
	umm_findings_finish(&back);
}

/* ---- the table ---- */

static struct umm_collection *settle_as(const char *driver, struct trier *display, int verdict)
{
	const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection, trier_constraints("camera", UMM_USAGE_VIDEO, size), UMM_PRODUCER,
		   NULL);
	struct umm_member *member =
		join(collection, trier_constraints("display", UMM_USAGE_DISPLAY, size),
		     UMM_CONSUMER, UMM_QUEUE_DEFAULT);
	CHECK_INT(
		umm_member_set_trial(member, UMM_TRIAL_OPTS(.attach = trier_attach, .user = display,
							    .driver = driver, .device = "card0")),
		0);
	CHECK_INT(umm_collection_seal(collection), verdict);
	return collection;
}

/* atmel-isi is said to need one run, and no heap of dma-heaps here has any. The trial tells. */
TEST(a_wrong_entry_of_the_table_is_overruled_by_the_trial)
{
	use_cache();
	struct trier display = { 0 };
	umm_auto(umm_collection, collection) = settle_as("atmel-isi", &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "one");
	CHECK_INT(display.asked, 1 + TRIER_POOL);
	umm_auto(umm_collection, again) = settle_as("atmel-isi", &display, 0);
	CHECK_INT(display.asked, 2 * (1 + TRIER_POOL));
	CHECK(!explains(again, "needs contiguous memory"));
}

TEST(what_the_table_knows_saves_trials)
{
	use_cache();
	struct umm_findings table = { 0 };
	CHECK_INT(umm_known_devices(&table), 0);
	CHECK(table.count > 0);
	for (size_t i = 0; i < table.count; i++) {
		CHECK_INT(table.items[i].source, UMM_FINDING_TABLE);
		CHECK(table.items[i].why[0] != '\0' && table.items[i].who.driver[0] != '\0');
	}
	umm_findings_finish(&table);
}
