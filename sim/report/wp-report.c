#include "sim/report/wp-report.h"

guint
wp_report_workers (const WpPolicy *policy)
{
  WpLayout layout;

  wp_policy_layout (policy, &layout);

  return layout.workers == WP_UNBOUNDED ? 0 : layout.workers;
}
