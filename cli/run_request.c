/* SPDX-License-Identifier: MIT */
/**
 * What `umm explain` was told is to pass, a size or a format, is stated by one more member of each
 * edge, which wants no memory.
 *
 * It sits in a process of its own because joining waits for the broker that the runner serves, and
 * waits to be killed: if it left, the collection would end.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/run.h"
#include "os/cleanup.h"

static int take_part(const struct run *run, const char *token, int take_fd)
{
	struct umm_connection *connection;
	struct umm_collection *collection;
	struct umm_member *member;
	int ret = umm_connection_open(take_fd, &connection);
	if (ret == 0)
		ret = umm_collection_open(connection, token, &collection);
	if (ret == 0)
		ret = umm_collection_join_json(collection, UMM_OBSERVER, run->options->request,
					       &member);
	if (ret != 0 || umm_collection_seal(collection) != 0)
		return CLI_FAILED;
	for (;;)
		pause();
}

int run_request_start(struct run *run, struct run_edge *edge)
{
	int fd;
	struct umm_client *client;
	int ret = umm_broker_connect(run->broker, "request", &fd, &client);
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
		run_close_all_but(socket, socket);
		_exit(take_part(run, edge->token, umm_fd_steal(&socket)));
	}
	edge->request = pid;
	return 0;
}

void run_request_end(struct run_edge *edge)
{
	if (edge->request == 0)
		return;
	kill(edge->request, SIGKILL);
	waitpid(edge->request, NULL, 0);
	edge->request = 0;
}
