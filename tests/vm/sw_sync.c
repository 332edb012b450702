/* SPDX-License-Identifier: MIT */
/**
 * Fences that do what the test says, failing included: sw_sync of the lab kernel
 * (drivers/dma-buf/sw_sync.c). A timeline is an open file; counting it up signals its fences, and
 * those that are left when it is closed fail with -ENOENT.
 */
#include <umm/fence.h>
#include <umm/log.h>
#include <umm/umm.h>

#include "heap/heap.h"
#include "os/clock.h"
#include "share/buffer.h"
#include "tests/unit/members.h"
#include "tests/vm/sw_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define SIZE  8192
#define MS    INT64_C(1000000)
#define LATER (400 * MS)
#define SLACK (3000 * MS) /* what an emulated machine under load takes to wake up */

/* ---- a driver ---- */

struct driver {
	int timeline;
	uint32_t next; /* value of the next fence */
};

static struct driver start_driver(void)
{
	struct driver driver = { .timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC), .next = 1 };
	if (driver.timeline < 0)
		SKIP("no %s: %s", SW_SYNC, strerror(errno));
	return driver;
}

/* Work that takes until finish_work() or fail_work(). */
static struct umm_fence start_work(struct driver *driver)
{
	struct sw_sync_fence create = { .value = driver->next++, .name = "work" };
	CHECK_INT(ioctl(driver->timeline, SW_SYNC_CREATE_FENCE, &create), 0);
	return (struct umm_fence){ .kind = UMM_FENCE_SYNC_FILE, .fd = create.fence };
}

static void finish_work(const struct driver *driver)
{
	uint32_t one = 1;
	CHECK_INT(ioctl(driver->timeline, SW_SYNC_COUNT_UP, &one), 0);
}

static void fail_work(const struct driver *driver)
{
	CHECK_INT(close(driver->timeline), 0);
}

/* ---- work that ends while somebody waits for it ---- */

struct end {
	void (*end)(const struct driver *driver);
	struct driver driver;
	int64_t ended_ns; /* just before */
	pthread_t thread;
};

static void *end_later(void *argument)
{
	struct end *end = argument;
	usleep(LATER / 1000);
	end->ended_ns = umm_now_ns();
	end->end(&end->driver);
	return NULL;
}

static void begin_end(struct end *end)
{
	CHECK_INT(pthread_create(&end->thread, NULL, end_later, end), 0);
}

/* Whoever waited was there at `now_ns`: not before the end, and not much later. */
static void check_end(struct end *end, int64_t now_ns)
{
	CHECK_INT(pthread_join(end->thread, NULL), 0);
	CHECK(now_ns >= end->ended_ns);
	CHECK(now_ns - end->ended_ns < SLACK);
}

/* ---- a buffer it works on ---- */

static struct umm_buffer *make_buffer(const char *heap_name)
{
	static const struct umm_layout layout = { .raw_size_bytes = SIZE, .buffers = 1 };
	struct umm_heap heap;
	struct umm_heap_request request = { .label = "umm-test", .size_bytes = SIZE };
	struct umm_heap_memory memory;
	struct umm_buffer_config config = {
		.pool = "edge0", .owner = "x", .layout = &layout, .map = UMM_MAP_WRITE
	};
	struct umm_buffer *buffer;
	CHECK(umm_heap_find(heap_name, &heap));
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	CHECK_INT(umm_buffer_create(memory.fd, &config, &buffer), 0);
	umm_heap_memory_close(&memory);
	return buffer;
}

/* The driver writes into the buffer (or reads it), and every user of it knows. */
static void work_on(struct umm_buffer *buffer, enum umm_access access, struct driver *driver)
{
	struct umm_fence fence = start_work(driver);
	CHECK_INT(umm_buffer_import_fence(buffer, access, &fence), 0);
	umm_fence_close(&fence);
}

static void check_access(struct umm_buffer *buffer, enum umm_access access)
{
	CHECK_INT(umm_buffer_begin_access(buffer, access), 0);
	CHECK_INT(umm_buffer_end_access(buffer, access), 0);
}

/* ---- tests ---- */

