/* replay.h - an actor over a recording: what it would do, and why, snapshot by snapshot.
 *
 * Time is the recording's: a snapshot is judged when it arrived at the recorder.  No
 * libvirt, no bus, no lock, no runtime directory; the same file gives the same output.
 *
 * What the recorded world did is recorded, too, and cannot follow a plan of ours.  Each
 * action counts as done for the policy where the settings let the actor act, just as if
 * the host had obeyed: over a recording of the same actor with the same settings that is
 * what happened.  With other settings, or of a stack that only observed, what the policy
 * believes and what it sees part after the first action; --dry-run (as mode = observe,
 * recorded or configured) tells it that nothing was done, and it plans each snapshot as
 * that one stands. */
#ifndef ACTOR_REPLAY_H
#define ACTOR_REPLAY_H

#include "actor/actor.h"
#include "actor/options.h"

/* Judges each snapshot of o->replay, with the settings of o->config if that is not NULL
 * and else with those that came with it, and prints to stdout
 *
 *     snapshot 12 +22.0s: verdict=move reason="..."
 *       pin vm=web1 vcpu=0 pcpus=0->3 result=dry-run reason="..."
 *
 * A torn tail is a warning.  Returns the exit status: PROCESS_OK; PROCESS_MISCONFIGURED
 * for a wrong config file; PROCESS_FAILED for a file that is no recording, is damaged (what
 * comes before is judged) or holds no snapshot. */
int replay_run(const struct actor_ops *ops, const struct actor_options *o);

#endif
