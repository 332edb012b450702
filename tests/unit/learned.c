/* SPDX-License-Identifier: MIT */
/** What trials teach is kept in a file: the next run makes no trial that is known to fail, and what
 * is wrong there is found out. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "share/known_devices.h"
#include "share/learned.h"
#include "share/learned_file.h"
#include "tests/unit/triers.h"

#define CACHE "cache/learned.json"

/* The kernel that the table is about, whatever the tests run on. */
int uname(struct utsname *out)
{
	*out = (struct utsname){ .release = "6.12.48", .version = "#1" };
	return 0;
}

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

/* What the file says of heaps of the display, in which state of it, and how often it was believed.
 */
struct said {
	const char *kernel, *state;
	unsigned believed;
};

static void write_said(struct said said, const char *heaps[])
{
	char text[4096] = "{\"umm\":1,\"entries\":[";
	for (unsigned i = 0; heaps[i] != NULL; i++) {
		char entry[512];
		snprintf(entry, sizeof(entry),
			 "%s{\"kernel\":\"%s\",\"driver\":\"fake-driver\",\"device\":\"display\","
			 "\"state\":\"%s\",\"about\":\"heap\",\"heap\":\"%s\",\"errno\":19,"
			 "\"believed\":%u,\"why\":\"old\"}",
			 i > 0 ? "," : "", said.kernel, said.state, heaps[i], said.believed);
		strcat(text, entry);
	}
	strcat(text, "]}");
	write_cache(text);
}

