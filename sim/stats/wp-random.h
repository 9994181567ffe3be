/* wp-random.h - xoshiro256** seeded by SplitMix64: the same numbers on every machine. */
#pragma once

#include <glib.h>

/* A plain value: copy it to fork the sequence. One thread at a time. */
typedef struct {
  guint64 state[4];
} WpRandom;

/* Equal @seed and @stream give equal numbers; different streams of one seed are practically independent. */
void wp_random_init (WpRandom *self, guint64 seed, guint64 stream);

/**
 * wp_random_next:
 *
 * Returns: 64 random bits.
 * Source: Blackman and Vigna, Scrambled linear pseudorandom number generators, ACM TOMS 47 (2021).
 */
static inline guint64
wp_random_next (WpRandom *self)
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

/* Uniform in [0, 1), a multiple of 2^-53. */
double wp_random_uniform (WpRandom *self);

/* Uniform in 0 ... @n - 1, @n >= 1, with a bias below 2^-64 times @n. */
guint64 wp_random_below (WpRandom *self, guint64 n);

/* Standard normal. Source: Marsaglia's polar method, SIAM Review 6 (1964). */
double wp_random_normal (WpRandom *self);

/* 256 layers of equal area under exp (-x); the lowest includes the tail. wp_random_init() fills it. */
typedef struct {
  /* the right edge of each layer, decreasing to 0; that of the lowest follows from its area */
  double edges[257];
  double widths[256];  /* edges, times 2^-53 */
  double heights[257]; /* exp (-x) at the edges */
} WpZiggurat;

extern WpZiggurat wp_ziggurat;

/* The slow path, one draw in a hundred: @x lies outside the core of @layer. */
double wp_random_exponential_edge (WpRandom *self, guint layer, double x);

/* Exponential with mean 1. Source: Marsaglia and Tsang's ziggurat, J. Statistical Software 5 (2000), with 53
 * bits in each layer. */
static inline double
wp_random_exponential (WpRandom *self)
{
  guint64 bits = wp_random_next (self);
  guint layer = bits & 255;
  double x = (double) (gint64) (bits >> 11) * wp_ziggurat.widths[layer];

  if (G_LIKELY (x < wp_ziggurat.edges[layer + 1]))
    return x;

  return wp_random_exponential_edge (self, layer, x);
}
