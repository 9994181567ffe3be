/* wp-random-inline.h - the generator's internals, for loops in which a call costs too much. */
#pragma once

#include <math.h>

#include "sim/stats/wp-random.h"

/* 256 layers of equal area under exp (-x); the lowest includes the tail. wp_random_init() fills it. */
typedef struct {
  /* the right edge of each layer, decreasing to 0; that of the lowest follows from its area */
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

/* The slow path, one draw in a hundred: @x lies outside the core of @layer. */
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
