# SPDX-License-Identifier: BSD-2-Clause
"""Mutants that a system test notices: name, file, text there, text instead, platform:test."""

MUTANTS = ()
