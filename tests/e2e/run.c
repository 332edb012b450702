/* SPDX-License-Identifier: MIT */
/** `umm run` from the outside: outputs, signals, deaths, full disks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void expect_ok(void)
{
	if (outcome.status != 0)
		test_fail(__FILE__, __LINE__, "status %d: %s", outcome.status, outcome.err);
}

TEST(table_names_edges_stages_and_frames)
{
	run_tool(&outcome, "run", "--frames=50", "test,size=320x240", "null", "+", "null");
	expect_ok();
	CHECK(says(outcome.out, "test > null+null-2"));
	CHECK(says(outcome.out, "320x240") && says(outcome.out, "memfd"));
	CHECK(says(outcome.out, "50 frames in") && says(outcome.out, "nothing copied"));
	CHECK(says(outcome.out, "(broker)"));
	outcome_finish(&outcome);
}

TEST(table_fits_100_columns)
{
	run_tool(&outcome, "run", "--frames=50", "test,size=1920x1080", "compose", "null");
	expect_ok();
	for (char *line = strtok(outcome.out, "\n"); line != NULL; line = strtok(NULL, "\n"))
		CHECK(strlen(line) <= 100);
	outcome_finish(&outcome);
}

TEST(quiet_says_nothing)
{
	run_tool(&outcome, "run", "--quiet", "--frames=20", "test,size=64x64", "null");
	expect_ok();
	CHECK_STR(outcome.out, "");
	CHECK_STR(outcome.err, "");
	outcome_finish(&outcome);
}

TEST(seconds_end_the_stream)
{
	double start = now_s();
	run_tool(&outcome, "run", "--seconds=0.5", "test,size=64x64,rate=100", "null");
	expect_ok();
	CHECK(now_s() - start >= 0.45 && now_s() - start < 10);
	CHECK(says(outcome.out, "frames in"));
	outcome_finish(&outcome);
}

/* ---- JSON ---- */

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (all == NULL)
		test_fail(__FILE__, __LINE__, "not JSON (%s): %s", error.text, text);
	return all;
}

static void check_planes(const json_t *edge)
{
	const json_t *planes = json_object_get(edge, "planes");
	CHECK(json_array_size(planes) > 0);
	for (size_t i = 0; i < json_array_size(planes); i++) {
		const json_t *plane = json_array_get(planes, i);
		CHECK(json_is_integer(json_object_get(plane, "offset_bytes")));
		CHECK(json_integer_value(json_object_get(plane, "stride_bytes")) > 0);
	}
}

static void check_edge(const json_t *edge)
{
	static const char *const texts[] = { "from", "format", "modifier", "heap" };
	static const char *const numbers[] = { "width",	 "height",  "buffers",
					       "frames", "dropped", "copied_bytes" };
	for (unsigned i = 0; i < 4; i++)
		CHECK(json_is_string(json_object_get(edge, texts[i])));
	for (unsigned i = 0; i < 6; i++)
		CHECK(json_is_integer(json_object_get(edge, numbers[i])));
	CHECK(json_array_size(json_object_get(edge, "to")) > 0);
	check_planes(edge);
	const json_t *latency = json_object_get(edge, "latency_us");
	CHECK(json_is_real(json_object_get(latency, "p50")));
	CHECK(json_is_real(json_object_get(latency, "p99")));
}

static void check_stage(const json_t *stage)
{
	CHECK(json_is_string(json_object_get(stage, "name")));
	CHECK(json_integer_value(json_object_get(stage, "pid")) > 0);
	CHECK(json_is_real(json_object_get(stage, "cpu_s")));
	CHECK(json_is_integer(json_object_get(stage, "voluntary_switches")));
	const json_t *faults = json_object_get(stage, "faults_steady");
	CHECK(json_is_null(faults) || json_is_integer(faults));
	CHECK_INT(json_integer_value(json_object_get(stage, "exit")), 0);
}

