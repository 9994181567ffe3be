#include "sim/plan/wp-trace-buffer-block.h"

#include <string.h>

#define GROUP_ROWS 64
#define GROUPS (WP_TRACE_BUFFER_BLOCK_ROWS / GROUP_ROWS)

typedef struct {
  gint64 bases_ns[GROUPS];                    /* the first arrival of each group */
  guint32 offsets_ns[WP_TRACE_BUFFER_BLOCK_ROWS];     /* from it */
  guint32 services_ns[WP_TRACE_BUFFER_BLOCK_ROWS];
} Packed;

static gboolean
fits (const WpTraceBufferBlock *self)
{
  guint64 services = 0, spans = 0;

  for (gsize i = 0; i < WP_TRACE_BUFFER_BLOCK_ROWS; i++)
    services |= (guint64) self->services_ns[i];
  for (gsize group = 0; group < GROUPS; group++)
    {
      const gint64 *arrivals_ns = self->arrivals_ns + group * GROUP_ROWS;

      spans |= (guint64) arrivals_ns[GROUP_ROWS - 1] - (guint64) arrivals_ns[0];
    }

  return (services | spans) <= G_MAXUINT32;
}

gsize
wp_trace_buffer_block_pack (const WpTraceBufferBlock *self, gpointer packed)
{
  Packed *to = packed;

  if (!fits (self))
    {
      memcpy (packed, self, sizeof *self);
      return sizeof *self;
    }
  for (gsize group = 0; group < GROUPS; group++)
    {
      gsize first = group * GROUP_ROWS;

      to->bases_ns[group] = self->arrivals_ns[first];
      for (gsize i = first; i < first + GROUP_ROWS; i++)
        to->offsets_ns[i] = (guint32) (self->arrivals_ns[i] - self->arrivals_ns[first]);
    }
  for (gsize i = 0; i < WP_TRACE_BUFFER_BLOCK_ROWS; i++)
    to->services_ns[i] = (guint32) self->services_ns[i];

  return sizeof *to;
}

const WpTraceBufferBlock *
wp_trace_buffer_block_unpack (gconstpointer packed, gsize bytes, WpTraceBufferBlock *room)
{
  const Packed *from = packed;

  if (bytes == sizeof *room)
    return packed;
  for (gsize group = 0; group < GROUPS; group++)
    for (gsize i = group * GROUP_ROWS; i < (group + 1) * GROUP_ROWS; i++)
      room->arrivals_ns[i] = from->bases_ns[group] + from->offsets_ns[i];
  for (gsize i = 0; i < WP_TRACE_BUFFER_BLOCK_ROWS; i++)
    room->services_ns[i] = from->services_ns[i];

  return room;
}
