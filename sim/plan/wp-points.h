/* wp-points.h - figures of systems that were simulated, by workers and queue: what WpResultCache remembers where no line stands for every queue. */
#pragma once

#include "sim/model/wp-figures.h"

typedef struct _WpPoints WpPoints;

WpPoints *wp_points_new (void);
void wp_points_free (WpPoints *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPoints, wp_points_free)

/* In place of what was there. @figures: copied; NULL: an objective was lost. */
void wp_points_put (WpPoints *self, guint workers, guint queue_jobs, const WpFigures *figures);

/* @figures: (out): NULL: an objective was lost. FALSE, and @figures is left alone: it was not simulated. */
gboolean wp_points_find (const WpPoints *self, guint workers, guint queue_jobs, const WpFigures **figures);
