/* json.h - snapshots, reports and settings as JSON, for `vmctl --json` and
 * `monitor --once --json`.  The keys are described in docs/vmctl-json.md and stable.
 *
 * Base units in the names (_ns, _s, _kib, _permille); what is not known is null.
 * Strange strings never make it fail: bytes that are not UTF-8 become U+FFFD.  No I/O.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/report.h"
#include "common/settings.h"
#include "common/snapshot.h"

#include <jansson.h>
#include <stdio.h>

/* Rises when a key changes its meaning or goes away, not when one is added. */
#define JSON_SCHEMA_VERSION 1

/* Each returns a new reference, or NULL when memory is out. */

json_t *json_snapshot(const struct snapshot *s);
json_t *json_report(const struct report *r);
json_t *json_memory(const struct snapshot_memory *m);
json_t *json_guest(const struct report_guest *g);
/* An object {key: value as `vmctl set` takes it}. */
json_t *json_settings(const struct settings *s);

/* text with what is not UTF-8 replaced. */
json_t *json_text(const char *text);
/* text, or null when it is empty. */
json_t *json_text_or_null(const char *text);
/* A number; above what JSON integers hold here (2^63 - 1) it is cut to that. */
json_t *json_u64(uint64_t value);
json_t *json_opt(struct opt_u64 value);
/* "0-3,8" */
json_t *json_cpuset(const struct cpuset *set);

/* Writes it indented, in ASCII only (so that no terminal can be tricked), with a
 * newline. Returns 0, or -EIO when it could not be written. */
int json_print(const json_t *value, FILE *to);

#endif
