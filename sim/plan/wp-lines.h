/* wp-lines.h - lines that were simulated, one for each number of workers, or that one was given up: what WpResultCache remembers where a line
 * answers every queue. */
#pragma once

#include "sim/plan/wp-backlog.h"
#include "sim/plan/wp-slo.h"

typedef struct _WpLines WpLines;

WpLines *wp_lines_new (void);
void wp_lines_free (WpLines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpLines, wp_lines_free)

/* Each in place of what was there for that number of workers. */
void wp_lines_put (WpLines *self, guint workers, WpBacklog *line);   /* takes it */
void wp_lines_put_lost (WpLines *self, guint workers, guint queue_jobs, const WpSlo *slo);   /* given up: a queue of that size loses this objective */

/* NULL: it was not simulated, or given up. */
const WpBacklog *wp_lines_find (const WpLines *self, guint workers);

/* The objective by which it was given up; NULL: it was not. */
const WpSlo *wp_lines_lost (const WpLines *self, guint workers);

/* Is it known what so many workers with that queue come to: there is their line, or a queue no smaller was lost? */
gboolean wp_lines_answer (const WpLines *self, guint workers, guint queue_jobs);
