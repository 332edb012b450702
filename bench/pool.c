/* SPDX-License-Identifier: MIT */
/**
 * `umm bench pool`: what it costs to create a pool of 4 x 3840x2160 XR24 and to touch every page of
 * it in two processes, from ordinary pages and from huge ones.
 *
 * It is the whole way a pipeline goes: two processes connect to a broker, join, seal and start,
 * then the producer writes and the consumer reads a byte of every 4 KiB. The clock runs from before
 * the first fork until both have said that they are done. The heaps take turns, so that what
 * disturbs the machine disturbs both; the median of the runs counts.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umm/broker.h>
#include <umm/umm.h>

#include "bench/bench.h"
#include "bench/number.h"
#include "bench/options.h"
#include "heap/heap.h"
#include "os/cleanup.h"
#include "os/clock.h"

#define WIDTH_PX	3840
#define HEIGHT_PX	2160
#define BUFFERS		4
#define STEP_BYTES	4096
#define DEFAULT_RUNS	9
#define MAX_RUNS	1000
#define TOKEN		"pool"
#define SECONDS_TO_WAIT 30

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)
UMM_DEFINE_AUTO(umm_broker, umm_broker_destroy)

static double now_ms(void)
{
	return (double)umm_now_ns() / 1e6;
}

/* ---- a member, in a process of its own ---- */

static int make_constraints(const char *name, enum umm_role role, struct umm_constraints **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = umm_constraints_create(name, &constraints);
	if (ret < 0)
		return ret;
	ret = umm_constraints_set_usage(constraints, role == UMM_PRODUCER ? UMM_USAGE_CPU_WRITE
									  : UMM_USAGE_CPU_READ);
	if (ret < 0)
		return ret;
	struct umm_format_demand format = {
		.formats = { UMM_FOURCC('X', 'R', '2', '4') },
		.required_sizes = { { WIDTH_PX, HEIGHT_PX } },
	};
	ret = umm_constraints_add_format(constraints, &format);
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}

static int touch(struct umm_buffer *buffer, enum umm_access access)
{
	int ret = umm_buffer_begin_access(buffer, access);
	if (ret < 0)
		return ret;
	volatile unsigned char *bytes = umm_buffer_data(buffer);
	uint64_t size = umm_buffer_layout(buffer)->raw_size_bytes;
	unsigned sum = 0;
	for (uint64_t at = 0; at < size; at += STEP_BYTES) {
		if (access == UMM_ACCESS_WRITE)
			bytes[at] = 1;
		else
			sum += bytes[at];
	}
	(void)sum;
	return umm_buffer_end_access(buffer, access);
}

static int join(struct umm_collection *collection, enum umm_role role, struct umm_member **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = make_constraints(role == UMM_PRODUCER ? "producer" : "consumer", role,
				   &constraints);
	if (ret < 0)
		return ret;
	return umm_collection_join(collection, constraints, UMM_JOIN_OPTS(.role = role), out);
}

static int use_pool(struct umm_connection *connection, enum umm_role role, int done_fd)
{
	struct umm_collection *collection;
	int ret = umm_collection_open(connection, TOKEN, &collection);
	if (ret < 0)
		return ret;
	struct umm_member *member = NULL;
	ret = join(collection, role, &member);
	if (ret == 0)
		ret = umm_collection_seal(collection);
	if (ret == 0)
		ret = umm_collection_start(collection);
	for (unsigned i = 0; ret == 0 && i < umm_member_buffer_count(member); i++)
		ret = touch(umm_member_buffer(member, i),
			    role == UMM_PRODUCER ? UMM_ACCESS_WRITE : UMM_ACCESS_READ);
	if (ret == 0 && write(done_fd, "", 1) != 1)
		ret = -errno;
	/* The other one may still be touching: stay until the parent says otherwise. */
	char byte;
	ssize_t got = read(done_fd, &byte, 1);
	(void)got;
	umm_collection_destroy(collection);
	return ret;
}

static int be_member(int take_fd, enum umm_role role, int done_fd)
{
	struct umm_connection *connection;
	int ret = umm_connection_open(take_fd, &connection);
	if (ret == 0) {
		ret = use_pool(connection, role, done_fd);
		umm_connection_close(connection);
	}
	if (ret != 0)
		fprintf(stderr, "umm bench pool: %s: %s\n",
			role == UMM_PRODUCER ? "producer" : "consumer",
			ret < 0 ? strerror(-ret) : "no layout");
	return ret == 0 ? 0 : 1;
}

