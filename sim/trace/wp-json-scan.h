/* wp-json-scan.h - the words of JSON (RFC 8259) in one line, strictly: strings, numbers as they are written,
 * null, true and false. */
#pragma once

#include "sim/trace/wp-field.h"

/* Strings are decoded where they stand. Each function that finds something else than it should returns FALSE,
 * and says so here. */
typedef struct {
  char *line, *at, *end;
  const char *problem; /* at @at; NULL: something else was expected */
  const char *expected;
} WpJsonScan;

gboolean wp_json_expect (WpJsonScan *self, const char *expected); /* FALSE, both */
gboolean wp_json_fail (WpJsonScan *self, const char *problem);

void wp_json_skip_blanks (WpJsonScan *self);

/* Blanks and @c, if it is there. */
gboolean wp_json_take (WpJsonScan *self, char c);

/* Behind the opening quote; the cell is followed by a byte of its own, and may hold NULs. */
gboolean wp_json_string (WpJsonScan *self, WpField *field);

/* At a digit or minus; its text. */
gboolean wp_json_number (WpJsonScan *self, WpField *field);

/* null is an empty cell, true is 1, false is 0. */
gboolean wp_json_word (WpJsonScan *self, WpField *field);

/* "at byte 12: expected a value, found \"x}\"". To be freed. */
char *wp_json_describe (const WpJsonScan *self);
