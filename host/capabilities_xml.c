/* capabilities_xml.c - pCPUs, cells, cores and caches from libvirt's capabilities XML.
 */
#include "host/cpulist.h"
#include "host/topology.h"
#include "host/xml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LLC_UNKNOWN UINT32_MAX

/* While parsing: one row per possible pCPU. */
struct row {
    bool known;
    uint32_t cell, llc, core;
    uint64_t socket_die; /* socket << 32 | die */
};

struct table {
    struct row rows[CPUSET_MAX];
    uint32_t ignored;
};

static uint32_t attribute_u32(xmlNodePtr node, const char *name)
{
    uint64_t n = 0;
    xml_attribute_u64(node, name, &n);
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* The least sibling names the core: unique on the host, unlike core_id. */
static uint32_t core_of(xmlNodePtr cpu, uint32_t id)
{
    struct cpuset siblings;
    xmlChar *text = xml_attribute(cpu, "siblings");
    bool good = text != NULL && cpulist_parse((const char *)text, &siblings) == 0 &&
                cpuset_has(&siblings, id);
    xmlFree(text);
    return good ? cpuset_first(&siblings) : id;
}

static void add_cpu(struct table *t, xmlNodePtr cpu)
{
    uint64_t id;
    int r = xml_attribute_u64(cpu, "id", &id);
    if (r == -ENOENT || r == -EINVAL)
        return;
    if (r < 0 || id >= CPUSET_MAX) {
        t->ignored++;
        return;
    }
    struct row *row = &t->rows[id];
    if (row->known)
        return;
    row->known = true;
    row->llc = LLC_UNKNOWN;
    row->core = core_of(cpu, (uint32_t)id);
    row->socket_die =
        (uint64_t)attribute_u32(cpu, "socket_id") << 32 | attribute_u32(cpu, "die_id");
    /* <cell><cpus><cpu>: the XPath below sees to it that both parents are there. */
    row->cell = attribute_u32(cpu->parent->parent, "id");
}

static uint32_t highest_cache_level(xmlXPathObjectPtr banks)
{
    uint32_t highest = 0;
    for (int i = 0; i < banks->nodesetval->nodeNr; i++) {
        uint32_t level = attribute_u32(banks->nodesetval->nodeTab[i], "level");
        highest = level > highest ? level : highest;
    }
    return highest;
}

/* Gives the pCPUs of each bank of the last level its index.  Returns the number of
 * banks. */
static uint32_t add_caches(struct table *t, const struct xml *x)
{
    xmlXPathObjectPtr banks =
        xml_nodes(x, "/capabilities/host/cache/bank[@level][@cpus]");
    if (banks == NULL)
        return 0;
    uint32_t level = highest_cache_level(banks), nbanks = 0;
    for (int i = 0; i < banks->nodesetval->nodeNr; i++) {
        xmlNodePtr bank = banks->nodesetval->nodeTab[i];
        struct cpuset cpus;
        xmlChar *text = xml_attribute(bank, "cpus");
        if (attribute_u32(bank, "level") == level && text != NULL &&
            cpulist_parse((const char *)text, &cpus) == 0 && !cpuset_empty(&cpus)) {
            for (uint32_t id = cpuset_first(&cpus); id < CPUSET_MAX;
                 id = cpuset_next(&cpus, id + 1))
                t->rows[id].llc = nbanks;
            nbanks++;
        }
        xmlFree(text);
    }
    xmlXPathFreeObject(banks);
    return nbanks;
}

/* pCPUs in no bank: one cache for each socket and die. */
static void fill_caches(struct table *t, uint32_t next)
{
    for (uint32_t id = 0; id < CPUSET_MAX; id++) {
        struct row *row = &t->rows[id];
        if (!row->known || row->llc != LLC_UNKNOWN)
            continue;
        for (uint32_t other = id; other < CPUSET_MAX; other++) {
            struct row *o = &t->rows[other];
            if (o->known && o->llc == LLC_UNKNOWN && o->socket_die == row->socket_die &&
                other != id)
                o->llc = next;
        }
        row->llc = next++;
    }
}

static int to_topology(const struct table *t, struct topology *ret)
{
    size_t n = 0;
    for (uint32_t id = 0; id < CPUSET_MAX; id++)
        n += t->rows[id].known ? 1 : 0;
    ret->ignored = t->ignored;
    ret->pcpus = calloc(n > 0 ? n : 1, sizeof(*ret->pcpus));
    if (ret->pcpus == NULL)
        return -ENOMEM;
    for (uint32_t id = 0; id < CPUSET_MAX; id++) {
        const struct row *row = &t->rows[id];
        if (row->known)
            ret->pcpus[ret->npcpus++] = (struct snapshot_pcpu){
                .id = id, .cell = row->cell, .llc = row->llc, .core = row->core};
    }
    return 0;
}

static int parse_table(const struct xml *x, struct topology *ret)
{
    struct table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return -ENOMEM;
    xmlXPathObjectPtr cpus =
        xml_nodes(x, "/capabilities/host/topology/cells/cell/cpus/cpu");
    for (int i = 0; cpus != NULL && i < cpus->nodesetval->nodeNr; i++)
        add_cpu(t, cpus->nodesetval->nodeTab[i]);
    xmlXPathFreeObject(cpus);
    fill_caches(t, add_caches(t, x));
    int r = to_topology(t, ret);
    free(t);
    return r;
}

int topology_from_capabilities(const char *text, struct topology *ret, struct err *e)
{
    memset(ret, 0, sizeof(*ret));
    struct xml x;
    int r = xml_open(text, "capabilities", &x, e);
    if (r < 0)
        return r;
    char uuid[SNAPSHOT_UUID_MAX] = "";
    xml_text(&x, "/capabilities/host/uuid", uuid, sizeof(uuid));
    r = parse_table(&x, ret);
    memcpy(ret->uuid, uuid, sizeof(uuid));
    xml_close(&x);
    if (r < 0) {
        topology_fini(ret);
        return err_set(e, r, "out of memory");
    }
    return 0;
}

void topology_fini(struct topology *t)
{
    free(t->pcpus);
    memset(t, 0, sizeof(*t));
}
