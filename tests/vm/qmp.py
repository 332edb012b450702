# SPDX-License-Identifier: MIT
"""QEMU's monitor: one JSON object a line, over a socket (docs/interop/qmp-spec of QEMU)."""
import json


class Monitor:
    def __init__(self, connection, timeout_s=60):
        self.socket = connection
        self.socket.settimeout(timeout_s)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.lines.readline()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        request = json.dumps({"execute": name, "arguments": arguments})
        self.socket.sendall(request.encode() + b"\n")
        for line in self.lines:
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"QEMU refuses {name}: {answer['error']['desc']}")
            if "return" in answer:  # anything else is an event
                return answer["return"]
        raise RuntimeError(f"QEMU went away during {name}")

    def close(self):
        self.lines.close()
        self.socket.close()