static void check_result(const char *text, size_t n_edges, size_t n_stages)
{
	json_t *all = load(text);
	const json_t *edges = json_object_get(all, "edges"),
		     *stages = json_object_get(all, "stages");
	CHECK_INT(json_array_size(edges), n_edges);
	CHECK_INT(json_array_size(stages), n_stages);
	for (size_t i = 0; i < n_edges; i++)
		check_edge(json_array_get(edges, i));
	for (size_t i = 0; i < n_stages; i++)
		check_stage(json_array_get(stages, i));
	CHECK(json_is_real(json_object_get(json_object_get(all, "broker"), "cpu_s")));
	CHECK(json_real_value(json_object_get(all, "wall_s")) > 0);
	json_decref(all);
}

TEST(json_on_stdout_is_nothing_but_json)
{
	run_tool(&outcome, "run", "--json", "--frames=60", "test,size=320x240,format=NV12", "null");
	expect_ok();
	check_result(outcome.out, 1, 2);
	CHECK(says(outcome.err, "60 frames in")); /* the table has moved to stderr */
	outcome_finish(&outcome);
}

/* A file system of one page, with `text` in FILE and no room left. */
static bool make_full_disk(const char *directory, const char *path, const char *text)
{
	int flags = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
	CHECK(mkdir(directory, 0700) == 0);
	if (unshare(flags) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", directory, "tmpfs", 0, "size=4k") < 0)
		return false;
	FILE *file = fopen(path, "we");
	CHECK(file != NULL);
	fputs(text, file);
	CHECK(fclose(file) == 0);
	return true;
}

TEST(json_that_finds_no_room_leaves_the_file_that_was_there)
{
	if (!make_full_disk("small", "small/result.json", "old"))
		SKIP("no mount namespace here");
	run_tool(&outcome, "run", "--quiet", "--json=small/result.json", "--frames=3",
		 "test,size=320x240", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "small/result.json") && says(outcome.err, "No space"));
	outcome_finish(&outcome);
	char *text = read_whole("small/result.json");
	CHECK_STR(text, "old");
	free(text);
	CHECK(umount("small") == 0);
}

/* What a stage demands by itself nobody can change: only what was typed is offered. */
TEST(refusal_offers_what_can_be_typed)
{
	run_tool(&outcome, "run", "--buffers=1", "--frames=3", "test,size=320x240", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "test states buffers."));
	CHECK(says(outcome.err, "\nit would work with --buffers 3\n"));
	CHECK(says(outcome.err, "\nit would work without --buffers\n"));
	CHECK(!says(outcome.err, "it would work if"));
	outcome_finish(&outcome);
	run_tool(&outcome, "run", "--buffers=3", "--frames=3", "test,size=320x240", "null");
	expect_ok();
	outcome_finish(&outcome);
}

TEST(json_in_a_file_has_every_key)
{
	run_tool(&outcome, "run", "--json=result.json", "--frames=60", "test,size=320x240",
		 "compose", "null", "+", "null");
	expect_ok();
	char *text = read_whole("result.json");
	CHECK(text != NULL);
	check_result(text, 2, 4);
	CHECK(says(text, "[\"null\",\"null-2\"]"));
	free(text);
	outcome_finish(&outcome);
}

/* A page or two that the kernel took back is not the codec's doing. */
#define STRAY_FAULTS 4

static void expect_no_faults(const char *options)
{
	char source[512];
	snprintf(source, sizeof(source), "file:%s/demo/clip.mp4%s", getenv("UMM_SOURCE"), options);
	run_tool(&outcome, "run", "--quiet", "--json", source, "compose", "null");
	expect_ok();
	json_t *all = load(outcome.out), *stages = json_object_get(all, "stages");
	for (size_t i = 0; i < json_array_size(stages); i++) {
		const json_t *faults = json_object_get(json_array_get(stages, i), "faults_steady");
		CHECK(json_is_integer(faults));
		CHECK(json_integer_value(faults) <= STRAY_FAULTS);
	}
	json_decref(all);
	outcome_finish(&outcome);
}

