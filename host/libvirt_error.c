/* libvirt_error.c - libvirt's error codes as -errno. */
#include "host/libvirt_backend.h"

#include <errno.h>
#include <libvirt/virterror.h>

static const struct {
    int code;
    int error;
} table[] = {
    {VIR_ERR_NO_DOMAIN, -ENOENT},
    {VIR_ERR_INVALID_ARG, -EINVAL},
    {VIR_ERR_OVERFLOW, -EINVAL},
    {VIR_ERR_OPERATION_DENIED, -EPERM},
    {VIR_ERR_ACCESS_DENIED, -EPERM},
    {VIR_ERR_AUTH_FAILED, -EPERM},
    {VIR_ERR_AUTH_CANCELLED, -EPERM},
    {VIR_ERR_AUTH_UNAVAILABLE, -EPERM},
    {VIR_ERR_OPERATION_TIMEOUT, -EBUSY},
    {VIR_ERR_RESOURCE_BUSY, -EBUSY},
    {VIR_ERR_NO_CONNECT, -ENOTCONN},
    {VIR_ERR_INVALID_CONN, -ENOTCONN},
    {VIR_ERR_RPC, -ENOTCONN},
    {VIR_ERR_NO_MEMORY, -ENOMEM},
};

int libvirt_error(struct err *e)
{
    int code = virGetLastErrorCode(), r = -EIO;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            r = table[i].error;
    return err_set(e, r, "%s", virGetLastErrorMessage());
}
