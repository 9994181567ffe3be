/* wp-time.h - times as integer nanoseconds; decimal seconds in files, "12.3 ms" in reports. */
#pragma once

#include <glib.h>

#define WP_NS_PER_S  G_GINT64_CONSTANT (1000000000)
#define WP_NS_PER_MS G_GINT64_CONSTANT (1000000)
#define WP_NS_PER_US G_GINT64_CONSTANT (1000)
#define WP_TIME_NONE G_MININT64 /* the event did not happen: an empty field in CSV, null in JSON */

/* The longest duration of an option, 100 years: the sum with any clock reading still fits. */
#define WP_DURATION_MAX (WP_NS_PER_S * 86400 * 365 * 100)

/* Room for any time as text, its NUL included. */
#define WP_TIME_BUFFER 32

/**
 * wp_time_parse_duration:
 * @text: a number and a unit: ns, us, ms, s, m or min, h, d ("500ms", "1.5s"); a bare number is seconds
 * @ns: (out): the duration in nanoseconds, rounded to the nearest, >= 0
 *
 * The form of every TIME on a command line and in a configuration. Locale-free.
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE: `"abc" is not a time, such as 500ms or 2s`, or over
 * WP_DURATION_MAX.
 */
gboolean wp_time_parse_duration (const char *text, gint64 *ns, GError **error);

/**
 * wp_time_parse_seconds:
 * @text: @len bytes, not NUL-terminated: [+-]digits[.digits][e[+-]digits], the digits on one side of the
 * point may be missing; blanks around it are ignored
 * Parses decimal seconds, exact to the nanosecond (further digits round to nearest). Refuses inf, nan, hex
 * and times beyond 292 years. Returns: TRUE and *@ns set; FALSE if it is not such a time: the caller reports
 * file and line.
 */
gboolean wp_time_parse_seconds (const char *text, gsize len, gint64 *ns);

/**
 * wp_time_parse_iso8601:
 * @text: @len bytes: "2023-11-16T18:17:03.9799600Z", a space for the T, a comma for the point, a zone of Z,
 * UTC, GMT, +01:00, +0100 or +01, a space before it or not; none means UTC
 * @ns: (out): nanoseconds since 1970-01-01T00:00:00Z
 * Accepts up to 9 digits of fraction and the years 1678 to 2261, the range of 64-bit nanoseconds. Dates are
 * checked against the calendar; a leap second, 60, is the first of the next minute.
 */
gboolean wp_time_parse_iso8601 (const char *text, gsize len, gint64 *ns);

/* Is @text a well-formed time that is out of range: more than 292 years from 0, or a year before 1678 or
 * after 2261? */
gboolean wp_time_is_far_seconds (const char *text, gsize len);
gboolean wp_time_is_far_iso8601 (const char *text, gsize len);

/* Decimal seconds with nine digits of fraction ("0.500000000"); "" for WP_TIME_NONE. Returns @buffer. */
const char *wp_time_format_seconds (char buffer[WP_TIME_BUFFER], gint64 ns);

/* UTC, "2026-11-23T21:02:45.123456789Z". Returns @buffer. */
const char *wp_time_format_iso8601 (char buffer[WP_TIME_BUFFER], gint64 unix_ns);

/* Three significant digits and a unit: "0 s", "870 ns", "12.3 ms", "1.50 s", "2 min 5 s", "3 h 20 min"; "-"
 * for WP_TIME_NONE. ASCII ("us"). Returns @buffer. */
const char *wp_time_format_people (char buffer[WP_TIME_BUFFER], gint64 ns);

/* CLOCK_MONOTONIC in nanoseconds. */
gint64 wp_time_monotonic (void);

/* GCompareFunc of times, or of structs that begin with one. */
int wp_time_compare (gconstpointer a, gconstpointer b);
