/* SPDX-License-Identifier: MIT */
/**
 * mutate IN OUT SEED: a damaged copy of a file. The seed decides everything, so a mutant that
 * breaks something can be made again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* xorshift64*: the same numbers on every machine. */
static uint64_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

static size_t below(size_t limit)
{
	return (size_t)(next_random() >> 11) % limit;
}

static void flip_bits(uint8_t *data, size_t size, size_t count)
{
	while (count-- > 0)
		data[below(size)] ^= (uint8_t)(1u << below(8));
}

static void fill_hole(uint8_t *data, size_t size)
{
	size_t start = below(size), length = 1 + below(size / 8 + 1);
	if (length > size - start)
		length = size - start;
	memset(data + start, (int)(below(2) * 255), length);
}

static void repeat_part(uint8_t *data, size_t size)
{
	size_t length = 1 + below(size / 8 + 1);
	size_t from = below(size - length + 1), to = below(size - length + 1);
	memmove(data + to, data + from, length);
}

/* Returns the new size. */
static size_t mutate(uint8_t *data, size_t size)
{
	switch (below(6)) {
	case 0:
		flip_bits(data, size, 1);
		return size;
	case 1:
		flip_bits(data, size, 1 + below(64));
		return size;
	case 2: /* headers are short and matter most */
		flip_bits(data, size < 1024 ? size : 1024, 1 + below(4));
		return size;
	case 3:
		fill_hole(data, size);
		return size;
	case 4:
		repeat_part(data, size);
		return size;
	default:
		return 1 + below(size);
	}
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		return NULL;
	long length = ftell(file);
	if (length <= 0)
		return NULL;
	rewind(file);
	uint8_t *data = malloc((size_t)length);
	if (data == NULL || fread(data, 1, (size_t)length, file) != (size_t)length)
		return NULL;
	fclose(file);
	*size = (size_t)length;
	return data;
}

int main(int argc, char **argv)
{
	size_t size;
	if (argc != 4)
		return 2;
	uint8_t *data = read_file(argv[1], &size);
	if (data == NULL)
		return 1;
	state = strtoull(argv[3], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	size = mutate(data, size);

	FILE *file = fopen(argv[2], "wb");
	if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		return 1;
	free(data);
	return 0;
}
