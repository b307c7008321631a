/* main.c - vmctl: reads the command line, runs the command, ends with its status. */
#include "common/version.h"
#include "ctl/command.h"
#include "ctl/options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "vmctl " VMBALANCE_VERSION;

int main(int argc, char **argv)
{
    struct command c;
    const struct command_verb *verb;
    argp_err_exit_status = COMMAND_USAGE;
    options_parse(argc, argv, &c, &verb);
    int status = verb->run(&c);
    free(c.words);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        command_message("cannot write the answer: %s", strerror(errno));
        return COMMAND_FAILED;
    }
    return status;
}
