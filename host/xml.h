/* xml.h - the little of libxml2 that host/ needs: a bounded, network-less parser
 * without document types, and XPath look-ups.  Only the *_xml.c files include it. */
#ifndef HOST_XML_H
#define HOST_XML_H

#include "common/err.h"

#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest text taken; libvirt's own RPC gives up at 4 MiB of XML. */
#define XML_TEXT_MAX ((size_t)8 << 20)

struct xml {
    xmlDocPtr doc;
    xmlXPathContextPtr context;
};

/* Parses text, whose root element must be called root.  A document type (and with it
 * every entity trick) is refused.  Returns 0 (xml_close() ret); -EINVAL with e;
 * -E2BIG beyond XML_TEXT_MAX; -ENOMEM.  On failure ret is zeroed. */
int xml_open(const char *text, const char *root, struct xml *ret, struct err *e);

/* Frees what xml_open() made; a zeroed one is fine. */
void xml_close(struct xml *x);

/* The nodes that match, in document order: xmlXPathFreeObject() it (NULL is fine).
 * NULL when none match or memory is short. */
xmlXPathObjectPtr xml_nodes(const struct xml *x, const char *expression);

/* True when at least one node matches. */
bool xml_has(const struct xml *x, const char *expression);

/* The text of the first match, cut to size.  Returns 0; -ENOENT when nothing matches.
 */
int xml_text(const struct xml *x, const char *expression, char *buf, size_t size);

/* The first match as a whole decimal number.  Returns 0; -ENOENT; -EINVAL for anything
 * but digits (blanks around them are allowed); -ERANGE beyond 64 bits.  On failure *ret
 * is untouched. */
int xml_u64(const struct xml *x, const char *expression, uint64_t *ret);

/* The same for an attribute of a node. */
int xml_attribute_u64(xmlNodePtr node, const char *name, uint64_t *ret);

/* An attribute's text: xmlFree() it; NULL when it is not there. */
xmlChar *xml_attribute(xmlNodePtr node, const char *name);

#endif
