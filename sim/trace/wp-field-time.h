/* wp-field-time.h - times as the cells of traces and logs hold them. */
#pragma once

#include "sim/trace/wp-field.h"

/* The last date of an access log that was read: lines of one second share it. Zero it first. */
typedef struct {
  char text[40]; /* room for 10/Oct/2000:13:55:36.123456789 -0700 */
  gsize len;
  gint64 ns;
} WpDateCache;

/* Empty, -, "-", null, N/A, NaN, NA, None or \N, in any letter case, blanks around it ignored; or a list of
 * these. */
gboolean wp_field_is_missing (WpField field);

/**
 * wp_field_parse_date:
 * @cache: or NULL
 * @ns: (out): since 1970
 *
 * A date of ISO 8601, slashes for its - or not, or of an access log: 10/Oct/2000:13:55:36 -0700, with or
 * without brackets around it, a fraction after the seconds, and a zone (none is UTC).
 */
gboolean wp_field_parse_date (WpField field, WpDateCache *cache, gint64 *ns);

/* Decimal seconds; what follows the field must be readable for 16 bytes. */
gboolean wp_field_parse_seconds (WpField field, gint64 *ns);

#define WP_EPOCH_UNITS 3

/* Milliseconds, microseconds or nanoseconds since 1970, known by their size (from 1973, nanoseconds from 2001
 * on). @unit: (out): its name. FALSE if it is none of them; seconds are left to wp_field_parse_seconds(). */
gboolean wp_field_parse_epoch (WpField field, gint64 *ns, const char **unit);

/**
 * wp_field_parse_amount:
 *
 * A time with its unit (12ms, 1.5s, 30us), or a list of decimal seconds, which is their sum: 0.010, 0.014 is
 * what nginx logs of a request that was tried twice. A missing member counts as 0; one has a
 * value.
 */
gboolean wp_field_parse_amount (WpField field, gint64 *ns);

/* Why is it no moment? After what reads it has failed. */
const char *wp_field_why_no_time (WpField field);

/* 2026-11-29, which is its midnight, or 10:00:01.5, which is the time since then: their sum is the moment. */
gboolean wp_field_parse_date_part (WpField field, gint64 *ns);

/* A number, or a date or an amount in seconds. */
gboolean wp_field_parse_value (WpField field, long double *value);
