#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes a library of a hardware description: verilate.sh DIRECTORY ARGUMENT... The arguments are
# verilator's. The headers and the library go to DIRECTORY.
#
# Rule: verilator's makefile refuses a directory whose path has a blank. So the library is made in a
# directory of its own and copied.
set -eu

directory=$1
shift
work=$(mktemp -d /tmp/verilate.XXXXXX)
trap 'rm -rf "$work"' EXIT
MAKEFLAGS= verilator --cc --build --Mdir "$work" "$@" # its make is no child of ours
cp "$work"/*.h "$work"/*.a "$directory"
