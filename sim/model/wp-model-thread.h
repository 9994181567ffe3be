/* wp-model-thread.h - runs models on a thread of their own, some blocks of rows behind the reader. */
#pragma once

#include "sim/model/wp-model.h"

/**
 * WpModelThread:
 * Rows are copied and handed over in blocks; the caller waits while all blocks are full. The thread starts
 * with the first full block. Until wp_model_thread_finish() or wp_model_thread_free() returns, only the
 * thread touches the models.
 */
typedef struct _WpModelThread WpModelThread;

/* @models: @n models; the array is copied; the caller owns the models, which outlive the thread. */
WpModelThread *wp_model_thread_new (WpModel *const *models, guint n);
/* waits for the thread, which skips blocks that it has not started */
void wp_model_thread_free (WpModelThread *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpModelThread, wp_model_thread_free)

void wp_model_thread_offer (WpModelThread *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);

/* Call it once: waits until all rows are processed. FALSE as in wp_model_offer(). */
gboolean wp_model_thread_finish (WpModelThread *self);
