/* host.c - picks the backend that serves a URI and passes every call on to it. */
#include "host/host.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

/* Every backend there is; the first that claims a URI serves it. */
static const struct host_ops *const backends[] = {
    &host_sim_ops,
    &host_libvirt_ops,
};

struct host {
    const struct host_ops *ops;
    void *self;
    bool changed; /* news met by host_wait(), for host_changed() */
};

const char *host_default_uri(void)
{
    const char *uri = getenv("LIBVIRT_DEFAULT_URI");
    return uri != NULL && *uri != '\0' ? uri : "qemu:///system";
}

static const struct host_ops *find_backend(const char *uri)
{
    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
        if (backends[i]->claims(uri))
            return backends[i];
    return NULL;
}

int host_open(const struct host_options *opt, struct host **ret_host, struct err *e)
{
    const struct host_ops *ops = find_backend(opt->uri);
    if (ops == NULL)
        return err_set(e, -EINVAL,
                       "no backend for the URI '%s' (right would be qemu:///system)",
                       opt->uri);
    struct host *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return err_set(e, -ENOMEM, "out of memory");
    h->ops = ops;
    int r = ops->open(opt, &h->self, e);
    if (r < 0) {
        free(h);
        return r;
    }
    *ret_host = h;
    return 0;
}

void host_close(struct host *h)
{
    if (h == NULL)
        return;
    h->ops->close(h->self);
    free(h);
}

int host_fd(const struct host *h)
{
    return h->ops->fd(h->self);
}

int host_request(struct host *h)
{
    return h->ops->request(h->self);
}

int host_take(struct host *h, struct snapshot *ret)
{
    return h->ops->take(h->self, ret);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int host_wait(struct host *h, int timeout_ms, struct snapshot *ret)
{
    int64_t end_ms = now_ms() + (timeout_ms > 0 ? timeout_ms : 0);
    for (;;) {
        int r = host_take(h, ret);
        if (r != -EAGAIN)
            return r;
        /* News keep the fd readable: put them aside, or poll() would spin. */
        h->changed = h->ops->changed(h->self) || h->changed;
        int64_t left_ms = end_ms - now_ms();
        if (left_ms <= 0)
            return -ETIMEDOUT;
        struct pollfd p = {.fd = host_fd(h), .events = POLLIN};
        if (poll(&p, 1, (int)left_ms) < 0 && errno != EINTR)
            return -errno;
    }
}

bool host_changed(struct host *h)
{
    bool changed = h->ops->changed(h->self) || h->changed;
    h->changed = false;
    return changed;
}

void host_health(const struct host *h, struct host_health *ret)
{
    h->ops->health(h->self, ret);
}

int host_pin(struct host *h, const char *uuid, uint32_t vcpu,
             const struct cpuset *pcpus, struct err *e)
{
    return h->ops->pin(h->self, uuid, vcpu, pcpus, e);
}

int host_set_memory(struct host *h, const char *uuid, uint64_t target_kib,
                    struct err *e)
{
    return h->ops->set_memory(h->self, uuid, target_kib, e);
}

int host_set_stats_period(struct host *h, const char *uuid, uint32_t period_s,
                          struct err *e)
{
    return h->ops->set_stats_period(h->self, uuid, period_s, e);
}
