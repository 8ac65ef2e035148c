# SPDX-License-Identifier: BSD-2-Clause
"""
LLVM's intermediate code executed with symbols: integers are numbers or Z3's bit vectors, a pointer is the places where it may point
to, each with its condition.

Rule: blocks are executed in the order of the flow, each once for a path condition that covers every way to it; a store counts
where its path condition holds. A loop is executed until its condition is impossible. What would be undefined is a goal.
"""

import re

import z3

import ir

# Functions that a claim may take as they are (claims.h, by_status_alone): their result depends on these fields of the block alone,
# as a claim of their own proves.
SUMMARIES = {"block_status": ("%struct.block", (2, 10))}  # latch, block_input

EXTERNAL_BITS = {"any1": 1, "any8": 8, "any16": 16, "any32": 32, "any64": 64}


# ---- Conditions: True, False or Z3's ----


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


# ---- Integers: a Python number, or a bit vector; of one bit a condition ----


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
            if start is not None and not (start >= at and start + self.cells[start][0] <= at + size):
                self.split(start)
        for i in range(at, at + size):
            self.cells.pop(i, None)
            self.cover[i] = at
        self.cells[at] = (size, value)

    def split(self, start):
        size, value = self.cells.pop(start)
        for i in range(size):
            part = value >> (8 * i) & 255 if isinstance(value, int) else fold(z3.Extract(8 * i + 7, 8 * i, value))
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
                parts.append(value if width == 1 else z3.Extract(8 * (i - start) + 7, 8 * (i - start), value))
        if all(isinstance(part, int) for part in parts):
            return sum(part << (8 * i) for i, part in enumerate(parts))
        return fold(z3.Concat(*[vector(part, 8) for part in reversed(parts)])) if size > 1 else parts[0]


class Place:
    def __init__(self, condition, region, offset):
        self.condition = condition
        self.region = region
        self.offset = offset


class Frame:
    def __init__(self, function, arguments):
        self.function = function
        self.values = {name: value for (name, _), value in zip(function.parameters, arguments)}
        self.incoming = {label: [] for label in function.blocks}
        self.returned = None


