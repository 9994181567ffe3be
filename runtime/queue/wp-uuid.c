#include "runtime/queue/wp-uuid.h"

#include <stdio.h>

const char *
wp_uuid_v7 (char buffer[WP_UUID_BUFFER])
{
  guint64 ms = g_get_real_time () / 1000;
  guint32 a = g_random_int (), b = g_random_int (), c = g_random_int ();

  snprintf (buffer, WP_UUID_BUFFER, "%08x-%04x-7%03x-%04x-%04x%08x", (guint32) (ms >> 16), (guint32) (ms & 0xffff),
            a & 0xfff, 0x8000 | (a >> 16 & 0x3fff), b & 0xffff, c);
  return buffer;
}
