#include <fcntl.h>
#include <string.h>
#include <zstd.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/base/wp-error.h"
#include "tests/unit/first-error.h"
#include "tests/unit/gzip.h"
#include "tests/unit/open-data.h"

#define S  WP_NS_PER_S
#define MS WP_NS_PER_MS

/* Writes to a pipe's one end from a thread, so that the reader meets pieces of any size. */
typedef struct {
  int fd;
  const char *data;
  gsize len;
} Feed;

static gpointer
feed_pipe (gpointer data)
{
  Feed *feed = data;
  gsize at = 0;

  while (at < feed->len)
    {
      gssize n = write (feed->fd, feed->data + at, MIN (feed->len - at, 700));
      g_assert_cmpint (n, >, 0);
      at += (gsize) n;
    }
  close (feed->fd);

  return NULL;
}

static const WpRow *
load_pipe (const char *data, gsize len, WpTrace **trace, gsize *n_rows, GError **error)
{
  g_autofree char *path = NULL;
  const WpRow *rows = NULL;
  GThread *thread;
  Feed feed;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  feed = (Feed){ fds[1], data, len };
  thread = g_thread_new ("feed", feed_pipe, &feed);
  path = g_strdup_printf ("/dev/fd/%d", fds[0]);
  *trace = wp_trace_open (path, NULL, error);
  if (*trace != NULL)
    {
      g_assert_cmpfloat (wp_trace_progress (*trace), ==, -1);
      rows = wp_trace_load (*trace, n_rows, error);
    }
  g_thread_join (thread);
  close (fds[0]);

  return rows;
}

/* 5,000 rows, the row before the last out of order. */
static GString *
unsorted_text (void)
{
  GString *text = g_string_new ("arrival,service\n");

  for (int i = 0; i < 4998; i++)
    g_string_append_printf (text, "%d.%09d,0.5\n", i, i);
  g_string_append (text, "3.000000004,0.25\n9999,0.75\n");

  return text;
}

static void
assert_unsorted_rows (const WpRow *rows, gsize n)
{
  g_assert_cmpuint (n, ==, 5000);
  g_assert_cmpint (rows[3].service_ns, ==, 500 * MS);
  g_assert_cmpint (rows[4].arrival_ns, ==, 3 * S + 4);
  g_assert_cmpint (rows[4].service_ns, ==, 250 * MS);
  g_assert_cmpint (rows[4998].arrival_ns, ==, 4997 * S + 4997);
  g_assert_cmpint (rows[4999].arrival_ns, ==, 9999 * S);
}

static void
test_sorted_pipe (void)
{
  g_autoptr (GString) text = unsorted_text ();
  g_autoptr (GBytes) packed = gzip (text->str, text->len);

  for (int zipped = 0; zipped < 2; zipped++)
    {
      g_autoptr (WpTrace) trace = NULL;
      g_autoptr (GError) error = NULL;
      gsize n;
      const WpRow *rows = zipped ? load_pipe (g_bytes_get_data (packed, NULL), g_bytes_get_size (packed),
                                              &trace, &n, &error)
                                 : load_pipe (text->str, text->len, &trace, &n, &error);

      g_assert_no_error (error);
      assert_unsorted_rows (rows, n);
    }
}

static void
test_gzip (void)
{
  g_autoptr (GString) text = unsorted_text ();
  gsize half = text->len / 2; /* in the middle of a row */
  g_autoptr (GBytes) first = gzip (text->str, half);
  g_autoptr (GBytes) second = gzip (text->str + half, text->len - half);
  g_autoptr (GByteArray) both = g_byte_array_new ();
  static const gsize chunks[] = { 1, 1000, 65536 };

  g_byte_array_append (both, g_bytes_get_data (first, NULL), (guint) g_bytes_get_size (first));
  g_byte_array_append (both, g_bytes_get_data (second, NULL), (guint) g_bytes_get_size (second));
  g_byte_array_append (both, (const guint8 *) "\0\0\0", 3);
  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++)
    {
      g_autoptr (GError) error = NULL;
      WpInput *input = wp_input_open_data ("t.csv.gz", (const char *) both->data, both->len);
      g_autoptr (WpTrace) trace = wp_trace_open_input (input, chunks[i], NULL, &error);
      const WpRow *rows;
      gsize n = 0;

      g_assert_no_error (error);
      rows = wp_trace_load (trace, &n, &error);
      g_assert_no_error (error);
      assert_unsorted_rows (rows, n);
    }
}

