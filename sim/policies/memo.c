/* memo.c - a list by (uuid, run, vCPU), searched from where the last search ended. */
#include "sim/policies/memo.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct memo_row {
    char uuid[SNAPSHOT_UUID_MAX];
    int32_t id;
    uint32_t vcpu;
    bool asked;
    _Alignas(max_align_t) unsigned char bytes[];
};

static bool is_of(const struct memo_row *r, const struct snapshot_domain *d,
                  uint32_t vcpu)
{
    return r->vcpu == vcpu && r->id == d->id && strcmp(r->uuid, d->uuid) == 0;
}

static struct memo_row *add(struct memo *m, const struct snapshot_domain *d,
                            uint32_t vcpu)
{
    if (m->n == m->room) {
        size_t room = m->room > 0 ? 2 * m->room : 16;
        struct memo_row **bigger = realloc(m->rows, room * sizeof(struct memo_row *));
        if (bigger == NULL)
            return NULL;
        m->rows = bigger;
        m->room = room;
    }
    struct memo_row *r = calloc(1, sizeof(*r) + m->size);
    if (r == NULL)
        return NULL;
    memcpy(r->uuid, d->uuid, sizeof(r->uuid));
    r->id = d->id;
    r->vcpu = vcpu;
    m->rows[m->n++] = r;
    return r;
}

void *memo_get(struct memo *m, const struct snapshot_domain *d, uint32_t vcpu)
{
    struct memo_row *found = NULL;
    for (size_t i = 0; i < m->n && found == NULL; i++) {
        size_t at = (m->next + i) % m->n;
        if (is_of(m->rows[at], d, vcpu)) {
            found = m->rows[at];
            m->next = at + 1;
        }
    }
    if (found == NULL)
        found = add(m, d, vcpu);
    if (found == NULL)
        return NULL;
    found->asked = true;
    return found->bytes;
}

size_t memo_sweep(struct memo *m)
{
    size_t kept = 0, before = m->n;
    for (size_t i = 0; i < before; i++) {
        if (!m->rows[i]->asked) {
            free(m->rows[i]);
            continue;
        }
        m->rows[i]->asked = false;
        m->rows[kept++] = m->rows[i];
    }
    m->n = kept;
    m->next = 0;
    return before - kept;
}

void memo_fini(struct memo *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->rows[i]);
    free(m->rows);
    m->rows = NULL;
    m->n = m->room = 0;
}