/* ---- the parent: broker and clock ---- */

struct child {
	pid_t pid;
	int fd; /* a byte comes when it has touched everything */
	bool done;
};

static int start_child(struct umm_broker *broker, enum umm_role role, struct child *out)
{
	int pair[2], fd;
	struct umm_client *client;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	umm_autofd ours = pair[0], theirs = pair[1];
	int ret = umm_broker_connect(broker, "bench", &fd, &client);
	if (ret < 0)
		return ret;
	umm_autofd socket = fd;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(ours);
		_exit(be_member(umm_fd_steal(&socket), role, theirs));
	}
	*out = (struct child){ .pid = pid, .fd = umm_fd_steal(&ours) };
	return 0;
}

/* Its sign that it is done, if there is one; a child that hangs up first has failed and said why.
 */
static int read_sign(struct child *child, const struct pollfd *fd)
{
	char byte;
	if (fd->revents == 0)
		return 0;
	if (read(child->fd, &byte, 1) != 1)
		return -EPIPE;
	child->done = true;
	return 0;
}

static int wait_until_done(struct umm_broker *broker, struct child *children)
{
	while (!children[0].done || !children[1].done) {
		struct pollfd fds[] = {
			{ .fd = umm_broker_fd(broker), .events = POLLIN },
			{ .fd = children[0].done ? -1 : children[0].fd, .events = POLLIN },
			{ .fd = children[1].done ? -1 : children[1].fd, .events = POLLIN },
		};
		int n = poll(fds, 3, SECONDS_TO_WAIT * 1000);
		if (n <= 0)
			return n == 0 ? -ETIMEDOUT : -errno;
		int ret = read_sign(&children[0], &fds[1]);
		if (ret == 0)
			ret = read_sign(&children[1], &fds[2]);
		if (ret == 0)
			ret = umm_broker_dispatch(broker, 0);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* The clock has stopped; to leave in order they would need a broker that serves them. */
static void end_children(struct child *children)
{
	for (unsigned i = 0; i < 2; i++) {
		umm_close_fd(&children[i].fd);
		if (children[i].pid == 0)
			continue;
		kill(children[i].pid, SIGKILL);
		waitpid(children[i].pid, NULL, 0);
	}
}

static void remember_heap(void *user, const char *token, const struct umm_layout *layout,
			  const char *notes)
{
	(void)token, (void)notes;
	struct umm_layout *settled = user;
	*settled = *layout;
}

static void print_refusal(void *user, const char *token, int verdict, const char *explanation)
{
	(void)user, (void)token, (void)verdict;
	fprintf(stderr, "umm bench pool: refused: %s\n", explanation);
}

static int open_broker(const char *heap, struct umm_layout *layout, struct umm_broker **out)
{
	static const struct umm_broker_events events = { .settled = remember_heap,
							 .refused = print_refusal };
	const char *const heaps[] = { heap, NULL };
	umm_auto(umm_broker, broker) = NULL;
	int ret = umm_broker_create(&events, layout, &broker);
	if (ret < 0)
		return ret;
	ret = umm_broker_add_collection(broker, TOKEN,
					UMM_BROKER_COLLECTION_OPTS(.expected_members = 2,
								   .buffers = BUFFERS,
								   .heaps = heaps));
	if (ret < 0)
		return ret;
	*out = umm_steal(broker);
	return 0;
}

static int measure_children(struct umm_broker *broker, double *out_ms)
{
	struct child children[2] = { { .fd = -1 }, { .fd = -1 } };
	double start = now_ms();
	int ret = start_child(broker, UMM_PRODUCER, &children[0]);
	if (ret == 0)
		ret = start_child(broker, UMM_CONSUMER, &children[1]);
	if (ret == 0)
		ret = wait_until_done(broker, children);
	double end = now_ms();
	end_children(children);
	if (ret == 0)
		*out_ms = end - start;
	return ret;
}

static int run_once(const char *heap, double *out_ms)
{
	struct umm_layout layout = { 0 };
	double ms = 0;
	umm_auto(umm_broker, broker) = NULL;
	int ret = open_broker(heap, &layout, &broker);
	if (ret == 0)
		ret = measure_children(broker, &ms);
	if (ret < 0)
		return ret;
	if (strcmp(layout.heap, heap) != 0)
		return -EXDEV; /* the figure would be another heap's */
	*out_ms = ms;
	return 0;
}

/* ---- figures ---- */

static unsigned pages_needed(void)
{
	uint64_t buffer = (uint64_t)WIDTH_PX * HEIGHT_PX * 4, page = UINT64_C(2) << 20;
	return (unsigned)(BUFFERS * ((buffer + page - 1) / page));
}

static bool have_huge_pages(char *why, size_t size)
{
	struct umm_heap_properties heap;
	struct umm_heap hugetlb;
	if (!umm_heap_find("hugetlb", &hugetlb))
		return false;
	umm_heap_probe(&hugetlb, &heap);
	uint64_t needed = (uint64_t)pages_needed() << 21;
	if (heap.present && heap.free_bytes >= needed)
		return true;
	if (heap.present)
		snprintf(why, size, "only %llu of the %u pages needed are free",
			 (unsigned long long)(heap.free_bytes >> 21), pages_needed());
	else
		snprintf(why, size, "%s", heap.source);
	return false;
}

static int measure(unsigned runs, bool huge, double *small_ms, double *huge_ms)
{
	double small_runs[MAX_RUNS], huge_runs[MAX_RUNS];
	for (unsigned i = 0; i < runs; i++) {
		int ret = run_once("memfd", &small_runs[i]);
		if (ret == 0 && huge)
			ret = run_once("hugetlb", &huge_runs[i]);
		if (ret < 0)
			return ret;
	}
	*small_ms = bench_median(small_runs, runs);
	*huge_ms = huge ? bench_median(huge_runs, runs) : 0;
	return 0;
}

static void print_result(bool json, unsigned runs, double small_ms, double huge_ms, const char *why)
{
	bool huge = why[0] == '\0';
	if (json && huge)
		printf("{\"runs\":%u,\"memfd_ms\":%.3f,\"hugetlb_ms\":%.3f,\"ratio\":%.4f}\n", runs,
		       small_ms, huge_ms, huge_ms / small_ms);
	else if (json)
		printf("{\"runs\":%u,\"memfd_ms\":%.3f,\"hugetlb_ms\":null,\"ratio\":null}\n", runs,
		       small_ms);
	if (json)
		return;
	printf("pool of %d x %dx%d XR24, created and touched in two processes, median of %u:\n",
	       BUFFERS, WIDTH_PX, HEIGHT_PX, runs);
	printf("  memfd    %8.2f ms\n", small_ms);
	if (huge)
		printf("  hugetlb  %8.2f ms, %.2f of memfd\n", huge_ms, huge_ms / small_ms);
	else
		printf("  hugetlb  not measured: %s;\n"
		       "           sysctl vm.nr_hugepages=%u, as root, reserves what this needs\n",
		       why, pages_needed());
}

static void print_help(void)
{
	printf("usage: umm bench pool [--runs N] [--json]\n"
	       "\n"
	       "Creates a pool of %d x %dx%d XR24 and touches every page of it in two processes,\n"
	       "from ordinary and from huge pages.\n"
	       "\n"
	       "  --runs N   how often each (%d)\n"
	       "  --json     {\"runs\",\"memfd_ms\",\"hugetlb_ms\",\"ratio\"}; null without huge "
	       "pages\n",
	       BUFFERS, WIDTH_PX, HEIGHT_PX, DEFAULT_RUNS);
}

static int run_bench(unsigned runs, bool json)
{
	char why[UMM_HEAP_SOURCE_MAX + 1] = "";
	double small_ms, huge_ms;
	bool huge = have_huge_pages(why, sizeof(why));
	int ret = measure(runs, huge, &small_ms, &huge_ms);
	if (ret < 0) {
		fprintf(stderr, "umm bench pool: %s\n", strerror(-ret));
		return BENCH_FAILED;
	}
	print_result(json, runs, small_ms, huge_ms, why);
	return BENCH_OK;
}

struct wishes {
	unsigned runs;
	bool json;
};

static bool parse_option(int letter, void *user)
{
	struct wishes *wishes = user;
	switch (letter) {
	case 'r':
		return bench_count("pool", "runs", optarg, (struct bench_range){ 1, MAX_RUNS },
				   &wishes->runs);
	case 'j':
		wishes->json = true;
		return true;
	default:
		return false;
	}
}

int bench_pool(int argc, char **argv)
{
	static const struct option names[] = {
		{ "runs", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const struct bench_options command = { "pool", names, print_help, parse_option };
	struct wishes wishes = { .runs = DEFAULT_RUNS };
	int ret = bench_options(&command, argc, argv, &wishes);
	return ret != BENCH_GO ? ret : run_bench(wishes.runs, wishes.json);
}
