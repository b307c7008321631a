/* main.c - mem_actor, alias memory_coordinator. */
#include "mem_actor/judge.h"

int main(int argc, char **argv)
{
    return actor_main(&mem_actor_ops, argc, argv);
}
