/* wp-score.h - how well predictions came true, beside the prediction that nothing changes. */
#pragma once

#include <glib.h>

#define WP_SCORE_PENDING 64 /* predictions that have not come due */
#define WP_SCORE_LEAST   20 /* fewer outcomes say nothing */

/* Mean absolute errors, in which the latest 40 outcomes or so count. A plain value; all zero is new. */
typedef struct {
  struct {
    gint64 due_ns;
    double predicted, persistent;
  } pending[WP_SCORE_PENDING];
  guint head, n_pending;
  guint64 outcomes;
  double error, persistent_error;
  double variance; /* of the difference of both */
  double due;      /* the value predicted for the moment of the last observation; NaN: none */
} WpScore;

/* @due_ns: not before that of an earlier prediction. @persistent: the value now. */
void wp_score_predict (WpScore *self, gint64 due_ns, double predicted, double persistent);

/* What was predicted is judged no more; the outcomes stay. */
void wp_score_forget_pending (WpScore *self);

/* @actual: the value at @now_ns, by which all predictions that are due are judged. */
void wp_score_observe (WpScore *self, gint64 now_ns, double actual);

/* Mean absolute error; NaN: too few outcomes. */
double wp_score_error (const WpScore *self);

/* 1: every prediction came true; 0: no better than that nothing changes; below: worse. NaN: too few outcomes,
 * or nothing changed. */
double wp_score_skill (const WpScore *self);

/* Is the skill above 0 by more than chance? Predictions that were pending together share their outcomes, and
 * count as one. */
gboolean wp_score_is_significant (const WpScore *self);
