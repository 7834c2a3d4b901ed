#!/usr/bin/env bash
# Runs everything that needs a CUDA device, and keeps what it prints:
#   bash benchmarks/gpu_record.sh FOLDER [PART ...]
# Each part has its own time limit and its own file, so none costs another its time or its results.
# Parts without timings run side by side, and the speed is measured when they have ended.
set -u
cd "$(dirname "$0")/.." || exit
mkdir -p "$1"
out=$(realpath "$1")
shift
parts=${*:-backends tests others figures digits speed}
# LIBRARY=numpy tries the script without a device.
library=${LIBRARY:-cupy}
workers=${WORKERS:-8}
export PYTHONPATH=$PWD:$PWD/backends${PYTHONPATH:+:$PYTHONPATH} XLA_PYTHON_CLIENT_PREALLOCATE=false
export PYTHONUNBUFFERED=1
python=${PYTHON:-python3}

part() { # NAME SECONDS COMMAND...: runs a command that is one of the parts
    [[ " $parts " == *" ${1%%-*} "* ]] || return 0
    local began=$SECONDS file=$out/$1.log name=$1 limit=$2 code=0
    shift 2
    # An interrupted pytest still prints its failures. Jobs in the background ignore interrupts.
    timeout --foreground -s INT -k 15 "$limit" env --default-signal=INT "$@" >>"$file" 2>&1 || code=$?
    echo "$name: exit $code after $((SECONDS - began)) s: $(tail -n 1 "$file")" | tee -a "$out/summary.log"
}

suite() { # NAME SECONDS WORKERS OPTION...: runs tests; new warnings of libraries are no failures
    # Other plugins of pytest may warn too.
    part "$1" "$2" env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 "$python" -m pytest -p xdist \
        -p no:cacheprovider -n "$3" --maxfail 60 --tb short -v \
        -W default::DeprecationWarning -W default::FutureWarning \
        -W default::PendingDeprecationWarning "${@:4}"
}

cli() { # NAME ARGUMENT...: runs a command of xl2
    part "$1" 60 "$python" -c 'from xl2.cli import main; main()' "${@:2}"
}

on_device=:cuda
[ "$library" = numpy ] && on_device=
cli backends backends
{
    for one in "$library" numpy; do
        cli digits path digits --backend "$one" --picture "$out/$one.png"
        rm -f "$out/$one.png"
    done
} &
{
    for way in "" --path; do
        part figures 80 "$python" -m benchmarks.notebook_figures --backend "$library" \
            --dtype float32 --only mnist $way
    done
} &
part checks 100 "$python" -m benchmarks.gpu "$out/checks.md" checks &
suite tests "${TESTS:-180}" "$workers" --backend "$library" tests/backends tests/nn tests/array \
    tests/training tests/path tests/test_notebook.py tests/estimators &
for one in torch jax; do
    suite "others-$one" "${TESTS:-180}" 3 --backend "$one$on_device" tests/nn tests/array \
        tests/training/test_fit.py &
done
wait
part speed "${SPEED:-420}" "$python" -m benchmarks.gpu "$out/gpu.md"
cat "$out/summary.log"
