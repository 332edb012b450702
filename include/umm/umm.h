/* SPDX-License-Identifier: MIT */
/** Everything a participant needs. Brokers include umm/broker.h as well. */
#ifndef UMM_UMM_H
#define UMM_UMM_H

#include <umm/buffer.h>
#include <umm/collection.h>
#include <umm/constraints.h>
#include <umm/device.h>
#include <umm/driver.h>
#include <umm/fence.h>
#include <umm/format.h>
#include <umm/log.h>
#include <umm/macros.h>
#include <umm/queue.h>
#include <umm/solve.h>
#include <umm/version.h>

#endif
