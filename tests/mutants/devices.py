# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the devices that the VMM makes for a VM: the 16550, its ports, its line, its keys."""

CHIP = "vmm/device/ns16550.c"
UART = "vmm/core/vm_uart.c"
DRIVER = "chipset/window/driver.c"
PC_STEPS = "chipset/pc/pc_steps.c"
PC_8259 = "chipset/pc/pc_8259.c"

MUTANTS = (
    # The chip.
    (
        "uart-sent-byte-is-no-edge",
        CHIP,
        "\tsettle(u); /* the next rise of the output is an edge */\n",
        "",
        "test_ns16550",
    ),
    (
        "uart-enable-bit-is-silent",
        CHIP,
        "\tif (value & ~u->value[IER] & IER_EMPTY)",
        "\tif (false)",
        "test_ns16550",
    ),
    (
        "uart-overrun-is-silent",
        CHIP,
        "\t\tu->overrun = true;\n",
        "\t\t;\n",
        "test_ns16550",
    ),
    (
        "uart-cause-stays",
        CHIP,
        "\tif (now == IIR_EMPTY)\n",
        "\tif (false)\n",
        "test_ns16550",
    ),
    # The VM's side.
    (
        "uart-has-port-400",
        UART,
        "VM_UART_PORT < NS16550_REGISTERS;",
        "VM_UART_PORT <= NS16550_REGISTERS;",
        "test_vm_uart",
    ),
    (
        "uart-sends-into-a-full-output",
        UART,
        "output_room(&vm->output) >= NS16550_FIFO",
        "output_room(&vm->output) >= 1",
        "test_vm_uart",
    ),
    (
        "uart-key-wakes-nobody",
        UART,
        "\tif (vm->state == VM_HALTED &&",
        "\tif (false &&",
        "test_vm_uart",
    ),
    (
        "uart-line-driven-beside-routed-lines",
        UART,
        "\t\t\tchipset_route(NULL);\n",
        "\t\t\t;\n",
        "test_vm_uart",
    ),
    # The line that no wire feeds.
    (
        "block-asks-at-the-wire's-input",
        DRIVER,
        "lines ^ unwired) | unwired",
        "lines)",
        "test_unwired",
    ),
    (
        "block-keeps-what-has-fallen",
        DRIVER,
        "high ? held | bit : held & (uint8_t)~bit",
        "held | bit",
        "test_unwired",
    ),
    (
        "pc-forgets-an-unwired-request",
        PC_STEPS,
        "c->inject &= c->unwired;",
        "c->inject = 0;",
        "test_unwired",
    ),
    (
        "pc-takes-the-wire-for-the-device",
        PC_STEPS,
        "(pc_asserted() & c->lines)",
        "pc_asserted()",
        "test_unwired",
    ),
    (
        "pc-shows-the-vmm-s-wire",
        PC_8259,
        "automatic ? 0 : pc_read_irr_rarely() & c->lines",
        "automatic ? 0 : pc_read_irr()",
        "test_unwired",
    ),
    # The keys.
    (
        "keys-stay-the-console-s",
        "vmm/operator/typing.c",
        "\t\tif (vmm_keys_given())\n",
        "\t\tif (false)\n",
        "test_prompt",
    ),
)
