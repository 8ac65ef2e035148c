# SPDX-License-Identifier: BSD-2-Clause
"""The instructions of LLVM's intermediate code, one method each: do_NAME takes the frame, the
rest of the line, and the condition under which it is executed, and gives the value.

Rule: as execute.py, whose part this is. What is not here is an error there.
"""

import z3

import ir
from values import Place, Region, both, choose, either, fold, mask, negate, vector


class Instructions:
    # ---- Operands --------------------------------------------------------------------------------

    def operand(self, frame, token, part):
        if token[0] == "%":
            return frame.values[token]
        if token[0] == "@":
            return [Place(True, self.regions[token], 0)]
        if part.kind == "pointer":
            raise ValueError("pointer " + token)
        if token in ("undef", "poison"):
            return self.fresh("undefined", part.bits)
        if token in ("true", "false"):
            return token == "true"
        number = int(token) & mask(part.bits)
        return bool(number) if part.bits == 1 else number

    def fresh(self, name, bits):
        symbol = z3.FreshBool(name) if bits == 1 else z3.FreshConst(z3.BitVecSort(bits), name)
        return symbol

    def typed(self, frame, reader):
        part = reader.type()
        reader.skip_attributes()
        return self.operand(frame, reader.take(), part), part

    # ---- Instructions ----------------------------------------------------------------------------

    def execute(self, frame, instruction, path):
        reader = ir.Reader(self.module, instruction.text)
        reader.skip_attributes()
        return getattr(self, "do_" + instruction.opcode)(frame, reader, path, instruction)

    def do_alloca(self, frame, reader, path, instruction):
        part = reader.type()
        return [Place(True, Region(instruction.result, part.size()), 0)]

    def do_getelementptr(self, frame, reader, path, instruction):
        part = reader.type()
        reader.take(",")
        places, _ = self.typed(frame, reader)
        first = True
        while reader.accept(","):
            index, index_type = self.typed(frame, reader)
            if not first and part.kind == "struct":
                at = part.offset(index)
                part = part.fields[index]
                places = [Place(p.condition, p.region, p.offset + at) for p in places]
            else:
                bound = None
                if not first:
                    bound = part.count
                    part = part.of
                places = self.index(places, index, index_type.bits, part.size(), bound, path)
            first = False
        return places

    def index(self, places, index, bits, scale, bound, path):
        if isinstance(index, int):
            if index >> (bits - 1):
                index -= 1 << bits
            return [Place(p.condition, p.region, p.offset + index * scale) for p in places]
        result = []
        inside = False
        for place in places:
            count = bound if bound is not None else (place.region.size - place.offset) // scale
            for number in range(count):
                condition = fold(both(place.condition, vector(index, bits) == number))
                inside = either(inside, condition)
                if condition is not False:
                    result.append(Place(condition, place.region, place.offset + number * scale))
        self.trap(both(path, negate(fold(inside))))
        return result

    def do_bitcast(self, frame, reader, path, instruction):
        return self.typed(frame, reader)[0]

    def do_load(self, frame, reader, path, instruction):
        part = reader.type()
        reader.take(",")
        places, _ = self.typed(frame, reader)
        value = None
        for place in places:
            if place.offset < 0 or place.offset + part.size() > place.region.size:
                self.trap(both(path, place.condition))
                continue
            here = place.region.get(place.offset, part.size())
            value = here if value is None else choose(place.condition, here, value, part.size() * 8)
        if value is None:
            return self.fresh("nowhere", part.bits)
        if part.bits == 1:
            return fold(vector(value, 8) != 0) if not isinstance(value, int) else bool(value)
        return value

    def do_store(self, frame, reader, path, instruction):
        value, part = self.typed(frame, reader)
        reader.take(",")
        places, _ = self.typed(frame, reader)
        size = part.size()
        if part.bits == 1:
            value = int(value) if isinstance(value, bool) else vector(value, 8)
        for place in places:
            condition = fold(both(path, place.condition))
            if condition is False:
                continue
            if place.offset < 0 or place.offset + size > place.region.size:
                self.trap(condition)
                continue
            old = value if condition is True else place.region.get(place.offset, size)
            place.region.put(place.offset, size, choose(condition, value, old, size * 8))

    def binary(self, frame, reader):
        a, part = self.typed(frame, reader)
        reader.take(",")
        return a, self.operand(frame, reader.take(), part), part

    def arithmetic(self, frame, reader, numbers, vectors):
        a, b, part = self.binary(frame, reader)
        if isinstance(a, int) and isinstance(b, int):
            result = numbers(int(a), int(b)) & mask(part.bits)
            return bool(result) if part.bits == 1 else result
        if part.bits == 1:
            return self.of_conditions(a, b, vectors)
        return fold(vectors(vector(a, part.bits), vector(b, part.bits)))

    @staticmethod
    def of_conditions(a, b, vectors):
        name = vectors.__name__
        if name == "v_and":
            return both(a, b)
        if name == "v_or":
            return either(a, b)
        if name == "v_xor":
            if isinstance(a, bool):
                return negate(b) if a else b
            if isinstance(b, bool):
                return negate(a) if b else a
            return z3.Xor(a, b)
        raise ValueError("i1 " + name)

    def do_and(self, frame, reader, path, instruction):
        def v_and(a, b):
            return a & b

        return self.arithmetic(frame, reader, lambda a, b: a & b, v_and)

    def do_or(self, frame, reader, path, instruction):
        def v_or(a, b):
            return a | b

        return self.arithmetic(frame, reader, lambda a, b: a | b, v_or)

    def do_xor(self, frame, reader, path, instruction):
        def v_xor(a, b):
            return a ^ b

        return self.arithmetic(frame, reader, lambda a, b: a ^ b, v_xor)

    def do_add(self, frame, reader, path, instruction):
        return self.arithmetic(frame, reader, lambda a, b: a + b, lambda a, b: a + b)

    def do_sub(self, frame, reader, path, instruction):
        return self.arithmetic(frame, reader, lambda a, b: a - b, lambda a, b: a - b)

    def do_mul(self, frame, reader, path, instruction):
        return self.arithmetic(frame, reader, lambda a, b: a * b, lambda a, b: a * b)

    def do_shl(self, frame, reader, path, instruction):
        return self.arithmetic(
            frame, reader, lambda a, b: a << b if b < 64 else 0, lambda a, b: a << b
        )

    def do_lshr(self, frame, reader, path, instruction):
        return self.arithmetic(frame, reader, lambda a, b: a >> b, z3.LShR)

    def do_udiv(self, frame, reader, path, instruction):
        return self.arithmetic(frame, reader, lambda a, b: a // b, z3.UDiv)

    def do_urem(self, frame, reader, path, instruction):
        return self.arithmetic(frame, reader, lambda a, b: a % b, z3.URem)

    def do_zext(self, frame, reader, path, instruction):
        value, part = self.typed(frame, reader)
        reader.take("to")
        bits = reader.type().bits
        if isinstance(value, int):
            return int(value)
        return vector(value, bits) if part.bits == 1 else z3.ZeroExt(bits - part.bits, value)

    def do_sext(self, frame, reader, path, instruction):
        value, part = self.typed(frame, reader)
        reader.take("to")
        bits = reader.type().bits
        value = vector(value, part.bits)
        return fold(z3.SignExt(bits - part.bits, value))

    def do_trunc(self, frame, reader, path, instruction):
        value, part = self.typed(frame, reader)
        reader.take("to")
        bits = reader.type().bits
        if isinstance(value, int):
            return bool(value & 1) if bits == 1 else value & mask(bits)
        value = z3.Extract(bits - 1, 0, value)
        return fold(value == 1) if bits == 1 else fold(value)

    def do_freeze(self, frame, reader, path, instruction):
        return self.typed(frame, reader)[0]

    def do_ptrtoint(self, frame, reader, path, instruction):
        places, _ = self.typed(frame, reader)
        value = None
        for place in places:
            address = place.region.base + place.offset
            value = address if value is None else choose(place.condition, address, value, 64)
        return value

    def do_icmp(self, frame, reader, path, instruction):
        kind = reader.take()
        part = reader.type()
        if part.kind == "pointer":
            return self.compare_pointers(frame, reader, kind)
        a = self.operand(frame, reader.take(), part)
        reader.take(",")
        b = self.operand(frame, reader.take(), part)
        if part.bits == 1:
            same = either(both(a, b), both(negate(a), negate(b)))
            return fold(same if kind == "eq" else negate(same))
        a, b = vector(a, part.bits), vector(b, part.bits)
        return fold(
            {
                "eq": lambda: a == b,
                "ne": lambda: a != b,
                "ult": lambda: z3.ULT(a, b),
                "ule": lambda: z3.ULE(a, b),
                "ugt": lambda: z3.UGT(a, b),
                "uge": lambda: z3.UGE(a, b),
                "slt": lambda: a < b,
                "sle": lambda: a <= b,
                "sgt": lambda: a > b,
                "sge": lambda: a >= b,
            }[kind]()
        )

    def compare_pointers(self, frame, reader, kind):
        """With null, or with an address at the end of memory (the check that an offset does not
        wrap): no region is there, and all are between them."""
        reader.take()
        reader.take(",")
        if reader.accept("null"):
            return {"eq": False, "ne": True, "ugt": True, "ult": False}[kind]
        reader.take("inttoptr")
        reader.take("(")
        reader.take("i64")
        if int(reader.take()) >= 0:
            raise ValueError("an address")
        return {"eq": False, "ne": True, "ugt": False, "ult": True}[kind]

    def do_select(self, frame, reader, path, instruction):
        condition, _ = self.typed(frame, reader)
        reader.take(",")
        yes = self.typed(frame, reader)
        reader.take(",")
        no = self.typed(frame, reader)
        return (
            fold(self.merge([(condition, yes), (negate(condition), no)]))
            if yes[1].kind == "int"
            else self.merge([(condition, yes), (negate(condition), no)])
        )

    # ---- Calls -----------------------------------------------------------------------------------

    def do_call(self, frame, reader, path, instruction):
        reader.skip_attributes()
        result = reader.type()
        name = reader.take()[1:]
        reader.take("(")
        arguments = []
        while not reader.accept(")"):
            if reader.peek() == "metadata":
                return None
            arguments.append(self.typed(frame, reader))
            reader.accept(",")
        if self.is_summarised(name):
            return self.summarise(name, arguments[0][0], result.bits)
        if name in self.module.functions:
            return self.call(name, [value for value, _ in arguments], path)
        if name.startswith("llvm."):
            return self.intrinsic(name.split(".")[1], arguments, result, path)
        return self.outside(name, [value for value, _ in arguments], path)

    def intrinsic(self, name, arguments, result, path):
        if name == "ubsantrap" or name == "trap":
            self.trap(path)
        elif name == "memset":
            (places, _), (byte, _), (length, _) = arguments[:3]
            for place in places:
                for at in range(place.offset, place.offset + length):
                    condition = fold(both(path, place.condition))
                    old = byte if condition is True else place.region.get(at, 1)
                    place.region.put(at, 1, choose(condition, byte, old, 8))
        elif name == "memcpy":
            self.copy(arguments[0][0], arguments[1][0], arguments[2][0], path)
        elif name == "cttz":
            return self.count_zeros(arguments[0][0], result.bits)
        elif name in ("umin", "umax"):
            a, b = (vector(value, result.bits) for value, _ in arguments)
            return fold(z3.If(z3.ULT(a, b) if name == "umin" else z3.UGT(a, b), a, b))
        elif name in ("sadd", "ssub", "smul"):
            return self.with_overflow(
                name, *(vector(value, part.bits) for value, part in arguments)
            )
        elif name == "fshl":
            a, b, count = (vector(value, result.bits) for value, _ in arguments)
            bits = result.bits
            wide = z3.Concat(a, b) << z3.ZeroExt(bits, z3.URem(count, bits))
            return fold(z3.Extract(2 * bits - 1, bits, wide))
        elif name not in ("lifetime", "assume", "experimental", "dbg"):
            raise ValueError("llvm." + name)
        return None

    @staticmethod
    def with_overflow(name, a, b):
        """The pair that llvm.sadd.with.overflow and its like give."""
        bits = a.size()
        wide_a, wide_b = z3.SignExt(bits, a), z3.SignExt(bits, b)
        wide = {"sadd": wide_a + wide_b, "ssub": wide_a - wide_b, "smul": wide_a * wide_b}[name]
        result = z3.Extract(bits - 1, 0, wide)
        return fold(result), fold(z3.SignExt(bits, result) != wide)

    def do_extractvalue(self, frame, reader, path, instruction):
        pair, _ = self.typed(frame, reader)
        reader.take(",")
        return pair[int(reader.take())]

    @staticmethod
    def copy(targets, sources, length, path):
        """In the pieces of the first source, so that values stay whole."""
        at = 0
        while at < length:
            first = sources[0]
            start = first.region.cover[first.offset + at]
            exact = start == first.offset + at and first.region.cells[start][0] <= length - at
            size = first.region.cells[start][0] if exact else 1
            value = None
            for source in sources:
                here = source.region.get(source.offset + at, size)
                value = here if value is None else choose(source.condition, here, value, size * 8)
            for target in targets:
                condition = fold(both(path, target.condition))
                if condition is not False:
                    old = (
                        value if condition is True else target.region.get(target.offset + at, size)
                    )
                    target.region.put(
                        target.offset + at, size, choose(condition, value, old, size * 8)
                    )
            at += size

    @staticmethod
    def count_zeros(value, bits):
        if isinstance(value, int):
            return (value & -value).bit_length() - 1 if value else bits
        result = z3.BitVecVal(bits, bits)
        for bit in reversed(range(bits)):
            result = z3.If(z3.Extract(bit, bit, value) == 1, z3.BitVecVal(bit, bits), result)
        return fold(result)
