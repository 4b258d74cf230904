#!/usr/bin/env bash
# tools/lint.sh [--clang-tidy [FILE…] | --alone] : the cheap checks: layout and layers (tools/tidy), formatting,
# shell scripts. With --clang-tidy also the short list of .clang-tidy over all sources or the FILEs. With --alone
# also each source by itself, without precompiled headers: whether it includes what it uses (ten minutes).
set -euo pipefail
cd "$(dirname "$0")/.."
tools/packages.sh build test

failed=0
tools/tidy || failed=1

mapfile -t sources < <(git ls-files 'src/*.cpp' 'src/*.h' 'apps/*.cpp' 'apps/*.h' 'fuzz/*.cpp' \
  'bench/*.cpp' 'tests/*.cpp' 'tests/*.h')
clang-format-19 --dry-run --Werror "${sources[@]}" || {
  echo "format: run clang-format-19 -i on the files above" >&2
  failed=1
}
echo "format: ${#sources[@]} files"

mapfile -t scripts < <(git ls-files 'khien' '.ci/run' 'tools/*.sh' 'packaging/*.sh' 'tests/*.sh')
shellcheck -x "${scripts[@]}" || failed=1
echo "shellcheck: ${#scripts[@]} files"

if [ "${1:-}" = --clang-tidy ]; then
  shift
  [ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
  [ $# -gt 0 ] || mapfile -t sources < <(git ls-files 'src/*.cpp' 'apps/*.cpp')
  [ $# -eq 0 ] || sources=("$@")
  printf '%s\n' "${sources[@]}" |
    xargs -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/dev || failed=1
fi
if [ "${1:-}" = --alone ]; then
  cmake --preset dev -B build/alone -DCMAKE_CXX_COMPILER=clang++-19 -DKHIEN_PRECOMPILED=OFF \
    -DKHIEN_WERROR=OFF -DKHIEN_BENCH=ON >/dev/null
  python3 -c 'import json
for entry in json.load(open("build/alone/compile_commands.json")): print(entry["command"])' |
    sed 's/ -o [^ ]* -c / -w -fsyntax-only /' |
    xargs -d '\n' -P "$(nproc)" -n 1 sh -c || failed=1
fi
exit "$failed"
