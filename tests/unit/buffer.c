/* SPDX-License-Identifier: MIT */
#include "share/buffer.h"
#include "tests/harness.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_buffer, umm_buffer_unref)

#define SIZE 8192

static const struct umm_layout layout = {
	.format = UMM_FOURCC('R', '8', ' ', ' '),
	.width_px = 64,
	.height_px = 128,
	.n_planes = 1,
	.planes = { { .offset_bytes = 0, .stride_bytes = 64, .rows = 128, .size_bytes = SIZE } },
	.size_bytes = SIZE,
	.raw_size_bytes = SIZE,
	.buffers = 1,
};

static struct umm_buffer *make_buffer(enum umm_map_access map, bool guard)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("test", SIZE, UMM_PAGES_4K, &fd), 0);
	struct umm_buffer_config config = {
		.pool = "edge0",
		.owner = "painter",
		.index = 2,
		.layout = &layout,
		.map = map,
		.guard = guard,
	};
	struct umm_buffer *buffer;
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), 0);
	return buffer;
}

TEST(buffer_has_name_identity_and_planes)
{
	umm_auto(umm_buffer, buffer) = make_buffer(UMM_MAP_WRITE, false);
	CHECK_STR(umm_buffer_name(buffer), "edge0/2");
	CHECK_INT(umm_buffer_index(buffer), 2);
	CHECK(umm_buffer_id(buffer).ino != 0);
	CHECK(umm_buffer_plane(buffer, 0) == umm_buffer_data(buffer));
	CHECK(umm_buffer_plane(buffer, 1) == NULL);
	CHECK_INT(umm_buffer_memory_fd(buffer), umm_buffer_fd(buffer));
}

TEST(last_reference_unmaps_and_closes)
{
	struct umm_buffer *buffer = make_buffer(UMM_MAP_WRITE, false);
	char *data = umm_buffer_data(buffer);
	umm_buffer_ref(buffer);
	umm_buffer_unref(buffer);
	data[0] = 1;
	umm_buffer_unref(buffer);
	unsigned char resident[2];
	CHECK(mincore(data, SIZE, resident) == -1 && errno == ENOMEM);
}

TEST(reader_may_not_write)
{
	umm_auto(umm_buffer, buffer) = make_buffer(UMM_MAP_READ, false);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), -EACCES);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ_WRITE), -EACCES);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
}

TEST(memory_that_can_shrink_is_refused)
{
	umm_autofd fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK_INT(ftruncate(fd, SIZE), 0);
	struct umm_buffer_config config = {
		.pool = "p", .owner = "o", .layout = &layout, .map = UMM_MAP_READ
	};
	struct umm_buffer *buffer = NULL;
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), -EINVAL);
	CHECK(buffer == NULL);
}

TEST(layout_larger_than_the_memory_is_refused)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("test", 4096, UMM_PAGES_4K, &fd), 0);
	struct umm_buffer_config config = {
		.pool = "p", .owner = "o", .layout = &layout, .map = UMM_MAP_READ
	};
	struct umm_buffer *buffer = NULL;
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), -EINVAL);

	struct umm_layout outside = layout;
	outside.raw_size_bytes = 4096;
	outside.planes[0].offset_bytes = UINT64_MAX - 4;
	config.layout = &outside;
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), -EINVAL);
	CHECK(buffer == NULL);
}

/* Run `touch` in a child whose stderr is caught; returns the signal that ended it, 0 for none. */
static int caught(void (*touch)(void), char *text, size_t size)
{
	int pipe_fds[2];
	CHECK_INT(pipe(pipe_fds), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(pipe_fds[1], STDERR_FILENO);
		touch();
		_exit(0);
	}
	close(pipe_fds[1]);
	ssize_t n = read(pipe_fds[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(pipe_fds[0]);
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void stray_write(void)
{
	struct umm_buffer *buffer = make_buffer(UMM_MAP_WRITE, true);
	((volatile char *)umm_buffer_data(buffer))[10] = 1;
}

static void stray_read_after_end(void)
{
	struct umm_buffer *buffer = make_buffer(UMM_MAP_READ, true);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	(void)((volatile char *)umm_buffer_data(buffer))[10];
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	(void)((volatile char *)umm_buffer_data(buffer))[SIZE - 1];
}

static void write_inside_read(void)
{
	struct umm_buffer *buffer = make_buffer(UMM_MAP_WRITE, true);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	((volatile char *)umm_buffer_data(buffer))[10] = 1;
}

static void legal_use(void)
{
	struct umm_buffer *buffer = make_buffer(UMM_MAP_WRITE, true);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ_WRITE), 0);
		((volatile char *)umm_buffer_data(buffer))[i] = 1;
		CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
		CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ_WRITE), 0);
		(void)((volatile char *)umm_buffer_data(buffer))[i];
		CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	}
	umm_buffer_unref(buffer);
}

TEST(guard_names_buffer_member_and_direction)
{
	char text[512];
	CHECK_INT(caught(stray_write, text, sizeof(text)), SIGSEGV);
	CHECK(strstr(text, "stray write of buffer edge0/2 by 'painter'") != NULL);
	CHECK(strstr(text, "open: no access") != NULL);

	CHECK_INT(caught(stray_read_after_end, text, sizeof(text)), SIGSEGV);
	CHECK(strstr(text, "stray read of buffer edge0/2 by 'painter'") != NULL);

	CHECK_INT(caught(write_inside_read, text, sizeof(text)), SIGSEGV);
	CHECK(strstr(text, "stray write") != NULL && strstr(text, "open: read access") != NULL);
}

TEST(guard_is_silent_about_legal_use)
{
	char text[512];
	CHECK_INT(caught(legal_use, text, sizeof(text)), 0);
	CHECK_STR(text, "");
}

static void foreign_fault(void)
{
	make_buffer(UMM_MAP_WRITE, true);
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(volatile char *)page = 1;
}

TEST(guard_leaves_other_faults_alone)
{
	char text[512];
	CHECK_INT(caught(foreign_fault, text, sizeof(text)), SIGSEGV);
	CHECK_STR(text, "");
}