static void
test_bad_gzip (void)
{
  const char *text = "arrival\n1\n2\n3\n";
  g_autoptr (GBytes) packed = gzip (text, strlen (text));
  gsize len = g_bytes_get_size (packed);
  g_autofree char *bytes = g_malloc0 (len + 8);

  for (gsize cut = 2; cut < len; cut++)
    {
      g_autoptr (GError) error
          = first_error (wp_input_open_data ("t.csv.gz", g_bytes_get_data (packed, NULL), cut), 4096, NULL);

      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
      g_assert_true (g_str_has_prefix (error->message, "t.csv.gz:"));
      g_assert_true (g_str_has_suffix (error->message, ": the gzip data end early: a truncated file?"));
    }
  memcpy (bytes, g_bytes_get_data (packed, NULL), len);
  for (gsize at = 10; at < len; at++)
    { /* behind the head, whose flags and time may be anything */
      g_autoptr (GError) error = NULL;

      if (at == len - 9) /* the last bits before checksum and length are mere filling */
        continue;
      bytes[at] ^= 0x40;
      error = first_error (wp_input_open_data ("t.csv.gz", bytes, len), 4096, NULL);
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
      bytes[at] ^= 0x40;
    }
  bytes[len + 3] = 'x';
  {
    g_autoptr (GError) error = first_error (wp_input_open_data ("t.csv.gz", bytes, len + 8), 4096, NULL);

    g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
    g_assert_true (g_str_has_suffix (error->message, ": the gzip data are followed by something else"));
  }
}