TEST(decoder_scaler_and_sink_make_no_page_fault_in_steady_state)
{
	if (getenv("UMM_SANITIZED") != NULL)
		SKIP("a sanitizer's shadow memory faults");
	expect_no_faults("");
	expect_no_faults(",threads=3");
}

TEST(json_of_probe_lists_heaps_and_the_cpu)
{
	run_tool(&outcome, "probe", "--json");
	expect_ok();
	json_t *all = load(outcome.out);
	CHECK(json_array_size(json_object_get(all, "heaps")) >= 2);
	const json_t *cpu = json_array_get(json_object_get(all, "devices"), 0);
	CHECK_STR(json_string_value(json_object_get(cpu, "name")), "cpu");
	for (size_t i = 0; i < json_array_size(json_object_get(all, "heaps")); i++) {
		const json_t *heap = json_array_get(json_object_get(all, "heaps"), i);
		CHECK(json_string_length(json_object_get(heap, "source")) > 0);
		CHECK(json_string_length(json_object_get(heap, "trial")) > 0);
	}
	json_decref(all);
	outcome_finish(&outcome);
}

TEST(full_stdout_is_an_error)
{
	if (access("/dev/full", W_OK) != 0)
		SKIP("no /dev/full here");
	run_tool(&outcome, "run", "--json=/dev/full", "--frames=5", "test,size=64x64", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "/dev/full"));
	outcome_finish(&outcome);
}

/* ---- signals ---- */

/* What the tool says is in its file as soon as it is said. */
static bool is_said_soon(const char *word)
{
	bool said = false;
	for (int i = 0; i < 1000 && !said; i++) {
		char *text = read_whole("tool.err");
		said = text != NULL && says(text, word);
		free(text);
		sleep_ms(said ? 0 : 20);
	}
	return said;
}

/* Frames are on their way when this returns: there is a line of progress. */
static pid_t start_endless(void)
{
	pid_t pid = start_tool("run", "test,size=64x64,rate=200", "compose", "null");
	CHECK(is_said_soon("frames/s"));
	return pid;
}

TEST(sigint_ends_cleanly_with_the_table)
{
	pid_t pid = start_endless();
	kill(pid, SIGINT);
	wait_tool(&outcome, pid);
	expect_ok();
	CHECK(says(outcome.out, "frames in") && says(outcome.out, "nothing copied"));
	outcome_finish(&outcome);
}

TEST(sigint_to_the_whole_group_ends_cleanly_too)
{
	signal(SIGINT, SIG_IGN);
	pid_t pid = start_endless();
	(void)pid;
	kill(0, SIGINT); /* what Ctrl-C does */
	wait_tool(&outcome, pid);
	expect_ok();
	CHECK(says(outcome.out, "frames in"));
	outcome_finish(&outcome);
}

TEST(sigterm_ends_cleanly_too)
{
	pid_t pid = start_endless();
	kill(pid, SIGTERM);
	wait_tool(&outcome, pid);
	expect_ok();
	CHECK(says(outcome.out, "frames in"));
	outcome_finish(&outcome);
}

TEST(second_sigint_kills)
{
	pid_t pid = start_tool("run", "test,size=64x64", "null,delay_ms=5000");
	sleep_ms(700);
	kill(pid, SIGINT);
	sleep_ms(300);
	double start = now_s();
	kill(pid, SIGINT);
	wait_tool(&outcome, pid);
	CHECK_INT(outcome.status, 1);
	CHECK(now_s() - start < 2);
	outcome_finish(&outcome);
}

/* ---- deaths; the 200-fold version is another test ---- */

static pid_t find_stage(pid_t runner, const char *name)
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)runner, (int)runner);
	FILE *children = fopen(path, "re");
	CHECK(children != NULL);
	int child;
	pid_t found = 0;
	while (found == 0 && fscanf(children, "%d", &child) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", child);
		FILE *comm = fopen(path, "re");
		if (comm == NULL)
			continue;
		if (fgets(line, sizeof(line), comm) != NULL &&
		    strncmp(line, name, strlen(name)) == 0)
			found = child;
		fclose(comm);
	}
	fclose(children);
	return found;
}

