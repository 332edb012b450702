/* SPDX-License-Identifier: MIT */
/**
 * A program for exec: joins as umm run tells it to by the environment, shows frames of grey that
 * begin with their number, and says on stdout which words it was started with.
 *
 *	source [slow] [deaf] [word..]	slow: ten frames a second; deaf: never ends by itself
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umm/umm.h>

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	stop = number;
}

static bool has_word(char **words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static int show(struct umm_member *member, uint64_t number)
{
	struct umm_buffer *buffer;
	int ret = umm_producer_grab(member, 100000000, &buffer);
	if (ret < 0)
		return ret == -ETIMEDOUT || ret == -EINTR ? 0 : ret;
	memset(umm_buffer_data(buffer), (int)(number & 0xff), 64);
	return umm_producer_show(member, buffer, NULL);
}

static uint64_t frames_wanted(void)
{
	const char *frames = getenv("UMM_FRAMES");
	return frames != NULL ? strtoull(frames, NULL, 10) : UINT64_MAX;
}

int main(int argc, char **argv)
{
	struct umm_connection *connection;
	struct umm_collection *collection;
	struct umm_member *member;
	struct umm_size size = { 64, 48 };
	struct sigaction action = { .sa_handler = on_stop };
	if (!has_word(argv, "deaf"))
		sigaction(SIGUSR1, &action, NULL);
	for (int i = 1; i < argc; i++)
		printf("source: word %s\n", argv[i]);
	fflush(stdout);
	if (getenv("UMM_SOCKET") == NULL ||
	    umm_connection_open(atoi(getenv("UMM_SOCKET")), &connection) < 0)
		return 2;
	if (umm_collection_open(connection, getenv("UMM_OUTPUT"), &collection) < 0 ||
	    umm_collection_join_cpu(collection, UMM_PRODUCER, getenv("UMM_NAME"),
				    UMM_FOURCC('R', '8', ' ', ' '), size, &member) < 0 ||
	    umm_collection_seal(collection) != 0 || umm_collection_start(collection) < 0)
		return 1;
	int ret = 0;
	for (uint64_t n = 0; n < frames_wanted() && ret == 0 && stop == 0; n++) {
		ret = show(member, n);
		if (has_word(argv, "slow"))
			usleep(100000);
	}
	umm_producer_end(member, 0);
	umm_producer_drain(member, UMM_FOREVER);
	umm_collection_destroy(collection);
	umm_connection_close(connection);
	return 0;
}
