/* SPDX-License-Identifier: MIT */
#include "device/gl_program.h"

#include <errno.h>
#include <stdio.h>

#include "os/log.h"

#define MOST_SOURCE 2048

static const char vertex_source[] = "attribute vec2 corner;\n"
				    "attribute vec2 place;\n"
				    "varying vec2 at;\n"
				    "void main()\n"
				    "{\n"
				    "	at = place;\n"
				    "	gl_Position = vec4(corner, 0.0, 1.0);\n"
				    "}\n";

/* Between two pixels of the picture, never of what lies beside it. */
#define TAKE                                                                                       \
	"precision highp float;\n"                                                                 \
	"varying vec2 at;\n"                                                                       \
	"uniform vec2 scale0, scale1, scale2;\n"                                                   \
	"uniform vec4 bounds0, bounds1, bounds2;\n"                                                \
	"uniform mat3 matrix;\n"                                                                   \
	"uniform vec3 offset;\n"                                                                   \
	"#define TAKE0 texture2D(part0, clamp(at * scale0, bounds0.xy, bounds0.zw))\n"             \
	"#define TAKE1 texture2D(part1, clamp(at * scale1, bounds1.xy, bounds1.zw))\n"             \
	"#define TAKE2 texture2D(part2, clamp(at * scale2, bounds2.xy, bounds2.zw))\n"

static const char external_source[] = "#extension GL_OES_EGL_image_external : require\n" TAKE
				      "uniform samplerExternalOES part0;\n"
				      "void main()\n"
				      "{\n"
				      "	gl_FragColor = vec4(TAKE0.rgb, 1.0);\n"
				      "}\n";

static const char rgb_source[] = TAKE "uniform sampler2D part0;\n"
				      "void main()\n"
				      "{\n"
				      "	gl_FragColor = TAKE0;\n"
				      "}\n";

static const char yuv_source[] = TAKE "uniform sampler2D part0, part1, part2;\n"
				      "void main()\n"
				      "{\n"
				      "	vec3 yuv = vec3(TAKE%u.%c, TAKE%u.%c, TAKE%u.%c);\n"
				      "	gl_FragColor = vec4(matrix * (yuv - offset), 1.0);\n"
				      "}\n";

static void write_source(const struct umm_gl_format *format, enum umm_gl_way way, char *out)
{
	static const char bytes[] = "rgba";
	if (way == UMM_GL_AS_ONE)
		snprintf(out, MOST_SOURCE, "%s", external_source);
	else if (!umm_format_info(format->fourcc)->is_yuv)
		snprintf(out, MOST_SOURCE, "%s", rgb_source);
	else
		snprintf(out, MOST_SOURCE, yuv_source, format->samples[0].part,
			 bytes[format->samples[0].byte], format->samples[1].part,
			 bytes[format->samples[1].byte], format->samples[2].part,
			 bytes[format->samples[2].byte]);
}

static void tell_errors(const struct umm_gl_api *api, GLuint shader)
{
	char text[512] = "";
	api->glGetShaderInfoLog(shader, sizeof(text), NULL, text);
	umm_log(UMM_LOG_DEBUG, "gl: a shader does not compile: %s", text);
}

static bool add_shader(const struct umm_gl_api *api, GLuint program, GLenum kind,
		       const char *source)
{
	GLint compiled = GL_FALSE;
	GLuint shader = api->glCreateShader(kind);
	api->glShaderSource(shader, 1, &source, NULL);
	api->glCompileShader(shader);
	api->glGetShaderiv(shader, GL_COMPILE_STATUS, &compiled);
	if (compiled != GL_TRUE)
		tell_errors(api, shader);
	api->glAttachShader(program, shader);
	api->glDeleteShader(shader); /* it lives as long as the program */
	return compiled == GL_TRUE;
}

static bool link(const struct umm_gl_api *api, GLuint program)
{
	GLint linked = GL_FALSE;
	api->glBindAttribLocation(program, UMM_GL_CORNER, "corner");
	api->glBindAttribLocation(program, UMM_GL_PLACE, "place");
	api->glLinkProgram(program);
	api->glGetProgramiv(program, GL_LINK_STATUS, &linked);
	return linked == GL_TRUE;
}

/* What a shader does not use has no place: GL ignores what is set there. */
static void find_uniforms(const struct umm_gl_api *api, struct umm_gl_program *program)
{
	api->glUseProgram(program->id);
	for (unsigned i = 0; i < UMM_GL_PARTS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "part%u", i);
		api->glUniform1i(api->glGetUniformLocation(program->id, name), (GLint)i);
		snprintf(name, sizeof(name), "scale%u", i);
		program->scale[i] = api->glGetUniformLocation(program->id, name);
		snprintf(name, sizeof(name), "bounds%u", i);
		program->bounds[i] = api->glGetUniformLocation(program->id, name);
	}
	program->matrix = api->glGetUniformLocation(program->id, "matrix");
	program->offset = api->glGetUniformLocation(program->id, "offset");
}

int umm_gl_program_create(const struct umm_gl_display *display, const struct umm_gl_format *format,
			  enum umm_gl_way way, struct umm_gl_program *out)
{
	const struct umm_gl_api *api = display->api;
	struct umm_gl_program program = { .format = format, .way = way };
	char source[MOST_SOURCE];
	write_source(format, way, source);
	program.id = api->glCreateProgram();
	bool ok = program.id != 0 && add_shader(api, program.id, GL_VERTEX_SHADER, vertex_source) &&
		  add_shader(api, program.id, GL_FRAGMENT_SHADER, source) && link(api, program.id);
	if (!ok) {
		umm_gl_program_destroy(display, &program);
		return -EIO;
	}
	find_uniforms(api, &program);
	*out = program;
	return 0;
}

void umm_gl_program_destroy(const struct umm_gl_display *display, struct umm_gl_program *program)
{
	if (program->id != 0)
		display->api->glDeleteProgram(program->id);
	*program = (struct umm_gl_program){ 0 };
}