static void
test_files_that_cannot_be_opened (void)
{
  g_autofree char *folder = g_dir_make_tmp ("wp-test-XXXXXX", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing.csv", NULL);
  g_autofree char *is_directory = g_strdup_printf ("%s: Is a directory", folder);
  g_autofree char *is_missing = g_strdup_printf ("%s: No such file or directory", missing);
  g_autoptr (GError) error = NULL;

  g_assert_null (wp_trace_open (folder, NULL, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
  g_assert_cmpstr (error->message, ==, is_directory);
  g_clear_error (&error);
  g_assert_null (wp_trace_open (missing, NULL, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
  g_assert_cmpstr (error->message, ==, is_missing);
  g_rmdir (folder);
}

static void
test_standard_input_offset (void)
{
  g_autofree char *folder = g_dir_make_tmp ("wp-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "trace.csv", NULL);
  const char *text = "not ours\narrival,id\n5,a\n4,b\n";
  int held = dup (STDIN_FILENO);
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *rows;
  gsize n;
  int fd;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (lseek (fd, 9, SEEK_SET), ==, 9);
  g_assert_cmpint (dup2 (fd, STDIN_FILENO), ==, STDIN_FILENO);
  close (fd);
  trace = wp_trace_open ("-", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (wp_trace_name (trace), ==, "standard input");
  rows = wp_trace_load (trace, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (rows[0].id, ==, "b");
  g_clear_pointer (&trace, wp_trace_free);
  if (held >= 0)
    dup2 (held, STDIN_FILENO);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_no_room_to_keep_a_pipe (void)
{
  g_autoptr (GString) text = unsorted_text ();
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  g_setenv ("TMPDIR", "/nonexistent", TRUE);
  g_assert_null (load_pipe (text->str, text->len, &trace, &n, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
  g_assert_true (g_str_has_suffix (
      error->message, ": cannot keep the bytes read so far in /nonexistent: No such file or directory"));
}

static void
test_progress (void)
{
  g_autoptr (GString) text = g_string_new ("arrival\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  double last = 0;
  gsize n;

  for (int i = 0; i < 200000; i++)
    g_string_append (text, "1.000000000\n");
  trace = open_data ("t.csv", text->str, text->len, NULL, &error);
  while (wp_trace_read (trace, &rows, &n, &error) == WP_READ_ROWS)
    {
      double now = wp_trace_progress (trace);

      g_assert_cmpfloat (now, >=, last);
      g_assert_cmpfloat (now, <=, 1);
      last = now;
    }
  g_assert_no_error (error);
  g_assert_cmpfloat (last, ==, 1);
}

/* A frame to skip, with which pzstd begins, and two, as cat makes them of two files; whole and cut. */
static void
test_zstd (void)
{
  static const char *const halves[] = { "arrival\n1\n", "2\n3.5\n" };
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) cut = NULL;
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (WpTrace) short_trace = NULL;
  gsize n;
  const WpRow *rows;

  g_byte_array_append (packed, (const guint8 *) "\x50\x2a\x4d\x18\2\0\0\0\1\1", 10);
  for (gsize i = 0; i < G_N_ELEMENTS (halves); i++)
    {
      char frame[256];
      size_t len = ZSTD_compress (frame, sizeof frame, halves[i], strlen (halves[i]), 3);

      g_assert_false (ZSTD_isError (len));
      g_byte_array_append (packed, (const guint8 *) frame, (guint) len);
    }
  trace = open_data ("t.zst", (const char *) packed->data, packed->len, NULL, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (trace, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (rows[2].arrival_ns, ==, 2500 * WP_NS_PER_MS);
  short_trace = open_data ("t.zst", (const char *) packed->data, packed->len - 3, NULL, &cut);
  if (short_trace != NULL)
    g_assert_null (wp_trace_load (short_trace, &n, &cut));
  g_assert_error (cut, WP_ERROR, WP_ERROR_BAD_TRACE);
  g_assert_nonnull (strstr (cut->message, ": the zstd data end early: a truncated file?"));
}

#define SHEET "this is a spreadsheet: convert it, libreoffice --headless --convert-to csv 't'"

#define BYTES(text) text, sizeof text - 1

static const struct {
  const char *bytes;
  gsize len;
  const char *message;
} foreign[] = {
  { BYTES ("\xfd"
           "7zXZ\0\0\4"),
    "this is xz: convert it, xz -dc 't'" },
  { BYTES ("\x5d\0\0\x80\0\xff"), "this is lzma: convert it, xz -dc 't'" },
  { BYTES ("BZh91AY&SY"), "this is bzip2: convert it, bzip2 -dc 't'" },
  { BYTES ("\x04\x22\x4d\x18\x64"), "this is lz4: convert it, lz4 -dc 't'" },
  { BYTES ("7z\xbc\xaf\x27\x1c\0\4"), "this is 7z: convert it, 7z x 't'" },
  { BYTES ("PAR1\x15\0\x15\0"), "this is Parquet: convert it, parquet-tools csv 't'" },
  { BYTES ("SQLite format 3\0\x10\0\1\1"),
    "this is a database of SQLite: convert it, sqlite3 -csv -header 't' 'SELECT * FROM TABLE'" },
  { BYTES ("PK\3\4\x14\0\6\0"), "this is zip: convert it, unzip 't'" },
  { BYTES ("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.log11.1.1.1"),
    "this is zip: convert it, unzip 't'" },
  { BYTES ("PK\3\4\x14\0\6\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml"), SHEET },
  { BYTES ("PK\3\4\x14\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0"
           "mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
    SHEET },
  { BYTES ("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), SHEET },
  { BYTES ("\xff\xfe"
           "a\0r\0"),
    "this is UTF-16: convert it, iconv -f UTF-16 -t UTF-8 't'" },
  { BYTES ("\xfe\xff\0a\0r"), "this is UTF-16: convert it, iconv -f UTF-16 -t UTF-8 't'" },
  { BYTES ("\xff\xfe\0\0a\0\0\0"), "this is UTF-32: convert it, iconv -f UTF-32 -t UTF-8 't'" },
  { BYTES ("a\0r\0r\0"), "this is UTF-16: convert it, iconv -f UTF-16LE -t UTF-8 't'" },
  { BYTES ("\0a\0r\0r"), "this is UTF-16: convert it, iconv -f UTF-16BE -t UTF-8 't'" },
};

/* All at once, or in parts. */
static void
test_files_to_convert (void)
{
  static const gsize chunks[] = { 1, 4, 4096 };

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        g_autoptr (GError) error = NULL;
        g_autofree char *message = g_strconcat ("t:1: ", foreign[i].message, NULL);

        g_assert_null (wp_trace_open_input (wp_input_open_data ("t", foreign[i].bytes, foreign[i].len),
                                            chunks[j], NULL, &error));
        g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
        g_assert_cmpstr (error->message, ==, message);
      }
}

/* What gzip has packed is looked at too: an archive, or gzip once more. */
static void
test_packed_to_convert (void)
{
  g_autofree char *tar = g_malloc0 (1024);
  g_autoptr (GBytes) packed = NULL, twice = NULL;
  g_autoptr (GError) of_tar = NULL, of_twice = NULL;
  const char *bytes;
  gsize len;

  strcpy (tar, "access.log");
  strcpy (tar + 257, "ustar");
  packed = gzip (tar, 1024);
  bytes = g_bytes_get_data (packed, &len);
  g_assert_null (open_data ("t", bytes, len, NULL, &of_tar));
  g_assert_cmpstr (of_tar->message, ==, "t:1: this is tar: convert it, tar -xf 't'");
  twice = gzip (bytes, len);
  bytes = g_bytes_get_data (twice, &len);
  g_assert_null (open_data ("t", bytes, len, NULL, &of_twice));
  g_assert_cmpstr (of_twice->message, ==, "t:1: this is packed twice: convert it, zcat 't' | zcat");
}

/* The command is typed as it stands, whatever the file is called. */
static void
test_command_of_an_odd_name (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;

  g_assert_null (open_data ("a'; touch b; '", "BZh91AY&SY", 10, NULL, &error));
  g_assert_true (g_shell_parse_argv (strstr (error->message, "bzip2 -dc"), NULL, &words, NULL));
  g_assert_cmpuint (g_strv_length (words), ==, 3);
  g_assert_cmpstr (words[2], ==, "a'; touch b; '");
}

static void
test_command_of_an_option_like_name (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_data ("-x.bz2", "BZh91AY&SY", 10, NULL, &error));
  g_assert_cmpstr (error->message, ==, "-x.bz2:1: this is bzip2: convert it, bzip2 -dc './-x.bz2'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/input/sorted-pipe", test_sorted_pipe);
  g_test_add_func ("/input/gzip", test_gzip);
  g_test_add_func ("/input/bad-gzip", test_bad_gzip);
  g_test_add_func ("/input/files-that-cannot-be-opened", test_files_that_cannot_be_opened);
  g_test_add_func ("/input/standard-input-offset", test_standard_input_offset);
  g_test_add_func ("/input/no-room-to-keep-a-pipe", test_no_room_to_keep_a_pipe);
  g_test_add_func ("/input/progress", test_progress);

  g_test_add_func ("/input/zstd", test_zstd);
  g_test_add_func ("/input/files-to-convert", test_files_to_convert);
  g_test_add_func ("/input/packed-to-convert", test_packed_to_convert);
  g_test_add_func ("/input/command-of-an-odd-name", test_command_of_an_odd_name);
  g_test_add_func ("/input/command-of-an-option-like-name", test_command_of_an_option_like_name);

  return g_test_run ();
}
