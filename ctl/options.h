/* options.h - vmctl's command line: options before and behind the command, and help. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "ctl/command.h"

/* Reads argv: options, the command, its options and words, in that order.  Fills in
 * *ret (ret->words points into argv, and is the caller's to free) and *ret_verb.  Ends
 * the process for --help, --usage and --version (0), and on a wrong command line (2).
 */
void options_parse(int argc, char **argv, struct command *ret,
                   const struct command_verb **ret_verb);

#endif
