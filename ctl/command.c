/* command.c - the table of commands. */
#include "ctl/command.h"

#include "common/nearest.h"

#include "ctl/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct command_verb table[] = {
    {"status", NULL, "is all well? processes, pCPUs, memory, VMs",
     "Ends with 1 when degraded: libvirt does not answer, the last snapshot is older\n"
     "than 3 intervals, or an actor that is not off has been silent for more than\n"
     "3 intervals and 1 s.\n\n"
     "Example: vmctl status --json | jq -r .status",
     0, 0, command_status},
    {"vms", NULL, "list the VMs: where they may run, who is managed",
     "Example: vmctl vms", 0, 0, command_vms},
    {"vm", "NAME", "everything about one VM (by name, uuid or id)",
     "Ends with 4 when no such VM is running.\n\n"
     "Example: vmctl vm web1",
     1, 1, command_vm},
    {"get", "[KEY]", "show the settings, or the value of one",
     "Example: vmctl get interval", 0, 1, command_get},
    {"set", "KEY VALUE...", "change settings: all that are named, or none",
     "KEY=VALUE is understood, too. The change lasts until the monitor ends or reads\n"
     "its configuration file again: write it there to keep it.\n\n"
     "Example: vmctl set interval 1 mem.guest_floor 256MiB",
     1, 256, command_set},
    {"settings", NULL, "explain all settings: value, default, range",
     "Example: vmctl settings", 0, 0, command_settings},
    {"pause", "[cpu|mem]", "let the actors hold still (both, or one)",
     "Sets cpu.paused and mem.paused to yes; 'vmctl resume' undoes it.\n\n"
     "Example: vmctl pause mem",
     0, 1, command_pause},
    {"resume", "[cpu|mem]", "let them go on",
     "Sets cpu.paused and mem.paused to no.\n\n"
     "Example: vmctl resume mem",
     0, 1, command_resume},
    {"record", "FILE", "write what is on the bus into a file",
     "Writes every snapshot, report and event until Ctrl-C (SIGINT, SIGTERM) or for S\n"
     "seconds; a FILE that is a recording is continued. Killed, it leaves a good "
     "file.\n"
     "Ends with 3 when nothing comes within --timeout.\n\n"
     "Example: vmctl record --seconds 60 night.rec",
     1, 1, command_record},
    {"replay", "FILE", "show what a recording holds, line by line",
     "One line for each snapshot, report, decision and event, with the time since the\n"
     "first. Needs no running vmbalance. 'cpu_actor --replay FILE' and 'mem_actor\n"
     "--replay FILE' show what the actors make of it.\n\n"
     "Example: vmctl replay --json night.rec | jq -r .kind",
     1, 1, command_replay},
    {"ping", NULL, "does the monitor answer?", "Example: vmctl --timeout 0.5 ping", 0,
     0, command_ping},
    {"version", NULL, "versions of vmctl and of the running monitor",
     "Ends with 0, whether a monitor is running or not.\n\n"
     "Example: vmctl version",
     0, 0, command_version},
    {"help", "[COMMAND]", "explain vmctl, or one command", "Example: vmctl help set", 0,
     1, command_help},
};

#define COUNT (sizeof(table) / sizeof(table[0]))

const struct command_verb *command_table(size_t *ret_count)
{
    *ret_count = COUNT;
    return table;
}

const struct command_verb *command_find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static const char *name_at(size_t i, const void *arg)
{
    (void)arg;
    return table[i].name;
}

const struct command_verb *command_nearest(const char *name)
{
    const char *nearest = nearest_word(name, COUNT, name_at, NULL);
    return nearest != NULL ? command_find(nearest) : NULL;
}

void command_message(const char *fmt, ...)
{
    char text[2 * ERR_TEXT_MAX], safe[4 * sizeof(text)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "vmctl: %s\n", text_safe(text, safe, sizeof(safe)));
}

int command_fail(int code, const struct err *e)
{
    command_message("%s", e->text[0] != '\0' ? e->text : strerror(-code));
    switch (code) {
    case -ENOENT:
    case -ETIMEDOUT:
        return COMMAND_UNREACHABLE;
    case -EACCES:
    case -EPERM:
        return COMMAND_PERMISSION;
    case -ENAMETOOLONG:
        return COMMAND_USAGE;
    default:
        return COMMAND_FAILED;
    }
}
