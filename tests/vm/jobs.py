# SPDX-License-Identifier: MIT
"""The host's end of the line to init.c: start commands in the machine, gather what they say."""
import os
import select
import signal
import struct
import time


class MachineDied(Exception):
    """The machine ended or does not answer any more."""


class Job:
    """A command in the machine. `status` is its exit status, or -N when signal N ended it."""

    def __init__(self, line, number):
        self.line, self.number = line, number
        self.out, self.err, self.status = b"", b"", None

    @property
    def stdout(self):
        return self.out.decode(errors="replace")

    @property
    def stderr(self):
        return self.err.decode(errors="replace")

    def wait(self, timeout_s=120):
        """Wait for the end; a job that takes longer is killed and TimeoutError is raised."""
        if not self.line.pump(lambda: self.status is not None, timeout_s):
            self.kill(signal.SIGKILL)
            if not self.line.pump(lambda: self.status is not None, 60):
                raise MachineDied(f"a job outlived SIGKILL; it said: {self.stdout}{self.stderr}")
            raise TimeoutError(f"no end after {timeout_s} s; it said: {self.stdout}{self.stderr}")
        return self

    def wait_for(self, text, timeout_s=120):
        """Wait until the job has printed `text`; it must not end before."""
        def seen():
            return text in self.stdout or text in self.stderr
        self.line.pump(lambda: seen() or self.status is not None, timeout_s)
        if not seen():
            raise AssertionError(f"'{text}' was not said (status {self.status}): "
                                 f"{self.stdout}{self.stderr}")
        return self

    def kill(self, number=signal.SIGTERM):
        if self.status is None:
            self.line.send(b"S", self.number, bytes([number]))


class Line:
    """A connected socket with init.c at its other end."""

    def __init__(self, connection, died):
        self.died = died  # says why the machine has ended, or None
        self.socket = connection
        self.buffer, self.jobs, self.next_number = b"", {}, 1
        self.release = None

    def close(self):
        self.socket.close()

    def send(self, kind, number, payload):
        try:
            self.socket.sendall(kind + struct.pack("<II", number, len(payload)) + payload)
        except OSError as fault:
            raise MachineDied(self.died() or str(fault)) from fault

    def start(self, words, environment):
        job = Job(self, self.next_number)
        self.jobs[job.number] = job
        self.next_number += 1
        strings = [f"{name}={value}" for name, value in environment.items()] + [""] + list(words)
        self.send(b"R", job.number, b"".join(os.fsencode(s) + b"\0" for s in strings))
        return job

    def dispatch(self, kind, number, payload):
        job = self.jobs.get(number)
        if kind == b"H":
            self.release = payload.decode()
        elif kind == b"O" and job:
            job.out += payload
        elif kind == b"E" and job:
            job.err += payload
        elif kind == b"X" and job:
            job.status = os.waitstatus_to_exitcode(struct.unpack("<I", payload)[0])
            del self.jobs[number]

    def dispatch_all(self):
        while len(self.buffer) >= 9:
            number, size = struct.unpack_from("<II", self.buffer, 1)
            if len(self.buffer) < 9 + size:
                return
            kind, payload = self.buffer[:1], self.buffer[9:9 + size]
            self.buffer = self.buffer[9 + size:]
            self.dispatch(kind, number, payload)

    def pump(self, done, timeout_s):
        """Take in what the machine says until done() or the time is over; returns done()."""
        end = time.monotonic() + timeout_s
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            readable, _, _ = select.select([self.socket], [], [], min(left, 1))
            if readable:
                data = self.socket.recv(65536)
                if not data:
                    raise MachineDied(self.died() or "QEMU closed the line")
                self.buffer += data
                self.dispatch_all()
            elif self.died():
                raise MachineDied(self.died())
        return True