/* An orphan may stay a zombie until init looks after it: that one has ended too. */
static bool has_ended(pid_t pid)
{
	char path[64], *text;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	text = read_whole(path);
	const char *state = text != NULL ? strrchr(text, ')') : NULL;
	bool ended = state == NULL || strncmp(state, ") Z", 3) == 0;
	free(text);
	return ended;
}

TEST(killed_stage_is_named_once_and_takes_a_fifo_along)
{
	pid_t pid = start_endless();
	pid_t stage = find_stage(pid, "compose");
	CHECK(stage > 0);
	double start = now_s();
	kill(stage, SIGKILL);
	wait_tool(&outcome, pid);
	CHECK_INT(outcome.status, 1);
	CHECK(now_s() - start < 1.5);
	CHECK(says(outcome.err, "umm: compose (pid ") && says(outcome.err, "signal 9"));
	CHECK_INT(count_lines(outcome.err) - (int)says(outcome.err, " frames, "), 1);
	outcome_finish(&outcome);
}

TEST(killed_sink_leaves_the_others_of_its_edge_going_in_mode_latest)
{
	pid_t pid = start_tool("run", "--mode=latest", "--seconds=2", "test,size=64x64,rate=100",
			       "null", "+", "null,delay_ms=1");
	sleep_ms(600);
	pid_t stage = find_stage(pid, "null-2");
	CHECK(stage > 0);
	double start = now_s();
	kill(stage, SIGKILL);
	wait_tool(&outcome, pid);
	CHECK(now_s() - start > 0.8);
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "umm: null-2 (pid "));
	outcome_finish(&outcome);
}

TEST(stages_of_a_dead_runner_say_so_and_end)
{
	pid_t pid = start_endless();
	pid_t stage = find_stage(pid, "compose");
	CHECK(stage > 0);
	kill(pid, SIGKILL);
	wait_tool(&outcome, pid);
	outcome_finish(&outcome);
	CHECK(is_said_soon("umm: compose: the runner has died"));
	CHECK(is_said_soon("umm: test: the runner has died"));
	for (int i = 0; i < 1000 && !has_ended(stage); i++)
		sleep_ms(20);
	CHECK(has_ended(stage));
}

/* ---- sinks that cannot write ---- */

TEST(full_disk_is_one_line_and_leaves_no_half_picture)
{
	CHECK(mkdir("small", 0700) == 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "small", "tmpfs", 0, "size=64k") < 0)
		SKIP("no right to mount a small disk: %s", strerror(errno));
	run_tool(&outcome, "run", "--frames=50", "test,size=640x480", "png:small");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "png") && says(outcome.err, "No space"));
	outcome_finish(&outcome);
	CHECK(umount("small") == 0);
}

/* ---- memory ---- */

TEST(a_refusal_says_why_the_heap_that_was_asked_for_is_not_here)
{
	if (access("/dev/udmabuf", F_OK) == 0)
		SKIP("udmabuf is here");
	run_tool(&outcome, "run", "--heap=udmabuf", "--frames=5", "test,size=64x64", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "heap udmabuf is not here: no /dev/udmabuf"));
	CHECK(says(outcome.err, "memory.heaps udmabuf"));
	outcome_finish(&outcome);
}

TEST(missing_huge_pages_fall_back_visibly)
{
	char *pages = read_whole("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	if (pages != NULL && atoi(pages) > 0) {
		free(pages);
		SKIP("this machine has free huge pages");
	}
	free(pages);
	run_tool(&outcome, "run", "--heap=hugetlb", "--json", "--frames=5", "test,size=64x64",
		 "null");
	expect_ok();
	CHECK(says(outcome.err, "warning") && says(outcome.err, "hugetlb"));
	CHECK(says(outcome.out, "heap_note") && says(outcome.out, "\"heap\":\"memfd\""));
	outcome_finish(&outcome);
}

/* ---- buffers that move ---- */

