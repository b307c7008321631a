/* config.h - the config file: an INI file of settings, taken whole or not at all. */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/err.h"
#include "common/settings.h"

/* Reads the file over what s holds: "interval = 2" before any section or in
 * [vmbalance]; "adopt = no" in [cpu] is the setting cpu.adopt, likewise [mem] and
 * [vms]. Returns 0; -errno when it cannot be read; -EINVAL for the first bad line: e
 * then says file, line, key and what is allowed.  On failure s is untouched. */
int config_read(const char *path, struct settings *s, struct err *e);

#endif
