/* log.c - one write per line, so that lines of several processes do not mix. */
#include "common/log.h"

#include <errno.h>
#include <poll.h>
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

/* A reader of our stderr that has stopped (a terminal on Ctrl-S) must not stop us: what it
 * does not take is dropped and counted.  One line is less than PIPE_BUF. */
static void write_unless_stalled(const char *line, size_t len)
{
    static unsigned long dropped;
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&out, 1, 0) == 0) {
        dropped++;
        return;
    }
    if (dropped > 0 &&
        dprintf(STDERR_FILENO, "%s: %lu lines lost\n", program, dropped) > 0)
        dropped = 0;
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
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
    write_unless_stalled(line, len);
    errno = saved;
}
