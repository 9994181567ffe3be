/* wp-random-inline.h - the generator's inside, for loops that can't afford a call. Others include
 * wp-random.h. */
#pragma once

#include <math.h>

#include "sim/stats/wp-random.h"

/* 256 layers of equal area under exp (-x), the lowest with the tail; filled by wp_random_init(). */
typedef struct {
  /* where each layer ends, falling to 0; the lowest has the width that its area asks for */
  double edges[257];
  double widths[256];  /* edges, times 2^-53 */
  double heights[257]; /* exp (-x) at the edges */
} WpZiggurat;

extern WpZiggurat wp_ziggurat;

static inline guint64
wp_random_next_inline (WpRandom *self)
{
  guint64 *s = self->state;
  guint64 five = s[1] * 5;
  guint64 result = ((five << 7) | (five >> 57)) * 9;
  guint64 t = s[1] << 17;

  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = (s[3] << 45) | (s[3] >> 19);

  return result;
}

/* The one draw in a hundred that falls outside its layer's core, at @x in @layer. */
double wp_random_exponential_edge (WpRandom *self, guint layer, double x);

static inline double
wp_random_exponential_inline (WpRandom *self)
{
  guint64 bits = wp_random_next_inline (self);
  guint layer = bits & 255;
  double x = (double) (gint64) (bits >> 11) * wp_ziggurat.widths[layer];

  if (G_LIKELY (x < wp_ziggurat.edges[layer + 1]))
    return x;

  return wp_random_exponential_edge (self, layer, x);
}
