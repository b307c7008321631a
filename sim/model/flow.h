/* flow.h - maximum flow from masks (sources of given amounts) into pCPUs (sinks of given
 * capacities), and the cut that limits it.  Pure. */
#ifndef SIM_MODEL_FLOW_H
#define SIM_MODEL_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All arrays are the caller's.  may[g * nsinks + p] says whether source g reaches sink p. */
struct flow {
    size_t nsources, nsinks;
    const bool *may;
    const double *amount;   /* per source */
    const double *capacity; /* per sink */
    double *sent;           /* nsources * nsinks: in: zeroed; out: the flow */
    double *left;           /* per source: what could not be sent */
    double *room;           /* per sink: what is still free */
    bool *source_cut;       /* per source: on the short side of the cut */
    bool *sink_cut;         /* per sink: full, and part of the cut */
    size_t *queue;          /* nsources + nsinks, scratch */
    size_t *parent;         /* nsources + nsinks, scratch */
};

/* Fills in sent, left, room and the cut.  Returns true when everything could be sent
 * (within 1e-9 of the total): the cut is then empty. */
bool flow_solve(struct flow *f);

#endif
