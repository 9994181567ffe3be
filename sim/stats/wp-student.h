/* wp-student.h - quantiles of Student's t distribution, for confidence intervals. */
#pragma once

#include <glib.h>

/**
 * wp_student_t:
 * @degrees: of freedom, >= 1
 * @confidence: 0.95: 95 % of the distribution lies between minus and plus the result
 *
 * Source: the incomplete beta function by its continued fraction (Lentz), as in Abramowitz and Stegun 26.5.8
 * and 26.7.1; inverted by bisection.
 */
double wp_student_t (guint degrees, double confidence);
