#!/bin/sh
# cpu.sh - breaks the CPU policy in one line at a time and expects its unit tests to notice.
# usage: cpu.sh SOURCE_DIR    ($CC, default cc).  Exit 1 when a mutant survives, when one no
# longer applies to the source, or when it does not build; 77 when cmocka is missing.
set -eu

src=${1:?usage: cpu.sh SOURCE_DIR}
work=$(mktemp -d "${TMPDIR:-/tmp}/cpu-mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
cc=${CC:-cc}
status=0

if ! pkg-config --exists cmocka; then
    echo "SKIP: cmocka is not installed"
    exit 77
fi
libs=$(pkg-config --cflags --libs cmocka)
pure="policy policy_observe policy_state policy_threads demand capacity placement placement_share share partition partition_search partition_exact records stability words"

fresh() {
    rm -rf "$work/t"
    mkdir -p "$work/t/cpu_actor" "$work/t/common"
    for f in $pure; do
        cp "$src/cpu_actor/$f.c" "$work/t/cpu_actor/"
    done
    cp "$src"/cpu_actor/*.h "$work/t/cpu_actor/"
    cp "$src/common/cpuset.c" "$src/common/cpuset.h" "$work/t/common/"
}

# Builds the tree in $work/t and runs its tests, quick ones first.  0 = all passed.
run_tests() {
    objects=""
    for f in $pure; do
        objects="$objects $work/t/cpu_actor/$f.c"
    done
    for t in test_cpu_demand test_cpu_placement test_cpu_policy_life test_cpu_policy; do
        # shellcheck disable=SC2086
        if ! $cc -std=gnu11 -O1 -D_GNU_SOURCE -w -I"$work/t" -I"$src" $objects "$work/t/common/cpuset.c" \
            "$src/tests/unit/$t.c" -o "$work/$t" $libs 2>"$work/cc.log"; then
            cat "$work/cc.log"
            echo "FAIL: does not build"
            status=1
            return 1
        fi
        if ! timeout 100 "$work/$t" >"$work/test.log" 2>&1; then
            by="$t: $(sed -n 's/^\[  FAILED  \] \(test_[a-z0-9_]*\).*/\1/p' "$work/test.log" | head -1)"
            return 1
        fi
    done
    return 0
}

# mutant NAME FILE SED-SCRIPT
mutant() {
    fresh
    cp "$work/t/cpu_actor/$2" "$work/before"
    sed -i "$3" "$work/t/cpu_actor/$2"
    if cmp -s "$work/before" "$work/t/cpu_actor/$2"; then
        echo "FAIL: $1: the change does not apply to $2 any more"
        status=1
        return
    fi
    if run_tests; then
        echo "FAIL: $1: survived"
        status=1
    else
        echo "killed: $1 by $by"
    fi
}

by=""
fresh
if ! run_tests; then
    echo "FAIL: the unchanged policy does not pass ($by)"
    exit 1
fi

mutant "no dead band" stability.c 's/return m->tolerance \* now->mean_level + 2.0 \* m->noise;/return 0.0;/'
mutant "sign of the search" partition_search.c 's/return (s - 2.0 \* p->load\[a\])/return -(s - 2.0 * p->load[a])/'
mutant "delay ignored" demand.c 's/^    if (d->has_delay)$/    if (0)/'
mutant "delay halved" demand.c 's/waited = 1000.0 \*/waited = 500.0 */'
mutant "law ignored" partition.h 's/return a == NULL || cpuset_has(a, p->pcpus\[b\].id);/return true;/'
mutant "fixed vCPUs moved" policy_observe.c 's/bool free_to = !v->fixed \&\& /bool free_to = /'
mutant "nothing is shared" placement_share.c 's/while (pl->sharers + 1 < pl->npcpus/while (0/'
mutant "sharing is undone" policy.c 's/return wide <= (pl->sharers > ours ? pl->sharers : ours);/return false;/'
mutant "no confirmation" policy.c 's/return p->pending >= 2 ||/return p->pending >= 1 ||/'
mutant "never confirmed" policy.c 's/return p->pending >= 2 ||/return p->pending >= 200 ||/'
mutant "own moves forgotten" policy_observe.c 's/v->sampled_ns < rec->landed_ns + 2 \* p->interval_ns/0/'
mutant "no back-off" stability.c 's/hold(s, now_ns, interval_ns, INT64_C(1) << s->fails);/(void)0;/'
mutant "noise ignored" demand.c 's/^    return d->variance \/ .*$/    return 0.0 * n;/'
mutant "changes not taken at once" demand.c 's/if (is_jump(d, num_abs(off), sd)) {/if (0) {/'
mutant "backward counters believed" demand.c 's/^    if (!plausible(.*$/    if (0) {/'
mutant "stays are not counted" partition_search.c 's/q.moves += p->at\[i\] != p->items\[i\].now;/q.moves += 1;/'
mutant "capacity ignored" placement.c 's/return p->capacity_permille > 0 ? (double)p->capacity_permille : 1.0;/return p ? 1000.0 : 1.0;/'
mutant "no chains through masks" partition_search.c 's/if (best.out == NONE && restricted)/if (0)/'
mutant "threads filled first" partition.c 's/return core_b < core_t;/return core_b > core_t;/'
mutant "wide guests explain nothing" capacity.c 's/^    explain_wide(in, guests, c->left);$//'
mutant "pinned guests explain nothing" capacity.c 's/^    explain_pinned(c, in, guests);$//'
mutant "bursts are believed" capacity.c 's/#define AGREE_AT_LEAST 2U/#define AGREE_AT_LEAST 1U/'
mutant "small host loads count" capacity.c 's/#define WOBBLE_PERMILLE 100.0/#define WOBBLE_PERMILLE 20.0/'
mutant "restless host load is chased" capacity.c 's/c->wait = c->wait \* 2 + 2 > WAIT_MAX ? WAIT_MAX : c->wait \* 2 + 2;/c->wait = 0;/'
mutant "half a change is believed" capacity.c 's/c->agreed = same \&\& over ?/c->agreed = same ?/'
mutant "no least capacity" capacity.c 's/return all > host + least ? all - host : least;/return all > host ? all - host : 0;/'
mutant "homes ignored" placement.c 's/^    if (has_homes(pl))$/    if (0)/'
mutant "homes are law" placement.c 's/^    if (home.max_level <= pl->lower_bound.*$/    if (1)/'
mutant "homes forgotten" policy_observe.c 's/^    if (!rec->landed)$/    if (1)/'
mutant "threads at full speed" policy_threads.c 's/#define SMT_GAIN 1.25/#define SMT_GAIN 2.0/'
mutant "threads: nothing pays" policy_threads.c 's/^    return stability_pays(&p->lean_now, &planned, m);/    return planned.max_level < 0.0;/'

exit $status