static void write_entries(const char *kernel_version, const char *heaps[])
{
	write_said((struct said){ kernel_version, "", 0 }, heaps);
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
	static const int moments[] = { -ETIMEDOUT, -EBUSY, -EMFILE, -ENOMEM, -ENOSPC };
	use_cache();
	for (unsigned i = 0; i < 2 * sizeof(moments) / sizeof(moments[0]); i++) {
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

/* One more run of the display: it gets memory of that heap, after so many failing trials. */
static void runs(struct trier *display, const char *heap, unsigned refused)
{
	display->refused = 0;
	umm_auto(umm_collection, collection) = settle(NULL, display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, heap);
	CHECK_INT(display->refused, refused);
}

TEST(a_wrong_entry_is_overruled_where_it_leaves_no_layout)
{
	use_cache();
	write_entries(kernel(), (const char *[]){ "one", "two", "three", NULL });
	struct trier display = { 0 };
	umm_auto(umm_collection, retry) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(retry)->heap, "one");
	CHECK_INT(display.refused, 0);
	CHECK(!explains(retry, "heap one ("));
	CHECK(strstr(read_cache(), "\"heap\": \"one\",\n   \"classes\"") != NULL);
	runs(&display, "one", 0);
	CHECK_INT(display.asked, 2 * (1 + TRIER_POOL));
}

TEST(a_wrong_entry_with_a_detour_is_overruled_after_so_many_runs)
{
	use_cache();
	write_entries(kernel(), (const char *[]){ "one", NULL });
	struct trier display = { 0 };
	for (unsigned i = 0; i < UMM_FINDING_BELIEVED_MOST; i++)
		runs(&display, "two", 0);
	CHECK(strstr(read_cache(), "\"believed\": 64") != NULL);
	runs(&display, "one", 0);
	CHECK(strstr(read_cache(), "\"believed\"") == NULL);
	CHECK(strstr(read_cache(), "\"errno\": 19") == NULL);
	runs(&display, "one", 0);
}

TEST(a_right_entry_costs_one_failing_trial_when_it_is_old)
{
	use_cache();
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	runs(&display, "two", 1);
	for (unsigned i = 0; i < 2; i++) {
		write_said((struct said){ kernel(), "", UMM_FINDING_BELIEVED_MOST - 1 },
			   (const char *[]){ "one", NULL });
		runs(&display, "two", 0);
		runs(&display, "two", 1);
		CHECK(strstr(read_cache(), "\"believed\"") == NULL);
		runs(&display, "two", 0);
		CHECK(strstr(read_cache(), "\"believed\": 1,") != NULL);
	}
}

TEST(a_refused_layout_is_tried_again_when_it_is_old)
{
	use_cache();
	struct trier display = { .refuses_format = TRIER_XR24 };
	for (unsigned i = 0; i <= UMM_FINDING_BELIEVED_MOST; i++) {
		umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
		CHECK_INT(umm_collection_layout(collection)->format, TRIER_NV12);
		CHECK_INT(display.refused, 1);
	}
	display.refuses_format = 0;
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK_INT(umm_collection_layout(collection)->format, TRIER_XR24);
	umm_auto(umm_collection, after) = settle(NULL, &display, 0);
	CHECK_INT(umm_collection_layout(after)->format, TRIER_XR24);
	CHECK(strstr(read_cache(), "\"errno\": 95") == NULL);
}

/* The driver was loaded with other parameters, or another device has that name. */
TEST(entries_of_another_state_of_the_device_are_kept_and_not_used)
{
	use_cache();
	write_said((struct said){ kernel(), "0123456789abcdef", 0 },
		   (const char *[]){ "one", "two", NULL });
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	runs(&display, "two", 1);
	runs(&display, "two", 0);
	unsigned entries = 0;
	for (const char *at = read_cache(); (at = strstr(at, "0123456789abcdef")) != NULL; at++)
		entries++;
	CHECK_INT(entries, 2);
}

TEST(a_count_that_makes_no_sense_is_old)
{
	use_cache();
	write_said((struct said){ kernel(), "", 4000000000u }, (const char *[]){ "one", NULL });
	struct trier display = { 0 };
	runs(&display, "one", 0);
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

/* The trial that goes well is not news, so nothing but the count would be written. */
TEST(a_count_that_cannot_be_written_is_no_reason_to_complain)
{
	use_cache();
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	runs(&display, "two", 1);
	CHECK_INT(unlink(CACHE ".lock"), 0);
	CHECK_INT(mkdir(CACHE ".lock", 0700), 0); /* not to be opened for writing, even by root */
	umm_log_set_handler(listen, UMM_LOG_WARNING, NULL);
	warnings = 0;
	runs(&display, "two", 0);
	CHECK_INT(warnings, 0);
	CHECK(strstr(read_cache(), "\"believed\"") == NULL);
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

/* A display of that driver, and a camera that takes part in no trial. Both could have any memory.
 */
static struct umm_collection *settle_as(const char *driver, struct trier *display, int verdict)
{
	const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	const struct umm_memory_demand memory = { .imports =
							  fake_heap_class | fake_heap_third_class };
	struct umm_constraints *camera = trier_constraints("camera", UMM_USAGE_VIDEO, size),
			       *shown = trier_constraints("display", UMM_USAGE_DISPLAY, size);
	CHECK_INT(umm_constraints_set_memory(camera, &memory), 0);
	CHECK_INT(umm_constraints_set_memory(shown, &memory), 0);
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection, camera, UMM_PRODUCER, NULL);
	struct umm_member *member = join(collection, shown, UMM_CONSUMER, UMM_QUEUE_DEFAULT);
	CHECK_INT(
		umm_member_set_trial(member, UMM_TRIAL_OPTS(.attach = trier_attach, .user = display,
							    .driver = driver, .device = "card0")),
		0);
	display->refused = 0;
	CHECK_INT(umm_collection_seal(collection), verdict);
	return collection;
}

/* Heap "three" is the card's own: the detour around what the table says of foreign memory. */
static void known_to_refuse(struct trier *display, const char *heap, unsigned refused)
{
	fake_heap_third_class = UMM_HEAP_DRM;
	umm_auto(umm_collection, collection) = settle_as("virtio_gpu", display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, heap);
	CHECK_INT(display->refused, refused);
}

TEST(a_wrong_entry_of_the_table_is_overruled_though_there_is_a_detour)
{
	use_cache();
	struct trier display = { 0 };
	known_to_refuse(&display, "one", 0);
	known_to_refuse(&display, "one", 0);
}

/* Of some memory it is right: the rest is tried, too. */
TEST(an_entry_of_the_table_that_is_half_right_is_overruled_by_half)
{
	use_cache();
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	known_to_refuse(&display, "two", 1);
	known_to_refuse(&display, "two", 0);
}

TEST(a_right_entry_of_the_table_costs_trials_in_the_first_run_alone_and_gives_the_reason)
{
	use_cache();
	struct trier display = { .refuses = { "one", "two" }, .error = -ENODEV, .why = "import" };
	known_to_refuse(&display, "three", 2);
	umm_auto(umm_collection, again) = settle_as("virtio_gpu", &display, 0);
	CHECK_STR(umm_collection_layout(again)->heap, "three");
	CHECK_INT(display.refused, 0);
	CHECK(explains(again, "heap one (import (virtgpu_gem_prime_import_sg_table() returns it"));
	CHECK(explains(again, "learned by an earlier trial"));
	CHECK(!explains(again, "from the table"));
}

TEST(the_table_has_no_reason_for_another_errno_or_driver)
{
	use_cache();
	struct trier display = { .refuses = { "one" }, .error = -EFAULT, .why = "import" };
	umm_auto(umm_collection, other) = settle_as("virtio_gpu", &display, 0);
	CHECK(explains(other, "heap one (import: EFAULT; learned by trial)"));
	display.error = -ENODEV;
	umm_auto(umm_collection, stranger) = settle_as("ast", &display, 0);
	CHECK(explains(stranger, "heap one (import: ENODEV; learned by trial)"));
}

/* atmel-isi is said to need one run. The trial tells. */
TEST(a_device_that_is_said_to_need_runs_and_takes_what_is_scattered_keeps_it)
{
	use_cache();
	fake_heap_third_is_run = true;
	struct trier display = { 0 };
	for (unsigned run = 1; run <= 2; run++) {
		umm_auto(umm_collection, collection) = settle_as("atmel-isi", &display, 0);
		CHECK_STR(umm_collection_layout(collection)->heap, "one");
		CHECK_INT(display.asked, run * (1 + TRIER_POOL));
		CHECK(!explains(collection, "needs contiguous memory"));
	}
}

TEST(a_device_that_needs_runs_as_the_table_says_costs_one_failing_trial)
{
	use_cache();
	fake_heap_third_is_run = true;
	for (unsigned run = 0; run < 2; run++) {
		struct trier display = { .refuses = { "one", "two" }, .error = -EFAULT };
		umm_auto(umm_collection, collection) = settle_as("atmel-isi", &display, 0);
		CHECK_STR(umm_collection_layout(collection)->heap, "three");
		CHECK_INT(display.refused, run == 0 ? 1 : 0);
		CHECK(explains(collection, "needs contiguous memory (vb2_dma_contig_plane"));
	}
}

TEST(the_table_says_for_everything_where_it_was_read)
{
	struct umm_findings table = { 0 };
	CHECK_INT(umm_known_devices(&table), 0);
	CHECK(table.count > 0);
	for (size_t i = 0; i < table.count; i++) {
		CHECK_INT(table.items[i].source, UMM_FINDING_TABLE);
		CHECK(table.items[i].why[0] != '\0' && table.items[i].who.driver[0] != '\0');
	}
	umm_findings_finish(&table);
}
