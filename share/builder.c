/* SPDX-License-Identifier: MIT */
#include "share/builder.h"

#include <errno.h>

#include "core/number.h"
#include "share/json.h"
#include "share/solution_emit.h"

void umm_builder_finish(struct umm_builder *builder)
{
	json_decref(builder->object);
}

struct umm_builder umm_builder_start(void)
{
	struct umm_builder builder = { .object = json_object() };
	builder.error = builder.object != NULL ? 0 : -ENOMEM;
	return builder;
}

void umm_build_fail(struct umm_builder *builder, int error)
{
	if (builder->error == 0)
		builder->error = error;
}

void umm_build(struct umm_builder *builder, const char *key, json_t *value)
{
	if (json_object_set_new(builder->object, key, value) < 0)
		umm_build_fail(builder, -ENOMEM);
}

void umm_build_number(struct umm_builder *builder, const char *key, uint64_t number)
{
	if (number == 0)
		return;
	if (number > UMM_NUMBER_MAX)
		umm_build_fail(builder, -EINVAL);
	else
		umm_build(builder, key, json_integer((json_int_t)number));
}

void umm_build_flag(struct umm_builder *builder, const char *key, bool flag)
{
	if (flag)
		umm_build(builder, key, json_true());
}

void umm_build_set(struct umm_builder *builder, const char *key, const struct umm_word *words,
		   uint32_t set)
{
	uint32_t known = 0;
	for (const struct umm_word *word = words; word->name != NULL; word++)
		known |= word->value;
	if ((set & ~known) != 0)
		umm_build_fail(builder, -EINVAL);
	else if (set != 0)
		umm_build(builder, key, umm_emit_words(words, set));
}

void umm_build_word(struct umm_builder *builder, const char *key, const struct umm_word *words,
		    uint32_t value)
{
	if (value == 0)
		return;
	json_t *word = umm_emit_word(words, value);
	if (json_is_null(word))
		umm_build_fail(builder, -EINVAL);
	else
		umm_build(builder, key, word);
}

bool umm_size_stated(struct umm_size size)
{
	return size.width_px != 0 || size.height_px != 0;
}

void umm_build_size(struct umm_builder *builder, const char *key, struct umm_size size)
{
	if (!umm_size_stated(size))
		return;
	if (size.width_px > UMM_NUMBER_MAX || size.height_px > UMM_NUMBER_MAX)
		umm_build_fail(builder, -EINVAL);
	else
		umm_build(builder, key, umm_emit_size(size));
}

void umm_build_part(struct umm_builder *builder, const char *key, struct umm_builder *part)
{
	umm_build_fail(builder, part->error);
	if (part->error == 0 && json_object_size(part->object) > 0)
		umm_build(builder, key, json_incref(part->object));
}

json_t *umm_build_append(struct umm_builder *builder, json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) < 0)
		umm_build_fail(builder, -ENOMEM);
	return list;
}

void umm_build_name(struct umm_builder *builder, const char *key, const char *name)
{
	umm_autojson json_t *spelled = name != NULL ? json_string_nocheck(name) : NULL;
	json_t *text = name != NULL ? json_string(name) : NULL; /* NULL for what is no UTF-8, too */
	if (text != NULL)
		umm_build(builder, key, text);
	else
		umm_build_fail(builder, name != NULL && spelled == NULL ? -ENOMEM : -EINVAL);
}
