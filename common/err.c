/* err.c - failure texts. */
#include "common/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    if (e == NULL)
        return code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return code;
}

int err_prefix(struct err *e, int code, const char *fmt, ...)
{
    if (e == NULL)
        return code;
    char head[ERR_TEXT_MAX], text[ERR_TEXT_MAX];
    memcpy(text, e->text, sizeof(text));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(head, sizeof(head), fmt, ap);
    va_end(ap);
    snprintf(e->text, sizeof(e->text), "%.200s: %.300s", head, text);
    return code;
}
