# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the stores to absent memory: name, file, text there, text instead, test."""

STORE = "arch/x86/virt/store.c"

MUTANTS = (
    (
        "rmw-exchange-keeps-the-register",
        "arch/x86/virt/rmw.c",
        "\tset(part, shift_of, r->size, ones(r->size));\n",
        "",
        "test_rmw",
    ),
    (
        "rmw-locked-shift-is-done",
        "arch/x86/virt/rmw.c",
        "return !r->of->lock && (r->count",
        "return (r->count",
        "test_store",
    ),
    (
        "store-into-memory-is-dropped",
        STORE,
        "\t\tother = last;\n",
        "\t\tother = UINT64_MAX;\n",
        "test_store",
    ),
    (
        "store-out-of-memory-is-dropped",
        STORE,
        "\t\tother = first;\n",
        "\t\tother = UINT64_MAX;\n",
        "test_store",
    ),
    (
        "address-by-rip-without-immediate",
        STORE,
        "s->rip + w->read.at),",
        "s->rip + 6),",
        "test_store",
    ),
    (
        "store-beyond-its-page",
        STORE,
        "\t\tn = n < left ? n : left;\n",
        "\t\tn = left;\n",
        "test_store",
    ),
    ("store-takes-a-lock", STORE, "!w->read.lock &&", "true &&", "test_store"),
    ("store-of-a-step", STORE, "if (s->rflags & RFLAGS_TF)", "if (false)", "test_store"),
)
