/* judge.h - what makes an actor the cpu_actor. */
#ifndef CPU_ACTOR_JUDGE_H
#define CPU_ACTOR_JUDGE_H

#include "actor/actor.h"

extern const struct actor_ops cpu_actor_ops;

#endif
