# SPDX-License-Identifier: MIT
"""Pictures as QEMU's screendump writes them (PPM, P6) or stage png does, and where two differ."""
import struct
import subprocess

LEAST_ROWS = 8  # of different content


def is_telling(rows, pixel_bytes):
    """Would one see in this picture that it is upside down, mirrored, turned around or moved?"""
    def mirrored(row):
        return b"".join(row[at:at + pixel_bytes] for at in range(len(row) - pixel_bytes, -1, -pixel_bytes))
    kinds = {row: mirrored(row) for row in set(rows)}
    turned = [kinds[row] for row in rows]
    return (len(kinds) >= LEAST_ROWS and rows not in (rows[::-1], turned, turned[::-1])
            and rows != rows[1:] + rows[:1])


class Picture:
    """24-bit RGB, rows without gaps."""

    def __init__(self, width, height, pixels):
        if len(pixels) != width * height * 3:
            raise ValueError(f"{len(pixels)} bytes are no picture of {width}x{height}")
        self.width, self.height, self.pixels = width, height, bytes(pixels)

    @classmethod
    def read_ppm(cls, path):
        with open(path, "rb") as file:
            data = file.read()
        words, at = [], 0
        while len(words) < 4:  # P6, width, height, maximum: one white space behind each
            end = min(i for i in (data.find(b" ", at), data.find(b"\n", at)) if i >= 0)
            words.append(data[at:end])
            at = end + 1
        if words[0] != b"P6" or words[3] != b"255":
            raise ValueError(f"{path} is no PPM of 8 bits")
        return cls(int(words[1]), int(words[2]), data[at:])

    @staticmethod
    def of_png(data, pixels):
        """Width, height, and the pixels; by ffmpeg, which is quick and none of ours."""
        width, height = struct.unpack_from(">II", data, 16)
        done = subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "png_pipe", "-i", "-", "-f",
                               "rawvideo", "-pix_fmt", pixels, "-"], input=data, check=True,
                              stdout=subprocess.PIPE)
        return width, height, done.stdout

    @classmethod
    def from_png(cls, data):
        return cls(*cls.of_png(data, "rgb24"))

    @classmethod
    def from_xrgb8888(cls, width, height, data, stride=None):
        """Of memory as DRM's XR24 has it: blue, green, red, nothing."""
        stride = stride or width * 4
        rows = b"".join(data[y * stride:y * stride + width * 4] for y in range(height))
        out = bytearray(width * height * 3)
        out[0::3], out[1::3], out[2::3] = rows[2::4], rows[1::4], rows[0::4]
        return cls(width, height, out)

    def write_ppm(self, path):
        with open(path, "wb") as file:
            file.write(b"P6\n%d %d\n255\n" % (self.width, self.height) + self.pixels)

    def pixel(self, x, y):
        at = (y * self.width + x) * 3
        return tuple(self.pixels[at:at + 3])

    def rows(self):
        return [self.pixels[at:at + self.width * 3]
                for at in range(0, len(self.pixels), self.width * 3)]

    def framed(self, width, height):
        """In the middle of a black one."""
        left, top = (width - self.width) // 2 & ~1, (height - self.height) // 2 & ~1
        rows = [b"\0" * left * 3 + row + b"\0" * (width - left - self.width) * 3
                for row in self.rows()]
        below = b"\0" * (height - top - self.height) * width * 3
        return Picture(width, height, b"\0" * top * width * 3 + b"".join(rows) + below)

    def part(self, width, height):
        """What framed() put there."""
        left, top = (self.width - width) // 2 & ~1, (self.height - height) // 2 & ~1
        rows = self.rows()[top:top + height]
        return Picture(width, height, b"".join(row[left * 3:(left + width) * 3] for row in rows))

    def is_flat_at(self, x, y, reach):
        wanted = bytes(self.pixel(x, y) * (2 * reach + 1))
        starts = ((row * self.width + x - reach) * 3 for row in range(y - reach, y + reach + 1))
        return all(self.pixels[at:at + len(wanted)] == wanted for at in starts)

    def scaled_difference(self, other, step=7, reach=4, tolerance=1):
        """None when this is the other one in another size: looked at where the other one has one
        colour around, so that it does not matter how a filter weighs neighbours."""
        looked_at = set()
        for y in range(step, self.height - step, step):
            for x in range(step, self.width - step, step):
                there = x * other.width // self.width, y * other.height // self.height
                if not (reach <= there[0] < other.width - reach
                        and reach <= there[1] < other.height - reach
                        and other.is_flat_at(*there, reach)):
                    continue
                wanted, is_ = other.pixel(*there), self.pixel(x, y)
                looked_at.add(wanted)
                if max(abs(a - b) for a, b in zip(wanted, is_)) > tolerance:
                    return f"{x},{y} is {is_}, expected {wanted}, as at {there[0]},{there[1]}"
        return None if len(looked_at) >= LEAST_ROWS else f"only {len(looked_at)} colours in it"

    def has(self, other):
        """Is the other one a part of it, wherever?"""
        mine, wanted = self.rows(), other.rows()
        middle = other.height // 2
        for y in range(middle, self.height - (other.height - middle) + 1):
            x = mine[y].find(wanted[middle])
            while x >= 0:
                top = mine[y - middle:y - middle + other.height]
                if x % 3 == 0 and all(a[x:x + len(b)] == b for a, b in zip(top, wanted)):
                    return True
                x = mine[y].find(wanted[middle], x + 1)
        return False

    def difference(self, other, tolerance=0):
        """None when each component differs by at most `tolerance`, else where and how much."""
        if (self.width, self.height) != (other.width, other.height):
            return f"{self.width}x{self.height} is not {other.width}x{other.height}"
        if self.pixels == other.pixels:
            return None
        wrong, first, worst = 0, None, 0
        for at in range(0, len(self.pixels), 3):
            a, b = self.pixels[at:at + 3], other.pixels[at:at + 3]
            if a == b:
                continue
            off = max(abs(p - q) for p, q in zip(a, b))
            worst = max(worst, off)
            if off > tolerance:
                wrong += 1
                first = at // 3 if first is None else first
        if first is None:
            return None
        x, y = first % self.width, first // self.width
        return (f"{wrong} of {self.width * self.height} pixels differ, by up to {worst}; the first at "
                f"{x},{y}: {self.pixel(x, y)}, expected {other.pixel(x, y)}")

