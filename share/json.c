/* SPDX-License-Identifier: MIT */
#include "share/json.h"

#include <stdlib.h>
#include <string.h>

json_t *umm_json_find(const json_t *object, const char *path)
{
	json_t *value = (json_t *)object; /* as jansson: const stays with who asks */
	while (*path != '\0' && value != NULL) {
		if (*path == '[') {
			value = json_array_get(value, strtoul(path + 1, NULL, 10));
			path = strchr(path, ']') + 1;
			continue;
		}
		path += *path == '.';
		size_t length = strcspn(path, ".[");
		value = json_object_getn(value, path, length);
		path += length;
	}
	return value;
}
