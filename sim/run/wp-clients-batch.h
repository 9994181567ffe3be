/* wp-clients-batch.h - a closed loop before a database that commits in groups, event by event: what becomes
 * of a request is known late there. */
#pragma once

#include "sim/run/wp-clients.h"

/* As wp_clients_go(), nobody looking on. */
gboolean wp_clients_batch_go (const WpClientsOptions *options, const WpLayout *layout, gint64 patience_ns,
                              WpServiceTime *service, WpServiceTime *think, WpBatchMeans *parts,
                              WpFigures *figures, WpTrafficFigures *traffic, GError **error);
