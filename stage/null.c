/* SPDX-License-Identifier: MIT */
/**
 * null: a sink that takes frames and gives them back: the cheapest consumer there is, or, with its
 * keys, one that reads everything or is slow.
 */
#include <time.h>

#include "stage/port.h"
#include "stage/table.h"

struct null_sink {
	uint64_t touch, delay_ms;
	uint64_t sum; /* of all that was read: makes the reading necessary */
};

static int read_options(const struct stage_spec *spec, struct null_sink *out)
{
	*out = (struct null_sink){ 0 };
	if (stage_option_u64(spec, "touch", 0, 1, &out->touch) < 0 ||
	    stage_option_u64(spec, "delay_ms", 0, 60000, &out->delay_ms) < 0)
		return -1;
	return 0;
}

static int null_check(const struct stage_spec *spec)
{
	struct null_sink options;
	return read_options(spec, &options);
}

static uint64_t touch(const struct umm_buffer *buffer)
{
	const uint64_t *words = umm_buffer_data(buffer);
	uint64_t n = umm_buffer_layout(buffer)->raw_size_bytes / sizeof(*words), sum = 0;
	for (uint64_t i = 0; i < n; i++)
		sum += words[i];
	return sum;
}

static enum stage_result each(void *user, const struct umm_frame *frame)
{
	struct null_sink *sink = user;
	if (sink->touch)
		*(volatile uint64_t *)&sink->sum += touch(frame->buffer);
	if (sink->delay_ms > 0)
		nanosleep(&(struct timespec){ .tv_sec = (time_t)(sink->delay_ms / 1000),
					      .tv_nsec = (long)(sink->delay_ms % 1000) * 1000000 },
			  NULL);
	return STAGE_OK;
}

static int null_run(const struct stage_env *env)
{
	struct null_sink sink;
	if (read_options(env->spec, &sink) < 0)
		return 1;

	stage_auto_port port = { 0 };
	struct umm_format_demand anything = { .any_format = true, .any_modifier = true };
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.usage = UMM_USAGE_CPU_READ,
		.buffers = { .camping = 1 },
		.formats = &anything,
		.n_formats = 1,
	};
	if (stage_port_open(&port, env, &demand) != STAGE_OK)
		return 1;
	return stage_port_run(&port, each, &sink) == STAGE_OK ? 0 : 1;
}

static const struct stage_key keys[] = {
	{ "touch", "0|1", "1: read every byte of every frame" },
	{ "delay_ms", "N", "keep every frame for that long" },
	{ 0 },
};

const struct stage_ops stage_null = {
	.kind = "null",
	.summary = "takes frames and gives them back",
	.role = STAGE_SINK,
	.keys = keys,
	.check = null_check,
	.run = null_run,
};