static void check_reader(const char *heap)
{
	struct umm_buffer *buffer = make_buffer(heap);
	struct end end = { .end = finish_work, .driver = start_driver() };
	work_on(buffer, UMM_ACCESS_WRITE, &end.driver);
	begin_end(&end);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	check_end(&end, umm_now_ns());
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	check_access(buffer, UMM_ACCESS_READ_WRITE);
	close(end.driver.timeline);
	umm_buffer_unref(buffer);
}

TEST(a_reader_waits_for_the_writers_fence_and_not_longer)
{
	check_reader("system");
	check_reader("udmabuf");
	check_reader("reserved");
}

TEST(readers_go_on_while_a_driver_reads_and_a_writer_waits)
{
	struct umm_buffer *buffer = make_buffer("system");
	struct end end = { .end = finish_work, .driver = start_driver() };
	work_on(buffer, UMM_ACCESS_READ, &end.driver);
	check_access(buffer, UMM_ACCESS_READ);
	begin_end(&end);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	check_end(&end, umm_now_ns());
	close(end.driver.timeline);
	umm_buffer_unref(buffer);
}

TEST(who_waits_for_two_drivers_waits_for_the_later_one)
{
	struct umm_buffer *buffer = make_buffer("system");
	struct driver early = start_driver();
	struct end late = { .end = finish_work, .driver = start_driver() };
	work_on(buffer, UMM_ACCESS_WRITE, &early);
	work_on(buffer, UMM_ACCESS_WRITE, &late.driver);
	begin_end(&late);
	finish_work(&early);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	check_end(&late, umm_now_ns());
	close(early.timeline);
	close(late.driver.timeline);
	umm_buffer_unref(buffer);
}

TEST(a_fence_that_fails_is_no_signal)
{
	struct driver driver = start_driver();
	struct umm_fence fence = start_work(&driver);
	struct umm_buffer *buffer = make_buffer("system");
	struct umm_fence exported;
	char text[128];
	CHECK_INT(umm_buffer_import_fence(buffer, UMM_ACCESS_WRITE, &fence), 0);
	CHECK_INT(umm_buffer_export_fence(buffer, UMM_ACCESS_READ, &exported), 0);
	CHECK_INT(umm_fence_wait(&exported, 100 * MS), -ETIMEDOUT);
	fail_work(&driver);
	CHECK_INT(umm_fence_wait(&fence, UMM_FOREVER), -ENOENT);
	CHECK_INT(umm_fence_wait(&exported, UMM_FOREVER), -ENOENT);
	CHECK_INT(umm_fence_describe(&exported, text, sizeof(text)), 0);
	CHECK_STR(text, "failed, from sw_sync (vm-sw_sync)");
	CHECK_INT(umm_buffer_import_fence(buffer, UMM_ACCESS_WRITE, &fence), -ENOENT);
	umm_fence_close(&fence);
	umm_fence_close(&exported);
	umm_buffer_unref(buffer);
}

TEST(an_access_says_that_what_it_waited_for_failed)
{
	struct umm_buffer *buffer = make_buffer("udmabuf");
	struct end end = { .end = fail_work, .driver = start_driver() };
	work_on(buffer, UMM_ACCESS_WRITE, &end.driver);
	begin_end(&end);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), -ENOENT);
	check_end(&end, umm_now_ns());
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), -EINVAL); /* none has begun */
	umm_buffer_unref(buffer);
}

TEST(who_overwrites_what_failed_goes_on)
{
	struct umm_buffer *buffer = make_buffer("udmabuf");
	struct end end = { .end = fail_work, .driver = start_driver() };
	work_on(buffer, UMM_ACCESS_WRITE, &end.driver);
	begin_end(&end);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	check_end(&end, umm_now_ns());
	umm_buffer_unref(buffer);
}

/* ---- a driver that hangs ---- */

static char said[256];

UMM_PRINTF(3, 0)
static void keep(void *user, enum umm_log_level level, const char *format, va_list args)
{
	(void)user;
	(void)level;
	vsnprintf(said, sizeof(said), format, args);
}

