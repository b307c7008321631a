/* agent.c - the guest's side of the command channel, and its process 1.
 *
 * Lines over the second serial port, one command at a time; text has '%XX' for control
 * characters and '%':
 *
 *     host:  @ID COMMAND .        run it with sh -c; an ID already seen is not run again
 *     guest: =ready               I am (again) here
 *            =ID o TEXT           a piece of standard output
 *            =ID e TEXT           a piece of standard error
 *            =ID x STATUS         it has ended (128 + signal if killed): the last line
 *
 * Input while a command runs means that its caller has given up: the command is killed.
 * A command ends when its shell ends: jobs it left in the background go on, and what they
 * still print is read and thrown away, so that they neither block nor get SIGPIPE. */
#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536
#define PIECE_BYTES 1024
#define MAX_LEFT 64 /* outputs of background jobs that are still open */

static int tty, wake[2];
static char line[LINE_MAX_BYTES], last_id[32];
static size_t line_len;
static int left[MAX_LEFT];
static size_t n_left;

static void on_child(int sig)
{
    (void)sig;
    int saved = errno;
    if (write(wake[1], "", 1) < 0)
        errno = saved; /* full: it will wake up anyway */
    errno = saved;
}

static void say(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(tty, text, len);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

static void say_piece(const char *id, char kind, const char *text, size_t len)
{
    char out[PIECE_BYTES * 3 + 64];
    size_t n = (size_t)snprintf(out, sizeof(out), "=%s %c ", id, kind);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == '%' || c == 127)
            n += (size_t)snprintf(out + n, sizeof(out) - n, "%%%02x", c);
        else
            out[n++] = (char)c;
    }
    out[n++] = '\n';
    say(out, n);
}

/* Undo %XX in place. */
static void decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        unsigned int c;
        if (*from == '%' && sscanf(from + 1, "%2x", &c) == 1) {
            *to++ = (char)c;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Pass on what one output of the command has.  Returns false at its end or error. */
static bool forward(const char *id, char kind, int fd)
{
    char text[PIECE_BYTES];
    ssize_t n = read(fd, text, sizeof(text));
    if (n > 0)
        say_piece(id, kind, text, (size_t)n);
    return n > 0;
}

static void leave_open(int fd)
{
    if (n_left == MAX_LEFT) {
        close(left[0]);
        memmove(left, left + 1, (MAX_LEFT - 1) * sizeof(left[0]));
        n_left--;
    }
    left[n_left++] = fd;
}

static pid_t start(const char *command, int out[2], int err[2])
{
    if (pipe2(out, O_CLOEXEC) != 0)
        return -1;
    if (pipe2(err, O_CLOEXEC) != 0) {
        close(out[0]);
        close(out[1]);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        signal(SIGCHLD, SIG_DFL);
        int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    return pid;
}

/* Reap whatever has ended, as process 1 must.  Returns true, and its status as a shell
 * would give it, if pid was among them. */
static bool reap(pid_t pid, int *ret_status)
{
    bool found = false;
    char byte[64];
    while (read(wake[0], byte, sizeof(byte)) > 0)
        ;
    int status;
    for (pid_t p; (p = waitpid(-1, &status, WNOHANG)) > 0;)
        if (p == pid) {
            found = true;
            *ret_status =
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    return found;
}

static void drain_left(const struct pollfd *p)
{
    char text[PIECE_BYTES];
    for (size_t i = n_left; i-- > 0;) {
        if (p[i].revents == 0 || read(left[i], text, sizeof(text)) > 0)
            continue;
        close(left[i]);
        left[i] = left[--n_left];
    }
}

/* Wait until something of fds[n], or an output left open, can be read. */
static void wait_for(struct pollfd *fds, size_t n)
{
    struct pollfd all[MAX_LEFT + 4];
    memcpy(all, fds, n * sizeof(*fds));
    for (size_t i = 0; i < n_left; i++)
        all[n + i] = (struct pollfd){.fd = left[i], .events = POLLIN};
    if (poll(all, (nfds_t)(n + n_left), -1) < 0) {
        for (size_t i = 0; i < n; i++)
            fds[i].revents = 0;
        return;
    }
    memcpy(fds, all, n * sizeof(*fds));
    drain_left(all + n);
}

static void run(const char *id, const char *command)
{
    int out[2], err[2], status = 127;
    pid_t pid = start(command, out, err);
    if (pid < 0) {
        say_piece(id, 'e', "agent: cannot start it\n", 23);
        say_piece(id, 'x', "126", 3);
        return;
    }
    bool ended = false, killed = false;
    struct pollfd fds[] = {{.fd = out[0], .events = POLLIN},
                           {.fd = err[0], .events = POLLIN},
                           {.fd = wake[0], .events = POLLIN},
                           {.fd = tty, .events = POLLIN}};
    while (!ended) {
        wait_for(fds, 4);
        for (int i = 0; i < 2; i++)
            if (fds[i].revents != 0 && !forward(id, i == 0 ? 'o' : 'e', fds[i].fd))
                fds[i].fd = -fds[i].fd - 1; /* poll ignores it; undone below */
        if (fds[2].revents != 0)
            ended = reap(pid, &status);
        if (fds[3].revents != 0 && !killed) {
            killed = true;
            fds[3].fd = -1;
            kill(-pid, SIGKILL);
        }
    }
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? out[0] : err[0];
        bool open_still = fds[i].fd >= 0;
        while (open_still && forward(id, i == 0 ? 'o' : 'e', fd))
            ;
        leave_open(fd);
    }
    char text[8];
    say_piece(id, 'x', text, (size_t)snprintf(text, sizeof(text), "%d", status));
}

/* One line from the host: "@ID COMMAND .", anything else is noise. */
static void handle(char *text)
{
    char *command = strchr(text, ' '), *dot = strrchr(text, ' ');
    if (text[0] != '@' || command == NULL || dot == command || strcmp(dot, " .") != 0)
        return;
    *command++ = '\0';
    *dot = '\0';
    const char *id = text + 1;
    if (strlen(id) >= sizeof(last_id) || strcmp(id, last_id) == 0)
        return;
    strcpy(last_id, id);
    decode(command);
    run(last_id, command);
}

static void read_tty(void)
{
    char bytes[512];
    ssize_t n = read(tty, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] != '\n') {
            if (line_len < sizeof(line) - 1)
                line[line_len++] = bytes[i];
            continue;
        }
        line[line_len] = '\0';
        line_len = 0;
        handle(line);
    }
}

static void open_tty(const char *path)
{
    tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        perror(path);
        pause();
    }
    struct termios t;
    tcgetattr(tty, &t);
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL;
    cfsetspeed(&t, B115200);
    tcsetattr(tty, TCSANOW, &t);
    tcflush(tty, TCIOFLUSH);
}

int agent_main(int argc, char **argv)
{
    open_tty(argc > 1 ? argv[1] : "/dev/ttyS1");
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        perror("agent: pipe");
    signal(SIGCHLD, on_child);
    say("\n=ready\n", 8);
    for (;;) {
        struct pollfd fds[] = {{.fd = tty, .events = POLLIN},
                               {.fd = wake[0], .events = POLLIN}};
        wait_for(fds, 2);
        if (fds[1].revents != 0)
            reap(-1, &(int){0});
        if (fds[0].revents != 0)
            read_tty();
    }
}
