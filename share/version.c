/* SPDX-License-Identifier: MIT */
#include <umm/version.h>

const char *umm_version(void)
{
	return UMM_VERSION;
}
