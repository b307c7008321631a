/* host_memory.c - see host_memory.h. */
#include "sim/model/host_memory.h"

#define PRESSURE_OVER_NS 10e9 /* some avg10 looks back that far */

int64_t sim_host_available_kib(const struct sim_model *m)
{
    int64_t held = m->used_kib;
    for (size_t i = 0; i < m->nvms; i++)
        if (m->vms[i].state != SIM_OFF)
            held += sim_guest_rss_kib(&m->vms[i].guest);
    return m->spec.memory_kib - held;
}

static void follow_pressure(struct sim_model *m, int64_t available_kib, int64_t dt_ns)
{
    double low = (double)m->spec.psi_below_kib, now = 0.0;
    if (low > 0.0 && (double)available_kib < low)
        now = 1.0 - (available_kib > 0 ? (double)available_kib : 0.0) / low;
    double part = (double)dt_ns / PRESSURE_OVER_NS;
    m->pressure += (now - m->pressure) * (part < 1.0 ? part : 1.0);
}

static void kill_greatest(struct sim_model *m)
{
    size_t victim = m->nvms;
    int64_t most = -1;
    for (size_t i = 0; i < m->nvms; i++) {
        if (m->vms[i].state == SIM_OFF || sim_guest_rss_kib(&m->vms[i].guest) <= most)
            continue;
        most = sim_guest_rss_kib(&m->vms[i].guest);
        victim = i;
    }
    if (victim == m->nvms)
        return;
    m->vms[victim].kills++;
    sim_model_stop_vm(m, victim);
}

void sim_host_memory_run(struct sim_model *m, int64_t dt_ns)
{
    int64_t available = sim_host_available_kib(m);
    if (available < m->lowest_available_kib)
        m->lowest_available_kib = available;
    follow_pressure(m, available, dt_ns);
    if (available <= 0)
        kill_greatest(m);
}
