#include "runtime/engine/wp-pressure.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define TOTAL "total="

gboolean
wp_pressure_parse (const char *text, guint64 *waited_us)
{
  const char *total = strstr (text, TOTAL);
  char *end;

  if (!g_str_has_prefix (text, "some ") || !total)
    return FALSE;
  *waited_us = g_ascii_strtoull (total + strlen (TOTAL), &end, 10);

  return end != total + strlen (TOTAL);
}

static gboolean
read_waited (guint64 *waited_us)
{
  char text[256];
  int fd = open (WP_PRESSURE_FILE, O_RDONLY | O_CLOEXEC);
  gssize n = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;

  if (fd >= 0)
    close (fd);
  if (n <= 0)
    return FALSE;
  text[n] = '\0';

  return wp_pressure_parse (text, waited_us);
}

gboolean
wp_pressure_look (WpPressure *self, gint64 now_ns, double *share)
{
  WpPressure before = *self;

  if (before.looked_ns != 0 && now_ns - before.looked_ns < WP_NS_PER_S)
    return FALSE;
  self->looked_ns = now_ns;
  if (!read_waited (&self->waited_us) || before.looked_ns == 0 || self->waited_us < before.waited_us)
    return FALSE;
  *share = MIN (1, (double) (self->waited_us - before.waited_us) * WP_NS_PER_US
                       / (double) (now_ns - before.looked_ns));

  return TRUE;
}
