/* runtime_dir.c - the runtime directory, its locks and endpoints. */
#include "common/runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char *runtime_dir_default(char *buf, size_t size)
{
    const char *own = getenv("VMBALANCE_RUNTIME_DIR");
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    if (own != NULL && own[0] != '\0')
        snprintf(buf, size, "%s", own);
    else if (geteuid() == 0)
        snprintf(buf, size, "/run/vmbalance");
    else if (xdg != NULL && xdg[0] == '/')
        snprintf(buf, size, "%s/vmbalance", xdg);
    else
        snprintf(buf, size, "/tmp/vmbalance-%u", (unsigned)geteuid());
    return buf;
}

int runtime_dir_make(const char *dir, struct err *e)
{
    if (mkdir(dir, 0750) < 0 && errno != EEXIST)
        return err_set(e, -errno, "cannot make runtime directory %s: %s", dir,
                       strerror(errno));
    struct stat st;
    if (stat(dir, &st) < 0)
        return err_set(e, -errno, "cannot look at runtime directory %s: %s", dir,
                       strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(e, -ENOTDIR, "runtime directory %s is not a directory", dir);
    if (geteuid() != 0 && st.st_uid != geteuid() && access(dir, W_OK) < 0)
        return err_set(e, -EPERM, "runtime directory %s belongs to user %u", dir,
                       (unsigned)st.st_uid);
    return 0;
}

static int refused_by_holder(int fd, const char *path, const char *name, struct err *e)
{
    char pid[32] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
    pid[n > 0 ? (size_t)n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    close(fd);
    return err_set(e, -EBUSY, "another %s runs already (pid %s holds %s)", name,
                   pid[0] != '\0' ? pid : "unknown", path);
}

int runtime_dir_lock(const char *dir, const char *name, struct err *e)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/%s.lock", dir, name) >= (int)sizeof(path))
        return err_set(e, -ENAMETOOLONG, "runtime directory %s: the name is too long",
                       dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return err_set(e, -errno, "cannot open lock %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return refused_by_holder(fd, path, name, e);
        int r = -errno;
        close(fd);
        return err_set(e, r, "cannot lock %s: %s", path, strerror(-r));
    }
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
        close(fd);
        return err_set(e, -EIO, "cannot write lock %s", path);
    }
    return fd;
}

int endpoint_ipc(const char *dir, const char *name, char *ret, size_t size,
                 struct err *e)
{
    size_t longest = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    size_t len = strlen(dir) + 1 + strlen(name);
    int n = snprintf(ret, size, "ipc://%s/%s", dir, name);
    if (len > longest || n < 0 || (size_t)n >= size)
        return err_set(
            e, -ENAMETOOLONG,
            "runtime directory %s: %s/%s is %zu bytes long, a socket's path may "
            "have %zu; choose a shorter directory",
            dir, dir, name, len, longest);
    return 0;
}
