/* settings.c - settings as key/value texts, and the shared list helper. */
#include "common/wire/field.h"
#include "common/wire/parts.h"

#include <errno.h>

void **pack_list(struct arena *a, size_t n, size_t size, void (*init)(void *))
{
    void **list = arena_alloc(a, n * sizeof(*list));
    char *messages = arena_alloc(a, n * size);
    if (list == NULL || messages == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        list[i] = messages + i * size;
        init(list[i]);
    }
    return list;
}

int pack_settings(struct arena *a, const struct settings *s, size_t *ret_n,
                  Vmb__Setting ***ret_list)
{
    size_t n;
    const struct settings_row *rows = settings_table(&n);
    Vmb__Setting **list = PACK_LIST(a, n, Vmb__Setting, vmb__setting__init);
    if (list == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        char text[SETTINGS_TEXT_MAX];
        list[i]->key = field_put_text(a, rows[i].key);
        list[i]->value =
            field_put_text(a, settings_format(s, &rows[i], text, sizeof(text)));
        if (list[i]->key == NULL || list[i]->value == NULL)
            return -ENOMEM;
    }
    *ret_n = n;
    *ret_list = list;
    return 0;
}

int unpack_settings(size_t n, Vmb__Setting *const *list, struct settings *s,
                    struct err *e)
{
    int r = field_count(n, CONTROL_CHANGES_MAX, "settings", e);
    if (r < 0)
        return r;
    settings_init(s);
    for (size_t i = 0; i < n; i++) {
        struct control_change c;
        if ((r = field_name(list[i]->key, c.key, sizeof(c.key), "setting key", e)) <
                0 ||
            (r = field_text(list[i]->value, c.value, sizeof(c.value), c.key, e)) < 0)
            return r;
        if (settings_find(c.key) != NULL && settings_set(s, c.key, c.value, e) < 0)
            return -EINVAL;
    }
    return 0;
}
