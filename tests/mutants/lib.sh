# lib.sh - breaking a policy in one line at a time; sourced by the scripts beside it.
#
#   mutants_start SOURCE_DIR AREA "FILES" "TESTS"   copies AREA's headers and FILES (no .c),
#       builds them, and expects TESTS (of tests/unit, quick ones first) to pass
#   mutant NAME FILE SED-SCRIPT                     expects a test to fail
#   mutants_end                                     exits: 1 when a mutant survived, did not
#       apply to the source any more, or did not build
# $CC, default cc.  Exits 77 when cmocka is missing.
# shellcheck shell=sh

mutants_start() {
    mutants_src=$1 mutants_area=$2 mutants_files=$3 mutants_tests=$4
    mutants_status=0 mutants_count=0
    if ! pkg-config --exists cmocka; then
        echo "SKIP: cmocka is not installed"
        exit 77
    fi
    mutants_libs=$(pkg-config --cflags --libs cmocka)
    mutants_work=$(mktemp -d "${TMPDIR:-/tmp}/$mutants_area-mutants.XXXXXX")
    trap 'rm -rf "$mutants_work"' EXIT
    trap 'exit 1' INT TERM
    mkdir -p "$mutants_work/t/$mutants_area"
    cp "$mutants_src/$mutants_area"/*.h "$mutants_work/t/$mutants_area/"
    for mutants_f in $mutants_files; do
        cp "$mutants_src/$mutants_area/$mutants_f.c" "$mutants_work/t/$mutants_area/"
        mutants_compile "$mutants_work/t/$mutants_area/$mutants_f.c" "$mutants_f" || exit 1
    done
    for mutants_t in $mutants_tests; do
        mutants_compile "$mutants_src/tests/unit/$mutants_t.c" "$mutants_t" || exit 1
    done
    if ! mutants_run; then
        echo "FAIL: the unchanged sources do not pass ($mutants_by)"
        exit 1
    fi
}

# The copy comes first in the include path, so that a changed header is seen too.
mutants_compile() {
    # shellcheck disable=SC2086
    if ! ${CC:-cc} -std=gnu11 -O1 -D_GNU_SOURCE -w -I"$mutants_work/t" -I"$mutants_src" \
        $mutants_libs -c "$1" -o "$mutants_work/$2.o" 2>"$mutants_work/cc.log"; then
        cat "$mutants_work/cc.log"
        echo "FAIL: $1 does not build"
        return 1
    fi
}

# Links and runs the tests.  0 = all passed; else mutants_by names the first that failed.
mutants_run() {
    mutants_objects=""
    for mutants_f in $mutants_files; do
        mutants_objects="$mutants_objects $mutants_work/$mutants_f.o"
    done
    for mutants_t in $mutants_tests; do
        # shellcheck disable=SC2086
        ${CC:-cc} "$mutants_work/$mutants_t.o" $mutants_objects $mutants_libs \
            -o "$mutants_work/$mutants_t" || exit 1
        if ! timeout 100 "$mutants_work/$mutants_t" >"$mutants_work/test.log" 2>&1; then
            mutants_by="$mutants_t: $(sed -n 's/^\[  FAILED  \] \(test_[a-z0-9_]*\)$/\1/p' \
                "$mutants_work/test.log" | head -1)"
            return 1
        fi
    done
    return 0
}

mutant() {
    mutants_count=$((mutants_count + 1))
    mutants_c="$mutants_work/t/$mutants_area/$2.c"
    cp "$mutants_c" "$mutants_work/before"
    cp "$mutants_work/$2.o" "$mutants_work/before.o"
    sed -i "$3" "$mutants_c"
    if cmp -s "$mutants_work/before" "$mutants_c"; then
        echo "FAIL: $1: the change does not apply to $2.c any more"
        mutants_status=1
    elif ! mutants_compile "$mutants_c" "$2"; then
        echo "FAIL: $1: does not build"
        mutants_status=1
    elif mutants_run; then
        echo "FAIL: $1: survived"
        mutants_status=1
    else
        echo "killed: $1 by $mutants_by"
    fi
    cp "$mutants_work/before" "$mutants_c"
    cp "$mutants_work/before.o" "$mutants_work/$2.o"
}

mutants_end() {
    echo "$mutants_count mutants, status $mutants_status"
    exit "$mutants_status"
}
