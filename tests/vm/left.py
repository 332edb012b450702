# SPDX-License-Identifier: MIT
"""What is left behind when all have gone: a dma-buf that nobody gave back is listed in debugfs.

The last reference may be a driver's, and a driver lets go of it in a moment of its own: the display's
work that follows a flip, the kernel's search for files in sockets that were closed. So it is asked for
again and again; what is leaked is there for good.
"""

BUFFERS = "/sys/kernel/debug/dma_buf/bufinfo"
PATIENCE_S = 30

# By one job: each takes a while to start.
LOOK = f"""
for i in $(seq {10 * PATIENCE_S}); do
	grep -q 'Total 0 objects' {BUFFERS} && exit 0
	sleep 0.1
done
cat {BUFFERS}
exit 1
"""


def expect_nothing_left(vm):
    vm.check(LOOK)
