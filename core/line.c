/* SPDX-License-Identifier: MIT */
#include "core/line.h"

void umm_line_init(struct umm_line *line, char *text, size_t size)
{
	*line = (struct umm_line){ .text = text, .size = size };
	text[0] = '\0';
}

static void add_char(struct umm_line *line, char c)
{
	if (line->used + 1 >= line->size)
		return;
	line->text[line->used++] = c;
	line->text[line->used] = '\0';
}

void umm_line_add(struct umm_line *line, const char *words)
{
	for (; *words != '\0'; words++)
		add_char(line, *words);
}

void umm_line_add_hex(struct umm_line *line, uint64_t value)
{
	unsigned shift = 60;
	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	umm_line_add(line, "0x");
	for (;; shift -= 4) {
		add_char(line, "0123456789abcdef"[value >> shift & 0xf]);
		if (shift == 0)
			return;
	}
}

/* By subtraction: dividing 64 bits would call into libgcc on 32-bit machines. */
void umm_line_add_decimal(struct umm_line *line, uint64_t value)
{
	uint64_t powers[20] = { 1 };
	for (unsigned i = 1; i < 20; i++)
		powers[i] = powers[i - 1] * 10;

	unsigned started = 0;
	for (unsigned i = 20; i-- > 0;) {
		char digit = '0';
		for (; value >= powers[i]; value -= powers[i])
			digit++;
		started |= digit != '0' || i == 0;
		if (started)
			add_char(line, digit);
	}
}
