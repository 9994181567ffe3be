#include "runtime/queue/wp-uuid.h"

#define RAND_B_BITS 62

static char *
put_hex (char *out, guint64 value, guint n_digits)
{
  while (n_digits-- > 0)
    *out++ = "0123456789abcdef"[value >> 4 * n_digits & 0xf];
  return out;
}

/* Not snprintf(): it took 0.2 us, of the 7 us that a row takes in SQLite. */
const char *
wp_uuid_v7 (char buffer[WP_UUID_BUFFER])
{
  static _Thread_local guint64 last_ms, rand_b;
  static _Thread_local guint32 rand_a;
  guint64 ms = (guint64) g_get_real_time () / 1000;
  char *out = buffer;

  if (ms == last_ms && rand_b >> RAND_B_BITS == 0)
    rand_b += 1 + (guint64) g_random_int ();
  if (ms != last_ms || rand_b >> RAND_B_BITS != 0)
    {
      rand_a = g_random_int () & 0xfff;
      /* the highest bit stays free for additions */
      rand_b = (guint64) g_random_int () << (RAND_B_BITS - 33) ^ g_random_int ();
    }
  last_ms = ms;

  out = put_hex (out, ms >> 16, 8);
  *out++ = '-';
  out = put_hex (out, ms, 4);
  *out++ = '-';
  out = put_hex (out, 0x7000 | rand_a, 4);
  *out++ = '-';
  out = put_hex (out, 0x8000 | rand_b >> 48, 4);
  *out++ = '-';
  out = put_hex (out, rand_b, 12);
  *out = '\0';

  return buffer;
}
