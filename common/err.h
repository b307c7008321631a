/* err.h - the text of a failure, for whoever has to tell a person. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#define ERR_TEXT_MAX 512

/* Functions that a user will hear about take one of these last; NULL means "no text
 * wanted".  The text says what failed, where, and what would be right. */
struct err {
    char text[ERR_TEXT_MAX];
};

/* Formats into e (when not NULL) and gives code, so that a failure is one line:
 * return err_set(e, -EINVAL, "line %u: ...", n); */
#define err_set(e, code, ...) (err_text((e), __VA_ARGS__), err_code(code))

/* Puts "prefix: " in front of the text that e already holds; gives code. */
#define err_prefix(e, code, ...) (err_text_prefix((e), __VA_ARGS__), err_code(code))

/* The functions behind these macros, which let the reader (and the static analyser) see
 * that what is returned is the code.  errno is left as it was. */
void err_text(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void err_text_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static inline int err_code(int code)
{
    return code;
}

#endif