TEST(an_arena_that_cannot_be_had_is_refused_with_the_way_to_get_it)
{
	run_tool(&outcome, "run", "--arena=1024G", "--frames=5", "test,size=64x64", "null");
	expect_one_line(&outcome, 1, "vm.nr_hugepages");
}

static char *checksums_of(const char *arena, const char *stir)
{
	unlink("sums.md5");
	run_tool(&outcome, "run", arena, stir, "--frames=60", "test,size=320x240,rate=100",
		 "compose", "framemd5:sums.md5");
	expect_ok();
	return read_whole("sums.md5");
}

/* Whether any did move is for the virtual machine to see (tests/vm/cases_heaps.py): here free huge
 * pages may lie far from each other. */
TEST(frames_on_an_arena_are_the_same_as_on_ordinary_memory)
{
	char *pages = read_whole("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	bool enough = pages != NULL && atoi(pages) >= 14;
	free(pages);
	if (!enough)
		SKIP("fewer than 14 huge pages of 2 MiB are free (sysctl vm.nr_hugepages)");
	char *moving = checksums_of("--arena=28M", "--stir");
	CHECK(!says(outcome.out, "not on the arena"));
	outcome_finish(&outcome);
	char *ordinary = checksums_of("--quiet", "--quiet");
	CHECK_STR(moving, ordinary);
	outcome_finish(&outcome);
	free(moving);
	free(ordinary);
}

TEST(an_edge_for_which_the_arena_has_no_room_does_without_and_it_is_told)
{
	char *pages = read_whole("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	bool enough = pages != NULL && atoi(pages) >= 4;
	free(pages);
	if (!enough)
		SKIP("fewer than 4 huge pages of 2 MiB are free (sysctl vm.nr_hugepages)");
	run_tool(&outcome, "run", "--arena=2M", "--frames=5", "test,size=64x64", "null");
	expect_ok();
	CHECK(says(outcome.out, "not on the arena") && says(outcome.out, "no room"));
	outcome_finish(&outcome);
}

static bool write_text(const char *directory, const char *file, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", directory, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return ok;
}

#define ALLOWED "268435456" /* 256 MiB */

/* A cgroup of our own with that limit, of whichever version lets us. The name of its limit, or
 * NULL. */
static const char *make_group(char *directory, size_t size)
{
	static const char *const versions[][2] = {
		{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
		{ "/sys/fs/cgroup", "memory.max" },
	};
	for (unsigned i = 0; i < 2; i++) {
		snprintf(directory, size, "%s/umm-test-%d", versions[i][0], (int)getpid());
		if (mkdir(directory, 0700) < 0)
			continue;
		if (write_text(directory, versions[i][1], ALLOWED))
			return versions[i][1];
		rmdir(directory);
	}
	return NULL;
}

static int refused_under_limit(const char *directory, const char *limit)
{
	if (!write_text(directory, "cgroup.procs", "0"))
		return 77;
	run_tool(&outcome, "run", "--buffers=64", "test,size=1920x1080,format=XR24", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "64 x 8294400 bytes"));
	CHECK(says(outcome.err, limit) && says(outcome.err, strrchr(directory, '/')));
	outcome_finish(&outcome);
	return 0;
}

TEST(pool_beyond_the_limit_of_the_cgroup_is_refused_by_its_name)
{
	char directory[128];
	int status;
	const char *limit = make_group(directory, sizeof(directory));
	if (limit == NULL)
		SKIP("no right to make a cgroup with a limit on memory");
	pid_t child = fork();
	if (child == 0)
		_exit(refused_under_limit(directory, limit));
	CHECK_INT(waitpid(child, &status, 0), child);
	int left = rmdir(directory);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("no right to enter a cgroup");
	CHECK_INT(status, 0);
	CHECK_INT(left, 0);
}

TEST(buffers_option_sets_the_count)
{
	run_tool(&outcome, "run", "--buffers=7", "--json", "--frames=5", "test,size=64x64", "null");
	expect_ok();
	CHECK(says(outcome.out, "\"buffers\":7"));
	outcome_finish(&outcome);
}