TEST(a_fence_that_never_comes_ends_at_its_deadline_with_its_owner_named)
{
	struct driver driver = start_driver();
	struct umm_fence fence = start_work(&driver);
	char text[128];
	int64_t start = umm_now_ns();
	CHECK_INT(umm_fence_wait(&fence, LATER), -ETIMEDOUT);
	int64_t took = umm_now_ns() - start;
	CHECK(took >= LATER && took < LATER + SLACK);
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK_STR(text, "waiting for sw_sync (vm-sw_sync)");
	umm_fence_close(&fence);
	close(driver.timeline);
}

TEST(an_access_does_not_wait_for_ever_and_names_the_owner)
{
	struct umm_buffer *buffer = make_buffer("system");
	struct driver driver = start_driver();
	umm_log_set_handler(keep, UMM_LOG_WARNING, NULL);
	work_on(buffer, UMM_ACCESS_WRITE, &driver);
	int64_t start = umm_now_ns();
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), -ETIME);
	int64_t took = umm_now_ns() - start;
	CHECK(took >= 15000 * MS && took < 15000 * MS + SLACK);
	CHECK_STR(said, "buffer edge0/0: waiting for sw_sync (vm-sw_sync) for too long");
	finish_work(&driver);
	check_access(buffer, UMM_ACCESS_READ);
	close(driver.timeline);
	umm_buffer_unref(buffer);
}

/* ---- frames ---- */

struct pair {
	struct umm_collection *collection;
	struct umm_member *painter, *viewer;
};

static struct pair make_pair(void)
{
	static const char *const heaps[] = { "system", NULL };
	struct umm_memory_demand demand = { .heaps = heaps };
	struct umm_constraints *painter = painter_constraints();
	struct pair pair;
	CHECK_INT(umm_constraints_set_memory(painter, &demand), 0);
	CHECK_INT(umm_collection_create("test", &pair.collection), 0);
	pair.painter = join(pair.collection, painter, UMM_PRODUCER, UMM_QUEUE_FIFO);
	pair.viewer =
		join(pair.collection, viewer_constraints("viewer"), UMM_CONSUMER, UMM_QUEUE_FIFO);
	CHECK_INT(umm_collection_seal(pair.collection), 0);
	CHECK_INT(umm_collection_start(pair.collection), 0);
	return pair;
}

/* Pass on a frame that a driver has yet to draw. */
static void show(struct umm_member *painter, struct driver *driver)
{
	struct umm_buffer *buffer;
	struct umm_frame_info info = { .fence_point = 0 };
	CHECK_INT(umm_producer_acquire(painter, UMM_FOREVER, &buffer), 0);
	work_on(buffer, UMM_ACCESS_WRITE, driver);
	CHECK_INT(umm_producer_publish(painter, buffer, &info, UMM_HOLD_DROP), 0);
}

TEST(a_frame_is_there_when_the_driver_that_draws_it_says_so)
{
	struct pair pair = make_pair();
	struct end end = { .end = finish_work, .driver = start_driver() };
	struct umm_frame frame;
	show(pair.painter, &end.driver);
	begin_end(&end);
	CHECK_INT(umm_consumer_take(pair.viewer, UMM_FOREVER, &frame), 0);
	check_end(&end, umm_now_ns());
	CHECK_INT(umm_consumer_give(pair.viewer, &frame), 0);
	close(end.driver.timeline);
	umm_collection_destroy(pair.collection);
}

TEST(a_frame_whose_driver_failed_is_an_error_and_the_next_one_comes)
{
	struct pair pair = make_pair();
	struct driver next = start_driver();
	struct end end = { .end = fail_work, .driver = start_driver() };
	struct umm_frame frame;
	show(pair.painter, &end.driver);
	begin_end(&end);
	CHECK_INT(umm_consumer_take(pair.viewer, UMM_FOREVER, &frame), -ENOENT);
	check_end(&end, umm_now_ns());
	show(pair.painter, &next);
	finish_work(&next);
	CHECK_INT(umm_consumer_take(pair.viewer, UMM_FOREVER, &frame), 0);
	CHECK_INT((int)frame.sequence, 1);
	CHECK_INT(umm_consumer_give(pair.viewer, &frame), 0);
	close(next.timeline);
	umm_collection_destroy(pair.collection);
}
