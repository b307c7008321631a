/* main.c - cpu_actor, alias vcpu_scheduler. */
#include "cpu_actor/judge.h"

int main(int argc, char **argv)
{
    return actor_main(&cpu_actor_ops, argc, argv);
}
