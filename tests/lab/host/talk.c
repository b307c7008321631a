/* talk.c - talk SOCKET TIMEOUT_MS COMMAND: the host's side of the command channel.
 *
 * Sends COMMAND to the agent behind a guest's serial port (guest/agent.c has the protocol),
 * prints what it prints and exits with its status; 124 if it did not end in time (it is
 * killed then), 125 if the guest cannot be reached or goes away.  A guest that is still
 * booting is waited for: its agent says "=ready" as soon as it listens, and the command is
 * sent again then.  Callers of one guest queue up, on a lock beside the socket. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define EXIT_TIMED_OUT 124
#define EXIT_UNREACHABLE 125
#define COMMAND_MAX_BYTES 20000 /* three times that fits the agent's line */
#define ABORT_MS 2000           /* how long a killed command may take to be gone */

static volatile sig_atomic_t caught;
static char id[48];
static int channel = -1;

static void on_signal(int sig)
{
    if (sig != SIGALRM) /* that one only interrupts the wait for our turn */
        caught = sig;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(channel, text, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return; /* reading will tell that it is gone */
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

/* The request as one line: "@ID COMMAND .", after a newline that ends whatever a caller
 * before us may have left unfinished. */
static char *request_line(const char *command)
{
    size_t room = strlen(command) * 3 + sizeof(id) + 16;
    char *text = malloc(room);
    if (text == NULL)
        return NULL;
    size_t n = (size_t)snprintf(text, room, "\n@%s ", id);
    for (const char *c = command; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == '%' || *c == 127)
            n += (size_t)snprintf(text + n, room - n, "%%%02x", (unsigned char)*c);
        else
            text[n++] = *c;
    }
    snprintf(text + n, room - n, " .\n");
    return text;
}

static void print_decoded(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        unsigned int c;
        if (*text == '%' && sscanf(text + 1, "%2x", &c) == 1) {
            fputc((int)c, to);
            text += 2;
        } else {
            fputc(*text, to);
        }
    }
    fflush(to);
}

/* One line from the agent.  Returns the command's status if it is the last one, else -1. */
static int handle_line(const char *line, const char *request)
{
    if (strcmp(line, "=ready") == 0 && request != NULL)
        say(request, strlen(request));
    size_t id_len = strlen(id);
    if (line[0] != '=' || strncmp(line + 1, id, id_len) != 0 ||
        line[id_len + 1] != ' ' || line[id_len + 2] == '\0' || line[id_len + 3] != ' ')
        return -1;
    const char *text = line + id_len + 4;
    switch (line[id_len + 2]) {
    case 'o':
        print_decoded(text, stdout);
        return -1;
    case 'e':
        print_decoded(text, stderr);
        return -1;
    case 'x':
        return atoi(text) & 255;
    default:
        return -1;
    }
}

/* Read and handle lines until the last one.  request is what to send again on "=ready",
 * NULL for nothing.  Returns the command's status, or minus an EXIT_ value. */
static int listen_until(int64_t end_ms, const char *request)
{
    static char line[8192];
    static size_t len;
    for (;;) {
        int64_t left_ms = end_ms - now_ms();
        if (left_ms <= 0 || (caught != 0 && request != NULL))
            return -EXIT_TIMED_OUT;
        struct pollfd p = {.fd = channel, .events = POLLIN};
        if (poll(&p, 1, left_ms > 60000 ? 60000 : (int)left_ms) <= 0)
            continue;
        char bytes[4096];
        ssize_t n = recv(channel, bytes, sizeof(bytes), 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            return -EXIT_UNREACHABLE;
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] != '\n') {
                if (len < sizeof(line) - 1 && bytes[i] != '\r')
                    line[len++] = bytes[i];
                continue;
            }
            line[len] = '\0';
            len = 0;
            int status = handle_line(line, request);
            if (status >= 0)
                return status;
        }
    }
}

/* Wait for our turn.  Returns 0 or an EXIT_ value. */
static int take_turn(const char *path, int64_t end_ms)
{
    char lock[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];
    snprintf(lock, sizeof(lock), "%s.lock", path);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        fprintf(stderr, "talk: %s: %s\n", lock, strerror(errno));
        return EXIT_UNREACHABLE;
    }
    int64_t left_ms = end_ms - now_ms();
    struct itimerval alarm_at = {
        .it_value = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000 + 1},
        .it_interval = {.tv_sec = 1}};
    setitimer(ITIMER_REAL, &alarm_at, NULL);
    if (flock(fd, LOCK_EX) != 0) {
        if (caught == 0)
            fputs("talk: timed out: another command is still running there\n", stderr);
        return caught != 0 ? 128 + caught : EXIT_TIMED_OUT;
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    return 0;
}

static int reach(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path)) {
        fprintf(stderr, "talk: %s: too long for a socket\n", path);
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path));
    channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (channel < 0 || connect(channel, (struct sockaddr *)&a, sizeof(a)) != 0) {
        fprintf(stderr, "talk: %s: %s\n", path, strerror(errno));
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4 || strlen(argv[3]) > COMMAND_MAX_BYTES) {
        fputs("usage: talk SOCKET TIMEOUT_MS COMMAND (of up to 20000 bytes)\n", stderr);
        return 2;
    }
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    sigaction(SIGALRM, &act, NULL);
    int64_t end_ms = now_ms() + atoll(argv[2]);
    int failed = take_turn(argv[1], end_ms);
    if (failed != 0)
        return failed;
    if (reach(argv[1]) != 0)
        return EXIT_UNREACHABLE;
    snprintf(id, sizeof(id), "%x.%llx", (unsigned int)getpid(),
             (unsigned long long)now_ms());
    char *request = request_line(argv[3]);
    if (request == NULL)
        return EXIT_UNREACHABLE;
    say(request, strlen(request));
    int status = listen_until(end_ms, request);
    free(request);
    if (status == -EXIT_TIMED_OUT) {
        say("\n", 1);
        listen_until(now_ms() + ABORT_MS, NULL);
        if (caught != 0)
            return 128 + caught;
        fputs("talk: timed out\n", stderr);
    } else if (status == -EXIT_UNREACHABLE) {
        fputs("talk: the guest is gone\n", stderr);
    }
    return status < 0 ? -status : status;
}
