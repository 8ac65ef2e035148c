# SPDX-License-Identifier: BSD-2-Clause
"""LLVM's intermediate code as text, read into types, functions, blocks and instructions: as much
of it as clang -O1 makes of the model and its claims.

Rule: what is not known here is an error, never a guess.
"""

import re


class Type:
    """kind: int (bits), pointer (to), array (count, of), struct (fields), void."""

    def __init__(self, kind, **parts):
        self.kind = kind
        self.__dict__.update(parts)

    def align(self):
        if self.kind == "int":
            return max(1, min(8, (self.bits + 7) // 8))
        if self.kind == "pointer":
            return 8
        if self.kind == "array":
            return self.of.align()
        return max([1] + [field.align() for field in self.fields])

    def size(self):
        if self.kind == "int":
            return (self.bits + 7) // 8
        if self.kind == "pointer":
            return 8
        if self.kind == "array":
            return self.count * self.of.size()
        end = self.offset(len(self.fields))
        align = self.align()
        return (end + align - 1) // align * align

    def offset(self, index):
        at = 0
        for number, field in enumerate(self.fields):
            align = field.align()
            at = (at + align - 1) // align * align
            if number == index:
                return at
            at += field.size()
        return at


class Instruction:
    def __init__(self, result, opcode, text):
        self.result = result
        self.opcode = opcode
        self.text = text


class Function:
    def __init__(self, name, result, parameters):
        self.name = name
        self.result = result
        self.parameters = parameters
        self.blocks = {}
        self.entry = None


ATTRIBUTES = {
    "noundef",
    "zeroext",
    "signext",
    "nocapture",
    "readonly",
    "writeonly",
    "nonnull",
    "immarg",
    "returned",
    "noalias",
    "dso_local",
    "local_unnamed_addr",
    "unnamed_addr",
    "fastcc",
    "internal",
    "inbounds",
    "tail",
    "notail",
    "musttail",
    "nuw",
    "nsw",
    "exact",
    "volatile",
    "nofree",
    "readnone",
    "hidden",
    "private",
    "constant",
    "global",
    "nest",
}


class Reader:
    """Tokens of one line."""

    PATTERN = re.compile(
        r'\s*(c"[^"]*"|[%@]"[^"]*"|[%@][-\w.$]+|![\w.]*|#\d+|-?\d+|[\w.]+|\.\.\.|[\[\]{}(),=*<>:])'
    )

    def __init__(self, module, text):
        self.module = module
        self.tokens = self.PATTERN.findall(text)
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, expected=None):
        token = self.peek()
        if expected is not None and token != expected:
            raise ValueError("%s expected: %s" % (expected, " ".join(self.tokens)))
        self.at += 1
        return token

    def accept(self, token):
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def skip_attributes(self):
        while True:
            token = self.peek()
            if token in ("align", "dereferenceable", "dereferenceable_or_null"):
                self.take()
                if self.accept("("):
                    self.take()
                    self.take(")")
                else:
                    self.take()
            elif token in ATTRIBUTES:
                self.take()
            else:
                return

    def type(self):
        token = self.take()
        if re.fullmatch(r"i\d+", token):
            result = Type("int", bits=int(token[1:]))
        elif token == "void":
            result = Type("void")
        elif token == "[":
            count = int(self.take())
            self.take("x")
            result = Type("array", count=count, of=self.type())
            self.take("]")
        elif token == "{":
            fields = [self.type()]
            while self.accept(","):
                fields.append(self.type())
            self.take("}")
            result = Type("struct", fields=fields)
        elif token[0] == "%":
            result = self.module.types[token]
        else:
            raise ValueError("type %s: %s" % (token, " ".join(self.tokens)))
        while True:
            if self.accept("*"):
                result = Type("pointer", to=result)
            elif self.peek() == "(" and result.kind in ("void", "int"):
                break
            else:
                break
        return result


class Module:
    def __init__(self, name):
        self.types = {}
        self.functions = {}
        self.globals = {}
        with open(name, encoding="utf-8") as file:
            lines = file.read().split("\n")
        self.read_types(lines)
        self.read_globals(lines)
        self.read_functions(lines)

    def read_types(self, lines):
        waiting = []
        for line in lines:
            match = re.match(r"(%[\w.]+) = type (.*)", line)
            if match:
                waiting.append(match.groups())
        while waiting:
            name, text = waiting.pop(0)
            try:
                self.types[name] = Reader(self, text).type()
            except KeyError:
                waiting.append((name, text))

    def read_globals(self, lines):
        for line in lines:
            match = re.match(r"(@[-\w.$]+) = (.*)", line)
            if not match:
                continue
            reader = Reader(self, match.group(2))
            is_constant = "constant" in reader.tokens
            reader.skip_attributes()
            value_type = reader.type()
            self.globals[match.group(1)] = (
                value_type,
                self.initial(reader, value_type),
                is_constant,
            )

    def initial(self, reader, value_type):
        """Bytes of a constant."""
        if reader.accept("zeroinitializer") or reader.accept("undef"):
            return [0] * value_type.size()
        if value_type.kind == "int":
            token = reader.take()
            number = {"true": 1, "false": 0}.get(token)
            number = int(token) if number is None else number
            return list(
                (number % (1 << value_type.size() * 8)).to_bytes(value_type.size(), "little")
            )
        if value_type.kind == "array" and reader.peek().startswith('c"'):
            text = reader.take()[2:-1]
            return list(
                re.sub(r"\\([0-9A-Fa-f]{2})", lambda m: chr(int(m.group(1), 16)), text).encode(
                    "latin-1"
                )
            )
        if value_type.kind not in ("array", "struct"):
            raise ValueError("constant: %s" % " ".join(reader.tokens))
        result = [0] * value_type.size()
        reader.take("[" if value_type.kind == "array" else "{")
        index = 0
        while not (reader.accept("]") or reader.accept("}")):
            part = reader.type()
            at = index * part.size() if value_type.kind == "array" else value_type.offset(index)
            result[at : at + part.size()] = self.initial(reader, part)
            index += 1
            reader.accept(",")
        return result

    def read_functions(self, lines):
        function = block = None
        for line in lines:
            if line.startswith("define "):
                function = self.read_head(line)
                block = None
                continue
            if function is None:
                continue
            if line.startswith("}"):
                function = None
                continue
            text = line.split(" ;")[0].split(", !")[0].rstrip() if not line.startswith(";") else ""
            label = re.match(r"([-\w.$]+):", text)
            if label:
                block = self.begin_block(function, "%" + label.group(1))
            elif text.strip():
                if block is None:
                    block = self.begin_block(function, "%" + str(len(function.parameters)))
                match = re.match(r"\s+(?:(%[-\w.$]+) = )?((?:tail |notail )?\w+)(.*)", text)
                opcode = match.group(2).split(" ")[-1]
                block.append(Instruction(match.group(1), opcode, match.group(3)))

    def read_head(self, line):
        reader = Reader(self, line[len("define ") :])
        reader.skip_attributes()
        result = reader.type()
        name = reader.take()[1:]
        reader.take("(")
        parameters = []
        while not reader.accept(")"):
            part = reader.type()
            reader.skip_attributes()
            parameters.append((reader.take(), part))
            reader.accept(",")
        self.functions[name] = Function(name, result, parameters)
        return self.functions[name]

    @staticmethod
    def begin_block(function, label):
        function.blocks[label] = []
        if function.entry is None:
            function.entry = label
        return function.blocks[label]
