# SPDX-License-Identifier: BSD-2-Clause
"""LLVM's intermediate code executed with symbols: integers are numbers or Z3's bit vectors, a
pointer is the places where it may point to, each with its condition.

Rule: blocks are executed in the order of the flow, each once for a path condition that covers
every way to it; a store counts where its path condition holds. A loop is executed until its
condition is impossible. What would be undefined is a goal.
"""

import re

import z3

import ir
from instructions import Instructions
from values import Place, Region, both, choose, either, fold, negate, vector

# Functions that a claim may take as they are (claims.h, by_status_alone): their result depends on
# these fields of the block alone, as a claim of their own proves.
SUMMARIES = {"block_status": ("%struct.block", (2, 10))}  # latch, block_input

EXTERNAL_BITS = {"any1": 1, "any8": 8, "any16": 16, "any32": 32, "any64": 64}


class Frame:
    def __init__(self, function, arguments):
        self.function = function
        self.values = {name: value for (name, _), value in zip(function.parameters, arguments)}
        self.incoming = {label: [] for label in function.blocks}
        self.returned = None


class Execution(Instructions):
    def __init__(self, module):
        self.module = module
        self.solver = z3.Then(
            "simplify", "propagate-values", "solve-eqs", "bit-blast", "sat"
        ).solver()
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

    # ---- Control flow ----------------------------------------------------------------------------

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
                table[label] = (
                    re.findall(r"label (%[-\w.$]+)", block[-1].text)
                    if block[-1].opcode == "br"
                    else []
                )
            self.successors[function.name] = table
        return self.successors[function.name]

    def components(self, function, nodes, entry):
        """Strongly connected components of nodes, without the edges back to entry, in the order
        of the flow (Tarjan)."""
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
        heads = {
            target
            for label, targets in edges.items()
            if label not in nodes
            for target in targets
            if target in nodes
        }
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
                frame.values[instruction.result] = self.merge(
                    [(c, values[instruction.result]) for c, values in incoming]
                )
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
            places = [
                Place(both(condition, place.condition), place.region, place.offset)
                for condition, (pointer, _) in alternatives
                for place in pointer
            ]
            return self.unite(places)
        for condition, (other, _) in reversed(alternatives[:-1]):
            value = choose(condition, other, value, part.bits)
        return value

    @staticmethod
    def unite(places):
        table = {}
        for place in places:
            key = (place.region.base, place.offset)
            condition = (
                either(table[key].condition, place.condition) if key in table else place.condition
            )
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

    # ---- What claims call ------------------------------------------------------------------------

    def is_summarised(self, name):
        return self.summarised and name in SUMMARIES

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
                self.solver.add(
                    z3.Implies(z3.And([a == b for a, b in zip(values, others)]), symbol == known)
                )
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
