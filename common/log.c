/* log.c - one write per line, so that lines of several processes do not mix. */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "vmbalance";
static enum log_level greatest = LOG_LEVEL_INFO;

void log_init(const char *name, enum log_level most)
{
    program = name;
    greatest = most;
}

static const char *level_word(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error: ";
    case LOG_LEVEL_WARNING:
        return "warning: ";
    default:
        return "";
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    if (level > greatest)
        return;
    int saved = errno;
    char line[2048];
    int n = getenv("JOURNAL_STREAM") != NULL
                ? snprintf(line, sizeof(line), "<%d>", (int)level)
                : snprintf(line, sizeof(line), "%s: %s", program, level_word(level));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
    va_end(ap);
    size_t len = strlen(line);
    line[len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
    errno = saved;
}
