/* SPDX-License-Identifier: MIT */
/**
 * Scenarios about ownership: camera, GPU and display pass pictures on, the CPU looks and draws in
 * between, and everybody finishes later than they return.
 *
 * A picture lies inside its buffer, and the buffer neither begins nor ends with a cache line, so
 * that neighbours share its first and last one:
 *
 *	| neighbour ....|.pad.. | picture ...        | ..pad.|.... neighbour |
 *	line            ^buffer  line             line         ^end
 */
#include "tests/unit/scenarios_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/coherency.h"
#include "model/video.h"

#define WIDTH	  24u
#define HEIGHT	  16u
#define STRIDE	  (WIDTH * 4)
#define PICTURE	  (STRIDE * HEIGHT)
#define BEGIN	  32u /* of the buffer in its first line */
#define PAD	  96u /* between the buffer's begin and the picture */
#define BYTES	  (PAD + PICTURE + PAD)
#define SPAN	  8192u
#define FRAMES	  10u
#define CPU_FRAME 1000u /* drawn by the CPU instead of a device */

enum { CAMERA, GPU, DISPLAY };

struct video_buffer {
	struct umm_range run;
	struct umm_sg memory;
	struct umm_ownership ownership;
	struct umm_dma_mapping *mappings[WORLD_DEVICES];
	struct umm_range segments[WORLD_DEVICES][8];
	struct umm_agent agents[WORLD_DEVICES];
	uint8_t neighbours[2][BEGIN];
};

struct video_frame {
	struct model_camera camera;
	struct model_gpu gpu;
	struct model_display display;
	uint32_t screen[WIDTH * HEIGHT];
	uint64_t expected;
	bool wrong;
};

struct video {
	struct world *world;
	struct model_picture picture;
	struct video_buffer raw[2], composed[2];
	struct video_frame frames[FRAMES];
	struct umm_agent cpu;
};

/* ---- buffers ---- */

static const char *map_for(struct video *v, struct video_buffer *buffer, unsigned who)
{
	struct umm_dma_use use = rig_use(UMM_DMA_BIDIRECTIONAL);
	use.attributes = UMM_DMA_SKIP_SYNC;
	struct umm_sg segments;
	umm_sg_init(&segments, buffer->segments[who], 8);
	struct rig_device *device = &v->world->devices[who];
	if (umm_dma_map_buffer(&device->dma, &buffer->memory, &use, &segments,
			       &buffer->mappings[who]) < 0)
		return "a map is refused";
	buffer->agents[who] = (struct umm_agent){
		.name = device->hw.name,
		.cached = device->hw.limits.coherent,
		.mapping = buffer->mappings[who],
	};
	return NULL;
}

static const char *make_buffer(struct video *v, struct video_buffer *buffer, bool high)
{
	buffer->run = (struct umm_range){ rig_take(&v->world->rig, SPAN, high) + BEGIN, BYTES };
	umm_sg_init(&buffer->memory, &buffer->run, 1);
	buffer->memory.count = 1;
	buffer->memory.size_bytes = BYTES;
	struct umm_ownership_options options = {
		.name = "picture",
		.memory = &buffer->memory,
		.ops = &model_dma_ops,
		.machine = v->world->rig.machine,
		.sink = &v->world->rig.sink,
	};
	if (umm_ownership_init(&buffer->ownership, &options) < 0)
		return "no ownership";
	const char *wrong = NULL;
	for (unsigned who = 0; who < v->world->n_devices && wrong == NULL; who++)
		wrong = map_for(v, buffer, who);
	return wrong;
}

static void load(struct video *v, struct model_engine *engine, struct video_buffer *buffer,
		 unsigned who)
{
	struct umm_range parts[8];
	struct umm_sg segments, inside;
	umm_sg_init(&segments, buffer->segments[who], 8);
	umm_dma_segments(buffer->mappings[who], &segments);
	umm_sg_init(&inside, parts, 8);
	umm_sg_slice(&segments, PAD, PICTURE, &inside);
	model_engine_load(engine, &v->world->devices[who].hw, &inside);
}

/* ---- neighbours ---- */

static uint64_t neighbour_at(const struct video_buffer *buffer, unsigned side)
{
	return side == 0 ? buffer->run.start - BEGIN : umm_range_last(buffer->run) + 1;
}

static void write_neighbours(struct video *v, struct video_buffer *buffer)
{
	for (unsigned side = 0; side < 2; side++) {
		world_noise(v->world, buffer->neighbours[side], BEGIN);
		model_cpu_write(v->world->rig.machine, neighbour_at(buffer, side),
				buffer->neighbours[side], BEGIN);
	}
}

static bool neighbours_live(struct video *v, struct video_buffer *buffer)
{
	for (unsigned side = 0; side < 2; side++) {
		uint8_t seen[BEGIN];
		model_cpu_read(v->world->rig.machine, neighbour_at(buffer, side), seen, BEGIN);
		if (memcmp(seen, buffer->neighbours[side], BEGIN) != 0)
			return false;
	}
	return true;
}

/* ---- what each one does ---- */

