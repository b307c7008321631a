/* change.c - the commands that change settings: set, pause, resume. */
#include "ctl/command.h"

#include "common/json.h"
#include "ctl/ask.h"
#include "ctl/render_json.h"
#include "ctl/render_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Says which changes are in force now.  Returns an exit status. */
static int print_changes(const struct command *c, const struct settings *was,
                         const struct control_reply *now,
                         const struct control_change *changes, size_t n)
{
    const struct settings_row *rows[CONTROL_CHANGES_MAX];
    size_t nrows = 0;
    for (size_t i = 0; i < n; i++) {
        const struct settings_row *row = settings_find(changes[i].key);
        bool known = row == NULL; /* a newer monitor's setting: we cannot show it */
        for (size_t k = 0; k < nrows; k++)
            known = known || rows[k] == row;
        if (!known)
            rows[nrows++] = row;
    }
    if (c->json) {
        json_t *document = render_json_set(was, now, rows, nrows);
        int r = json_print(document, stdout);
        json_decref(document);
        return r < 0 ? COMMAND_FAILED : COMMAND_OK;
    }
    for (size_t i = 0; i < nrows; i++)
        render_set(rows[i], was, &now->settings, now->settings_version, stdout);
    return COMMAND_OK;
}

/* Looks at what was, changes it, and says so. */
static int apply(const struct command *c, const struct control_change *changes,
                 size_t n)
{
    struct ask a = {.runtime_dir = c->runtime_dir, .deadline_ns = c->deadline_ns};
    struct control_reply before = {0}, after = {0};
    struct err e = {0};
    int status = COMMAND_OK;
    int r = ask_monitor(&a, CONTROL_PING, NULL, 0, &before, &e);
    r = r < 0 ? r : ask_monitor(&a, CONTROL_SET, changes, n, &after, &e);
    if (r == 0 && after.error < 0)
        r = err_set(&e,
                    after.error == -EACCES || after.error == -EPERM ? -EPERM : -EINVAL,
                    "%s", after.error_text);
    if (r < 0)
        status = command_fail(r, &e);
    else
        status = print_changes(c, &before.settings, &after, changes, n);
    control_reply_fini(&before);
    control_reply_fini(&after);
    return status;
}

/* Takes "KEY VALUE" or "KEY=VALUE" off the words at *at.  Returns an exit status. */
static int take_change(const struct command *c, size_t *at, struct control_change *ret)
{
    char *key = c->words[(*at)++], *equals = strchr(key, '=');
    const char *value = NULL;
    if (equals != NULL) {
        *equals = '\0';
        value = equals + 1;
    } else if (*at < c->nwords) {
        value = c->words[(*at)++];
    }
    if (key[0] == '\0' || value == NULL) {
        command_message("set: %s%s; usage: vmctl set KEY VALUE [KEY VALUE...]",
                        key[0] == '\0' ? "a setting has no name" : "no value for ",
                        key);
        return COMMAND_USAGE;
    }
    struct err e = {0};
    int r = ask_change(ret, key, value, &e);
    return r < 0 ? command_fail(r, &e) : COMMAND_OK;
}

/* Takes all changes off the words.  Returns an exit status. */
static int take_changes(const struct command *c, struct control_change *changes,
                        size_t *ret_n)
{
    size_t n = 0;
    for (size_t at = 0; at < c->nwords; n++) {
        if (n == CONTROL_CHANGES_MAX) {
            command_message("set: at most %d settings at once", CONTROL_CHANGES_MAX);
            return COMMAND_USAGE;
        }
        int status = take_change(c, &at, &changes[n]);
        if (status != COMMAND_OK)
            return status;
    }
    *ret_n = n;
    return COMMAND_OK;
}

int command_set(const struct command *c)
{
    struct control_change *changes = calloc(CONTROL_CHANGES_MAX, sizeof(*changes));
    size_t n = 0;
    if (changes == NULL)
        return COMMAND_FAILED;
    int status = take_changes(c, changes, &n);
    if (status == COMMAND_OK)
        status = apply(c, changes, n);
    free(changes);
    return status;
}

static int set_paused(const struct command *c, const char *verb, const char *value)
{
    static const char *const actors[] = {"cpu", "mem"};
    struct control_change changes[2];
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        char key[32];
        if (c->nwords > 0 && strcmp(c->words[0], actors[i]) != 0)
            continue;
        snprintf(key, sizeof(key), "%s.paused", actors[i]);
        (void)ask_change(&changes[n++], key, value, NULL);
    }
    if (n == 0) {
        command_message("%s: '%.64s' is neither cpu nor mem", verb, c->words[0]);
        return COMMAND_USAGE;
    }
    return apply(c, changes, n);
}

int command_pause(const struct command *c)
{
    return set_paused(c, "pause", "yes");
}

int command_resume(const struct command *c)
{
    return set_paused(c, "resume", "no");
}
