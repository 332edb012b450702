/* SPDX-License-Identifier: MIT */
#include "tests/unit/queue_fixture.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "tests/harness.h"

static void *shared(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(map != MAP_FAILED);
	return map;
}

void queue_fixture_init(struct queue_fixture *fixture, unsigned n_buffers, unsigned n_consumers,
			enum umm_queue_mode mode)
{
	*fixture = (struct queue_fixture){
		.n_buffers = n_buffers,
		.n_consumers = n_consumers,
		.layout = { .width_px = 640, .height_px = 480 },
	};
	fixture->producer_block = shared(umm_queue_producer_block_size(n_buffers));
	umm_queue_producer_block_init(fixture->producer_block, n_buffers, n_consumers);
	for (unsigned i = 0; i < n_consumers; i++) {
		fixture->modes[i] = mode;
		fixture->consumer_blocks[i] = shared(umm_queue_consumer_block_size(n_buffers));
		umm_queue_consumer_block_init(fixture->consumer_blocks[i], n_buffers, mode);
		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				 fixture->doorbells[i]) == 0);
	}
}

void queue_fixture_finish(struct queue_fixture *fixture)
{
	munmap(fixture->producer_block, umm_queue_producer_block_size(fixture->n_buffers));
	for (unsigned i = 0; i < fixture->n_consumers; i++) {
		munmap(fixture->consumer_blocks[i],
		       umm_queue_consumer_block_size(fixture->n_buffers));
		umm_close_fd(&fixture->doorbells[i][0]);
		umm_close_fd(&fixture->doorbells[i][1]);
	}
}

static struct umm_queue_end *make_end(struct queue_fixture *fixture,
				      struct umm_queue_end_config *config)
{
	struct umm_queue_end *end = NULL;
	config->n_buffers = fixture->n_buffers;
	config->n_consumers = fixture->n_consumers;
	config->producer_block = fixture->producer_block;
	config->layout = &fixture->layout;
	config->alive = fixture->alive;
	config->user = fixture->user;
	for (unsigned i = 0; i < fixture->n_consumers; i++) {
		config->modes[i] = fixture->modes[i];
		config->consumer_blocks[i] = fixture->consumer_blocks[i];
	}
	CHECK_INT(umm_queue_end_create(config, &end), 0);
	return end;
}

struct umm_queue_end *queue_fixture_producer(struct queue_fixture *fixture)
{
	struct umm_queue_end_config config = { .role = UMM_PRODUCER };
	for (unsigned i = 0; i < fixture->n_consumers; i++)
		config.doorbells[i] = umm_fd_steal(&fixture->doorbells[i][0]);
	return make_end(fixture, &config);
}

struct umm_queue_end *queue_fixture_consumer(struct queue_fixture *fixture, unsigned index)
{
	struct umm_queue_end_config config = { .role = UMM_CONSUMER, .self = index };
	config.doorbells[0] = umm_fd_steal(&fixture->doorbells[index][1]);
	return make_end(fixture, &config);
}

pid_t queue_fixture_fork(struct queue_fixture *fixture, unsigned index, queue_fixture_body *body,
			 void *user)
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid > 0) {
		umm_close_fd(&fixture->doorbells[index][1]);
		return pid;
	}
	struct umm_queue_end *end = queue_fixture_consumer(fixture, index);
	for (unsigned i = 0; i < fixture->n_consumers; i++) {
		umm_close_fd(&fixture->doorbells[i][0]);
		umm_close_fd(&fixture->doorbells[i][1]);
	}
	int status = body(end, index, user);
	umm_queue_end_destroy(end);
	_exit(status);
}

int queue_fixture_reap(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void queue_fixture_pause_ms(unsigned ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	nanosleep(&pause, NULL);
}
