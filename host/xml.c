/* xml.c - bounded parsing and XPath look-ups. */
#include "host/xml.h"

#include <ctype.h>
#include <errno.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static int check_root(const struct xml *x, const char *root, struct err *e)
{
    const xmlNode *node = xmlDocGetRootElement(x->doc);
    if (x->doc->intSubset != NULL || x->doc->extSubset != NULL)
        return err_set(e, -EINVAL, "XML with a document type is refused");
    if (node == NULL || strcmp((const char *)node->name, root) != 0)
        return err_set(e, -EINVAL, "XML does not start with <%s>", root);
    return 0;
}

int xml_open(const char *text, const char *root, struct xml *ret, struct err *e)
{
    memset(ret, 0, sizeof(*ret));
    size_t size = strnlen(text, XML_TEXT_MAX + 1);
    if (size > XML_TEXT_MAX)
        return err_set(e, -E2BIG, "XML of more than %zu bytes is refused",
                       XML_TEXT_MAX);
    /* Before the parser sees it: a document type is all that can make a small text big.
     */
    if (strstr(text, "<!DOCTYPE") != NULL)
        return err_set(e, -EINVAL, "XML with a document type is refused");
    pthread_once(&parser_once, xmlInitParser);
    ret->doc = xmlReadMemory(text, (int)size, NULL, "UTF-8",
                             XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                 XML_PARSE_NOCDATA);
    if (ret->doc == NULL)
        return err_set(e, -EINVAL, "malformed XML");
    int r = check_root(ret, root, e);
    if (r == 0) {
        ret->context = xmlXPathNewContext(ret->doc);
        r = ret->context != NULL ? 0 : err_set(e, -ENOMEM, "out of memory");
    }
    if (r < 0)
        xml_close(ret);
    return r;
}

void xml_close(struct xml *x)
{
    xmlXPathFreeContext(x->context);
    xmlFreeDoc(x->doc);
    memset(x, 0, sizeof(*x));
}

xmlXPathObjectPtr xml_nodes(const struct xml *x, const char *expression)
{
    xmlXPathObjectPtr found = xmlXPathEval((const xmlChar *)expression, x->context);
    if (found == NULL || found->type != XPATH_NODESET || found->nodesetval == NULL ||
        found->nodesetval->nodeNr <= 0) {
        xmlXPathFreeObject(found);
        return NULL;
    }
    return found;
}

bool xml_has(const struct xml *x, const char *expression)
{
    xmlXPathObjectPtr found = xml_nodes(x, expression);
    xmlXPathFreeObject(found);
    return found != NULL;
}

/* The text of the first match: xmlFree() it; NULL when nothing matches. */
static xmlChar *first_text(const struct xml *x, const char *expression)
{
    xmlXPathObjectPtr found = xml_nodes(x, expression);
    if (found == NULL)
        return NULL;
    xmlChar *text = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
    xmlXPathFreeObject(found);
    return text;
}

int xml_text(const struct xml *x, const char *expression, char *buf, size_t size)
{
    xmlChar *text = first_text(x, expression);
    if (text == NULL)
        return -ENOENT;
    size_t n = strlen((const char *)text);
    n = n < size ? n : size - 1;
    memcpy(buf, text, n);
    buf[n] = '\0';
    xmlFree(text);
    return 0;
}

/* Frees text. */
static int parse_u64(xmlChar *text, uint64_t *ret)
{
    if (text == NULL)
        return -ENOENT;
    const char *p = (const char *)text;
    while (isspace((unsigned char)*p))
        p++;
    int r = isdigit((unsigned char)*p) ? 0 : -EINVAL;
    if (r == 0) {
        char *end;
        errno = 0;
        unsigned long long n = strtoull(p, &end, 10);
        while (isspace((unsigned char)*end))
            end++;
        r = *end != '\0' ? -EINVAL : errno == ERANGE ? -ERANGE : 0;
        if (r == 0)
            *ret = n;
    }
    xmlFree(text);
    return r;
}

int xml_u64(const struct xml *x, const char *expression, uint64_t *ret)
{
    return parse_u64(first_text(x, expression), ret);
}

int xml_attribute_u64(xmlNodePtr node, const char *name, uint64_t *ret)
{
    return parse_u64(xml_attribute(node, name), ret);
}

xmlChar *xml_attribute(xmlNodePtr node, const char *name)
{
    return xmlGetNoNsProp(node, (const xmlChar *)name);
}
