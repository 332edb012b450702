/* SPDX-License-Identifier: MIT */
/** Processes and their broker: the test itself serves, each process is a child with a connection.
 */
#ifndef UMM_TESTS_SERVED_H
#define UMM_TESTS_SERVED_H

#include <sys/wait.h>
#include <unistd.h>

#include <umm/broker.h>

#include "tests/harness.h"

#define SERVED_MOST 8

struct served {
	struct umm_broker *broker;
	unsigned n, refused, settled, started, gone, gone_unclean;
	char explanation[2048], notes[512];
	struct umm_layout layout; /* that was settled last */
	int keep_fd;		  /* what children inherit beside their socket; 0: nothing */
	pid_t pids[SERVED_MOST];
	int statuses[SERVED_MOST];
};

static inline void served_settled(void *user, const char *token, const struct umm_layout *layout,
				  const char *notes)
{
	(void)token;
	struct served *served = user;
	served->settled++;
	served->layout = *layout;
	snprintf(served->notes, sizeof(served->notes), "%s", notes);
}

static inline void served_refused(void *user, const char *token, int verdict,
				  const char *explanation)
{
	(void)token, (void)verdict;
	struct served *served = user;
	served->refused++;
	snprintf(served->explanation, sizeof(served->explanation), "%s", explanation);
}

static inline void served_gone(void *user, struct umm_client *client, const char *label, bool clean)
{
	(void)client, (void)label;
	struct served *served = user;
	served->gone++;
	served->gone_unclean += !clean;
}

static inline void served_started(void *user, const char *token)
{
	(void)token;
	((struct served *)user)->started++;
}

/** A broker with one collection, "edge0". */
static inline void serve_open(struct served *served, const struct umm_broker_collection_opts *opts)
{
	const struct umm_broker_events events = { .settled = served_settled,
						  .refused = served_refused,
						  .started = served_started,
						  .disconnected = served_gone };
	*served = (struct served){ 0 };
	CHECK_INT(umm_broker_create(&events, served, &served->broker), 0);
	CHECK_INT(umm_broker_add_collection(served->broker, "edge0", opts), 0);
}

/* A process that forks instead of executing inherits the broker's ends of all sockets: the hang-up
 * of a dead broker would never come. */
static inline void serve_keep_only(const struct served *served, int fd)
{
	for (int other = STDERR_FILENO + 1; other < 1024; other++)
		if (other != fd && other != served->keep_fd)
			close(other);
}

/** Fork, with a socket to the broker for the child alone. True in the child. */
static inline bool serve_fork(struct served *served, const char *label, int *out_fd,
			      struct umm_client **out_client)
{
	CHECK_INT(umm_broker_connect(served->broker, label, out_fd, out_client), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		serve_keep_only(served, *out_fd);
		return true;
	}
	close(*out_fd);
	served->pids[served->n++] = child;
	return false;
}

/** Run `run` in a process of its own, for which nobody answers; what it returns is its exit status.
 */
static inline void serve_socket(struct served *served, const char *label,
				int (*run)(int take_fd, const void *), const void *argument)
{
	int fd;
	if (serve_fork(served, label, &fd, NULL))
		_exit(run(fd, argument));
}

/** The same, connected already. */
static inline unsigned serve_stranger(struct served *served, const char *label,
				      int (*run)(struct umm_connection *, void *), void *argument,
				      struct umm_client **out_client)
{
	int fd;
	if (serve_fork(served, label, &fd, out_client)) {
		struct umm_connection *connection;
		CHECK_INT(umm_connection_open(fd, &connection), 0);
		int status = run(connection, argument);
		umm_connection_close(connection);
		_exit(status);
	}
	return served->n - 1;
}

/** The same, of a process that the broker's owner vouches for. */
static inline unsigned serve_process(struct served *served, const char *label,
				     int (*run)(struct umm_connection *, void *), void *argument)
{
	struct umm_client *client;
	unsigned index = serve_stranger(served, label, run, argument, &client);
	umm_broker_vouch_for(client);
	return index;
}

static inline bool serve_reap(struct served *served)
{
	bool all = true;
	for (unsigned i = 0; i < served->n; i++) {
		if (served->pids[i] != 0 &&
		    waitpid(served->pids[i], &served->statuses[i], WNOHANG) == served->pids[i])
			served->pids[i] = 0;
		all &= served->pids[i] == 0;
	}
	return all;
}

/** Serve until a collection has started. */
static inline void serve_until_started(struct served *served)
{
	while (served->started == 0)
		CHECK_INT(umm_broker_dispatch(served->broker, UMM_FOREVER), 0);
}

/** Serve until all processes have exited. */
static inline void serve_all(struct served *served)
{
	while (!serve_reap(served))
		CHECK_INT(umm_broker_dispatch(served->broker, 20 * 1000 * 1000), 0);
	CHECK_INT(umm_broker_dispatch(served->broker, 0), 0);
}

static inline void serve_close(struct served *served)
{
	umm_broker_destroy(served->broker);
}

#endif
