/* wp-empirical.h - the service times that a server was measured to need, to draw from. */
#pragma once

#include "sim/stats/wp-random.h"

typedef struct _WpEmpirical WpEmpirical;

/* finished - started of all rows of the trace @file that have both; NULL with what its reader said, or WP_ERROR_BAD_TRACE where there
 * are none. */
WpEmpirical *wp_empirical_load (const char *file, GError **error);
void wp_empirical_free (WpEmpirical *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpEmpirical, wp_empirical_free)

/* One of them in ns, all alike. */
gint64 wp_empirical_draw (const WpEmpirical *self, WpRandom *random);

/* Mean in ns, and squared coefficient of variation, 0 where the mean is. */
void wp_empirical_moments (const WpEmpirical *self, double *mean_ns, double *cv2);
