# SPDX-License-Identifier: BSD-2-Clause
"""The moments of a run as a trace in the Common Trace Format, version 1.8 (diamon.org/ctf).

    DIRECTORY/metadata   the types of all events, in TSDL
    DIRECTORY/moments    one stream of packets

Rule: the metadata describes what the stream holds: an event has its fields in the order of the
metadata, without padding, little-endian.
"""

import struct
import uuid

MAGIC = 0xC1FC1FC1
PACKET_EVENTS = 4096
HEADER = struct.Struct("<I16sI")  # magic, UUID, stream
CONTEXT = struct.Struct("<QQQQ")  # first and last time, bits of content, bits of packet
EVENT = struct.Struct("<BQ")  # event, time
# By a field's name: its type in TSDL and in the stream. Other fields are numbers of 32 bits.
STRING = "string"
TYPES = {
    "vm": (STRING, None),
    "to": (STRING, None),
    "reason": (STRING, None),
    "line": ("uint8_t", struct.Struct("<B")),
    "lines": ("hex16_t", struct.Struct("<H")),
    "port": ("hex16_t", struct.Struct("<H")),
    "code": ("hex64_t", struct.Struct("<Q")),
    "value": ("hex32_t", struct.Struct("<I")),
}
NUMBER = ("uint32_t", struct.Struct("<I"))

HEAD = """/* CTF 1.8 */

typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;
typealias integer {{ size = 32; align = 8; signed = false; }} := uint32_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := uint64_t;
typealias integer {{ size = 16; align = 8; signed = false; base = 16; }} := hex16_t;
typealias integer {{ size = 32; align = 8; signed = false; base = 16; }} := hex32_t;
typealias integer {{ size = 64; align = 8; signed = false; base = 16; }} := hex64_t;

trace {{
    major = 1;
    minor = 8;
    uuid = "{uuid}";
    byte_order = le;
    packet.header := struct {{ uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; }};
}};

env {{
{env}}};

clock {{
    name = machine;
    description = "the machine's time";
    freq = 1000000000;
    offset = 0;
}};

typealias integer {{ size = 64; align = 8; signed = false; map = clock.machine.value; }} := ns_t;

stream {{
    id = 0;
    packet.context := struct {{
        ns_t timestamp_begin; ns_t timestamp_end; uint64_t content_size; uint64_t packet_size;
    }};
    event.header := struct {{ uint8_t id; ns_t timestamp; }};
}};
"""


def fields_of(moment):
    return {"vm": moment.vm, **moment.fields}


class Stream:
    """The stream's bytes, and the events' types as they turn up."""

    def __init__(self, number):
        self.number = number
        self.types = {}  # by event: (number, names of the fields)
        self.packets = []

    def type_of(self, moment, fields):
        key = moment.event
        if key not in self.types:
            self.types[key] = (len(self.types), tuple(fields))
        number, names = self.types[key]
        if names != tuple(fields):
            raise ValueError(f"{key}: the fields {tuple(fields)} are not {names}")
        return number

    def event(self, moment):
        fields = fields_of(moment)
        parts = [EVENT.pack(self.type_of(moment, fields), moment.time)]
        for name, value in fields.items():
            _, packer = TYPES.get(name, NUMBER)
            parts.append(packer.pack(value) if packer else value.encode() + b"\0")
        return b"".join(parts)

    def packet(self, moments):
        content = b"".join(map(self.event, moments))
        bits = 8 * (HEADER.size + CONTEXT.size + len(content))
        context = CONTEXT.pack(moments[0].time, moments[-1].time, bits, bits)
        return HEADER.pack(MAGIC, self.number.bytes, 0) + context + content


def text(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def write_ctf(moments, directory, about):
    """Writes the trace. moments: in the order of time. about: what was run, as texts by name."""
    directory.mkdir(parents=True, exist_ok=True)
    number = uuid.uuid4()
    stream = Stream(number)
    with open(directory / "moments", "wb") as out:
        for i in range(0, len(moments), PACKET_EVENTS):
            out.write(stream.packet(moments[i : i + PACKET_EVENTS]))
    env = "".join(f"\t{name} = {text(value)};\n" for name, value in about.items())
    pieces = [HEAD.format(uuid=number, env=env)]
    for event, (event_id, names) in stream.types.items():
        fields = " ".join(f"{TYPES.get(name, NUMBER)[0]} {name};" for name in names)
        pieces.append(
            f"\nevent {{\n\tid = {event_id};\n\tname = {text(event)};\n\tstream_id = 0;\n"
            f"\tfields := struct {{ {fields} }};\n}};\n"
        )
    (directory / "metadata").write_text("".join(pieces))
