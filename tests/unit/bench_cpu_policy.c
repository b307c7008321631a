/* bench_cpu_policy.c - how long a step of the CPU policy takes.  Prints; asserts
 * nothing. bench_cpu_policy [VCPUS [PCPUS]] */
#include "cpu_actor/policy_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum shape { ALL_ON_0, RANDOM_PINS, UNPINNED, HALF_MASKED, HOGS };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fill(struct cpu_vcpu *v, size_t n, struct cpu_pcpu *pcpus, size_t m,
                 enum shape shape, struct cpuset all)
{
    struct cpuset half;
    cpuset_clear(&half);
    for (uint32_t p = 0; p < m; p++) {
        pcpus[p] = (struct cpu_pcpu){p, p / 32, p / 8, p / 2, 1000};
        if (p < m / 2)
            cpuset_add(&half, p);
    }
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct cpu_vcpu){.weight = 1024, .has_time = true, .has_delay = true};
        (void)snprintf(v[i].key.uuid, sizeof(v[i].key.uuid), "uuid-%zu", i);
        v[i].domain = (uint32_t)i;
        v[i].allowed = shape == HALF_MASKED && i % 2 ? half : all;
        v[i].affinity = shape == ALL_ON_0   ? cpuset_of(0)
                        : shape == UNPINNED ? all
                                            : cpuset_of((uint32_t)rand() % (uint32_t)m);
    }
}

static void bench(const char *name, size_t n, size_t m, enum shape shape)
{
    struct cpu_vcpu *v = calloc(n, sizeof(*v));
    struct cpu_pcpu *pcpus = calloc(m, sizeof(*pcpus));
    double *demand = calloc(n, sizeof(*demand));
    struct cpu_policy *policy = cpu_policy_create();
    struct cpuset all;
    double worst = 0.0, sum = 0.0, later = 0.0;
    enum { STEPS = 40 };
    size_t first_moves = 0, moves = 0;

    cpuset_clear(&all);
    for (uint32_t p = 0; p < m; p++)
        cpuset_add(&all, p);
    fill(v, n, pcpus, m, shape, all);
    for (size_t i = 0; i < n; i++)
        demand[i] = shape == HOGS ? 1.0 : (double)(20 + rand() % 200) / 1000.0;
    for (int k = 0; k < STEPS; k++) {
        struct cpu_plan plan;
        struct cpu_input in = {.now_ns = (k + 1) * INT64_C(1000000000),
                               .interval_ns = 1000000000,
                               .vcpus = v,
                               .nvcpus = n,
                               .ndomains = (uint32_t)n,
                               .pcpus = pcpus,
                               .npcpus = m,
                               .adopt = true,
                               .tolerance_permille = 50,
                               .min_load_permille = 20};
        for (size_t i = 0; i < n; i++) {
            double d = demand[i] * (0.9 + 0.2 * (double)(rand() % 1000) / 1000.0);
            v[i].time_ns += (uint64_t)(d > 1.0 ? 1e9 : d * 1e9);
            v[i].sampled_ns = in.now_ns;
        }
        double t = now_ms();
        if (cpu_policy_step(policy, &in, &plan) != 0)
            abort();
        t = now_ms() - t;
        sum += t;
        worst = t > worst ? t : worst;
        later = k > 20 ? later + t : later;
        moves += plan.nmoves;
        first_moves = first_moves == 0 ? plan.nmoves : first_moves;
        for (size_t j = 0; j < plan.nmoves; j++) {
            v[plan.moves[j].vcpu].affinity = plan.moves[j].to;
            cpu_policy_result(policy, &v[plan.moves[j].vcpu].key, 0, in.now_ns + 1000);
        }
    }
    printf("%-12s %zu x %zu: worst step %.2f ms, mean %.2f, settled %.2f; "
           "%zu moves at first, %zu in %d steps; work %llu\n",
           name, n, m, worst, sum / STEPS, later / 19, first_moves, moves, STEPS,
           (unsigned long long)policy->placement.work);
    cpu_policy_destroy(policy);
    free(v);
    free(pcpus);
    free(demand);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    size_t m = argc > 2 ? strtoul(argv[2], NULL, 10) : 128;
    if (n == 0 || m == 0 || m > CPUSET_MAX)
        return 2;
    srand(1);
    bench("all on 0", n, m, ALL_ON_0);
    bench("random pins", n, m, RANDOM_PINS);
    bench("unpinned", n, m, UNPINNED);
    bench("half masked", n, m, HALF_MASKED);
    bench("hogs", n, m, HOGS);
    return 0;
}
