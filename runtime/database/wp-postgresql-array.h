/* wp-postgresql-array.h - an array as a parameter of a statement, in PostgreSQL's binary form. */
#pragma once

#include <glib.h>

/* Types of elements, by PostgreSQL's numbers; see wp_postgresql_array_type(). */
typedef enum {
  WP_POSTGRESQL_BYTEA = 17,
  WP_POSTGRESQL_TEXT = 25,
  WP_POSTGRESQL_TIMESTAMPTZ = 1184
} WpPostgresqlType;

/* Begins an array of @n elements. Returns: (transfer full): bytes to append them to */
GByteArray *wp_postgresql_array_new (WpPostgresqlType type, guint n, gsize expected_bytes);

/* @value: NULL: SQL's NULL */
void wp_postgresql_array_add (GByteArray *self, gconstpointer value, gsize bytes);
void wp_postgresql_array_add_text (GByteArray *self, const char *text);
void wp_postgresql_array_add_time (GByteArray *self, gint64 unix_ns);

/* The first element, as a parameter of its own has it. Returns: (transfer none) (nullable): SQL's NULL */
const char *wp_postgresql_array_first (const GByteArray *self, int *bytes);

/* Returns: the number of the array's type. */
guint wp_postgresql_array_type (WpPostgresqlType type);
