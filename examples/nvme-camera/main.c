/* SPDX-License-Identifier: MIT */
/**
 * A camera that is a disk: frames of an image are read by DMA into buffers that were negotiated
 * with whoever shows them. README.md tells how to start it.
 */
#include <signal.h>
#include <stddef.h>

#include "camera.h"

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	(void)number;
	stop = 1;
}

int main(int argc, char **argv)
{
	struct options options;
	struct camera camera = { .options = &options, .stop = &stop };
	struct sigaction action = { .sa_handler = on_stop }; /* no SA_RESTART: waits end */
	sigaction(SIGUSR1, &action, NULL);		     /* umm run: end the stream */
	if (options_read(&options, argc, argv) < 0)
		return 2;
	int ret = camera_open(&camera);
	if (ret == 0)
		ret = camera_settle(&camera);
	if (ret == 0)
		ret = camera_stream(&camera);
	camera_close(&camera);
	return ret < 0 ? 1 : 0;
}
