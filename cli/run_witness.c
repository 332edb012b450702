/* SPDX-License-Identifier: MIT */
/**
 * A witness: one more member of an edge, which wants no memory but to know why the answer is what
 * it is. `umm explain` has one for each edge.
 *
 * The broker's owner is told the layout, members are told the reasons; so the runner takes part, in
 * a process of its own because joining waits for the broker that the runner serves. It writes the
 * reasons into a pipe and waits to be killed: if it left, the collection would end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/run.h"
#include "os/cleanup.h"

#define LONGEST_TEXT 65536 /* what a pipe holds, see pipe(7) */
#define PATIENCE_MS  1000

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

/* Who wants no memory may want a picture to pass. */
static int observe(struct umm_collection *collection, const char *request)
{
	umm_auto(umm_constraints, constraints) = NULL;
	struct umm_member *member;
	if (request != NULL) {
		int ret = umm_collection_join_json(collection, UMM_OBSERVER, request, &member);
		return ret == 0 ? umm_collection_seal(collection) : ret;
	}
	int ret = umm_constraints_create("(explain)", &constraints);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, UMM_USAGE_NONE);
	if (ret == 0)
		ret = umm_collection_join(collection, constraints,
					  UMM_JOIN_OPTS(.role = UMM_OBSERVER), &member);
	return ret == 0 ? umm_collection_seal(collection) : ret;
}

static int testify(const struct run *run, const char *token, int take_fd, int pipe_fd)
{
	struct umm_connection *connection;
	struct umm_collection *collection;
	int ret = umm_connection_open(take_fd, &connection);
	if (ret == 0)
		ret = umm_collection_open(connection, token, &collection);
	if (ret == 0)
		ret = observe(collection, run->options->request);
	if (ret != 0)
		return CLI_FAILED;
	const char *text = umm_collection_explain(collection);
	size_t size = strnlen(text, LONGEST_TEXT - 1);
	if (write(pipe_fd, text, size) != (ssize_t)size)
		return CLI_FAILED;
	close(pipe_fd);
	for (;;)
		pause();
}

int run_witness_start(struct run *run, struct run_edge *edge)
{
	int ends[2], fd;
	struct umm_client *client;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	umm_autofd reading = ends[0], writing = ends[1];
	int ret = umm_broker_connect(run->broker, "explain", &fd, &client);
	if (ret < 0)
		return ret;
	umm_autofd socket = fd;

	fflush(NULL);
	pid_t runner = getpid(), pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != runner)
			_exit(CLI_FAILED);
		run_close_all_but(socket, writing);
		_exit(testify(run, edge->token, umm_fd_steal(&socket), writing));
	}
	edge->witness = pid;
	edge->witness_fd = umm_fd_steal(&reading);
	return 0;
}

void run_witness_hear(struct run_edge *edge)
{
	if (edge->witness == 0 || edge->reasons != NULL)
		return;
	char *text = malloc(LONGEST_TEXT);
	if (text == NULL)
		return;
	size_t size = 0;
	struct pollfd fd = { .fd = edge->witness_fd, .events = POLLIN };
	while (size < LONGEST_TEXT - 1 && poll(&fd, 1, PATIENCE_MS) > 0) {
		ssize_t got = read(edge->witness_fd, text + size, LONGEST_TEXT - 1 - size);
		if (got <= 0)
			break;
		size += (size_t)got;
	}
	text[size] = '\0';
	edge->reasons = text;
}

void run_witness_end(struct run_edge *edge)
{
	if (edge->witness == 0)
		return;
	kill(edge->witness, SIGKILL);
	waitpid(edge->witness, NULL, 0);
	close(edge->witness_fd);
	edge->witness = 0;
}
