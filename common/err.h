/* err.h - the text of a failure, for whoever has to tell a person. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#define ERR_TEXT_MAX 512

/* Functions that a user will hear about take one of these last; NULL means "no text
 * wanted".  The text says what failed, where, and what would be right. */
struct err {
    char text[ERR_TEXT_MAX];
};

/* Formats into e (when not NULL) and returns code unchanged, so that a failure is one
 * line: return err_set(e, -EINVAL, "line %u: ...", n); */
int err_set(struct err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of the text that e already holds; returns code. */
int err_prefix(struct err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