static bool begin(struct video_buffer *buffer, const struct umm_agent *agent,
		  enum umm_access access)
{
	return umm_ownership_begin(&buffer->ownership, agent, access, UMM_DMA_HERE) == 0;
}

static void end(struct video_buffer *buffer, const struct umm_agent *agent, uint64_t fence)
{
	umm_ownership_end(&buffer->ownership, agent, fence, UMM_DMA_HERE);
}

static uint64_t submit(struct video *v, unsigned who, void (*run)(void *), void *context)
{
	return model_machine_submit(v->world->rig.machine, &v->world->devices[who], run, context);
}

static const char *camera_takes(struct video *v, struct video_buffer *raw,
				struct video_frame *frame, uint64_t number)
{
	if (!begin(raw, &raw->agents[CAMERA], UMM_ACCESS_WRITE))
		return "the camera gets no buffer";
	frame->camera.picture = v->picture;
	frame->camera.frame = number;
	load(v, &frame->camera.out, raw, CAMERA);
	end(raw, &raw->agents[CAMERA], submit(v, CAMERA, model_camera_run, &frame->camera));
	if (world_below(v->world, 2))
		write_neighbours(v, raw);
	return NULL;
}

static void draw(struct video *v, struct video_buffer *buffer, uint64_t number, bool composed)
{
	uint32_t row[WIDTH];
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++)
			row[x] = composed ? model_video_composed_pixel(&v->picture, number, x, y)
					  : model_video_camera_pixel(number, x, y);
		model_cpu_write(v->world->rig.machine, buffer->run.start + PAD + y * STRIDE, row,
				sizeof(row));
	}
}

static const char *cpu_draws(struct video *v, struct video_buffer *buffer, uint64_t number,
			     bool composed)
{
	if (!begin(buffer, &v->cpu, UMM_ACCESS_WRITE))
		return "the CPU gets no buffer";
	draw(v, buffer, number, composed);
	end(buffer, &v->cpu, 0);
	return NULL;
}

static const char *cpu_looks(struct video *v, struct video_buffer *raw, uint64_t number)
{
	if (!begin(raw, &v->cpu, UMM_ACCESS_READ))
		return "the CPU gets no buffer";
	bool same = true;
	for (uint32_t y = 0; y < HEIGHT; y++) {
		uint32_t row[WIDTH];
		model_cpu_read(v->world->rig.machine, raw->run.start + PAD + y * STRIDE, row,
			       sizeof(row));
		for (uint32_t x = 0; x < WIDTH; x++)
			same &= row[x] == model_video_camera_pixel(number, x, y);
	}
	end(raw, &v->cpu, 0);
	return same ? NULL : "the CPU sees a wrong picture";
}

static const char *gpu_composes(struct video *v, struct video_buffer *raw,
				struct video_buffer *composed, struct video_frame *frame)
{
	if (!begin(raw, &raw->agents[GPU], UMM_ACCESS_READ) ||
	    !begin(composed, &composed->agents[GPU], UMM_ACCESS_WRITE))
		return "the GPU gets no buffer";
	frame->gpu.picture = frame->gpu.result = v->picture;
	load(v, &frame->gpu.in, raw, GPU);
	load(v, &frame->gpu.out, composed, GPU);
	uint64_t fence = submit(v, GPU, model_gpu_run, &frame->gpu);
	end(raw, &raw->agents[GPU], fence);
	end(composed, &composed->agents[GPU], fence);
	return NULL;
}

static void show_and_compare(void *context)
{
	struct video_frame *frame = context;
	model_display_run(&frame->display);
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++)
			frame->wrong |= frame->screen[y * WIDTH + x] !=
					model_video_composed_pixel(&frame->display.picture,
								   frame->expected, x, y);
}

static const char *display_shows(struct video *v, struct video_buffer *composed,
				 struct video_frame *frame)
{
	if (!begin(composed, &composed->agents[DISPLAY], UMM_ACCESS_READ))
		return "the display gets no buffer";
	frame->display.picture = v->picture;
	frame->display.screen = frame->screen;
	load(v, &frame->display.in, composed, DISPLAY);
	uint64_t fence = submit(v, DISPLAY, show_and_compare, frame);
	if (world_below(v->world, 3) == 0 && begin(composed, &v->cpu, UMM_ACCESS_WRITE)) {
		draw(v, composed, CPU_FRAME * 2, true); /* nobody should have let it in */
		end(composed, &v->cpu, 0);
	}
	end(composed, &composed->agents[DISPLAY], fence);
	return NULL;
}

/* ---- the pipeline ---- */

static const char *one_frame(struct video *v, unsigned i)
{
	struct video_buffer *raw = &v->raw[i & 1], *composed = &v->composed[i & 1];
	struct video_frame *frame = &v->frames[i];
	uint64_t number = i;
	const char *wrong = NULL;
	if (world_below(v->world, 4) == 0) {
		number += CPU_FRAME;
		wrong = cpu_draws(v, raw, number, false);
	} else {
		wrong = camera_takes(v, raw, frame, number);
	}
	if (wrong == NULL && world_below(v->world, 3) == 0)
		wrong = cpu_looks(v, raw, number);
	if (wrong == NULL)
		wrong = gpu_composes(v, raw, composed, frame);
	if (wrong == NULL && world_below(v->world, 3) == 0) {
		number = i + 3 * CPU_FRAME;
		wrong = cpu_draws(v, composed, number, true);
	}
	frame->expected = number;
	if (wrong == NULL)
		wrong = display_shows(v, composed, frame);
	world_idle(v->world);
	return wrong;
}

