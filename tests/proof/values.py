# SPDX-License-Identifier: BSD-2-Clause
"""What the executed code computes with: conditions, integers, memory and places in it, each
known or a symbol.

Rule: what is known stays a Python number or truth value, so that known code is executed and not
reasoned about.
"""

import z3


# ---- Conditions: True, False or Z3's -------------------------------------------------------------


def both(a, b):
    if a is False or b is False:
        return False
    if a is True:
        return b
    if b is True:
        return a
    return a if a is b or a.eq(b) else z3.And(a, b)


def negate(a):
    if isinstance(a, bool):
        return not a
    return a.arg(0) if z3.is_not(a) else z3.Not(a)


def any_of(conditions):
    if any(condition is True for condition in conditions):
        return z3.BoolVal(True)
    return z3.Or([condition for condition in conditions if condition is not False])


def complementary(a, b):
    return (z3.is_not(a) and a.arg(0).eq(b)) or (z3.is_not(b) and b.arg(0).eq(a))


def either(a, b):
    if a is True or b is True:
        return True
    if a is False:
        return b
    if b is False:
        return a
    if a.eq(b):
        return a
    if complementary(a, b):
        return True
    # The two sides of a branch meet again.
    if z3.is_and(a) and z3.is_and(b) and a.num_args() == 2 and b.num_args() == 2:
        if a.arg(0).eq(b.arg(0)) and complementary(a.arg(1), b.arg(1)):
            return a.arg(0)
    return z3.Or(a, b)


# ---- Integers: a Python number, or a bit vector; of one bit a condition --------------------------


def mask(bits):
    return (1 << bits) - 1


def vector(value, bits):
    if isinstance(value, bool):
        return z3.BitVecVal(int(value), bits)
    if isinstance(value, int):
        return z3.BitVecVal(value, bits)
    if z3.is_bool(value):
        return z3.If(value, z3.BitVecVal(1, bits), z3.BitVecVal(0, bits))
    return value


def fold(value):
    """A number again where all is known."""
    if z3.is_bv(value):
        value = z3.simplify(value)
        return value.as_long() if z3.is_bv_value(value) else value
    if z3.is_bool(value):
        value = z3.simplify(value)
        return True if z3.is_true(value) else False if z3.is_false(value) else value
    return value


def choose(condition, yes, no, bits):
    if condition is True or yes is no:
        return yes
    if condition is False:
        return no
    if isinstance(yes, int) and isinstance(no, int) and yes == no:
        return yes
    if bits == 1:
        return either(both(condition, yes), both(negate(condition), no))
    return z3.If(condition, vector(yes, bits), vector(no, bits))


class Region:
    """Bytes that a pointer can point into, kept in the pieces in which they were written."""

    count = 0

    def __init__(self, name, size, data=None):
        Region.count += 1
        self.name = name
        self.size = size
        self.base = Region.count << 32  # an address that is aligned and never null
        self.cells = {}
        self.cover = [None] * size
        for at, byte in enumerate(data or []):
            self.put(at, 1, byte)

    def put(self, at, size, value):
        for i in range(at, at + size):
            start = self.cover[i]
            if start is not None and not (
                start >= at and start + self.cells[start][0] <= at + size
            ):
                self.split(start)
        for i in range(at, at + size):
            self.cells.pop(i, None)
            self.cover[i] = at
        self.cells[at] = (size, value)

    def split(self, start):
        size, value = self.cells.pop(start)
        for i in range(size):
            part = (
                value >> (8 * i) & 255
                if isinstance(value, int)
                else fold(z3.Extract(8 * i + 7, 8 * i, value))
            )
            self.cells[start + i] = (1, part)
            self.cover[start + i] = start + i

    def get(self, at, size):
        start = self.cover[at]
        if start == at and self.cells[at][0] == size:
            return self.cells[at][1]
        parts = []
        for i in range(at, at + size):
            start = self.cover[i]
            if start is None:  # never written: anything
                self.put(i, 1, z3.FreshConst(z3.BitVecSort(8), "unwritten"))
                start = i
            width, value = self.cells[start]
            if isinstance(value, int):
                parts.append(value >> (8 * (i - start)) & 255)
            else:
                parts.append(
                    value if width == 1 else z3.Extract(8 * (i - start) + 7, 8 * (i - start), value)
                )
        if all(isinstance(part, int) for part in parts):
            return sum(part << (8 * i) for i, part in enumerate(parts))
        return (
            fold(z3.Concat(*[vector(part, 8) for part in reversed(parts)]))
            if size > 1
            else parts[0]
        )


class Place:
    def __init__(self, condition, region, offset):
        self.condition = condition
        self.region = region
        self.offset = offset
