/* process.c - common options, signals and readiness. */
#include "common/process.h"

#include "common/log.h"
#include "common/runtime_dir.h"
#include "common/settings.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    KEY_READY_FD = 0x1000,
    KEY_WITH_PARENT,
};

static const struct argp_option options[] = {
    {"connect", 'c', "URI", 0,
     "libvirt URI (default: $LIBVIRT_DEFAULT_URI, else qemu:///system)", 0},
    {"runtime-dir", 'r', "DIR", 0,
     "where sockets and locks are (default: $VMBALANCE_RUNTIME_DIR, else "
     "/run/vmbalance)",
     0},
    {"verbose", 'v', NULL, 0, "log what is looked at, too", 0},
    {"ready-fd", KEY_READY_FD, "FD", 0, "write a newline to FD when ready", 0},
    {"exit-with-parent", KEY_WITH_PARENT, "PID", 0,
     "end when the parent process, which is PID, ends", 0},
    {0},
};

void process_options_init(struct process_options *o, const char *default_uri)
{
    memset(o, 0, sizeof(*o));
    o->uri = default_uri;
    o->ready_fd = -1;
    runtime_dir_default(o->runtime_dir, sizeof(o->runtime_dir));
}

static void set_runtime_dir(struct process_options *o, const char *dir,
                            struct argp_state *state)
{
    if (dir[0] == '\0' || strlen(dir) >= sizeof(o->runtime_dir))
        argp_error(state, "--runtime-dir: not a directory name");
    snprintf(o->runtime_dir, sizeof(o->runtime_dir), "%s", dir);
}

static int parse_count(const char *arg, const char *option, const char *what,
                       struct argp_state *state)
{
    char *end;
    errno = 0;
    long n = strtol(arg, &end, 10);
    if (errno != 0 || end == arg || *end != '\0' || n < 0 || n > INT_MAX)
        argp_error(state, "%s: '%s' is not a %s", option, arg, what);
    return (int)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct process_options *o = state->input;
    switch (key) {
    case 'c':
        if (arg[0] == '\0')
            argp_error(state, "--connect: the URI is empty; try qemu:///system");
        o->uri = arg;
        return 0;
    case 'r':
        set_runtime_dir(o, arg, state);
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case KEY_READY_FD:
        o->ready_fd = parse_count(arg, "--ready-fd", "file descriptor", state);
        return 0;
    case KEY_WITH_PARENT:
        o->parent = (pid_t)parse_count(arg, "--exit-with-parent", "process id", state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp process_argp = {.options = options, .parser = parse};

int process_parse_interval(const char *text, uint32_t *ret_ms, struct err *e)
{
    struct settings s;
    settings_init(&s);
    int r = settings_set(&s, "interval", text, e);
    if (r == 0)
        *ret_ms = s.interval_ms;
    return r;
}

int process_signals(pid_t parent)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    signal(SIGPIPE, SIG_IGN);
    if (parent != 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
            return -errno;
        if (getppid() != parent) /* it died before we asked */
            raise(SIGTERM);
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int process_next_signal(int signal_fd)
{
    struct signalfd_siginfo info;
    ssize_t n = read(signal_fd, &info, sizeof(info));
    return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

void process_ready(int fd)
{
    if (fd < 0)
        return;
    if (write(fd, "\n", 1) < 0)
        log_warning("cannot tell that we are ready: %s, ignoring", strerror(errno));
    close(fd);
}