static const char *check_end(struct video *v)
{
	model_machine_finish_jobs(v->world->rig.machine);
	for (unsigned i = 0; i < FRAMES; i++)
		if (v->frames[i].wrong)
			return "the display shows a wrong picture";
	for (unsigned i = 0; i < 2; i++) {
		if (!begin(&v->raw[i], &v->cpu, UMM_ACCESS_READ))
			return "a buffer is held at the end";
		if (!neighbours_live(v, &v->raw[i]))
			return "bytes beside a buffer are lost";
	}
	return NULL;
}

static const char *open_devices(struct world *world)
{
	rig_bounce_init(&world->pool, &world->rig, RIG_LOW, 64 << 10, world->pool_metadata);
	struct rig_config camera = { .name = "camera" }, gpu = { .name = "gpu", .iommu = true },
			  display = { .name = "display" };
	gpu.limits.coherent = world_below(world, 2);
	if (world_below(world, 3) == 0) { /* a display that reaches little, and copies */
		display.limits.mask = RIG_MASK28;
		display.bounce = &world->pool;
	}
	bool open = world_device(world, &camera) != NULL && world_device(world, &gpu) != NULL &&
		    world_device(world, &display) != NULL;
	return open ? NULL : "no memory on the host";
}

static struct video *new_video(struct world *world)
{
	struct video *v = calloc(1, sizeof(*v));
	world->extra = v;
	if (v == NULL)
		return NULL;
	v->world = world;
	v->picture = (struct model_picture){ WIDTH, HEIGHT, STRIDE };
	v->cpu = (struct umm_agent){ .name = "CPU", .cached = true };
	return v;
}

static const char *pipeline_body(struct world *world)
{
	struct video *v = new_video(world);
	if (v == NULL)
		return "no memory on the host";
	const char *wrong = open_devices(world);
	for (unsigned i = 0; i < 2 && wrong == NULL; i++) {
		wrong = make_buffer(v, &v->raw[i], true);
		if (wrong == NULL)
			wrong = make_buffer(v, &v->composed[i], true);
		if (wrong == NULL)
			write_neighbours(v, &v->raw[i]);
	}
	for (unsigned i = 0; i < FRAMES && wrong == NULL; i++)
		wrong = one_frame(v, i);
	if (wrong == NULL)
		wrong = check_end(v);
	model_machine_finish_jobs(world->rig.machine);
	return wrong;
}

/* ---- a codec there and back ---- */

static const char *codec_body(struct world *world)
{
	struct video *v = new_video(world);
	struct rig_config camera = { .name = "encoder" },
			  gpu = { .name = "decoder", .iommu = true };
	if (v == NULL || !world_device(world, &camera) || !world_device(world, &gpu))
		return "no memory on the host";
	struct video_buffer *picture = &v->raw[0], *stream = &v->raw[1], *back = &v->composed[0];
	const char *wrong = make_buffer(v, picture, false);
	if (wrong == NULL)
		wrong = make_buffer(v, stream, false);
	if (wrong == NULL)
		wrong = make_buffer(v, back, false);
	if (wrong == NULL)
		wrong = cpu_draws(v, picture, 5, false);
	if (wrong != NULL)
		return wrong;

	struct model_codec encoder = { .picture = v->picture, .stream_max_bytes = PICTURE };
	struct model_codec decoder = encoder;
	load(v, &encoder.picture_engine, picture, 0);
	load(v, &encoder.stream_engine, stream, 0);
	load(v, &decoder.stream_engine, stream, 1);
	load(v, &decoder.picture_engine, back, 1);
	begin(picture, &picture->agents[0], UMM_ACCESS_READ);
	begin(stream, &stream->agents[0], UMM_ACCESS_WRITE);
	uint64_t fence = submit(v, 0, model_codec_encode, &encoder);
	end(picture, &picture->agents[0], fence);
	end(stream, &stream->agents[0], fence);
	begin(stream, &stream->agents[1], UMM_ACCESS_READ);
	begin(back, &back->agents[1], UMM_ACCESS_WRITE);
	fence = submit(v, 1, model_codec_decode, &decoder);
	end(stream, &stream->agents[1], fence);
	end(back, &back->agents[1], fence);
	wrong = cpu_looks(v, back, 5);
	model_machine_finish_jobs(world->rig.machine);
	return wrong == NULL && encoder.errors + decoder.errors > 0 ? "the codec fails" : wrong;
}

const char *scenario_pipeline(uint64_t seed)
{
	return world_run(seed, pipeline_body);
}

const char *scenario_codec(uint64_t seed)
{
	return world_run(seed, codec_body);
}
