/* wp-stamp.h - the source of an arrival: a date, or a number that counts from 1970 or from an origin of the
 * trace's own. */
#pragma once

#include "sim/trace/wp-field-time.h"

typedef struct {
  gint64 ns;
  gboolean is_dated; /* since 1970; else it counts from an origin of the trace's own */
} WpStamp;

/* The stamps of a file, row by row. Zero it first. */
typedef struct {
  WpStamp stamp; /* of the row read last */

  WpDateCache dates; /* private from here */
  gboolean has_first;
  WpStamp first;
  const char *units[WP_EPOCH_UNITS + 1]; /* other than seconds since 1970, that were met; NULL-terminated */
  guint n_turned_back; /* by an hour, without a zone: once, a clock was put back; else they have no order */
} WpStamps;

/* The first row comes again. */
void wp_stamps_restart (WpStamps *self);

/* Takes the stamp @field of the next row. Returns what is wrong with it; NULL if nothing is. */
const char *wp_stamps_read (WpStamps *self, WpField field);

/* The same of a stamp that was computed, in seconds, which fits 64 bits of nanoseconds. */
const char *wp_stamps_compute (WpStamps *self, long double seconds);

/* Appends what was assumed, lines of char. */
void wp_stamps_append_notes (const WpStamps *self, GPtrArray *lines);
