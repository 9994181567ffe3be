/* wp-log-pattern.h - the format of a log's lines, as nginx (log_format) and Apache (LogFormat) write it. */
#pragma once

#include "sim/trace/wp-field.h"

typedef struct _WpLogPattern WpLogPattern;

/**
 * wp_log_pattern_new:
 * @text: `$name` and `${name}` are nginx's variables; `%h`, `%>s`, `%{Referer}i` Apache's. What stands
 * between two of them separates them; a blank stands for one or more. After $rest, at the end, anything may
 * follow
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE, which does not name the option
 */
WpLogPattern *wp_log_pattern_new (const char *text, GError **error);
void wp_log_pattern_free (WpLogPattern *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpLogPattern, wp_log_pattern_free)

/* Of the variables, in the order of the line; NULL-terminated, the pattern's. Apache's have the names that
 * nginx gives to the same, and where there is none: start_time, duration_us (%D), duration_s (%T), header_x
 * (%{X}i), and so on. */
const char *const *wp_log_pattern_names (const WpLogPattern *self);

/**
 * wp_log_pattern_match:
 * @fields: (out): as many as there are names; each is followed by a byte that is no part of it
 * @expected: (out): the text that does not follow the value at the byte returned; "": the end of the line
 *
 * Returns: the byte of @line where it is not such a line; -1 if it is one
 */
gssize wp_log_pattern_match (const WpLogPattern *self, const char *line, gsize len, WpField *fields,
                             const char **expected);
