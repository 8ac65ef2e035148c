# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the console and of a run's end: name, file, text there, text instead, the test."""

RUN = "vmm/core/run.c"
ENDING = "vmm/core/ending.c"
TERMINAL = "vmm/operator/terminal.c"
EDITOR = "vmm/operator/editor.c"
HISTORY = "vmm/operator/history.c"
PROMPT = "vmm/operator/prompt.c"
COMPLETION = "vmm/operator/completion.c"
CONSOLE = "vmm/operator/console.c"
NEAREST = "vmm/operator/nearest.c"

MUTANTS = (
    # A VM's share of the memory log.
    (
        "a-vm-has-all-of-the-log",
        "vmm/core/output.c",
        "if (o->logged >= OUTPUT_LOGGED) {",
        "if (o->logged == UINT32_MAX) {",
        "test_output",
    ),
    (
        "the-newest-lines-are-thinned",
        "arch/x86/log/log.c",
        "marked && keep < bytes",
        "marked && keep >= bytes",
        "test_log",
    ),
    (
        "thinned-without-an-order",
        "arch/x86/log/log.c",
        "\t\t\tkeep = 0;\n",
        "",
        "test_log",
    ),
    # When a run ends, and with which status.
    (
        "operator-fails-a-vm",
        ENDING,
        "if (vm->done && vm->stopped_by_operator)",
        "if (false)",
        "test_ending",
    ),
    (
        "quit-fails-what-runs",
        ENDING,
        "if (!vm->done && run.end == OPERATOR)",
        "if (false)",
        "test_ending",
    ),
    (
        "end-under-the-hands",
        ENDING,
        "if (!run.stay && used_until <= now) {",
        "if (!run.stay) {",
        "test_ending",
    ),
    ("end-is-not-looked-at-again", ENDING, "|| now >= run.unused_due)) {", ")) {", "test_ending"),
    (
        "no-vm-no-housekeeping",
        RUN,
        " || earliest(first_due(), vms_due()) != UINT64_MAX)",
        ")",
        "test_vmm_turns",
    ),
    # What is typed.
    ("line-without-end", EDITOR, "\tif (count > room)\n\t\tcount = room;\n", "", "test_editor"),
    ("letters-stay-on-the-screen", EDITOR, "\techo_many(' ', longer, echo);\n", "", "test_editor"),
    (
        "cursor-at-the-end",
        EDITOR,
        "\tgo_back(e->length + longer - e->cursor, echo);\n",
        "",
        "test_editor",
    ),
    ("modified-keys-are-keys", TERMINAL, "\t\tt->modified = true;\n", "\t\t;\n", "test_editor"),
    (
        "function-keys-leave-a-letter",
        TERMINAL,
        "byte == '[' ? TERMINAL_ONE_MORE : TERMINAL_PLAIN",
        "TERMINAL_PLAIN",
        "test_editor",
    ),
    (
        "escape-for-ever",
        TERMINAL,
        "*t)\n{\n\tt->state = TERMINAL_PLAIN;",
        "*t)\n{\n\t(void)t;",
        "test_editor",
    ),
    ("escape-waits-for-ever", CONSOLE, "\t\tprompt_pause();\n", "\t\t;\n", "test_prompt"),
    (
        "history-keeps-what-is-the-same",
        HISTORY,
        "strcmp(line_at(h, 1), line) == 0",
        "0",
        "test_editor",
    ),
    (
        "history-forgets-what-is-typed",
        HISTORY,
        "\t\tcopy(h->typing, now);\n",
        "\t\t;\n",
        "test_editor",
    ),
    ("prompt-before-what-is-printed", PROMPT, 'put_string("\\r\\033[K");', ";", "test_prompt"),
    (
        "line-does-not-come-back",
        PROMPT,
        "if (whole && !is_empty())",
        "if (false)",
        "test_prompt",
    ),
    (
        "tab-takes-the-first",
        COMPLETION,
        "if (m->count == 1 || same < m->common)",
        "if (m->count == 1)",
        "test_prompt",
    ),
    ("nobody-types", CONSOLE, "\tkey_times.last = cpu_tsc();\n", "", "test_prompt"),
    ("exchanged-letters-are-two", NEAREST, "two[j - 2] + 1", "two[j - 2] + 2", "test_nearest"),
)
