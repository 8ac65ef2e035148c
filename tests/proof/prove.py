#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A small model checker for C: proves the claims of tests/proof/claims*.c about the chipset
block's model for every value of their inputs, or shows values that break them.

Rule: clang compiles claims and model to LLVM's intermediate code with traps where behaviour
would be undefined; ir.py executes that with symbols; each claim, and that no trap can be
reached, is put to the solver (Z3). Loops are unrolled until the solver says that they have
ended, so what is proven is proven, and not only to some depth.
"""

import argparse
import os
import re
import subprocess
import sys
import time

import z3

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import execute  # noqa: E402  (these three are beside this file)
import ir  # noqa: E402
import values  # noqa: E402

CLANG = [
    "-std=c11",
    "-O1",
    "-S",
    "-emit-llvm",
    "-fno-vectorize",
    "-fno-slp-vectorize",
    "-fno-inline",
    "-I.",
    "-fsanitize=undefined",
    "-fsanitize-trap=undefined",
    "-g0",
    # The executor itself looks at every pointer.
    "-fno-sanitize=function,pointer-overflow,alignment,null,object-size",
]

# Ten of the claims take four fifths of the time. `make test` leaves them to `make prove`
# (docs/proof.md says what looks at the same there).
DEEP = (
    "R08_rule_2_select_of_the_same_bank",
    "R16_rule_2_select_of_another_bank",
    "R05_status_is_the_latches_by_input",
    "R16_whichever_bank_is_connected_the_others_stand_still",
    "R16_rule_4_select_touches_no_bank_but_the_one_that_it_connects",
    "R11_away_and_back_with_lines_reversed",
    "R16_to_another_bank_and_back_with_lines_crossed",
    "R07_an_improper_access_reads_zero_and_changes_nothing",
    "R07_a_write_below_the_states_keeps_the_invariants",
    "R07_a_write_of_state_reaches_its_bank_alone",
)


def compile_c(source, output, model):
    """One unit of everything, so that the code is whole."""
    unit = output + ".c"
    with open(unit, "w", encoding="utf-8") as file:
        for name in [*model, source]:
            file.write('#include "%s"\n' % name)
    clang = os.environ.get("CLANG", "clang")
    subprocess.run([clang, *CLANG, "-Wno-everything", "-o", output + ".1", unit], check=True)
    subprocess.run(
        [
            os.environ.get("OPT", "opt"),
            "-S",
            "-passes=lowerswitch,loop-simplify,lcssa",
            "-o",
            output,
            output + ".1",
        ],
        check=True,
    )


def check(module, name):
    """What does not hold of a function's claims: (line or None, answer, values). Line 0:
    undefined behaviour; None: nothing is claimed, because no state fits what is assumed."""
    begun = time.process_time()
    run = execute.Execution(module)
    run.call(name, [], True)
    solver = run.solver
    failures = []
    if solver.check() != z3.sat or not run.claims:
        failures.append((None, z3.unsat, None))
    goals = [goal for goal in run.claims + run.traps if goal[1] is not False]
    if goals and ask(solver, values.any_of([condition for _, condition in goals]))[0] != z3.unsat:
        for line, condition in goals:
            answer, model = ask(solver, condition)
            if answer != z3.unsat:
                failures.append((line, answer, model))
    return Result(
        failures, run.inputs, len(run.claims), len(run.traps), time.process_time() - begun
    )


class Result:
    def __init__(self, failures, inputs, claims, traps, seconds):
        self.failures = failures
        self.inputs = inputs
        self.claims = claims
        self.traps = traps
        self.seconds = seconds


def ask(solver, condition):
    solver.push()
    solver.add(condition)
    answer = solver.check()
    model = solver.model() if answer == z3.sat else None
    solver.pop()
    return answer, model


def show(source, line, answer, model, inputs):
    if line is None:
        what = "no state fits what is assumed, or nothing is claimed"
    elif answer == z3.unknown:
        what = "is not decided by the solver"
    else:
        what = "does not hold" if line else "undefined behaviour is possible"
    text = ""
    if line:
        with open(source, encoding="utf-8") as file:
            text = ": " + file.readlines()[line - 1].strip()
    print("  %s:%s %s%s" % (source, line or "", what, text))
    for name, value in inputs if model is not None else []:
        shown = model.eval(value, model_completion=True)
        number = int(z3.is_true(shown)) if z3.is_bool(value) else shown.as_long()
        if number:
            print("    %s = %#x" % (name, number))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument(
        "--model", default="chipset/block", help="the directory of the model's sources"
    )
    parser.add_argument("--only", default="", help="a regular expression of claims' names")
    parser.add_argument("--quick", action="store_true", help="leave out the claims of DEEP")
    parser.add_argument(
        "--refute", action="store_true", help="the claims are false, and each must be refuted"
    )
    parser.add_argument("sources", nargs="+")
    options = parser.parse_args()
    model = [
        os.path.join(options.model, name) for name in ("i8259.c", "pair.c", "block.c", "window.c")
    ]
    os.makedirs(options.build, exist_ok=True)
    failed = proven = 0
    left = set()
    for source in options.sources:
        output = os.path.join(options.build, os.path.basename(source) + ".ll")
        compile_c(source, output, model)
        module = ir.Module(output)
        for name in module.functions:
            if not re.match(r"R\d\d_", name) or not re.search(options.only, name):
                continue
            if options.quick and name in DEEP:
                left.add(name)
                continue
            result = check(module, name)
            holds = not result.failures
            good = holds != options.refute
            proven += good
            failed += not good
            print(
                "%s%s ... %s (%d claims, %d traps, %.1f s)"
                % (
                    name.replace("_", " "),
                    " is refuted" if options.refute else "",
                    "ok" if good else "FAILED",
                    result.claims,
                    result.traps,
                    result.seconds,
                ),
                flush=True,
            )
            for line, answer, found in [] if options.refute else result.failures[:6]:
                show(source, line, answer, found, result.inputs)
    said = "prove: %d %s, %d failed" % (proven, "refuted" if options.refute else "proven", failed)
    print(said + (", %d left to make prove" % len(left) if left else ""))
    if options.quick and left != set(DEEP):
        sys.exit("prove: no such claims: " + ", ".join(sorted(set(DEEP) - left)))
    return 1 if failed or not proven else 0


if __name__ == "__main__":
    sys.exit(main())
