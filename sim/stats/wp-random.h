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
guint64 wp_random_next (WpRandom *self);

/* Uniform in [0, 1), a multiple of 2^-53. */
double wp_random_uniform (WpRandom *self);

/* Uniform in 0 ... @n - 1, @n >= 1, with a bias below 2^-64 times @n. */
guint64 wp_random_below (WpRandom *self, guint64 n);

/* Exponential with mean 1. Source: Marsaglia and Tsang's ziggurat, J. Statistical Software 5 (2000), with 53
 * bits in each layer. */
double wp_random_exponential (WpRandom *self);

/* Standard normal. Source: Marsaglia's polar method, SIAM Review 6 (1964). */
double wp_random_normal (WpRandom *self);
