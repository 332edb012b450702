/* SPDX-License-Identifier: MIT */
/** What a port does for its device; for stage/port.c. Both do nothing where there is none. */
#ifndef UMM_STAGE_PORT_DEVICE_H
#define UMM_STAGE_PORT_DEVICE_H

#include "stage/port.h"

/** Hand every buffer over, once they are here: a producer's after the seal, else after the start.
 */
enum stage_result stage_port_attach(struct stage_port *port);

/** Stop the device and take them back. */
void stage_port_detach(struct stage_port *port);

#endif
