/* render_json.h - what `--json` prints; every key is described in docs/vmctl-json.md.
 * Pure but for malloc.  Each returns a new reference, or NULL when memory is out. */
#ifndef CTL_RENDER_JSON_H
#define CTL_RENDER_JSON_H

#include "common/control.h"
#include "common/json.h"
#include "ctl/health.h"
#include "ctl/view.h"

json_t *render_json_status(const struct control_reply *r, const struct health *h,
                           const struct view *v);
json_t *render_json_vms(const struct control_reply *r, const struct view *v);
json_t *render_json_vm(const struct control_reply *r, const struct view *v,
                       const struct view_vm *vm);
json_t *render_json_settings(const struct control_reply *r);
/* key NULL = all. */
json_t *render_json_get(const struct control_reply *r, const struct settings_row *key);
json_t *render_json_set(const struct settings *was, const struct control_reply *now,
                        const struct settings_row *const *rows, size_t nrows);
json_t *render_json_ping(const struct control_reply *r, int64_t took_ns);
/* r NULL = no monitor answers. */
json_t *render_json_version(const char *version, const struct control_reply *r);

#endif
