/* err.c - failure texts. */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_text(struct err *e, const char *fmt, ...)
{
    if (e == NULL)
        return;
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    errno = saved;
}

void err_text_prefix(struct err *e, const char *fmt, ...)
{
    if (e == NULL)
        return;
    int saved = errno;
    char head[ERR_TEXT_MAX], text[ERR_TEXT_MAX];
    memcpy(text, e->text, sizeof(text));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(head, sizeof(head), fmt, ap);
    va_end(ap);
    snprintf(e->text, sizeof(e->text), "%.200s: %.300s", head, text);
    errno = saved;
}
