/* text.h - text from outside, made fit to show and to send. */
#ifndef HOST_TEXT_H
#define HOST_TEXT_H

#include <stddef.h>

/* Copies text into buf[size] as valid UTF-8 on one line: bytes that are not part of a
 * well-formed character, and control characters, become '?'; what does not fit is cut
 * between characters.  NULL counts as "".  size is at least 1.  Returns buf. */
char *text_copy(char *buf, size_t size, const char *text);

#endif
