#include "runtime/database/wp-postgresql-array.h"

#include <string.h>

#include "sim/base/wp-time.h"

#define HEAD_BYTES 20
#define EPOCH_S    G_GINT64_CONSTANT (946684800) /* 2000-01-01, in unix time */

static void
add_word (GByteArray *self, gint32 value)
{
  guint32 word = GUINT32_TO_BE ((guint32) value);

  g_byte_array_append (self, (const guint8 *) &word, sizeof word);
}

/* array_send() and array_recv() of PostgreSQL: dimensions, whether there are NULLs, type; length and first
 * index of the dimension; then each element after its length. */
GByteArray *
wp_postgresql_array_new (WpPostgresqlType type, guint n, gsize expected_bytes)
{
  GByteArray *self = g_byte_array_sized_new ((guint) (HEAD_BYTES + 4 * (gsize) n + expected_bytes));
  const gint32 head[] = { 1, 1, (gint32) type, (gint32) n, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (head); i++)
    add_word (self, head[i]);
  return self;
}

void
wp_postgresql_array_add (GByteArray *self, gconstpointer value, gsize bytes)
{
  add_word (self, value ? (gint32) bytes : -1);
  if (bytes > 0)
    g_byte_array_append (self, value, (guint) bytes);
}

void
wp_postgresql_array_add_text (GByteArray *self, const char *text)
{
  wp_postgresql_array_add (self, text, text ? strlen (text) : 0);
}

void
wp_postgresql_array_add_time (GByteArray *self, gint64 unix_ns)
{
  gint64 time_us = GINT64_TO_BE (unix_ns / WP_NS_PER_US - EPOCH_S * G_USEC_PER_SEC);

  wp_postgresql_array_add (self, &time_us, sizeof time_us);
}

const char *
wp_postgresql_array_first (const GByteArray *self, int *bytes)
{
  guint32 word;

  memcpy (&word, self->data + HEAD_BYTES, sizeof word);
  *bytes = MAX ((gint32) GUINT32_FROM_BE (word), 0);
  return (gint32) GUINT32_FROM_BE (word) < 0 ? NULL : (const char *) self->data + HEAD_BYTES + sizeof word;
}

guint
wp_postgresql_array_type (WpPostgresqlType type)
{
  switch (type)
    {
    case WP_POSTGRESQL_BYTEA:
      return 1001;
    case WP_POSTGRESQL_TEXT:
      return 1009;
    case WP_POSTGRESQL_TIMESTAMPTZ:
    default:
      return 1185;
    }
}
