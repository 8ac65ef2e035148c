# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the PC's screen and keyboard: name, file, text there, text instead, the test."""

SCREEN = "vmm/operator/screen.c"
END = "vmm/operator/screen_end.c"
BLOCK = "chipset/pc/pc_block.c"
VGA = "arch/x86/machine/vga.c"

MUTANTS = (
    (
        "keyboard-served-without-bound",
        SCREEN,
        "SERVICE_MOST = 16",
        "SERVICE_MOST = 1 << 20",
        "test_screen",
    ),
    (
        "keys-left-in-the-controller",
        SCREEN,
        "\tkeyboard.left = i == SERVICE_MOST;\n",
        "\tkeyboard.left = false;\n",
        "test_screen",
    ),
    (
        "keyboard-edge-not-settled",
        SCREEN,
        "\t\t\tkeyboard_line_settle();\n",
        "\t\t\t;\n",
        "test_screen",
    ),
    ("old-keys-are-answers", END, "\tdrop_keys();\n", "", "test_screen"),
    (
        "keyboard-taken-from-its-vm",
        "vmm/operator/keyboard_line.c",
        "if (line_in(vm->config.lines, KEYBOARD_LINE))",
        "if (false)",
        "test_keyboard_line",
    ),
    ("kept-edge-stays", BLOCK, "\t\tpc_take_request(line_first(lines));\n", "\t\t;\n", "test_pc"),
    (
        "settling-takes-a-vms-request",
        BLOCK,
        "pc_read_irr_rarely() & (mux.served | mux.passed_on) & 0x00ff",
        "pc_read_irr() & 0x00ff",
        "test_pc",
    ),
    ("prompt-scrolls-away", VGA, "\tif (prompt.on)\n\t\tfollow_prompt();\n", "", "test_vga"),
    ("text-shown-over-a-view", VGA, "\tif (view.on)\n\t\treturn false;\n", "", "test_vga"),
    (
        "summary-too-long",
        "vmm/operator/summary.c",
        "count <= rows ? count : rows - 1",
        "count",
        "test_summary",
    ),
    (
        "framebuffer-a-step-looks-at-a-row",
        "arch/x86/machine/vga.c",
        "\tenum { CELLS = 16 };\n",
        "\tenum { CELLS = 80 };\n",
        "test_framebuffer",
    ),
)
