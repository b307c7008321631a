/* read.c - the commands that only look: status, vms, vm, get, settings, ping, version.
 */
#include "ctl/command.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/version.h"
#include "ctl/ask.h"
#include "ctl/health.h"
#include "ctl/render_json.h"
#include "ctl/render_settings.h"
#include "ctl/render_status.h"
#include "ctl/render_vms.h"
#include "ctl/text.h"
#include "ctl/view.h"

#include <errno.h>
#include <string.h>

/* Asks, and tells the user when there is no answer or a refusal.  Returns COMMAND_OK
 * and *ret (control_reply_fini() it), else the exit status. */
static int ask(const struct command *c, enum control_verb verb,
               struct control_reply *ret)
{
    struct ask a = {.runtime_dir = c->runtime_dir, .deadline_ns = c->deadline_ns};
    struct err e = {0};
    int r = ask_monitor(&a, verb, NULL, 0, ret, &e);
    if (r < 0)
        return command_fail(r, &e);
    if (ret->error < 0) {
        command_message("the monitor refused: %s", ret->error_text);
        control_reply_fini(ret);
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

/* Prints the document and gives it back.  Returns an exit status. */
static int print_json(json_t *document)
{
    int r = json_print(document, stdout);
    json_decref(document);
    if (r < 0)
        command_message("cannot print the answer as JSON");
    return r < 0 ? COMMAND_FAILED : COMMAND_OK;
}

static int out_of_memory(void)
{
    command_message("out of memory");
    return COMMAND_FAILED;
}

/* ---- status ---- */

static int print_status(const struct command *c, const struct control_reply *r,
                        const struct health *h)
{
    struct view v;
    if (!c->json)
        return render_status(r, h, stdout) < 0 ? out_of_memory() : COMMAND_OK;
    if (view_init(&v, r, h) < 0)
        return out_of_memory();
    int status = print_json(render_json_status(r, h, &v));
    view_fini(&v);
    return status;
}

int command_status(const struct command *c)
{
    struct control_reply r = {0};
    struct health h;
    int status = ask(c, CONTROL_STATE, &r);
    if (status != COMMAND_OK)
        return status;
    health_check(&r, &h);
    status = print_status(c, &r, &h);
    if (status == COMMAND_OK && h.degraded)
        status = COMMAND_FAILED;
    control_reply_fini(&r);
    return status;
}

/* ---- VMs ---- */

/* As ask(), for what needs a snapshot. */
static int ask_vms(const struct command *c, struct control_reply *ret,
                   struct view *ret_view)
{
    int status = ask(c, CONTROL_STATE, ret);
    if (status != COMMAND_OK)
        return status;
    if (!ret->has_snapshot) {
        command_message(
            "the monitor has no snapshot of the host yet; see 'vmctl status'");
        control_reply_fini(ret);
        return COMMAND_FAILED;
    }
    struct health h;
    health_check(ret, &h);
    if (view_init(ret_view, ret, &h) < 0) {
        control_reply_fini(ret);
        return out_of_memory();
    }
    return COMMAND_OK;
}

int command_vms(const struct command *c)
{
    struct control_reply r = {0};
    struct view v;
    int status = ask_vms(c, &r, &v);
    if (status != COMMAND_OK)
        return status;
    if (c->json)
        status = print_json(render_json_vms(&r, &v));
    else
        render_vms(&r, &v, stdout);
    view_fini(&v);
    control_reply_fini(&r);
    return status;
}

static int no_such_vm(const struct view *v, const char *which)
{
    const char *nearest = view_nearest(v, which);
    if (nearest != NULL)
        command_message("no VM '%.200s' is running; did you mean '%.200s'?", which,
                        nearest);
    else
        command_message("no VM '%.200s' is running; 'vmctl vms' lists them", which);
    return COMMAND_NO_VM;
}

int command_vm(const struct command *c)
{
    struct control_reply r = {0};
    struct view v;
    int status = ask_vms(c, &r, &v);
    if (status != COMMAND_OK)
        return status;
    const struct view_vm *vm = view_find(&v, c->words[0]);
    if (vm == NULL)
        status = no_such_vm(&v, c->words[0]);
    else if (c->json)
        status = print_json(render_json_vm(&r, &v, vm));
    else
        render_vm(&r, &v, vm, stdout);
    view_fini(&v);
    control_reply_fini(&r);
    return status;
}

/* ---- settings ---- */

int command_settings(const struct command *c)
{
    struct control_reply r = {0};
    int status = ask(c, CONTROL_PING, &r);
    if (status != COMMAND_OK)
        return status;
    if (c->json)
        status = print_json(render_json_settings(&r));
    else
        render_settings(&r.settings, r.settings_version, stdout);
    control_reply_fini(&r);
    return status;
}

static int get_one(const struct command *c, const struct control_reply *r,
                   const char *key)
{
    const struct settings_row *row = settings_find(key);
    char value[SETTINGS_TEXT_MAX], safe[4 * SETTINGS_TEXT_MAX];
    if (row == NULL) {
        struct settings unused = r->settings;
        struct err e = {0};
        settings_set(&unused, key, "", &e); /* for its "did you mean" */
        command_message("%s", e.text);
        return COMMAND_FAILED;
    }
    if (c->json)
        return print_json(render_json_get(r, row));
    settings_format(&r->settings, row, value, sizeof(value));
    puts(text_safe(value, safe, sizeof(safe)));
    return COMMAND_OK;
}

int command_get(const struct command *c)
{
    struct control_reply r = {0};
    int status = ask(c, CONTROL_PING, &r);
    if (status != COMMAND_OK)
        return status;
    if (c->nwords > 0)
        status = get_one(c, &r, c->words[0]);
    else if (c->json)
        status = print_json(render_json_get(&r, NULL));
    else
        render_get(&r.settings, stdout);
    control_reply_fini(&r);
    return status;
}

/* ---- ping, version ---- */

int command_ping(const struct command *c)
{
    struct control_reply r = {0};
    char took[TEXT_NUMBER_MAX], up[TEXT_NUMBER_MAX];
    int64_t before_ns = clock_mono_ns();
    int status = ask(c, CONTROL_PING, &r);
    if (status != COMMAND_OK)
        return status;
    int64_t took_ns = clock_mono_ns() - before_ns;
    if (c->json)
        status = print_json(render_json_ping(&r, took_ns));
    else
        printf("monitor %s (pid %d, up %s) answered in %s\n", r.version, r.pid,
               text_duration(r.mono_ns - r.started_ns, up, sizeof(up)),
               text_duration(took_ns, took, sizeof(took)));
    control_reply_fini(&r);
    return status;
}

int command_version(const struct command *c)
{
    struct control_reply r = {0};
    struct ask a = {.runtime_dir = c->runtime_dir, .deadline_ns = c->deadline_ns};
    bool answered = ask_monitor(&a, CONTROL_PING, NULL, 0, &r, NULL) == 0;
    int status = COMMAND_OK;
    if (c->json) {
        status =
            print_json(render_json_version(VMBALANCE_VERSION, answered ? &r : NULL));
    } else {
        printf("vmctl %s\n", VMBALANCE_VERSION);
        if (answered)
            printf("monitor %s (pid %d)\n", r.version, r.pid);
        else
            puts("monitor: none answers");
    }
    control_reply_fini(&r);
    return status;
}
