/* bus_socket.h - what the parts of the bus share; for bus*.c only. */
#ifndef COMMON_BUS_SOCKET_H
#define COMMON_BUS_SOCKET_H

#include "common/bus.h"

struct bus_socket {
    void *zmq;
    enum bus_kind kind;
    int lock_fd; /* of a bound ipc path, else -1 */
};

/* zmq_setsockopt() of an int.  0 or -errno. */
int bus_set_int(void *zmq, int option, int value);

#endif
