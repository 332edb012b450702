/* SPDX-License-Identifier: MIT */
/**
 * Arithmetic with a ceiling: what exceeds 2^63-1 is REF_OVER from then on.
 *
 * Operands are at most 2^100 (REF_NO_LIMIT, which only ever meets ref_min and ref_round_down) or
 * 2^63, so that 128 bits never overflow.
 */
#include "tests/reference/reference.h"

static ref_wide cap(ref_wide value)
{
	return value > REF_LIMIT ? REF_OVER : value;
}

ref_wide ref_min(ref_wide a, ref_wide b)
{
	return a < b ? a : b;
}

ref_wide ref_max(ref_wide a, ref_wide b)
{
	return a > b ? a : b;
}

ref_wide ref_add(ref_wide a, ref_wide b)
{
	return cap(a + b);
}

ref_wide ref_mul(ref_wide a, ref_wide b)
{
	return cap(cap(a) * cap(b));
}

static ref_wide gcd(ref_wide a, ref_wide b)
{
	return b == 0 ? a : gcd(b, a % b);
}

ref_wide ref_lcm(ref_wide a, ref_wide b)
{
	if (a == REF_OVER || b == REF_OVER)
		return REF_OVER;
	return cap(a / gcd(a, b) * b);
}

ref_wide ref_ceil_div(ref_wide a, ref_wide b)
{
	return a == REF_OVER ? REF_OVER : (a + b - 1) / b;
}

ref_wide ref_round_up(ref_wide a, ref_wide unit)
{
	if (a == REF_OVER || unit == REF_OVER)
		return REF_OVER;
	return cap((a + unit - 1) / unit * unit);
}

ref_wide ref_round_down(ref_wide a, ref_wide unit)
{
	return a == REF_NO_LIMIT ? a : a / unit * unit;
}
