/* wp-model-thread.h - models that take their rows on a thread of their own, some way behind. */
#pragma once

#include "sim/model/wp-model.h"

/**
 * WpModelThread:
 *
 * Rows are copied, and handed over in blocks; who offers them waits where the thread is too far behind. There
 * is no thread until the first block is full. Nobody else touches the models until wp_model_thread_finish()
 * has returned, or the thread is freed.
 */
typedef struct _WpModelThread WpModelThread;

/* @models: @n of them; the array is copied, the models stay the caller's, and outlive the thread. */
WpModelThread *wp_model_thread_new (WpModel *const *models, guint n);
/* waits for the thread, which leaves out what it has not begun */
void wp_model_thread_free (WpModelThread *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpModelThread, wp_model_thread_free)

void wp_model_thread_offer (WpModelThread *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);

/* Once: waits until all rows are taken. FALSE where a time passed 292 years, as wp_model_offer() has it. */
gboolean wp_model_thread_finish (WpModelThread *self);
