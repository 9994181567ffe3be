#include "runtime/queue/wp-prompt.h"

#include <glib.h>
#include <sched.h>
#include <sys/resource.h>

void
wp_prompt_thread (WpPrompt priority)
{
  const struct sched_param first = { .sched_priority = (int) priority };

  if (g_get_num_processors () > 1 && sched_getscheduler (0) == SCHED_OTHER && getpriority (PRIO_PROCESS, 0) == 0)
    sched_setscheduler (0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
}
