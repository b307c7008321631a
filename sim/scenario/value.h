/* value.h - values in scenario files, as people write them.  Pure. */
#ifndef SIM_SCENARIO_VALUE_H
#define SIM_SCENARIO_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* Each takes the whole text, blanks around it allowed, and writes *ret only on success.
 * Returns 0; -EINVAL when it is not understood; -ERANGE when it is beyond what any
 * scenario can mean (negative, not finite, absurdly large). */

/* "0.25" or "25%". */
int value_share(const char *text, double *ret);
/* "3" */
int value_count(const char *text, uint32_t *ret);
/* "20", "20s", "1.5ms": ns, up to ten days. */
int value_time(const char *text, int64_t *ret_ns);
/* "512MiB", "1.5GiB", "512" (MiB): KiB, up to 1 PiB. */
int value_size(const char *text, int64_t *ret_kib);
/* "150MiB/s" */
int value_rate(const char *text, int64_t *ret_kib_s);
/* yes/no, on/off */
int value_bool(const char *text, bool *ret);

#endif
