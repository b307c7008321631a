/* judge.h - what makes an actor the mem_actor. */
#ifndef MEM_ACTOR_JUDGE_H
#define MEM_ACTOR_JUDGE_H

#include "actor/actor.h"

extern const struct actor_ops mem_actor_ops;

#endif
