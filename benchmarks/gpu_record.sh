#!/usr/bin/env bash
# Runs everything that needs a CUDA device, and keeps what it prints:
#   bash benchmarks/gpu_record.sh FOLDER [PART ...] [OPTION ...]
# `--stand-ins` tries it on a CPU, and `--help` lists the parts and the options. See record.py.
set -eu
folder=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH=$folder:$folder/backends${PYTHONPATH:+:$PYTHONPATH}
exec "${PYTHON:-python3}" -m benchmarks.record "$@"
