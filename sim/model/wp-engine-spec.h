/* wp-engine-spec.h - the times of the engine of a shared queue: --engine. */
#pragma once

#include "sim/model/wp-commit.h"

#define WP_ENGINE_FORM                                                                                       \
  "confirm=TIME or confirm=from:FILE[,FILE...], then optionally deliver=TIME, retry=TIME, prefetch=N "       \
  "and reopen=SHARE"

typedef struct {
  WpCommit *confirm; /* of a publish, as a commit of one row */
  gint64 deliver_ns; /* from the confirm to a free worker */
  gint64 retry_ns;   /* between the tries of a front that finds the queue full */
  guint prefetch;    /* jobs that a worker holds at most; 0: as a worker of wp-server, two batches */
  double reopen;     /* the share of its places below which a queue that was full takes jobs again */
} WpEngineSpec;

/**
 * wp_engine_spec_parse:
 * @text: WP_ENGINE_FORM with commas between; from: takes the confirms of records of fronts, each at its rate
 * @seed: of the draws from them
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE, or the error of reading FILE. Clear @self in any case.
 */
gboolean wp_engine_spec_parse (WpEngineSpec *self, const char *text, guint64 seed, GError **error);
void wp_engine_spec_clear (WpEngineSpec *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WpEngineSpec, wp_engine_spec_clear)
