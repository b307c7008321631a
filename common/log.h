/* log.h - messages on stderr: decisions and edges, never one per tick.
 *
 * Under journald (JOURNAL_STREAM is set) a line starts with its "<N>" priority, see
 * sd-daemon(3); elsewhere with the program's name.  Policies, wire, host and bus do not
 * log. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

enum log_level {
    LOG_LEVEL_ERROR = 3, /* syslog(3) numbers */
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* name is kept.  Call once, from main(). */
void log_init(const char *name, enum log_level most);

void log_line(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
