/* text.h - numbers and names as people read them.  Pure. */
#ifndef CTL_TEXT_H
#define CTL_TEXT_H

#include "common/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NUMBER_MAX 24 /* room for any of the numbers below */

/* True when text is UTF-8 without control or text-direction characters. */
bool text_is_plain(const char *text);

/* Copies text into buf; every byte of what text_is_plain() does not accept becomes
 * "\xNN", so that no name can move the cursor.  Cut short (never inside a character)
 * when size does not suffice.  Returns buf. */
char *text_safe(const char *text, char *buf, size_t size);

/* Columns that a text_safe() text takes on a terminal: one for each character. */
size_t text_columns(const char *text);

/* At most five characters: "512K", "200M", "1.50G", "24.1G"; "-" when absent. */
char *text_kib(uint64_t kib, char *buf, size_t size);
char *text_opt_kib(struct opt_u64 kib, char *buf, size_t size);

/* "0.4 ms", "12 ms", "0.8 s", "34 s", "3 min 5 s", "3 h 12 min", "2 d 4 h"; a negative
 * one counts as 0. */
char *text_duration(int64_t ns, char *buf, size_t size);

/* "48%", rounded. */
char *text_percent(uint64_t permille, char *buf, size_t size);

#endif
