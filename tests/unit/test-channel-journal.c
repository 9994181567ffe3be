/* What a journal asks of the channel: jobs that come back, jobs that are taken out again, and a time in which nobody enters. */
#include "runtime/queue/wp-channel.h"

static WpJob *
add_job (GPtrArray *jobs)
{
  WpJob *job = wp_job_new ();

  g_ptr_array_add (jobs, job);
  return job;
}

static void
check_ledger (WpChannel *channel, guint64 received, guint64 recovered, guint64 rejected, guint64 queued, guint64 parked)
{
  WpLedger ledger;

  wp_channel_count (channel, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  g_assert_cmpuint (ledger.received, ==, received);
  g_assert_cmpuint (ledger.recovered, ==, recovered);
  g_assert_cmpuint (ledger.rejected, ==, rejected);
  g_assert_cmpuint (ledger.queued, ==, queued);
  g_assert_cmpuint (ledger.parked, ==, parked);
}

/* Serves what is in @channel, which has one worker, to its end. Every job must follow the one before it in @jobs. */
static void
serve_all (WpChannel *channel, GPtrArray *jobs, guint first)
{
  WpFreed freed;

  for (WpJob *job = jobs->pdata[first], *next; job; job = next)
    {
      next = wp_channel_take (channel, job, &freed);
      g_clear_pointer (&freed.admitted, wp_job_unref);
      g_assert_true (!next || next->seq > job->seq);
      wp_job_unref (job);
    }
}

/* More come back than there are places: all are kept, in order, and nobody else enters before there is one, nor, with K = 0, before
 * there is a worker. */
static void
check_recover (guint capacity_jobs)
{
  g_autoptr(WpChannel) channel = wp_channel_new (capacity_jobs, 1, FALSE, WP_TIME_NONE);
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  WpFreed freed;
  WpJob *late;

  g_assert_true (wp_channel_recover (channel, add_job (jobs)));
  for (guint i = 0; i < 3; i++)
    g_assert_false (wp_channel_recover (channel, add_job (jobs)));
  late = add_job (jobs);
  g_assert_cmpint (wp_channel_send (channel, late), ==, WP_SEND_PARKED);
  check_ledger (channel, 1, 4, 0, 3, 1);
  for (guint i = 0; i < 3; i++)
    {
      WpJob *done = jobs->pdata[i];

      g_assert_true (wp_channel_take (channel, done, &freed) == jobs->pdata[i + 1]);
      g_assert_true (freed.admitted == (capacity_jobs == 3 - i ? late : NULL));
      g_clear_pointer (&freed.admitted, wp_job_unref);
      wp_job_unref (done);
    }
  serve_all (channel, jobs, 3);
  check_ledger (channel, 1, 4, 0, 0, 0);
  for (guint i = 0; i < jobs->len; i++)
    g_assert_cmpuint (((WpJob *) jobs->pdata[i])->seq, ==, i);
}

static void
test_recover (void)
{
  check_recover (0);
  check_recover (1);
  check_recover (2);
}

/* What is queued goes, and its place goes to who is parked; what is in service stays, and says so; what has ended, has. */
static void
test_withdraw (void)
{
  g_autoptr(WpChannel) channel = wp_channel_new (2, 1, FALSE, WP_TIME_NONE);
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  WpFreed freed;
  WpJob *job;

  for (guint i = 0; i < 4; i++)
    wp_channel_send (channel, add_job (jobs));
  job = jobs->pdata[1];
  g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_DONE);
  g_assert_true (freed.admitted == jobs->pdata[3]);
  g_assert_cmpint (job->outcome, ==, WP_OUTCOME_REJECTED);
  g_assert_cmpint (job->accepted_ns, ==, WP_TIME_NONE);
  wp_job_unref (freed.admitted);
  wp_job_unref (job);
  check_ledger (channel, 4, 0, 1, 2, 0);
  g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_ENDED);
  g_assert_false (job->unjournaled);
  job = jobs->pdata[0];
  g_assert_cmpint (wp_channel_withdraw (channel, job, &freed), ==, WP_WITHDRAWAL_STARTED);
  g_assert_null (freed.admitted);
  g_assert_true (job->unjournaled);
  serve_all (channel, jobs, 0);
  check_ledger (channel, 4, 0, 1, 0, 0);
}

static void
test_refuse (void)
{
  g_autoptr(WpChannel) channel = wp_channel_new (2, 1, FALSE, WP_TIME_NONE);
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);

  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_STARTED);
  wp_channel_refuse (channel, TRUE);
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_CLOSED);
  wp_channel_refuse (channel, FALSE);
  g_assert_cmpint (wp_channel_send (channel, add_job (jobs)), ==, WP_SEND_ACCEPTED);
  check_ledger (channel, 3, 0, 1, 1, 0);
  serve_all (channel, jobs, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel-journal/recover", test_recover);
  g_test_add_func ("/channel-journal/withdraw", test_withdraw);
  g_test_add_func ("/channel-journal/refuse", test_refuse);

  return g_test_run ();
}
