/* wp-clf-words.h - the words of an access log's line, and which of those after the size may be a request
 * time.
 */
#pragma once

#include "sim/trace/wp-field.h"

/* Where the request times are: decided by the first lines, and kept by all. */
typedef enum {
  WP_CLF_TIME_NONE,
  WP_CLF_TIME_NUMBER, /* a bare number with a point */
  WP_CLF_TIME_UNIT,   /* a bare number with its unit, of Traefik */
  WP_CLF_TIME_LABEL   /* rt=0.045 */
} WpClfTime;

#define WP_CLF_HEADERS 2 /* the referer and the agent, in quotes */

/* The words after the size of the response, by what they may be. */
typedef struct {
  WpField numbers[WP_CLF_TIME_LABEL + 1]; /* the last of each kind, or nothing */
  guint n_quoted;                         /* fields */
  guint n_numbers;                        /* of WP_CLF_TIME_NUMBER and WP_CLF_TIME_UNIT */
  WpField first;                          /* of these */
  WpField unclear;                        /* the last one that is never taken for a time, and may be one */
} WpClfWords;

/* From @start up to @end; "-" is nothing. */
WpField wp_clf_field (const char *start, const char *end);

/* The bare word at @p and the blanks after it; "-" is nothing. Returns what follows, as do the next two. */
char *wp_clf_take_word (char *p, char *end, WpField *field);

/* @p: at the opening quote. NULL if there is none, or no closing one before a blank or the end. */
char *wp_clf_take_quoted (char *p, char *end, WpField *field);

char *wp_clf_skip_blanks (char *p, const char *end);

gboolean wp_clf_is_digits (WpField field);

/* Digits, with or without a point and more of them. */
gboolean wp_clf_is_number (WpField field);

/* The words after the size, from @p to the end of the line. Returns what was expected and is not there; or
 * NULL. */
const char *wp_clf_take_words (char *p, char *end, WpClfWords *words);