class Execution:
    def __init__(self, module):
        self.module = module
        self.solver = z3.Then("simplify", "propagate-values", "solve-eqs", "bit-blast", "sat").solver()
        self.claims = []
        self.traps = []
        self.inputs = []
        self.regions = {}
        for name, (part, data, _) in module.globals.items():
            self.regions[name] = Region(name, part.size(), data)
        self.successors = {}
        self.parsed = {}
        self.summarised = False
        self.summaries = []  # name, arguments, result

    # ---- Control flow ----

    def call(self, name, arguments, path):
        function = self.module.functions[name]
        frame = Frame(function, arguments)
        frame.incoming[function.entry].append((path, {}))
        self.region(frame, set(function.blocks), function.entry)
        return frame.returned

    def edges(self, function):
        if function.name not in self.successors:
            table = {}
            for label, block in function.blocks.items():
                table[label] = re.findall(r"label (%[-\w.$]+)", block[-1].text) if block[-1].opcode == "br" else []
            self.successors[function.name] = table
        return self.successors[function.name]

    def components(self, function, nodes, entry):
        """Strongly connected components of nodes, without the edges back to entry, in the order of the flow (Tarjan)."""
        edges = self.edges(function)
        index, low, stack, on_stack, result = {}, {}, [], set(), []

        def visit(node):
            work = [(node, iter(edges[node]))]
            index[node] = low[node] = len(index)
            stack.append(node)
            on_stack.add(node)
            while work:
                at, rest = work[-1]
                for target in rest:
                    if target not in nodes or target == entry:
                        continue
                    if target not in index:
                        index[target] = low[target] = len(index)
                        stack.append(target)
                        on_stack.add(target)
                        work.append((target, iter(edges[target])))
                        break
                    if target in on_stack:
                        low[at] = min(low[at], index[target])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[at])
                    if low[at] == index[at]:
                        component = []
                        while True:
                            last = stack.pop()
                            on_stack.discard(last)
                            component.append(last)
                            if last == at:
                                break
                        result.append(component)

        visit(entry)
        return list(reversed(result))

    def region(self, frame, nodes, entry):
        edges = self.edges(frame.function)
        for component in self.components(frame.function, nodes, entry):
            label = component[0]
            if len(component) == 1 and (label == entry or label not in edges[label]):
                self.block(frame, label)
                continue
            self.loop(frame, set(component))

    def loop(self, frame, nodes):
        edges = self.edges(frame.function)
        heads = {target for label, targets in edges.items() if label not in nodes for target in targets if target in nodes}
        if len(heads) != 1:
            raise ValueError("a loop with two heads in " + frame.function.name)
        head = heads.pop()
        rounds = 0
        while True:
            path = False
            for condition, _ in frame.incoming[head]:
                path = either(path, condition)
            if path is False or (rounds >= 8 and not self.possible(path)):
                frame.incoming[head] = []
                return
            self.region(frame, nodes, head)
            rounds += 1
            if rounds > 200:
                raise ValueError("a loop without end in " + frame.function.name)

    def possible(self, path):
        if path is True:
            return True
        self.solver.push()
        self.solver.add(path)
        answer = self.solver.check()
        self.solver.pop()
        return answer != z3.unsat

    def block(self, frame, label):
        incoming = frame.incoming[label]
        frame.incoming[label] = []
        path = False
        for condition, _ in incoming:
            path = either(path, condition)
        path = fold(path)
        if path is False:
            return
        for instruction in frame.function.blocks[label]:
            if instruction.opcode == "phi":
                frame.values[instruction.result] = self.merge([(c, values[instruction.result]) for c, values in incoming])
            elif instruction.opcode in ("br", "ret", "unreachable"):
                self.terminate(frame, label, instruction, path)
            else:
                value = self.execute(frame, instruction, path)
                if instruction.result:
                    frame.values[instruction.result] = value

    def merge(self, alternatives):
        """The value whose condition holds. alternatives: (condition, (value, type))."""
        _, (value, part) = alternatives[-1]
        if part.kind == "pointer":
            places = [Place(both(condition, place.condition), place.region, place.offset)
                      for condition, (pointer, _) in alternatives for place in pointer]
            return self.unite(places)
        for condition, (other, _) in reversed(alternatives[:-1]):
            value = choose(condition, other, value, part.bits)
        return value

    @staticmethod
    def unite(places):
        table = {}
        for place in places:
            key = (place.region.base, place.offset)
            condition = either(table[key].condition, place.condition) if key in table else place.condition
            if condition is not False:
                table[key] = Place(condition, place.region, place.offset)
        return list(table.values())

    def go(self, frame, source, target, condition):
        condition = fold(condition)
        if condition is False:
            return
        values = {}
        for instruction in frame.function.blocks[target]:
            if instruction.opcode != "phi":
                break
            part, choices = self.phi(instruction)
            values[instruction.result] = (self.operand(frame, choices[source], part), part)
        frame.incoming[target].append((condition, values))

    def phi(self, instruction):
        if id(instruction) not in self.parsed:
            reader = ir.Reader(self.module, instruction.text)
            part = reader.type()
            choices = {}
            while reader.accept("["):
                value = reader.take()
                reader.take(",")
                choices[reader.take()] = value
                reader.take("]")
                reader.accept(",")
            self.parsed[id(instruction)] = (part, choices)
        return self.parsed[id(instruction)]

    def terminate(self, frame, label, instruction, path):
        reader = ir.Reader(self.module, instruction.text)
        if instruction.opcode == "unreachable":
            return
        if instruction.opcode == "ret":
            part = reader.type()
            if part.kind == "void":
                return
            value = (self.operand(frame, reader.take(), part), part)
            if frame.returned is None:
                frame.returned = value[0]
            else:
                frame.returned = self.merge([(path, value), (negate(path), (frame.returned, part))])
            return
        if reader.accept("label"):
            self.go(frame, label, reader.take(), path)
            return
        reader.take("i1")
        condition = self.operand(frame, reader.take(), ir.Type("int", bits=1))
        reader.take(",")
        reader.take("label")
        yes = reader.take()
        reader.take(",")
        reader.take("label")
        no = reader.take()
        self.go(frame, label, yes, both(path, condition))
        self.go(frame, label, no, both(path, negate(condition)))

    # ---- Operands ----

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

    # ---- Instructions ----

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
        return self.arithmetic(frame, reader, lambda a, b: a << b if b < 64 else 0, lambda a, b: a << b)

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
        return fold({"eq": lambda: a == b, "ne": lambda: a != b, "ult": lambda: z3.ULT(a, b), "ule": lambda: z3.ULE(a, b),
                     "ugt": lambda: z3.UGT(a, b), "uge": lambda: z3.UGE(a, b), "slt": lambda: a < b, "sle": lambda: a <= b,
                     "sgt": lambda: a > b, "sge": lambda: a >= b}[kind]())

    def compare_pointers(self, frame, reader, kind):
        """With null, or with an address at the end of memory (the check that an offset does not wrap): no region is there, and
        all are between them."""
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
        return fold(self.merge([(condition, yes), (negate(condition), no)])) if yes[1].kind == "int" else self.merge(
            [(condition, yes), (negate(condition), no)])

    # ---- Calls ----

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
        if self.summarised and name in SUMMARIES:
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
        elif name == "fshl":
            a, b, count = (vector(value, result.bits) for value, _ in arguments)
            bits = result.bits
            wide = z3.Concat(a, b) << z3.ZeroExt(bits, z3.URem(count, bits))
            return fold(z3.Extract(2 * bits - 1, bits, wide))
        elif name not in ("lifetime", "assume", "experimental", "dbg"):
            raise ValueError("llvm." + name)
        return None

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
                    old = value if condition is True else target.region.get(target.offset + at, size)
                    target.region.put(target.offset + at, size, choose(condition, value, old, size * 8))
            at += size

    @staticmethod
    def count_zeros(value, bits):
        if isinstance(value, int):
            return (value & -value).bit_length() - 1 if value else bits
        result = z3.BitVecVal(bits, bits)
        for bit in reversed(range(bits)):
            result = z3.If(z3.Extract(bit, bit, value) == 1, z3.BitVecVal(bit, bits), result)
        return fold(result)

    def summarise(self, name, places, bits):
        """A result that is unknown, but the same for the same fields."""
        struct, fields = SUMMARIES[name]
        part = self.module.types[struct]
        values = []
        for field in fields:
            size = part.fields[field].size()
            value = None
            for place in places:
                here = place.region.get(place.offset + part.offset(field), size)
                value = here if value is None else choose(place.condition, here, value, size * 8)
            values.append(vector(value, size * 8))
        symbol = self.fresh(name, bits)
        for other, others, known in self.summaries:
            if other == name:
                self.solver.add(z3.Implies(z3.And([a == b for a, b in zip(values, others)]), symbol == known))
        self.summaries.append((name, values, symbol))
        return symbol

    def outside(self, name, arguments, path):
        if name in EXTERNAL_BITS:
            symbol = self.fresh(name, EXTERNAL_BITS[name])
            self.inputs.append((str(symbol), symbol))
            return symbol
        if name == "assume":
            self.solver.add(either(negate(path), arguments[0]))
            return None
        if name == "by_status_alone":
            self.summarised = True
            return None
        if name == "claim":
            broken = fold(both(path, negate(arguments[0])))
            self.claims.append((arguments[1], broken))
            return None
        raise ValueError("call of " + name)

    def trap(self, condition):
        condition = fold(condition)
        if condition is not False:
            self.traps.append((0, condition))


