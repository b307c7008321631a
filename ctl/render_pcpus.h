/* render_pcpus.h - the table of pCPUs and their load.  Pure. */
#ifndef CTL_RENDER_PCPUS_H
#define CTL_RENDER_PCPUS_H

#include "common/control.h"
#include "ctl/view.h"

#include <stdio.h>

/* Writes a blank line and the table: a bar and numbers for each pCPU that is online, in
 * up to three columns when there are many; nothing when the snapshot has no pCPUs. */
void render_pcpus(const struct snapshot *s, const struct view *v, FILE *to);

/* Draws a load into buf[columns + 1]: '#' for what ran, '=' for what was wanted beyond
 * that, '>' at the end when more is wanted than there is. */
void render_bar(uint64_t load_permille, uint64_t ran_permille, size_t columns,
                char *buf);

#endif
